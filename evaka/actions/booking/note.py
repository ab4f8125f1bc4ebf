"""A family's word of a day: that the child comes late, who fetches it, why it is away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Select, select

from evaka.access import Actor
from evaka.actions import Long, action, tell
from evaka.actions.calendar.stay import tell_tablets
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.booking import FamilyNote
from evaka.models.person import Person, hold
from evaka.models.placement import overlapping
from evaka.rules.unit import Feature, check_feature

LONGEST = 500  # letters


@action("booking.leave_note")
def leave_note(child: Person, by: Actor, *, day: date, text: Long = "") -> FamilyNote | None:
    """What the unit should know of a day; one a day, the newest words.  No words take it back."""
    tell(day=day)  # what is written of a child is not the journal's to keep
    if day < by.today:
        raise Refused("booking.day_has_passed", day=day)
    if by.user is None or by.user.person_id is None:
        raise Refused("attendance.only_guardians")
    if len(text) > LONGEST:
        raise Refused("booking.note_long", most=LONGEST)
    place = db.session.scalar(overlapping(child.id, DateRange(day, day)))
    if place is None:
        raise Refused("booking.no_place", day=day)
    if Feature.BOOKINGS not in place.unit.features:
        check_feature(str(place.unit), place.unit.features, Feature.ABSENCES)
    tell_tablets([child.id], [day], by)
    row = db.session.scalar(select(FamilyNote).where(FamilyNote.child_id == child.id, FamilyNote.day == day))
    if not text.strip():
        if row is not None:
            db.session.delete(row)
        return None
    row = row or FamilyNote(child_id=child.id, day=day)
    row.text, row.person_id, row.written_at = in_lines(text), by.user.person_id, by.now
    db.session.add(row)
    return row


def check_note(child: Person, day: date, shown: str) -> None:
    """Refuse to write over words that the page has not shown; who writes next waits for this one."""
    hold([child.id])
    now = notes_of([child.id], DateRange(day, day)).get((child.id, day), "")
    if in_lines(shown) != now:
        raise Refused("booking.note_changed", words=now or None)


def in_lines(text: str) -> str:
    """As words are kept: browsers end lines in their own way."""
    return "\n".join(text.splitlines()).strip()


def notes_of(children: Collection[int] | Select[tuple[int]], period: DateRange) -> dict[tuple[int, date], str]:
    """By child and day what families have written: one question for any number."""
    return {(child, day): text for child, day, text in db.session.execute(
        select(FamilyNote.child_id, FamilyNote.day, FamilyNote.text).where(
            FamilyNote.child_id.in_(children), FamilyNote.day.between(period.start, period.last_day)))}
