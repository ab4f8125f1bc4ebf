"""Bookings: times of a day, the lock of a week, what becomes of a day, parts missed, hours used, agreed hours."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter
from evaka.rules.booking import BookingPolicy, Pattern, Span, day_of, lock_of, window
from evaka.rules.booking.day import Ask, Asked, DayFacts, Noted, after, removable
from evaka.rules.booking.lock import missing, reminder_from
from evaka.rules.booking.parts import parts_missed
from evaka.rules.booking.span import clock_at, minute_of, minutes, shared, united, without
from evaka.rules.booking.times import days_without, is_regular, make_room, pattern_of
from evaka.rules.booking.used import Balance, CareDay, Use, balance, use_of
from evaka.rules.calendar.holiday_period import Phase
from evaka.rules.placement import CareType
from evaka.rules.unit import Hours, Week

BILLABLE, NONBILLABLE = AbsenceCategory.BILLABLE, AbsenceCategory.NONBILLABLE
MONDAY, TODAY = date(2026, 6, 8), date(2026, 6, 1)
OTHER, PLANNED, FREE = AbsenceKind.OTHER, AbsenceKind.PLANNED, AbsenceKind.FREE
GUARDIAN, STAFF, SYSTEM = Reporter.GUARDIAN, Reporter.STAFF, Reporter.SYSTEM


def span(text: str) -> Span:
    """8-16 or 8:30-16:15"""
    begins, ends = (time(*map(int, part.split(":"))) for part in text.split("-"))
    return Span(begins, ends)


def spans(*texts: str) -> tuple[Span, ...]:
    return tuple(map(span, texts))


def policy(**given) -> BookingPolicy:
    held = {
        "lock_days": 7, "lock_time": time(13), "season_month": 8, "season_turns": 7, "planned_for_hours": True,
        "calendar_opens_days": 30, "fill_weeks": 4, "remind_days": 3, "holiday_remind_days": 2, "application_days": 5,
        "application_care": frozenset({CareType.PRESCHOOL}), "staff_answer_days": 5, "warn_share": Decimal("0.9"),
    }
    return BookingPolicy(**(held | given))


def refusal(call, *given, **named) -> str:
    with pytest.raises(Refused) as no:
        call(*given, **named)
    return no.value.key


# -- spans -------------------------------------------------------------------------------------------


def test_a_span_ends_after_it_begins_and_midnight_is_the_last_minute():
    assert refusal(Span, time(16), time(8)) == "booking.ends_first"
    assert span("20-23:59").minutes == 240
    assert span("20-23:59").words == "20.00–24.00"
    assert span("8:05-16").words == "8.05–16.00"
    assert str(span("8:05-16")) == "08:05-16:00"
    assert minute_of(time(23, 59)) == 1440
    assert (clock_at(1440), clock_at(485)) == (time(23, 59), time(8, 5))


def test_spans_of_a_day_stand_in_order_and_share_no_minute():
    assert day_of(spans("14-16", "8-12")) == spans("8-12", "14-16")
    assert day_of(spans("8-12", "12-16")) == spans("8-12", "12-16")
    assert refusal(day_of, spans("8-12", "11:59-16")) == "booking.overlap"


def test_spans_are_united_cut_and_measured():
    assert united(spans("9-12", "11-14", "14-15", "17-18")) == spans("9-15", "17-18")
    assert united(spans("8-16", "9-10")) == spans("8-16")
    assert without(spans("8-16"), span("9-13")) == spans("8-9", "13-16")
    assert without(spans("9:30-10"), span("9-13")) == ()
    assert without(spans("7-8", "14-15"), span("9-13")) == spans("7-8", "14-15")
    assert minutes(spans("9-12", "11-14")) == 300
    assert shared(spans("8-10", "12-15"), span("9-13")) == 120


def test_a_week_repeats_and_is_kept_as_a_text():
    week = Pattern.of(spans("8-12", "14-16"), {1, 3})
    assert Pattern.read(str(week)) == week
    assert week.on(date(2026, 6, 10)) == spans("8-12", "14-16")
    assert week.on(date(2026, 6, 9)) == ()
    assert week.weekdays == {1, 3}
    with pytest.raises(ValueError, match="seven days"):
        Pattern(())
    with pytest.raises(Refused):
        Pattern((spans("8-12", "11-14"), (), (), (), (), (), ()))


# -- the lock ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "clock", "before", "locked"), [
    (7, time(18), "2025-10-20T17:59", "2025-10-20T18:00"),  # Monday at six, over the autumn change of the clock
    (7, time(18), "2026-03-23T17:59", "2026-03-23T18:00"),  # … and over that of spring
    (7, time(12), "2025-10-20T11:59", "2025-10-20T12:00"),  # Monday at noon
    (6, time(0), "2025-10-20T23:59", "2025-10-21T00:00"),  # the night to Tuesday
    (7, time(3), "2025-10-20T02:59", "2025-10-20T03:00"),  # Monday at three in the night
    (10, time(9), "2025-10-17T08:59", "2025-10-17T09:00"),  # Friday at nine, ten days before
])
def test_a_week_locks_at_a_moment_of_the_wall_clock(days, clock, before, locked):
    rules = policy(lock_days=days, lock_time=clock)
    monday = date(2025, 10, 27) if before.startswith("2025") else date(2026, 3, 30)
    assert lock_of(monday, rules) == lock_of(date(monday.year, monday.month, monday.day + 1), rules)
    assert window(datetime.fromisoformat(before), rules).start == monday
    assert window(datetime.fromisoformat(locked), rules).start == date.fromordinal(monday.toordinal() + 7)


@pytest.mark.parametrize(("now", "last"), [
    ("2026-06-01T12:00", date(2026, 8, 31)),
    ("2026-06-22T12:00", date(2026, 8, 31)),  # the first open Monday is the 29th of June
    ("2026-06-22T13:00", date(2027, 8, 31)),  # … and now the 6th of July
    ("2026-12-21T12:00", date(2027, 8, 31)),
])
def test_one_books_until_the_end_of_the_season(now, last):
    assert window(datetime.fromisoformat(now), policy()).last_day == last


def test_reminders_come_days_before_the_lock_and_only_of_days_that_nobody_knows():
    assert reminder_from(MONDAY, policy()) == datetime.fromisoformat("2026-05-29T13:00")
    days = [date(2026, 6, day) for day in (8, 9, 10)]
    assert missing(days, [days[0]], [days[2]]) == [days[1]]


@pytest.mark.parametrize("wrong", [
    {"lock_days": 0}, {"season_month": 13}, {"season_turns": 0}, {"remind_days": -1}])
def test_a_table_of_the_city_that_makes_no_sense_is_told(wrong):
    with pytest.raises(ValueError):
        policy(**wrong)


# -- parts of a day --------------------------------------------------------------------------------------

TEACHING = span("9-13")
PARTS = [
    # care, times, in term, parts missed
    ("preschool", "8-9:59", True, "n"), ("preschool", "8-10", True, ""), ("preschool", "", False, None),
    ("preparatory", "12:30-15", True, ""), ("preparatory", "13:01-15", True, "n"),  # nine to two unless told
    ("preschool_daycare", "8-9:30", True, "n"), ("preschool_daycare", "9:10-12:45", True, "b"),
    ("preschool_daycare", "8:10-13:45", True, ""), ("preschool_daycare", "", True, "nb"),
    ("preschool_daycare", "", False, "b"), ("preschool_daycare", "8-8:15", False, ""),
    ("preschool_daycare", "8:46-13:14", True, "b"), ("preschool_daycare", "8:45-13", True, ""),
    ("preschool_club", "9-13:15", True, ""),
    ("daycare", "8-8:14", True, "b"), ("daycare", "8-8:15", True, ""), ("temporary", "", True, "b"),
    ("preschool_daycare_only", "8-8:10", True, "b"),
    ("daycare_5yo", "8-16", True, ""), ("daycare_5yo", "8-12", True, "b"), ("daycare_5yo", "10-13:45", True, "b"),
    ("daycare_5yo", "8-12:15", True, ""), ("daycare_5yo", "8-8:10", True, "nb"),
    ("school_shift_care", "8-8:10", True, "n"), ("school_shift_care", "8-9", True, ""), ("club", "", True, None),
]


@pytest.mark.parametrize(("care", "times", "term", "missed"), PARTS)
def test_the_parts_of_a_day_that_times_leave_out(care, times, term, missed):
    kind = CareType(care)
    teaching = TEACHING if kind is not CareType.PREPARATORY else None
    found = parts_missed(kind, spans(times) if times else (), teaching=teaching, in_term=term)
    names = {"n": NONBILLABLE, "b": BILLABLE}
    assert found == (None if missed is None else {names[one] for one in missed})


def test_education_that_fills_the_whole_day_leaves_no_time_around_it():
    found = parts_missed(CareType.PRESCHOOL_DAYCARE, spans("0-23:59"), teaching=span("0-23:59"), in_term=True)
    assert found == {BILLABLE}


# -- what becomes of a day -------------------------------------------------------------------------------


def facts(**given) -> DayFacts:
    return DayFacts(**({"day": MONDAY, "care_type": CareType.DAYCARE, "hours": span("6:30-17")} | given))


def asked(*texts: str) -> Asked:
    return Asked(Ask.TIMES, spans(*texts))


def away(kind: AbsenceKind = OTHER, by: Reporter = GUARDIAN, **more) -> dict:
    return {BILLABLE: Noted(kind, by, **more)}


AWAY, PRESENT, NOTHING, AFTER_ALL = (Asked(one) for one in (Ask.AWAY, Ask.PRESENT, Ask.NOTHING, Ask.AFTER_ALL))


def test_a_guardian_books_an_open_day_and_the_earlier_booking_goes():
    found = after(asked("8-12", "14-16"), facts(booked=spans("8-16")), GUARDIAN, TODAY)
    assert (found.booked, found.absences, found.skipped) == (spans("8-12", "14-16"), {}, "")


@pytest.mark.parametrize(("wanted", "given", "key"), [
    (asked("8-16"), {"in_window": False}, "booking.locked"),
    (NOTHING, {"in_window": False, "booked": spans("8-16")}, "booking.locked"),
    (AFTER_ALL, {"in_window": False}, "booking.locked"),
    (AWAY, {"day": date(2026, 5, 29)}, "booking.day_has_passed"),
    (PRESENT, {}, "booking.times_missing"),
    (asked("6-16"), {}, "booking.outside_hours"),
    (asked("8-16"), {"hours": None}, "booking.outside_hours"),
    (PRESENT, {"phase": Phase.CLOSED, "booked": (None,)}, "booking.times_missing"),
    (NOTHING, {"phase": Phase.CLOSED, "booked": (None,)}, "booking.holiday_closed"),
    (asked("8-16"), {"phase": Phase.CLOSED}, "booking.holiday_closed"),
    (asked("8-16"), {"phase": Phase.CLOSED, "booked": (None,), "absences": away()}, "booking.holiday_closed"),
])
def test_what_a_guardian_may_not_ask(wanted, given, key):
    assert refusal(after, wanted, facts(**given), GUARDIAN, TODAY) == key


def test_the_unit_books_days_that_are_locked_or_past():
    for day in (date(2026, 5, 29), TODAY):
        found = after(asked("8-16"), facts(day=day, in_window=False), STAFF, TODAY)
        assert found.booked == spans("8-16")


@pytest.mark.parametrize(("wanted", "given", "skipped"), [
    (asked("8-16"), {"phase": Phase.NOT_YET}, "booking.holiday_not_open"),
    (asked("8-16"), {"has_care": False}, "booking.no_care"),
    (AWAY, {"has_care": False}, ""),
    (asked("8-16"), {"opened": False}, "booking.not_opened"),
    (asked("8-16"), {"absences": away(by=STAFF)}, "booking.marked_away"),
    (AWAY, {"absences": away(by=STAFF)}, "booking.marked_away"),
    (AFTER_ALL, {"absences": away(by=STAFF), "booked": spans("8-16")}, "booking.marked_away"),
])
def test_what_is_left_undone_is_told(wanted, given, skipped):
    before = facts(**given)
    found = after(wanted, before, GUARDIAN, TODAY)
    assert found.skipped == skipped
    assert found.absences == before.absences


def test_shifts_now_and_then_know_no_hours():
    assert after(asked("20-23:59"), facts(always=True), GUARDIAN, TODAY).booked == spans("20-23:59")


def test_care_that_follows_the_term_is_not_booked():
    for one in (asked("9-13"), PRESENT):
        found = after(one, facts(care_type=CareType.PRESCHOOL, fixed=True, absences={
            NONBILLABLE: Noted(OTHER, GUARDIAN)}), GUARDIAN, TODAY)
        assert (found.booked, found.absences) == ((), {})


def test_while_a_holiday_is_open_times_say_only_that_the_child_comes():
    assert after(asked("8-16"), facts(phase=Phase.OPEN), GUARDIAN, TODAY).booked == (None,)
    assert after(PRESENT, facts(phase=Phase.OPEN), STAFF, TODAY).booked == (None,)
    assert after(asked("8-16"), facts(phase=Phase.CLOSED, booked=(None,)), GUARDIAN, TODAY).booked == spans("8-16")
    assert after(asked("8-16"), facts(phase=Phase.CLOSED), STAFF, TODAY).booked == spans("8-16")
    with pytest.raises(Refused, match="booking.holiday_closed"):  # coming after all needs a booking that stands
        after(AFTER_ALL, facts(phase=Phase.CLOSED, absences=away()), GUARDIAN, TODAY)
    assert after(AFTER_ALL, facts(phase=Phase.CLOSED, absences=away(), booked=spans("8-16")), GUARDIAN, TODAY
                 ).absences == {}
    closed = facts(phase=Phase.CLOSED, booked=(None,))
    assert after(AWAY, closed, GUARDIAN, TODAY).absences == away()


def test_away_takes_every_part_and_an_open_booking_while_a_locked_one_stays():
    both = facts(care_type=CareType.PRESCHOOL_DAYCARE, booked=spans("8-16"), planned=True)
    found = after(AWAY, both, GUARDIAN, TODAY)
    assert found.booked == ()
    assert found.absences == {BILLABLE: Noted(PLANNED, GUARDIAN), NONBILLABLE: Noted(OTHER, GUARDIAN)}
    locked = after(AWAY, facts(booked=spans("8-16"), in_window=False, planned=True), GUARDIAN, TODAY)
    assert (locked.booked, locked.absences) == (spans("8-16"), away())
    ill = after(Asked(Ask.AWAY, kind=AbsenceKind.SICK), facts(planned=True), GUARDIAN, TODAY)
    assert ill.absences == away(AbsenceKind.SICK)


def test_a_child_comes_after_all_as_it_was_booked():
    locked = facts(in_window=False, booked=spans("8-16"), absences=away())
    found = after(AFTER_ALL, locked, GUARDIAN, TODAY)
    assert (found.booked, found.absences) == (spans("8-16"), {})
    untimed = after(AFTER_ALL, facts(phase=Phase.OPEN, booked=(None,), absences=away()), GUARDIAN, TODAY)
    assert (untimed.booked, untimed.absences) == ((None,), {})


@pytest.mark.parametrize(("noted", "by", "in_window", "may"), [
    (Noted(FREE, STAFF, answered=True), STAFF, False, True),
    (Noted(OTHER, GUARDIAN), GUARDIAN, False, True),
    (Noted(OTHER, GUARDIAN, answered=True), GUARDIAN, True, False),
    (Noted(OTHER, SYSTEM), GUARDIAN, True, False),
    (Noted(FREE, GUARDIAN), GUARDIAN, True, False),
    (Noted(PLANNED, GUARDIAN), GUARDIAN, False, False),
    (Noted(PLANNED, GUARDIAN), GUARDIAN, True, True),
])
def test_which_absences_give_way(noted, by, in_window, may):
    assert removable(noted, by, in_window) is may


# -- used hours ------------------------------------------------------------------------------------------

DAY, LATER = date(2026, 5, 4), date(2026, 5, 5)


def day(care: CareType = CareType.DAYCARE, **given) -> CareDay:
    return CareDay(**({"day": DAY, "care_type": care} | given))


USES = [
    (day(), Use(0, 342)),  # 120 hours ÷ 21 days
    (day(CareType.DAYCARE_5YO), Use(0, 102)),
    (day(open=False), Use()),
    (day(open=False, intermittent=True, booked=spans("8-16")), Use(480, 480)),
    (day(booked=spans("9-12"), attended=spans("11-14", "14-15")), Use(180, 360)),
    (day(CareType.PRESCHOOL_DAYCARE, teaching=TEACHING, booked=spans("8-16"), attended=spans("9-17")), Use(240, 300)),
    (day(CareType.DAYCARE_5YO, booked=spans("8-16")), Use(480, 240)),
    (day(CareType.DAYCARE_5YO, attended=spans("8-10")), Use(0, 0)),
    (day(absences={BILLABLE: FREE}), Use(360, 360)),  # 7 200 ÷ 20 days of care
    (day(CareType.DAYCARE_5YO, absences={BILLABLE: FREE, NONBILLABLE: FREE}), Use(360, 120)),
    (day(absences={BILLABLE: AbsenceKind.PARENT_LEAVE}), Use(0, 360)),
    (day(absences={BILLABLE: PLANNED}, booked=spans("8-16")), Use(480, 0)),
    (day(absences={BILLABLE: PLANNED}, booked=spans("8-16"), attended=spans("8-10")), Use(480, 480)),
    (day(CareType.SCHOOL_SHIFT_CARE, absences={NONBILLABLE: PLANNED}), Use(0, 0)),
    (day(absences={BILLABLE: AbsenceKind.SICK}, booked=spans("8-16")), Use(480, 480)),
    (day(day=LATER, booked=spans("8-16")), Use(480, 0)),  # today
    (day(day=LATER, booked=spans("9-12"), present=True), Use(180, 0)),
    (day(day=LATER, booked=spans("9-12"), attended=spans("9-12")), Use(180, 180)),
    (day(day=date(2026, 5, 6), absences={BILLABLE: FREE}), Use(360, 0)),
]


@pytest.mark.parametrize(("one", "use"), USES)
def test_what_a_day_takes_of_the_agreed_hours(one, use):
    assert use_of(one, hours=120, days=20, today=LATER) == use


def test_without_days_of_care_a_free_day_counts_as_any_other():
    assert use_of(day(absences={BILLABLE: FREE}), hours=120, days=0, today=LATER) == Use(342, 342)


def test_a_month_so_far_and_to_come():
    days = [day(booked=spans("8-16")), day(day=LATER, booked=spans("8-16")),
            day(day=date(2026, 5, 6), booked=spans("8-12")),
            day(day=date(2026, 5, 7), booked=spans("8-16"), absences={BILLABLE: OTHER})]
    found = balance(days, hours=20, open_days=20, today=LATER)
    assert found == Balance(1200, 480, 720)
    assert (found.forecast, found.left, found.over, found.near(Decimal("0.9"))) == (1200, 0, False, True)
    assert Balance(1200, 480, 300).near(Decimal("0.9")) is False
    assert Balance(1200, 900, 301).over
    left = day(day=LATER, booked=spans("8-16"), attended=spans("8-14"))
    assert balance([left], hours=20, open_days=20, today=LATER) == Balance(1200, 480, 0)


# -- agreed hours ----------------------------------------------------------------------------------------


def test_a_week_of_hours_is_a_pattern_and_regular_when_all_five_days_are_alike():
    week = pattern_of(Week.of(time(8), time(16)))
    assert week == Pattern.of(spans("8-16"), {1, 2, 3, 4, 5})
    assert is_regular(week)
    assert not is_regular(pattern_of(Week.of(time(8), time(16), {1, 2})))
    assert not is_regular(pattern_of(Week.of(time(8), time(16), {1, 2, 3, 4, 5, 6})))
    assert not is_regular(Pattern(((),) * 7))


def test_earlier_hours_make_room():
    def days(first: int, last: int | None) -> DateRange:
        return DateRange(date(2026, 6, first), date(2026, 6, last) if last else None)

    new = days(10, 20)
    assert make_room([days(1, 9), days(21, 30)], new) == [days(1, 9), days(21, 30)]
    assert make_room([days(10, 20), days(12, 15)], new) == [None, None]
    assert make_room([days(1, 12)], new) == [days(1, 9)]
    assert make_room([days(1, None)], new) == [days(1, 9)]  # open: the new one ends it
    assert make_room([days(15, 30)], new) == [days(21, 30)]
    assert make_room([days(1, 20)], new) == [days(1, 9)]
    assert make_room([days(15, None)], days(10, None)) == [None]
    assert refusal(make_room, [days(1, 30)], new) == "booking.times_within"


def test_days_without_hours():
    week = pattern_of(Week((Hours(time(8), time(12)), *(None,) * 6)))
    days = [date(2026, 6, 8), date(2026, 6, 9)]
    assert days_without(week, days) == [days[1]]
    assert days_without(Pattern(((),) * 7), days) == []
