"""Days and spans of days."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit.dates import DateRange, Timeline, add_months, age, finnish, pieces

AUGUST = DateRange(date(2026, 8, 1), date(2026, 8, 31))
OPEN = DateRange(date(2026, 8, 10))


def test_a_range_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="cannot end"):
        DateRange(date(2026, 8, 2), date(2026, 8, 1))
    assert DateRange(date(2026, 8, 1), date(2026, 8, 1)).days


@pytest.mark.parametrize(
    ("year", "month", "last"),
    [(2026, 8, date(2026, 8, 31)), (2026, 12, date(2026, 12, 31)), (2024, 2, date(2024, 2, 29))],
)
def test_a_month_is_from_its_first_day_to_its_last(year, month, last):
    assert DateRange.month(year, month) == DateRange(date(year, month, 1), last)


@pytest.mark.parametrize(
    ("period", "day", "inside"),
    [
        (AUGUST, date(2026, 7, 31), False),
        (AUGUST, date(2026, 8, 1), True),
        (AUGUST, date(2026, 8, 31), True),
        (AUGUST, date(2026, 9, 1), False),
        (OPEN, date(2026, 8, 9), False),
        (OPEN, date(2999, 1, 1), True),
    ],
)
def test_a_range_holds_both_its_ends(period, day, inside):
    assert (day in period) is inside


def test_the_last_day_of_an_open_range_is_the_last_there_is():
    assert AUGUST.last_day == date(2026, 8, 31)
    assert OPEN.last_day == date.max


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (AUGUST, OPEN, DateRange(date(2026, 8, 10), date(2026, 8, 31))),
        (OPEN, OPEN, OPEN),
        (AUGUST, DateRange(date(2026, 8, 31), date(2026, 9, 5)), DateRange(AUGUST.last_day, AUGUST.last_day)),
        (AUGUST, DateRange(date(2026, 9, 1), date(2026, 9, 5)), None),
        (AUGUST, DateRange(date(2026, 9, 1)), None),
    ],
)  # fmt: skip
def test_two_ranges_share_days_or_do_not_meet(one, other, common):
    assert one & other == common
    assert other & one == common


def test_the_days_of_a_range_are_counted_one_by_one():
    days = list(DateRange(date(2026, 2, 27), date(2026, 3, 1)).days())
    assert days == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]


def test_the_days_of_an_open_range_cannot_be_counted():
    with pytest.raises(ValueError, match="no end"):
        list(OPEN.days())


def test_ranges_and_days_are_written_the_finnish_way():
    assert str(AUGUST) == "1.8.2026–31.8.2026"
    assert str(OPEN) == "10.8.2026–"
    assert finnish(date(2026, 12, 24)) == "24.12.2026"


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 10, 31), 4, date(2027, 2, 28)),
        (date(2023, 10, 31), 4, date(2024, 2, 29)),
        (date(2026, 8, 1), 5, date(2027, 1, 1)),
        (date(2026, 8, 15), 4, date(2026, 12, 15)),
        (date(2026, 1, 31), -2, date(2025, 11, 30)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day, months, later):
    assert add_months(day, months) == later


@pytest.mark.parametrize(
    ("born", "day", "lived"),
    [
        (date(2023, 3, 14), date(2026, 3, 13), (2, 11)),
        (date(2023, 3, 14), date(2026, 3, 14), (3, 0)),
        (date(2024, 2, 29), date(2025, 2, 28), (0, 11)),
        (date(2024, 2, 29), date(2025, 3, 1), (1, 0)),
    ],
)
def test_age_is_whole_years_and_months(born, day, lived):
    assert age(born, day) == lived


def test_time_is_cut_where_a_range_begins_or_ends():
    closed = DateRange(date(2026, 9, 1), date(2026, 9, 30))
    assert [str(piece) for piece in pieces([AUGUST, closed])] == ["1.8.2026–31.8.2026", "1.9.2026–30.9.2026"]
    cut = ["1.8.2026–9.8.2026", "10.8.2026–31.8.2026", "1.9.2026–"]
    assert [str(piece) for piece in pieces([OPEN, AUGUST])] == cut
    assert pieces([]) == []


def test_a_timeline_tells_what_holds_on_a_day():
    line = Timeline([(OPEN, "later"), (AUGUST, "first")])
    assert line.periods() == [AUGUST, OPEN]
    assert line.at(date(2026, 8, 5)) == ["first"]
    assert line.at(date(2026, 8, 20)) == ["first", "later"]
    assert line.at(date(2026, 7, 31)) == []


def test_equal_neighbours_become_one():
    def span(first: int, last: int, value: str) -> tuple[DateRange, str]:
        return DateRange(date(2026, 8, first), date(2026, 8, last)), value

    line = Timeline([span(1, 5, "a"), span(6, 9, "a"), span(10, 12, "b"), span(14, 20, "b")])
    assert line.merged().spans == [span(1, 9, "a"), span(10, 12, "b"), span(14, 20, "b")]
