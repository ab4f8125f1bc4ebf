"""A place in care: its kinds, how much care a child needs, and what a new place does to earlier ones.

Law: Act on Early Childhood Education and Care (540/2018) 12 § (the right to care and its extent), 17 §; pre-
primary education: Basic Education Act (628/1998) 5 §, 26 a §.  A child has one place at a time, in all units
and of all kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from evaka.kit.dates import DAY, DateRange, add_months
from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow
from evaka.rules.person import ADULT

Id = TypeVar("Id", int, str)


class CareType(StrEnum):
    DAYCARE = "daycare"
    DAYCARE_PART_TIME = "daycare_part_time"
    DAYCARE_5YO = "daycare_5yo"
    DAYCARE_PART_TIME_5YO = "daycare_part_time_5yo"
    PRESCHOOL = "preschool"
    PRESCHOOL_DAYCARE = "preschool_daycare"
    PRESCHOOL_DAYCARE_ONLY = "preschool_daycare_only"
    PRESCHOOL_CLUB = "preschool_club"
    PREPARATORY = "preparatory"
    PREPARATORY_DAYCARE = "preparatory_daycare"
    PREPARATORY_DAYCARE_ONLY = "preparatory_daycare_only"
    CLUB = "club"
    SCHOOL_SHIFT_CARE = "school_shift_care"
    TEMPORARY = "temporary"
    TEMPORARY_PART_DAY = "temporary_part_day"


TEMPORARY_CARE = frozenset({CareType.TEMPORARY, CareType.TEMPORARY_PART_DAY})
IGNORED_IN_FEES = TEMPORARY_CARE | {CareType.CLUB, CareType.SCHOOL_SHIFT_CARE}  # not even a sibling
INVOICED_MONTHLY = frozenset(CareType) - IGNORED_IN_FEES - {CareType.PRESCHOOL, CareType.PREPARATORY}
DAYCARE_TYPES = frozenset(
    {CareType.DAYCARE, CareType.DAYCARE_PART_TIME, CareType.DAYCARE_5YO, CareType.DAYCARE_PART_TIME_5YO}
)
PRESCHOOL_TYPES = frozenset(
    {CareType.PRESCHOOL, CareType.PRESCHOOL_DAYCARE, CareType.PRESCHOOL_CLUB}
)  # pre-primary education is part of the place
PREPARATORY_TYPES = frozenset({CareType.PREPARATORY, CareType.PREPARATORY_DAYCARE})
CONNECTED_DAYCARE = frozenset(
    {CareType.PRESCHOOL_DAYCARE, CareType.PRESCHOOL_CLUB, CareType.PREPARATORY_DAYCARE}
)  # free education in the mornings, paid care around it
ON_TERM_DAYS = frozenset({CareType.PRESCHOOL, CareType.PREPARATORY, CareType.CLUB})  # away on term breaks


class ShiftCare(StrEnum):
    """Care on evenings, nights or weekends: none, on the unit's shift-care days, or now and then."""

    NONE = "none"
    FULL = "full"
    INTERMITTENT = "intermittent"


class PlanStatus(StrEnum):
    DRAFT = "draft"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    DECIDED = "decided"
    CANCELLED = "cancelled"


PLACEMENT_PLAN = Workflow[PlanStatus](
    propose=({PlanStatus.DRAFT}, PlanStatus.PROPOSED),
    withdraw=({PlanStatus.PROPOSED, PlanStatus.CONFIRMED}, PlanStatus.DRAFT),
    confirm=({PlanStatus.PROPOSED}, PlanStatus.CONFIRMED),
    decline=({PlanStatus.PROPOSED, PlanStatus.CONFIRMED}, PlanStatus.DECLINED),
    decide=({PlanStatus.DRAFT, PlanStatus.CONFIRMED}, PlanStatus.DECIDED),
    cancel=({PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED}, PlanStatus.CANCELLED),
)


