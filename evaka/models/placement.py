"""A child's place in a unit, from a day to a day, and the plans that lead to it."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, SelectBase, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.kit.dates import DateRange, add_months
from evaka.models.application import Application
from evaka.models.base import Dated, Model, OfChild, keep_apart
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import PLACEMENT_PLAN, CareType, PlanStatus, ShiftCare
from evaka.rules.unit import Feature

SEEN_AFTERWARDS = 1  # months for which a unit still sees a child who has left


class Placement(OfChild, Dated, Model):
    __tablename__ = "placement"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    care_type: Mapped[CareType]

    child: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()
    needs: Mapped[list[ServiceNeedPeriod]] = relationship(
        order_by="ServiceNeedPeriod.start", cascade="all, delete-orphan", back_populates="placement"
    )
    groups: Mapped[list[GroupPlacement]] = relationship(
        order_by="GroupPlacement.start", cascade="all, delete-orphan", back_populates="placement"
    )

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_grouped(groups, today))

    def __str__(self) -> str:
        return f"{self.child}, {self.unit} {self.period}"


keep_apart(Placement, "child_id")


class ServiceNeedPeriod(Dated, Model):
    """How much care a placed child needs for a time: an option of the city's service needs."""

    __tablename__ = "service_need"

    placement_id: Mapped[int] = mapped_column(ForeignKey("placement.id"), index=True)
    option: Mapped[str] = mapped_column(sa.String(60))
    shift_care: Mapped[ShiftCare] = mapped_column(default=ShiftCare.NONE)

    placement: Mapped[Placement] = relationship(back_populates="needs")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.placement_id.in_(select(Placement.id).where(Placement.unit_id.in_(units)))


keep_apart(ServiceNeedPeriod, "placement_id")


class GroupPlacement(Dated, Model):
    """The group in which a placed child is for a time."""

    __tablename__ = "group_placement"

    placement_id: Mapped[int] = mapped_column(ForeignKey("placement.id"), index=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("unit_group.id"), index=True)

    placement: Mapped[Placement] = relationship(back_populates="groups")
    group: Mapped[Group] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(select(Group.id).where(Group.unit_id.in_(units)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(groups)


keep_apart(GroupPlacement, "placement_id")


class PlacementPlan(Dated, Model):
    """A place thought of for an application: drafted on the desk, asked of the unit, then decided."""

    __tablename__ = "placement_plan"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        # one living plan an application
        sa.Index(
            "uq_placement_plan_application_id", "application_id", unique=True,
            sqlite_where=sa.text("status NOT IN ('cancelled', 'declined')"),
            postgresql_where=sa.text("status NOT IN ('cancelled', 'declined')"),
        ),
    )
    workflow = PLACEMENT_PLAN

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    care_type: Mapped[CareType]
    service_need: Mapped[str] = mapped_column(sa.String(60))
    status: Mapped[PlanStatus] = mapped_column(default=PlanStatus.DRAFT)
    reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # why a unit declined

    application: Mapped[Application] = relationship()
    unit: Mapped[Unit] = relationship()

    @property
    def child_id(self) -> int:
        """Whose plan it is: the journal keeps its lines on the child's file."""
        return self.application.child_id

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units) & (cls.status != PlanStatus.DRAFT)

    @classmethod
    def asked_of(cls, units: set[int]) -> Select[Any]:
        """The children of whom the units have been asked, until the family has answered."""
        asked = cls.status.in_([PlanStatus.PROPOSED, PlanStatus.CONFIRMED])
        decided = (cls.status == PlanStatus.DECIDED) & Application.status.in_(
            [ApplicationStatus.WAITING_MAILING, ApplicationStatus.WAITING_GUARDIAN])
        return (
            select(Application.child_id).join(cls, cls.application_id == Application.id)
            .where(cls.unit_id.in_(units), asked | decided)
        )

    @classmethod
    def applications_asked_of(cls, units: set[int]) -> Select[Any]:
        return select(cls.application_id).where(
            cls.unit_id.in_(units), cls.status.in_([PlanStatus.PROPOSED, PlanStatus.CONFIRMED, PlanStatus.DECIDED])
        )

    def __str__(self) -> str:
        return f"{self.application.child}, {self.unit} {self.period}"


def overlapping(child_id: int, period: DateRange) -> Select[Placement]:
    """The child's placements that share a day with `period`."""
    return select(Placement).where(Placement.child_id == child_id, Placement.meets(period)).order_by(Placement.start)


def children_placed(units: set[int], today: date) -> SelectBase:
    """Children with a place or back-up care in the units: now, in the future, or ended a month ago at most."""
    from evaka.models.backup_care import children_hosted  # back-up care stands on places

    return children_at_home(units, today).union_all(children_hosted(units, today))


def children_at_home(units: set[int], today: date) -> Select[Any]:
    """Those of them who have their own place there."""
    return select(Placement.child_id).where(
        Placement.unit_id.in_(units), Placement.meets(DateRange(add_months(today, -SEEN_AFTERWARDS)))
    )


def children_grouped(groups: set[int], today: date) -> SelectBase:
    """Children who are in the groups today or will be, also those who come for back-up care."""
    from evaka.models.backup_care import children_guests  # back-up care stands on places

    own = (
        select(Placement.child_id).join(GroupPlacement, GroupPlacement.placement_id == Placement.id)
        .where(GroupPlacement.group_id.in_(groups), GroupPlacement.meets(DateRange(today)))
    )
    return own.union_all(children_guests(groups, today))


def children_with(feature: Feature, today: date) -> Select[Any]:
    """Children with a place, now or in the future, in a unit in which a feature has been opened."""
    return (
        select(Placement.child_id).join(Unit, Unit.id == Placement.unit_id)
        .where(Placement.meets(DateRange(today)), Unit.has(feature))
    )


def without_group(day: date) -> Select[Placement]:
    """Places in force on a day whose child has no group then."""
    grouped = select(GroupPlacement.placement_id).where(GroupPlacement.on(day))
    return select(Placement).where(Placement.on(day), Placement.id.not_in(grouped))
