"""Whether a plan keeps to the criteria: looked at afresh, without knowing how it came to be.

A *party* is a child alone, or siblings who have asked to be placed together, taken as one.  A child *goes before*
another in a unit when its numbers by the criteria are smaller, the first that differs deciding; siblings who are there
together stand in line each in its own place, so nobody is passed over by who comes along with somebody else.

A party and a unit *block* a plan when both hold:

1. the party would rather be there than where it is.  A child alone: it has no place, or the unit stands earlier in its
   list (its wishes, then what the city offers beyond them).  Siblings: they are apart, or without a place, or together
   in a unit that stands later in their joint list.  A child that is together with its siblings does not leave them.
2. there is room for it: in every month of the stay it fits, in weight and, where they are counted, in seats, beside
   those in the unit who go before it, or before the last of siblings; those who go after would have to give way.
   Siblings who are apart, to whom no unit could give a joint place in their turn, need room for all of them beside
   everybody who is in the unit: nobody gives way to siblings so that they come together.  A member who is in the unit
   already, alone, does not count twice.

So a plan that nothing blocks wastes no room (who fits beside everybody fits beside those before it), lets nobody be
passed over (whoever is in a unit that somebody else likes better either goes before that child, or takes so little that
the room would not have been enough without it), and leaves siblings apart only where no unit of their joint list has
a joint place.  A child with a due date and no place has no unit with room within the city's limits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from evaka.rules.suggestion.season import Months, Rank, Season

Plan: TypeAlias = Mapping[int, int | None]  # the unit of each applicant, None: no place
Members: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A party, by its members, and a unit that block a plan."""

    members: Members
    unit: int


@dataclass(frozen=True, slots=True)
class Seated:
    """A child in a unit, and what all those up to it, itself included, take in each month."""

    rank: Rank
    number: int
    takes: Months
    sits: Months


def parties(season: Season, plan: Plan) -> Iterator[Members]:
    """Who counts as one in a plan: siblings who are together as they have asked, everybody else alone."""
    together = set[int]()
    for members in season.families.values():
        units = {plan[number] for number in members}
        if len(units) == 1 and units <= set(season.together(members)):
            together.update(members)
            yield members
    for number in season.applicants:
        if number not in together:
            yield (number,)


def plus(one: Months, other: Months) -> Months:
    return tuple(map(int.__add__, one, other))


def minus(one: Months, other: Months) -> Months:
    return tuple(map(int.__sub__, one, other))


def seating(season: Season, plan: Plan) -> dict[int, list[Seated]]:
    """Who is in each unit, in the order of the criteria, with the sums up to each."""
    inside: dict[int, list[tuple[Rank, int]]] = {unit: [] for unit in season.houses}
    for number, unit in plan.items():
        if unit is not None:
            inside[unit].append((season.rank(number, unit), number))
    found = {}
    for unit, rows in inside.items():
        weight = seats = (0,) * len(season.houses[unit].free)
        found[unit] = list[Seated]()
        for rank, number in sorted(rows):
            weight = plus(weight, season.takes(number, unit))
            seats = plus(seats, season.sits(number, unit))
            found[unit].append(Seated(rank, number, weight, seats))
    return found


def better(season: Season, plan: Plan, members: Members) -> list[int]:
    """The units that a party would rather be in than where it is, the best first."""
    at = plan[members[0]]
    if len(members) > 1:
        liked = season.together(members)
    else:
        liked = season.wishes(members[0])
        if at not in liked:
            liked = (*liked, *season.beyond(members[0]))
    return list(liked[: liked.index(at)] if at in liked else liked)


def room_for(
    season: Season, seated: list[Seated], members: Members, unit: int
) -> tuple[Months, Months | None]:
    """What those who go before a party leave it in each month."""
    house, rank = season.houses[unit], max(season.rank(number, unit) for number in members)
    place = bisect_left(seated, rank, key=lambda one: one.rank)
    if not place:
        return house.free, house.seats
    before = seated[place - 1]
    return minus(house.free, before.takes), None if house.seats is None else minus(house.seats, before.sits)


def fits(room: tuple[Months, Months | None], takes: Months, sits: Months) -> bool:
    """Whether there is room in every month in which somebody takes any."""
    weight = all(take <= free for take, free in zip(takes, room[0], strict=True) if take)
    return weight and (room[1] is None or all(sit <= free for sit, free in zip(sits, room[1], strict=True) if sit))


def unites(season: Season, seated: list[Seated], members: Members, unit: int) -> bool:
    """Whether a unit has room for siblings who are apart beside everybody who is in it."""
    house = season.houses[unit]
    everybody = tuple({one.number for one in seated}.union(members))
    return fits((house.free, house.seats), *load_of(season, everybody, unit))


def load_of(season: Season, members: Members, unit: int) -> tuple[Months, Months]:
    """What a party takes in a unit in each month: weight and seats."""
    takes = sits = (0,) * len(season.houses[unit].free)
    for number in members:
        takes, sits = plus(takes, season.takes(number, unit)), plus(sits, season.sits(number, unit))
    return takes, sits


def blocking(season: Season, plan: Plan) -> list[Block]:
    """Every party and unit that block a plan."""
    seated = seating(season, plan)
    found = []
    for members in parties(season, plan):
        for unit in better(season, plan, members):
            if fits(room_for(season, seated[unit], members, unit), *load_of(season, members, unit)):
                found.append(Block(members, unit))
    together = set(parties(season, plan))
    for members in season.families.values():
        if members not in together:
            found += [Block(members, unit) for unit in season.together(members)
                      if unites(season, seated[unit], members, unit)]
    return found


def overfull(season: Season, plan: Plan) -> list[int]:
    """The units into which a plan puts more than there is room for: none, or the plan is wrong."""
    found = []
    for unit, seated in seating(season, plan).items():
        house = season.houses[unit]
        if seated and not fits((house.free, house.seats), seated[-1].takes, seated[-1].sits):
            found.append(unit)
    return found


def apart(season: Season, plan: Plan) -> list[Members]:
    """The siblings who have asked to be together and are not."""
    return [members for members in season.families.values() if len({plan[one] for one in members}) > 1]


class Filling:
    """Units that are filled one child after another, beginning with a plan."""

    def __init__(self, season: Season, plan: Plan) -> None:
        self.season = season
        self.inside: dict[int, tuple[Months, Months]] = {}
        for number, unit in plan.items():
            if unit is not None:
                self.add(number, unit)

    def add(self, number: int, unit: int) -> None:
        takes, sits = self.inside.get(unit, ((0,) * len(self.season.houses[unit].free),) * 2)
        more = load_of(self.season, (number,), unit)
        self.inside[unit] = plus(takes, more[0]), plus(sits, more[1])

    def lacks(self, number: int, unit: int) -> int | None:
        """The first month in which there is no room left for a child; None: it fits."""
        house = self.season.houses[unit]
        takes, sits = self.inside.get(unit, ((0,) * len(house.free),) * 2)
        more = load_of(self.season, (number,), unit)
        for month, free in enumerate(house.free):
            seats = house.seats is None or not more[1][month] or sits[month] + more[1][month] <= house.seats[month]
            if not seats or (more[0][month] and takes[month] + more[0][month] > free):
                return month
        return None
