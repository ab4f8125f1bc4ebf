"""What to do when a month turns out otherwise after its invoice was sent: a new one takes its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange, add_months
from evaka.kit.errors import Refused
from evaka.kit.money import Cents

MONTHS_BACK = 11


class ReplacementReason(StrEnum):
    SERVICE_NEED = "service_need"
    ABSENCE = "absence"
    INCOME = "income"
    FAMILY_SIZE = "family_size"
    RELIEF_RETROACTIVE = "relief_retroactive"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SentInvoice:
    """An invoice that the family has: its total and how many times it has been replaced before."""

    total: Cents
    revision: int = 0


def replacement(sent: SentInvoice | None, now: Cents | None) -> tuple[int, Cents] | None:
    """Revision and total of the invoice that is to take the place of what was sent, or None when all is well.

    `now` is what the month comes to as it is known today, None when nothing is owed any more.  Only the
    totals are compared; a month that was never invoiced gets its first invoice this way too.
    """
    if sent is None:
        return None if now is None else (1, now)
    if (now or 0) == sent.total:
        return None
    return sent.revision + 1, now or 0


def months_to_check(start: date, today: date, latest_invoice: date | None) -> list[DateRange]:
    """The months whose invoices are still looked after: at most twelve, none before the city began with it.

    `latest_invoice` is the greatest date of the invoices that were sent; the last month is the one before it.
    """
    last = add_months((latest_invoice or today).replace(day=1), -1)
    first = max(start.replace(day=1), add_months(last, -MONTHS_BACK))
    months = []
    while first <= last:
        months.append(DateRange.month(first.year, first.month))
        first = months[-1].last_day + DAY
    return months


def check_reason(reason: ReplacementReason, notes: str) -> None:
    """Another reason than the listed ones must be told."""
    if reason is ReplacementReason.OTHER and not notes.strip():
        raise Refused("invoice.reason_missing")
