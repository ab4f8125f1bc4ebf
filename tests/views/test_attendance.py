"""Absences on the screen: the unit's own list, and the guardian who tells of one."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.rules.attendance import AbsenceKind, Reporter
from evaka.rules.placement import CareType
from tests import factories
from tests.conftest import keep
from tests.pages import press, refused

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def child():
    child = factories.child(first_name="Aino")
    factories.placement(child, date(2026, 1, 1), date(2026, 12, 31))
    return child


def test_a_guardian_chooses_the_own_child_and_tells_of_an_absence(browser, child):
    stranger = factories.child(first_name="Eino")
    ids = child.id, child.version, stranger.id
    family = browser(factories.user("guardian", person=child.guardians[0]))
    listing = family.get("/my/attendance/").text
    assert "Aino" in listing
    assert "Eino" not in listing
    assert family.get(f"/my/attendance/details/?id={ids[2]}").status_code == 404
    assert family.get(f"/my/attendance/do/attendance.absent/?id={ids[2]}").status_code == 404
    form = family.get(f"/my/attendance/do/attendance.absent/?id={ids[0]}").text
    assert 'value="sick"' in form
    assert 'value="free"' not in form
    done = family.post(
        f"/my/attendance/do/attendance.absent/?id={ids[0]}",
        data={"row_version": str(ids[1]), "first": "2.6.2026", "last": "3.6.2026", "kind": "sick"},
    )
    assert done.status_code == 302, done.text
    rows = db.session.execute(select(Absence.day, Absence.kind, Absence.reported_by).order_by(Absence.day)).all()
    assert [tuple(row) for row in rows] == [(date(2026, 6, day), AbsenceKind.SICK, Reporter.GUARDIAN) for day in (2, 3)]
    assert "2.6.2026" in family.get(f"/my/attendance/details/?id={ids[0]}").text


def test_a_kind_that_is_not_the_guardians_is_not_taken(browser, child):
    id, version = child.id, child.version
    family = browser(factories.user("guardian", person=child.guardians[0]))
    page = family.post(
        f"/my/attendance/do/attendance.absent/?id={id}",
        data={"row_version": str(version), "first": "2.6.2026", "last": "3.6.2026", "kind": "free"},
    )
    assert page.status_code == 200
    assert db.session.scalar(select(Absence.id)) is None


def test_a_director_sees_and_removes_absences_of_the_own_unit_only(browser, child):
    place = db.session.scalar(select(factories.Placement))
    elsewhere = factories.child(first_name="Eino")
    factories.placement(elsewhere, date(2026, 1, 1), date(2026, 12, 31))
    mine = factories.absence(child, date(2026, 6, 2)).id
    other = factories.absence(elsewhere, date(2026, 6, 2)).id
    director = browser(factories.user("director", unit=place.unit))
    listing = director.get("/office/attendance/").text
    assert "Aino" in listing
    assert "Eino" not in listing
    chosen = {"verb": "remove", "rowid": [str(mine), str(other)], "confirmed": "1"}
    assert director.post("/office/attendance/bulk/", data=chosen).status_code == 302
    assert db.session.scalars(select(Absence.id)).all() == [other]


def test_where_absences_are_not_open_nothing_leads_a_guardian_to_them(browser):
    guardian = factories.person()
    here, there = factories.child(guardian, first_name="Avoin"), factories.child(guardian, first_name="Kiinni")
    place = factories.placement(here, date(2026, 1, 1))
    factories.placement(there, date(2026, 1, 1), unit=factories.unit(features=["messages"]))
    parent = browser(factories.user("guardian", person=guardian))
    home = parent.get("/my/").text
    assert f"attendance.absent/?id={here.id}" in home
    assert f"attendance.absent/?id={there.id}" not in home
    assert "attendance.absent" in parent.get(f"/my/attendance/details/?id={here.id}").text
    assert "attendance.absent" not in parent.get(f"/my/attendance/details/?id={there.id}").text
    page = press(parent, f"/my/attendance/do/attendance.absent/?id={there.id}",
                 first="3.6.2026", last="3.6.2026", kind="sick")
    assert "Poissaoloja ei voi vielä ilmoittaa täällä" in refused(page)[0]
    place.unit.features = []
    keep()
    assert 'href="/my/attendance/"' not in parent.get("/my/").text


def test_the_form_offers_the_kinds_and_parts_of_the_day_that_there_are(browser):
    unit = factories.unit(care_types=["preschool_daycare"])
    group = factories.group(unit)
    preschooler, toddler = factories.child(born=date(2020, 3, 1)), factories.child()
    for child, care in ((preschooler, "preschool_daycare"), (toddler, "daycare")):
        factories.in_group(factories.placement(child, date(2026, 1, 1), unit=unit, care_type=CareType(care)), group)
    staff = browser(factories.user("staff", unit, group))
    form = staff.get(f"/office/person/do/attendance.absent/?id={preschooler.id}").text
    assert ">Koko päivä</option>" in form
    assert 'value="nonbillable"' in form
    assert 'value="planned"' in form
    assert 'value="force_majeure"' not in form  # a free day is the director's to give
    assert ">Koko päivä</option>" not in staff.get(f"/office/person/do/attendance.absent/?id={toddler.id}").text
    page = press(staff, f"/office/person/do/attendance.absent/?id={preschooler.id}", first="17.8.2026",
                 last="17.8.2026", kind="sick", part="nonbillable")
    assert not refused(page)
    assert db.session.scalars(select(Absence.category)).all() == ["nonbillable"]
    phone = browser(factories.user("guardian", person=preschooler.guardians[0]))
    assert ">Koko päivä</option>" not in phone.get(f"/my/attendance/do/attendance.absent/?id={preschooler.id}").text
