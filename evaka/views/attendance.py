"""Absences as the office, the directors and the staff see them; new ones are noted on the child's page."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import joinedload

import evaka.actions.attendance  # noqa: F401  the buttons of this screen and of a child's
from evaka.models.attendance import Absence
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.views.base import Screen
from evaka.views.filters import DayFilter, StateFilter
from evaka.views.page import told, written


class AttendanceScreen(Screen):
    column_list = ("child", "day", "kind", "category", "reported_by")
    column_sortable_list = (("child", "child.sort_key"), "day", "kind")
    column_default_sort = ("day", True)
    column_filters = (
        DayFilter(Absence.day, "attendance.from"),
        DayFilter(Absence.day, "attendance.to", last=True),
        StateFilter(Absence.kind, "attendance.kind", AbsenceKind),
        StateFilter(Absence.reported_by, "attendance.reported_by", Reporter),
    )
    search_people = ("child_id",)
    bulk = ("remove",)
    column_details_list = ("child", "day", "kind", "category", "reported_by")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Absence.child))

    def row_heading(self, row: Any) -> str:
        return told(
            "attendance.of", child=f"{row.child.first_name} {row.child.last_name}", day=written(row.day)
        )
