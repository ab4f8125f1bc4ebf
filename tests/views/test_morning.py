"""The director's first page: five questions answered without a click, of the own unit alone."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from evaka.models.attendance import AbsenceApplication
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.placement import PlanStatus
from tests import day, factories
from tests.conftest import keep, statements
from tests.day import booked, came, shift, works
from tests.pages import seen, wordless

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def morning(at: Any) -> Unit:
    """8.42 on a Monday: one child here, one late, one to come, one ill; tomorrow nobody works."""
    at("2026-06-01T08:42")
    unit = factories.unit("Lokkilan päiväkoti")
    group = factories.group(unit, "Siilit")
    factories.group(unit, "Oravat")
    names = ("Aino", "Veikko", "Lempi", "Alma")
    here, late, coming, ill = (day.child(group, first_name=name, last_name="Meri") for name in names)
    booked(here, "7.00-15.00"), booked(late, "8.00-15.00"), booked(coming, "9.00-15.00")
    factories.absence(ill, day.MONDAY)
    came(here, unit, "7.05", group_id=group.id)
    nurse = day.adult("Nina Nieminen")
    shift(nurse, group, "7.00-15.00")
    works(nurse, group, "6.58")
    shift(nurse, group, "12.00-16.00", date(2026, 6, 2))
    for one in (here, late, coming):
        booked(one, "8.00-15.00", date(2026, 6, 2))
    return unit


def opened(browser: Any, unit: Unit) -> Any:
    page = browser(factories.user("director", unit=unit)).get("/office/")
    assert page.status_code == 200
    return page


def test_the_five_questions_are_answered_without_a_click(browser, morning):
    factories.plan(factories.application(units=[morning]), status=PlanStatus.PROPOSED)
    text = seen(opened(browser, morning))
    assert "Maanantai 1.6.2026" in text
    assert "Lokkilan päiväkoti · avoinna 6.30–17.00 · tiedot klo 8.42" in text
    # who is here, awaited, away, unexplained: in all and by group
    assert "Lapsia läsnä 1 / 3 odotettua" in text
    assert "Selvittämättä 1 Katso" in text
    assert re.search(r"Siilit 1 / 4 1 1 1 1 1,0", text)
    # adults and the ratio, now and for two hours
    assert "Aikuisia läsnä 1 klo 9.00: 1" in text
    assert "Suhdeluku nyt 1,0 raja 7,0" in text
    assert "Suurin arvo 2 tunnin sisällä 3,0 klo 9.00" in text
    # tomorrow
    assert "Huomenna 4 lasta, 1 aikuista" in text
    assert "Puuttuu enimmillään 1,0 aikuista: 8.00–12.00" in text
    # what waits
    assert "1 Paikkaehdotuksia vahvistettavaksi" in text


def test_who_is_late_and_who_is_away_is_named_and_put_right_from_here(browser, morning):
    page = opened(browser, morning)
    text = seen(page)
    assert "Veikko Meri Siilit, piti tulla 8.00 Merkitse" in text
    assert "Meri Alma Siilit Sairaus" in text
    assert "Lempi Meri Siilit, piti tulla" not in text
    veikko = db.session.query(Person).filter_by(first_name="Veikko").one()
    assert f"/office/person/do/attendance.absent/?id={veikko.id}" in page.text


def test_the_course_of_the_day_is_drawn_with_its_figures(browser, morning):
    page = opened(browser, morning)
    assert "nyt 8.42" in seen(page)
    assert re.search(r"9\.00 3 1,0 1,0 \+0,0", seen(page))
    assert page.text.count("<svg class=\"of-chart\"") == 1


def test_whoever_leads_several_units_sees_a_line_of_each(browser, morning):
    other = factories.unit("Aaltolan päiväkoti")
    factories.group(other, "Kuikat")
    user = factories.user("director", unit=morning)
    factories.save(type(user.grants[0])(user=user, role="director", unit_id=other.id, start=date(2020, 1, 1), end=None))
    client = browser(user)
    text = seen(client.get(f"/office/?unit={morning.id}"))
    assert "Yksiköt nyt" in text
    assert "Aaltolan päiväkoti 0 / 0" in text
    assert "Lokkilan päiväkoti 1 / 4" in text
    assert "Siilit" in text
    assert "Kuikat" not in text
    assert "Kuikat" in seen(client.get(f"/office/?unit={other.id}"))


def test_what_waits_leads_to_as_many_rows(browser, morning):
    """Each kind of thing that ends or wants an answer, once in the unit and once elsewhere."""
    for unit in (morning, factories.unit()):
        group = factories.group(unit, "Ketut")
        child = day.child(group)
        factories.save(AbsenceApplication(
            child_id=child.id, start=date(2026, 6, 8), end=date(2026, 6, 12), reason="Loma",
            person_id=child.guardians[0].id, made_at=factories.NOON))
        factories.factor(child, "1.5", end=date(2026, 6, 20))
        factories.daycare_support(child, end=date(2026, 6, 20))
        need = db.session.scalars(select(ServiceNeedPeriod).order_by(ServiceNeedPeriod.id.desc())).first()
        assert need is not None
        need.end = date(2026, 6, 15)
        factories.backup_care(factories.child(), unit, date(2026, 6, 1), date(2026, 6, 5))
        substitute = factories.user("staff", unit, group)
        substitute.grants[0].end = date(2026, 6, 10)
    client = browser(factories.user("director", unit=morning))
    lines = re.findall(r'<li><span class="of-todo__n">(\d+)</span><span><a href="([^"]*)">([^<]*)</a>',
                       client.get("/office/").text)
    found = {label: (int(n), url.replace("&amp;", "&")) for n, url, label in lines}
    wanted = {"Poissaolohakemuksia vastattavaksi", "Varasijoitettuja lapsia, joille ryhmä on valitsematta",
              "Palveluntarve päättyy 30 päivän sisällä", "Tuen kerroin päättyy 30 päivän sisällä",
              "Tuen taso päättyy 30 päivän sisällä", "Sijaisen tai työntekijän oikeus päättyy 14 päivän sisällä"}
    assert wanted <= found.keys()
    for label in wanted:
        n, url = found[label]
        assert n == 1, label
        assert "Rivejä 1" in seen(client.get(url)), label


def test_another_units_children_are_not_there(browser, morning):
    elsewhere = factories.unit()
    day.child(factories.group(elsewhere, "Kuikat"), first_name="Toisaalla")
    page = opened(browser, elsewhere)
    assert "Aino" not in page.text
    asked = browser(factories.user("director", unit=elsewhere)).get(f"/office/?unit={morning.id}")
    assert "Lokkilan" not in asked.text


def test_on_a_day_on_which_the_unit_is_closed_it_says_so(browser, morning, at):
    at("2026-06-06T10:00")  # a Saturday
    text = seen(opened(browser, morning))
    assert "suljettu tänään" in text
    assert "Maanantai 8.6." in text


def test_a_unit_without_groups_or_children_has_a_page_too(browser, at):
    at("2026-06-01T08:42")
    assert "Lapsia läsnä 0 / 0 odotettua" in seen(opened(browser, factories.unit()))


@pytest.mark.parametrize("language", ["sv", "en"])
def test_it_speaks_the_readers_language(browser, morning, language):
    page = browser(factories.user("director", unit=morning, language=language)).get("/office/")
    assert wordless(page) == set()
    assert {"sv": "Relationstal nu", "en": "Ratio now"}[language] in seen(page)


def test_it_asks_as_often_for_many_children_as_for_few(browser, morning):
    client = browser(factories.user("director", unit=morning))
    client.get("/office/")
    with statements() as few:
        client.get("/office/")
    group = morning.groups[0]
    for _ in range(10):
        came(booked(day.child(group), "7.00-15.00"), morning, "7.10", group_id=group.id)
    keep()
    with statements() as many:
        client.get("/office/")
    assert len(many) == len(few) <= 60
