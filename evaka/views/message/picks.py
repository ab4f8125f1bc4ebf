"""What a writer may choose recipients from, by the kind of box: only what the box reaches."""

from __future__ import annotations

from typing import Any

from flask import request
from sqlalchemy import Select, literal, or_, select
from sqlalchemy.orm import joinedload

from evaka.access import Actor, within
from evaka.models.application import Application
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.person import Person, matching
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Area, Group, Unit
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import BoxKind
from evaka.rules.unit import Feature
from evaka.views.page import told

OLDEST = 8  # years of birth that are offered
FOUND = 20  # people shown of those that a name may mean


def picks(
    kind: BoxKind, group: Group | None, chosen: Chosen, by: Actor, application: int | None = None,
) -> dict[str, Any]:
    """{areas, units, groups, people, applicant, years, filters}: ids and names, with the children of each group."""
    found: dict[str, Any] = {
        "years": list(range(by.today.year, by.today.year - OLDEST, -1)),
        "filters": kind in (BoxKind.PERSONAL, BoxKind.MUNICIPAL),
    }
    match kind:
        case BoxKind.GROUP:
            assert group is not None
            found["groups"] = [{"id": group.id, "name": str(group), "children": _children([group.id], by)[group.id]}]
        case BoxKind.PERSONAL:
            found |= _own_places(by)
        case BoxKind.MUNICIPAL:
            found["areas"] = _areas(by)
        case BoxKind.SERVICE:
            found["applicant"] = _applicant(application, by)
        case BoxKind.FINANCE:
            found |= _people(chosen, by)
    return found


def _own_places(by: Actor) -> dict[str, Any]:
    groups = db.session.scalars(
        select(Group).join(Unit)
        .where(within(by, "message.send", Group), Group.on(by.today), Unit.has(Feature.MESSAGES))
        .order_by(Unit.name, Group.name).options(joinedload(Group.unit))).all()
    children = _children([one.id for one in groups], by)
    units = {one.unit.id: one.unit.name for one in groups}
    return {
        "units": list(units.items()),
        "groups": [{"id": one.id, "name": f"{one.unit.name}: {one.name}" if len(units) > 1 else one.name,
                    "children": children[one.id]} for one in groups],
    }


def _children(groups: list[int], by: Actor) -> dict[int, list[tuple[int, str]]]:
    """By group, its children today and those who have come for a time; who is away for a time is marked."""
    found: dict[int, list[tuple[int, str]]] = {one: [] for one in groups}
    away = select(Unit.name).join(BackupCare, BackupCare.unit_id == Unit.id).where(
        BackupCare.child_id == Person.id, BackupCare.on(by.today), or_(
            BackupCare.group_id.is_(None), BackupCare.group_id != GroupPlacement.group_id)).scalar_subquery()
    rows = [*db.session.execute(
        select(GroupPlacement.group_id, Person, away).join(Placement, Placement.id == GroupPlacement.placement_id)
        .join(Person, Person.id == Placement.child_id)
        .where(GroupPlacement.group_id.in_(groups), GroupPlacement.on(by.today), Placement.on(by.today),
               Person.deceased.is_(None))), *db.session.execute(
        select(BackupCare.group_id, Person, literal("")).join(Person, Person.id == BackupCare.child_id)
        .where(BackupCare.group_id.in_(groups), BackupCare.on(by.today), Person.deceased.is_(None)))]
    for group, child, host in sorted(rows, key=lambda row: (row[1].sort_key, row[1].id)):
        label = told("message.child_away", child=str(child), unit=host) if host else \
            told("message.child_guest", child=str(child)) if host is not None else str(child)
        if child.id not in dict(found[group]):
            found[group].append((child.id, label))
    return found


def _areas(by: Actor) -> list[dict[str, Any]]:
    units: Select[Any] = select(Unit.area_id, Unit.id, Unit.name).where(
        Unit.has(Feature.MESSAGES), Unit.on(by.today)).order_by(Unit.name)
    of_area: dict[int, list[tuple[int, str]]] = {}
    for area, id, name in db.session.execute(units):
        of_area.setdefault(area, []).append((id, name))
    return [{"id": one.id, "name": one.name, "units": of_area[one.id]}
            for one in db.session.scalars(select(Area).order_by(Area.name)) if one.id in of_area]


def _applicant(application: int | None, by: Actor) -> tuple[str, str] | None:
    """The names of who applies and of the child, of an application that the writer may open."""
    row = None if application is None else db.session.scalar(
        select(Application).where(Application.id == application, within(by, "application.view", Application))
        .options(joinedload(Application.guardian), joinedload(Application.child)))
    return (str(row.guardian), str(row.child)) if row is not None else None


def _people(chosen: Chosen, by: Actor) -> dict[str, Any]:
    """Those who were chosen, and those whom a name that was typed may mean."""
    sought = request.values.get("person", "").strip()
    where = Person.id.in_(chosen.people)
    if sought:
        where = where | matching(sought)
    found = db.session.scalars(
        select(Person).where(where, within(by, "person.view", Person), Person.deceased.is_(None))
        .order_by(Person.sort_key, Person.id).limit(FOUND)).all()
    return {"people": [(one.id, f"{one} ({one.born:%-d.%-m.%Y})") for one in found], "sought": sought}
