"""What happens in a unit, and times for talks that families book."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Select, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model, OfChild
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement, children_grouped, children_placed
from evaka.models.unit import Group, Unit
from evaka.rules.calendar.event import EventKind


class Event(Dated, Model):
    """For the whole unit, or for those groups and children whom its `guests` name."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.Index("ix_event_unit_id_start_date", "unit_id", "start_date"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    end: Mapped[date] = mapped_column("end_date")
    kind: Mapped[EventKind] = mapped_column(default=EventKind.EVENT)
    title: Mapped[str] = mapped_column(sa.String(120))
    description: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    made_at: Mapped[datetime]
    told_at: Mapped[datetime | None]  # when families were told of it

    unit: Mapped[Unit] = relationship()
    guests: Mapped[list[EventGuest]] = relationship(cascade="all, delete-orphan", back_populates="event")
    times: Mapped[list[DiscussionTime]] = relationship(
        order_by="(DiscussionTime.day, DiscussionTime.begins)", cascade="all, delete-orphan", back_populates="event"
    )

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(select(Group.unit_id).where(Group.id.in_(groups)))

    @classmethod
    def of_children(cls, children: Select[Any]) -> ColumnElement[bool]:
        """Where the children have a place on some of its days, if the unit or they or their group are asked."""
        placed = (Placement.unit_id == cls.unit_id) & Placement.child_id.in_(children) & (
            Placement.start <= cls.end) & (Placement.end.is_(None) | (Placement.end >= cls.start))
        asked = EventGuest.event_id == cls.id
        return select(Placement.id).where(placed, sa.or_(
            ~select(EventGuest.id).where(asked).exists(),
            select(EventGuest.id).where(asked, EventGuest.child_id == Placement.child_id).exists(),
            select(EventGuest.id).join(GroupPlacement, GroupPlacement.group_id == EventGuest.group_id).where(
                asked, GroupPlacement.placement_id == Placement.id, GroupPlacement.start <= cls.end,
                GroupPlacement.end.is_(None) | (GroupPlacement.end >= cls.start)).exists(),
        )).exists()

    def __str__(self) -> str:
        return self.title


class EventGuest(Model):
    """A group or a child who is asked to an event."""

    __tablename__ = "event_guest"
    __table_args__ = (
        CheckConstraint("(group_id IS NULL) <> (child_id IS NULL)", name="group_or_child"),
        sa.UniqueConstraint("event_id", "group_id"),
        sa.UniqueConstraint("event_id", "child_id"),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"), index=True)
    child_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)

    event: Mapped[Event] = relationship(back_populates="guests")
    group: Mapped[Group | None] = relationship()
    child: Mapped[Person | None] = relationship()

    def __str__(self) -> str:
        return str(self.group or self.child)


class DiscussionTime(Model):
    """A time for a talk that one family may book."""

    __tablename__ = "discussion_time"
    __table_args__ = (CheckConstraint("begins < ends", name="in_order"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    day: Mapped[date] = mapped_column(index=True)
    begins: Mapped[time]
    ends: Mapped[time]

    event: Mapped[Event] = relationship(back_populates="times")
    booking: Mapped[DiscussionBooking | None] = relationship(back_populates="time", cascade="all, delete-orphan")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.event_id.in_(select(Event.id).where(Event.of_units(units, today)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.event_id.in_(select(Event.id).where(Event.of_groups(groups, today)))

    @classmethod
    def of_children(cls, children: Select[Any]) -> ColumnElement[bool]:
        return cls.event_id.in_(select(Event.id).where(Event.of_children(children)))

    def __str__(self) -> str:
        return f"{self.day.day}.{self.day.month}.{self.day.year} {self.begins:%H.%M}–{self.ends:%H.%M}"


class DiscussionBooking(OfChild, Model):
    """A family has taken a time: the database keeps it one family a time, and one time a child and event."""

    __tablename__ = "discussion_booking"
    __table_args__ = (sa.UniqueConstraint("time_id"), sa.UniqueConstraint("event_id", "child_id"))

    time_id: Mapped[int] = mapped_column(ForeignKey("discussion_time.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    booked_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]

    time: Mapped[DiscussionTime] = relationship(back_populates="booking")
    event: Mapped[Event] = relationship()
    child: Mapped[Person] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_placed(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_grouped(groups, today))

    def __str__(self) -> str:
        return f"{self.child}, {self.time}"
