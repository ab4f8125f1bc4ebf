"""The page of the coming days: figures, alarm, picture and table; who may see which unit."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from evaka.models.unit import Unit
from tests import day, factories
from tests.day import booked, shift
from tests.pages import seen, wordless

pytestmark = pytest.mark.usefixtures("database")
TUESDAY = date(2026, 6, 2)


@pytest.fixture
def unit(at: Any) -> Unit:
    """Eight children from 8 to 16 today and one adult; nobody has imported shifts for tomorrow."""
    at("2026-06-01T08:42")
    unit = factories.unit("Lokkilan päiväkoti")
    group, other = factories.group(unit, "Siilit", adults="2"), factories.group(unit, "Oravat", adults="1")
    for n in range(8):
        child = day.child(group if n < 7 else other)
        booked(child, "8.00-16.00")
    shift(day.adult("Nina"), group, "7.00-15.00")
    return unit


def test_a_shortage_of_a_coming_day_is_told_drawn_and_tabled(browser, unit):
    page = browser(factories.user("director", unit=unit)).get("/office/forecast/")
    text = seen(page)
    assert "maanantai 1.6.2026 8 0 0 8 lasta klo 8.00 1,2 1,0 Puuttuu 1,2 8.00–16.00" in text
    assert "tiistai 2.6.2026 8 0 8 8 lasta klo 8.00 1,2 3,0 Aikuiset riittävät" in text
    assert "Puuttuu enimmillään 1,2 aikuista: 8.00–16.00" in text
    assert re.search(r"8\.00 8 1,2 1,0 −0,2", text)
    assert re.search(r"15\.00 8 1,2 0,0 −1,2", text)
    assert page.text.count("c-missing") >= 32
    assert "Lasten ajat: varattu 8." in text


def test_a_day_and_a_group_are_chosen(browser, unit):
    client = browser(factories.user("director", unit=unit))
    tuesday = seen(client.get("/office/forecast/?day=2026-06-02"))
    assert "Päivälle ei ole tuotu työvuoroja." in tuesday
    assert "8 lapsen aikoja ei ole ilmoitettu: heidät on laskettu mukaan klo 8.00–16.00." in tuesday
    other = next(group for group in unit.groups if group.name == "Oravat")
    alone = seen(client.get(f"/office/forecast/?group={other.id}"))
    assert "maanantai 1.6.2026 1 0 0 1 lasta klo 8.00 1,0 0,0 Puuttuu 1,0" in alone


def test_nonsense_in_the_address_is_today_of_the_own_unit(browser, unit):
    client = browser(factories.user("director", unit=unit))
    for asked in ("day=gestern", "day=31.2.2026", "day=2026-06-06", "unit=x", "unit=999999", "group=abc", "day=1.1.1"):
        page = client.get(f"/office/forecast/?{asked}")
        assert page.status_code == 200, asked
        assert "Lokkilan päiväkoti" in page.text


def test_another_unit_is_not_shown(browser, unit):
    other = factories.user("director", unit=factories.unit("Aaltola"))
    page = browser(other).get(f"/office/forecast/?unit={unit.id}")
    assert "Lokkilan" not in page.text
    assert browser(factories.user("staff", group=unit.groups[0])).get("/office/forecast/").status_code == 403


@pytest.mark.parametrize("language", ["sv", "en"])
def test_it_speaks_the_readers_language(browser, unit, language):
    page = browser(factories.user("director", unit=unit, language=language)).get("/office/forecast/?day=2026-06-02")
    assert wordless(page) == set()


def test_a_closed_unit_has_no_days(browser, unit):
    factories.closure(unit, date(2026, 6, 1), date(2026, 9, 1))
    assert "Yksikkö on suljettu koko ajan." in seen(
        browser(factories.user("director", unit=unit)).get("/office/forecast/"))
