"""To whom a decision went and how; and what was made in one go for the post or for Suomi.fi messages."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model, db
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.journal import AuditEvent
from evaka.models.person import Person
from evaka.models.user import User
from evaka.rules.decision import Channel
from evaka.rules.decision.delivery import DISPATCH, DeliveryState, DispatchStatus


class Dispatch(Model):
    """Letters that are given to the post on one day, or messages that are handed to Suomi.fi: the file as it was."""

    __tablename__ = "dispatch"
    __table_args__ = (sa.Index("ix_dispatch_status", "status", "id"),)
    workflow = DISPATCH
    secret = frozenset({"content"})

    channel: Mapped[Channel]
    day: Mapped[date]  # on which it goes
    status: Mapped[DispatchStatus] = mapped_column(default=DispatchStatus.MADE)
    made_at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    count: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(120))
    mimetype: Mapped[str] = mapped_column(sa.String(60))
    digest: Mapped[str] = mapped_column(sa.String(64))  # SHA-256 of the content
    content: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)
    sent_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship()

    def __str__(self) -> str:
        return self.name


class Delivery(Model):
    """One person's copy of a decision: how it went, when, and what proves it."""

    __tablename__ = "delivery"
    __table_args__ = (
        sa.UniqueConstraint("decision_id", "person_id"),
        sa.Index("ix_delivery_state_channel", "state", "channel", "id"),
    )

    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)  # who receives it
    channel: Mapped[Channel]
    state: Mapped[DeliveryState] = mapped_column(default=DeliveryState.WAITING)
    is_copy: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # for the other guardian
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"), index=True)
    dispatch_id: Mapped[int | None] = mapped_column(ForeignKey("dispatch.id"), index=True)
    sent_at: Mapped[datetime | None]
    proof: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")

    decision: Mapped[Decision] = relationship()
    person: Mapped[Person] = relationship()
    document: Mapped[Document | None] = relationship()
    dispatch: Mapped[Dispatch | None] = relationship()

    @property
    def child_id(self) -> int:
        """Whose decision it is: the journal keeps its lines on the child's file."""
        return self.decision.child_id

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.decision_id.in_(select(Decision.id).where(Decision.of_units(units, today)))

    def __str__(self) -> str:
        return f"{self.decision} → {self.person}"


def first_read(decision_id: int) -> dict[int, datetime]:
    """When a decision was first opened in the service, by who received it: the journal shows that it was."""
    lines = (
        select(User.person_id, sa.func.min(AuditEvent.at))
        .join(User, User.id == AuditEvent.user_id)
        .where(AuditEvent.subject == "decision", AuditEvent.subject_id == decision_id,
               AuditEvent.action == "decision.read", User.person_id.is_not(None))
        .group_by(User.person_id)
    )
    return {person: at for person, at in db.session.execute(lines).tuples() if person is not None}
