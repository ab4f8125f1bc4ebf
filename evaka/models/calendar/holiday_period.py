"""Holidays for which families say beforehand who comes, and questionnaires about being away free of charge."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.kit.dates import DateRange
from evaka.models.base import Dated, Model, OfChild
from evaka.models.guard import keep_apart
from evaka.models.person import Person
from evaka.rules.attendance import AbsenceKind
from evaka.rules.calendar.holiday_period import QuestionnaireKind


class OfTheCity:
    """A row of the whole city, which every unit sees."""

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return true()

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return true()


class HolidayPeriod(OfTheCity, Dated, Model):
    """From `opens` to `closes` families say who comes and who does not; times are told afterwards."""

    __tablename__ = "holiday_period"
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="ends_after_start"),
        CheckConstraint("opens <= closes AND closes <= start_date", name="in_order"),
    )

    end: Mapped[date] = mapped_column("end_date")
    opens: Mapped[date]
    closes: Mapped[date]  # the last day to answer
    made_at: Mapped[datetime]

    def __str__(self) -> str:
        return str(self.period)


keep_apart(HolidayPeriod)


def _text(letters: int) -> Any:
    return mapped_column(sa.String(letters), default="", server_default="")


class Questionnaire(OfTheCity, Dated, Model):
    """A question to all families: its days are those on which it is answered."""

    __tablename__ = "questionnaire"
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="ends_after_start"),
        CheckConstraint("(placed_start IS NULL) = (placed_end IS NULL)", name="placed_both"),
        CheckConstraint("placed_start <= placed_end", name="placed_in_order"),
    )

    end: Mapped[date] = mapped_column("end_date")
    kind: Mapped[QuestionnaireKind]
    absence_kind: Mapped[AbsenceKind] = mapped_column(default=AbsenceKind.FREE)
    title_fi: Mapped[str] = mapped_column(sa.String(120))
    title_sv: Mapped[str] = _text(120)
    title_en: Mapped[str] = _text(120)
    description_fi: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    description_sv: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    description_en: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    placed_start: Mapped[date | None]  # only children who have had a place all this time
    placed_end: Mapped[date | None]
    threshold_days: Mapped[int | None]  # of own days: a shorter absence is an ordinary one

    options: Mapped[list[QuestionnaireOption]] = relationship(
        order_by="QuestionnaireOption.start", cascade="all, delete-orphan", back_populates="questionnaire"
    )

    @property
    def placed(self) -> DateRange | None:
        return None if self.placed_start is None else DateRange(self.placed_start, self.placed_end)

    def __str__(self) -> str:
        return self.title_fi


class QuestionnaireOption(Dated, Model):
    """A period that may be chosen, or the one within which own days are told."""

    __tablename__ = "questionnaire_option"

    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"), index=True)
    end: Mapped[date] = mapped_column("end_date")

    questionnaire: Mapped[Questionnaire] = relationship(back_populates="options")

    def __str__(self) -> str:
        return str(self.period)


class QuestionnaireAnswer(OfChild, Model):
    """What a family has answered for a child; no periods: the child is not away."""

    __tablename__ = "questionnaire_answer"
    __table_args__ = (sa.UniqueConstraint("questionnaire_id", "child_id"),)

    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    periods: Mapped[list[list[str]]] = mapped_column(sa.JSON)  # [first, last] as ISO dates
    answered_at: Mapped[datetime]

    questionnaire: Mapped[Questionnaire] = relationship()
    child: Mapped[Person] = relationship()

    @property
    def ranges(self) -> list[DateRange]:
        return [DateRange(date.fromisoformat(first), date.fromisoformat(last)) for first, last in self.periods]

    def __str__(self) -> str:
        return f"{self.questionnaire}, {self.child}"
