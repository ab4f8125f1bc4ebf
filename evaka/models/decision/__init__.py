"""The decision that gives a child a place; the guardian accepts or rejects it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.application import Application
from evaka.models.base import Dated, Model, OfChild
from evaka.models.document import Document
from evaka.models.person import Person
from evaka.models.person.custody import kept_from
from evaka.models.unit import Unit
from evaka.rules.decision import (
    CARE_TYPES_OF,
    DECISION,
    AnswerChannel,
    Channel,
    DecisionKind,
    DecisionStatus,
    kind_of,
)
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
    planned: Mapped[bool] = mapped_column(default=True, server_default=sa.true())  # a draft that is not goes unsent
    common_reason: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")  # a key, once it is sent
    reason_keys: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")  # picked for this child
    reasons: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # of this very child
    seen: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))  # the unit's occupancy, as decided
    sent_at: Mapped[datetime | None]
    channel: Mapped[Channel | None]  # how it went to whom it is addressed
    decided_by: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    answer_due: Mapped[date | None]
    appeal_due: Mapped[date | None]
    answered_at: Mapped[datetime | None]
    answer_channel: Mapped[AnswerChannel | None]
    chosen_start: Mapped[date | None]
    reminders: Mapped[int] = mapped_column(default=0, server_default="0")
    reminded_on: Mapped[date | None]
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))

    child: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()
    application: Mapped[Application] = relationship()
    document: Mapped[Document | None] = relationship()

    @hybrid_property
    def kind(self) -> DecisionKind:
        """What is decided follows from the care that it gives."""
        return kind_of(self.care_type)

    @kind.inplace.expression
    @classmethod
    def _kind(cls) -> ColumnElement[str]:
        return sa.case(*((cls.care_type.in_(several), kind.value) for kind, several in CARE_TYPES_OF.items()))

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units) & (cls.status != DecisionStatus.DRAFT)

    @classmethod
    def of_children(cls, children: sa.Select[tuple[int]]) -> ColumnElement[bool]:
        """A guardian does not see a draft."""
        return super().of_children(children) & (cls.status != DecisionStatus.DRAFT)

    @classmethod
    def of_children_on(cls, children: sa.Select[tuple[int]], person_id: int, today: date) -> ColumnElement[bool]:
        return cls.of_children(children) & cls.told_to(person_id, today)

    @classmethod
    def told_to(cls, person_id: int, today: date) -> ColumnElement[bool]:
        """Whether a guardian may read a decision, which tells where the child is.

        While that is kept from the guardian: the applicant, and who has had a copy.
        """
        from evaka.models.decision.dispatch import Delivery  # dispatch stands on decision

        own = sa.select(Application.id).where(
            Application.id == cls.application_id, Application.guardian_id == person_id)
        copy = sa.select(Delivery.id).where(Delivery.decision_id == cls.id, Delivery.person_id == person_id)
        return ~kept_from(cls.child_id, person_id, today) | own.exists() | copy.exists()

    def __str__(self) -> str:
        return f"{self.number or '–'} {self.child}"
