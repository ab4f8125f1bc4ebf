"""What a city has decided about invoicing, the life of an invoice, and when it is to be paid.

Law: Act 1503/2016 (absence by illness and by whole months), and the city's own decisions beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange
from evaka.kit.money import Cents
from evaka.kit.workflow import Workflow
from evaka.rules.attendance import AbsenceKind
from evaka.rules.placement import CareType

SATURDAY = 6


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    REPLACEMENT_DRAFT = "replacement_draft"
    SENT = "sent"
    REPLACED = "replaced"


INVOICE = Workflow(
    send=({InvoiceStatus.DRAFT, InvoiceStatus.REPLACEMENT_DRAFT}, InvoiceStatus.SENT),
    replace=({InvoiceStatus.SENT}, InvoiceStatus.REPLACED),
)


class Product(StrEnum):
    """What a row charges or refunds, besides care itself."""

    DISCOUNT = "discount"
    RELIEF = "relief"
    INCREASE = "increase"
    DAILY_REFUND = "daily_refund"
    SICK_FULL_MONTH = "sick_full_month"
    SICK_HALF = "sick_half"
    ABSENCE_HALF = "absence_half"
    SURPLUS_DAYS = "surplus_days"


def care_product(care_type: CareType) -> str:
    """The product of a row of care: care:daycare."""
    return f"care:{care_type}"


@dataclass(frozen=True, slots=True)
class InvoicePolicy:
    """What absences give back, how days are counted and when to pay; amounts are cents.

    `refunded` give a day's refund each, `refunded_babies` until the second birthday.  `sick` all month
    costs nothing, `half_from_sick_days` of them half.  `planned` days are known beforehand: they use up no
    contract days. Above the contract days each day is charged, except kinds in `never_surplus`; from more
    than `highest_after_days` days of attendance on, the whole full-time fee.  Days on which a unit is closed
    besides weekends and holidays are days of care like others, or not (`closures_are_charged`).
    """

    refunded: frozenset[AbsenceKind]
    refunded_babies: frozenset[AbsenceKind]
    sick: frozenset[AbsenceKind]
    planned: frozenset[AbsenceKind]
    never_surplus: frozenset[AbsenceKind]
    half_from_sick_days: int = 11
    absences_are_surplus: bool = True
    highest_after_days: int | None = None
    contract_days_divide: bool = True
    closures_are_charged: bool = True
    part_day_absence_refunded: bool = True
    days_a_week: int = 5
    free_july: bool = True
    free_july_from_month: int = 8
    free_july_excused: frozenset[date] = frozenset()
    smallest_invoice: Cents = 0
    rounding_below: Cents = 20
    days_to_pay: int = 14

    def __post_init__(self) -> None:
        if not 1 <= self.free_july_from_month <= 12:
            raise ValueError(
                f"free_july_from_month is {self.free_july_from_month}",
                "Give the number of a month: 8 is August.",
            )


def due_date(period_end: date) -> date:
    """The last day of the month after the invoiced one; when that is on a weekend, the Friday before."""
    following = period_end.replace(day=1) + timedelta(days=31)
    last = DateRange.month(following.year, following.month).last_day
    while last.isoweekday() >= SATURDAY:
        last -= DAY
    return last


def invoice_date(due: date, policy: InvoicePolicy) -> date:
    """The day that the invoice carries: the family has the policy's days to pay."""
    return due - timedelta(days=policy.days_to_pay)
