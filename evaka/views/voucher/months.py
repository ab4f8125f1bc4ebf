"""The months of private units: what each is paid, and behind it every child with the arithmetic."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import g, request, url_for
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from evaka.access import may, within
from evaka.actions import Action
from evaka.actions.voucher import reckoned
from evaka.kit.money import euros
from evaka.models.base import db
from evaka.models.fee import steps_of
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.models.voucher import VoucherMonth, VoucherRow
from evaka.rules.fee.step import money, number
from evaka.rules.voucher import MonthStatus, ReportRow, RowKind
from evaka.views.base import Screen, row_number
from evaka.views.fee import explained
from evaka.views.filters import RowFilter, StateFilter
from evaka.views.page import actor, moment, told, word_of


def steps_block(title: str, steps: Any) -> dict[str, Any]:
    """A reckoning as a table."""
    return {
        "title": title,
        "head": [told(f"invoice.step_{name}") for name in ("text", "arithmetic", "law", "result")],
        "rows": [[one["title"], one["math"], one["rule"], one["sum"]] for one in explained(steps)],
        "figures": [3],
    }


class ReportScreen(Screen):
    """A month of all private units: what each is paid, and behind it every child with the arithmetic."""

    column_list = ("month", "status", "total", "frozen_at")
    column_sortable_list = (("month", "start"), "status", "total", "frozen_at")
    column_default_sort = ("start", True)
    column_filters = (StateFilter(VoucherMonth.status, "voucher_report.status", MonthStatus),)
    figures = ("total",)
    reading = True
    column_formatters: ClassVar = {
        "month": lambda _view, _context, row, _name: str(row),
        "total": lambda view, _context, row, _name: view.total(row),
    }
    column_formatters_export = column_formatters

    def units(self) -> set[int]:
        """The private units that the reader may read of."""
        mine = select(Unit.id).where(within(actor(), "voucher_report.view", Unit))
        return set(db.session.scalars(mine))

    def listed(self, found: list[Any]) -> None:
        """What each month comes to for the reader's own units, asked once for all that are shown."""
        own = within(actor(), "voucher_report.view", VoucherRow)
        g.month_totals = dict(db.session.execute(
            select(VoucherRow.month_id, func.sum(VoucherRow.amount))
            .where(VoucherRow.month_id.in_({row.id for row in found}), own).group_by(VoucherRow.month_id)
        ).tuples().all())

    def total(self, row: Any) -> str:
        return euros(g.month_totals.get(row.id, 0)) if row.status is MonthStatus.FROZEN else ""

    def row_heading(self, row: Any) -> str:
        return told("voucher_report.of", month=str(row))

    def row_fact_line(self, row: Any) -> str:
        if row.status is MonthStatus.FROZEN:
            return told("voucher_report.frozen_on", at=moment(row.frozen_at))
        return told("voucher_report.still_open")

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        rows = self.rows_of(row)
        return [
            (told("voucher_report.status"), self.badge(row.status)),
            (told("voucher_report.period"), str(row.period)),
            (told("voucher_report.frozen_at"), moment(row.frozen_at) if row.frozen_at else ""),
            (told("voucher_report.children"), len({one.decision.child for one in rows})),
            (told("voucher_report.total"), euros(sum(one.amount for one in rows))),
        ]

    def rows_of(self, row: Any) -> list[ReportRow]:
        """The rows that the reader may see, of one unit when the address names one."""
        units = self.units()
        if (chosen := row_number(request.args.get("unit", ""))) is not None:
            units &= {chosen}
        return reckoned(row, units=units)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        rows = self.rows_of(row)
        if row_number(request.args.get("unit", "")) is not None:
            return self.of_unit(row, rows)
        return [self.by_unit(row, rows)]

    def by_unit(self, row: Any, rows: list[ReportRow]) -> dict[str, Any]:
        found: dict[Any, list[ReportRow]] = {}
        for one in rows:
            found.setdefault(one.decision.unit, []).append(one)
        names = dict(db.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(found))).tuples().all())
        lines = [
            [
                _unit_link(names[unit], row, unit),
                len({one.decision.child for one in of}),
                euros(sum(one.amount for one in of if one.kind is RowKind.ORIGINAL)),
                euros(sum(one.amount for one in of if one.kind is not RowKind.ORIGINAL)),
                euros(sum(one.amount for one in of)),
                euros(sum(one.before_support for one in of)),
            ]
            for unit, of in sorted(found.items(), key=lambda pair: names[pair[0]])
        ]
        total = euros(sum(one.amount for one in rows))
        return {
            "title": told("voucher_report.units"), "empty": told("voucher_report.nothing"), "figures": [1, 2, 3, 4, 5],
            "head": [told(f"voucher_report.{name}")
                     for name in ("unit", "children", "of_month", "corrections", "total", "before_support")],
            "rows": lines, "total": [told("voucher_report.together"), "", "", "", total, ""] if lines else None,
            "link": self.export_link(row),
        }

    def of_unit(self, row: Any, rows: list[ReportRow]) -> list[dict[str, Any]]:
        """Every row of one unit with its arithmetic."""
        people = {one.id: str(one) for one in db.session.scalars(
            select(Person).where(Person.id.in_({one.decision.child for one in rows})))}
        unit = db.session.get(Unit, row_number(request.args.get("unit", "")))
        lines = [
            [people[int(one.decision.child)], word_of(one.kind), str(one.period), money(one.decision.value),
             money(one.decision.final_co_payment),
             f"{number(one.decision.support)}" if one.decision.support != 1 else "",
             " ".join(step.arithmetic for step in one.steps), euros(one.amount)]
            for one in sorted(rows, key=lambda one: people[int(one.decision.child)])
        ]
        total = euros(sum(one.amount for one in rows))
        return [{
            "title": str(unit) if rows else told("voucher_report.nothing"), "empty": told("voucher_report.nothing"),
            "head": [told(f"voucher_report.{name}") for name in
                     ("child", "kind", "period", "value", "final_co_payment", "support", "arithmetic", "amount")],
            "rows": lines, "figures": [3, 4, 5, 7],
            "total": [told("voucher_report.together"), "", "", "", "", "", "", total],
            "link": (told("voucher_report.all_units"), self.get_url(".details_view", id=row.id)),
        }]

    def export_link(self, row: Any) -> tuple[str, str] | None:
        """The rows as a list that can be searched and taken away, once they are frozen."""
        if row.status is not MonthStatus.FROZEN:
            return None
        return told("voucher_report.as_list"), url_for("voucher_row.index_view", flt0_0=row.id)

    def consequences(self, action: Action, row: Any) -> list[str]:
        """How much will be paid to how many units, besides what freezing means."""
        rows = reckoned(row)
        return [
            *super().consequences(action, row),
            told("voucher_report.freeze.sum", units=len({one.decision.unit for one in rows}),
                 total=euros(sum(one.amount for one in rows))),
        ]

    def file(self, row: Any) -> dict[str, Any]:
        """What it comes to for the whole city stands in the journal, and is not each unit's to read."""
        found = super().file(row)
        return found if may(actor(), "voucher_report.freeze") else found | {"history": []}