@dataclass(frozen=True, slots=True)
class ServiceNeed:
    """An option of the city's service needs: how much care, what share of the fee, how much of an adult.

    `name` is by language.  Coefficients are shares of full time (fee, voucher) and of a seventh of an adult's
    day (`over_3`, `under_3`: the age of the child on the day); `realised_…` weigh children who were really
    there.  Hours are agreed a week or a month, or days a month, never both hours and days a month.
    `part_week` None is chosen for each child.  The default option of a care type counts where nobody has
    entered a need.
    """

    key: str
    name: Mapping[str, str]
    care_type: CareType
    valid: DateRange
    fee_coefficient: Decimal
    over_3: Decimal
    under_3: Decimal
    realised_over_3: Decimal
    realised_under_3: Decimal
    hours_a_week: Decimal
    default: bool = False
    hours_a_month: int | None = None
    contract_days: int | None = None
    part_day: bool = False
    part_week: bool | None = None
    voucher_coefficient: Decimal | None = None

    def __post_init__(self) -> None:
        if self.hours_a_month is not None and self.contract_days is not None:
            raise ValueError(
                "both hours_a_month and contract_days are given", "Agree either on hours or on days a month."
            )
        shares = (
            self.fee_coefficient,
            self.over_3,
            self.under_3,
            self.realised_over_3,
            self.realised_under_3,
        )
        if min(shares) < 0:
            raise ValueError("a coefficient is below zero", 'Write shares as "0.8" or "1.75".')


def default_need(options: Iterable[ServiceNeed], care_type: CareType, day: date) -> ServiceNeed | None:
    """What counts while no need has been entered for a child; None when the city has named no default."""
    return next(
        (one for one in options if one.default and one.care_type is care_type and day in one.valid), None
    )


def options_for(options: Iterable[ServiceNeed], care_type: CareType, period: DateRange) -> list[ServiceNeed]:
    """The options that may be chosen for a place of that type, for all of the period."""
    return [one for one in options if one.care_type is care_type and one.valid & period == period]


def check_need(option: ServiceNeed, *, care_type: CareType, period: DateRange, place: DateRange) -> None:
    """Whether a child with a place of `care_type` for `place` may have this need for `period`."""
    if option.care_type is not care_type:
        raise Refused("placement.need_of_other_type", need=option.care_type, care_type=care_type)
    if option.valid & period != period:
        raise Refused("placement.need_not_valid", period=period, valid=option.valid)
    if place & period != period:
        raise Refused("placement.need_outside_place", period=period, place=place)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a unit can take: from when to when it is open, which care it gives, in which language."""

    name: str
    period: DateRange
    care_types: frozenset[CareType]
    shift_care: bool = False
    language: str = "fi"


def misfits(
    period: DateRange,
    care_type: CareType,
    unit: Offer,
    *,
    shift_care: bool = False,
    language: str | None = None,
    taken: Iterable[DateRange] = (),
) -> list[Refused]:
    """Everything that speaks against a place in a unit, none when it fits.

    `language` is the one the family asks for (Act 540/2018, 8 §), None when any will do.  `taken` are the
    places the child keeps besides: those that make room for this one (`make_room`) do not belong to them.
    """
    found = []
    if unit.period & period != period:
        found.append(Refused("placement.unit_not_open", unit=unit.name, period=period, open=unit.period))
    if care_type not in unit.care_types:
        offered = sorted(unit.care_types, key=list(CareType).index)
        found.append(
            Refused("placement.care_not_offered", unit=unit.name, care_type=care_type, offered=offered)
        )
    if shift_care and not unit.shift_care:
        found.append(Refused("placement.no_shift_care", unit=unit.name))
    if language is not None and language != unit.language:
        languages = {"wanted": f"language.{language}", "given": f"language.{unit.language}"}
        found.append(Refused("placement.other_language", unit=unit.name, **languages))
    found += [
        Refused("placement.overlaps", period=period, earlier=earlier)
        for earlier in sorted(taken, key=lambda one: one.start)
        if earlier & period
    ]
    return found


def check_fits(
    period: DateRange,
    care_type: CareType,
    unit: Offer,
    *,
    shift_care: bool = False,
    language: str | None = None,
    taken: Iterable[DateRange] = (),
) -> None:
    """Refuses a place in a unit for the first of its `misfits`."""
    for refused in misfits(period, care_type, unit, shift_care=shift_care, language=language, taken=taken):
        raise refused


def check_childhood(born: date, period: DateRange) -> None:
    """Refuses a place before the child's birth, or after its coming of age."""
    last = add_months(born, 12 * ADULT) - DAY
    if period.start < born:
        raise Refused("placement.before_birth", born=born, start=period.start)
    if period.start > last or (period.end is not None and period.end > last):
        raise Refused("placement.after_childhood", last=last)


