"""Thinking of a place on the desk: one child at a time or a whole season at once, and taking it back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select, update
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from evaka import city
from evaka.access import Actor, permitted
from evaka.actions import Long, action, line_of
from evaka.actions.decision.draft import discard, draft_for
from evaka.actions.placement.fullness import check_fullness
from evaka.actions.placement.thought import (
    Thought,
    bar_policy,
    care_of,
    default_days,
    need_of,
    offer_of,
    room_of,
    terms,
    wish_of,
)
from evaka.actions.unit import WAITING
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.application import Application, Preference
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.journal import add_lines
from evaka.models.placement import Placement, PlacementPlan
from evaka.models.unit import Group, Unit
from evaka.rules.application import APPLICATION
from evaka.rules.decision import DecisionStatus, drafts, needed
from evaka.rules.placement import (
    PLACEMENT_PLAN,
    PlanStatus,
    ServiceNeed,
    check_childhood,
    check_need,
    default_need,
)
from evaka.rules.placement.plan import (
    Days,
    bars,
    check_asked,
    check_bars,
    check_days,
)
from evaka.rules.unit import most_at_once

LIVING = (PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED)
TOOK_UP = (*LIVING, PlanStatus.DECIDED)  # plans that keep a seat
APPLICATIONS: Any = Application.__table__
PLANS: Any = PlacementPlan.__table__


@dataclass
class Seats:
    """How many children the buildings of units may still take; `take` counts one more.  Two queries for all units."""

    units: Collection[Unit]
    since: date
    stays: dict[int, list[tuple[int, DateRange]]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        limited = {unit.id for unit in self.units if unit.capacity}
        ahead = DateRange(self.since)
        placed = select(Placement.unit_id, Placement.child_id, Placement.start, Placement.end).where(
            Placement.unit_id.in_(limited), Placement.meets(ahead))
        planned = (
            select(PlacementPlan.unit_id, Application.child_id, PlacementPlan.start, PlacementPlan.end)
            .join(Application, Application.id == PlacementPlan.application_id)
            .where(PlacementPlan.unit_id.in_(limited), PlacementPlan.status.in_(TOOK_UP),
                   PlacementPlan.meets(ahead), Application.status.in_(WAITING)))
        for query in (placed, planned):
            for unit_id, child_id, start, end in db.session.execute(query):
                self.stays[unit_id].append((child_id, DateRange(start, end)))

    def left(self, unit: Unit, child_id: int, period: DateRange) -> int | None:
        """The smallest number of free seats on a day of a period, the child's own not counted; None: no limit."""
        if not unit.capacity:
            return None
        others = [(child, stay) for child, stay in self.stays[unit.id] if child != child_id]
        return unit.capacity - most_at_once(others, period)

    def take(self, unit: Unit, child_id: int, period: DateRange) -> None:
        self.stays[unit.id].append((child_id, period))


# -- one child ----------------------------------------------------------------------------------------


@action("application.plan")
def plan(
    application: Application, by: Actor, *, unit: Unit, start: date, end: date, group: Group | None = None,
    daycare_start: date | None = None, daycare_end: date | None = None, despite: Long = "",
) -> PlacementPlan:
    """A place is thought of: the draft of its decision is made, nothing is told to anybody yet."""
    if end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    thought = Thought(application, unit, _days(application, start, end, daycare_start, daycare_end), group, despite)
    check(thought, Seats([unit], start))
    values = _plan_values(thought, by, batch="")
    drafted = PlacementPlan(**values | {"application": application, "unit": unit})
    db.session.add(drafted)
    draft_for(application, drafted, by, connected=drafted.daycare)
    application.status_since = by.now
    db.session.flush()
    check_fullness([thought])
    return drafted


def _days(application: Application, start: date, end: date, daycare_start: date | None, daycare_end: date | None
          ) -> Days:
    """What was asked for; care around pre-primary education of which nothing is said goes on as by the rule."""
    period = DateRange(start, end)
    if daycare_start is None and daycare_end is None:
        if len(needed(care_of(application))) == 1:
            return Days(period)
        usual = default_days(application, start).daycare
        assert usual is not None
        return Days(period, DateRange(start, max(usual.last_day, end)))
    first, last = daycare_start or start, daycare_end or end
    if last < first:
        raise Refused("placement.ends_first", start=first, end=last)
    return Days(period, DateRange(first, last))


