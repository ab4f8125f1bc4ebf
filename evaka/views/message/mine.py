"""A guardian's letters, on the guardians' own pages."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request
from flask_admin import expose
from sqlalchemy import ColumnElement, and_, false, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from evaka.actions import message as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction
from evaka.models.journal import MailRefusal
from evaka.models.message import Away, Box, Folder, Post, Receipt, ThreadMember, reads_on
from evaka.models.person import Person
from evaka.views.base import Button, row_number, sentence
from evaka.views.base.attempt import attempt
from evaka.views.message.letters import Letters
from evaka.views.message.numbers import unread_of_guardian
from evaka.views.message.papers import sent_files
from evaka.views.page import actor, language, told


class MyMessages(Letters):
    """A guardian's letters with the groups of the children."""

    verb = "reply"
    office = False
    list_page = "guardian/messages.html"
    thread_page = "guardian/thread.html"

    def members(self) -> ColumnElement[bool]:
        """The guardian's own, as long as no child of a thread has been blocked, moved away, or is kept from it."""
        by = actor()
        if by.user is None or by.user.person_id is None:
            return false()
        return and_(ThreadMember.person_id == by.user.person_id, *reads_on(by.today))

    def inbox(self) -> ColumnElement[bool]:
        return Receipt.person_id == getattr(actor().user, "person_id", None)

    def unread(self) -> int:
        return unread_of_guardian(actor())

    def me(self) -> Person:
        user = actor().user
        return user.person if user is not None and user.person is not None else abort(404)

    def boxes(self) -> list[tuple[str, str, bool]]:
        box = request.args.get("box", "received")
        found = [(told(f"message.box.{name}"), self.get_url(".index_view", box=name), box == name)
                 for name in ("received", "archive")]
        found[1:1] = [(one.name, self.get_url(".index_view", box=f"folder-{one.id}"), box == f"folder-{one.id}")
                      for one in self.own_folders()]
        return found

    def own_folders(self) -> Any:
        return db.session.scalars(
            select(Folder).where(Folder.person_id == self.me().id).order_by(Folder.name)).all()

    def chosen(self) -> ColumnElement[bool] | None:
        box = request.args.get("box", "received")
        if (number := row_number(box.removeprefix("folder-"))) is not None:
            return ThreadMember.folder_id == number
        if request.args.get("search"):
            return ThreadMember.id > 0  # what is sought may lie anywhere
        return ThreadMember.archived if box == "archive" else and_(
            ~ThreadMember.archived, ThreadMember.folder_id.is_(None))

    def head_buttons(self) -> list[Button]:
        found = [Button(told("message.settings"), self.get_url(".settings"), "secondary")]
        if act.children_to_write_about(self.me().id, actor().today):
            found.append(Button(told("ui.message.new"), self.get_url(".new"), "primary"))
        return found

    def who(self, thread: Any) -> str:
        children = ", ".join(one.child.first_name for one in thread.children)
        name = act.box_name(thread.box, language())
        return f"{name} ({children})" if children else name

    def is_mine(self, post: Post) -> bool:
        return post.person_id is not None and post.person_id == getattr(actor().user, "person_id", None)

    def writer(self, post: Post) -> str:
        """The group, and the name of who wrote for it."""
        if post.box is not None and post.box.group is not None:
            return f"{post.box.group}, {post.user or told('message.by_itself')}"
        return super().writer(post)

    def reader(self, receipt: Receipt) -> str:
        """To a guardian only that the office has read it."""
        return told("message.the_office") if receipt.box_id else ""

    def away(self, row: Any) -> list[str]:
        boxes = [one.box_id for one in row.members if one.box_id] if len(row.members) < 40 else []
        return away_lines(boxes)

    # -- a new message ----------------------------------------------------------------------------

    @expose("/write/", methods=("GET", "POST"))
    def new(self) -> Any:
        """About which children, to whom, and what: two steps on one page."""
        by, me = actor(), self.me()
        mine = act.children_to_write_about(me.id, by.today)
        if not mine:
            raise Refused("message.nobody_to_write_to")
        typed = request.form if request.method == "POST" else request.args
        children = tuple(one for one in map(row_number, typed.getlist("children")) if one in mine)
        if not children and request.method == "GET" and len({units for _, units in mine.values()}) == 1:
            children = tuple(mine)
        offered, trouble = None, ""
        if children or request.method == "POST":
            try:
                offered = act.recipients(me.id, children, by.today)
            except Refused as no:
                trouble = sentence(no)
        if request.method == "POST" and request.form.get("step") == "send" and offered is not None:
            try:
                with transaction():
                    row = act.begin(me, by, title=request.form.get("title", "")[:200],
                                    body=request.form.get("body", "")[:20_000], children=children,
                                    to=tuple(request.form.getlist("to")), uploads=sent_files())
                    id = row.id
            except (Refused, IntegrityError) as no:  # pressed twice at the same instant: the database knows
                if isinstance(no, Denied):
                    raise
                trouble = sentence(no)
            else:
                flash(told("message.sent"), "success")
                return redirect(self.get_url(".details_view", id=id))
        return self.render(
            "guardian/message_new.html", heading=told("ui.message.new"), back=self.get_url(".index_view"),
            children=[(id, child.call_name, ", ".join(map(str, units)))
                      for id, (child, units) in mine.items()],
            picked=set(children), several=len(mine) > 1, trouble=trouble, typed=typed, offered=offered,
            away=away_lines(self._boxes_of(offered)) if offered else [],
            to=set(typed.getlist("to")) or self._first(offered), most=act.policy().megabytes,
        )

    def _first(self, offered: Any) -> set[str]:
        """The groups are chosen already: what parents write is mostly for them."""
        return {f"group-{one.id}" for one in offered.groups} if offered else set()

    def _boxes_of(self, offered: Any) -> list[int]:
        return list(db.session.scalars(select(Box.id).where(
            Box.user_id.in_([one.id for one in offered.users]) | Box.group_id.in_([one.id for one in offered.groups]))))

    # -- folders and notices ------------------------------------------------------------------------

    @expose("/settings/", methods=("GET", "POST"))
    def settings(self) -> Any:
        """Which notices come by e-mail, and the guardian's own folders."""
        by, me, kinds = actor(), self.me(), act.notices()
        if request.method == "POST":
            press = request.form.get("press", "")
            with attempt() as tried:
                if press == "notices":
                    wanted = [one for one in request.form.getlist("notices") if one in kinds]
                    act.choose_notices(me, by, wanted=wanted)
                elif press == "folder":
                    act.add_own_folder(me, by, name=request.form.get("name", ""))
                elif (number := row_number(press.removeprefix("drop-"))) is not None:
                    act.drop_own_folder(me, by, folder=number)
                else:
                    abort(404)
            if tried.done:
                flash(told("message.settings_kept"), "success")
                return redirect(self.get_url(".settings"))
        refused = set(db.session.scalars(select(MailRefusal.kind).where(MailRefusal.person_id == me.id)))
        return self.render(
            "guardian/message_settings.html", heading=told("message.settings"), back=self.get_url(".index_view"),
            kinds=[(kind, told(f"notice.{kind}"), kind not in refused) for kind in kinds],
            folders=self.own_folders(), email=me.email, typed=request.form.get("name", ""))


def away_lines(boxes: list[int]) -> list[str]:
    """Who of those that are written to is away now or soon."""
    found = db.session.scalars(act.away_on(boxes, actor().today).options(joinedload(Away.box)))
    return [told("message.is_away", who=act.box_name(one.box, language()), period=one.period) for one in found]
