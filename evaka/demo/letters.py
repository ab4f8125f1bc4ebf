"""What groups and families have written to each other."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from random import Random

from evaka.demo import names
from evaka.demo.desk import office_hour
from evaka.demo.families import Calendar
from evaka.demo.logins import Logins
from evaka.demo.rows import Rows
from evaka.models.message import Message, Post, Receipt, Thread, ThreadChild, ThreadMember

Circle = tuple[tuple[int, ...], list[int]]  # guardians, and the children of just these


class Letters:
    def __init__(self, rows: Rows, rng: Random, calendar: Calendar, logins: Logins) -> None:
        self.rows, self.rng, self.calendar, self.logins = rows, rng, calendar, logins

    def post(self, group: int, circles: list[Circle], *, language: str, ago: int) -> None:
        """A letter to the families of a group some days ago: (guardians, children) each; answers of a few."""
        rng, author = self.rng, self.logins.staff[group]
        title, body = names.SWEDISH_LETTER if language == "sv" else rng.choice(names.LETTERS)
        at = office_hour(self.calendar.day - timedelta(days=ago), rng)
        digest = sha256(f"{group} {author} {title} {at.isoformat()}".encode()).hexdigest()
        post = self.rows.add(Post, group_id=group, user_id=author, title=title, at=at, digest=digest)
        for guardians, children in circles:
            self._thread(group, post, author, title, body, at, guardians, children)

    def _thread(self, group: int, post: int, author: int, title: str, body: str, at: datetime,
                guardians: tuple[int, ...], children: list[int]) -> None:
        rng = self.rng
        replied, answered = rng.random() < 0.15, rng.random() < 0.5
        reply_at, answer_at = at + timedelta(hours=rng.randint(1, 6)), at + timedelta(hours=rng.randint(7, 20))
        moment = self.calendar.now
        replied = replied and reply_at < moment
        answered = replied and answered and answer_at < moment
        thread = self.rows.add(Thread, title=title, group_id=group, post_id=post,
                               last_at=answer_at if answered else reply_at if replied else at)
        for person in guardians:
            self.rows.add(ThreadMember, thread_id=thread, person_id=person)
        for child in children:
            self.rows.add(ThreadChild, thread_id=thread, child_id=child)
        first = self.rows.add(Message, thread_id=thread, person_id=None, user_id=author, at=at, body=body)
        for person in guardians:
            read = (replied and person == guardians[0]) or rng.random() < 0.75
            self._receipt(first, person, None, min(at + timedelta(hours=rng.randint(0, 30)), moment) if read else None)
        if replied:
            writer, *others = guardians
            second = self.rows.add(Message, thread_id=thread, person_id=writer, user_id=None, at=reply_at,
                                   body=rng.choice(names.REPLIES))
            for person in others:
                self._receipt(second, person, None, None)
            self._receipt(second, None, group, answer_at if answered else None)
        if answered:
            third = self.rows.add(Message, thread_id=thread, person_id=None, user_id=author, at=answer_at,
                                  body=rng.choice(names.ANSWERS))
            for person in guardians:
                self._receipt(third, person, None, None)

    def _receipt(self, message: int, person: int | None, group: int | None, read: datetime | None) -> None:
        self.rows.add(Receipt, message_id=message, person_id=person, group_id=group, read_at=read)
