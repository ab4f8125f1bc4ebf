"""Kinds of absence, the parts of a day, and who may report what."""

from __future__ import annotations

from datetime import date

import pytest

from evaka import city
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.attendance import (
    BOTH,
    FREE_AND_PAID,
    FREE_ONLY,
    AbsenceCategory,
    AbsenceKind,
    AbsencePolicy,
    Reporter,
    absence_days,
    away_all_day,
    categories,
    check_absence,
    may_replace,
    recorded_kind,
)
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import CareType

BILLABLE, NONBILLABLE = AbsenceCategory.BILLABLE, AbsenceCategory.NONBILLABLE
TODAY = date(2026, 3, 2)
WEEK = DateRange(date(2026, 3, 2), date(2026, 3, 6))
YEAR = DateRange(date(2025, 8, 1), date(2026, 7, 31))
POLICY = AbsencePolicy(
    guardian=frozenset({AbsenceKind.OTHER, AbsenceKind.SICK}),
    staff=frozenset({AbsenceKind.SICK, AbsenceKind.UNKNOWN}),
    office=frozenset(AbsenceKind),
)


@pytest.mark.parametrize(
    ("care_type", "parts"),
    [
        (CareType.DAYCARE, {BILLABLE}),
        (CareType.DAYCARE_PART_TIME, {BILLABLE}),
        (CareType.PRESCHOOL_DAYCARE_ONLY, {BILLABLE}),
        (CareType.TEMPORARY, {BILLABLE}),
        (CareType.PRESCHOOL, {NONBILLABLE}),
        (CareType.CLUB, {NONBILLABLE}),
        (CareType.SCHOOL_SHIFT_CARE, {NONBILLABLE}),
        (CareType.DAYCARE_5YO, {BILLABLE, NONBILLABLE}),
        (CareType.PRESCHOOL_CLUB, {BILLABLE, NONBILLABLE}),
        (CareType.PREPARATORY_DAYCARE, {BILLABLE, NONBILLABLE}),
    ],
)
def test_the_parts_of_a_day(care_type, parts):
    assert categories(care_type) == parts


def test_no_care_is_of_two_sorts():
    assert not FREE_ONLY & FREE_AND_PAID


def test_a_child_is_away_all_day_when_every_part_is_covered():
    assert away_all_day({BILLABLE}, CareType.DAYCARE)
    assert away_all_day({BILLABLE, NONBILLABLE}, CareType.DAYCARE)
    assert away_all_day(BOTH, CareType.PRESCHOOL_DAYCARE)
    assert not away_all_day({BILLABLE}, CareType.PRESCHOOL_DAYCARE)
    assert not away_all_day({BILLABLE}, CareType.PRESCHOOL)


def test_the_kinds_come_in_one_order():
    assert POLICY.kinds(Reporter.GUARDIAN) == [AbsenceKind.SICK, AbsenceKind.OTHER]
    assert POLICY.kinds(Reporter.STAFF) == [AbsenceKind.SICK, AbsenceKind.UNKNOWN]
    assert POLICY.kinds(Reporter.OFFICE) == list(AbsenceKind)


def check(kind=AbsenceKind.SICK, period=WEEK, *, by=Reporter.GUARDIAN, present=(), parts=None, place=YEAR):
    places = [(place, CareType.DAYCARE)]
    check_absence(
        kind, period, by=by, policy=POLICY, today=TODAY, places=places, present=present, parts=parts
    )


def test_an_absence_that_may_be_reported():
    check()
    check(parts={BILLABLE})
    check(by=Reporter.STAFF, period=DateRange(date(2026, 2, 2), date(2026, 2, 6)))
    check(present=[date(2026, 3, 9)])


