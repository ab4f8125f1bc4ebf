"""In which order children are offered places: the city's own list, dated, each criterion with its words.

Law: Act on Early Childhood Education and Care (540/2018) 17 § (a place is given by the due date), 8 § (the child's
language), 5 § (a place near home); Administrative Procedure Act (434/2003) 6 § (equal treatment).  The law does not say
who goes first when a unit cannot take everybody; a city decides, publishes its list and keeps to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256

from evaka.kit.dates import DateRange
from evaka.rules.unit import OccupancyKind

NEVER = date.max.toordinal()  # the place in line of who has no such day


class CriterionKind(StrEnum):
    DUE = "due"  # the earlier due date
    NEEDS = "needs"  # shift care, language or support that the unit gives and not every unit does
    SIBLING = "sibling"  # a sibling has a place in the unit
    TOGETHER = "together"  # applies with a sibling for the same unit
    START = "start"  # the earlier first day of care
    DISTANCE = "distance"  # the nearer band
    RECEIVED = "received"  # the earlier application
    LOT = "lot"  # by the published seed


class Step(StrEnum):
    """Days within one step are equal."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


STEPPED = frozenset({CriterionKind.DUE, CriterionKind.START, CriterionKind.RECEIVED})


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the list.  `step` is of days, `bands` are the upper limits of distances in kilometres, rising."""

    key: CriterionKind
    name: Mapping[str, str]
    step: Step = Step.DAY
    bands: tuple[Decimal, ...] = ()

    def __post_init__(self) -> None:
        if self.step is not Step.DAY and self.key not in STEPPED:
            raise ValueError(f"{self.key} knows no step", "Only due, start and received have steps of days.")
        if bool(self.bands) != (self.key is CriterionKind.DISTANCE):
            raise ValueError(f"{self.key}: bands belong to distance", 'Give distance bands = ["1", "3"], others none.')
        if list(self.bands) != sorted(set(self.bands)):
            raise ValueError("the bands do not rise", "Write the kilometres from the smallest to the largest.")


@dataclass(frozen=True, slots=True)
class Criteria:
    """The list that holds for a time, first things first.  `seed` is what the lot is drawn from; it is published."""

    valid: DateRange
    seed: str
    criterion: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        keys = [one.key for one in self.criterion]
        if len(set(keys)) < len(keys):
            raise ValueError("a criterion is in the list twice", "Keep one of the two.")
        if not keys or keys[-1] is not CriterionKind.LOT:
            raise ValueError("the last criterion is not the lot", 'Let key = "lot" end the list: it ends all ties.')
        if not self.seed.strip():
            raise ValueError("the lot has no seed", "Write seed = \"…\" and publish it before applications are read.")


class Beyond(StrEnum):
    """Who is offered a unit that was not wished for, when no wished one has room."""

    NOBODY = "nobody"
    DUE = "due"  # children who have a due date
    ALL = "all"


@dataclass(frozen=True, slots=True)
class SuggestionPolicy:
    """What a city lets a suggestion do.

    `counted` says whose load takes room in the units; `months` how many months of a stay must have room, from its
    first; `seats` whether the number of children that the building may hold counts besides the adults; `furthest` how
    many kilometres away a unit that was not wished for may be, `together_within` how many kilometres away siblings are
    placed in one unit that nobody wished for rather than apart (0: never).
    """

    counted: OccupancyKind = OccupancyKind.PLANNED
    months: int = 12
    seats: bool = True
    beyond: Beyond = Beyond.DUE
    furthest: Decimal = Decimal(30)
    together_within: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not 1 <= self.months <= 36:
            raise ValueError("months is not between 1 and 36", "Write months = 12.")
        if self.counted is OccupancyKind.REALISED:
            raise ValueError("nobody knows who will really come", "Write confirmed, planned or draft.")


def stepped(day: date | None, step: Step) -> int:
    """A day's place in line; days of one step share it, and no day comes last."""
    if day is None:
        return NEVER
    if step is Step.MONTH:
        return day.year * 12 + day.month
    return day.toordinal() if step is Step.DAY else (day.toordinal() - 1) // 7


def lot(seed: str, number: int) -> int:
    """What an application has drawn, the smaller goes first: the first eight bytes of SHA-256 of “seed:number”."""
    return int.from_bytes(sha256(f"{seed}:{number}".encode()).digest()[:8], "big")


def band(metres: int | None, bands: tuple[Decimal, ...]) -> int:
    """Which band a distance falls into, from 0; an unknown distance falls into the last."""
    if metres is None:
        return len(bands)
    return sum(metres > limit * 1000 for limit in bands)
