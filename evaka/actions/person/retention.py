"""What the city has kept long enough: asked of the tables themselves, shown before anything is removed, then removed.

A rule of retention.toml names a kind of row.  What else still refers to a row keeps it, unless the rule says that it
goes along; so a table that comes later protects what it needs without anybody thinking of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, union_all

from evaka import city
from evaka.access import Actor
from evaka.actions import record
from evaka.actions.person.merge import PERSON
from evaka.kit.errors import ConfigMistake
from evaka.models.base import HELSINKI, Moment, db
from evaka.models.person import Guardian, HeadOfChild, Partner
from evaka.models.placement import Placement
from evaka.rules.person.retention import CARE_ENDED, Keep

BATCH = 200  # rows of a rule in one transaction, with all that goes along
SAMPLE = 5
OPEN = date(9999, 12, 31)  # a place until further notice
# From these rows it is known when somebody's care ended: they go when everything that asks for it has gone.
TELLS_OF_CARE = {"placement", "head_of_child", "guardian", "partner"}


def rules() -> dict[str, Keep]:
    """The city's rules, in the order of the file."""
    return city.named("retention", Keep)


def ordered() -> list[Keep]:
    """The rules in the order in which they are carried out: what tells of care comes last."""
    return sorted(rules().values(), key=lambda rule: rule.table in TELLS_OF_CARE)


def table_of(rule: Keep) -> sa.Table:
    return db.metadata.tables[rule.table]


# -- which rows ---------------------------------------------------------------------------------------


def care_ended(before: date) -> Select[Any]:
    """The people whose last day of care lies before a day: the child's own, and that of the household's last child.

    Who never had anything to do with a place is never named, and who still has a place is not either.
    """
    last = func.coalesce(Placement.end, literal(OPEN, sa.Date))
    of_heads = select(HeadOfChild.head_id, last).join(Placement, Placement.child_id == HeadOfChild.child_id)
    days = union_all(
        select(Placement.child_id.label("person_id"), last.label("day")),
        of_heads,
        select(Guardian.guardian_id, last).join(Placement, Placement.child_id == Guardian.child_id),
        *(select(one, last).join(HeadOfChild, HeadOfChild.head_id == other)
          .join(Placement, Placement.child_id == HeadOfChild.child_id)
          for one, other in ((Partner.first_id, Partner.second_id), (Partner.second_id, Partner.first_id))),
    ).subquery()
    return select(days.c.person_id).group_by(days.c.person_id).having(func.max(days.c.day) < before)


def due(rule: Keep, day: date) -> ColumnElement[bool]:
    """Of a row of the rule's table: on this day it has been kept long enough, and nothing that stays needs it."""
    table, before = table_of(rule), rule.before(day)
    if rule.anchor == CARE_ENDED:
        old = table.c[rule.of].in_(care_ended(before))
    else:
        column = table.c[rule.anchor]
        midnight = datetime.combine(before, time.min, HELSINKI)
        old = column < (midnight if isinstance(column.type, Moment) else before)
    if rule.having:
        old = and_(old, table.c[rule.having].is_not(None))
    if rule.clear:
        return and_(old, or_(*(table.c[name] != empty(table.c[name]) if empty(table.c[name]) is not None
                               else table.c[name].is_not(None) for name in rule.clear)))
    return and_(old, ~needed(table, set(rule.together)))


def needed(table: sa.Table, together: set[str]) -> ColumnElement[bool]:
    """Of a row: some row of a table that does not go along refers to it, or to one that does."""
    conditions: list[ColumnElement[bool]] = [sa.false()]
    for column in _pointing(table):
        other = column.table.alias() if column.table is table else column.table
        points = other.c[column.name] == table.c.id
        if column.table.name in together and column.table is not table:
            inner = needed(column.table, together - {table.name})
            conditions.append(exists(select(1).select_from(other).where(points, inner)).correlate(table))
        else:
            conditions.append(exists(select(1).select_from(other).where(points)).correlate(table))
    return or_(*conditions)


