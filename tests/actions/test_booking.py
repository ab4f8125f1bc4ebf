"""Bookings that are saved: journal, races, weeks that repeat, applications, closures, questionnaires, talks."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.actions.attendance import application as leave
from evaka.actions.booking import times as agreed
from evaka.actions.booking.balance import months_of
from evaka.actions.calendar import closing, event, holiday_period
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.attendance import Absence, AbsenceApplication
from evaka.models.base import db
from evaka.models.booking import Booking, BookingPattern, ServiceTimes, TimesNotice
from evaka.models.calendar.event import DiscussionBooking, DiscussionTime, Event
from evaka.models.calendar.holiday_period import (
    HolidayPeriod,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireOption,
)
from evaka.models.guard import broken_rule
from evaka.models.journal import AuditEvent, Email
from evaka.rules.attendance import AbsenceApplicationStatus, AbsenceKind, Reporter
from evaka.rules.booking import Span, TimesKind
from evaka.rules.booking.day import Ask, Asked
from evaka.rules.calendar.event import EventKind
from evaka.rules.calendar.holiday_period import QuestionnaireKind
from evaka.rules.placement import CareType
from evaka.rules.unit import Feature, Week
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
OPEN = [date(2026, 6, day) for day in (8, 9, 10, 11, 12)]  # open on the first of June at noon


def asked(begins: int = 8, ends: int = 16) -> Asked:
    return Asked(Ask.TIMES, (Span(time(begins), time(ends)),))


def family(by, need: str = "full_day", **place):
    child = factories.child()
    placement = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), service_need=need, **place)
    return child, by(factories.user("guardian", person=child.guardians[0])), placement


def booked(child) -> list[tuple[date, str]]:
    return [(row.day, str(row.span or "present")) for row in db.session.scalars(
        select(Booking).where(Booking.child_id == child.id).order_by(Booking.day, Booking.begins))]


def away(child) -> dict[date, AbsenceKind]:
    return {row.day: row.kind for row in db.session.scalars(
        select(Absence).where(Absence.child_id == child.id).order_by(Absence.day))}


def refusal(call, *given, **named) -> str:
    with pytest.raises(Refused) as no:
        call(*given, **named)
    return no.value.key


def mails() -> int:
    return db.session.scalar(select(func.count()).select_from(Email))


# -- days ------------------------------------------------------------------------------------------------


def test_a_save_of_several_children_writes_a_line_on_each_childs_file(by):
    one, guardian, _ = family(by)
    other = factories.child(one.guardians[0])
    factories.placement(other, date(2026, 1, 1), date(2027, 7, 31))
    keep()
    count, skipped = act.save_many({
        one.id: {OPEN[0]: asked()}, other.id: {OPEN[0]: asked(9, 15), OPEN[1]: Asked(Ask.AWAY)},
    }, guardian, "booking.book")
    db.session.commit()
    assert (count, skipped) == (3, {})
    lines = {row.person_id: row.facts["days"] for row in db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "booking.book"))}
    assert lines == {
        one.id: {"2026-06-08": ["", "08:00-16:00"]},
        other.id: {"2026-06-08": ["", "09:00-15:00"], "2026-06-09": ["", "away:other"]}}


def test_nobody_books_for_another_familys_child_or_for_another_unit(by):
    child, _, place = family(by)
    _, stranger, _ = family(by)
    elsewhere = by(factories.user("director", unit=factories.unit()))
    for key, actor in (("booking.book", stranger), ("booking.enter", stranger), ("booking.enter", elsewhere)):
        with pytest.raises(Denied):
            act.save_many({child.id: {OPEN[0]: asked()}}, actor, key)
    with pytest.raises(Denied):
        act.book(child, stranger, days={OPEN[0]: asked()})
    group = factories.group(place.unit)
    factories.in_group(place, group)
    act.enter(child, by(factories.user("staff", place.unit, group)), days={OPEN[0]: asked()})
    assert booked(child) == [(OPEN[0], "08:00-16:00")]
    row = db.session.scalars(select(Booking)).one()
    assert row.made_by is Reporter.STAFF


def test_a_day_that_somebody_has_changed_since_the_page_was_opened_is_not_overwritten(by):
    child, guardian, _ = family(by)
    act.book(child, guardian, days={OPEN[0]: asked(9, 15)})
    seen = {(child.id, OPEN[0]): ""}  # the page showed nothing
    assert refusal(act.save_many, {child.id: {OPEN[0]: asked()}}, guardian, "booking.book", seen=seen) == (
        "booking.changed")
    act.save_many({child.id: {OPEN[0]: asked()}}, guardian, "booking.book", seen={
        (child.id, OPEN[0]): "09:00-15:00"})
    assert booked(child) == [(OPEN[0], "08:00-16:00")]


def refused_by_the_database(row) -> str:
    """The name of the rule that keeps a row out; what was kept before stays."""
    db.session.add(row)
    with pytest.raises(IntegrityError) as no:
        db.session.flush()
    db.session.rollback()
    return broken_rule(no.value)


def test_the_database_keeps_a_day_from_beginning_twice_at_one_time(by):
    child, guardian, _ = family(by)
    act.book(child, guardian, days={OPEN[0]: asked()})
    factories.save(Booking(child_id=child.id, day=OPEN[1]))
    keep()
    child_id = child.id
    assert refused_by_the_database(Booking(child_id=child_id, day=OPEN[0], begins=time(8), ends=time(12))) == (
        "uq_booking_child_id_day_begins")
    assert refused_by_the_database(Booking(child_id=child_id, day=OPEN[1])) == "uq_booking_child_id_day"
    for begins, ends in ((time(16), time(8)), (time(8), None)):
        assert refused_by_the_database(Booking(child_id=child_id, day=OPEN[2], begins=begins, ends=ends)).startswith(
            "ck_booking")


def test_where_bookings_are_not_in_use_nothing_is_booked(by):
    child, guardian, _ = family(by, unit=factories.unit(features=[Feature.ABSENCES]))
    assert act.book(child, guardian, days={OPEN[0]: asked()}) == {OPEN[0]: "booking.not_opened"}
    assert booked(child) == []


def test_in_care_elsewhere_the_hours_of_that_unit_count(by):
    child, guardian, _ = family(by)
    late = factories.unit(opening=Week.of(time(9), time(20)))
    factories.backup_care(child, late, OPEN[1], OPEN[1])
    assert refusal(act.book, child, guardian, days={OPEN[1]: asked(8, 16)}) == "booking.outside_hours"
    act.book(child, guardian, days={OPEN[0]: asked(8, 16), OPEN[1]: asked(10, 19), OPEN[2]: asked(8, 16)})
    assert [day for day, _ in booked(child)] == OPEN[:3]


def test_a_long_time_is_booked_in_two_parts_and_a_child_without_a_place_not_at_all(by):
    child, guardian, _ = family(by)
    far = date.fromordinal(OPEN[0].toordinal() + act.MANY_DAYS)
    assert refusal(act.book, child, guardian, days={OPEN[0]: asked(), far: asked()}) == "booking.too_many_days"
    stays_home = factories.child(child.guardians[0])
    assert refusal(act.book, stays_home, guardian, days={OPEN[0]: asked()}) == "booking.no_place"


# -- weeks that repeat ------------------------------------------------------------------------------------


def test_a_week_that_repeats_fills_open_days_of_which_nothing_was_said(by):
    child, guardian, _ = family(by)
    act.book(child, guardian, days={OPEN[1]: asked(9, 12), OPEN[2]: Asked(Ask.AWAY)})
    act.repeat(child, guardian, start=date(2026, 6, 1), week=Week.of(time(8), time(16)))
    found = dict(booked(child))
    assert found[OPEN[0]] == "08:00-16:00"
    assert found[OPEN[1]] == "09:00-12:00"
    assert OPEN[2] not in found
    assert min(found) == OPEN[0]
    assert max(found) == date(2026, 7, 6)
    assert date(2026, 6, 19) not in found  # Midsummer Eve
    row = db.session.scalars(select(BookingPattern)).one()
    act.book(child, guardian, days={OPEN[0]: Asked(Ask.NOTHING)})
    assert act.fill([row], guardian) == 0  # what the family has cleared stays clear
    assert OPEN[0] not in dict(booked(child))
    assert act.fill([row], by(None, "2026-06-08")) == 5  # another week has opened
    act.repeat(child, by(guardian.user, "2026-06-08"), start=date(2026, 6, 10))
    assert [one.end for one in db.session.scalars(select(BookingPattern))] == [date(2026, 6, 9)]


@pytest.mark.parametrize(("begins", "ends"), [(time(5), time(16)), (time(8), time(22))])
def test_a_repeating_week_outside_the_opening_hours_is_refused_in_words(by, begins, ends):
    child, guardian, _ = family(by)
    assert refusal(act.repeat, child, guardian, start=date(2026, 6, 1), week=Week.of(begins, ends)) == (
        "booking.repeat_outside")


def test_a_repeating_week_begins_today_at_the_earliest(by):
    child, guardian, _ = family(by)
    week = Week.of(time(8), time(16))
    assert refusal(act.repeat, child, guardian, start=date(2026, 5, 31), week=week) == "booking.repeat_past"
    assert refusal(act.repeat, child, guardian, start=OPEN[0], end=date(2026, 6, 1), week=week) == (
        "booking.period_ends_first")


# -- agreed hours -----------------------------------------------------------------------------------------


def test_agreed_hours_make_room_and_tell_each_guardian_once(by):
    child, _, place = family(by)
    second = factories.guardian_of(child)
    director = by(factories.user("director", unit=place.unit))
    agreed.agree(child, director, start=date(2026, 6, 2), week=Week.of(time(8), time(16)))
    row = agreed.agree(child, director, start=date(2026, 7, 1), varies=True)
    kinds = [(one.kind, one.start, one.end) for one in db.session.scalars(
        select(ServiceTimes).order_by(ServiceTimes.start))]
    assert kinds == [(TimesKind.REGULAR, date(2026, 6, 2), date(2026, 6, 30)),
                     (TimesKind.VARIABLE, date(2026, 7, 1), None)]
    notices = db.session.scalars(select(TimesNotice).where(TimesNotice.person_id == second.id)).all()
    assert [one.from_day for one in notices] == [date(2026, 7, 1)]
    guardian = by(factories.user("guardian", person=second))
    agreed.seen(notices[0], guardian)
    assert db.session.scalar(select(func.count()).select_from(TimesNotice)) == 1  # the other guardian's
    agreed.end_times(row, director, end=date(2026, 7, 31))
    assert refusal(agreed.end_times, row, director, end=date(2026, 5, 31)) == "booking.times_end_past"
    agreed.remove_times(row, director)
    first = db.session.scalars(select(ServiceTimes)).one()
    assert refusal(agreed.remove_times, first, by(director.user, "2026-06-02")) == "booking.times_begun"
    assert refusal(agreed.end_times, first, by(director.user, "2026-07-02"), end=date(2026, 8, 1)) == (
        "booking.times_ended")


@pytest.mark.parametrize(("given", "key"), [
    ({"start": date(2026, 6, 1), "varies": True}, "booking.times_past"),
    ({"start": date(2026, 6, 2)}, "booking.times_or_varies"),
    ({"start": date(2026, 6, 2), "end": date(2026, 6, 1), "varies": True}, "booking.period_ends_first"),
])
def test_what_may_not_be_agreed(by, given, key):
    child, _, _ = family(by)
    assert refusal(agreed.agree, child, by(factories.user("admin")), **given) == key


def test_a_month_of_agreed_days_counts_days(by):
    child, guardian, _ = family(by, "ten_days")
    act.book(child, guardian, days={day: asked() for day in OPEN[:2]} | {OPEN[2]: Asked(Ask.AWAY)})
    found = months_of([child.id], DateRange.month(2026, 6), guardian)[child.id]
    assert found.in_days
    assert (found.balance.agreed, found.balance.used, found.balance.ahead) == (10, 0, 2)
    assert not found.warns
    later = months_of([child.id], DateRange.month(2026, 6), by(guardian.user, "2026-06-30"))[child.id]
    assert later.balance.used == 19
    assert later.balance.over
    assert later.warns


# -- applications for absence ------------------------------------------------------------------------------


def preschooler(by):
    unit = factories.unit(care_types=["preschool_daycare"])
    child = factories.child(born=date(2020, 3, 1))
    place = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), unit=unit,
                                care_type=CareType.PRESCHOOL_DAYCARE, service_need="preschool_daycare")
    group = factories.group(unit)
    factories.in_group(place, group)
    return child, by(factories.user("guardian", person=child.guardians[0])), place, by(
        factories.user("staff", unit, group))


def test_a_long_absence_from_pre_primary_education_is_applied_for_but_illness_is_told(by):
    child, guardian, _, _ = preschooler(by)
    days = {"first": date(2026, 8, 17), "last": date(2026, 8, 24)}
    assert refusal(attendance.absent, child, guardian, kind=AbsenceKind.OTHER, **days) == "attendance.apply_instead"
    attendance.absent(child, guardian, kind=AbsenceKind.SICK, **days)
    attendance.absent(child, guardian, kind=AbsenceKind.OTHER, first=date(2026, 9, 7), last=date(2026, 9, 11))


def test_23_the_staff_answers_for_a_few_days_and_the_director_for_more(by):
    child, guardian, place, staff = preschooler(by)
    director = by(factories.user("director", unit=place.unit))
    short = leave.apply_leave(child, guardian, first=date(2026, 8, 17), last=date(2026, 8, 17), reason="Häät")
    db.session.flush()
    assert leave.accept_application(short, staff) == 1
    assert short.status is AbsenceApplicationStatus.ACCEPTED
    assert mails() == 1
    assert away(child) == {date(2026, 8, 17): AbsenceKind.OTHER}
    late = leave.apply_leave(child, guardian, first=date(2026, 8, 18), last=date(2026, 8, 18), reason="Häät")
    db.session.flush()
    assert leave.accept_application(late, by(staff.user, "2026-08-20")) == 0  # its days are over
    long = leave.apply_leave(child, guardian, first=date(2026, 9, 7), last=date(2026, 9, 14), reason="Matka")
    with pytest.raises(Refused, match="attendance.applied_already"), db.session.begin_nested():
        leave.apply_leave(child, guardian, first=date(2026, 9, 7), last=date(2026, 9, 14), reason="Matka")
    db.session.flush()
    assert refusal(leave.accept_application, long, staff) == "attendance.director_answers"
    db.session.refresh(long)
    long.status = AbsenceApplicationStatus.WAITING
    assert refusal(leave.reject_application, long, staff, answer="Ei") == "attendance.director_answers"
    long.status = AbsenceApplicationStatus.WAITING
    leave.reject_application(long, director, answer="Esiopetus on velvoittavaa.")
    assert (long.status, long.answer) == (AbsenceApplicationStatus.REJECTED, "Esiopetus on velvoittavaa.")
    assert date(2026, 9, 7) not in away(child)


def test_an_application_is_a_guardians_and_is_taken_back_before_it_is_answered(by):
    child, guardian, place, _ = preschooler(by)
    director = by(factories.user("admin"))
    days = {"first": date(2026, 8, 17), "last": date(2026, 8, 18), "reason": "Matka"}
    assert refusal(leave.apply_leave, child, director, **days) == "attendance.only_guardians"
    assert refusal(leave.apply_leave, child, guardian, **(days | {"last": date(2026, 8, 1)})) == "attendance.ends_first"
    assert refusal(leave.apply_leave, child, guardian, **(days | {"first": date(2026, 5, 1)})) == (
        "attendance.day_has_passed")
    assert refusal(leave.apply_leave, child, guardian, first=date(2027, 8, 1), last=date(2027, 8, 2), reason="x") == (
        "attendance.no_place")
    row = leave.apply_leave(child, guardian, **days)
    db.session.flush()
    other = by(factories.user("guardian", person=factories.guardian_of(child)))
    assert refusal(leave.withdraw_application, row, other) == "attendance.not_your_application"
    leave.withdraw_application(row, guardian)
    assert db.session.scalar(select(AbsenceApplication)) is None
    row = leave.apply_leave(child, guardian, **days)
    db.session.flush()
    leave.accept_application(row, by(factories.user("director", unit=place.unit)))
    assert refusal(leave.withdraw_application, row, guardian) == "attendance.answered_already"
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "attendance.apply_leave")).first()
    assert line is None or "Matka" not in str(line.facts)


# -- the calendar -----------------------------------------------------------------------------------------


def test_a_closure_takes_the_bookings_of_its_days_and_tells_each_guardian_once(by):
    child, guardian, place = family(by)
    sibling = factories.child(child.guardians[0])
    factories.placement(sibling, date(2026, 1, 1), unit=place.unit)
    other, others_guardian, _ = family(by)
    for one, actor in ((child, guardian), (sibling, guardian), (other, others_guardian)):
        act.book(one, actor, days={OPEN[0]: asked(), OPEN[1]: asked()})
    row = factories.closure(place.unit, OPEN[0])
    closing.carry_out(row.id, by())
    assert (booked(child), booked(sibling)) == ([(OPEN[1], "08:00-16:00")],) * 2
    assert len(booked(other)) == 2
    assert mails() == 1
    assert row.told_at is not None
    assert db.session.scalars(closing.untold(by())).all() == []
    assert act.book(child, guardian, days={OPEN[0]: asked()}) == {OPEN[0]: "booking.no_care"}
    city = factories.closure(None, OPEN[1])
    closing.carry_out(city.id, by())
    assert (booked(child), booked(other)) == ([], [(OPEN[0], "08:00-16:00")])


def test_a_closure_concerns_guests_of_the_unit_and_not_its_children_who_are_guests_elsewhere(by):
    child, guardian, place = family(by)
    host, elsewhere, other_guardian = factories.unit(), *family(by)[:2]
    other, third_guardian, _ = family(by)
    factories.backup_care(child, host, OPEN[0], OPEN[1])  # its own unit sends it there for two days
    factories.backup_care(elsewhere, place.unit, OPEN[0], OPEN[0])
    for one, actor in ((child, guardian), (elsewhere, other_guardian), (other, third_guardian)):
        act.book(one, actor, days={day: asked() for day in OPEN[:3]})
    row = factories.closure(place.unit, OPEN[0], OPEN[2])
    closing.carry_out(row.id, by())
    assert [day for day, _ in booked(child)] == OPEN[:2]
    assert [day for day, _ in booked(elsewhere)] == OPEN[1:3]
    assert [day for day, _ in booked(other)] == OPEN[:3]
    assert mails() == 2  # the family of the place, and the guest's
    closing.carry_out(factories.closure(host, OPEN[0], OPEN[2]).id, by())
    assert booked(child) == []
    closing.carry_out(factories.closure(None, OPEN[1]).id, by())
    assert [day for day, _ in booked(elsewhere)] == [OPEN[2]]


def test_16_a_new_holiday_asks_anew_what_guardians_had_told_and_keeps_what_the_unit_has_marked(by):
    child, guardian, place = family(by)
    unit = by(factories.user("director", unit=place.unit))
    days = [date(2026, 7, day) for day in (6, 7, 8, 9)]
    act.book(child, guardian, days={days[0]: asked(), days[1]: Asked(Ask.AWAY)})
    act.enter(child, unit, days={days[2]: asked(), days[3]: Asked(Ask.AWAY)})
    row = factories.save(HolidayPeriod(start=days[0], end=date(2026, 7, 19), opens=date(2026, 6, 5),
                                       closes=date(2026, 6, 20), made_at=factories.NOON))
    holiday_period.check(row, by(), created=True)
    assert holiday_period.wipe(row, by()) == (1, 1)
    db.session.expire_all()
    assert booked(child) == [(days[2], "08:00-16:00")]
    assert away(child) == {days[3]: AbsenceKind.OTHER}
    db.session.add(HolidayPeriod(start=date(2026, 7, 19), end=date(2026, 7, 20), opens=date(2026, 6, 5),
                                 closes=date(2026, 6, 20), made_at=factories.NOON))
    with pytest.raises(IntegrityError) as no:
        db.session.flush()
    assert broken_rule(no.value) == "ex_holiday_period"


def questionnaire(kind: QuestionnaireKind, *options: tuple[date, date], threshold: int | None = None) -> Questionnaire:
    row = factories.save(Questionnaire(
        kind=kind, absence_kind=AbsenceKind.FREE, start=date(2026, 5, 1), end=date(2026, 6, 30), title_fi="Kesä",
        threshold_days=threshold))
    for first, last in options:
        factories.save(QuestionnaireOption(questionnaire_id=row.id, start=first, end=last))
    db.session.expire(row)
    return row


def test_17_own_days_are_free_when_they_last_long_enough(by):
    child, guardian, _ = family(by)
    row = questionnaire(QuestionnaireKind.OPEN, (date(2026, 6, 1), date(2026, 8, 31)), threshold=30)
    act.book(child, guardian, days={OPEN[0]: asked()})
    assert [(one.id, children) for one, children in holiday_period.asked_now([child.id], guardian)] == [
        (row.id, [child.id])]
    long = DateRange(date(2026, 6, 1), date(2026, 7, 1))
    assert holiday_period.answer(child, guardian, questionnaire=row, periods=[long]) == 22  # not on Midsummer Eve
    assert set(away(child).values()) == {AbsenceKind.FREE}
    assert booked(child) == []
    assert act.book(child, guardian, days={OPEN[0]: asked()}) == {OPEN[0]: "booking.marked_away"}
    short = DateRange(date(2026, 8, 21), date(2026, 8, 31))
    assert holiday_period.answer(child, guardian, questionnaire=row, periods=[short]) == 7
    assert set(away(child).values()) == {AbsenceKind.OTHER}
    assert min(away(child)) == date(2026, 8, 21)
    holiday_period.answer(child, guardian, questionnaire=row, periods=[])
    assert away(child) == {}
    assert db.session.scalars(select(QuestionnaireAnswer)).one().periods == []
    waits = factories.child(child.guardians[0])
    assert refusal(holiday_period.answer, waits, guardian, questionnaire=row, periods=[]) == (
        "holiday_period.not_asked")


def test_one_of_the_periods_is_chosen_and_what_the_unit_has_marked_stands(by):
    child, guardian, place = family(by)
    row = questionnaire(QuestionnaireKind.FIXED, (date(2026, 7, 6), date(2026, 7, 10)))
    act.enter(child, by(factories.user("director", unit=place.unit)), days={
        date(2026, 7, 7): Asked(Ask.AWAY, kind=AbsenceKind.SICK)})
    chosen = DateRange(date(2026, 7, 6), date(2026, 7, 10))
    assert holiday_period.answer(child, guardian, questionnaire=row, periods=[chosen]) == 4
    assert away(child)[date(2026, 7, 7)] is AbsenceKind.SICK
    assert refusal(holiday_period.add_option, row, by(factories.user("admin")), first=date(2026, 8, 2),
                   last=date(2026, 8, 1)) == "booking.period_ends_first"
    private = factories.child(child.guardians[0])
    factories.placement(private, date(2026, 1, 1), unit=factories.voucher_unit())
    assert holiday_period.asked_now([private.id], guardian) == []


def talk(unit, **fields) -> tuple[Event, DiscussionTime]:
    row = factories.save(Event(unit_id=unit.id, start=date(2026, 6, 8), end=date(2026, 6, 12), title="Keskustelut",
                               kind=EventKind.DISCUSSION, made_at=factories.NOON, **fields))
    slot = factories.save(DiscussionTime(event_id=row.id, day=date(2026, 6, 10), begins=time(13), ends=time(14)))
    return row, slot


def test_a_talk_is_one_familys_and_a_family_has_one(by):
    child, guardian, place = family(by)
    row, slot = talk(place.unit)
    other, rival, _ = family(by, unit=place.unit)
    unit = by(factories.user("director", unit=place.unit))
    assert event.add_times(row, unit, day=date(2026, 6, 10), begins=time(13), ends=time(16), minutes=60) == 2
    assert refusal(event.add_times, row, unit, day=date(2026, 6, 10), begins=time(13), ends=time(16), minutes=60) == (
        "event.no_slots")
    event.book(slot, guardian, child=child)
    keep()
    ids = {"event_id": row.id, "booked_at": factories.NOON}
    taken, free, child_id, other_id = slot.id, row.times[-1].id, child.id, other.id
    assert refused_by_the_database(DiscussionBooking(time_id=taken, child_id=other_id, **ids)) == (
        "uq_discussion_booking_time_id")
    assert refused_by_the_database(DiscussionBooking(time_id=free, child_id=child_id, **ids)) == (
        "uq_discussion_booking_event_id_child_id")
    assert refusal(event.cancel, slot, rival) == "event.not_yours"
    assert refusal(event.cancel, slot, by(guardian.user, "2026-06-09")) == "event.too_late"  # Tuesday before Wednesday
    event.cancel(slot, by(guardian.user, "2026-06-08"))
    assert slot.booking is None
    assert mails() == 2
    event.assign(slot, unit, child=other)
    event.clear(slot, unit)
    assert refusal(event.clear, slot, unit) == "event.free_already"
    event.assign(slot, unit, child=other)
    event.remove_time(slot, unit)
    assert db.session.scalar(select(func.count()).select_from(DiscussionBooking)) == 0


def test_only_who_is_invited_books_and_sees_an_event(by):
    child, guardian, place = family(by)
    group = factories.group(place.unit)
    row, slot = talk(place.unit)
    unit = by(factories.user("director", unit=place.unit))
    event.invite_group(row, unit, group=group)
    assert refusal(event.book, slot, guardian, child=child) == "access.denied"
    assert refusal(event.assign, slot, unit, child=child) == "event.not_invited"
    factories.in_group(place, group)
    event.book(slot, guardian, child=child)
    _, stranger, _ = family(by)
    with pytest.raises(Denied):
        event.book(slot, stranger, child=child)
    other, others, _ = family(by, unit=place.unit)
    event.invite_child(row, unit, child=other)
    assert list(db.session.scalars(event.own_invited(slot, others))) == [other]


def test_times_belong_to_talks_within_their_days(by):
    _, _, place = family(by)
    row, _ = talk(place.unit)
    unit = by(factories.user("director", unit=place.unit))
    given = {"begins": time(13), "ends": time(14), "minutes": 30}
    assert refusal(event.add_times, row, unit, day=date(2026, 6, 15), **given) == "event.outside"
    row.kind = EventKind.EVENT
    assert refusal(event.add_times, row, unit, day=date(2026, 6, 10), **given) == "event.no_times"
