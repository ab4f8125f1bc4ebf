"""What a PIN opens of a child: what must be known of its health, whom to call and who may fetch it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from evaka.access import Actor, may
from evaka.actions.person.contacts import calls_of
from evaka.models.base import db
from evaka.models.person import Person, Pickup
from evaka.views.page import aged, told, word_of, written


def facts_of(child: Person, by: Actor) -> dict[str, Any]:
    """Only what the reader's own role may know; of a restricted address nothing."""
    knows = may(by, "person.health")
    pickups = db.session.scalars(
        select(Pickup).where(Pickup.child_id == child.id, Pickup.still(by.today)).order_by(Pickup.id)).all()
    return {
        "name": f"{child.first_name} {child.last_name}", "born": f"{written(child.born)} ({aged(child.born)})",
        "health": [(told(f"person.{name}"), getattr(child, name)) for name in ("allergies", "medication", "diet")
                   if getattr(child, name)] if knows else None,
        "contacts": [(str(one), word_of(role), [phone for phone in (one.phone, one.backup_phone) if phone])
                     for one, role in calls_of(child, by.today)],
        "pickups": pickups,
    }
