"""What a page of people asks of the database: few statements, and as many for many rows as for one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from markupsafe import Markup
from sqlalchemy import select
from wtforms.widgets import html_params

from evaka.models.base import db
from evaka.models.person import FamilyConflict, Person
from evaka.rules.person.family import ConflictKind
from evaka.texts import say
from evaka.views.forms import attributes
from tests import factories
from tests.conftest import keep, statements
from tests.pages import Later, seen

pytestmark = pytest.mark.usefixtures("database")
SHELL = 4  # begin, the city's published tables, the session with its user and rights, the count in the menu
READING = 4  # begin, and the line of who has read: the end of the chain, its next, the line


@pytest.fixture
def office(browser):
    return Later(lambda: browser(factories.user("service_worker")))


def placed(unit=None, **fields):
    """A child with a place, a group and a service need today."""
    unit = unit or factories.unit()
    child = factories.child(**fields)
    place = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), unit=unit)
    factories.in_group(place, factories.group(unit, f"Siilit {child.id}"))
    return child


def more_rows(child, times):
    """More of everything that a child's file may hold."""
    head = db.session.scalar(select(factories.HeadOfChild).where(factories.HeadOfChild.child_id == child.id)).head
    for n in range(times):
        factories.guardian_of(child)
        factories.foster_parent(child)
        factories.pickup(child)
        factories.decision(child=child)
        factories.absence(child, date(2026, 5, 4) + timedelta(n))
        factories.measure(child, start=date(2026, 1, 1) + timedelta(10 * n), end=date(2026, 1, 5) + timedelta(10 * n))
        start = date(2020 + n, 1, 1)
        earlier = factories.placement(child, start, start + timedelta(100), unit=factories.unit())
        factories.in_group(earlier, factories.group(earlier.unit, f"Kettu {n}"))
    factories.application(child=child)
    factories.conflict(child, ConflictKind.HEAD_ELSEWHERE, other=head)


def asked_for(reader, address):
    """How many statements a page takes, once it has been opened before."""
    assert reader.get(address).status_code == 200
    with statements() as asked:
        assert reader.get(address).status_code == 200
    return len(asked)


def counted_for(role, unit, browser):
    return browser(factories.user(role, *((unit,) if role == "director" else ())))


@pytest.mark.parametrize("role", ["service_worker", "admin", "director"])
def test_the_file_of_a_child_asks_as_often_for_many_rows_as_for_few(browser, role):
    unit = factories.unit()
    bare, few, many = placed(unit), placed(unit), placed(unit)
    more_rows(few, 1)
    more_rows(many, 4)
    reader = counted_for(role, unit, browser)
    counts = [asked_for(reader, f"/office/person/details/?id={one.id}") for one in (bare, few, many)]
    assert counts[1] == counts[2]
    # the row, the rights of a unit's role, what there is, the places, the family, the journal, and the heads
    assert counts[0] <= SHELL + READING + 15
    assert counts[2] <= counts[0] + 10  # one for each kind of row that is there


def test_the_file_of_a_grown_up_asks_as_often_for_many_children_as_for_one(office):
    few, many = factories.person(), factories.person()
    for parent, children in ((few, 1), (many, 5)):
        for _ in range(children):
            factories.child(parent)
        factories.income(parent)
    counts = [asked_for(office, f"/office/person/details/?id={one.id}") for one in (few, many)]
    assert counts[0] == counts[1] <= SHELL + READING + 14


def test_the_form_and_its_saving_ask_little(office):
    child = placed()
    address = f"/office/person/edit/?id={child.id}"
    assert asked_for(office, address) <= SHELL + 2
    form = seen(office.get(address)) and {
        "last_name": child.last_name, "first_name": child.first_name, "born": "2022-05-01", "language": "fi",
        "row_version": "1", "phone": "040 555 0199"}
    with statements() as asked:
        assert office.post(address, data=form).status_code == 302
    assert len(asked) <= SHELL + 2 + READING


@pytest.mark.parametrize("address", [
    "/office/person/?flt0_0=1", "/office/person/?flt0_0=1&search=mäkelä", "/office/search/?q=mäkelä"])
def test_lists_and_the_search_ask_as_often_for_many_rows_as_for_few(office, address):
    for _ in range(2):
        placed(last_name="Mäkelä")
    few = asked_for(office, address)
    for _ in range(6):
        placed(last_name="Mäkelä")
    keep()
    assert asked_for(office, address) == few <= SHELL + 7


