"""The conversations about a case, on the case's own page: an application's with its applicant, a payer's about fees."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased, joinedload

from evaka.access import may, within
from evaka.actions import message as act
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.message import Box, Message, Post, Receipt, Thread
from evaka.models.person import Person
from evaka.rules.application import ApplicationStatus
from evaka.rules.message.post import BoxKind
from evaka.views.base import Button, link
from evaka.views.message.letters import begins
from evaka.views.page import actor, language, moment, row_url, told

SHOWN = 10  # conversations on a case's page


def about_application(row: Application) -> list[dict[str, Any]]:
    """For who uses the box of the service guidance: what has been written about an application, and a way to write."""
    write = {"application": row.id} if row.status is not ApplicationStatus.CREATED else None
    return _block(BoxKind.SERVICE, Thread.application_id == row.id, "message.to_applicant", write)


def about_fees(*people: Person | None, title: str = "") -> list[dict[str, Any]]:
    """For who uses the box about fees: what has been written with the payers, the first of whom is written to.

    `title` names the case that the page is about, to begin with.
    """
    payers = [one for one in people if one is not None]
    write = {"people": payers[0].id, "title": title} if payers[0].deceased is None else None
    return _block(
        BoxKind.FINANCE, Thread.head_id.in_([one.id for one in payers]), "message.to_payer", write)


def _block(
    kind: BoxKind, about: ColumnElement[bool], word: str, write: dict[str, Any] | None
) -> list[dict[str, Any]]:
    if not act.uses(actor(), kind):
        return []
    new = url_for("message.new", **{"from": kind.value}, **write) if write is not None else ""
    return [{
        "title": told("message.of_case"), "empty": told("message.none_of_case"),
        "buttons": [Button(told(word), new, "secondary")] if new else [],
        "head": [told("message.title"), told("message.last_at"), told("message.body")],
        "rows": [[link(title, "message.details_view", id), when, text]
                 for id, title, when, text in _lines(kind, about)],
    }]


def _lines(kind: BoxKind, about: ColumnElement[bool]) -> list[tuple[int, str, str, str]]:
    """(id, title, when and by whom, how the last message begins) of the newest conversations."""
    each = aliased(Message)
    newest = select(func.max(each.id)).where(each.thread_id == Thread.id).scalar_subquery()
    unread = select(Receipt.id).join(each, each.id == Receipt.message_id).where(
        each.thread_id == Thread.id, Receipt.box_id == Thread.box_id, Receipt.read_at.is_(None)).exists()
    rows = db.session.execute(
        select(Thread, Post, unread).join(Box, Box.id == Thread.box_id).join(Message, Message.id == newest)
        .join(Post, Post.id == Message.post_id).where(about, Box.kind == kind)
        .order_by(Thread.last_at.desc(), Thread.id.desc()).limit(SHOWN)
        .options(joinedload(Thread.post), joinedload(Post.box), joinedload(Post.user), joinedload(Post.person)))
    found = []
    for thread, last, waits in rows:
        gone = thread.post is not None and thread.post.withdrawn
        title = told("message.withdrawn_title") if gone else thread.title
        who = str(last.user) if last.box is not None and last.user else act.writer_name(last, language())
        text = told("message.withdrawn") if last.withdrawn else begins(last.body)
        found.append((thread.id, f"{title} ({told('ui.message.unread')})" if waits else title,
                      f"{moment(thread.last_at)} {who}", text))
    return found


def case_of(thread: Thread) -> tuple[str, str] | None:
    """The case that a conversation is about, for whoever may open it: (label, address)."""
    by = actor()
    if thread.application is not None and may(by, "application.view"):
        seen = db.session.scalar(select(Application.id).where(
            Application.id == thread.application_id, within(by, "application.view", Application)))
        if seen is not None:
            return told("message.case_application", child=str(thread.application.child)), row_url(
                "application.details_view", seen)
    if thread.head_id is not None and may(by, "person.view"):
        head = db.session.scalar(select(Person).where(
            Person.id == thread.head_id, within(by, "person.view", Person)))
        if head is not None:
            return told("message.case_payer", person=str(head)), row_url("person.details_view", head.id)
    return None
