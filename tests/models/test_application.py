"""Which applications wait on the desk, and who sees them."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from evaka.models.application import Application, Preference, waiting_for_place
from evaka.models.base import db
from evaka.models.guard import broken_rule
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import PlanStatus
from tests import factories

pytestmark = pytest.mark.usefixtures("database")


def test_the_most_pressing_come_first_and_those_without_a_day_last():
    transfer, late, soon = (factories.application(due=due) for due in (None, date(2026, 9, 1), date(2026, 6, 9)))
    factories.application(status=ApplicationStatus.SENT, due=date(2026, 1, 1))
    assert db.session.scalars(waiting_for_place()).all() == [soon, late, transfer]


def test_wishes_keep_their_order_and_a_place_in_it_is_given_once():
    units = [factories.unit(name) for name in ("Zeta", "Alfa", "Mu")]
    row = factories.application(units=units)
    db.session.expire_all()
    assert [one.name for one in row.units] == ["Zeta", "Alfa", "Mu"]
    with pytest.raises(IntegrityError) as no, db.session.begin_nested():
        factories.save(Preference(application=row, place=1, unit=units[2]))
    assert broken_rule(no.value) == "uq_preference_application_id_place"


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        (PlanStatus.DRAFT, False),
        (PlanStatus.PROPOSED, True),
        (PlanStatus.CONFIRMED, True),
        (PlanStatus.DECIDED, True),
        (PlanStatus.DECLINED, False),
        (PlanStatus.CANCELLED, False),
    ],
)
def test_a_director_sees_an_application_from_the_proposal_on(status, seen):
    plan = factories.plan(factories.application(), status=status)
    ids = db.session.scalars(select(Application.id).where(Application.of_units({plan.unit_id}, date(2026, 6, 1)))).all()
    assert ids == ([plan.application_id] if seen else [])


def test_an_application_is_seen_by_who_applied_and_not_by_the_other_guardian():
    row = factories.application()
    other = factories.guardian_of(row.child)
    mine, theirs = (
        db.session.scalars(select(Application.id).where(Application.of_person(who.id, 0))).all()
        for who in (row.guardian, other)
    )
    assert (mine, theirs) == ([row.id], [])
