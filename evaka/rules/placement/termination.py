"""A place that the family gives up.

Law: Act on Client Fees in Early Childhood Education and Care (1503/2016), 5 § (the fee ends with the place).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.rules.placement import CONNECTED_DAYCARE, DAYCARE_TYPES, PREPARATORY_TYPES, CareType

Id = TypeVar("Id", int, str)


class TerminationScope(StrEnum):
    PLACE = "place"  # the whole place
    CONNECTED = "connected"  # the care around pre-primary education only


@dataclass(frozen=True, slots=True)
class TerminationPolicy:
    """How many days ahead a family gives notice, and for how many hours it may take it back."""

    notice_days: int = 0
    undo_hours: int = 24


@dataclass(frozen=True, slots=True)
class Place(Generic[Id]):
    """A place of the child in the unit, as far as giving it up looks at it."""

    id: Id
    care_type: CareType
    period: DateRange


@dataclass(frozen=True, slots=True)
class Ending(Generic[Id]):
    """What becomes of a place: the days it keeps (none: it goes), and the education that goes on after them."""

    id: Id
    keeps: DateRange | None
    then: tuple[CareType, DateRange] | None = None


def scopes(care_type: CareType) -> tuple[TerminationScope, ...]:
    """What may be given up of a place: of care around education also that alone."""
    both = care_type in CONNECTED_DAYCARE
    return (TerminationScope.PLACE, TerminationScope.CONNECTED) if both else (TerminationScope.PLACE,)


def endings(places: Iterable[Place[Id]], last_day: date, scope: TerminationScope) -> list[Ending[Id]]:
    """What giving up does to a child's places in a unit, those that last beyond the last day, in order of time.

    The whole: what runs ends, what would begin later goes.  The care around education alone: education goes on for the
    days it was meant for, day care after the term goes.
    """
    found: list[Ending[Id]] = []
    for place in sorted(places, key=lambda one: one.period.start):
        if place.period.last_day <= last_day:
            continue
        begun = place.period.start <= last_day
        keeps = DateRange(place.period.start, last_day) if begun else None
        if scope is TerminationScope.PLACE:
            found.append(Ending(place.id, keeps))
        elif place.care_type in CONNECTED_DAYCARE:
            free = CareType.PREPARATORY if place.care_type in PREPARATORY_TYPES else CareType.PRESCHOOL
            rest = DateRange(max(place.period.start, last_day + DAY), place.period.end)
            found.append(Ending(place.id, keeps, (free, rest)))
        elif place.care_type in DAYCARE_TYPES and not begun:
            found.append(Ending(place.id, None))
    return found


def check_termination(
    place: DateRange, care_type: CareType, last_day: date, scope: TerminationScope, policy: TerminationPolicy,
    today: date,
) -> None:  # fmt: skip
    """Whether a family may give up a place with this last day."""
    first = today + timedelta(days=policy.notice_days)
    if last_day < first:
        raise Refused("termination.too_early", last_day=last_day, first=first)
    if place.start > today:
        raise Refused("termination.not_begun", start=place.start)
    if last_day > place.last_day:
        raise Refused("termination.after_the_end", last_day=last_day, end=place.last_day)
    if scope not in scopes(care_type):
        raise Refused("termination.no_connected", care_type=care_type)


def check_undo(made_at: datetime, now: datetime, policy: TerminationPolicy) -> None:
    """A notice is taken back within some hours; later a new place has to be applied for."""
    if now - made_at > timedelta(hours=policy.undo_hours):
        raise Refused("termination.undone_too_late", hours=policy.undo_hours)
