"""Groups, and the adults they are planned to have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from flask import g, url_for
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from evaka.access import permitted
from evaka.actions import Action
from evaka.actions import unit as act
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Caretakers, Group, Unit
from evaka.rules.unit import Feature
from evaka.views.base import Screen, link
from evaka.views.filters import NamedFilter, RowFilter
from evaka.views.page import Lazy, actor, aged, decimal, told, written


def children_today(*where: ColumnElement[bool]) -> dict[int, int]:
    """How many children each group has on this day."""
    day = actor().today
    return dict(db.session.execute(
        select(GroupPlacement.group_id, func.count()).join(Placement, Placement.id == GroupPlacement.placement_id)
        .where(GroupPlacement.on(day), Placement.on(day), *where).group_by(GroupPlacement.group_id)).tuples().all())


def adults_today(*where: ColumnElement[bool]) -> dict[int, Decimal]:
    """How many adults each group has on this day."""
    return dict(db.session.execute(
        select(Caretakers.group_id, Caretakers.amount).join(Group, Group.id == Caretakers.group_id)
        .where(Caretakers.on(actor().today), *where)).tuples().all())


class GroupScreen(Screen):
    """A group is made on the file of its unit, together with its first adults."""

    feature = "unit"
    can_edit = True
    main = ("unit.set_adults", "message.send")
    rare = ("unit.delete_group", "backup_care.move_group")
    column_list = ("name", "unit", "children", "adults")
    column_sortable_list = ("name", ("unit", "unit.name"))
    column_default_sort: ClassVar = [("unit.name", False), ("name", False)]
    figures = ("children", "adults")
    column_formatters: ClassVar = {
        "children": lambda view, _context, row, _name: g.children.get(row.id, 0),
        "adults": lambda view, _context, row, _name: decimal(g.adults.get(row.id, 0)),
    }
    column_filters = (RowFilter(Group.unit_id, "unit.unit", Unit),)
    search_columns = ("name",)
    form_columns = ("unit", "name", "start", "end")
    column_details_list = ("unit", "start", "end")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Group.unit))

    def listed(self, found: list[Any]) -> None:
        """Children and adults of this day by group."""
        ids = {row.id for row in found}
        g.children, g.adults = children_today(GroupPlacement.group_id.in_(ids)), adults_today(Group.id.in_(ids))

    def row_fact_line(self, row: Any) -> str:
        return str(row.unit)

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        act.check_group(row)

    def offers(self, action: Action, row: Any) -> bool:
        return action.key != "message.send" or row.unit.has(Feature.MESSAGES)

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        return None if action.key == "unit.set_adults" else super().first_value(action, name, row)

    def after(self, action: Action, row: Any, result: Any) -> str:
        if action.key == "unit.delete_group":
            return url_for("unit.details_view", id=row.unit_id)
        return super().after(action, row, result)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        day = actor().today
        rows = db.session.scalars(
            select(Placement).join(GroupPlacement, GroupPlacement.placement_id == Placement.id)
            .where(GroupPlacement.group_id == row.id, GroupPlacement.on(day), Placement.on(day))
            .options(joinedload(Placement.child))).all()
        known = permitted(actor(), "person.view", Person, {one.child_id for one in rows})
        rows = sorted((one for one in rows if one.child_id in known), key=lambda one: one.child.sort_key)
        adults = db.session.scalars(
            select(Caretakers).where(Caretakers.group_id == row.id).order_by(Caretakers.start.desc()))
        known = permitted(actor(), "person.health", Person, {one.child_id for one in rows})
        head = ("name", "born", "age", "allergies") if known else ("name", "born", "age")
        return [
            {"title": told("search.children"), "note": str(len(rows)), "empty": told("unit.no_children"),
             "head": [told(f"person.{name}") for name in head],
             "rows": [[link(str(one.child), "person.details_view", one.child_id), written(one.child.born),
                       aged(one.child.born), (one.child.allergies or "") if one.child_id in known else ""][:len(head)]
                      for one in rows]},
            {"title": told("unit.adults"), "head": [told("placement.period"), told("unit.amount")], "figures": [1],
             "rows": [[str(one.period), decimal(one.amount)] for one in adults], "empty": told("unit.no_adults"),
             "aside": True},
        ]


class CaretakersScreen(Screen):
    feature = "unit"
    can_create = can_edit = can_delete = True
    column_list = ("group", "amount", "start", "end")
    column_default_sort: ClassVar = [("group.unit.name", False), ("group.name", False), ("start", True)]
    column_filters = (
        NamedFilter(Caretakers.start, "placement.in_force", lambda: Caretakers.on(actor().today)),
        RowFilter(Caretakers.group_id, "unit.unit", Unit,
                  lambda unit_id: Caretakers.group_id.in_(select(Group.id).where(Group.unit_id == unit_id))),
    )
    opens_with: ClassVar = {"flt0_0": "1"}
    figures = ("amount",)
    column_formatters: ClassVar = {"group": lambda _view, _context, row, _name: f"{row.group.unit}, {row.group}"}
    form_columns = ("group", "amount", "start", "end")
    column_details_list = ("group", "amount", "start", "end")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Caretakers.group).joinedload(Group.unit))

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        act.check_amount(row.amount)
        if created and (row.end is None or row.end >= row.start):
            act.make_room(row.group.id, DateRange(row.start, row.end))

    def get_column_name(self, field: str) -> Any:
        """An amount holds from a day to another; a unit begins and ends its work."""
        return Lazy(f"user.{field}") if field in ("start", "end") else super().get_column_name(field)

    def row_heading(self, row: Any) -> str:
        return f"{row.group.unit}, {row.group}, {row.period}"
