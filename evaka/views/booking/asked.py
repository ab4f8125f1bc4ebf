"""What a guardian's first page says of bookings: days that are not booked, and a month of which too much is."""

from __future__ import annotations

from typing import Any

from flask import url_for

from evaka.access import Actor, may
from evaka.actions import booking as act
from evaka.actions.booking.balance import months_of
from evaka.actions.booking.facts import Known
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.models.person import Person
from evaka.rules.booking import first_open_monday, lock_of
from evaka.rules.calendar.holiday_period import Phase
from evaka.views.booking.ahead import ahead
from evaka.views.booking.balance import balance_line
from evaka.views.booking.mine import books
from evaka.views.page import clock, told, written


def booking_asked(by: Actor) -> list[dict[str, Any]]:
    """Lines on the guardian's first page: the next open week in which something is not booked, and a month of which
    more is booked than was agreed."""
    if by.user is None or not may(by, "booking.book") or not db.session.scalar(books(by)):
        return []
    kids, known = ahead(by)
    return _week_asked(known, by) + _months_over(kids, by)


def _months_over(kids: list[Person], by: Actor) -> list[dict[str, Any]]:
    month = DateRange.month(by.today.year, by.today.month)
    found = months_of([one.id for one in kids], month, by)
    lines = [balance_line(one, found[one.id]) for one in kids if one.id in found and found[one.id].balance.over]
    return [{"label": told("booking.month_full", name=one["name"]), "note": one["text"],
             "url": url_for("my_booking.index"), "badge": one["badge"]} for one in lines]


def _week_asked(known: Known, by: Actor) -> list[dict[str, Any]]:
    rules = act.policy()
    monday = first_open_monday(by.now, rules)
    week = DateRange(monday, monday + 6 * DAY)
    days = {day for facts in known.values() for day, one in facts.items()
            if day in week and one.has_care and one.opened and not one.fixed and not one.booked and not one.absences
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
