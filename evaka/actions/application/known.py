"""What the rules must know of an application beside what it tells: the child's places, the units, the terms."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import date

from sqlalchemy import Select, select

from evaka import city
from evaka.access import Actor
from evaka.kit.dates import DateRange, Timeline
from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.person.custody import carers
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationKind, ApplicationPolicy, ApplicationStatus, AttachmentKind
from evaka.rules.application.flags import ALIKE, Place
from evaka.rules.application.form import Form, Known, Wish
from evaka.rules.application.question import Question, asked
from evaka.rules.calendar import Term
from evaka.rules.person import address_lines, same_address
from evaka.rules.placement import CareType, ServiceNeed

TOLD = [one.name for one in fields(Form) if one.name not in ("kind", "units")]  # columns that hold answers
GIVES = ALIKE | {ApplicationKind.DAYCARE: ALIKE[ApplicationKind.DAYCARE] | {CareType.PRESCHOOL_DAYCARE_ONLY}}


def policy() -> ApplicationPolicy:
    return city.value("placements", "application", ApplicationPolicy)


def option(key: str) -> ServiceNeed:
    """The city's service need of that name."""
    return city.named("service_needs", ServiceNeed)[key]


def questions(kind: ApplicationKind, day: date) -> list[Question]:
    """What the city asks besides."""
    return asked(city.named("questions", Question).values(), kind, day)


def terms_of(kind: ApplicationKind) -> Timeline[Term]:
    return city.dated("club_terms" if kind is ApplicationKind.CLUB else "calendar", Term)


def form_of(application: Application) -> Form:
    """What the application tells, as the rules read it."""
    told = {name: getattr(application, name) for name in TOLD}
    return Form(kind=application.kind, units=[one.unit_id or one.unit.id for one in application.preferences], **told)


def by_family(application: Application, by: Actor) -> bool:
    """Whether it is the applicant's own doing."""
    return by.user is not None and by.user.person_id == application.guardian_id


def others(child_id: int, guardian_id: int, by: Actor) -> list[Person]:
    """Who else has the rights of a guardian."""
    return [one for one in db.session.scalars(carers(child_id, by.today)) if one.id != guardian_id]


def lives_with(one: Person, other: Person) -> bool:
    """Whether two people have the same address, as far as the register tells."""
    first, second = (
        address_lines(who.street, who.postal_code, who.post_office, restricted=False) for who in (one, other))
    return same_address(first, second)


def known_of(application: Application, form: Form, by: Actor) -> Known:
    """Of an application that is being sent or changed."""
    guardian = application.guardian
    sent = application.status is not ApplicationStatus.CREATED and application.received is not None
    return known(
        form, guardian, others(application.child_id, guardian.id, by), by, family=by_family(application, by),
        sent_start=application.start if sent else None,
        papers=frozenset(db.session.scalars(
            select(Attachment.kind).where(Attachment.application_id == application.id))),
    )


def known(
    form: Form, guardian: Person, elsewhere: Collection[Person], by: Actor, *, family: bool = False,
    sent_start: date | None = None, papers: frozenset[AttachmentKind] = frozenset(),
) -> Known:
    needs = city.named("service_needs", ServiceNeed)
    return Known(
        today=by.today, guardian=family, sent_start=sent_start,
        reachable=bool(guardian.phone or guardian.email or guardian.street),
        other_elsewhere=any(not lives_with(guardian, one) for one in elsewhere),
        need=needs.get(form.service_need), units=wishes(form.units, form.kind) if family else {},
        terms=terms_of(form.kind) if form.kind is not ApplicationKind.DAYCARE else Timeline(()),
        papers=papers, questions=questions(form.kind, by.today),
    )


def wishes(ids: Collection[int], kind: ApplicationKind) -> dict[int, Wish]:
    """The wanted units as the rules read them."""
    return {unit.id: wish_of(unit, kind) for unit in db.session.scalars(select(Unit).where(Unit.id.in_(ids)))}


def wish_of(unit: Unit, kind: ApplicationKind) -> Wish:
    gives = bool(GIVES[kind] & {CareType(one) for one in unit.care_types})
    return Wish(unit.name, unit.period, unit.apply_period(kind), gives)


def applied_for(kind: ApplicationKind, today: date) -> Select[Unit]:
    """The units in which a family may ask for a place of this kind, now or later."""
    start, end = (getattr(Unit, f"{kind.value}_apply_{name}") for name in ("start", "end"))
    return select(Unit).where(
        Unit.meets(DateRange(today)), start.is_not(None), end.is_(None) | (end >= today)).order_by(Unit.name)


def places_of(child_id: int) -> list[Place]:
    rows = db.session.execute(
        select(Placement.start, Placement.end, Placement.care_type, Placement.unit_id)
        .where(Placement.child_id == child_id))
    return [Place(DateRange(start, end), care_type, unit) for start, end, care_type, unit in rows]
