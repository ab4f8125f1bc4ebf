"""A child's place in a unit, from a day to a day, and the plans that lead to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, SelectBase, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.kit.dates import DateRange, add_months
from evaka.models.application import Application
from evaka.models.base import Dated, Model, OfChild
from evaka.models.guard import keep_apart
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import PLACEMENT_PLAN, CareType, PlanStatus, ShiftCare
from evaka.rules.unit import Feature

SEEN_AFTERWARDS = 1  # months for which a unit still sees a child who has left


class Placement(OfChild, Dated, Model):
    __tablename__ = "placement"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        # holds all that occupancy and lists of a unit's children ask: the rows themselves need not be read
        sa.Index("ix_placement_unit_id", "unit_id", "start_date", "end_date", "child_id", "care_type"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    care_type: Mapped[CareType]
    guaranteed: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # kept for after a break

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
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        # the needs of all children are counted out of it
        sa.Index("ix_service_need_placement_id", "placement_id", "start_date", "end_date", "option", "shift_care"),
    )

    placement_id: Mapped[int] = mapped_column(ForeignKey("placement.id"))
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
        sa.CheckConstraint("(daycare_start IS NULL) = (daycare_end IS NULL)", name="whole_daycare"),
        sa.CheckConstraint("daycare_start <= daycare_end", name="daycare_in_order"),
        sa.Index("ix_placement_plan_unit_id_status", "unit_id", "status"),
        sa.Index("ix_placement_plan_status_answer_due", "status", "answer_due"),
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
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"))  # where the child is meant to go
    care_type: Mapped[CareType]
    service_need: Mapped[str] = mapped_column(sa.String(60))
    # the care around pre-primary education has days of its own; other plans have none
    daycare_start: Mapped[date | None]
    daycare_end: Mapped[date | None]
    status: Mapped[PlanStatus] = mapped_column(default=PlanStatus.DRAFT)
    despite: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # why a rule was set aside
    drafted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    drafted_at: Mapped[datetime | None]
    batch: Mapped[str] = mapped_column(sa.String(40), default="", server_default="", index=True)  # drafted together
    # what the unit was asked, and what it said
    proposed_at: Mapped[datetime | None]
    answer_due: Mapped[date | None]
    reminded_on: Mapped[date | None]
    decline_reason: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")  # a key of the city's
    reason: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # the same in the director's words
    suggested_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))  # what would do instead
    suggested_start: Mapped[date | None]

    application: Mapped[Application] = relationship()
    unit: Mapped[Unit] = relationship(foreign_keys="PlacementPlan.unit_id")
    group: Mapped[Group | None] = relationship()
    suggested_unit: Mapped[Unit | None] = relationship(foreign_keys="PlacementPlan.suggested_unit_id")
    drafted_by: Mapped[User | None] = relationship()

    @property
    def daycare(self) -> DateRange | None:
        """The days of the care around pre-primary education."""
        return None if self.daycare_start is None else DateRange(self.daycare_start, self.daycare_end)

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
