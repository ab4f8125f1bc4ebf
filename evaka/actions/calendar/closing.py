"""What a closure does: bookings of its days go, and families are told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select, true

from evaka.access import Actor
from evaka.actions import notify, record
from evaka.kit.dates import DateRange
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.calendar import Closure
from evaka.models.person import Person
from evaka.models.person.custody import informed
from evaka.models.placement import Placement


def untold(by: Actor) -> Select[tuple[int]]:
    """Closures to come that have not been carried out yet."""
    return select(Closure.id).where(Closure.told_at.is_(None), Closure.end >= by.today).order_by(Closure.id)


def in_closed(unit_id: int | None) -> ColumnElement[bool]:
    """Of a booking: on its day the child is in the unit, as a guest or in its own place; None: in any unit at all.

    A guest of another unit that day is not in the own one, and keeps the booking.
    """
    if unit_id is None:
        return true()
    placed = select(Placement.id).where(
        Placement.child_id == Booking.child_id, Placement.unit_id == unit_id, Placement.on(Booking.day))
    guest = select(BackupCare.id).where(BackupCare.child_id == Booking.child_id, BackupCare.on(Booking.day))
    return guest.where(BackupCare.unit_id == unit_id).exists() | (placed.exists() & ~guest.exists())


def concerned(unit_id: int | None, period: DateRange) -> Select[Any]:
    """The children who have a place in the unit in a period, or come there as guests; None: in any."""
    placed = select(Placement.child_id).where(Placement.meets(period))
    if unit_id is None:
        return placed
    guests = select(BackupCare.child_id).where(BackupCare.unit_id == unit_id, BackupCare.meets(period))
    return placed.where(Placement.unit_id == unit_id).union(guests)


def _bookings(closure: Closure, by: Actor) -> tuple[ColumnElement[bool], ...]:
    """Those that lie on the days to come."""
    return Booking.day.between(max(closure.start, by.today), closure.end), in_closed(closure.unit_id)


def _people(closure: Closure, by: Actor) -> Select[tuple[int]]:
    """The guardians with an address of the children whom it concerns."""
    pairs = informed(by.today)
    told = concerned(closure.unit_id, DateRange(max(closure.start, by.today), closure.end))
    return select(Person.id).where(
        Person.id.in_(select(pairs.c.person_id).where(pairs.c.child_id.in_(told))), Person.email.is_not(None),
        Person.email != "")


def foreseen(closure: Closure, by: Actor) -> tuple[int, int]:
    """How many bookings will go and how many guardians will be told."""
    if closure.end < by.today:
        return 0, 0
    bookings = select(func.count(Booking.id)).where(*_bookings(closure, by))
    people = select(func.count()).select_from(_people(closure, by).subquery())
    return db.session.scalar(bookings) or 0, db.session.scalar(people) or 0


def take_back(closure: Closure, by: Actor) -> None:
    """The unit is open after all: whoever was told that it is closed looks at the calendar anew."""
    if closure.told_at is not None and closure.end >= by.today:
        for person in db.session.scalars(_people(closure, by)).all():
            notify(person, "closure_gone", by)


def carry_out(id: int, by: Actor) -> None:
    """Take away the bookings of the days, tell each guardian once, and keep that it is done."""
    closure = db.session.get_one(Closure, id)
    gone = db.session.execute(
        delete(Booking).where(*_bookings(closure, by))
        .execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
    people = db.session.scalars(_people(closure, by)).all()
    for person in people:
        notify(person, "closure_waits", by)
    closure.told_at = by.now
    record("calendar.closed", closure, by, {"bookings": gone, "people": len(people)})
