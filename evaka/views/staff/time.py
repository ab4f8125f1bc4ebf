"""The adults' time as the director sees it and puts it right."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import may
from evaka.actions import Action
from evaka.actions import staff as act
from evaka.models.base import db
from evaka.models.staff import StaffPresence
from evaka.models.unit import Group, Unit
from evaka.rules.staff import Ratio, RatioState, StaffKind
from evaka.views.base import Screen
from evaka.views.filters import NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, clock, decimal, moment, now, told, word_of

LOOKS = {RatioState.EMPTY: "", RatioState.ENOUGH: "good", RatioState.TIGHT: "warn", RatioState.EXCEEDED: "bad"}


class StaffScreen(Screen):
    column_list = ("arrived", "who", "unit", "group", "left", "kind", "coefficient", "automatic")
    column_sortable_list = ("arrived", ("unit", "unit.name"), "left", "kind")
    column_default_sort = ("arrived", True)
    figures = ("coefficient",)
    column_filters = (
        RowFilter(StaffPresence.unit_id, "staff.unit", Unit),
        StateFilter(StaffPresence.kind, "staff.kind", StaffKind),
        NamedFilter(StaffPresence.left, "staff.open_now", lambda: StaffPresence.left.is_(None)),
        NamedFilter(StaffPresence.automatic, "staff.automatic", lambda: StaffPresence.automatic),
    )
    column_details_list = ("who", "unit", "group", "arrived", "left", "kind", "coefficient", "automatic")
    main = ("staff.correct",)

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(StaffPresence.user), joinedload(StaffPresence.unit), joinedload(StaffPresence.group))

    def row_heading(self, row: Any) -> str:
        return told("staff.of", who=row.who, at=moment(row.arrived))

    def offers(self, action: Action, row: Any) -> bool:
        return action.key != "staff.leave_external" or (row.user_id is None and row.left is None)

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        if action.key == "staff.correct" and name in ("arrived", "left"):
            held = getattr(row, name)
            return held and held.time()
        return super().first_value(action, name, row)


def adults_now(unit: Unit) -> dict[str, Any] | None:
    """Children and adults in each group at this moment, and whether there are adults enough."""
    if not may(actor(), "staff.view"):
        return None
    found = act.ratio_of({unit.id}, now())
    names = dict(db.session.execute(select(Group.id, Group.name).where(Group.id.in_(found))).tuples().all())
    rows = [[names.get(key, told("placement.without_group")), *_figures(ratio)] for key, ratio in found.items()]
    everybody = sum(found.values(), Ratio())
    return {
        "title": told("staff.ratio_now"), "note": clock(now()), "empty": told("staff.nobody_now"),
        "figures": [1, 2, 3], "rows": sorted(rows, key=lambda row: str(row[0])),
        "head": [told("unit.group"), told("unit.children"), told("unit.adults"), told("staff.to_an_adult"),
                 told("staff.state")],
        "total": [told("unit.all_groups"), *_figures(everybody)] if len(rows) > 1 else None,
    }


def _figures(ratio: Ratio) -> list[Any]:
    to_an_adult = "–" if ratio.to_an_adult is None else decimal(ratio.to_an_adult, 1)
    return [ratio.children, ratio.adults, to_an_adult, word_of(ratio.state(act.ratios()))]
