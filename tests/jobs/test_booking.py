"""The jobs of bookings, absences and the calendar: each does its work once, and nothing the second time."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy import func, select

from evaka.access import Actor
from evaka.actions import booking as act
from evaka.actions.booking import times as agreed
from evaka.jobs.attendance import CLEAR_ABSENCES, MARK_UNEXPLAINED
from evaka.jobs.booking import CLEAR, FILL, GENERATE, REMIND_HOLIDAY, REMIND_WEEK
from evaka.jobs.calendar import CLOSE, REMIND_TALKS, TELL_EVENTS
from evaka.jobs.job import run
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.booking import Booking, BookingReminder
from evaka.models.calendar.event import DiscussionBooking
from evaka.models.calendar.holiday_period import HolidayPeriod
from evaka.models.journal import AuditEvent, Email
from evaka.models.placement import Placement
from evaka.models.presence import Presence
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter
from evaka.rules.booking import Span
from evaka.rules.booking.day import Ask, Asked
from evaka.rules.unit import Hours, Week
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
WEEK = [date(2026, 6, day) for day in (8, 9, 10, 11, 12)]  # locks on the first of June at 13.00


def family(**place):
    child = factories.child()
    placement = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), **place)
    keep()
    return child, placement


def booking(child, day: date, *, timed: bool = True) -> Booking:
    row = factories.save(Booking(child_id=child.id, day=day, begins=time(8) if timed else None,
                                 ends=time(16) if timed else None))
    keep()
    return row


def mailed() -> list[str]:
    return list(db.session.scalars(select(Email.text).order_by(Email.id)))


def moment(by, day: str, hour: int) -> Actor:
    at = by(day=day)
    return Actor(None, at.now.replace(hour=hour))


def test_18_families_are_reminded_early_enough_and_once(by):
    complete, _ = family()
    for day in WEEK:
        booking(complete, day, timed=day != WEEK[0])  # without times is an answer too
    gaps, _ = family()
    factories.guardian_of(gaps)
    factories.guardian_of(gaps, email="")
    for day in WEEK[1:]:
        booking(gaps, day)
    family(care_type="preschool", unit=factories.unit(care_types=["preschool"]))  # follows the term
    assert run(REMIND_WEEK, moment(by, "2026-05-29", 12)).done == 0  # three days before the lock at one o'clock
    run(REMIND_WEEK, moment(by, "2026-05-29", 14))
    assert mailed() == ["booking_waits"] * 2
    run(REMIND_WEEK, moment(by, "2026-05-30", 9))
    assert mailed() == ["booking_waits"] * 2
    assert {row.day for row in db.session.scalars(select(BookingReminder))} == {WEEK[0]}


def test_a_holiday_that_is_not_answered_is_reminded_of_two_days_before_its_last_day(by):
    child, _ = family()
    factories.save(HolidayPeriod(start=date(2026, 7, 6), end=date(2026, 7, 10), opens=date(2026, 5, 1),
                                 closes=date(2026, 6, 10), made_at=factories.NOON))
    keep()
    assert run(REMIND_HOLIDAY, by(day="2026-06-07")).done == 0
    for _ in range(2):
        run(REMIND_HOLIDAY, by(day="2026-06-08"))
    assert mailed() == ["booking_waits"]
    answered, _ = family()
    for day in range(6, 11):
        booking(answered, date(2026, 7, day), timed=False)
    run(REMIND_HOLIDAY, by(day="2026-06-09"))
    assert mailed() == ["booking_waits"]
    assert child.id != answered.id


def test_repeating_weeks_fill_the_week_that_has_opened(by):
    child, _ = family()
    act.repeat(child, by(), start=date(2026, 6, 1), week=Week.of(time(8), time(16)))
    keep()
    count = select(func.count()).select_from(Booking)
    before = db.session.scalar(count)
    assert run(FILL, by()).done == 0
    assert run(FILL, by(day="2026-06-08")).done == 1
    assert db.session.scalar(count) == before + 5
    assert run(FILL, by(day="2026-06-08")).done == 0


def test_days_without_agreed_hours_follow_the_window_as_it_moves(by):
    child, _ = family()
    hours = Hours(time(8), time(12))
    agreed.agree(child, by(), start=date(2026, 6, 2), week=Week((hours, hours, hours, hours, None, None, None)))
    keep()
    last = select(func.max(Absence.day))
    assert db.session.scalar(last) == date(2026, 8, 28)  # the last Friday of the season
    assert run(GENERATE, by(day="2026-06-30")).done == 1
    assert db.session.scalar(last) == date(2027, 7, 30)  # the season has turned; the place ends with July
    assert run(GENERATE, by(day="2026-06-30")).done == 0


def test_bookings_of_a_child_who_has_left_go(by):
    child, place = family()
    booking(child, WEEK[0])
    booking(child, WEEK[1])
    db.session.get_one(Placement, place.id).end = WEEK[0]
    keep()
    assert run(CLEAR, by()).done == 1
    assert list(db.session.scalars(select(Booking.day))) == [WEEK[0]]
    assert run(CLEAR, by()).done == 0


def test_a_booked_day_that_nobody_explains_is_an_absence_where_presence_is_noted(by):
    day = date(2026, 6, 2)
    missing, place = family()
    there, _ = family(unit=place.unit)
    ill, _ = family(unit=place.unit)
    unnoted, _ = family()  # a unit that notes nobody's presence
    for child in (missing, there, ill, unnoted):
        booking(child, day)
    factories.save(Presence(child_id=there.id, unit_id=place.unit_id, day=day, arrived=time(8), left=time(15)))
    factories.absence(ill, day)
    keep()
    assert run(MARK_UNEXPLAINED, by(day="2026-06-02")).done == 0  # the day is not over
    assert run(MARK_UNEXPLAINED, by(day="2026-06-04")).done == 1  # a night was missed
    rows = db.session.scalars(select(Absence).where(Absence.kind == AbsenceKind.UNKNOWN)).all()
    assert [(row.child_id, row.day, row.reported_by) for row in rows] == [(missing.id, day, Reporter.SYSTEM)]
    assert run(MARK_UNEXPLAINED, by(day="2026-06-04")).done == 0
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "attendance.unexplained")).one()
    assert line.person_id == missing.id


def test_closures_are_carried_out_once(by):
    child, place = family()
    act.book(child, by(), days={WEEK[0]: Asked(Ask.TIMES, (Span(time(8), time(16)),))})
    factories.closure(place.unit, WEEK[0])
    keep()
    for _ in range(2):
        run(CLOSE, by())
    assert db.session.scalars(select(Booking)).all() == []
    assert mailed() == ["closure_waits"]


def test_events_are_told_of_and_talks_reminded_of_once(by):
    child, place = family()
    slot = factories.talk(place.unit)
    factories.save(DiscussionBooking(time_id=slot.id, event_id=slot.event_id, child_id=child.id,
                                     booked_at=factories.NOON))
    keep()
    for _ in range(2):
        run(TELL_EVENTS, by())
    assert mailed() == ["event_waits"]
    assert run(REMIND_TALKS, by(day="2026-06-07")).done == 0
    for _ in range(2):
        run(REMIND_TALKS, by(day="2026-06-08"))
    assert mailed() == ["event_waits", "talk_waits"]


def test_absences_to_come_of_who_has_left_or_has_no_such_part_of_the_day_go(by):
    child, place = family()
    for day in (WEEK[0], WEEK[4]):
        factories.absence(child, day)
    other = factories.absence(child, WEEK[1])
    other.category = AbsenceCategory.NONBILLABLE  # its care was pre-primary education before
    place.end = place.needs[0].end = WEEK[3]
    past = factories.absence(child, date(2026, 5, 29))
    keep()
    for done in (2, 0):
        assert run(CLEAR_ABSENCES, by()).done == done
    assert set(db.session.scalars(select(Absence.day))) == {past.day, WEEK[0]}
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "attendance.cleared")).one()
    assert (line.person_id, line.facts["days"]) == (child.id, [WEEK[1].isoformat(), WEEK[4].isoformat()])
