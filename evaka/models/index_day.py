"""An index day: a new fee table, and how far each family has come on the way to its new decision."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model
from evaka.models.city import CityTable
from evaka.models.person import Person
from evaka.models.user import User
from evaka.rules.index_day import INDEX_DAY, FamilyState, IndexDayStatus


class IndexDay(Model):
    """`start` is the first day of the new table; without a version of the city's tables, those of its files hold."""

    __tablename__ = "index_day"
    workflow = INDEX_DAY

    start: Mapped[date] = mapped_column("start_date")
    city_table_id: Mapped[int | None] = mapped_column(ForeignKey("city_table.id"))
    status: Mapped[IndexDayStatus] = mapped_column(default=IndexDayStatus.PREVIEW)
    made_at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # who began it
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # in whose name the decisions are made
    approved_at: Mapped[datetime | None]

    city_table: Mapped[CityTable | None] = relationship()
    user: Mapped[User | None] = relationship(foreign_keys="IndexDay.user_id")
    approver: Mapped[User | None] = relationship(foreign_keys="IndexDay.approver_id")

    def __str__(self) -> str:
        return f"{self.start.day}.{self.start.month}.{self.start.year}"


class IndexDayFamily(Model):
    """One family of an index day, by the head.  `before` and `after` are cents a month, all children."""

    __tablename__ = "index_day_family"
    __table_args__ = (
        sa.UniqueConstraint("index_day_id", "head_id"),
        sa.Index("ix_index_day_family_index_day_id_state", "index_day_id", "state", "id"),
        sa.Index("ix_index_day_family_state", "state"),
    )

    index_day_id: Mapped[int] = mapped_column(ForeignKey("index_day.id"))
    head_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[FamilyState] = mapped_column(default=FamilyState.WAITING)
    before: Mapped[int] = mapped_column(default=0, server_default="0")
    after: Mapped[int] = mapped_column(default=0, server_default="0")
    why: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]")  # what changed: fee.Difference
    trouble: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")  # a refusal's key, or a fault
    trouble_facts: Mapped[dict[str, Any]] = mapped_column(
        sa.JSON, default=dict, server_default="{}"
    )

    index_day: Mapped[IndexDay] = relationship()
    head: Mapped[Person] = relationship()

    @property
    def change(self) -> int:
        return self.after - self.before

    def __str__(self) -> str:
        return f"{self.index_day} {self.head}"
