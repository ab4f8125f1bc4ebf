"""A row in words: its number, its link, its state, its history, and why something was refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any

from flask import request
from markupsafe import Markup, escape
from sqlalchemy import Select, inspect, select, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from evaka.access import may, permitted
from evaka.actions import Action
from evaka.kit.errors import Refused, Stale
from evaka.models.base import Model, Moment, ask, db
from evaka.models.guard import broken_rule
from evaka.models.journal import AuditEvent
from evaka.models.person import Person, ids_of
from evaka.models.unit import WeekType
from evaka.models.user import User
from evaka.rules.person.protection import TELLS_HOME
from evaka.rules.unit import Week
from evaka.texts import knows
from evaka.views.base.together import ROW
from evaka.views.page import actor, moment, now, row_url, told, told_refusal, word_of, written

REFUSALS = (Refused, IntegrityError, DataError, StaleDataError)  # what a user is told in a sentence
BADGES = {
    "sent": "info", "waiting": "warn", "accepted": "good", "active": "good", "rejected": "bad", "cancelled": "bad",
    "draft": "", "confirmed": "good", "declined": "bad", "proposed": "info", "annulled": "bad", "done": "good",
    "failed": "bad", "running": "info", "lost": "bad", "waiting_placement": "info", "waiting_decision": "info",
    "waiting_unit": "info", "waiting_guardian": "info", "decided": "good", "given_up": "bad", "queued": "info",
    "exception": "warn", "handling": "warn", "handled": "good",
}


LAST = 20  # lines of a row's history
LARGEST = 2**31 - 1  # the databases' whole numbers end here


def row_number(typed: Any) -> int | None:
    """The number of a row out of an address or a form; None when it can be no row's."""
    text = str(typed)
    return int(text) if text.isdecimal() and len(text) < 11 and int(text) <= LARGEST else None


STATES = ("status", "state")  # columns whose values are coloured; other kinds are plain words
FILES = {"person": "person", "unit": "unit", "unit_group": "group"}  # tables and the screens of their files


def linked(row: Model) -> Any:
    """A row by its name, leading to its file for whoever may open that in the office."""
    screen = FILES.get(row.__tablename__)
    if screen is None or not request.path.startswith("/office"):
        return str(row)
    seen = permitted(actor(), f"{row.feature_name()}.view", type(row), {row.id})
    return link(str(row), f"{screen}.details_view", row.id) if seen else str(row)


def link(text: str, endpoint: str, id: int, **more: Any) -> Markup:
    """A cell that leads to another row's page."""
    return Markup(f'<a href="{escape(row_url(endpoint, id, **more))}">{escape(text)}</a>')


DANGER = ("cancel", "annul", "reject", "decline", "delete", "end")


def look(verb: str) -> str:
    return "danger" if verb.startswith(DANGER) else "primary"


def inputs_of(form: Any, action: Action) -> dict[str, Any]:
    """What was typed; an empty text is no text where the action allows none."""
    values = {name: form[name].data for name in action.inputs if name in form}
    return {
        name: action.defaults[name] if value in ("", None) and name in action.defaults else value
        for name, value in values.items()
    }


def check_fresh(row: Model, version: Any) -> None:
    """Refuse to save over what somebody else saved while this form was open: say who, when and what."""
    if str(version or "") != str(row.version):
        raise stale(row)


def count_save(row: Model, version: Any) -> None:
    """An action that only adds other rows counts as a save of its own row too: sent twice, it is done once."""
    if row not in db.session or str(row.version) != str(version):
        return
    kind: Any = type(row)
    counted = update(kind).where(kind.id == row.id, kind.version == row.version).values(version=row.version + 1)
    if db.session.scalar(counted.returning(kind.id).execution_options(synchronize_session=False)) is None:
        raise stale(row)
    db.session.expire(row, ["version"])


def told_what_changed(no: Exception) -> bool:
    """Whether a refusal has told what somebody else saved: only then a form that is sent again may save over it."""
    return isinstance(no, Stale | StaleDataError)


def stale(row: Model) -> Stale:
    """What is told of a row that somebody else has saved."""
    last = db.session.scalar(done_to(type(row)).order_by(AuditEvent.id.desc()).limit(1), {"row": row.id})
    own = f"{row.__tablename__} {row.id}"
    changed = {name for which, name, *_ in (last.facts.get("changes", ()) if last else ()) if name and which == own}
    what = ", ".join(sorted(told(f"{row.feature_name()}.{name}") for name in changed))
    in_office = may(actor(), "office.view")  # who did what in the office is not the family's to read
    return Stale(
        "form.stale", who=str(last.user) if last and last.user and in_office else told("form.somebody"),
        at=moment(last.at if last else now()), what=what or "–",
    )


