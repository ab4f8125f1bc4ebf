"""What the night makes of days that nobody has explained."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, Select, delete, insert, or_, select

from evaka.access import Actor
from evaka.actions import line_of
from evaka.kit.dates import DAY
from evaka.models.attendance import Absence
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.journal import add_lines
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.models.presence import Presence
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter, categories
from evaka.rules.placement import CareType

DAYS = 3  # that are looked back on: a night when the server was down is caught up


def unexplained(by: Actor) -> Select[tuple[int]]:
    """Children who were booked, neither came nor were told away, in units that noted others as present that day."""
    children = [_of_day(by.today - n * DAY).with_only_columns(Booking.child_id) for n in range(1, DAYS + 1)]
    return select(Person.id).where(or_(*(Person.id.in_(one) for one in children))).order_by(Person.id)


def _of_day(day: date) -> Select[tuple[int, date, str]]:
    there = select(Presence.id).where(Presence.child_id == Booking.child_id, Presence.day == day).exists()
    told = select(Absence.id).where(Absence.child_id == Booking.child_id, Absence.day == day).exists()
    used = select(Presence.unit_id).where(Presence.day == day)
    elsewhere = select(BackupCare.id).where(
        BackupCare.child_id == Booking.child_id, BackupCare.on(day), BackupCare.unit_id.not_in(used)).exists()
    return (
        select(Booking.child_id, Booking.day, Placement.care_type)
        .join(Placement, (Placement.child_id == Booking.child_id) & Placement.on(day))
        .where(Booking.day == day, Placement.unit_id.in_(used), ~there, ~told, ~elsewhere).distinct())


def stray(by: Actor) -> Select[tuple[int]]:
    """Absences to come of children who have no place on the day any more, or whose care has no such part."""
    def placed(part: AbsenceCategory) -> ColumnElement[bool]:
        kinds = [one for one in CareType if part in categories(one)]
        return select(Placement.id).where(
            Placement.child_id == Absence.child_id, Placement.on(Absence.day), Placement.care_type.in_(kinds)).exists()

    return select(Absence.id).where(Absence.day > by.today, or_(*(
        (Absence.category == part) & ~placed(part) for part in AbsenceCategory))).order_by(Absence.id)


def clear_stray(ids: Collection[int], by: Actor) -> None:
    told: dict[int, list[date]] = {}
    for child, day in db.session.execute(select(Absence.child_id, Absence.day).where(Absence.id.in_(ids))):
        told.setdefault(child, []).append(day)
    db.session.execute(delete(Absence).where(Absence.id.in_(ids)).execution_options(synchronize_session=False))
    people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(told)))}
    add_lines(line_of("attendance.cleared", people[child], by, {"days": sorted(set(days))})
              for child, days in told.items())


def mark_unexplained(ids: Collection[int], by: Actor) -> None:
    """An absence that nobody has told, of every part of the day."""
    rows = []
    told: dict[int, list[date]] = {}
    for n in range(1, DAYS + 1):
        for child, day, care_type in db.session.execute(_of_day(by.today - n * DAY).where(Booking.child_id.in_(ids))):
            told.setdefault(child, []).append(day)
            rows += [{"child_id": child, "day": day, "category": part, "kind": AbsenceKind.UNKNOWN,
                      "reported_by": Reporter.SYSTEM} for part in sorted(categories(care_type))]
    if rows:
        db.session.execute(insert(Absence), rows)
    people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(told)))}
    add_lines(line_of("attendance.unexplained", people[child], by, {"days": days}) for child, days in told.items())
