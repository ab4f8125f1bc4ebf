"""Letters between the office and the families: threads, messages, and who has read what."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model
from evaka.models.person import Guardian, Person
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Group
from evaka.models.user import User


class Thread(Model):
    """A conversation of one family, or one set of guardians, with the group that began it."""

    __tablename__ = "thread"

    title: Mapped[str] = mapped_column(sa.String(200))
    group_id: Mapped[int] = mapped_column(ForeignKey("unit_group.id"), index=True)
    last_at: Mapped[datetime] = mapped_column(index=True)

    group: Mapped[Group] = relationship()
    messages: Mapped[list[Message]] = relationship(order_by="Message.id", back_populates="thread")
    members: Mapped[list[ThreadMember]] = relationship(back_populates="thread")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(select(Group.id).where(Group.unit_id.in_(units)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(groups)

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.id.in_(select(ThreadMember.thread_id).where(ThreadMember.person_id == person_id))

    def __str__(self) -> str:
        return self.title


class ThreadMember(Model):
    """A guardian who belongs to a conversation."""

    __tablename__ = "thread_member"
    __table_args__ = (sa.UniqueConstraint("thread_id", "person_id"),)

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)

    thread: Mapped[Thread] = relationship(back_populates="members")
    person: Mapped[Person] = relationship()


class Message(Model):
    """What somebody wrote: a guardian (`person`) or somebody of the staff (`user`) in the name of the group."""

    __tablename__ = "message"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    body: Mapped[str] = mapped_column(sa.Text)

    thread: Mapped[Thread] = relationship(back_populates="messages")
    person: Mapped[Person | None] = relationship()
    user: Mapped[User | None] = relationship()


class Receipt(Model):
    """A message in somebody's box: a guardian's, or the group's; read when `read_at` says so."""

    __tablename__ = "receipt"
    __table_args__ = (
        sa.UniqueConstraint("message_id", "person_id", "group_id"),
        sa.Index("ix_receipt_person_unread", "person_id", "read_at"),
        sa.Index("ix_receipt_group_unread", "group_id", "read_at"),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"))
    read_at: Mapped[datetime | None]

    message: Mapped[Message] = relationship()


def guardians_of(group_id: int, day: date) -> Select[tuple[int, int]]:
    """Pairs (child, guardian) of the children who are in the group on a day, blocked guardians left out."""
    return (
        select(Guardian.child_id, Guardian.guardian_id)
        .join(Placement, Placement.child_id == Guardian.child_id)
        .join(GroupPlacement, GroupPlacement.placement_id == Placement.id)
        .where(GroupPlacement.group_id == group_id, GroupPlacement.on(day), Placement.on(day), ~Guardian.blocked)
        .order_by(Guardian.child_id, Guardian.guardian_id)
    )
