"""Several questions to the database about one row, asked together."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Date, Integer, Select, bindparam, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from evaka.models.base import Moment, ask, by_helsinki, db

ROW = bindparam("row", type_=Integer)  # whose file is shown
TODAY = bindparam("today", type_=Date)


class Questions:
    """Queries about one row, most of which find nothing: one statement tells first which of them find anything.

    Those that ask for columns alone are answered by that very statement.  They are put together once, for many rows:
    what differs are the bound parameters ROW and TODAY.
    """

    def __init__(self, **queries: Select[Any]) -> None:
        self.listed = {name: Listed(query) for name, query in queries.items() if _asks_for_columns(query)}
        self.queries = {name: query for name, query in queries.items() if name not in self.listed}
        bare = {name: query.order_by(None).limit(None).with_only_columns(literal(1), maintain_column_froms=True)
                for name, query in self.queries.items()}
        self.which = select(
            *(query.exists().label(name) for name, query in bare.items()),
            *(query.asked.label(name) for name, query in self.listed.items()))

    def answers(self, **given: Any) -> dict[str, list[Any]]:
        """The rows of each query, by its name: rows as the session knows them, tuples where a query asks for more than
        the row, and named tuples where it asks for columns."""
        some = ask(self.which, given).one()._mapping
        return ({name: _rows(query, given) if some[name] else [] for name, query in self.queries.items()}
                | {name: query.read(some[name]) for name, query in self.listed.items()})


def _asks_for_columns(query: Select[Any]) -> bool:
    return all(one["expr"] is not one.get("entity") for one in query.column_descriptions)


def _rows(query: Select[Any], given: dict[str, Any]) -> list[Any]:
    found = db.session.execute(query, given)
    return list(found.scalars() if len(query.column_descriptions) == 1 else found)


# -- the rows of a query as one value ------------------------------------------------------------------------


class Listed:
    """A query for columns whose rows come as one list of lists in JSON."""

    def __init__(self, query: Select[Any]) -> None:
        told = query.column_descriptions
        self.row: Any = namedtuple("Listed", [one["name"] for one in told])
        self.readers = [_reader(one["type"]) for one in told]
        asked = query.subquery()
        self.asked = select(_Rows(*asked.c)).select_from(asked).scalar_subquery()

    def read(self, found: list[list[Any]] | None) -> list[Any]:
        return [self.row(*(value if read is None or value is None else read(value)
                           for read, value in zip(self.readers, row, strict=True))) for row in found or ()]


class _Rows(FunctionElement[Any]):
    type = sa.JSON()
    inherit_cache = True


@compiles(_Rows, "sqlite")
def _on_sqlite(rows: _Rows, compiler: Any, **how: Any) -> str:
    return f"json_group_array(json_array({compiler.process(rows.clauses, **how)}))"


@compiles(_Rows, "postgresql")
def _on_postgres(rows: _Rows, compiler: Any, **how: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(rows.clauses, **how)}))"


def _reader(kind: Any) -> Callable[[Any], Any] | None:
    """What makes a value again of what JSON keeps of a column."""
    match kind:
        case sa.Enum():
            return kind.enum_class
        case Moment():
            return lambda kept: by_helsinki(datetime.fromisoformat(kept))
        case sa.Date():
            return date.fromisoformat
        case sa.Time():
            return time.fromisoformat
        case sa.Boolean():
            return bool
        case sa.Integer() | sa.String():
            return None
    raise TypeError(f"{kind!r} does not come back out of JSON as it was")
