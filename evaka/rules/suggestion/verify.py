"""Whether a plan keeps to the criteria: looked at afresh, without knowing how it came to be.

A *party* is a child alone, or siblings who have asked to be placed together, taken as one: in each month it takes what
its members take, and in a unit's line it stands where the last of its members stands.  A party *goes before* another in
a unit when its numbers by the criteria are smaller, the first that differs deciding.

A party and a unit *block* a plan when both hold:

1. the party would rather be there than where it is.  A child alone: it has no place, or the unit stands earlier in its
   list (its wishes, then what the city offers beyond them).  Siblings: they are apart, or without a place, or together
   in a unit that stands later in their joint list.  A child that is together with its siblings does not leave them.
2. there is room for it: in every month of its stay it fits beside those in the unit who go before it, in weight and,
   where they are counted, in seats.  Those who go after it would have to give way; its own members do not count twice.

So a plan that nothing blocks wastes no room (who fits beside everybody fits beside those before it), lets nobody be
passed over (whoever is in a unit that somebody else likes better either goes before that child, or takes so little that
the room would not have been enough without it), and leaves siblings apart only where no unit of their joint list had
room for them in their turn.  A child with a due date and no place has no unit with room within the city's limits.
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
    """A party in a unit, and what all those up to it, itself included, take in each month."""

    rank: Rank
    members: Members
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


def rank_of(season: Season, members: Members, unit: int) -> Rank:
    return max(season.rank(number, unit) for number in members)


def added(rows: Iterator[Months], months: int) -> Months:
    return tuple(map(sum, zip(*rows, strict=True))) or (0,) * months


def load_of(season: Season, members: Members, unit: int) -> tuple[Months, Months]:
    """What a party takes in a unit in each month: weight and seats."""
    months = len(season.houses[unit].free)
    return (
        added((season.takes(number, unit) for number in members), months),
        added((season.sits(number, unit) for number in members), months),
    )


def seating(season: Season, plan: Plan) -> dict[int, list[Seated]]:
    """Who is in each unit, in the order of the criteria, with the sums up to each."""
    inside: dict[int, list[tuple[Rank, Members]]] = {unit: [] for unit in season.houses}
    for members in parties(season, plan):
        if (unit := plan[members[0]]) is not None:
            inside[unit].append((rank_of(season, members, unit), members))
    found = {}
    for unit, rows in inside.items():
        months = len(season.houses[unit].free)
        weight, seats = (0,) * months, (0,) * months
        found[unit] = list[Seated]()
        for rank, members in sorted(rows):
            takes, sits = load_of(season, members, unit)
            weight = tuple(map(int.__add__, weight, takes))
            seats = tuple(map(int.__add__, seats, sits))
            found[unit].append(Seated(rank, members, weight, seats))
    return found


def better(season: Season, plan: Plan, members: Members) -> list[int]:
    """The units that a party would rather be in than where it is, the best first."""
    if len(members) > 1:
        liked = season.together(members)
        units = {plan[number] for number in members}
        at = units.pop() if len(units) == 1 else None
    else:
        at = plan[members[0]]
        liked = season.wishes(members[0])
        if at not in liked:
            liked = (*liked, *season.beyond(members[0]))
    return list(liked[: liked.index(at)] if at in liked else liked)


def room_for(season: Season, seated: list[Seated], members: Members, unit: int) -> tuple[Months, Months | None]:
    """What those before a party leave it in each month; its own members, when they are there alone, do not count."""
    house = season.houses[unit]
    place = bisect_left(seated, rank_of(season, members, unit), key=lambda one: one.rank)
    free, seats = house.free, house.seats
    if place:
        free = tuple(map(int.__sub__, free, seated[place - 1].takes))
        seats = None if seats is None else tuple(map(int.__sub__, seats, seated[place - 1].sits))
    for one in seated[:place] if len(members) > 1 else ():
        if len(one.members) == 1 and one.members[0] in members:
            takes, sits = load_of(season, one.members, unit)
            free = tuple(map(int.__add__, free, takes))
            seats = None if seats is None else tuple(map(int.__add__, seats, sits))
    return free, seats


def fits(room: tuple[Months, Months | None], load: tuple[Months, Months]) -> bool:
    """Whether there is room in every month in which the party takes any."""
    weight = all(take <= free for take, free in zip(load[0], room[0], strict=True) if take)
    return weight and (room[1] is None or all(sit <= free for sit, free in zip(load[1], room[1], strict=True) if sit))


def blocking(season: Season, plan: Plan) -> list[Block]:
    """Every party and unit that block a plan."""
    seated = seating(season, plan)
    asking = list(parties(season, plan))
    asking += [members for members in season.families.values() if members not in asking]
    found = []
    for members in asking:
        for unit in better(season, plan, members):
            if fits(room_for(season, seated[unit], members, unit), load_of(season, members, unit)):
                found.append(Block(members, unit))
    return found


def overfull(season: Season, plan: Plan) -> list[int]:
    """The units into which a plan puts more than there is room for: none, or the plan is wrong."""
    found = []
    for unit, seated in seating(season, plan).items():
        house = season.houses[unit]
        if seated and not fits((house.free, house.seats), (seated[-1].takes, seated[-1].sits)):
            found.append(unit)
    return found


def apart(season: Season, plan: Plan) -> list[Members]:
    """The siblings who have asked to be together and are not."""
    return [members for members in season.families.values() if len({plan[one] for one in members}) > 1]
