"""Guardians' own pages, and what anybody may ask for without a log-in: the calendar, the manifest, the worker."""

from __future__ import annotations

import json
import re
from datetime import date

import icalendar
import pytest
from sqlalchemy import select

from evaka import city
from evaka.models.base import db
from evaka.models.calendar.event import Event
from evaka.models.journal import AuditEvent
from evaka.models.own import CalendarFeed
from evaka.models.person import Person, Pickup
from evaka.models.placement.need_change import NeedChange
from evaka.models.presence import Picture
from tests import day, factories
from tests.conftest import keep, statements
from tests.pages import done, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def anna():
    return factories.person(first_name="Anna Kaarina", last_name="Metsälä", phone="040 1234567", email="a@example.fi")


@pytest.fixture
def aino(anna):
    unit = factories.unit("Lokkilan päiväkoti", phone="09 123456", street="Lokkikuja 1", postal_code="00100",
                          post_office="Harjula")
    child = factories.child(anna, first_name="Aino Maria", last_name="Metsälä", allergies="pähkinä")
    place = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), unit=unit)
    factories.in_group(place, factories.group(unit, "Siilit"))
    return child


@pytest.fixture
def phone(anna, browser):
    return browser(factories.user("guardian", person=anna))


def journalled():
    return db.session.scalars(select(AuditEvent.action).where(
        ~AuditEvent.action.startswith("user.")).order_by(AuditEvent.id)).all()


# -- the hub and contacts ---------------------------------------------------------------------------------


def test_the_last_tab_leads_to_all_that_is_ones_own(aino, phone):
    page = phone.get("/my/own/")
    for address in ("child/?id=", "application/", "decision/", "placement/", "document/", "fee/", "invoice/",
                    "voucher/", "statement/", "own/contacts/", "message/settings/", "feed/"):
        assert f'href="/my/{address}' in page.text, address
    assert "Aino" in seen(page)
    links = set(re.findall(r'href="(/my/[^"#]*)"', page.text))
    assert {phone.get(link.replace("&amp;", "&")).status_code for link in links} == {200}


def test_a_child_is_called_by_one_name_on_every_page_of_the_family(aino, phone):
    day = f"child={aino.id}&day=2026-06-08"
    for address in ("", "own/", "booking/", "booking/month/", f"booking/day/?{day}", "message/write/", "feed/"):
        text = seen(phone.get(f"/my/{address}", follow_redirects=True))
        assert ("Aino" in text, "Aino Maria" in text) == (True, False), address
    aino.preferred_name = "Maria"
    keep()
    for address in ("", "own/", "booking/", "booking/month/", f"booking/day/?{day}", "message/write/"):
        text = seen(phone.get(f"/my/{address}", follow_redirects=True))
        assert ("Maria" in text, "Aino" in text) == (True, False), address


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_own_pages_speak_the_readers_language(aino, anna, browser, language):
    other = browser(factories.user("guardian", person=anna, language=language))
    for address in ("own/", "own/contacts/", f"child/?id={aino.id}", f"child/pickup/?id={aino.id}", "feed/", ""):
        page = other.get(f"/my/{address}")
        assert page.status_code == 200
        assert not wordless(page), address
        assert "päiväkoti tavoittaa" not in page.text


def test_a_guardian_changes_the_own_contacts(anna, phone):
    page = phone.get("/my/own/contacts/")
    assert "040 1234567" in page.text
    version = re.search(r'name="row_version"[^>]*value="(\d+)"', page.text)[1]
    typed = {"row_version": version, "phone": "050 7654321", "backup_phone": "", "email": "anna@example.fi",
             "preferred_name": "Kaarina", "language": "sv"}
    page = phone.post("/my/own/contacts/", data=typed, follow_redirects=True)
    assert done(page) == ["Yhteystiedot on tallennettu."]
    row = db.session.get(Person, anna.id)
    assert (row.phone, row.preferred_name, row.language) == ("050 7654321", "Kaarina", "sv")
    assert "own.tell_contacts" in journalled()


def test_a_mistake_in_the_contacts_loses_nothing_typed(anna, phone):
    typed = {"row_version": str(anna.version), "phone": "soita illalla", "email": "anna@example.fi", "language": "fi"}
    page = phone.post("/my/own/contacts/", data=typed)
    assert "soita illalla" in refused(page)[0]
    assert 'value="soita illalla"' in page.text
    assert db.session.get(Person, anna.id).phone == "040 1234567"


