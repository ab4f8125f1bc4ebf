"""The places where children are cared for: areas, units, groups and the adults they are given."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from evaka import city
from evaka.kit.dates import DateRange
from evaka.models.base import Dated, Model
from evaka.models.guard import keep_apart
from evaka.models.search import Sought, keep_findable
from evaka.rules.application import ApplicationKind
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import CareType
from evaka.rules.unit import Feature, Provider, UnitPolicy, Week


class WeekType(TypeDecorator[Week]):
    """The hours of a week, as one short text."""

    impl = sa.String(100)
    cache_ok = True

    def process_bind_param(self, value: Week | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else Week.read(value)


class WeekdaysType(WeekType):
    """Of the hours of a week the days on which it is open."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else sorted(Week.read(value).weekdays)


def has_key(column: Any, key: str) -> ColumnElement[bool]:
    """Whether a JSON list of keys holds one, on either kind of database."""
    return sa.cast(column, sa.Text).contains(f'"{key}"', autoescape=True)


def opened_at_first() -> list[str]:
    """The features that the city opens in a new unit."""
    return sorted(city.value("city", "unit", UnitPolicy).open_features)


class Area(Model):
    __tablename__ = "area"

    name: Mapped[str] = mapped_column(sa.String(80), unique=True)
    short_name: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
    invoice_code: Mapped[str | None] = mapped_column(sa.String(20))  # the ledger's
    cost_centre: Mapped[str | None] = mapped_column(sa.String(20))

    def __str__(self) -> str:
        return self.name


def _text(letters: int) -> Any:
    """A text that may be empty."""
    return mapped_column(sa.String(letters), default="", server_default="")


def _in_order(kind: str) -> CheckConstraint:
    start, end = f"{kind}_apply_start", f"{kind}_apply_end"
    return CheckConstraint(f"{end} IS NULL OR ({start} IS NOT NULL AND {start} <= {end})", name=f"{kind}_apply")


