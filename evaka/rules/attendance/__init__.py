"""Who is away and why: the kinds of absence, who may report which, and when a child is away the whole day.

Law: Act on Client Fees in Early Childhood Education (1503/2016), 11 § and 12 § (what an absence does to the
fee).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow
from evaka.rules.placement import CareType


class AbsenceKind(StrEnum):
    SICK = "sick"
    PLANNED = "planned"
    OTHER = "other"
    UNKNOWN = "unknown"
    FORCE_MAJEURE = "force_majeure"
    PARENT_LEAVE = "parent_leave"
    FREE = "free"
    UNAUTHORIZED = "unauthorized"


class AbsenceCategory(StrEnum):
    """A day may have two parts: care that is paid for, and education that is free."""

    BILLABLE = "billable"
    NONBILLABLE = "nonbillable"


BOTH = frozenset(AbsenceCategory)
FREE_ONLY = frozenset({CareType.PRESCHOOL, CareType.PREPARATORY, CareType.CLUB, CareType.SCHOOL_SHIFT_CARE})
FREE_AND_PAID = frozenset(
    {
        CareType.PRESCHOOL_DAYCARE,
        CareType.PRESCHOOL_CLUB,
        CareType.PREPARATORY_DAYCARE,
        CareType.DAYCARE_5YO,
        CareType.DAYCARE_PART_TIME_5YO,
    }
)


def categories(care_type: CareType) -> frozenset[AbsenceCategory]:
    """The parts that a day of this care has."""
    if care_type in FREE_AND_PAID:
        return BOTH
    return frozenset({AbsenceCategory.NONBILLABLE if care_type in FREE_ONLY else AbsenceCategory.BILLABLE})


def away_all_day(absent: Set[AbsenceCategory], care_type: CareType) -> bool:
    """Whether the absences of a day cover every part of it."""
    return absent >= categories(care_type)


class Reporter(StrEnum):
    """Who tells of an absence: the guardian, the staff of the group, the director or the office; or what follows by
    itself from agreed hours and repeating weeks."""

    GUARDIAN = "guardian"
    STAFF = "staff"
    OFFICE = "office"
    SYSTEM = "system"


class AbsenceApplicationStatus(StrEnum):
    """Of an application for a long absence."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


APPLICATION = Workflow[AbsenceApplicationStatus](
    accept_application=({AbsenceApplicationStatus.WAITING}, AbsenceApplicationStatus.ACCEPTED),
    reject_application=({AbsenceApplicationStatus.WAITING}, AbsenceApplicationStatus.REJECTED),
)


@dataclass(frozen=True, slots=True)
class AbsencePolicy:
    """Which kinds of absence each may report; the city decides."""

    guardian: frozenset[AbsenceKind]
    staff: frozenset[AbsenceKind]
    office: frozenset[AbsenceKind]

    def kinds(self, reporter: Reporter) -> list[AbsenceKind]:
        """The kinds that somebody may choose from, in the order of the list of kinds."""
        allowed: frozenset[AbsenceKind] = getattr(self, reporter.value)
        return [kind for kind in AbsenceKind if kind in allowed]


def check_absence(
    kind: AbsenceKind,
    period: DateRange,
    *,
    by: Reporter,
    policy: AbsencePolicy,
    today: date,
    places: Iterable[tuple[DateRange, CareType]],
    present: Iterable[date] = (),
    parts: Set[AbsenceCategory] | None = None,
) -> None:
    """Whether an absence of a child may be reported for a period.

    `places` are the child's places, `present` the days on which the child has been in care.  `parts` are the
    parts of the day, None the whole day.  A guardian reports what is to come, the staff also what was.
    """
    if kind not in policy.kinds(by):
        raise Refused("attendance.kind_not_allowed", kind=kind, allowed=policy.kinds(by))
    if period.end is None:
        raise Refused("attendance.no_last_day", start=period.start)
    if by is Reporter.GUARDIAN and period.start < today:
        raise Refused("attendance.day_has_passed", day=period.start, today=today)
    met = [care_type for place, care_type in places if place & period]
    if not met:
        raise Refused("attendance.no_place", period=period)
    if parts is not None and not any(parts <= categories(care_type) for care_type in met):
        raise Refused("attendance.no_such_part", parts=sorted(parts), care_type=met[0])
    if was_there := sorted(day for day in present if day in period):
        raise Refused("attendance.was_present", day=was_there[0])


def absence_days(
    period: DateRange, place: DateRange, care_type: CareType, has_care: Callable[[date], bool]
) -> Iterator[tuple[date, AbsenceCategory]]:
    """What is written for a whole-day absence: every part of every day of care within the place."""
    shared = period & place
    if shared is not None:
        for day in shared.days():
            if has_care(day):
                for category in sorted(categories(care_type)):
                    yield day, category


def recorded_kind(kind: AbsenceKind, *, agreed_days: bool, in_time: bool) -> AbsenceKind:
    """What a guardian's "away" is written as.

    A child with agreed days or hours a month (`agreed_days`) who is reported away before the bookings close
    (`in_time`) is away as planned, and the day does not use up the agreement.
    """
    if kind is AbsenceKind.OTHER and agreed_days and in_time:
        return AbsenceKind.PLANNED
    return kind


def may_replace(before: AbsenceKind, *, reported_by: Reporter, by: Reporter, in_time: bool) -> bool:
    """Whether an absence that is already written may be changed.

    Staff and office may always.  A guardian may change what guardians reported, but nothing free of charge,
    and a planned absence only until the bookings close.
    """
    if by is not Reporter.GUARDIAN:
        return True
    if reported_by is not Reporter.GUARDIAN or before is AbsenceKind.FREE:
        return False
    return in_time or before is not AbsenceKind.PLANNED