def test_contacts_that_the_office_has_saved_meanwhile_are_not_overwritten(anna, phone):
    typed = {"row_version": str(anna.version + 7), "phone": "050 7654321", "language": "fi"}
    page = phone.post("/my/own/contacts/", data=typed)
    assert refused(page)
    assert 'value="050 7654321"' in page.text
    assert db.session.get(Person, anna.id).phone == "040 1234567"
    version = re.search(r'name="row_version"[^>]*value="(\d+)"', page.text)[1]  # who has read so may save all the same
    assert done(phone.post("/my/own/contacts/", data=typed | {"row_version": version}, follow_redirects=True))


def test_who_cannot_be_reached_is_told_so(browser):
    page = browser(factories.user("guardian", person=factories.person(email=None, phone=None))).get("/my/own/")
    assert "päiväkoti tavoita sinua" in seen(page)
    assert "et saa ilmoituksia" in seen(page)


# -- the child's page -------------------------------------------------------------------------------------


def test_a_childs_page_tells_what_the_family_should_know(aino, phone):
    factories.service_times(aino)
    factories.absence(aino, date(2026, 5, 20))
    factories.pickup(aino, name="Mummo Maija", phone="040 1112223")
    page = phone.get(f"/my/child/?id={aino.id}")
    text = seen(page)
    for told in ("Lokkilan päiväkoti", "Siilit", "Lokkikuja 1, 00100 Harjula", "pähkinä", "20.5.2026", "Mummo Maija",
                 "040 1112223", "1.1.2026–31.7.2027", "Sopimusaika", "Sinä"):
        assert told in text, told
    assert f"attendance.absent/?id={aino.id}" in page.text
    assert "/my/placement/details/?id=" in page.text
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.read")).one()
    assert line.person_id == aino.id


def test_another_familys_child_does_not_exist(phone, browser):
    stranger = factories.child()
    factories.save(Picture(child_id=stranger.id, content=b"x", mimetype="image/jpeg", added=day.moment("8.00")))
    pickup = factories.pickup(stranger)
    keep()
    for address in ("", "picture/", "pickup/"):
        for id in (stranger.id, "x", 10**12):
            assert phone.get(f"/my/child/{address}?id={id}").status_code == 404
    assert phone.post(f"/my/child/end/?id={stranger.id}", data={"pickup": pickup.id}).status_code == 404
    assert phone.post(f"/my/child/sooner/?id={stranger.id}", data={"contact": 1}).status_code == 404
    assert phone.get("/my/child/").status_code == 302
    assert db.session.get(Pickup, pickup.id) is not None


def test_from_whom_the_place_is_kept_reads_neither_place_nor_hours(aino, phone):
    """Whoever may not see the child's places is told nothing from which they follow."""
    day.booked(aino, "8.00-15.30", date(2026, 6, 3))
    factories.pickup(aino, name="Mummo Maija")
    factories.save(Picture(child_id=aino.id, content=b"jpeg", mimetype="image/jpeg", added=day.moment("8.00")))
    keep()
    rights = {key: how for key, how in city.read("roles")["guardian"].items() if key != "placement.view"}
    with city.trying("roles", "guardian", rights):
        text = seen(phone.get(f"/my/child/?id={aino.id}"))
        for told in ("Lokkila", "Siilit", "Lokkikuja", "Mummo", "1.1.2026"):
            assert told not in text, told
        assert "turvakielto" in text
        assert "pähkinä" in text
        for address in ("picture/", "pickup/"):
            assert phone.get(f"/my/child/{address}?id={aino.id}").status_code == 404
        made = address_of(phone.post("/my/feed/", data={"press": "make"}, follow_redirects=True))
        assert b"VEVENT" not in phone.get(made.removeprefix("https://evaka.example.fi")).data


def test_the_picture_is_the_familys_to_see(aino, phone):
    assert phone.get(f"/my/child/picture/?id={aino.id}").status_code == 404
    factories.save(Picture(child_id=aino.id, content=b"jpeg", mimetype="image/jpeg", added=day.moment("8.00")))
    keep()
    assert f"/my/child/picture/?id={aino.id}" in phone.get(f"/my/child/?id={aino.id}").text
    answer = phone.get(f"/my/child/picture/?id={aino.id}")
    assert (answer.data, answer.headers["Cache-Control"]) == (b"jpeg", "no-store")


