"""The boxes of the office, as whoever uses them reads and answers."""

from __future__ import annotations

from typing import Any

from flask import g, request
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import joinedload

from evaka.access import everywhere
from evaka.actions import message as act
from evaka.models.base import db
from evaka.models.message import Box, Folder, Message, Post, Receipt, Thread, ThreadMember
from evaka.models.search import words_found
from evaka.models.unit import Group, Unit
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import PostKind, PostStatus
from evaka.views.base import Button, row_number
from evaka.views.message.cases import case_of
from evaka.views.message.compose import Compose
from evaka.views.message.letters import NAMED, PAGE, Letters, begins
from evaka.views.message.named import audiences
from evaka.views.message.numbers import unread_of_groups
from evaka.views.message.posts import Posts
from evaka.views.message.settings import BoxSettings
from evaka.views.page import actor, language, moment, told

FEW = 8  # boxes that stand side by side; of more one is chosen
MANY = 60  # boxes, beyond which one is looked into at a time
TABS = ("received", "all", "sent", "drafts", "copies", "archive")


class MessageScreen(Letters, Compose, Posts, BoxSettings):  # Flask-Admin gives each class pages of its own
    """The boxes that the reader uses: what the families have written, and what was sent."""

    verb = "answer"

    def members(self) -> ColumnElement[bool]:
        """By the box, never as somebody's own: staff who are guardians too read their letters on the other pages."""
        where = act.seen(actor())
        return and_(where, ThreadMember.box_id == box) if (box := self.box_asked()) is not None else where

    def visible(self) -> ColumnElement[bool]:
        return Thread.id.in_(select(ThreadMember.thread_id).where(act.seen(actor())))

    def inbox(self) -> ColumnElement[bool]:
        return Receipt.box_id.in_(select(Box.id).where(act.mine(actor())))

    def unread(self) -> int:
        return unread_of_groups(actor())

    def who(self, thread: Any) -> str:
        children = ", ".join(one.child.first_name for one in thread.children)
        if thread.kind is PostKind.BULLETIN:
            names = told("message.about", children=children) if children else self.audience(thread.post)
        else:
            names = f"{self.people(thread)} ({children})" if children else self.people(thread)
        return f"{names} · {act.box_name(thread.box, language())}"

    def audience(self, post: Post | None) -> str:
        """To whom a bulletin went, as far as the reader may see."""
        return (post and g.audience_of_post.get(post.id)) or told("message.to_families")

    def prepare(self, threads: list[Thread]) -> None:
        super().prepare(threads)
        bulletins = [one.post for one in threads if one.kind is PostKind.BULLETIN and one.post is not None]
        g.audience_of_post = audiences(bulletins, actor())

    def is_mine(self, post: Post) -> bool:
        return post.person_id is None

    def writer(self, post: Post) -> str:
        """Who of the staff held the pen, and in whose name."""
        name = super().writer(post)
        if post.box_id is None or (post.user is not None and post.box is not None and post.box.user_id):
            return name
        return f"{post.user or told('message.by_itself')} · {name}"

    def reader(self, receipt: Receipt) -> str:
        return f"{receipt.person.first_name} {receipt.person.last_name}" if receipt.person else ""

    def case(self, row: Thread) -> tuple[str, str] | None:
        return case_of(row)

    def post_url(self, post: Post, message: Message) -> str:
        return str(self.get_url(".post_view", id=post.id))

    # -- boxes -------------------------------------------------------------------------------------

    def box_asked(self) -> int | None:
        return row_number(request.args.get("of", "")) or self._only()

    def _only(self) -> int | None:
        """Whoever reaches every box looks into one at a time, first the own one."""
        if not everywhere(actor(), "message.view"):
            return None
        own = self._boxes_offered()
        return own[0].id if own else None

    def _boxes_offered(self) -> list[Box]:
        """The boxes among which one chooses; of those who reach every group only what is not a group's."""
        query = select(Box).where(act.mine(actor()))
        if everywhere(actor(), "message.view"):
            query = query.where(Box.group_id.is_(None))
        return list(db.session.scalars(
            query.outerjoin(Group, Group.id == Box.group_id).outerjoin(Unit, Unit.id == Group.unit_id)
            .order_by(Box.group_id.is_not(None), Unit.name, Group.name, Box.id).limit(MANY)
            .options(joinedload(Box.group).joinedload(Group.unit), joinedload(Box.user))))

    def whose(self) -> dict[str, Any] | None:
        offered = self._boxes_offered()
        asked = self.box_asked()
        if asked is not None and asked not in {one.id for one in offered}:
            offered += db.session.scalars(select(Box).where(Box.id == asked, act.mine(actor()))).all()
        if len(offered) < 2:
            return None
        waiting = dict(db.session.execute(act.unread_by_box(actor())).tuples().all())
        box = request.args.get("box", "received")
        short = len({one.group.unit_id for one in offered if one.group is not None}) == 1
        options = [(one.id, self._counted(
            one.group.name if short and one.group is not None else act.box_name(one, language()),
            waiting.get(one.id, 0))) for one in offered]
        few = len(offered) <= FEW
        return {
            "value": asked, "options": options, "all": not everywhere(actor(), "message.view"), "box": box,
            "links": [(label, self.get_url(".index_view", box=box, of=id), id == asked) for id, label in options]
            if few else [], "every": self.get_url(".index_view", box=box),
        }

    def _counted(self, name: str, count: int) -> str:
        return f"{name} ({count})" if count else name

    def head_buttons(self) -> list[Button]:
        if not act.may_write(actor()):
            return []
        return [Button(told("message.settings"), self.get_url(".settings"), "secondary"),
                Button(told("ui.message.new"), self.get_url(".new"), "primary")]

    def boxes(self) -> list[tuple[str, str, bool]]:
        box, of = request.args.get("box", "received"), request.args.get("of")
        found = [(told(f"message.box.{name}"), self.get_url(".index_view", box=name, of=of), box == name)
                 for name in TABS]
        folders = db.session.scalars(
            select(Folder).where(Folder.box_id.in_(select(Box.id).where(act.mine(actor()))), *(
                [Folder.box_id == asked] if (asked := self.box_asked()) is not None else []))
            .order_by(Folder.name).limit(MANY))
        found += [(one.name, self.get_url(".index_view", box=f"folder-{one.id}", of=of), box == f"folder-{one.id}")
                  for one in folders]
        return found

    def chosen(self) -> ColumnElement[bool] | None:
        copies = select(Thread.id).where(Thread.id == ThreadMember.thread_id, Thread.copy).exists()
        box = request.args.get("box", "received")
        if (number := row_number(box.removeprefix("folder-"))) is not None:
            return ThreadMember.folder_id == number
        match box:
            case "sent" | "drafts":
                return None
            case "all":
                return ThreadMember.id > 0
            case "copies":
                return and_(copies, ~ThreadMember.archived)
            case "archive":
                return ThreadMember.archived
        return and_(ThreadMember.received_at.is_not(None), ~ThreadMember.archived, ThreadMember.folder_id.is_(None),
                    ~copies)

    def posts(self, typed: str, page: int) -> list[dict[str, Any]]:
        """One row for each letter that was sent, however many families it went to; or for each draft."""
        drafts = request.args.get("box") == "drafts"
        query = select(Post).where(
            act.posts_seen(actor()), Post.kind != PostKind.REPLY,
            Post.status == PostStatus.DRAFT if drafts else Post.status != PostStatus.DRAFT)
        if (asked := self.box_asked()) is not None:
            query = query.where(Post.box_id == asked)
        if typed:
            query = query.where(words_found(Post, typed))
        found = db.session.scalars(
            query.order_by(Post.at.desc(), Post.id.desc()).limit(PAGE + 1).offset(page * PAGE)
            .options(joinedload(Post.box).joinedload(Box.group).joinedload(Group.unit), joinedload(Post.user))).all()
        counts = self._counts([one.id for one in found if (one.recipients or 0) <= NAMED * 10])
        known = audiences(found, actor())
        return [self._post_line(one, counts.get(one.id), known[one.id]) for one in found]

    def _counts(self, ids: list[int]) -> dict[int, tuple[int, int]]:
        """By post how many boxes of guardians it lies in, and in how many it was read."""
        return {post: (boxes, read) for post, boxes, read in db.session.execute(
            select(Message.post_id, func.count(), func.count(Receipt.read_at))
            .join(Receipt, Receipt.message_id == Message.id)
            .where(Message.post_id.in_(ids), Receipt.person_id.is_not(None)).group_by(Message.post_id))}

    def _post_line(self, post: Post, count: tuple[int, int] | None, whom: str) -> dict[str, Any]:
        badges = []
        if post.failed:
            badges.append(("bad", told("message.not_delivered")))
        if post.withdrawn:
            badges.append(("warn", told("message.withdrawn_title")))
        if post.status is PostStatus.WAITING:
            badges.append(("info", told("message.waits_for", at=post.send_at) if post.send_at else
                           told("message.on_its_way")))
        if post.kind is PostKind.BULLETIN:
            badges.append(("", told("message.bulletin")))
        draft = post.status is PostStatus.DRAFT
        text = begins(post.body) if draft else (
            told("message.read_count", read=count[1], count=count[0]) if count else
            told("message.recipient_count", count=post.recipients or 0))
        if post.box and Chosen.of(post.audience) == Chosen(groups=(post.box.group_id or 0,)):
            whom = ""  # a group's own families: the name of the box says it
        return {
            "who": "" if draft else text, "text": " · ".join(filter(None, (
                whom, act.box_name(post.box, language()) if post.box else "",
                str(post.user) if post.user and post.box and not post.box.user_id else "", text if draft else ""))),
            "subject": post.title or told("message.untitled"), "when": moment(post.at), "unread": False,
            "url": self.get_url(".edit" if draft else ".post_view", id=post.id), "badges": badges,
        }
