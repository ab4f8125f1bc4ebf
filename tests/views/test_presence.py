"""The tablet as it is used: paired, tapped with and without script, read by PIN; and what the office sees of it."""

from __future__ import annotations

import re
from datetime import date, time
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from evaka.actions import presence as act
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.journal import AuditEvent
from evaka.models.presence import DayNote, GroupNote, Picture, Presence, StickyNote, Tap
from evaka.models.staff import StaffPresence
from evaka.rules.attendance import Reporter
from tests import factories
from tests.conftest import keep
from tests.day import booked
from tests.factories import device, member, presence
from tests.pages import done, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 6, 1)


@pytest.fixture
def here():
    """Two groups with a child each, somebody of the staff with a PIN, and a tablet of the first group."""
    unit = factories.unit("Kettula")
    groups = [factories.group(unit, name) for name in ("Siilit", "Ketut")]
    children = []
    for group, name in zip(groups, ("Aino", "Eemil"), strict=True):
        child = factories.child(first_name=name, last_name="Virtanen", allergies="pähkinä")
        factories.in_group(factories.placement(child, date(2026, 1, 1), unit=unit), group)
        children.append(child)
    factories.pickup(children[0], name="Naapuri Niilo", last_day=date(2026, 6, 5))
    factories.pickup(children[0], name="Entinen Eero", last_day=date(2026, 5, 31))
    user = factories.user("staff", unit=unit, group=groups[0], name="Helena Hoivanen")
    member(user)
    return {"unit": unit, "groups": groups, "children": children, "user": user, "device": device(unit, groups[0])}


@pytest.fixture
def tablet(app, here):
    """A browser that holds the tablet's token."""
    keep()
    client = app.test_client()
    client.set_cookie("evaka_device", here["device"].token, path="/tablet")
    app.extensions["news"].forget()
    return client


def key_of(page: Any, child: int) -> str:
    """The key in the form of a child's tile."""
    found = re.search(rf'name="key" value="(\w+)"><input type="hidden" name="child" value="{child}"', page.text)
    assert found
    return found[1]


def taps(tablet, *rows: Any) -> Any:
    return tablet.post("/tablet/taps", json={"taps": [
        {"key": key, "child": child, "what": what, "age": age} for key, child, what, age in rows]})


# -- the door ----------------------------------------------------------------------------------------------


def test_a_tablet_nobody_knows_asks_for_a_code_and_shows_nothing_else(app, here):
    keep()
    stranger = app.test_client()
    page = stranger.get("/tablet/")
    assert page.status_code == 200
    assert 'name="code"' in page.text
    assert "Aino" not in page.text
    for address in ("child?child=1", "staff", "notes", "picture?child=1"):
        assert stranger.get(f"/tablet/{address}").status_code == 302
    assert stranger.get("/tablet/changes").status_code == 401
    assert stranger.post("/tablet/taps", json={"taps": []}).status_code == 401
    assert stranger.post("/tablet/tap", data={"child": here["children"][0].id}).status_code == 302


def test_the_director_makes_a_code_and_the_tablet_is_paired(app, here, browser):
    unit = here["unit"]
    director = browser(factories.user("director", unit=unit))
    page = press(director, f"/office/unit/do/presence.add_device/?id={unit.id}", name="Eteinen")
    code = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", page.text)[0]
    client = app.test_client()
    assert client.post("/tablet/pair", data={"code": "WRONG"}).status_code == 400
    answer = client.post("/tablet/pair", data={"code": code})
    assert answer.status_code == 302
    cookie = answer.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/tablet"))
    assert "Kettula" in client.get("/tablet/").text
    listing = director.get("/office/device/")
    assert "Eteinen" in listing.text
    assert not wordless(listing)
    row = db.session.scalars(select(act.device.Device).where(act.device.Device.name == "Eteinen")).one()
    press(director, f"/office/device/do/presence.revoke_device/?id={row.id}")
    assert 'name="code"' in client.get("/tablet/").text


@pytest.mark.parametrize("how", ["revoked", "its user closed"])
def test_a_tablet_that_is_shut_out_taps_nothing_from_that_moment_on(here, tablet, at, by, how):
    aino, eino = here["children"]
    assert taps(tablet, ("first-tap", aino.id, "arrive", 0)).status_code == 200
    row = db.session.scalars(select(Tap)).one().device
    if how == "revoked":
        act.revoke_device(row, by(None))
    else:
        row.user.active = False
    keep()
    assert taps(tablet, ("second-tap", eino.id, "arrive", 0)).status_code == 401
    assert db.session.scalars(select(Presence.child_id)).all() == [aino.id]
    assert db.session.scalars(select(Tap.key)).all() == ["first-tap"]


