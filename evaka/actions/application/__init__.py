"""An application: entered by the office or begun by a guardian, sent, handled, and what becomes of it on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import delete, select

from evaka import city
from evaka.access import Actor
from evaka.actions import Choice, Long, action, next_number, notify, tell
from evaka.actions.application.family import form_family
from evaka.actions.application.known import (
    TOLD,
    by_family,
    form_of,
    known,
    known_of,
    option,
    others,
    places_of,
    policy,
    questions,
)
from evaka.kit.errors import Refused
from evaka.models.application import Application, Preference
from evaka.models.application.attachment import Attachment
from evaka.models.application.note import Note
from evaka.models.base import db
from evaka.models.income.statement import IncomeStatement
from evaka.models.person import Guardian, Person
from evaka.models.unit import Unit
from evaka.rules.application import (
    ON_THE_DESK,
    ApplicationKind,
    ApplicationStatus,
    AttachmentKind,
    CaseClasses,
    Origin,
    OtherView,
    case_number,
    check_units,
    due,
)
from evaka.rules.application.flags import confidential, is_additional, is_continuing, is_transfer, must_be_read
from evaka.rules.application.form import Form, check_complete, settled_need
from evaka.rules.income.statement import StatementKind, StatementStatus
from evaka.rules.person import is_adult
from evaka.rules.placement import (
    CONNECTED_DAYCARE,
    DAYCARE_TYPES,
    ServiceNeed,
)

Option = Annotated[str, Choice("service_needs", "care_type", frozenset(DAYCARE_TYPES | CONNECTED_DAYCARE))]
S = ApplicationStatus
HANDLED = frozenset({S.SENT, S.WAITING_PLACEMENT})  # the office may still change what was told
__all__ = ["form_of", "option", "policy"]


class Secrecy(StrEnum):
    """Whether others than those who handle it may read an application."""

    SECRET = "secret"
    OPEN = "open"


# -- how it begins ------------------------------------------------------------------------------------


@action("application.enter")
def enter(
    child: Person,
    by: Actor,
    *,
    guardian: Guardian,
    kind: ApplicationKind = ApplicationKind.DAYCARE,
    origin: Origin = Origin.PAPER,
    received: date,
    first: Unit,
    second: Unit | None = None,
    third: Unit | None = None,
    start: date,
    service_need: Option = "",
    begins_at: time | None = None,
    ends_at: time | None = None,
    shift_care: bool = False,
    urgent: bool = False,
    assistance: Long = "",
    notes: Long = "",
    hidden: bool = False,
) -> Application:
    """The office types in an application that came on paper or was told; the rest of it is filled in afterwards."""
    if guardian.blocked or guardian.child_id != child.id:
        raise Refused("application.not_a_guardian", guardian=str(guardian), child=str(child))
    if is_adult(child.born, start):
        raise Refused("application.not_a_child", child=str(child), born=child.born, start=start)
    if received > by.today:
        raise Refused("application.received_later", received=received, today=by.today)
    form = Form(
        kind=kind, units=[unit.id for unit in (first, second, third) if unit is not None], start=start,
        service_need=service_need, begins_at=begins_at, ends_at=ends_at, shift_care=shift_care, urgent=urgent,
        assistance_needed=bool(assistance.strip()), assistance=assistance, notes=notes,
        connected_daycare=kind is ApplicationKind.PRESCHOOL and bool(service_need),
    )
    check_complete(form, known(form, guardian.guardian, (), by), policy())
    application = Application(
        child=child, guardian=guardian.guardian, kind=kind, origin=Origin.PAPER if origin is Origin.ELECTRONIC
        else origin, received=received, status=S.CREATED, status_since=by.now, saved_at=by.now, hidden=hidden,
    )
    db.session.add(application)
    write(application, form)
    return application


def write(application: Application, form: Form) -> None:
    """The answers become columns; the wanted units stay in the rows that they have."""
    kept = application.answers or {}
    for name in TOLD:
        value = getattr(form, name)
        setattr(application, name, list(value) if name == "other_children" else value)
    application.answers = dict(kept) | dict(form.answers)  # what a question of last year was answered stays
    application.service_need = settled_need(city.named("service_needs", ServiceNeed).values(), form)
    rows = application.preferences
    for place, unit_id in enumerate(form.units, start=1):
        if place <= len(rows):
            rows[place - 1].unit_id = unit_id
        else:
            rows.append(Preference(place=place, unit_id=unit_id))
    del rows[len(form.units):]
    db.session.flush()
    for row in rows:
        db.session.expire(row, ["unit"])


@action("application.save")
def save(application: Application, by: Actor, *, answers: Form, reason: Long = "") -> None:
    """What was answered so far.  A draft needs not be complete; what was sent stays complete.

    A family changes what the office has not taken yet.  The office says why it changes what was sent.
    """
    family = by_family(application, by)
    if application.status is not S.CREATED:
        if application.status not in (frozenset({S.SENT}) if family else HANDLED):
            raise Refused("application.too_late", state=application.status)
        if not family and not reason.strip():
            raise Refused("application.reason_missing")
        check_complete(answers, known_of(application, answers, by), policy())
    else:
        check_units(answers.units, policy())
    write(application, answers)
    application.saved_at = by.now
    if application.status is not S.CREATED:
        judge(application, by)
        if family:
            application.supplement_came = by.now
            application.supplement_asked = None
    tell(**({"reason": reason} if reason else {}))  # health and other people's codes are not for the journal


@action("application.drop")
def drop(application: Application, by: Actor) -> None:
    """A draft is thrown away, with its papers."""
    if application.status is not S.CREATED:
        raise Refused("application.too_late", state=application.status)
    for table in (Attachment, Note):
        db.session.execute(delete(table).where(table.application_id == application.id))
    db.session.delete(application)


# -- sending ------------------------------------------------------------------------------------------


@action("application.send")
def send(application: Application, by: Actor) -> None:
    """The application is complete and has arrived: the clock of 17 § runs, and the family is told that it came."""
    form = form_of(application)
    check_complete(form, known_of(application, form, by), policy())
    application.received = application.received or by.today  # paper keeps the day on which it came
    application.status_since = by.now
    open_case(application, by)
    told_contacts(application)
    judge(application, by)
    if not application.hidden:
        notify(application.guardian_id, "application_received", by)
    ask_consent(application, by)


def open_case(application: Application, by: Actor) -> None:
    """It gets the next number of its class and the year in the register of cases; one that it has it keeps."""
    task_class = city.value("placements", "case", CaseClasses).of(application.kind)
    if task_class and application.case_number is None:
        number = next_number(f"case {task_class} {by.today.year}")
        application.case_number = case_number(number, task_class, by.today.year)


def told_contacts(application: Application) -> None:
    """The telephone number and address that the applicant gives are the person's from now on."""
    guardian = application.guardian
    if application.phone and application.phone != guardian.phone:
        guardian.phone = application.phone
    if application.email and application.email != guardian.email:
        guardian.email = application.email


