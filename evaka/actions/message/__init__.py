"""Writing to the families in the name of a group, and answering.

The words of a letter stay in the letter: the journal keeps who wrote to how many, never what.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from sqlalchemy import ColumnElement, insert, literal, or_, select, update

from evaka.access import Actor, require, within
from evaka.actions import Long, action, tell
from evaka.kit.errors import Denied, Refused
from evaka.models.base import Moment, db
from evaka.models.journal import Email
from evaka.models.message import (
    Message,
    Post,
    Receipt,
    Thread,
    ThreadChild,
    ThreadMember,
    group_on,
    guardians_of,
    in_group,
    places_of,
    readers_of,
)
from evaka.models.person import Person
from evaka.models.unit import Group
from evaka.rules.message import Circle, check_answerable, threads
from evaka.rules.unit import Feature, check_feature


@dataclass(frozen=True, slots=True)
class Audience:
    """To whom a letter would go: its conversations, and the children whose guardians cannot be written to."""

    group: Group
    circles: tuple[Circle, ...]
    left_out: tuple[int, ...]

    @property
    def guardians(self) -> frozenset[int]:
        return frozenset(one for circle in self.circles for one in circle.guardians)

    @property
    def digest(self) -> str:
        """The same for the same recipients: whoever has seen the list sends to exactly that list."""
        said = sorted((sorted(circle.guardians), sorted(circle.children)) for circle in self.circles)
        return sha256(repr((self.group.id, said)).encode()).hexdigest()


def audience_of_group(group: Group, day: date) -> Audience:
    """Guardians and foster parents of the children who are in the group on a day, but no blocked or deceased ones."""
    return _audience(group, in_group(group.id, day), day)


def audience_of_child(child: Person, day: date) -> Audience:
    """The guardians of one child, who is in a group on a day; refuses when it is in none."""
    group = db.session.scalar(group_on(child.id, day))
    if group is None:
        raise Refused("message.no_group", child=str(child))
    return _audience(group, Person.id == child.id, day)


def _audience(group: Group, children: ColumnElement[bool], day: date) -> Audience:
    pairs = db.session.execute(guardians_of(children, day)).tuples().all()
    written = [(child, guardian) for child, guardian in pairs if guardian is not None]
    reached = {child for child, _ in written}
    return Audience(group, tuple(threads(written)), tuple(dict.fromkeys(c for c, _ in pairs if c not in reached)))


def check_open(group: Group) -> None:
    """Refuse to write where the city has not opened messages yet, or has closed them."""
    check_feature(str(group.unit), group.unit.features, Feature.MESSAGES)


@action("message.send")
def send(group: Group, by: Actor, *, title: str, body: Long) -> int:
    """A letter to the guardians of all children who are in the group today."""
    return _post(audience_of_group(group, by.today), by, title=title, body=body)


@action("message.write")
def write(child: Person, by: Actor, *, title: str, body: Long) -> int:
    """A letter to the guardians of one child, from the group in which it is today."""
    audience = audience_of_child(child, by.today)
    require(by, "message.write", audience.group)
    return _post(audience, by, title=title, body=body)


@action("message.answer")
def answer(thread: Thread, by: Actor, *, body: Long) -> None:
    """Somebody of the staff writes on in a conversation, in the name of its group."""
    _add(thread, by, body, user_id=by.user and by.user.id)


@action("message.reply")
def reply(thread: Thread, by: Actor, *, body: Long) -> None:
    """A guardian answers the group; the other guardians of the conversation read it too."""
    person_id = by.user and by.user.person_id
    if person_id not in db.session.scalars(readers_of(thread.id, by.today)).all():
        raise Denied("access.denied", action="message.reply")
    _add(thread, by, body, person_id=person_id)


@action("message.read")
def read(thread: Thread, by: Actor) -> None:
    """What waits in the thread has been read: in the reader's own box, and in the group's by its staff."""
    boxes: list[ColumnElement[bool]] = []
    if by.user is not None and by.user.person_id is not None:
        boxes.append(Receipt.person_id == by.user.person_id)
    boxes.append(Receipt.group_id.in_(
        select(Group.id).where(Group.id == thread.group_id, within(by, "message.read", Group))))
    db.session.execute(
        update(Receipt).where(
            Receipt.message_id.in_(select(Message.id).where(Message.thread_id == thread.id)),
            Receipt.read_at.is_(None), or_(*boxes))
        .values(read_at=by.now).execution_options(synchronize_session=False))


# -- writing down -----------------------------------------------------------------------------------


def _post(audience: Audience, by: Actor, *, title: str, body: str) -> int:
    """Every conversation with its first message, however many, in the same few statements."""
    check_open(audience.group)
    title, body = title.strip(), body.strip()
    if not title or not body:
        raise Refused("message.empty")
    if not audience.circles:
        raise Refused("message.nobody", group=str(audience.group))
    post_id = _once(audience, by, title=title, body=body)
    group_id, author = audience.group.id, by.user and by.user.id
    thread_ids = sorted(db.session.scalars(insert(Thread).returning(Thread.id), [
        {"title": title, "group_id": group_id, "post_id": post_id, "last_at": by.now} for _ in audience.circles]))
    message_of = dict(db.session.execute(insert(Message).returning(Message.thread_id, Message.id), [
        {"thread_id": id, "user_id": author, "at": by.now, "body": body} for id in thread_ids]).tuples().all())
    members = [
        (thread_id, message_of[thread_id], person_id)
        for thread_id, circle in zip(thread_ids, audience.circles, strict=True)
        for person_id in sorted(circle.guardians)
    ]
    db.session.execute(insert(ThreadMember), [
        {"thread_id": thread_id, "person_id": person_id} for thread_id, _, person_id in members])
    db.session.execute(insert(ThreadChild), [
        {"thread_id": thread_id, "child_id": child_id}
        for thread_id, circle in zip(thread_ids, audience.circles, strict=True) for child_id in circle.children])
    db.session.execute(insert(Receipt), [
        {"message_id": message_id, "person_id": person_id} for _, message_id, person_id in members])
    _announce(audience.guardians, by)
    tell(threads=len(thread_ids), recipients=len(audience.guardians))
    return post_id


def _once(audience: Audience, by: Actor, *, title: str, body: str) -> int:
    """The post's own row; the same words from the same person to the same people on one day are one post."""
    said = (by.user and by.user.id, by.today.isoformat(), audience.digest, title, body)
    digest = sha256(repr(said).encode()).hexdigest()
    if earlier := db.session.scalar(select(Post.at).where(Post.digest == digest)):
        raise Refused("message.already_sent", at=earlier)
    return db.session.scalars(insert(Post).returning(Post.id), [{
        "group_id": audience.group.id, "user_id": by.user and by.user.id, "title": title, "at": by.now,
        "digest": digest,
    }]).one()


