"""Letters between the office and the families: threads, messages, and who has read what."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, and_, func, or_, select
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from evaka.models.base import Model, OfChild
from evaka.models.person import FosterParent, Guardian, Person, custody
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.unit import Feature


class Post(Model):
    """What a group has sent at once, to one family or to all: the threads that began with it point here."""

    __tablename__ = "post"

    group_id: Mapped[int] = mapped_column(ForeignKey("unit_group.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    title: Mapped[str] = mapped_column(sa.String(200))
    at: Mapped[datetime] = mapped_column(index=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)  # who, to whom, day and words: never sent twice

    group: Mapped[Group] = relationship()
    user: Mapped[User | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(select(Group.id).where(Group.unit_id.in_(units)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(groups)

    def __str__(self) -> str:
        return self.title


class Thread(Model):
    """A conversation of one family, or one set of guardians, with the group that began it."""

    __tablename__ = "thread"
    __table_args__ = (sa.Index("ix_thread_group_id_last_at", "group_id", "last_at"),)

    title: Mapped[str] = mapped_column(sa.String(200))
    group_id: Mapped[int] = mapped_column(ForeignKey("unit_group.id"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), index=True)
    last_at: Mapped[datetime] = mapped_column(index=True)

    group: Mapped[Group] = relationship()
    messages: Mapped[list[Message]] = relationship(order_by="Message.id", back_populates="thread")
    members: Mapped[list[ThreadMember]] = relationship(order_by="ThreadMember.id", back_populates="thread")
    children: Mapped[list[ThreadChild]] = relationship(order_by="ThreadChild.id", back_populates="thread")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(select(Group.id).where(Group.unit_id.in_(units)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.group_id.in_(groups)

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        """A guardian's own, as long as no child of the conversation has been blocked from the guardian."""
        return cls.id.in_(select(ThreadMember.thread_id).where(ThreadMember.person_id == person_id, ~is_blocked()))

    @classmethod
    def of_person_on(cls, person_id: int, user_id: int, today: date) -> ColumnElement[bool]:
        """A foster parent's, as long as no child of the conversation has moved away."""
        left = select(ThreadMember.thread_id).where(ThreadMember.person_id == person_id, has_ended(today))
        return and_(cls.of_person(person_id, user_id), cls.id.not_in(left))

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


class ThreadChild(OfChild, Model):
    """A child whom a conversation is about."""

    __tablename__ = "thread_child"
    __table_args__ = (sa.UniqueConstraint("thread_id", "child_id"),)

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)

    thread: Mapped[Thread] = relationship(back_populates="children")
    child: Mapped[Person] = relationship()


class Message(Model):
    """What somebody wrote: a guardian (`person`) or somebody of the staff (`user`) in the name of the group."""

    __tablename__ = "message"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
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
        # the menu counts these on every page; most receipts are read, and are left out of the index
        *(
            sa.Index(
                f"ix_receipt_{box}_unread", f"{box}_id",
                sqlite_where=sa.text("read_at IS NULL"), postgresql_where=sa.text("read_at IS NULL"),
            )
            for box in ("person", "group")
        ),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"))
    read_at: Mapped[datetime | None]

    message: Mapped[Message] = relationship()
    person: Mapped[Person | None] = relationship()


def is_blocked() -> ColumnElement[bool]:
    """Of a member: some child of the conversation has been blocked from this guardian since."""
    return (
        select(ThreadChild.id)
        .join(Guardian, Guardian.child_id == ThreadChild.child_id)
        .where(
            ThreadChild.thread_id == ThreadMember.thread_id,
            Guardian.guardian_id == ThreadMember.person_id, Guardian.blocked,
        )
        .exists()
    )


