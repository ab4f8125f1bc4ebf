"""What the office and the staff put right afterwards: times that were forgotten, mistaken, or never tapped."""

from __future__ import annotations

import secrets
from datetime import date, time

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import action
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.presence import WHEREABOUTS, Presence, Tap
from evaka.rules.presence import Tapped, check_times


@action("presence.add")
def add(child: Person, by: Actor, *, day: date, arrived: time, left: time | None = None) -> Presence:
    """A presence that nobody tapped; the child's unit and group are those of the day."""
    check_times(day, arrived, left, by.now)
    place = db.session.execute(
        select(WHEREABOUTS.c.unit_id, WHEREABOUTS.c.group_id).where(WHEREABOUTS.c.child_id == child.id),
        {"day": day}).first()
    if place is None:
        raise Refused("presence.not_placed", day=day)
    row = Presence(
        child_id=child.id, unit_id=place.unit_id, group_id=place.group_id, day=day, arrived=arrived, left=left)
    db.session.add(row)
    _spread(row, by)
    return row


@action("presence.correct")
def correct(presence: Presence, by: Actor, *, arrived: time, left: time | None = None) -> None:
    """Other times of the same day; what the night had ended is somebody's word now."""
    check_times(presence.day, arrived, left, by.now)
    presence.arrived, presence.left, presence.automatic = arrived, left, False
    _spread(presence, by)


@action("presence.remove")
def remove(presence: Presence, by: Actor) -> None:
    """The child was not there."""
    _spread(presence, by)
    db.session.delete(presence)


def _spread(row: Presence, by: Actor) -> None:
    """Let the tablets of the unit know."""
    db.session.add(Tap(
        key=f"office-{secrets.token_hex(12)}", unit_id=row.unit_id, child_id=row.child_id, what=Tapped.CORRECT,
        at=by.now, received=by.now))

