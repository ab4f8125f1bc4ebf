"""What a suggestion is reckoned from: applicants, units, the room of each month, and who goes before whom.

Room and weight are whole numbers: ten-thousandths of the weight of a child of three years or more (1.0 is 10,000, a
younger child 17,500, times the factor of support).  A month is counted by its tightest day.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property
from hashlib import sha256
from math import asin, cos, radians, sin, sqrt
from typing import TypeAlias

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.placement import CareType, Offer, misfits
from evaka.rules.suggestion.criteria import (
    STEPPED,
    Beyond,
    Criteria,
    CriterionKind,
    SuggestionPolicy,
    band,
    lot,
    stepped,
)

WHOLE = 10_000  # the weight of a child of three years or more
EARTH = 6_371_000  # metres, its mean radius
Point: TypeAlias = tuple[float, float]  # latitude and longitude, degrees
Months: TypeAlias = tuple[int, ...]  # a number for each month of the horizon
Rank: TypeAlias = tuple[int, ...]  # one number a criterion; the smaller goes first


@dataclass(frozen=True, slots=True)
class House:
    """A unit: what it can take, the free weight of each month, and the free seats where they are counted."""

    key: int
    offer: Offer
    free: Months
    seats: Months | None = None
    point: Point | None = None
    family_care: bool = False


@dataclass(frozen=True, slots=True)
class Applicant:
    """An application, by its number.

    `takes` is the child's weight in each month of the horizon in an ordinary unit, `takes_at_home` in family day care;
    months before the stay, and after the months that are looked at, are 0.  `there` are the months of the stay itself.
    `near` is from where further units are looked for when the home is unknown; of a home that is not `told` no distance
    leaves this reckoning.  `standing` is what the child weighs already in units where it has a place: it gives way to
    the new one.  `language` is the child's own, `speaks` are those of the units that the family has named.  Applicants
    with the same `family` have asked to be placed together.
    """

    number: int
    wishes: tuple[int, ...]
    period: DateRange
    care_type: CareType
    takes: Months
    takes_at_home: Months
    there: Months
    due: date | None = None
    received: date | None = None
    shift_care: bool = False
    support: bool = False
    language: str | None = None
    speaks: frozenset[str] = frozenset()
    siblings_in: frozenset[int] = frozenset()
    family: int | None = None
    home: Point | None = None
    near: Point | None = None
    told: bool = True
    standing: Mapping[int, Months] = field(default_factory=dict)


def metres(one: Point | None, other: Point | None) -> int | None:
    """The distance along the surface of the earth; None when either point is unknown."""
    if one is None or other is None:
        return None
    north, east = radians(other[0] - one[0]), radians(other[1] - one[1])
    half = sin(north / 2) ** 2 + cos(radians(one[0])) * cos(radians(other[0])) * sin(east / 2) ** 2
    return round(2 * EARTH * asin(sqrt(half)))


def whole(weight: Decimal) -> int:
    """A child's weight, rounded up so that no unit is filled beyond its room."""
    return int((weight * WHOLE).to_integral_value(ROUND_CEILING))


def whole_room(room: Decimal | None) -> int:
    """A unit's room, rounded down; none where no adults are planned, and none when it is over-full."""
    return max(0, int((room * WHOLE).to_integral_value(ROUND_FLOOR))) if room is not None else 0


def _plain(value: object) -> object:
    """A value as JSON keeps it, the same whatever the order of a set."""
    if isinstance(value, frozenset):
        return sorted(str(one) for one in value)
    return str(value)