def test_whoever_guesses_codes_is_slowed_down(app, here, at):
    keep()
    client = app.test_client()
    said = [client.post("/tablet/pair", data={"code": f"CODE{n:04}"}).status_code for n in range(51)]
    assert said == [400] * 50 + [429]


def test_the_office_is_closed_to_a_tablet(tablet):
    for address in ("/office/", "/office/person/", "/my/"):
        assert tablet.get(address).status_code == 302


# -- tiles and taps -------------------------------------------------------------------------------------------


def test_the_tiles_of_the_group_say_where_everybody_is(here, tablet, at):
    aino, _ = here["children"]
    factories.save(Booking(child_id=aino.id, day=TODAY, begins=time(8), ends=time(16)))
    keep()
    at("2026-06-01T08:10")
    page = tablet.get("/tablet/")
    assert "Aino V." in page.text
    assert "Eemil" not in page.text
    assert "tulee 8.00" in seen(page)
    at("2026-06-01T08:16")
    page = tablet.get("/tablet/")
    assert "is-late" in page.text
    assert "varattu 8.00" in seen(page)
    assert "pähkinä" not in page.text  # that there is something, not what
    assert not wordless(page)
    assert "Eemil" in tablet.get("/tablet/?group=0").text


def test_without_script_a_button_is_a_form_that_counts_once(here, tablet):
    aino, _ = here["children"]
    page = tablet.get("/tablet/")
    form = {"key": key_of(page, aino.id), "child": aino.id, "what": "arrive", "group": here["groups"][0].id}
    for _ in range(2):  # pressed twice
        answer = tablet.post("/tablet/tap", data=form, follow_redirects=True)
        assert "Aino merkitty paikalle" in seen(answer)
    assert db.session.query(Presence).count() == 1
    back = re.search(r'name="key" value="(\w+)"><input type="hidden" name="child" value="\d+"><input[^>]*>'
                     r'<button class="btn btn-secondary" name="what" value="undo_arrive"', answer.text)
    tablet.post("/tablet/tap", data=form | {"key": back[1], "what": "undo_arrive"})
    assert db.session.query(Presence).count() == 0


def test_a_queue_is_written_in_order_and_once(here, tablet):
    aino, _ = here["children"]
    letter = [("queued-0001", aino.id, "arrive", 3 * 3600_000), ("queued-0002", aino.id, "leave", 60_000)]
    for _ in range(2):  # the answer was lost
        answer = taps(tablet, *letter)
        assert [one["refused"] for one in answer.json["done"]] == ["", ""]
    rows = [(row.arrived, row.left) for row in db.session.scalars(select(Presence))]
    assert rows == [(time(9), time(11, 59))]


def test_what_is_wrong_in_a_queue_stops_nothing_else(here, tablet):
    aino, eemil = here["children"]
    stranger = factories.child()
    keep()
    answer = taps(tablet, ("queued-0001", aino.id, "leave", 0), ("queued-0002", stranger.id, "arrive", 0),
                  ("short", eemil.id, "arrive", 0), ("queued-0003", eemil.id, "fly", 0),
                  ("queued-0004", eemil.id, "arrive", 0))
    assert answer.status_code == 200
    said = [bool(one["refused"]) for one in answer.json["done"]]
    assert said == [True, True, True, True, False]
    assert "Aino" in answer.json["done"][0]["refused"]
    assert stranger.first_name not in str(answer.json)
    for shape in ([], {"taps": 1}, {"taps": [[]] * 201}):
        assert tablet.post("/tablet/taps", json=shape).status_code == 400


