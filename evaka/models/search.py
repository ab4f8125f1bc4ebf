"""Rows that are found by the beginnings of their words: one index of words a table, on both kinds of database.

On SQLite it is an FTS5 table beside the rows, kept by triggers; on PostgreSQL a GIN index of the words as they stand.
Either way a search costs what it finds, however many rows there are.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement, event
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Mapped, mapped_column

from evaka.models.base import db
from evaka.rules.person import search_key

SIGNS = "".join(chr(one) for one in range(33, 127) if not chr(one).isalnum())  # belong to a word like its letters
FINDABLE: set[str] = set()  # tables that `keep_findable` keeps an index of


class Sought:
    """A row that is found by the words of its columns `found_by`."""

    found_by: ClassVar[tuple[str, ...]] = ()
    search_key: Mapped[str] = mapped_column(sa.Text, default="", server_default="")

    @property
    def is_found(self) -> bool:
        """Whether anybody finds the row by its words."""
        return True

    @classmethod
    def named(cls, sought: str) -> ColumnElement[bool]:
        return words_found(cls, sought)


def keep_findable(model: type[Any]) -> None:
    """Keep the words of a model's rows, and the index of them, whoever writes the rows."""
    event.listen(model, "before_insert", _note_words)
    event.listen(model, "before_update", _note_words)
    table: sa.Table = model.__table__
    FINDABLE.add(table.name)
    for dialect, (create, drop) in findable_ddl(table.name).items():
        for statement in create:
            event.listen(table, "after_create", sa.DDL(statement.replace("%", "%%")).execute_if(dialect=dialect))
        for statement in drop if dialect == "sqlite" else ():
            event.listen(table, "after_drop", sa.DDL(statement.replace("%", "%%")).execute_if(dialect=dialect))


def _note_words(_mapper: Any, _connection: Any, row: Any) -> None:
    row.search_key = search_key(*(getattr(row, name) for name in row.found_by)) if row.is_found else ""


def findable_ddl(table: str) -> dict[str, tuple[list[str], list[str]]]:
    """By dialect, the statements that make and that drop the index of words of a table; migrations run them too."""
    words, signs = f"{table}_search", SIGNS.replace("'", "''").replace('"', '""')
    add = f"INSERT INTO {words} (rowid, search_key) VALUES (NEW.id, NEW.search_key);"
    take = f"INSERT INTO {words} ({words}, rowid, search_key) VALUES ('delete', OLD.id, OLD.search_key);"
    return {
        "sqlite": (
            [f"CREATE VIRTUAL TABLE {words} USING fts5(search_key, content='{table}', content_rowid='id', "
             f"detail=none, columnsize=0, prefix='2 3 4', tokenize=\"ascii tokenchars '{signs}'\")",
             f'CREATE TRIGGER {words}_ins AFTER INSERT ON "{table}" BEGIN {add} END',
             f'CREATE TRIGGER {words}_del AFTER DELETE ON "{table}" BEGIN {take} END',
             f'CREATE TRIGGER {words}_upd AFTER UPDATE ON "{table}" '
             f"WHEN OLD.search_key <> NEW.search_key OR OLD.id <> NEW.id BEGIN {take} {add} END",
             f"INSERT INTO {words} ({words}) VALUES ('rebuild')"],
            [*(f"DROP TRIGGER IF EXISTS {words}_{verb}" for verb in ("ins", "del", "upd")),
             f"DROP TABLE IF EXISTS {words}"],
        ),
        "postgresql": (
            [f"CREATE INDEX ix_{words} ON \"{table}\" "
             "USING gin (array_to_tsvector(string_to_array(search_key, ' ')))"],
            [f"DROP INDEX IF EXISTS ix_{words}"],
        ),
    }


def is_index_of_words(kind: str, name: str | None) -> bool:
    """Whether a table or an index of a database is one that `keep_findable` keeps, and no model's."""
    found = [f"{table}_search" for table in FINDABLE]
    if kind == "table":
        return any(name == words or str(name).startswith(f"{words}_") for words in found)
    return kind == "index" and any(name == f"ix_{words}" for words in found)


def words_found(model: type[Any], sought: str) -> ColumnElement[bool]:
    """The rows of which every word that is sought begins a word, in any order; without a word, none."""
    words = search_key(sought).split()
    if not words:
        return sa.false()
    if db.engine.dialect.name == "sqlite":
        index = sa.table(f"{model.__tablename__}_search", sa.column("rowid"))
        asked = " AND ".join('"' + word.replace('"', '""') + '" *' for word in words)
        found = sa.select(index.c.rowid).where(sa.literal_column(f"{model.__tablename__}_search").op("MATCH")(asked))
        return model.id.in_(found)  # type: ignore[no-any-return]
    held = sa.func.array_to_tsvector(sa.func.string_to_array(model.search_key, sa.literal_column("' '")))
    quoted = [word.replace("\\", "\\\\").replace("'", "''") for word in words]
    return held.op("@@")(sa.cast(" & ".join(f"'{word}':*" for word in quoted), TSQUERY))  # type: ignore[no-any-return]


def words_among(model: type[Any], sought: str) -> ColumnElement[bool]:
    """The same without the index: for the few rows that somebody's own query has come to already."""
    words = search_key(sought).split()
    held = sa.literal(" ") + model.search_key
    return sa.and_(*(held.contains(f" {word}", autoescape=True) for word in words)) if words else sa.false()
