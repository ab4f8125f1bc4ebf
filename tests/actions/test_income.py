"""Incomes: entered once, the earlier one yields, and the family's fee follows in the same transaction."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import income as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.income import Income
from evaka.models.journal import AuditEvent
from evaka.rules.income import Effect, PayPeriod, ShownAmount
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def finance():
    return factories.user("finance")


@pytest.fixture
def mother():
    """Her child has a full-day place in the first half of 2026."""
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31))
    return mother


def wage(month: int) -> tuple[ShownAmount, ...]:
    return (ShownAmount("main_income", month),)


def fees(head) -> list[tuple[str, int]]:
    rows = db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == head.id).order_by(FeeDecision.start))
    return [(str(one.period), one.total) for one in rows]


def incomes(person) -> list[tuple[str, int]]:
    rows = db.session.scalars(select(Income).where(Income.person_id == person.id).order_by(Income.start))
    return [(str(one.period), one.total) for one in rows]


def test_an_income_is_made_monthly_line_by_line_and_the_fee_is_drafted(by, finance, mother):
    row = act.add(
        mother,
        by(finance),
        start=date(2026, 1, 1),
        lines=(
            ShownAmount("main_income", 4000_00, PayPeriod.MONTHLY_WITH_HOLIDAY_BONUS),
            ShownAmount("perks", 100_00),
            ShownAmount("pension", 250_00, PayPeriod.YEARLY),  # which this kind does not choose
            ShownAmount("paid_alimony", 300_00),
        ),
    )
    keep()
    # 4 000 × 1,05 = 4 200; 100 × 1,05 = 105; 250; less 300
    assert row.total == 4255_00
    assert [(one.kind, one.monthly, one.expense) for one in row.shown.lines] == [
        ("main_income", 4200_00, False),
        ("perks", 105_00, False),
        ("pension", 250_00, False),
        ("paid_alimony", 300_00, True),
    ]
    assert fees(mother) == [("1.1.2026–31.7.2026", 0)]  # (4 255 − 4 066) × 10,7 % = 20,22 → 20, below the smallest 30


def test_a_new_income_ends_the_earlier_one_the_day_before(by, finance, mother):
    act.add(mother, by(finance), start=date(2026, 1, 1), lines=wage(5000_00))
    act.add(mother, by(finance), start=date(2026, 4, 1), lines=wage(6000_00))
    assert incomes(mother) == [("1.1.2026–31.3.2026", 5000_00), ("1.4.2026–", 6000_00)]
    # (6 000 − 4 066) × 10,7 % = 206,94 → 207
    assert fees(mother) == [("1.1.2026–31.3.2026", 100_00), ("1.4.2026–31.7.2026", 207_00)]


def test_an_income_that_meets_a_later_one_is_refused(by, finance, mother):
    act.add(mother, by(finance), start=date(2026, 4, 1), lines=wage(6000_00))
    with pytest.raises(Refused, match=r"income.overlaps"):
        act.add(mother, by(finance), start=date(2026, 1, 1), lines=wage(5000_00))


def test_who_accepts_the_highest_fee_pays_it_whatever_was_typed(by, finance, mother):
    row = act.add(mother, by(finance), start=date(2026, 1, 1), effect=Effect.MAX_FEE_ACCEPTED, lines=wage(100_00))
    assert (row.total, row.lines[0]["amount"]) == (0, 100_00)
    assert fees(mother) == [("1.1.2026–31.7.2026", 311_00)]


def test_the_partners_income_changes_the_heads_fee(by, finance, mother):
    father = factories.person()
    factories.partner(mother, father)
    factories.income(mother, 4000_00)
    act.add(father, by(finance), start=date(2026, 1, 1), lines=wage(3000_00))
    # three persons: (7 000 − 5 245) × 10,7 % = 187,79 → 188
    assert fees(mother) == [("1.1.2026–31.7.2026", 188_00)]


def test_an_income_is_corrected_ended_and_removed(by, finance, mother):
    row = act.add(mother, by(finance), start=date(2026, 1, 1), lines=wage(5000_00))
    act.correct(row, by(finance), start=date(2026, 1, 1), lines=wage(6000_00))
    assert fees(mother) == [("1.1.2026–31.7.2026", 207_00)]
    act.end(row, by(finance), end=date(2026, 3, 31))
    assert fees(mother) == [("1.1.2026–31.3.2026", 207_00), ("1.4.2026–31.7.2026", 311_00)]
    act.remove(row, by(finance))
    keep()
    assert incomes(mother) == []
    assert fees(mother) == [("1.1.2026–31.7.2026", 311_00)]


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        ({"start": date(2026, 3, 1), "end": date(2026, 2, 1)}, "income.ends_before_start"),
        ({"start": date(2026, 3, 1), "lines": (ShownAmount("pension", -1),)}, "income.negative"),
        ({"start": date(2026, 3, 1), "lines": (ShownAmount("lottery", 1),)}, "income.kind_not_used"),
    ],
)
def test_nonsense_is_refused(by, finance, mother, inputs, key):
    with pytest.raises(Refused, match=key):
        act.add(mother, by(finance), **inputs)


def test_only_finance_touches_incomes_and_the_journal_says_what(by, finance, mother):
    for role in ("service_worker", "director", "staff"):
        with pytest.raises(Denied):
            act.add(mother, by(factories.user(role)), start=date(2026, 1, 1))
    act.add(mother, by(finance), start=date(2026, 1, 1), lines=wage(5000_00))
    line = db.session.scalar(select(AuditEvent).where(AuditEvent.action == "income.add"))
    assert (line.person_id, line.user_id) == (mother.id, finance.id)
    assert ["income +", "total", None, 5000_00] in line.facts["changes"]
