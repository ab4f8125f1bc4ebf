"""What a closure does: bookings of its days go, and families are told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select, true

from evaka.access import Actor
from evaka.actions import notify, record
from evaka.kit.dates import DateRange
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.calendar import Closure
from evaka.models.person import Person, informed
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


def carry_out(id: int, by: Actor) -> None:
    """Take away the bookings of the days, tell each guardian once, and keep that it is done."""
    closure = db.session.get_one(Closure, id)
    first = max(closure.start, by.today)
    gone = db.session.execute(
        delete(Booking).where(Booking.day.between(first, closure.end), in_closed(closure.unit_id))
        .execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
    pairs, told = informed(by.today), concerned(closure.unit_id, DateRange(first, closure.end))
    people = db.session.scalars(
        select(Person.id).where(
            Person.id.in_(select(pairs.c.person_id).where(pairs.c.child_id.in_(told))), Person.email.is_not(None),
            Person.email != "")).all()
    for person in people:
        notify(person, "closure_waits", by)
    closure.told_at = by.now
    record("calendar.closed", closure, by, {"bookings": gone, "people": len(people)})
