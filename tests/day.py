"""A day of a unit for tests: who is booked, who has come, which adults work."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from evaka.models.base import HELSINKI
from evaka.models.booking import Booking, BookingPattern, ServiceTimes
from evaka.models.person import Person
from evaka.models.presence import Presence
from evaka.models.staff import Shift, StaffMember, StaffPresence
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.booking import Pattern, Span, TimesKind
from tests import factories
from tests.factories import save

MONDAY = date(2026, 6, 1)


def clock(text: str) -> time:
    """8.42"""
    hour, _, minute = text.partition(".")
    return time(int(hour), int(minute or 0))


def moment(text: str, day: date = MONDAY) -> datetime:
    return datetime.combine(day, clock(text), HELSINKI)


def child(group: Group, born: date = date(2022, 5, 1), **fields: Any) -> Person:
    """A child with a full-day place in the group since the beginning of 2026."""
    row = factories.child(born=born, **fields)
    place = factories.placement(row, date(2026, 1, 1), unit=group.unit)
    factories.in_group(place, group)
    return row


def booked(child: Person, times: str, day: date = MONDAY) -> Person:
    """ "8.00-16.00", several with a comma, or "" for "comes, times not told"."""
    for span in times.split(","):
        begins, _, ends = span.partition("-")
        save(Booking(child_id=child.id, day=day, begins=clock(begins) if begins else None,
                     ends=clock(ends) if ends else None))
    return child


def week(child: Person, times: str, weekdays: set[int], *, agreed: bool = False) -> None:
    """A week that repeats, or (`agreed`) the hours that were agreed."""
    begins, _, ends = times.partition("-")
    pattern = Pattern.of([Span(clock(begins), clock(ends))], weekdays)
    if agreed:
        save(ServiceTimes(child_id=child.id, start=date(2026, 1, 1), end=None, kind=TimesKind.IRREGULAR, week=pattern))
    else:
        save(BookingPattern(child_id=child.id, start=date(2026, 1, 1), end=None, week=pattern))


def came(child: Person, unit: Unit, arrived: str, left: str = "", day: date = MONDAY, **fields: Any) -> Presence:
    return save(Presence(child_id=child.id, unit_id=unit.id, day=day, arrived=clock(arrived),
                         left=clock(left) if left else None, **fields))


def adult(name: str, coefficient: str = "") -> User:
    """Somebody of the staff; with a coefficient, what is known of it beside the log-in."""
    row = factories.user("staff", name=name)
    if coefficient:
        save(StaffMember(user_id=row.id, coefficient=Decimal(coefficient)))
    return row


def shift(user: User, group: Group, times: str, day: date = MONDAY, **fields: Any) -> Shift:
    begins, _, ends = times.partition("-")
    return save(Shift(user_id=user.id, unit_id=group.unit_id, group_id=group.id, start=moment(begins, day),
                      finish=moment(ends, day), **fields))


def works(user: User | str, group: Group, arrived: str, left: str = "", day: date = MONDAY, **fields: Any) -> Any:
    """An adult with a group; somebody from outside by name."""
    who = {"name": user} if isinstance(user, str) else {"user_id": user.id}
    return save(StaffPresence(unit_id=group.unit_id, group_id=group.id, arrived=moment(arrived, day),
                              left=moment(left, day) if left else None, **who, **fields))