def ask_consent(application: Application, by: Actor) -> None:
    """The other guardian is told, once, that there is something to say yes or no to."""
    alone = application.other_guardian_view is OtherView.SINGLE
    asked = application.other_guardian_id
    if asked is None or alone or application.hidden or not application.other_may_see or application.consent_asked:
        return
    application.consent_asked = by.now
    notify(asked, "application_consent", by)


def judge(application: Application, by: Actor) -> None:
    """What follows from the answers: transfer or not, who must read it, who may see it, by when it is due."""
    form, places = form_of(application), places_of(application.child_id)
    assert form.start is not None  # check_complete asks for it
    application.additional = is_additional(form, form.start, places)
    application.transfer = is_transfer(application.kind, form.start, places, additional=application.additional)
    application.continuing = is_continuing(form.units, form.start, places)
    sync_others(application, by)
    judge_secrecy(application, by)
    count_due(application)


def judge_secrecy(application: Application, by: Actor) -> None:
    """Judged anew whenever something was told; what a person has read before is read again."""
    form, own = form_of(application), questions(application.kind, by.today)
    papers = db.session.scalar(select(Attachment.id).where(
        Attachment.application_id == application.id, Attachment.kind != AttachmentKind.OFFICE).limit(1))
    application.confidential = confidential(form, own, papers=papers is not None)
    application.checked = application.status is S.WAITING_PLACEMENT and not must_be_read(form, own)


def sync_others(application: Application, by: Actor) -> None:
    """Who the other guardian is today."""
    found = others(application.child_id, application.guardian_id, by)
    application.other_guardian_id = found[0].id if found else None


def count_due(application: Application) -> None:
    """By when a place is due, unless somebody has chosen the day."""
    if application.received is None or application.due_by_hand:
        return
    application.due = due(
        application.received, application.start, application.urgent_proof if application.urgent else None,
        policy=policy(), transfer=application.transfer, kind=application.kind,
    )


# -- in the office ------------------------------------------------------------------------------------


