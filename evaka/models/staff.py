"""The adults in a unit: who is there in which group, who is planned to be, and how they sign in on a tablet."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model
from evaka.models.guard import keep_spans_apart
from evaka.models.presence import OfUnit
from evaka.models.unit import Group, Unit
from evaka.models.user import Grant, User
from evaka.rules.staff import StaffKind


class StaffMember(Model):
    """What a unit must know of somebody of its staff beside the log-in.

    `number` is the employee number by which planned shifts are imported.  `coefficient` is what the adult counts for
    among the children: 7 with a whole right to be counted, 0 when not, or between.  `pin` is the digest of four to
    six figures; after five wrong ones it is `locked` until a new one is set.
    """

    __tablename__ = "staff_member"
    __table_args__ = (CheckConstraint("coefficient BETWEEN 0 AND 7", name="coefficient"),)
    secret = frozenset({"pin"})

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    number: Mapped[str | None] = mapped_column(sa.String(20), unique=True)
    coefficient: Mapped[Decimal] = mapped_column(sa.Numeric(4, 2), default=Decimal(7), server_default="7")
    pin: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    wrong: Mapped[int] = mapped_column(default=0, server_default="0")  # tries since the last right one
    locked: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    user: Mapped[User] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.user_id.in_(select(User.id).where(User.of_units(units, today)))

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.user_id == user_id

    def __str__(self) -> str:
        return str(self.user)


class StaffPresence(OfUnit, Model):
    """An adult at work from `arrived` to `left` (moments, whole minutes; None: still there).

    Either a user, or somebody from outside by name (a student, a relief worker).  `kind` says whether it counts
    among the children: `rules/unit/presence.WITH_CHILDREN` do, and these have a group; the others have none.
    `coefficient` is what the adult counted for then (7: for seven children of three years and more).  `automatic`:
    ended by the hourly job.  A user has one row without `left` at most, and no two that share a minute.
    """

    __tablename__ = "staff_presence"
    __table_args__ = (
        CheckConstraint('"left" >= arrived', name="left_after_arrived"),
        CheckConstraint("(user_id IS NULL) = (name <> '')", name="user_or_name"),
        CheckConstraint("coefficient BETWEEN 0 AND 7", name="coefficient"),
        Index("uq_staff_presence_user_id", "user_id", unique=True,
              sqlite_where=sa.text('"left" IS NULL'), postgresql_where=sa.text('"left" IS NULL')),
        Index("ix_staff_presence_unit_id_arrived", "unit_id", "arrived"),
        Index("ix_staff_presence_group_id_arrived", "group_id", "arrived"),
        Index("ix_staff_presence_user_id_arrived", "user_id", "arrived"),
    )

    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")  # of somebody from outside
    arrived: Mapped[datetime]
    left: Mapped[datetime | None]
    kind: Mapped[StaffKind] = mapped_column(default=StaffKind.PRESENT, server_default="present")
    coefficient: Mapped[Decimal] = mapped_column(sa.Numeric(4, 2), default=Decimal(7), server_default="7")
    automatic: Mapped[bool] = mapped_column(default=False, server_default=sa.false())

    user: Mapped[User | None] = relationship()
    unit: Mapped[Unit] = relationship()
    group: Mapped[Group | None] = relationship()

    @property
    def who(self) -> str:
        return self.user.name if self.user else self.name

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.user_id == user_id

    def __str__(self) -> str:
        return self.who


keep_spans_apart(StaffPresence, "user_id", "arrived", "left")


class Shift(OfUnit, Model):
    """When somebody of the staff is planned to work, from `start` to `finish` (moments, whole minutes).

    `kind` is present for work among the children, or another kind (training, other work) that does not count.
    Shifts come from a file; a new file replaces those of the people and the days that it names.
    """

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("finish > start", name="finishes_after_start"),
        Index("ix_shift_unit_id_start", "unit_id", "start"),
        Index("ix_shift_group_id_start", "group_id", "start"),
        Index("ix_shift_user_id_start", "user_id", "start"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    start: Mapped[datetime]
    finish: Mapped[datetime]
    kind: Mapped[StaffKind] = mapped_column(default=StaffKind.PRESENT, server_default="present")

    user: Mapped[User] = relationship()
    unit: Mapped[Unit] = relationship()
    group: Mapped[Group | None] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.user_id == user_id

    def __str__(self) -> str:
        return f"{self.user} {self.start:%-d.%-m.%Y}"


keep_spans_apart(Shift, "user_id", "start", "finish")


def staff_of_unit(unit_id: int, today: date) -> sa.Select[User]:
    """Those who work in a unit or its groups today, tablets left out."""
    working = select(Grant.user_id).where(Grant.of_units({unit_id}, today), Grant.on(today))
    return select(User).where(User.id.in_(working), User.active, ~User.device).order_by(User.name)