def _unit_link(name: str, month: Any, unit: int) -> Any:
    address = url_for("voucher_report.details_view", id=month.id, unit=unit)
    return Markup('<a href="{}">{}</a>').format(address, name)


class ReportRowScreen(Screen):
    """The rows of frozen months, to search and to take away."""

    feature = "voucher_report"
    column_list = ("month", "unit", "child", "kind", "start", "end", "value", "final_co_payment", "amount",
                   "before_support")
    column_sortable_list = (("unit", "unit.name"), ("child", "child.sort_key"), "kind", "start", "end", "amount")
    column_default_sort = ("id", True)
    column_filters = (
        RowFilter(VoucherRow.month_id, "voucher_report.month", VoucherMonth),
        RowFilter(VoucherRow.unit_id, "voucher_report.unit", Unit),
        StateFilter(VoucherRow.kind, "voucher_report.kind", RowKind),
    )
    search_people = ("child_id",)
    money = ("amount", "before_support")
    reading = True
    column_formatters: ClassVar = {
        "month": lambda _view, _context, row, _name: str(row.month),
        "value": lambda _view, _context, row, _name: euros(row.decision.value),
        "final_co_payment": lambda _view, _context, row, _name: euros(row.decision.final_co_payment),
    }
    column_formatters_export = column_formatters
    column_details_list = ("month", "unit", "child", "kind", "start", "end", "value", "final_co_payment", "amount",
                           "before_support")

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(VoucherRow.month), joinedload(VoucherRow.unit), joinedload(VoucherRow.child),
            joinedload(VoucherRow.decision))

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [steps_block(told("voucher_report.arithmetic"), steps_of(row.steps))]