@action("application.accept_proof")
def accept_proof(application: Application, by: Actor, *, urgent_proof: date) -> None:
    """Proof of work or studies that begin unexpectedly is accepted: two weeks count from that day (17 §)."""
    if application.received is None or application.status not in ON_THE_DESK:
        raise Refused("application.proof_too_late", state=application.status)
    if urgent_proof > by.today:
        raise Refused("application.received_later", received=urgent_proof, today=by.today)
    application.urgent = True
    application.urgent_proof = urgent_proof
    count_due(application)


@action("application.set_due")
def set_due(application: Application, by: Actor, *, due: date, reason: Long) -> None:
    """Somebody chooses by when a place is due; it is not reckoned any more."""
    if application.received is None or due < application.received:
        raise Refused("application.due_before_received", due=due, received=application.received)
    application.due, application.due_by_hand = due, True


@action("application.reckon_due")
def reckon_due(application: Application, by: Actor) -> None:
    """The day is reckoned by the law again."""
    application.due_by_hand = False
    count_due(application)


@action("application.take")
def take(application: Application, by: Actor) -> None:
    """The office takes the application to the placement desk; the family that it tells of is formed.

    What the family tells of the child's health is the child's from now on.
    """
    application.status_since = by.now
    child = application.child
    for name in ("allergies", "diet"):
        if told := getattr(application, name).strip():
            setattr(child, name, told)
    sync_others(application, by)
    judge_secrecy(application, by)
    if application.checked and (child.allergies or child.diet):
        application.checked = False  # what is known from before concerns the place too
        application.confidential = True
    form_family(application, by)
    accept_highest_fee(application, by)


def accept_highest_fee(application: Application, by: Actor) -> None:
    """Who is content with the highest fee needs not tell so again: finance gets it as a statement."""
    if not application.max_fee_accepted or application.start is None:
        return
    start = application.start.replace(day=1)
    if db.session.scalar(select(IncomeStatement.id).where(
            IncomeStatement.person_id == application.guardian_id, IncomeStatement.start == start).limit(1)) is None:
        db.session.add(IncomeStatement(
            person_id=application.guardian_id, kind=StatementKind.HIGHEST_FEE, status=StatementStatus.SENT,
            start=start, answers={}, sent_at=by.now))


@action("application.check")
def check(application: Application, by: Actor, *, secrecy: Secrecy | None = None) -> None:
    """Somebody has read what the family wrote, and says whether it must be kept secret where that is not known."""
    if secrecy is None and application.confidential is None:
        raise Refused("application.secrecy_missing")
    if secrecy is not None:
        application.confidential = secrecy is Secrecy.SECRET
    application.checked = True


@action("application.return_to_sent")
def return_to_sent(application: Application, by: Actor) -> None:
    """Back among those that have come: everything is judged anew."""
    application.status_since = by.now
    judge_secrecy(application, by)


@action("application.cancel")
def cancel(application: Application, by: Actor, *, reason: Long = "") -> None:
    """The family withdraws the application, while the office has not taken it; or the office strikes it off."""
    if by_family(application, by):
        if was_taken(application):
            raise Refused("application.too_late", state=S.WAITING_PLACEMENT)
    elif not reason.strip():
        raise Refused("application.reason_missing")
    close(application, by, reason)


def was_taken(application: Application) -> bool:
    """Whether the office had it on the desk before the workflow moved it: then a family asks instead."""
    before: Sequence[Any] = db.inspect(application).attrs.status.history.deleted or ()
    return S.WAITING_PLACEMENT in before


@action("application.overtake")
def overtake(application: Application, by: Actor) -> None:
    """A transfer ends by itself when the child has no place any more to change from."""
    close(application, by, "")


def close(application: Application, by: Actor, reason: str) -> None:
    """It waits no more; until somebody has judged, it is taken to be secret."""
    application.status_since = by.now
    if application.confidential is None:
        application.confidential = True
    application.supplement_asked = None
    if reason.strip():
        add_note(application, by, reason)
    if not by_family(application, by) and not application.hidden:
        notify(application.guardian_id, "application_changed", by)


def add_note(application: Application, by: Actor, words: str) -> Note:
    note = Note(
        application_id=application.id, author_id=by.user.id if by.user else None, written_at=by.now, words=words)
    db.session.add(note)
    return note


def move(application: Application, verb: str, by: Actor) -> None:
    """Another row's action moves the application on: a plan that is declined, a decision that is answered."""
    assert application.workflow is not None
    application.status = application.workflow.after(application.status, verb)
    application.status_since = by.now
