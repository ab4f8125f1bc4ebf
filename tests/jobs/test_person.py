"""What time does to families."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.jobs import run
from evaka.jobs.person import FIND_CONFLICTS, LAPSE_AT_EIGHTEEN
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.person import FamilyConflict, FamilyContact, FosterParent, Guardian, HeadOfChild
from tests import factories
from tests.conftest import keep, statements

pytestmark = pytest.mark.usefixtures("database")
GROWN = date(2008, 6, 1)  # eighteen today


def test_guardianship_lapses_on_the_eighteenth_birthday(by):
    child, younger = factories.child(born=GROWN), factories.child(born=date(2008, 6, 2))
    factories.foster_parent(child)
    factories.contact(child, child.guardians[0])
    keep()
    assert run(LAPSE_AT_EIGHTEEN, by()).done == 1
    assert db.session.scalars(select(Guardian.child_id)).all() == [younger.id]
    assert db.session.scalars(select(HeadOfChild.end).where(HeadOfChild.child_id == child.id)).all() == [
        date(2026, 5, 31)]
    assert db.session.scalars(select(FosterParent.end)).all() == [date(2026, 5, 31)]
    assert db.session.scalars(select(FamilyContact)).all() == []
    line = db.session.scalars(select(AuditEvent)).one()
    assert (line.action, line.facts["items"]) == ("job.person.lapse_at_eighteen", [child.id])
    assert run(LAPSE_AT_EIGHTEEN, by()).done == 0


def test_a_household_that_would_begin_after_childhood_is_taken_away(by):
    child = factories.person(GROWN)
    factories.save(HeadOfChild(child_id=child.id, head_id=factories.person().id, start=date(2026, 6, 1), end=None))
    keep()
    run(LAPSE_AT_EIGHTEEN, by())
    assert db.session.scalars(select(HeadOfChild)).all() == []


def kinds():
    return sorted(db.session.scalars(select(FamilyConflict.kind)))


def test_the_whole_city_is_looked_through_and_what_fits_again_is_forgotten(by):
    mother, father = factories.person(street="Koivukatu 1"), factories.person(street="Opintie 2")
    child = factories.child(mother, street="Koivukatu 1")
    place = factories.placement(child, date(2026, 1, 1), date(2026, 7, 31))
    factories.partner(mother, father)
    db.session.delete(db.session.scalars(select(HeadOfChild)).one())
    keep()
    run(FIND_CONFLICTS, by())
    assert kinds() == ["no_head", "partners_apart"]
    run(FIND_CONFLICTS, by())
    assert kinds() == ["no_head", "partners_apart"]
    place.end, father.street = date(2026, 5, 31), "KOIVUKATU 1"
    keep()
    run(FIND_CONFLICTS, by())
    assert kinds() == []


def test_many_families_cost_as_many_queries_as_one(by):
    def asked(children):
        for _ in range(children):
            factories.placement(factories.child(street=None), date(2026, 1, 1))
        keep()
        with statements() as found:
            run(FIND_CONFLICTS, by())
        return len(found)

    assert asked(1) == asked(20)