def test_a_guardian_names_changes_and_ends_who_fetches(aino, phone):
    address = f"/my/child/pickup/?id={aino.id}"
    page = phone.post(address, data={"name": "Mummo", "phone": "ei ole", "relation": "isoäiti"})
    assert refused(page)
    assert 'value="isoäiti"' in page.text
    page = phone.post(address, data={"name": "Mummo", "phone": "040 1112223", "relation": "", "last_day": "5.6.2026"},
                      follow_redirects=True)
    assert done(page) == ["Tallennettu: Mummo. Päiväkoti näkee tiedon heti."]
    assert "5.6.2026 asti" in seen(page)
    row = db.session.scalars(select(Pickup)).one()
    edit = f"{address}&pickup={row.id}"
    assert 'value="Mummo"' in phone.get(edit).text
    typed = {"name": "Mummo Maija", "phone": "040 1112223", "last_day": ""}
    page = phone.post(edit, data=typed | {"row_version": row.version}, follow_redirects=True)
    assert "Mummo Maija" in seen(page)
    page = phone.post(edit, data=typed | {"name": "Maija", "row_version": row.version - 1})  # somebody else was faster
    assert refused(page)
    assert 'value="Maija"' in page.text
    assert db.session.scalars(select(Pickup.name)).one() == "Mummo Maija"
    page = phone.post(edit, data=typed | {"name": "Maija", "row_version": row.version}, follow_redirects=True)
    assert "Maija" in seen(page)
    page = phone.post(f"/my/child/end/?id={aino.id}", data={"pickup": row.id}, follow_redirects=True)
    assert "Muita hakijoita ei ole ilmoitettu." in seen(page)
    page = phone.post(f"/my/child/end/?id={aino.id}", data={"pickup": row.id}, follow_redirects=True)
    assert "jo poistettu" in refused(page)[0]
    assert phone.get(edit).status_code == 404


def test_who_is_not_told_where_a_child_is_neither_reads_nor_changes_who_fetches(aino, anna, phone):
    factories.guardian_of(aino, restricted=True)
    row = factories.pickup(aino, name="Täti", phone="040 5556667")
    keep()
    edit = f"/my/child/pickup/?id={aino.id}&pickup={row.id}"
    for address in (edit, f"/my/child/?id={aino.id}"):
        assert "040 5556667" not in phone.get(address).text
    phone.post(edit, data={"name": "Täti Tiina", "phone": ""})
    assert [(one.name, one.phone) for one in db.session.scalars(select(Pickup))] == [("Täti", "040 5556667")]


def test_the_order_of_calls_is_one_tap(aino, anna, phone):
    other = factories.guardian_of(aino, first_name="Olli", phone="040 3334445")
    keep()
    page = phone.get(f"/my/child/?id={aino.id}")
    assert "040 3334445" not in page.text  # the other guardian's telephone is the other guardian's
    page = phone.post(f"/my/child/sooner/?id={aino.id}", data={"contact": other.id}, follow_redirects=True)
    assert done(page) == ["Soittojärjestys on tallennettu."]
    assert re.search(r"1\. Olli.*2\. Sinä", seen(page))


def test_what_waits_is_taken_back_on_the_childs_page(aino, anna, phone, by):
    from evaka.models.placement import Placement

    place = db.session.scalars(select(Placement)).one()
    wish = factories.save(NeedChange(child_id=aino.id, placement=place, unit=place.unit, start=date(2026, 6, 15),
                                     option="full_day", made_at=day.moment("8.00")))
    leave = factories.leave(aino)
    leave.person_id = anna.id
    keep()
    page = phone.get(f"/my/child/?id={aino.id}")
    forms = re.findall(
        r'action="(/my/(?:need_change|absence_application)/do/[^"]*)".*?name="row_version" value="(\d+)"',
        page.text, re.S)
    assert len(forms) == 2
    for address, version in forms:
        answer = phone.post(address.replace("&amp;", "&"), data={"row_version": version}, follow_redirects=True)
        assert answer.status_code == 200
        assert not refused(answer)
    assert db.session.get(NeedChange, wish.id).status.value == "cancelled"
    assert "Odottaa käsittelyä" not in seen(phone.get(f"/my/child/?id={aino.id}"))


