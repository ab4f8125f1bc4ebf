"""What guardians tell of their income, with the papers that show it: kept as it was sent, in the database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.kit.dates import DateRange
from evaka.models.base import Model
from evaka.models.document import KeptFile
from evaka.models.person import Person
from evaka.models.user import User
from evaka.rules.income.statement import (
    STATEMENT,
    WAITING,
    Answers,
    Company,
    OtherIncome,
    PaperKind,
    Source,
    StatementKind,
    StatementStatus,
)

DATES = ("began", "own_estimate_start", "own_estimate_end")
SOURCES = ("gross_source", "company_source")


class IncomeStatement(Model):
    """A guardian's own, or that of a child; a draft is the guardian's alone."""

    __tablename__ = "income_statement"
    __table_args__ = (sa.Index("ix_income_statement_status_sent_at", "status", "sent_at"),)
    workflow = STATEMENT
    untold = frozenset({"answers"})  # what people earn is told to whoever may read it, not to readers of the journal

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)  # who tells
    child_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)  # whose income, when a child's
    kind: Mapped[StatementKind]
    status: Mapped[StatementStatus] = mapped_column(default=StatementStatus.DRAFT)
    start: Mapped[date] = mapped_column("start_date")
    end: Mapped[date | None] = mapped_column("end_date")
    answers: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)  # see `answers_kept`
    sent_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]  # when the guardian added something after sending
    handled_at: Mapped[datetime | None]
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # the office's own

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    child: Mapped[Person | None] = relationship(foreign_keys=[child_id])
    handler: Mapped[User | None] = relationship()
    papers: Mapped[list[StatementPaper]] = relationship(
        back_populates="statement", order_by="StatementPaper.id", cascade="all, delete-orphan"
    )

    @property
    def whose(self) -> Person:
        """Whose income it is about."""
        return self.child or self.person

    @property
    def told(self) -> Answers:
        return answers_of(self.answers)

    @property
    def period(self) -> DateRange:
        return DateRange(self.start, self.end)

    @property
    def waits(self) -> bool:
        """Whether the office has it before it."""
        return self.status in WAITING

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id

    def __str__(self) -> str:
        return f"{self.whose} {self.start}"


class StatementPaper(KeptFile, Model):
    """A file that shows what a statement says."""

    __tablename__ = "income_statement_paper"

    statement_id: Mapped[int] = mapped_column(ForeignKey("income_statement.id"), index=True)
    kind: Mapped[PaperKind]

    statement: Mapped[IncomeStatement] = relationship(back_populates="papers")

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        own = select(IncomeStatement.id).where(IncomeStatement.of_person(person_id, user_id))
        return cls.statement_id.in_(own)


def answers_kept(answers: Answers) -> dict[str, Any]:
    """The answers as JSON keeps them; what was left empty is left out."""
    kept = {name: value for name, value in asdict(answers).items() if value not in (None, "", False, ())}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in kept.items()}


def answers_of(kept: dict[str, Any]) -> Answers:
    """The answers out of what `answers_kept` has made."""
    found = dict(kept)
    for name in DATES:
        if name in found:
            found[name] = date.fromisoformat(found[name])
    for name in SOURCES:
        if name in found:
            found[name] = Source(found[name])
    found["other_incomes"] = tuple(OtherIncome(one) for one in kept.get("other_incomes", ()))
    found["companies"] = tuple(Company(one) for one in kept.get("companies", ()))
    return Answers(**found)


def waiting() -> Select[tuple[int]]:
    """The ids of the statements that the office has before it."""
    return select(IncomeStatement.id).where(IncomeStatement.status.in_(WAITING))
