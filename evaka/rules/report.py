"""What stands on printed lists: a month of marks, and how many eat what.

Law: Act on Early Childhood Education and Care (540/2018) 11 § (meals are part of care).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from evaka.rules.attendance import AbsenceKind
from evaka.rules.booking.span import minute_of
from evaka.rules.forecast import Minutes
from evaka.rules.unit.rows import Key


class ListKind(StrEnum):
    """The lists that a unit prints."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    CONTACTS = "contacts"
    MEALS = "meals"


@dataclass(frozen=True, slots=True)
class Meal:
    """A meal of the city: `name` by language, from when to when it is eaten.

    `untimed`: a child of whom nobody has said when it comes is counted for it.
    """

    key: str
    name: Mapping[str, str]
    start: time
    end: time
    untimed: bool = False
    order: int = 0

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"{self.key} ends before it begins", "Give the times in order.")


@dataclass(frozen=True, slots=True)
class Eater:
    """A child of a day; `diet` as somebody wrote it, "" for ordinary food."""

    child: Key
    spans: Sequence[Minutes]
    timed: bool = True
    diet: str = ""


def eats(one: Eater, meal: Meal) -> bool:
    """Whoever is there at some minute of a meal eats it."""
    if not one.timed:
        return meal.untimed
    start, end = minute_of(meal.start), minute_of(meal.end)
    return any(begins < end and ends > start for begins, ends in one.spans)


@dataclass(frozen=True, slots=True)
class Plates:
    """A meal: how many eat it, and of these how many of each special diet."""

    meal: Meal
    count: int
    diets: tuple[tuple[str, int], ...]

    @property
    def ordinary(self) -> int:
        return self.count - sum(count for _, count in self.diets)


def plates(children: Iterable[Eater], meals: Iterable[Meal]) -> list[Plates]:
    """Meals in their order; diets that are written alike, whatever the case, are one."""
    eaters = list(children)
    written = {one.diet.casefold(): one.diet for one in reversed(eaters) if one.diet}
    found = []
    for meal in sorted(meals, key=lambda meal: (meal.order, meal.start)):
        those = [one for one in eaters if eats(one, meal)]
        diets = Counter(one.diet.casefold() for one in those if one.diet)
        found.append(Plates(meal, len(those), tuple(sorted((written[diet], count) for diet, count in diets.items()))))
    return found


class Mark(StrEnum):
    """A day of a child on the sheet of a month, when it was not an absence."""

    HERE = "here"
    EXPECTED = "expected"
    UNTOLD = "untold"
    CLOSED = "closed"


def mark(*, care: bool, here: bool, away: AbsenceKind | None, past: bool) -> Mark | AbsenceKind:
    """What stands in a cell: being there is stronger than an absence, and what is not known of a past day is told."""
    if here:
        return Mark.HERE
    if not care:
        return Mark.CLOSED
    if away is not None:
        return away
    return Mark.UNTOLD if past else Mark.EXPECTED
