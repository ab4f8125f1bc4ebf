"""Service vouchers: what was decided for each child, the frozen months of private units, and what they are paid."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model, OfChild
from evaka.models.document import Document
from evaka.models.fee import fees_of, snapshot, steps_kept, steps_of
from evaka.models.fee import renamed as family_renamed
from evaka.models.guard import keep_apart
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.rules.fee import IN_FORCE, FeeStatus
from evaka.rules.voucher import (
    MONTH,
    PAYMENT,
    VOUCHER,
    MonthStatus,
    Payee,
    PaymentStatus,
    RowKind,
    Voucher,
    VoucherDifference,
    VoucherValue,
)
from evaka.rules.voucher import VoucherDecision as Decided


def renamed(held: Any, old: int, new: int) -> Any:
    """A snapshot in which one person has another number, as when two rows turn out to be one person."""
    family = family_renamed(held["family"], old, new)
    return held | {"child": new if held["child"] == old else held["child"], "family": family}


class VoucherDecision(OfChild, Dated, Model):
    """One child's voucher; a draft without a unit only ends what was decided before."""

    __tablename__ = "voucher"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.CheckConstraint("co_payment <= value", name="worth_the_co_payment"),
        sa.Index("ix_voucher_status_child_id", "status", "child_id"),
    )
    workflow = VOUCHER

    number: Mapped[int | None] = mapped_column(unique=True)  # given when it is sent
    status: Mapped[FeeStatus] = mapped_column(default=FeeStatus.DRAFT)
    head_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    family_size: Mapped[int]
    value: Mapped[int]  # cents a month, as all amounts here
    co_payment: Mapped[int]  # before discounts, reliefs and increases
    final_co_payment: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(  # what was decided and why: see `kept`
        sa.JSON, info={"people": renamed}
    )
    decided_at: Mapped[datetime | None] = mapped_column(index=True)  # when it took effect
    changed_at: Mapped[datetime | None] = mapped_column(index=True)  # when its end was set, or it was annulled
    sent_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))

    child: Mapped[Person] = relationship(foreign_keys="VoucherDecision.child_id")
    head: Mapped[Person] = relationship(foreign_keys="VoucherDecision.head_id")
    partner: Mapped[Person | None] = relationship(foreign_keys="VoucherDecision.partner_id")
    unit: Mapped[Unit | None] = relationship()
    document: Mapped[Document | None] = relationship()

    @property
    def voucher(self) -> Voucher:
        """What was decided, as it was reckoned when the decision was drafted."""
        return voucher_of(self.facts)

    @property
    def to_unit(self) -> int:
        """What the city pays the unit for a full month."""
        return self.value - self.final_co_payment

    @property
    def changed(self) -> list[VoucherDifference]:
        """What changed since the decision before."""
        return [VoucherDifference(one) for one in self.facts["differences"]]

    @property
    def decided(self) -> Decided:
        """The row as the rules read it."""
        return Decided(self.period, self.voucher, self.status, self.id, frozenset(self.changed))

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        """A draft is the office's."""
        mine = (cls.head_id == person_id) | (cls.partner_id == person_id)
        return mine & cls.status.in_([FeeStatus.SENT, FeeStatus.ANNULLED])

    @classmethod
    def of_children(cls, children: sa.Select[Any]) -> ColumnElement[bool]:
        """What a family earns is told to those who pay, not to every guardian."""
        return sa.false()

    def __str__(self) -> str:
        return f"{self.number or '–'} {self.child}"


keep_apart(VoucherDecision, "child_id", where="{p}status IN ('sent', 'waiting')")


class VoucherMonth(Dated, Model):
    """A month's report to private units: open until it is frozen; `start` and `end` are its first and last day."""

    __tablename__ = "voucher_month"
    __table_args__ = (
        sa.UniqueConstraint("start_date"),
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
    )
    workflow = MONTH

    status: Mapped[MonthStatus] = mapped_column(default=MonthStatus.OPEN)
    frozen_at: Mapped[datetime | None]
    total: Mapped[int | None]  # cents for all units, once it is frozen

    @classmethod
    def feature_name(cls) -> str:
        """The report is read by directors of private units too, who see no family's decision: rights of its own."""
        return "voucher_report"

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """Months are everybody's who has a unit; of their rows each sees those of the own units."""
        return sa.true() if units else sa.false()

    def __str__(self) -> str:
        return f"{self.start.month}/{self.start.year}"


