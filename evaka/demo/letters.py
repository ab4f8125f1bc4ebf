"""What groups and families have written to each other, and what else lies in the boxes."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any

from evaka.demo import names
from evaka.demo.desk import office_hour
from evaka.demo.families import Calendar
from evaka.demo.logins import ADMIN, DIRECTOR, Logins
from evaka.demo.rows import Rows
from evaka.models.message import (
    Away,
    Box,
    Folder,
    Message,
    Post,
    Receipt,
    Template,
    Thread,
    ThreadChild,
    ThreadMember,
)
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import BoxKind, PostKind, PostStatus

Circle = tuple[tuple[int, ...], list[int]]  # guardians, and the children of just these


class Letters:
    def __init__(self, rows: Rows, rng: Random, calendar: Calendar, logins: Logins) -> None:
        self.rows, self.rng, self.calendar, self.logins = rows, rng, calendar, logins
        self.boxes: dict[int, int] = {}  # by group

    def box(self, group: int) -> int:
        if group not in self.boxes:
            self.boxes[group] = self.rows.add(Box, kind=BoxKind.GROUP, group_id=group, user_id=None, signature="")
        return self.boxes[group]

    def post(self, group: int, circles: list[Circle], *, language: str, ago: int) -> None:
        """A letter to the families of a group some days ago: (guardians, children) each; answers of a few."""
        rng, author, box = self.rng, self.logins.staff[group], self.box(group)
        title, body = names.SWEDISH_LETTER if language == "sv" else rng.choice(names.LETTERS)
        at = office_hour(self.calendar.day - timedelta(days=ago), rng)
        post = self._post(
            title, body, at, box_id=box, user_id=author, audience=Chosen(groups=(group,)).kept(),
            recipients=len({one for guardians, _ in circles for one in guardians}))
        for guardians, children in circles:
            self._thread(box, post, author, title, at, guardians, children)

    def _post(self, title: str, body: str, at: datetime, **more: Any) -> int:
        digest = sha256(f"{self.rows.counts['post']} {title} {at.isoformat()}".encode()).hexdigest()
        base = {"kind": PostKind.MESSAGE, "status": PostStatus.SENT, "box_id": None, "person_id": None,
                "user_id": None, "audience": {}, "digest": digest, "recipients": 1, "send_at": None}
        return self.rows.add(Post, **(base | {"title": title, "body": body, "at": at} | more))

    def _thread(self, box: int, post: int, author: int, title: str, at: datetime,
                guardians: tuple[int, ...], children: list[int]) -> None:
        rng = self.rng
        replied, answered = rng.random() < 0.15, rng.random() < 0.5
        reply_at, answer_at = at + timedelta(hours=rng.randint(1, 6)), at + timedelta(hours=rng.randint(7, 20))
        moment = self.calendar.now
        replied = replied and reply_at < moment
        answered = replied and answered and answer_at < moment
        last = answer_at if answered else reply_at if replied else at
        thread = self.rows.add(Thread, title=title, kind=PostKind.MESSAGE, box_id=box, post_id=post, last_at=last)
        self._member(thread, last, box_id=box, received_at=reply_at if replied else None)
        for person in guardians:
            self._member(thread, last, person_id=person)
        for child in children:
            self.rows.add(ThreadChild, thread_id=thread, child_id=child)
        first = self.rows.add(Message, thread_id=thread, post_id=post, at=at)
        for person in guardians:
            read = (replied and person == guardians[0]) or rng.random() < 0.75
            self._receipt(first, person, None, min(at + timedelta(hours=rng.randint(0, 30)), moment) if read else None)
        if replied:
            writer, *others = guardians
            second = self._said(thread, title, rng.choice(names.REPLIES), reply_at, person_id=writer)
            for person in others:
                self._receipt(second, person, None, None)
            self._receipt(second, None, box, answer_at if answered else None)
        if answered:
            third = self._said(thread, title, rng.choice(names.ANSWERS), answer_at, box_id=box, user_id=author)
            for person in guardians:
                self._receipt(third, person, None, None)

    def _said(self, thread: int, title: str, body: str, at: datetime, **writer: int) -> int:
        post = self._post(title, body, at, kind=PostKind.REPLY, audience={"thread": thread}, **writer)
        return self.rows.add(Message, thread_id=thread, post_id=post, at=at)

    def _member(self, thread: int, last: datetime, *, person_id: int | None = None, box_id: int | None = None,
                received_at: datetime | None = None) -> None:
        self.rows.add(ThreadMember, thread_id=thread, person_id=person_id, box_id=box_id, last_at=last,
                      received_at=received_at)

    def _receipt(self, message: int, person: int | None, box: int | None, read: datetime | None) -> None:
        self.rows.add(Receipt, message_id=message, person_id=person, box_id=box, read_at=read)

    # -- what lies there besides ------------------------------------------------------------------

    def bulletin(self, people: list[int], ago: int) -> None:
        """One of the city to everybody, in one thread."""
        author = self.logins.ids[ADMIN.email]
        box = self.rows.add(Box, kind=BoxKind.MUNICIPAL, group_id=None, user_id=None, signature="")
        at = office_hour(self.calendar.day - timedelta(days=ago), self.rng)
        title, body = names.BULLETIN
        post = self._post(title, body, at, kind=PostKind.BULLETIN, box_id=box, user_id=author,
                          audience=Chosen(everybody=True).kept(), recipients=len(people))
        thread = self.rows.add(Thread, title=title, kind=PostKind.BULLETIN, box_id=box, post_id=post, last_at=at)
        message = self.rows.add(Message, thread_id=thread, post_id=post, at=at)
        self._member(thread, at, box_id=box)
        for person in people:
            self._member(thread, at, person_id=person)
            read = self.rng.random() < 0.6
            self._receipt(message, person, None, at + timedelta(hours=self.rng.randint(0, 20)) if read else None)

    def desk_of_director(self, group: int) -> None:
        """What the director of the demo's own unit has begun, and what waits for its day."""
        user = self.logins.ids[DIRECTOR.email]
        box = self.rows.add(Box, kind=BoxKind.PERSONAL, group_id=None, user_id=user, signature=names.SIGNATURE)
        at, morning = self.calendar.now, office_hour(self.calendar.day + timedelta(days=1), self.rng)
        for status, send_at, (title, body) in (
            (PostStatus.DRAFT, None, names.LETTERS[2]), (PostStatus.WAITING, morning, names.LETTERS[3]),
        ):
            self._post(title, f"{body}\n\n{names.SIGNATURE}", at, status=status, kind=PostKind.BULLETIN, box_id=box,
                       user_id=user, send_at=send_at, audience=Chosen(groups=(group,)).kept(), recipients=None)
        self.rows.add(Template, box_id=box, name="Vanhempainilta", title=names.LETTERS[2][0], body=names.LETTERS[2][1])
        self.rows.add(Folder, box_id=box, person_id=None, name="Esiopetus")
        start = self.calendar.day + timedelta(days=5)
        self.rows.add(Away, box_id=box, start=start, end=start + timedelta(days=6), reply=names.AWAY)
