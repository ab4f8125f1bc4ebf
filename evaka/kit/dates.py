"""Days and spans of days.

A DateRange includes both its ends, as the law and our letters do: 1.8.2026-31.7.2027
is 365 days.  `end=None` reads "until further notice".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Generic, TypeVar

DAY = timedelta(days=1)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DateRange:
    start: date
    end: date | None = None

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise ValueError(f"a range cannot end ({self.end}) before it starts ({self.start})")

    @classmethod
    def month(cls, year: int, month: int) -> DateRange:
        first = date(year, month, 1)
        following = date(year + month // 12, month % 12 + 1, 1)
        return cls(first, following - DAY)

    def __contains__(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day <= self.end)

    @property
    def last_day(self) -> date:
        """The end, or the last day there is when the range is open: for comparing."""
        return self.end or date.max

    def __and__(self, other: DateRange) -> DateRange | None:
        """The days both ranges hold, or None when they do not meet."""
        start = self.start if self.start > other.start else other.start
        end, other_end = self.end, other.end
        if end is None or (other_end is not None and other_end < end):
            end = other_end
        return DateRange(start, end) if end is None or start <= end else None

    def days(self) -> Iterator[date]:
        if self.end is None:
            raise ValueError(f"cannot count the days of {self}: it has no end")
        day = self.start
        while day <= self.end:
            yield day
            day += DAY

    def __str__(self) -> str:
        return f"{finnish(self.start)}–{finnish(self.end) if self.end else ''}"


def finnish(day: date) -> str:
    """1.8.2026, as a day is written in Finland."""
    return f"{day.day}.{day.month}.{day.year}"


def add_months(day: date, months: int) -> date:
    """The same day some months later, or that month's last day when it is shorter.

    >>> add_months(date(2026, 10, 31), 4)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = DateRange.month(year, month + 1).last_day.day
    return date(year, month + 1, min(day.day, last))


def age(born: date, day: date) -> tuple[int, int]:
    """Whole years and months lived on a day.

    >>> age(date(2023, 3, 14), date(2026, 3, 12))
    (2, 11)
    """
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    return months // 12, months % 12


def pieces(ranges: Iterable[DateRange]) -> list[DateRange]:
    """Cut time wherever any of the ranges begins or ends.

    Within one piece nothing changes, so a rule may look at its first day only.

    >>> a, b = DateRange(date(2026, 1, 1), date(2026, 3, 31)), DateRange(date(2026, 2, 1))
    >>> [str(piece) for piece in pieces([a, b])]
    ['1.1.2026–31.1.2026', '1.2.2026–31.3.2026', '1.4.2026–']
    """
    ranges = list(ranges)
    cuts = sorted({r.start for r in ranges} | {r.end + DAY for r in ranges if r.end})
    closed = [DateRange(a, b - DAY) for a, b in pairwise(cuts)]
    tail = [DateRange(cuts[-1])] if any(r.end is None for r in ranges) else []
    return closed + tail


class Timeline(Generic[T]):
    """Values that hold for a time: an income, a placement, a table of fees."""

    def __init__(self, spans: Iterable[tuple[DateRange, T]] = ()) -> None:
        self.spans = sorted(spans, key=lambda span: span[0].start)

    def at(self, day: date) -> list[T]:
        return [
            value
            for period, value in self.spans
            if period.start <= day and (period.end is None or day <= period.end)
        ]

    def periods(self) -> list[DateRange]:
        return [period for period, _ in self.spans]

    def merged(self) -> Timeline[T]:
        """Neighbours that touch and are equal become one."""
        joined: list[tuple[DateRange, T]] = []
        for period, value in self.spans:
            if joined and joined[-1][1] == value and joined[-1][0].end == period.start - DAY:
                joined[-1] = (DateRange(joined[-1][0].start, period.end), value)
            else:
                joined.append((period, value))
        return Timeline(joined)
