"""The letters of the groups and the families: the office's boxes, a conversation, a new letter; the guardians' own."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request
from flask_admin import expose
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload
from wtforms import HiddenField, SelectField

from evaka.access import Actor, may, require, within
from evaka.actions import ACTIONS
from evaka.actions import message as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction, writing
from evaka.models.message import (
    Message, Post, Receipt, Thread, ThreadChild, ThreadMember, places_of, unread_by, unread_in,
)
from evaka.models.person import Person, matching
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.message import answerable_until
from evaka.views.base import Button, Screen, sentence
from evaka.views.forms import Required, form_for
from evaka.views.page import Lazy, actor, moment, told

PAGE = 40  # conversations shown at once
BEGINNING = 140  # letters of the last message in a list


def unread_of_groups(by: Actor) -> int:
    """How many messages wait in the boxes of the groups that the actor reaches, for the menu."""
    return db.session.scalar(unread_in(within(by, "message.view", Group))) or 0


def unread_of_guardian(by: Actor) -> int:
    """How many messages wait for the guardian, for the menu."""
    if by.user is None or by.user.person_id is None:
        return 0
    return db.session.scalar(unread_by(by.user.person_id, Thread.of_person(by.user.person_id, by.user.id))) or 0


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
        """The newest threads first, with the beginning of the last message; one more than a page when there are older."""
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
            {"who": self.who(one), "subject": one.title, "when": moment(one.last_at), "text": begins(last.get(one.id, "")),
             "unread": one.id in unread, "url": self.get_url(".details_view", id=one.id)}
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
            self.thread_page, heading=row.title, fact_line=" · ".join(filter(None, (self.who(row), closed))), buttons=[],
            messages=self.messages(row), form=form, back=self.get_url(".index_view"), row=row,
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


class MessageScreen(Letters):
    """The boxes of the groups that the reader reaches: what the families have written, and what was sent."""

    verb = "answer"

    def visible(self) -> ColumnElement[bool]:
        """By the group, never as somebody's own: who is staff and a guardian reads own letters on the guardians' pages."""
        return Thread.group_id.in_(select(Group.id).where(within(actor(), "message.view", Group)))

    def inbox(self) -> ColumnElement[bool]:
        return Receipt.group_id.is_not(None)

    def unread(self) -> int:
        return unread_of_groups(actor())

    def who(self, thread: Any) -> str:
        children = ", ".join(one.child.first_name for one in thread.children)
        people = ", ".join(f"{one.person.first_name} {one.person.last_name}" for one in thread.members)
        return f"{people} ({children}) · {thread.group}" if children else f"{people} · {thread.group}"

    def writer(self, message: Any) -> str:
        return str(message.user) if message.user else f"{message.person.first_name} {message.person.last_name}"

    def is_mine(self, message: Any) -> bool:
        return message.person_id is None

    def reader(self, receipt: Receipt) -> str:
        return f"{receipt.person.first_name} {receipt.person.last_name}" if receipt.person else ""

    def head_buttons(self) -> list[Button]:
        if not may(actor(), "message.send"):
            return []
        return [Button(told("ui.message.new"), self.get_url(".to_group"), "primary")]

    def boxes(self) -> list[tuple[str, str, bool]]:
        box = request.args.get("box", "received")
        found = [(told(f"message.box.{name}"), self.get_url(".index_view", box=name), box == name)
                 for name in ("received", "all", "sent")]
        if request.args.get("post"):
            found = [(label, url, False) for label, url, _ in found]
        return found

    def chosen(self) -> ColumnElement[bool] | None:
        if (post := request.args.get("post", "")).isdecimal() and len(post) < 18:
            return Thread.post_id == int(post)
        match request.args.get("box"):
            case "sent":
                return None
            case "all":
                return Thread.id > 0
        return Thread.id.in_(select(Message.thread_id).where(Message.person_id.is_not(None)))

    def posts(self, typed: str, page: int) -> list[dict[str, Any]]:
        """One row for each letter that was sent, however many families it went to."""
        query = select(Post).where(Post.group_id.in_(select(Group.id).where(within(actor(), "message.view", Group))))
        if typed:
            query = query.where(func.lower(Post.title).contains(typed.casefold(), autoescape=True))
        found = db.session.scalars(
            query.order_by(Post.at.desc(), Post.id.desc()).limit(PAGE + 1).offset(page * PAGE)
            .options(joinedload(Post.group), joinedload(Post.user))).all()
        first = (
            select(Thread.post_id, func.min(Message.id).label("message_id"))
            .join(Message, Message.thread_id == Thread.id).where(Thread.post_id.in_([one.id for one in found]))
            .group_by(Thread.post_id, Thread.id).subquery())
        counts = {post: (boxes, read) for post, boxes, read in db.session.execute(
            select(first.c.post_id, func.count(), func.count(Receipt.read_at))
            .join(Receipt, Receipt.message_id == first.c.message_id).group_by(first.c.post_id))}
        rows = []
        for one in found:
            boxes, read = counts.get(one.id, (0, 0))
            rows.append({
                "who": f"{one.group}, {one.user or told('journal.machine')}", "subject": one.title,
                "when": moment(one.at), "text": told("message.read_count", read=read, count=boxes), "unread": False,
                "url": self.get_url(".index_view", post=one.id),
            })
        return rows

    # -- a new letter ---------------------------------------------------------------------------

    @expose("/to_group/", methods=("GET", "POST"))
    def to_group(self) -> Any:
        """To all families of a group: chosen, written, looked at, and only then sent."""
        by = actor()
        groups = db.session.scalars(
            select(Group).join(Unit).where(within(by, "message.send", Group), Group.on(by.today))
            .order_by(Unit.name, Group.name).options(joinedload(Group.unit))).all()
        if not groups:
            raise Denied("access.denied", action="message.send")
        field = SelectField(
            Lazy("message.group"), validators=[Required()],
            choices=[*([("", told("form.choose"))] if len(groups) > 1 else []),
                     *((str(one.id), f"{one.unit.name}: {one.name}") for one in groups)],
        )
        kind = type("ComposeForm", (form_for(ACTIONS["message.send"], groups[0]),), {"group": field, "seen": HiddenField()})
        form: Any = kind(request.form if request.method == "POST" else None)
        if request.method == "GET":
            form.group.data = request.args.get("id", "")
        chosen = next((one for one in groups if str(one.id) == form.group.data), None)
        audience = act.audience_of_group(chosen, by.today) if chosen else None
        return self._compose(form, "message.send", chosen, audience)

    @expose("/to_child/", methods=("GET", "POST"))
    def to_child(self) -> Any:
        """To the guardians of one child."""
        by = actor()
        id = request.args.get("id", "")
        child = db.session.scalar(select(Person).where(
            Person.id == int(id), within(by, "message.write", Person))) if id.isdecimal() and len(id) < 18 else None
        if child is None:
            abort(404)
        audience = act.audience_of_child(child, by.today)
        require(by, "message.write", audience.group)
        kind = type("ComposeForm", (form_for(ACTIONS["message.write"], child),), {"seen": HiddenField()})
        form = kind(request.form if request.method == "POST" else None)
        return self._compose(form, "message.write", child, audience,
                             heading=told("message.to_child", child=f"{child.first_name} {child.last_name}"))

    def _compose(self, form: Any, key: str, row: Any, audience: act.Audience | None, *, heading: str = "") -> Any:
        """Nobody sends before having seen who gets it; and what was seen is what is sent."""
        preview = None
        if request.method == "POST" and form.validate() and audience is not None:
            if request.form.get("step") == "send":
                if form.seen.data == audience.digest:
                    if (done := self._sent(form, key, row)) is not None:
                        return done
                else:
                    flash(told("message.audience_changed"), "warning")
            preview = self.preview(audience)
            form.seen.data = audience.digest
        return self.render(
            "office/compose.html", form=form, preview=preview, heading=heading or told("ui.message.new"),
            back=self.get_url(".index_view"),
        )

    def _sent(self, form: Any, key: str, row: Any) -> Any:
        """The page after sending; None when it was refused."""
        try:
            with transaction():
                post_id = ACTIONS[key].run(row, actor(), title=form.title.data, body=form.body.data)
        except (Refused, IntegrityError) as no:
            if isinstance(no, Denied):
                raise
            twice = isinstance(no, Refused) and no.key == "message.already_sent"
            flash(sentence(no), "info" if twice else "error")
            return redirect(self.get_url(".index_view", box="sent")) if twice else None
        flash(told("message.sent"), "success")
        return redirect(self.get_url(".index_view", post=post_id))

    def preview(self, audience: act.Audience) -> dict[str, Any]:
        """Every recipient by name, about which children, and who will not get to read it easily."""
        about: dict[int, list[int]] = {}
        for circle in audience.circles:
            for guardian in circle.guardians:
                about.setdefault(guardian, []).extend(circle.children)
        ids = {*about, *(child for circle in audience.circles for child in circle.children), *audience.left_out}
        people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(ids)))}
        users = set(db.session.scalars(select(User.person_id).where(User.person_id.in_(about), User.active)))
        recipients = []
        for id in sorted(about, key=lambda one: people[one].sort_key):
            badges = [] if people[id].email else [("warn", told("message.no_email"))]
            if id not in users:
                badges.append(("warn", told("message.no_login")))
            recipients.append({"name": str(people[id]), "badges": badges,
                               "note": ", ".join(str(people[child]) for child in about[id])})
        return {
            "count": len(recipients), "recipients": recipients,
            "left_out": [(str(people[child]), told("message.left_out")) for child in audience.left_out],
            "note": told("message.preview_note", group=str(audience.group), threads=len(audience.circles)),
        }


class MyMessages(Letters):
    """A guardian's letters with the groups of the children."""

    verb = "reply"
    list_page = "guardian/messages.html"
    thread_page = "guardian/thread.html"

    def visible(self) -> ColumnElement[bool]:
        me: Any = actor().user
        return super().visible() & Thread.of_person(me.person_id or -1, me.id)

    def inbox(self) -> ColumnElement[bool]:
        return Receipt.person_id == getattr(actor().user, "person_id", None)

    def unread(self) -> int:
        return unread_of_guardian(actor())

    def who(self, thread: Any) -> str:
        children = ", ".join(one.child.first_name for one in thread.children)
        return f"{thread.group}, {thread.group.unit} ({children})"

    def writer(self, message: Any) -> str:
        """The group and the name of who wrote for it."""
        if message.person:
            return f"{message.person.first_name} {message.person.last_name}"
        return f"{message.thread.group}, {message.user or told('journal.machine')}"

    def is_mine(self, message: Any) -> bool:
        return bool(message.person_id == getattr(actor().user, "person_id", None))

    def reader(self, receipt: Receipt) -> str:
        """To a guardian only that the group has read it."""
        return told("message.the_group") if receipt.group_id else ""


def begins(text: str) -> str:
    """The beginning of a message on one line."""
    line = " ".join(text.split())
    return line if len(line) <= BEGINNING else f"{line[:BEGINNING].rsplit(' ', 1)[0]} …"


__all__ = ["MessageScreen", "MyMessages", "unread_of_groups", "unread_of_guardian"]
