"""What must hold of every family, whatever it earns and however its life changes; Hypothesis looks for an exception."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evaka.kit.dates import DAY, DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.kit.references import check_reference, creditor_reference, national
from evaka.rules.attendance import AbsenceKind
from evaka.rules.calendar import is_business_day
from evaka.rules.fee import (
    IN_FORCE,
    Alteration,
    AlterationKind,
    Care,
    Child,
    Facts,
    FeeDecision,
    FeeTable,
    Need,
    Rounding,
    TemporaryPrices,
    child_fee,
    confirm,
    differences,
    drafts,
    fees_on,
)
from evaka.rules.income import Effect, Income
from evaka.rules.invoice import Charge, InvoicePolicy, Month, Part, Place, applied, invoices, left_over
from evaka.rules.invoice.correction import Correction
from evaka.rules.placement import CareType
from evaka.rules.voucher import AgeValues, VoucherFacts, VoucherTable, voucher_on, voucher_value

settings.register_profile("rules", max_examples=80, deadline=None, database=None, print_blob=True)
settings.load_profile("rules")

TABLE = FeeTable(
    valid=DateRange(date(2020, 8, 1)),
    law="1503/2016",
    lower_limit={2: 4066_00, 3: 5245_00, 4: 5956_00, 5: 6667_00, 6: 7376_00},
    upper_limit={2: 6973_00, 3: 8152_00, 4: 8863_00, 5: 9574_00, 6: 10283_00},
    further_member=275_00,
    rate=Decimal("0.107"),
    smallest_fee=30_00,
    highest_fee=311_00,
    sibling_share=(Decimal(1), Decimal("0.4"), Decimal("0.2")),
    temporary=TemporaryPrices(28_00, 15_00, 15_00, 8_00),
)
ALWAYS = DateRange(date(1990, 1, 1))
YEAR = DateRange(date(2025, 1, 1), date(2025, 12, 31))
FIRST = date(2024, 1, 1)

roundings = st.sampled_from(Rounding)
sizes = st.integers(2, 9)
incomes = st.integers(-2000_00, 13000_00)
shares = st.integers(0, 100).map(lambda share: Decimal(share) / 100)
ordinals = st.integers(1, 6)
amounts = st.integers(1, 100).map(Decimal)
kinds = st.sampled_from(AlterationKind)
alterations = st.builds(Alteration, kinds, amounts, st.booleans())
reductions = alterations.filter(lambda one: one.kind is not AlterationKind.INCREASE)
days_of_year = st.integers(0, 364).map(lambda number: YEAR.start + number * DAY)


def earns(cents: int) -> Income:
    return Income(Effect.INCOME, max(cents, 0), max(-cents, 0))


# -- the fee of a child ---------------------------------------------------------------------------------


@given(sizes, st.none() | incomes, ordinals, shares, st.lists(reductions, max_size=3), roundings)
def test_no_fee_is_above_the_highest_nor_below_nothing(size, income, sibling, share, reliefs, rounding) -> None:
    table = replace(TABLE, rounding=rounding)
    shown = [None] if income is None else [earns(income)]
    fee = child_fee(table, size, shown, sibling=sibling, coefficient=share, alterations=reliefs)
    assert 0 <= fee.final <= fee.fee <= table.highest_fee
    assert fee.fee == 0 or fee.fee >= table.smallest_fee
    assert fee.fee % 100 == 0


@given(sizes, incomes, st.integers(0, 3000_00), ordinals, shares, st.lists(alterations, max_size=3), roundings)
def test_more_income_never_lowers_a_fee(size, income, more, sibling, share, altered, rounding) -> None:
    table = replace(TABLE, rounding=rounding)

    def fee(cents: int) -> int:
        return child_fee(
            table, size, [earns(cents)], sibling=sibling, coefficient=share, alterations=altered
        ).final

    assert fee(income) <= fee(income + more)


@given(sizes, incomes, ordinals, shares, st.lists(alterations, max_size=3), roundings)
def test_who_has_not_shown_the_income_never_pays_less_than_who_has(
    size, income, sibling, share, altered, rounding
) -> None:
    table = replace(TABLE, rounding=rounding)

    def fee(shown: Income | None) -> int:
        return child_fee(table, size, [shown], sibling=sibling, coefficient=share, alterations=altered).final

    assert fee(earns(income)) <= fee(None)


# -- a family -------------------------------------------------------------------------------------------

births = st.dates(date(2018, 1, 1), date(2024, 12, 1))


def household(born: list[date], income: int | None, *, cared: int, share: Decimal = Decimal(1)) -> Facts:
    """A mother with children born on these days, of whom the first `cared` are in care all year 2025."""
    place = Care("Koivu", CareType.DAYCARE, Need("full", share))
    return Facts(
        children={number: Child(number, day) for number, day in enumerate(born)},
        heads=Timeline((ALWAYS, ("mother", number)) for number in range(len(born))),
        partners=Timeline(),
        tables=Timeline([(ALWAYS, TABLE)]),
        care={number: Timeline([(YEAR, place)]) for number in range(cared)},
        incomes={} if income is None else {"mother": Timeline([(ALWAYS, earns(income))])},
    )


@given(st.lists(births, min_size=1, max_size=5), births, st.none() | incomes, st.booleans(), shares)
def test_an_added_sibling_never_raises_anothers_fee(born, added, income, in_care, share) -> None:
    day = date(2025, 5, 5)
    before = fees_on(household(born, income, cared=len(born), share=share), "mother", day)
    after = household([*born, added], income, cared=len(born) + in_care, share=share)
    prices = {line.child: line.price.final for line in fees_on(after, "mother", day).lines}
    assert all(prices[line.child] <= line.price.final for line in before.lines)


# -- decisions over time --------------------------------------------------------------------------------


@st.composite
def lives(draw: Any) -> Facts:
    """A mother, perhaps a partner for a time, one to three children with places, incomes and reliefs of 2025."""
    born = draw(st.lists(births, min_size=1, max_size=3))
    facts = household(born, None, cared=0)
    care = {}
    for number in facts.children:
        cuts = sorted(draw(st.sets(days_of_year, min_size=2, max_size=4)))
        spans = [DateRange(start, end - DAY) for start, end in pairwise(cuts)]
        options = st.sampled_from(("full", "part", "none"))
        care[number] = Timeline((span, _place(draw(options), draw(st.booleans()))) for span in spans)
    return replace(
        facts,
        care=care,
        incomes={"mother": Timeline(draw(_spans(incomes.map(earns))))},
        alterations={0: Timeline(draw(_spans(alterations)))},
        partners=Timeline(draw(_spans(st.just(("mother", "father"))))),
    )


def _place(option: str, invoiced: bool) -> Care:
    share = {"full": Decimal(1), "part": Decimal("0.6"), "none": Decimal(0)}[option]
    return Care("Koivu" if invoiced else "Haapa", CareType.DAYCARE, Need(option, share), charged=invoiced)


def _spans(values: Any) -> Any:
    """At most one value at a time, each within the year."""
    return st.tuples(st.sets(days_of_year, min_size=2, max_size=3).map(sorted), values, values).map(
        lambda drawn: [
            (DateRange(start, end - DAY), value)
            for start, end, value in zip(drawn[0], drawn[0][1:], drawn[1:], strict=False)
        ]
    )


def decided_anew(facts: Facts, decisions: list[FeeDecision]) -> list[FeeDecision]:
    """All decisions once the drafts that these facts lead to have been sent."""
    fresh = drafts(facts, "mother", decisions, first_day=FIRST)
    numbered = [replace(one, id=f"{len(decisions)}.{number}") for number, one in enumerate(fresh)]
    done = confirm(numbered, decisions)
    ended = {one.id: one for one in done.ended}
    return [ended.get(one.id, one) for one in decisions] + list(done.sent)


@settings(max_examples=40)
@given(st.lists(lives(), min_size=1, max_size=3))
def test_however_life_changes_each_day_is_decided_once_and_rightly(changes) -> None:
    decisions: list[FeeDecision] = []
    for facts in changes:
        decisions = decided_anew(facts, decisions)
        standing = [one for one in decisions if one.status in IN_FORCE]
        for day in (YEAR.start + number * DAY for number in range(0, 365, 3)):
            owed = fees_on(facts, "mother", day)
            said = [one.fees for one in standing if day in one.period]
            assert len(said) == (not owed.empty)
            assert not any(differences(one, owed) or one.total != owed.total for one in said)
        assert drafts(facts, "mother", decisions, first_day=FIRST) == []


@settings(max_examples=40)
@given(lives(), lives())
def test_drafting_twice_is_drafting_once(before, after) -> None:
    sent = decided_anew(before, [])
    once = drafts(after, "mother", sent, first_day=FIRST)
    stored = [replace(one, id=f"draft {number}") for number, one in enumerate(once)]
    twice = drafts(after, "mother", [*sent, *stored], first_day=FIRST)
    assert [(one.id, one.period, one.fees, one.differences) for one in twice] == [
        (one.id, one.period, one.fees, one.differences) for one in stored
    ]
    periods = sorted((one.period for one in once), key=lambda period: period.start)
    assert all(one.last_day < other.start for one, other in pairwise(periods))


# -- vouchers -------------------------------------------------------------------------------------------

SUPPORT = st.integers(1, 500).map(lambda share: Decimal(share) / 100)


@given(st.integers(1, 2500_00), shares, SUPPORT, SUPPORT)
def test_support_never_lowers_the_value_of_a_voucher(base, share, one, other) -> None:
    less, more = (voucher_value(base, share, support).value for support in sorted((one, other)))
    assert less <= more
    assert less % 100 == 0


@given(births, st.none() | incomes, shares, SUPPORT, st.lists(reductions, max_size=2))
def test_a_voucher_is_worth_the_co_payment_and_the_two_parts_make_the_whole(
    born, income, share, support, reliefs
) -> None:
    family = replace(
        household([born], income, cared=1, share=share),
        alterations={0: Timeline((ALWAYS, relief) for relief in reliefs)},
    )
    values = VoucherTable(ALWAYS, "", AgeValues(949_00, 1480_00, 1700_00))
    facts = VoucherFacts(family, family.care, Timeline([(ALWAYS, values)]), {"full": share}, {0: _always(support)})
    try:
        voucher = voucher_on(facts, 0, date(2025, 5, 5))
    except Refused:  # the co-payment would be more than the voucher is worth
        return
    assert voucher is not None
    assert 0 <= voucher.final_co_payment <= voucher.co_payment <= voucher.worth
    assert voucher.to_unit + voucher.final_co_payment == voucher.worth
    assert 0 <= voucher.co_payment <= TABLE.highest_fee


def _always(value: Decimal) -> Timeline[Decimal]:
    return Timeline([(ALWAYS, value)])


# -- invoices -------------------------------------------------------------------------------------------

MARCH = DateRange.month(2025, 3)
POLICY = InvoicePolicy(
    refunded=frozenset({AbsenceKind.FORCE_MAJEURE, AbsenceKind.FREE}),
    refunded_babies=frozenset({AbsenceKind.PARENT_LEAVE}),
    sick=frozenset({AbsenceKind.SICK}),
    planned=frozenset({AbsenceKind.PLANNED}),
    never_surplus=frozenset({AbsenceKind.PLANNED, AbsenceKind.FREE}),
)
policies = st.builds(
    lambda **chosen: replace(POLICY, **chosen),
    absences_are_surplus=st.booleans(),
    contract_days_divide=st.booleans(),
    highest_after_days=st.none() | st.just(13),
)
fees = st.integers(30, 311).map(lambda euros: euros * 100)
march_days = st.integers(1, 31).map(lambda number: date(2025, 3, number))
absences = st.dictionaries(march_days, st.sampled_from(AbsenceKind), max_size=31)


@st.composite
def months(draw: Any) -> Month:
    """A child's March with one decision or two, in whole or in part, and any absences."""
    cut, fee = draw(march_days.filter(lambda day: day.day > 1)), draw(fees)
    spans = draw(st.sampled_from([[MARCH], [DateRange(MARCH.start, cut - DAY), DateRange(cut, MARCH.end)], [
        DateRange(cut, MARCH.end)]]))
    contract = draw(st.none() | st.sampled_from((10, 13, 15)))
    parts = [
        Part("ella", f"unit {number}", CareType.DAYCARE, 311_00, 0, fee, fee, contract_days=contract)
        for number in range(len(spans))
    ]
    return Month(
        period=MARCH,
        born={"ella": date(2023, 3, 20)},
        table=TABLE,
        charges=tuple(Charge("mother", span, (part,)) for span, part in zip(spans, parts, strict=True)),
        places=tuple(Place("ella", part.unit, CareType.DAYCARE, span) for span, part in zip(spans, parts, strict=True)),
        absences={"ella": draw(absences)},
    )