# -- what is found stays right ------------------------------------------------------------------------------


def test_what_a_search_finds_is_shown_page_by_page_in_order(office, monkeypatch):
    for number in range(45):
        factories.child(last_name="Mäkelä", first_name=f"Lapsi {number:02}")
    for counted in (1000, 30):  # with all of them in the count, and with more than are counted
        monkeypatch.setattr("evaka.views.base.lists.COUNTED", counted)
        pages = [office.get(f"/office/person/?search=makela&page_size=20&page={page}").text for page in (0, 1, 2)]
        for page, text in enumerate(pages):
            rows = [f"Mäkelä Lapsi {number:02}" for number in range(45)]
            assert [row for row in rows if row in text] == rows[20 * page:20 * page + 20]
            assert (say("ui.list.many") in text) == (counted == 30)


def test_each_reader_gets_the_statements_of_the_own_rights(browser):
    """They are kept for the next page: neither another reader nor a new right may meet with those of before."""
    mine, other = factories.unit(), factories.unit()
    child, stranger = placed(mine), placed(other)
    user = factories.user("director", mine)
    director, admin = browser(user), browser(factories.user("admin"))
    pages = [f"/office/person/details/?id={one.id}" for one in (child, stranger)]
    assert [admin.get(page).status_code for page in pages] == [200, 200]
    assert [director.get(page).status_code for page in pages] == [200, 404]
    db.session.add(factories.Grant(user_id=user.id, role="director", unit_id=other.id, start=date(2026, 1, 1)))
    keep()
    assert [director.get(page).status_code for page in pages] == [200, 200]


@pytest.mark.parametrize(("field", "value", "found"), [("street", "Muualla 9", True), ("phone", "040 555 0199", False)])
def test_only_who_moves_is_looked_at_for_conflicts(office, field, value, found):
    """Nothing else that is typed into the form makes a family fit together less."""
    child = placed()
    head = db.session.scalar(select(factories.HeadOfChild)).head
    for one in (child, head):
        one.street, one.postal_code, one.post_office = "Koivukatu 1", "00901", "Harjula"
    form = {"last_name": child.last_name, "first_name": child.first_name, "born": "2022-05-01", "language": "fi",
            "street": "Koivukatu 1", "postal_code": "00901", "post_office": "Harjula", "email": child.email,
            "phone": child.phone, "row_version": str(child.version)} | {field: value}
    keep()
    form["row_version"] = str(db.session.scalar(select(Person.version).where(Person.id == child.id)))
    assert office.post(f"/office/person/edit/?id={child.id}", data=form).status_code == 302
    kinds = db.session.scalars(select(FamilyConflict.kind)).all()
    assert (ConflictKind.HEAD_ELSEWHERE in kinds) == found


@pytest.mark.parametrize(("list_", "table"), [
    ("person", "person"), ("income", "income"), ("fee", "fee"), ("invoice", "invoice"), ("decision", "decision"),
    ("attendance", "absence"), ("document", "document"), ("journal", "audit_event")])
def test_a_long_list_is_read_in_the_order_of_an_index(browser, list_, table):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL sorts what is as short as the rows of a test")
    admin = browser(factories.user("admin"))
    with statements() as asked:
        assert admin.get(f"/office/{list_}/").status_code == 200
    rows = next(one for one in asked if "ORDER BY" in one and f"FROM {table}" in one and "count(" not in one)
    plan = [row[3] for row in db.session.connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {rows}", (None,) * rows.count("?"))]
    assert not any("TEMP B-TREE" in step for step in plan), plan


# -- the attributes of an input -----------------------------------------------------------------------------


@pytest.mark.parametrize("given", [
    {}, {"class_": "form-control", "id": "a", "name": "a", "type": "text", "value": "Äijälä & Söhne"},
    {"value": '5" <b>', "required": True, "disabled": False},
    {"data_keep": "1", "aria_label": "x", "aria-invalid": "true"},
    {"value": Markup('&lt;a title="b"&gt;')}, {"value": None, "size": 6}, {"value": "it's", "for_": "x"},
])
def test_attributes_are_those_that_the_library_writes(given):
    assert attributes(**given) == html_params(**given)
    assert isinstance(attributes(**given), Markup)