class Unit(Sought, Dated, Model):
    __tablename__ = "unit"
    found_by = ("name", "director")
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="ends_after_start"),
        CheckConstraint("NOT open_on_holidays OR shift_opening IS NOT NULL", name="holidays_with_shift"),
        CheckConstraint("(preschool_start IS NULL) = (preschool_end IS NULL)", name="preschool_hours"),
        CheckConstraint("preschool_start < preschool_end", name="preschool_in_order"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="whole_point"),
        *(_in_order(kind) for kind in ApplicationKind),
    )
    secret = frozenset({"note"})

    name: Mapped[str] = mapped_column(sa.String(120), unique=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    provider: Mapped[Provider] = mapped_column(default=Provider.MUNICIPAL)
    family_day_care: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    language: Mapped[str] = mapped_column(sa.String(5), default="fi", server_default="fi")
    care_types: Mapped[list[str]] = mapped_column(sa.JSON, info={"keys": CareType})
    opening: Mapped[Week] = mapped_column(WeekType)
    shift_opening: Mapped[Week | None] = mapped_column(WeekType)  # present: the unit gives shift care
    open_on_holidays: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # shift care only
    preschool_start: Mapped[time | None]  # of the day of pre-primary education
    preschool_end: Mapped[time | None]
    features: Mapped[list[str]] = mapped_column(sa.JSON, default=opened_at_first, info={"keys": Feature})
    capacity: Mapped[int] = mapped_column(default=0, server_default="0")  # children by the building's permit
    ask_unit: Mapped[bool] = mapped_column(default=True, server_default=sa.true())  # director confirms places
    # when places are applied for, by kind; without a start they are not
    daycare_apply_start: Mapped[date | None]
    daycare_apply_end: Mapped[date | None]
    preschool_apply_start: Mapped[date | None]
    preschool_apply_end: Mapped[date | None]
    club_apply_start: Mapped[date | None]
    club_apply_end: Mapped[date | None]
    # who and where
    director: Mapped[str] = _text(120)
    director_phone: Mapped[str] = _text(30)
    director_email: Mapped[str] = _text(200)
    phone: Mapped[str] = _text(30)
    email: Mapped[str] = _text(200)
    street: Mapped[str] = _text(120)
    postal_code: Mapped[str] = _text(10)
    post_office: Mapped[str] = _text(60)
    mailing_street: Mapped[str] = _text(120)  # or a post-office box; empty: as the visiting address
    mailing_postal_code: Mapped[str] = _text(10)
    mailing_post_office: Mapped[str] = _text(60)
    latitude: Mapped[Decimal | None] = mapped_column(sa.Numeric(8, 5))  # WGS 84
    longitude: Mapped[Decimal | None] = mapped_column(sa.Numeric(8, 5))
    # money
    invoiced: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    cost_centre: Mapped[str] = _text(20)
    business_id: Mapped[str] = _text(20)
    iban: Mapped[str] = _text(34)
    provider_id: Mapped[str] = _text(40)  # by which the ledger knows who is paid
    # decisions
    decision_name: Mapped[str] = _text(120)  # each empty one: as the unit itself
    preschool_decision_name: Mapped[str] = _text(120)
    decision_handler: Mapped[str] = _text(120)
    decision_address: Mapped[str] = _text(200)
    note: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # among those who place children

    area: Mapped[Area] = relationship()
    groups: Mapped[list[Group]] = relationship(back_populates="unit", order_by="Group.name")

    @hybrid_property
    def weekdays(self) -> list[int]:
        """The ISO days on which it gives ordinary care, 1 = Monday."""
        return sorted(self.opening.weekdays)

    @weekdays.inplace.expression
    @classmethod
    def _weekdays(cls) -> ColumnElement[list[int]]:
        return sa.type_coerce(cls.opening, WeekdaysType())

    @hybrid_property
    def shift_care(self) -> bool:
        return self.shift_opening is not None

    @shift_care.inplace.expression
    @classmethod
    def _shift_care(cls) -> ColumnElement[bool]:
        return cls.shift_opening.is_not(None)

    @hybrid_method
    def has(self, feature: Feature) -> bool:
        """Whether a feature has been opened in the unit."""
        return feature in self.features

    @has.inplace.expression
    @classmethod
    def _has(cls, feature: Feature) -> ColumnElement[bool]:
        return has_key(cls.features, feature)

    def open_days(self, closed: frozenset[date] = frozenset()) -> OpenDays:
        """The days of care, but for those on which it is closed besides."""
        shift = self.shift_opening.weekdays if self.shift_opening else frozenset()
        return OpenDays(self.opening.weekdays, shift, self.open_on_holidays, closed)

    def apply_period(self, kind: ApplicationKind) -> DateRange | None:
        """The days for which places of a kind are applied for; None when they are not."""
        start = getattr(self, f"{kind}_apply_start")
        return None if start is None else DateRange(start, getattr(self, f"{kind}_apply_end"))

    def name_in_decisions(self, *, preschool: bool) -> str:
        return (self.preschool_decision_name if preschool else self.decision_name) or self.name

    def handler_in_decisions(self, *, preschool: bool) -> str:
        """Who takes a written answer, the unit itself unless told, and where; nothing for units that do not say."""
        if not (self.decision_handler or self.decision_address):
            return ""
        name = self.decision_handler or self.name_in_decisions(preschool=preschool)
        return "\n".join(filter(None, (name, self.decision_address or self.mailing_address)))

    @property
    def address(self) -> str:
        return ", ".join(filter(None, (self.street, f"{self.postal_code} {self.post_office}".strip())))

    @property
    def mailing_address(self) -> str:
        parts = self.mailing_street, f"{self.mailing_postal_code} {self.mailing_post_office}".strip()
        return ", ".join(filter(None, parts)) or self.address

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
