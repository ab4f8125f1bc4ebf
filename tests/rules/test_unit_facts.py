"""What must hold of a unit and its groups: hours, points, periods, adults over time, features."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.unit import (
    Feature,
    Hours,
    Week,
    check_apply,
    check_closing,
    check_feature,
    check_group_end,
    check_opening,
    check_point,
    check_preschool,
    check_unused,
    ended_by,
    least_and_most,
    opening_words,
)

D = Decimal
DAY = Week.of(time(6, 30), time(17))
LONG = Week.of(time(5), time(22), range(1, 8))
NEVER = Week((None,) * 7)
YEAR = DateRange(date(2026, 1, 1), date(2026, 12, 31))


def refusal(deed, *given, **named):
    with pytest.raises(Refused) as no:
        deed(*given, **named)
    return no.value


# -- a week of opening ----------------------------------------------------------------------------


def test_a_week_is_written_and_read_again():
    saturday = Week((*DAY.days[:5], Hours(time(8), time(14)), None))
    assert Week.read(str(saturday)) == saturday
    assert saturday.weekdays == {1, 2, 3, 4, 5, 6}
    assert saturday.on(6) == Hours(time(8), time(14))
    assert saturday.on(7) is None


def test_neighbouring_days_with_the_same_hours_are_one_run():
    week = Week((DAY.on(1), DAY.on(1), None, DAY.on(1), Hours(time(7), time(15)), None, None))
    assert week.runs() == [(1, 2, DAY.on(1)), (4, 4, DAY.on(1)), (5, 5, Hours(time(7), time(15)))]
    assert NEVER.runs() == []


def test_a_unit_does_not_close_before_it_opens_and_a_week_has_seven_days():
    with pytest.raises(ValueError, match="cannot close"):
        Hours(time(17), time(17))
    with pytest.raises(ValueError, match="seven days"):
        Week((None,) * 6)


@pytest.mark.parametrize(
    ("shift", "day"),
    [
        (LONG, None),
        (DAY, None),
        (Week.of(time(5), time(22), {1, 2, 4, 5}), 3),  # closed on a day of ordinary care
        (Week.of(time(7), time(22)), 1),  # opens later
        (Week.of(time(5), time(16, 59)), 1),  # closes earlier
    ],
)
def test_shift_care_holds_the_ordinary_hours(shift, day):
    assert shift.outside(DAY) == day


def test_hours_are_written_as_in_finland():
    assert opening_words(DAY, 1) == "6.30–17.00"
    assert opening_words(DAY, 7) == ""


# -- what must hold of a unit ---------------------------------------------------------------------


def test_a_unit_that_can_be_is_not_refused():
    check_opening(DAY, None, open_on_holidays=False)
    check_opening(DAY, LONG, open_on_holidays=True)
    check_preschool(["daycare"], None, None)
    check_preschool(["daycare", "preschool"], time(9), time(13))
    check_point(None, None)
    check_point(D("60.17"), D("24.94"))
    check_apply("x", None, None)
    check_apply("x", date(2026, 8, 1), None)
    check_apply("x", date(2026, 8, 1), date(2026, 8, 1))


@pytest.mark.parametrize(
    ("opening", "shift", "holidays", "key"),
    [
        (NEVER, None, False, "unit.never_open"),
        (DAY, None, True, "unit.holidays_without_shift"),
        (DAY, Week.of(time(8), time(22)), False, "unit.shift_outside"),
    ],
)
def test_opening_hours_that_cannot_be(opening, shift, holidays, key):
    assert refusal(check_opening, opening, shift, open_on_holidays=holidays).key == key


def test_the_day_whose_hours_do_not_fit_is_told():
    no = refusal(check_opening, DAY, Week.of(time(5), time(22), {1, 2, 3, 4}), open_on_holidays=False)
    assert no.facts == {"day": "weekday.5", "hours": "6.30–17.00"}


@pytest.mark.parametrize(
    ("care_types", "start", "end", "key"),
    [
        (["preschool"], None, None, "unit.preschool_without_hours"),
        (["daycare", "preschool_daycare"], time(9), None, "unit.preschool_without_hours"),
        (["daycare"], None, time(13), "unit.preschool_without_hours"),
        (["preschool"], time(13), time(13), "unit.preschool_hours"),
    ],
)
def test_pre_primary_education_has_its_daily_hours(care_types, start, end, key):
    assert refusal(check_preschool, care_types, start, end).key == key


@pytest.mark.parametrize(
    ("latitude", "longitude", "key"),
    [
        (D("60.17"), None, "unit.half_a_point"),
        (None, D("24.94"), "unit.half_a_point"),
        (D("24.94"), D("60.17"), "unit.point_abroad"),  # changed places
        (D("59.33"), D("18.07"), "unit.point_abroad"),
        (D("71.0"), D("25.0"), "unit.point_abroad"),
        (D("62.0"), D("31.8"), "unit.point_abroad"),
    ],
)
def test_a_point_is_whole_and_in_finland(latitude, longitude, key):
    assert refusal(check_point, latitude, longitude).key == key


@pytest.mark.parametrize(("start", "end"), [(None, date(2026, 8, 1)), (date(2026, 8, 2), date(2026, 8, 1))])
def test_applying_ends_after_it_begins(start, end):
    assert refusal(check_apply, "unit.apply.club", start, end).facts == {"kind": "unit.apply.club"}


@pytest.mark.parametrize(
    ("check", "early", "open_"),
    [
        (check_closing, "unit.closes_too_early", "unit.closes_with_places"),
        (check_group_end, "unit.group_ends_too_early", "unit.group_ends_with_children"),
    ],
)
def test_nothing_ends_before_its_last_child(check, early, open_):
    check(YEAR, None)
    check(YEAR, date(2026, 12, 31))
    check(DateRange(date(2026, 1, 1)), date.max)
    assert refusal(check, YEAR, date(2027, 1, 1)).key == early
    assert refusal(check, YEAR, date.max).key == open_


def test_a_group_on_which_something_hangs_is_kept():
    check_unused("Siilit", set())
    assert refusal(check_unused, "Siilit", {"journal.subject.thread"}).key == "unit.group_in_use"


def test_a_feature_that_is_not_open_is_refused_in_its_own_words():
    check_feature("Lokki", ["messages"], Feature.MESSAGES)
    assert refusal(check_feature, "Lokki", ["messages"], Feature.ABSENCES).key == "unit.not_open.absences"


# -- adults over time -----------------------------------------------------------------------------


def test_a_new_amount_ends_the_one_within_which_it_begins():
    """3 from 1.1. and 5 from 1.6.: 3 until 31.5."""
    rows = {1: DateRange(date(2026, 1, 1)), 2: DateRange(date(2025, 1, 1), date(2025, 12, 31))}
    assert ended_by(rows, DateRange(date(2026, 6, 1))) == 1
    assert ended_by(rows, DateRange(date(2024, 6, 1), date(2024, 12, 31))) is None
    assert ended_by({}, DateRange(date(2026, 6, 1))) is None


@pytest.mark.parametrize(
    ("new", "key"),
    [
        (DateRange(date(2026, 3, 1)), "unit.adults_same_start"),
        (DateRange(date(2026, 2, 1)), "unit.adults_run_into"),
        (DateRange(date(2026, 2, 1), date(2026, 3, 1)), "unit.adults_run_into"),
    ],
)
def test_a_new_amount_does_not_run_into_another(new, key):
    assert refusal(ended_by, {1: DateRange(date(2026, 3, 1))}, new).key == key


def test_the_least_and_the_most_adults_of_groups_and_of_their_unit():
    """A: 3, from 1.2. 5, from 1.4. 4.  B: 3, from 1.3. 1, from 1.4. 3.  C: 4, from 1.2. 6, ends 30.4.

    Together: January 10, February 14, March 12, April 13, May 7.
    """

    def rows(*amounts, last=None):
        starts = [date(2026, month, 1) for month, _ in amounts]
        ends = [date.fromordinal(start.toordinal() - 1) for start in starts[1:]] + [last]
        return [(DateRange(start, end), D(n)) for (_, n), start, end in zip(amounts, starts, ends, strict=True)]

    a, b = rows((1, 3), (2, 5), (4, 4)), rows((1, 3), (3, 1), (4, 3))
    c = rows((1, 4), (2, 6), last=date(2026, 4, 30))
    spring = DateRange(date(2026, 1, 1), date(2026, 6, 1))
    assert least_and_most([a], spring) == (3, 5)
    assert least_and_most([b], spring) == (1, 3)
    assert least_and_most([c], spring) == (0, 6)
    assert least_and_most([a, b, c], spring) == (7, 14)
    assert least_and_most([a, b, c], DateRange(date(2026, 1, 1), date(2026, 4, 30))) == (10, 14)


def test_no_groups_have_no_adults():
    assert least_and_most([], YEAR) == (0, 0)
    assert least_and_most([[(DateRange(date(2027, 1, 1)), D(3))]], YEAR) == (0, 0)
