"""The monthly drafting of invoices."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions.fee import refresh
from evaka.jobs.invoice import DRAFT_MONTH, month_before
from evaka.jobs.job import run
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.rules.fee import FeeStatus
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")


def charged(by) -> int:
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31))
    factories.income(mother)
    refresh({mother.id}, by())
    for row in db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == mother.id)):
        row.status = FeeStatus.SENT
    return mother.id


@pytest.mark.parametrize(
    ("day", "month"), [(date(2026, 6, 1), "1.5.2026–31.5.2026"), (date(2026, 1, 31), "1.12.2025–31.12.2025")]
)
def test_the_month_before_is_the_calendars(day, month):
    assert str(month_before(day)) == month


def test_who_has_a_fee_in_force_gets_an_invoice_once(by):
    heads = {charged(by), charged(by)}
    not_sent = factories.person()
    factories.placement(factories.child(not_sent), date(2026, 1, 1), date(2026, 7, 31))
    refresh({not_sent.id}, by())
    keep()
    assert run(DRAFT_MONTH, by()).done == 2
    rows = db.session.execute(select(Invoice.head_id, Invoice.start, Invoice.total)).all()
    assert {tuple(row) for row in rows} == {(head, date(2026, 5, 1), 100_00) for head in heads}
    assert run(DRAFT_MONTH, by(day="2026-06-02")).done == 0


def test_one_familys_trouble_is_listed_and_the_others_get_their_invoices(by):
    good, bad = charged(by), charged(by)
    row = db.session.scalar(select(FeeDecision).where(FeeDecision.head_id == bad))
    row.facts = row.facts | {"lines": [line | {"care_type": "unheard of"} for line in row.facts["lines"]]}
    keep()
    outcome = run(DRAFT_MONTH, by())
    assert (outcome.done, set(outcome.failed)) == (1, {bad})
    assert db.session.scalars(select(Invoice.head_id)).all() == [good]
