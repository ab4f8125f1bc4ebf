"""One tap on a tablet: written once, whoever else taps at the same moment, however often it is sent.

Hundreds come in a second, so nothing is loaded that is not asked for: rows are written by statements that are put
together once, and the journal gets its line by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam, delete, insert, select, update

from evaka.access import Actor, require, require_any
from evaka.actions import line_of
from evaka.actions.attendance import absent as report_absence
from evaka.actions.attendance import remove as remove_absence
from evaka.actions.presence.missed import NOTHING, Parts, settle_absences
from evaka.actions.presence.policy import tablet
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import Moment, db
from evaka.models.journal import add_lines
from evaka.models.person import Person
from evaka.models.presence import WHEREABOUTS, Device, Presence, Tap
from evaka.rules.attendance import AbsenceKind
from evaka.rules.presence import Tapped, by_day, check_tap, minute

KEYS = {  # what a tap needs the right to
    Tapped.ARRIVE: "presence.arrive", Tapped.LEAVE: "presence.leave",
    Tapped.UNDO_ARRIVE: "presence.undo", Tapped.UNDO_LEAVE: "presence.undo",
}
PRESENCE: sa.Table = Presence.__table__  # type: ignore[assignment]
TAP: sa.Table = Tap.__table__  # type: ignore[assignment]
CHILD, UNIT = bindparam("child", type_=sa.Integer), bindparam("unit", type_=sa.Integer)
BEFORE = select(TAP.c.refused).where(TAP.c.key == bindparam("tap_key"))
ROW = (PRESENCE.c.id, PRESENCE.c.unit_id, PRESENCE.c.group_id, PRESENCE.c.day, PRESENCE.c.arrived, PRESENCE.c.left)
# a tablet touches only what has happened in its own unit
OPEN = select(*ROW).where(
    PRESENCE.c.child_id == CHILD, PRESENCE.c.unit_id == UNIT, PRESENCE.c.left.is_(None)).with_for_update()
LATEST = (
    select(*ROW).where(
        PRESENCE.c.child_id == CHILD, PRESENCE.c.unit_id == UNIT, PRESENCE.c.day == bindparam("on", type_=sa.Date))
    .order_by(PRESENCE.c.arrived.desc(), PRESENCE.c.id.desc()).limit(1).with_for_update())
ENDED_BY_NIGHT = LATEST.where(PRESENCE.c.automatic)
END = update(PRESENCE).where(PRESENCE.c.id == bindparam("row")).values(
    left=bindparam("to", type_=sa.Time), automatic=False, version=PRESENCE.c.version + 1)
# "on conflict" of either dialect is put together anew each time, so this is written out: both read it
NOTE = sa.text(  # by a tablet that nobody has shut out since it was looked up
    'INSERT INTO tap ("key", device_id, unit_id, child_id, what, at, received, refused) '
    'SELECT :key, id, unit_id, :child_id, :what, :at, :received, :refused FROM device '
    'WHERE id = :device_id AND digest = :digest AND revoked IS NULL '
    'AND EXISTS (SELECT 1 FROM "user" WHERE "user".id = device.user_id AND "user".active) '
    'ON CONFLICT ("key") DO NOTHING RETURNING id'
).bindparams(bindparam("at", type_=Moment()), bindparam("received", type_=Moment()))
BEGIN = insert(PRESENCE).from_select(  # where the child has a place in the unit; its group is that of the day
    ("child_id", "unit_id", "group_id", "day", "arrived"),
    select(CHILD, UNIT, WHEREABOUTS.c.group_id, bindparam("day", type_=sa.Date), bindparam("arrived", type_=sa.Time))
    .where(WHEREABOUTS.c.child_id == CHILD, WHEREABOUTS.c.unit_id == UNIT).limit(1), include_defaults=False,
).returning(PRESENCE.c.id)


class ShutOut(Exception):
    """The tablet opens nothing any more."""


@dataclass(frozen=True, slots=True)
class Touch:
    """What was tapped of a child, when; `key` was made by the tablet."""

    key: str
    child_id: int
    what: Tapped
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a tap: why nothing (the key of a text), or which parts of the day are missed without a word."""

    refused: str = ""
    ask: Parts = NOTHING


def tap(touch: Touch, device: Device, by: Actor) -> Outcome:
    """Write a tap, once for its key; one that was here before is answered as it was then.

    Raises ShutOut when the tablet has been shut out, and Refused: whoever calls takes everything back and notes it by
    `note_refused`.
    """
    require_any(by, KEYS[touch.what])
    if not _is_new(touch, device, by.now, ""):
        before = _run(BEFORE, tap_key=touch.key).first()
        if before is None:
            raise ShutOut
        return Outcome(before.refused)
    check_tap(touch.at, by.now, tablet().tap_hours)
    at = minute(min(touch.at, by.now))
    match touch.what:
        case Tapped.ARRIVE:
            _arrive(touch.child_id, device, at, by)
        case Tapped.LEAVE:
            return Outcome(ask=_leave(touch.child_id, device, at, by))
        case Tapped.UNDO_ARRIVE:
            _undo_arrive(touch.child_id, device, by)
        case Tapped.UNDO_LEAVE:
            _undo_leave(touch.child_id, device, at, by)
    return Outcome()