def test_a_childs_page_asks_a_bounded_number_of_questions(aino, phone):
    for n in range(8):
        factories.pickup(aino, name=f"Hakija {n}")
        factories.decision(aino)
        factories.absence(aino, date(2026, 6, 1 + n))
    keep()
    with statements() as asked:
        assert phone.get(f"/my/child/?id={aino.id}").status_code == 200
    assert len(asked) <= 60


# -- today ------------------------------------------------------------------------------------------------


def test_the_first_page_tells_whether_the_child_is_there_and_takes_an_absence_in_one_tap(aino, phone, at):
    day.booked(aino, "8.00-15.30")
    page = phone.get("/my/")
    assert "Siilit · varattu 8.00–15.30" in seen(page)
    assert "Aino on sairas" in seen(page) or "Aino Maria on sairas" in seen(page)
    value = re.search(r'name="away" value="([^"]*:sick)"', page.text)[1]
    page = phone.post("/my/booking/away/", data={"away": value, "back": "home"}, follow_redirects=True)
    assert done(page)[0].startswith("Poissaolo on ilmoitettu: Aino")
    assert page.request.path == "/my/"
    assert "poissa tänään" in seen(page)
    assert ":sick" not in page.text


def test_the_first_page_asks_for_the_bookings_ahead_once_and_for_those_of_the_month_once(aino, phone):
    day.booked(aino, "8.00-15.30")
    with statements() as asked:
        assert "varattu 8.00–15.30" in seen(phone.get("/my/"))
    assert sum("FROM booking" in one for one in asked) == 2


def test_who_has_come_is_told_and_who_has_not(aino, anna, phone, at):
    at("2026-06-01T09:00")
    unit = db.session.scalars(select(factories.Placement)).one().unit
    day.booked(aino, "8.00-15.30")
    keep()
    assert "ei ole vielä tullut" not in seen(phone.get("/my/"))  # nobody has been signed in: the unit does not tap
    day.came(factories.child(), unit, "7.30")
    keep()
    assert "ei ole vielä tullut" in seen(phone.get("/my/"))
    row = day.came(aino, unit, "8.10")
    keep()
    text = seen(phone.get("/my/"))
    assert "päiväkodissa 8.10" in text
    assert "on sairas" not in text
    row.left = day.clock("8.45")
    keep()
    assert "lähtenyt 8.45" in seen(phone.get("/my/"))


def test_the_rest_of_the_week_stands_on_the_first_page(aino, phone):
    day.booked(aino, "8.00-15.30", date(2026, 6, 3))
    page = phone.get("/my/")
    assert "Tämä viikko" in seen(page)
    assert "Ensi viikko 8.6.–14.6." in seen(page)
    assert f"/my/booking/day/?child={aino.id}&amp;day=2026-06-03" in page.text


# -- the calendar for other programs ----------------------------------------------------------------------


def address_of(page):
    return re.search(r'id="link" readonly value="([^"]*)"', page.text)[1]


def test_a_calendar_is_made_read_renewed_and_ended(aino, phone, browser):
    day.booked(aino, "8.00-15.30", date(2026, 6, 3))
    page = phone.post("/my/feed/", data={"press": "make"}, follow_redirects=True)
    address = address_of(page)
    assert address.startswith("https://evaka.example.fi/calendar/")
    assert 'href="webcal://' in page.text
    assert 'id="link"' not in phone.get("/my/feed/").text  # shown once
    path = address.removeprefix("https://evaka.example.fi")
    other = browser(None)
    answer = other.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    [event] = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert str(event["SUMMARY"]) == "Hoidossa: lapsi 1"
    for name in ("Aino", "Metsälä", "Anna"):
        assert name not in answer.text
    assert "private" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    again = other.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    day.booked(aino, "8.00-15.30", date(2026, 6, 4))
    keep()
    assert other.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200

    renewed = address_of(phone.post("/my/feed/", data={"press": "make"}, follow_redirects=True))
    assert other.get(path).status_code == 404
    assert other.get(renewed.removeprefix("https://evaka.example.fi")).status_code == 200
    phone.post("/my/feed/", data={"press": "end"})
    assert other.get(renewed.removeprefix("https://evaka.example.fi")).status_code == 404
    assert [one for one in journalled() if "feed" in one] == ["own.make_feed", "own.make_feed", "own.end_feed"]
    assert db.session.scalars(select(CalendarFeed)).all() == []


