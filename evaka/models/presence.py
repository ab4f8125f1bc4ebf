"""Which children are in a unit, from when to when; what the group notes of them; the tablets on which it is tapped."""

from __future__ import annotations

from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.backup_care import BackupCare
from evaka.models.base import Model, OfChild
from evaka.models.guard import keep_spans_apart
from evaka.models.person import InFile, Person
from evaka.models.placement import GroupPlacement, Placement, children_grouped, children_placed
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.presence import Level, Need, Tapped


class OfUnit:
    """A row of a unit, and perhaps of one of its groups: both see it."""

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"))

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(groups)


class Device(Model):
    """A tablet of a unit: paired by a code that is made in the office and typed on the tablet.

    It acts as a user of its own (`user_id`, with the role "tablet" in the unit), so the journal names it and the
    city's table of roles says what it may.  The tablet holds a token, we hold its digest.
    """

    __tablename__ = "device"
    __table_args__ = (CheckConstraint("(paired IS NULL) OR (digest IS NOT NULL)", name="paired_with_token"),)
    secret = frozenset({"code", "digest"})

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"), index=True)  # shown first; None: all
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    code: Mapped[str | None] = mapped_column(sa.String(64), unique=True)  # the digest of a code that waits to be typed
    code_until: Mapped[datetime | None]
    digest: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    paired: Mapped[datetime | None]
    seen: Mapped[datetime | None]  # to five minutes
    agent: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    revoked: Mapped[datetime | None]  # from then on it opens nothing

    unit: Mapped[Unit] = relationship()
    group: Mapped[Group | None] = relationship()
    user: Mapped[User] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    def __str__(self) -> str:
        return self.name


class Presence(OfChild, Model):
    """A child in a unit on a day from `arrived` to `left` (times of Helsinki, whole minutes; None: still there).

    A child has one row without `left` at most, and no two rows that share a minute.  A night is two rows: 23.59 ends
    the first day and 0.00 begins the next.  `group_id` is the child's group of that day, None without one; the unit
    is the one in which the child is, be it in back-up care.  `automatic`: ended by the night, nobody has seen the
    child leave.
    """

    __tablename__ = "presence"
    __table_args__ = (
        CheckConstraint('"left" >= arrived', name="left_after_arrived"),
        Index("uq_presence_child_id", "child_id", unique=True,
              sqlite_where=sa.text('"left" IS NULL'), postgresql_where=sa.text('"left" IS NULL')),
        Index("ix_presence_unit_id_day", "unit_id", "day"),
        Index("ix_presence_group_id_day", "group_id", "day"),
        Index("ix_presence_child_id_day", "child_id", "day"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"))
    day: Mapped[date]
    arrived: Mapped[time]
    left: Mapped[time | None]
    automatic: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    child: Mapped[Person] = relationship()
    unit: Mapped[Unit] = relationship()
    group: Mapped[Group | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """Those of the unit itself, and wherever its children have been."""
        return or_(cls.unit_id.in_(units), cls.child_id.in_(children_placed(units, today)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return or_(cls.group_id.in_(groups), cls.child_id.in_(children_grouped(groups, today)))

    def __str__(self) -> str:
        return f"{self.child} {self.day.day}.{self.day.month}.{self.day.year}"


keep_spans_apart(Presence, "child_id", "arrived", "left", day="day")


class Tap(OfChild, Model):
    """What was tapped of a child: once for each `key`, which the tablet makes, however often it is sent.

    `at` is when it was tapped, `received` when it came.  `refused` is the key of the text that says why nothing came
    of it, "" when it was done.  What the office corrects is a row too, with a key of ours and no device: the tablets
    of the unit read this table for news.
    """

    __tablename__ = "tap"
    __table_args__ = (
        Index("ix_tap_received", "received"), Index("ix_tap_unit_id_id", "unit_id", "id"),
        {"sqlite_autoincrement": True},  # tablets ask for what is newer than a number: none comes twice
    )

    key: Mapped[str] = mapped_column(sa.String(40), unique=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    what: Mapped[Tapped]
    at: Mapped[datetime]
    received: Mapped[datetime]
    refused: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")

    child: Mapped[Person] = relationship()
    device: Mapped[Device | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)


# -- what the group notes ---------------------------------------------------------------------------------


class DayNote(InFile, Model):
    """How a child's day has gone, for whoever hands the child over: one a child, gone by the next morning.

    `slept` counts minutes; `needs` are what is to be brought from home.
    """

    __tablename__ = "day_note"
    __table_args__ = (sa.UniqueConstraint("child_id"), CheckConstraint("slept BETWEEN 0 AND 1440", name="slept"))
    untold = frozenset({"text", "reminder"})

    text: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    ate: Mapped[Level | None]
    sleep: Mapped[Level | None]
    slept: Mapped[int | None]
    needs: Mapped[list[str]] = mapped_column(sa.JSON, default=list, server_default="[]", info={"keys": Need})
    reminder: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    edited: Mapped[datetime] = mapped_column(index=True)

    child: Mapped[Person] = relationship()

    def __str__(self) -> str:
        return str(self.child)


class StickyNote(InFile, Model):
    """What to mind of a child in the coming days; gone after `until`."""

    __tablename__ = "sticky_note"
    untold = frozenset({"text"})

    text: Mapped[str] = mapped_column(sa.Text)
    until: Mapped[date] = mapped_column(index=True)

    child: Mapped[Person] = relationship()

    def __str__(self) -> str:
        return str(self.child)


class GroupNote(Model):
    """What everybody in the group must know; gone after `until`."""

    __tablename__ = "group_note"
    untold = frozenset({"text"})

    group_id: Mapped[int] = mapped_column(ForeignKey("unit_group.id"), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
    until: Mapped[date] = mapped_column(index=True)

    group: Mapped[Group] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(select(Group.id).where(Group.unit_id.in_(units)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(groups)

    def __str__(self) -> str:
        return str(self.group)


class Picture(InFile, Model):
    """A child's face, so that a substitute knows who is who: one a child."""

    __tablename__ = "picture"
    __table_args__ = (sa.UniqueConstraint("child_id"),)
    secret = frozenset({"content"})

    mimetype: Mapped[str] = mapped_column(sa.String(40))
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    added: Mapped[datetime]

    child: Mapped[Person] = relationship()

    def __str__(self) -> str:
        return str(self.child)


# -- questions ------------------------------------------------------------------------------------------------

DAY = sa.bindparam("day", type_=sa.Date)


def _whereabouts() -> sa.Subquery:
    """Of the DAY where each child belongs: (child_id, unit_id, group_id, placement_id, guest).

    Its place and the group of it, or the unit of back-up care.
    """
    elsewhere = select(BackupCare.id).where(BackupCare.child_id == Placement.child_id, BackupCare.on(DAY)).exists()
    grouped = sa.and_(GroupPlacement.placement_id == Placement.id, GroupPlacement.on(DAY))
    home = (
        select(Placement.child_id, Placement.unit_id, GroupPlacement.group_id, Placement.id.label("placement_id"),
               sa.false().label("guest"))
        .outerjoin(GroupPlacement, grouped).where(Placement.on(DAY), ~elsewhere))
    placed = sa.and_(Placement.child_id == BackupCare.child_id, Placement.on(DAY))
    guests = (
        select(BackupCare.child_id, BackupCare.unit_id, BackupCare.group_id, Placement.id, sa.true())
        .join(Placement, placed).where(BackupCare.on(DAY)))
    return sa.union_all(home, guests).subquery("whereabouts")


WHEREABOUTS = _whereabouts()  # asked with {"day": …}
