"""A child in care somewhere else for a time, while its own place waits."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Select, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.kit.dates import DateRange, add_months
from evaka.models.base import Dated, Model, OfChild
from evaka.models.guard import keep_apart
from evaka.models.person import Person
from evaka.models.placement import SEEN_AFTERWARDS, GroupPlacement, Placement
from evaka.models.unit import Group, Unit


class BackupCare(OfChild, Dated, Model):
    """Both units read it: where the child has its place, and where it comes to."""

    __tablename__ = "backup_care"
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.Index("ix_backup_care_unit_days", "unit_id", "start_date", "end_date"),
    )

    end: Mapped[date] = mapped_column("end_date")
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"), index=True)  # empty: not chosen yet

    child: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()
    group: Mapped[Group | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        own = select(Placement.child_id).where(
            Placement.unit_id.in_(units), Placement.meets(DateRange(add_months(today, -SEEN_AFTERWARDS))))
        return cls.unit_id.in_(units) | cls.child_id.in_(own)

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        own = (
            select(Placement.child_id).join(GroupPlacement, GroupPlacement.placement_id == Placement.id)
            .where(GroupPlacement.group_id.in_(groups), GroupPlacement.meets(DateRange(today))))
        return cls.group_id.in_(groups) | cls.child_id.in_(own)

    def __str__(self) -> str:
        return f"{self.child}, {self.unit} {self.period}"


keep_apart(BackupCare, "child_id")


def children_hosted(units: set[int], today: date) -> Select[Any]:
    """Children who come to the units from elsewhere: now, in the future, or until a month ago at most."""
    return select(BackupCare.child_id).where(
        BackupCare.unit_id.in_(units), BackupCare.end >= add_months(today, -SEEN_AFTERWARDS))


def children_hosted_now(units: set[int], today: date) -> Select[Any]:
    """Those of them whose care elsewhere has not ended."""
    return select(BackupCare.child_id).where(BackupCare.unit_id.in_(units), BackupCare.end >= today)


def children_guests(groups: set[int], today: date) -> Select[Any]:
    """Children who come to the groups from elsewhere, now or in the future."""
    return select(BackupCare.child_id).where(BackupCare.group_id.in_(groups), BackupCare.end >= today)


def in_backup_care(units: set[int], period: DateRange) -> Select[Any]:
    """(child, unit, start, end) of who comes to the units in a period, or is away from them."""
    own = select(Placement.child_id).where(Placement.unit_id.in_(units), Placement.meets(period))
    return (
        select(BackupCare.child_id, BackupCare.unit_id, BackupCare.start, BackupCare.end)
        .where(BackupCare.meets(period), BackupCare.unit_id.in_(units) | BackupCare.child_id.in_(own))
        .order_by(BackupCare.id))