@pytest.mark.parametrize(
    ("changed", "key", "facts"),
    [
        (
            {"kind": AbsenceKind.UNKNOWN},
            "attendance.kind_not_allowed",
            {"kind": AbsenceKind.UNKNOWN, "allowed": [AbsenceKind.SICK, AbsenceKind.OTHER]},
        ),
        ({"period": DateRange(TODAY)}, "attendance.no_last_day", {"start": TODAY}),
        (
            {"period": DateRange(date(2026, 3, 1), date(2026, 3, 6))},
            "attendance.day_has_passed",
            {"day": date(2026, 3, 1), "today": TODAY},
        ),
        (
            {"place": DateRange(date(2026, 3, 7))},
            "attendance.no_place",
            {"period": WEEK},
        ),
        (
            {"parts": {NONBILLABLE}},
            "attendance.no_such_part",
            {"parts": [NONBILLABLE], "care_type": CareType.DAYCARE},
        ),
        (
            {"present": [date(2026, 3, 5), date(2026, 3, 3), date(2026, 3, 9)]},
            "attendance.was_present",
            {"day": date(2026, 3, 3)},
        ),
    ],
)
def test_an_absence_that_may_not_be_reported(changed, key, facts):
    with pytest.raises(Refused) as refused:
        check(**changed)
    assert (refused.value.key, refused.value.facts) == (key, facts)


def test_an_absence_is_written_for_days_of_care_within_the_place():
    def has_care(day: date) -> bool:
        return OpenDays().has_care(day, shift_care=False)

    place = DateRange(date(2026, 3, 5), date(2026, 3, 31))
    fortnight = DateRange(date(2026, 2, 23), date(2026, 3, 8))
    assert list(absence_days(fortnight, place, CareType.PRESCHOOL_DAYCARE, has_care)) == [
        (date(2026, 3, 5), BILLABLE),
        (date(2026, 3, 5), NONBILLABLE),
        (date(2026, 3, 6), BILLABLE),
        (date(2026, 3, 6), NONBILLABLE),
    ]
    assert list(absence_days(DateRange(TODAY, TODAY), place, CareType.DAYCARE, has_care)) == []


@pytest.mark.parametrize(
    ("kind", "agreed_days", "in_time", "written"),
    [
        (AbsenceKind.OTHER, True, True, AbsenceKind.PLANNED),
        (AbsenceKind.OTHER, True, False, AbsenceKind.OTHER),
        (AbsenceKind.OTHER, False, True, AbsenceKind.OTHER),
        (AbsenceKind.SICK, True, True, AbsenceKind.SICK),
    ],
)
def test_away_in_time_does_not_use_up_agreed_days(kind, agreed_days, in_time, written):
    assert recorded_kind(kind, agreed_days=agreed_days, in_time=in_time) is written


@pytest.mark.parametrize(
    ("before", "reported_by", "by", "in_time", "may"),
    [
        (AbsenceKind.FREE, Reporter.OFFICE, Reporter.STAFF, False, True),
        (AbsenceKind.OTHER, Reporter.STAFF, Reporter.GUARDIAN, True, False),
        (AbsenceKind.FREE, Reporter.GUARDIAN, Reporter.GUARDIAN, True, False),
        (AbsenceKind.PLANNED, Reporter.GUARDIAN, Reporter.GUARDIAN, True, True),
        (AbsenceKind.PLANNED, Reporter.GUARDIAN, Reporter.GUARDIAN, False, False),
        (AbsenceKind.OTHER, Reporter.GUARDIAN, Reporter.GUARDIAN, False, True),
    ],
)
def test_who_may_change_an_absence(before, reported_by, by, in_time, may):
    assert may_replace(before, reported_by=reported_by, by=by, in_time=in_time) is may


def test_a_guardian_reports_illness_and_other_absences_by_the_shipped_policy():
    policy = city.value("absences", "who", AbsencePolicy)
    assert policy.kinds(Reporter.GUARDIAN) == [AbsenceKind.SICK, AbsenceKind.OTHER]
    assert policy.office == frozenset(AbsenceKind)
