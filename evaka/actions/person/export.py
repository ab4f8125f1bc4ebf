"""Everything that is known of one person, for whoever asks what the city knows of them (GDPR, article 15).

What is about a person is read from the tables themselves: rows that point at the person, the rows that these consist
of, and the conversations the person belongs to.  Of other people nothing is told but their names.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum, StrEnum
from tempfile import SpooledTemporaryFile
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, or_, select

from evaka.access import Actor
from evaka.actions import action
from evaka.actions.document import name_of
from evaka.actions.person.merge import PERSON, model_of, references
from evaka.kit import identity
from evaka.letters import pdf
from evaka.letters.letter import city_sender
from evaka.letters.person import DataFacts, Section, data_letter
from evaka.models.base import db
from evaka.models.person import Person, ids_of
from evaka.rules.booking import Pattern
from evaka.rules.person import address_lines, listed_name
from evaka.texts import enum_key, knows, say, spoken

BATCH = 500  # rows held in memory at once
ON_PAPER = 300  # rows of one kind on the printed list; the machine-readable one has them all
IN_MEMORY = 2_000_000  # bytes: a larger file is made on the disk
# of these only the person's own, not those of the others in the same conversation
OWN_ONLY = {"receipt", "thread_member", "email"}
WHOLE = (("thread_member", "thread_id"),)  # what a person belongs to: a conversation
WORDS = (("message", "post_id"),)  # what a row that is told says in the words of another
NAMES = ("name", "title")  # columns by which a row of another table is called


class DataForm(StrEnum):
    JSON = "json"
    PDF = "pdf"


@dataclass(frozen=True)
class Told:
    """The rows of one table that are about the person."""

    table: sa.Table
    where: ColumnElement[bool]

    @property
    def columns(self) -> list[sa.Column[Any]]:
        """What is told of a row: no file contents, no secrets, nothing that only the program reckons."""
        model: Any = model_of(self.table.name)
        hidden = {"version"} | (model.secret if model else frozenset())
        if self.table is PERSON:
            hidden |= Person.derived
        return [one for one in self.table.columns
                if one.name not in hidden and not isinstance(one.type, sa.LargeBinary)]


def told_of(person_id: int) -> list[Told]:
    """Every table with rows about the person, and which rows these are."""
    who = ids_of(person_id).scalar_subquery()
    found: dict[sa.Table, list[ColumnElement[bool]]] = defaultdict(list)
    found[PERSON].append(PERSON.c.id.in_(who))
    for table, columns in references().items():
        if table is not PERSON:
            found[table].append(or_(*(column.in_(who) for column in columns)))
    _above(WHOLE, found)
    for table in db.metadata.sorted_tables:  # what those rows consist of
        if table.name in OWN_ONLY or table is PERSON:
            continue
        for column in table.columns:
            for key in column.foreign_keys:
                parent = key.column.table
                if parent in found and parent not in (PERSON, table):
                    found[table].append(column.in_(select(parent.c.id).where(or_(*found[parent]))))
    _above(WORDS, found)
    return [Told(table, or_(*found[table])) for table in db.metadata.sorted_tables if table in found]


def _above(columns: Iterable[tuple[str, str]], found: dict[sa.Table, list[ColumnElement[bool]]]) -> None:
    """The rows that these columns of rows that are told point at."""
    for name, column in columns:
        table = db.metadata.tables[name]
        if table in found:
            other = next(iter(table.c[column].foreign_keys)).column.table
            found[other].append(other.c.id.in_(select(table.c[column]).where(or_(*found[table]))))


# -- rows, with the names of what they point at ------------------------------------------------------


class Reader:
    """Reads the rows in batches, and looks up the names of what each batch points at."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.own = set(db.session.scalars(ids_of(person.id)))
        self.names: dict[tuple[str, int], str] = {}

    def batches(self, told: Told, most: int | None = None) -> Iterator[list[dict[str, Any]]]:
        """The rows from the newest on: their columns, plain."""
        asked = select(*told.columns).where(told.where).order_by(told.table.c.id.desc()).limit(most)
        result = db.session.execute(asked.execution_options(yield_per=BATCH))
        for rows in result.mappings().partitions():
            some = [dict(row) for row in rows]
            self._look_up(told, some)
            yield some

    def _look_up(self, told: Told, rows: list[dict[str, Any]]) -> None:
        if len(self.names) > 20 * BATCH:
            self.names.clear()
        for column in told.columns:
            for key in column.foreign_keys:
                other = key.column.table
                ids = {row[column.name] for row in rows} - {None}
                ids = {id for id in ids if (other.name, id) not in self.names}
                called = [other.c[name] for name in NAMES if name in other.c][:1]
                if other is PERSON:
                    called = [PERSON.c.last_name, PERSON.c.first_name]
                if ids and called:
                    for id, *words in db.session.execute(select(other.c.id, *called).where(other.c.id.in_(ids))):
                        self.names[other.name, id] = listed_name(words[1], words[0]) if words[1:] else str(words[0])

    def value(self, column: sa.Column[Any], held: Any, table: sa.Table) -> Any:
        """A value as JSON keeps it; a row that it points at by number and name."""
        if held is None:
            return None
        for key in column.foreign_keys:
            other = key.column.table.name
            return {"table": other, "id": held, "name": self.names.get((other, held))}
        if table.name == "audit_event" and column.name == "facts":
            return self._changes(held)
        if table is PERSON and column.name == "identity_code":
            return held
        return plain(held)

    def _changes(self, facts: dict[str, Any]) -> list[Any]:
        """Of a line of the journal, what it changed in the person's own row: other rows tell themselves."""
        own = {f"person {id}" for id in self.own}
        return [plain(one[1:]) for one in facts.get("changes", ()) if one and one[0] in own]


