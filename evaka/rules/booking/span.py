"""The times for which a child is booked: spans of a day, and a week of them that repeats.

A night is two spans: the evening of one day until 23.59, which reads as midnight, and the morning of the next from
0.00.  All times are of the wall clock of Helsinki.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise

from evaka.kit.errors import Refused

MIDNIGHT = time(0)
LAST_MINUTE = time(23, 59)  # reads as 24.00
NONE = "-"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From a time to a later one of the same day."""

    begins: time
    ends: time

    def __post_init__(self) -> None:
        if self.ends <= self.begins:
            raise Refused("booking.ends_first", begins=self.begins, ends=self.ends)

    @property
    def minutes(self) -> int:
        return minute_of(self.ends) - minute_of(self.begins)

    @property
    def words(self) -> str:
        """8.00–16.00, as people write it; the last minute of the day is 24.00."""
        ends = "24.00" if self.ends == LAST_MINUTE else f"{self.ends.hour}.{self.ends.minute:02}"
        return f"{self.begins.hour}.{self.begins.minute:02}–{ends}"

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"


Day = tuple[Span, ...]  # the spans of one day, in order; () is none


def minute_of(clock: time) -> int:
    """Minutes since midnight; the last minute of the day is its end, 1440."""
    return 1440 if clock.replace(second=0, microsecond=0) == LAST_MINUTE else clock.hour * 60 + clock.minute


def clock_at(minute: int) -> time:
    """The time of day that is so many minutes after midnight; 1440 is the last minute of the day."""
    return LAST_MINUTE if minute >= 1440 else time(minute // 60, minute % 60)


def day_of(spans: Iterable[Span]) -> Day:
    """The spans in order; refused when two share a minute."""
    ordered = tuple(sorted(spans))
    for before, after in pairwise(ordered):
        if after.begins < before.ends:
            raise Refused("booking.overlap", first=before.words, second=after.words)
    return ordered


def united(spans: Iterable[Span]) -> Day:
    """The same minutes in as few spans as hold them."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.begins <= found[-1].ends:
            found[-1] = Span(found[-1].begins, max(found[-1].ends, span.ends))
        else:
            found.append(span)
    return tuple(found)


def without(spans: Iterable[Span], taken: Span) -> Day:
    """What is left of the spans outside of another."""
    found: list[Span] = []
    for span in spans:
        if span.begins < taken.begins:
            found.append(Span(span.begins, min(span.ends, taken.begins)))
        if span.ends > taken.ends:
            found.append(Span(max(span.begins, taken.ends), span.ends))
    return tuple(sorted(found))


def minutes(spans: Iterable[Span]) -> int:
    """How long they last together, in minutes; what two of them share counts once."""
    return sum(span.minutes for span in united(spans))


def shared(spans: Iterable[Span], within: Span) -> int:
    """How many minutes of the spans lie within another."""
    return sum(
        max(0, min(minute_of(one.ends), minute_of(within.ends)) - max(minute_of(one.begins), minute_of(within.begins)))
        for one in united(spans)
    )


@dataclass(frozen=True, slots=True)
class Pattern:
    """What repeats each week: the spans of Monday to Sunday.

    >>> str(Pattern.of([Span(time(8), time(16))], {1, 3}))
    '08:00-16:00;-;08:00-16:00;-;-;-;-'
    """

    days: tuple[Day, ...]

    def __post_init__(self) -> None:
        if len(self.days) != 7:
            raise ValueError(f"a week has seven days, not {len(self.days)}")
        for one in self.days:
            day_of(one)

    @classmethod
    def of(cls, spans: Sequence[Span], weekdays: Iterable[int]) -> Pattern:
        """The same spans on each of these ISO weekdays."""
        chosen = set(weekdays)
        return cls(tuple(day_of(spans) if day in chosen else () for day in range(1, 8)))

    @classmethod
    def read(cls, text: str) -> Pattern:
        """What `str` has written."""
        return cls(tuple(_day(part) for part in text.split(";")))

    def on(self, day: date) -> Day:
        return self.days[day.isoweekday() - 1]

    @property
    def weekdays(self) -> frozenset[int]:
        """The ISO weekdays that have any."""
        return frozenset(number for number, spans in enumerate(self.days, start=1) if spans)

    def __str__(self) -> str:
        return ";".join("+".join(map(str, spans)) or NONE for spans in self.days)


def _day(text: str) -> Day:
    if text == NONE:
        return ()
    halves = [part.split("-") for part in text.split("+")]
    return tuple(Span(time.fromisoformat(begins), time.fromisoformat(ends)) for begins, ends in halves)
