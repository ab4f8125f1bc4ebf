"""The calendar of a guardian, and the week of a group in the office, as pages and forms without scripts."""

from __future__ import annotations

import re
from datetime import date, time

import pytest
from sqlalchemy import event, select

from evaka.models.attendance import Absence, AbsenceApplication
from evaka.models.base import db
from evaka.models.booking import Booking, BookingPattern
from evaka.models.calendar.holiday_period import QuestionnaireAnswer, QuestionnaireOption
from evaka.models.user import User
from evaka.rules.attendance import AbsenceKind
from evaka.rules.booking import Span
from evaka.rules.booking.day import Ask, Asked
from evaka.rules.unit import Feature
from evaka.views.booking.cells import asked_of
from tests import factories
from tests.conftest import keep, statements
from tests.pages import done, press, refused, seen, week

pytestmark = pytest.mark.usefixtures("database")
OPEN = date(2026, 6, 8)  # a Monday that is open at noon of the first of June
LOCKED = date(2026, 6, 3)


def family(**place):
    child = factories.child(first_name="Aino", last_name="Metsälä")
    placement = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), **place)
    return child, placement


def guardian_of(child, browser):
    return browser(factories.user("guardian", person=child.guardians[0]))


def booked() -> list[tuple[date, str]]:
    rows = db.session.scalars(select(Booking).order_by(Booking.day, Booking.begins))
    return [(row.day, str(row.span)) for row in rows]


def test_a_guardian_sees_the_week_and_books_a_day_on_its_page(browser):
    child, _ = family()
    phone = guardian_of(child, browser)
    page = phone.get(f"/my/booking/?week={OPEN}")
    assert "lukitaan maanantai 1.6.2026 klo 13.00" in seen(page)
    assert seen(page).count("ei varattu") == 5
    address = f"/my/booking/day/?child={child.id}&day={OPEN}"
    assert address.replace("&", "&amp;") in page.text
    form = phone.get(address)
    assert "Avoinna 6.30–17.00" in seen(form)
    page = phone.post(address, data={"begins": "8.00", "ends": "15.30", "begins_2": "16:00", "ends_2": "17:00"},
                      follow_redirects=True)
    assert done(page) == ["Varaus on tallennettu."]
    assert booked() == [(OPEN, "08:00-15:30"), (OPEN, "16:00-17:00")]
    assert "8.00–15.30, 16.00–17.00" in seen(page)
    held = phone.get(address).text
    assert 'value="15:30"' in held
    assert 'value="17:00"' in held


def test_what_was_typed_stays_when_it_is_refused(browser):
    child, _ = family()
    phone = guardian_of(child, browser)
    address = f"/my/booking/day/?child={child.id}&day={OPEN}"
    for typed, why in (
        ({"begins": "5.00", "ends": "15.30"}, "ei ole aukioloaikana"),
        ({"begins": "8.00", "ends": ""}, "sekä alkamis- että päättymisaika"),
        ({"begins": "16.00", "ends": "8.00"}, "Yön yli varataan kaksi aikaa"),
    ):
        page = phone.post(address, data=typed)
        assert why in " ".join(refused(page)), typed
        assert f'value="{typed["begins"]}"' in page.text or 'value="0' in page.text or 'value="16' in page.text
    assert booked() == []
    locked = phone.post(f"/my/booking/day/?child={child.id}&day={LOCKED}", data={"begins": "8.00", "ends": "16.00"})
    assert "on lukittu" in " ".join(refused(locked))


