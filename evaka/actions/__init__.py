"""An action is something a person does to a row; its key names it everywhere.

    @action("decision.accept")
    def accept(decision: Decision, by: Actor, *, start: date) -> Placement: ...

From this the key decides who may (the city's roles), the workflow decides when (rules), the screen shows a
button with a form that asks for `start`, the journal keeps a line, and the texts hold the words.  The function
itself only says what happens.  It never commits: one request, one job item or one command is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, TypeVar, get_type_hints

from sqlalchemy import Select, event, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from evaka.access import Actor, require
from evaka.kit import identity
from evaka.models.base import Model, db
from evaka.models.journal import (
    AuditEvent,
    Counter,
    Email,
    JobRun,
    JournalChain,
    JournalSeal,
    Lease,
    add_lines,
    write_lines,
)
from evaka.models.person import Person
from evaka.models.user import LoginAttempt, UserSession

F = TypeVar("F", bound=Callable[..., Any])
Euros = Annotated[int, "euros"]  # an input of cents that is typed as euros
Long = Annotated[str, "long"]  # an input of several lines


@dataclass(frozen=True)
class Choice:
    """The input is a key of a city table: Annotated[str, Choice("service_needs")].

    `column` and `values` leave only the rows whose column holds one of the values.
    """

    table: str
    column: str = ""
    values: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Among:
    """The input is one of the rows that a query selects for the subject: Annotated[Person, Among(carers_of)]."""

    rows: Callable[[Any, Actor], Select[Any]]


@dataclass(frozen=True)
class Action:
    key: str
    run: Callable[..., Any]
    subject: type[Model]
    inputs: dict[str, Any]  # keyword-only parameters and their types: the form's fields
    defaults: dict[str, Any]  # of those that have one; None means: may be left empty

    @property
    def feature(self) -> str:
        return self.key.partition(".")[0]

    @property
    def verb(self) -> str:
        return self.key.partition(".")[2]


ACTIONS: dict[str, Action] = {}


def action(key: str) -> Callable[[F], F]:
    """Register the body as what happens at `key`; calling it asks, moves the state, acts and records."""

    def register(body: F) -> F:
        parameters = signature(body).parameters
        hints = get_type_hints(body, include_extras=True)
        named = [p for p in parameters.values() if p.kind is Parameter.KEYWORD_ONLY]
        verb = key.partition(".")[2]

        @wraps(body)
        def run(row: Model, by: Actor, **inputs: Any) -> Any:
            require(by, key, row)
            if row.workflow and verb in row.workflow.moves:
                row.status = row.workflow.after(row.status, verb)
            outer = db.session.info.pop("told", None)  # of the action that has called this one
            result = body(row, by, **inputs)
            record(key, row, by, db.session.info.pop("told", inputs))
            if outer is not None:
                tell(**outer)
            return result

        if key in ACTIONS:
            raise ValueError(f"two actions are called {key}")
        ACTIONS[key] = Action(
            key, run, hints[next(iter(parameters))],
            {p.name: hints[p.name] for p in named},
            {p.name: p.default for p in named if p.default is not Parameter.empty},
        )
        return run  # type: ignore[return-value]

    return register


def of_model(model: type[Model]) -> list[Action]:
    """The actions whose subject is this kind of row, in the order in which they were written."""
    return [one for one in ACTIONS.values() if one.subject is model]


# -- the journal ----------------------------------------------------------------------------------

# journals of their own
SILENT = (AuditEvent, JournalChain, JournalSeal, JobRun, Lease, LoginAttempt, UserSession, Counter, Email)
UNTOLD = {"version"} | Person.derived  # what follows from what is told


def record(key: str, row: Model | None, by: Actor, facts: dict[str, Any]) -> None:
    """Write the line that says who did what to which row, with every column that changed since the last line."""
    db.session.flush()
    changes = db.session.info.pop("changes", None)
    add_lines([line_of(key, row, by, facts | ({"changes": changes} if changes else {}))])


def line_of(key: str, row: Model | None, by: Actor, facts: dict[str, Any]) -> dict[str, Any]:
    """A line of the journal as columns, for `add_lines`."""
    return {
        "at": by.now, "user_id": by.user and by.user.id, "action": key,
        "subject": row.__tablename__ if row is not None else "", "subject_id": row and row.id,
        "person_id": concerned(row),
        "facts": {name: value if name == "changes" else _plain(value) for name, value in facts.items()},
    }


def line_of_file(key: str, person_id: int, by: Actor, facts: dict[str, Any]) -> dict[str, Any]:
    """The same of somebody whose row is not at hand."""
    return line_of(key, None, by, facts) | {
        "subject": Person.__tablename__, "subject_id": person_id, "person_id": person_id}


def tell(**facts: Any) -> None:
    """Of the action that runs the journal keeps these facts, not its inputs: a letter's words are not for it."""
    db.session.info["told"] = facts


