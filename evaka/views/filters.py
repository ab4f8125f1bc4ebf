"""Filters of lists: a state, a choice of rows, days from and to, yes or no; each with words and one field."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from flask import request
from flask_admin.contrib.sqla.filters import BaseSQLAFilter
from sqlalchemy import ColumnElement, select

from evaka import city
from evaka.access import within
from evaka.models.base import Model, as_text, ask, db, rows_of_text
from evaka.models.unit import has_key
from evaka.texts import enum_key
from evaka.views.page import YEARS, Lazy, actor, option_name, told


class ListFilter(BaseSQLAFilter):
    """One field above a list; `label` is the key of its text."""

    kind = "text"

    def __init__(self, column: Any, label: str) -> None:
        super().__init__(column, Lazy(label))

    def operation(self) -> Any:
        return ""

    def apply(self, query: Any, value: Any, alias: Any = None) -> Any:
        return query.filter(self.condition(value))

    def condition(self, value: Any) -> ColumnElement[bool]:
        return self.column == value  # type: ignore[no-any-return]

    def choices(self) -> Sequence[tuple[str, str]]:
        return ()

    def validate(self, value: Any) -> bool:
        try:
            self.clean(value)
        except ValueError:
            return False
        return True

    def shown(self, value: str) -> str:
        return next((label for key, label in self.choices() if key == value), value)


class StateFilter(ListFilter):
    kind = "select"

    def __init__(self, column: Any, label: str, states: type[StrEnum]) -> None:
        super().__init__(column, label)
        self.states = states

    def choices(self) -> list[tuple[str, str]]:
        return [(one.value, told(enum_key(one))) for one in self.states]

    def clean(self, value: Any) -> Any:
        return self.states(value)


class KeysFilter(StateFilter):
    """Rows whose list of keys holds one."""

    def condition(self, value: Any) -> ColumnElement[bool]:
        return has_key(self.column, value)


class WordFilter(ListFilter):
    """One of a few values, each with the key of its name."""

    kind = "select"

    def __init__(self, column: Any, label: str, words: dict[str, str]) -> None:
        super().__init__(column, label)
        self.words = words

    def choices(self) -> list[tuple[str, str]]:
        return [(value, told(key)) for value, key in self.words.items()]

    def clean(self, value: Any) -> str:
        if value not in self.words:
            raise ValueError(value)
        return str(value)


def offered(model: type[Model]) -> Sequence[tuple[str, str]]:
    """(id, name) of the rows that the reader may see, by name; asked once a request.

    Of what has a name, only that is read.
    """
    asked = request.environ.setdefault("evaka.offered", {})
    if model not in asked:
        seen = within(actor(), f"{model.feature_name()}.view", model)
        if (name := getattr(model, "name", None)) is not None:
            asked[model] = _by_name(ask(select(as_text(model.id, name)).where(seen)).scalar())
        else:
            found = [(str(row.id), str(row)) for row in db.session.scalars(select(model).where(seen))]
            asked[model] = sorted(found, key=lambda one: one[1])
    return asked[model]  # type: ignore[no-any-return]


@lru_cache(maxsize=100)
def _by_name(text: str | None) -> tuple[tuple[str, str], ...]:
    """A city's units are the same from page to page, and need not be sorted anew.

    Forms take unseen signs out of what is typed; a name that has one all the same stops no page.
    """
    rows = rows_of_text(text) if text else ()
    return tuple(sorted(((id, " ".join(name)) for id, *name in rows), key=lambda one: one[1]))


class RowFilter(ListFilter):
    """Rows that the reader may see, such as units; `condition` may reach further than one column."""

    kind = "select"

    def __init__(
        self, column: Any, label: str, model: type[Model], where: Callable[[int], ColumnElement[bool]] | None = None
    ) -> None:
        super().__init__(column, label)
        self.model, self.where = model, where

    def choices(self) -> Sequence[tuple[str, str]]:
        return offered(self.model)

    def clean(self, value: Any) -> int:
        if not str(value).isdecimal() or not 0 < int(value) < 2**31:
            raise ValueError(value)
        return int(value)

    def condition(self, value: Any) -> ColumnElement[bool]:
        return self.where(value) if self.where else super().condition(value)


class TableFilter(ListFilter):
    """A key of a city table, such as a role; `where` says which rows have it."""

    kind = "select"

    def __init__(self, column: Any, label: str, table: str, where: Callable[[str], ColumnElement[bool]]) -> None:
        super().__init__(column, label)
        self.table, self.where = table, where

    def choices(self) -> list[tuple[str, str]]:
        return [(key, option_name(self.table, key)) for key in city.read(self.table)]

    def clean(self, value: Any) -> str:
        if value not in city.read(self.table):
            raise ValueError(value)
        return str(value)

    def condition(self, value: Any) -> ColumnElement[bool]:
        return self.where(value)


class DayFilter(ListFilter):
    """Days from (`last` False) or to a day."""

    kind = "date"

    def __init__(self, column: Any, label: str, *, last: bool = False) -> None:
        super().__init__(column, label)
        self.last = last

    def clean(self, value: Any) -> date:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = datetime.strptime(value, "%d.%m.%Y").date()  # noqa: DTZ007  a day has no zone
        if day.year not in YEARS:
            raise ValueError(value)
        return day

    def condition(self, value: Any) -> ColumnElement[bool]:
        return self.column <= value if self.last else self.column >= value  # type: ignore[no-any-return]

    def shown(self, value: str) -> str:
        day = self.clean(value)
        return f"{day.day}.{day.month}.{day.year}"


class YesNoFilter(ListFilter):
    kind = "select"

    def choices(self) -> list[tuple[str, str]]:
        return [("1", told("yes")), ("0", told("no"))]

    def clean(self, value: Any) -> bool:
        if value not in ("0", "1"):
            raise ValueError(value)
        return bool(value == "1")


class NamedFilter(YesNoFilter):
    """Yes or no to a question that a whole condition answers: overdue, without a group."""

    def __init__(self, column: Any, label: str, asked: Callable[[], ColumnElement[bool]]) -> None:
        super().__init__(column, label)
        self.asked = asked

    def condition(self, value: Any) -> ColumnElement[bool]:
        return self.asked() if value else ~self.asked()