def test_another_tablets_tap_is_told_and_nothing_new_costs_nothing(app, here, tablet):
    aino, _ = here["children"]
    elsewhere = device(factories.unit())
    other = device(here["unit"])
    keep()
    first = tablet.get("/tablet/changes")
    assert first.json == {"changes": []}
    again = tablet.get("/tablet/changes", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    second = app.test_client()
    second.set_cookie("evaka_device", other.token, path="/tablet")
    taps(second, ("queued-0001", aino.id, "arrive", 0))
    app.extensions["news"].read_at = -1.0  # as if a moment had passed
    told = tablet.get("/tablet/changes", headers={"If-None-Match": first.headers["ETag"]})
    assert [change[1:] for change in told.json["changes"]] == [[aino.id, "arrive", "12.00"]]
    third = app.test_client()
    third.set_cookie("evaka_device", elsewhere.token, path="/tablet")
    assert third.get("/tablet/changes").json == {"changes": []}


def test_a_correction_in_the_office_reaches_the_tablets(app, here, tablet, browser):
    aino, _ = here["children"]
    row = presence(aino, here["unit"])
    staff = browser(here["user"])
    press(staff, f"/office/presence/do/presence.correct/?id={row.id}", arrived="8.30", left="")
    app.extensions["news"].read_at = -1.0
    assert tablet.get("/tablet/changes").json["changes"][0][2] == "correct"


# -- a child's card ---------------------------------------------------------------------------------------------


def facts(tablet, here, pin="2580", user=None, child=None):
    child = child or here["children"][0]
    return tablet.post("/tablet/child/facts", data={
        "child": child.id, "user": (user or here["user"]).id, "pin": pin})


def test_a_pin_opens_what_must_be_known_and_the_journal_says_who_read(here, tablet):
    card = tablet.get(f"/tablet/child?child={here['children'][0].id}")
    assert "pähkinä" not in card.text
    assert "Naapuri Niilo" not in card.text
    assert not wordless(card)
    page = facts(tablet, here)
    assert "pähkinä" in page.text
    assert "Naapuri Niilo" in page.text
    assert "5.6.2026 asti" in page.text
    assert "Entinen Eero" not in page.text
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.read")).one()
    assert (line.user_id, line.person_id) == (here["user"].id, here["children"][0].id)


def test_five_wrong_pins_lock(here, tablet):
    for left in (4, 3, 2, 1):
        page = facts(tablet, here, pin="0000")
        assert page.status_code == 403
        assert f"Yrityksiä jäljellä: {left}" in seen(page)
    assert "lukittu" in seen(facts(tablet, here, pin="0000"))
    page = facts(tablet, here)
    assert "lukittu" in seen(page)
    assert "pähkinä" not in page.text


def test_a_pin_opens_the_children_of_the_unit_and_no_others(here, tablet):
    page = facts(tablet, here, child=here["children"][1])  # of another group: groups are together early and late
    assert page.status_code == 200
    stranger = factories.user("staff", unit=factories.unit())
    member(stranger)
    keep()
    assert facts(tablet, here, user=stranger).status_code == 403


def test_a_child_of_another_unit_does_not_exist_for_the_tablet(here, tablet):
    stranger = factories.child(last_name="Salainen")
    factories.placement(stranger, date(2026, 1, 1))
    keep()
    for address in ("child", "picture"):
        page = tablet.get(f"/tablet/{address}?child={stranger.id}")
        assert page.status_code == 403
        assert "Salainen" not in page.text
    assert tablet.post("/tablet/note", data={"child": stranger.id, "text": "x"}).status_code == 403


def test_on_a_closed_day_nobody_is_awaited_but_who_has_a_booking(here, tablet):
    aino, eemil = here["children"]
    factories.closure(here["unit"], date(2026, 6, 1))
    booked(eemil, "13.00-16.00", date(2026, 6, 1))
    keep()
    page = tablet.get("/tablet/?group=0").text
    states = dict(re.findall(r'of-tile is-(\w+)[^>]*data-tile="\d+" data-name="(\w+)', page))
    assert states == {"away": aino.first_name, "coming": eemil.first_name}


def test_absence_of_today_and_back(here, tablet):
    aino, _ = here["children"]
    tablet.post("/tablet/absence", data={"child": aino.id, "kind": "sick", "key": "0123456789"})
    row = db.session.scalars(select(Absence)).one()
    assert row.reported_by is Reporter.STAFF
    page = tablet.get("/tablet/")
    assert "is-away" in page.text
    tablet.post("/tablet/absence", data={"child": aino.id, "kind": "none", "key": "0123456780"})
    assert db.session.query(Absence).count() == 0
    page = tablet.post("/tablet/absence", data={"child": aino.id, "kind": "nonsense", "key": "0123456781"},
                       follow_redirects=True)
    assert refused(page)


def test_a_child_is_told_away_until_a_day(here, tablet):
    child = here["children"][0].id
    tablet.post("/tablet/absence", data={"child": child, "key": "key-away-2", "kind": "sick", "last": "2026-06-03"})
    days = db.session.scalars(select(Absence.day).where(Absence.child_id == child).order_by(Absence.day)).all()
    assert [day.isoformat() for day in days] == ["2026-06-01", "2026-06-02", "2026-06-03"]


def test_what_a_family_tells_of_today_reaches_the_tablet_at_once(here, tablet, browser):
    """Being away, a booking and a word of today; what is told of another day disturbs nobody."""
    child = here["children"][0]
    phone = browser(factories.user("guardian", person=child.guardians[0]))

    def heard() -> int:
        tablet.application.extensions["news"].forget()
        return len(tablet.get("/tablet/changes").json["changes"])

    day = f"/my/booking/day/?child={child.id}&day="
    phone.post(f"{day}2026-06-09", data={"press": "away.other"})
    assert heard() == 0
    phone.post(f"{day}2026-06-01", data={"press": "note", "note": "Tulemme vasta kymmeneltä"})
    assert heard() == 1
    phone.post(f"{day}2026-06-01", data={"press": "away.sick"})
    assert heard() == 2
    assert "sairaus" in seen(tablet.get("/tablet/")).casefold()


def test_the_secretary_puts_right_what_the_unit_has_noted(here, browser):
    """Bookings, absences and presence of the own unit; of another one nothing."""
    child = here["children"][0]
    secretary = browser(factories.user("secretary", unit=here["unit"]))
    times = {"day": "1.6.2026", "arrived": "8.00", "left": "9.00"}
    assert not refused(press(secretary, f"/office/person/do/presence.add/?id={child.id}", **times))
    row = db.session.scalars(select(Presence)).one()
    press(secretary, f"/office/presence/do/presence.correct/?id={row.id}", arrived="8.15", left="9.00")
    db.session.refresh(row)
    assert f"{row.arrived:%H.%M}" == "08.15"
    press(secretary, f"/office/person/do/attendance.absent/?id={child.id}", first="8.6.2026", last="8.6.2026",
          kind="sick")
    assert db.session.scalars(select(Absence.reported_by)).all() == ["office"]
    week = secretary.get(f"/office/booking/?group={here['groups'][0].id}&week=2026-06-08")
    assert f'name="{child.id}-2026-06-09"' in week.text
    stranger = browser(factories.user("secretary", unit=factories.unit()))
    assert stranger.get(f"/office/person/details/?id={child.id}").status_code in (302, 404)
    assert stranger.get(f"/office/booking/?group={here['groups'][0].id}").status_code == 404


def test_notes_are_written_and_taken_away(here, tablet):
    aino, _ = here["children"]
    group = here["groups"][0]
    tablet.post("/tablet/note", data={"child": aino.id, "text": "Nukkui hyvin", "ate": "good", "slept": "45",
                                      "needs": ["diapers"]})
    assert db.session.scalars(select(DayNote)).one().slept == 45
    version = db.session.scalars(select(DayNote.version)).one()
    late = {"child": aino.id, "text": "Ulkoiltiin"}  # another tablet opened the page before that was written
    page = tablet.post("/tablet/note", data=late | {"seen": "0"}, follow_redirects=True)
    assert "Nukkui hyvin" in " ".join(refused(page))
    assert db.session.scalars(select(DayNote.text)).one() == "Nukkui hyvin"
    assert f'name="seen" value="{version}"' in page.text
    tablet.post("/tablet/note", data=late | {"seen": str(version), "text": "Nukkui, ulkoiltiin", "slept": "45"})
    assert db.session.scalars(select(DayNote.text)).one() == "Nukkui, ulkoiltiin"
    page = tablet.post("/tablet/note", data={"child": aino.id, "slept": "tunti"}, follow_redirects=True)
    assert "kokonaislukuna" in " ".join(refused(page))
    tablet.post("/tablet/sticky", data={"child": aino.id, "text": "Kurahousut", "until": "2026-06-03"})
    tablet.post("/tablet/group-note", data={"to": group.id, "text": "Retki torstaina", "until": "4.6.2026"})
    page = tablet.get("/tablet/")
    assert "Kurahousut" in page.text
    assert "Retki torstaina" in page.text
    tablet.post("/tablet/sticky", data={"child": aino.id, "remove": db.session.scalars(select(StickyNote.id)).one()})
    tablet.post("/tablet/group-note", data={"remove": db.session.scalars(select(GroupNote.id)).one()})
    assert db.session.query(StickyNote).count() == db.session.query(GroupNote).count() == 0


def test_a_picture_is_taken_shown_and_removed(here, tablet):
    aino, _ = here["children"]
    out = BytesIO()
    Image.new("RGB", (700, 700), "red").save(out, "PNG")
    address = f"/tablet/picture?child={aino.id}"
    assert tablet.get(address).status_code == 404
    tablet.post("/tablet/picture", data={"child": aino.id, "picture": (BytesIO(out.getvalue()), "x.png")})
    shown = tablet.get(address)
    assert shown.mimetype == "image/jpeg"
    assert shown.headers["Cache-Control"] == "no-store"
    page = tablet.post("/tablet/picture", data={"child": aino.id, "picture": (BytesIO(b"<svg/>"), "x.png")},
                       follow_redirects=True)
    assert refused(page)
    tablet.post("/tablet/picture", data={"child": aino.id, "press": "remove"})
    assert db.session.query(Picture).count() == 0


# -- the adults ---------------------------------------------------------------------------------------------------


def test_signing_in_and_out_on_the_tablet(here, tablet):
    group, user = here["groups"][0], here["user"]
    page = tablet.get("/tablet/staff")
    assert "Helena Hoivanen" in page.text
    assert not wordless(page)
    form = {"user": user.id, "pin": "2580", "to": group.id, "kind": "", "press": "arrive"}
    wrong = tablet.post("/tablet/staff", data=form | {"pin": "1111"})
    assert wrong.status_code == 403
    assert "ei täsmää" in seen(wrong)
    for at, why in (("hetki", "ei ole kellonaika"), ("09:00", "31")):
        page = tablet.post("/tablet/staff", data=form | {"at": at})
        assert page.status_code == 409
        assert why in seen(page)
        assert f'value="{at}"' in page.text
    done(tablet.post("/tablet/staff", data=form | {"at": "11.45"}, follow_redirects=True))
    assert f"{db.session.scalars(select(StaffPresence.arrived)).one():%H.%M}" == "11.45"
    again = tablet.post("/tablet/staff", data=form)
    assert again.status_code == 409
    assert "jo kirjautunut" in seen(again)
    header = seen(tablet.get("/tablet/"))
    assert "1 aikuista" in header
    tablet.post("/tablet/staff/external", data={"name": "Opiskelija", "to": group.id, "counts": "on"})
    guest = db.session.scalars(select(StaffPresence).where(StaffPresence.user_id.is_(None))).one()
    tablet.post("/tablet/staff/external", data={"leave": guest.id})
    db.session.expire_all()
    assert guest.left is not None


# -- the office ----------------------------------------------------------------------------------------------------


def test_the_office_sees_who_was_there_and_puts_it_right(here, browser):
    aino, eemil = here["children"]
    row = presence(aino, here["unit"], left=time(15), day=date(2026, 5, 29), automatic=True)
    other = presence(eemil, here["unit"], group_id=here["groups"][1].id)
    staff = browser(here["user"])
    listing = staff.get("/office/presence/")
    assert "Virtanen Aino" in listing.text
    assert f"id={other.id}\"" not in listing.text
    assert staff.get(f"/office/presence/details/?id={other.id}").status_code == 404
    file = staff.get(f"/office/person/details/?id={aino.id}")
    assert "8.00–15.00 (lähtö merkitsemättä)" in seen(file)
    page = press(staff, f"/office/presence/do/presence.correct/?id={row.id}", arrived="8.15", left="14.30")
    assert done(page)
    assert not wordless(page)
    page = press(staff, f"/office/presence/do/presence.correct/?id={row.id}", arrived="8.15", left="8.00")
    assert "ei ole tulon" in " ".join(refused(page))


def test_a_guardian_and_finance_see_no_presence(here, browser):
    for user in (factories.user("finance"), factories.user("guardian", person=here["children"][0].guardians[0])):
        assert browser(user).get("/office/presence/").status_code in (302, 403)


def test_the_unit_shows_its_ratio_and_its_tablets(here, browser):
    presence(here["children"][0], here["unit"], group_id=here["groups"][0].id)
    page = browser(factories.user("director", unit=here["unit"])).get(f"/office/unit/details/?id={here['unit'].id}")
    assert "Suhdeluku nyt" in seen(page)
    assert "ylittyy" in seen(page)
    assert "Tabletti" in seen(page)
    assert not wordless(page)


def test_words_in_every_language(here, tablet):
    for language in ("sv", "en"):
        tablet.get(f"/language/{language}?next=/tablet/")
        for address in ("", "staff", "notes", f"child?child={here['children'][0].id}"):
            assert not wordless(tablet.get(f"/tablet/{address}"))
    assert db.session.query(Tap).count() == 0
