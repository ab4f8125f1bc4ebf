"""Areas: how units are found, and under which code the ledger knows them."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import g
from sqlalchemy import func, select

from evaka.access import within
from evaka.models.base import db
from evaka.models.unit import Unit
from evaka.views.base import Screen, link
from evaka.views.page import actor, told, word_of


class AreaScreen(Screen):
    feature = "unit"
    can_create = can_edit = True
    column_list = ("name", "short_name", "units", "invoice_code", "cost_centre")
    column_sortable_list = ("name", "short_name", "invoice_code", "cost_centre")
    column_default_sort = ("name", False)
    figures = ("units",)
    form_columns = ("name", "short_name", "invoice_code", "cost_centre")
    column_details_list = ("name", "short_name", "invoice_code", "cost_centre")
    column_formatters: ClassVar = {"units": lambda _view, _context, row, _name: g.units.get(row.id, 0)}

    def listed(self, found: list[Any]) -> None:
        """How many units each area has."""
        ids = {row.id for row in found}
        g.units = dict(db.session.execute(
            select(Unit.area_id, func.count()).where(Unit.area_id.in_(ids)).group_by(Unit.area_id)).tuples().all())

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        units = db.session.scalars(
            select(Unit).where(Unit.area_id == row.id, within(actor(), "unit.view", Unit)).order_by(Unit.name)).all()
        return [{
            "title": told("menu.unit"), "note": str(len(units)), "empty": told("unit.no_units"), "figures": [2],
            "head": [told("unit.name"), told("unit.provider"), told("unit.capacity")],
            "rows": [[link(one.name, "unit.details_view", one.id), word_of(one.provider), one.capacity]
                     for one in units],
        }]