@given(months(), policies)
def test_the_rows_make_the_total_and_nobody_gets_back_more_than_was_charged(month, policy) -> None:
    for invoice in invoices(month, policy):
        assert invoice.total == sum(row.amount * row.unit_price for row in invoice.rows)
        assert 0 <= invoice.total <= 311_00 + policy.rounding_below
        for period in {row.period for row in invoice.rows}:
            assert sum(row.price for row in invoice.rows if row.period == period) >= -policy.rounding_below
        assert all(row.amount >= 1 and row.price for row in invoice.rows)


@given(months(), policies, march_days.filter(is_business_day))
def test_a_day_more_of_refunded_absence_never_makes_the_month_dearer(month, policy, day) -> None:
    assume(day not in month.absences["ella"])

    def total(absent: dict[date, AbsenceKind]) -> int:
        return sum(one.total for one in invoices(replace(month, absences={"ella": absent}), policy))

    closed = {**month.absences["ella"], day: AbsenceKind.FREE}
    # the price of a day is rounded, and a row for lost cents may go or come
    assert total(closed) <= total(dict(month.absences["ella"])) + policy.rounding_below


corrections = st.builds(
    lambda number, amount, price: Correction(number, "mother", "ella", "Koivu", "care:daycare", MARCH, amount, price),
    st.integers(),
    st.integers(1, 30),
    st.integers(-400_00, 400_00).filter(bool),
)


@given(st.lists(corrections, max_size=6, unique_by=lambda one: one.id), st.integers(0, 600_00))
def test_corrections_never_lead_below_nothing_and_no_cent_of_them_is_lost(waiting, total) -> None:
    taken = applied(waiting, total)
    assert total + sum(one.sum for one in taken) >= 0
    known = {one.id: one for one in waiting}
    for part in taken:
        left = left_over(known.pop(part.id), part)
        whole = next(one for one in waiting if one.id == part.id)
        assert part.sum + sum(amount * price for amount, price in left) == whole.sum


# -- references -----------------------------------------------------------------------------------------


@given(st.integers(100, 10**18), st.integers(0, 18), st.integers(1, 9))
def test_a_reference_is_right_and_with_one_digit_changed_it_is_not(base, place, step) -> None:
    reference = national(base)
    assert check_reference(reference) == reference
    assert check_reference(creditor_reference(reference)) == creditor_reference(reference)
    place %= len(reference)
    digit = (int(reference[place]) + step) % 10
    wrong = f"{reference[:place]}{digit}{reference[place + 1:]}"
    with pytest.raises(Refused):
        check_reference(wrong)
