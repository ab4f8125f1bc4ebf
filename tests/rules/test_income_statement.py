"""When an income statement may be sent, which papers belong to it, and what the office begins from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from evaka.kit.errors import Refused
from evaka.rules.income import Effect, ShownAmount
from evaka.rules.income.statement import (
    STATEMENT,
    Answers,
    Company,
    OtherIncome,
    PaperKind,
    Source,
    StatementKind,
    StatementStatus,
    check_only_one,
    effect_of,
    estimated_lines,
    lacks,
    papers_wanted,
)

START, END = date(2026, 8, 1), date(2027, 7, 31)
WAGES = Answers(gross=True, gross_source=Source.INCOMES_REGISTER, estimated=3200_00)
FIRM = Answers(
    entrepreneur=True, began=date(2024, 1, 1), companies=(Company.SELF_EMPLOYED,), own_estimate=2500_00,
    own_estimate_start=START,
)
LTD = Answers(
    entrepreneur=True, began=START, companies=(Company.LIMITED_COMPANY,), company_source=Source.ATTACHMENTS,
    accountant_name="Tili Oy", accountant_phone="09 000 111", accountant_email="tili@example.fi",
)


def told(answers, kind=StatementKind.INCOME, end=END, papers=frozenset()):
    return [(one.field, one.why.key) for one in lacks(kind, START, end, answers, papers)]


@pytest.mark.parametrize("answers", [WAGES, FIRM, LTD, replace(WAGES, entrepreneur=True, began=START,
                                                                companies=(Company.LIGHT_ENTREPRENEUR,))])
def test_what_is_complete_may_be_sent(answers):
    assert told(answers) == []


@pytest.mark.parametrize(
    ("answers", "field", "key"),
    [
        (Answers(), "gross", "statement.nothing_told"),
        (replace(WAGES, gross_source=None), "gross_source", "statement.source_missing"),
        (replace(WAGES, estimated=None), "estimated", "statement.estimated_missing"),
        (replace(WAGES, estimated=-1), "estimated", "statement.negative"),
        (replace(WAGES, other_incomes=(OtherIncome.OTHER,)), "other_words", "statement.other_words_missing"),
        (Answers(gross=True, no_income=True), "no_income_words", "statement.no_income_words_missing"),
        (replace(FIRM, began=None), "began", "statement.began_missing"),
        (replace(FIRM, business_id="1234567-8"), "business_id", "reference.business_id_check"),
        (replace(FIRM, companies=()), "companies", "statement.companies_missing"),
        (replace(FIRM, own_estimate=None), "own_estimate", "statement.own_estimate_missing"),
        (replace(FIRM, own_estimate=-1), "own_estimate", "statement.negative"),
        (replace(FIRM, own_estimate_start=None), "own_estimate_start", "statement.own_estimate_start_missing"),
        (replace(FIRM, own_estimate_end=date(2026, 7, 31)), "own_estimate_end", "statement.ends_before_start"),
        (replace(LTD, company_source=None), "company_source", "statement.source_missing"),
        (replace(LTD, accountant_phone=""), "accountant_phone", "statement.accountant_missing"),
    ],
)
def test_each_lack_is_named_beside_its_question(answers, field, key):
    assert told(answers) == [(field, key)]


def test_nothing_more_is_asked_of_who_has_no_income_or_sends_the_accounts():
    assert told(Answers(gross=True, no_income=True, no_income_words="Säästöt")) == []
    assert told(replace(FIRM, own_estimate=None, own_papers=True, business_id="0737546-2")) == []


def test_the_days_are_in_order_and_an_income_ends():
    assert told(WAGES, end=date(2026, 7, 31)) == [("end", "statement.ends_before_start")]
    assert told(WAGES, end=None) == [("end", "statement.end_missing")]


def test_the_highest_fee_needs_nothing_and_a_childs_income_its_papers():
    assert told(Answers(), StatementKind.HIGHEST_FEE, None) == []
    assert told(Answers(), StatementKind.CHILD_INCOME, None) == [("papers", "statement.child_needs_papers")]
    assert told(Answers(), StatementKind.CHILD_INCOME, None, {PaperKind.CHILD_INCOME}) == []


@pytest.mark.parametrize(
    ("answers", "papers"),
    [
        (WAGES, []),
        (replace(WAGES, gross_source=Source.ATTACHMENTS, other_incomes=(OtherIncome.PENSION,)),
         ["payslip", "other_income"]),
        (replace(WAGES, no_income=True, gross_source=Source.ATTACHMENTS), []),
        (replace(FIRM, own_papers=True, startup_grant=True), ["startup_grant", "profit_and_loss"]),
        (replace(FIRM, entrepreneur=False, own_papers=True), []),
        (LTD, ["accountant_report", "company_payslip"]),
        (replace(LTD, companies=(Company.PARTNERSHIP,)), ["profit_and_loss", "accountant_report"]),
        (replace(WAGES, student=True, alimony_payer=True), ["proof_of_studies", "alimony_paid"]),
        (replace(LTD, companies=(Company.LIGHT_ENTREPRENEUR,)), ["light_entrepreneur_salary"]),
    ],
)
def test_papers_follow_from_the_answers(answers, papers):
    assert list(papers_wanted(StatementKind.INCOME, answers)) == papers


def test_papers_of_the_other_kinds():
    assert papers_wanted(StatementKind.HIGHEST_FEE, WAGES) == ()
    assert papers_wanted(StatementKind.CHILD_INCOME, WAGES) == (PaperKind.CHILD_INCOME,)


def test_of_one_day_there_is_one_open_statement():
    check_only_one([date(2026, 1, 1)], START)
    with pytest.raises(Refused, match="statement.one_is_open"):
        check_only_one([START], START)


def test_the_office_begins_from_the_estimates():
    assert estimated_lines(WAGES) == (ShownAmount("main_income", 3200_00),)
    assert estimated_lines(FIRM) == (ShownAmount("business_income", 2500_00),)
    assert estimated_lines(replace(WAGES, no_income=True)) == ()
    assert effect_of(StatementKind.INCOME) is Effect.INCOME
    assert effect_of(StatementKind.HIGHEST_FEE) is Effect.MAX_FEE_ACCEPTED


def test_what_is_handled_may_be_opened_again_and_what_is_sent_not_sent_twice():
    assert STATEMENT.after(StatementStatus.HANDLED, "reopen") is StatementStatus.SENT
    with pytest.raises(Refused):
        STATEMENT.after(StatementStatus.SENT, "send")
