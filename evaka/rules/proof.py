"""The ratio of a group at a minute of the past, with everything that it rests on.

    ratio = the sum of the children's weights / the sum of the adults' coefficients × 7

Law: Act on Early Childhood Education and Care (540/2018) 35 § and 36 §; Decree 753/2018, 1 §.  What has been noted is
proof of how many there were, and of who says so: each line tells from when to when.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from evaka.rules.staff import Ratio
from evaka.rules.unit import AN_ADULT, Weight
from evaka.rules.unit.presence import WITH_CHILDREN
from evaka.rules.unit.rows import Key
from evaka.rules.unit.weight import number

LAW = "540/2018, 35–36 §; 753/2018, 1 §"


@dataclass(frozen=True, slots=True)
class ChildLine:
    """A child that was there: from when to when, what it weighed, the number of the row that says so."""

    row: int
    child: int
    group: int | None
    arrived: datetime
    left: datetime | None
    weight: Weight
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class AdultLine:
    """An adult at work; `kind` says whether it was among the children."""

    row: int
    who: Key
    name: str
    group: int | None
    arrived: datetime
    left: datetime | None
    coefficient: Decimal
    kind: str = "present"
    automatic: bool = False

    @property
    def counts(self) -> bool:
        return self.kind in WITH_CHILDREN


def there(arrived: datetime, left: datetime | None, at: datetime) -> bool:
    """Whoever leaves at a minute is not there any more in it; 23.59 is the end of a day, and within it."""
    ends = left is not None and (left.hour, left.minute) == (23, 59)
    return arrived <= at and (left is None or at < left or (ends and at == left))


@dataclass(frozen=True, slots=True)
class Proof:
    """A group, or a unit, at a minute.  `sums` is the arithmetic: children, adults, ratio."""

    at: datetime
    children: tuple[ChildLine, ...]
    adults: tuple[AdultLine, ...]
    ratio: Ratio
    sums: tuple[str, str, str]


def proof(children: Iterable[ChildLine], adults: Iterable[AdultLine], at: datetime) -> Proof:
    """Of all the presences of a day those of the minute, weighed and added up.

    Adults of a kind that does not count stand among the lines, but not in the sums.
    """
    here = tuple(one for one in children if there(one.arrived, one.left, at))
    staff = tuple(one for one in adults if there(one.arrived, one.left, at))
    counted = [one for one in staff if one.counts]
    weight = sum((one.weight.value for one in here), Decimal(0))
    capacity = sum((one.coefficient for one in counted), Decimal(0))
    ratio = Ratio(len(here), weight, len(counted), capacity)
    return Proof(at, here, staff, ratio, (_children(here, weight), _adults(counted, capacity), _ratio(ratio)))


def _children(lines: Sequence[ChildLine], weight: Decimal) -> str:
    """1 × (1,75 × 2,0) + 3 × 1,75 + 12 × 1 = 20,75"""
    counted = Counter((one.weight.value, one.weight.arithmetic) for one in lines)
    parts = [f"{count} × {told}" for (_, told), count in sorted(counted.items(), reverse=True)]
    return f"{' + '.join(parts) or '0'} = {number(weight)}"


def _adults(lines: Sequence[AdultLine], capacity: Decimal) -> str:
    """2 × 7 + 1 × 3,5 = 17,5"""
    counted = Counter(one.coefficient for one in lines)
    parts = [f"{count} × {number(coefficient)}" for coefficient, count in sorted(counted.items(), reverse=True)]
    return f"{' + '.join(parts) or '0'} = {number(capacity)}"


def _ratio(ratio: Ratio) -> str:
    """20,75 / 21 × 7 = 6,9"""
    to_an_adult = ratio.to_an_adult
    if to_an_adult is None:
        return f"{number(ratio.weight)} / 0"
    if not ratio.capacity:
        return "0 / 0"
    rounded = to_an_adult.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{number(ratio.weight)} / {number(ratio.capacity)} × {AN_ADULT} = {str(rounded).replace('.', ',')}"


def changes(children: Iterable[ChildLine], adults: Iterable[AdultLine]) -> list[datetime]:
    """The minutes at which somebody came or left, in order."""
    found: set[datetime] = set()
    lines: list[ChildLine | AdultLine] = [*children, *adults]
    for one in lines:
        found.add(one.arrived)
        if one.left is not None:
            found.add(one.left)
    return sorted(found)


def neighbours(moments: Sequence[datetime], at: datetime) -> tuple[datetime | None, datetime | None]:
    """The change before a minute and the one after it."""
    before = max((one for one in moments if one < at), default=None)
    return before, min((one for one in moments if one > at), default=None)
