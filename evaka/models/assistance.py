"""The support that a child is given: factor, levels, measures, and the coefficient of its voucher.

All of it is confidential (Act 540/2018, 40 §).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, Select, SelectBase, or_, select
from sqlalchemy.orm import Mapped, aliased, declared_attr, mapped_column, relationship

from evaka.kit.dates import DateRange, Timeline
from evaka.models.backup_care import children_hosted_now
from evaka.models.base import Dated, Model, OfChild, db, one_of
from evaka.models.guard import keep_apart
from evaka.models.person import Person, children_of_groups, children_of_units
from evaka.models.placement import Placement, PlacementPlan, children_at_home
from evaka.models.unit import Unit
from evaka.rules.assistance import PRE_PRIMARY, MeasureKind
from evaka.rules.unit import Provider

MORE_THAN_NOUGHT = "coefficient > 0"


class Support(OfChild, Dated):
    """What the rows about a child's support share: whose they are, and that the past of a child may be hidden."""

    @declared_attr
    def child(cls) -> Mapped[Person]:
        return relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_of_units(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_of_groups(groups, today))

    @classmethod
    def of_units_now(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """Without the past, and without what was over before the child came or begins after it has left."""
        asked = cls.child_id.in_(PlacementPlan.asked_of(units))
        guest = cls.child_id.in_(children_hosted_now(units, today))
        return cls.of_units(units, today) & cls.not_past(today) & (asked | guest | cls._meets_a_place(units=units))

    @classmethod
    def of_groups_now(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.of_groups(groups, today) & cls.not_past(today)

    @classmethod
    def not_past(cls, today: date) -> ColumnElement[bool]:
        """It has not ended; and of a child who has begun pre-primary education it reaches into that."""
        place = aliased(Placement)
        begun = select(place.id).where(
            place.child_id == cls.child_id, place.care_type.in_(PRE_PRIMARY), place.start <= today).exists()
        lasts = or_(cls.end.is_(None), cls.end >= today)
        return lasts & (~begun | cls._meets_a_place(pre_primary=True))

    @classmethod
    def _meets_a_place(cls, *, units: set[int] | None = None, pre_primary: bool = False) -> ColumnElement[bool]:
        place = aliased(Placement)
        query = select(place.id).where(
            place.child_id == cls.child_id, or_(cls.end.is_(None), place.start <= cls.end),
            or_(place.end.is_(None), place.end >= cls.start))
        if units is not None:
            query = query.where(place.unit_id.in_(units))
        return (query.where(place.care_type.in_(PRE_PRIMARY)) if pre_primary else query).exists()

    def __str__(self) -> str:
        return f"{self.child} {self.period}"


class AssistanceFactor(Support, Model):
    """How many children the child counts for in occupancy; without one it counts for one."""

    __tablename__ = "assistance_factor"
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="ends_after_start"),
        CheckConstraint(MORE_THAN_NOUGHT, name="above_nought"),
    )

    coefficient: Mapped[Decimal] = mapped_column(sa.Numeric(4, 2))


class DaycareAssistance(Support, Model):
    """The level of support in early childhood education: a key of config/*/assistance.toml."""

    __tablename__ = "daycare_assistance"

    level: Mapped[str] = mapped_column(sa.String(60), index=True)


class PreschoolAssistance(Support, Model):
    """The level of support in pre-primary education: a key of config/*/assistance.toml."""

    __tablename__ = "preschool_assistance"

    level: Mapped[str] = mapped_column(sa.String(60), index=True)


class OtherMeasure(Support, Model):
    """Something beside a level: free transport, an earlier start of school, a discussion."""

    __tablename__ = "other_measure"

    kind: Mapped[MeasureKind]


class AssistanceAction(Support, Model):
    """What is done to support the child: options of config/*/assistance.toml, and what was written besides."""

    __tablename__ = "assistance_action"
    secret = frozenset({"other"})  # what is written about a child is not for the journal

    options: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    other: Mapped[str] = mapped_column(sa.Text, default="", server_default="")


class VoucherCoefficient(Support, Model):
    """What the value of the child's service voucher is multiplied by, for a time that ends."""

    __tablename__ = "voucher_coefficient"
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="ends_after_start"),
        CheckConstraint(MORE_THAN_NOUGHT, name="above_nought"),
    )

    coefficient: Mapped[Decimal] = mapped_column(sa.Numeric(6, 4))
    end: Mapped[date] = mapped_column("end_date")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """It is read where the voucher is used."""
        theirs = select(Unit.id).where(Unit.id.in_(units), Unit.provider == Provider.PRIVATE_SERVICE_VOUCHER)
        placed = children_at_home(units, today).where(Placement.unit_id.in_(theirs))
        return cls.child_id.in_(placed)

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return sa.false()


for _model in (AssistanceFactor, DaycareAssistance, PreschoolAssistance, AssistanceAction, VoucherCoefficient):
    keep_apart(_model, "child_id")
keep_apart(OtherMeasure, "child_id", "kind")

SUPPORT: tuple[Any, ...] = (
    DaycareAssistance, PreschoolAssistance, AssistanceFactor, AssistanceAction, OtherMeasure, VoucherCoefficient)


def factors(children: SelectBase | Collection[int], period: DateRange) -> dict[int, Timeline[Decimal]]:
    """The factors of children over time, as occupancy and vouchers read them: one query."""
    return _coefficients(AssistanceFactor, children, period)


def voucher_coefficients(children: SelectBase | Collection[int], period: DateRange) -> dict[int, Timeline[Decimal]]:
    """The coefficients of children's vouchers over time, as the rules of vouchers read them: one query."""
    return _coefficients(VoucherCoefficient, children, period)


def _coefficients(model: Any, children: Any, period: DateRange) -> dict[int, Timeline[Decimal]]:
    found: dict[int, list[tuple[DateRange, Decimal]]] = {}
    among = model.child_id.in_(children) if isinstance(children, SelectBase) else one_of(model.child_id, children)
    rows = db.session.execute(
        select(model.child_id, model.start, model.end, model.coefficient).where(among, model.meets(period)))
    for child_id, start, end, coefficient in rows:
        found.setdefault(child_id, []).append((DateRange(start, end), coefficient))
    return {child_id: Timeline(spans) for child_id, spans in found.items()}


def outlived_factors(today: date) -> Select[Any]:
    """Ids of factors that go on although the child's places are over."""
    place, later = aliased(Placement), aliased(Placement)
    own = place.child_id == AssistanceFactor.child_id
    goes_on = select(later.id).where(
        later.child_id == AssistanceFactor.child_id, or_(later.end.is_(None), later.end >= today)).exists()
    had = select(place.id).where(own, place.end < today, place.end >= AssistanceFactor.start).exists()
    lasts = or_(AssistanceFactor.end.is_(None), AssistanceFactor.end >= today)
    return select(AssistanceFactor.id).where(lasts, had, ~goes_on).order_by(AssistanceFactor.id)


def outlived_coefficients(today: date) -> Select[Any]:
    """Ids of coefficients in force of whose children a place has ended while they held: the rule says which end."""
    place = aliased(Placement)
    had = select(place.id).where(
        place.child_id == VoucherCoefficient.child_id, place.end < today, place.end >= VoucherCoefficient.start)
    return select(VoucherCoefficient.id).where(VoucherCoefficient.on(today), had.exists()).order_by(
        VoucherCoefficient.id)
