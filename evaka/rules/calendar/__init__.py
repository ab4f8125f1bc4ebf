"""Which days are days of care: public holidays, and the days on which a unit is open.

Law: Church Act (652/2023) for church holidays, Act on the Independence Day (388/1937), Act on the First of
of May (272/1944); Midsummer Eve and Christmas Eve are holidays by collective agreement, and units are closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache

from evaka.kit.dates import DAY, DateRange, Timeline

MONDAY_TO_FRIDAY = frozenset({1, 2, 3, 4, 5})
SATURDAY, SUNDAY = 6, 7  # ISO


def holidays(year: int) -> dict[date, str]:
    """The public holidays of a year in order, each with the key of its name in the texts."""
    return dict(_holidays(year))


def holiday(day: date) -> str | None:
    """The key of the holiday's name, or None on an ordinary day."""
    return _holidays(day.year).get(day)


def easter(year: int) -> date:
    """Easter Sunday: the first Sunday after the first full moon of spring, by the Gregorian reckoning.

    >>> easter(2026)
    datetime.date(2026, 4, 5)
    """
    golden = year % 19
    century, in_century = divmod(year, 100)
    leap_centuries, century_left = divmod(century, 4)
    moon_correction = (8 * century + 13) // 25
    epact = (19 * golden + century - leap_centuries - moon_correction + 15) % 30
    weekday = (32 + 2 * century_left + 2 * (in_century // 4) - epact - in_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@cache
def _holidays(year: int) -> dict[date, str]:
    sunday = easter(year)
    midsummer = _first(date(year, 6, 20), SATURDAY)
    found = {
        date(year, 1, 1): "calendar.holiday.new_year",
        date(year, 1, 6): "calendar.holiday.epiphany",
        sunday - 2 * DAY: "calendar.holiday.good_friday",
        sunday: "calendar.holiday.easter_sunday",
        sunday + DAY: "calendar.holiday.easter_monday",
        date(year, 5, 1): "calendar.holiday.may_day",
        sunday + timedelta(days=49): "calendar.holiday.pentecost",
        midsummer - DAY: "calendar.holiday.midsummer_eve",
        midsummer: "calendar.holiday.midsummer_day",
        _first(date(year, 10, 31), SATURDAY): "calendar.holiday.all_saints",
        date(year, 12, 6): "calendar.holiday.independence_day",
        date(year, 12, 24): "calendar.holiday.christmas_eve",
        date(year, 12, 25): "calendar.holiday.christmas_day",
        date(year, 12, 26): "calendar.holiday.boxing_day",
    }
    # Ascension Day is the only one that can meet another (the first of May, as in 2008): it gives its name.
    found[sunday + timedelta(days=39)] = "calendar.holiday.ascension_day"
    return dict(sorted(found.items()))


def _first(day: date, weekday: int) -> date:
    """The first such ISO weekday on the day or after it."""
    return day + timedelta(days=(weekday - day.isoweekday()) % 7)


def is_business_day(day: date) -> bool:
    """Monday to Friday, and no public holiday."""
    return day.isoweekday() in MONDAY_TO_FRIDAY and holiday(day) is None


def next_business_day(day: date) -> date:
    """The day itself if it is a business day, otherwise the first one after it."""
    while not is_business_day(day):
        day += DAY
    return day


@dataclass(frozen=True, slots=True)
class OpenDays:
    """The days on which a unit gives care.  Weekdays are ISO: 1 is Monday, 7 is Sunday.

    Ordinary care is never on public holidays.  Shift care has its own weekdays, and its holidays when
    `open_on_holidays`; a unit without shift care has none.  `closed` are single days the unit is shut
    besides.
    """

    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    shift_care: frozenset[int] = frozenset()
    open_on_holidays: bool = False
    closed: frozenset[date] = field(default=frozenset())

    def __post_init__(self) -> None:
        if not (self.weekdays | self.shift_care) <= frozenset(range(1, 8)):
            raise ValueError(f"weekdays are 1 to 7, not {sorted(self.weekdays | self.shift_care)}")

    def is_open(self, day: date) -> bool:
        """Whether anybody at all can have care on the day."""
        return self.has_care(day, shift_care=True)

    def has_care(self, day: date, *, shift_care: bool) -> bool:
        """Whether a child with ordinary care, or with shift care, has care on the day."""
        if day in self.closed:
            return False
        shift = shift_care and bool(self.shift_care)
        if day.isoweekday() not in (self.shift_care if shift else self.weekdays):
            return False
        return holiday(day) is None or (shift and self.open_on_holidays)

    def days(self, period: DateRange, *, shift_care: bool = False) -> Iterator[date]:
        """The days of care of a closed period, in order."""
        return (day for day in period.days() if self.has_care(day, shift_care=shift_care))


@dataclass(frozen=True, slots=True)
class Term:
    """A year of pre-primary education: its days, when families apply for it, and its breaks."""

    valid: DateRange
    application_start: date
    application_end: date
    breaks: tuple[DateRange, ...] = ()

    def __post_init__(self) -> None:
        if self.application_end < self.application_start:
            raise ValueError("application_end is before application_start", "Give the days in order.")
        for pause in self.breaks:
            if pause & self.valid != pause:
                raise ValueError(
                    f"the break {pause} is not within the term {self.valid}", "Correct its days."
                )

    def on_break(self, day: date) -> bool:
        return any(day in pause for pause in self.breaks)


def term_of(terms: Timeline[Term], day: date) -> Term | None:
    """The term that is running on a day; None between terms."""
    return next(iter(terms.at(day)), None)


def breaks(terms: Timeline[Term]) -> list[DateRange]:
    """The breaks of all terms, in order."""
    return [pause for _, term in terms.spans for pause in term.breaks]
