"""Payments to private units: one for each unit and frozen month, its life and its number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.kit.money import Cents
from evaka.kit.workflow import Workflow
from evaka.rules.income import Id
from evaka.rules.voucher.report import FrozenMonth


class PaymentStatus(StrEnum):
    DRAFT = "draft"
    CONFIRMED = "confirmed"
    SENT = "sent"


PAYMENT = Workflow(
    confirm=({PaymentStatus.DRAFT}, PaymentStatus.CONFIRMED),
    revert=({PaymentStatus.CONFIRMED}, PaymentStatus.DRAFT),
    send=({PaymentStatus.CONFIRMED}, PaymentStatus.SENT),
)


@dataclass(frozen=True, slots=True)
class Payee:
    """What must be known of a unit before money can be sent to it."""

    name: str = ""
    business_id: str = ""
    iban: str = ""
    provider_id: str = ""

    @property
    def complete(self) -> bool:
        return all((self.name, self.business_id, self.iban, self.provider_id))


@dataclass(frozen=True, slots=True)
class Payment:
    """What a unit is paid for a month; `number`, days and `payee` are set when it is sent."""

    unit: Id
    month: DateRange
    amount: Cents
    status: PaymentStatus = PaymentStatus.DRAFT
    number: int | None = None
    paid_on: date | None = None
    due: date | None = None
    payee: Payee | None = None


def payments(frozen: Iterable[FrozenMonth], existing: Iterable[Payment] = ()) -> list[Payment]:
    """Drafts of the last frozen month, which take the place of its earlier drafts.

    A unit whose payment of that month is confirmed or sent already is left out.  A sum may be nothing or
    below it.  Refused("voucher.no_frozen_month") when no month was frozen.
    """
    last = max(frozen, key=lambda one: one.month.start, default=None)
    if last is None:
        raise Refused("voucher.no_frozen_month")
    paid = {
        one.unit for one in existing if one.month == last.month and one.status is not PaymentStatus.DRAFT
    }
    sums: dict[Id, Cents] = {}
    for row in last.rows:
        sums[row.decision.unit] = sums.get(row.decision.unit, 0) + row.amount
    return [Payment(unit, last.month, amount) for unit, amount in sums.items() if unit not in paid]


def send(
    confirmed: Iterable[Payment],
    payees: Mapping[Id, Payee],
    *,
    first_number: int | None,
    last_number: int | None,
    paid_on: date,
    due: date,
) -> list[Payment]:
    """Number the payments and send them; a unit of which something is not known stays confirmed.

    `first_number` is where the city's series begins, `last_number` the greatest one that was given so far.
    Refused when the city has no series, or when one of the payments is not confirmed.
    """
    if first_number is None:
        raise Refused("voucher.no_payment_series")
    number = first_number if last_number is None else max(last_number + 1, first_number)
    done = []
    for payment in confirmed:
        status, payee = PAYMENT.after(payment.status, "send"), payees.get(payment.unit, Payee())
        if payee.complete:
            done.append(
                replace(payment, status=status, number=number, paid_on=paid_on, due=due, payee=payee)
            )
            number += 1
        else:
            done.append(payment)
    return done
