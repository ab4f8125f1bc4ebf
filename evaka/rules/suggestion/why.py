"""Why a child is offered this place and not one that its family likes better; and what a whole plan is worth."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum

from evaka.kit.errors import Refused
from evaka.rules.suggestion.criteria import CriterionKind
from evaka.rules.suggestion.season import Rank, Season
from evaka.rules.suggestion.verify import (
    Members,
    Plan,
    Seated,
    apart,
    better,
    blocking,
    load_of,
    parties,
    room_for,
    seating,
)


class NotThere(StrEnum):
    """Why a child is not in a unit that its family likes better."""

    MISFIT = "misfit"  # the unit cannot take it, whatever room there is
    CLOSED = "closed"  # the unit is not among those that were chosen
    NO_ROOM = "no_room"  # no weight is left in some month
    NO_SEAT = "no_seat"  # the building is full in some month
    SIBLING = "sibling"  # a sibling cannot come along
    TOGETHER = "together"  # the family as a whole likes the other unit better


@dataclass(frozen=True, slots=True)
class Why:
    """One better-liked unit.  `month` is the tightest one, by its place in the horizon, `free` what those who go before
    leave in it and `takes` what the party needs, in ten-thousandths or in seats.  `last` is the last of those who go
    before, and `criterion` what decides between the two; None: the unit was full of itself."""

    unit: int
    wish: int
    reason: NotThere
    month: int | None = None
    free: int = 0
    takes: int = 0
    last: int | None = None
    criterion: CriterionKind | None = None
    misfits: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Here:
    """Why a child is where it is: `before` is the first who would rather be there and goes after it, and `criterion`
    what decides between the two; None: everybody who wanted could come.  `wish` counts from 1, 0 is no wish of the
    family."""

    unit: int | None
    wish: int
    with_siblings: tuple[int, ...] = ()
    before: int | None = None
    criterion: CriterionKind | None = None
    looked_at: int = 0  # units beyond the wishes in which no room was found


@dataclass(frozen=True, slots=True)
class Worth:
    """What a plan comes to.  `wishes` counts children by which wish they got; metres are a mean of those known."""

    children: int
    wishes: tuple[int, ...]
    beyond: int
    unplaced: int
    unplaced_due: int
    families: int
    apart: int
    metres: int
    blocking: int


def decides(season: Season, one: Rank, other: Rank) -> CriterionKind:
    """The first criterion in which two places in a line differ."""
    place = next(place for place, (mine, its) in enumerate(zip(one, other, strict=True)) if mine != its)
    return season.criteria.criterion[place].key


class Reasons:
    """Everything that can be said of a plan."""

    def __init__(self, season: Season, plan: Plan) -> None:
        self.season, self.plan = season, plan
        self.seated = seating(season, plan)
        self.party = {number: members for members in parties(season, plan) for number in members}
        self.wanting: dict[int, list[tuple[Rank, int]]] = {unit: [] for unit in season.houses}
        for number, members in self.party.items():
            if len(members) == 1:
                for unit in self._better_wishes(number):
                    self.wanting[unit].append((season.rank(number, unit), number))
        for line in self.wanting.values():
            line.sort()

    def _better_wishes(self, number: int) -> list[int]:
        wished, at = self.season.wishes(number), self.plan[number]
        return list(wished[: wished.index(at)] if at in wished else wished)

    def wish(self, number: int, unit: int | None) -> int:
        """Which of the family's wishes a unit is, from 1; 0: none."""
        wished = self.season.applicants[number].wishes
        return wished.index(unit) + 1 if unit in wished else 0

    def here(self, number: int) -> Here:
        unit, members = self.plan[number], self.party[number]
        if unit is None:
            return Here(None, 0, looked_at=len(self.season.beyond(number)))
        rank, line = self.season.rank(number, unit), self.wanting[unit]
        after = line[bisect_left(line, (rank, number)) :][:1]
        siblings = tuple(one for one in members if one != number)
        if not after:
            return Here(unit, self.wish(number, unit), siblings)
        [(theirs, other)] = after
        return Here(unit, self.wish(number, unit), siblings, other, decides(self.season, rank, theirs))

    def not_there(self, number: int) -> list[Why]:
        """Of each unit that the family likes better, in the order of its wishes, why the child is not there."""
        one, at = self.season.applicants[number], self.plan[number]
        liked = one.wishes[: one.wishes.index(at)] if at in one.wishes else one.wishes
        return [self._why(number, unit) for unit in liked]

    def _why(self, number: int, unit: int) -> Why:
        season, members = self.season, self.party[number]
        wish = self.wish(number, unit)
        if unit not in season.houses:
            return Why(unit, wish, NotThere.CLOSED)
        if misfits := season.misfits(number, unit):
            return Why(unit, wish, NotThere.MISFIT, misfits=misfits)
        if len(members) > 1 and unit not in better(season, self.plan, members):
            together = unit in season.together(members)
            return Why(unit, wish, NotThere.TOGETHER if together else NotThere.SIBLING)
        return self.full(members, unit, wish)

    def full(self, members: Members, unit: int, wish: int = 0) -> Why:
        """The tightest month of a unit for a party, and who was the last to go before it."""
        season, seated = self.season, self.seated[unit]
        room, seats = room_for(season, seated, members, unit)
        takes, sits = load_of(season, members, unit)
        reason, left = NotThere.NO_ROOM, list[tuple[int, int, int, int]]()
        for month, (free, take) in enumerate(zip(room, takes, strict=True)):
            if take:
                left.append((free - take, month, free, take))
        if seats is not None and (not left or min(left)[0] >= 0):
            reason = NotThere.NO_SEAT
            left = [
                (seat - sit, month, seat, sit)
                for month, (seat, sit) in enumerate(zip(seats, sits, strict=True))
                if sit
            ]
        _, month, free, take = min(left, default=(0, 0, 0, 0))
        last = self._last_before(members, unit)
        if last is None:
            return Why(unit, wish, reason, month, free, take)
        rank = max(season.rank(number, unit) for number in members)
        return Why(unit, wish, reason, month, free, take, last.number, decides(season, last.rank, rank))

    def _last_before(self, members: Members, unit: int) -> Seated | None:
        rank = max(self.season.rank(number, unit) for number in members)
        place = bisect_left(self.seated[unit], rank, key=lambda one: one.rank)
        before = [one for one in self.seated[unit][:place] if one.number not in members]
        return before[-1] if before else None


