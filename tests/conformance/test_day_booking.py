"""Published scenarios of a unit's day, reproduced through the actions: bookings, absences, holidays, used hours."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.actions.booking import times as agreed
from evaka.actions.booking.balance import months_of
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import HELSINKI, db
from evaka.models.booking import Booking
from evaka.models.calendar.holiday_period import HolidayPeriod
from evaka.models.placement import ServiceNeedPeriod
from evaka.models.presence import Presence
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.rules.booking import BookingPolicy, Pattern, Span, window
from evaka.rules.booking.day import Ask, Asked
from evaka.rules.booking.used import CareDay, Use, use_of
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.unit import Hours, Week
from tests import factories

pytestmark = pytest.mark.usefixtures("database")

TEACHING = {"preschool_start": time(9), "preschool_end": time(13)}
NEXT = [date(2026, 6, day) for day in (8, 9, 10, 11, 12)]  # an open week on the first of June
LOCKED = date(2026, 6, 3)


def at(hours: str) -> Span:
    """8-16 as a span."""
    begins, ends = (time(*map(int, one.split(":"))) if ":" in one else time(int(one)) for one in hours.split("-"))
    return Span(begins, ends)


def asked(*hours: str) -> Asked:
    return Asked(Ask.TIMES, tuple(map(at, hours)))


def family(by, need: str = "full_day", born: date = date(2022, 5, 1), **place):
    """A child with a place, and the guardian who acts on the first of June at noon: the week from the 8th is open."""
    child = factories.child(born=born)
    placement = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), service_need=need, **place)
    return child, by(factories.user("guardian", person=child.guardians[0])), placement


def staff(by, placement) -> Actor:
    return by(factories.user("director", unit=placement.unit))


def booked(child) -> dict[date, list[str]]:
    found: dict[date, list[str]] = {}
    for row in db.session.scalars(select(Booking).where(Booking.child_id == child.id).order_by(
            Booking.day, Booking.begins)):
        found.setdefault(row.day, []).append(str(row.span) if row.span else "present")
    return found


def away(child) -> dict[date, dict[str, str]]:
    found: dict[date, dict[str, str]] = {}
    for row in db.session.scalars(select(Absence).where(Absence.child_id == child.id).order_by(Absence.day)):
        found.setdefault(row.day, {})[row.category.value] = row.kind.value
    return found


@pytest.mark.parametrize(("now", "first", "last"), [
    ("2021-09-13T17:59", date(2021, 9, 20), date(2022, 8, 31)),  # 1: the minute before the lock
    ("2021-09-13T18:00", date(2021, 9, 27), date(2022, 8, 31)),
    ("2021-06-07T12:00", date(2021, 6, 14), date(2021, 8, 31)),  # 2: the end of the season
    ("2021-06-28T12:00", date(2021, 7, 5), date(2022, 8, 31)),
    ("2025-10-20T17:59", date(2025, 10, 27), date(2026, 8, 31)),  # 3: the clock is set back in between
    ("2025-10-20T18:00", date(2025, 11, 3), date(2026, 8, 31)),
])
def test_1_to_3_the_window_of_a_city_that_locks_on_mondays_at_six(now, first, last):
    city.choose("espoo")
    rules = city.value("bookings", "rules", BookingPolicy)
    moment = datetime.fromisoformat(now).replace(tzinfo=HELSINKI)
    assert window(moment, rules) == DateRange(first, last)


def test_4_an_absence_leaves_the_booking_of_a_locked_day_and_takes_that_of_an_open_one(by):
    child, guardian, place = family(by)
    act.enter(child, staff(by, place), days={LOCKED: asked("8-16"), NEXT[0]: asked("8-16")})
    for day in (LOCKED, NEXT[0]):
        attendance.absent(child, guardian, first=day, last=day, kind=AbsenceKind.OTHER)
    assert booked(child) == {LOCKED: ["08:00-16:00"]}
    assert away(child) == {LOCKED: {"billable": "other"}, NEXT[0]: {"billable": "other"}}


def test_5_a_guardian_books_no_locked_day_and_nothing_of_the_whole_is_saved(by):
    child, guardian, _ = family(by)
    with pytest.raises(Refused) as no:
        act.book(child, guardian, days={NEXT[0]: asked("8-16"), LOCKED: asked("8-16")})
    assert no.value.key == "booking.locked"
    assert booked(child) == {}


def test_6_what_the_unit_has_marked_stands_for_guardians_and_gives_way_to_the_unit(by):
    child, guardian, place = family(by)
    unit = staff(by, place)
    act.enter(child, unit, days={NEXT[0]: Asked(Ask.AWAY)})
    assert act.book(child, guardian, days={NEXT[0]: asked("8-16")}) == {NEXT[0]: "booking.marked_away"}
    assert booked(child) == {}
    assert away(child) == {NEXT[0]: {"billable": "other"}}
    act.enter(child, unit, days={NEXT[0]: asked("8-16")})
    assert booked(child) == {NEXT[0]: ["08:00-16:00"]}
    assert away(child) == {}


def test_7_parts_of_the_day_that_follow_from_times(by):
    unit = factories.unit(care_types=["preschool_daycare"], **TEACHING)
    child, guardian, _ = family(by, "hours_120", date(2020, 3, 1), unit=unit, care_type=CareType.PRESCHOOL_DAYCARE)
    days = [date(2026, 8, day) for day in (17, 18, 19, 20)]  # in term; 120 hours a month are agreed
    act.book(child, guardian, days=dict(zip(days, map(asked, ("9-13", "10-12", "8-12", "13-16")), strict=True)))
    assert away(child) == {
        days[0]: {"billable": "planned"}, days[1]: {"billable": "planned"}, days[3]: {"nonbillable": "other"}}
    assert sorted(booked(child)) == days


def test_8_the_free_hours_of_a_five_year_old(by):
    child, guardian, _ = family(by, "five_full_day", date(2021, 5, 1), care_type=CareType.DAYCARE_5YO)
    act.book(child, guardian, days={
        NEXT[0]: asked("8-16"), NEXT[1]: asked("8-12"), NEXT[2]: asked("10-13:45")})
    assert away(child) == {NEXT[1]: {"billable": "other"}, NEXT[2]: {"billable": "other"}}


def test_9_away_in_time_is_planned_where_days_a_month_were_agreed_and_hours_where_the_city_says_so(by):
    for need, day, kind in (
        ("full_day", NEXT[0], "other"), ("ten_days", LOCKED, "other"), ("ten_days", NEXT[0], "planned"),
        ("hours_120", NEXT[0], "planned"),
    ):
        child, _, place = family(by, need)
        act.enter(child, staff(by, place), days={day: Asked(Ask.AWAY)})
        assert away(child) == {day: {"billable": kind}}, need


def test_11_to_13_used_hours(by):
    child, _, place = family(by, "hours_120")
    by_noon = by(None, "2026-06-10")
    month = months_of([child.id], DateRange.month(2026, 6), by_noon)[child.id].balance
    assert (month.used, month.ahead) == (7 * 342, 0)  # 11: seven days without a mark, 7 200 minutes ÷ 21 each
    act.enter(child, staff(by, place), days={NEXT[0]: asked("9-12")})
    for arrived, left in ((11, 14), (14, 15)):
        factories.save(Presence(child_id=child.id, unit_id=place.unit_id, day=NEXT[0], arrived=time(arrived),
                                left=time(left)))
    month = months_of([child.id], DateRange.month(2026, 6), by_noon)[child.id].balance
    assert month.used == 6 * 342 + 360  # 12: nine to three, once
    act.enter(child, staff(by, place), days={NEXT[2]: asked("9-12")})
    here = factories.save(Presence(child_id=child.id, unit_id=place.unit_id, day=NEXT[2], arrived=time(9)))
    month = months_of([child.id], DateRange.month(2026, 6), by_noon)[child.id].balance
    assert (month.used, month.ahead) == (6 * 342 + 360, 180)  # 13: today is still to come
    here.left = time(12)
    db.session.flush()
    month = months_of([child.id], DateRange.month(2026, 6), by_noon)[child.id].balance
    assert (month.used, month.ahead) == (6 * 342 + 360 + 180, 0)


def test_12_the_hours_of_education_are_free():
    day = CareDay(date(2026, 5, 4), CareType.PRESCHOOL_DAYCARE, teaching=at("9-13"), booked=(at("8-16"),),
                  attended=(at("9-17"),))
    assert use_of(day, hours=120, days=20, today=date(2026, 5, 5)) == Use(240, 60 + 240)


def holiday(opens: date, closes: date) -> HolidayPeriod:
    return factories.save(HolidayPeriod(
        start=date(2026, 7, 6), end=date(2026, 7, 19), opens=opens, closes=closes, made_at=factories.NOON))


DAY = date(2026, 7, 8)


def test_14_before_a_holiday_is_open_nothing_of_it_changes(by):
    child, guardian, place = family(by)
    holiday(date(2026, 6, 5), date(2026, 6, 20))
    for someone, deed in ((guardian, act.book), (staff(by, place), act.enter)):
        for one in (asked("8-16"), Asked(Ask.AWAY)):
            assert deed(child, someone, days={DAY: one}) == {DAY: "booking.holiday_not_open"}
    assert booked(child) == {}
    assert away(child) == {}


def test_15_while_a_holiday_is_open_and_after_its_last_day(by):
    child, guardian, place = family(by)
    row = holiday(date(2026, 5, 20), date(2026, 6, 20))
    act.book(child, guardian, days={DAY: asked("8-16"), date(2026, 7, 9): Asked(Ask.AWAY)})
    assert booked(child) == {DAY: ["present"]}  # no times before it closes
    row.closes = date(2026, 5, 31)
    db.session.flush()
    act.book(child, guardian, days={DAY: asked("8-16")})
    assert booked(child) == {DAY: ["08:00-16:00"]}
    for day in (date(2026, 7, 9), date(2026, 7, 10)):  # away; not answered
        with pytest.raises(Refused) as no:
            act.book(child, guardian, days={day: asked("8-16")})
        assert no.value.key == "booking.holiday_closed"
    with pytest.raises(Refused) as no:
        act.book(child, guardian, days={DAY: Asked(Ask.PRESENT)})
    assert no.value.key == "booking.times_missing"
    act.enter(child, staff(by, place), days={date(2026, 7, 9): asked("9-15"), date(2026, 7, 10): asked("9-15")})
    assert sorted(booked(child)) == [DAY, date(2026, 7, 9), date(2026, 7, 10)]
    assert away(child) == {}


@pytest.mark.parametrize(("shift", "saturday"), [(None, False), (ShiftCare.NONE, False), (ShiftCare.FULL, True)])
def test_21_days_without_agreed_hours_are_absences(by, shift, saturday):
    """Monday, Tuesday, Thursday and Friday are agreed: three Wednesdays stay away, a Saturday only with shift care."""
    week = Week.of(time(6, 30), time(17))
    unit = factories.unit(opening=week, shift_opening=Week.of(time(6, 30), time(17), {1, 2, 3, 4, 5, 6}))
    child = factories.child()
    place = factories.placement(child, date(2026, 6, 1), date(2026, 6, 21), unit=unit)
    need = db.session.scalars(select(ServiceNeedPeriod).where(ServiceNeedPeriod.placement_id == place.id)).one()
    if shift is None:
        db.session.delete(need)
    else:
        need.end = date(2026, 6, 7)
        factories.save(ServiceNeedPeriod(placement_id=place.id, option="full_day", shift_care=shift,
                                         start=date(2026, 6, 8), end=date(2026, 6, 14)))
    db.session.flush()
    office = by(factories.user("admin"))
    wednesdays = [date(2026, 6, day) for day in (3, 10, 17)]
    act.enter(child, office, days={date(2026, 6, 10): asked("8-16"), date(2026, 6, 11): asked("8-16")})
    ill = attendance.absent(child, office, first=wednesdays[2], last=wednesdays[2], kind=AbsenceKind.SICK)
    hours = Hours(time(10), time(12))
    row = agreed.agree(child, office, start=date(2026, 6, 2), week=Week(
        (hours, hours, None, hours, hours, None, None)))
    expected = {*wednesdays, *([date(2026, 6, 13)] if saturday else [])}
    assert set(away(child)) == expected
    assert away(child)[wednesdays[2]] == {"billable": "sick"}  # what people have told stands
    assert booked(child) == {date(2026, 6, 11): ["08:00-16:00"]}
    agreed.generate([child.id], office)  # twice is once
    assert set(away(child)) == expected
    guardian = by(factories.user("guardian", person=child.guardians[0]))
    assert act.book(child, guardian, days={wednesdays[1]: asked("8-16")}) == {wednesdays[1]: "booking.marked_away"}
    agreed.remove_times(row, office)
    assert set(away(child)) == {wednesdays[2]}
    assert ill[0] in db.session


def test_21_public_holidays_are_no_days_of_care(by):
    child = factories.child()
    factories.placement(child, date(2026, 6, 1), date(2026, 6, 30))
    hours = Hours(time(10), time(12))
    agreed.agree(child, by(factories.user("admin")), start=date(2026, 6, 2), week=Week(
        (hours, hours, hours, hours, None, None, None)))
    assert set(away(child)) == {date(2026, 6, day) for day in (5, 12, 26)}  # the 19th is Midsummer Eve


def test_a_pattern_reads_what_it_writes():
    week = Pattern.of([at("8-12"), at("14-16")], {1, 5})
    assert Pattern.read(str(week)) == week
    assert Reporter.SYSTEM == "system"
