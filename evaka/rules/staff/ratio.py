"""How many children there are to an adult in a group, now or at any minute of the past.

Law: Act on Early Childhood Education and Care (540/2018), 36 § (the ratio may be departed from for a short time
only); Decree 753/2018, 1 §: an adult for seven children of three years or more, see rules/unit/weight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from evaka.rules.unit.presence import WITH_CHILDREN, Presence
from evaka.rules.unit.rows import Key
from evaka.rules.unit.weight import AN_ADULT


class RatioState(StrEnum):
    """Whether there are adults enough: yes, only just, no; empty: no child is there."""

    EMPTY = "empty"
    ENOUGH = "enough"
    TIGHT = "tight"
    EXCEEDED = "exceeded"


@dataclass(frozen=True, slots=True)
class RatioPolicy:
    """[ratio] of staff.toml: from which share of what is allowed on a ratio is called tight, 0..1."""

    tight: Decimal


@dataclass(frozen=True, slots=True)
class Ratio:
    """A group at a moment.

    `weight` is the sum of the children's occupancy coefficients (1 for a child of three years or more, full day),
    `capacity` that of the adults' (7 for each who counts wholly).
    """

    children: int = 0
    weight: Decimal = Decimal(0)
    adults: int = 0
    capacity: Decimal = Decimal(0)

    @property
    def share(self) -> Decimal | None:
        """Of what is allowed: above 1 there are too few adults; 0 without children, None without adults."""
        if not self.weight:
            return Decimal(0)
        return self.weight / self.capacity if self.capacity else None

    @property
    def to_an_adult(self) -> Decimal | None:
        """Weighted children for each adult who counts wholly; the limit is seven."""
        return None if self.share is None else self.share * AN_ADULT

    @property
    def adults_needed(self) -> int:
        """Whole adults that these children need."""
        return int((self.weight / AN_ADULT).to_integral_value(ROUND_CEILING))

    def state(self, policy: RatioPolicy) -> RatioState:
        if not self.weight:
            return RatioState.EMPTY
        if self.share is None or self.share > 1:
            return RatioState.EXCEEDED
        return RatioState.TIGHT if self.share >= policy.tight else RatioState.ENOUGH

    def __add__(self, other: Ratio) -> Ratio:
        """Two groups together, for the unit."""
        return Ratio(self.children + other.children, self.weight + other.weight,
                     self.adults + other.adults, self.capacity + other.capacity)


def ratio_now(children: Iterable[Presence], adults: Iterable[Presence], at: datetime) -> dict[Key, Ratio]:
    """By group, everybody who was there at a moment; adults of a kind that does not count are left out.

    A group in which nobody is has no entry: for the whole unit add the values up, beginning with Ratio().
    """
    there = [_there(children, at), [one for one in _there(adults, at) if one.kind in WITH_CHILDREN]]
    found: dict[Key, Ratio] = defaultdict(Ratio)
    for one in there[0]:
        found[one.group] += Ratio(children=1, weight=one.weight)
    for one in there[1]:
        found[one.group] += Ratio(adults=1, capacity=one.weight)
    return dict(found)


def _there(presences: Iterable[Presence], at: datetime) -> Collection[Presence]:
    return [one for one in presences if one.arrived <= at and (one.departed is None or at < one.departed)]
