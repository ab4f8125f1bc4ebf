"""What a job would do if it ran now: its own question is asked, and nothing is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select

from evaka.access import Actor, within
from evaka.models.base import Model, db
from evaka.views.base import linked

SHOWN = 25  # rows that are named; the others are counted
Question = Callable[[Actor], Select[Any]]


@dataclass(frozen=True)
class Preview:
    """How many a job would take up, of what kind (None: things without a table), and the first of them."""

    count: int
    model: type[Model] | None
    rows: list[tuple[int, Any]]


def questions() -> dict[str, Question]:
    """By job what it asks; the wiring hands them over, since pages do not know the jobs."""
    return current_app.extensions["questions"]  # type: ignore[no-any-return]


def preview(name: str, by: Actor) -> Preview:
    """Asked as the job asks, in nobody's name; rows are named as far as the reader may see them."""
    query = questions()[name](Actor(None, by.now))
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    ids = list(db.session.scalars(query.limit(SHOWN)))
    model = kind_of(query)
    named: dict[int, Any] = {}
    if model is not None and ids:
        seen = within(by, f"{model.feature_name()}.view", model)
        named = {row.id: linked(row) for row in db.session.scalars(select(model).where(model.id.in_(ids), seen))}
    return Preview(total, model, [(id, named.get(id, "")) for id in ids])


def kind_of(query: Select[Any]) -> type[Model] | None:
    """Of which table the numbers are that a question selects: its own key, or what it points at."""
    models = {one.local_table.name: one.class_ for one in Model.registry.mappers}
    [column, *_] = query.selected_columns
    for base in sorted(column.base_columns, key=str):
        key = next(iter(getattr(base, "foreign_keys", ())), None)
        table = key.column.table if key is not None else getattr(base, "table", None)
        if table is not None and getattr(table, "name", "") in models:
            return models[table.name]  # type: ignore[no-any-return]
    return None
