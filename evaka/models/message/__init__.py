"""Letters between the office and the families: threads, messages, and who has read what."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, Select, and_, func, or_, select
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from evaka.models.application import Application
from evaka.models.backup_care import BackupCare
from evaka.models.base import Model, OfChild
from evaka.models.message.box import Away, Box, Folder, Template
from evaka.models.message.post import Post, PostFile
from evaka.models.person import FosterParent, Guardian, Person
from evaka.models.person.custody import informed, kept_from
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Group
from evaka.rules.message.post import PostKind

__all__ = [
    "Away", "Box", "Folder", "Message", "Post", "PostFile", "Receipt", "Template", "Thread", "ThreadChild",
    "ThreadMember",
]


class Thread(Model):
    """A conversation of one family, or one set of guardians, with a box of the office; or a bulletin to many."""

    __tablename__ = "thread"
    __table_args__ = (sa.Index("ix_thread_box_id_last_at", "box_id", "last_at"),)
    untold = frozenset({"title"})

    title: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[PostKind] = mapped_column(default=PostKind.MESSAGE, server_default=PostKind.MESSAGE.value)
    box_id: Mapped[int | None] = mapped_column(ForeignKey("message_box.id"))  # in whose name the office writes
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), index=True)  # with which it began
    last_at: Mapped[datetime] = mapped_column(index=True)
    urgent: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    sensitive: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # read after a strong log-in
    copy: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # of a bulletin, for the staff
    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id"), index=True)  # service guidance
    head_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)  # whose fees it is about

    box: Mapped[Box] = relationship()
    post: Mapped[Post | None] = relationship(foreign_keys=[post_id])
    application: Mapped[Application | None] = relationship()
    messages: Mapped[list[Message]] = relationship(order_by="Message.id", back_populates="thread")
    members: Mapped[list[ThreadMember]] = relationship(order_by="ThreadMember.id", back_populates="thread")
    children: Mapped[list[ThreadChild]] = relationship(order_by="ThreadChild.id", back_populates="thread")

    @classmethod
    def in_boxes(cls, boxes: ColumnElement[bool]) -> ColumnElement[bool]:
        """Those that lie in these boxes."""
        inside = select(Box.id).where(boxes)
        return cls.id.in_(select(ThreadMember.thread_id).where(ThreadMember.box_id.in_(inside)))

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.in_boxes(Box.of_units(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.in_boxes(Box.of_groups(groups, today))

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        """A guardian's own, as long as no child of the conversation has been blocked from the guardian."""
        return cls.id.in_(select(ThreadMember.thread_id).where(ThreadMember.person_id == person_id, ~is_blocked()))

    @classmethod
    def of_guardian(cls, person_id: Any, today: Any) -> ColumnElement[bool]:
        """The same; a foster parent's as long as no child of the conversation has moved away."""
        return cls.id.in_(select(ThreadMember.thread_id).where(
            ThreadMember.person_id == person_id, *reads_on(today)))

    @classmethod
    def of_person_on(cls, person_id: int, user_id: int, today: date) -> ColumnElement[bool]:
        """A guardian's own, and those in a box of somebody of the staff."""
        return or_(cls.of_guardian(person_id, today), cls.in_boxes(Box.of_person_on(person_id, user_id, today)))

    def __str__(self) -> str:
        return self.title


class ThreadMember(Model):
    """A guardian (`person`) or a box of the office that belongs to a conversation, and where it lies there."""

    __tablename__ = "thread_member"
    __table_args__ = (
        sa.UniqueConstraint("thread_id", "person_id"),
        sa.UniqueConstraint("thread_id", "box_id"),
        sa.Index("ix_thread_member_person_id_last_at", "person_id", "last_at"),
        sa.Index("ix_thread_member_box_id_last_at", "box_id", "last_at"),
        sa.CheckConstraint("(person_id IS NULL) <> (box_id IS NULL)", name="somebody"),
    )

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    box_id: Mapped[int | None] = mapped_column(ForeignKey("message_box.id"))
    last_at: Mapped[datetime | None]  # the thread's own, so that a box is listed out of one index
    received_at: Mapped[datetime | None]  # when the others last wrote to it
    archived: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    folder_id: Mapped[int | None] = mapped_column(ForeignKey("message_folder.id"), index=True)

    thread: Mapped[Thread] = relationship(back_populates="members")
    person: Mapped[Person | None] = relationship()
    box: Mapped[Box | None] = relationship()


class ThreadChild(OfChild, Model):
    """A child whom a conversation is about."""

    __tablename__ = "thread_child"
    __table_args__ = (sa.UniqueConstraint("thread_id", "child_id"),)

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)

    thread: Mapped[Thread] = relationship(back_populates="children")
    child: Mapped[Person] = relationship()


class Message(Model):
    """What somebody wrote, where it stands in a conversation: the words are those of the post."""

    __tablename__ = "message"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), index=True)
    at: Mapped[datetime]

    thread: Mapped[Thread] = relationship(back_populates="messages")
    post: Mapped[Post] = relationship()


