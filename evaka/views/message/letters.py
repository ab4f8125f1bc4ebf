"""What both sides of a conversation share: a list of threads, one thread with a form to go on, what is unread."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, Select, false, func, literal, or_, select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import Actor, require, within
from evaka.actions import ACTIONS
from evaka.actions import message as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction, writing
from evaka.models.message import (
    Message,
    Receipt,
    Thread,
    ThreadChild,
    ThreadMember,
    places_of,
    unread_by,
    unread_in,
    written_with,
)
from evaka.models.person import Person, matching, own_children
from evaka.models.placement import Placement, children_with
from evaka.models.unit import Group
from evaka.rules.message import answerable_until
from evaka.rules.unit import Feature
from evaka.views.base import Screen, sentence
from evaka.views.forms import form_for
from evaka.views.page import actor, moment, told

PAGE = 40  # conversations shown at once
BEGINNING = 140  # letters of the last message in a list


def unread(by: Actor) -> Select[tuple[int]]:
    """How many messages wait in the boxes of the groups that the actor reaches, for the menu."""
    return unread_in(within(by, "message.view", Group))


def unread_of_groups(by: Actor) -> int:
    return db.session.scalar(unread(by)) or 0


def unread_of_guardian(by: Actor) -> int:
    return db.session.scalar(unread_mine(by)) or 0


def unread_mine(by: Actor) -> Select[tuple[int]]:
    """How many messages wait for the guardian, for the menu."""
    if by.user is None or by.user.person_id is None:
        return select(literal(0))
    return unread_by(by.user.person_id, Thread.of_person_on(by.user.person_id, by.user.id, by.today))


def writes_with_families(by: Actor) -> Select[tuple[bool]]:
    """Whether the menu leads to letters: they are open in some unit that the actor reaches, or there are some."""
    groups = within(by, "message.view", Group)
    return written_with(groups, Thread.group_id.in_(select(Group.id).where(groups)))


def writes_with_groups(by: Actor) -> Select[tuple[bool]]:
    """Whether a guardian's menu leads to letters: they are open where a child has its place, or there are some."""
    if by.user is None or by.user.person_id is None:
        return select(false())
    mine = own_children(by.user.person_id, by.today)
    placed = children_with(Feature.MESSAGES, by.today).where(Placement.child_id.in_(mine))
    own = select(Thread.id).where(Thread.of_person(by.user.person_id, by.user.id))
    return select(or_(placed.exists(), own.exists()))


def newest_unread(by: Actor, limit: int = 5) -> list[dict[str, str]]:
    """The newest messages that wait in the boxes of the groups the actor reaches."""
    groups = select(Group.id).where(within(by, "message.view", Group))
    found = db.session.scalars(
        select(Message).join(Receipt, Receipt.message_id == Message.id)
        .where(Receipt.read_at.is_(None), Receipt.group_id.in_(groups))
        .order_by(Message.at.desc(), Message.id.desc()).limit(limit).options(joinedload(Message.person)))
    return [
        {"who": f"{one.person.first_name} {one.person.last_name}" if one.person else "", "when": moment(one.at),
         "text": begins(one.body), "url": url_for("message.details_view", id=one.thread_id)}
        for one in found
    ]


