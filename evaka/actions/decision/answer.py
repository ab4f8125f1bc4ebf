"""The family's answer to a decision, what follows from it, and what becomes of decisions that nobody answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Long, action, notify, record
from evaka.actions.application import move
from evaka.actions.decision.paper import policy, readers_of
from evaka.actions.decision.places import Cutting, cut_earlier, cuts_of, needs_for, settle
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.placement import Placement
from evaka.rules.application import OPEN, after_answers
from evaka.rules.calendar import Term, term_of
from evaka.rules.decision import (
    CONNECTED,
    DECISION,
    PRIMARY,
    AnswerChannel,
    DecisionStatus,
    check_order,
    check_start,
    granted,
    kind_of,
    movable_days,
)
from evaka.rules.person import same_address
from evaka.rules.placement import CareType, ShiftCare

LONGEST_WAIT = timedelta(days=90)  # a place is kept for a family that has not answered, from the day it is put off


@dataclass(frozen=True)
class Follows:
    """What accepting gives, and what it does to the places that the child has."""

    places: tuple[tuple[CareType, DateRange], ...]
    cuts: tuple[Cutting, ...]


def by_family(decision: Decision, by: Actor) -> bool:
    """Whether it is the child's own guardian or foster parent who answers, in the service."""
    mine = by.user and by.user.person_id
    several = readers_of({decision.child_id}, by.today).of(decision.child_id) if mine is not None else []
    return any(one.id == mine for one in several)


def check_answerer(decision: Decision, by: Actor) -> None:
    """Who applied answers; another guardian only when they live together, unless the city lets everybody answer.

    Whoever cares for the child in the applicant's place, since that has lost the right, answers as the applicant would.
    """
    readers = readers_of({decision.child_id}, by.today)
    several = {one.id: one for one in readers.of(decision.child_id)}
    mine, applicant = by.user and by.user.person_id, decision.application.guardian_id
    if mine not in several or applicant not in several or mine == applicant or policy().any_guardian_answers:
        return
    one, other = (readers.facts(several[id], by.today).home for id in (mine, applicant) if id is not None)
    if not same_address(one, other):
        raise Refused("decision.applicant_answers", child=str(decision.child))


def window_days(decision: Decision, by: Actor) -> int:
    """By how many days the actor may put off the first day."""
    return movable_days(decision.care_type, policy(), guardian=by_family(decision, by))


def follows(decision: Decision, start: date) -> Follows:
    """What accepting from a day on gives and cuts: shown before it is done."""
    period = DateRange(start, decision.end)
    places = granted(decision.care_type, period, _term(period))
    return Follows(tuple(places), tuple(cuts_of(decision.child_id, period)))


def _term(period: DateRange) -> DateRange | None:
    """The year of pre-primary education that a place is for: the one running on its first day, or the next."""
    terms = city.dated("calendar", Term)
    running = term_of(terms, period.start)
    if running is not None:
        return running.valid
    return next((days for days, _ in terms.spans if days & period), None)


@action("decision.accept")
def accept(decision: Decision, by: Actor, *, start: date) -> Placement:
    """The family takes the place from `start`; earlier places make room for it."""
    check_answerer(decision, by)
    check_start(decision.period, start, window_days(decision, by))
    check_order(decision.care_type, _others(decision))
    coming = follows(decision, start)
    cut_earlier(coming.cuts)
    shift = ShiftCare.FULL if decision.application.shift_care else ShiftCare.NONE
    places = [
        Placement(
            child_id=decision.child_id, unit_id=decision.unit_id, care_type=care_type, start=period.start,
            end=period.end, needs=needs_for(care_type, period, decision.service_need, shift),
        )
        for care_type, period in coming.places
    ]
    db.session.add_all(places)
    decision.chosen_start = start
    _answered(decision, by)
    settle(decision.child_id, by)
    return places[0]


def _others(decision: Decision) -> dict[CareType, DecisionStatus]:
    rows = db.session.execute(select(Decision.care_type, Decision.status).where(
        Decision.application_id == decision.application_id, Decision.id != decision.id).order_by(Decision.id))
    return dict(rows.tuples().all())


def _answered(decision: Decision, by: Actor) -> None:
    decision.answered_at = by.now
    decision.answer_channel = AnswerChannel.SERVICE if by_family(decision, by) else AnswerChannel.OFFICE
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
    """The family does not take the place; without pre-primary education there is no care around it either."""
    check_answerer(decision, by)
    check_order(decision.care_type, _others(decision))
    _with_connected(decision, "reject", by)
    _answered(decision, by)


@action("decision.expire")
def expire(decision: Decision, by: Actor) -> None:
    """Nobody answered in time: the place goes to another child."""
    if decision.answer_due is not None and by.today <= decision.answer_due:
        raise Refused("decision.may_still_be_answered", due=decision.answer_due)
    _with_connected(decision, "expire", by)
    decision.answered_at = by.now
    _conclude(decision, by)


def _with_connected(decision: Decision, verb: str, by: Actor) -> None:
    """What is given around pre-primary education goes the same way as that, when nobody has answered it yet."""
    if decision.kind not in PRIMARY:
        return
    for other in db.session.scalars(select(Decision).where(
        Decision.application_id == decision.application_id, Decision.status == DecisionStatus.SENT)):
        if other is not decision and kind_of(other.care_type) in CONNECTED:
            other.status = DECISION.after(other.status, verb)
            other.answered_at = by.now
            record(f"decision.{verb}", other, by, {"with": decision.number})


@action("decision.extend")
def extend(decision: Decision, by: Actor, *, answer_due: date) -> None:
    """The family gets more time to answer, for example when it could not be reached."""
    if decision.status is not DecisionStatus.SENT:
        raise Refused("decision.not_waiting", number=decision.number)
    if answer_due < by.today or (decision.answer_due is not None and answer_due < decision.answer_due):
        raise Refused("decision.extended_backwards", due=decision.answer_due, answer_due=answer_due)
    if answer_due > (last := min(by.today + LONGEST_WAIT, decision.end or date.max)):
        raise Refused("decision.extended_too_far", last=last)
    decision.answer_due = answer_due


@action("decision.annul")
def annul(decision: Decision, by: Actor, *, reason: Long) -> None:
    """The decision is taken back; a place that it gave stays until somebody ends it."""
    decision.reasons = f"{decision.reasons}\n{reason}".strip()
    _with_connected(decision, "annul", by)
    if not decision.application.hidden:
        notify(readers_of({decision.child_id}, by.today).addressee(decision).id, "application_changed", by)
    if decision.application.status in OPEN:
        _conclude(decision, by)


def remind(decision: Decision, by: Actor) -> None:
    """The family has not answered yet: whoever may answer is told once more that something waits."""
    readers = readers_of({decision.child_id}, by.today)
    notify(readers.addressee(decision).id, "decision_reminder", by)
    decision.reminders += 1
    decision.reminded_on = by.today
    record("decision.remind", decision, by, {"reminder": decision.reminders})
