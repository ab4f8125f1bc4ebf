"""A place that the family has given up."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model, OfChild
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.models.user import User
from evaka.rules.placement.termination import TerminationScope


class Termination(OfChild, Model):
    """The family's notice: which place ends, when, and what stood before, should it be taken back."""

    __tablename__ = "termination"
    __table_args__ = (sa.Index("ix_termination_unit_id_made_at", "unit_id", "made_at"),)

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    scope: Mapped[TerminationScope]
    last_day: Mapped[date]
    made_at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)  # who gave the notice
    before: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")  # places as they were
    undone_at: Mapped[datetime | None]

    child: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()
    user: Mapped[User | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    def __str__(self) -> str:
        return f"{self.child}, {self.unit}"