def test_an_unknown_address_tells_nothing_and_a_closed_log_in_closes_the_calendar(anna, aino, browser):
    user = factories.user("guardian", person=anna)
    mine, other = browser(user), browser(None)
    path = address_of(mine.post("/my/feed/", data={"press": "make"}, follow_redirects=True)).removeprefix(
        "https://evaka.example.fi")
    assert other.get(path).status_code == 200
    assert other.get("/calendar/" + "x" * 43 + ".ics").status_code == 404
    assert other.get("/calendar/%00.ics").status_code in (400, 404)
    assert other.post(path).location.startswith("/login")
    user.active = False
    keep()
    assert other.get(path).status_code == 404


def test_what_children_are_called_is_chosen_and_a_name_refused(aino, phone):
    phone.post("/my/feed/", data={"press": "make"})
    page = phone.post("/my/feed/", data={"press": "labels", f"label-{aino.id}": "Aino"})
    assert "kertoo lapsen nimen" in refused(page)[0]
    assert 'value="Aino"' in page.text
    page = phone.post("/my/feed/", data={"press": "labels", f"label-{aino.id}": "sininen"}, follow_redirects=True)
    assert 'value="sininen"' in page.text
    assert phone.post("/my/feed/", data={"press": "other"}).status_code == 404


def test_a_single_event_is_taken_along(aino, phone, by):
    unit = db.session.scalars(select(factories.Placement)).one().unit
    event = factories.save(Event(unit=unit, title="Kevätjuhla", start=date(2026, 6, 10), end=date(2026, 6, 10),
                                 made_at=day.moment("8.00")))
    talk = factories.talk(unit, date(2026, 6, 11))
    keep()
    phone.post("/my/event/", data={"press": "book", "time": talk.id, "child": aino.id})
    page = phone.get("/my/event/")
    links = re.findall(r'href="(/my/feed/one/[^"]*)"', page.text)
    assert len(links) == 2
    titles = {str(icalendar.Calendar.from_ical(phone.get(link).data).walk("VEVENT")[0]["SUMMARY"]) for link in links}
    assert titles == {"Kevätjuhla", "Keskustelu: lapsi 1"}
    elsewhere = factories.save(Event(unit=factories.unit(), title="Muualla", start=date(2026, 6, 10),
                                     end=date(2026, 6, 10), made_at=day.moment("8.00")))
    keep()
    for asked in (f"event={elsewhere.id}", "event=x", "talk=999", ""):
        assert phone.get(f"/my/feed/one/?{asked}").status_code == 404
    assert event.id


# -- the service as an icon -------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "name"), [
    ("fi", "varhaiskasvatus"), ("sv", "småbarnspedagogik"), ("en", "early childhood education")])
def test_the_manifest_names_the_city_in_the_readers_language(browser, language, name):
    answer = browser(None).get(f"/app.webmanifest?language={language}")
    assert answer.mimetype == "application/manifest+json"
    told = json.loads(answer.data)
    assert name in told["name"].lower()
    assert (told["lang"], told["start_url"], told["display"]) == (language, "/my/", "standalone")
    sizes = set()
    for icon in told["icons"]:
        with browser(None).get(icon["src"]) as answer:
            picture = answer.data
        assert picture.startswith(b"\x89PNG")
        width = int.from_bytes(picture[16:20], "big")
        assert icon["sizes"] == f"{width}x{width}"
        sizes.add((width, icon["purpose"]))
    assert sizes == {(192, "any"), (512, "any"), (512, "maskable")}


def test_the_worker_keeps_files_that_are_the_same_for_everybody_alone(browser):
    answer = browser(None).get("/worker.js")
    assert answer.mimetype == "text/javascript"
    kept = json.loads(re.search(r"const KEPT = (\[.*?\]);", answer.text)[1])
    assert kept
    anonymous = browser(None)
    for address in kept:
        assert address.startswith(("/static/", "/offline")), address
        with anonymous.get(address) as answer:
            assert answer.status_code == 200, address
    page = anonymous.get("/offline?language=sv")
    assert "Ingen nätförbindelse" in page.text
    assert "Set-Cookie" not in page.headers
    assert "csrf" not in page.text
    assert "/worker.js" in anonymous.get("/login").text
