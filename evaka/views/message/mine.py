"""A guardian's letters, on the guardians' own pages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from evaka.models.message import Receipt, Thread
from evaka.views.message.letters import Letters, unread_of_guardian
from evaka.views.page import actor, told


class MyMessages(Letters):
    """A guardian's letters with the groups of the children."""

    verb = "reply"
    list_page = "guardian/messages.html"
    thread_page = "guardian/thread.html"

    def visible(self) -> ColumnElement[bool]:
        me: Any = actor().user
        return super().visible() & Thread.of_person_on(me.person_id or -1, me.id, actor().today)

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
