"""Who was away on which day, and why."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model, OfChild
from evaka.models.person import Person
from evaka.models.placement import children_grouped, children_placed
from evaka.models.user import User
from evaka.rules.attendance import APPLICATION, AbsenceApplicationStatus, AbsenceCategory, AbsenceKind, Reporter


class Absence(OfChild, Model):
    """One day of one child; care that is paid for and free pre-primary are two categories."""

    __tablename__ = "absence"
    __table_args__ = (sa.UniqueConstraint("child_id", "day", "category"), sa.Index("ix_absence_day", "day"))

    day: Mapped[date]
    kind: Mapped[AbsenceKind]
    category: Mapped[AbsenceCategory]
    reported_by: Mapped[Reporter] = mapped_column(default=Reporter.OFFICE, server_default="office")

    # the answer to a questionnaire that has made it; such a row is changed by answering anew
    questionnaire_id: Mapped[int | None] = mapped_column(ForeignKey("questionnaire.id"), index=True)

    child: Mapped[Person] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_placed(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_grouped(groups, today))

    def __str__(self) -> str:
        return f"{self.child} {self.day.day}.{self.day.month}.{self.day.year}"


class AbsenceApplication(OfChild, Dated, Model):
    """A guardian asks leave for a child to be away for long; the director, for a few days the staff, answers."""

    __tablename__ = "absence_application"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.Index("ix_absence_application_status_start_date", "status", "start_date"),
    )
    workflow = APPLICATION
    untold = frozenset({"reason"})  # families' own words, of illness and of other things

    end: Mapped[date] = mapped_column("end_date")
    reason: Mapped[str] = mapped_column(sa.Text)
    status: Mapped[AbsenceApplicationStatus] = mapped_column(default=AbsenceApplicationStatus.WAITING)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)  # who asks
    made_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    answer: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # why it was refused

    child: Mapped[Person] = relationship(foreign_keys="AbsenceApplication.child_id")
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    answered_by: Mapped[User | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_placed(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_grouped(groups, today))

    def __str__(self) -> str:
        return f"{self.child} {self.period}"