def check(thought: Thought, seats: Seats) -> None:
    """Refuse a place that cannot be, or for which the city asks a reason that was not given."""
    application, unit, days = thought.application, thought.unit, thought.days
    if not application.checked:
        raise Refused("placement.not_checked", child=str(application.child))
    check_childhood(application.child.born, days.whole)
    check_asked(days.whole, received=application.received, wished=application.start)
    wish = wish_of(application)
    need = need_of(application, days.period.start)
    held = days.daycare or days.period
    check_need(need, care_type=wish.care_type, period=held, place=held)
    check_days(wish.care_type, days, terms())
    if thought.group is not None:
        _check_group(thought.group, unit, days.period)
    left = seats.left(unit, application.child_id, days.period)
    check_bars(bars(days.period, wish, offer_of(unit), room_of(unit, left)), bar_policy(), thought.despite)


def _check_group(group: Group, unit: Unit, period: DateRange) -> None:
    if group.unit_id != unit.id:
        raise Refused("placement.group_of_other_unit", group=group.name, unit=str(unit))
    if period.start not in group.period:
        raise Refused("placement.group_not_open", group=group.name, open=group.period)


def _plan_values(thought: Thought, by: Actor, *, batch: str) -> dict[str, Any]:
    application, days = thought.application, thought.days
    return {
        "application_id": application.id, "unit_id": thought.unit.id, "group_id": thought.group and thought.group.id,
        "care_type": care_of(application), "service_need": need_of(application, days.period.start).key,
        "start": days.period.start, "end": days.period.last_day,
        "daycare_start": days.daycare and days.daycare.start, "daycare_end": days.daycare and days.daycare.end,
        "status": PlanStatus.DRAFT, "despite": thought.despite.strip(), "drafted_by_id": by.user and by.user.id,
        "drafted_at": by.now, "batch": batch,
    }


def _drafts(thought: Thought, has_primary: bool) -> list[dict[str, Any]]:
    """The drafts of decisions that a place needs, as columns; see `draft_for`."""
    application, days = thought.application, thought.days
    need = need_of(application, days.period.start)
    found = []
    for draft in drafts(
        care_of(application), days.period, term=days.period, connected=days.daycare, has_primary=has_primary,
    ):
        own = need if draft.care_type is need.care_type else default_need(
            city.named("service_needs", ServiceNeed).values(), draft.care_type, draft.period.start) or need
        found.append({
            "application_id": application.id, "child_id": application.child_id, "unit_id": thought.unit.id,
            "care_type": draft.care_type, "service_need": own.key, "start": draft.period.start,
            "end": draft.period.last_day, "status": DecisionStatus.DRAFT, "planned": draft.planned,
        })
    return found


def _with_primary(thoughts: Sequence[Thought]) -> set[int]:
    """Applications of children who have been given their pre-primary education in the same unit already."""
    asked = [one for one in thoughts if len(needed(care_of(one.application))) > 1]
    if not asked:
        return set()
    given = db.session.execute(
        select(Decision.child_id, Decision.unit_id, Decision.care_type, Decision.start, Decision.end).where(
            Decision.child_id.in_([one.application.child_id for one in asked]),
            Decision.status == DecisionStatus.ACCEPTED))
    held = defaultdict(list)
    for child_id, unit_id, care_type, start, end in given:
        held[child_id, unit_id, care_type].append(DateRange(start, end))
    return {
        one.application.id for one in asked
        if any(one.days.period.start in period for period in
               held[one.application.child_id, one.unit.id, needed(care_of(one.application))[0]])
    }


# -- many at once -------------------------------------------------------------------------------------


def draft_many(by: Actor, thoughts: Sequence[Thought], *, batch: str) -> list[int]:
    """Draft a place for each of many applications, all or none, and answer the plans' ids in the same order.

    `batch` names what is drafted together, so that it can be undone together: `undo_many`.  Raises Refused for the
    first that cannot be, and when somebody else has planned for one of the children meanwhile.
    """
    if not thoughts:
        return []
    applications = {one.application.id: one.application for one in thoughts}
    hold(applications.values(), "plan", by)
    db.session.scalars(  # what is asked of each is read at once
        select(Application).where(Application.id.in_(applications)).options(
            joinedload(Application.child), selectinload(Application.preferences).joinedload(Preference.unit))).all()
    seats = Seats(
        {one.unit.id: one.unit for one in thoughts}.values(), min(one.days.period.start for one in thoughts))
    for one in thoughts:
        check(one, seats)
        seats.take(one.unit, one.application.child_id, one.days.period)
    rows = [_plan_values(one, by, batch=batch) for one in thoughts]
    db.session.execute(insert(PlacementPlan), rows)
    made = living_plans(applications.values())
    ids = [made[one.application.id].id for one in thoughts]
    primary = _with_primary(thoughts)
    db.session.execute(
        insert(Decision), [draft for one in thoughts for draft in _drafts(one, one.application.id in primary)])
    told = {
        one.application.id: {
            "unit": f"unit {one.unit.id}", "start": one.days.period.start.isoformat(),
            "end": one.days.period.last_day.isoformat(), "despite": one.despite, "batch": batch,
            "changes": [[f"placement_plan {id}", "status", None, PlanStatus.DRAFT.value]],
        }
        for one, id in zip(thoughts, ids, strict=True)
    }
    move_many(applications.values(), "plan", by, told)
    check_fullness(thoughts)
    return ids


