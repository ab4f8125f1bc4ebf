"""What the ledger and the bank were given in the past months; the newest month's still waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import record
from evaka.actions.ledger import Prepared, keep_file, layout_on, opened
from evaka.actions.ledger.invoices import ledger_of
from evaka.actions.ledger.payments import payments_of
from evaka.demo.desk import office_hour
from evaka.demo.families import Calendar
from evaka.kit.dates import DAY, add_months
from evaka.models.base import db
from evaka.models.invoice import Invoice
from evaka.models.user import User
from evaka.models.voucher import Payment
from evaka.rules.invoice import InvoiceStatus
from evaka.rules.ledger import Channel
from evaka.rules.voucher import PaymentStatus

GIVEN = 16  # the day of a month on which its files are made


def hand_over(clerks: Sequence[str], calendar: Calendar) -> None:
    """A file for the ledger and one for the bank for each month, but for the newest of each."""
    rng = Random(clerks[0])
    invoices = _by_month(Invoice, Invoice.status == InvoiceStatus.SENT)
    payments = _by_month(Payment, Payment.status == PaymentStatus.SENT, Payment.amount > 0)
    for month in sorted({*invoices, *payments}):
        clerk = db.session.scalars(select(User).where(User.name == rng.choice(clerks)).limit(1)).one()
        by = Actor(clerk, office_hour(min(add_months(month, 1).replace(day=GIVEN), calendar.day - DAY), rng))
        if month in invoices:
            given = [(id, False) for id in invoices[month]]
            _keep(Channel.LEDGER, ledger_of(given, by, layout_on(by.today)), by)
        if month in payments:
            _keep(Channel.BANK, payments_of(payments[month], by), by)


def _by_month(model: Any, *sent: Any) -> dict[date, list[int]]:
    """The numbers of the rows by month, without the newest."""
    found: dict[date, list[int]] = defaultdict(list)
    for month, id in db.session.execute(select(model.start, model.id).where(*sent).order_by(model.number)):
        found[month].append(id)
    return {month: found[month] for month in sorted(found)[:-1]}


def _keep(channel: Channel, found: Prepared, by: Actor) -> None:
    batch = opened(channel, by)
    told = keep_file(batch, found)
    record("ledger.pay" if channel is Channel.BANK else "ledger.hand_over", batch, by, told)
