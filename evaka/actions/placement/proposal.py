"""Asking the unit: the case worker proposes and withdraws, the director answers, a reminder goes when nobody does."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from sqlalchemy import Select, select, update

from evaka import city
from evaka.access import Actor, reaches
from evaka.actions import Among, Choice, Long, action, notify_user, record
from evaka.actions.application import move
from evaka.actions.decision.draft import discard
from evaka.actions.placement.plan import PLANS, hold, living_plan, living_plans, move_many, turn
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.journal import add_lines
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Unit
from evaka.models.user import Grant, User
from evaka.rules.placement import PLACEMENT_PLAN, PlanStatus
from evaka.rules.placement.plan import DeclineReason, ProposalPolicy, answer_by, check_decline


def policy() -> ProposalPolicy:
    return city.value("placements", "proposal", ProposalPolicy)


def decline_reasons() -> dict[str, DeclineReason]:
    """The city's reasons for which a unit may say no."""
    return city.named("declines", DeclineReason)


@action("application.propose")
def propose(application: Application, by: Actor) -> None:
    """The director of the unit is asked."""
    plan = living_plan(application)
    _ask(plan, by)
    _tell_directors({plan.unit_id}, "proposal_waits", by)
    application.status_since = by.now


def _ask(plan: PlacementPlan, by: Actor) -> None:
    plan.status = PLACEMENT_PLAN.after(plan.status, "propose")
    plan.proposed_at, plan.answer_due, plan.reminded_on = by.now, answer_by(by.today, policy()), None


def propose_many(by: Actor, applications: Sequence[Application]) -> None:
    """Ask the directors about many children, all or none; each director gets one notice."""
    hold(applications, "propose", by)
    plans = living_plans(applications)
    told = turn(plans, "propose", proposed_at=by.now, answer_due=answer_by(by.today, policy()), reminded_on=None)
    move_many(applications, "propose", by, told)
    _tell_directors({row.unit_id for row in plans.values()}, "proposal_waits", by)


@action("application.withdraw")
def withdraw(application: Application, by: Actor) -> None:
    """The question to the unit is taken back."""
    plan = living_plan(application)
    plan.status = PLACEMENT_PLAN.after(plan.status, "withdraw")
    plan.answer_due = plan.proposed_at = None
    application.status_since = by.now


def withdraw_many(by: Actor, applications: Sequence[Application]) -> None:
    hold(applications, "withdraw", by)
    told = turn(living_plans(applications), "withdraw", answer_due=None, proposed_at=None)
    move_many(applications, "withdraw", by, told)


@action("placement.confirm")
def confirm(plan: PlacementPlan, by: Actor) -> None:
    """The director has a place for the child."""
    plan.application.status_since = by.now


def open_units(_plan: PlacementPlan, by: Actor) -> Select[Any]:
    """A director may name any unit of the city, though its page is not for them."""
    return select(Unit).where(Unit.meets(DateRange(by.today))).order_by(Unit.name)


@action("placement.decline")
def decline(
    plan: PlacementPlan, by: Actor, *, decline_reason: Annotated[str, Choice("declines")] = "other", reason: Long = "",
    suggested_unit: Annotated[Unit, Among(open_units)] | None = None, suggested_start: date | None = None,
) -> None:
    """The director has no place, says why, and perhaps what would do instead; the application waits for another one."""
    check_decline(decline_reasons()[decline_reason], reason)
    if suggested_unit is not None and suggested_unit.id == plan.unit_id and suggested_start is None:
        raise Refused("placement.same_unit_suggested", unit=suggested_unit.name)
    if suggested_start is not None and suggested_start < by.today:
        raise Refused("placement.suggested_past", start=suggested_start, today=by.today)
    plan.decline_reason, plan.reason = decline_reason, reason
    plan.suggested_unit, plan.suggested_start = suggested_unit, suggested_start
    discard(plan.application)
    move(plan.application, "decline", by)
    record("application.decline", plan.application, by, {"reason": reason, "decline_reason": decline_reason})


def to_remind(by: Actor) -> Select[tuple[int]]:
    """Plans whose unit has not answered: the last day is near and nobody was reminded, or has passed since that."""
    near = by.today + timedelta(days=policy().remind_days)
    plan = PlacementPlan
    passed = (plan.answer_due < by.today) & (plan.reminded_on <= plan.answer_due)
    return select(plan.id).where(
        plan.status == PlanStatus.PROPOSED, plan.answer_due <= near, plan.reminded_on.is_(None) | passed
    ).order_by(plan.id)


def remind(ids: Collection[int], by: Actor) -> None:
    """Remind the directors of the plans, each once for all of them."""
    rows = db.session.execute(
        to_remind(by).where(PlacementPlan.id.in_(ids)).with_only_columns(
            PlacementPlan.id, PlacementPlan.unit_id, PlacementPlan.application_id, Application.child_id)
        .join(Application, Application.id == PlacementPlan.application_id)).all()
    if not rows:
        return
    db.session.execute(
        update(PLANS).where(PLANS.c.id.in_([row.id for row in rows]))
        .values(reminded_on=by.today, version=PLANS.c.version + 1))
    add_lines([
        {"at": by.now, "user_id": by.user and by.user.id, "action": "placement.remind", "subject": PLANS.name,
         "subject_id": row.id, "person_id": row.child_id, "facts": {}}
        for row in rows])
    _tell_directors({row.unit_id for row in rows}, "proposal_reminder", by)


def who_answer() -> list[str]:
    """The roles that answer for a unit of their own."""
    return [role for role in city.read("roles") if "unit" in reaches(role, "placement.confirm")]


def _tell_directors(units: Iterable[int], text: str, by: Actor) -> None:
    """One notice to everybody who answers for one of the units, however many children are asked about."""
    answering = select(Grant.user_id).where(
        Grant.role.in_(who_answer()), Grant.unit_id.in_(set(units)), Grant.on(by.today))
    for user in db.session.scalars(select(User.id).where(User.id.in_(answering), User.active).order_by(User.id)):
        notify_user(user, text, by)
