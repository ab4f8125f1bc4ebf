"""The file of a person: who sees which part of it, and who is told of having read it."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from evaka.kit import identity
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.person import Partner, Person
from evaka.texts import say
from tests import factories
from tests.conftest import NOON, keep, statements
from tests.pages import Later, choices, done, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
SECTIONS = (
    "placement.title",
    "person.family",
    "application.title",
    "decision.title",
    "attendance.title",
    "document.title",
    "person.children",
    "income.title",
    "fee.title",
)


@pytest.fixture
def family():
    """A child with everything a file may hold, and its mother."""
    mother = factories.person(first_name="Maija", last_name="Virtanen")
    child = factories.child(mother, first_name="Aino", last_name="Virtanen")
    unit = factories.unit()
    place = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), unit=unit)
    factories.in_group(place, factories.group(unit))
    factories.income(mother)
    factories.absence(child, date(2026, 5, 4))
    return child, mother, place


def opened(browser, role, place, person):
    group = (
        place.groups[0].group
        if place.groups
        else db.session.scalars(select(factories.Group).where(factories.Group.unit_id == place.unit_id)).one()
    )
    user = factories.user(
        role, *((place.unit,) if role in ("director", "staff") else ()), **({"group": group} if role == "staff" else {})
    )
    return user, browser(user).get(f"/office/person/details/?id={person.id}")


def sections(page):
    assert page.status_code == 200
    main = page.text.partition("<main")[2]
    heads = {" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in re.findall(r"<h2[^>]*>(.*?)</h2>", main, re.S)}
    return {key for key in SECTIONS if say(key) in heads}


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (
            "admin",
            {
                "placement.title",
                "person.family",
                "application.title",
                "decision.title",
                "attendance.title",
                "document.title",
            },
        ),
        (
            "service_worker",
            {"placement.title", "person.family", "application.title", "decision.title", "document.title"},
        ),
        ("finance", {"placement.title", "person.family", "decision.title", "attendance.title", "document.title"}),
        (
            "director",
            {
                "placement.title",
                "person.family",
                "application.title",
                "decision.title",
                "attendance.title",
                "document.title",
            },
        ),
        ("staff", {"person.family", "attendance.title"}),
    ],
)
def test_a_childs_file_shows_a_reader_the_parts_that_are_for_that_role(browser, family, role, shown):
    child, _mother, place = family
    _user, page = opened(browser, role, place, child)
    assert sections(page) == shown
    assert not wordless(page)


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("admin", {"person.children", "income.title", "fee.title", "document.title"}),
        ("service_worker", {"person.children", "document.title"}),
        ("finance", {"person.children", "income.title", "fee.title", "document.title"}),
        ("director", {"person.children", "document.title"}),
        ("staff", {"person.children"}),
    ],
)
def test_an_adults_file_shows_incomes_to_those_who_reckon_fees(browser, family, role, shown):
    _child, mother, place = family
    _user, page = opened(browser, role, place, mother)
    assert sections(page) == shown
    assert ("5 000,00" in seen(page).replace("\u00a0", " ")) == ("income.title" in shown)
    assert not wordless(page)


@pytest.mark.parametrize("role", ["service_worker", "director", "staff"])
def test_what_was_entered_about_money_is_not_in_the_history_that_others_read(browser, family, role):
    _child, mother, place = family
    factories.save(
        AuditEvent(
            at=NOON,
            action="income.add",
            subject="person",
            subject_id=mother.id,
            person_id=mother.id,
            facts={"changes": [["income +", "total", None, 765432]]},
        )
    )
    _user, page = opened(browser, role, place, mother)
    assert "765432" not in page.text
    assert say("income.add") not in seen(page)


def test_the_history_tells_of_this_row_alone_and_in_words(browser, family):
    child, _mother, place = family
    factories.save(
        AuditEvent(
            at=NOON,
            action="application.enter",
            subject="person",
            subject_id=child.id,
            person_id=child.id,
            facts={"changes": [["application +", "service_need", None, "full_day"]]},
        )
    )
    factories.save(
        AuditEvent(
            at=NOON,
            action="person.edit",
            subject="person",
            subject_id=child.id,
            person_id=child.id,
            facts={"changes": [[f"person {child.id}", "phone", "0401", "0402"]]},
        )
    )
    _user, page = opened(browser, "admin", place, child)
    assert "Puhelin: 0401 0402" in seen(page)
    assert "full_day" not in page.text
    assert not wordless(page)


@pytest.mark.parametrize("role", ["admin", "service_worker", "finance", "director", "staff"])
def test_reading_a_file_is_written_down_with_the_reader(browser, family, role):
    child, _mother, place = family
    user, page = opened(browser, role, place, child)
    assert page.status_code == 200
    line = db.session.scalars(select(AuditEvent)).one()
    assert (line.action, line.user_id, line.subject, line.subject_id, line.person_id) == (
        "person.read",
        user.id,
        "person",
        child.id,
        child.id,
    )


def test_who_has_read_a_file_is_told_to_those_who_may_know(browser, family):
    child, _mother, place = family
    factories.save(
        AuditEvent(at=NOON, action="person.read", subject="person", subject_id=child.id, person_id=child.id, facts={})
    )
    for role, told in (("service_worker", True), ("director", False), ("finance", False)):
        _user, page = opened(browser, role, place, child)
        assert (say("person.read") in seen(page)) is told, role


def test_a_file_that_is_not_found_leaves_no_line(browser, family):
    stranger = factories.child()
    _user, page = opened(browser, "director", family[2], stranger)
    assert page.status_code == 404
    assert db.session.scalars(select(AuditEvent)).all() == []


@pytest.mark.parametrize("role", ["director", "staff", "finance"])
def test_who_may_not_edit_gets_no_form_either(browser, family, role):
    child, _mother, place = family
    user, _page = opened(browser, role, place, child)
    reader = browser(user)
    assert reader.get(f"/office/person/edit/?id={child.id}").status_code == 403
    assert reader.post(f"/office/person/edit/?id={child.id}", data={"last_name": "X"}).status_code == 403
    assert reader.get("/office/person/new/").status_code == 403
    assert db.session.get_one(Person, child.id).last_name == "Virtanen"


def test_the_lists_hold_whom_the_reader_may_see(browser, family):
    child, mother, place = family
    factories.child(last_name="Toinen")
    director = browser(factories.user("director", place.unit))
    page = seen(director.get("/office/person/?all=1"))
    assert child.first_name in page
    assert mother.first_name in page
    assert "Toinen" not in page
    assert "Toinen" not in director.get("/office/person/export/csv/").get_data(as_text=True)


# -- entering people and families -------------------------------------------------------------------


def new(office, **typed):
    born = typed.pop("born", "1.5.2022")
    return office.post(
        "/office/person/new/",
        follow_redirects=True,
        data={"last_name": "Åberg", "first_name": "Väinö", "born": born, "language": "fi"} | typed,
    )


@pytest.fixture
def office(browser):
    return Later(lambda: browser(factories.user("service_worker")))


def test_a_person_is_entered_with_a_code_in_its_one_form(office):
    code = identity.made(date(2022, 5, 1), 901)
    assert new(office, identity_code=code.lower()).status_code == 200
    person = db.session.scalars(select(Person)).one()
    assert (person.identity_code, person.born, person.last_name) == (code, date(2022, 5, 1), "Åberg")
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.create")).one()
    assert line.person_id == person.id


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"identity_code": identity.made(date(2022, 5, 2), 901)}, "on syntynyt 2.5.2022"),
        ({"identity_code": "010522A901X"}, "enkilötunnu"),
        ({"born": "31.2.2022"}, "ei ole päivä"),
        ({"last_name": ""}, ""),
        ({"language": "xx"}, ""),
    ],
)
def test_a_person_who_cannot_be_is_not_kept(office, typed, why):
    page = new(office, **typed)
    assert any(why in sentence for sentence in refused(page)), seen(page)
    assert db.session.scalars(select(Person)).all() == []


def test_a_code_is_nobody_elses(office):
    code = identity.made(date(2022, 5, 1), 901)
    factories.person(date(2022, 5, 1), identity_code=code)
    assert refused(new(office, identity_code=code)) == [
        "Tällä henkilötunnuksella on jo henkilö. Hae hänet hakukentällä."
    ]


def test_a_partnership_is_open_unless_its_end_is_typed(office):
    """The form opens without an end: a last day of today would part the two at once."""
    one = factories.person(date(1990, 1, 1))
    other = factories.person(date(1990, 1, 1), identity_code=identity.made(date(1990, 1, 1), 902))
    address = f"/office/person/do/set_partner/?id={one.id}"
    keep()
    form = office.get(address)
    assert re.search(r'name="end"[^>]*value=""', form.text)
    done(press(office, address, identity_code=other.identity_code, start="1.6.2026", end=""))
    assert db.session.scalars(select(Partner.end)).all() == [None]
    ending = office.get(f"/office/person/do/end_partner/?id={one.id}")
    assert 'value="2026-06-01"' in ending.text


def test_a_blocked_guardian_is_no_choice(office):
    child = factories.child()
    other = factories.guardian_of(child)
    factories.save(
        db.session.scalars(select(factories.Guardian).where(factories.Guardian.guardian_id == other.id)).one()
    ).blocked = True
    keep()
    form = office.get(f"/office/person/do/application.enter/?id={child.id}")
    assert choices(form, "guardian") == ["Valitse", str(child.guardians[0])]


def test_a_grown_up_has_no_button_for_an_application_and_a_child_none_for_an_income(browser):
    child = factories.child()
    office = browser(factories.user("admin"))
    on_child = office.get(f"/office/person/details/?id={child.id}").text
    on_adult = office.get(f"/office/person/details/?id={child.guardians[0].id}").text
    assert ("do/application.enter/" in on_child, "do/income.add/" in on_child) == (True, False)
    assert ("do/application.enter/" in on_adult, "do/income.add/" in on_adult) == (False, True)


@pytest.mark.parametrize("id", ["3000000000", "99999999999999999999", "-1", "1.0", "x"])
def test_a_made_up_number_is_not_found(office, id):
    assert office.get(f"/office/person/details/?id={id}").status_code == 404


def test_a_list_asks_for_the_places_of_those_whom_it_shows_alone(browser):
    """Not for those of the whole city: the page costs the same however many live there."""
    factories.placement(factories.child(), date(2025, 8, 1), date(2027, 7, 31))
    worker = browser(factories.user("service_worker"))
    with statements() as asked:
        worker.get("/office/person/")
    [of_places] = [one for one in asked if "FROM placement" in one and "unit.name" in one]
    assert "placement.child_id IN" in of_places