def passed_over(reasons: Reasons, number: int, unit: int) -> list[tuple[int, CriterionKind]]:
    """Who would rather be in a unit and goes before a child that is moved there by hand, and by which criterion."""
    season = reasons.season
    rank = season.rank(number, unit)
    return [
        (other, decides(season, theirs, rank))
        for theirs, other in reasons.wanting[unit]
        if theirs < rank and other != number
    ]


def worth(season: Season, plan: Plan) -> Worth:
    applicants = season.applicants.values()
    most = max((len(one.wishes) for one in applicants), default=0)
    counts, beyond, ways = [0] * most, 0, list[int]()
    for one in applicants:
        unit = plan[one.number]
        if unit is None:
            continue
        if unit in one.wishes:
            counts[one.wishes.index(unit)] += 1
        else:
            beyond += 1
        if (way := season.distance(one.number, unit)) is not None:
            ways.append(way)
    nowhere = [one for one in applicants if plan[one.number] is None]
    return Worth(
        children=len(season.applicants),
        wishes=tuple(counts),
        beyond=beyond,
        unplaced=len(nowhere),
        unplaced_due=sum(one.due is not None for one in nowhere),
        families=len(season.families),
        apart=len(apart(season, plan)),
        metres=round(sum(ways) / len(ways)) if ways else 0,
        blocking=len(blocking(season, plan)),
    )
