"""Every kind of absence by everybody who may tell of it, and by those who may not."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import attendance as act
from evaka.kit.errors import Denied, Refused
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, Reporter
from evaka.rules.placement import CareType
from tests import factories
from tests.day import booked

pytestmark = pytest.mark.usefixtures("database")
DAY = date(2026, 6, 2)
GUARDIANS, STAFF, ALL = {"sick", "other"}, {"sick", "planned", "other", "unknown"}, set(AbsenceKind)
MAY = {  # role: which kinds, and as what it is written
    "guardian": (GUARDIANS, Reporter.GUARDIAN),
    "staff": (STAFF, Reporter.STAFF),
    "tablet": (STAFF, Reporter.STAFF),
    "special_education_teacher": (ALL, Reporter.OFFICE),
    "director": (ALL, Reporter.OFFICE),
    "secretary": (ALL, Reporter.OFFICE),
    "admin": (ALL, Reporter.OFFICE),
    "service_worker": (set(), None),
    "finance": (set(), None),
    "messaging": (set(), None),
}


@pytest.mark.parametrize("role", MAY)
def test_which_kinds_somebody_may_tell_of(by, role):
    kinds, reporter = MAY[role]
    unit = factories.unit()
    group = factories.group(unit)
    user = None
    for kind in AbsenceKind:
        child = factories.child()
        factories.in_group(factories.placement(child, date(2026, 1, 1), unit=unit), group)
        if role == "guardian":
            user = factories.user(role, person=child.guardians[0])
        elif role == "tablet":
            user = user or factories.device(unit).user
        else:
            own = {"director", "secretary", "special_education_teacher"}
            user = user or factories.user(role, unit if role in own else None, group if role == "staff" else None)
        if kind not in kinds:
            with pytest.raises(Refused) as no:
                act.absent(child, by(user), first=DAY, last=DAY, kind=kind)
            assert isinstance(no.value, Denied) if not kinds else no.value.key == "attendance.kind_not_allowed"
            continue
        act.absent(child, by(user), first=DAY, last=DAY, kind=kind)
        row = db.session.scalars(select(Absence).where(Absence.child_id == child.id)).one()
        assert (row.kind, row.reported_by) == (kind, reporter)


@pytest.mark.parametrize("role", ["director", "secretary", "staff"])
def test_nobody_tells_of_another_units_child(by, role):
    child = factories.child()
    factories.placement(child, date(2026, 1, 1))
    other = factories.unit()
    user = factories.user(role, None if role == "staff" else other, factories.group(other))
    with pytest.raises(Denied):
        act.absent(child, by(user), first=DAY, last=DAY, kind=AbsenceKind.SICK)


def test_who_has_come_is_not_away(by):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 1))
    factories.presence(child, place.unit, date(2026, 6, 1))
    guardian = factories.user("guardian", person=child.guardians[0])
    with pytest.raises(Refused, match=r"attendance\.was_present"):
        act.absent(child, by(guardian), first=date(2026, 6, 1), last=DAY, kind=AbsenceKind.SICK)


def test_in_care_elsewhere_the_days_of_that_unit_count(by):
    """The own unit is closed in July; a duty unit takes the child, and it can be told away there."""
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 1))
    factories.closure(place.unit, date(2026, 7, 1), date(2026, 7, 31), "Kesäsulku")
    duty = factories.unit(weekdays=range(1, 7))
    factories.backup_care(child, duty, date(2026, 7, 6), date(2026, 7, 12))
    guardian = factories.user("guardian", person=child.guardians[0])
    rows = act.absent(child, by(guardian), first=date(2026, 7, 6), last=date(2026, 7, 12), kind=AbsenceKind.OTHER)
    assert [row.day.day for row in rows] == [6, 7, 8, 9, 10, 11]  # the duty unit is open on Saturdays


def test_the_unit_marks_one_part_of_a_day_and_the_rest_stays_booked(by):
    child = factories.child(born=date(2020, 3, 1))
    unit = factories.unit(care_types=["preschool_daycare"])
    factories.placement(child, date(2026, 1, 1), unit=unit, care_type=CareType.PRESCHOOL_DAYCARE)
    director = by(factories.user("director", unit=unit))
    day = date(2026, 8, 17)
    booked(child, "8.00-16.00", day)
    act.absent(child, director, first=day, last=day, kind=AbsenceKind.FORCE_MAJEURE, part=AbsenceCategory.BILLABLE)
    rows = db.session.scalars(select(Absence)).all()
    assert [(row.category, row.kind) for row in rows] == [(AbsenceCategory.BILLABLE, AbsenceKind.FORCE_MAJEURE)]
    assert len(db.session.scalars(select(Booking)).all()) == 1
    other = factories.child()
    factories.placement(other, date(2026, 1, 1), unit=unit)
    with pytest.raises(Refused, match="no_such_part"):
        act.absent(other, director, first=day, last=day, kind=AbsenceKind.SICK, part=AbsenceCategory.NONBILLABLE)
