"""Planned shifts: the list, and their import out of a file after a look at every row."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import flash, redirect, request
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import may, require, within
from evaka.actions import staff as act
from evaka.actions.staff.shifts import Preview, as_text, preview, rows_of
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.staff import Shift
from evaka.models.unit import Unit
from evaka.rules.staff import StaffKind
from evaka.views.base import Button, Screen, sentence
from evaka.views.base.rows import REFUSALS, row_number
from evaka.views.filters import NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, moment, now, told, word_of

MOST = 2_000_000  # bytes of a file
SHOWN = 200  # rows of the preview


class ShiftScreen(Screen):
    feature = "staff"
    column_list = ("start", "finish", "user", "unit", "group", "kind")
    column_sortable_list = ("start", ("user", "user.name"), ("unit", "unit.name"))
    column_default_sort = ("start", False)
    column_filters = (
        RowFilter(Shift.unit_id, "staff.unit", Unit),
        StateFilter(Shift.kind, "staff.kind", StaffKind),
        NamedFilter(Shift.start, "staff.to_come", lambda: Shift.finish >= now()),
    )
    opens_with: ClassVar = {"flt0_2": "1"}
    column_details_list = ("user", "unit", "group", "start", "finish", "kind")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Shift.user), joinedload(Shift.unit), joinedload(Shift.group))

    def row_heading(self, row: Any) -> str:
        return told("staff.of", who=row.user.name, at=moment(row.start))

    def head_buttons(self) -> list[Button]:
        if not may(actor(), "staff.import_shifts"):
            return []
        return [Button(told("staff.import_shifts"), self.get_url(".import_file"), "primary")]

    def units(self) -> list[Unit]:
        return list(db.session.scalars(
            select(Unit).where(within(actor(), "staff.import_shifts", Unit)).order_by(Unit.name)))

    @expose("/import/", methods=("GET", "POST"))
    def import_file(self) -> Any:
        """First a file and what it would do, row by row; then the same rows once more, to be taken."""
        units = self.units()
        if not units:
            raise Refused("staff.no_unit")
        number = row_number(request.form.get("unit"))
        unit = next((one for one in units if one.id == number), units[0])
        shown, cells, notice = None, "", ""
        if request.method == "POST":
            try:
                cells = request.form.get("rows", "") or as_text(rows_of(self._sent()))
                require(actor(), "staff.import_shifts", unit)
                if request.form.get("press") == "take":
                    with transaction():
                        count = act.import_shifts(unit, actor(), rows=cells)
                    flash(told("staff.imported", n=count), "success")
                    return redirect(self.get_url(".index_view"))
                shown = preview(unit, rows_of(cells.encode()), actor())
            except REFUSALS as no:
                notice = sentence(no)
        return self.render(
            "office/shifts.html", heading=told("staff.import_shifts"), units=units, unit=unit, shown=shown,
            cells=cells, notice=notice, most=SHOWN, back=self.get_url(".index_view"), columns=told("staff.file_help"),
            good=self._good(shown), bad=self._bad(shown))

    def _good(self, shown: Preview | None) -> list[list[Any]]:
        return [[row.line, shown.people[row.number].name, moment(row.start), moment(row.finish), row.group,
                 word_of(row.kind)] for row in shown.good[:SHOWN] if row.start and row.finish] if shown else []

    def _bad(self, shown: Preview | None) -> list[list[Any]]:
        return [[row.line, row.number, ", ".join(map(told, row.wrong))] for row in shown.bad[:SHOWN]] if shown else []

    def _sent(self) -> bytes:
        sent = request.files.get("file")
        content = sent.read(MOST + 1) if sent else b""
        if not content:
            raise Refused("staff.file_missing")
        if len(content) > MOST:
            raise Refused("staff.file_large", most=MOST // 1_000_000)
        return content


