"""Areas, units and their groups."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from flask import g
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload
from wtforms.validators import DataRequired

from evaka.access import permitted, within
from evaka.actions.unit import options, places_of, rows_of
from evaka.kit.dates import DateRange
from evaka.models.assistance import AssistanceFactor
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Area, Caretakers, Group, Unit
from evaka.rules.placement import CareType
from evaka.rules.unit import OccupancyKind, Provider, Weight, explain, occupancy
from evaka.views.assistance import note_reading
from evaka.views.base import Screen, link
from evaka.views.filters import NamedFilter, RowFilter, StateFilter, YesNoFilter
from evaka.views.forms import LanguageField, TicksField, WeekdaysField
from evaka.views.page import Lazy, actor, aged, decimal, told, word_of, written


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


class AreaScreen(Screen):
    feature = "unit"
    can_create = can_edit = True
    column_list = ("name",)
    column_default_sort = ("name", False)
    form_columns = ("name",)
    column_details_list = ("name",)


class UnitScreen(Screen):
    can_create = can_edit = True
    column_list = ("name", "area", "provider", "language", "shift_care", "capacity", "director", "phone")
    column_sortable_list = ("name", ("area", "area.name"), "capacity")
    column_default_sort = ("name", False)
    column_filters = (
        RowFilter(Unit.area_id, "unit.area", Area),
        StateFilter(Unit.provider, "unit.provider", Provider),
        YesNoFilter(Unit.shift_care, "unit.shift_care"),
    )
    search_columns = ("name", "director")
    figures = ("capacity",)
    column_formatters = {
        "language": lambda view, _context, row, _name: told(f"language.{row.language}"),
        "care_types": lambda view, _context, row, _name: ", ".join(word_of(CareType(one)) for one in row.care_types),
        "weekdays": lambda view, _context, row, _name: ", ".join(told(f"weekday.{one}") for one in row.weekdays),
    }
    column_details_list = (
        "area", "provider", "care_types", "language", "weekdays", "shift_care", "family_day_care", "capacity",
        "ask_unit",
        "invoiced", "director", "street", "postal_code", "post_office", "phone", "email", "start", "end",
    )
    form_columns = (
        "name", "area", "provider", "care_types", "language", "weekdays", "shift_care", "family_day_care", "capacity",
        "ask_unit", "invoiced", "director", "street", "postal_code", "post_office", "phone", "email", "start", "end",
    )
    form_overrides: ClassVar = {"language": LanguageField, "care_types": TicksField, "weekdays": WeekdaysField}
    form_args = {"care_types": {"kind": CareType, "validators": [DataRequired()]}}

    def row_fact_line(self, row: Any) -> str:
        return f"{row.area} · {word_of(row.provider)}"

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [self._groups(row), *self._occupancy(row)]

    def _groups(self, row: Any) -> dict[str, Any]:
        """Groups with their children and adults of today."""
        day = actor().today
        children = children_today(Placement.unit_id == row.id)
        adults = adults_today(Group.unit_id == row.id)
        groups = db.session.scalars(select(Group).where(Group.unit_id == row.id, Group.on(day)).order_by(Group.name))
        return {
            "title": told("unit.groups"), "empty": told("unit.no_groups"), "figures": [1, 2],
            "head": [told("unit.group"), told("unit.children"), told("unit.adults")],
            "rows": [[link(group.name, "group.details_view", group.id), children.get(group.id, 0),
                      decimal(adults.get(group.id, 0))] for group in groups],
        }

    def _occupancy(self, row: Any) -> list[dict[str, Any]]:
        """Today's occupancy with its arithmetic, as the rules reckoned it; and whose support counts in it."""
        day = actor().today
        period = DateRange(day, day)
        places, rows = places_of([row], period), rows_of([row], period)
        levels, weights = [], {}
        for kind in (OccupancyKind.CONFIRMED, OccupancyKind.PLANNED):
            figures = occupancy(places, rows, kind, period, options())[row.id].get(day)
            percentage = f"{decimal(figures.percentage, 1)} %" if figures and figures.percentage is not None else "–"
            explained = explain(places[0], rows, kind, day, options())
            levels.append([word_of(kind), percentage, explained.arithmetic if figures else ""])
            weights |= {
                line.stay.child: line.weight for line in explained.lines
                if line.counted and line.weight is not None and line.weight.factor != 1}
        return [
            {
                "title": told("unit.occupancy_today"), "empty": "", "rows": levels, "figures": [1],
                "head": [told("unit.level"), told("unit.percentage"), told("unit.arithmetic")],
                "text": told("unit.occupancy_law"),
            },
            *self._supported(weights),
        ]

    def _supported(self, weights: dict[Any, Weight]) -> list[dict[str, Any]]:
        """The children who count for more because of their support, for whoever may know of it."""
        known = db.session.scalars(
            select(AssistanceFactor).where(
                AssistanceFactor.child_id.in_(weights), AssistanceFactor.on(actor().today),
                within(actor(), "assistance.view", AssistanceFactor))
            .options(joinedload(AssistanceFactor.child))).all()
        if not known:
            return []
        note_reading({one.child_id for one in known})
        return [{
            "title": told("assistance.factors"), "figures": [1, 2], "empty": "",
            "head": [told("assistance.child"), told("unit.arithmetic"), told("assistance.counts_for")],
            "rows": [
                [link(str(one.child), "person.details_view", one.child_id),
                 weights[one.child_id].arithmetic.strip("()"), decimal(weights[one.child_id].value)]
                for one in sorted(known, key=lambda one: one.child.sort_key)],
        }]


class GroupScreen(Screen):
    feature = "unit"
    can_create = can_edit = True
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

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        day = actor().today
        rows = db.session.scalars(
            select(Placement).join(GroupPlacement, GroupPlacement.placement_id == Placement.id)
            .where(GroupPlacement.group_id == row.id, GroupPlacement.on(day), Placement.on(day))
            .options(joinedload(Placement.child))).all()
        rows = sorted(rows, key=lambda one: one.child.sort_key)
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

    def get_column_name(self, field: str) -> Any:
        """An amount holds from a day to another; a unit begins and ends its work."""
        return Lazy(f"user.{field}") if field in ("start", "end") else super().get_column_name(field)

    def row_heading(self, row: Any) -> str:
        return f"{row.group.unit}, {row.group}, {row.period}"
