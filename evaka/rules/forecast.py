"""How many adults the children of a day need, quarter by quarter, and how many are planned.

    adults needed in a quarter = the weights of the children who are there in it / 7

A child weighs as much as in realised occupancy (age, service need, support), whichever group it is in.  Law: Act on
Early Childhood Education and Care (540/2018) 35 §; Decree 753/2018, 1 § (one adult for seven children of three years
or more, one for four younger ones: a younger child weighs 7/4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from enum import StrEnum
from typing import TypeAlias

from evaka.rules.booking.span import minute_of
from evaka.rules.unit import AN_ADULT
from evaka.rules.unit.rows import Key

MIDNIGHT = 24 * 60
Minutes: TypeAlias = tuple[int, int]  # from a minute of the day to another, 0 to 1440
TENTH = Decimal("0.1")


class Source(StrEnum):
    """From where it is known when a child comes.  Assumed: from nowhere, the city's usual hours are taken."""

    BOOKED = "booked"
    PATTERN = "pattern"
    AGREED = "agreed"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class ForecastPolicy:
    """How the city looks ahead.

    `step`: minutes of a slot.  `days`: days of care ahead.  `assumed_from`, `assumed_to`: when a child comes of whom
    nobody has said when.  `at_least`: adults wherever there is a child at all.  `look`: minutes ahead that the
    morning page tells of.
    """

    step: int
    days: int
    assumed_from: time
    assumed_to: time
    at_least: Decimal
    look: int

    def __post_init__(self) -> None:
        if self.step not in (5, 10, 15, 20, 30, 60):
            raise ValueError(f"a slot of {self.step} minutes does not fill an hour", "Write 15, or 30.")
        if self.assumed_to <= self.assumed_from:
            raise ValueError("assumed_to is not after assumed_from", "Give the times in order.")


def coming(
    policy: ForecastPolicy,
    *,
    booked: Sequence[Minutes] = (),
    untimed: bool = False,
    pattern: Sequence[Minutes] | None = None,
    agreed: Sequence[Minutes] | None = None,
    must_book: bool = True,
) -> tuple[tuple[Minutes, ...], Source]:
    """When a child comes on a day on which it is not away, and from where that is known.

    What is booked for the day holds.  A child of whom only "comes" is said comes at the times of its week, of its
    agreed hours, or at the city's usual ones.  Of whom nothing is said comes by its week or agreed hours (an empty day
    of these means: does not come); without either, at the usual hours.  `must_book` False: the care has fixed hours,
    `agreed`, and nobody books it.
    """
    if booked:
        return tuple(sorted(booked)), Source.BOOKED
    known = (pattern, Source.PATTERN), (agreed, Source.AGREED)
    for spans, source in known if must_book else known[::-1]:
        if spans is not None and (spans or not untimed):
            return tuple(sorted(spans)), source
    usual = minute_of(policy.assumed_from), minute_of(policy.assumed_to)
    return (usual,), Source.ASSUMED


@dataclass(frozen=True, slots=True)
class Coming:
    """A child of a day: in which group, when, and what it weighs."""

    child: Key
    group: Key | None
    spans: tuple[Minutes, ...]
    weight: Decimal
    source: Source = Source.BOOKED


@dataclass(frozen=True, slots=True)
class Working:
    """An adult of a day in a group, `weight` as in `StaffPresence`: 7 counts for seven children, 0 for none."""

    who: Key
    group: Key | None
    span: Minutes
    weight: Decimal = Decimal(AN_ADULT)


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a day: how many children are there at some time in it, their weight, and the adults planned."""

    start: int
    children: int
    weight: Decimal
    adults: Decimal
    at_least: Decimal = Decimal(0)

    @property
    def needed(self) -> Decimal:
        """Adults, to a tenth, rounded up."""
        if not self.children:
            return Decimal(0)
        return max((self.weight / AN_ADULT).quantize(TENTH, ROUND_UP), self.at_least)

    @property
    def ratio(self) -> Decimal | None:
        """The children's weight an adult, limit 7; None when children are without any."""
        if not self.weight:
            return Decimal(0)
        return (self.weight / self.adults).quantize(TENTH, ROUND_HALF_UP) if self.adults else None

    @property
    def short(self) -> Decimal:
        """How many adults are missing, to a tenth; 0 where there are enough."""
        planned = self.adults.quantize(TENTH, ROUND_HALF_UP)
        return max(self.needed - planned, Decimal(0))


