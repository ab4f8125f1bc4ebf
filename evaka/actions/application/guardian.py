"""What a family does with its application on its own pages, and what the office asks of it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import Select, select

from evaka.access import Actor
from evaka.actions import Long, action, notify, tell
from evaka.actions.application import HANDLED, add_note, judge_secrecy, write
from evaka.actions.application.known import by_family, others, policy
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.person import Person
from evaka.rules.application import OPEN, ApplicationKind, ApplicationStatus, Origin, OtherView
from evaka.rules.application.form import Form
from evaka.rules.person import is_adult

S = ApplicationStatus


class Answer(StrEnum):
    """What the other guardian says to an application."""

    YES = "yes"
    NO = "no"


@action("application.begin")
def begin(child: Person, by: Actor, *, kind: ApplicationKind) -> Application:
    """A guardian begins an application for a child; nobody else sees the draft.

    Of a kind there is one that is not settled yet.
    """
    person = by.user.person if by.user else None
    if person is None or person.id not in {one.id for one in others(child.id, 0, by)}:
        raise Refused("application.not_a_guardian", guardian=by.name, child=str(child))
    if kind not in policy().guardians_ask:
        raise Refused("application.kind_not_asked", kind=kind)
    if is_adult(child.born, by.today):
        raise Refused("application.not_a_child", child=str(child), born=child.born, start=by.today)
    db.session.scalars(select(Person.id).where(Person.id == child.id).with_for_update()).all()  # pressed twice
    if db.session.scalar(open_ones(child.id, person.id, kind).limit(1)) is not None:
        raise Refused("application.one_is_open", kind=kind, child=child.first_name)
    elsewhere = others(child.id, person.id, by)
    application = Application(
        child=child, guardian=person, kind=kind, origin=Origin.ELECTRONIC, status=S.CREATED, status_since=by.now,
        saved_at=by.now)
    db.session.add(application)
    write(application, Form(
        kind=kind, phone=person.phone or "", email=person.email or "",
        other_guardian_view=OtherView.UNKNOWN if elsewhere else OtherView.SINGLE))
    return application


def open_ones(child_id: int, guardian_id: int, kind: ApplicationKind) -> Select[tuple[int]]:
    """The applications of a guardian for a child that are not settled."""
    return select(Application.id).where(
        Application.child_id == child_id, Application.guardian_id == guardian_id, Application.kind == kind,
        Application.status.in_(OPEN))


@action("application.ask_change")
def ask_change(application: Application, by: Actor, *, words: Long) -> None:
    """The office has the application before it: the family asks that it be changed or withdrawn."""
    if application.status not in OPEN - {S.CREATED, S.SENT}:
        raise Refused("application.too_late", state=application.status)
    add_note(application, by, words)
    application.supplement_came = by.now
    tell()


@action("application.ask_supplement")
def ask_supplement(application: Application, by: Actor, *, supplement: Long) -> None:
    """The office asks the family for something that is still missing; a mail says that something waits."""
    if application.status not in HANDLED:
        raise Refused("application.too_late", state=application.status)
    application.supplement, application.supplement_asked = supplement, by.now
    if not application.hidden:
        notify(application.guardian_id, "application_waits", by)


@action("application.answer_supplement")
def answer_supplement(application: Application, by: Actor, *, words: Long) -> None:
    """The family answers what it was asked."""
    if application.supplement_asked is None:
        raise Refused("application.nothing_asked")
    add_note(application, by, words)
    application.supplement_asked, application.supplement_came = None, by.now
    tell()


@action("application.settle_supplement")
def settle_supplement(application: Application, by: Actor) -> None:
    """Somebody of the office has seen what the family has added, or needs nothing any more."""
    application.supplement_asked = application.supplement_came = None


@action("application.consent")
def consent(application: Application, by: Actor, *, answer: Answer, words: Long = "") -> None:
    """The other guardian says yes or no; what whoever applies has told of it gives way.

    The office notes an answer that came by telephone or on paper.
    """
    if by_family(application, by):
        raise Refused("application.own_consent")
    if application.status not in OPEN - {S.CREATED}:
        raise Refused("application.too_late", state=application.status)
    application.consent, application.consent_at = answer is Answer.YES, by.now
    application.consent_words = words
    application.other_guardian_view = OtherView.AGREED if answer is Answer.YES else OtherView.NOT_AGREED
    if application.status in HANDLED and answer is Answer.NO:
        judge_secrecy(application, by)
    tell(answer=answer)


def proof_reminded(application: Application, by: Actor) -> None:
    """A mail reminds that something waits; that it went stands in the row."""
    application.reminded = by.now
    notify(application.guardian_id, "application_waits", by)


def last_touched(today: date) -> date:
    """Drafts that nobody has touched since are thrown away."""
    return date.fromordinal(today.toordinal() - policy().draft_days)
