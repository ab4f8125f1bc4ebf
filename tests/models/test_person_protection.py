"""The database keeps where a child is from whom the rule keeps it."""

from __future__ import annotations

from datetime import date
from itertools import product

import pytest
from sqlalchemy import select

from evaka.models.base import db
from evaka.models.person import FosterParent, Guardian, HeadOfChild, Person
from evaka.models.person.custody import guarded_children, informed, kept_from
from evaka.rules.person import address_lines
from evaka.rules.person.protection import Close, hides
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 6, 1)
HOMES = [{"street": "Salakuja 7", "postal_code": "00900", "post_office": "Harjula"},
         {"street": " SALAKUJA 7", "postal_code": "00900 ", "post_office": "harjula"},
         {"street": "Ääritie 1", "postal_code": "00901", "post_office": "Harjula"},
         {"street": None, "postal_code": " ", "post_office": None},
         {"street": "Poste restante", "postal_code": "00900", "post_office": "Harjula"}]


def close(person: Person, child: Person) -> Close:
    lines = address_lines(person.street, person.postal_code, person.post_office, restricted=False)
    return Close(
        person.id, lines, person.restricted_on(TODAY),
        foster=db.session.query(FosterParent).filter_by(child_id=child.id, parent_id=person.id).first() is not None,
        head=db.session.query(HeadOfChild).filter_by(child_id=child.id, head_id=person.id).first() is not None)


def test_for_all_homes_and_restrictions_as_the_rule_says():
    families = []
    for (home, own), (secret, other_secret, child_secret) in product(
            product(HOMES, HOMES), product((False, True), repeat=3)):
        mother = factories.person(**HOMES[0], restricted=secret)
        child = factories.child(mother, **home, restricted=child_secret)
        father = factories.guardian_of(child, **own, restricted=other_secret)
        families.append((child, mother, father))
    for child, _, father in families[::7]:
        db.session.query(HeadOfChild).filter_by(child_id=child.id).update({"head_id": father.id})
    for child, _, father in families[::9]:
        factories.foster_parent(child, father)
    db.session.expire_all()
    pairs = informed(TODAY)
    told = {tuple(row) for row in db.session.execute(select(pairs.c.child_id, pairs.c.person_id))}
    guarded = set(db.session.scalars(guarded_children(TODAY)))
    for child, mother, father in families:
        people = [close(one, child) for one in (mother, father)]
        itself = close(child, child)
        for one in people:
            assert ((child.id, one.id) in told) is not hides(one, itself, people), (child.id, one)
            if hides(one, itself, people):
                assert child.id in guarded


def test_a_blocked_guardian_and_a_restriction_that_is_over_hide_nothing():
    child = factories.child(restricted=True, restricted_until=date(2026, 5, 31))
    father = factories.guardian_of(child, restricted=True)
    db.session.query(Guardian).filter_by(guardian_id=father.id).update({"blocked": True})
    mother = child.guardians[0]
    asked = select(kept_from(child.id, mother.id, TODAY))
    assert not db.session.scalar(asked)
    child.restricted_until = TODAY
    db.session.flush()
    mother.street = "Muualla 1"
    db.session.flush()
    assert db.session.scalar(asked)
