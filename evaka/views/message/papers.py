"""What leaves a conversation as a file: what was attached to it, and the whole of it on paper."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, abort, g, request
from flask_admin import expose
from sqlalchemy import select

from evaka.letters import pdf
from evaka.letters.letter import city_sender
from evaka.letters.message import Said, ThreadFacts, thread_letter
from evaka.models.base import db
from evaka.models.message import Message, PostFile, Thread
from evaka.views.base import Screen, row_number
from evaka.views.income.statement import uploaded
from evaka.views.page import actor, language, told


class Papers(Screen):
    """The part of `Letters` that gives out files: whose readers, titles and messages it knows."""

    @expose("/file/")
    def file_view(self) -> Any:
        number = row_number(request.args.get("id"))
        file = db.session.get(PostFile, number) if number is not None else None
        if file is None or not self.may_open(file):
            abort(404)
        return as_sent(file)

    def may_open(self, file: PostFile) -> bool:
        """Who sees a thread in which the post stands; what was withdrawn, its writer alone."""
        if file.post.withdrawn:
            return False
        thread = db.session.scalars(
            select(Thread).join(Message, Message.thread_id == Thread.id)
            .where(Message.post_id == file.post_id, self.visible())).first()
        return thread is not None and self.readable(thread)

    @expose("/print/")
    def print_view(self) -> Any:
        """The conversation on paper; that somebody printed it is in the journal."""
        row: Any = self.row_or_404(request.args.get("id"))
        if not self.readable(row):
            abort(404)
        self.prepare([row])
        g.setdefault("reads", []).append(("message.read", row, {"printed": True}))
        said = tuple(Said(one["who"], one["when"], one["text"], tuple(name for name, _ in one["files"]))
                     for one in self.messages(row))
        facts = ThreadFacts(city_sender(language()), actor().today, self.title_of(row), self.who(row), said)
        return Response(pdf(thread_letter(facts, language())), mimetype="application/pdf", headers={
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(told('message.print_name'))}.pdf"})


def as_sent(file: PostFile) -> Response:
    """The very bytes, never shown as a page of ours."""
    return Response(file.content, mimetype=file.media, headers={
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
        "Content-Security-Policy": "sandbox; default-src 'none'"})


def sent_files() -> tuple[Any, ...]:
    """The files that were chosen in a form."""
    return tuple(uploaded(one) for one in request.files.getlist("uploads") if one.filename)
