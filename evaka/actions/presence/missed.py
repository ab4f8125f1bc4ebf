"""Which parts of a day a child has missed, by when it was there; and the absences that stand or fall with them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, Integer, and_, bindparam, select

from evaka.access import Actor
from evaka.actions import action, record
from evaka.actions.attendance import policy, redraft
from evaka.actions.calendar.stay import in_term
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.models.presence import Presence
from evaka.models.unit import Unit
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter
from evaka.rules.booking import Span
from evaka.rules.booking.parts import parts_missed

Parts = frozenset[AbsenceCategory]
NOTHING: Parts = frozenset()


CHILD, DAY = bindparam("child", type_=Integer), bindparam("day", type_=Date)
TIMES = (  # of the DAY of a CHILD; put together once, since each departure asks
    select(Placement.care_type, Unit.preschool_start, Unit.preschool_end, Presence.arrived, Presence.left)
    .join(Unit, Unit.id == Placement.unit_id)
    .outerjoin(Presence, and_(
        Presence.child_id == Placement.child_id, Presence.day == DAY, Presence.left.is_not(None)))
    .where(Placement.child_id == CHILD, Placement.on(DAY)))
TOLD = select(Absence.category).where(Absence.child_id == CHILD, Absence.day == DAY)


def missed_parts(child_id: int, day: date) -> Parts | None:
    """By the times of the day; None when they say nothing of it: no place, a club, a break of the terms."""
    rows = db.session.connection().execute(TIMES, {"child": child_id, "day": day}).all()
    if not rows:
        return None
    care_type, begins, ends, *_ = rows[0]
    teaching = Span(begins, ends) if begins and ends else None
    spans = [Span(arrived, left) for *_, arrived, left in rows if left is not None and arrived < left]
    return parts_missed(care_type, spans, teaching=teaching, in_term=in_term(day))


def settle_absences(child_id: int, day: date, by: Actor) -> Parts:
    """Whoever was there was not away: absences of parts that were not missed go.  Answers what was missed unsaid."""
    missed = missed_parts(child_id, day)
    if missed is None:
        return NOTHING
    told = set(db.session.connection().execute(TOLD, {"child": child_id, "day": day}).scalars())
    if told - missed:
        for row in db.session.scalars(select(Absence).where(
                Absence.child_id == child_id, Absence.day == day, Absence.category.in_(told - missed))):
            db.session.delete(row)
            record("presence.leave", row, by, {"day": day})
        redraft(child_id, DateRange(day, day), by)
    return missed - told


@action("presence.mark_missed")
def mark_missed(child: Person, by: Actor, *, kind: AbsenceKind) -> list[Absence]:
    """Why the child missed a part of today: said when it is fetched, or later on its card."""
    allowed = policy().kinds(Reporter.STAFF)
    if kind not in allowed:
        raise Refused("attendance.kind_not_allowed", kind=kind, allowed=allowed)
    missed = missed_parts(child.id, by.today) or NOTHING
    told = set(db.session.scalars(
        select(Absence.category).where(Absence.child_id == child.id, Absence.day == by.today)))
    if not missed - told:
        raise Refused("presence.nothing_missed")
    rows = [Absence(child_id=child.id, day=by.today, category=part, kind=kind, reported_by=Reporter.STAFF)
            for part in sorted(missed - told)]
    db.session.add_all(rows)
    redraft(child.id, DateRange(by.today, by.today), by)
    return rows
