"""Put what waits for its day, or for more boxes than a request fills, into the boxes."""

from __future__ import annotations

from sqlalchemy import Select, or_, select

from evaka.access import Actor
from evaka.actions import message as act
from evaka.jobs.job import Job
from evaka.models.base import db
from evaka.models.message import Post
from evaka.rules.message.post import PostStatus


def waiting(by: Actor) -> Select[tuple[int]]:
    """The posts whose moment has come."""
    return (
        select(Post.id).where(Post.status == PostStatus.WAITING, or_(Post.send_at.is_(None), Post.send_at <= by.now))
        .order_by(Post.send_at, Post.id)
    )


def deliver(id: int, by: Actor) -> None:
    """One post, in one transaction; whoever has undone it meanwhile has been quicker."""
    post = db.session.get_one(Post, id, with_for_update=True)
    if post.status is PostStatus.WAITING:
        act.deliver(post, by)


DELIVER = Job("message.deliver", waiting, deliver)
