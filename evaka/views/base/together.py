"""Several questions to the database about one row, asked together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Date, Integer, Select, bindparam, literal, select

from evaka.models.base import ask, db

ROW = bindparam("row", type_=Integer)  # whose file is shown
TODAY = bindparam("today", type_=Date)


class Questions:
    """Queries about one row, most of which find nothing: one statement tells first which of them find anything.

    They are put together once, for many rows: what differs are the bound parameters ROW and TODAY.
    """

    def __init__(self, **queries: Select[Any]) -> None:
        self.queries = {name: (query, _kind(query)) for name, query in queries.items()}
        bare = {name: query.order_by(None).limit(None).with_only_columns(literal(1), maintain_column_froms=True)
                for name, query in queries.items()}
        self.which = select(*(query.exists().label(name) for name, query in bare.items()))

    def answers(self, **given: Any) -> dict[str, list[Any]]:
        """The rows of each query, by its name: rows as the session knows them, tuples where a query asks for more than
        the row, or the columns alone where a query asks for columns, which is the quickest."""
        some = ask(self.which, given).one()._mapping
        return {name: _rows(query, kind, given) if some[name] else [] for name, (query, kind) in self.queries.items()}


def _kind(query: Select[Any]) -> str:
    told = query.column_descriptions
    if all(one["expr"] is not one["entity"] for one in told):
        return "columns"
    return "row" if len(told) == 1 else "tuple"


def _rows(query: Select[Any], kind: str, given: dict[str, Any]) -> list[Any]:
    if kind == "columns":
        return list(ask(query, given))
    found = db.session.execute(query, given)
    return list(found.scalars() if kind == "row" else found)