def undo_many(by: Actor, applications: Sequence[Application]) -> None:
    """Take back the plans of many applications, all or none."""
    hold(applications, "return_to_placement", by)
    give_up(applications, by, "cancel")
    move_many(applications, "return_to_placement", by)


def hold(applications: Iterable[Application], verb: str, by: Actor) -> None:
    """Ask for the right and the state of all of them, and hold their rows until the transaction ends."""
    rows = {one.id: one for one in applications}
    db.session.flush()
    if permitted(by, f"application.{verb}", Application, set(rows)) != set(rows):
        raise Denied("access.denied", action=f"application.{verb}")
    held = db.session.execute(
        select(Application.id, Application.status, Application.version).where(Application.id.in_(rows))
        .order_by(Application.id).with_for_update()).all()
    for id, status, version in held:
        APPLICATION.after(status, verb)
        set_committed_value(rows[id], "status", status)
        set_committed_value(rows[id], "version", version)


def living_plans(applications: Iterable[Application]) -> dict[int, Row[Any]]:
    """By application the id and the state of the plan that has not been given up: one query."""
    found = db.session.execute(
        select(PlacementPlan.application_id, PlacementPlan.id, PlacementPlan.status, PlacementPlan.unit_id).where(
            PlacementPlan.application_id.in_([one.id for one in applications]), PlacementPlan.status.in_(LIVING)))
    return {row.application_id: row for row in found}


def turn(plans: Mapping[int, Row[Any]], verb: str, **values: Any) -> dict[int, dict[str, Any]]:
    """Move plans on in one statement; what the journal tells of each, by application."""
    changed: dict[PlanStatus, list[int]] = defaultdict(list)
    told = {}
    for application_id, row in plans.items():
        status = PLACEMENT_PLAN.after(row.status, verb)
        changed[status].append(row.id)
        told[application_id] = {
            "changes": [[f"placement_plan {row.id}", "status", row.status.value, status.value]]}
    for status, ids in changed.items():
        db.session.execute(
            update(PLANS).where(PLANS.c.id.in_(ids))
            .values(status=status, version=PLANS.c.version + 1, **values))
    for plan in db.session.identity_map.values():
        if isinstance(plan, PlacementPlan) and any(plan.id in ids for ids in changed.values()):
            db.session.expire(plan)
    return told


def give_up(applications: Iterable[Application], by: Actor, verb: str) -> None:
    """The plans end and their drafts of decisions go."""
    applications = list(applications)
    turn(living_plans(applications), verb)
    db.session.execute(delete(Decision).where(
        Decision.application_id.in_([one.id for one in applications]), Decision.status == DecisionStatus.DRAFT))


def move_many(applications: Iterable[Application], verb: str, by: Actor,
              told: Mapping[int, Mapping[str, Any]] | None = None) -> None:
    """Move applications on, each with its line in the journal."""
    applications = list(applications)
    rows, lines = [], []
    for one in applications:
        status = APPLICATION.after(one.status, verb)
        rows.append({"id_": one.id, "version_": one.version, "status": status, "status_since": by.now})
        facts = dict((told or {}).get(one.id, {}))
        moved = [[f"application {one.id}", "status", one.status.value, status.value]]
        lines.append(line_of(
            f"application.{verb}", one, by, facts | {"changes": [*moved, *facts.get("changes", ())]}))
        set_committed_value(one, "status", status)
        set_committed_value(one, "status_since", by.now)
        set_committed_value(one, "version", one.version + 1)
    db.session.connection().execute(
        update(APPLICATIONS)
        .where(APPLICATIONS.c.id == bindparam("id_"), APPLICATIONS.c.version == bindparam("version_"))
        .values(status=bindparam("status"), status_since=bindparam("status_since"),
                version=APPLICATIONS.c.version + 1), rows)
    add_lines(lines)


def living_plan(application: Application) -> PlacementPlan:
    """The one plan of an application that has not been given up."""
    return db.session.scalars(select(PlacementPlan).where(
        PlacementPlan.application_id == application.id, PlacementPlan.status.in_(LIVING))).one()


@action("application.return_to_placement")
def return_to_placement(application: Application, by: Actor) -> None:
    """The plan is undone: the application waits for a place again."""
    given_up = living_plan(application)
    given_up.status = PLACEMENT_PLAN.after(given_up.status, "cancel")
    discard(application)
    application.status_since = by.now
