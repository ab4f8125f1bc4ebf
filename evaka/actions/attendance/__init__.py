"""Absences: told beforehand by a guardian, noted by the staff, corrected by the office."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from evaka import city
from evaka.access import Actor, reaches, why
from evaka.actions import action
from evaka.actions.calendar import closed_days
from evaka.actions.calendar.stay import Stay, holidays_in, stays_of, tell_tablets
from evaka.actions.invoice import draft, drafts_of_child
from evaka.actions.invoice import policy as invoice_policy
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.person import Person, hold
from evaka.models.placement import Placement, overlapping
from evaka.models.presence import Presence
from evaka.rules.attendance import (
    AbsenceCategory,
    AbsenceKind,
    AbsencePolicy,
    Reporter,
    absence_days,
    check_absence,
    may_replace,
    recorded_kind,
)
from evaka.rules.booking import BookingPolicy, window
from evaka.rules.calendar.holiday_period import Phase, phase_of
from evaka.rules.unit import Feature, check_feature

LONGEST = 366  # days of one report


def policy() -> AbsencePolicy:
    return city.value("absences", "who", AbsencePolicy)


@action("attendance.absent")
def absent(
    child: Person, by: Actor, *, first: date, last: date, kind: AbsenceKind, part: AbsenceCategory | None = None,
) -> list[Absence]:
    """The child is away from a day to a day: a row for each day of care and each part of it, or only for one part;
    then the rest of the day and its booking stay.

    Bookings of days that families may still change go; those of locked days stay below the absence.  A draft of
    an invoice that these days concern is reckoned anew.
    """
    if last < first:
        raise Refused("attendance.ends_first", first=first, last=last)
    if (last - first).days >= LONGEST:
        raise Refused("attendance.too_long", days=LONGEST)
    period, reporter = DateRange(first, last), reporter_of(by, child)
    hold([child.id])
    places = db.session.scalars(overlapping(child.id, period).options(selectinload(Placement.unit))).all()
    if reporter is Reporter.GUARDIAN:
        for place in places:
            check_feature(str(place.unit), place.unit.features, Feature.ABSENCES)
    check_absence(
        kind,
        period,
        by=reporter,
        policy=policy(),
        today=by.today,
        places=[(place.period, place.care_type) for place in places],
        present=() if part else db.session.scalars(
            select(Presence.day).where(Presence.child_id == child.id, Presence.day.between(first, last))),
        parts={part} if part else None,
    )
    noted = {
        (row.day, row.category): row
        for row in db.session.scalars(
            select(Absence).where(Absence.child_id == child.id, Absence.day.between(first, last))
        )
    }
    written = []
    stays = stays_of([child.id]).get(child.id, [])
    open_for = window(by.now, city.value("bookings", "rules", BookingPolicy))
    closed = _closed({stay.house.id for stay in stays}, period)
    shut = _not_yet(period, [stay.period for stay in stays], by) if reporter is Reporter.GUARDIAN else frozenset()
    for stay in stays:
        has_care = partial(_has_care, stay, closed.get(stay.house.id, frozenset()) | shut)
        for day, category in absence_days(period, stay.period, stay.care_type, has_care):
            if part not in (None, category):
                continue
            in_time = day in open_for
            told = (
                kind
                if reporter is not Reporter.GUARDIAN
                else recorded_kind(kind, agreed_days=category is AbsenceCategory.BILLABLE and _agreed_days(stay, day),
                                   in_time=in_time)
            )
            row = noted.get((day, category))
            if row is None:
                row = Absence(child_id=child.id, day=day, category=category, kind=told, reported_by=reporter)
                db.session.add(row)
            elif row.kind is not told:
                if not may_replace(row.kind, reported_by=row.reported_by, by=reporter, in_time=in_time):
                    raise Refused("attendance.told_by_unit", day=day, kind=row.kind)
                row.kind, row.reported_by = told, reporter
            written.append(row)
    if reporter is Reporter.GUARDIAN and kind is not AbsenceKind.SICK:
        _check_apply(places, {row.day for row in written})
    if not written and shut:
        raise Refused("attendance.holiday_not_open", day=min(shut))
    if not written:
        raise Refused("attendance.no_care_days", first=first, last=last)
    unbooked = {row.day for row in written if row.day in open_for and part is None}
    for booking in db.session.scalars(
        select(Booking).where(Booking.child_id == child.id, Booking.day.between(first, last))
    ):
        if booking.day in unbooked:
            db.session.delete(booking)
    redraft(child.id, period, by)
    tell_tablets([child.id], {row.day for row in written}, by)
    return written


@action("attendance.remove")
def remove(absence: Absence, by: Actor) -> None:
    """The child was not away after all; both parts of the day go."""
    hold([absence.child_id])
    for row in db.session.scalars(
        select(Absence).where(Absence.child_id == absence.child_id, Absence.day == absence.day)
    ):
        db.session.delete(row)
    redraft(absence.child_id, DateRange(absence.day, absence.day), by)
    tell_tablets([absence.child_id], [absence.day], by)


def _check_apply(places: Sequence[Placement], days: set[date]) -> None:
    """A long absence of a child in pre-primary education is applied for."""
    rules = city.value("bookings", "rules", BookingPolicy)
    bound = sum(1 for day in days for place in places
                if place.care_type in rules.application_care and day in place.period)
    if bound > rules.application_days:
        raise Refused("attendance.apply_instead", days=bound, most=rules.application_days)


def _closed(units: set[int], period: DateRange) -> dict[int, frozenset[date]]:
    """The days on which no absence is noted; where invoices count them as days of care it is, as on any other."""
    return {} if invoice_policy().closures_are_charged else closed_days(units, period)


def _not_yet(period: DateRange, places: list[DateRange], by: Actor) -> frozenset[date]:
    """The days of holidays for which families cannot answer yet."""
    holidays = holidays_in(period)
    return frozenset(day for day in period.days() if phase_of(holidays, day, places, by.today) is Phase.NOT_YET) \
        if holidays else frozenset()


def _has_care(stay: Stay, closed: frozenset[date], day: date) -> bool:
    """In the unit in which the child is that day; who needs shifts now and then has the ordinary days."""
    return stay.has_ordinary_care(day, closed)


def redraft(child_id: int, period: DateRange, by: Actor) -> None:
    """An invoice that is still a draft tells the truth."""
    db.session.flush()
    for head, month in drafts_of_child(child_id, period):
        draft([head], month, by)


def reporter_of(by: Actor, child: Person | None = None) -> Reporter:
    """As what somebody reports: the office and directors may most, guardians least.

    Of a child only the grants count that reach it: an employee is the guardian of the own child, in another unit.
    """
    key = "attendance.absent"
    hows = {how for role, _, _ in by.grants for how in reaches(role, key)} if child is None else {
        claim.how for claim, holds in why(by, key, child) if holds}
    if by.user is not None and by.user.device:
        return Reporter.STAFF
    if by.user is None or hows & {"all", "unit"}:
        return Reporter.OFFICE
    return Reporter.STAFF if "group" in hows else Reporter.GUARDIAN


def _agreed_days(stay: Stay, day: date) -> bool:
    """Whether days a month have been agreed for the day, or hours where the city takes these as well."""
    option, _ = stay.need(day)
    hours_too = city.value("bookings", "rules", BookingPolicy).planned_for_hours
    return option is not None and (
        option.contract_days is not None or (hours_too and option.hours_a_month is not None))
