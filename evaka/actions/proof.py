"""What the rows say of a unit at a minute of the past, and who has noted it when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, or_, select

from evaka.actions.unit import options, rows_of
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent
from evaka.models.presence import Presence
from evaka.models.staff import StaffPresence
from evaka.models.unit import Unit
from evaka.models.user import User
from evaka.rules.booking.span import minute_of
from evaka.rules.forecast import Coming, ForecastPolicy, Slot, Working, slots, window
from evaka.rules.proof import AdultLine, ChildLine, Proof, proof
from evaka.rules.unit import Commitment, OccupancyKind, Scale, Weight
from evaka.rules.unit.occupancy import moved

OLDEST = timedelta(days=2)  # before the day: nobody is at work for longer
UNPLACED = "proof.unplaced"  # why a child weighs one: the day has no place of it


@dataclass(frozen=True, slots=True)
class Note:
    """Who noted something of a row, and when; `user` is "" for a nightly job."""

    at: datetime
    user: str
    action: str


@dataclass
class Past:
    """A day of a unit as it was noted: everybody who was there at some time of it."""

    unit: int
    day: date
    children: list[ChildLine] = field(default_factory=list)
    adults: list[AdultLine] = field(default_factory=list)

    def of_group(self, group: int | None) -> Past:
        """The same of one group; None: of the whole unit."""
        if group is None:
            return self
        return Past(self.unit, self.day, [one for one in self.children if one.group == group],
                    [one for one in self.adults if one.group == group])

    def at(self, moment: datetime) -> Proof:
        return proof(self.children, self.adults, moment)


def past_of(unit: Unit, day: date) -> Past:
    """The rows of a day, each child weighed as on that day: eight questions, however long ago."""
    found = Past(unit.id, day)
    rows = db.session.execute(
        select(Presence.id, Presence.child_id, Presence.group_id, Presence.arrived, Presence.left, Presence.automatic)
        .where(Presence.unit_id == unit.id, Presence.day == day).order_by(Presence.arrived, Presence.id)).all()
    weights = _weights(unit, {row.child_id for row in rows}, day)
    found.children = [
        ChildLine(row.id, row.child_id, row.group_id, _at(day, row.arrived), row.left and _at(day, row.left),
                  weights.get(row.child_id, Weight(Decimal(1), Decimal(1), False, UNPLACED)), row.automatic)
        for row in rows]
    begins = _at(day, time(0))
    found.adults = [
        AdultLine(row.id, row.user_id or row.name, name or row.name, row.group_id, row.arrived.astimezone(HELSINKI),
                  row.left and row.left.astimezone(HELSINKI), row.coefficient, row.kind.value, row.automatic)
        for row, name in db.session.execute(
            select(StaffPresence, User.name).outerjoin(User, User.id == StaffPresence.user_id)
            .where(StaffPresence.unit_id == unit.id, StaffPresence.arrived >= begins - OLDEST,
                   StaffPresence.arrived < begins + DAY,
                   StaffPresence.left.is_(None) | (StaffPresence.left > begins))
            .order_by(StaffPresence.arrived, StaffPresence.id)).tuples()]
    return found


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, HELSINKI)


def _weights(unit: Unit, children: set[int], day: date) -> dict[int, Weight]:
    period = DateRange(day, day)
    rows = rows_of([unit], period)
    scale = Scale(rows, OccupancyKind.REALISED, options())
    stays = [stay for stay in rows.stays if stay.commitment is Commitment.PLACED and stay.child in children]
    return {int(stay.child): scale.weigh(stay, day, family_care=unit.family_day_care)
            for stay in moved(stays, rows.backups) if day in stay.period}


def course(rule: ForecastPolicy, past: Past, opening: tuple[int, int] | None, now: datetime) -> list[Slot]:
    """The day slot by slot, as it was until `now`: for the picture."""
    today = now.date() == past.day
    until = now.hour * 60 + now.minute if today else 24 * 60

    def span(arrived: datetime, left: datetime | None) -> tuple[int, int]:
        start = 0 if arrived.date() < past.day else arrived.hour * 60 + arrived.minute
        if left is None or left.date() > past.day:
            return start, max(until, start)
        return start, minute_of(left.time())

    children = [Coming(one.child, one.group, (span(one.arrived, one.left),), one.weight.value)
                for one in past.children]
    adults = [Working(one.who, one.group, span(one.arrived, one.left), one.coefficient)
              for one in past.adults if one.counts]
    within = window(rule, opening, [span for one in children for span in one.spans])
    return slots(rule, within, children, adults) if within else []


# -- who says so -------------------------------------------------------------------------------------------


def notes_of(shown: Proof) -> dict[tuple[str, int], list[Note]]:
    """By ("presence" or "staff_presence", number of the row) what the journal tells of it, the oldest first.

    Signing in stands in the journal as done to the adult, not to the row: it is found by the minute.
    """
    children = {one.row for one in shown.children}
    adults = {one.row: one for one in shown.adults}
    users = {one.who for one in shown.adults if isinstance(one.who, int)}
    found: dict[tuple[str, int], list[Note]] = defaultdict(list)
    asked = [and_(AuditEvent.subject == "presence", AuditEvent.subject_id.in_(children)),
             and_(AuditEvent.subject == "staff_presence", AuditEvent.subject_id.in_(adults))]
    if users:
        near = AuditEvent.at.between(shown.at - DAY, shown.at + DAY)
        asked.append(and_(AuditEvent.subject == "user", AuditEvent.subject_id.in_(users), near,
                          AuditEvent.action.in_(("staff.arrive", "staff.leave", "staff.add"))))
    lines = db.session.execute(
        select(AuditEvent.at, AuditEvent.action, AuditEvent.subject, AuditEvent.subject_id, AuditEvent.facts, User.name)
        .outerjoin(User, User.id == AuditEvent.user_id).where(or_(*asked)).order_by(AuditEvent.id)).all()
    for line in lines:
        note = Note(line.at, line.name or "", line.action)
        if line.subject != "user":
            found[line.subject, line.subject_id].append(note)
            continue
        for row in adults.values():
            if row.who == line.subject_id and _tells(line.facts, row):
                found["staff_presence", row.row].append(note)
    return found


def _tells(facts: dict[str, Any], row: AdultLine) -> bool:
    """Whether a line about an adult is of this row: it names it, or writes a row that begins at its moment.

    A new row has no number yet in its own line.
    """
    for name, column, _old, new in facts.get("changes", ()):
        if name == f"staff_presence {row.row}":
            return True
        if column == "arrived" and isinstance(new, str) and datetime.fromisoformat(new) == row.arrived:
            return True
    return False
