"""The nightly look at every family's fee."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.jobs.fee import REFRESH_NIGHT
from evaka.jobs.job import run
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")


def mother_of_a_child(**place):
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31), **place)
    factories.income(mother, end=date(2026, 3, 31))
    return mother


def test_every_family_is_looked_at_and_the_second_night_finds_nothing_new(by):
    mothers = [mother_of_a_child() for _ in range(3)]
    keep()
    outcome = run(REFRESH_NIGHT, by())
    assert (outcome.done, outcome.failed) == (3, {})
    rows = db.session.execute(select(FeeDecision.id, FeeDecision.head_id, FeeDecision.start, FeeDecision.total)).all()
    assert {(row.head_id, row.start, row.total) for row in rows} == {
        pair
        for mother in mothers
        for pair in ((mother.id, date(2026, 1, 1), 100_00), (mother.id, date(2026, 4, 1), 311_00))
    }
    run(REFRESH_NIGHT, by(day="2026-06-02"))
    assert (
        db.session.execute(select(FeeDecision.id, FeeDecision.head_id, FeeDecision.start, FeeDecision.total)).all()
        == rows
    )


def test_one_familys_trouble_is_listed_and_the_others_get_their_drafts(by):
    good, bad = mother_of_a_child().id, mother_of_a_child(service_need="gone").id
    keep()
    outcome = run(REFRESH_NIGHT, by())
    assert (outcome.done, outcome.failed) == (1, {bad: "fee.unknown_need"})
    assert set(db.session.scalars(select(FeeDecision.head_id))) == {good}
