"""Families: guardians, households, partners."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import person as act
from evaka.kit import identity
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.person import Guardian, HeadOfChild, Partner, Person
from evaka.models.person.custody import own_children
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
BORN = date(1988, 3, 14)


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker"))


def adult(number=901, born=BORN, **fields):
    return factories.person(born, identity_code=identity.made(born, number), **fields)


def row_of(child, guardian):
    return db.session.scalars(
        select(Guardian).where(Guardian.child_id == child.id, Guardian.guardian_id == guardian.id)
    ).one()


# -- identity codes ---------------------------------------------------------------------------------


def test_a_code_is_written_in_one_way():
    code = identity.made(BORN, 901)
    person = Person(born=BORN, identity_code=f" {code.lower()} ")
    act.check_identity(person)
    assert person.identity_code == code
    person.identity_code = ""
    act.check_identity(person)
    assert person.identity_code is None


def test_a_code_must_be_of_the_day_of_birth():
    person = factories.person(date(1988, 3, 15), identity_code=identity.made(BORN, 901))
    with pytest.raises(Refused) as no:
        act.check_identity(person)
    assert no.value.facts == {"born": date(1988, 3, 15), "told": BORN}


# -- guardians --------------------------------------------------------------------------------------


def test_a_guardian_is_found_by_the_identity_code(worker):
    child, other = factories.child(), adult()
    act.add_guardian(child, worker, identity_code=f"{other.identity_code.lower()} ")
    db.session.flush()
    db.session.expire(child)
    assert other in child.guardians


def test_a_guardian_is_added_once_and_a_blocked_one_comes_back(worker):
    child, other = factories.child(), adult()
    act.add_guardian(child, worker, identity_code=other.identity_code)
    with pytest.raises(Refused, match="person.guardian_already"):
        act.add_guardian(child, worker, identity_code=other.identity_code)
    act.block_guardian(child, worker, guardian=row_of(child, other), reason="Tuomio")
    assert child.id not in db.session.scalars(own_children(other.id, worker.today)).all()
    act.add_guardian(child, worker, identity_code=other.identity_code)
    assert child.id in db.session.scalars(own_children(other.id, worker.today)).all()


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (identity.made(BORN, 950), "person.not_known"),
        (identity.made(date(2008, 6, 2), 902), "person.guardian_not_adult"),  # of age tomorrow
        ("140388-901", "person.identity_code_form"),
    ],
)
def test_who_cannot_be_a_guardian_is_refused(worker, code, key):
    adult(902, date(2008, 6, 2))
    with pytest.raises(Refused) as no:
        act.add_guardian(factories.child(), worker, identity_code=code)
    assert no.value.key == key
    assert code not in str(no.value.facts)


def test_a_child_is_not_its_own_guardian(worker):
    grown = adult()
    with pytest.raises(Refused, match="person.guardian_not_adult"):
        act.add_guardian(grown, worker, identity_code=grown.identity_code)


@pytest.mark.parametrize("role", ["director", "finance", "staff", "guardian"])
def test_only_the_office_changes_families(by, role):
    child, unit = factories.child(), factories.unit()
    factories.placement(child, date(2026, 1, 1), unit=unit)
    user = factories.user(role, unit, factories.group(unit), child.guardians[0])
    with pytest.raises(Denied):
        act.add_guardian(child, by(user), identity_code=adult().identity_code)


# -- heads and partners -----------------------------------------------------------------------------


def heads(child):
    rows = db.session.scalars(select(HeadOfChild).where(HeadOfChild.child_id == child.id).order_by(HeadOfChild.start))
    return [(row.head_id, row.start, row.end) for row in rows]


def test_a_child_that_moves_has_one_head_at_a_time(worker):
    child = factories.child()
    first, second = child.guardians[0], factories.guardian_of(child)
    act.set_head(child, worker, guardian=second, start=date(2026, 9, 1))
    assert heads(child) == [(first.id, child.born, date(2026, 8, 31)), (second.id, date(2026, 9, 1), None)]
    act.set_head(child, worker, guardian=first, start=date(2026, 7, 1))
    assert heads(child) == [(first.id, child.born, date(2026, 6, 30)), (first.id, date(2026, 7, 1), None)]


def test_the_fee_moves_with_the_child(worker):
    child = factories.child()
    second = factories.guardian_of(child)
    factories.placement(child, date(2026, 8, 1), date(2027, 7, 31))
    act.set_head(child, worker, guardian=second, start=date(2026, 9, 1))
    drafts = db.session.execute(select(FeeDecision.head_id, FeeDecision.start).order_by(FeeDecision.start)).tuples()
    assert (second.id, date(2026, 9, 1)) in list(drafts)


def partnership(worker, person, other, **days):
    return act.set_partner(person, worker, identity_code=other.identity_code, **({"start": date(2026, 1, 1)} | days))


def test_partners_are_one_pair_whoever_is_entered_first(worker):
    one, other = adult(901), adult(902)
    row = partnership(worker, other, one)
    db.session.flush()
    assert (row.first_id, row.second_id, row.end) == (one.id, other.id, None)


@pytest.mark.parametrize(
    "days",
    [{"start": date(2026, 5, 31)}, {"start": date(2020, 1, 1)}, {"start": date(2020, 1, 1), "end": date(2026, 1, 1)}],
)
def test_nobody_has_two_partners_at_a_time(worker, days):
    one, other, third = adult(901), adult(902), adult(903)
    partnership(worker, one, other, end=date(2026, 5, 31))
    with pytest.raises(Refused, match="person.partner_already"):
        partnership(worker, third, other, **days)
    assert partnership(worker, third, other, start=date(2026, 6, 1)).start == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("number", "born", "days", "key"),
    [
        (901, BORN, {}, "person.partner_self"),
        (902, date(2008, 6, 2), {}, "person.partner_not_adult"),
        (903, BORN, {"end": date(2025, 12, 31)}, "person.ends_first"),
    ],
)
def test_what_is_no_couple_is_refused(worker, number, born, days, key):
    one = adult(901)
    other = one if number == 901 else adult(number, born)
    with pytest.raises(Refused) as no:
        partnership(worker, one, other, **days)
    assert no.value.key == key


def test_a_couple_parts_on_a_day_they_were_together(worker):
    one, other = adult(901), adult(902)
    partnership(worker, one, other)
    with pytest.raises(Refused, match="person.no_partner"):
        act.end_partner(one, worker, end=date(2025, 12, 31))
    act.end_partner(other, worker, end=date(2026, 5, 31))
    assert db.session.scalars(select(Partner.end)).all() == [date(2026, 5, 31)]
