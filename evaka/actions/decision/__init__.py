"""From a drafted decision to a child who has a place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Long, action, backup_care, fee, next_number, notify, record
from evaka.actions.application import move, option
from evaka.actions.document import keep, letter_language, name_of, recipient_of, title_of
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.letters import pdf
from evaka.letters.decision import Appeal, DecisionFacts, Law, decision_letter
from evaka.letters.letter import city_sender
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.person import HeadOfChild, Person, carers
from evaka.models.placement import Placement, PlacementPlan, ServiceNeedPeriod, overlapping
from evaka.rules.application import OPEN, after_answers
from evaka.rules.decision import (
    DAYS_TO_RECEIVE,
    Channel,
    DecisionPolicy,
    DecisionStatus,
    Reason,
    answer_due,
    appeal_days,
    appeal_due,
    check_order,
    check_start,
    common_reason,
    received,
    start_window,
)
from evaka.rules.placement import (
    PLACEMENT_PLAN,
    PRESCHOOL_TYPES,
    CareType,
    CutKind,
    PlanStatus,
    make_room,
    trimmed,
)


@dataclass(frozen=True)
class Instruction:
    """What the city prints on a kind of decision: the sections applied, and who revises it."""

    key: str
    laws: tuple[Law, ...]
    appeal_law: Law
    body: Mapping[str, str]
    address: tuple[str, ...]
    email: str



def policy() -> DecisionPolicy:
    return city.value("city", "decision", DecisionPolicy)



def kind_of(care_type: CareType) -> str:
    """The kind of decision whose words and instruction a care type takes."""
    for kind in ("preschool_daycare", "preparatory", "preschool", "club"):
        if care_type.value.startswith(kind):
            return kind
    return "daycare"


# -- sending ----------------------------------------------------------------------------------------


@action("application.send_decision")
def send_decision(application: Application, by: Actor) -> None:
    """Every decision of the application is sent; the guardians answer in the service."""
    _send_all(application, by, Channel.PORTAL)


@action("application.print_decision")
def print_decision(application: Application, by: Actor) -> None:
    """The decisions are printed for the post, for a family that does not use the service."""
    _send_all(application, by, Channel.POST)


@action("application.mail")
def mail(application: Application, by: Actor) -> None:
    """The printed decisions have been given to the post."""
    application.status_since = by.now


def _send_all(application: Application, by: Actor, channel: Channel) -> None:
    plan = db.session.scalars(select(PlacementPlan).where(
        PlacementPlan.application_id == application.id,
        PlacementPlan.status.in_([PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED]))).one()
    if plan.unit.ask_unit and plan.status is not PlanStatus.CONFIRMED:
        raise Refused("decision.unit_has_not_confirmed", unit=str(plan.unit))
    plan.status = PLACEMENT_PLAN.after(plan.status, "decide")
    drafts = db.session.scalars(select(Decision).where(
        Decision.application_id == application.id, Decision.status == DecisionStatus.DRAFT)).all()
    for draft in drafts:
        send(draft, by, channel=channel)
    application.status_since = by.now


@action("decision.send")
def send(decision: Decision, by: Actor, *, channel: Channel = Channel.PORTAL) -> None:
    """Number, date and print the decision, keep it as sent, and tell every guardian that it waits for them."""
    if decision.application.status.value not in ("waiting_guardian", "waiting_mailing"):
        raise Refused("decision.sent_with_its_application", application=decision.application_id)
    language = letter_language(addressee(decision, by.today))
    decision.number = next_number("decision")
    decision.sent_at = by.now
    decision.decided_by = by.name
    decision.answer_due = answer_due(by.today, policy().answer_days, channel)
    decision.appeal_due = appeal_due(by.today, decision.care_type, policy(), channel)
    letter = decision_letter(facts_of(decision, by, channel, language), language)
    decision.document = keep(
        decision.child_id, "decision", by, name=f"{letter.title} {decision.number}", language=language,
        content=pdf(letter),
    )
    for guardian in db.session.scalars(carers(decision.child_id, by.today)):
        notify(guardian.id, "decision_waits", by)



def facts_of(decision: Decision, by: Actor, channel: Channel, language: str) -> DecisionFacts:
    """Everything that the letter of a decision says."""
    kind = kind_of(decision.care_type)
    instruction = city.named("decisions", Instruction)[kind]
    reasons = city.named("reasons", Reason).values()
    common = common_reason(reasons, decision.care_type, decision.start, language)
    child, deemed = decision.child, received(channel, by.today)
    preschool = decision.care_type in PRESCHOOL_TYPES
    assert decision.number is not None
    assert decision.appeal_due is not None
    return DecisionFacts(
        sender=city_sender(language),
        recipient=recipient_of(addressee(decision, by.today), by.today, with_child=child),
        number=decision.number,
        day=by.today,
        kind=kind,
        child=name_of(child),
        born=child.born,
        unit=decision.unit.name_in_decisions(preschool=preschool),
        unit_address=decision.unit.address,
        handler=decision.unit.handler_in_decisions(preschool=preschool),
        service_need=option(decision.service_need).name[language],
        period=decision.period,
        start_window=start_window(decision.period, policy().start_may_move_days),
        reasons=tuple(filter(None, (common.text[language], decision.reasons))),
        laws=instruction.laws,
        decision_maker=by.name,
        decision_maker_title=title_of(by.user, by.today, language),
        answer_by=decision.answer_due,
        appeal=Appeal(
            body=instruction.body[language], address=instruction.address, email=instruction.email,
            law=instruction.appeal_law, days=appeal_days(decision.care_type, policy()),
            channel="post" if channel is Channel.POST else "portal", sent=by.today,
            deemed_days=DAYS_TO_RECEIVE[channel], deemed=deemed, last_day=decision.appeal_due,
        ),
    )


def addressee(decision: Decision, day: date) -> Person:
    """Who applied; another guardian or foster parent when the applicant has lost that right since."""
    guardians = db.session.scalars(carers(decision.child_id, day)).all()
    if decision.application.guardian in guardians:
        return decision.application.guardian
    if not guardians:
        raise Refused("decision.nobody_to_tell", child=str(decision.child))
    return guardians[0]




# -- answering --------------------------------------------------------------------------------------


@action("decision.accept")
def accept(decision: Decision, by: Actor, *, start: date) -> Placement:
    """The guardian takes the place from `start`; earlier places make room for it."""
    check_start(decision.period, start, policy().start_may_move_days)
    check_order(decision.care_type, _others(decision))
    period = DateRange(start, decision.end)
    earlier = {place.id: place for place in db.session.scalars(overlapping(decision.child_id, period))}
    for cut in make_room(period, [(place.id, place.period) for place in earlier.values()]):
        _cut(earlier[cut.id], cut.kind, cut.keeps)
    db.session.flush()  # earlier places are out of the way before the new one comes
    placement = Placement(
        child_id=decision.child_id, unit_id=decision.unit_id, care_type=decision.care_type,
        start=period.start, end=period.end,
        needs=[ServiceNeedPeriod(option=decision.service_need, start=period.start, end=period.end)],
    )
    db.session.add(placement)
    decision.chosen_start = start
    db.session.flush()
    backup_care.fit({decision.child_id}, by)
    _answered(decision, by)
    fee.refresh(_heads(decision.child_id), by)
    return placement


def _others(decision: Decision) -> dict[CareType, DecisionStatus]:
    rows = db.session.execute(select(Decision.care_type, Decision.status).where(
        Decision.application_id == decision.application_id, Decision.id != decision.id))
    return dict(rows.tuples().all())


def _cut(place: Placement, kind: CutKind, keeps: Iterable[DateRange]) -> None:
    """An earlier place is ended, delayed, split or deleted, its groups and needs with it."""
    parts = list(keeps)
    if kind is CutKind.DELETED:
        db.session.delete(place)
        return
    first, *rest = parts
    was = place.period
    place.start, place.end = first.start, first.end
    for owned in (place.needs, place.groups):
        by_id = {one.id: one for one in owned}
        for cut in trimmed([(one.id, one.period) for one in owned], first):
            if cut.keeps:
                by_id[cut.id].start, by_id[cut.id].end = cut.keeps[0].start, cut.keeps[0].end
            else:
                owned.remove(by_id[cut.id])
    for part in rest:
        assert part & was == part
        db.session.add(Placement(
            child_id=place.child_id, unit_id=place.unit_id, care_type=place.care_type, start=part.start, end=part.end))


def _heads(child_id: int) -> set[int]:
    """Everybody in whose household the child lives at some time."""
    return set(db.session.scalars(select(HeadOfChild.head_id).where(HeadOfChild.child_id == child_id)))


def _answered(decision: Decision, by: Actor) -> None:
    decision.answered_at = by.now
    _conclude(decision, by)


def _conclude(decision: Decision, by: Actor) -> None:
    """An application ends when none of its decisions waits for an answer any more."""
    db.session.flush()
    states = db.session.scalars(
        select(Decision.status).where(Decision.application_id == decision.application_id)).all()
    verb = after_answers(
        accepted=states.count(DecisionStatus.ACCEPTED),
        waiting=states.count(DecisionStatus.SENT) + states.count(DecisionStatus.DRAFT),
    )
    if verb:
        move(decision.application, verb, by)
        record(f"application.{verb}", decision.application, by, {"decision": decision.number})


@action("decision.reject")
def reject(decision: Decision, by: Actor) -> None:
    """The guardian does not take the place."""
    _answered(decision, by)


@action("decision.expire")
def expire(decision: Decision, by: Actor) -> None:
    """Nobody answered in time: the place goes to another child."""
    if decision.answer_due is not None and by.today <= decision.answer_due:
        raise Refused("decision.may_still_be_answered", due=decision.answer_due)
    _answered(decision, by)


@action("decision.annul")
def annul(decision: Decision, by: Actor, *, reason: Long) -> None:
    """The decision is taken back; a place that it gave stays until somebody ends it."""
    decision.reasons = f"{decision.reasons}\n{reason}".strip()
    if decision.application.status in OPEN:
        _conclude(decision, by)


@action("decision.write_reasons")
def write_reasons(decision: Decision, by: Actor, *, reasons: Long) -> None:
    """Grounds of this very child, beside those of everybody."""
    if decision.status is not DecisionStatus.DRAFT:
        raise Refused("decision.already_sent", number=decision.number)
    decision.reasons = reasons