class CutKind(StrEnum):
    DELETED = "deleted"
    ENDED = "ended"
    DELAYED = "delayed"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class Cut(Generic[Id]):
    """What a new place does to an earlier one.

    `keeps` are the parts of `before` that are left.  The first stays the same place, with its groups and
    needs cut to it; the second part of a split is a new place like the old one, without groups or needs.
    """

    id: Id
    before: DateRange
    keeps: tuple[DateRange, ...]

    @property
    def kind(self) -> CutKind:
        if len(self.keeps) != 1:
            return CutKind.SPLIT if self.keeps else CutKind.DELETED
        return CutKind.ENDED if self.keeps[0].start == self.before.start else CutKind.DELAYED


def make_room(new: DateRange, earlier: Iterable[tuple[Id, DateRange]]) -> list[Cut[Id]]:
    """What has to happen to a child's earlier places, in order of time, so that a new one fits.

    An earlier place that lies within the new one is deleted, one that surrounds it is split, one that reaches
    into it is ended the day before or starts the day after.
    """
    cuts = []
    for id, before in sorted(earlier, key=lambda one: one[1].start):
        if before & new:
            cuts.append(Cut(id, before, tuple(without(before, new))))
    return cuts


def without(period: DateRange, away: DateRange) -> list[DateRange]:
    """The parts of a period that are left when other days are taken out of it, none to two."""
    left = []
    if period.start < away.start:
        left.append(DateRange(period.start, min(period.last_day, away.start - DAY)))
    if away.end is not None and away.end < period.last_day:
        left.append(DateRange(max(period.start, away.end + DAY), period.end))
    return left


def trimmed(parts: Iterable[tuple[Id, DateRange]], place: DateRange) -> list[Cut[Id]]:
    """What has to happen to the groups or needs of a place when the place itself becomes `place`."""
    cuts = []
    for id, before in sorted(parts, key=lambda one: one[1].start):
        kept = before & place
        if kept != before:
            cuts.append(Cut(id, before, (kept,) if kept else ()))
    return cuts


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """When a place in early childhood education ends unless somebody says otherwise: a day of the year."""

    last_month: int
    last_day: int

    def on(self, year: int) -> date:
        return date(year, self.last_month, self.last_day)


def planned_period(born: date, start: date, policy: PlanPolicy, *, today: date) -> DateRange:
    """The period that is proposed for a place: from the wanted start to the autumn the child turns six.

    Pre-primary education begins in August of that year (Act 628/1998, 26 a §); who is older gets the rest of
    the running year of care.
    """
    start = max(start, today)
    end = policy.on(born.year + 6)
    if end < start:
        end = policy.on(start.year + (start.month >= 8))
    if end < start:  # between the city's last day and the end of July
        end = policy.on(start.year + 1)
    return DateRange(start, end)


def check_defaults(options: Sequence[ServiceNeed]) -> None:
    """A care type has at most one default option at a time; the mistake says which two meet."""
    defaults = [one for one in options if one.default]
    for index, one in enumerate(defaults):
        for other in defaults[index + 1 :]:
            if one.care_type is other.care_type and one.valid & other.valid:
                raise ValueError(
                    f"{one.key} and {other.key} are both the default of {one.care_type}",
                    "Let one of them be the default at a time.",
                )
