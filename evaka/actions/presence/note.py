"""Notes: of a child's day, about a child for some days, and of the whole group."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import Long, action, tell
from evaka.actions.presence.policy import notes
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.presence import DayNote, GroupNote, StickyNote
from evaka.models.unit import Group
from evaka.rules.presence import Level, Need, check_until

LONGEST = 2000  # letters


@action("presence.write_day_note")
def write_day_note(
    child: Person, by: Actor, *, text: Long = "", ate: Level | None = None, sleep: Level | None = None,
    slept: int | None = None, needs: tuple[Need, ...] = (), reminder: str = "",
) -> DayNote | None:
    """How the day has gone, for whoever hands the child over: one note a child, written again and again."""
    tell()  # what is written of a child is not the journal's to keep
    _check_length(text)
    if slept is not None and not 0 <= slept <= 24 * 60:
        raise Refused("presence.slept", minutes=slept)
    row = db.session.scalar(select(DayNote).where(DayNote.child_id == child.id))
    if not (text.strip() or ate or sleep or slept or needs or reminder.strip()):
        if row is not None:
            db.session.delete(row)
        return None
    row = row or DayNote(child_id=child.id)
    row.text, row.reminder, row.ate, row.sleep, row.slept = text.strip(), reminder.strip(), ate, sleep, slept
    row.needs, row.edited = [one.value for one in needs], by.now
    db.session.add(row)
    return row


def check_seen(child: Person, seen: int) -> None:
    """What somebody else wrote after the writer saw the note is not lost; `seen` is its version then, 0 for none."""
    row = db.session.scalar(select(DayNote).where(DayNote.child_id == child.id).with_for_update())
    if seen != (row.version if row is not None else 0):
        raise Refused("presence.note_changed", text=row.text if row is not None else "")


@action("presence.clear_day_note")
def clear_day_note(note: DayNote, by: Actor) -> None:
    db.session.delete(note)


@action("presence.add_sticky")
def add_sticky(child: Person, by: Actor, *, text: Long, until: date) -> StickyNote:
    """What to mind of the child in the coming days."""
    tell(until=until)
    _check_text(text)
    check_until(until, by.today, notes().sticky_days)
    row = StickyNote(child_id=child.id, text=text.strip(), until=until)
    db.session.add(row)
    return row


@action("presence.remove_sticky")
def remove_sticky(note: StickyNote, by: Actor) -> None:
    db.session.delete(note)


@action("presence.add_group_note")
def add_group_note(group: Group, by: Actor, *, text: Long, until: date) -> GroupNote:
    """What everybody in the group must know."""
    tell(until=until)
    _check_text(text)
    check_until(until, by.today, notes().group_days)
    row = GroupNote(group_id=group.id, text=text.strip(), until=until)
    db.session.add(row)
    return row


@action("presence.remove_group_note")
def remove_group_note(note: GroupNote, by: Actor) -> None:
    db.session.delete(note)


def _check_text(text: str) -> None:
    if not text.strip():
        raise Refused("presence.note_empty")
    _check_length(text)


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise Refused("presence.note_long", most=LONGEST)