class Season:
    """All that the plan follows from; nothing else does, neither the order of rows nor of a set."""

    def __init__(
        self,
        applicants: Iterable[Applicant],
        houses: Iterable[House],
        criteria: Criteria,
        policy: SuggestionPolicy,
    ) -> None:
        self.applicants = {one.number: one for one in sorted(applicants, key=lambda one: one.number)}
        self.houses = {one.key: one for one in sorted(houses, key=lambda one: one.key)}
        self.criteria, self.policy = criteria, policy
        self._common: dict[int, list[int]] = {}
        self._misfits: dict[tuple[object, ...], tuple[Refused, ...]] = {}
        self._nearest: dict[Point | None, list[tuple[int, int]]] = {}
        self._dependent = [
            (place, one)
            for place, one in enumerate(criteria.criterion)
            if one.key in (CriterionKind.NEEDS, CriterionKind.SIBLING, CriterionKind.DISTANCE)
        ]
        spoken = Counter(one.offer.language for one in self.houses.values())
        self._languages = sorted(spoken, key=lambda language: (-spoken[language], language))  # the most usual first

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that the plan follows from."""
        facts = [
            [asdict(one) for one in self.applicants.values()],
            [asdict(one) for one in self.houses.values()],
            asdict(self.criteria),
            asdict(self.policy),
        ]
        told = json.dumps(facts, default=_plain, sort_keys=True, ensure_ascii=False)
        return sha256(told.encode()).hexdigest()

    @cached_property
    def families(self) -> dict[int, tuple[int, ...]]:
        """The applicants who have asked to be placed together, by family; one alone is no family."""
        found: dict[int, list[int]] = {}
        for one in self.applicants.values():
            if one.family is not None:
                found.setdefault(one.family, []).append(one.number)
        return {family: tuple(several) for family, several in found.items() if len(several) > 1}

    # -- may, and how much ------------------------------------------------------------------------------

    def misfits(self, number: int, unit: int) -> tuple[Refused, ...]:
        """What keeps a child from a unit for good, whatever room there is."""
        one = self.applicants[number]
        key = (one.period, one.care_type, one.shift_care, unit)
        if key not in self._misfits:
            offer = self.houses[unit].offer
            self._misfits[key] = tuple(misfits(one.period, one.care_type, offer, shift_care=one.shift_care))
        return self._misfits[key]

    def takes(self, number: int, unit: int) -> Months:
        """What the child would weigh in the unit in each month, beyond what it weighs there already."""
        one = self.applicants[number]
        weight = one.takes_at_home if self.houses[unit].family_care else one.takes
        if (standing := one.standing.get(unit)) is not None:
            return tuple(max(0, new - old) for new, old in zip(weight, standing, strict=True))
        return weight

    def sits(self, number: int, unit: int) -> Months:
        """The seats that the child would take besides its own."""
        one = self.applicants[number]
        if (standing := one.standing.get(unit)) is not None:
            return tuple(int(new and not old) for new, old in zip(one.there, standing, strict=True))
        return one.there

    def distance(self, number: int, unit: int) -> int | None:
        """Metres from the child's home, where these may be told."""
        one = self.applicants[number]
        return metres(one.home, self.houses[unit].point) if one.told else None

    # -- who goes first ---------------------------------------------------------------------------------

    def rank(self, number: int, unit: int) -> Rank:
        """An applicant's place in line in a unit: compared number by number, in the order of the criteria."""
        common = self._common.get(number)
        if common is None:
            common = self._common[number] = self._of_applicant(self.applicants[number])
        if not self._dependent:
            return tuple(common)
        one, found = self.applicants[number], common.copy()
        for place, criterion in self._dependent:
            if criterion.key is CriterionKind.SIBLING:
                found[place] = int(unit not in one.siblings_in)
            elif criterion.key is CriterionKind.NEEDS:
                found[place] = int(not self._needs(one, self.houses[unit]))
            else:
                found[place] = band(metres(one.home, self.houses[unit].point), criterion.bands)
        return tuple(found)

    def _of_applicant(self, one: Applicant) -> list[int]:
        """What is the same in every unit; 0 where the unit decides."""
        days = {
            CriterionKind.DUE: one.due,
            CriterionKind.START: one.period.start,
            CriterionKind.RECEIVED: one.received,
        }
        found = []
        for criterion in self.criteria.criterion:
            if criterion.key in STEPPED:
                found.append(stepped(days[criterion.key], criterion.step))
            elif criterion.key is CriterionKind.TOGETHER:
                found.append(int(one.family not in self.families))
            elif criterion.key is CriterionKind.LOT:
                found.append(lot(self.criteria.seed, one.number))
            else:
                found.append(0)
        return found

    def _needs(self, one: Applicant, house: House) -> bool:
        """Whether the child needs something that this unit gives: shift care, a language, support."""
        rare = one.language == house.offer.language != self._languages[0]
        return one.support or rare or (one.shift_care and house.offer.shift_care)

    # -- what is liked, and in which order --------------------------------------------------------------

    def wishes(self, number: int) -> tuple[int, ...]:
        """The wished units that may take the child, in the family's order."""
        wished = dict.fromkeys(self.applicants[number].wishes)
        return tuple(unit for unit in wished if unit in self.houses and not self.misfits(number, unit))

    def beyond(self, number: int) -> tuple[int, ...]:
        """The other units that may take the child, the nearest first: where the city offers them at all."""
        one, policy = self.applicants[number], self.policy
        if policy.beyond is Beyond.NOBODY or (policy.beyond is Beyond.DUE and one.due is None):
            return ()
        return tuple(
            unit
            for metre, unit in self.nearest(one.home or one.near)
            if metre <= policy.furthest * 1000
            and unit not in one.wishes
            and not self.misfits(number, unit)
            and self._speaks(one, self.houses[unit])
        )

    def nearest(self, home: Point | None) -> list[tuple[int, int]]:
        """(metres, unit) of every unit from a home on; where the way is unknown, in the order of their keys."""
        if home not in self._nearest:
            ways = ((metres(home, one.point), one.key) for one in self.houses.values())
            self._nearest[home] = sorted((way or 0, key) for way, key in ways)
        return self._nearest[home]

    def _speaks(self, one: Applicant, house: House) -> bool:
        """A unit that was not wished for has a language that the family has named, else the most usual one."""
        return house.offer.language in (one.speaks or self._languages[:1])

    def together(self, members: Sequence[int]) -> tuple[int, ...]:
        """The units in which siblings would be together, in their order of liking.

        First those that all have wished for, by the sum of the places among their wishes; then those that some have
        wished for; then, where the city says so, the nearest that nobody has.
        """
        lists = [self.wishes(number) for number in members]
        places = [{unit: place for place, unit in enumerate(wished)} for wished in lists]
        every = dict.fromkeys(unit for wished in lists for unit in wished)

        def liking(unit: int) -> tuple[int, ...]:
            known = [place.get(unit) for place in places]
            found = [len(wished) if at is None else at for at, wished in zip(known, lists, strict=True)]
            return (known.count(None), sum(found), max(found), *found, unit)

        joint = sorted((unit for unit in every if self._all_may(members, unit)), key=liking)
        first = self.applicants[members[0]]
        within = self.policy.together_within * 1000
        further = [
            unit
            for metre, unit in (self.nearest(first.home or first.near) if within else ())
            if metre <= within and unit not in every and self._all_may(members, unit)
            and all(self._speaks(self.applicants[number], self.houses[unit]) for number in members)
        ]
        return (*joint, *further)

    def _all_may(self, members: Sequence[int], unit: int) -> bool:
        return not any(self.misfits(number, unit) for number in members)