def _add(thread: Thread, by: Actor, body: str, *, user_id: int | None = None, person_id: int | None = None) -> None:
    """One more message.  The same words of the same writer twice in a row are a button pressed twice."""
    check_open(thread.group)
    body = body.strip()
    if not body:
        raise Refused("message.empty")
    db.session.refresh(thread, with_for_update=True)
    check_answerable((place.period for place in db.session.scalars(places_of(thread))), by.today)
    last = db.session.execute(
        select(Message.user_id, Message.person_id, Message.body).where(Message.thread_id == thread.id)
        .order_by(Message.id.desc()).limit(1)).first()
    if last is not None and tuple(last) == (user_id, person_id, body):
        tell(recipients=0)
        return
    message_id = db.session.scalars(insert(Message).returning(Message.id), [{
        "thread_id": thread.id, "user_id": user_id, "person_id": person_id, "at": by.now, "body": body}]).one()
    readers = set(db.session.scalars(readers_of(thread.id, by.today))) - {person_id}
    boxes: list[dict[str, int | None]] = [
        {"message_id": message_id, "person_id": one, "group_id": None} for one in sorted(readers)]
    if person_id is not None:
        boxes.append({"message_id": message_id, "person_id": None, "group_id": thread.group_id})
    if boxes:
        db.session.execute(insert(Receipt), boxes)
    db.session.execute(update(Thread).where(Thread.id == thread.id).values(last_at=by.now))
    _announce(readers, by)
    tell(recipients=len(boxes))


def _announce(people: Collection[int], by: Actor) -> None:
    """A notice to each of those who have an e-mail address."""
    moment = literal(by.now, Moment())
    db.session.execute(insert(Email).from_select(
        ["person_id", "text", "made_at", "next_try"],
        select(Person.id, literal("message_waits"), moment, moment)
        .where(Person.id.in_(people), Person.email.is_not(None), Person.email != "").order_by(Person.id)))
