"""The daily hours that were agreed for a child: how new ones make room, and which days they leave without care."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.rules.booking.span import Pattern, Span
from evaka.rules.unit.week import SEVEN, Week


def pattern_of(week: Week) -> Pattern:
    """A week of single spans as a pattern."""
    return Pattern(tuple((Span(hours.start, hours.end),) if (hours := week.on(day)) else () for day in SEVEN))


def is_regular(week: Pattern) -> bool:
    """Whether the hours of Monday to Friday are all the same, and there are no others."""
    return len({*week.days[:5]}) == 1 and bool(week.days[0]) and not any(week.days[5:])


def make_room(earlier: Iterable[DateRange], new: DateRange) -> list[DateRange | None]:
    """What is left of each earlier period when a new one is put among them; None of one that it covers.

    Raises Refused where the new one lies in the midst of an earlier one that has an end.
    """
    found: list[DateRange | None] = []
    for one in earlier:
        if one & new is None:
            found.append(one)
        elif new.start <= one.start and new.last_day >= one.last_day:
            found.append(None)
        elif one.start < new.start and new.end is not None and one.end is not None and new.end < one.end:
            raise Refused("booking.times_within", earlier=one)
        elif one.start < new.start:
            found.append(DateRange(one.start, new.start - DAY))
        else:
            found.append(DateRange(new.last_day + DAY, one.end))
    return found


def days_without(week: Pattern, care_days: Iterable[date]) -> list[date]:
    """The days of care on which no hours were agreed; a week without any says nothing."""
    return [day for day in care_days if not week.on(day)] if week.weekdays else []
