"""A claim for a revised decision, from the day it comes to its outcome."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model, OfChild
from evaka.models.decision import Decision
from evaka.models.person import Person
from evaka.rules.decision.claim import CLAIM, ClaimOutcome, ClaimStatus


class Claim(OfChild, Model):
    """`due` is the last day of the decision's time for claims; `handle_by` when the city wants to have decided."""

    __tablename__ = "claim"
    __table_args__ = (sa.Index("ix_claim_status_handle_by", "status", "handle_by"),)
    workflow = CLAIM
    untold = frozenset({"grounds", "outcome_reasons"})

    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), index=True)
    claimant_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    status: Mapped[ClaimStatus] = mapped_column(default=ClaimStatus.RECEIVED)
    received: Mapped[date]
    due: Mapped[date]
    handle_by: Mapped[date]
    grounds: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # what is asked for, and why
    forwarded_on: Mapped[date | None]  # to whom revises
    decided_on: Mapped[date | None]
    outcome: Mapped[ClaimOutcome | None]
    outcome_reasons: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    made_at: Mapped[datetime]

    child: Mapped[Person] = relationship(foreign_keys="Claim.child_id")
    claimant: Mapped[Person] = relationship(foreign_keys="Claim.claimant_id")
    decision: Mapped[Decision] = relationship()

    @property
    def late(self) -> bool:
        """It came after the last day: whoever revises does not look into it."""
        return self.received > self.due

    def __str__(self) -> str:
        return f"{self.decision} {self.received.day}.{self.received.month}.{self.received.year}"