def note_refused(touch: Touch, device: Device, why: str, now: datetime) -> None:
    """A tap of which nothing came is kept too: sent again, it gets the same answer."""
    known = db.session.scalar(select(Person.id).where(Person.id == touch.child_id))
    if known is not None:
        _is_new(touch, device, now, why)


def _is_new(touch: Touch, device: Device, now: datetime, refused: str) -> bool:
    """Note the tap; False when its key has been here before."""
    return _run(
        NOTE, key=touch.key, device_id=device.id, digest=device.digest, child_id=touch.child_id,
        what=touch.what.value, at=touch.at, received=now, refused=refused).first() is not None


def _run(statement: Any, **values: Any) -> Any:
    """Past the session, which would look at each statement for what it loads: a third of a tap."""
    return db.session.connection().execute(statement, values)


def _arrive(child_id: int, device: Device, at: datetime, by: Actor) -> None:
    try:
        made = _run(BEGIN, child=child_id, unit=device.unit_id, day=at.date(), arrived=at.time()).first()
    except sa.exc.IntegrityError as no:
        raise Refused("presence.already_here") from no
    if made is None:
        raise Refused("presence.not_placed", day=at.date())
    _tell("presence.arrive", made.id, child_id, by, "arrived", None, at.time())


def _leave(child_id: int, device: Device, at: datetime, by: Actor) -> Parts:
    row = _run(OPEN, child=child_id, unit=device.unit_id).first()
    if row is None:  # a tap of yesterday evening that found the network after the night had closed the day
        row = _run(ENDED_BY_NIGHT, child=child_id, unit=device.unit_id, on=at.date()).first()
    if row is None:
        raise Refused("presence.not_here")
    arrived = datetime.combine(row.day, row.arrived, at.tzinfo)
    if at < arrived:
        raise Refused("presence.left_before", arrived=arrived)
    (_, _, first), *more = by_day(arrived, at)
    _run(END, row=row.id, to=first)
    if more:
        db.session.connection().execute(insert(PRESENCE), [
            {"child_id": child_id, "unit_id": row.unit_id, "group_id": row.group_id, "day": day, "arrived": start,
             "left": left} for day, start, left in more])
    _tell("presence.leave", row.id, child_id, by, "left", row.left, at.time())
    return settle_absences(child_id, at.date(), by)


def _undo_arrive(child_id: int, device: Device, by: Actor) -> None:
    """The child has not come after all: the row goes."""
    row = _run(OPEN, child=child_id, unit=device.unit_id).first()
    if row is None:
        raise Refused("presence.not_here")
    db.session.connection().execute(delete(PRESENCE).where(PRESENCE.c.id == row.id))
    _tell("presence.undo", row.id, child_id, by, "arrived", row.arrived, None)


def _undo_leave(child_id: int, device: Device, at: datetime, by: Actor) -> None:
    """The child has not left after all: its last row of the day is open again."""
    row = _run(LATEST, child=child_id, unit=device.unit_id, on=at.date()).first()
    if row is None or row.left is None:
        raise Refused("presence.not_left")
    _run(END, row=row.id, to=None)
    _tell("presence.undo", row.id, child_id, by, "left", row.left, None)


def _tell(key: str, row: int, child_id: int, by: Actor, column: str, old: time | None, new: time | None) -> None:
    """The line of the journal, as `record` would write it."""
    change = [f"presence {row}", column, old and old.isoformat(), new and new.isoformat()]
    line = line_of(key, None, by, {"changes": [change]})
    add_lines([line | {"subject": "presence", "subject_id": row, "person_id": child_id}])


# -- absences that are told to the unit --------------------------------------------------------------------------


def mark_absent(
    child: Person, kind: AbsenceKind, device: Device, key: str, by: Actor, last: date | None = None,
) -> None:
    """The family has called: the child does not come today, or until a day."""
    require(by, "presence.arrive", child)
    if db.session.scalar(select(Presence.id).where(Presence.child_id == child.id, Presence.day == by.today)):
        raise Refused("attendance.was_present", day=by.today)
    touch = Touch(key, child.id, Tapped.ABSENT, by.now)
    if _is_new(touch, device, by.now, ""):
        report_absence(child, by, first=by.today, last=last or by.today, kind=kind)


def unmark_absent(child: Person, device: Device, key: str, by: Actor) -> None:
    """The child comes after all."""
    touch = Touch(key, child.id, Tapped.UNDO_ABSENT, by.now)
    if not _is_new(touch, device, by.now, ""):
        return
    row = db.session.scalar(
        select(Absence).where(Absence.child_id == child.id, Absence.day == by.today).limit(1))
    if row is None:
        raise Refused("presence.not_away")
    remove_absence(row, by)
