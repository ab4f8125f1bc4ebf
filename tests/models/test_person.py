"""Who is found, who is whose guardian, and whom units see."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from evaka.models.base import db
from evaka.models.guard import broken_rule
from evaka.models.person import HeadOfChild, Person, children_of_units, matching
from evaka.models.person.custody import own_children
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import PlanStatus
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 6, 1)


def found(sought):
    return set(db.session.scalars(select(Person.first_name).where(matching(sought))))


@pytest.mark.parametrize(
    ("sought", "names"),
    [
        ("mäki", {"Väinö", "Maki"}),
        ("maki", {"Väinö", "Maki"}),
        ("vai mak", {"Väinö"}),
        ("aho", {"Väinö"}),
        ("inö", set()),
        ("0401234", {"Väinö"}),
        ("040 123 4567", {"Väinö"}),
        ("%", set()),
        ("_", set()),
        (",", set()),
        ("", set()),
        ("'", set()),
        ('"', set()),
        ("\\", set()),
        ("*", set()),
        ("mäki OR oja", set()),
        ("maki & oja | !", set()),
    ],
)
def test_people_are_found_by_the_beginnings_of_their_words(sought, names):
    factories.person(first_name="Väinö", last_name="Mäki-Aho", phone="040 123 4567", email=None)
    factories.person(first_name="Maki", last_name="Oja", phone="050 765 4321", email=None)
    assert found(sought) == names


def test_the_key_follows_a_new_name():
    person = factories.person(first_name="Aino", last_name="Virtanen")
    person.last_name = "Ölander"
    db.session.flush()
    assert found("öland") == {"Aino"}
    assert found("virtanen") == set()


def test_the_index_forgets_a_person_who_is_gone():
    person = factories.person(first_name="Aino", last_name="Virtanen")
    db.session.delete(person)
    db.session.flush()
    assert found("virtanen") == set()


def test_names_sort_as_in_a_finnish_directory():
    for name in ("Öhman", "Zidan", "Ärje", "Åberg", "Aho"):
        factories.person(first_name="X", last_name=name)
    assert list(db.session.scalars(select(Person.last_name).order_by(Person.sort_key))) == [
        "Aho",
        "Zidan",
        "Åberg",
        "Ärje",
        "Öhman",
    ]


def test_a_blocked_guardian_has_no_children():
    child = factories.child()
    mother, father = child.guardians[0], factories.guardian_of(child)
    db.session.scalars(
        select(factories.Guardian).where(factories.Guardian.guardian_id == father.id)
    ).one().blocked = True
    db.session.flush()
    db.session.expire_all()
    assert db.session.scalars(own_children(mother.id, TODAY)).all() == [child.id]
    assert db.session.scalars(own_children(father.id, TODAY)).all() == []
    assert child.guardians == [mother]
    assert father.children == []


@pytest.mark.parametrize(
    ("start", "end", "seen"),
    [
        (date(2026, 1, 1), None, True),
        (date(2026, 8, 1), None, True),  # comes in the autumn
        (date(2025, 8, 1), date(2026, 5, 1), True),  # left 31 days ago
        (date(2025, 8, 1), date(2026, 4, 30), False),
    ],
)
def test_a_unit_sees_its_children_and_their_guardians_for_a_month_afterwards(start, end, seen):
    place = factories.placement(factories.child(), start, end)
    family = {place.child_id, place.child.guardians[0].id}
    ids = set(db.session.scalars(select(Person.id).where(Person.of_units({place.unit_id}, TODAY))))
    assert ids == (family if seen else set())
    other = set(db.session.scalars(select(Person.id).where(Person.of_units({factories.unit().id}, TODAY))))
    assert other == set()


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (PlanStatus.DRAFT, False),
        (PlanStatus.PROPOSED, True),
        (PlanStatus.CONFIRMED, True),
        (PlanStatus.DECLINED, False),
        (PlanStatus.CANCELLED, False),
    ],
)
def test_a_unit_sees_a_child_while_it_is_asked_of_it(status, seen):
    plan = factories.plan(factories.application(status=ApplicationStatus.WAITING_CONFIRMATION), status=status)
    ids = db.session.scalars(children_of_units({plan.unit_id}, TODAY)).all()
    assert ids == ([plan.child_id] if seen else [])


@pytest.mark.parametrize("restricted_until", [None, TODAY])
def test_an_address_is_protected_to_the_last_day(restricted_until):
    person = factories.person(restricted=True, restricted_until=restricted_until)
    assert person.restricted_on(TODAY)
    assert person.restricted_on(date(2026, 6, 2)) is (restricted_until is None)


def test_the_database_gives_a_child_one_head_at_a_time():
    child = factories.child()
    with pytest.raises(IntegrityError) as no, db.session.begin_nested():
        factories.save(HeadOfChild(child_id=child.id, head_id=factories.person().id, start=TODAY, end=None))
    assert broken_rule(no.value) == "ex_head_of_child_child_id"
