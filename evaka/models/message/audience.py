"""Whom a letter would reach: the children of chosen places, and their guardians."""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, or_, select, true, union
from sqlalchemy.orm import aliased

from evaka.models.backup_care import BackupCare
from evaka.models.person import Person
from evaka.models.person.custody import custody, informed
from evaka.models.placement import GroupPlacement, Placement, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.message.audience import Care, Chosen, care_types
from evaka.rules.unit import Feature


class Reach(NamedTuple):
    """How far a writer reaches: `own` says it of Placement, Unit and GroupPlacement (outer), `guests` of BackupCare."""

    own: ColumnElement[bool]
    guests: ColumnElement[bool]


def children_chosen(chosen: Chosen, reach: Reach, day: date) -> Select[Any]:
    """The ids of the children that are meant on a day, in units where letters are open.

    A child in back-up care counts where it really is; chosen by name it is written to from its own group too.
    """
    found = []
    if chosen.present or chosen.children:
        found.append(_present(chosen, reach.own, day))
        if not chosen.everybody:
            found.append(_guests(chosen, reach.guests, day))
    if chosen.starting:
        found.append(_starting(chosen, reach.own, day))
        if not chosen.everybody:
            found.append(_starting_guests(chosen, reach.guests, day))
    if not found:
        return select(Person.id).where(false())
    return found[0] if len(found) == 1 else select(union(*found).subquery().c[0])


def children_elsewhere(chosen: Chosen, reach: Reach, day: date) -> Select[Any]:
    """The ids of the children of chosen places who are in back-up care somewhere else, and were not named."""
    if chosen.everybody or not (chosen.places and chosen.present):
        return select(Person.id).where(false())
    places = _places(chosen, Placement.child_id, GroupPlacement.group_id)
    written = children_chosen(chosen, reach, day).subquery()
    return _placed(chosen, reach.own, day).where(
        places, _away(day), Placement.child_id.not_in(select(written.c[0])))


def _places(chosen: Chosen, child: Any, group: Any, *, named: bool = False) -> ColumnElement[bool]:
    """Which places are chosen; with `named` the children that are chosen one by one too."""
    some = []
    if chosen.areas:
        some.append(Unit.area_id.in_(chosen.areas))
    if chosen.units:
        some.append(Unit.id.in_(chosen.units))
    if chosen.groups:
        some.append(group.in_(chosen.groups))
    if named and chosen.children:
        some.append(child.in_(chosen.children))
    return true() if chosen.everybody else or_(false(), *some)


def _away(day: date) -> ColumnElement[bool]:
    """Of a place: the child is in back-up care on the day."""
    return select(BackupCare.id).where(BackupCare.child_id == Placement.child_id, BackupCare.on(day)).exists()


def _placed(chosen: Chosen, reach: ColumnElement[bool], day: date) -> Select[Any]:
    """Those of the filters who have a place on the day within reach."""
    grouped = and_(GroupPlacement.placement_id == Placement.id, GroupPlacement.on(day))
    return (
        select(Placement.child_id).join(Unit, Unit.id == Placement.unit_id).outerjoin(GroupPlacement, grouped)
        .where(Placement.on(day), Unit.has(Feature.MESSAGES), reach, *_filters(chosen, day)))


def _present(chosen: Chosen, reach: ColumnElement[bool], day: date) -> Select[Any]:
    """Who has a place in what is chosen and is not elsewhere, and who was named."""
    named = Placement.child_id.in_(chosen.children) if chosen.children else false()
    if not (chosen.present and chosen.places):
        return _placed(chosen, reach, day).where(named)
    places = _places(chosen, Placement.child_id, GroupPlacement.group_id)
    here = places if chosen.everybody else and_(places, ~_away(day))
    return _placed(chosen, reach, day).where(or_(here, named))


def _guests(chosen: Chosen, reach: ColumnElement[bool], day: date) -> Select[Any]:
    """Who comes from elsewhere for a time to what is chosen."""
    places = _places(chosen, BackupCare.child_id, BackupCare.group_id, named=True) if chosen.present \
        else BackupCare.child_id.in_(chosen.children)
    return (
        select(BackupCare.child_id).join(Unit, Unit.id == BackupCare.unit_id)
        .join(Placement, and_(Placement.child_id == BackupCare.child_id, Placement.on(day)))
        .where(BackupCare.on(day), Unit.has(Feature.MESSAGES), reach, places, *_filters(chosen, day)))


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
               _places(chosen, Placement.child_id, GroupPlacement.group_id), ~stays, *_filters(chosen))
    )


def _starting_guests(chosen: Chosen, reach: ColumnElement[bool], day: date) -> Select[Any]:
    """Who comes from elsewhere for a time that begins later, and is not a guest of the same unit or group already."""
    now = aliased(BackupCare)
    stays = select(now.id).where(
        now.child_id == BackupCare.child_id, now.on(day), now.unit_id == BackupCare.unit_id,
        or_(BackupCare.group_id.is_(None), now.group_id == BackupCare.group_id)).exists()
    placed = and_(Placement.child_id == BackupCare.child_id, Placement.start <= BackupCare.start,
                  or_(Placement.end.is_(None), Placement.end >= BackupCare.start))
    return (
        select(BackupCare.child_id).join(Unit, Unit.id == BackupCare.unit_id).join(Placement, placed)
        .where(BackupCare.start > day, Unit.has(Feature.MESSAGES), reach,
               _places(chosen, BackupCare.child_id, BackupCare.group_id), ~stays, *_filters(chosen)))


def _filters(chosen: Chosen, day: date | None = None) -> list[ColumnElement[bool]]:
    """Of a place and its unit; how care is given in shifts is asked only of a `day`, not of those who begin later."""
    found: list[ColumnElement[bool]] = []
    if chosen.years:
        born = or_(*(Person.born.between(date(year, 1, 1), date(year, 12, 31)) for year in chosen.years))
        found.append(Placement.child_id.in_(select(Person.id).where(born)))
    if chosen.care:
        found.append(Placement.care_type.in_([kind for care in chosen.care for kind in care_types(Care(care))]))
    if chosen.family_day_care:
        found.append(Unit.family_day_care)
    if chosen.shift_care and day is not None:
        found.append(Placement.id.in_(select(ServiceNeedPeriod.placement_id).where(
            ServiceNeedPeriod.on(day), ServiceNeedPeriod.shift_care.in_(chosen.shift_care))))
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
