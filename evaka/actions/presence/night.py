"""What happens when the day is over: who was left signed in, notes of yesterday, taps that everybody has seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select, and_, delete, insert, select, update

from evaka.access import Actor
from evaka.actions import line_of
from evaka.actions.presence.policy import notes
from evaka.kit.dates import DAY
from evaka.models.backup_care import BackupCare
from evaka.models.base import HELSINKI, Model, db
from evaka.models.booking import FamilyNote
from evaka.models.journal import add_lines
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.presence import DayNote, GroupNote, Presence, StickyNote, Tap
from evaka.models.unit import Unit
from evaka.rules.placement import ShiftCare
from evaka.rules.presence import night_rows, stays_overnight

TAPS_KEPT = 30 * DAY  # a tablet that was offline for longer has nothing to send that would be written
PRESENCE: sa.Table = Presence.__table__  # type: ignore[assignment]


def open_from_before(by: Actor) -> Select[tuple[int]]:
    """Rows that are open although their day is over."""
    return select(Presence.id).where(Presence.left.is_(None), Presence.day < by.today).order_by(Presence.id)


def close_open(ids: Sequence[int], by: Actor) -> None:
    """End them at 23.59 of their day; a child in care by night is there today as well.

    Many at once: two questions and at most three statements.  A row that somebody has ended meanwhile stays as it is.
    """
    rows = db.session.execute(
        select(Presence.id, Presence.child_id, Presence.unit_id, Presence.group_id, Presence.day, Presence.arrived)
        .where(Presence.id.in_(ids), Presence.left.is_(None)).with_for_update()).all()
    stay = _by_night({row.child_id for row in rows}, by.today)
    ended, begun, lines = [], [], []
    for row in rows:
        arrived = datetime.combine(row.day, row.arrived, HELSINKI)
        goes_on = (row.child_id, row.unit_id) in stay and _open_all_nights(stay[row.child_id, row.unit_id], row.day, by)
        (_, _, end), *more = night_rows(arrived, by.today, goes_on=goes_on)
        ended.append({"row": row.id, "to": end, "by_night": not goes_on})
        begun += [{"child_id": row.child_id, "unit_id": row.unit_id, "group_id": row.group_id, "day": day,
                   "arrived": start, "left": left} for day, start, left in more]
        line = line_of("job.presence.close_day", None, by, {
            "changes": [[f"presence {row.id}", "left", None, end and end.isoformat()]]})
        lines.append(line | {"subject": "presence", "subject_id": row.id, "person_id": row.child_id})
    if ended:
        db.session.connection().execute(
            update(PRESENCE).where(PRESENCE.c.id == sa.bindparam("row")).values(
                left=sa.bindparam("to"), automatic=sa.bindparam("by_night"), version=PRESENCE.c.version + 1), ended)
    if begun:
        db.session.connection().execute(insert(PRESENCE), begun)
    add_lines(lines)


def _by_night(children: set[int], today: date) -> dict[tuple[int, int], Any]:
    """By child and unit, the unit's hours of shift care: of those who have shift care and are still placed there."""
    shift = ServiceNeedPeriod.shift_care != ShiftCare.NONE
    need = and_(ServiceNeedPeriod.placement_id == Placement.id, ServiceNeedPeriod.on(today), shift)
    guest = and_(BackupCare.child_id == Placement.child_id, BackupCare.on(today))
    found = db.session.execute(
        select(Placement.child_id, Unit.id, Unit.shift_opening)
        .join(ServiceNeedPeriod, need).outerjoin(BackupCare, guest)
        .join(Unit, Unit.id == sa.func.coalesce(BackupCare.unit_id, Placement.unit_id))
        .where(Placement.child_id.in_(children), Placement.on(today), Unit.shift_opening.is_not(None)))
    return {(child, unit): week for child, unit, week in found}


def _open_all_nights(week: Any, day: date, by: Actor) -> bool:
    """Whether the unit is open until midnight on each day from the first of a presence until yesterday."""
    for n in range((by.today - day).days):
        hours = week.on((day + n * DAY).isoweekday())
        if not stays_overnight(hours and (hours.start, hours.end), shift_care=True, placed=True):
            return False
    return True


# -- notes and taps ---------------------------------------------------------------------------------------------


def expired_notes(by: Actor) -> dict[type[Model], sa.ColumnElement[bool]]:
    """By kind of note, those whose time is over."""
    old = by.now - timedelta(hours=notes().day_hours)
    today = by.today
    long_ago = today - notes().family_days * DAY
    return {DayNote: DayNote.edited < old, StickyNote: StickyNote.until < today, GroupNote: GroupNote.until < today,
            FamilyNote: FamilyNote.day < long_ago}


def forget_notes(by: Actor) -> dict[str, int]:
    """Take them away; what stood in them is not kept anywhere.  Answers how many of each kind."""
    gone = {}
    for model, over in expired_notes(by).items():
        ids = list(db.session.scalars(select(model.id).where(over)))
        if ids:
            db.session.execute(delete(model).where(model.id.in_(ids)))
            gone[model.__tablename__] = len(ids)
    return gone


def old_taps(by: Actor) -> sa.ColumnElement[bool]:
    return Tap.received < by.now - TAPS_KEPT
