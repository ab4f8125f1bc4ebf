"""The places where children are cared for: areas, units, groups and the adults they are given."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model, keep_apart
from evaka.models.search import Sought, keep_findable
from evaka.rules.unit import Provider


class Area(Model):
    __tablename__ = "area"

    name: Mapped[str] = mapped_column(sa.String(80), unique=True)

    def __str__(self) -> str:
        return self.name


class Unit(Sought, Dated, Model):
    __tablename__ = "unit"
    found_by = ("name", "director")

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    provider: Mapped[Provider] = mapped_column(default=Provider.MUNICIPAL)
    family_day_care: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    language: Mapped[str] = mapped_column(sa.String(5), default="fi", server_default="fi")
    care_types: Mapped[list[str]] = mapped_column(sa.JSON)  # values of rules/placement.CareType
    shift_care: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    weekdays: Mapped[list[int]] = mapped_column(sa.JSON)  # ISO days on which it is open, 1 = Monday
    capacity: Mapped[int] = mapped_column(default=0, server_default="0")  # children by the building's permit
    invoiced: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    ask_unit: Mapped[bool] = mapped_column(default=True, server_default=sa.true())  # director confirms places
    director: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    street: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")
    postal_code: Mapped[str] = mapped_column(sa.String(10), default="", server_default="")
    post_office: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")
    phone: Mapped[str] = mapped_column(sa.String(30), default="", server_default="")
    email: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")

    area: Mapped[Area] = relationship()
    groups: Mapped[list[Group]] = relationship(back_populates="unit", order_by="Group.name")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.id.in_(units)

    def __str__(self) -> str:
        return self.name


keep_findable(Unit)


class Group(Dated, Model):
    __tablename__ = "unit_group"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(80))

    unit: Mapped[Unit] = relationship(back_populates="groups")

    @classmethod
    def named(cls, sought: str) -> ColumnElement[bool]:
        """By its own name or by its unit's."""
        of_unit = cls.unit_id.in_(sa.select(Unit.id).where(Unit.named(sought)))
        return of_unit | sa.func.lower(cls.name).contains(sought.strip().lower(), autoescape=True)

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.id.in_(groups)

    def __str__(self) -> str:
        return self.name


class Caretakers(Dated, Model):
    """How many adults a group is planned to have."""

    __tablename__ = "caretakers"

    group_id: Mapped[int] = mapped_column(ForeignKey("unit_group.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2))

    group: Mapped[Group] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(sa.select(Group.id).where(Group.unit_id.in_(units)))


keep_apart(Caretakers, "group_id")
