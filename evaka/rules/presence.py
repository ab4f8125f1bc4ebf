"""A child's day in a unit: what is tapped, what a tile shows, and what the night does with what was left open.

A span is (arrived, left) in moments of Helsinki, None: still there.  Rows in the database are days: a night is cut at
midnight, 23.59 ends the first day and 0.00 begins the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeAlias

from evaka.kit.dates import DAY
from evaka.kit.errors import Refused

Span: TypeAlias = tuple[datetime, datetime | None]
Hours: TypeAlias = tuple[time, time]  # of a day, from and to
DayRow: TypeAlias = tuple[date, time, time | None]  # a day, arrived, left
LAST_MINUTE, MIDNIGHT = time(23, 59), time(0)
OVER_MIDNIGHT = timedelta(minutes=1)
JUST_LEFT = timedelta(minutes=30)  # for which a child who came before midnight still stands among those who left


class Tapped(StrEnum):
    """What somebody did to a child's presence, on a tablet or in the office."""

    ARRIVE = "arrive"
    LEAVE = "leave"
    UNDO_ARRIVE = "undo_arrive"
    UNDO_LEAVE = "undo_leave"
    ABSENT = "absent"
    UNDO_ABSENT = "undo_absent"
    CORRECT = "correct"


class TileState(StrEnum):
    """Where a child is today, as the tile says."""

    COMING = "coming"
    HERE = "here"
    LEFT = "left"
    AWAY = "away"


class Flag(StrEnum):
    """What does not go by the booked times: not come yet, came before, still there after."""

    LATE = "late"
    EARLY = "early"
    OVERDUE = "overdue"


class Level(StrEnum):
    """How a child has eaten or slept."""

    GOOD = "good"
    MEDIUM = "medium"
    NONE = "none"


class Need(StrEnum):
    """What is to be brought from home."""

    DIAPERS = "diapers"
    SPARE_CLOTHES = "spare_clothes"
    LAUNDRY = "laundry"


@dataclass(frozen=True, slots=True)
class TabletPolicy:
    """[tablet] of presence.toml.

    `code_minutes`: how long a pairing code waits.  `tap_hours`: how old a tap may be when it arrives.
    `tolerance_minutes`: within which nobody is early or late.
    """

    code_minutes: int
    tap_hours: int
    tolerance_minutes: int

    @property
    def tolerance(self) -> timedelta:
        return timedelta(minutes=self.tolerance_minutes)


@dataclass(frozen=True, slots=True)
class NotePolicy:
    """[notes] of presence.toml: after how many hours a day's note goes, how many days others may stay, and how many
    days after its day what a family has written is kept."""

    day_hours: int
    sticky_days: int
    group_days: int
    family_days: int


@dataclass(frozen=True, slots=True)
class PicturePolicy:
    """[picture] of presence.toml: megabytes that may be sent, and the pixels to which a side is made smaller."""

    megabytes: int
    pixels: int


# -- what a tile shows ---------------------------------------------------------------------------------------


def joined(spans: Collection[Span]) -> list[Span]:
    """The spans in order; what was cut at midnight is one again."""
    found: list[Span] = []
    for arrived, left in sorted(spans, key=lambda span: span[0]):
        before = found[-1][1] if found else None
        over = before is not None and arrived.date() > before.date() and arrived - before <= OVER_MIDNIGHT
        if over:
            found[-1] = found[-1][0], left
        else:
            found.append((arrived, left))
    return found


def tile_state(spans: Collection[Span], *, away: bool, now: datetime) -> TileState:
    """Where a child is; `spans` are those of today and yesterday, `away`: every part of the day is an absence.

    Whoever came yesterday and left in the night stands among those who left for half an hour, and is then awaited.
    """
    nights = joined(spans)
    if any(left is None for _, left in nights):
        return TileState.HERE
    today = now.date()
    if any(arrived.date() == today or (left is not None and left.date() == today and now - left <= JUST_LEFT)
           for arrived, left in nights):
        return TileState.LEFT
    return TileState.AWAY if away else TileState.COMING


def flags(
    booked: Sequence[Hours], state: TileState, arrived: time | None, now: datetime, tolerance: timedelta
) -> frozenset[Flag]:
    """What does not go by the booked hours of the day; nothing without hours.  `arrived`: of the last row today."""
    if not booked:
        return frozenset()
    start, end = (datetime.combine(now.date(), one, now.tzinfo) for one in (
        min(start for start, _ in booked), max(end for _, end in booked)))
    found = set()
    if state is TileState.COMING and now > start + tolerance:
        found.add(Flag.LATE)
    if arrived is not None and datetime.combine(now.date(), arrived, now.tzinfo) < start - tolerance:
        found.add(Flag.EARLY)
    if state is TileState.HERE and now > end + tolerance:
        found.add(Flag.OVERDUE)
    return frozenset(found)


# -- rows --------------------------------------------------------------------------------------------------------


def minute(moment: datetime) -> datetime:
    """Rows hold whole minutes."""
    return moment.replace(second=0, microsecond=0)


def by_day(arrived: datetime, left: datetime) -> Iterator[DayRow]:
    """The rows of a span: the first day ends at 23.59, full days are 0.00–23.59, the last begins at 0.00."""
    day, start = arrived.date(), arrived.time()
    while day < left.date():
        yield day, start, LAST_MINUTE
        day, start = day + DAY, MIDNIGHT
    yield day, start, left.time()


def night_rows(arrived: datetime, today: date, *, goes_on: bool) -> list[DayRow]:
    """What becomes of a row that is open although its day is over: 23.59 ends its day.

    A child in care by night (`goes_on`) is there the following days as well, until somebody signs it out.
    """
    if arrived.date() >= today:
        return [(arrived.date(), arrived.time(), None)]
    if not goes_on:
        return [(arrived.date(), arrived.time(), LAST_MINUTE)]
    *before, (day, start, _) = by_day(arrived, datetime.combine(today, MIDNIGHT, arrived.tzinfo))
    return [*before, (day, start, None)]


def stays_overnight(shift_hours: Hours | None, *, shift_care: bool, placed: bool) -> bool:
    """Whether a child may be there over midnight: a round-the-clock unit, shift care, and still a place there."""
    return shift_hours is not None and shift_hours[1] >= LAST_MINUTE and shift_care and placed


def check_tap(at: datetime, now: datetime, hours: int) -> None:
    """A tap that waited too long is told, not written: somebody must look what is true."""
    if now - at > timedelta(hours=hours):
        raise Refused("presence.too_old", at=at, hours=hours)


def check_times(day: date, arrived: time, left: time | None, now: datetime) -> None:
    """What the office writes: from a time to a later one, today or before, nothing that has not happened yet."""
    if day > now.date():
        raise Refused("presence.in_future", day=day, today=now.date())
    if left is not None and left <= arrived:
        raise Refused("presence.leaves_first", arrived=arrived, left=left)
    if left is None and day < now.date():
        raise Refused("presence.must_end", day=day)
    if day == now.date() and max(arrived, left or arrived) > now.time():
        raise Refused("presence.not_yet", now=now.time().replace(second=0, microsecond=0))


def check_until(until: date, today: date, days: int) -> None:
    """The last day of a note: today or later, but not so late that nobody looks any more."""
    if until < today:
        raise Refused("presence.note_past", until=until, today=today)
    if until > today + days * DAY:
        raise Refused("presence.note_too_long", until=until, last=today + days * DAY)