@dataclass(frozen=True, slots=True)
class Shortage:
    """From a minute to another there are too few adults, `most` of them missing at the worst moment, `worst`."""

    start: int
    end: int
    most: Decimal
    worst: int


def window(policy: ForecastPolicy, opening: Minutes | None, spans: Iterable[Minutes]) -> Minutes | None:
    """From when to when a day is looked at: while the unit is open, and whenever somebody comes; whole slots."""
    held = [*([opening] if opening else []), *spans]
    if not held:
        return None
    first, last = min(start for start, _ in held), max(end for _, end in held)
    return first - first % policy.step, min(last + -last % policy.step, MIDNIGHT)


def slots(
    policy: ForecastPolicy, within: Minutes, children: Iterable[Coming], adults: Iterable[Working]
) -> list[Slot]:
    """The slots of a day.

    A child counts in every slot that shares a minute with its time; an adult by the share of the slot in which it
    works, as the seventh part of its weight.
    """
    step, (first, last) = policy.step, within
    count = -(-(last - first) // step)
    heads, weights, there = [0] * count, [Decimal(0)] * count, [Decimal(0)] * count
    for child in children:
        met = {n for start, end in child.spans for n in _met(start, end, within, step)}
        for n in met:
            heads[n] += 1
            weights[n] += child.weight
    for adult in adults:
        start, end = adult.span
        for n in _met(start, end, within, step):
            begins = first + n * step
            shared = min(end, begins + step) - max(start, begins)
            there[n] += adult.weight * shared / (AN_ADULT * step)
    return [Slot(first + n * step, heads[n], weights[n], there[n], policy.at_least) for n in range(count)]


def _met(start: int, end: int, within: Minutes, step: int) -> range:
    """The numbers of the slots that share a minute with a time."""
    first, last = within
    start, end = max(start, first), min(end, last)
    return range((start - first) // step, -(-(end - first) // step)) if start < end else range(0)


def shortages(day: Sequence[Slot], step: int) -> list[Shortage]:
    """Where adults are missing; slots in a row are one."""
    found: list[Shortage] = []
    for slot in day:
        if not slot.short:
            continue
        last = found[-1] if found else None
        if last is not None and last.end == slot.start:
            worse = slot.short > last.most
            found[-1] = Shortage(
                last.start, slot.start + step, slot.short if worse else last.most, slot.start if worse else last.worst)
        else:
            found.append(Shortage(slot.start, slot.start + step, slot.short, slot.start))
    return found


def fullest(day: Sequence[Slot], first: int = 0, last: int = MIDNIGHT) -> Slot | None:
    """The slot with the tightest ratio between two minutes, the first of equal ones; one without adults is tightest."""
    found = [slot for slot in day if first <= slot.start < last and slot.children]
    return max(found, key=lambda slot: (slot.ratio is None, slot.ratio or 0, -slot.start), default=None)


# -- a day that is going on --------------------------------------------------------------------------------------


def as_it_goes(
    was: Iterable[tuple[int, int | None]], planned: Iterable[Minutes], now: int, closes: int, *, comes: bool = True
) -> tuple[Minutes, ...]:
    """The time of somebody on a day that is going on: as it was until `now`, as it is planned after it.

    `was`: presences, None: still there.  Whoever is there stays as planned; whose plan is over stays until the unit
    `closes`, since nobody knows better.  Who has not come although it is time may still come; who has left comes only
    for what begins later.  `comes` False: the plan does not hold today (away).
    """
    known = [(start, end) for start, end in was if start <= now]
    plan = sorted(planned) if comes else []
    found = [(start, now if end is None else min(end, now)) for start, end in known]
    if any(end is None or end > now for _, end in known):
        running = [end for start, end in plan if start <= now < end]
        found.append((now, max(running, default=max(closes, now + 1))))
    elif not known:
        found += [(now, end) for start, end in plan if start <= now < end]
    found += [(start, end) for start, end in plan if start > now]
    return tuple((start, end) for start, end in found if start < end)
