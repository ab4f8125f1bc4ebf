"""What was handed over to the ledger, as e-invoices and to the bank: files as they were given, and what is in them."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, and_, exists, false, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import HELSINKI, Model
from evaka.models.invoice import Invoice
from evaka.models.voucher import Payment
from evaka.rules.invoice import InvoiceStatus
from evaka.rules.ledger import Channel
from evaka.rules.voucher import PaymentStatus


class Batch(Model):
    """A file as it was given, with what was said of it; it is never made anew.  A withdrawn one holds nothing more."""

    __tablename__ = "ledger_batch"
    secret = frozenset({"content"})

    number: Mapped[int] = mapped_column(unique=True)
    channel: Mapped[Channel] = mapped_column(index=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    count: Mapped[int] = mapped_column(default=0)  # invoices or payments
    total: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # cents
    name: Mapped[str] = mapped_column(sa.String(120), default="")
    mimetype: Mapped[str] = mapped_column(sa.String(100), default="")
    digest: Mapped[str] = mapped_column(sa.String(64), default="")  # SHA-256 of the content
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, default=b"", deferred=True)
    withdrawn_at: Mapped[datetime | None]  # it was not taken: what it held waits again
    reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class Item(Model):
    """An invoice or a payment in a batch: in each channel once, and once more as a `reversal` when it was replaced."""

    __tablename__ = "ledger_item"
    __table_args__ = (
        sa.UniqueConstraint("channel", "invoice_id", "reversal"),
        sa.UniqueConstraint("channel", "payment_id"),
        sa.CheckConstraint("(invoice_id IS NULL) <> (payment_id IS NULL)", name="one_thing"),
    )

    batch_id: Mapped[int] = mapped_column(ForeignKey("ledger_batch.id"), index=True)
    channel: Mapped[Channel]
    invoice_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    reversal: Mapped[bool] = mapped_column(default=False, server_default=false())

    batch: Mapped[Batch] = relationship()
    invoice: Mapped[Invoice | None] = relationship()
    payment: Mapped[Payment | None] = relationship()

    def __str__(self) -> str:
        return str(self.invoice or self.payment)


def handed_over(channel: Channel, *, reversal: bool = False) -> ColumnElement[bool]:
    """Whether an invoice has been handed over."""
    return exists().where(
        Item.invoice_id == Invoice.id, Item.channel == channel, Item.reversal.is_(reversal)
    )


def waiting_invoices(
    channel: Channel, *, since: date | None, zero_totals: bool = False, reversals: bool = True
) -> Select[Any]:
    """(id, reversal) of the invoices that are sent and not handed over, and of those that are to be taken back.

    `since` is the first day of sending that counts.
    """
    new = and_(Invoice.status == InvoiceStatus.SENT, ~handed_over(channel))
    if since is not None:
        new &= Invoice.sent_at >= midnight(since)
    if not zero_totals:
        new &= Invoice.total != 0
    back = and_(
        Invoice.status == InvoiceStatus.REPLACED, handed_over(channel), ~handed_over(channel, reversal=True)
    ) if reversals else false()
    taken_back = Invoice.status == InvoiceStatus.REPLACED
    return select(Invoice.id, taken_back.label("reversal")).where(new | back).order_by(Invoice.number, Invoice.id)


def waiting_payments(since: date | None) -> Select[tuple[int]]:
    """The payments of more than nothing that are sent and have not been in a file for the bank."""
    paid = exists().where(Item.payment_id == Payment.id, Item.channel == Channel.BANK)
    found = select(Payment.id).where(Payment.status == PaymentStatus.SENT, Payment.amount > 0, ~paid)
    if since is not None:
        found = found.where(Payment.sent_at >= midnight(since))
    return found.order_by(Payment.number)


def batches_of(*, invoice_id: int | None = None, payment_id: int | None = None) -> Select[tuple[Item]]:
    """In which batches something has been handed over."""
    mine = Item.invoice_id == invoice_id if invoice_id is not None else Item.payment_id == payment_id
    return select(Item).join(Batch).where(mine).order_by(Batch.number)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), HELSINKI)
