"""Planning a place, asking the unit, and putting the child into a group."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Long, action, record
from evaka.actions.application import move, option
from evaka.actions.decision.draft import draft_for
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan
from evaka.models.unit import Group, Unit
from evaka.rules.decision import DecisionStatus
from evaka.rules.placement import (
    PLACEMENT_PLAN,
    CareType,
    Offer,
    PlanPolicy,
    PlanStatus,
    check_fits,
    check_need,
    planned_period,
)

LIVING = (PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED)


def offer_of(unit: Unit) -> Offer:
    """What a unit can take, as the rules read it."""
    return Offer(
        name=unit.name, period=unit.period, care_types=frozenset(CareType(one) for one in unit.care_types),
        shift_care=unit.shift_care, language=unit.language,
    )


def default_period(application: Application, today: date) -> DateRange:
    """The days that are proposed for a place: from the wanted start to when pre-primary education begins."""
    assert application.start is not None
    plan_policy = city.value("placements", "plan", PlanPolicy)
    return planned_period(application.child.born, application.start, plan_policy, today=today)


@action("application.plan")
def plan(application: Application, by: Actor, *, unit: Unit, start: date, end: date) -> PlacementPlan:
    """A place is thought of: the draft of its decision is made, nothing is told to anybody yet."""
    if not application.checked:
        raise Refused("placement.not_checked", child=str(application.child))
    if end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    need = option(application.service_need)
    period = DateRange(start, end)
    check_need(need, care_type=need.care_type, period=period, place=period)
    check_fits(period, need.care_type, offer_of(unit), shift_care=application.shift_care)
    drafted = PlacementPlan(
        application=application, unit=unit, care_type=need.care_type, service_need=need.key,
        start=start, end=end, status=PlanStatus.DRAFT,
    )
    db.session.add(drafted)
    draft_for(application, drafted, by)
    application.status_since = by.now
    return drafted


def living_plan(application: Application) -> PlacementPlan:
    """The one plan of an application that has not been given up."""
    return db.session.scalars(select(PlacementPlan).where(
        PlacementPlan.application_id == application.id, PlacementPlan.status.in_(LIVING))).one()


def _turn(plan: PlacementPlan, verb: str) -> None:
    plan.status = PLACEMENT_PLAN.after(plan.status, verb)


def _give_up(application: Application, plan: PlacementPlan, verb: str) -> None:
    """The plan ends and its drafts of decisions go."""
    _turn(plan, verb)
    for draft in db.session.scalars(select(Decision).where(
        Decision.application_id == application.id, Decision.status == DecisionStatus.DRAFT)):
        db.session.delete(draft)


@action("application.return_to_placement")
def return_to_placement(application: Application, by: Actor) -> None:
    """The plan is undone: the application waits for a place again."""
    _give_up(application, living_plan(application), "cancel")
    application.status_since = by.now


@action("application.propose")
def propose(application: Application, by: Actor) -> None:
    """The director of the unit is asked."""
    _turn(living_plan(application), "propose")
    application.status_since = by.now


@action("application.withdraw")
def withdraw(application: Application, by: Actor) -> None:
    """The question to the unit is taken back."""
    _turn(living_plan(application), "withdraw")
    application.status_since = by.now


@action("placement.confirm")
def confirm(plan: PlacementPlan, by: Actor) -> None:
    """The director has a place for the child."""
    plan.application.status_since = by.now


@action("placement.decline")
def decline(plan: PlacementPlan, by: Actor, *, reason: Long) -> None:
    """The director has no place, and says why; the application waits for another one."""
    plan.reason = reason
    for draft in db.session.scalars(select(Decision).where(
        Decision.application_id == plan.application_id, Decision.status == DecisionStatus.DRAFT)):
        db.session.delete(draft)
    move(plan.application, "decline", by)
    record("application.decline", plan.application, by, {"reason": reason})


@action("placement.place_in_group")
def place_in_group(placement: Placement, by: Actor, *, group: Group, start: date) -> GroupPlacement:
    """From `start` the child is in the group, to the end of the place; an earlier group ends the day before."""
    if start not in placement.period:
        raise Refused("placement.group_outside_place", start=start, place=placement.period)
    if group.unit_id != placement.unit_id:
        raise Refused("placement.group_of_other_unit", group=group.name, unit=str(placement.unit))
    if not (group.period & DateRange(start, placement.end)) == DateRange(start, placement.end):
        raise Refused("placement.group_not_open", group=group.name, open=group.period)
    leave_groups(placement, start)
    joined = GroupPlacement(placement=placement, group=group, start=start, end=placement.end)
    db.session.add(joined)
    return joined


def leave_groups(placement: Placement, start: date) -> None:
    """Groups of a place end before `start`; those that would begin later are not needed any more."""
    for earlier in list(placement.groups):
        if earlier.start >= start:
            placement.groups.remove(earlier)
        elif earlier.end is None or earlier.end >= start:
            earlier.end = date.fromordinal(start.toordinal() - 1)
    db.session.flush()  # a shortened group is out of the way before the next one comes


