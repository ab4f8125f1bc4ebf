"""A week of opening: for each day a time from and to, or nothing when the unit is closed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import time
from functools import lru_cache

from evaka.rules.calendar import MONDAY_TO_FRIDAY

SEVEN = range(1, 8)  # ISO weekdays: 1 is Monday
CLOSED = "-"


@dataclass(frozen=True, slots=True)
class Hours:
    """From a time to a later one of the same day; 0.00–23.59 is around the clock."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a unit cannot close at {self.end} when it opens at {self.start}")

    def holds(self, other: Hours) -> bool:
        return self.start <= other.start and other.end <= self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True)
class Week:
    """The hours of Monday to Sunday.

    >>> str(Week.of(time(6, 30), time(17)))
    '06:30-17:00;06:30-17:00;06:30-17:00;06:30-17:00;06:30-17:00;-;-'
    """

    days: tuple[Hours | None, ...]

    def __post_init__(self) -> None:
        if len(self.days) != len(SEVEN):
            raise ValueError(f"a week has seven days, not {len(self.days)}")

    @classmethod
    def of(cls, start: time, end: time, weekdays: Collection[int] = MONDAY_TO_FRIDAY) -> Week:
        """The same hours on each of these ISO weekdays, closed on the others."""
        return cls(tuple(Hours(start, end) if day in weekdays else None for day in SEVEN))

    @staticmethod
    @lru_cache(1_000)
    def read(text: str) -> Week:
        """What `str` has written."""
        return Week(tuple(_hours(part) for part in text.split(";")))

    def on(self, weekday: int) -> Hours | None:
        return self.days[weekday - 1]

    @property
    def weekdays(self) -> frozenset[int]:
        """The ISO weekdays on which it is open."""
        return frozenset(day for day in SEVEN if self.on(day))

    def outside(self, other: Week) -> int | None:
        """The first weekday whose hours in `other` are not within these; None when all are."""
        for day in SEVEN:
            wanted, held = other.on(day), self.on(day)
            if wanted is not None and (held is None or not held.holds(wanted)):
                return day
        return None

    def runs(self) -> list[tuple[int, int, Hours]]:
        """(first, last, hours): neighbouring days with the same hours together, closed days left out."""
        found: list[tuple[int, int, Hours]] = []
        for day in SEVEN:
            hours = self.on(day)
            if hours is None:
                continue
            if found and found[-1][1:] == (day - 1, hours):
                found[-1] = (found[-1][0], day, hours)
            else:
                found.append((day, day, hours))
        return found

    def __str__(self) -> str:
        return ";".join(CLOSED if hours is None else str(hours) for hours in self.days)


def _hours(text: str) -> Hours | None:
    if text == CLOSED:
        return None
    start, _, end = text.partition("-")
    return Hours(time.fromisoformat(start), time.fromisoformat(end))
