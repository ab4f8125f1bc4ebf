"""The steps of the database from one release to the next, and the rules that no step may lose."""

from __future__ import annotations

import sqlalchemy as sa

from evaka.models.base import db
from evaka.models.guard import apart_ddl, kept_ddl, spans_ddl
from evaka.models.search import FINDABLE, findable_ddl, is_index_of_words


def keep_apart_again(connection: sa.Connection) -> None:
    """Make the rules of `keep_apart`, `keep_spans_apart` and `keep_forever` anew after the steps.

    SQLite's way of altering a table drops its triggers.
    """
    dialect = connection.dialect.name
    there = set(sa.inspect(connection).get_table_names())
    for table in db.metadata.sorted_tables:
        if table.name not in there:
            continue
        rules = [apart_ddl(table.name, name, *rule) for name, rule in table.info.get("apart", {}).items()]
        rules += [spans_ddl(table.name, name, *rule) for name, rule in table.info.get("spans", {}).items()]
        if table.info.get("kept"):
            rules.append(kept_ddl(table.name))
        for create, drop in (rule[dialect] for rule in rules):
            for statement in (*drop, *create):
                connection.exec_driver_sql(statement.replace("%", "%%"))


def make_findable_again(connection: sa.Connection) -> None:
    """Make the indexes of words anew after the steps, for the same reason; those of tables that are gone go too."""
    dialect = connection.dialect.name
    there = set(sa.inspect(connection).get_table_names())
    for table in sorted(FINDABLE):
        if table in there and all(one["name"] != "search_key" for one in sa.inspect(connection).get_columns(table)):
            continue  # a later step brings the words
        create, drop = findable_ddl(table)[dialect]
        for statement in (*drop, *(create if table in there else ())):
            connection.exec_driver_sql(statement.replace("%", "%%"))


def is_compared(_item: object, name: str | None, kind: str, *_more: object) -> bool:
    """Whether Alembic compares a thing of the database with the models: the indexes of words are ours alone."""
    return not is_index_of_words(kind, name)