def test_one_tap_tells_that_a_child_does_not_come_and_another_that_it_does_after_all(browser):
    child, _ = family()
    factories.save(Booking(child_id=child.id, day=LOCKED, begins=time(8), ends=time(16)))
    phone = guardian_of(child, browser)
    page = phone.post("/my/booking/away/", data={"away": f"{child.id}:{LOCKED}"}, follow_redirects=True)
    assert done(page) == ["Poissaolo on ilmoitettu: Aino, 3.6.2026."]
    assert [one.kind for one in db.session.scalars(select(Absence))] == [AbsenceKind.OTHER]
    assert booked() == [(LOCKED, "08:00-16:00")]
    address = f"/my/booking/day/?child={child.id}&day={LOCKED}"
    form = phone.get(address).text
    shown = re.search(r'name="shown" value="([^"]*)"', form)
    assert shown
    assert 'value="after_all"' in form
    phone.post(address, data={"press": "after_all", "shown": shown[1]})
    assert db.session.scalars(select(Absence)).all() == []
    phone.post(address, data={"press": "away.sick"})
    assert [one.kind for one in db.session.scalars(select(Absence))] == [AbsenceKind.SICK]
    assert "Sairaus" in seen(phone.get(f"/my/booking/?week={LOCKED}"))


def test_several_children_and_days_are_booked_at_once(browser):
    child, _ = family()
    sibling = factories.child(child.guardians[0], first_name="Eino")
    factories.placement(sibling, date(2026, 1, 1), date(2027, 7, 31))
    phone = guardian_of(child, browser)
    assert 'value="2026-06-08"' in phone.get("/my/booking/many/").text  # the first open week
    typed = {"children": [child.id, sibling.id], "first": "2026-06-08", "last": "2026-06-21"}
    page = phone.post("/my/booking/many/", data=typed | week("8", "16", (1, 2), "week"), follow_redirects=True)
    assert done(page) == ["Tallennettu, muuttuneita päiviä: 8."]
    assert len(booked()) == 8
    empty = phone.post("/my/booking/many/", data=typed)
    assert "ainakin yhden viikonpäivän" in " ".join(refused(empty))
    page = phone.post("/my/booking/absent/", data=typed | {"kind": "other"}, follow_redirects=True)
    assert done(page) == ["Poissaolo on ilmoitettu, päiviä: 9."]  # of two weeks, but for Midsummer Eve
    assert booked() == []


def test_a_week_that_repeats_is_kept_and_ended(browser):
    child, _ = family()
    phone = guardian_of(child, browser)
    typed = {"children": [child.id], "start": "2026-06-01"}
    page = phone.post("/my/booking/repeat/", data=typed | week("8", "16", (1,), "week"), follow_redirects=True)
    assert "5 päivää varattu" in done(page)[0]
    assert db.session.scalars(select(BookingPattern)).one().end is None
    assert "8.00" in phone.get("/my/booking/repeat/").text
    page = phone.post("/my/booking/repeat/", data=typed, follow_redirects=True)
    assert done(page) == ["Viikko ei enää toistu. Jo varatut päivät ovat voimassa."]
    assert db.session.scalars(select(BookingPattern)).all() == []


def test_the_month_marks_each_child_and_leads_to_the_week(browser):
    child, _ = family(service_need="hours_120")
    factories.save(Booking(child_id=child.id, day=OPEN, begins=time(8), ends=time(16)))
    phone = guardian_of(child, browser)
    page = phone.get("/my/booking/month/?month=2026-06-01")
    assert "Kesäkuu 2026" in seen(page)
    assert "Aino: 8.00–16.00" in page.text
    assert f"/my/booking/?week={OPEN}" in page.text
    assert "varattu 8 h, sovittu 120 h" in seen(page)
    assert phone.get("/my/booking/month/?month=oops").status_code == 200


def test_another_familys_child_is_not_found(browser):
    child, _ = family()
    stranger, _ = family()
    phone = guardian_of(stranger, browser)
    assert phone.get(f"/my/booking/day/?child={child.id}&day={OPEN}").status_code == 404
    assert phone.post("/my/booking/away/", data={"away": f"{child.id}:{OPEN}"}).status_code == 404
    assert phone.post("/my/booking/away/", data={"away": "x"}).status_code == 404
    page = phone.post("/my/booking/many/", data={
        "children": [child.id], "first": "2026-06-08", "last": "2026-06-08"} | week("8", "16", (1,), "week"))
    assert refused(page)
    assert booked() == []


