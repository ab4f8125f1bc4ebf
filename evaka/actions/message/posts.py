"""What somebody of the office writes: kept as a draft, looked at, sent at once or on its day, undone, withdrawn.

The words of a letter stay in the letter: the journal keeps who wrote to how many, never what.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any

from sqlalchemy import Select, delete, func, select, update

from evaka.access import Actor, require
from evaka.actions import Among, Long, action, tell
from evaka.actions.income.statement import Upload
from evaka.actions.message.audience import Audience, audience_of, check_open, group_of_child
from evaka.actions.message.boxes import box_of, check_mine
from evaka.actions.message.deliver import deliver_now, tell_withdrawn
from evaka.kit import files
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.journal import Email, JobRun
from evaka.models.message import Box, Folder, Message, Post, PostFile, Receipt, Thread, ThreadChild, ThreadMember
from evaka.models.message.box import message_policy
from evaka.models.person import Person
from evaka.models.unit import Group
from evaka.rules.message.audience import Chosen, check_audience
from evaka.rules.message.post import (
    BoxKind,
    PostKind,
    PostStatus,
    check_undo,
    check_withdraw,
)

DELIVER = "message.deliver"
FARTHEST = timedelta(days=366)  # nobody schedules farther ahead


def check_post(post: Post, by: Actor, key: str) -> None:
    """Refuse whoever neither wrote the post nor uses the box it was written from."""
    if post.box is not None:
        check_mine(post.box, by, key)
    elif by.user is not None and (post.person_id is None or post.person_id != by.user.person_id):
        raise Denied("access.denied", action=key)


@action("message.draft")
def draft(box: Box, by: Actor, *, kind: PostKind, title: str, body: Long, chosen: Chosen) -> Post:
    """What was typed so far is kept; nothing needs to be complete."""
    check_mine(box, by, "message.draft")
    if box.group is not None:
        check_open(box.group)
    post = Post(
        box_id=box.id, user_id=by.user and by.user.id, status=PostStatus.DRAFT, kind=kind, title=title.strip(),
        body=body, at=by.now, audience=chosen.kept())
    db.session.add(post)
    db.session.flush()
    tell()
    return post


@action("message.save")
def save(
    post: Post, by: Actor, *, kind: PostKind, title: str, body: Long, chosen: Chosen,
    urgent: bool = False, sensitive: bool = False, application: int | None = None, folder: int | None = None,
) -> None:
    """The draft as it was typed; `folder` is where the box keeps its conversations from the beginning."""
    check_post(post, by, "message.save")
    _must_be_draft(post)
    known = select(Folder.id).where(Folder.id == folder, Folder.box_id == post.box_id)
    post.folder_id = db.session.scalar(known) if folder else None
    post.kind, post.title, post.body, post.at = kind, title.strip(), body, by.now
    post.urgent, post.sensitive, post.application_id = urgent, sensitive, application
    post.audience, post.failed = chosen.kept(), ""
    tell()


@action("message.discard")
def discard(post: Post, by: Actor) -> None:
    """A draft is thrown away, with its files."""
    check_post(post, by, "message.discard")
    _must_be_draft(post)
    tell()
    db.session.delete(post)


@action("message.attach")
def attach(post: Post, by: Actor, *, upload: Upload) -> PostFile:
    """A file is added to a draft; what kind it is, its first bytes tell."""
    check_post(post, by, "message.attach")
    _must_be_draft(post)
    file = add_file(post, upload, by)
    tell(size=file.size)
    return file


def add_file(post: Post, upload: Upload, by: Actor) -> PostFile:
    policy, media = message_policy(), files.media_type(upload.content)
    if not upload.content:
        raise Refused("document.paper_empty", name=upload.name)
    if media is None:
        raise Refused("document.paper_kind_wrong", name=upload.name)
    if len(upload.content) > policy.megabytes * 1024 * 1024:
        raise Refused("document.paper_large", name=upload.name, most=policy.megabytes)
    count = db.session.scalar(select(func.count(PostFile.id)).where(PostFile.post_id == post.id)) or 0
    if count >= policy.files:
        raise Refused("message.files_many", most=policy.files)
    stem = upload.name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or "file"
    file = PostFile(
        post_id=post.id, name=f"{stem[:150]}.{files.ending(media)}", media=media, size=len(upload.content),
        digest=sha256(upload.content).hexdigest(), added_at=by.now, content=upload.content)
    db.session.add(file)
    db.session.flush()
    return file


def files_of(post: Post, by: Actor) -> Select[Any]:
    return select(PostFile).where(PostFile.post_id == post.id)


@action("message.detach")
def detach(post: Post, by: Actor, *, file: Annotated[PostFile, Among(files_of)]) -> None:
    """A file is taken away from a draft again."""
    check_post(post, by, "message.detach")
    _must_be_draft(post)
    if file.post_id != post.id:
        raise Denied("access.denied", action="message.detach")
    tell(file=file.id)
    post.files.remove(file)


def _must_be_draft(post: Post) -> None:
    if post.status is not PostStatus.DRAFT:
        raise Refused("message.no_draft")


# -- sending ------------------------------------------------------------------------------------------------


def audience(post: Post, by: Actor) -> Audience:
    """Who would get it now; Refused for what may not be written so."""
    box = post.box
    assert box is not None
    chosen = Chosen.of(post.audience)
    check_audience(box.kind, post.kind, chosen, sensitive=post.sensitive, application=post.application_id is not None)
    return audience_of(box, post.kind, chosen, by, post.application_id)


@action("message.submit")
def submit(post: Post, by: Actor, *, seen: str, send_at: datetime | None = None) -> None:
    """What was written goes to exactly those who were seen: now, or on its day to whoever belongs there then.

    `seen` is the digest of the list that the writer has looked at.
    """
    check_post(post, by, "message.submit")
    if not post.title.strip() or not post.body.strip():
        raise Refused("message.empty")
    if send_at is not None and not by.now < send_at <= by.now + FARTHEST:
        raise Refused("message.send_at_wrong", until=by.now + FARTHEST)
    found = audience(post, by)
    if not found.count:
        raise Refused("message.nobody")
    if seen != found.digest:
        raise Refused("message.audience_changed")
    post.digest = _once(post, found, by)
    post.user_id, post.at = by.user and by.user.id, by.now
    post.seen_digest, post.recipients, post.send_at = found.digest, found.count, send_at
    if send_at is None and found.count <= message_policy().at_once:
        post.status = PostStatus.SENT
        deliver_now(post, found, by)
    elif send_at is None:
        wake(by)
    tell(recipients=found.count, later=send_at)


@action("message.send")
def send(group: Group, by: Actor, *, title: str, body: Long) -> int:
    """A letter to the guardians of all children who are in the group today, from its box."""
    return _straight(group, Chosen(groups=(group.id,)), by, title=title, body=body)


@action("message.write")
def write(child: Person, by: Actor, *, title: str, body: Long) -> int:
    """A letter to the guardians of one child, from the box of the group in which it is today."""
    group = group_of_child(child, by)
    require(by, "message.write", group)
    return _straight(group, Chosen(children=(child.id,)), by, title=title, body=body)


def _straight(group: Group, chosen: Chosen, by: Actor, *, title: str, body: str) -> int:
    """Written and sent in one breath."""
    check_open(group)
    box = box_of(BoxKind.GROUP, group_id=group.id)
    post = Post(
        box_id=box.id, user_id=by.user and by.user.id, status=PostStatus.SENT, kind=PostKind.MESSAGE,
        title=title.strip(), body=body.strip(), at=by.now, audience=chosen.kept())
    if not post.title or not post.body:
        raise Refused("message.empty")
    found = audience_of(box, post.kind, chosen, by)
    if not found.count:
        raise Refused("message.nobody")
    post.digest, post.seen_digest, post.recipients = _once(post, found, by), found.digest, found.count
    db.session.add(post)
    db.session.flush()
    deliver_now(post, found, by)
    tell(threads=len(found.circles), recipients=found.count)
    return post.id


def _once(post: Post, found: Audience, by: Actor) -> str:
    """The same words from the same person to the same people on one day are one post."""
    said = (by.user and by.user.id, by.today.isoformat(), post.box_id, post.kind, found.digest, post.title, post.body)
    digest = sha256(repr(said).encode()).hexdigest()
    earlier = db.session.scalar(select(Post.at).where(Post.digest == digest, Post.id != post.id))
    if earlier is not None:
        raise Refused("message.already_sent", at=earlier)
    return digest


def wake(by: Actor) -> None:
    """Let the job begin as soon as the process that runs the jobs looks."""
    waits = select(JobRun.id).where(JobRun.job == DELIVER, JobRun.status == "queued").limit(1)
    if db.session.scalar(waits) is None:
        db.session.add(JobRun(
            job=DELIVER, due=by.now, trigger="manual", status="queued", user_id=by.user and by.user.id))
        db.session.flush()


@action("message.deliver")
def deliver(post: Post, by: Actor) -> None:
    """The moment has come: whoever belongs to those who were chosen today gets it, by the rights of who wrote it."""
    writer = Actor(post.user, by.now)
    try:
        require(writer, "message.submit", post)
        check_post(post, writer, "message.submit")
        found = audience(post, writer)
        if not found.count:
            raise Refused("message.nobody")
    except Refused as no:
        post.status, post.failed, post.digest = PostStatus.DRAFT, no.key, None
        tell(failed=no.key)
        return
    if found.digest != post.seen_digest:
        post.seen_count = post.recipients
    post.recipients, post.at = found.count, by.now
    deliver_now(post, found, by)
    tell(recipients=found.count)


@action("message.undo")
def undo(post: Post, by: Actor) -> None:
    """For a short while what was sent becomes a draft again, as if it never was; what waits for its day at any time."""
    check_post(post, by, "message.undo")
    threads = select(Thread.id).where(Thread.post_id == post.id)
    messages = select(Message.id).where(Message.post_id == post.id)
    sent = db.session.scalar(select(func.count()).select_from(threads.subquery())) or 0
    if sent:
        check_undo(post.at, by.now, message_policy())
    answered = select(Message.id).where(Message.thread_id.in_(threads), Message.post_id != post.id)
    if post.kind is PostKind.REPLY or db.session.scalar(answered.limit(1)) is not None:
        raise Refused("message.undo_answered")
    read = db.session.scalar(select(func.count(Receipt.id)).where(
        Receipt.message_id.in_(messages), Receipt.read_at.is_not(None), Receipt.person_id.is_not(None))) or 0
    for table, where in (
        (Email, Email.message_id.in_(messages)), (Receipt, Receipt.message_id.in_(messages)),
        (Message, Message.post_id == post.id), (ThreadMember, ThreadMember.thread_id.in_(threads)),
        (ThreadChild, ThreadChild.thread_id.in_(threads)), (Thread, Thread.post_id == post.id),
    ):
        db.session.execute(delete(table).where(where).execution_options(synchronize_session=False))
    post.digest = post.send_at = post.recipients = post.seen_count = None
    tell(threads=sent, had_read=read)


@action("message.withdraw")
def withdraw(post: Post, by: Actor) -> None:
    """Within a week the words are taken back: everybody sees that something was, and the writer what."""
    check_post(post, by, "message.withdraw")
    check_withdraw(post.box.kind if post.box else None, post.at.date(), by.today, message_policy())
    post.withdrawn_at, post.withdrawn_by_id = by.now, by.user and by.user.id
    messages = select(Message.id).where(Message.post_id == post.id)
    db.session.execute(update(Email).where(
        Email.message_id.in_(messages), Email.sent_at.is_(None), Email.next_try.is_not(None))
        .values(next_try=None, error="message.withdrawn_mail").execution_options(synchronize_session=False))
    tell_withdrawn(post, by)
    tell(recipients=post.recipients)


def original(post: Post, by: Actor) -> bool:
    """Whether somebody may still see the words that were withdrawn: who uses the box that wrote them."""
    try:
        check_post(post, by, "message.view")
    except Denied:
        return False
    return True
