"""Who was away on which day, and why."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model, OfChild
from evaka.models.person import Person
from evaka.models.placement import children_grouped, children_placed
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter


class Absence(OfChild, Model):
    """One day of one child; care that is paid for and free pre-primary are two categories."""

    __tablename__ = "absence"
    __table_args__ = (sa.UniqueConstraint("child_id", "day", "category"), sa.Index("ix_absence_day", "day"))

    day: Mapped[date]
    kind: Mapped[AbsenceKind]
    category: Mapped[AbsenceCategory]
    reported_by: Mapped[Reporter] = mapped_column(default=Reporter.OFFICE, server_default="office")

    child: Mapped[Person] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_placed(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_grouped(groups, today))

    def __str__(self) -> str:
        return f"{self.child} {self.day.day}.{self.day.month}.{self.day.year}"
