"""Which parts of a day a child has missed, by when it was there."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from evaka.models.base import db
from evaka.models.placement import Placement
from evaka.models.presence import Presence
from evaka.rules.attendance import AbsenceCategory, categories
from evaka.rules.presence import missed_whole_day


def missed_parts(child_id: int, day: date) -> frozenset[AbsenceCategory]:
    """Empty for a child that was there long enough.

    Of a day in two parts nothing is said unless the child was not there at all: which of them was missed follows
    from the hours of teaching.
    """
    care_type = db.session.scalar(
        select(Placement.care_type).where(Placement.child_id == child_id, Placement.on(day)))
    if care_type is None:
        return frozenset()
    rows = db.session.execute(
        select(Presence.arrived, Presence.left).where(Presence.child_id == child_id, Presence.day == day)).all()
    minutes = sum(
        int((datetime.combine(day, left) - datetime.combine(day, arrived)).total_seconds()) // 60
        for arrived, left in rows if left is not None)
    parts = categories(care_type)
    return parts if len(parts) > 1 or missed_whole_day(minutes) else frozenset()
