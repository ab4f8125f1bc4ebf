"""The boxes in whose names the office writes, and what belongs to a box: folders, templates, times away."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka import city
from evaka.models.base import Dated, Model
from evaka.models.guard import keep_apart
from evaka.models.person import Person
from evaka.models.unit import Group
from evaka.models.user import Grant, User
from evaka.rules.message.post import BoxKind, MessagePolicy


def message_policy() -> MessagePolicy:
    return city.value("city", "messages", MessagePolicy)


class Box(Model):
    """A box of the office: a group's, somebody's own, or one of the three of the whole city."""

    __tablename__ = "message_box"
    __table_args__ = (
        sa.CheckConstraint(
            "(kind = 'group') = (group_id IS NOT NULL) AND (kind = 'personal') = (user_id IS NOT NULL)", name="owner"),
        sa.Index(
            "uq_message_box_kind", "kind", unique=True,
            sqlite_where=sa.text("group_id IS NULL AND user_id IS NULL"),
            postgresql_where=sa.text("group_id IS NULL AND user_id IS NULL"),
        ),
    )

    kind: Mapped[BoxKind]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), unique=True)
    signature: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    mails: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # the owner is told by e-mail

    group: Mapped[Group | None] = relationship()
    user: Mapped[User | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """A unit's are those of its groups: what somebody writes in the own name stays with that person."""
        return cls.group_id.in_(select(Group.id).where(Group.unit_id.in_(units)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(groups)

    @classmethod
    def feature_name(cls) -> str:
        return "message"

    @classmethod
    def of_person_on(cls, person_id: int, user_id: int, today: date) -> ColumnElement[bool]:
        """Somebody's own, and the city's for whoever has one of the roles that the city names for it."""
        policy = message_policy()

        def holds(kind: BoxKind) -> ColumnElement[bool]:
            return select(Grant.id).where(
                Grant.user_id == user_id, Grant.role.in_(policy.roles(kind)), Grant.on(today)).exists()

        shared = (BoxKind.MUNICIPAL, BoxKind.SERVICE, BoxKind.FINANCE)
        return or_(
            and_(cls.user_id == user_id, holds(BoxKind.PERSONAL)),
            *(and_(cls.kind == kind, holds(kind)) for kind in shared),
        )

    @property
    def shared(self) -> bool:
        """One of the three of the whole city."""
        return self.group_id is None and self.user_id is None

    def __str__(self) -> str:
        """The group's or the person's name; those of the city are named by a text."""
        return str(self.group or self.user or f"box_kind.{self.kind}")


class Folder(Model):
    """A folder of a box, or of a guardian (`person`)."""

    __tablename__ = "message_folder"
    __table_args__ = (
        sa.UniqueConstraint("box_id", "name"),
        sa.UniqueConstraint("person_id", "name"),
        sa.CheckConstraint("(person_id IS NULL) <> (box_id IS NULL)", name="somebody"),
    )

    box_id: Mapped[int | None] = mapped_column(ForeignKey("message_box.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(sa.String(60))

    box: Mapped[Box | None] = relationship()
    person: Mapped[Person | None] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id

    @classmethod
    def feature_name(cls) -> str:
        return "message"

    def __str__(self) -> str:
        return self.name


class Template(Model):
    """A text to begin with: a box's own, or without one the whole city's."""

    __tablename__ = "message_template"
    __table_args__ = (sa.UniqueConstraint("box_id", "name"),)

    box_id: Mapped[int | None] = mapped_column(ForeignKey("message_box.id"))
    name: Mapped[str] = mapped_column(sa.String(80))
    title: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    body: Mapped[str] = mapped_column(sa.Text)

    box: Mapped[Box | None] = relationship()

    def __str__(self) -> str:
        return self.name


class Away(Dated, Model):
    """The days on which nobody reads a box, and what it answers by itself to whoever writes to it."""

    __tablename__ = "message_away"

    box_id: Mapped[int] = mapped_column(ForeignKey("message_box.id"), index=True)
    reply: Mapped[str] = mapped_column(sa.Text)

    box: Mapped[Box] = relationship()

    def __str__(self) -> str:
        return f"{self.box} {self.period}"


keep_apart(Away, "box_id")
