"""What the office writes beside an application, and the selections of the list that somebody keeps."""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import Select, select

from evaka.access import Actor, everywhere
from evaka.actions import Among, Long, action, record, tell
from evaka.actions.application import add_note
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.application.note import Note, SavedFilter
from evaka.models.base import db
from evaka.models.user import User

KEPT = 30  # selections of one user


@action("application.note")
def note(application: Application, by: Actor, *, words: Long) -> Note:
    """Something for the others who handle the application."""
    tell()
    return add_note(application, by, words)


def notes_of(application: Application, by: Actor) -> Select[Any]:
    """Those that somebody may change: the own ones, and all for whoever may do anything to notes."""
    query = select(Note).where(Note.application_id == application.id)
    own = by.user.id if by.user else None
    return query if everywhere(by, "application.other_notes") else query.where(Note.author_id == own)


Written = Annotated[Note, Among(notes_of)]


@action("application.change_note")
def change_note(application: Application, by: Actor, *, note: Written, words: Long) -> None:
    """A note is put in other words; that it was stands in it."""
    _of(application, note)
    note.words, note.changed_at = words, by.now
    tell(note=note.id)


@action("application.remove_note")
def remove_note(application: Application, by: Actor, *, note: Written) -> None:
    _of(application, note)
    db.session.delete(note)


def _of(application: Application, note: Note) -> None:
    if note.application_id != application.id:
        raise Refused("application.not_its_note")


@action("application.remark")
def remark(application: Application, by: Actor, *, office_note: Long = "") -> None:
    """One remark that everybody sees in the list and on the desk; nothing takes it away."""
    application.office_note = office_note


# -- selections ---------------------------------------------------------------------------------------


def filters_of(user: User, screen: str) -> Select[SavedFilter]:
    return select(SavedFilter).where(
        SavedFilter.user_id == user.id, SavedFilter.screen == screen).order_by(SavedFilter.name)


def keep_filter(user: User, by: Actor, *, screen: str, name: str, arguments: str) -> SavedFilter:
    """A selection under a name; the same name again is the same selection changed."""
    name = name.strip()[:60]
    if not name:
        raise Refused("application.filter_nameless")
    kept = list(db.session.scalars(filters_of(user, screen)))
    row = next((one for one in kept if one.name == name), None)
    if row is None:
        if len(kept) >= KEPT:
            raise Refused("application.filters_many", most=KEPT)
        row = SavedFilter(user_id=user.id, screen=screen, name=name, arguments=arguments)
        db.session.add(row)
    row.arguments = arguments
    record("application.keep_filter", user, by, {"name": name})
    return row


def drop_filter(user: User, by: Actor, *, row: SavedFilter) -> None:
    if row.user_id != user.id:
        raise Refused("application.not_its_note")
    name = row.name
    db.session.delete(row)
    record("application.drop_filter", user, by, {"name": name})
