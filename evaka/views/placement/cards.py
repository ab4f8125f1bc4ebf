"""The left side of the desk: who waits for a place, filtered, the most pressing first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import request, url_for
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import within
from evaka.actions.placement.near import Sibling
from evaka.models.application import Application, Preference, waiting_for_place
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Area, Unit
from evaka.rules.application import ApplicationKind, urgency
from evaka.rules.placement import PlanStatus
from evaka.views.base import row_number
from evaka.views.page import actor, aged, told, word_of

SOON = 14  # days before the due date from which an application presses
MOST_APPLICATIONS = 100  # cards shown at once; the filters find the others
KEPT = ("area", "unit", "kind", "mark", "due", "begins", "name", "all", "open", "application")  # of the address
DUE = {"over": 0, "7": 7, "30": 30, "90": 90}  # days from today until which it is due
MARKS: dict[str, Callable[[], ColumnElement[bool]]] = {
    "urgent": lambda: Application.urgent,
    "shift_care": lambda: Application.shift_care,
    "assistance": lambda: Application.assistance != "",
    "sibling": lambda: Application.sibling_unit_id.is_not(None),
    "transfer": lambda: Application.transfer,
    "unchecked": lambda: ~Application.checked,
    "declined": lambda: Application.id.in_(
        select(PlacementPlan.application_id).where(PlacementPlan.status == PlanStatus.DECLINED)),
}


def wishes_in(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Applications whose family wishes for some unit of which something holds."""
    wished = select(Preference.application_id).join(Unit, Unit.id == Preference.unit_id).where(condition)
    return Application.id.in_(wished)


def here(**changes: Any) -> str:
    """The address of the desk as it is now, but for the changes."""
    kept = {name: value for name in KEPT if (value := request.args.get(name))}
    return url_for("desk.index", **{name: value for name, value in (kept | changes).items() if value is not None})


def visible() -> ColumnElement[bool]:
    return within(actor(), "application.plan", Application)


def waiting() -> Select[Application]:
    """The applications that the filters leave."""
    query, asked = waiting_for_place().where(visible()), request.args
    if (area := row_number(asked.get("area", ""))) is not None:
        query = query.where(wishes_in(Unit.area_id == area))
    if (unit := row_number(asked.get("unit", ""))) is not None:
        query = query.where(wishes_in(Unit.id == unit))
    if asked.get("kind") in set(ApplicationKind):
        query = query.where(Application.kind == ApplicationKind(asked["kind"]))
    if asked.get("mark") in MARKS:
        query = query.where(MARKS[asked["mark"]]())
    if asked.get("due") in DUE:
        last = actor().today + timedelta(days=DUE[asked["due"]])
        query = query.where(Application.due < last if asked["due"] == "over" else Application.due <= last)
    if asked.get("begins") in DUE:
        query = query.where(Application.start <= actor().today + timedelta(days=DUE[asked["begins"]]))
    if name := asked.get("name", "").strip():
        query = query.where(Application.child_id.in_(select(Person.id).where(Person.named(name))))
    return query


def shown(query: Select[Application]) -> list[Application]:
    """The most pressing ones, with everything that their cards say."""
    return list(db.session.scalars(query.limit(MOST_APPLICATIONS).options(
        joinedload(Application.child), joinedload(Application.sibling_unit),
        selectinload(Application.preferences).joinedload(Preference.unit))))


def filter_form() -> list[dict[str, Any]]:
    asked = request.args
    areas = db.session.scalars(select(Area).order_by(Area.name)).all()
    choices: dict[str, list[tuple[str, str]]] = {
        "area": [(str(area.id), area.name) for area in areas],
        "kind": [(one.value, word_of(one)) for one in ApplicationKind],
        "mark": [(name, told(f"placement.mark.{name}")) for name in MARKS],
        "due": [(key, told(f"placement.within.{key}")) for key in DUE],
        "begins": [(key, told(f"placement.within.{key}")) for key in list(DUE)[1:]],
    }
    found: list[dict[str, Any]] = [
        {"label": told("unit.area" if name == "area" else f"placement.filter.{name}"), "name": name, "kind": "select",
         "value": asked.get(name, ""), "options": options} for name, options in choices.items()]
    name = {"label": told("placement.child"), "name": "name", "kind": "search", "value": asked.get("name", "")}
    return [*found, name]


def chips(form: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """The filters that are set, each with the address without it."""
    found = []
    for field in form:
        value = field["value"]
        words = dict(field["options"]).get(value) if field["kind"] == "select" else value
        if value and words:
            found.append((f"{field['label']}: {words}", here(**{field["name"]: None})))
    return found


def addresses(name: str) -> Callable[[int], str]:
    """The addresses of the desk as it is now, but for one number: made once for many."""
    before, _, after = here(**{name: 0}).partition(f"{name}=0")
    return lambda number: f"{before}{name}={number}{after}"


def card(one: Application, siblings: Sequence[Sibling], address: Callable[[int], str]) -> dict[str, Any]:
    left = urgency(one.due, actor().today)
    state = None
    if left is not None:
        look = "bad" if left < 0 else "warn" if left <= SOON else ""
        word = "days_over" if left < 0 else "days" if left else "due_today"
        state = (look, told(f"placement.{word}", days=abs(left)))
    return {
        "id": one.id, "url": address(one.id),
        "child": f"{one.child.first_name} {one.child.last_name}", "age": aged(one.child.born, actor().today),
        "start": told("placement.starts", start=one.start), "due": told("placement.due", due=one.due),
        "state": state, "preferences": " · ".join(f"{p.place} {p.unit}" for p in one.preferences),
        "badges": badges(one, siblings), "note": one.office_note,
    }


def badges(one: Application, siblings: Sequence[Sibling]) -> list[tuple[str, str]]:
    found = []
    if one.urgent:
        found.append(("bad", told("application.urgent")))
    if one.kind is not ApplicationKind.DAYCARE:
        found.append(("", word_of(one.kind)))
    if one.transfer:
        found.append(("", told("application.transfer")))
    if one.shift_care:
        found.append(("info", told("application.shift_care")))
    if one.assistance:
        found.append(("", told("application.assistance")))
    if siblings:
        found += [("info", told("placement.sibling_named", name=kin.first_name, unit=kin.unit)) for kin in siblings[:2]]
    elif one.sibling_unit:
        found.append(("info", told("placement.sibling", unit=one.sibling_unit)))
    if not one.checked:
        found.append(("warn", told("application.unchecked")))
    return found
