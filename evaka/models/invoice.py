"""The monthly invoice of a family, with a row for everything it is made of."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model
from evaka.models.document import Document
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.rules.invoice import INVOICE, InvoiceStatus, ReplacementReason


def _where(states: str) -> dict[str, Any]:
    """The states in which a unique index counts a row, for both databases."""
    return {f"{dialect}_where": sa.text(f"status IN ({states})") for dialect in ("sqlite", "postgresql")}


class Invoice(Dated, Model):
    """`start` and `end` are the month's first and last day."""

    __tablename__ = "invoice"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        # one invoice a family and month, and one that is to replace it
        sa.Index("uq_invoice_head_id_start_date", "head_id", "start_date", unique=True, **_where("'draft', 'sent'")),
        sa.Index(
            "uq_invoice_replacement_head_id_start_date",
            "head_id",
            "start_date",
            unique=True,
            **_where("'replacement_draft'"),
        ),
        sa.Index("ix_invoice_status_start_date", "status", "start_date"),
    )
    workflow = INVOICE

    number: Mapped[int | None] = mapped_column(unique=True)  # given when it is sent
    status: Mapped[InvoiceStatus] = mapped_column(default=InvoiceStatus.DRAFT)
    head_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    codebtor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    due: Mapped[date]
    reference: Mapped[str] = mapped_column(sa.String(25), default="", server_default="", index=True)
    total: Mapped[int]  # cents
    revision: Mapped[int] = mapped_column(default=0, server_default="0")  # how many times the month was replaced
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("invoice.id"), index=True)
    reason: Mapped[ReplacementReason | None]
    notes: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    sent_at: Mapped[datetime | None]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))

    head: Mapped[Person] = relationship(foreign_keys="Invoice.head_id")
    codebtor: Mapped[Person | None] = relationship(foreign_keys="Invoice.codebtor_id")
    document: Mapped[Document | None] = relationship()
    replaces: Mapped[Invoice | None] = relationship(foreign_keys="Invoice.replaces_id", remote_side="Invoice.id")
    rows: Mapped[list[InvoiceRow]] = relationship(
        order_by="InvoiceRow.place", cascade="all, delete-orphan", back_populates="invoice"
    )

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        mine = (cls.head_id == person_id) | (cls.codebtor_id == person_id)
        return mine & cls.status.in_([InvoiceStatus.SENT, InvoiceStatus.REPLACED])

    def __str__(self) -> str:
        return f"{self.number or '–'} {self.head}"


class InvoiceRow(Dated, Model):
    __tablename__ = "invoice_row"

    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoice.id"), index=True)
    place: Mapped[int]  # order on the invoice, from 1
    child_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    product: Mapped[str] = mapped_column(sa.String(60))  # texts: invoice.product.…
    amount: Mapped[int]
    unit_price: Mapped[int]  # cents
    price: Mapped[int]  # amount × unit price
    steps: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)  # the explanation

    invoice: Mapped[Invoice] = relationship(back_populates="rows")
    child: Mapped[Person] = relationship()
    unit: Mapped[Unit | None] = relationship()
