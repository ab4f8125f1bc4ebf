"""Decisions that are sent many at once: what was chosen, and how far each application has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.application import Application
from evaka.models.base import Model
from evaka.models.user import User
from evaka.rules.decision import Channel
from evaka.rules.decision.delivery import SENDING, ItemState, SendingStatus


class Sending(Model):
    """A set of applications whose decisions go in the name of who approves them."""

    __tablename__ = "sending"
    workflow = SENDING

    status: Mapped[SendingStatus] = mapped_column(default=SendingStatus.PREVIEW)
    made_at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    approved_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship(foreign_keys="Sending.user_id")
    approver: Mapped[User | None] = relationship(foreign_keys="Sending.approver_id")

    def __str__(self) -> str:
        return str(self.id)


class SendingItem(Model):
    """An application whose decisions are sent all or not at all."""

    __tablename__ = "sending_item"
    __table_args__ = (
        sa.UniqueConstraint("sending_id", "application_id"),
        sa.Index("ix_sending_item_sending_id_state", "sending_id", "state", "id"),
        sa.Index("ix_sending_item_state", "state"),
    )

    sending_id: Mapped[int] = mapped_column(ForeignKey("sending.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    state: Mapped[ItemState] = mapped_column(default=ItemState.WAITING)
    channel: Mapped[Channel | None]
    letters: Mapped[int] = mapped_column(default=0, server_default="0")
    trouble: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")  # a refusal's key, or a fault
    trouble_facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")

    sending: Mapped[Sending] = relationship()
    application: Mapped[Application] = relationship()

    @property
    def child_id(self) -> int:
        return self.application.child_id

    def __str__(self) -> str:
        return str(self.application)
