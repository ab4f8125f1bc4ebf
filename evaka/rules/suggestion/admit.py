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
from collections.abc import Callable, Iterable, Sequence
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
    """A party at a unit, in the order of the criteria."""

    rank: Rank
    number: int
    option: int  # the unit's place among the party's options


@dataclass(slots=True)
class Door:
    """A unit: its room, what is left of it, who is inside and who has been turned away, both by rank."""

    room: int
    left: int
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
        self.loads: dict[tuple[int, int], int] = {}
        self.ranks: dict[tuple[int, int], Rank] = {}
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
                party = self.waiting.pop()
                if party.active and party.at is None:
                    self._propose(party)
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

    def _enters(self, party: Party, option: int) -> bool:
        unit = party.options[option]
        door, load = self.doors[unit], self._load(party, unit)
        entry = Entry(self._rank(party, unit), party.number, option)
        place = bisect_left(door.inside, entry)
        if self._fits(door.left, load):
            door.inside.insert(place, entry)
            door.left -= load
        else:
            before = door.inside[:place]
            room = door.room - sum(self._load_at(one, unit) for one in before)
            if place == len(door.inside) or not self._fits(room, load):
                _turn_away(door, entry)
                return False
            room -= load
            after, gone, freed = [], [], 0
            for one in door.inside[place:]:
                other = self._load_at(one, unit)
                if self._fits(room, other):
                    room -= other
                    after.append(one)
                else:
                    gone.append(one)
                    freed += other
            door.inside, door.left = [*before, entry, *after], room
            for one in gone:
                self._displace(one, door)
            if not self._fits(load, freed):  # they took more than the newcomer: somebody smaller may fit now
                self.stirred.add(unit)
        self._place(party, option, door, entry)
        return True

    def _place(self, party: Party, option: int, door: Door, entry: Entry) -> None:
        party.at = option
        if (at := bisect_left(door.outside, entry)) < len(door.outside) and door.outside[at] == entry:
            del door.outside[at]
        if party.family is not None and party.options[option] in party.family.options:
            self.stirred.add(party.options[option])  # the others may join it there

    def _displace(self, entry: Entry, door: Door) -> None:
        party = self.parties[entry.number]
        party.at, party.next = None, entry.option + 1
        _turn_away(door, entry)
        self.waiting.append(party)

    # -- choosing again ---------------------------------------------------------------------------------

    def _choose_again(self, unit: int) -> None:
        """Among those who are in and those who would rather be, in the order of the criteria."""
        door = self.doors[unit]
        room, kept = door.room, list[Entry]()
        within = {entry.number for entry in door.inside}
        for entry in sorted(door.inside + door.outside):
            party, load = self.parties[entry.number], self._load_at(entry, unit)
            if entry.number not in within and not self._may_try(party, entry.option, unit):
                continue
            own = [one for one in kept if self.parties[one.number].family is party]
            back = room + sum(self._load_at(one, unit) for one in own)  # siblings come together instead of alone
            if self._fits(back, load):
                room = back - load
                kept = [one for one in kept if one not in own]
                kept.append(entry)
        stays = {entry.number for entry in kept}
        gone = [entry for entry in door.inside if entry.number not in stays]
        come = [entry for entry in kept if entry.number not in within]
        door.inside, door.left = kept, room
        for entry in gone:
            self._displace(entry, door)
        for entry in come:
            self._move(self.parties[entry.number], entry, unit)

    def _may_try(self, party: Party, option: int, unit: int) -> bool:
        if not party.likes(option):
            return False
        if self.turns.get((party.number, unit), 0) < TURNS:
            return True
        self.given_up.add((party.number, unit))
        return False

    def _move(self, party: Party, entry: Entry, unit: int) -> None:
        """A party that was turned away comes in after all, from wherever it is."""
        self.turns[party.number, unit] = self.turns.get((party.number, unit), 0) + 1
        for one in (party, *party.parts):
            if one.at is not None:
                self._leave(one)
        for part in party.parts:
            part.active = False
        party.next = entry.option + 1
        self._place(party, entry.option, self.doors[unit], entry)

    def _leave(self, party: Party) -> None:
        assert party.at is not None
        unit = party.options[party.at]
        door = self.doors[unit]
        door.inside = [entry for entry in door.inside if entry.number != party.number]
        door.left += self._load(party, unit)
        party.at = None
        self.stirred.add(unit)

    # -- what is asked often ----------------------------------------------------------------------------

    def _fits(self, room: int, load: int) -> bool:
        """Whether every month has room: a month without it would borrow its guard bit."""
        return ((room | self.guards) - load) & self.guards == self.guards

    def _load_at(self, entry: Entry, unit: int) -> int:
        return self._load(self.parties[entry.number], unit)

    def _load(self, party: Party, unit: int) -> int:
        key = party.number, unit
        found = self.loads.get(key)
        if found is None:
            found = self.loads[key] = sum(self._weight(member, unit) for member in party.members)
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

    def _rank(self, party: Party, unit: int) -> Rank:
        """Of siblings, that of the one who goes last: nobody is passed over by who comes along with somebody else."""
        key = party.number, unit
        found = self.ranks.get(key)
        if found is None:
            found = self.ranks[key] = max(self.season.rank(number, unit) for number in party.members)
        return found


def _turn_away(door: Door, entry: Entry) -> None:
    at = bisect_left(door.outside, entry)
    if at == len(door.outside) or door.outside[at] != entry:
        insort(door.outside, entry)


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
