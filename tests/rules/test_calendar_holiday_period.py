"""Holidays, questionnaires and talks: phases, who is asked, what may be answered, until when a talk is cancelled."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.calendar.event import check_bookable, check_cancel, last_cancel_day, overlap, slots
from evaka.rules.calendar.holiday_period import (
    Holiday,
    Phase,
    Question,
    QuestionnaireKind,
    check_answer,
    check_holiday,
    choices,
    is_free,
    joined,
    may_answer,
    phase_of,
)


def days(first: str, last: str | None) -> DateRange:
    return DateRange(date.fromisoformat(first), date.fromisoformat(last) if last else None)


def refusal(call, *given) -> str:
    with pytest.raises(Refused) as no:
        call(*given)
    return no.value.key


JULY = Holiday(days("2026-07-06", "2026-07-19"), date(2026, 6, 5), date(2026, 6, 20))


@pytest.mark.parametrize(("today", "phase"), [
    ("2026-06-04", Phase.NOT_YET), ("2026-06-05", Phase.OPEN), ("2026-06-20", Phase.OPEN), ("2026-06-21", Phase.CLOSED),
])
def test_the_phases_of_a_holiday(today, phase):
    place = [days("2026-01-01", None)]
    assert phase_of([JULY], date(2026, 7, 6), place, date.fromisoformat(today)) is phase
    assert phase_of([JULY], date(2026, 7, 20), place, date.fromisoformat(today)) is Phase.NONE


def test_who_had_no_place_while_it_was_answered_is_not_bound():
    newcomer = [days("2026-06-21", None)]
    assert phase_of([JULY], date(2026, 7, 6), newcomer, date(2026, 6, 22)) is Phase.NONE


@pytest.mark.parametrize(("given", "key"), [
    ((days("2026-06-28", "2026-07-05"), "2026-06-01", "2026-06-10"), "holiday_period.too_soon"),
    ((days("2026-07-06", "2026-07-19"), "2026-06-20", "2026-06-10"), "holiday_period.closes_first"),
    ((days("2026-07-06", "2026-07-19"), "2026-06-20", "2026-07-07"), "holiday_period.closes_late"),
    ((days("2026-07-06", "2026-10-19"), "2026-06-10", "2026-06-20"), "holiday_period.too_long"),
])
def test_what_a_holiday_must_hold(given, key):
    period, opens, closes = given
    holiday = Holiday(period, date.fromisoformat(opens), date.fromisoformat(closes))
    assert refusal(check_holiday, holiday, date(2026, 6, 1)) == key


def test_a_holiday_in_order_is_accepted():
    check_holiday(JULY, date(2026, 6, 1))
    check_holiday(Holiday(days("2026-06-29", "2026-10-11"), date(2026, 6, 1), date(2026, 6, 29)), date(2026, 6, 1))


JUNE, AUGUST = days("2026-06-01", "2026-06-28"), days("2026-08-03", "2026-08-30")
ACTIVE = days("2026-04-01", "2026-04-30")
FIXED = Question(QuestionnaireKind.FIXED, ACTIVE, (JUNE, AUGUST))
OPEN = Question(QuestionnaireKind.OPEN, ACTIVE, (days("2026-06-01", "2026-08-31"),), 30)
APRIL = date(2026, 4, 15)


def test_a_family_is_asked_while_the_child_is_placed_for_a_whole_period():
    assert may_answer(FIXED, [days("2026-01-01", "2026-07-31")], APRIL)
    assert choices(FIXED, [days("2026-01-01", "2026-07-31")]) == [JUNE]
    assert choices(FIXED, [days("2026-01-01", "2026-06-15"), days("2026-06-16", None)]) == [JUNE, AUGUST]
    assert not may_answer(FIXED, [days("2026-01-01", "2026-05-31")], APRIL)
    assert not may_answer(FIXED, [days("2026-01-01", None)], date(2026, 5, 1))
    assert may_answer(OPEN, [days("2026-05-15", None)], APRIL)
    assert not may_answer(OPEN, [days("2026-05-16", None)], APRIL)


def test_only_who_has_had_a_place_all_the_time_where_that_is_asked():
    question = Question(QuestionnaireKind.FIXED, ACTIVE, (JUNE,), placed=days("2025-09-01", "2026-05-31"))
    assert may_answer(question, [days("2025-08-01", None)], APRIL)
    assert not may_answer(question, [days("2025-10-01", None)], APRIL)


def test_places_without_a_day_between_are_one():
    parts = [days("2026-03-01", "2026-03-31"), days("2026-01-01", "2026-02-28"), days("2026-05-01", None)]
    assert joined(parts) == [days("2026-01-01", "2026-03-31"), days("2026-05-01", None)]


def test_what_may_be_answered():
    place = [days("2026-01-01", None)]
    check_answer(FIXED, [], place)
    check_answer(FIXED, [JUNE], place)
    assert refusal(check_answer, FIXED, [JUNE, AUGUST], place) == "holiday_period.not_offered"
    assert refusal(check_answer, FIXED, [days("2026-07-01", "2026-07-28")], place) == "holiday_period.not_offered"
    check_answer(OPEN, [days("2026-06-10", "2026-06-12"), days("2026-06-01", "2026-06-09")], place)
    assert refusal(check_answer, OPEN, [days("2026-05-31", "2026-06-12")], place) == "holiday_period.outside"
    both = [days("2026-06-01", "2026-06-10"), days("2026-06-10", "2026-06-12")]
    assert refusal(check_answer, OPEN, both, place) == "holiday_period.own_overlap"


def test_own_days_are_free_from_the_threshold_on():
    assert is_free(OPEN, days("2026-06-01", "2026-06-30"))
    assert not is_free(OPEN, days("2026-06-01", "2026-06-29"))
    assert is_free(FIXED, JUNE)


@pytest.mark.parametrize(("talk", "last"), [
    ("2026-09-30", "2026-09-28"),  # Wednesday: Monday
    ("2026-09-28", "2026-09-24"),  # Monday: Thursday
    ("2026-09-29", "2026-09-27"),  # Tuesday: Sunday
    ("2026-12-28", "2026-12-22"),  # the Monday after Christmas: the 23rd is the working day between
])
def test_a_whole_working_day_lies_between_cancelling_and_the_talk(talk, last):
    day = date.fromisoformat(talk)
    assert last_cancel_day(day) == date.fromisoformat(last)
    check_cancel(day, date.fromisoformat(last))
    assert refusal(check_cancel, day, date.fromordinal(date.fromisoformat(last).toordinal() + 1)) == "event.too_late"


def test_times_of_an_afternoon():
    assert slots(time(13), time(15), 45, 15) == [(time(13), time(13, 45)), (time(14), time(14, 45))]
    assert refusal(slots, time(13), time(13, 30), 45) == "event.no_slots"
    assert refusal(slots, time(13), time(15), 0) == "event.no_minutes"
    for pause in (-30, -5, 241):  # a pause that goes back in time would never come to an end
        assert refusal(slots, time(13), time(15), 30, pause) == "event.bad_pause"
    held = [(date(2026, 9, 28), time(13), time(14))]
    assert overlap(held, date(2026, 9, 28), time(13, 30), time(14, 30))
    assert not overlap(held, date(2026, 9, 28), time(14), time(15))
    check_bookable(date(2026, 9, 28), time(13), datetime.fromisoformat("2026-09-28T12:59"))
    begun = datetime.fromisoformat("2026-09-28T13:00")
    assert refusal(check_bookable, date(2026, 9, 28), time(13), begun) == "event.is_over"
