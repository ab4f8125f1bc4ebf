"""Rows that nobody ended: away at the end of the planned shift, any after the city's longest hours."""

from __future__ import annotations

from sqlalchemy import Select, or_, select

from evaka.access import Actor
from evaka.actions import record
from evaka.actions.staff.policy import sign_in
from evaka.actions.staff.time import entry, plans_of
from evaka.models.base import db
from evaka.models.staff import Shift, StaffPresence
from evaka.rules.staff import AWAY, left_open


def open_for_long(by: Actor) -> Select[tuple[int]]:
    """Open rows that the rule may end: those of long ago, and those away from the children beside an ended shift."""
    ended = select(Shift.id).where(
        Shift.user_id == StaffPresence.user_id, Shift.finish < by.now, Shift.finish >= StaffPresence.arrived).exists()
    away = StaffPresence.kind.in_(AWAY) & ended
    return (
        select(StaffPresence.id)
        .where(StaffPresence.left.is_(None), or_(StaffPresence.arrived <= by.now - sign_in().longest, away))
        .order_by(StaffPresence.id))


def end_left_open(id: int, by: Actor) -> None:
    """Whoever has signed out meanwhile is left alone."""
    row = db.session.scalar(select(StaffPresence).where(StaffPresence.id == id, StaffPresence.left.is_(None)))
    if row is None:
        return
    plans = plans_of(row.user_id, by) if row.user_id is not None else []
    ends = left_open(entry(row), plans, by.now, sign_in())
    if ends is not None:
        row.left, row.automatic = ends, True
        record("job.staff.end_left_open", row, by, {})
