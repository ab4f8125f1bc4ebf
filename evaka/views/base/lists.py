"""A list: how its cells are written, what it filters and finds, in which order, and what it exports."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from io import StringIO
from typing import Any, ClassVar

from flask import Response, abort, flash, g, request
from flask_admin import expose
from flask_admin.model import typefmt
from markupsafe import Markup, escape
from sqlalchemy import ColumnElement, Integer, false, func, or_, select
from sqlalchemy.orm import joinedload

from evaka.kit.money import euros
from evaka.models.base import Model, ask, one_of
from evaka.models.person import Person, matching
from evaka.texts import knows
from evaka.views.base.rows import BADGES, STATES, linked, row_number
from evaka.views.forms import tidy
from evaka.views.page import Lazy, address_args, told, word_of, written

COUNTED = 1000  # rows of a list; beyond these it is said that there are more
FAR = 20  # pages, beyond which a page is found by its keys alone
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet would run


@lru_cache(maxsize=200)
def _options(choices: tuple[tuple[str, str], ...], chosen: str) -> Markup:
    """The options of a select; a city has some hundred units."""
    return Markup("".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
        for value, label in choices))


def counted(query: Any, key: Any) -> int:
    """How many rows a query finds; of more than COUNTED it is only said that they are more."""
    some = query.with_entities(key).order_by(None).limit(COUNTED + 1).subquery()
    return int(ask(select(func.count()).select_from(some)).scalar() or 0)


class Lists:
    money: ClassVar[tuple[str, ...]] = ()  # columns of cents
    search_people: ClassVar[tuple[str, ...]] = ()  # columns that point at a person
    search_columns: ClassVar[tuple[str, ...]] = ()
    column_type_formatters: ClassVar = {
        type(None): typefmt.empty_formatter,
        StrEnum: lambda view, value, name: view.badge(value) if name in STATES else word_of(value),
        date: lambda view, value, name: written(value),
        datetime: lambda view, value, name: written(value),
        time: lambda view, value, name: written(value),
        bool: lambda view, value, name: told("yes") if value else "",
        Decimal: lambda view, value, name: written(value),
        list: lambda view, value, name: written(value),
    }
    column_type_formatters_detail: ClassVar = column_type_formatters | {
        bool: lambda view, value, name: told("yes" if value else "no"),
    }
    column_type_formatters_export: ClassVar = {
        type(None): typefmt.empty_formatter,
        StrEnum: lambda view, value, name: word_of(value),
        date: lambda view, value, name: written(value),
        datetime: lambda view, value, name: written(value),
        time: lambda view, value, name: written(value),
        bool: lambda view, value, name: told("yes") if value else "",
        Decimal: lambda view, value, name: written(value),
        list: lambda view, value, name: written(value),
    }

    @property
    def heading(self) -> str:
        return told(self.word)

    @property
    def fact_line(self) -> str:
        return ""

    @property
    def help(self) -> str:
        key = f"{self.word}.help"
        return told(key) if knows(key) else ""

    @property
    def notices(self) -> list[str]:
        """Sentences above the rows of the list."""
        return []

    def row_heading(self, row: Model) -> str:
        return str(row)

    def row_fact_line(self, row: Model) -> str:
        return ""

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        return [(self.heading, self.get_url(".index_view"))]

    def get_column_name(self, field: str) -> Any:
        return Lazy(f"{self.feature}.{field}")

    def label(self, field: str) -> str:
        return told(f"{self.feature}.{field}")

    def _get_list_value(self, context: Any, model: Any, name: str, column_formatters: Any,
                        column_type_formatters: Any) -> Any:
        if (written_by := column_formatters.get(name)) is not None:
            return written_by(self, context, model, name)
        if name in self.money:
            value = self._get_field_value(model, name)
            return "" if value is None else euros(value)
        return super()._get_list_value(context, model, name, column_formatters, column_type_formatters)

    def badge(self, value: StrEnum) -> Markup:
        """A state in words, coloured by what it means."""
        look = BADGES.get(value.value, "")
        return Markup('<span class="badge{}">{}</span>').format(f" badge-{look}" if look else "", word_of(value))

    def badges(self, signs: list[tuple[str, str]]) -> Markup:
        """Signs (look, words), each a badge of its own."""
        one = Markup('<span class="badge{}">{}</span>')
        return Markup(" ").join(one.format(f" badge-{look}" if look else "", text) for look, text in signs)

    def get_list(self, page: Any, sort_column: Any, sort_desc: bool, search: Any, filters: Any, execute: bool = True,
                 page_size: int | None = None) -> Any:
        """How many rows there are, counted up to a limit, and those of a page or an export.

        Far from the first page only the keys are read up to it, and then the rows of the page.  What a search finds is
        found once: the keys in their order tell how many there are, and which rows the page shows.
        """
        query, joins = self.get_query(), {}
        if self._search_supported and search:
            query = query.filter(self.found(search.strip()))
        if filters and self._filters:
            query, _, joins, _ = self._apply_filters(query, None, joins, {}, filters)
        page, size = page or 0, self.page_size if page_size is None else page_size
        ordered, joins = self._apply_sorting(query, joins, sort_column, sort_desc)
        keys = ordered.with_entities(self.model.id)
        if search and 0 < (page + 1) * size <= COUNTED:
            ids = [id for id, in keys.limit(COUNTED + 1)]
            count, found = len(ids), self._in_order(ids[page * size:(page + 1) * size])
        else:
            count = counted(query, self.model.id)
            found = self._in_order([id for id, in self._apply_pagination(keys, page, page_size)]) if page >= FAR else (
                self._apply_pagination(ordered, page, page_size).options(*self._related()).all())
        self.listed(found)
        return count, found

    def _related(self) -> list[Any]:
        return [joinedload(one) for one in self._auto_joins]

    def _in_order(self, ids: list[int]) -> list[Any]:
        """The rows with these keys, in the order of the keys."""
        rows = self.get_query().filter(one_of(self.model.id, ids)).options(*self._related())
        places = {id: place for place, id in enumerate(ids)}
        return sorted(rows, key=lambda row: places[row.id]) if ids else []

    @property
    def counted_up_to(self) -> int:
        return COUNTED

    def listed(self, found: list[Any]) -> None:
        """What further columns need of other tables, asked once for all the rows that are shown."""

    def rows(self, found: list[Any]) -> Iterator[tuple[int, str, Any, list[tuple[Markup, Any]]]]:
        """(id, address, first cell, further cells with their opening tags) of a list.

        Addresses and tags are made once, cells by the column's type.
        """
        address = self.get_url(".details_view", id=0).removesuffix("0") if self.can_view_details else ""
        right = {*getattr(self, "money", ()), *getattr(self, "figures", ())}
        opening = [
            Markup('<td{} data-label="{}">').format(Markup(' class="num"' if name in right else ""), str(label))
            for name, label in self._list_columns]
        names = [name for name, _ in self._list_columns]
        for row in found:
            first, *further = [self.get_list_value(None, row, name) for name in names]
            yield row.id, f"{address}{row.id}" if address else "", first, list(
                zip(opening[1:], further, strict=True))

    def facts(self, row: Model) -> list[tuple[str, Any]]:
        """Label and value of everything the file of a row shows; a person or a unit leads to its own file."""
        found = []
        for name, label in self._details_columns:
            value = None if name in self._detail_formatters() else getattr(row, name, None)
            shown = linked(value) if isinstance(value, Model) else self.get_detail_value(None, row, name)
            found.append((label, shown))
        return found

    def _detail_formatters(self) -> Any:
        return self.column_formatters_detail or self.column_formatters

    def blocks(self, row: Model) -> list[dict[str, Any]]:
        """Further parts of a row's file: {title, head, rows, empty}."""
        return []

    opens_with: ClassVar[dict[str, str]] = {}  # the filters with which the menu opens the list

    def _get_list_extra_args(self) -> Any:
        """Flask-Admin would ask the database for the page before the first."""
        asked = super()._get_list_extra_args()
        asked.page = min(max(asked.page or 0, 0), 100_000)
        asked.extra_args = {}  # what the address holds besides is nobody's
        return asked

    def _get_list_filter_args(self) -> list[Any]:
        """The filters in the address; an empty field is none, and nonsense is said and left out."""
        chosen = []
        for _, number, value in self._typed_filters():
            if self._filters[number].validate(value):
                chosen.append((number, str(self._filters[number].name), value))
            else:
                flash(told("filter.nonsense", filter=str(self._filters[number].name), typed=value), "warning")
        return chosen

    def _typed_filters(self) -> list[tuple[str, int, str]]:
        """(name in the address, number of the filter, value) of the fields that are filled in."""
        found = []
        for name, value in request.args.items():
            number = name.rpartition("_")[2]
            named = name.startswith("flt") and "_" in name and number.isdecimal() and len(number) < 4
            if named and value.strip() and int(number) < len(self._filters or ()):
                found.append((name, int(number), value.strip()))
        return found

    def filter_fields(self, active_filters: Any) -> list[dict[str, Any]]:
        """Every filter as a field: label, name, kind, value, options."""
        typed = {number: value for _, number, value in self._typed_filters()}
        return [
            {"label": str(one.name), "name": f"flt{number}_{number}", "kind": one.kind,
             "value": typed.get(number, ""), "options": _options(tuple(one.choices()), typed.get(number, ""))}
            for number, one in enumerate(self._filters or ())
        ]

    def chips(self, active_filters: Any = None, search: str | None = None) -> list[tuple[str, str]]:
        """The chosen search and filters, each with the address without it."""
        arguments = address_args()
        found = []
        if search:
            found.append((f"”{search}”", self._without(arguments, "search")))
        for name, number, value in self._typed_filters():
            chosen = self._filters[number]
            if chosen.validate(value):
                found.append((f"{chosen.name}: {chosen.shown(value)}", self._without(arguments, name)))
        return found

    def _without(self, arguments: dict[str, Any], key: str) -> str:
        return str(self.get_url(".index_view", **{k: v for k, v in arguments.items() if k not in (key, "page")}))

    def _order_by(self, query: Any, joins: Any, sort_joins: Any, sort_field: Any, sort_desc: bool) -> Any:
        """Rows without a value come last, on every database and in both directions.

        What is never empty is left to its index: it is joined from there, and nothing need come last.
        """
        if sort_field is None:
            return query, joins
        steps = [step.property for step in sort_joins or ()]
        inner = all(not any(column.nullable for column in step.local_columns) for step in steps)
        query, joins, alias = self._apply_path_joins(query, joins, sort_joins, inner_join=inner)
        column = sort_field if alias is None else getattr(alias, sort_field.key)
        order = column.desc() if sort_desc else column.asc()
        kept = inner and not getattr(sort_field.property.columns[0], "nullable", True)
        return query.order_by(order if kept else order.nulls_last()), joins

    def _apply_sorting(self, query: Any, joins: Any, sort_column: Any, sort_desc: bool) -> Any:
        """Equal rows stay in one order, so that no page shows what another has shown."""
        query, joins = super()._apply_sorting(query, joins, sort_column, sort_desc)
        order = list(self._get_default_order())
        down = sort_desc if sort_column is not None else bool(order and order[-1][2])
        return query.order_by(self.model.id.desc() if down else self.model.id), joins

    def init_search(self) -> bool:
        return bool(self.search_people or self.search_columns)

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        """People are found by their names, whatever the case and the order of the words; a number by the whole."""
        condition = self.found(search.strip())
        counted = count_query.filter(condition) if count_query is not None else None
        return query.filter(condition), counted, joins, count_joins

    def found(self, search: str) -> ColumnElement[bool]:
        """The rows that a search means."""
        conditions: list[ColumnElement[bool]] = []
        for name in self.search_people:
            column = getattr(self.model, name)
            people = matching(search) if self.model is Person else column.in_(select(Person.id).where(matching(search)))
            conditions.append(people)
        for name in self.search_columns:
            column = getattr(self.model, name)
            if isinstance(column.type, Integer):
                conditions.append(column == number if (number := row_number(search)) is not None else false())
            else:
                conditions.append(func.lower(column).contains(search.casefold(), autoescape=True))
        return or_(false(), *conditions)

    def get_export_value(self, model: Any, name: str) -> Any:
        """A cell that a spreadsheet would take for a formula is told to be text."""
        value = super().get_export_value(model, name)
        if isinstance(value, Markup):
            value = value.striptags()
        value = tidy(value)
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Any:
        if not self.can_export or export_type not in self.export_types:
            abort(404)
        g.setdefault("reads", []).append((f"{self.feature}.export", None, {"type": export_type, **request.args}))
        return super().export(export_type)

    def _export_csv(self, return_url: str) -> Any:
        """Semicolons and a byte order mark: Finnish spreadsheets open it as it is, letters and all."""
        _, found = self._export_data()
        out = StringIO()
        writer = csv.writer(out, delimiter=";")
        writer.writerow([str(label) for _, label in self._export_columns])
        for row in found:
            writer.writerow([self.get_export_value(row, name) for name, _ in self._export_columns])
        return Response(out.getvalue().encode("utf-8-sig"), mimetype="text/csv", headers={
            "Content-Disposition": f"attachment; filename={self.get_export_name('csv')}"})
