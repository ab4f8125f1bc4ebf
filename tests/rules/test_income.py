"""Income: monthly amounts, totals, validity, and when the family is reminded."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from evaka import city
from evaka.kit.dates import DateRange
from evaka.kit.errors import ConfigMistake, Refused
from evaka.rules.income import (
    Effect,
    Income,
    IncomeKind,
    IncomeLine,
    IncomePolicy,
    PayPeriod,
    ShownAmount,
    check_apart,
    family_effect,
    family_total,
    reckoned,
    same_income,
    shown,
    usual_end,
    validity,
    with_new,
)
from evaka.rules.income.notice import Notice, Renewal, Statement, due_notice


@pytest.fixture(autouse=True)
def _same_city_afterwards():
    before = city.chosen()
    yield
    city.choose(before)


@pytest.fixture
def policy() -> IncomePolicy:
    city.choose("base")
    return city.value("incomes", "rules", IncomePolicy)


def days(start: str, end: str | None = None) -> DateRange:
    return DateRange(date.fromisoformat(start), date.fromisoformat(end) if end else None)


@pytest.mark.parametrize(
    ("amount", "period", "monthly"),
    [
        (3000_00, "monthly_with_holiday_bonus", 3150_00),
        (3000_00, "monthly_no_holiday_bonus", 3000_00),
        (1000_00, "bi_weekly_with_holiday_bonus", 2231_25),
        (1000_00, "bi_weekly_no_holiday_bonus", 2125_00),
        (37_21, "daily_21_5", 800_02),  # 800.015 is rounded up
        (10_00, "daily_25", 250_00),
        (24000_00, "yearly", 2000_00),  # 1999.9992
    ],
)
def test_an_amount_is_made_monthly(policy, amount, period, monthly) -> None:
    line = IncomeLine("main_income", amount, PayPeriod(period), policy.multipliers[PayPeriod(period)])
    assert line.monthly == monthly


def test_expenses_are_taken_from_the_income_and_each_row_is_rounded() -> None:
    lines = [
        IncomeLine("main_income", 1001, multiplier=Decimal("1.05")),  # 1051.05 cents -> 10.51
        IncomeLine("pension", 50),
        IncomeLine("paid_alimony", 20_00, expense=True),
    ]
    income = shown(Effect.INCOME, lines, agency_staff=True, record=7)
    assert (income.earned, income.expenses, income.total) == (11_01, 20_00, -8_99)
    assert (income.agency_staff, income.record) == (True, 7)


def test_lines_count_only_when_they_are_the_income() -> None:
    income = shown(Effect.MAX_FEE_ACCEPTED, [IncomeLine("main_income", 100)])
    assert (income.lines, income.total) == ((), 0)


EARNS, ACCEPTS = Income(Effect.INCOME, 100), Income(Effect.MAX_FEE_ACCEPTED)
INCOMPLETE, UNKNOWN = Income(Effect.INCOMPLETE), Income(Effect.NOT_AVAILABLE)


@pytest.mark.parametrize(
    ("incomes", "total", "effect"),
    [
        ([EARNS, EARNS], 200, Effect.INCOME),
        ([EARNS, ACCEPTS], None, Effect.MAX_FEE_ACCEPTED),
        ([INCOMPLETE, ACCEPTS], None, Effect.MAX_FEE_ACCEPTED),
        ([EARNS, INCOMPLETE], None, Effect.INCOMPLETE),
        ([EARNS, None], None, Effect.NOT_AVAILABLE),
        ([], None, Effect.NOT_AVAILABLE),
    ],
)
def test_a_familys_income_is_known_when_all_have_shown_it(incomes, total, effect) -> None:
    assert family_total(incomes) == total
    assert family_effect(incomes) == effect


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (None, UNKNOWN, True),
        (INCOMPLETE, None, True),
        (EARNS, None, False),
        (EARNS, Income(Effect.INCOME, 100), True),
        (EARNS, Income(Effect.INCOME, 101), False),
        (Income(Effect.INCOME, 100, record=1), Income(Effect.INCOME, 100, record=1), True),
        (Income(Effect.INCOME, 100, record=1), Income(Effect.INCOME, 100, record=2), False),  # shown anew
        (Income(Effect.INCOME, 100, record=1), EARNS, True),
    ],
)
def test_when_a_decision_would_say_the_same_of_two_incomes(one, other, same) -> None:
    assert same_income(one, other) is same
    assert same_income(other, one) is same


def test_a_new_record_ends_the_one_before() -> None:
    existing = {1: days("2025-01-01"), 2: days("2024-01-01", "2024-12-31")}
    kept = with_new(existing, days("2026-01-01", "2026-12-31"))
    assert kept == {1: days("2025-01-01", "2025-12-31"), 2: days("2024-01-01", "2024-12-31")}


@pytest.mark.parametrize(
    "existing",
    [
        days("2026-01-01", "2026-06-30"),  # starts the same day
        days("2026-06-01"),  # starts later
        days("2025-01-01", "2027-12-31"),  # outlasts the new one
    ],
)
def test_records_that_would_still_meet_are_refused(existing) -> None:
    with pytest.raises(Refused) as no:
        with_new({1: existing}, days("2026-01-01", "2026-12-31"))
    assert (no.value.key, no.value.facts["other"]) == ("income.overlaps", existing)


def test_a_changed_record_must_not_meet_the_others() -> None:
    check_apart([days("2026-01-01", "2026-01-31")], days("2026-02-01"))
    with pytest.raises(Refused, match=r"income\.overlaps"):
        check_apart([days("2026-01-01", "2026-01-31")], days("2026-01-31"))


def test_a_record_does_not_end_before_it_starts() -> None:
    assert validity(date(2026, 1, 1), None) == days("2026-01-01")
    assert validity(date(2026, 1, 1), date(2026, 1, 1)) == days("2026-01-01", "2026-01-01")
    with pytest.raises(Refused, match=r"income\.ends_before_start"):
        validity(date(2026, 1, 2), date(2026, 1, 1))


def test_a_record_is_suggested_for_a_year(policy) -> None:
    assert usual_end(date(2026, 3, 1), policy) == date(2027, 2, 28)


TODAY = date(2026, 9, 1)


def renewal(ends_in: int, **changes) -> Renewal:
    """An income that ends in some days from today, and a child in paid care all year."""
    end = TODAY + timedelta(days=ends_in)
    given = {
        "incomes": (DateRange(date(2025, 1, 1), end),),
        "charged": (days("2026-01-01", "2026-12-31"),),
    }
    return Renewal(**(given | changes))


@pytest.mark.parametrize(
    ("ends_in", "notice"),
    [(29, None), (28, Notice.INITIAL), (0, Notice.INITIAL), (-1, Notice.EXPIRED), (-7, Notice.EXPIRED), (-8, None)],
)
def test_the_family_is_reminded_four_weeks_ahead_and_on_the_day_after(policy, ends_in, notice) -> None:
    assert due_notice(renewal(ends_in), policy, TODAY) == notice


def test_the_second_reminder_comes_two_weeks_ahead_and_each_once_a_month(policy) -> None:
    told = frozenset({Notice.INITIAL})
    assert due_notice(renewal(15, notices=told), policy, TODAY) is None
    assert due_notice(renewal(14, notices=told), policy, TODAY) is Notice.REMINDER
    assert due_notice(renewal(14, notices=frozenset(Notice)), policy, TODAY) is None


def test_nobody_is_reminded_without_income_or_paid_care(policy) -> None:
    assert due_notice(renewal(10, incomes=()), policy, TODAY) is None
    assert due_notice(renewal(10, incomes=(days("2025-01-01"),)), policy, TODAY) is None  # open-ended
    assert due_notice(renewal(10, charged=(days("2026-01-01", "2026-09-11"),)), policy, TODAY) is None


def test_a_statement_that_waits_to_be_handled_stops_the_reminders(policy) -> None:
    waiting = Statement(days("2026-09-12"))
    assert due_notice(renewal(10, statements=(waiting,)), policy, TODAY) is None
    short = Statement(days("2026-09-12", "2026-09-20"))
    assert due_notice(renewal(10, statements=(short,)), policy, TODAY) is Notice.INITIAL
    handled = Statement(days("2026-09-12"), handled=True)
    assert due_notice(renewal(10, statements=(handled,)), policy, TODAY) is Notice.INITIAL


def test_a_pay_period_without_a_number_is_a_mistake_in_the_configuration() -> None:
    with pytest.raises(ConfigMistake, match="multipliers has no yearly"):
        city.build(
            IncomePolicy, {"multipliers": {one: "1" for one in PayPeriod if one != "yearly"}}, "incomes.toml"
        )


def test_the_kinds_of_income_are_configuration() -> None:
    city.choose("base")
    kinds = {name: city.build(IncomeKind, row, name) for name, row in city.read("incomes")["kind"].items()}
    assert kinds["paid_alimony"].expense
    assert kinds["perks"].part_of == "main_income"
    assert kinds["main_income"].chooses_period


def test_what_was_shown_becomes_lines_with_the_multiplier_of_their_kind(policy) -> None:
    yearly = PayPeriod.YEARLY
    kinds = {"main_income": IncomeKind(chooses_period=True), "perks": IncomeKind(part_of="main_income"),
             "pension": IncomeKind(), "paid_alimony": IncomeKind(expense=True)}
    amounts = [ShownAmount("main_income", 1200_00, yearly), ShownAmount("perks", 600_00),
               ShownAmount("pension", 100_00, yearly), ShownAmount("paid_alimony", 50_00), ShownAmount("other", 0)]
    lines = reckoned(amounts, kinds, policy)
    assert [(one.kind, one.period is yearly, one.expense) for one in lines] == [
        ("main_income", True, False), ("perks", True, False), ("pension", False, False), ("paid_alimony", False, True)]
    assert lines[0].multiplier == policy.multipliers[yearly]
    assert str(amounts[0]) == "main_income 120000 yearly"
    for amount, key in ((ShownAmount("pension", -1), "income.negative"), (ShownAmount("x", 1), "income.kind_not_used")):
        with pytest.raises(Refused, match=key):
            reckoned([amount], kinds, policy)
