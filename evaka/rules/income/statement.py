"""An income statement: what a guardian tells of what the family earns, when it may be sent, which papers belong to it.

Law: Act 1503/2016, 11 § (income that counts).
A statement becomes no income by itself: the office compares it with its papers and enters what counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from evaka.kit.errors import Refused
from evaka.kit.money import Cents
from evaka.kit.references import check_business_id
from evaka.kit.workflow import Workflow
from evaka.rules.income import Effect, PayPeriod, ShownAmount


class StatementKind(StrEnum):
    INCOME = "income"
    HIGHEST_FEE = "highest_fee"
    CHILD_INCOME = "child_income"


class StatementStatus(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    HANDLING = "handling"
    HANDLED = "handled"


STATEMENT = Workflow(
    send=({StatementStatus.DRAFT}, StatementStatus.SENT),
    take=({StatementStatus.SENT}, StatementStatus.HANDLING),
    give_back=({StatementStatus.HANDLING}, StatementStatus.SENT),
    handle=({StatementStatus.SENT, StatementStatus.HANDLING}, StatementStatus.HANDLED),
    reopen=({StatementStatus.HANDLED}, StatementStatus.SENT),
)
WAITING = frozenset({StatementStatus.SENT, StatementStatus.HANDLING})
OPEN = WAITING | {StatementStatus.DRAFT}
MAY_WITHDRAW = frozenset({StatementStatus.DRAFT, StatementStatus.SENT})


class Source(StrEnum):
    """From where the office sees what is earned."""

    INCOMES_REGISTER = "incomes_register"
    ATTACHMENTS = "attachments"


class OtherIncome(StrEnum):
    PENSION = "pension"
    ADULT_EDUCATION_ALLOWANCE = "adult_education_allowance"
    SICKNESS_ALLOWANCE = "sickness_allowance"
    PARENTAL_ALLOWANCE = "parental_allowance"
    HOME_CARE_ALLOWANCE = "home_care_allowance"
    FLEXIBLE_CARE_ALLOWANCE = "flexible_care_allowance"
    ALIMONY = "alimony"
    INVESTMENT_INCOME = "investment_income"
    RENTAL_INCOME = "rental_income"
    BASIC_SOCIAL_SECURITY = "basic_social_security"
    UNEMPLOYMENT_ALLOWANCE = "unemployment_allowance"
    LABOUR_MARKET_SUBSIDY = "labour_market_subsidy"
    ADJUSTED_DAILY_ALLOWANCE = "adjusted_daily_allowance"
    JOB_ALTERNATION = "job_alternation"
    BONUS = "bonus"
    RELATIVE_CARE_SUPPORT = "relative_care_support"
    BASIC_INCOME = "basic_income"
    FOREST_INCOME = "forest_income"
    FAMILY_CARE = "family_care"
    REHABILITATION = "rehabilitation"
    EDUCATION_ALLOWANCE = "education_allowance"
    GRANT = "grant"
    APPRENTICESHIP = "apprenticeship"
    ACCIDENT_INSURANCE = "accident_insurance"
    OTHER = "other"


class Company(StrEnum):
    SELF_EMPLOYED = "self_employed"
    LIMITED_COMPANY = "limited_company"
    PARTNERSHIP = "partnership"
    LIGHT_ENTREPRENEUR = "light_entrepreneur"


class PaperKind(StrEnum):
    """What an attachment shows."""

    PAYSLIP = "payslip"
    OTHER_INCOME = "other_income"
    STARTUP_GRANT = "startup_grant"
    PROFIT_AND_LOSS = "profit_and_loss"
    ACCOUNTANT_REPORT = "accountant_report"
    COMPANY_PAYSLIP = "company_payslip"
    LIGHT_ENTREPRENEUR_SALARY = "light_entrepreneur_salary"
    PROOF_OF_STUDIES = "proof_of_studies"
    ALIMONY_PAID = "alimony_paid"
    CHILD_INCOME = "child_income"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered; amounts are cents a month, as the family estimates them."""

    gross: bool = False
    gross_source: Source | None = None
    estimated: Cents | None = None
    other_incomes: tuple[OtherIncome, ...] = ()
    other_words: str = ""
    no_income: bool = False
    no_income_words: str = ""
    entrepreneur: bool = False
    began: date | None = None
    company: str = ""
    business_id: str = ""
    spouse_works: bool = False
    startup_grant: bool = False
    checkup: bool = False
    companies: tuple[Company, ...] = ()
    own_papers: bool = False
    own_estimate: Cents | None = None
    own_estimate_start: date | None = None
    own_estimate_end: date | None = None
    company_source: Source | None = None
    accountant_name: str = ""
    accountant_phone: str = ""
    accountant_email: str = ""
    accountant_address: str = ""
    student: bool = False
    alimony_payer: bool = False
    other_info: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """What keeps a statement from being sent: the question, and why."""

    field: str
    why: Refused


