"""Days on which a unit, or every unit of the city, is closed besides weekends and public holidays."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model
from evaka.models.guard import keep_apart
from evaka.models.unit import Group, Unit


class Closure(Dated, Model):
    __tablename__ = "closure"
    __table_args__ = (CheckConstraint("start_date <= end_date", name="ends_after_start"),)

    end: Mapped[date] = mapped_column("end_date", index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)  # empty: all units
    reason: Mapped[str] = mapped_column(sa.String(120))
    told_at: Mapped[datetime | None]  # when bookings were taken away and families told

    unit: Mapped[Unit | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(sa.select(Group.unit_id).where(Group.id.in_(groups)))

    def __str__(self) -> str:
        return f"{self.reason} {self.period}"


keep_apart(Closure, "unit_id")
