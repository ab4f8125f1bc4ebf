"""Going on in a conversation: answers of the office, replies of guardians, what is read, and where it lies."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Any

from sqlalchemy import ColumnElement, Select, func, insert, or_, select, update

from evaka.access import Actor
from evaka.actions import Among, Long, action, tell
from evaka.actions.income.statement import Upload
from evaka.actions.message.audience import check_open
from evaka.actions.message.boxes import mine, seen
from evaka.actions.message.deliver import announce, tell_owners, touch
from evaka.actions.message.posts import add_file
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.income.statement import IncomeStatement
from evaka.models.message import Away, Box, Folder, Message, Post, Receipt, Thread, ThreadMember, readers_of, stays_of
from evaka.rules.income.statement import WAITING
from evaka.rules.message import check_about_application, check_about_fees, check_answerable
from evaka.rules.message.post import BoxKind, PostKind, PostStatus


def closed(thread: Thread, by: Actor, *, office: bool) -> Refused | None:
    """Why nobody may go on in a conversation, or None: bulletins and copies are not answered, and cases end."""
    try:
        check_thread(thread, by, office=office)
    except Refused as no:
        return no
    return None


def check_thread(thread: Thread, by: Actor, *, office: bool) -> None:
    if thread.copy or thread.kind is PostKind.BULLETIN:
        raise Refused("message.bulletin_closed")
    if thread.sensitive and not office and not by.is_strong:
        raise Refused("message.needs_strong")
    kind = thread.box.kind
    if kind is BoxKind.SERVICE:
        if thread.application is not None:
            check_about_application(thread.application.status)
    elif kind is BoxKind.FINANCE:
        if not office:
            _check_fees(thread, by)
    else:
        if thread.box.group is not None:
            check_open(thread.box.group)
        check_answerable((DateRange(*stay) for stay in db.session.execute(stays_of(thread)).tuples()), by.today)


def _check_fees(thread: Thread, by: Actor) -> None:
    waits = db.session.scalar(select(IncomeStatement.id).where(
        IncomeStatement.person_id == thread.head_id, IncomeStatement.status.in_(WAITING)).limit(1))
    asked = db.session.scalar(
        select(func.max(Message.at)).join(Post, Post.id == Message.post_id)
        .where(Message.thread_id == thread.id, Post.box_id.is_not(None)))
    check_about_fees(waits is not None, asked.date() if asked else None, by.today)


def own_box(thread: Thread, by: Actor) -> Box | None:
    """The box from which the actor goes on: that of the conversation, else another of the actor's that is in it."""
    inside = select(ThreadMember.box_id).where(ThreadMember.thread_id == thread.id, seen(by))
    found = db.session.scalars(select(Box).where(Box.id.in_(inside)).order_by(Box.id)).all()
    return next((one for one in found if one.id == thread.box_id), found[0] if found else None)


@action("message.answer")
def answer(thread: Thread, by: Actor, *, body: Long, uploads: tuple[Upload, ...] = ()) -> None:
    """Somebody of the staff writes on in a conversation, in the name of a box."""
    box = own_box(thread, by)
    if box is None and by.user is not None:
        raise Denied("access.denied", action="message.answer")
    check_thread(thread, by, office=True)
    _add(thread, by, body, box_id=(box or thread.box).id, uploads=uploads)


@action("message.reply")
def reply(thread: Thread, by: Actor, *, body: Long, uploads: tuple[Upload, ...] = ()) -> None:
    """A guardian answers; the other guardians of the conversation read it too, and nobody else's."""
    person_id = by.user and by.user.person_id
    if person_id not in db.session.scalars(readers_of(thread.id, by.today)).all():
        raise Denied("access.denied", action="message.reply")
    check_thread(thread, by, office=False)
    if _add(thread, by, body, person_id=person_id, uploads=uploads):
        reply_for_absent(thread, by)


def _add(
    thread: Thread, by: Actor, body: str, *, box_id: int | None = None, person_id: int | None = None,
    uploads: tuple[Upload, ...] = (),
) -> bool:
    """One more message.  The same words of the same writer twice in a row are a button pressed twice."""
    body = body.strip()
    if not body:
        raise Refused("message.empty")
    db.session.refresh(thread, with_for_update={"of": Thread})
    user_id = by.user and by.user.id
    last = db.session.execute(
        select(Post.user_id, Post.person_id, Post.body).join(Message, Message.post_id == Post.id)
        .where(Message.thread_id == thread.id).order_by(Message.id.desc()).limit(1)).first()
    if last is not None and tuple(last) == (user_id, person_id, body) and not uploads:
        tell(recipients=0)
        return False
    post = Post(
        kind=PostKind.REPLY, status=PostStatus.SENT, box_id=box_id, person_id=person_id, user_id=user_id,
        title=thread.title, body=body, at=by.now, audience={"thread": thread.id})
    db.session.add(post)
    db.session.flush()
    for upload in uploads:
        add_file(post, upload, by)
    tell(recipients=put_in(thread, post, by, person_id=person_id, box_id=box_id))
    return True