def sentence(no: Exception, row: Model | None = None) -> str:
    """What the user is told of a refusal, be it ours or the database's; of a row saved at the same moment, by whom."""
    match no:
        case Refused():
            return told_refusal(no)
        case IntegrityError():
            key = f"broken.{broken_rule(no)}"
            return told(key) if knows(key) else told("broken")
        case DataError():  # longer or larger than its column
            return told("broken")
    if row is not None:
        return told_refusal(stale(row))
    return told("form.stale", who=told("form.somebody"), at=moment(now()), what="–")


def done_to(kind: type[Model]) -> Select[AuditEvent]:
    """The lines of the journal about the ROW of a kind, but for those of who has read it.

    A person's with those of its doubles.
    """
    which = AuditEvent.subject_id.in_(ids_of(ROW)) if kind is Person else AuditEvent.subject_id == ROW
    return select(AuditEvent).where(
        AuditEvent.subject == kind.__tablename__, which, AuditEvent.action.not_like("%.read"))


def as_written(row: Model, name: str, kept: Any) -> Any:
    """A value of the journal as people write it: a state in words, a day as 1.8.2026."""
    attributes = inspect(type(row)).column_attrs
    if kept is None or name not in attributes:
        return kept
    column = attributes[name].columns[0]
    try:
        if isinstance(column.type, WeekType):
            return written(Week.read(kept))
        if (keys := column.info.get("keys")) is not None:
            return ", ".join(word_of(keys(one)) for one in kept)
        if (kind := getattr(column.type, "enum_class", None)) is not None:
            return word_of(kind(kept))
        if isinstance(column.type, Moment):
            return moment(datetime.fromisoformat(kept))
        if column.type.python_type is date:
            return written(date.fromisoformat(kept))
    except (ValueError, TypeError, NotImplementedError):
        return kept
    return written(kept) if isinstance(kept, bool) else kept


@cache
def last_lines(kind: type[Model]) -> Select[Any]:
    """The last lines of the journal about the ROW of a kind, as `history` takes them."""
    return done_to(kind).with_only_columns(
        AuditEvent.at, User.name, AuditEvent.action, AuditEvent.subject_id, AuditEvent.facts,
    ).outerjoin(User, User.id == AuditEvent.user_id).order_by(AuditEvent.id.desc()).limit(LAST)


def history(row: Model, found: Iterable[Any] | None = None) -> list[dict[str, Any]]:
    """The last lines of the journal about a row: when, who, what, and old → new; `found` if they are at hand.

    What was done to rows of other features is told only to whoever may see those, and what changed in other rows
    stands in their own files: the income that was added for a person is not told on the person's page.
    """
    by, feature, table = actor(), row.feature_name(), row.__tablename__
    lines = [
        (at, who, action, [change[1:] for change in facts.get("changes", ())
                           if change[1] and change[0] in (f"{table} {subject_id}", f"{table} +")])
        for at, who, action, subject_id, facts in (
            ask(last_lines(type(row)), {"row": row.id}) if found is None else found)
        if may(by, f"{action.partition('.')[0]}.view")
    ]
    names = _names_of(row, [change for *_, changes in lines for change in changes])
    secret = TELLS_HOME if is_protected(row, by.today) else ()

    def words(name: str, kept: Any) -> Any:
        if name in secret and kept:
            return told("person.restricted_sign")
        named = isinstance(kept, int) and names.get((name, kept))
        return named or as_written(row, name, kept)

    return [
        {"at": moment(at), "who": who or told("journal.machine"), "what": told(action), "changes": [
            (told(f"{feature}.{name}"), words(name, old), words(name, new)) for name, old, new in changes]}
        for at, who, action, changes in lines
    ]


def is_protected(row: Model, day: date) -> bool:
    """Whether a row is of somebody, or about somebody, whose address is restricted."""
    people = [row, *(getattr(row, name, None) for name in ("person", "child", "guardian", "head"))]
    return any(one.restricted_on(day) for one in people if isinstance(one, Person))


def _names_of(row: Model, changes: list[list[Any]]) -> dict[tuple[str, Any], str]:
    """What the journal keeps as a number, by column and number; people are not named here."""
    found: dict[tuple[str, Any], str] = {}
    for attribute in inspect(type(row)).column_attrs:
        key = next(iter(attribute.columns[0].foreign_keys), None)
        ids = {kept for name, *both in changes if name == attribute.key for kept in both if isinstance(kept, int)}
        if key is None or not ids or "name" not in key.column.table.columns:
            continue
        table = key.column.table
        for id, name in db.session.execute(select(table.c.id, table.c.name).where(table.c.id.in_(ids))):
            found[attribute.key, id] = name
    return found
