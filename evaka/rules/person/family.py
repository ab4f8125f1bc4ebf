"""What fits together in a family, and what does not: heads and partners, the order of calls, conflicts.

A family is who lives in one household and shares its economy: by it the fee is reckoned (1503/2016).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import combinations

from evaka.kit.dates import DAY, DateRange, add_months
from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow
from evaka.rules.person import ADULT, same_address

# -- the time of a head, of partners, of foster parents -------------------------------------------------


def last_day_as_child(born: date) -> date:
    """The day before the eighteenth birthday; whoever is born on 29 February comes of age on 1 March.

    >>> last_day_as_child(date(2022, 5, 1)), last_day_as_child(date(2008, 2, 29))
    (datetime.date(2040, 4, 30), datetime.date(2026, 2, 28))
    """
    birthday = add_months(born, ADULT * 12)
    return birthday - DAY if birthday.day == born.day else birthday


def check_childhood(born: date, start: date, end: date | None) -> DateRange:
    """The time for which a child has a head or foster parent; refuses what is before its birth or after its youth."""
    last = last_day_as_child(born)
    if start < born:
        raise Refused("person.before_birth", start=start, born=born)
    if start > last or (end is not None and end > last):
        raise Refused("person.after_childhood", day=start if start > last else end, last=last)
    if end is not None and end < start:
        raise Refused("person.ends_first", start=start, end=end)
    return DateRange(start, end)


def check_together(start: date, end: date | None) -> DateRange:
    """The time for which two people live together."""
    if end is not None and end < start:
        raise Refused("person.ends_first", start=start, end=end)
    return DateRange(start, end)


def check_apart(period: DateRange, others: Iterable[tuple[DateRange, str]], key: str) -> None:
    """Refuses, with the sentence of the key, a time that shares a day with another (its time, its name)."""
    for other, name in others:
        if period & other:
            raise Refused(key, name=name, period=other)


# -- names ------------------------------------------------------------------------------------------------


def preferred(name: str | None, first_name: str) -> str | None:
    """The name a person goes by, as it stands among the first names; refuses any other.

    >>> preferred("anna-maija", "Anna-Maija Kaarina")
    'Anna-Maija'
    """
    if not (name or "").strip():
        return None
    own = {one.casefold(): one for one in first_name.split()}
    if (found := own.get(str(name).strip().casefold())) is None:
        raise Refused("person.preferred_not_first", name=str(name).strip(), first_name=first_name)
    return found


# -- whom the unit calls ------------------------------------------------------------------------------------


class ContactRole(StrEnum):
    """Who somebody is to a child; local is who lives in its household."""

    LOCAL_GUARDIAN = "local_guardian"
    LOCAL_FOSTER_PARENT = "local_foster_parent"
    LOCAL_ADULT = "local_adult"
    LOCAL_SIBLING = "local_sibling"
    REMOTE_GUARDIAN = "remote_guardian"
    REMOTE_FOSTER_PARENT = "remote_foster_parent"


USUAL_ORDER = (
    ContactRole.LOCAL_GUARDIAN, ContactRole.LOCAL_FOSTER_PARENT, ContactRole.REMOTE_GUARDIAN,
    ContactRole.REMOTE_FOSTER_PARENT, ContactRole.LOCAL_ADULT, ContactRole.LOCAL_SIBLING,
)


@dataclass(frozen=True, slots=True)
class Circle:
    """The people around one child, by their ids."""

    guardians: frozenset[int] = frozenset()
    fosters: frozenset[int] = frozenset()
    adults: frozenset[int] = frozenset()  # of the household: the head and the head's partner
    siblings: frozenset[int] = frozenset()  # the other children of the household
    blocked: frozenset[int] = frozenset()

    def role(self, person: int) -> ContactRole | None:
        """What somebody is to the child; None for strangers, and for a guardian who is blocked."""
        local = person in self.adults
        if person in self.blocked:
            return None
        if person in self.guardians:
            return ContactRole.LOCAL_GUARDIAN if local else ContactRole.REMOTE_GUARDIAN
        if person in self.fosters:
            return ContactRole.LOCAL_FOSTER_PARENT if local else ContactRole.REMOTE_FOSTER_PARENT
        if local:
            return ContactRole.LOCAL_ADULT
        return ContactRole.LOCAL_SIBLING if person in self.siblings else None

    def in_order(self, chosen: Sequence[int]) -> list[tuple[int, ContactRole]]:
        """Whom to call: first those whose order was chosen, then the others, guardians before siblings."""
        everybody = self.guardians | self.fosters | self.adults | self.siblings
        roles = {one: role for one in sorted(everybody) if (role := self.role(one)) is not None}
        first = [one for one in chosen if one in roles]
        rest = sorted(roles.keys() - set(first), key=lambda one: (USUAL_ORDER.index(roles[one]), one))
        return [(one, roles[one]) for one in (*first, *rest)]


def moved(order: Sequence[int], person: int, place: int) -> list[int]:
    """The order after somebody has been put in a place, counted from 1; the others make room.

    >>> moved([11, 12, 13], 13, 1)
    [13, 11, 12]
    """
    if not 1 <= place <= len(order):
        raise Refused("person.no_such_place", place=place, last=len(order))
    rest = [one for one in order if one != person]
    return [*rest[: place - 1], person, *rest[place - 1 :]]


# -- conflicts ------------------------------------------------------------------------------------------------


class ConflictKind(StrEnum):
    NO_HEAD = "no_head"  # has a place, and nobody is billed for it
    HEAD_NO_GUARDIAN = "head_no_guardian"
    HEAD_RESTRICTED = "head_restricted"  # the address of one of them is protected, the other's is not
    HEAD_ELSEWHERE = "head_elsewhere"
    GUARDIANS_TOGETHER = "guardians_together"  # at one address, and not registered as partners
    PARTNERS_APART = "partners_apart"
    CLAIM = "claim"  # a second person says to be the child's head


class ConflictStatus(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


FAMILY_CONFLICT = Workflow(
    accept_claim=({ConflictStatus.OPEN}, ConflictStatus.ACCEPTED),
    dismiss_conflict=({ConflictStatus.OPEN}, ConflictStatus.DISMISSED),
    reopen_conflict=({ConflictStatus.DISMISSED}, ConflictStatus.OPEN),
)


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody and where they live; the lines are known even where they must not be shown."""

    id: int
    address: tuple[str, ...] = ()
    restricted: bool = False

    def lives_with(self, other: Resident) -> bool:
        return same_address(self.address, other.address)

    def lives_elsewhere(self, other: Resident) -> bool:
        """Both addresses are known, and they differ."""
        return len(self.address) > 1 and len(other.address) > 1 and not self.lives_with(other)


