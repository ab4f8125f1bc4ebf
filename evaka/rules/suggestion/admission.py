"""Deferred acceptance: children propose in their order of liking, units keep those who go first by the criteria.

A unit takes who has proposed in the order of the criteria, each who fits in every month beside those before it; the
others propose to their next unit.  As children weigh differently and begin in different months, room may come free for
somebody who was turned away earlier (a younger child is pushed out by an older one, and leaves some room).  Such a unit
chooses again among all who would still rather be there.  When nobody wants to move, no pair blocks the plan; what that
means exactly stands in `verify`, which looks at the plan without knowing how it came to be.

Siblings who apply together are one party: they propose as one to the units that can take them all, and only when none
of these does are they let go to propose each alone.  When a joint place comes free afterwards, it takes them together.

With weights, months and siblings there are seasons in which every plan is blocked by somebody.  A party that has been
let in again and again to the same unit is therefore at last not let in any more (`TURNS`); another order of proposing
is tried then (`ORDERS`), and the plan that fewest pairs block is kept.  Where children weigh alike, begin together and
apply alone, this is the deferred acceptance of Gale and Shapley, and no child could do better in any plan without a
blocking pair.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from evaka.rules.suggestion.season import Months, Rank, Season
from evaka.rules.suggestion.verify import Plan, blocking

TURNS = 8  # times that a party is let in again to one unit
ORDERS = 4  # orders of proposing that are tried
WIDTH = 40  # bits of a month in a packed number, the highest of which stays free
UNLIMITED = (1 << (WIDTH - 2)) - 1


@dataclass(slots=True, eq=False)
class Party:
    """A child alone, or siblings as one; `at` is the place of its unit among its options, None: it has none."""

    number: int  # of all parties; those of siblings come after those of children
    members: tuple[int, ...]
    options: Sequence[int]
    whole: bool = True  # no further options
    active: bool = True
    at: int | None = None
    next: int = 0  # the option to be tried next
    parts: tuple[Party, ...] = ()
    family: Party | None = None

    def likes(self, option: int) -> bool:
        """Whether it would rather have that option than what it has."""
        return self.active and (self.at is None or option < self.at)


class Entry(NamedTuple):
    """A child at a unit, in the order of the criteria, and the party that it comes with."""

    rank: Rank
    child: int
    party: int
    option: int  # the unit's place among the party's options


@dataclass(slots=True)
class Door:
    """A unit: its room, what is left of it, who is inside and who has been turned away, both by rank."""

    room: int
    left: int
    families: int = 0  # parties of siblings inside
    inside: list[Entry] = field(default_factory=list)
    outside: list[Entry] = field(default_factory=list)


def packed(weights: Months, seats: Months) -> int:
    """The months of a child or of a unit as one number, a field each, so that all are compared at once."""
    found = 0
    for value in (*weights, *seats):
        found = found << WIDTH | value
    return found


def admit(season: Season) -> Plan:
    """The unit of each applicant, None where there is no place; the same for the same season."""
    best: tuple[int, Plan] | None = None
    for order in range(ORDERS):
        run = _Run(season, order)
        plan = run.settle()
        if not run.given_up:
            return plan
        count = len(blocking(season, plan))
        if best is None or count < best[0]:
            best = count, plan
    assert best is not None
    return best[1]


class _Run:
    def __init__(self, season: Season, order: int) -> None:
        self.season = season
        months = next((len(house.free) for house in season.houses.values()), 0)
        self.guards = packed((1 << (WIDTH - 1),) * months, (1 << (WIDTH - 1),) * months)
        self.doors = {key: self._door(key) for key in season.houses}
        self.parties = _parties(season)
        self.entries: dict[tuple[int, int], tuple[Entry, ...]] = {}
        self.weights: dict[tuple[int, bool], int] = {}
        self.turns: dict[tuple[int, int], int] = {}
        self.given_up: set[tuple[int, int]] = set()
        self.stirred: set[int] = set()  # units that may be able to take somebody whom they have turned away
        self.waiting = _shuffled([party for party in self.parties if party.active], order)

    def _door(self, key: int) -> Door:
        house = self.season.houses[key]
        seats = house.seats if house.seats is not None else (UNLIMITED,) * len(house.free)
        room = packed(house.free, tuple(max(0, seat) for seat in seats))
        return Door(room, room)

    def settle(self) -> Plan:
        while self.waiting or self.stirred:
            while self.waiting:
                self._propose(self.waiting.pop())
            if self.stirred:
                unit = min(self.stirred)
                self.stirred.remove(unit)
                self._choose_again(unit)
        plan: dict[int, int | None] = dict.fromkeys(self.season.applicants)
        for party in self.parties:
            if party.active and party.at is not None:
                plan.update(dict.fromkeys(party.members, party.options[party.at]))
        return plan

    # -- proposing --------------------------------------------------------------------------------------

    def _propose(self, party: Party) -> None:
        """Down the list of options until a unit takes the party."""
        while True:
            if party.next == len(party.options):
                if party.whole:
                    break
                party.whole = True
                party.options = (*party.options, *self.season.beyond(party.members[0]))
                continue
            option = party.next
            party.next += 1
            if self._enters(party, option):
                return
        for part in party.parts:  # siblings whom no unit takes together: each tries alone
            part.active, part.at, part.next = True, None, 0
            self.waiting.append(part)
        if party.parts:
            self.stirred.update(party.options)  # room may have come free in one that has turned them away

    def _enters(self, party: Party, option: int) -> bool:
        unit = party.options[option]
        door, entries = self.doors[unit], self._entries(party, option)
        if self._fits(door.left, load := sum(self._weight(entry.child, unit) for entry in entries)):
            for entry in entries:
                insort(door.inside, entry)
            door.left -= load
            door.families += bool(party.parts)
            self._place(party, option, unit)
            return True
        if not door.families and not party.parts:  # nobody there brings siblings: who goes before stays as it is
            place = bisect_left(door.inside, entries[0])
            if place == len(door.inside):
                return self._turn_away(party, option)
            before = sum(self._weight(one.child, unit) for one in door.inside[:place])
            if not self._fits(door.room - before, load):
                return self._turn_away(party, option)
        families = [party.number] if party.parts else []
        kept = self._chosen(sorted([*door.inside, *entries]), unit, families)
        if party.number not in {entry.party for entry in kept}:
            return self._turn_away(party, option)
        freed = door.left
        gone = self._let_in(kept, unit)
        self._place(party, option, unit)
        for other in gone:
            self._displace(other)
        freed = door.room - freed - sum(self._weight(one.child, unit) for one in kept if one.party != party.number)
        siblings = any(other.parts for other in (party, *gone))  # who stand in several places of the line
        if gone and (siblings or not self._fits(load, freed)):  # they took more: somebody smaller may fit now
            self.stirred.add(unit)
        return True

    def _chosen(self, entries: list[Entry], unit: int, families: Collection[int] = ()) -> list[Entry]:
        """Of children by rank, each who fits beside those before it.

        Siblings who are in the unit as one stay or go together.  `families` are siblings who would come as one: they
        need room for all of them where the last of them stands; once they are in, each stands in its own place.
        """
        out = set[int]()
        while True:
            room, kept, torn = self.doors[unit].room, list[Entry](), None
            missing = {number: len(self.parties[number].members) for number in families}
            for entry in entries:
                number = entry.party
                if number in missing:
                    missing[number] -= 1
                    if missing[number]:
                        continue
                    all_of_it = self._entries(self.parties[number], entry.option)
                    load = sum(self._weight(one.child, unit) for one in all_of_it)
                    if self._fits(room, load):
                        room -= load
                        for one in all_of_it:
                            insort(kept, one)
                elif number not in out:
                    load = self._weight(entry.child, unit)
                    if self._fits(room, load):
                        room -= load
                        kept.append(entry)
                    elif self.parties[number].parts:
                        torn = number
                        break
            if torn is None:
                return kept
            out.add(torn)

    def _let_in(self, kept: list[Entry], unit: int) -> list[Party]:
        """Those who are in from now on; answers the parties that have to go."""
        door = self.doors[unit]
        stays = {entry.party for entry in kept}
        gone = {entry.party: None for entry in door.inside if entry.party not in stays}
        door.inside = kept
        door.left = door.room - sum(self._weight(one.child, unit) for one in kept)
        door.families = sum(bool(self.parties[number].parts) for number in stays)
        return [self.parties[number] for number in gone]

    def _place(self, party: Party, option: int, unit: int) -> None:
        party.at = option
        outside = self.doors[unit].outside
        for entry in self._entries(party, option):
            if (at := bisect_left(outside, entry)) < len(outside) and outside[at] == entry:
                del outside[at]
        if party.family is not None and unit in party.family.options:
            self.stirred.add(unit)  # the others may join it there

    def _displace(self, party: Party) -> None:
        assert party.at is not None
        self._turn_away(party, party.at)
        party.next, party.at = party.at + 1, None
        self.waiting.append(party)

    def _turn_away(self, party: Party, option: int) -> bool:
        outside = self.doors[party.options[option]].outside
        for entry in self._entries(party, option):
            at = bisect_left(outside, entry)
            if at == len(outside) or outside[at] != entry:
                outside.insert(at, entry)
        return False

    # -- choosing again ---------------------------------------------------------------------------------

    def _choose_again(self, unit: int) -> None:
        """Among those who are in and those who would rather be, in the order of the criteria."""
        door = self.doors[unit]
        willing = [one for one in door.outside if self._may_try(self.parties[one.party], one.option, unit)]
        apart = {one.party: one.option for one in willing if self._is_apart(self.parties[one.party])}
        within = {entry.party for entry in door.inside}
        if len(willing) > len(apart):
            coming = [one for one in willing if one.party not in apart]
            families = {one.party for one in coming if self.parties[one.party].parts}
            kept = self._chosen(sorted([*door.inside, *coming]), unit, families)
            come = {entry.party: entry.option for entry in kept if entry.party not in within}
            for other in self._let_in(kept, unit):
                self._displace(other)
            for number, option in come.items():
                self._move(self.parties[number], option, unit)
        for number, option in apart.items():
            self._unite(self.parties[number], option, unit)

    def _is_apart(self, party: Party) -> bool:
        return bool(party.parts) and party.at is None and party.next == len(party.options)

    def _unite(self, family: Party, option: int, unit: int) -> None:
        """Siblings who are apart come together when there is room for all as it is: nobody gives way to them."""
        door, entries = self.doors[unit], self._entries(family, option)
        room = door.left
        for part in family.parts:
            if part.at is not None and part.options[part.at] == unit:
                room += self._weight(part.members[0], unit)
        if not self._is_apart(family) or not self._fits(room, sum(self._weight(one.child, unit) for one in entries)):
            return
        self._move(family, option, unit)
        self._let_in(sorted([*door.inside, *entries]), unit)

    def _may_try(self, party: Party, option: int, unit: int) -> bool:
        if not party.likes(option):
            return False
        if self.turns.get((party.number, unit), 0) < TURNS:
            return True
        self.given_up.add((party.number, unit))
        return False

    def _move(self, party: Party, option: int, unit: int) -> None:
        """A party that was turned away comes in after all, from wherever it is."""
        self.turns[party.number, unit] = self.turns.get((party.number, unit), 0) + 1
        for one in (party, *party.parts):
            if one.at is not None:
                self._leave(one)
        for part in party.parts:
            part.active = False
        party.next = option + 1
        self._place(party, option, unit)

    def _leave(self, party: Party) -> None:
        assert party.at is not None
        unit = party.options[party.at]
        self._let_in([entry for entry in self.doors[unit].inside if entry.party != party.number], unit)
        party.at = None
        self.stirred.add(unit)

    # -- what is asked often ----------------------------------------------------------------------------

    def _fits(self, room: int, load: int) -> bool:
        """Whether every month has room: a month without it would borrow its guard bit."""
        return ((room | self.guards) - load) & self.guards == self.guards

    def _entries(self, party: Party, option: int) -> tuple[Entry, ...]:
        key = party.number, option
        found = self.entries.get(key)
        if found is None:
            unit = party.options[option]
            found = self.entries[key] = tuple(
                Entry(self.season.rank(member, unit), member, party.number, option) for member in party.members
            )
        return found

    def _weight(self, number: int, unit: int) -> int:
        """A child's own; the same in all units of a kind unless it has a place there already."""
        if unit in self.season.applicants[number].standing:
            return packed(self.season.takes(number, unit), self.season.sits(number, unit))
        key = number, self.season.houses[unit].family_care
        found = self.weights.get(key)
        if found is None:
            found = self.weights[key] = packed(self.season.takes(number, unit), self.season.sits(number, unit))
        return found


def _parties(season: Season) -> list[Party]:
    """Every child, then every family of which more than one applies: its children wait until they are let go."""
    found = [
        Party(place, (number,), season.wishes(number), whole=False)
        for place, number in enumerate(season.applicants)
    ]
    by_child = {party.members[0]: party for party in found}
    for family in sorted(season.families):
        members = season.families[family]
        parts = tuple(by_child[number] for number in members)
        party = Party(len(found), members, season.together(members), parts=parts)
        for part in parts:
            part.active, part.family = False, party
        found.append(party)
    return found


def _shuffled(parties: Iterable[Party], order: int) -> list[Party]:
    """Another order of proposing, the same each time."""
    keys: list[Callable[[Party], int]] = [
        lambda party: -party.number,
        lambda party: party.number,
        lambda party: party.number * 7919 % 104_729,
        lambda party: party.number * 6007 % 15_485_863,
    ]
    return sorted(parties, key=keys[order])