class Receipt(Model):
    """A message in a guardian's box or in one of the office; read when `read_at` says so."""

    __tablename__ = "receipt"
    __table_args__ = (
        sa.UniqueConstraint("message_id", "person_id"),
        sa.UniqueConstraint("message_id", "box_id"),
        # the menu counts these on every page; most receipts are read, and are left out of the index
        *(
            sa.Index(
                f"ix_receipt_{reader}_unread", f"{reader}_id",
                sqlite_where=sa.text("read_at IS NULL"), postgresql_where=sa.text("read_at IS NULL"),
            )
            for reader in ("person", "box")
        ),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    box_id: Mapped[int | None] = mapped_column(ForeignKey("message_box.id"))
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


def is_kept(day: date) -> ColumnElement[bool]:
    """Of a member: where a child of the conversation is is kept from this guardian, and the box would tell it."""
    of_unit = select(Box.id).join(Thread, Thread.box_id == Box.id).where(
        Thread.id == ThreadMember.thread_id, or_(Box.group_id.is_not(None), Box.user_id.is_not(None)))
    return and_(
        select(ThreadChild.id).where(
            ThreadChild.thread_id == ThreadMember.thread_id,
            kept_from(ThreadChild.child_id, ThreadMember.person_id, day)).exists(),
        of_unit.exists())


@lru_cache(32)
def reads_on(day: Any) -> tuple[ColumnElement[bool], ...]:
    """Of a member: the guardian may read the conversation on a day.  Put together once, since every page asks."""
    return ~is_blocked(), ~has_ended(day), ~is_kept(day)


def readers_of(thread_id: int, day: date) -> Select[tuple[int]]:
    """The guardians whom a new message of the conversation reaches: living, not blocked since, foster parents still,
    and told where the children are."""
    return (
        select(ThreadMember.person_id).join(Person, Person.id == ThreadMember.person_id)
        .where(
            ThreadMember.thread_id == thread_id, Person.deceased.is_(None), *reads_on(day))
        .order_by(ThreadMember.person_id)
    )


def guardians_of(children: ColumnElement[bool], day: date) -> Select[tuple[int, int | None]]:
    """Pairs (child, guardian or foster parent) of these children by name; whom nobody may write to shows as None.

    Those are the blocked, the deceased, and from whom it is kept where the child is: the writer tells it.
    """
    guardian = aliased(Person)
    pairs = informed(day, select(Person.id).where(children))
    return (
        select(Person.id, guardian.id).select_from(Person)
        .outerjoin(pairs, pairs.c.child_id == Person.id)
        .outerjoin(guardian, and_(guardian.id == pairs.c.person_id, guardian.deceased.is_(None)))
        .where(children, Person.deceased.is_(None))
        .order_by(Person.sort_key, Person.id, guardian.id)
    )


def groups_on(child_id: int, day: date) -> Select[Group]:
    """The groups in which a child is on a day: the one where it is in back-up care first, then its own."""
    own = (
        select(GroupPlacement.group_id).join(Placement, Placement.id == GroupPlacement.placement_id)
        .where(Placement.child_id == child_id, Placement.on(day), GroupPlacement.on(day)))
    host = select(BackupCare.group_id).where(BackupCare.child_id == child_id, BackupCare.on(day))
    return select(Group).where(or_(Group.id.in_(own), Group.id.in_(host))).order_by(Group.id.not_in(host), Group.id)


def stays_of(thread: Thread) -> Select[tuple[date, date | None]]:
    """(start, end) of the places that the children of a conversation have had, and of their care elsewhere for a time.

    Of a group's conversation only those in its unit.
    """
    children = select(ThreadChild.child_id).where(ThreadChild.thread_id == thread.id)
    places = select(Placement.start, Placement.end).where(Placement.child_id.in_(children))
    guests = select(BackupCare.start, BackupCare.end).where(BackupCare.child_id.in_(children))
    if thread.box.group is not None:
        places = places.where(Placement.unit_id == thread.box.group.unit_id)
        guests = guests.where(BackupCare.unit_id == thread.box.group.unit_id)
    return places.union_all(guests)  # type: ignore[return-value]


def unread_by(person_id: Any, own: ColumnElement[bool]) -> Select[tuple[int]]:
    """How many messages of the guardian's own threads wait unread."""
    return (
        select(func.count(Receipt.id)).join(Message, Message.id == Receipt.message_id)
        .where(
            Receipt.read_at.is_(None), Receipt.person_id == person_id,
            select(Thread.id).where(Thread.id == Message.thread_id, own).exists(),
        )
    )


@cache
def unread_of_reader() -> Select[tuple[int]]:
    """The same of a :reader on a :day, put together once: every page of the guardians' letters asks it."""
    reader = sa.bindparam("reader", type_=sa.Integer)
    return unread_by(reader, Thread.of_guardian(reader, sa.bindparam("day", type_=sa.Date)))
