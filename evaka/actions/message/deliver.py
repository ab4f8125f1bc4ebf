"""Putting a post into the boxes: set by set, in the same few statements for one family and for a whole city."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, and_, cast, func, insert, literal, or_, select, update

from evaka.access import Actor
from evaka.actions.message.audience import Audience, people_meant
from evaka.actions.message.boxes import boxes_of
from evaka.models.application import Application
from evaka.models.base import Moment, db
from evaka.models.journal import Email, MailRefusal
from evaka.models.message import Box, Message, Post, Receipt, Thread, ThreadChild, ThreadMember
from evaka.models.message.box import message_policy
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.models.unit import Group, Unit
from evaka.models.user import Grant, User
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import BoxKind, PostKind, undone_until

MESSAGES, BULLETINS = "messages", "bulletins"  # the kinds of notices, see notices.toml


def deliver_now(post: Post, found: Audience, by: Actor) -> None:
    """Every conversation with its first message, in everybody's box, and a notice to whoever wants one."""
    db.session.flush()
    if found.people:
        _to_all(post, by)
    else:
        _to_circles(post, found, by)
    _copies(post, found, by)


def _thread(post: Post, by: Actor) -> dict[str, Any]:
    chosen = Chosen.of(post.audience)
    finance = post.box is not None and post.box.kind is BoxKind.FINANCE
    return {
        "title": post.title, "kind": post.kind, "box_id": post.box_id, "post_id": post.id, "last_at": by.now,
        "urgent": post.urgent, "sensitive": post.sensitive, "application_id": post.application_id,
        "head_id": chosen.people[0] if finance else None,
    }


def _to_circles(post: Post, found: Audience, by: Actor) -> None:
    """A conversation for each circle."""
    values = _thread(post, by)
    thread_ids = sorted(db.session.scalars(insert(Thread).returning(Thread.id), [values for _ in found.circles]))
    message_of = dict(db.session.execute(insert(Message).returning(Message.thread_id, Message.id), [
        {"thread_id": id, "post_id": post.id, "at": by.now} for id in thread_ids]).tuples().all())
    pairs = list(zip(thread_ids, found.circles, strict=True))
    members = [(id, person) for id, circle in pairs for person in sorted(circle.guardians)]
    db.session.execute(insert(ThreadMember), [
        *({"thread_id": id, "person_id": person, "box_id": None, "last_at": by.now, "folder_id": None}
          for id, person in members),
        *({"thread_id": id, "person_id": None, "box_id": post.box_id, "last_at": by.now,
           "folder_id": post.folder_id} for id in thread_ids)])
    about = [{"thread_id": id, "child_id": child} for id, circle in pairs for child in circle.children]
    if post.application_id is not None:
        child = select(Application.child_id).where(Application.id == post.application_id)
        about = [{"thread_id": id, "child_id": db.session.scalars(child).one()} for id in thread_ids]
    if about:
        db.session.execute(insert(ThreadChild), about)
    db.session.execute(insert(Receipt), [
        {"message_id": message_of[id], "person_id": person} for id, person in members])
    announce(list(message_of.values()), post, by)


def _to_all(post: Post, by: Actor) -> None:
    """One thread for everybody: as many rows as boxes, each kind in one statement."""
    box = post.box
    assert box is not None
    moment = literal(by.now, Moment())
    thread_id = db.session.scalars(insert(Thread).returning(Thread.id), [_thread(post, by)]).one()
    message_id = db.session.scalars(insert(Message).returning(Message.id), [
        {"thread_id": thread_id, "post_id": post.id, "at": by.now}]).one()
    people = people_meant(box, Chosen.of(post.audience), by).subquery()
    db.session.execute(insert(ThreadMember).from_select(
        ["thread_id", "person_id", "last_at", "archived"],
        select(literal(thread_id), people.c.person_id, moment, literal(False))))
    db.session.execute(insert(Receipt).from_select(
        ["message_id", "person_id"],
        select(literal(message_id), ThreadMember.person_id).where(ThreadMember.thread_id == thread_id)))
    db.session.execute(insert(ThreadMember), [{"thread_id": thread_id, "box_id": post.box_id, "last_at": by.now}])
    announce([message_id], post, by)


def announce(message_ids: Collection[int], post: Post, by: Actor) -> None:
    """A notice to each guardian with an address who has the message unread and wants notices of this kind.

    Whoever gets several messages of a post gets one notice.  They leave when nothing can be undone any more.
    """
    municipal = post.box is not None and post.box.kind is BoxKind.MUNICIPAL
    kind = BULLETINS if municipal else MESSAGES
    text = "urgent_waits" if post.urgent else "bulletin_waits" if municipal else "message_waits"
    made, leaves = literal(by.now, Moment()), literal(undone_until(by.now, message_policy()), Moment())
    refused = select(MailRefusal.person_id).where(MailRefusal.kind == kind)
    first = (
        select(Receipt.person_id, func.min(Receipt.message_id).label("message_id"))
        .where(Receipt.message_id.in_(message_ids), Receipt.person_id.is_not(None), Receipt.read_at.is_(None))
        .group_by(Receipt.person_id).subquery()
    )
    db.session.execute(insert(Email).from_select(
        ["person_id", "text", "made_at", "next_try", "message_id", "link"],
        select(Person.id, literal(text), made, leaves, first.c.message_id, _link(Message.thread_id))
        .join(first, first.c.person_id == Person.id).join(Message, Message.id == first.c.message_id)
        .where(Person.email.is_not(None), Person.email != "", Person.id.not_in(refused)).order_by(Person.id)))


