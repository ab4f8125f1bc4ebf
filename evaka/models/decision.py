"""The decision that gives a child a place; the guardian accepts or rejects it."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.application import Application
from evaka.models.base import Dated, Model, OfChild
from evaka.models.document import Document
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.rules.decision import DECISION, DecisionStatus
from evaka.rules.placement import CareType


class Decision(OfChild, Dated, Model):
    __tablename__ = "decision"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.Index("ix_decision_status_answer_due", "status", "answer_due"),
    )
    workflow = DECISION

    number: Mapped[int | None] = mapped_column(unique=True)  # given when it is sent, without gaps
    status: Mapped[DecisionStatus] = mapped_column(default=DecisionStatus.DRAFT)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    care_type: Mapped[CareType]
    service_need: Mapped[str] = mapped_column(sa.String(60))
    reasons: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # of this very child
    sent_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    answer_due: Mapped[date | None]
    appeal_due: Mapped[date | None]
    answered_at: Mapped[datetime | None]
    chosen_start: Mapped[date | None]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))

    child: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()
    application: Mapped[Application] = relationship()
    document: Mapped[Document | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units) & (cls.status != DecisionStatus.DRAFT)

    @classmethod
    def of_children(cls, children: sa.Select[tuple[int]]) -> ColumnElement[bool]:
        """A guardian does not see a draft."""
        return super().of_children(children) & (cls.status != DecisionStatus.DRAFT)

    def __str__(self) -> str:
        return f"{self.number or '–'} {self.child}"