def lacks(
    kind: StatementKind, start: date, end: date | None, answers: Answers, papers: AbstractSet[PaperKind]
) -> list[Lack]:
    """Everything that must be answered before the statement may be sent, in the order of the form."""
    found = []
    if end is not None and end < start:
        found.append(Lack("end", Refused("statement.ends_before_start", start=start, end=end)))
    if kind is StatementKind.CHILD_INCOME and not papers:
        found.append(Lack("papers", Refused("statement.child_needs_papers")))
    if kind is not StatementKind.INCOME:
        return found
    if end is None:
        found.append(Lack("end", Refused("statement.end_missing")))
    if not (answers.gross or answers.entrepreneur):
        found.append(Lack("gross", Refused("statement.nothing_told")))
    if answers.gross:
        found += _lacks_of_gross(answers)
    if answers.entrepreneur:
        found += _lacks_of_entrepreneur(answers)
    return found


def _lacks_of_gross(answers: Answers) -> Iterator[Lack]:
    if answers.no_income:
        if not answers.no_income_words:
            yield Lack("no_income_words", Refused("statement.no_income_words_missing"))
        return
    if answers.gross_source is None:
        yield Lack("gross_source", Refused("statement.source_missing"))
    if answers.estimated is None:
        yield Lack("estimated", Refused("statement.estimated_missing"))
    elif answers.estimated < 0:
        yield Lack("estimated", Refused("statement.negative"))
    if OtherIncome.OTHER in answers.other_incomes and not answers.other_words:
        yield Lack("other_words", Refused("statement.other_words_missing"))


def _lacks_of_entrepreneur(answers: Answers) -> Iterator[Lack]:
    if answers.began is None:
        yield Lack("began", Refused("statement.began_missing"))
    if answers.business_id:
        try:
            check_business_id(answers.business_id)
        except Refused as no:
            yield Lack("business_id", no)
    if not answers.companies:
        yield Lack("companies", Refused("statement.companies_missing"))
    if Company.SELF_EMPLOYED in answers.companies:
        yield from _lacks_of_self_employed(answers)
    if Company.LIMITED_COMPANY in answers.companies and answers.company_source is None:
        yield Lack("company_source", Refused("statement.source_missing"))
    if {Company.LIMITED_COMPANY, Company.PARTNERSHIP} & set(answers.companies):
        for name in ("accountant_name", "accountant_phone", "accountant_email"):
            if not getattr(answers, name):
                yield Lack(name, Refused("statement.accountant_missing"))


def _lacks_of_self_employed(answers: Answers) -> Iterator[Lack]:
    if not answers.own_papers and answers.own_estimate is None:
        yield Lack("own_estimate", Refused("statement.own_estimate_missing"))
    if answers.own_estimate is not None:
        if answers.own_estimate < 0:
            yield Lack("own_estimate", Refused("statement.negative"))
        if answers.own_estimate_start is None:
            yield Lack("own_estimate_start", Refused("statement.own_estimate_start_missing"))
        elif answers.own_estimate_end is not None and answers.own_estimate_end < answers.own_estimate_start:
            start, end = answers.own_estimate_start, answers.own_estimate_end
            yield Lack("own_estimate_end", Refused("statement.ends_before_start", start=start, end=end))


def papers_wanted(kind: StatementKind, answers: Answers) -> tuple[PaperKind, ...]:
    """Which papers belong to what was answered, in the order of the form."""
    if kind is StatementKind.CHILD_INCOME:
        return (PaperKind.CHILD_INCOME,)
    if kind is StatementKind.HIGHEST_FEE:
        return ()
    earns = answers.gross and not answers.no_income
    own = set(answers.companies) if answers.entrepreneur else set()
    books = bool({Company.LIMITED_COMPANY, Company.PARTNERSHIP} & own)
    wanted = {
        PaperKind.PAYSLIP: earns and answers.gross_source is Source.ATTACHMENTS,
        PaperKind.OTHER_INCOME: earns and bool(answers.other_incomes),
        PaperKind.STARTUP_GRANT: answers.entrepreneur and answers.startup_grant,
        PaperKind.PROFIT_AND_LOSS: Company.PARTNERSHIP in own
        or (Company.SELF_EMPLOYED in own and answers.own_papers),
        PaperKind.ACCOUNTANT_REPORT: books,
        PaperKind.COMPANY_PAYSLIP: Company.LIMITED_COMPANY in own and answers.company_source is Source.ATTACHMENTS,
        PaperKind.LIGHT_ENTREPRENEUR_SALARY: Company.LIGHT_ENTREPRENEUR in own,
        PaperKind.PROOF_OF_STUDIES: answers.student,
        PaperKind.ALIMONY_PAID: answers.alimony_payer,
    }
    return tuple(one for one, is_wanted in wanted.items() if is_wanted)


def check_only_one(open_starts: Collection[date], start: date) -> None:
    """Of one person there is one statement from a day that is not handled yet."""
    if start in open_starts:
        raise Refused("statement.one_is_open", start=start)


def effect_of(kind: StatementKind) -> Effect:
    """What the record that the office makes of it means for the fee."""
    return Effect.MAX_FEE_ACCEPTED if kind is StatementKind.HIGHEST_FEE else Effect.INCOME


def estimated_lines(answers: Answers) -> tuple[ShownAmount, ...]:
    """The family's own estimates as lines that the office begins from."""
    month = PayPeriod.MONTHLY_NO_HOLIDAY_BONUS
    found = []
    if answers.gross and not answers.no_income and answers.estimated:
        found.append(ShownAmount("main_income", answers.estimated, month))
    own = answers.entrepreneur and Company.SELF_EMPLOYED in answers.companies
    if own and answers.own_estimate:
        found.append(ShownAmount("business_income", answers.own_estimate, month))
    return tuple(found)