@dataclass(frozen=True, slots=True)
class Placed:
    """A child who has a place, the head of its family, and who has the rights of a guardian."""

    child: Resident
    head: Resident | None
    carers: tuple[Resident, ...]


Found = tuple[ConflictKind, int, int | None]  # whose file, and who else


def conflicts_of_child(placed: Placed, partners: Collection[frozenset[int]]) -> list[Found]:
    """What does not fit in the family of a child; `partners` are the registered couples of the day."""
    child, head = placed.child, placed.head
    found: list[Found] = []
    if head is None:
        found.append((ConflictKind.NO_HEAD, child.id, None))
    else:
        if head.id not in {one.id for one in placed.carers}:
            found.append((ConflictKind.HEAD_NO_GUARDIAN, child.id, head.id))
        if head.restricted != child.restricted:
            found.append((ConflictKind.HEAD_RESTRICTED, child.id, head.id))
        elif head.lives_elsewhere(child):
            found.append((ConflictKind.HEAD_ELSEWHERE, child.id, head.id))
    for one, other in combinations(placed.carers, 2):
        known = one.restricted or other.restricted or frozenset({one.id, other.id}) in partners
        if not known and one.lives_with(other):
            named = one.id if head is not None and other.id == head.id else other.id
            found.append((ConflictKind.GUARDIANS_TOGETHER, child.id, named))
    return list(dict.fromkeys(found))


def conflicts_of_partners(first: Resident, second: Resident) -> list[Found]:
    """Registered as a couple, and not living together."""
    apart = first.restricted != second.restricted or first.lives_elsewhere(second)
    return [(ConflictKind.PARTNERS_APART, first.id, second.id)] if apart else []
