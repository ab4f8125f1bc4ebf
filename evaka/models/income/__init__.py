"""What a person earns a month, while it lasts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model
from evaka.models.guard import keep_apart
from evaka.models.person import Person
from evaka.rules.income import Effect, IncomeLine, PayPeriod, shown
from evaka.rules.income import Income as Shown
from evaka.rules.income.notice import Notice


class Income(Dated, Model):
    __tablename__ = "income"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.Index("ix_income_start_date_id", "start_date", "id"),  # the order of the list
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    effect: Mapped[Effect] = mapped_column(default=Effect.INCOME)
    # as entered, see `lines_kept`; `total` is reckoned from them
    lines: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    total: Mapped[int] = mapped_column(default=0, server_default="0")  # cents a month, expenses taken off
    agency_staff: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # of an EU agency
    notes: Mapped[str] = mapped_column(sa.Text, default="", server_default="")

    person: Mapped[Person] = relationship()

    @property
    def shown(self) -> Shown:
        """The row as the rules read it."""
        return shown(self.effect, lines_of(self.lines), agency_staff=self.agency_staff, record=self.id)

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id

    def __str__(self) -> str:
        return f"{self.person} {self.period}"


keep_apart(Income, "person_id")


class IncomeNotice(Model):
    """A reminder that somebody was sent: each step once for an income that ends."""

    __tablename__ = "income_notice"
    __table_args__ = (sa.Index("ix_income_notice_person_id_sent_at", "person_id", "sent_at"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[Notice]
    sent_at: Mapped[datetime]

    person: Mapped[Person] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id

    def __str__(self) -> str:
        return f"{self.person} {self.kind}"


def lines_kept(lines: tuple[IncomeLine, ...]) -> list[dict[str, Any]]:
    """Lines as JSON keeps them, each with the multiplier that held when it was entered."""
    return [
        {
            "kind": line.kind,
            "amount": line.amount,
            "period": line.period.value,
            "multiplier": str(line.multiplier),
            "expense": line.expense,
        }
        for line in lines
    ]


def lines_of(kept: list[dict[str, Any]]) -> tuple[IncomeLine, ...]:
    return tuple(
        IncomeLine(
            line["kind"],
            line["amount"],
            PayPeriod(line["period"]),
            Decimal(line["multiplier"]),
            line["expense"],
        )
        for line in kept
    )