def test_the_first_page_tells_of_a_week_that_is_not_booked(browser):
    child, _ = family()
    phone = guardian_of(child, browser)
    assert "Viikon 24 hoitoajat" in seen(phone.get("/my/"))
    for n in range(5):
        factories.save(Booking(child_id=child.id, day=date(2026, 6, 8 + n), begins=time(8), ends=time(16)))
    keep()
    assert "Viikon 24 hoitoajat" not in seen(phone.get("/my/"))


def test_where_bookings_are_not_in_use_absences_keep_their_own_tab(browser):
    child, _ = family(unit=factories.unit(features=[Feature.ABSENCES]))
    page = guardian_of(child, browser).get("/my/").text
    assert "/my/attendance/" in page
    assert 'href="/my/booking/' not in page


@pytest.mark.parametrize(("language", "words"), [("sv", "inte bokat"), ("en", "not booked")])
def test_the_week_in_swedish_and_english(browser, language, words):
    child, _ = family()
    phone = browser(factories.user("guardian", person=child.guardians[0], language=language))
    assert words in seen(phone.get(f"/my/booking/?week={OPEN}"))


# -- the unit ---------------------------------------------------------------------------------------------


def board():
    child, place = family()
    group = factories.group(place.unit)
    factories.in_group(place, group)
    other = factories.child(first_name="Otso", last_name="Salo")
    factories.in_group(factories.placement(other, date(2026, 1, 1), unit=place.unit), group)
    return child, other, place, group


def shown_in(page) -> dict[str, str]:
    """The hidden fields of a page with what they hold."""
    return dict(re.findall(r'type="hidden" name="((?:was|had)-[^"]+)" value="([^"]*)"', page.text))


def test_the_staff_types_over_the_week_of_its_group(browser):
    child, other, place, group = board()
    staff = browser(factories.user("staff", place.unit, group))
    address = f"/office/booking/?group={group.id}&week={OPEN}"
    page = staff.get(address)
    assert "0 tulee, 0 poissa, 2 ei tietoa" in seen(page)
    tuesday = date(2026, 6, 9)
    typed = shown_in(page) | {f"{child.id}-{OPEN}": "8-12, 14-16", f"{other.id}-{OPEN}": "sairas",
                              f"{child.id}-{tuesday}": "", f"{other.id}-{tuesday}": "", f"all-{tuesday}": "8.30-15"}
    page = staff.post(address, data=typed, follow_redirects=True)
    assert done(page) == ["Tallennettu, muuttuneita päiviä: 4."]
    assert booked() == [(OPEN, "08:00-12:00"), (OPEN, "14:00-16:00"), *[(tuesday, "08:30-15:00")] * 2]
    assert [one.kind for one in db.session.scalars(select(Absence))] == [AbsenceKind.SICK]
    assert "1 tulee, 1 poissa, 0 ei tietoa" in seen(page)
    stale = staff.post(address, data=typed | {f"{child.id}-{OPEN}": "9-15"})
    assert "Joku muu on juuri muuttanut" in " ".join(refused(stale))


def test_a_cell_that_nobody_understands_is_marked_and_the_rest_is_kept(browser):
    child, other, place, group = board()
    staff = browser(factories.user("director", place.unit))
    address = f"/office/booking/?group={group.id}&week={OPEN}"
    typed = shown_in(staff.get(address)) | {f"{child.id}-{OPEN}": "8-kahteen", f"{other.id}-{OPEN}": "8-14"}
    page = staff.post(address, data=typed)
    assert "Ei ymmärretty: 8-kahteen" in seen(page)
    assert 'value="8-14"' in page.text
    assert booked() == []


