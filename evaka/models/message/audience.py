"""Whom a letter would reach: the children of chosen places, and their guardians."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true, union
from sqlalchemy.orm import aliased

from evaka.models.person import Person, custody, informed
from evaka.models.placement import GroupPlacement, Placement, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.message.audience import Care, Chosen, care_types
from evaka.rules.placement import ShiftCare
from evaka.rules.unit import Feature


def children_chosen(chosen: Chosen, reach: ColumnElement[bool], day: date) -> Select[Any]:
    """The ids of the children that are meant on a day, in units where letters are open.

    `reach` says of Placement, Unit and GroupPlacement (outer) how far the writer reaches.
    """
    found = []
    if chosen.present or chosen.children:
        found.append(_present(chosen, reach, day))
    if chosen.starting:
        found.append(_starting(chosen, reach, day))
    if not found:
        return select(Person.id).where(false())
    return found[0] if len(found) == 1 else select(union(*found).subquery().c[0])


def _places(chosen: Chosen, *, named: bool) -> ColumnElement[bool]:
    """Which places are chosen; with `named` the children that are chosen one by one too."""
    some = []
    if chosen.areas:
        some.append(Unit.area_id.in_(chosen.areas))
    if chosen.units:
        some.append(Unit.id.in_(chosen.units))
    if chosen.groups:
        some.append(GroupPlacement.group_id.in_(chosen.groups))
    if named and chosen.children:
        some.append(Placement.child_id.in_(chosen.children))
    return true() if chosen.everybody else or_(false(), *some)


def _present(chosen: Chosen, reach: ColumnElement[bool], day: date) -> Select[Any]:
    grouped = and_(GroupPlacement.placement_id == Placement.id, GroupPlacement.on(day))
    places = _places(chosen, named=True) if chosen.present else Placement.child_id.in_(chosen.children)
    query = (
        select(Placement.child_id).join(Unit, Unit.id == Placement.unit_id).outerjoin(GroupPlacement, grouped)
        .where(Placement.on(day), Unit.has(Feature.MESSAGES), reach, places, *_filters(chosen))
    )
    if chosen.shift_care:
        query = query.where(Placement.id.in_(
            select(ServiceNeedPeriod.placement_id)
            .where(ServiceNeedPeriod.on(day), ServiceNeedPeriod.shift_care != ShiftCare.NONE)))
    return query


def _starting(chosen: Chosen, reach: ColumnElement[bool], day: date) -> Select[Any]:
    """Who begins in a unit or group later, and is not in the same one already."""
    now, now_grouped = aliased(Placement), aliased(GroupPlacement)
    stays = (
        select(now.id).outerjoin(now_grouped, and_(now_grouped.placement_id == now.id, now_grouped.on(day)))
        .where(now.child_id == Placement.child_id, now.on(day), now.unit_id == Placement.unit_id,
               or_(GroupPlacement.group_id.is_(None), now_grouped.group_id == GroupPlacement.group_id))
        .exists()
    )
    return (
        select(Placement.child_id).join(Unit, Unit.id == Placement.unit_id)
        .outerjoin(GroupPlacement, GroupPlacement.placement_id == Placement.id)
        .where(or_(Placement.start > day, GroupPlacement.start > day), Unit.has(Feature.MESSAGES), reach,
               _places(chosen, named=False), ~stays, *_filters(chosen))
    )


def _filters(chosen: Chosen) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.years:
        born = or_(*(Person.born.between(date(year, 1, 1), date(year, 12, 31)) for year in chosen.years))
        found.append(Placement.child_id.in_(select(Person.id).where(born)))
    if chosen.care:
        found.append(Placement.care_type.in_([kind for care in chosen.care for kind in care_types(Care(care))]))
    if chosen.family_day_care:
        found.append(Unit.family_day_care)
    return found


def people_of(children: Select[Any], day: date, *, told: bool = False) -> Select[tuple[int]]:
    """The living guardians and foster parents of children, each once; whoever is blocked is neither.

    `told`: only who is told where the children are.
    """
    pairs = (informed if told else custody)(day, children)
    return select(pairs.c.person_id).join(Person, Person.id == pairs.c.person_id).where(
        Person.deceased.is_(None),
        pairs.c.child_id.in_(select(Person.id).where(Person.deceased.is_(None))),
    ).distinct()