def _link(thread_id: Any, pages: str = "/my") -> Any:
    return literal(f"{pages}/message/details/?id=") + cast(thread_id, String)


def tell_owners(message_id: int, boxes: Collection[int], by: Actor) -> None:
    """A notice to whoever wants to be told of the own box by mail, unless something waits in it already."""
    earlier = select(Receipt.id).where(
        Receipt.box_id == Box.id, Receipt.read_at.is_(None), Receipt.message_id != message_id).exists()
    moment = literal(by.now, Moment())
    db.session.execute(insert(Email).from_select(
        ["user_id", "text", "made_at", "next_try", "message_id", "link"],
        select(User.id, literal("own_box_waits"), moment, moment, Message.id, _link(Message.thread_id, "/office"))
        .join(Box, Box.user_id == User.id).join(Message, Message.id == message_id)
        .where(Box.id.in_(boxes), Box.mails, User.active, ~earlier).order_by(User.id)))


# -- copies to the staff ----------------------------------------------------------------------------------


def _copies(post: Post, found: Audience, by: Actor) -> None:
    """A bulletin to units or groups is read by their groups, directors and special teachers too, in one thread.

    Not what a group itself has written, nor what went to single children; the sender gets none.
    """
    box, chosen = post.box, Chosen.of(post.audience)
    if post.kind is not PostKind.BULLETIN or box is None or box.kind not in (BoxKind.PERSONAL, BoxKind.MUNICIPAL):
        return
    if not chosen.places:
        return
    groups = db.session.scalars(_groups(chosen, by)).all()
    units = select(Group.unit_id).where(Group.id.in_(groups))
    users = db.session.scalars(
        select(Grant.user_id).join(User).where(
            Grant.unit_id.in_(units), Grant.on(by.today), User.active,
            Grant.role.in_(message_policy().personal_roles), User.id != (by.user.id if by.user else -1),
            User.id != (post.user_id or -1)).distinct().order_by(Grant.user_id)).all()
    boxes = [*boxes_of(BoxKind.GROUP, groups), *boxes_of(BoxKind.PERSONAL, users)]
    if not boxes:
        return
    values = _thread(post, by) | {"copy": True}
    thread_id = db.session.scalars(insert(Thread).returning(Thread.id), [values]).one()
    message_id = db.session.scalars(insert(Message).returning(Message.id), [
        {"thread_id": thread_id, "post_id": post.id, "at": by.now}]).one()
    db.session.execute(insert(ThreadMember), [
        {"thread_id": thread_id, "box_id": one, "last_at": by.now, "received_at": by.now} for one in boxes])
    db.session.execute(insert(Receipt), [{"message_id": message_id, "box_id": one} for one in boxes])


def _groups(chosen: Chosen, by: Actor) -> Select[Any]:
    """The groups that are open today and concerned by what was chosen."""
    query = select(Group.id).join(Unit, Unit.id == Group.unit_id).where(Group.on(by.today), Unit.on(by.today))
    if not chosen.everybody:
        query = query.where(or_(
            Unit.area_id.in_(chosen.areas), Unit.id.in_(chosen.units), Group.id.in_(chosen.groups)))
    return query.order_by(Group.id)


def tell_withdrawn(post: Post, by: Actor) -> None:
    """Who has withdrawn it, the directors of the units concerned and whom the city names are told by mail that it was.

    Of the units concerned are the children's places, and the group from whose box it was written.
    """
    policy = message_policy()
    threads = select(Message.thread_id).where(Message.post_id == post.id)
    children = select(ThreadChild.child_id).where(ThreadChild.thread_id.in_(threads))
    units = select(Placement.unit_id).where(Placement.child_id.in_(children), Placement.on(by.today))
    own_unit = select(Group.unit_id).join(Box, Box.group_id == Group.id).where(Box.id == post.box_id)
    directors = select(Grant.user_id).where(Grant.on(by.today), or_(
        and_(Grant.role.in_(policy.written_to_roles), or_(Grant.unit_id.in_(units), Grant.unit_id.in_(own_unit))),
        Grant.role.in_(policy.withdrawal_roles)))
    moment = literal(by.now, Moment())
    own = by.user.id if by.user is not None and by.user.person_id is None else -1
    db.session.execute(insert(Email).from_select(
        ["user_id", "text", "made_at", "next_try"],
        select(User.id, literal("message_withdrawn"), moment, moment)
        .where(User.active, or_(User.id == own, User.id.in_(directors))).order_by(User.id)))


def touch(thread_id: int, at: datetime, boxes: Collection[int]) -> None:
    """A new message brings a conversation to the top of every box, out of the archive too; `boxes` receive it."""
    db.session.execute(update(Thread).where(Thread.id == thread_id).values(last_at=at)
                       .execution_options(synchronize_session=False))
    members = update(ThreadMember).where(ThreadMember.thread_id == thread_id)
    db.session.execute(members.values(last_at=at, archived=False).execution_options(synchronize_session=False))
    if boxes:
        db.session.execute(members.where(ThreadMember.box_id.in_(boxes)).values(received_at=at)
                           .execution_options(synchronize_session=False))
