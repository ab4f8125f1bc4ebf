"""Rows on their way into an empty database, many in one statement."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import sqlalchemy as sa

from evaka.models.base import Model, db
from evaka.rules.person import search_key

CHUNK = 10_000


class Rows:
    """Gathers rows and gives them their ids; `write` inserts them, parents before children.

    The ids are counted from 1, so the database must be empty, and `settle` must follow the last row.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._names: dict[type[Model], dict[str, str]] = {}
        self._waiting: dict[str, dict[tuple[str, ...], list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))

    def add(self, model: type[Model], **values: Any) -> int:
        """One more row, by the attributes of the model; what is not given gets the column's own default."""
        names = self._names.get(model)
        if names is None:
            names = self._names[model] = {one.key: one.columns[0].name for one in model.__mapper__.column_attrs}
        table = model.__tablename__
        self.counts[table] += 1
        if found_by := getattr(model, "found_by", ()):
            values["search_key"] = search_key(*(values.get(name) for name in found_by))
        row = {names[name]: value for name, value in values.items()}
        row["id"] = self.counts[table]
        self._waiting[table][tuple(values)].append(row)
        return self.counts[table]

    def write(self) -> None:
        """Insert everything that waits."""
        connection = db.session.connection()
        for table in db.metadata.sorted_tables:
            for rows in self._waiting.pop(table.name, {}).values():
                for first in range(0, len(rows), CHUNK):
                    connection.execute(table.insert(), rows[first : first + CHUNK])

    def write_when_many(self, table: str) -> None:
        """Insert what waits as soon as there are many rows of a table, to keep memory small."""
        if sum(map(len, self._waiting[table].values())) >= CHUNK:
            self.write()

    def settle(self) -> None:
        """Let the database count on from the last ids, and look at what it holds to plan its queries."""
        connection = db.session.connection()
        if connection.dialect.name == "postgresql":
            for table in db.metadata.sorted_tables:
                sequence = sa.func.pg_get_serial_sequence(f'"{table.name}"', "id")
                last = sa.func.max(table.c.id)
                connection.execute(sa.select(sa.func.setval(sequence, sa.func.coalesce(last, 1), last.is_not(None))))
        connection.exec_driver_sql("ANALYZE")