def _pointing(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of all tables that refer to this one; what a row takes along upwards does not point back."""
    return [column for other in db.metadata.sorted_tables for column in other.columns
            if any(key.column.table is table for key in column.foreign_keys)]


def empty(column: sa.Column[Any]) -> Any:
    """What a column holds when nothing is in it."""
    if column.nullable:
        return None
    return False if isinstance(column.type, sa.Boolean) else ""


def removable(rule: Keep, day: date) -> Select[Any]:
    """The ids of the rows that the rule lets go on a day, the oldest first."""
    table = table_of(rule)
    query = select(table.c.id).where(due(rule, day)).order_by(table.c.id)
    if rule.table in TELLS_OF_CARE and not rule.clear:
        waiting = [one for one in ordered() if one.anchor == CARE_ENDED and one.table not in TELLS_OF_CARE]
        query = query.where(*(~_anything(one, day) for one in waiting))  # they ask these rows when care ended
    return query


def _anything(rule: Keep, day: date) -> ColumnElement[bool]:
    inner = select(table_of(rule).c.id).where(due(rule, day)).limit(1).subquery()
    return select(func.count()).select_from(inner).scalar_subquery() > 0


# -- the preview --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """One rule as it would be carried out today: how many rows, and a few of them."""

    rule: Keep
    before: date
    count: int
    sample: tuple[tuple[int, str], ...]  # number of the row, whose it is


def preview(day: date) -> list[Shown]:
    """What the job would remove now; nothing is removed."""
    found = []
    for rule in ordered():
        ids = removable(rule, day)
        count = db.session.scalar(select(func.count()).select_from(ids.order_by(None).subquery())) or 0
        sample = tuple(_named(rule, ids.limit(SAMPLE))) if count else ()
        found.append(Shown(rule, rule.before(day), count, sample))
    return found


def _named(rule: Keep, ids: Select[Any]) -> Iterator[tuple[int, str]]:
    table = table_of(rule)
    whose = next((table.c[name] for name in (rule.of, "child_id", "head_id", "person_id") if name in table.c), None)
    if whose is None:
        for id in db.session.scalars(ids):
            yield id, ""
        return
    people = PERSON.alias()
    asked = select(table.c.id, people.c.last_name, people.c.first_name).join(people, people.c.id == whose)
    asked = asked.where(table.c.id.in_(ids.subquery().select())).order_by(table.c.id)
    for id, last, first in db.session.execute(asked):
        yield id, f"{last} {first}"


# -- the removal ----------------------------------------------------------------------------------------


def remove(rule: Keep, by: Actor) -> int:
    """One batch of a rule: its next rows and what goes with them, and one line of the journal.  Twice is once."""
    table = table_of(rule)
    ids = list(db.session.scalars(removable(rule, by.today).limit(BATCH)))
    if not ids:
        return 0
    if rule.clear:
        values: dict[str, Any] = {name: empty(table.c[name]) for name in rule.clear}
        db.session.execute(sa.update(table).where(table.c.id.in_(ids)).values(**values, version=table.c.version + 1))
        gone = {table.name: len(ids)}
    else:
        gone = _delete(table, ids, set(rule.together))
    db.session.expire_all()
    record("person.retention", None, by, {"rule": rule.key, "source": rule.source, "rows": gone})
    return len(ids)


def _delete(table: sa.Table, ids: list[int], together: set[str]) -> dict[str, int]:
    """Delete rows and what goes along, children before parents; what they pointed at goes when nobody else does."""
    below: dict[sa.Table, set[int]] = defaultdict(set, {table: set(ids)})
    above: dict[sa.Table, set[int]] = defaultdict(set)
    for other in db.metadata.sorted_tables:  # parents come before children
        if other.name not in together:
            continue
        for column in other.columns:
            for key in column.foreign_keys:
                if key.column.table in below and key.column.table is not other:
                    parents = below[key.column.table]
                    below[other] |= set(db.session.scalars(select(other.c.id).where(column.in_(parents))))
    for held, rows in list(below.items()):
        for column in held.columns:
            for key in column.foreign_keys:
                up = key.column.table
                if up.name in together and up not in below:
                    above[up] |= set(db.session.scalars(select(column).where(
                        held.c.id.in_(rows), column.is_not(None))))
    gone: dict[str, int] = {}
    for held in reversed(db.metadata.sorted_tables):
        if below.get(held):
            done = sa.delete(held).where(held.c.id.in_(below[held]))
        elif above.get(held):
            done = sa.delete(held).where(held.c.id.in_(above[held]), ~needed(held, set()))
        else:
            continue
        if count := db.session.execute(done).rowcount:  # type: ignore[attr-defined]
            gone[held.name] = count
    return gone


# -- the city's table -------------------------------------------------------------------------------------


def mistakes() -> Iterator[ConfigMistake]:
    """What of retention.toml the database does not know, or what contradicts itself."""
    found = rules()
    for key, rule in found.items():
        where = f"{city.source('retention', key)}, [{key}]"
        tables = db.metadata.tables
        if unknown := [name for name in (rule.table, *rule.together) if name not in tables]:
            yield _unknown(where, "table", unknown[0], tables)
            continue
        columns = tables[rule.table].columns
        named = [*rule.clear, *filter(None, (rule.of, rule.having))]
        named += [] if rule.anchor == CARE_ENDED else [rule.anchor]
        if unknown := [name for name in named if name not in columns]:
            yield _unknown(where, f"column of {rule.table}", unknown[0], columns.keys())
            continue
        if rule.anchor != CARE_ENDED and not isinstance(columns[rule.anchor].type, sa.Date | Moment):
            yield ConfigMistake(f"{where}, anchor", f"{rule.anchor} holds no day", "Name a column with a day.")
        own = rule.table == PERSON.name and rule.of == "id"
        if rule.of and not own and not any(k.column is PERSON.c.id for k in columns[rule.of].foreign_keys):
            yield ConfigMistake(f"{where}, of", f"{rule.of} points at no person", "Name a column that does.")
        fixed = [name for name in rule.clear if columns[name].foreign_keys or not _can_be_empty(columns[name])]
        if fixed:
            yield ConfigMistake(f"{where}, clear", f"{fixed[0]} cannot be empty", "Leave it out.")
        if rule.table == PERSON.name and not rule.clear:
            yield ConfigMistake(where, "a person's row is never removed, the journal points at it",
                                "Name in clear the columns to be emptied.")
        if rule.table not in TELLS_OF_CARE and rule.anchor == CARE_ENDED:
            yield from _outlives(where, rule, found.values())


def _can_be_empty(column: sa.Column[Any]) -> bool:
    return bool(column.nullable) or isinstance(column.type, sa.Boolean | sa.String)


def _outlives(where: str, rule: Keep, others: Iterable[Keep]) -> Iterator[ConfigMistake]:
    for other in others:
        if other.table in TELLS_OF_CARE and other.years * 12 + other.months <= rule.years * 12 + rule.months:
            yield ConfigMistake(
                where, f"it is kept as long as [{other.key}], from which it is known when care ended",
                f"Keep [{other.key}] for longer.",
            )


def _unknown(where: str, what: str, name: str, known: Iterable[str]) -> ConfigMistake:
    near = get_close_matches(name, list(known), 3) or sorted(known)[:5]
    return ConfigMistake(where, f'there is no {what} called "{name}"', f"Near it is {', '.join(near)}.")