class Letters(Screen):
    """What the two sides of a conversation share: a list of threads, and one thread with a form to go on."""

    can_export = False
    column_list = ("title", "last_at")
    list_page = "office/messages.html"
    thread_page = "office/thread.html"
    verb = ""  # how this side writes on

    def inbox(self) -> ColumnElement[bool]:
        """The receipts of this side."""
        raise NotImplementedError

    def who(self, thread: Any) -> str:
        """Whom this side writes with."""
        raise NotImplementedError

    def writer(self, message: Any) -> str:
        raise NotImplementedError

    def is_mine(self, message: Any) -> bool:
        raise NotImplementedError

    # -- the list -------------------------------------------------------------------------------

    def boxes(self) -> list[tuple[str, str, bool]]:
        return []

    def chosen(self) -> ColumnElement[bool] | None:
        """The threads of the box that is open; None: the box does not hold threads."""
        return Thread.id > 0

    def unread(self) -> int:
        raise NotImplementedError

    @expose("/")
    def index_view(self) -> Any:
        typed = request.args.get("search", "").strip()
        page = int(number) if (number := request.args.get("page", "0")).isdecimal() and len(number) < 6 else 0
        where = self.chosen()
        rows = self.posts(typed, page) if where is None else self.threads(where, typed, page)
        arguments = {key: value for key, value in request.args.items() if key != "page"}
        return self.render(
            self.list_page, heading=self.heading, fact_line=told("message.unread_count", count=self.unread()),
            buttons=self.head_buttons(), boxes=self.boxes(), threads=rows[:PAGE],
            find={"value": typed, "kept": {k: v for k, v in arguments.items() if k != "search"}},
            older=self.get_url(".index_view", **arguments, page=page + 1) if len(rows) > PAGE else None,
        )

    def posts(self, typed: str, page: int) -> list[dict[str, Any]]:
        return []

    def threads(self, where: ColumnElement[bool], typed: str, page: int) -> list[dict[str, Any]]:
        """The newest threads first; one more than a page when there are older ones."""
        query = select(Thread).where(self.visible(), where)
        if typed:
            people = select(Person.id).where(matching(typed))
            query = query.where(or_(
                func.lower(Thread.title).contains(typed.casefold(), autoescape=True),
                Thread.id.in_(select(ThreadMember.thread_id).where(ThreadMember.person_id.in_(people))),
                Thread.id.in_(select(ThreadChild.thread_id).where(ThreadChild.child_id.in_(people))),
            ))
        found = db.session.scalars(
            query.order_by(Thread.last_at.desc(), Thread.id.desc()).limit(PAGE + 1).offset(page * PAGE)
            .options(
                joinedload(Thread.group).joinedload(Group.unit),
                selectinload(Thread.members).joinedload(ThreadMember.person),
                selectinload(Thread.children).joinedload(ThreadChild.child),
            )).all()
        ids = [one.id for one in found]
        newest = select(func.max(Message.id)).where(Message.thread_id.in_(ids)).group_by(Message.thread_id)
        last = dict(db.session.execute(
            select(Message.thread_id, Message.body).where(Message.id.in_(newest))).tuples().all())
        unread = set(db.session.scalars(
            select(Message.thread_id).join(Receipt, Receipt.message_id == Message.id)
            .where(Message.thread_id.in_(ids), Receipt.read_at.is_(None), self.inbox())))
        return [
            {"who": self.who(one), "subject": one.title, "when": moment(one.last_at), "unread": one.id in unread,
             "text": begins(last.get(one.id, "")), "url": self.get_url(".details_view", id=one.id)}
            for one in found
        ]

    # -- a thread -------------------------------------------------------------------------------

    @expose("/details/", methods=("GET", "POST"))
    def details_view(self) -> Any:
        """Opening a conversation sets its receipts and leaves a line in the journal; then one may write on."""
        row: Any = self.row_or_404(request.args.get("id"))
        action = ACTIONS[f"message.{self.verb}"]
        if request.method == "GET":
            row = self._opened(row)
        form: Any = None
        closed = ""
        until = answerable_until(place.period for place in db.session.scalars(places_of(row)))
        if until is None or actor().today > until:
            closed = told("message.closed", until=until)
        elif not row.group.unit.has(Feature.MESSAGES):
            closed = told("unit.not_open.messages", unit=row.group.unit)
        elif self.permits({"write": action.key}, row)["write"]:
            form = form_for(action, row)(request.form if request.method == "POST" else None)
        if request.method == "POST":
            require(actor(), action.key, row)
            if form is None:
                flash(closed, "error")
            elif form.validate():
                try:
                    with transaction():
                        action.run(row, actor(), body=form.body.data)
                except Refused as no:
                    if isinstance(no, Denied):
                        raise
                    flash(sentence(no), "error")
                    row = self.row_or_404(request.args.get("id"))
                else:
                    flash(told("message.sent"), "success")
                    return redirect(self.get_url(".details_view", id=row.id))
        return self.render(
            self.thread_page, heading=row.title, fact_line=" · ".join(filter(None, (self.who(row), closed))),
            buttons=[], messages=self.messages(row), form=form, back=self.get_url(".index_view"), row=row,
            crumbs=self.crumbs,
        )

    def _opened(self, row: Any) -> Any:
        """The page is only read, but the receipts are written: one short transaction of its own."""
        id = row.id
        db.session.rollback()  # a reading transaction cannot become a writing one on SQLite
        writing.set(True)
        with transaction():
            act.read(row, actor())
        writing.set(False)
        return self.row_or_404(id)

    def messages(self, thread: Any) -> list[dict[str, Any]]:
        found = db.session.scalars(
            select(Message).where(Message.thread_id == thread.id).order_by(Message.id)
            .options(joinedload(Message.person), joinedload(Message.user))).all()
        read: dict[int, list[Receipt]] = {}
        for receipt in db.session.scalars(
            select(Receipt).where(Receipt.message_id.in_([one.id for one in found]), Receipt.read_at.is_not(None))
            .order_by(Receipt.read_at, Receipt.id).options(joinedload(Receipt.person))
        ):
            read.setdefault(receipt.message_id, []).append(receipt)
        return [
            {"who": self.writer(one), "when": moment(one.at), "text": one.body, "mine": self.is_mine(one), "files": [],
             "read": self.read_line(read.get(one.id, [])) if self.is_mine(one) else ""}
            for one in found
        ]

    def read_line(self, receipts: list[Receipt]) -> str:
        """Who of the other side has read a message, and when."""
        lines = [told("message.read_by", who=self.reader(one), at=one.read_at) for one in receipts if self.reader(one)]
        return "; ".join(lines) or told("message.not_read")

    def reader(self, receipt: Receipt) -> str:
        raise NotImplementedError


def begins(text: str) -> str:
    """The beginning of a message on one line."""
    line = " ".join(text.split())
    return line if len(line) <= BEGINNING else f"{line[:BEGINNING].rsplit(' ', 1)[0]} …"
