"""What is read of units to reckon how full they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import select, union_all

from evaka import city
from evaka.kit.dates import DateRange
from evaka.models.application import Application
from evaka.models.assistance import factors
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import Placement, PlacementPlan, ServiceNeedPeriod
from evaka.models.unit import Caretakers, Group, Unit
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import PlanStatus, ServiceNeed
from evaka.rules.unit import Commitment, Need, Options, Place, Rows, Stay
from evaka.rules.unit import Group as GroupFacts

COMMITMENT = {
    PlanStatus.DRAFT: Commitment.DRAFTED,
    PlanStatus.PROPOSED: Commitment.PLANNED,
    PlanStatus.CONFIRMED: Commitment.PLANNED,
    PlanStatus.DECIDED: Commitment.PLANNED,
}


def options() -> Options:
    """The service needs of the city."""
    return city.named("service_needs", ServiceNeed)


def places_of(units: Collection[Unit], period: DateRange) -> list[Place]:
    """Units with their groups and the adults planned for them: two queries, however many units."""
    ids = {unit.id for unit in units}
    groups: dict[int, list[Group]] = defaultdict(list)
    for group in db.session.scalars(select(Group).where(Group.unit_id.in_(ids), Group.meets(period))):
        groups[group.unit_id].append(group)
    adults = defaultdict(list)
    rows = db.session.execute(
        select(Caretakers.group_id, Caretakers.start, Caretakers.end, Caretakers.amount)
        .join(Group, Group.id == Caretakers.group_id).where(Group.unit_id.in_(ids), Caretakers.meets(period)))
    for group_id, start, end, amount in rows:
        adults[group_id].append((DateRange(start, end), amount))
    return [
        Place(
            unit.id, unit.period,
            tuple(GroupFacts(group.id, group.period, tuple(adults[group.id])) for group in groups[unit.id]),
            open_days_of(unit), unit.family_day_care,
        )
        for unit in units
    ]


def open_days_of(unit: Unit) -> OpenDays:
    weekdays = frozenset(unit.weekdays)
    return OpenDays(weekdays, shift_care=weekdays if unit.shift_care else frozenset())


def rows_of(units: Collection[Unit], period: DateRange, also: Collection[int] = ()) -> Rows:
    """The stays of children in units: places with their needs, and plans; four queries, however many units.

    The factors of children who need support are read of those who stay there, and of the children `also`.
    """
    ids = {unit.id for unit in units}
    needs: dict[int, list[Need]] = defaultdict(list)
    in_units = Placement.unit_id.in_(ids) & Placement.meets(period)
    for place_id, start, end, option, shift_care in db.session.execute(
        select(ServiceNeedPeriod.placement_id, ServiceNeedPeriod.start, ServiceNeedPeriod.end,
               ServiceNeedPeriod.option, ServiceNeedPeriod.shift_care)
        .join(Placement, Placement.id == ServiceNeedPeriod.placement_id).where(in_units)
    ):
        needs[place_id].append(Need(DateRange(start, end), option, shift_care))
    stays = [
        Stay(child_id, born, unit_id, DateRange(start, end), care_type, tuple(needs[id]))
        for id, child_id, born, unit_id, start, end, care_type in db.session.execute(
            select(Placement.id, Placement.child_id, Person.born, Placement.unit_id, Placement.start, Placement.end,
                   Placement.care_type)
            .join(Person, Person.id == Placement.child_id).where(in_units))
    ]
    # a plan that was decided counts until its decision is answered; then there is a place, or nothing
    waiting = ("waiting_decision", "waiting_confirmation", "waiting_mailing", "waiting_guardian")
    stays += [
        Stay(child_id, born, unit_id, DateRange(start, end), care_type, (), COMMITMENT[status])
        for child_id, born, unit_id, start, end, care_type, status in db.session.execute(
            select(Application.child_id, Person.born, PlacementPlan.unit_id, PlacementPlan.start, PlacementPlan.end,
                   PlacementPlan.care_type, PlacementPlan.status)
            .join(Application, Application.id == PlacementPlan.application_id)
            .join(Person, Person.id == Application.child_id)
            .where(PlacementPlan.unit_id.in_(ids), PlacementPlan.meets(period),
                   PlacementPlan.status.in_(list(COMMITMENT)), Application.status.in_(waiting)))
    ]
    counted = union_all(
        select(Placement.child_id).where(in_units),
        select(Application.child_id).join(PlacementPlan, PlacementPlan.application_id == Application.id)
        .where(PlacementPlan.unit_id.in_(ids), PlacementPlan.meets(period)),
        select(Person.id).where(Person.id.in_(also)),
    )
    return Rows(stays=stays, factors={child: line.spans for child, line in factors(counted, period).items()})

