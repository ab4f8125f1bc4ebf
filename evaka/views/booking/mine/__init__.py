"""A guardian's calendar: the week of all children, the month, one day in three taps, and many days at once."""

from __future__ import annotations

from typing import Any

from flask import url_for

from evaka.access import Actor, may
from evaka.actions import booking as act
from evaka.actions.booking.facts import day_facts
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.rules.booking import first_open_monday, lock_of
from evaka.rules.calendar.holiday_period import Phase
from evaka.views.booking.mine.day import DayPage
from evaka.views.booking.mine.family import books, kids_of, tells_only
from evaka.views.booking.mine.many import ManyPages
from evaka.views.booking.mine.month import MonthPage, months_told
from evaka.views.booking.mine.week import WeekPage, days_told
from evaka.views.page import clock, told, written


class MyCalendar(WeekPage, MonthPage, DayPage, ManyPages):
    permission = "booking.book"

    def __init__(self, name: str, prefix: str = "", base: str = "") -> None:
        super().__init__(name)
        self.word, self.endpoint, self.url = f"menu.{prefix}{name}", f"{prefix}{name}", f"{base}/{name}"


def booking_asked(by: Actor) -> list[dict[str, Any]]:
    """A line on the guardian's first page for the next open week in which something is not booked."""
    if by.user is None or not may(by, "booking.book") or not db.session.scalar(books(by)):
        return []
    rules = act.policy()
    monday = first_open_monday(by.now, rules)
    kids = kids_of(by)
    known = day_facts([one.id for one in kids], DateRange(monday, monday + 6 * DAY), by)
    days = {day for facts in known.values() for day, one in facts.items()
            if one.has_care and one.opened and not one.fixed and not one.booked and not one.absences
            and one.phase is not Phase.NOT_YET}
    if not days:
        return []
    locks = lock_of(monday, rules)
    left = (locks.date() - by.today).days
    return [{
        "label": told("booking.waits", number=monday.isocalendar().week),
        "note": told("booking.waits_note", first=f"{monday.day}.{monday.month}.", last=written(monday + 4 * DAY),
                     weekday=told(f"weekday.{locks.isoweekday()}"), day=f"{locks.day}.{locks.month}.",
                     clock=clock(locks.time())),
        "url": url_for("my_booking.index", week=monday.isoformat()),
        "badge": ("warn", told("booking.days_left", count=left)) if left <= 14 else None}]


__all__ = ["MyCalendar", "booking_asked", "books", "days_told", "kids_of", "months_told", "tells_only"]
