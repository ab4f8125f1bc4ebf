"""Where a child is, what does not go by its booked times, and what the night makes of an open row."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from evaka.kit.errors import Refused
from evaka.rules.presence import (
    Flag,
    TabletPolicy,
    TileState,
    by_day,
    check_tap,
    check_times,
    check_until,
    flags,
    joined,
    minute,
    night_rows,
    stays_overnight,
    tile_state,
)

HELSINKI = ZoneInfo("Europe/Helsinki")
TODAY, YESTERDAY = date(2026, 6, 2), date(2026, 6, 1)
TOLERANCE = TabletPolicy(code_minutes=60, tap_hours=12, tolerance_minutes=15).tolerance


def at(clock: str, day: date = TODAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), HELSINKI)


NIGHT = [(at("20:50", YESTERDAY), at("23:59", YESTERDAY)), (at("00:00"), at("06:00"))]


@pytest.mark.parametrize(
    ("spans", "away", "now", "state"),
    [
        ([], False, "08:00", TileState.COMING),
        ([], True, "08:00", TileState.AWAY),
        ([(at("08:00"), None)], True, "09:00", TileState.HERE),
        ([(at("08:00"), at("12:00"))], False, "16:00", TileState.LEFT),
        ([(at("08:00", YESTERDAY), at("15:00", YESTERDAY))], False, "07:00", TileState.COMING),
        ([(at("08:00"), at("10:00")), (at("12:00"), None)], False, "13:00", TileState.HERE),
        (NIGHT, False, "06:20", TileState.LEFT),  # twenty minutes ago
        (NIGHT, False, "06:40", TileState.COMING),  # forty minutes ago
    ],
)
def test_where_a_child_is(spans, away, now, state):
    assert tile_state(spans, away=away, now=at(now)) is state


def test_a_night_is_one_span_and_two_mornings_are_two():
    assert joined(NIGHT) == [(at("20:50", YESTERDAY), at("06:00"))]
    two = [(at("08:00"), at("10:00")), (at("10:00"), at("11:00"))]
    assert joined(two) == two
    assert joined([]) == []


@pytest.mark.parametrize(
    ("booked", "state", "arrived", "now", "found"),
    [
        ([], TileState.COMING, None, "12:00", set()),
        ([(time(8), time(16))], TileState.COMING, None, "08:15", set()),
        ([(time(8), time(16))], TileState.COMING, None, "08:16", {Flag.LATE}),
        ([(time(8), time(16))], TileState.AWAY, None, "09:00", set()),
        ([(time(8), time(16))], TileState.HERE, time(7, 44), "09:00", {Flag.EARLY}),
        ([(time(8), time(16))], TileState.HERE, time(7, 45), "09:00", set()),
        ([(time(8), time(16))], TileState.HERE, time(8), "16:16", {Flag.OVERDUE}),
        ([(time(8), time(10)), (time(13), time(16))], TileState.HERE, time(8), "12:00", set()),
        ([(time(8), time(16))], TileState.LEFT, time(8), "18:00", set()),
    ],
)
def test_what_does_not_go_by_the_booked_times(booked, state, arrived, now, found):
    assert flags(booked, state, arrived, at(now), TOLERANCE) == found


def test_a_stay_over_two_midnights_is_a_row_a_day():
    assert list(by_day(at("20:50", date(2026, 5, 31)), at("06:10"))) == [
        (date(2026, 5, 31), time(20, 50), time(23, 59)),
        (YESTERDAY, time(0), time(23, 59)),
        (TODAY, time(0), time(6, 10)),
    ]
    assert list(by_day(at("08:00"), at("15:00"))) == [(TODAY, time(8), time(15))]


def test_the_night_ends_what_is_open_and_lets_night_care_go_on():
    open_row = at("08:10", YESTERDAY)
    assert night_rows(open_row, TODAY, goes_on=False) == [(YESTERDAY, time(8, 10), time(23, 59))]
    assert night_rows(open_row, TODAY, goes_on=True) == [
        (YESTERDAY, time(8, 10), time(23, 59)), (TODAY, time(0), None)]
    assert night_rows(open_row, YESTERDAY, goes_on=False) == [(YESTERDAY, time(8, 10), None)]


@pytest.mark.parametrize(
    ("hours", "shift_care", "placed", "stays"),
    [
        ((time(0), time(23, 59)), True, True, True),
        ((time(5), time(22)), True, True, False),
        (None, True, True, False),
        ((time(0), time(23, 59)), False, True, False),
        ((time(0), time(23, 59)), True, False, False),
    ],
)
def test_who_may_be_there_over_midnight(hours, shift_care, placed, stays):
    assert stays_overnight(hours, shift_care=shift_care, placed=placed) is stays


def test_a_tap_that_waited_too_long_is_refused():
    check_tap(at("08:00"), at("20:00"), 12)
    with pytest.raises(Refused) as no:
        check_tap(at("07:59"), at("20:00"), 12)
    assert (no.value.key, no.value.facts["hours"]) == ("presence.too_old", 12)


@pytest.mark.parametrize(
    ("day", "arrived", "left", "key"),
    [
        (date(2026, 6, 3), time(8), time(9), "presence.in_future"),
        (YESTERDAY, time(9), time(9), "presence.leaves_first"),
        (YESTERDAY, time(9), None, "presence.must_end"),
        (TODAY, time(12, 1), None, "presence.not_yet"),
        (TODAY, time(8), time(12, 1), "presence.not_yet"),
    ],
)
def test_times_that_cannot_have_been(day, arrived, left, key):
    with pytest.raises(Refused) as no:
        check_times(day, arrived, left, at("12:00"))
    assert no.value.key == key


def test_times_that_were():
    check_times(TODAY, time(8), None, at("12:00"))
    check_times(YESTERDAY, time(8), time(23, 59), at("12:00"))


def test_a_note_lasts_some_days():
    check_until(TODAY, TODAY, 7)
    check_until(date(2026, 6, 9), TODAY, 7)
    for until, key in ((YESTERDAY, "presence.note_past"), (date(2026, 6, 10), "presence.note_too_long")):
        with pytest.raises(Refused) as no:
            check_until(until, TODAY, 7)
        assert no.value.key == key


def test_rows_hold_whole_minutes():
    assert minute(at("08:10").replace(second=59, microsecond=7)) == at("08:10")
