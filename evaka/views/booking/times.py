"""Hours that were agreed for children (sopimusajat), as the office and the units see them."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy.orm import joinedload

from evaka.actions import Action
from evaka.models.booking import ServiceTimes
from evaka.rules.booking import Pattern, TimesKind
from evaka.views.base import Screen
from evaka.views.filters import DayFilter, NamedFilter, StateFilter
from evaka.views.page import actor, told


def week_in_words(week: Pattern | None) -> str:
    """ma 8.00–16.00, ti 8.00–12.00 13.00–15.00"""
    if week is None:
        return told("booking.varies")
    return ", ".join(
        f"{told(f'weekday.{day}')[:2]} {' '.join(span.words for span in spans)}"
        for day, spans in enumerate(week.days, start=1) if spans)


class TimesScreen(Screen):
    feature = "booking"
    column_list = ("child", "start", "end", "kind", "week")
    column_details_list = ("child", "start", "end", "kind", "week")
    column_sortable_list = (("child", "child.sort_key"), "start", "end")
    column_default_sort = ("start", True)
    column_filters = (
        NamedFilter(ServiceTimes.end, "booking.in_force", lambda: ServiceTimes.on(actor().today)),
        StateFilter(ServiceTimes.kind, "booking.kind", TimesKind),
        DayFilter(ServiceTimes.start, "booking.from"),
    )
    opens_with: ClassVar = {"flt0_0": "1"}
    search_people = ("child_id",)
    column_formatters: ClassVar = {
        "week": lambda _view, _context, row, _name: week_in_words(row.week),
    }

    @property
    def help(self) -> str:
        return told("booking.times_help")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(ServiceTimes.child))

    def row_heading(self, row: Any) -> str:
        return told("booking.times_of", child=f"{row.child.first_name} {row.child.last_name}")

    def offers(self, action: Action, row: Any) -> bool:
        today = actor().today
        if action.verb == "remove_times":
            return bool(row.start > today)
        return row.end is None or bool(row.end >= today)