def test_another_units_group_is_not_found_and_readers_type_nothing(browser):
    child, _, _place, group = board()
    stranger = browser(factories.user("director", factories.unit()))
    assert stranger.get(f"/office/booking/?group={group.id}").status_code == 404
    reader = browser(factories.user("service_worker"))
    page = reader.get(f"/office/booking/?group={group.id}&week={OPEN}")
    assert page.status_code == 200
    assert f'name="{child.id}-' not in page.text
    assert reader.post(f"/office/booking/?group={group.id}&week={OPEN}", data={}).status_code == 403


def test_a_group_of_thirty_asks_as_often_as_a_group_of_two(browser):
    _, _, place, group = board()
    staff = browser(factories.user("director", place.unit))
    address = f"/office/booking/?group={group.id}&week={OPEN}"
    staff.get(address)
    with statements() as few:
        staff.get(address)
    for _ in range(28):
        factories.in_group(factories.placement(factories.child(), date(2026, 1, 1), unit=place.unit), group)
    keep()
    with statements() as many:
        staff.get(address)
    assert len(many) == len(few)


@pytest.mark.parametrize(("typed", "asked"), [
    ("", Asked(Ask.NOTHING)), ("-", Asked(Ask.NOTHING)), ("poissa", Asked(Ask.AWAY)), ("P", Asked(Ask.AWAY)),
    ("borta", Asked(Ask.AWAY)), ("Sairas", Asked(Ask.AWAY, kind=AbsenceKind.SICK)), ("comes", Asked(Ask.PRESENT)),
    ("8-16", Asked(Ask.TIMES, (Span(time(8), time(16)),))),
    ("8.30 – 12, 13:15–15.45", Asked(Ask.TIMES, (Span(time(8, 30), time(12)), Span(time(13, 15), time(15, 45))))),
    ("20-24", Asked(Ask.TIMES, (Span(time(20), time(23, 59)),))),
])
def test_what_is_meant_by_a_cell(app, typed, asked):
    with app.test_request_context():
        assert asked_of(typed) == asked


def test_agreed_hours_are_entered_on_the_childs_file(browser):
    child, place = family()
    director = browser(factories.user("director", place.unit))
    page = press(director, f"/office/person/do/booking.agree_times/?id={child.id}", start="2026-06-02",
                 **week("8", "16", (1, 2, 3, 4), "week"))
    assert done(page)
    listed = seen(director.get("/office/times/"))
    assert "Epäsäännöllinen" in listed or "2.6.2026" in listed
    phone = guardian_of(child, browser)
    calendar = phone.get("/my/booking/")
    assert "sopimusaika muuttuu: Aino" in seen(calendar)
    notice = re.search(r'name="notice" value="(\d+)"', calendar.text)
    assert notice
    after = phone.post("/my/booking/seen/", data={"notice": notice[1]}, follow_redirects=True)
    assert "sopimusaika muuttuu" not in seen(after)


# -- the calendar's other pages -----------------------------------------------------------------------------


def test_a_family_takes_a_time_for_a_talk_and_gives_it_back(browser, at):
    child, place = family()
    slot = factories.talk(place.unit)
    phone = guardian_of(child, browser)
    assert "Valitse keskusteluaika" in seen(phone.get("/my/"))
    page = phone.post("/my/event/", data={"press": "book", "time": slot.id, "child": child.id}, follow_redirects=True)
    assert done(page) == ["Aika on varattu."]
    assert "Voit perua ajan viimeistään 8.6.2026." in seen(page)
    number = slot.id
    user = db.session.scalars(select(User).where(User.person_id == child.guardians[0].id)).one()
    at("2026-06-09")
    phone = browser(user)
    late = phone.get("/my/event/")
    assert "Soita yksikköön" in seen(late)
    assert f"cancel.{number}" not in late.text
    page = phone.post("/my/event/", data={"press": f"cancel.{number}"}, follow_redirects=True)
    assert "viimeistään 8.6.2026" in " ".join(refused(page))  # the server holds the line, not the page
    at("2026-06-08")
    page = browser(user).post("/my/event/", data={"press": f"cancel.{number}"}, follow_redirects=True)
    assert done(page) == ["Aika on peruttu."]
    stranger, _ = family()
    assert guardian_of(stranger, browser).post("/my/event/", data={
        "press": "book", "time": number, "child": stranger.id}).status_code == 404


