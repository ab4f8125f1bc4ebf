"""A claim for a revised decision: recorded with its days, handed to whoever revises, and closed with its outcome."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload, undefer

from evaka.access import Actor, require
from evaka.actions import Among, Long, action
from evaka.actions.application import add_note, option
from evaka.actions.decision.paper import policy
from evaka.actions.document import name_of
from evaka.kit.dates import finnish
from evaka.kit.errors import Refused
from evaka.letters import pdf
from evaka.letters.decision.dispatch import merged
from evaka.letters.decision.evidence import Evidence, Part, evidence_letter
from evaka.letters.letter import city_sender
from evaka.models.application import Application
from evaka.models.base import HELSINKI, db
from evaka.models.decision import Decision
from evaka.models.decision.claim import Claim
from evaka.models.decision.dispatch import Delivery, first_read
from evaka.models.document import Document
from evaka.models.journal import AuditEvent
from evaka.models.person import Person
from evaka.models.person.custody import carers
from evaka.models.placement import PlacementPlan
from evaka.rules.decision import DecisionStatus, last_day_of
from evaka.rules.decision.claim import ClaimOutcome, ClaimStatus, check_days
from evaka.rules.placement import PlanStatus
from evaka.texts import enum_key, knows, say


def _carers(decision: Decision, by: Actor) -> Select[Any]:
    return carers(decision.child_id, by.today)


Claimant = Annotated[Person, Among(_carers)]


@action("claim.record")
def record_claim(decision: Decision, by: Actor, *, claimant: Claimant, received: date, grounds: Long = "") -> Claim:
    """A claim has come; one that is late is recorded too, since whoever revises says so."""
    if decision.status is DecisionStatus.DRAFT or decision.appeal_due is None or decision.sent_at is None:
        raise Refused("claim.not_sent", child=str(decision.child))
    check_days(received, sent=decision.sent_at.date(), today=by.today)
    made = Claim(
        decision=decision, child_id=decision.child_id, claimant=claimant, received=received, due=decision.appeal_due,
        handle_by=last_day_of(received, policy().claim_handling_days), grounds=grounds, made_at=by.now,
        status=ClaimStatus.RECEIVED)
    db.session.add(made)
    return made


@action("claim.forward")
def forward(claim: Claim, by: Actor, *, forwarded_on: date) -> None:
    """The claim and what is on file have gone to whoever revises the decision."""
    check_days(forwarded_on, sent=claim.received, today=by.today)
    claim.forwarded_on = forwarded_on


@action("claim.decide")
def decide(
    claim: Claim, by: Actor, *, decided_on: date, outcome: ClaimOutcome, outcome_reasons: Long = ""
) -> None:
    """How it ended; when the decision is revised, a new one is planned on the desk."""
    check_days(decided_on, sent=claim.received, today=by.today)
    claim.decided_on, claim.outcome, claim.outcome_reasons = decided_on, outcome, outcome_reasons


REVISES = (ClaimOutcome.UPHELD, ClaimOutcome.PARTLY, ClaimOutcome.RETURNED)


def is_revised(application_id: int) -> bool:
    """Whether a decision of the application was annulled, or is to be made anew after a claim."""
    claimed = select(Claim.decision_id).where(Claim.outcome.in_(REVISES))
    return db.session.scalar(select(Decision.id).where(
        Decision.application_id == application_id,
        or_(Decision.status == DecisionStatus.ANNULLED, Decision.id.in_(claimed))).limit(1)) is not None


@action("application.plan_again")
def plan_again(application: Application, by: Actor, *, reason: Long) -> None:
    """Back on the desk for another decision; a place that the earlier one gave stays until the new one is accepted."""
    if not is_revised(application.id):
        raise Refused("application.nothing_revised")
    for plan in db.session.scalars(select(PlacementPlan).where(
        PlacementPlan.application_id == application.id, PlacementPlan.status == PlanStatus.DECIDED)):
        plan.status = PlanStatus.CANCELLED  # what it kept is a place now, or nothing
    application.status_since = by.now
    add_note(application, by, reason)


@action("claim.withdraw")
def withdraw(claim: Claim, by: Actor) -> None:
    """The family has taken the claim back."""


# -- what is on file --------------------------------------------------------------------------------


Rows = tuple[tuple[str, ...], ...]


def bundle(decision: Decision, by: Actor, language: str, suggested: Rows = ()) -> tuple[str, bytes]:
    """Application, occupancies, grounds, deliveries, claims and log of a decision, and the decision itself: one PDF.

    Its name and content; whoever gives it out leaves a line with its digest in the journal.  `suggested`: of the units
    that a suggestion has looked at, why the child was offered this place and not one there.
    """
    require(by, "claim.bundle", decision)
    letter = evidence_letter(_evidence(decision, by, language, suggested), language)
    papers = [pdf(letter)]
    if decision.document_id is not None:
        papers.append(db.session.get_one(Document, decision.document_id, options=[undefer(Document.content)]).content)
    return f"{letter.title} {decision.number or ''}".strip(), merged(papers)


def _evidence(decision: Decision, by: Actor, language: str, suggested: Rows) -> Evidence:
    def word(key: str, **facts: Any) -> str:
        return say(key, language, **facts)

    return Evidence(
        sender=city_sender(language), title=word("claim.bundle_title"), day=by.today,
        number=str(decision.number or "–"),
        parts=(
            _decision_part(decision, word), _application_part(decision, word), *_occupancy_parts(decision, word),
            _plans_part(decision, word), _suggestion_part(suggested, word), _deliveries_part(decision, word),
            _claims_part(decision, word),
            _log_part(decision, word, language),
        ))


def _written(value: Any) -> str:
    match value:
        case None:
            return "–"
        case date():
            return finnish(value.astimezone(HELSINKI).date() if hasattr(value, "astimezone") else value)
    return str(value) or "–"


def _decision_part(decision: Decision, word: Any) -> Part:
    return Part(word("claim.part.decision"), facts=(
        (word("decision.child"), f"{name_of(decision.child)}, {finnish(decision.child.born)}"),
        (word("decision.kind"), word(enum_key(decision.kind))),
        (word("decision.unit"), str(decision.unit)),
        (word("decision.period"), str(decision.period)),
        (word("decision.status"), word(enum_key(decision.status))),
        (word("decision.sent_at"), _written(decision.sent_at)),
        (word("decision.decided_by"), decision.decided_by or "–"),
        (word("decision.answer_due"), _written(decision.answer_due)),
        (word("decision.appeal_due"), _written(decision.appeal_due)),
        (word("decision.chosen_start"), _written(decision.chosen_start)),
    ))


def _application_part(decision: Decision, word: Any) -> Part:
    asked = decision.application
    wishes = "\n".join(f"{one.place}. {one.unit}" for one in asked.preferences) or "–"
    need = option(asked.service_need).name if asked.service_need else {}
    return Part(word("claim.part.application"), facts=(
        (word("application.case_number"), _written(asked.case_number)),
        (word("application.received"), _written(asked.received)),
        (word("application.start"), _written(asked.start)),
        (word("application.due"), _written(asked.due)),
        (word("application.wishes"), wishes),
        (word("application.service_need"), need.get("fi", "–")),
        (word("application.urgent"), word("yes" if asked.urgent else "no")),
        (word("application.transfer"), word("yes" if asked.transfer else "no")),
        (word("application.shift_care"), word("yes" if asked.shift_care else "no")),
        (word("application.sibling_unit"), _written(asked.sibling_unit)),
        (word("application.assistance"), asked.assistance or "–"),
        (word("application.notes"), asked.notes or "–"),
    ))


def _occupancy_parts(decision: Decision, word: Any) -> list[Part]:
    """Of the unit whose place was given, and of each other that was wished for: why not there, is in the figures."""
    seen = decision.seen or {}
    wished = [(f"{word('claim.part.occupancy_wished')}: {one['unit']}", one) for one in seen.get("wished", ())]
    return [Part(
        title, empty=word("claim.nothing_seen"),
        header=(word("placement.month"), word("occupancy_kind.confirmed"), word("occupancy_kind.planned")),
        rows=tuple((month, *(f"{figure.replace('.', ',')} %" if figure else "–" for figure in figures))
                   for month, *figures in one.get("months", ())),
        widths=(1, 1, 1)) for title, one in [(word("claim.part.occupancy"), seen), *wished]]


def _plans_part(decision: Decision, word: Any) -> Part:
    plans = db.session.scalars(
        select(PlacementPlan).where(PlacementPlan.application_id == decision.application_id)
        .options(joinedload(PlacementPlan.unit)).order_by(PlacementPlan.id))
    return Part(
        word("claim.part.plans"), empty=word("claim.nothing_here"),
        header=(word("placement.unit"), word("placement.period"), word("placement.status"), word("placement.reason")),
        rows=tuple((str(one.unit), str(one.period), word(enum_key(one.status)), one.reason or "–") for one in plans),
        widths=(3, 3, 2, 4))


def _suggestion_part(suggested: Rows, word: Any) -> Part:
    return Part(
        word("claim.part.suggestion"), empty=word("claim.nothing_suggested"),
        header=(word("placement.unit"), word("claim.why")), rows=suggested, widths=(2, 5))


def _deliveries_part(decision: Decision, word: Any) -> Part:
    read = first_read(decision.id)
    rows = db.session.scalars(
        select(Delivery).where(Delivery.decision_id == decision.id)
        .options(joinedload(Delivery.person), joinedload(Delivery.document)).order_by(Delivery.id))
    return Part(
        word("claim.part.deliveries"), empty=word("claim.nothing_here"),
        header=tuple(word(f"delivery.{name}") for name in ("person", "channel", "sent_at", "read_at", "digest")),
        rows=tuple((
            name_of(one.person), word(enum_key(one.channel)), _written(one.sent_at), _written(read.get(one.person_id)),
            one.document.digest[:16] + "…" if one.document else "–") for one in rows),
        widths=(3, 2, 2, 2, 3))


def _claims_part(decision: Decision, word: Any) -> Part:
    rows = db.session.scalars(
        select(Claim).where(Claim.decision_id == decision.id).options(joinedload(Claim.claimant)).order_by(Claim.id))
    return Part(
        word("claim.part.claims"), empty=word("claim.nothing_here"),
        header=tuple(word(f"claim.{name}") for name in ("claimant", "received", "due", "status", "grounds")),
        rows=tuple((name_of(one.claimant), finnish(one.received), finnish(one.due), word(enum_key(one.status)),
                    one.grounds or "–") for one in rows),
        widths=(3, 2, 2, 2, 5))


def _log_part(decision: Decision, word: Any, language: str) -> Part:
    """Who has done what to the application, its plans and its decisions."""
    plans = select(PlacementPlan.id).where(PlacementPlan.application_id == decision.application_id)
    decisions = select(Decision.id).where(Decision.application_id == decision.application_id)
    lines = db.session.scalars(
        select(AuditEvent).where(
            or_(
                (AuditEvent.subject == "application") & (AuditEvent.subject_id == decision.application_id),
                (AuditEvent.subject == "placement_plan") & AuditEvent.subject_id.in_(plans),
                (AuditEvent.subject == "decision") & AuditEvent.subject_id.in_(decisions),
            ),
            AuditEvent.action.not_like("%.read"),
        ).options(joinedload(AuditEvent.user)).order_by(AuditEvent.id))
    return Part(
        word("claim.part.log"), empty=word("claim.nothing_here"),
        header=(word("claim.at"), word("claim.who"), word("claim.what")),
        rows=tuple((
            f"{finnish(one.at.astimezone(HELSINKI).date())} {one.at.astimezone(HELSINKI):%-H.%M}",
            one.user.name if one.user else word("journal.machine"),
            word(one.action) if knows(one.action) else one.action) for one in lines),
        widths=(2, 3, 5))


