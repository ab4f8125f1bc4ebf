"""What somebody has written, once: however many conversations it stands in, the words and files are kept here."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model
from evaka.models.message.box import Box, Folder
from evaka.models.person import Person
from evaka.models.search import Sought, keep_findable
from evaka.models.user import User
from evaka.rules.message.post import POST, PostKind, PostStatus


class Post(Sought, Model):
    """By a box of the office (`user` held the pen) or by a guardian (`person`)."""

    __tablename__ = "post"
    __table_args__ = (
        sa.Index("ix_post_box_id_status_at", "box_id", "status", "at"),
        sa.Index(
            "ix_post_waiting", "send_at",
            sqlite_where=sa.text("status = 'waiting'"), postgresql_where=sa.text("status = 'waiting'"),
        ),
        sa.CheckConstraint("person_id IS NULL OR box_id IS NULL", name="one_writer"),
    )
    workflow = POST
    found_by = ("title", "body")
    untold = frozenset({"title", "body", "audience", "search_key"})

    kind: Mapped[PostKind] = mapped_column(default=PostKind.MESSAGE, server_default=PostKind.MESSAGE.value)
    status: Mapped[PostStatus] = mapped_column(default=PostStatus.SENT, server_default=PostStatus.SENT.value)
    box_id: Mapped[int | None] = mapped_column(ForeignKey("message_box.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    at: Mapped[datetime] = mapped_column(index=True)  # when it was sent, or last touched
    urgent: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    sensitive: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    # to whom, see rules/message/audience.py; of a reply its thread
    audience: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    application_id: Mapped[int | None] = mapped_column(ForeignKey("application.id"), index=True)  # service guidance's
    # the folder of the box in which its conversations begin
    folder_id: Mapped[int | None] = mapped_column(ForeignKey("message_folder.id"), index=True)
    send_at: Mapped[datetime | None]  # not before
    digest: Mapped[str | None] = mapped_column(sa.String(64), unique=True)  # who, to whom, day, words: never twice
    recipients: Mapped[int | None]  # how many it was sent to
    seen_digest: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")  # whom the writer had seen
    seen_count: Mapped[int | None]  # how many the writer had seen, when it was sent to others
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    failed: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")  # why it was not delivered

    box: Mapped[Box | None] = relationship()
    person: Mapped[Person | None] = relationship()
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    folder: Mapped[Folder | None] = relationship()
    files: Mapped[list[PostFile]] = relationship(
        back_populates="post", order_by="PostFile.id", cascade="all, delete-orphan")

    @classmethod
    def feature_name(cls) -> str:
        return "message"

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.box_id.in_(select(Box.id).where(Box.of_units(units, today)))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.box_id.in_(select(Box.id).where(Box.of_groups(groups, today)))

    @classmethod
    def of_person_on(cls, person_id: int, user_id: int, today: date) -> ColumnElement[bool]:
        own = select(Box.id).where(Box.of_person_on(person_id, user_id, today))
        return or_(cls.person_id == person_id, cls.box_id.in_(own))

    @property
    def withdrawn(self) -> bool:
        return self.status is PostStatus.WITHDRAWN

    def __str__(self) -> str:
        return self.title


keep_findable(Post)


class PostFile(Model):
    """A file that goes with what was written."""

    __tablename__ = "post_file"
    secret = frozenset({"content"})

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    media: Mapped[str] = mapped_column(sa.String(40))
    size: Mapped[int]  # bytes
    digest: Mapped[str] = mapped_column(sa.String(64))  # SHA-256 of the content
    added_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)

    post: Mapped[Post] = relationship(back_populates="files")

    @classmethod
    def feature_name(cls) -> str:
        return "message"

    def __str__(self) -> str:
        return self.name
