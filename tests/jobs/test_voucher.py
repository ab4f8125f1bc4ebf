"""Months of private units: opened, frozen on their day, and nothing done twice."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import fee, voucher
from evaka.jobs.job import run
from evaka.jobs.voucher import FREEZE_MONTH, OPEN_MONTH
from evaka.models.base import db
from evaka.models.voucher import Payment, VoucherDecision, VoucherMonth
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")


def a_child_with_a_voucher(by) -> None:
    mother = factories.person()
    child = factories.child(mother)
    factories.placement(child, date(2026, 1, 1), date(2026, 7, 31), unit=factories.voucher_unit())
    factories.income(mother)
    fee.refresh({mother.id}, by())
    draft = db.session.scalars(select(VoucherDecision).where(VoucherDecision.child_id == child.id)).one()
    voucher.send(draft, by(None, "2026-01-20"))
    keep()


def months() -> list[tuple[date, str]]:
    return [(one.start, one.status.value) for one in db.session.scalars(
        select(VoucherMonth).order_by(VoucherMonth.start))]


def test_without_a_voucher_no_month_is_opened(by):
    assert run(OPEN_MONTH, by()).done == 0
    assert months() == []


def test_a_month_is_opened_once(by):
    a_child_with_a_voucher(by)
    assert [run(OPEN_MONTH, by(None, "2026-05-02")).done for _ in range(2)] == [1, 0]
    assert months() == [(date(2026, 5, 1), "open")]


def test_months_that_were_missed_are_opened_and_frozen_in_their_order(by):
    a_child_with_a_voucher(by)
    run(OPEN_MONTH, by(None, "2026-03-02"))
    assert run(OPEN_MONTH, by(None, "2026-05-02")).done == 2
    assert [run(FREEZE_MONTH, by(None, "2026-05-25")).done for _ in range(2)] == [3, 0]
    assert months() == [(date(2026, month, 1), "frozen") for month in (3, 4, 5)]
    assert db.session.scalars(select(Payment.amount).order_by(Payment.start)).all() == [2550_00, 850_00, 850_00]


def test_a_month_that_has_not_begun_is_left_open(by):
    a_child_with_a_voucher(by)
    run(OPEN_MONTH, by(None, "2026-05-02"))
    assert run(FREEZE_MONTH, by(None, "2026-04-25")).done == 0
    assert months() == [(date(2026, 5, 1), "open")]
