"""What families have asked of their places, as units and the office see it: given up, or another service need."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload

from evaka.models.placement.need_change import NeedChange
from evaka.models.placement.termination import Termination
from evaka.models.unit import Unit
from evaka.rules.placement.need_change import NeedChangeStatus
from evaka.rules.placement.termination import TerminationScope
from evaka.views.base import Screen
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.page import option_name, told


class TerminationScreen(Screen):
    """Places that families have given up, the newest first."""

    column_list = ("made_at", "child", "unit", "scope", "last_day", "user", "undone_at")
    column_details_list = column_list
    column_sortable_list = ("made_at", "last_day")
    column_default_sort = ("made_at", True)
    column_filters = (
        RowFilter(Termination.unit_id, "placement.unit", Unit),
        StateFilter(Termination.scope, "termination.scope", TerminationScope),
        DayFilter(Termination.last_day, "termination.last_from"),
    )
    search_people = ("child_id",)
    reading = True

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(Termination.child), joinedload(Termination.unit), joinedload(Termination.user))

    def row_heading(self, row: Any) -> str:
        return told("termination.of", child=f"{row.child.first_name} {row.child.last_name}")

    def offers(self, action: Any, row: Any) -> bool:
        return row.undone_at is None


def is_open() -> ColumnElement[bool]:
    return NeedChange.status == NeedChangeStatus.OPEN


class NeedChangeScreen(Screen):
    """Service needs that families ask for; the unit grants them or says why not."""

    column_list = ("made_at", "child", "unit", "start", "option", "shift_care", "status")
    column_details_list = (
        "child", "unit", "status", "start", "option", "shift_care", "reason", "answer", "made_at", "user", "decided_at",
    )
    column_sortable_list = ("made_at", "start", "status")
    column_default_sort = ("id", False)
    column_filters = (
        NamedFilter(NeedChange.id, "need_change.open", is_open),
        RowFilter(NeedChange.unit_id, "placement.unit", Unit),
        StateFilter(NeedChange.status, "need_change.status", NeedChangeStatus),
    )
    opens_with: ClassVar = {"flt0_0": "1"}
    search_people = ("child_id",)
    reading = True
    column_formatters: ClassVar = {
        "option": lambda _view, _context, row, _name: option_name("service_needs", row.option),
    }

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(NeedChange.child), joinedload(NeedChange.unit), joinedload(NeedChange.user))

    def row_heading(self, row: Any) -> str:
        return told("need_change.of", child=f"{row.child.first_name} {row.child.last_name}")

    def row_fact_line(self, row: Any) -> str:
        return f"{option_name('service_needs', row.option)}, {row.start.day}.{row.start.month}.{row.start.year}"
