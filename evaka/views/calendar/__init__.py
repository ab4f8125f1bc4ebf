"""Days on which units are closed, as the office and the directors enter them."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import flash
from sqlalchemy import inspect
from sqlalchemy.orm import joinedload

from evaka.access import reaches
from evaka.actions.calendar import closing
from evaka.kit.errors import Refused
from evaka.models.calendar import Closure
from evaka.models.unit import Unit
from evaka.views.base import Screen
from evaka.views.filters import DayFilter, NamedFilter, RowFilter
from evaka.views.page import actor, told


class ClosureScreen(Screen):
    feature = "calendar"
    can_create = can_edit = can_delete = True
    column_list = ("unit", "start", "end", "reason")
    column_sortable_list = (("unit", "unit.name"), "start", "end")
    column_default_sort = ("start", False)
    column_filters = (
        NamedFilter(Closure.end, "calendar.to_come", lambda: Closure.end >= actor().today),
        RowFilter(Closure.unit_id, "unit.unit", Unit),
        NamedFilter(Closure.unit_id, "calendar.whole_city", lambda: Closure.unit_id.is_(None)),
        DayFilter(Closure.start, "calendar.from"),
    )
    opens_with: ClassVar = {"flt0_0": "1"}
    search_columns = ("reason",)
    form_columns = ("unit", "start", "end", "reason")
    column_details_list = ("unit", "start", "end", "reason")
    column_formatters: ClassVar = {
        "unit": lambda _view, _context, row, _name: str(row.unit or told("calendar.whole_city")),
    }

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Closure.unit))

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        if row.end < row.start:
            raise Refused("unit.ends_first", start=row.start, end=row.end)
        everywhere = any("all" in reaches(role, "calendar.edit") for role, _, _ in actor().grants)
        if row.unit is None and not everywhere:
            raise Refused("calendar.choose_unit")
        if not created and any(inspect(row).attrs[name].history.has_changes() for name in ("unit", "start", "end")):
            row.told_at = None  # of its days families are told anew

    def after_save(self, form: Any, row: Any, created: bool) -> None:
        """What the closure will do in some minutes; until then it can be deleted as if it had never been."""
        if row.told_at is None and row.end >= actor().today:
            bookings, people = closing.foreseen(row, actor())
            flash(told("calendar.will_close", bookings=bookings, people=people), "info")

    def before_delete(self, row: Any) -> None:
        closing.take_back(row, actor())

    def row_heading(self, row: Any) -> str:
        return f"{row.unit or told('calendar.whole_city')}, {row.period}"
