"""Applications for a long absence: asked by a guardian, answered by the director or, for a few days, the staff."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import Long, action, notify, tell
from evaka.actions.attendance import absent, reporter_of
from evaka.actions.calendar import closed_days
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.attendance import AbsenceApplication
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.person.custody import carers
from evaka.models.placement import Placement, overlapping
from evaka.models.presence import Presence
from evaka.rules.attendance import AbsenceApplicationStatus, AbsenceKind, Reporter
from evaka.rules.booking import BookingPolicy


def policy() -> BookingPolicy:
    return city.value("bookings", "rules", BookingPolicy)


@action("attendance.apply_leave")
def apply_leave(child: Person, by: Actor, *, first: date, last: date, reason: Long) -> AbsenceApplication:
    """A guardian asks that a child may be away for long."""
    if last < first:
        raise Refused("attendance.ends_first", first=first, last=last)
    if first < by.today:
        raise Refused("attendance.day_has_passed", day=first, today=by.today)
    if db.session.scalar(overlapping(child.id, DateRange(first, last)).limit(1)) is None:
        raise Refused("attendance.no_place", period=DateRange(first, last))
    if by.user is None or by.user.person_id is None:
        raise Refused("attendance.only_guardians")
    if db.session.scalar(select(AbsenceApplication.id).where(
        AbsenceApplication.child_id == child.id, AbsenceApplication.start == first, AbsenceApplication.end == last,
        AbsenceApplication.status == AbsenceApplicationStatus.WAITING).limit(1)) is not None:
        raise Refused("attendance.applied_already", period=DateRange(first, last))
    row = AbsenceApplication(child_id=child.id, start=first, end=last, reason=reason, made_at=by.now,
                             person_id=by.user.person_id)
    db.session.add(row)
    tell(first=first, last=last)
    return row


@action("attendance.withdraw_application")
def withdraw_application(application: AbsenceApplication, by: Actor) -> None:
    """A guardian takes the application back before it is answered."""
    if application.status is not AbsenceApplicationStatus.WAITING:
        raise Refused("attendance.answered_already")
    if by.user is not None and by.user.person_id is not None and application.person_id != by.user.person_id:
        raise Refused("attendance.not_your_application")
    db.session.delete(application)


@action("attendance.accept_application")
def accept_application(application: AbsenceApplication, by: Actor) -> int:
    """The child is away on the days of care that are still to come; answers on how many."""
    _check_staff(application, by)
    application.answered_at, application.answered_by_id = by.now, by.user and by.user.id
    first = max(application.start, by.today)
    if db.session.scalar(select(Presence.id).where(Presence.child_id == application.child_id, Presence.day == first)):
        first += DAY  # it is here today; away from tomorrow on
    days: set[date] = set()
    if first <= application.end and _days_of_care(application.child_id, DateRange(first, application.end)):
        child = db.session.get_one(Person, application.child_id)
        rows = absent(child, by, first=first, last=application.end, kind=AbsenceKind.OTHER)
        days = {row.day for row in rows}
    _answered(application, by)
    return len(days)


@action("attendance.reject_application")
def reject_application(application: AbsenceApplication, by: Actor, *, answer: Long) -> None:
    """The application is refused; the family reads why."""
    _check_staff(application, by)
    application.answer, application.answered_at = answer, by.now
    application.answered_by_id = by.user and by.user.id
    _answered(application, by)
    tell()


def _check_staff(application: AbsenceApplication, by: Actor) -> None:
    """The staff of the group answers for a few days of care, the director for any."""
    days, most = _days_of_care(application.child_id, application.period), policy().staff_answer_days
    if reporter_of(by, db.session.get_one(Person, application.child_id)) is Reporter.STAFF and days > most:
        raise Refused("attendance.director_answers", days=days, most=most)


def _answered(application: AbsenceApplication, by: Actor) -> None:
    for person in db.session.scalars(carers(application.child_id, by.today, told=True)).all():
        if person.email:
            notify(person.id, "leave_answered", by)


def _days_of_care(child_id: int, period: DateRange) -> int:
    places = db.session.scalars(select(Placement).where(Placement.child_id == child_id, Placement.meets(period))).all()
    closed = closed_days({place.unit_id for place in places}, period)
    return sum(
        place.unit.open_days(closed[place.unit_id]).has_care(day, shift_care=False)
        for place in places if (shared := place.period & period) for day in shared.days())
