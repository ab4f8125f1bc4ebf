"""What was sent: its words, who has read it, and for a while the ways back."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, request
from flask_admin import expose
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from evaka.actions import message as act
from evaka.models.base import db
from evaka.models.message import Box, Message, Post, PostFile, Receipt, Thread
from evaka.models.person import Person
from evaka.models.unit import Group
from evaka.rules.message.post import BoxKind, PostKind, PostStatus, undone_until, withdrawn_until
from evaka.views.base import Screen, row_number
from evaka.views.base.attempt import attempt
from evaka.views.income.statement import size_of
from evaka.views.message.named import audiences
from evaka.views.message.papers import as_sent
from evaka.views.page import actor, language, moment, told

READERS = 100  # recipients on a page


class Posts(Screen):
    """The page of what somebody has sent."""

    def post_or_404(self, id: Any) -> Post:
        number = row_number(str(id or ""))
        found = None if number is None else db.session.scalar(
            select(Post).where(Post.id == number, act.posts_seen(actor()))
            .options(joinedload(Post.box).joinedload(Box.group).joinedload(Group.unit), joinedload(Post.user)))
        return found or abort(404)

    @expose("/post/", methods=("GET", "POST"))
    def post_view(self) -> Any:
        post, by = self.post_or_404(request.args.get("id")), actor()
        if post.status is PostStatus.DRAFT:
            return redirect(self.get_url(".edit", id=post.id))
        if request.method == "POST":
            verb = request.form.get("press", "")
            if verb not in ("undo", "withdraw"):
                abort(404)
            with attempt() as tried:
                (act.undo if verb == "undo" else act.withdraw)(post, by)
            if tried.done:
                flash(told(f"message.done_{verb}"), "success")
                return redirect(self.get_url(".edit" if verb == "undo" else ".post_view", id=post.id))
            post = self.post_or_404(request.args.get("id"))
        if post.withdrawn:
            g.setdefault("reads", []).append(("message.original", post, {}))
        page = int(number) if (number := request.args.get("page", "0")).isdecimal() and len(number) < 6 else 0
        threads = db.session.scalars(select(Thread.id).where(Thread.post_id == post.id).limit(2)).all()
        readers, counts = self.readers(post, page)
        policy = act.policy()
        municipal = post.box is not None and post.box.kind is BoxKind.MUNICIPAL
        until = withdrawn_until(post.at.date(), policy)
        sent = post.status is PostStatus.SENT
        return self.render(
            "office/post.html", heading=post.title, row=post, back=self.get_url(".index_view", box="sent"),
            crumbs=self.crumbs, whom=audiences([post], by)[post.id] if post.kind is not PostKind.REPLY else "",
            fact_line=" · ".join(filter(None, (
                act.box_name(post.box, language()) if post.box else "",
                str(post.user) if post.user and not (post.box and post.box.user_id) else "", moment(post.at)))),
            files=[(f"{one.name} ({size_of(one.size)})", self.get_url(".post_file", id=one.id)) for one in post.files],
            readers=readers, counts=counts, page=page, more=len(readers) > READERS,
            thread=self.get_url(".details_view", id=threads[0]) if len(threads) == 1 else None,
            undo=post.kind is not PostKind.REPLY and (post.status is PostStatus.WAITING or (
                sent and by.now <= undone_until(post.at, policy))),
            withdraw_until=until if sent and not municipal and by.today <= until else None, READERS=READERS,
        )

    def readers(self, post: Post, page: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """A page of those in whose boxes it lies, unread ones first; and how many there are."""
        where = (Receipt.message_id.in_(select(Message.id).where(Message.post_id == post.id)),
                 Receipt.person_id.is_not(None))
        boxes, read = db.session.execute(select(func.count(), func.count(Receipt.read_at)).where(*where)).one()
        rows = db.session.execute(
            select(Person, Receipt.read_at).join(Receipt, Receipt.person_id == Person.id).where(*where)
            .order_by(Receipt.read_at.is_not(None), Person.sort_key, Receipt.id)
            .limit(READERS + 1).offset(page * READERS))
        return ([{"name": str(person), "read": moment(at) if at else "", "badges":
                  [] if at else [("warn", told("message.not_read"))]} for person, at in rows],
                {"boxes": boxes, "read": read})

    @expose("/post_file/")
    def post_file(self) -> Any:
        """A file of what somebody is writing, or has sent or withdrawn: to whoever writes from its box."""
        number = row_number(request.args.get("id"))
        file = db.session.get(PostFile, number) if number is not None else None
        if file is None:
            abort(404)
        post = self.post_or_404(file.post_id)
        if post.withdrawn:
            g.setdefault("reads", []).append(("message.original", post, {"file": file.id}))
        return as_sent(file)
