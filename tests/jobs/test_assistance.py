"""The nights after a child has left."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.jobs.assistance import END_COEFFICIENTS, END_FACTORS
from evaka.jobs.job import run
from evaka.models.assistance import AssistanceFactor, VoucherCoefficient
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")


def ends(model):
    return {row.child_id: row.end for row in db.session.scalars(select(model))}


def test_a_factor_ends_with_the_last_place_and_the_second_night_finds_nothing(by):
    gone, staying, coming, never = (factories.child() for _ in range(4))
    factories.placement(gone, date(2025, 8, 1), date(2026, 5, 15))
    factories.placement(staying, date(2025, 8, 1))
    factories.placement(coming, date(2025, 8, 1), date(2026, 5, 15))
    factories.placement(coming, date(2026, 8, 1))
    for child in (gone, staying, coming, never):
        factories.factor(child)
    keep()
    outcome = run(END_FACTORS, by())
    assert (outcome.done, outcome.failed) == (1, {})
    assert ends(AssistanceFactor) == {
        gone.id: date(2026, 5, 15), staying.id: None, coming.id: None, never.id: None}
    [line] = db.session.scalars(select(AuditEvent))
    assert (line.action, line.person_id, line.user_id) == ("assistance.end_factor", gone.id, None)
    assert run(END_FACTORS, by(day="2026-06-02")).done == 0


def test_a_vouchers_coefficient_ends_with_the_place_in_the_unit_and_not_with_a_new_need_in_it(by):
    gone, moved, staying = (factories.child() for _ in range(3))
    factories.placement(gone, date(2025, 8, 1), date(2026, 5, 31))
    factories.placement(moved, date(2025, 8, 1), date(2026, 5, 31))
    factories.placement(moved, date(2026, 6, 1))
    place = factories.placement(staying, date(2025, 8, 1), date(2026, 5, 31))
    factories.placement(staying, date(2026, 6, 1), unit=place.unit)
    for child in (gone, moved, staying):
        factories.voucher_coefficient(child)
    keep()
    run(END_COEFFICIENTS, by())
    lines = len(db.session.scalars(select(AuditEvent.id)).all())
    run(END_COEFFICIENTS, by())
    assert ends(VoucherCoefficient) == {
        gone.id: date(2026, 5, 31), moved.id: date(2026, 5, 31), staying.id: date(2026, 12, 31)}
    assert len(db.session.scalars(select(AuditEvent.id)).all()) == lines == 2


def test_many_factors_are_ended_in_batches(by):
    """A batch of a hundred is one transaction, not a query for each."""
    for _ in range(3):
        child = factories.child()
        factories.placement(child, date(2025, 8, 1), date(2026, 5, 15))
        factories.factor(child)
    keep()
    assert run(END_FACTORS, by()).done == 3
    assert set(ends(AssistanceFactor).values()) == {date(2026, 5, 15)}