def has_ended(day: date) -> ColumnElement[bool]:
    """Of a member: was the foster parent of a child of the conversation, and is not on a day."""
    was = aliased(FosterParent)
    return (
        select(ThreadChild.id)
        .join(was, was.child_id == ThreadChild.child_id)
        .where(
            ThreadChild.thread_id == ThreadMember.thread_id, was.parent_id == ThreadMember.person_id,
            ThreadChild.child_id.not_in(
                select(Guardian.child_id).where(Guardian.guardian_id == ThreadMember.person_id)),
            ThreadChild.child_id.not_in(select(FosterParent.child_id).where(
                FosterParent.parent_id == ThreadMember.person_id, FosterParent.on(day))),
        )
        .exists()
    )


def readers_of(thread_id: int, day: date) -> Select[tuple[int]]:
    """The guardians whom a new message of the conversation reaches: living, not blocked since, foster parents still."""
    return (
        select(ThreadMember.person_id).join(Person, Person.id == ThreadMember.person_id)
        .where(
            ThreadMember.thread_id == thread_id, Person.deceased.is_(None), ~is_blocked(), ~has_ended(day))
        .order_by(ThreadMember.person_id)
    )


def in_group(group_id: int, day: date) -> ColumnElement[bool]:
    """Of a person: a child who is in the group on a day."""
    return Person.id.in_(
        select(Placement.child_id).join(GroupPlacement, GroupPlacement.placement_id == Placement.id)
        .where(GroupPlacement.group_id == group_id, GroupPlacement.on(day), Placement.on(day))
    )


def guardians_of(children: ColumnElement[bool], day: date) -> Select[tuple[int, int | None]]:
    """Pairs (child, guardian or foster parent) of these children by name; blocked and deceased ones show as None."""
    guardian = aliased(Person)
    pairs = custody(day, select(Person.id).where(children))
    return (
        select(Person.id, guardian.id).select_from(Person)
        .outerjoin(pairs, pairs.c.child_id == Person.id)
        .outerjoin(guardian, and_(guardian.id == pairs.c.person_id, guardian.deceased.is_(None)))
        .where(children, Person.deceased.is_(None))
        .order_by(Person.sort_key, Person.id, guardian.id)
    )


def group_on(child_id: int, day: date) -> Select[Group]:
    """The group in which a child is on a day."""
    return (
        select(Group).join(GroupPlacement, GroupPlacement.group_id == Group.id)
        .join(Placement, Placement.id == GroupPlacement.placement_id)
        .where(Placement.child_id == child_id, Placement.on(day), GroupPlacement.on(day))
    )


def places_of(thread: Thread) -> Select[Placement]:
    """The places that the children of a conversation have had in the unit of its group."""
    children = select(ThreadChild.child_id).where(ThreadChild.thread_id == thread.id)
    unit = select(Group.unit_id).where(Group.id == thread.group_id).scalar_subquery()
    return select(Placement).where(Placement.child_id.in_(children), Placement.unit_id == unit)


def written_with(groups: ColumnElement[bool], threads: ColumnElement[bool]) -> Select[tuple[bool]]:
    """Whether letters are open in the unit of one of these groups, or there are some to be read still."""
    opened = select(Group.id).join(Unit, Unit.id == Group.unit_id).where(groups, Unit.has(Feature.MESSAGES))
    return select(or_(opened.exists(), select(Thread.id).where(threads).exists()))


def unread_in(groups: ColumnElement[bool]) -> Select[tuple[int]]:
    """How many messages wait unread in the boxes of these groups."""
    return select(func.count(Receipt.id)).where(
        Receipt.read_at.is_(None), Receipt.group_id.in_(select(Group.id).where(groups))
    )


def unread_by(person_id: int, own: ColumnElement[bool]) -> Select[tuple[int]]:
    """How many messages of the guardian's own threads wait unread."""
    return (
        select(func.count(Receipt.id)).join(Message, Message.id == Receipt.message_id)
        .where(
            Receipt.read_at.is_(None), Receipt.person_id == person_id,
            Message.thread_id.in_(select(Thread.id).where(own)),
        )
    )
