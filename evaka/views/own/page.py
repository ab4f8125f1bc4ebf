"""What the guardian's own pages have in common: where they stand, whose they are, and how something is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, flash, request

from evaka.actions import own as act
from evaka.models.person import Person
from evaka.views.base import Page, row_number
from evaka.views.base.attempt import attempt
from evaka.views.page import actor, told


class OwnPage(Page):
    """A page of the guardians' menu that is not about one kind of row."""

    permission = "my.view"

    def me(self) -> Person:
        return act.me_of(actor()) or abort(404)

    def child(self, id: Any) -> Person:
        """A child of the reader; another one does not exist here."""
        number = row_number(id)
        return next((one for one in self.kids() if one.id == number), None) or abort(404)

    def kids(self) -> list[Person]:
        """The reader's children; asked once a page."""
        asked = request.environ
        if "evaka.own_kids" not in asked:
            asked["evaka.own_kids"] = act.own_kids(actor())
        return asked["evaka.own_kids"]  # type: ignore[no-any-return]

    def told_kids(self) -> list[Person]:
        """Those of them of whom the reader is told where they are; asked once a page."""
        asked = request.environ
        if "evaka.told_kids" not in asked:
            asked["evaka.told_kids"] = act.told_of(self.kids(), actor())
        return asked["evaka.told_kids"]  # type: ignore[no-any-return]

    def saved(self, change: Callable[[], Any], done: str, **facts: Any) -> bool:
        """Do it, and say so; or say why not."""
        with attempt() as tried:
            change()
        if not tried.done:
            return False
        flash(told(done, **facts), "success")
        return True
