"""What a family pays: one decision per span of time in which no fee changes, and the reliefs behind it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model, OfChild
from evaka.models.document import Document
from evaka.models.guard import keep_apart
from evaka.models.income import lines_kept, lines_of
from evaka.models.person import Person
from evaka.rules.fee import (
    FEE,
    Alteration,
    AlterationKind,
    Care,
    ChildFee,
    Difference,
    Fees,
    FeeStatus,
    Limits,
    Line,
    Need,
    Step,
)
from evaka.rules.fee import FeeDecision as Decided
from evaka.rules.income import Effect, Income
from evaka.rules.placement import CareType


def renamed(kept: Any, old: int, new: int) -> Any:
    """A snapshot in which one person has another number, as when two rows turn out to be one person."""

    def now(id: Any) -> Any:
        return new if id == old else id

    lines = [line | {"child": now(line["child"])} for line in kept["lines"]]
    return kept | {"head": now(kept["head"]), "partner": now(kept["partner"]), "lines": lines}


class FeeDecision(Dated, Model):
    __tablename__ = "fee"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.Index("ix_fee_status_head_id", "status", "head_id"),
    )
    workflow = FEE

    number: Mapped[int | None] = mapped_column(unique=True)  # given when it is sent
    status: Mapped[FeeStatus] = mapped_column(default=FeeStatus.DRAFT)
    head_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    family_size: Mapped[int]
    total: Mapped[int]  # cents a month, all children
    facts: Mapped[dict[str, Any]] = mapped_column(  # what was decided and why: see `snapshot`
        sa.JSON, info={"people": renamed}
    )
    sent_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))

    head: Mapped[Person] = relationship(foreign_keys="FeeDecision.head_id")
    partner: Mapped[Person | None] = relationship(foreign_keys="FeeDecision.partner_id")
    document: Mapped[Document | None] = relationship()

    @property
    def fees(self) -> Fees:
        """What is owed, as it was reckoned when the decision was drafted."""
        return fees_of(self.facts)

    @property
    def changed(self) -> list[Difference]:
        """What changed since the decision before."""
        return [Difference(one) for one in self.facts["differences"]]

    @property
    def decided(self) -> Decided:
        """The row as the rules read it."""
        return Decided(self.period, self.fees, self.status, self.id, frozenset(self.changed))

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        """A draft is the office's."""
        mine = (cls.head_id == person_id) | (cls.partner_id == person_id)
        return mine & cls.status.in_([FeeStatus.SENT, FeeStatus.ANNULLED])

    def __str__(self) -> str:
        return f"{self.number or '–'} {self.head}"


keep_apart(FeeDecision, "head_id", where="{p}status IN ('sent', 'waiting')")


class FeeAlteration(OfChild, Dated, Model):
    """A relief, discount or increase of one child's fee."""

    __tablename__ = "fee_alteration"

    kind: Mapped[AlterationKind]
    amount: Mapped[int]  # cents, or whole per cent
    absolute: Mapped[bool]  # True: cents
    notes: Mapped[str] = mapped_column(sa.Text, default="", server_default="")

    child: Mapped[Person] = relationship()

    def __str__(self) -> str:
        return f"{self.child} {self.period}"


def of_head(head_id: int, *states: FeeStatus) -> Select[FeeDecision]:
    """The family's decisions in these states, the oldest first."""
    return (
        select(FeeDecision)
        .where(FeeDecision.head_id == head_id, FeeDecision.status.in_(states))
        .order_by(FeeDecision.start)
    )


def in_force(day: date) -> Select[FeeDecision]:
    return select(FeeDecision).where(FeeDecision.status == FeeStatus.SENT, FeeDecision.on(day))


# -- the snapshot -----------------------------------------------------------------------------------


def snapshot(owed: Fees, differences: frozenset[Difference]) -> dict[str, Any]:
    """Everything that a decision says and how each figure came to be, as JSON keeps it."""
    return {
        "head": owed.head,
        "partner": owed.partner,
        "family_size": owed.family_size,
        "head_income": _income(owed.head_income),
        "partner_income": _income(owed.partner_income),
        "limits": {
            "lower": owed.limits.lower,
            "upper": owed.limits.upper,
            "rate": str(owed.limits.rate),
            "smallest_fee": owed.limits.smallest_fee,
            "highest_fee": owed.limits.highest_fee,
        },
        "lines": [_line(line) for line in owed.lines],
        "differences": sorted(differences),
    }


def fees_of(facts: dict[str, Any]) -> Fees:
    """A snapshot, back as the value that it was made of."""
    return Fees(
        head=facts["head"],
        partner=facts["partner"],
        family_size=facts["family_size"],
        head_income=_income_of(facts["head_income"]),
        partner_income=_income_of(facts["partner_income"]),
        limits=Limits(**facts["limits"] | {"rate": Decimal(facts["limits"]["rate"])}),
        lines=tuple(_line_of(line) for line in facts["lines"]),
    )


def steps_kept(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Steps of a reckoning as JSON keeps them."""
    return [
        {
            "key": step.key,
            "result": step.result,
            "arithmetic": step.arithmetic,
            "law": step.law,
            "facts": dict(step.facts),
        }
        for step in steps
    ]


def steps_of(kept: list[dict[str, Any]]) -> tuple[Step, ...]:
    return tuple(Step(**step) for step in kept)


def _line(line: Line) -> dict[str, Any]:
    care, need, price = line.care, line.care.need, line.price
    return {
        "child": line.child,
        "unit": care.unit,
        "care_type": care.care_type.value,
        "charged": care.charged,
        "need": {
            "option": need.option,
            "coefficient": str(need.coefficient),
            "contract_days": need.contract_days,
            "words": need.words,
            "missing": need.missing,
        },
        "income": _income(line.income),
        "alterations": [
            {"kind": one.kind.value, "amount": str(one.amount), "absolute": one.absolute, "effect": effect}
            for one, effect in line.alterations
        ],
        "base": price.base,
        "sibling_percent": price.sibling_percent,
        "fee": price.fee,
        "effects": list(price.effects),
        "final": price.final,
        "steps": steps_kept(price.steps),
    }


def _line_of(kept: dict[str, Any]) -> Line:
    need = Need(**kept["need"] | {"coefficient": Decimal(kept["need"]["coefficient"])})
    return Line(
        child=kept["child"],
        care=Care(kept["unit"], CareType(kept["care_type"]), need, kept["charged"]),
        income=_income_of(kept["income"]),
        alterations=tuple(
            (Alteration(AlterationKind(one["kind"]), Decimal(one["amount"]), one["absolute"]), one["effect"])
            for one in kept["alterations"]
        ),
        price=ChildFee(
            kept["base"],
            kept["sibling_percent"],
            kept["fee"],
            tuple(kept["effects"]),
            kept["final"],
            steps_of(kept["steps"]),
        ),
    )


def _income(income: Income | None) -> dict[str, Any] | None:
    if income is None:
        return None
    return {
        "effect": income.effect.value,
        "earned": income.earned,
        "expenses": income.expenses,
        "agency_staff": income.agency_staff,
        "record": income.record,
        "lines": lines_kept(income.lines),
    }


def _income_of(kept: dict[str, Any] | None) -> Income | None:
    if kept is None:
        return None
    return Income(
        Effect(kept["effect"]),
        kept["earned"],
        kept["expenses"],
        lines_of(kept["lines"]),
        kept["agency_staff"],
        kept["record"],
    )
