"""What waits in the boxes, for menus and first pages, each in one statement."""

from __future__ import annotations

from flask import url_for
from sqlalchemy import Select, false, literal, or_, select
from sqlalchemy.orm import joinedload

from evaka.access import Actor
from evaka.actions import message as act
from evaka.models.base import ask, db
from evaka.models.message import Box, Message, Post, Receipt, Thread, ThreadMember, unread_by, unread_of_reader
from evaka.models.person.custody import told_children
from evaka.models.placement import Placement, children_with
from evaka.rules.unit import Feature
from evaka.views.message.letters import begins
from evaka.views.page import language, moment


def unread(by: Actor) -> Select[tuple[int]]:
    """How many messages wait in the actor's boxes."""
    return act.unread(by)


def unread_of_groups(by: Actor) -> int:
    return db.session.scalar(unread(by)) or 0


def unread_of_guardian(by: Actor) -> int:
    if by.user is None or by.user.person_id is None:
        return 0
    return ask(unread_of_reader(), {"reader": by.user.person_id, "day": by.today}).scalar() or 0


def unread_mine(by: Actor) -> Select[tuple[int]]:
    """How many messages wait for the guardian."""
    if by.user is None or by.user.person_id is None:
        return select(literal(0))
    return unread_by(by.user.person_id, Thread.of_guardian(by.user.person_id, by.today))


def writes_with_families(by: Actor) -> Select[tuple[bool]]:
    """Whether the menu leads to letters: somebody may write from a box, or there is something in one."""
    mine = select(ThreadMember.id).where(ThreadMember.box_id.in_(select(Box.id).where(act.mine(by))))
    return select(or_(act.writes(by), mine.exists()))


def writes_with_groups(by: Actor) -> Select[tuple[bool]]:
    """Whether a guardian's menu leads to letters: they are open where a child has its place, or there are some."""
    if by.user is None or by.user.person_id is None:
        return select(false())
    mine = told_children(by.user.person_id, by.today)
    placed = children_with(Feature.MESSAGES, by.today).where(Placement.child_id.in_(mine))
    own = select(ThreadMember.id).where(ThreadMember.person_id == by.user.person_id)
    return select(or_(placed.exists(), own.exists()))


def newest_unread(by: Actor, limit: int = 5) -> list[dict[str, str]]:
    """The newest messages that wait in the actor's boxes."""
    found = db.session.scalars(
        select(Message).join(Receipt, Receipt.message_id == Message.id)
        .where(act.waits(by)).order_by(Message.at.desc(), Message.id.desc()).limit(limit)
        .options(joinedload(Message.post).joinedload(Post.person)))
    return [
        {"who": act.writer_name(one.post, language()), "when": moment(one.at),
         "text": "" if one.post.withdrawn else begins(one.post.body),
         "url": url_for("message.details_view", id=one.thread_id)}
        for one in found
    ]
