"""What the office sees of the tablets: who was there when, put right where it is wrong, and the devices themselves."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import flash
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import may, within
from evaka.actions import Action
from evaka.models.base import db
from evaka.models.presence import Device, Presence
from evaka.models.unit import Unit
from evaka.views.base import Screen, link
from evaka.views.filters import DayFilter, NamedFilter, RowFilter
from evaka.views.page import actor, browser_name, clock, moment, now, told, written

SHOWN = 12  # rows in a child's file


class PresenceScreen(Screen):
    """One row for each time that a child was there; the newest first."""

    column_list = ("day", "child", "unit", "group", "arrived", "left", "automatic")
    column_sortable_list = ("day", ("child", "child.sort_key"), ("unit", "unit.name"), "arrived", "left")
    column_default_sort: ClassVar = [("day", True), ("arrived", True)]
    column_filters = (
        DayFilter(Presence.day, "presence.from"),
        DayFilter(Presence.day, "presence.to", last=True),
        RowFilter(Presence.unit_id, "presence.unit", Unit),
        NamedFilter(Presence.automatic, "presence.by_night", lambda: Presence.automatic),
        NamedFilter(Presence.left, "presence.open_now", lambda: Presence.left.is_(None)),
    )
    search_people = ("child_id",)
    column_details_list = ("child", "day", "unit", "group", "arrived", "left", "automatic")
    main = ("presence.correct",)

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(Presence.child), joinedload(Presence.unit), joinedload(Presence.group))

    def row_heading(self, row: Any) -> str:
        return told("presence.of", child=f"{row.child.first_name} {row.child.last_name}", day=written(row.day))


class DeviceScreen(Screen):
    """The tablets of the units: who has them, when they were last seen; shut out with one action."""

    feature = "presence"
    column_list = ("name", "unit", "group", "state", "seen", "agent")
    column_sortable_list = ("name", ("unit", "unit.name"), "seen")
    column_default_sort: ClassVar = [("unit.name", False), ("name", False)]
    column_filters = (
        RowFilter(Device.unit_id, "presence.unit", Unit),
        NamedFilter(Device.revoked, "presence.in_use", lambda: Device.revoked.is_(None)),
    )
    opens_with: ClassVar = {"flt1_1": "1"}
    search_columns = ("name",)
    column_details_list = ("unit", "group", "state", "seen", "agent")
    rare = ("presence.revoke_device",)
    column_formatters: ClassVar = {
        "state": lambda view, _context, row, _name: view.badges([state_of(row)]),
        "seen": lambda _view, _context, row, _name: moment(row.seen) if row.seen else told("presence.never_seen"),
        "agent": lambda _view, _context, row, _name: browser_name(row.agent) if row.agent else "",
    }

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Device.unit), joinedload(Device.group))

    def row_heading(self, row: Any) -> str:
        return str(row.name)

    def row_fact_line(self, row: Any) -> str:
        return str(row.unit)

    def offers(self, action: Action, row: Any) -> bool:
        return row.revoked is None

    def after(self, action: Action, row: Any, result: Any) -> str:
        if action.key == "presence.new_code":
            tell_code(row, result)
        return super().after(action, row, result)


def state_of(device: Device) -> tuple[str, str]:
    if device.revoked is not None:
        return "bad", told("presence.device.revoked")
    if device.paired is not None:
        return "good", told("presence.device.paired")
    if device.code is not None and device.code_until is not None and device.code_until >= now():
        return "warn", told("presence.device.waiting")
    return "", told("presence.device.unpaired")


def tell_code(device: Device, code: str) -> None:
    """The code is shown once."""
    flash(told("presence.code_told", name=device.name, code=code, until=clock(device.code_until)), "info")


# -- in the files of children and units ------------------------------------------------------------------------


def of_child(rows: list[Any]) -> dict[str, Any]:
    """The section of a child's file."""
    return {
        "title": told("presence.title"), "aside": True, "empty": told("presence.none_yet"),
        "head": [told("presence.day"), told("presence.times")],
        "rows": [[link(written(row.day), "presence.details_view", row.id), times_of(row)] for row in rows],
    }


def times_of(row: Any) -> str:
    """8.02–15.40; what nobody has ended says so."""
    if row.left is None:
        return told("presence.since", at=clock(row.arrived))
    span = f"{clock(row.arrived)}–{clock(row.left)}"
    return f"{span} {told('presence.by_night_sign')}" if row.automatic else span


def of_unit(unit: Unit) -> dict[str, Any] | None:
    """The tablets of a unit, for whoever may see them."""
    if not may(actor(), "presence.view"):
        return None
    rows = db.session.scalars(
        select(Device).where(Device.unit_id == unit.id, Device.revoked.is_(None),
                             within(actor(), "presence.view", Device))
        .options(joinedload(Device.group)).order_by(Device.name)).all()
    return {
        "title": told("presence.devices"), "empty": told("presence.no_devices"), "aside": True,
        "head": [told("presence.name"), told("presence.state"), told("presence.seen")],
        "rows": [[link(row.name, "device.details_view", row.id), state_of(row)[1],
                  moment(row.seen) if row.seen else told("presence.never_seen")] for row in rows],
    }
