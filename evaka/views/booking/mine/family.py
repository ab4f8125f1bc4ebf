"""The children of a guardian who are booked, and what the pages of the calendar have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, request
from sqlalchemy import Select, select

from evaka.access import Actor
from evaka.actions import booking as act
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.person.custody import told_children
from evaka.models.placement import Placement, children_with
from evaka.rules.unit import Feature
from evaka.views.attendance import tells_absences
from evaka.views.base import Page
from evaka.views.base.rows import row_number
from evaka.views.booking.balance import warnings
from evaka.views.page import actor, told

AHEAD = timedelta(days=400)  # how far a page looks, at most


def books(by: Actor) -> Select[tuple[bool]]:
    """Whether some child of a guardian has a place where bookings are in use."""
    return select(_books(by))


def tells_only(by: Actor) -> Select[tuple[bool]]:
    """Whether absences are told but nothing is booked: then absences have a tab of their own."""
    return select(sa.and_(tells_absences(by).scalar_subquery(), ~_books(by)))


def _books(by: Actor) -> sa.Exists:
    person = by.user.person_id if by.user and by.user.person_id else -1
    return children_with(Feature.BOOKINGS, by.today).where(
        Placement.child_id.in_(told_children(person, by.today))).exists()


def kids_of(by: Actor) -> list[Person]:
    """The children of a guardian who have a place, or will soon, the oldest first."""
    if by.user is None or by.user.person_id is None:
        return []
    soon = by.today + timedelta(days=act.policy().calendar_opens_days)
    return list(db.session.scalars(
        select(Person).where(
            Person.id.in_(told_children(by.user.person_id, by.today)), Person.deceased.is_(None),
            select(Placement.id).where(Placement.child_id == Person.id, Placement.meets(DateRange(by.today)),
                                       Placement.start <= soon).exists(),
        ).order_by(Person.born, Person.id)))


class Family(Page):
    """What addresses name, and what is told after saving."""

    def own_child(self, id: Any) -> Person:
        number = row_number(id)
        return next((one for one in kids_of(actor()) if one.id == number), None) or abort(404)

    def asked_day(self, name: str, usual: date) -> date:
        """A day of the address; a wrong or far one is the usual one."""
        try:
            day = date.fromisoformat(request.args.get(name, ""))
        except ValueError:
            return usual
        return day if abs(day - actor().today) <= AHEAD + 31 * DAY else usual

    def day_or_404(self, text: str) -> date:
        try:
            return date.fromisoformat(text)
        except ValueError:
            abort(404)

    def tell_skipped(self, skipped: dict[tuple[int, date], str]) -> None:
        """What was not done, a sentence for each reason with its days."""
        for why in dict.fromkeys(skipped.values()):
            days = sorted({day for (_, day), one in skipped.items() if one == why})
            shown = ", ".join(f"{day.day}.{day.month}." for day in days[:10]) + (" …" if days[10:] else "")
            flash(told(why, days=shown), "warning")

    def warn(self, children: Iterable[Person], days: Collection[date], by: Actor) -> None:
        """That more is booked of a month than was agreed: while it can still be changed."""
        for one in warnings(children, days, by):
            flash(one, "warning")
