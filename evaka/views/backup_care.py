"""Who is in care elsewhere for a time: the list, the file of each, and parts of a child's and of a unit's file."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import g
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

import evaka.actions.backup_care  # noqa: F401  the buttons of these screens, of a child's and a group's file
from evaka.access import may, within
from evaka.actions import Action
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.views.base import Screen, link
from evaka.views.filters import DayFilter, NamedFilter, RowFilter
from evaka.views.page import actor, told, written

SHOWN = 40  # rows of a unit's file; the list has them all


def wants_group() -> ColumnElement[bool]:
    """Guests for whom the reader's units (or, for the whole city's office, any) have not chosen a group yet."""
    waits = BackupCare.group_id.is_(None) & (BackupCare.end >= actor().today)
    units = {unit for _, unit, _ in actor().grants if unit}
    return waits & BackupCare.unit_id.in_(units) if units else waits


class BackupCareScreen(Screen):
    """Both units read it; it is arranged on the child's file, or for a whole group on the group's."""

    column_list = ("child", "home", "unit", "group", "start", "end")
    column_details_list = column_list
    column_sortable_list = (("child", "child.sort_key"), ("unit", "unit.name"), "start", "end")
    column_default_sort: ClassVar = [("start", False), ("child.sort_key", False)]
    column_filters = (
        NamedFilter(BackupCare.end, "backup_care.not_over", lambda: BackupCare.end >= actor().today),
        RowFilter(BackupCare.unit_id, "backup_care.unit", Unit),
        NamedFilter(BackupCare.id, "backup_care.wants_group", wants_group),
        DayFilter(BackupCare.end, "attendance.from"),
        DayFilter(BackupCare.start, "attendance.to", last=True),
    )
    opens_with: ClassVar = {"flt0_0": "1"}
    search_people = ("child_id",)
    reading = True
    main = ("backup_care.place_in_group",)
    bulk = ("remove",)
    column_formatters: ClassVar = {
        "home": lambda _view, _context, row, _name: g.homes.get(row.child_id, "–"),
        "group": lambda _view, _context, row, _name: str(row.group) if row.group else told("backup_care.no_group"),
    }
    column_formatters_detail = column_formatters

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(BackupCare.child), joinedload(BackupCare.unit), joinedload(BackupCare.group))

    def listed(self, found: list[Any]) -> None:
        g.homes = homes_of(found)

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        g.homes = homes_of([row])
        return super().facts(row)

    def row_heading(self, row: Any) -> str:
        return told("backup_care.of", child=f"{row.child.first_name} {row.child.last_name}", unit=row.unit)

    def row_fact_line(self, row: Any) -> str:
        return str(row.period)

    def offers(self, action: Action, row: Any) -> bool:
        """What has been is not changed any more."""
        return bool(row.end >= actor().today)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [{"title": told("backup_care.child"), "head": [told("person.name")], "empty": "", "aside": True,
                 "rows": [[link(str(row.child), "person.details_view", row.child_id)]]}]


def homes_of(rows: list[Any]) -> dict[int, str]:
    """By child the name of the unit where it has its own place: today, or the first one that the care meets."""
    found: dict[int, str] = {}
    spans = {row.child_id: row for row in rows}
    for child_id, start, end, name in db.session.execute(
        select(Placement.child_id, Placement.start, Placement.end, Unit.name)
        .join(Unit, Unit.id == Placement.unit_id).where(Placement.child_id.in_(spans)).order_by(Placement.start)):
        care = spans[child_id]
        if start <= care.end and (end is None or end >= care.start):
            found.setdefault(child_id, name)
    return found


# -- on other files -----------------------------------------------------------------------------------------


def lines(rows: list[BackupCare]) -> list[list[Any]]:
    """The back-up care of one child."""
    return [[link(str(one.period), "backup_care.details_view", one.id), str(one.unit),
             str(one.group) if one.group else told("backup_care.no_group")] for one in rows]


def of_unit(unit: Unit) -> list[dict[str, Any]]:
    """Who comes to a unit from elsewhere, and whose own place is there but who is not: now and to come."""
    if not may(actor(), "backup_care.view"):
        return []
    today = actor().today
    rows = db.session.scalars(
        select(BackupCare).where(
            BackupCare.end >= today, within(actor(), "backup_care.view", BackupCare),
            (BackupCare.unit_id == unit.id) | BackupCare.child_id.in_(
                select(Placement.child_id).where(Placement.unit_id == unit.id, Placement.end.is_(None)
                                                 | (Placement.end >= today))))
        .options(joinedload(BackupCare.child), joinedload(BackupCare.unit), joinedload(BackupCare.group))
        .order_by(BackupCare.start, BackupCare.id)).all()
    homes = homes_of(list(rows))
    here = [one for one in rows if one.unit_id == unit.id]
    away = [one for one in rows if one.unit_id != unit.id]

    def part(title: str, found: list[Any], where: str, place: Any) -> dict[str, Any]:
        return {
            "title": told(title), "note": str(len(found)), "empty": "",
            "head": [told("backup_care.child"), told(where), told("backup_care.group"), told("backup_care.period")],
            "rows": [[link(str(one.child), "backup_care.details_view", one.id), place(one),
                      str(one.group) if one.group else told("backup_care.no_group"),
                      written(one.start) if one.start == one.end else str(one.period)] for one in found[:SHOWN]]}

    parts = [("backup_care.here", here, "backup_care.home", lambda one: homes.get(one.child_id, "–")),
             ("backup_care.away", away, "backup_care.unit", lambda one: str(one.unit))]
    return [part(*one) for one in parts if one[1]]