def concerned(row: Model | None) -> int | None:
    """Whose file a row belongs to: the child, the head, or the person."""
    if isinstance(row, Person):
        return row.id
    for name in ("child_id", "head_id", "person_id"):
        if (found := getattr(row, name, None)) is not None:
            return int(found)
    return None


def _plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    match value:
        case Model():
            return f"{value.__tablename__} {value.id}"
        case date() | datetime() | time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case list() | tuple():
            return [_plain(one) for one in value]
        case set() | frozenset():
            return sorted(_plain(one) for one in value)
        case bytes():
            return f"{len(value)} bytes"
        case str():  # whoever typed it, and wherever: no identity code stands in the journal
            return identity.hidden(value)
        case None | bool() | int() | float() | dict():
            return value
    return str(value)


@event.listens_for(Session, "before_flush")
def _notice(session: Session, _context: Any, _instances: Any) -> None:
    """Gather [row, column, old, new] of everything that is about to be written."""
    for rows, kind in ((session.new, "new"), (_in_order(session.dirty), "changed"),
                       (_in_order(session.deleted), "deleted")):
        for row in rows:
            if not isinstance(row, Model) or isinstance(row, SILENT):
                continue
            if kind == "changed" and not session.is_modified(row, include_collections=False):
                continue
            session.info.setdefault("changes", []).extend(_changes(row, kind))


def _in_order(rows: Any) -> list[Any]:
    """Rows of a set by table and number: what is told of equal deeds is equal."""
    return sorted(rows, key=lambda row: (type(row).__name__, inspect(row).identity or ()))


def _changes(row: Model, kind: str) -> list[list[Any]]:
    name = f"{row.__tablename__} {row.id or '+'}"
    if kind == "deleted":
        return [[name, "", str(row), None]]
    state = inspect(row)
    found = []
    for column in state.mapper.column_attrs:
        history = state.attrs[column.key].history
        if column.key in UNTOLD or column.key == "id" or not history.has_changes():
            continue
        old = history.deleted[0] if history.deleted else None
        new = history.added[0] if history.added else None
        if new is None and old is None:
            continue
        hidden = column.key in row.secret | row.untold
        found.append([name, column.key, "…" if hidden else _plain(old), "…" if hidden else _plain(new)])
    return found


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    for name in ("changes", "told", "lines"):
        session.info.pop(name, None)


@event.listens_for(Session, "before_commit")
def _leave_no_change_untold(session: Session) -> None:
    """A change that nobody recorded would be a hole in the journal: that is a fault of ours, and stops here."""
    session.flush()
    if changes := session.info.pop("changes", None):
        raise RuntimeError(f"these changes have no line in the journal: {changes[:3]}")
    write_lines(session)


# -- numbers --------------------------------------------------------------------------------------


def next_number(name: str) -> int:
    """The next of a series without gaps: taken in the transaction that uses it, given back if that fails."""
    return take_numbers(name, 1) + 1


def take_numbers(name: str, count: int) -> int:
    """Take several at once; answers the last that was given before them."""
    asked = select(Counter).where(Counter.name == name).with_for_update().execution_options(populate_existing=True)
    counter = db.session.scalar(asked)
    if counter is None:  # two may begin the series at the same moment
        insert = (sqlite if db.engine.dialect.name == "sqlite" else postgresql).insert(Counter)
        db.session.execute(insert.values(name=name, last=0).on_conflict_do_nothing(index_elements=["name"]))
        counter = db.session.scalars(asked).one()
    before = counter.last
    counter.last += count
    db.session.flush()
    return before


def last_number(name: str) -> int:
    """The last of a series that was given."""
    return db.session.scalar(select(Counter.last).where(Counter.name == name)) or 0


def notify(person_id: int, text: str, by: Actor) -> None:
    """Queue a notice that something waits; the post job sends it."""
    db.session.add(Email(person_id=person_id, text=text, made_at=by.now, next_try=by.now))


def notify_user(user_id: int, text: str, by: Actor) -> None:
    """The same to somebody of the staff."""
    db.session.add(Email(user_id=user_id, text=text, made_at=by.now, next_try=by.now))
