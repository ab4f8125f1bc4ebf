"""What a closure does: bookings of its days go, and families are told."""

from __future__ import annotations

from sqlalchemy import Select, delete, select

from evaka.access import Actor
from evaka.actions import notify, record
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.calendar import Closure
from evaka.models.person import Person, custody
from evaka.models.placement import Placement


def untold(by: Actor) -> Select[tuple[int]]:
    """Closures to come that have not been carried out yet."""
    return select(Closure.id).where(Closure.told_at.is_(None), Closure.end >= by.today).order_by(Closure.id)


def carry_out(id: int, by: Actor) -> None:
    """Take away the bookings of the days, tell each guardian once, and keep that it is done."""
    closure = db.session.get_one(Closure, id)
    first = max(closure.start, by.today)
    placed = select(Placement.child_id).where(Placement.start <= closure.end, (
        Placement.end.is_(None) | (Placement.end >= first)))
    if closure.unit_id is not None:
        placed = placed.where(Placement.unit_id == closure.unit_id)
    gone = db.session.execute(
        delete(Booking).where(Booking.day.between(first, closure.end), Booking.child_id.in_(placed))
        .execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
    pairs = custody(by.today)
    people = db.session.scalars(
        select(Person.id).where(
            Person.id.in_(select(pairs.c.person_id).where(pairs.c.child_id.in_(placed))), Person.email.is_not(None),
            Person.email != "")).all()
    for person in people:
        notify(person, "closure_waits", by)
    closure.told_at = by.now
    record("calendar.closed", closure, by, {"bookings": gone, "people": len(people)})
