"""What occupancy is reckoned from: units and their groups, children's stays, and what changes them.

A key is the id of a unit or of a group; occupancy is reckoned for either in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from evaka.kit.dates import DateRange
from evaka.rules.attendance import AbsenceCategory
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import CareType, ServiceNeed, ShiftCare

Key: TypeAlias = int | str
Options: TypeAlias = Mapping[str, ServiceNeed]


class Provider(StrEnum):
    """Who runs a unit, and on whose account."""

    MUNICIPAL = "municipal"
    MUNICIPAL_SCHOOL = "municipal_school"
    PURCHASED = "purchased"
    EXTERNAL_PURCHASED = "external_purchased"
    PRIVATE = "private"
    PRIVATE_SERVICE_VOUCHER = "private_service_voucher"


class OccupancyKind(StrEnum):
    """Which children are counted.

    Confirmed: those with a place.  Planned: also those with a plan.  Draft: also those thought of on the
    desk. Realised: those with a place who were not away, and those in back-up care, against the adults who
    were there.
    """

    CONFIRMED = "confirmed"
    PLANNED = "planned"
    DRAFT = "draft"
    REALISED = "realised"


class Commitment(StrEnum):
    """How firm a child's stay is: a place, a plan, a draft on the desk."""

    PLACED = "placed"
    PLANNED = "planned"
    DRAFTED = "drafted"


COUNTED: Mapping[OccupancyKind, frozenset[Commitment]] = {
    OccupancyKind.CONFIRMED: frozenset({Commitment.PLACED}),
    OccupancyKind.PLANNED: frozenset({Commitment.PLACED, Commitment.PLANNED}),
    OccupancyKind.DRAFT: frozenset(Commitment),
    OccupancyKind.REALISED: frozenset({Commitment.PLACED}),
}


@dataclass(frozen=True, slots=True)
class Group:
    """When a group exists, and how many adults it is planned to have from when to when."""

    key: Key
    period: DateRange
    adults: tuple[tuple[DateRange, Decimal], ...] = ()

    def adults_on(self, day: date) -> Decimal:
        return next((amount for period, amount in self.adults if day in period), Decimal(0))


@dataclass(frozen=True, slots=True)
class Place:
    """A unit, or one of its groups, whose occupancy is wanted."""

    key: Key
    period: DateRange
    groups: tuple[Group, ...]
    open_days: OpenDays = field(default_factory=OpenDays)
    family_care: bool = False

    def by_group(self) -> list[Place]:
        """The groups of a unit as places of their own."""
        return [Place(one.key, self.period, (one,), self.open_days, self.family_care) for one in self.groups]


@dataclass(frozen=True, slots=True)
class Need:
    """The service need that was agreed for a part of a stay: a key of the city's service needs."""

    period: DateRange
    option: str
    shift_care: ShiftCare = ShiftCare.NONE


@dataclass(frozen=True, slots=True)
class Stay:
    """A child in a unit, or in a group, for a time.

    A plan or a draft has no needs: the default option of its care type counts.
    """

    child: Key
    born: date
    place: Key
    period: DateRange
    care_type: CareType
    needs: tuple[Need, ...] = ()
    commitment: Commitment = Commitment.PLACED


@dataclass(frozen=True, slots=True)
class BackupCare:
    """A child in care elsewhere for a time; `place` is None when nobody has said where (no group yet)."""

    child: Key
    place: Key | None
    period: DateRange


@dataclass(frozen=True, slots=True)
class Rows:
    """All that was read for a reckoning.

    `factors` weigh a child who needs support, `breaks` are the term breaks of the care that follows the
    school year. Only realised occupancy reads `absences` (child, day, parts of the day), `backups`, and
    `present`: the adults who were there, by group and day (`adults_present`).
    """

    stays: Sequence[Stay] = ()
    factors: Mapping[Key, Sequence[tuple[DateRange, Decimal]]] = field(default_factory=dict)
    breaks: Mapping[CareType, Sequence[DateRange]] = field(default_factory=dict)
    absences: Mapping[Key, Mapping[date, Set[AbsenceCategory]]] = field(default_factory=dict)
    backups: Sequence[BackupCare] = ()
    present: Mapping[tuple[Key, date], Decimal] = field(default_factory=dict)
