"""The drafts of an application's decisions, made with its plan and changed until they are sent."""

from __future__ import annotations

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.kit.dates import DateRange
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.placement import PlacementPlan
from evaka.rules.calendar import Term, term_of
from evaka.rules.decision import PRIMARY, DecisionStatus, Draft, drafts, kind_of
from evaka.rules.placement import ServiceNeed, default_need


def draft_for(
    application: Application, plan: PlacementPlan, by: Actor, *, connected: DateRange | None = None
) -> list[Decision]:
    """The drafts of the decisions on a planned place; those of an earlier plan are gone.

    `connected` are the days of care around pre-primary education when they differ from those of the place: it may
    begin in August before the term, and go on after it.
    """
    discard(application)
    term = _term(plan.period)
    made = [
        _draft(application, plan, one)
        for one in drafts(
            plan.care_type, plan.period, term=term and term.valid, connected=connected,
            has_primary=_has_primary(application, plan),
        )
    ]
    db.session.add_all(made)
    db.session.flush()
    return made


def discard(application: Application) -> None:
    """The drafts of an application go: the place is planned anew, or not at all."""
    for draft in drafts_of(application):
        db.session.delete(draft)
    db.session.flush()


def drafts_of(application: Application) -> list[Decision]:
    """Pre-primary education first."""
    return list(db.session.scalars(
        select(Decision)
        .where(Decision.application_id == application.id, Decision.status == DecisionStatus.DRAFT)
        .order_by(Decision.id)))


def _draft(application: Application, plan: PlacementPlan, draft: Draft) -> Decision:
    return Decision(
        application=application, child_id=application.child_id, unit=plan.unit, care_type=draft.care_type,
        service_need=_need(plan, draft), start=draft.period.start, end=draft.period.end,
        status=DecisionStatus.DRAFT, planned=draft.planned, reason_keys=[],
    )


def _need(plan: PlacementPlan, draft: Draft) -> str:
    """The need that was planned for the care that is paid; what the city takes for granted of the other decision."""
    options = city.named("service_needs", ServiceNeed)
    if plan.service_need in options and options[plan.service_need].care_type is draft.care_type:
        return plan.service_need
    found = default_need(options.values(), draft.care_type, draft.period.start)
    return found.key if found else plan.service_need


def _term(period: DateRange) -> Term | None:
    """The year of pre-primary education that a place is for: the one running on its first day, or the next to begin."""
    terms = city.dated("calendar", Term)
    running = term_of(terms, period.start)
    return running or next((term for days, term in terms.spans if days.start >= period.start), None)


def _has_primary(application: Application, plan: PlacementPlan) -> bool:
    """Whether the child has been given this education in the same unit already: only care around it is missing."""
    primary = drafts(plan.care_type, plan.period)[0].care_type
    if kind_of(primary) not in PRIMARY:
        return False
    given = select(Decision.id).where(
        Decision.child_id == application.child_id, Decision.unit_id == plan.unit_id, Decision.care_type == primary,
        Decision.status == DecisionStatus.ACCEPTED, Decision.on(plan.start))
    return db.session.scalar(given.limit(1)) is not None
