"""The days ahead of a guardian's children: asked once for all that the first page tells of them."""

from __future__ import annotations

from flask import request

from evaka.access import Actor
from evaka.actions import booking as act
from evaka.actions.booking.facts import Known, day_facts
from evaka.kit.dates import DAY, DateRange
from evaka.models.person import Person
from evaka.rules.booking import first_open_monday, monday_of
from evaka.rules.booking.lock import WEEK
from evaka.views.booking.mine import kids_of


def ahead(by: Actor) -> tuple[list[Person], Known]:
    """The children with a place, and what is known of their days of this week, the next, and the next open one."""
    asked = request.environ
    if "evaka.days_ahead" not in asked:
        kids = kids_of(by)
        last = max(monday_of(by.today) + WEEK, first_open_monday(by.now, act.policy())) + WEEK - DAY
        known = day_facts([one.id for one in kids], DateRange(by.today, last), by) if kids else {}
        asked["evaka.days_ahead"] = kids, known
    return asked["evaka.days_ahead"]  # type: ignore[no-any-return]
