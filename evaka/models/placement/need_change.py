"""Another service need that a family asks for, and what the unit answers."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model, OfChild
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.models.user import User
from evaka.rules.placement import ShiftCare
from evaka.rules.placement.need_change import NEED_CHANGE, NeedChangeStatus


class NeedChange(OfChild, Model):
    """Another service need, asked for by the family from a day on, and what the unit answers."""

    __tablename__ = "need_change"
    __table_args__ = (
        sa.Index(  # one open change a child
            "uq_need_change_child_id", "child_id", unique=True,
            sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'"),
        ),
        sa.Index("ix_need_change_status", "status", "id"),
    )
    workflow = NEED_CHANGE

    placement_id: Mapped[int | None] = mapped_column(ForeignKey("placement.id", ondelete="SET NULL"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    status: Mapped[NeedChangeStatus] = mapped_column(default=NeedChangeStatus.OPEN)
    start: Mapped[date] = mapped_column("start_date")
    option: Mapped[str] = mapped_column(sa.String(60))
    shift_care: Mapped[ShiftCare] = mapped_column(default=ShiftCare.NONE)
    reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # of the family
    answer: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # of the unit, when it declines
    made_at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    decided_at: Mapped[datetime | None]

    child: Mapped[Person] = relationship()
    placement: Mapped[Placement | None] = relationship(passive_deletes=True)
    unit: Mapped[Unit] = relationship()
    user: Mapped[User | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    def __str__(self) -> str:
        return f"{self.child}, {self.unit}"
