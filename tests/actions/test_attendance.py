"""Absences: a row for each day of care, by whoever may tell of which kind."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import attendance as act
from evaka.kit.errors import Denied, Refused
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.user import Grant
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter
from evaka.rules.placement import CareType
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def child():
    child = factories.child()
    factories.placement(child, date(2026, 1, 1), date(2026, 12, 31))
    return child


def noted(child) -> list[tuple[str, str, str]]:
    rows = db.session.scalars(select(Absence).where(Absence.child_id == child.id).order_by(Absence.day))
    return [(one.day.isoformat(), one.kind.value, one.reported_by.value) for one in rows]


def test_a_guardian_tells_of_an_absence_and_only_days_of_care_are_written(by, child):
    guardian = factories.user("guardian", person=child.guardians[0])
    # Thursday to Tuesday; Friday 19.6.2026 is Midsummer Eve
    act.absent(child, by(guardian), first=date(2026, 6, 18), last=date(2026, 6, 23), kind=AbsenceKind.SICK)
    keep()
    assert noted(child) == [(f"2026-06-{day}", "sick", "guardian") for day in (18, 22, 23)]


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        (
            {"first": date(2026, 6, 18), "last": date(2026, 6, 17), "kind": AbsenceKind.SICK},
            "attendance.ends_first",
        ),
        (
            {"first": date(2026, 6, 18), "last": date(2027, 6, 19), "kind": AbsenceKind.SICK},
            "attendance.too_long",
        ),
        (
            {"first": date(2026, 6, 18), "last": date(2026, 6, 18), "kind": AbsenceKind.FREE},
            "attendance.kind_not_allowed",
        ),
        (
            {"first": date(2026, 5, 29), "last": date(2026, 6, 18), "kind": AbsenceKind.SICK},
            "attendance.day_has_passed",
        ),
        (
            {"first": date(2027, 6, 17), "last": date(2027, 6, 18), "kind": AbsenceKind.SICK},
            "attendance.no_place",
        ),
        (
            {"first": date(2026, 6, 20), "last": date(2026, 6, 21), "kind": AbsenceKind.SICK},
            "attendance.no_care_days",
        ),
    ],
)
def test_what_a_guardian_may_not_tell(by, child, inputs, key):
    guardian = factories.user("guardian", person=child.guardians[0])
    with pytest.raises(Refused, match=key):
        act.absent(child, by(guardian), **inputs)


def test_only_the_own_guardian_and_the_own_unit_tell(by, child):
    strangers = (
        factories.user("guardian", person=factories.person()),
        factories.user("director", unit=factories.unit()),
        factories.user("finance"),
    )
    for stranger in strangers:
        with pytest.raises(Denied):
            act.absent(child, by(stranger), first=date(2026, 6, 2), last=date(2026, 6, 2), kind=AbsenceKind.SICK)


def test_a_guardian_does_not_change_what_the_unit_has_noted(by, child):
    place = db.session.scalar(select(factories.Placement))
    day = {"first": date(2026, 6, 2), "last": date(2026, 6, 2)}
    act.absent(child, by(factories.user("director", unit=place.unit)), **day, kind=AbsenceKind.FREE)
    with pytest.raises(Refused, match=r"attendance.told_by_unit"):
        act.absent(child, by(factories.user("guardian", person=child.guardians[0])), **day, kind=AbsenceKind.SICK)
    assert noted(child) == [("2026-06-02", "free", "office")]


def test_the_staff_of_the_group_corrects_what_a_guardian_told(by, child):
    place = db.session.scalar(select(factories.Placement))
    group = factories.group(place.unit)
    factories.in_group(place, group)
    day = {"first": date(2026, 6, 2), "last": date(2026, 6, 2)}
    act.absent(child, by(factories.user("guardian", person=child.guardians[0])), **day, kind=AbsenceKind.OTHER)
    act.absent(child, by(factories.user("staff", group=group)), **day, kind=AbsenceKind.SICK)
    assert noted(child) == [("2026-06-02", "sick", "staff")]


def test_away_beforehand_is_planned_for_a_child_with_agreed_days(by):
    child = factories.child()
    factories.placement(child, date(2026, 1, 1), date(2026, 12, 31), service_need="ten_days")
    guardian = factories.user("guardian", person=child.guardians[0])
    act.absent(child, by(guardian), first=date(2026, 6, 5), last=date(2026, 6, 8), kind=AbsenceKind.OTHER)
    assert [kind for _, kind, _ in noted(child)] == ["other", "planned"]  # the week of the first is locked


def test_a_day_of_pre_primary_education_and_care_has_two_parts(by):
    child = factories.child(born=date(2020, 3, 1))
    factories.placement(child, date(2026, 1, 1), date(2026, 12, 31), care_type=CareType.PRESCHOOL_DAYCARE)
    rows = act.absent(
        child,
        by(factories.user("admin")),
        first=date(2026, 6, 2),
        last=date(2026, 6, 2),
        kind=AbsenceKind.SICK,
    )
    assert {row.category for row in rows} == set(AbsenceCategory)
    act.remove(rows[0], by(factories.user("admin")))
    keep()
    assert noted(child) == []


def test_the_reporter_is_who_the_role_says(by):
    unit = factories.unit()
    group = factories.group(unit)
    assert act.reporter_of(by(factories.user("director", unit=unit))) is Reporter.OFFICE
    assert act.reporter_of(by(factories.user("staff", group=group))) is Reporter.STAFF
    assert act.reporter_of(by(factories.user("guardian", person=factories.person()))) is Reporter.GUARDIAN
    assert act.reporter_of(by(None)) is Reporter.OFFICE


def test_an_employee_tells_of_the_own_child_as_its_guardian(by, child):
    director = factories.user("director", unit=factories.unit(), person=child.guardians[0])
    factories.save(Grant(user=director, role="guardian", start=date(2020, 1, 1)))
    away = {"first": date(2026, 6, 2), "last": date(2026, 6, 2)}
    with pytest.raises(Refused, match="attendance.kind_not_allowed"):
        act.absent(child, by(director), **away, kind=AbsenceKind.FREE)
    act.absent(child, by(director), **away, kind=AbsenceKind.SICK)
    assert noted(child) == [("2026-06-02", "sick", "guardian")]
    place = db.session.scalar(select(factories.Placement))
    other = factories.child()
    factories.placement(other, date(2026, 1, 1), date(2026, 12, 31), unit=place.unit)
    act.absent(other, by(factories.user("director", unit=place.unit)), **away, kind=AbsenceKind.FREE)
    assert noted(other) == [("2026-06-02", "free", "office")]
