"""Handing over: to the ledger, as e-invoices, to the bank.  Nothing is handed over twice, whoever tries at once."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from sqlalchemy import delete, func, insert, select

from evaka.access import Actor
from evaka.actions import Long, action, next_number, tell
from evaka.actions.ledger.invoices import invoice_message, prepared_finvoices, prepared_ledger
from evaka.actions.ledger.payments import prepared_payments
from evaka.actions.ledger.policy import (
    channels,
    code_mistakes,
    finvoice_policy,
    layout_on,
    payment_policy,
    products,
)
from evaka.actions.ledger.prepared import Prepared, Trouble
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.ledger import Batch, Item
from evaka.rules.ledger import Channel


def prepared(channel: Channel, by: Actor) -> Prepared:
    """What waits in a channel, as it would be handed over now; nothing is written."""
    match channel:
        case Channel.LEDGER:
            return prepared_ledger(by)
        case Channel.FINVOICE:
            return prepared_finvoices(by)
    return prepared_payments(by)


def opened(channel: Channel, by: Actor) -> Batch:
    """A batch with its number, empty as yet: those who make one at the same time wait here for one another."""
    batch = Batch(number=next_number("ledger_batch"), channel=channel, made_at=by.now, made_by=by.name)
    db.session.add(batch)
    db.session.flush()
    return batch


@action("ledger.hand_over")
def hand_over(batch: Batch, by: Actor, *, seen: str = "") -> None:
    """What waits becomes a file for the ledger, or e-invoices; `seen` is the mark of what was shown before."""
    if batch.channel is Channel.BANK:
        raise ValueError("payments are handed over by ledger.pay")
    _fill(batch, by, seen)


@action("ledger.pay")
def pay(batch: Batch, by: Actor, *, seen: str = "") -> None:
    """The payments that wait become a file for the bank."""
    if batch.channel is not Channel.BANK:
        raise ValueError("invoices are handed over by ledger.hand_over")
    _fill(batch, by, seen)


@action("ledger.withdraw")
def withdraw(batch: Batch, by: Actor, *, reason: Long) -> None:
    """The ledger or the operator has not taken the file: what it held waits again; its bytes stay.

    Only the newest of a channel, or what was taken back later would have no beginning; never a file for the bank,
    which may have paid already.
    """
    if batch.channel is Channel.BANK:
        raise Refused("ledger.bank_may_have_paid")
    if batch.withdrawn_at is not None:
        raise Refused("ledger.withdrawn_already", number=batch.number)
    newest = db.session.scalar(
        select(func.max(Batch.number)).where(Batch.channel == batch.channel, Batch.withdrawn_at.is_(None)))
    if batch.number != newest:
        raise Refused("ledger.not_the_newest", number=batch.number, newest=newest)
    batch.withdrawn_at, batch.reason = by.now, reason
    db.session.execute(delete(Item).where(Item.batch_id == batch.id))


def _fill(batch: Batch, by: Actor, seen: str) -> None:
    if batch.digest:
        raise Refused("ledger.made_already", number=batch.number)
    found = prepared(batch.channel, by)
    if not found.items:
        raise Refused("ledger.all_left_out" if found.troubles else "ledger.nothing_waits")
    if seen and seen != found.mark:
        raise Refused("ledger.changed_meanwhile", count=len(found.items))
    tell(**keep_file(batch, found))


def keep_file(batch: Batch, found: Prepared) -> dict[str, Any]:
    """Write the file into the batch and mark what it holds; answers what the journal tells of it."""
    batch.name, batch.mimetype, batch.content = found.write(batch.number)
    batch.count, batch.total = len(found.items), found.total
    batch.digest = sha256(batch.content).hexdigest()
    column = "payment_id" if batch.channel is Channel.BANK else "invoice_id"
    db.session.execute(insert(Item), [
        {"batch_id": batch.id, "channel": batch.channel, column: id, "reversal": reversal}
        for id, reversal in found.items
    ])
    return {"count": batch.count, "total": batch.total, "digest": batch.digest, "left_out": len(found.troubles)}


__all__ = [
    "Prepared", "Trouble", "channels", "code_mistakes", "finvoice_policy", "hand_over", "invoice_message", "keep_file",
    "layout_on", "opened", "pay", "payment_policy", "prepared", "products",
    "withdraw",
]