def put_in(thread: Thread, post: Post, by: Actor, *, person_id: int | None, box_id: int | None) -> int:
    """A post becomes a message of a thread, in the boxes of all the others; how many they are."""
    message_id = db.session.scalars(insert(Message).returning(Message.id), [
        {"thread_id": thread.id, "post_id": post.id, "at": by.now}]).one()
    people = set(db.session.scalars(readers_of(thread.id, by.today))) - {person_id}
    others = set(db.session.scalars(select(ThreadMember.box_id).where(
        ThreadMember.thread_id == thread.id, ThreadMember.box_id.is_not(None)))) - {box_id}
    boxes: list[dict[str, int | None]] = [
        *({"message_id": message_id, "person_id": one, "box_id": None} for one in sorted(people)),
        *({"message_id": message_id, "person_id": None, "box_id": one} for one in sorted(others))]
    if boxes:
        db.session.execute(insert(Receipt), boxes)
    touch(thread.id, by.now, others)
    announce([message_id], post, by)
    tell_owners(message_id, others, by)
    post.recipients = len(boxes)
    return len(boxes)


def reply_for_absent(thread: Thread, by: Actor) -> None:
    """A box whose owner is away answers by itself, once a conversation and a time away."""
    inside = select(ThreadMember.box_id).where(ThreadMember.thread_id == thread.id, ThreadMember.box_id.is_not(None))
    for away in db.session.scalars(
        select(Away).where(Away.box_id.in_(inside), Away.on(by.today), Away.reply != "").order_by(Away.id)
    ).all():
        digest = sha256(f"away {away.id} {thread.id}".encode()).hexdigest()
        if db.session.scalar(select(Post.id).where(Post.digest == digest)) is not None:
            continue
        post = Post(
            kind=PostKind.REPLY, status=PostStatus.SENT, box_id=away.box_id, title=thread.title, body=away.reply,
            at=by.now, audience={"thread": thread.id, "away": away.id}, digest=digest)
        db.session.add(post)
        db.session.flush()
        put_in(thread, post, by, person_id=None, box_id=away.box_id)


# -- read, and put away ----------------------------------------------------------------------------------


def _boxes(thread: Thread, by: Actor) -> list[ColumnElement[bool]]:
    """Of a receipt or a member: the actor's own, as a guardian and as staff."""
    found: list[Any] = [Receipt.box_id.in_(select(Box.id).where(mine(by)))]
    if by.user is not None and by.user.person_id is not None:
        found.append(Receipt.person_id == by.user.person_id)
    return found


@action("message.read")
def read(thread: Thread, by: Actor) -> None:
    """What waits in the thread has been read: in the reader's own box, and in those of the office the reader uses."""
    if thread.sensitive and by.user is not None and by.user.person_id is not None and not by.is_strong:
        return
    messages = select(Message.id).where(Message.thread_id == thread.id)
    db.session.execute(
        update(Receipt).where(Receipt.message_id.in_(messages), Receipt.read_at.is_(None), or_(*_boxes(thread, by)))
        .values(read_at=by.now).execution_options(synchronize_session=False))


@action("message.mark_unread")
def mark_unread(thread: Thread, by: Actor) -> None:
    """The last message that was received waits again."""
    last = (
        select(func.max(Receipt.message_id)).join(Message, Message.id == Receipt.message_id)
        .where(Message.thread_id == thread.id, or_(*_boxes(thread, by))).scalar_subquery())
    db.session.execute(
        update(Receipt).where(Receipt.message_id == last, or_(*_boxes(thread, by)))
        .values(read_at=None).execution_options(synchronize_session=False))


def _members(thread: Thread, by: Actor) -> ColumnElement[bool]:
    own: list[Any] = [ThreadMember.box_id.in_(select(Box.id).where(mine(by)))]
    if by.user is not None and by.user.person_id is not None:
        own.append(ThreadMember.person_id == by.user.person_id)
    return (ThreadMember.thread_id == thread.id) & or_(*own)


@action("message.archive")
def archive(thread: Thread, by: Actor) -> None:
    """Out of the box; a new message brings it back."""
    _move(thread, by, archived=True, folder_id=None)


@action("message.bring_back")
def bring_back(thread: Thread, by: Actor) -> None:
    """Out of the archive or a folder, into the box again."""
    _move(thread, by, archived=False, folder_id=None)


def folders_of(thread: Thread, by: Actor) -> Select[Any]:
    """The folders into which the actor may put it: the own ones as a guardian, or those of a box that has it."""
    inside = select(ThreadMember.box_id).where(ThreadMember.thread_id == thread.id)
    own: list[Any] = [Folder.box_id.in_(select(Box.id).where(mine(by), Box.id.in_(inside)))]
    if by.user is not None and by.user.person_id is not None:
        own.append(Folder.person_id == by.user.person_id)
    return select(Folder).where(or_(*own)).order_by(Folder.name)


@action("message.file")
def file(thread: Thread, by: Actor, *, folder: Annotated[Folder, Among(folders_of)]) -> None:
    """Into a folder of the box, or of the guardian."""
    if db.session.scalar(folders_of(thread, by).where(Folder.id == folder.id)) is None:
        raise Denied("access.denied", action="message.file")
    owner = ThreadMember.person_id == folder.person_id if folder.person_id else ThreadMember.box_id == folder.box_id
    db.session.execute(
        update(ThreadMember).where(_members(thread, by), owner)
        .values(folder_id=folder.id, archived=False).execution_options(synchronize_session=False))
    tell(folder=folder.id)


def _move(thread: Thread, by: Actor, **where: Any) -> None:
    db.session.execute(
        update(ThreadMember).where(_members(thread, by)).values(**where)
        .execution_options(synchronize_session=False))