def test_a_family_answers_a_questionnaire(browser):
    child, _ = family()
    row = factories.questionnaire()
    option = factories.save(QuestionnaireOption(questionnaire_id=row.id, start=date(2026, 7, 6), end=date(2026, 7, 10)))
    phone = guardian_of(child, browser)
    assert "Kesä" in seen(phone.get("/my/"))
    typed = {"questionnaire": row.id, "child": child.id}
    page = phone.post("/my/holiday_period/", data=typed | {"period": option.id}, follow_redirects=True)
    assert "5 päivälle" in done(page)[0]
    assert db.session.scalars(select(QuestionnaireAnswer)).one().periods == [["2026-07-06", "2026-07-10"]]
    assert refused(phone.post("/my/holiday_period/", data=typed))
    stranger, _ = family()
    assert guardian_of(stranger, browser).post("/my/holiday_period/", data=typed | {
        "period": option.id}).status_code == 404


def test_the_administrator_makes_a_holiday_and_is_told_what_went(browser):
    child, _ = family()
    factories.save(Booking(child_id=child.id, day=date(2026, 7, 8), begins=time(8), ends=time(16)))
    admin = browser(factories.user("admin"))
    typed = {"start": "2026-07-06", "end": "2026-07-19", "opens": "2026-06-05", "closes": "2026-06-20"}
    wrong = admin.post("/office/holiday_period/new/", data=typed | {"closes": "2026-06-01"}, follow_redirects=True)
    assert "ennen kuin se alkaa" in " ".join(refused(wrong))
    page = admin.post("/office/holiday_period/new/", data=typed, follow_redirects=True)
    assert "varauksia 1, poissaoloja 0" in seen(page)
    assert booked() == []


def test_a_guardian_applies_for_a_long_absence_and_the_director_answers(browser):
    child, place = family()
    phone = guardian_of(child, browser)
    page = press(phone,
                 f"/my/attendance/do/attendance.apply_leave/?id={child.id}",
                 first="2026-08-17", last="2026-08-28", reason="Matka isovanhempien luo")
    assert done(page)
    director = browser(factories.user("director", place.unit))
    row = db.session.scalars(select(AbsenceApplication)).one()
    listed = director.get("/office/absence_application/")
    assert child.last_name in seen(listed)
    page = press(director, f"/office/absence_application/do/accept_application/?id={row.id}")
    assert done(page)
    assert len(db.session.scalars(select(Absence)).all()) == 10
    assert "Hyväksytty" in seen(phone.get("/my/absence_application/"))


def test_a_week_is_saved_by_indexes_however_large_the_city_is(browser):
    """What reads all placements or all bookings of a city for one family took three quarters of a page."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("the plan of a small table is no plan of a large one on PostgreSQL")
    child, _ = family()
    phone = guardian_of(child, browser)
    typed = {"children": [child.id], "first": "2026-06-08", "last": "2026-06-12"}
    assert phone.post("/my/booking/many/", data=typed | week("8", "16", (1, 2), "week")).status_code == 302
    asked = []

    def hear(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        assert phone.post("/my/booking/many/", data=typed | week("9", "15", (1, 2), "week")).status_code == 302
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)
    plans = [step for statement, parameters in asked if re.match(r"\s*(SELECT|UPDATE|DELETE)", statement)
             for *_, step in db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert any("booking" in step for step in plans)
    assert [step for step in plans if re.match(r"SCAN (booking|placement|person|guardian|absence)\b", step)] == []
