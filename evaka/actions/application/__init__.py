"""From an application on paper to one that waits for its place, and what becomes of it on the way."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Choice, Long, action
from evaka.actions.person.family import claim_head
from evaka.kit.errors import Refused
from evaka.models.application import Application, Preference
from evaka.models.base import db
from evaka.models.person import Guardian, HeadOfChild, Person, partner_of
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.application import (
    ApplicationKind,
    ApplicationPolicy,
    ApplicationStatus,
    Form,
    Origin,
    check_complete,
    check_start,
    check_units,
    due,
    is_transfer,
    must_be_read,
)
from evaka.rules.person import is_adult
from evaka.rules.placement import DAYCARE_TYPES, ServiceNeed

Option = Annotated[str, Choice("service_needs", "care_type", frozenset(DAYCARE_TYPES))]


def policy() -> ApplicationPolicy:
    return city.value("placements", "application", ApplicationPolicy)


def option(key: str) -> ServiceNeed:
    """The city's service need of that name."""
    return city.named("service_needs", ServiceNeed)[key]


@action("application.enter")
def enter(
    child: Person,
    by: Actor,
    *,
    guardian: Guardian,
    received: date,
    first: Unit,
    second: Unit | None = None,
    third: Unit | None = None,
    start: date,
    service_need: Option,
    begins_at: time | None = None,
    ends_at: time | None = None,
    shift_care: bool = False,
    urgent: bool = False,
    assistance: Long = "",
    notes: Long = "",
) -> Application:
    """The office types in an application that came on paper."""
    if guardian.blocked or guardian.child_id != child.id:
        raise Refused("application.not_a_guardian", guardian=str(guardian), child=str(child))
    if is_adult(child.born, start):
        raise Refused("application.not_a_child", child=str(child), born=child.born, start=start)
    if received > by.today:
        raise Refused("application.received_later", received=received, today=by.today)
    units = [unit for unit in (first, second, third) if unit is not None]
    check_units([unit.id for unit in units], policy())
    check_start(start, today=by.today, policy=policy(), guardian=False)
    application = Application(
        child=child, guardian=guardian.guardian, kind=ApplicationKind.DAYCARE, origin=Origin.PAPER,
        received=received, start=start, service_need=service_need, begins_at=begins_at, ends_at=ends_at,
        shift_care=shift_care, urgent=urgent, assistance=assistance, notes=notes, status_since=by.now,
        preferences=[Preference(place=place, unit=unit) for place, unit in enumerate(units, start=1)],
    )
    check_complete(form_of(application), policy())
    db.session.add(application)
    return application


def form_of(application: Application) -> Form:
    """What the application tells, as the rules read it."""
    guardian = application.guardian
    return Form(
        kind=application.kind,
        units=[one.unit.id for one in application.preferences],
        start=application.start,
        service_need=application.service_need,
        part_day=bool(application.service_need) and option(application.service_need).part_day,
        begins_at=application.begins_at,
        ends_at=application.ends_at,
        guardian_reachable=bool(guardian.phone or guardian.email or guardian.street),
        assistance_needed=bool(application.assistance.strip()),
        assistance=application.assistance,
    )


@action("application.send")
def send(application: Application, by: Actor) -> None:
    """The application is complete and has arrived: the clock of 17 § runs."""
    check_complete(form_of(application), policy())
    application.received = application.received or by.today
    assert application.start is not None  # check_complete asks for it
    places = db.session.scalars(select(Placement).where(Placement.child_id == application.child_id))
    application.transfer = is_transfer(
        application.kind, application.start, [(place.period, place.care_type) for place in places])
    _count_due(application, by)


def _count_due(application: Application, by: Actor) -> None:
    assert application.received is not None
    application.due = due(
        application.received, application.start, application.urgent_proof if application.urgent else None,
        policy=policy(), transfer=application.transfer,
    )
    application.status_since = by.now


@action("application.accept_proof")
def accept_proof(application: Application, by: Actor, *, urgent_proof: date) -> None:
    """Proof of work or studies that begin unexpectedly is accepted: two weeks count from that day (17 §)."""
    if application.received is None or application.status not in (
        ApplicationStatus.SENT, ApplicationStatus.WAITING_PLACEMENT
    ):
        raise Refused("application.proof_too_late", state=application.status)
    if urgent_proof > by.today:
        raise Refused("application.received_later", received=urgent_proof, today=by.today)
    application.urgent = True
    application.urgent_proof = urgent_proof
    _count_due(application, by)


@action("application.take")
def take(application: Application, by: Actor) -> None:
    """The office takes the application to the placement desk; the child joins the applicant's family.

    A child who has another head stays there: somebody judges who is right.
    """
    application.status_since = by.now
    application.checked = not must_be_read(
        form_of(application), allergies=application.child.allergies or "", diet=application.child.diet or "",
        notes=application.notes)
    assert application.start is not None
    head = db.session.scalar(select(HeadOfChild).where(
        HeadOfChild.child_id == application.child_id, HeadOfChild.on(max(by.today, application.child.born))))
    if head is None:
        taken = db.session.scalar(select(HeadOfChild.id).where(HeadOfChild.child_id == application.child_id))
        if taken is None:
            db.session.add(HeadOfChild(
                child_id=application.child_id, head_id=application.guardian_id, start=by.today, end=None))
    elif not _lives_with(application.guardian_id, head.head_id, by):
        claim_head(application.child_id, application.guardian_id, by.today, by)


def _lives_with(guardian_id: int, head_id: int, by: Actor) -> bool:
    """Whether whoever applies is the child's head, or the head's partner."""
    couple = db.session.scalar(partner_of(head_id, by.today))
    return guardian_id == head_id or (couple is not None and guardian_id in (couple.first_id, couple.second_id))


@action("application.check")
def check(application: Application, by: Actor) -> None:
    """Somebody has read what the family wrote about the child."""
    application.checked = True


@action("application.return_to_sent")
def return_to_sent(application: Application, by: Actor) -> None:
    application.status_since = by.now


@action("application.cancel")
def cancel(application: Application, by: Actor, *, reason: Long) -> None:
    """The family withdraws the application, or it came twice."""
    application.status_since = by.now
    application.notes = f"{application.notes}\n{reason}".strip()


def move(application: Application, verb: str, by: Actor) -> None:
    """Another row's action moves the application on: a plan that is declined, a decision that is answered."""
    assert application.workflow is not None
    application.status = application.workflow.after(application.status, verb)
    application.status_since = by.now
