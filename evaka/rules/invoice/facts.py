"""What a month's invoices are made of, and the days of care that they count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

from evaka.kit.dates import DateRange, Timeline
from evaka.kit.money import Cents
from evaka.rules.attendance import AbsenceKind
from evaka.rules.calendar import OpenDays, is_business_day
from evaka.rules.fee import Alteration, FeeTable, Step
from evaka.rules.income import Id
from evaka.rules.invoice.correction import Correction
from evaka.rules.invoice.policy import InvoicePolicy
from evaka.rules.placement import INVOICED_MONTHLY, TEMPORARY_CARE, CareType, ShiftCare

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part:
    """One child on a fee decision, as far as it is invoiced.  Alterations carry their effect in cents."""

    child: Id
    unit: Id
    care_type: CareType
    base: Cents
    sibling_percent: int
    fee: Cents
    final: Cents
    alterations: tuple[tuple[Alteration, Cents], ...] = ()
    contract_days: int | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """A fee decision in force: who pays for whom, and how much."""

    head: Id
    period: DateRange
    parts: tuple[Part, ...]
    partner: Id | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A child's place; `invoiced` when the city sends the bills of its unit."""

    child: Id
    unit: Id
    care_type: CareType
    period: DateRange
    invoiced: bool = True

    @property
    def charged(self) -> bool:
        return self.invoiced and self.care_type in INVOICED_MONTHLY | TEMPORARY_CARE


@dataclass(frozen=True)
class Month:
    """All that the invoices of a month depend on, for the families of one or a few heads.

    `places` reach back to the summer before when July may be free.  `absences` are those that concern paid
    care. `free` are children whose month the city has made free by another rule.  `usual_coefficients` are
    those of the service need that each kind of care has when none was agreed.
    """

    period: DateRange
    born: Mapping[Id, date]
    table: FeeTable
    charges: tuple[Charge, ...] = ()
    places: tuple[Place, ...] = ()
    open_days: Mapping[Id, OpenDays] = field(default_factory=dict)
    shift_care: Mapping[Id, Timeline[ShiftCare]] = field(default_factory=dict)
    backup: Mapping[Id, Timeline[Id]] = field(default_factory=dict)
    absences: Mapping[Id, Mapping[date, AbsenceKind]] = field(default_factory=dict)
    heads: Timeline[tuple[Id, Id]] = field(default_factory=Timeline)
    guardians: frozenset[tuple[Id, Id]] = frozenset()
    free: frozenset[Id] = frozenset()
    usual_coefficients: Mapping[CareType, Decimal] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()

    @cached_property
    def business_days(self) -> int:
        return sum(1 for day in self.period.days() if is_business_day(day))

    def places_of(self, child: Id) -> list[Place]:
        """The child's charged places that meet the month."""
        return [one for one in self.places if one.child == child and one.charged and one.period & self.period]

    def care_days(self, child: Id) -> list[date]:
        """The days of the month on which this child could have paid care."""
        return [
            day
            for place in sorted(self.places_of(child), key=lambda place: place.period.start)
            for day in self.period.days()
            if day in place.period and self._has_care(child, place, day)
        ]

    def _has_care(self, child: Id, place: Place, day: date) -> bool:
        shift = self._at(self.shift_care, child, day, ShiftCare.NONE)
        if shift is ShiftCare.INTERMITTENT:
            return True
        unit = self._at(self.backup, child, day, place.unit)
        return self.open_days.get(unit, OpenDays()).has_care(day, shift_care=shift is ShiftCare.FULL)

    @staticmethod
    def _at(timelines: Mapping[Id, Timeline[T]], child: Id, day: date, otherwise: T) -> T:
        found = timelines[child].at(day) if child in timelines else []
        return found[0] if found else otherwise


def weekly(days: Iterable[date], most: int) -> list[date]:
    """The first days of each calendar week, no more than `most` of them."""
    counted: dict[tuple[int, int], int] = {}
    kept = []
    for day in days:
        week = day.isocalendar()[:2]
        counted[week] = counted.get(week, 0) + 1
        if counted[week] <= most:
            kept.append(day)
    return kept


@dataclass(frozen=True)
class ChildMonth:
    """The days of one child in one month, from which all its rows are reckoned."""

    month: Month
    child: Id
    policy: InvoicePolicy
    contract_days: int | None

    @property
    def contracted(self) -> bool:
        """Whether the day's price is the fee divided by the contract days."""
        return self.policy.contract_days_divide and self.contract_days is not None

    @property
    def divisor(self) -> int:
        """By how many days the month's fee is divided."""
        days = self.contract_days if self.policy.contract_days_divide else None
        return days or self.month.business_days

    @property
    def full(self) -> int:
        """How many charged days make a full month."""
        return min(self.divisor, self.month.business_days)

    @property
    def absences(self) -> Mapping[date, AbsenceKind]:
        return self.month.absences.get(self.child, {})

    @cached_property
    def care_days(self) -> list[date]:
        return self.month.care_days(self.child)

    @cached_property
    def attendance(self) -> list[date]:
        """The days that count as attended: at most five a week, or those that were not planned away.

        A child who has a place all month is charged its contract days even when more was planned away.
        """
        days = self.care_days
        if not self.contracted:
            return weekly(days, self.policy.days_a_week)
        came = [day for day in days if self.absences.get(day) not in self.policy.planned]
        lacking = self.divisor - len(came)
        if lacking <= 0 or not self._all_month:
            return came
        missing = [day for day in days if self.absences.get(day) in self.policy.planned]
        return sorted(came + missing[:lacking])

    @property
    def charged_days(self) -> list[date]:
        return self.attendance[: self.divisor]

    @property
    def _all_month(self) -> bool:
        places = [place.period for place in self.month.places_of(self.child)]
        business = (day for day in self.month.period.days() if is_business_day(day))
        return all(any(day in period for period in places) for day in business)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an invoice: `amount` times `unit_price` cents.  `correction` is set on corrections only."""

    child: Id
    period: DateRange
    product: str
    unit: Id
    amount: int
    unit_price: Cents
    steps: tuple[Step, ...] = field(compare=False, default=())
    correction: Id | None = None

    @property
    def price(self) -> Cents:
        return self.amount * self.unit_price