class VoucherRow(OfChild, Dated, Model):
    """A row of a frozen month: what a unit is paid for a child, or what is taken back."""

    __tablename__ = "voucher_row"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.Index("ix_voucher_row_month_id_unit_id", "month_id", "unit_id"),
    )

    month_id: Mapped[int] = mapped_column(ForeignKey("voucher_month.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("voucher.id"), index=True)
    kind: Mapped[RowKind]
    amount: Mapped[int]
    before_support: Mapped[int]  # what it would be if the child needed no support
    steps: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)  # the explanation

    month: Mapped[VoucherMonth] = relationship()
    child: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()
    decision: Mapped[VoucherDecision] = relationship()

    @classmethod
    def feature_name(cls) -> str:
        return "voucher_report"

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    @classmethod
    def of_children(cls, children: sa.Select[Any]) -> ColumnElement[bool]:
        """The report is between the city and the unit."""
        return sa.false()

    def __str__(self) -> str:
        return f"{self.month} {self.child}"


class UnitPayee(Model):
    """Whom the city pays for the children of a private unit, and to which account."""

    __tablename__ = "unit_payee"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), unique=True)
    name: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    business_id: Mapped[str] = mapped_column(sa.String(20), default="", server_default="")
    iban: Mapped[str] = mapped_column(sa.String(34), default="", server_default="")
    provider_id: Mapped[str] = mapped_column(sa.String(40), default="", server_default="")  # in the city's ledger

    unit: Mapped[Unit] = relationship()

    @property
    def payee(self) -> Payee:
        """The row as the rules read it."""
        return Payee(self.name, self.business_id, self.iban, self.provider_id)

    @classmethod
    def feature_name(cls) -> str:
        return "payee"

    def __str__(self) -> str:
        return str(self.unit)


class Payment(Dated, Model):
    """What a unit is paid for a frozen month; number, days and payee are set when it is sent."""

    __tablename__ = "payment"
    __table_args__ = (
        sa.UniqueConstraint("unit_id", "start_date"),
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.Index("ix_payment_status_start_date", "status", "start_date"),
    )
    workflow = PAYMENT

    number: Mapped[int | None] = mapped_column(unique=True)
    status: Mapped[PaymentStatus] = mapped_column(default=PaymentStatus.DRAFT)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    amount: Mapped[int]
    paid_on: Mapped[date | None]
    due: Mapped[date | None]
    sent_at: Mapped[datetime | None]
    payee_name: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    business_id: Mapped[str] = mapped_column(sa.String(20), default="", server_default="")
    iban: Mapped[str] = mapped_column(sa.String(34), default="", server_default="")
    provider_id: Mapped[str] = mapped_column(sa.String(40), default="", server_default="")

    unit: Mapped[Unit] = relationship()
    payee: Mapped[UnitPayee | None] = relationship(
        primaryjoin="foreign(Payment.unit_id) == UnitPayee.unit_id", viewonly=True
    )

    @classmethod
    def feature_name(cls) -> str:
        return "payment"

    def __str__(self) -> str:
        return f"{self.number or '–'} {self.unit}"


def of_child(child_id: int, *states: FeeStatus) -> Select[VoucherDecision]:
    """The child's decisions in these states, the oldest first."""
    return (
        select(VoucherDecision)
        .where(VoucherDecision.child_id == child_id, VoucherDecision.status.in_(states))
        .order_by(VoucherDecision.start)
    )


def in_force(day: date) -> Select[VoucherDecision]:
    return select(VoucherDecision).where(VoucherDecision.status.in_(IN_FORCE), VoucherDecision.on(day))


# -- the snapshot -----------------------------------------------------------------------------------


def kept(voucher: Voucher, differences: frozenset[VoucherDifference]) -> dict[str, Any]:
    """Everything that a decision says and how each figure came to be, as JSON keeps it."""
    return {
        "child": voucher.child,
        "family": snapshot(voucher.family, frozenset()),
        "value": voucher.value and _value(voucher.value),
        "differences": sorted(differences),
    }


def voucher_of(facts: dict[str, Any]) -> Voucher:
    """A snapshot, back as the value that it was made of."""
    value = facts["value"]
    return Voucher(facts["child"], fees_of(facts["family"]), value and _value_of(value))


def _value(value: VoucherValue) -> dict[str, Any]:
    return {
        "base": value.base,
        "coefficient": str(value.coefficient),
        "support": str(value.support),
        "before_support": value.before_support,
        "value": value.value,
        "steps": steps_kept(value.steps),
    }


def _value_of(facts: dict[str, Any]) -> VoucherValue:
    return VoucherValue(
        facts["base"],
        Decimal(facts["coefficient"]),
        Decimal(facts["support"]),
        facts["before_support"],
        facts["value"],
        steps_of(facts["steps"]),
    )
