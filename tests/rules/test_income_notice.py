"""Reminders in steps: which is due on which day, and what stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from evaka.kit.dates import DateRange
from evaka.rules.income import IncomePolicy, PayPeriod
from evaka.rules.income.notice import (
    Notice,
    Renewal,
    Statement,
    asked_of,
    asks_new_family,
    care_begins,
    due_notice,
    recent,
)

POLICY = IncomePolicy(dict.fromkeys(PayPeriod, Decimal(1)), reminders_apart_days=7, late_days=7)
TODAY = date(2026, 6, 1)
CARE = DateRange(date(2025, 8, 1), date(2027, 7, 31))


def ending(days: int, **given) -> Renewal:
    return replace(Renewal((DateRange(date(2025, 1, 1), TODAY + timedelta(days=days)),), (CARE,)), **given)


@pytest.mark.parametrize(
    ("days", "notice"),
    [(29, None), (28, Notice.INITIAL), (14, Notice.INITIAL), (0, Notice.INITIAL), (-1, Notice.EXPIRED),
     (-7, Notice.EXPIRED), (-8, None)],
)
def test_the_first_of_those_whose_time_has_come(days, notice):
    assert due_notice(ending(days), POLICY, TODAY) is notice


def test_the_second_goes_when_the_first_has_gone_and_some_days_have_passed():
    for days_ago, notice in ((0, None), (6, None), (7, Notice.REMINDER)):
        sent = recent([(Notice.INITIAL, TODAY - timedelta(days=days_ago))], POLICY, TODAY)
        assert due_notice(ending(10, notices=sent), POLICY, TODAY) is notice


def test_what_was_sent_more_than_a_month_ago_may_go_again():
    assert recent([(Notice.EXPIRED, date(2026, 5, 2))], POLICY, TODAY) == {Notice.EXPIRED}
    assert recent([(Notice.EXPIRED, date(2026, 5, 1))], POLICY, TODAY) == frozenset()


def test_nobody_is_reminded_whose_care_ends_too_or_who_has_told_of_the_time_after():
    assert due_notice(ending(5, charged=(DateRange(CARE.start, TODAY + timedelta(days=5)),)), POLICY, TODAY) is None
    after = Statement(DateRange(TODAY, None))
    assert due_notice(ending(5, statements=(after,)), POLICY, TODAY) is None
    assert due_notice(ending(5, statements=(replace(after, handled=True),)), POLICY, TODAY) is Notice.INITIAL
    assert due_notice(Renewal((), (CARE,)), POLICY, TODAY) is None


def fresh(begins: date, **given) -> Renewal:
    return replace(Renewal((), (DateRange(begins, date(2027, 7, 31)),)), **given)


@pytest.mark.parametrize(("begins", "asked"), [
    (date(2026, 5, 1), True), (date(2026, 7, 2), True), (date(2026, 4, 30), False), (date(2026, 7, 3), False)])
def test_a_family_is_asked_about_when_its_care_begins(begins, asked):
    assert asks_new_family(fresh(begins), POLICY, TODAY) is asked


def test_a_family_is_not_asked_that_has_told_or_was_asked_or_has_no_care():
    begins = date(2026, 6, 15)
    assert not asks_new_family(fresh(begins, incomes=(DateRange(date(2026, 1, 1)),)), POLICY, TODAY)
    assert asks_new_family(fresh(begins, incomes=(DateRange(date(2020, 1, 1), date(2021, 1, 1)),)), POLICY, TODAY)
    assert not asks_new_family(fresh(begins, statements=(Statement(DateRange(begins)),)), POLICY, TODAY)
    assert not asks_new_family(fresh(begins, notices=frozenset({Notice.NEW_FAMILY})), POLICY, TODAY)
    assert not asks_new_family(Renewal((), ()), POLICY, TODAY)


def test_care_that_goes_on_from_another_began_with_the_first():
    first, second = DateRange(date(2025, 8, 1), date(2026, 5, 31)), DateRange(date(2026, 6, 1), date(2026, 12, 31))
    assert care_begins([second, first], TODAY) == date(2025, 8, 1)
    assert care_begins([DateRange(date(2024, 1, 1), date(2024, 12, 31)), second], TODAY) == date(2026, 6, 1)
    assert care_begins([first], TODAY) is None


def test_the_own_page_asks_until_something_is_told():
    assert asked_of(ending(28), POLICY, TODAY) is Notice.REMINDER
    assert asked_of(ending(29), POLICY, TODAY) is None
    assert asked_of(ending(-100), POLICY, TODAY) is Notice.NEW_FAMILY
    assert asked_of(Renewal((), (CARE,)), POLICY, TODAY) is Notice.NEW_FAMILY
    assert asked_of(ending(5, statements=(Statement(CARE),)), POLICY, TODAY) is None
    assert asked_of(ending(5, charged=()), POLICY, TODAY) is None
    assert asked_of(ending(5, charged=(DateRange(CARE.start, TODAY + timedelta(days=5)),)), POLICY, TODAY) is None
