"""One search, each reader by the own rights."""

from __future__ import annotations

import re
from datetime import date

import pytest

from evaka.kit import identity
from tests import factories
from tests.pages import Later, seen

pytestmark = pytest.mark.usefixtures("database")
BORN = date(2022, 5, 1)


@pytest.fixture
def office(browser):
    return Later(lambda: browser(factories.user("service_worker")))


def found(reader, sought):
    """The links that a search gives, as (kind, id); the only hit is opened at once."""
    page = reader.get("/office/search/", query_string={"q": sought})
    if page.status_code == 302:
        kind, id = re.fullmatch(r"/office/(\w+)/details/\?id=(\d+)", page.location).groups()
        return {(kind, int(id))}
    assert page.status_code == 200
    main = page.text.partition("<main")[2]
    return {(kind, int(id)) for kind, id in re.findall(r"/office/(\w+)/details/\?id=(\d+)", main)}


@pytest.mark.parametrize(
    "sought", ["Mäkelä", "mäkelä väinö", "VÄINÖ", "makela", "väi mäk", identity.made(BORN, 901), "040 123 4567"]
)
def test_a_child_is_found_by_whatever_is_known(office, sought):
    child = factories.child(
        born=BORN, first_name="Väinö", last_name="Mäkelä", identity_code=identity.made(BORN, 901), phone="0401234567"
    )
    factories.child(first_name="Aino", last_name="Virtanen", phone="050 999 9999")
    assert ("person", child.id) in found(office, sought)
    assert len([one for one in found(office, sought) if one[0] == "person"]) == 1


def test_an_application_is_found_by_its_number_in_the_register_of_cases(office):
    row = factories.application(case_number="57/12.06.01/2026")
    factories.application(case_number="58/12.06.01/2026")
    assert office.get("/office/search/?q=57/12.06.01/2026").location == f"/office/application/details/?id={row.id}"
    page = seen(office.get(f"/office/application/details/?id={row.id}"))
    assert "Asianumero 57/12.06.01/2026" in page
    assert "57/12" in seen(office.get("/office/application/?search=57/12"))


def test_the_only_person_is_opened_though_there_are_applications_and_namesakes_are_a_list(office):
    child = factories.child(last_name="Ainoakainen")
    factories.application(child)
    factories.application(child)
    assert office.get("/office/search/?q=ainoakainen").location == f"/office/person/details/?id={child.id}"
    namesake = factories.child(last_name="Ainoakainen")
    assert {("person", child.id), ("person", namesake.id)} <= found(office, "ainoakainen")
    unit = factories.unit("Keijun päiväkoti")
    factories.child(last_name="Keiju")
    assert ("unit", unit.id) in found(office, "keiju")


@pytest.mark.parametrize("sought", ["", "   ", ",", "%", "_", ";", "···", "löytymätön", "'; DROP TABLE person; --"])
def test_signs_alone_find_nobody(office, sought):
    factories.child()
    assert found(office, sought) == set()


@pytest.mark.parametrize("sought", ["äijä", "ÄIJÄ", "Äijälän", "ängs"])
def test_units_are_found_whatever_the_case_of_their_letters(office, sought):
    units = [factories.unit("Äijälän päiväkoti"), factories.unit("Ängsbacka daghem"), factories.unit("Lokkila")]
    assert found(office, sought) == {("unit", units[sought == "ängs"].id)}


def test_a_number_finds_the_application_and_a_telephone_number_is_not_too_large(office):
    row = factories.application()
    assert ("application", row.id) in found(office, str(row.id))
    assert found(office, "35840123456") == set()
    assert found(office, "9" * 60) == set()


def test_a_protected_address_finds_nobody_and_is_not_shown(office):
    child = factories.child(street="Salakatu 13", restricted=True, last_name="Suojattu")
    assert found(office, "Salakatu") == set()
    factories.child(last_name="Suojattu")  # a second hit, so that the list is shown
    page = office.get("/office/search/?q=suojattu")
    assert ("person", child.id) in found(office, "suojattu")
    assert "Salakatu" not in page.text
    assert "Turvakielto" in seen(page)


def test_a_director_finds_the_children_of_the_own_unit(browser):
    here, elsewhere = (factories.child(last_name="Virtanen") for _ in range(2))
    place = factories.placement(here, date(2026, 1, 1))
    factories.placement(elsewhere, date(2026, 1, 1))
    factories.application(elsewhere)
    assert found(browser(factories.user("director", place.unit)), "virtanen") == {("person", here.id)}


@pytest.mark.parametrize("role", ["staff", "guardian"])
def test_the_search_is_not_for_everybody(browser, role):
    unit = factories.unit()
    page = browser(factories.user(role, unit, factories.group(unit), factories.person())).get("/office/search/?q=a")
    assert page.status_code == 403
