"""Public holidays and the days on which units give care."""

from __future__ import annotations

from datetime import date

import pytest

from evaka import city
from evaka.kit.dates import DateRange, Timeline
from evaka.rules.calendar import (
    OpenDays,
    Term,
    breaks,
    easter,
    holiday,
    holidays,
    is_business_day,
    next_business_day,
    term_of,
)

AROUND_THE_CLOCK = OpenDays(shift_care=frozenset(range(1, 8)), open_on_holidays=True)


@pytest.mark.parametrize(
    ("year", "sunday"),
    [
        (1818, date(1818, 3, 22)),  # the earliest there can be
        (1954, date(1954, 4, 18)),
        (2008, date(2008, 3, 23)),
        (2024, date(2024, 3, 31)),
        (2025, date(2025, 4, 20)),
        (2026, date(2026, 4, 5)),
        (2038, date(2038, 4, 25)),  # the latest there can be
        (2049, date(2049, 4, 18)),
        (1981, date(1981, 4, 19)),
    ],
)
def test_easter_is_where_the_almanac_has_it(year, sunday):
    assert easter(year) == sunday


def test_the_holidays_of_2026_are_those_of_the_almanac():
    assert holidays(2026) == {
        date(2026, 1, 1): "calendar.holiday.new_year",
        date(2026, 1, 6): "calendar.holiday.epiphany",
        date(2026, 4, 3): "calendar.holiday.good_friday",
        date(2026, 4, 5): "calendar.holiday.easter_sunday",
        date(2026, 4, 6): "calendar.holiday.easter_monday",
        date(2026, 5, 1): "calendar.holiday.may_day",
        date(2026, 5, 14): "calendar.holiday.ascension_day",
        date(2026, 5, 24): "calendar.holiday.pentecost",
        date(2026, 6, 19): "calendar.holiday.midsummer_eve",
        date(2026, 6, 20): "calendar.holiday.midsummer_day",
        date(2026, 10, 31): "calendar.holiday.all_saints",
        date(2026, 12, 6): "calendar.holiday.independence_day",
        date(2026, 12, 24): "calendar.holiday.christmas_eve",
        date(2026, 12, 25): "calendar.holiday.christmas_day",
        date(2026, 12, 26): "calendar.holiday.boxing_day",
    }
    assert list(holidays(2026)) == sorted(holidays(2026))


def test_changing_the_answer_does_not_change_the_almanac():
    holidays(2026).clear()
    assert holiday(date(2026, 12, 6)) == "calendar.holiday.independence_day"


def test_ascension_day_may_fall_on_the_first_of_may():
    assert holiday(date(2008, 5, 1)) == "calendar.holiday.ascension_day"
    assert len(holidays(2008)) == 14


@pytest.mark.parametrize(
    ("year", "midsummer", "all_saints"),
    [
        (2024, date(2024, 6, 22), date(2024, 11, 2)),
        (2025, date(2025, 6, 21), date(2025, 11, 1)),
        (2027, date(2027, 6, 26), date(2027, 11, 6)),
    ],
)
def test_midsummer_and_all_saints_are_saturdays(year, midsummer, all_saints):
    assert holiday(midsummer) == "calendar.holiday.midsummer_day"
    assert holiday(all_saints) == "calendar.holiday.all_saints"


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (date(2026, 4, 2), date(2026, 4, 2)),  # a Thursday
        (date(2026, 4, 3), date(2026, 4, 7)),  # Good Friday: over all of Easter
        (date(2026, 8, 1), date(2026, 8, 3)),  # a Saturday
        (date(2026, 12, 24), date(2026, 12, 28)),  # Christmas Eve, a Thursday
    ],
)
def test_the_next_business_day_passes_over_weekends_and_holidays(day, following):
    assert next_business_day(day) == following
    assert is_business_day(day) == (day == following)


@pytest.mark.parametrize(
    ("open_days", "day", "ordinary", "shift"),
    [
        (
            OpenDays(),
            date(2026, 8, 3),
            True,
            True,
        ),  # without days of its own, shift care has the ordinary ones
        (OpenDays(), date(2026, 8, 1), False, False),  # a Saturday
        (OpenDays(), date(2026, 5, 14), False, False),  # Ascension Day
        (AROUND_THE_CLOCK, date(2026, 8, 1), False, True),
        (AROUND_THE_CLOCK, date(2026, 5, 14), False, True),
        (OpenDays(shift_care=frozenset({1, 6})), date(2026, 8, 1), False, True),
        (OpenDays(shift_care=frozenset({1, 6})), date(2026, 8, 4), True, False),
        (OpenDays(shift_care=frozenset(range(1, 8))), date(2026, 5, 14), False, False),
        (OpenDays(closed=frozenset({date(2026, 8, 3)})), date(2026, 8, 3), False, False),
    ],
)
def test_who_has_care_on_a_day(open_days, day, ordinary, shift):
    assert open_days.has_care(day, shift_care=False) is ordinary
    assert open_days.has_care(day, shift_care=True) is shift
    assert open_days.is_open(day) is shift


def test_the_days_of_a_month():
    may = DateRange(date(2026, 5, 1), date(2026, 5, 31))
    assert len(list(OpenDays().days(may))) == 19  # 21 weekdays without the first and Ascension Day
    assert len(list(AROUND_THE_CLOCK.days(may, shift_care=True))) == 31


def test_a_week_has_seven_days():
    with pytest.raises(ValueError, match="weekdays are 1 to 7"):
        OpenDays(frozenset({0, 1}))


def term(**changed):
    given = {
        "valid": DateRange(date(2026, 8, 11), date(2027, 6, 5)),
        "application_start": date(2026, 1, 8),
        "application_end": date(2026, 1, 20),
        "breaks": (DateRange(date(2026, 10, 12), date(2026, 10, 16)),),
    }
    return Term(**(given | changed))


def test_a_term_knows_its_breaks():
    year = term()
    terms = Timeline([(year.valid, year)])
    assert term_of(terms, date(2026, 10, 12)) is year
    assert term_of(terms, date(2027, 7, 1)) is None
    assert year.on_break(date(2026, 10, 16))
    assert not year.on_break(date(2026, 10, 17))
    assert breaks(terms) == [DateRange(date(2026, 10, 12), date(2026, 10, 16))]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"application_end": date(2026, 1, 7)}, "application_end is before"),
        ({"breaks": (DateRange(date(2027, 6, 1), date(2027, 6, 10)),)}, "is not within the term"),
    ],
)
def test_a_term_that_contradicts_itself_is_a_mistake(changed, what):
    with pytest.raises(ValueError, match=what):
        term(**changed)


def test_the_shipped_terms_can_be_used():
    terms = city.dated("calendar", Term)
    running = term_of(terms, date(2026, 9, 1))
    assert running is not None
    assert running.on_break(date(2026, 10, 14))
    assert DateRange(date(2027, 2, 22), date(2027, 2, 26)) in breaks(terms)
