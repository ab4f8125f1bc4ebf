"""Areas, units and groups, and the percentage of a unit with its arithmetic."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.models.base import db
from evaka.models.unit import Area, Caretakers, Group, Unit
from tests import factories
from tests.pages import Later, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def admin(browser):
    return Later(lambda: browser(factories.user("admin")))


def typed(area, **more):
    return {
        "name": "Uusi päiväkoti",
        "area": area.id,
        "provider": "municipal",
        "care_types": ["daycare", "daycare_part_time"],
        "language": "fi",
        "weekdays": ["1", "2", "3", "4", "5"],
        "capacity": "60",
        "start": "1.8.2026",
    } | more


def test_a_unit_is_entered_with_its_care_and_its_days(admin):
    area = factories.area()
    admin.post("/office/unit/new/", data=typed(area), follow_redirects=True)
    unit = db.session.scalars(select(Unit)).one()
    assert (unit.name, unit.start, unit.end, unit.capacity) == ("Uusi päiväkoti", date(2026, 8, 1), None, 60)
    assert (unit.care_types, unit.weekdays) == (["daycare", "daycare_part_time"], [1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    "more",
    [
        {"care_types": []},
        {"name": ""},
        {"start": "x"},
        {"provider": "x"},
        {"language": "xx"},
        {"capacity": "paljon"},
        {"end": "1.7.2026"},
    ],
)
def test_a_unit_that_cannot_be_is_not_kept(admin, more):
    filled = typed(factories.area(), **more)
    page = admin.post("/office/unit/new/", data=filled, follow_redirects=True)
    assert page.status_code == 200
    assert refused(page)
    assert db.session.scalars(select(Unit)).all() == []


def test_two_units_have_two_names(admin):
    unit = factories.unit("Lokkila")
    page = admin.post("/office/unit/new/", data=typed(unit.area, name="Lokkila"), follow_redirects=True)
    assert refused(page) == ["Tämänniminen yksikkö on jo olemassa. Anna toinen nimi."]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_page_has_words_and_opens_with_and_without_groups(browser, language):
    bare, unit = factories.unit(), factories.unit(shift_care=True, family_day_care=True)
    group = factories.group(unit)
    adults = db.session.scalars(select(Caretakers)).one()
    reader = browser(factories.user("admin", language=language))
    for address in (
        "unit/?all=1",
        f"unit/details/?id={bare.id}",
        f"unit/details/?id={unit.id}",
        "unit/new/",
        f"unit/edit/?id={unit.id}",
        "group/?all=1",
        f"group/details/?id={group.id}",
        "group/new/",
        f"group/edit/?id={group.id}",
        "area/?all=1",
        "area/new/",
        f"area/details/?id={unit.area_id}",
        "caretakers/?all=1",
        "caretakers/new/",
        f"caretakers/details/?id={adults.id}",
    ):
        page = reader.get(f"/office/{address}")
        assert page.status_code == 200, address
        assert not wordless(page), address


def test_the_percentage_of_a_unit_is_told_with_its_arithmetic(admin):
    """Three adults of seven children each; one child of two counts 1,75."""
    unit = factories.unit()
    group = factories.group(unit)
    for born in (date(2022, 5, 1), date(2022, 5, 1), date(2024, 5, 1)):
        factories.in_group(factories.placement(factories.child(born=born), date(2026, 1, 1), unit=unit), group)
    page = seen(admin.get(f"/office/unit/details/?id={unit.id}"))
    assert "17,9 %" in page  # 3,75 / 21
    assert "Siilit 3 3" in page  # children and adults of the group


def test_children_of_a_group_are_listed_while_they_are_in_it(admin):
    unit = factories.unit()
    group = factories.group(unit)
    for name, start, end in (
        ("Nykyinen", date(2026, 1, 1), None),
        ("Entinen", date(2025, 1, 1), date(2026, 5, 31)),
        ("Tuleva", date(2026, 6, 2), None),
    ):
        place = factories.placement(factories.child(last_name=name), start, end, unit=unit)
        factories.in_group(place, group)
    page = seen(admin.get(f"/office/group/details/?id={group.id}"))
    assert [one for one in ("Nykyinen", "Entinen", "Tuleva") if one in page] == ["Nykyinen"]


def test_a_group_has_one_number_of_adults_at_a_time(admin):
    group = factories.group(factories.unit())
    page = admin.post(
        "/office/caretakers/new/",
        data={"group": group.id, "amount": "2,5", "start": "1.9.2026", "end": ""},
        follow_redirects=True,
    )
    assert refused(page) == ["Ryhmälle on jo merkitty henkilöstö osalle näistä päivistä. Päätä aiempi jakso ensin."]
    assert len(db.session.scalars(select(Caretakers)).all()) == 1


def test_a_director_edits_the_own_unit_and_makes_no_new_ones(browser):
    here, elsewhere = factories.unit(), factories.unit()
    director = browser(factories.user("director", here))
    assert director.get(f"/office/unit/edit/?id={here.id}").status_code == 200
    assert director.get(f"/office/unit/details/?id={elsewhere.id}").status_code == 404
    assert director.get(f"/office/unit/edit/?id={elsewhere.id}").status_code in (302, 404)
    assert director.get("/office/unit/new/").status_code == 403
    assert elsewhere.name not in seen(director.get("/office/unit/?all=1"))


def test_a_director_does_not_give_a_group_away_to_another_unit(browser):
    here, elsewhere = factories.unit(), factories.unit()
    group = factories.group(here)
    director = browser(factories.user("director", here))
    form = director.get(f"/office/group/edit/?id={group.id}").text
    version = form.partition('name="row_version"')[2].partition('value="')[2].partition('"')[0]
    director.post(
        f"/office/group/edit/?id={group.id}",
        data={"row_version": version, "unit": elsewhere.id, "name": "Karkurit", "start": "1.1.2020"},
    )
    assert db.session.get_one(Group, group.id).unit_id == here.id


def test_an_area_has_a_name_of_its_own(admin):
    factories.area("Etelä")
    page = admin.post("/office/area/new/", data={"name": "Etelä"}, follow_redirects=True)
    assert refused(page) == ["Tämänniminen alue on jo olemassa. Anna toinen nimi."]
    assert len(db.session.scalars(select(Area)).all()) == 1
