"""Of a guardian's children: whether they are there now, what is booked today, and the days ahead, each with one tap."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from evaka.access import Actor, may
from evaka.actions.booking.facts import Known
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.presence import Presence
from evaka.rules.booking import monday_of
from evaka.rules.booking.lock import WEEK
from evaka.views.booking import ahead, books, days_told
from evaka.views.booking.cells import is_away, times_in_words
from evaka.views.page import clock, told

Badge = tuple[str, str]


@dataclass
class Today:
    """What is known of the children today: asked once for all of them."""

    by: Actor
    known: Known
    seen: dict[int, Presence] = field(default_factory=dict)  # the newest of the day
    tapping: set[int] = field(default_factory=set)  # units in which somebody has been signed in today

    def booked(self, child: Person) -> str:
        """ "booked 8.00–15.30", where times are told."""
        facts = self.known.get(child.id, {}).get(self.by.today)
        if facts is None or not facts.has_care or is_away(facts) or not any(facts.booked):
            return ""
        return told("home.booked", times=times_in_words(facts))

    def badge(self, child: Person, unit: int) -> Badge | None:
        """Whether the child has come, or left again; that it has not, when it is time."""
        row = self.seen.get(child.id)
        if row is not None:
            if row.left is None:
                return "good", told("home.here_since", clock=clock(row.arrived))
            return "", told("home.left_at", clock=clock(row.left))
        facts = self.known.get(child.id, {}).get(self.by.today)
        begun = [span for span in facts.booked if span and span.begins <= self.by.now.time()] if facts else []
        if begun and facts is not None and facts.has_care and not is_away(facts) and unit in self.tapping:
            return "warn", told("home.not_come")
        return None

    def ill(self, child: Person) -> str:
        """What one tap sends, while the child may still be told ill today; "" when there is nothing to tell."""
        facts = self.known.get(child.id, {}).get(self.by.today)
        if facts is None or not facts.has_care or is_away(facts) or child.id in self.seen:
            return ""
        return f"{child.id}:{self.by.today.isoformat()}:sick" if may(self.by, "booking.book") else ""


def today_of(children: Collection[int], units: Collection[int], by: Actor) -> Today:
    """The day of children in these units, in a few questions."""
    if not children:
        return Today(by, {})
    rows = db.session.scalars(select(Presence).where(
        Presence.child_id.in_(children), Presence.day == by.today).order_by(Presence.arrived)).all()
    tapping = set(db.session.scalars(select(Presence.unit_id).where(
        Presence.unit_id.in_(units), Presence.day == by.today).distinct()))
    return Today(by, ahead(by)[1], {row.child_id: row for row in rows}, tapping)


def days_ahead(by: Actor) -> dict[str, Any]:
    """The rest of the week, and the next one folded: where bookings are in use."""
    if not may(by, "booking.book") or not db.session.scalar(books(by)):
        return {}
    kids, known = ahead(by)
    sunday = monday_of(by.today) + WEEK - DAY
    following = DateRange(sunday + DAY, sunday + WEEK)
    return {
        "days": days_told(kids, known, DateRange(by.today + DAY, sunday), by) if by.today < sunday else [],
        "later": days_told(kids, known, following, by),
        "later_title": told("home.next_week", first=f"{following.start.day}.{following.start.month}.",
                            last=f"{following.last_day.day}.{following.last_day.month}.")}
