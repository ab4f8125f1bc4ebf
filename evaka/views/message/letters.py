"""What both sides of a conversation share: a list of threads, and one thread with a form to go on."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import everywhere, require
from evaka.actions import ACTIONS
from evaka.actions import message as act
from evaka.models.base import db, transaction
from evaka.models.connection import writing
from evaka.models.message import Box, Folder, Message, Post, Receipt, Thread, ThreadChild, ThreadMember
from evaka.models.person import Person, matching
from evaka.models.search import words_among, words_found
from evaka.models.unit import Group
from evaka.rules.message.post import PostKind, PostStatus
from evaka.views.base import row_number
from evaka.views.base.attempt import attempt
from evaka.views.forms import form_for
from evaka.views.income.statement import size_of
from evaka.views.message.papers import Papers, sent_files
from evaka.views.page import actor, can_identify, language, moment, told, told_refusal

PAGE = 40  # conversations shown at once
BEGINNING = 140  # letters of the last message in a list
NAMED = 30  # members of a thread that are named one by one
PUT_AWAY = {"archive", "bring_back", "mark_unread", "file"}


class Letters(Papers):
    """A list of threads, and one thread with a form to go on."""

    can_export = False
    column_list = ("title", "last_at")
    list_page = "office/messages.html"
    thread_page = "office/thread.html"
    verb = ""  # how this side writes on
    office = True

    def members(self) -> ColumnElement[bool]:
        """The memberships of this side."""
        raise NotImplementedError

    def inbox(self) -> ColumnElement[bool]:
        """The receipts of this side."""
        raise NotImplementedError

    def who(self, thread: Any) -> str:
        """Whom this side writes with."""
        raise NotImplementedError

    def is_mine(self, post: Post) -> bool:
        raise NotImplementedError

    def visible(self) -> ColumnElement[bool]:
        return Thread.id.in_(select(ThreadMember.thread_id).where(self.members()))

    def get_one(self, id: str) -> Any:
        number = row_number(id)
        return None if number is None else db.session.scalar(
            select(Thread).where(Thread.id == number, self.visible())
            .options(joinedload(Thread.box), joinedload(Thread.post), joinedload(Thread.application)))

    def readable(self, thread: Thread) -> bool:
        """Sensitive threads are read after a strong log-in only."""
        return self.office or not thread.sensitive or actor().is_strong

    # -- the list -------------------------------------------------------------------------------

    def boxes(self) -> list[tuple[str, str, bool]]:
        """The tabs: (label, address, whether it is open)."""
        return []

    def chosen(self) -> ColumnElement[bool] | None:
        """Of the memberships, those of the tab that is open; None: it does not hold threads."""
        return ~ThreadMember.archived

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
            buttons=self.head_buttons(), boxes=self.boxes(), threads=rows[:PAGE], whose=self.whose(),
            find={"value": typed, "kept": {k: v for k, v in arguments.items() if k != "search"}},
            older=self.get_url(".index_view", **arguments, page=page + 1) if len(rows) > PAGE else None,
        )

    def whose(self) -> dict[str, Any] | None:
        """The choice between boxes, where there are several."""
        return None

    def posts(self, typed: str, page: int) -> list[dict[str, Any]]:
        return []

    def threads(self, where: ColumnElement[bool], typed: str, page: int) -> list[dict[str, Any]]:
        """The newest threads first; one more than a page when there are older ones."""
        query = select(ThreadMember.thread_id).where(self.members(), where)
        if typed:
            query = query.where(self.sought(typed))
        ids = db.session.scalars(
            query.group_by(ThreadMember.thread_id)
            .order_by(func.max(ThreadMember.last_at).desc(), ThreadMember.thread_id.desc())
            .limit(PAGE + 1).offset(page * PAGE)).all()
        found = {one.id: one for one in db.session.scalars(
            select(Thread).where(Thread.id.in_(ids)).options(
                joinedload(Thread.post), joinedload(Thread.box).joinedload(Box.group).joinedload(Group.unit),
                joinedload(Thread.box).joinedload(Box.user),
                selectinload(Thread.children).joinedload(ThreadChild.child)))}
        self.prepare(list(found.values()))
        newest = select(func.max(Message.id)).where(Message.thread_id.in_(ids)).group_by(Message.thread_id)
        last = dict(db.session.execute(
            select(Message.thread_id, Post).join(Post, Post.id == Message.post_id)
            .where(Message.id.in_(newest))).tuples().all())
        unread = set(db.session.scalars(
            select(Message.thread_id).join(Receipt, Receipt.message_id == Message.id)
            .where(Message.thread_id.in_(ids), Receipt.read_at.is_(None), self.inbox())))
        return [self.line(found[id], last.get(id), id in unread) for id in ids if id in found]

    def line(self, thread: Thread, last: Post | None, unread: bool) -> dict[str, Any]:
        if not self.readable(thread):
            title, text = told("message.sensitive_title"), told("message.needs_strong_short")
        else:
            title = self.title_of(thread)
            gone = last is not None and last.withdrawn
            text = told("message.withdrawn") if gone else begins(last.body if last else "")
        return {"who": self.who(thread), "subject": title, "when": moment(thread.last_at), "unread": unread,
                "text": text, "url": self.get_url(".details_view", id=thread.id), "badges": signs(thread)}

    def title_of(self, thread: Thread) -> str:
        """A title goes with the words that were withdrawn."""
        return told("message.withdrawn_title") if thread.post is not None and thread.post.withdrawn else thread.title

    def _people(self, ids: list[int]) -> dict[int, list[Person]]:
        """By thread the guardians in it, each conversation's own few."""
        found: dict[int, list[Person]] = {}
        for id, person in db.session.execute(
            select(ThreadMember.thread_id, Person).join(Person, Person.id == ThreadMember.person_id)
            .where(ThreadMember.thread_id.in_(ids)).order_by(ThreadMember.id)
        ):
            found.setdefault(id, []).append(person)
        return found

    def prepare(self, threads: list[Thread]) -> None:
        """What `who` needs of all threads of a page, asked once; a request's own, as a screen serves many at a time."""
        g.people_of_thread = self._people([one.id for one in threads if one.kind is not PostKind.BULLETIN])

    def people(self, thread: Thread) -> str:
        return ", ".join(f"{one.first_name} {one.last_name}" for one in g.people_of_thread.get(thread.id, ()))

    def sought(self, typed: str) -> ColumnElement[bool]:
        """Of a membership: its thread holds these words, or somebody or some child of this name.

        Whoever does not reach all boxes has few threads among those of the city: they are counted one by one, which
        keeps PostgreSQL from reading every word in the city first.
        """
        every = everywhere(actor(), "message.view")
        said = select(func.count(Message.id)).join(Post, Post.id == Message.post_id).where(
            Message.thread_id == ThreadMember.thread_id,
            words_found(Post, typed) if every else words_among(Post, typed), Post.status != PostStatus.WITHDRAWN)
        if not (self.office or actor().is_strong):
            said = said.where(~select(Thread.id).where(Thread.id == Message.thread_id, Thread.sensitive).exists())
        people = select(Person.id).where(matching(typed))
        return or_(
            said.with_only_columns(Message.id).exists() if every else said.scalar_subquery() > 0,
            ThreadMember.thread_id.in_(select(ThreadChild.thread_id).where(ThreadChild.child_id.in_(people))),
            *([ThreadMember.thread_id.in_(select(ThreadMember.thread_id).where(ThreadMember.person_id.in_(people)))]
              if self.office else []),
        )

    # -- a thread -------------------------------------------------------------------------------

    @expose("/details/", methods=("GET", "POST"))
    def details_view(self) -> Any:
        """Opening a conversation sets its receipts and leaves a line in the journal; then one may write on."""
        row: Any = self.row_or_404(request.args.get("id"))
        if not self.readable(row):
            return self.render(
                "office/sensitive.html", heading=told("message.sensitive_title"), back=self.get_url(".index_view"),
                go=url_for("user.identify", next=request.full_path) if can_identify() else "",
                crumbs=self.crumbs)
        action = ACTIONS[f"message.{self.verb}"]
        if request.method == "GET":
            row = self._opened(row)
        form: Any = None
        why = act.closed(row, actor(), office=self.office)
        closed = told_refusal(why) if why else ""
        if not closed and self.permits({"write": action.key}, row)["write"]:
            form = form_for(action, row)(request.form if request.method == "POST" else None)
            for extra in [one for one in ("uploads",) if one in form]:
                delattr(form, extra)
        if request.method == "POST":
            require(actor(), action.key, row)
            if form is None:
                flash(closed, "error")
            elif form.validate():
                with attempt() as tried:
                    action.run(row, actor(), body=form.body.data, uploads=sent_files())
                if tried.done:
                    flash(told("message.sent"), "success")
                    return redirect(self.get_url(".details_view", id=row.id))
                row = self.row_or_404(request.args.get("id"))
        self.prepare([row])
        return self.render(
            self.thread_page, heading=self.title_of(row), fact_line=" · ".join(filter(None, (self.who(row), closed))),
            buttons=[], messages=self.messages(row), form=form, back=self.get_url(".index_view"), row=row,
            crumbs=self.crumbs, badges=signs(row), away=self.away(row), tools=self.tools(row),
            print_url=self.get_url(".print_view", id=row.id), case=self.case(row),
        )

    @expose("/do/<verb>/", methods=("GET", "POST"))
    def do(self, verb: str) -> Any:
        """What is done to a thread is done on its own page."""
        action, row = self.action_or_404(verb), self.row_or_404(request.args.get("id"))
        require(actor(), action.key, row)
        return redirect(self.get_url(".details_view", id=row.id))

    def tools(self, row: Thread) -> dict[str, Any]:
        """What may be done with where the thread lies."""
        member = db.session.scalars(
            select(ThreadMember).where(ThreadMember.thread_id == row.id, self.members())
            .order_by(ThreadMember.id)).first()
        away = member is not None and (member.archived or member.folder_id is not None)
        return {
            "url": self.get_url(".put_away", id=row.id), "away": away,
            "folders": db.session.scalars(act.folders_of(row, actor())).all(),
            "folder": member.folder_id if member else None,
        }

    @expose("/put_away/", methods=("POST",))
    def put_away(self) -> Any:
        """Archive, bring back, mark as unread, or put into a folder."""
        row: Any = self.row_or_404(request.args.get("id"))
        verb = request.form.get("verb", "")
        if verb not in PUT_AWAY:
            abort(404)
        given: dict[str, Any] = {}
        if verb == "file":
            number = row_number(request.form.get("folder", ""))
            folder = db.session.get(Folder, number) if number is not None else None
            if folder is None:
                verb = "bring_back"
            else:
                given["folder"] = folder
        with transaction():
            ACTIONS[f"message.{verb}"].run(row, actor(), **given)
        flash(told(f"message.done_{verb}"), "success")
        return redirect(self.get_url(".index_view"))

    def away(self, row: Thread) -> list[str]:
        return []

    def case(self, row: Thread) -> tuple[str, str] | None:
        """The case that it is about, on a page of its own."""
        return None

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
            .options(joinedload(Message.post).options(
                joinedload(Post.person), joinedload(Post.user), selectinload(Post.files),
                joinedload(Post.box).joinedload(Box.group).joinedload(Group.unit)))).all()
        few = [one.id for one in found if (one.post.recipients or 0) <= NAMED]
        read: dict[int, list[Receipt]] = {}
        for receipt in db.session.scalars(
            select(Receipt).where(Receipt.message_id.in_(few), Receipt.read_at.is_not(None))
            .order_by(Receipt.read_at, Receipt.id).options(joinedload(Receipt.person))
        ):
            read.setdefault(receipt.message_id, []).append(receipt)
        return [self.message(one, read.get(one.id, [])) for one in found]

    def message(self, message: Message, read: list[Receipt]) -> dict[str, Any]:
        post, mine = message.post, self.is_mine(message.post)
        gone = post.withdrawn
        return {
            "who": self.writer(post), "when": moment(message.at), "mine": mine, "gone": gone,
            "text": told("message.withdrawn") if gone else post.body,
            "files": [] if gone else [(f"{one.name} ({size_of(one.size)})", self.get_url(".file_view", id=one.id))
                                      for one in post.files],
            "read": self.read_line(read) if mine and (post.recipients or 0) <= NAMED else "",
            "url": self.post_url(post, message) if mine else "",
        }

    def post_url(self, post: Post, message: Message) -> str:
        """The page on which the writer undoes or withdraws, where there is one."""
        return ""

    def writer(self, post: Post) -> str:
        return act.writer_name(post, language())

    def read_line(self, receipts: list[Receipt]) -> str:
        """Who of the other side has read a message, and when."""
        found = [f"{self.reader(one)} {moment(one.read_at)}" for one in receipts if one.read_at and self.reader(one)]
        return told("message.read_by", who=", ".join(found)) if found else told("message.not_read")

    def reader(self, receipt: Receipt) -> str:
        raise NotImplementedError


def signs(thread: Thread) -> list[tuple[str, str]]:
    """What is particular about a thread, as badges."""
    found = []
    if thread.urgent:
        found.append(("bad", told("message.urgent")))
    if thread.sensitive:
        found.append(("warn", told("message.sensitive")))
    if thread.kind is PostKind.BULLETIN:
        found.append(("", told("message.bulletin_copy" if thread.copy else "message.bulletin")))
    return found


def begins(text: str) -> str:
    """The beginning of a message on one line."""
    line = " ".join(text.split())
    return line if len(line) <= BEGINNING else f"{line[:BEGINNING].rsplit(' ', 1)[0]} …"
