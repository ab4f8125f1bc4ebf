"""From a drafted decision to a child who has a place."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Choice, Long, action
from evaka.actions.decision.answer import accept, annul, expire, extend, follows, reject, remind, window_days
from evaka.actions.decision.many import plan, save
from evaka.actions.decision.paper import Instruction, addressee, facts_of, policy
from evaka.actions.placement.thought import Thought
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.letters import pdf
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.dispatch import Delivery
from evaka.models.placement import PlacementPlan
from evaka.rules.decision import CONNECTED, Channel, DecisionStatus, Reason, picked
from evaka.rules.decision.delivery import DeliveryState
from evaka.rules.placement import PlanStatus
from evaka.rules.placement.plan import Days

__all__ = [
    "Instruction", "accept", "addressee", "annul", "expire", "extend", "facts_of", "follows", "policy",
    "reject", "remind", "window_days",
]

Reasons = Annotated[tuple[str, ...], Choice("reasons", "for_everybody", frozenset({False}))]  # type: ignore[arg-type]


# -- while it is a draft ----------------------------------------------------------------------------


def _check_draft(decision: Decision) -> None:
    if decision.status is not DecisionStatus.DRAFT:
        raise Refused("decision.already_sent", number=decision.number)


@action("decision.write_reasons")
def write_reasons(decision: Decision, by: Actor, *, reason_keys: Reasons = (), reasons: Long = "") -> None:
    """Grounds of this very child, beside those of everybody: picked from the city's list, or written."""
    _check_draft(decision)
    known = city.named("reasons", Reason)
    picked(reason_keys, known, decision.care_type, decision.start, decision.unit.language)
    decision.reason_keys = list(reason_keys)
    decision.reasons = reasons


@action("decision.change_draft")
def change_draft(decision: Decision, by: Actor, *, start: date, end: date, planned: bool = False) -> None:
    """Other days, or whether it is sent at all; the plan that holds the place follows the decision."""
    _check_draft(decision)
    if end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    same_days = (decision.start, decision.end) == (start, end)
    decision.start, decision.end, decision.planned = start, end, planned
    planned_place = db.session.scalars(select(PlacementPlan).where(
        PlacementPlan.application_id == decision.application_id,
        PlacementPlan.status.in_([PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED]))).one_or_none()
    if planned_place is None or not planned:
        return
    if not same_days and planned_place.status is not PlanStatus.DRAFT:
        raise Refused("decision.unit_was_asked", unit=str(planned_place.unit), period=planned_place.period)
    drafts = db.session.scalars(select(Decision).where(
        Decision.application_id == decision.application_id, Decision.status == DecisionStatus.DRAFT,
        Decision.planned).order_by(Decision.id)).all()
    around = next((one for one in drafts if one.kind in CONNECTED), None)
    main = next((one for one in drafts if one is not around), drafts[0])
    planned_place.start, planned_place.end = main.start, main.end
    if around is not None and main is not around:
        planned_place.daycare_start, planned_place.daycare_end = around.start, around.end
    if not same_days:
        check_planned(planned_place)


def check_planned(place: PlacementPlan) -> None:
    """Other days are held to what the days of a plan are held to when it is made."""
    from evaka.actions.placement.plan import Seats, check  # which makes the drafts of decisions

    daycare = DateRange(place.daycare_start, place.daycare_end) if place.daycare_start is not None else None
    days = Days(DateRange(place.start, place.end), daycare)
    check(Thought(place.application, place.unit, days, place.group, place.despite), Seats([place.unit], place.start))


# -- sending ----------------------------------------------------------------------------------------


@action("application.send_decision")
def send_decision(application: Application, by: Actor) -> None:
    """Every decision of the application is sent; the guardians answer in the service."""
    _send_all(application, by, Channel.PORTAL)


@action("application.print_decision")
def print_decision(application: Application, by: Actor) -> None:
    """The decisions are printed for the post, for a family that does not use the service."""
    _send_all(application, by, Channel.POST)


def _send_all(application: Application, by: Actor, channel: Channel) -> None:
    db.session.flush()
    made = plan([application.id], by, channel=channel, moving=True)
    for no in made.troubles.values():
        raise no
    save(made, [pdf(letter) for letter in made.letters], by, moving=True)


@action("application.mail")
def mail(application: Application, by: Actor) -> None:
    """The printed decisions are given to the post today."""
    decisions = db.session.scalars(select(Decision).where(
        Decision.application_id == application.id, Decision.status == DecisionStatus.SENT)).all()
    for decision in decisions:
        if decision.sent_at is not None and decision.sent_at.date() != by.today:
            raise Refused("decision.letter_of_other_day", day=decision.sent_at.date())
    mailed(decisions, by)
    application.status_since = by.now


def mailed(decisions: list[Decision] | tuple[Decision, ...], by: Actor) -> None:
    """Their letters have left."""
    waiting = select(Delivery).where(
        Delivery.decision_id.in_([one.id for one in decisions]), Delivery.channel == Channel.POST,
        Delivery.state == DeliveryState.WAITING)
    for delivery in db.session.scalars(waiting):
        delivery.state, delivery.sent_at = DeliveryState.SENT, by.now
