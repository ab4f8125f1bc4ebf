"""The boxes of the groups, as their staff and directors read and answer them."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from evaka.access import may, within
from evaka.models.base import db
from evaka.models.message import Message, Post, Receipt, Thread
from evaka.models.unit import Group, Unit
from evaka.rules.unit import Feature
from evaka.views.base import Button, row_number
from evaka.views.message.compose import Compose
from evaka.views.message.letters import PAGE, Letters, unread_of_groups
from evaka.views.page import actor, moment, told


class MessageScreen(Letters, Compose):  # in this order: Flask-Admin gives each class pages of its own
    """The boxes of the groups that the reader reaches: what the families have written, and what was sent."""

    verb = "answer"

    def visible(self) -> ColumnElement[bool]:
        """By the group, never as somebody's own: staff who are guardians too read their letters on the other pages."""
        return Thread.group_id.in_(select(Group.id).where(within(actor(), "message.view", Group)))

    def inbox(self) -> ColumnElement[bool]:
        return Receipt.group_id.is_not(None)

    def unread(self) -> int:
        return unread_of_groups(actor())

    def who(self, thread: Any) -> str:
        children = ", ".join(one.child.first_name for one in thread.children)
        people = ", ".join(f"{one.person.first_name} {one.person.last_name}" for one in thread.members)
        return f"{people} ({children}) · {thread.group}" if children else f"{people} · {thread.group}"

    def writer(self, message: Any) -> str:
        return str(message.user) if message.user else f"{message.person.first_name} {message.person.last_name}"

    def is_mine(self, message: Any) -> bool:
        return message.person_id is None

    def reader(self, receipt: Receipt) -> str:
        return f"{receipt.person.first_name} {receipt.person.last_name}" if receipt.person else ""

    def head_buttons(self) -> list[Button]:
        opened = select(Group.id).join(Unit, Unit.id == Group.unit_id).where(
            within(actor(), "message.send", Group), Unit.has(Feature.MESSAGES)).limit(1)
        if not may(actor(), "message.send") or db.session.scalar(opened) is None:
            return []
        return [Button(told("ui.message.new"), self.get_url(".to_group"), "primary")]

    def boxes(self) -> list[tuple[str, str, bool]]:
        box = request.args.get("box", "received")
        found = [(told(f"message.box.{name}"), self.get_url(".index_view", box=name), box == name)
                 for name in ("received", "all", "sent")]
        if request.args.get("post"):
            found = [(label, url, False) for label, url, _ in found]
        return found

    def chosen(self) -> ColumnElement[bool] | None:
        if (post := row_number(request.args.get("post", ""))) is not None:
            return Thread.post_id == post
        match request.args.get("box"):
            case "sent":
                return None
            case "all":
                return Thread.id > 0
        return Thread.id.in_(select(Message.thread_id).where(Message.person_id.is_not(None)))

    def posts(self, typed: str, page: int) -> list[dict[str, Any]]:
        """One row for each letter that was sent, however many families it went to."""
        query = select(Post).where(Post.group_id.in_(select(Group.id).where(within(actor(), "message.view", Group))))
        if typed:
            query = query.where(func.lower(Post.title).contains(typed.casefold(), autoescape=True))
        found = db.session.scalars(
            query.order_by(Post.at.desc(), Post.id.desc()).limit(PAGE + 1).offset(page * PAGE)
            .options(joinedload(Post.group), joinedload(Post.user))).all()
        first = (
            select(Thread.post_id, func.min(Message.id).label("message_id"))
            .join(Message, Message.thread_id == Thread.id).where(Thread.post_id.in_([one.id for one in found]))
            .group_by(Thread.post_id, Thread.id).subquery())
        counts = {post: (boxes, read) for post, boxes, read in db.session.execute(
            select(first.c.post_id, func.count(), func.count(Receipt.read_at))
            .join(Receipt, Receipt.message_id == first.c.message_id).group_by(first.c.post_id))}
        rows = []
        for one in found:
            boxes, read = counts.get(one.id, (0, 0))
            rows.append({
                "who": f"{one.group}, {one.user or told('journal.machine')}", "subject": one.title,
                "when": moment(one.at), "text": told("message.read_count", read=read, count=boxes), "unread": False,
                "url": self.get_url(".index_view", post=one.id),
            })
        return rows