def plain(value: Any) -> Any:
    """A value as JSON keeps it, without the code of whomever somebody has mentioned in a note."""
    match value:
        case str():
            return identity.hidden(value)
        case Enum():
            return value.value
        case date() | datetime() | time():
            return value.isoformat()
        case Decimal() | Pattern():
            return str(value)
        case dict():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
    return value


# -- the two files ---------------------------------------------------------------------------------


@action("person.export_data")
def export_data(person: Person, by: Actor, *, form: DataForm = DataForm.JSON, language: str = "fi") -> Any:
    """A file with everything that is known of the person; it is made row by row, however much there is."""
    out = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  whoever sends the file closes it
    try:
        if form is DataForm.PDF:
            out.write(pdf(data_letter(paper_facts(person, by, language), language)))
        else:
            for part in as_json(person, by):
                out.write(part.encode())
    except BaseException:
        out.close()
        raise
    out.seek(0)
    return out


def as_json(person: Person, by: Actor) -> Iterator[str]:
    """The file, piece by piece: {made_at, person, tables: {name: [rows]}}; the keys are the columns' names."""
    reader = Reader(person)
    head = {"made_at": by.now.isoformat(), "person": {"id": person.id, "name": str(person)}}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "tables": {'
    first = True
    for told in told_of(person.id):
        yield f'{"" if first else ","}\n{json.dumps(told.table.name)}: ['
        first, begun = False, False
        for rows in reader.batches(told):
            lines = [json.dumps(shown, ensure_ascii=False) for shown in _as_json(reader, told, rows)]
            yield ("," if begun else "") + "\n " + ",\n ".join(lines)
            begun = True
        yield "]"
    yield "\n}}\n"


def _as_json(reader: Reader, told: Told, rows: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for row in rows:
        yield {column.name: reader.value(column, row[column.name], told.table) for column in told.columns}


def paper_facts(person: Person, by: Actor, language: str) -> DataFacts:
    """What the printed list says, in words: the newest rows of each kind."""
    reader = Reader(person)
    sections = []
    for told in told_of(person.id):
        rows = [row for batch in reader.batches(told, ON_PAPER + 1) for row in batch]
        if not rows:
            continue
        more = db.session.scalar(select(sa.func.count()).select_from(told.table).where(told.where)) - ON_PAPER \
            if len(rows) > ON_PAPER else 0
        sections.append(_section(reader, told, rows[:ON_PAPER], more, language))
    restricted = person.restricted_on(by.today)
    lines = address_lines(person.street, person.postal_code, person.post_office, restricted=restricted)
    return DataFacts(
        sender=city_sender(language), recipient=(name_of(person), *lines), day=by.today,
        person=name_of(person), sections=tuple(sections),
    )


def _section(reader: Reader, told: Told, rows: list[dict[str, Any]], more: int, language: str) -> Section:
    columns = [one for one in told.columns if one.name != "id" and not isinstance(one.type, sa.JSON)]
    columns = [one for one in columns if any(row[one.name] not in (None, "", False) for row in rows)]
    return Section(
        title=table_name(told.table.name, language),
        columns=tuple(column_name(told.table.name, one.name, language) for one in columns),
        rows=tuple(tuple(_written(reader, told, one, row, language) for one in columns) for row in rows),
        more=more,
    )


def _written(reader: Reader, told: Told, column: sa.Column[Any], row: dict[str, Any], language: str) -> str:
    held = row[column.name]
    if held is None:
        return ""
    if isinstance(held, StrEnum) and knows(enum_key(held)):
        return say(enum_key(held), language)
    if isinstance(held, date | time | bool | Decimal):
        return spoken(held, language)
    if isinstance(held, str) and told.table.name == "audit_event" and column.name == "action":
        return say(held, language) if knows(held) else held
    if isinstance(held, str) and column.name == "subject":
        return table_name(held, language) if held else ""
    shown = reader.value(column, held, told.table)
    return str(shown["name"] or shown["id"]) if isinstance(shown, dict) else str(shown)


def table_name(table: str, language: str) -> str:
    """What rows of a table are called; a table without words by its own name."""
    key = f"table.{table}"
    return say(key, language) if knows(key) else table.replace("_", " ").capitalize()


def column_name(table: str, column: str, language: str) -> str:
    """A column by the word of its screen, else by one that all tables share, else by its own name."""
    model = model_of(table)
    feature = model.feature_name() if model else table
    bare = column.removesuffix("_id").removesuffix("_date")
    for key in (f"{feature}.{bare}", f"column.{bare}", f"person.{bare}", f"journal.{bare}"):
        if knows(key):
            return say(key, language)
    return bare.replace("_", " ").capitalize()
