"""The parts of a child's page that are read: each is what the template needs of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import Actor, may, within
from evaka.actions.placement.termination import policy
from evaka.kit.dates import DAY, DateRange
from evaka.models.attendance import Absence, AbsenceApplication
from evaka.models.base import db
from evaka.models.booking import ServiceTimes
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.placement.need_change import NeedChange
from evaka.models.placement.termination import Termination
from evaka.rules.attendance import AbsenceApplicationStatus
from evaka.rules.placement import ShiftCare
from evaka.rules.placement.need_change import NeedChangeStatus
from evaka.rules.unit import Feature
from evaka.views.booking import months_told
from evaka.views.booking.times import week_in_words
from evaka.views.page import option_name, told, word_of, written

SHOWN = 12  # papers of each kind; the lists have them all
PAST = timedelta(days=31)  # absences
Line = dict[str, Any]


def places(child: Person, by: Actor) -> list[Line]:
    """Where the child is and will be: unit, group, needs and agreed hours over time."""
    rows = db.session.scalars(
        select(Placement).where(Placement.child_id == child.id, Placement.meets(DateRange(by.today)),
                                within(by, "placement.view", Placement))
        .order_by(Placement.start).options(
            joinedload(Placement.unit), selectinload(Placement.needs),
            selectinload(Placement.groups).joinedload(GroupPlacement.group))).all()
    times = db.session.scalars(select(ServiceTimes).where(
        ServiceTimes.child_id == child.id, ServiceTimes.meets(DateRange(by.today))).order_by(ServiceTimes.start)).all()
    return [{
        "title": str(row.unit), "badge": ("good", told("placement.in_force")) if by.today in row.period else
        ("info", told("placement.mine_from", start=row.start)),
        "facts": [*_of_place(row), *((told("own.agreed_times"), f"{week_in_words(one.week)} ({one.period})")
                                     for one in times if one.period & row.period)],
        "phone": row.unit.phone,
        "url": url_for("my_placement.details_view", id=row.id)} for row in rows]


def _of_place(row: Placement) -> list[tuple[str, str]]:
    unit = row.unit
    address = ", ".join(filter(None, (unit.street, f"{unit.postal_code} {unit.post_office}".strip())))
    return [
        (told("placement.care_type"), word_of(row.care_type)), (told("placement.period"), str(row.period)),
        *((told("placement.group"), f"{one.group} ({one.period})") for one in row.groups),
        *((told("placement.service_need"), f"{option_name('service_needs', one.option)}"
           f"{', ' + word_of(one.shift_care) if one.shift_care is not ShiftCare.NONE else ''} ({one.period})")
          for one in row.needs),
        *([(told("own.unit_address"), address)] if address else []),
    ]


def months(child: Person, by: Actor) -> list[Line]:
    """The month against what was agreed: used, booked and left; this one and the next."""
    first = by.today.replace(day=1)
    following = DateRange.month(first.year, first.month).last_day + DAY
    return [line for month in (first, following) for line in months_told([child], month, by)]


def health(child: Person) -> list[tuple[str, str]]:
    """What the unit knows of the child's health, as the family has told it."""
    return [(told(f"person.{name}"), getattr(child, name) or told("own.nothing_known"))
            for name in ("allergies", "diet", "medication")]


def absences(child: Person, by: Actor) -> Line:
    """The days away of the last month and those to come; the parts of a day are one to the family."""
    rows = db.session.scalars(
        select(Absence).where(Absence.child_id == child.id, Absence.day >= by.today - PAST).order_by(Absence.day))
    days = {one.day: one for one in rows}
    open_here = db.session.scalars(select(Placement).where(
        Placement.child_id == child.id, Placement.on(by.today)).options(joinedload(Placement.unit))).first()
    tells = open_here is not None and open_here.unit.has(Feature.ABSENCES) and may(by, "attendance.absent")
    return {
        "rows": [{"day": f"{told(f'weekday.{day.isoweekday()}')[:2]} {written(day)}", "what": word_of(one.kind),
                  "who": word_of(one.reported_by)} for day, one in days.items()],
        "tell": url_for("my_attendance.do", verb="attendance.absent", id=child.id) if tells else "",
        "apply": url_for("my_attendance.do", verb="attendance.apply_leave", id=child.id)
        if tells and may(by, "attendance.apply_leave") else ""}


def papers(child: Person, by: Actor) -> list[Line]:
    """Decisions and documents of the child that the reader may read, the newest first."""
    decided = db.session.scalars(
        select(Decision).where(Decision.child_id == child.id, within(by, "decision.view", Decision))
        .order_by(Decision.id.desc()).limit(SHOWN).options(joinedload(Decision.unit))).all()
    shared = db.session.scalars(
        select(Document).where(Document.person_id == child.id, within(by, "document.view", Document))
        .order_by(Document.id.desc()).limit(SHOWN)).all()
    return [
        {"title": told("menu.my_decision"), "all": url_for("my_decision.index_view"), "rows": [
            {"label": f"{word_of(one.care_type)}, {one.unit}", "note": f"{one.period}, {word_of(one.status)}",
             "url": url_for("my_decision.details_view", id=one.id)} for one in decided]},
        {"title": told("menu.my_document"), "all": url_for("my_document.index_view"), "rows": [
            {"label": one.name, "note": f"{written(one.made_at.date())}, PDF",
             "url": url_for("my_document.download", id=one.id)} for one in shared]},
    ]


def waits(child: Person, by: Actor) -> list[Line]:
    """What the family has asked for and may still take back: each with its button."""
    wishes = db.session.scalars(select(NeedChange).where(
        NeedChange.child_id == child.id, NeedChange.status == NeedChangeStatus.OPEN,
        within(by, "need_change.view", NeedChange)).order_by(NeedChange.start)).all()
    notices = db.session.scalars(select(Termination).where(
        Termination.child_id == child.id, Termination.undone_at.is_(None),
        Termination.made_at >= by.now - timedelta(hours=policy().undo_hours),
        within(by, "termination.view", Termination))).all()
    person = by.user.person_id if by.user else None
    leaves = db.session.scalars(select(AbsenceApplication).where(
        AbsenceApplication.child_id == child.id, AbsenceApplication.status == AbsenceApplicationStatus.WAITING,
        AbsenceApplication.person_id == person, within(by, "attendance.view", AbsenceApplication))).all()
    return [
        *(_waiting("my_need_change", "cancel", "need_change.cancel", one, told("need_change.waiting"),
                   f"{option_name('service_needs', one.option)}, {written(one.start)}") for one in wishes),
        *(_waiting("my_termination", "undo", "termination.undo", one, told("termination.given"),
                   written(one.last_day)) for one in notices),
        *(_waiting("my_absence_application", "withdraw_application", "attendance.withdraw_application", one,
                   told("own.leave_waits"), str(one.period)) for one in leaves),
    ]


def _waiting(screen: str, verb: str, key: str, row: Any, label: str, note: str) -> Line:
    return {"label": label, "note": note, "button": told(key), "version": row.version,
            "url": url_for(f"{screen}.do", verb=verb, id=row.id)}
