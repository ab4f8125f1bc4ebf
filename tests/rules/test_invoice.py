"""The monthly invoice: rows by days of care, absences, contract days, free months, corrections, replacements.

October 2026 has 22 business days; a fee of 220 euros is then ten euros a day.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from evaka import city
from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import ConfigMistake, Refused
from evaka.rules.calendar import OpenDays
from evaka.rules.fee import Alteration, AlterationKind, FeeTable, table_on
from evaka.rules.invoice import (
    INVOICE,
    Charge,
    Correction,
    FreeChoice,
    InvoicePolicy,
    InvoiceStatus,
    Month,
    Part,
    Place,
    ReplacementReason,
    SentInvoice,
    applied,
    check_reason,
    due_date,
    free_by_choice,
    free_in_july,
    invoice_date,
    invoices,
    left_over,
    months_to_check,
    replacement,
)
from evaka.rules.placement import CareType, ShiftCare
from evaka.texts import knows, say

OCTOBER = DateRange(date(2026, 10, 1), date(2026, 10, 31))
BUSINESS_DAYS = [day for day in OCTOBER.days() if day.isoweekday() <= 5]
DISCOUNT = Alteration(AlterationKind.DISCOUNT, Decimal(10))


@pytest.fixture(autouse=True)
def _same_city_afterwards():
    before = city.chosen()
    yield
    city.choose(before)


@pytest.fixture
def policy() -> InvoicePolicy:
    city.choose("base")
    return city.value("invoices", "rules", InvoicePolicy)


@pytest.fixture
def table() -> FeeTable:
    city.choose("harjula")
    return table_on(city.dated("fees", FeeTable), date(2026, 10, 1))


def day(number: int) -> date:
    return date(2026, 10, number)


def part(**changes) -> Part:
    given = {
        "child": "ella",
        "unit": "Koivu",
        "care_type": CareType.DAYCARE,
        "base": 220_00,
        "sibling_percent": 0,
    }
    given |= {"fee": 220_00, "final": 220_00}
    return Part(**(given | changes))


def month(table: FeeTable, *parts: tuple[DateRange, Part], **changes) -> Month:
    """Mother pays for Ella, five years old, who has a place all the year."""
    given = {
        "period": OCTOBER,
        "born": {"ella": date(2021, 5, 1), "otto": date(2024, 10, 7)},
        "table": table,
        "charges": tuple(Charge("mother", period, (of,)) for period, of in parts or [(OCTOBER, part())]),
        "places": (
            Place("ella", "Koivu", CareType.DAYCARE, DateRange(date(2026, 1, 1), date(2026, 12, 31))),
        ),
    }
    return Month(**(given | changes))


def rows(facts: Month, policy: InvoicePolicy) -> list[tuple[str, int, int]]:
    [invoice] = invoices(facts, policy)
    return [(str(row.product), row.amount, row.unit_price) for row in invoice.rows]


def away(kind: str, *numbers: int) -> dict:
    return {"absences": {"ella": {day(number): kind for number in numbers}}}


def test_a_whole_month_costs_the_fee(policy, table) -> None:
    [invoice] = invoices(month(table), policy)
    assert (invoice.head, invoice.codebtor, invoice.total) == ("mother", None, 220_00)
    assert (invoice.due, invoice.dated) == (date(2026, 11, 30), date(2026, 11, 16))
    [row] = invoice.rows
    assert (row.child, row.unit, row.product, row.amount, row.price) == (
        "ella", "Koivu", "care:daycare", 1, 220_00,
    )  # fmt: skip
    assert [(step.key, step.facts) for step in row.steps] == [("invoice.step.full_month", {"days": 22})]


def test_part_of_a_month_is_charged_by_the_day_with_its_reckoning(policy, table) -> None:
    tail = DateRange(day(26), day(31))  # Monday to Saturday: five days
    [invoice] = invoices(month(table, (tail, part(fee=289_00, final=289_00))), policy)
    [row] = invoice.rows
    assert (row.amount, row.unit_price, invoice.total) == (5, 13_14, 65_70)
    written = [step.arithmetic.replace("\u00a0", " ") for step in row.steps]
    assert written == ["289,00 € / 22 ≈ 13,14 €", "5 × 13,14 € = 65,70 €"]


def test_a_change_of_unit_is_two_rows_and_the_cents_come_back(policy, table) -> None:
    fee = {"fee": 289_00, "final": 289_00}
    facts = month(
        table,
        (DateRange(day(1), day(9)), part(**fee)),
        (DateRange(day(10), day(31)), part(unit="Mänty", **fee)),
    )
    assert rows(facts, policy) == [
        ("care:daycare", 7, 13_14),
        ("care:daycare", 15, 13_14),
        ("care:daycare", 1, -8),  # 22 * 13.14 = 289.08
    ]


def test_equal_neighbours_are_one_row(policy, table) -> None:
    facts = month(table, (DateRange(day(1), day(9)), part()), (DateRange(day(10), day(31)), part()))
    assert rows(facts, policy) == [("care:daycare", 1, 220_00)]


def test_alterations_have_rows_of_their_own(policy, table) -> None:
    reduced = part(alterations=((DISCOUNT, -22_00),), final=198_00)
    assert rows(month(table, (OCTOBER, reduced)), policy) == [
        ("care:daycare", 1, 220_00),
        ("discount", 1, -22_00),
    ]


def test_a_fee_of_nothing_makes_no_invoice(policy, table) -> None:
    assert invoices(month(table, (OCTOBER, part(fee=0, final=0))), policy) == []
    forgiven = part(alterations=((Alteration(AlterationKind.RELIEF, Decimal(100)), -220_00),), final=0)
    assert invoices(month(table, (OCTOBER, forgiven)), policy) == []


def test_a_decision_of_another_month_is_not_invoiced(policy, table) -> None:
    assert invoices(month(table, (DateRange(date(2026, 9, 1), date(2026, 9, 30)), part())), policy) == []


def test_a_decision_without_a_place_is_not_invoiced(policy, table) -> None:
    assert invoices(month(table, places=()), policy) == []


ELEVEN = [number.day for number in BUSINESS_DAYS[:11]]
ALL = [number.day for number in BUSINESS_DAYS]


@pytest.mark.parametrize(
    ("kind", "numbers", "expected"),
    [
        ("sick", ELEVEN[:10], []),
        ("sick", ELEVEN, [("sick_half", 1, -110_00)]),
        ("sick", ALL, [("sick_full_month", 1, -220_00)]),
        ("other", ALL, [("absence_half", 1, -110_00)]),
        ("other", ALL[1:], []),
        ("force_majeure", [1, 2, 5], [("daily_refund", 3, -10_00)]),
        ("force_majeure", [3, 4], []),  # a weekend
        ("force_majeure", ALL, [("daily_refund", 1, -220_00)]),
        ("parent_leave", [5, 6], []),  # a child of five
        ("free", [5], [("daily_refund", 1, -10_00)]),
    ],
)
def test_what_an_absence_gives_back(policy, table, kind, numbers, expected) -> None:
    assert rows(month(table, **away(kind, *numbers)), policy) == [("care:daycare", 1, 220_00), *expected]


def test_refunds_come_before_the_half_price(policy, table) -> None:
    absences = {day(number): "sick" for number in ELEVEN} | {day(30): "force_majeure"}
    assert rows(month(table, absences={"ella": absences}), policy) == [
        ("care:daycare", 1, 220_00),
        ("daily_refund", 1, -10_00),
        ("sick_half", 1, -105_00),
    ]


def test_parental_leave_is_refunded_up_to_the_second_birthday(policy, table) -> None:
    absences = {"otto": dict.fromkeys([day(6), day(7), day(8)], "parent_leave")}  # he is two on the seventh
    place = Place("otto", "Koivu", CareType.DAYCARE, OCTOBER)
    facts = month(table, (OCTOBER, part(child="otto")), absences=absences, places=(place,))
    assert rows(facts, policy)[1:] == [("daily_refund", 2, -10_00)]


def test_refunds_and_reductions_of_part_of_a_month_go_by_its_days(policy, table) -> None:
    facts = month(
        table,
        (DateRange(day(26), day(30)), part()),
        places=(Place("ella", "Koivu", CareType.DAYCARE, DateRange(day(26), day(30))),),
        **away("force_majeure", 26, 27, 28, 29, 30),
    )
    # 5 * 10 euros; all are refunded, nothing is left to halve
    assert rows(facts, policy) == [("care:daycare", 5, 10_00), ("daily_refund", 5, -10_00)]


def test_a_single_day_of_care_is_refunded_whole(policy, table) -> None:
    facts = month(
        table,
        (DateRange(day(1), day(1)), part()),
        (DateRange(day(2), day(31)), part(unit="Haapa")),
        **away("force_majeure", 1),
    )
    # the price of the day, not a part of it
    assert rows(facts, policy)[:2] == [("care:daycare", 1, 10_00), ("daily_refund", 1, -10_00)]


def test_no_more_is_refunded_than_was_charged(policy, table) -> None:
    """Of the fifteen contract days the first piece takes twelve: three are left to charge, and five to refund."""
    facts = month(
        table,
        (DateRange(day(1), day(18)), contract(15)),
        (DateRange(day(19), day(31)), replace(contract(15), unit="Haapa")),
        **away("force_majeure", 19, 20, 21, 22, 23),
    )
    assert [row for row in rows(facts, policy) if row[0] != "surplus_days"] == [
        ("care:daycare", 12, 14_67),
        ("care:daycare", 3, 14_67),
        ("daily_refund", 1, -44_01),
    ]
    [invoice] = invoices(facts, policy)
    assert [row.steps[0].key for row in invoice.rows][-1] == "invoice.step.refund_as_charged"


def test_half_of_a_part_of_a_month_is_divided_by_its_days(policy, table) -> None:
    place = Place("ella", "Koivu", CareType.DAYCARE, DateRange(day(26), day(30)))
    facts = month(
        table, (DateRange(day(26), day(30)), part()), places=(place,), **away("other", 26, 27, 28, 29, 30)
    )
    assert rows(facts, policy) == [("care:daycare", 5, 10_00), ("absence_half", 5, -5_00)]
    [invoice] = invoices(facts, policy)
    assert invoice.rows[1].steps[0].arithmetic.replace("\u00a0", " ") == "−25,00 € / 5 = −5,00 €"


def contract(days: int = 20, **changes) -> Part:
    """A fee of 220 euros for some contract days, of 300 for full time."""
    return part(contract_days=days, base=300_00, **changes)


def test_contract_days_divide_the_fee_and_planned_absence_uses_none(policy, table) -> None:
    facts = month(table, (OCTOBER, contract()), **away("planned", 29, 30))
    assert rows(facts, policy) == [("care:daycare", 1, 220_00)]


def test_days_above_the_contract_are_charged(policy, table) -> None:
    assert rows(month(table, (OCTOBER, contract())), policy) == [
        ("care:daycare", 1, 220_00),
        ("surplus_days", 2, 11_00),
    ]


def test_surplus_never_leads_above_full_time(policy, table) -> None:
    facts = month(table, (OCTOBER, contract(10)))
    assert rows(facts, policy) == [("care:daycare", 1, 220_00), ("surplus_days", 1, 80_00)]


def test_a_city_may_charge_full_time_from_some_days_on(policy, table) -> None:
    facts = month(table, (OCTOBER, contract()))
    strict = replace(policy, highest_after_days=21)
    assert rows(facts, strict)[1:] == [("surplus_days", 1, 80_00)]
    assert rows(facts, replace(policy, highest_after_days=22))[1:] == [("surplus_days", 2, 11_00)]


def test_there_is_no_surplus_when_the_fee_is_the_highest_already(policy, table) -> None:
    whole = contract(alterations=((Alteration(AlterationKind.DISCOUNT, Decimal(50)), -110_00),), final=110_00)
    cheap = replace(whole, base=220_00)  # half of 220 is charged already
    assert rows(month(table, (OCTOBER, cheap)), policy) == [
        ("care:daycare", 1, 220_00),
        ("discount", 1, -110_00),
    ]


def test_unplanned_absences_use_up_contract_days_where_the_city_says_so(policy, table) -> None:
    facts = month(table, (OCTOBER, contract()), **away("unknown", 1, 2))
    assert rows(facts, policy)[1:] == [("surplus_days", 2, 11_00)]
    assert rows(facts, replace(policy, absences_are_surplus=False))[1:] == []


def test_a_day_above_the_contract_is_charged_once_though_the_month_has_two_pieces(policy, table) -> None:
    facts = month(
        table,
        (DateRange(day(1), day(29)), contract()),  # 21 days, one above
        (DateRange(day(30), day(31)), contract(unit="Mänty")),  # another
    )
    assert rows(facts, policy) == [
        ("care:daycare", 1, 220_00),
        ("surplus_days", 1, 11_00),
        ("surplus_days", 1, 11_00),
    ]
    plain = replace(policy, contract_days_divide=False)
    assert rows(facts, plain)[1::2] == [("surplus_days", 1, 11_00), ("surplus_days", 1, 11_00)]


def test_surplus_leaves_room_for_the_care_of_the_rest_of_the_month(policy, table) -> None:
    plain = replace(policy, contract_days_divide=False)
    whole = replace(contract(10), base=300_00, final=280_00, fee=280_00)
    pieces = (DateRange(day(1), day(18)), whole), (DateRange(day(19), day(31)), replace(whole, unit="Haapa"))
    [invoice] = invoices(month(table, *pieces), plain)
    assert [str(row.product) for row in invoice.rows] == ["care:daycare", "surplus_days", "care:daycare"]
    assert invoice.total == 300_00


def test_planned_absence_is_charged_up_to_the_contract_days(policy, table) -> None:
    facts = month(table, (OCTOBER, contract()), **away("planned", 1, 2, 5, 6, 7))
    # 17 days came, 3 of the planned ones are added to make 20
    assert rows(facts, policy) == [("care:daycare", 1, 220_00)]


def test_a_place_of_part_of_the_month_is_not_charged_for_more_than_its_days(policy, table) -> None:
    half = DateRange(day(16), day(31))  # 11 business days
    place = Place("ella", "Koivu", CareType.DAYCARE, half)
    facts = month(table, (half, contract()), places=(place,), **away("planned", 30))
    assert rows(facts, policy) == [("care:daycare", 10, 11_00)]


def test_preschool_care_is_capped_by_the_usual_need(policy, table) -> None:
    preschool = contract(care_type=CareType.PRESCHOOL_DAYCARE)
    place = Place("ella", "Koivu", CareType.PRESCHOOL_DAYCARE, OCTOBER)
    facts = month(
        table,
        (OCTOBER, preschool),
        places=(place,),
        usual_coefficients={CareType.PRESCHOOL_DAYCARE: Decimal("0.75")},
    )
    assert rows(facts, policy)[1:] == [("surplus_days", 1, 5_00)]  # 300 * 0.75 = 225


def test_without_dividing_by_contract_days_the_cap_is_weighed_by_days(policy, table) -> None:
    plain = replace(policy, contract_days_divide=False)
    facts = month(
        table,
        (DateRange(day(1), day(15)), contract(5)),
        (DateRange(day(16), day(31)), replace(contract(5), base=240_00)),
    )
    # two pieces of 11 days at 10 euros; 6 days above, 44 each: 264 > (300 + 240) / 2 - 110 - 110 = 50;
    # the rest of the days, 11 above: nothing left below 270
    assert rows(facts, plain) == [
        ("care:daycare", 11, 10_00),
        ("surplus_days", 1, 50_00),
        ("care:daycare", 11, 10_00),
    ]


def test_round_the_clock_care_counts_five_days_a_week(policy, table) -> None:
    every_day = {"Koivu": OpenDays(shift_care=frozenset(range(1, 8)), open_on_holidays=True)}
    for need in (ShiftCare.FULL, ShiftCare.INTERMITTENT):
        shift = {"ella": Timeline([(OCTOBER, need)])}
        facts = month(table, open_days=every_day, shift_care=shift)
        assert len(facts.care_days("ella")) == 31
        assert rows(facts, policy) == [("care:daycare", 1, 220_00)]


def test_care_on_all_days_of_a_week_is_charged_for_five(policy, table) -> None:
    week = DateRange(day(5), day(11))
    facts = month(
        table,
        (week, part()),
        places=(Place("ella", "Koivu", CareType.DAYCARE, week),),
        shift_care={"ella": Timeline([(OCTOBER, ShiftCare.INTERMITTENT)])},
    )
    assert rows(facts, policy) == [("care:daycare", 5, 10_00)]


def test_back_up_care_goes_by_the_other_units_days(policy, table) -> None:
    elsewhere = {"Mänty": OpenDays(weekdays=frozenset({1}))}
    facts = month(
        table, open_days=elsewhere, backup={"ella": Timeline([(DateRange(day(5), day(11)), "Mänty")])}
    )
    assert [one.day for one in facts.care_days("ella") if one in DateRange(day(5), day(11))] == [5]


def temporary(table: FeeTable, care_type: CareType, **changes) -> Month:
    given = {
        "charges": (),
        "places": (Place("ella", "Koivu", care_type, DateRange(day(5), day(7))),),
        "heads": Timeline([(DateRange(date(2026, 1, 1)), ("mother", "ella"))]),
    }
    return month(table, **(given | changes))


def test_temporary_care_is_charged_by_the_day_without_absences(policy, table) -> None:
    assert rows(temporary(table, CareType.TEMPORARY), policy) == [("care:temporary", 3, 30_00)]
    assert rows(temporary(table, CareType.TEMPORARY, **away("sick", 5)), policy) == [
        ("care:temporary", 2, 30_00)
    ]
    part_day = temporary(table, CareType.TEMPORARY_PART_DAY, **away("sick", 5))
    assert rows(part_day, policy) == [("care:temporary_part_day", 2, 16_00)]
    kept = replace(policy, part_day_absence_refunded=False)
    assert rows(part_day, kept) == [("care:temporary_part_day", 3, 16_00)]
    assert invoices(temporary(table, CareType.TEMPORARY, **away("sick", 5, 6, 7)), policy) == []


def test_temporary_care_of_a_sibling_has_its_own_price(policy, table) -> None:
    facts = temporary(
        table,
        CareType.TEMPORARY,
        charges=(Charge("mother", OCTOBER, (part(child="otto"),)),),
        places=(
            Place("otto", "Koivu", CareType.DAYCARE, OCTOBER),
            Place("ella", "Koivu", CareType.TEMPORARY, DateRange(day(5), day(7))),
        ),
    )
    assert rows(facts, policy) == [("care:daycare", 1, 220_00), ("care:temporary", 3, 16_00)]


def test_temporary_care_is_paid_by_the_head_of_each_day(policy, table) -> None:
    heads = Timeline(
        [
            (DateRange(date(2026, 1, 1), day(5)), ("mother", "ella")),
            (DateRange(day(6)), ("father", "ella")),
            (DateRange(day(6)), ("father", "otto")),
        ]
    )
    made = invoices(temporary(table, CareType.TEMPORARY, heads=heads), policy)
    assert [(one.head, one.total) for one in made] == [("mother", 30_00), ("father", 60_00)]


@pytest.mark.parametrize(
    ("partners", "guardians", "codebtor"),
    [
        (("father", "father"), {("father", "ella")}, "father"),
        (("father", "father"), set(), None),  # no child of the partner's
        (("father", "uncle"), {("father", "ella"), ("uncle", "ella")}, None),
        ((None, None), set(), None),
    ],
)
def test_who_answers_for_the_invoice_too(policy, table, partners, guardians, codebtor) -> None:
    halves = (DateRange(day(1), day(15)), DateRange(day(16), day(31)))
    charges = tuple(Charge("mother", half, (part(),), of) for half, of in zip(halves, partners, strict=True))
    [invoice] = invoices(month(table, charges=charges, guardians=frozenset(guardians)), policy)
    assert invoice.codebtor == codebtor


def test_the_partner_must_have_a_child_on_every_decision(policy, table) -> None:
    halves = (DateRange(day(1), day(15)), DateRange(day(16), day(31)))
    children = ("ella", "otto")
    facts = month(
        table,
        charges=tuple(
            Charge("mother", half, (part(child=child),), "father")
            for half, child in zip(halves, children, strict=True)
        ),
        guardians=frozenset({("father", "ella")}),
    )
    [invoice] = invoices(facts, policy)
    assert invoice.codebtor is None


def test_the_partner_answers_for_children_of_the_own_household(policy, table) -> None:
    charges = (Charge("mother", OCTOBER, (part(),), "father"),)
    heads = Timeline([(OCTOBER, ("father", "ella"))])
    [invoice] = invoices(month(table, charges=charges, heads=heads), policy)
    assert invoice.codebtor == "father"


def test_an_invoice_below_the_smallest_is_not_made(policy, table) -> None:
    one_day = (DateRange(day(30), day(30)), part())
    assert [one.total for one in invoices(month(table, one_day), policy)] == [10_00]
    assert invoices(month(table, one_day), replace(policy, smallest_invoice=10_01)) == []


def test_a_child_made_free_costs_nothing(policy, table) -> None:
    assert invoices(month(table, free=frozenset({"ella"})), policy) == []


JULY = DateRange(date(2026, 7, 1), date(2026, 7, 31))


@pytest.mark.parametrize(
    ("places", "changes", "free"),
    [
        ([("2025-08-31", "2026-07-31")], {}, True),
        ([("2025-09-01", "2026-07-31")], {}, False),
        ([("2025-09-01", "2026-07-31")], {"free_july_from_month": 9}, True),
        ([("2025-08-01", "2026-03-31"), ("2026-06-01", "2026-07-31")], {}, False),
        (
            [("2025-08-01", "2026-03-31"), ("2026-06-01", "2026-07-31")],
            {"free_july_excused": frozenset({date(2026, 4, 1), date(2026, 5, 1)})},
            True,
        ),
        ([("2026-01-01", "2026-07-31")], {"free_july_from_month": 1}, True),
        ([("2026-02-01", "2026-07-31")], {"free_july_from_month": 1}, False),
        ([("2025-08-01", "2026-07-31")], {"free_july": False}, False),
    ],
)
def test_july_is_free_after_a_year_in_care(policy, table, places, changes, free) -> None:
    spans = [DateRange(date.fromisoformat(start), date.fromisoformat(end)) for start, end in places]
    facts = month(
        table,
        (JULY, part()),
        period=JULY,
        places=tuple(Place("ella", "Koivu", CareType.DAYCARE, span) for span in spans),
    )
    assert free_in_july(facts, replace(policy, **changes), "ella") is free
    assert (invoices(facts, replace(policy, **changes)) == []) is free


def test_other_months_are_not_free(policy, table) -> None:
    assert not free_in_july(month(table), policy, "ella")


def test_a_month_chosen_in_the_questionnaire_is_free_when_the_child_stayed_away() -> None:
    options = [DateRange(day(5), day(9)), DateRange(day(12), day(16))]
    care = [day(number) for number in (5, 6, 7, 8, 9, 12, 13, 14, 15, 16)]
    assert free_by_choice(options, free={day(n) for n in (12, 13, 14, 15, 16)}, days_of_care=care)
    assert not free_by_choice(options, free={day(n) for n in (12, 13, 14, 15)}, days_of_care=care)
    assert not free_by_choice(options, free={day(12)}, days_of_care=[])


# --- corrections


@pytest.mark.parametrize(
    ("month_of", "options", "what"),
    [
        (date(2026, 6, 2), (OCTOBER,), "month is 2026-06-02"),
        (date(2026, 6, 1), (), "options is empty"),
        (date(2026, 6, 1), (DateRange(date(2026, 6, 8)),), "a period has no end"),
    ],
)
def test_a_choice_of_a_free_month_that_cannot_be_used_is_told(month_of, options, what) -> None:
    with pytest.raises(ValueError, match=what):
        FreeChoice(month_of, options)


def test_what_was_offered_reaches_from_the_first_period_to_the_last() -> None:
    weeks = DateRange(date(2026, 6, 15), date(2026, 8, 9)), DateRange(date(2026, 6, 8), date(2026, 8, 2))
    assert str(FreeChoice(date(2026, 6, 1), weeks).offered) == "8.6.2026–9.8.2026"


def correction(id: str, amount: int, unit_price: int) -> Correction:
    return Correction(id, "mother", "ella", "Koivu", "care:daycare", OCTOBER, amount, unit_price)


@pytest.mark.parametrize(
    ("corrections", "total", "taken"),
    [
        ([(1, -50_00)], 100_00, [(1, -50_00)]),
        ([(5, -30_00)], 100_00, [(3, -30_00)]),  # as many whole units as fit
        ([(3, -50_00)], 40_00, [(3, -13_33)]),  # or all units cheaper
        ([(3, -50_00)], 2, []),
        ([(1, -50_00)], 0, []),
        ([(1, -70_00), (1, -80_00)], 100_00, [(1, -80_00), (1, -20_00)]),  # the greatest first
        ([(1, -80_00), (1, 30_00)], 0, [(1, 30_00), (1, -30_00)]),  # what adds comes first
    ],
)
def test_corrections_are_taken_as_far_as_the_invoice_bears_them(corrections, total, taken) -> None:
    given = [correction(f"k{n}", *one) for n, one in enumerate(corrections)]
    assert [(one.amount, one.unit_price) for one in applied(given, total)] == taken


@pytest.mark.parametrize(
    ("whole", "part", "left"),
    [
        ((1, -50_00), (1, -50_00), []),
        ((5, -30_00), (3, -30_00), [(2, -30_00)]),
        ((3, -50_00), (3, -13_33), [(3, -36_67)]),
        ((1, -50_00), (1, -20_00), [(1, -30_00)]),
        ((3, -100), (1, -99), [(3, -67)]),
        ((3, -100), (3, -33), [(3, -67)]),
        ((2, -101), (1, -1), [(2, -100), (1, -1)]),  # an odd cent waits on its own
    ],
)
def test_what_is_left_of_a_correction_waits_to_the_last_cent(whole, part, left) -> None:
    one, taken = correction("k", *whole), correction("k", *part)
    found = left_over(one, taken)
    assert found == left
    assert sum(amount * price for amount, price in found) == one.sum - taken.sum


def test_corrections_are_rows_of_the_invoice_or_an_invoice_of_their_own(policy, table) -> None:
    facts = month(
        table, corrections=(correction("k1", 1, -50_00), replace(correction("k2", 1, 5_00), head="uncle"))
    )
    mothers, uncles = invoices(facts, policy)
    assert [(row.correction, row.price) for row in mothers.rows] == [(None, 220_00), ("k1", -50_00)]
    assert [(row.correction, row.price) for row in uncles.rows] == [("k2", 5_00)]


def test_a_correction_has_at_least_one_unit() -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        correction("k", 0, 1)


# --- due days, replacements, life


@pytest.mark.parametrize(
    ("end", "due"),
    [
        (date(2026, 9, 30), date(2026, 10, 30)),  # the 31st is a Saturday
        (date(2026, 4, 30), date(2026, 5, 29)),  # a Sunday
        (date(2026, 12, 31), date(2027, 1, 29)),
        (date(2026, 1, 31), date(2026, 2, 27)),
    ],
)
def test_an_invoice_is_due_at_the_end_of_the_next_month(policy, end, due) -> None:
    assert due_date(end) == due
    assert invoice_date(due, policy).toordinal() == due.toordinal() - 14


@pytest.mark.parametrize(
    ("sent", "now", "expected"),
    [
        (None, None, None),
        (None, 100, (1, 100)),
        (SentInvoice(100), 100, None),
        (SentInvoice(100), 90, (1, 90)),
        (SentInvoice(100, revision=2), None, (3, 0)),
        (SentInvoice(0), None, None),
    ],
)
def test_an_invoice_is_replaced_when_its_total_changes(sent, now, expected) -> None:
    assert replacement(sent, now) == expected


def test_a_year_of_months_is_looked_after() -> None:
    start, today = date(2021, 1, 1), date(2026, 10, 20)
    months = months_to_check(start, today, None)
    assert (len(months), str(months[0]), str(months[-1])) == (
        12,
        "1.10.2025–31.10.2025",
        "1.9.2026–30.9.2026",
    )
    assert [str(one) for one in months_to_check(date(2026, 8, 15), today, date(2026, 10, 16))] == [
        "1.8.2026–31.8.2026",
        "1.9.2026–30.9.2026",
    ]
    assert months_to_check(date(2026, 10, 1), today, None) == []


def test_another_reason_must_be_told() -> None:
    check_reason(ReplacementReason.INCOME, "")
    check_reason(ReplacementReason.OTHER, "väärä perhe")
    with pytest.raises(Refused, match=r"invoice\.reason_missing"):
        check_reason(ReplacementReason.OTHER, "  ")


def test_the_life_of_an_invoice() -> None:
    assert {state: list(INVOICE.verbs(state)) for state in InvoiceStatus} == {
        InvoiceStatus.DRAFT: ["send"],
        InvoiceStatus.REPLACEMENT_DRAFT: ["send"],
        InvoiceStatus.SENT: ["replace"],
        InvoiceStatus.REPLACED: [],
    }


def test_a_month_that_does_not_exist_is_a_mistake_in_the_configuration() -> None:
    city.choose("base")
    row = city.read("invoices")["rules"] | {"free_july_from_month": 13}
    with pytest.raises(ConfigMistake, match="free_july_from_month is 13"):
        city.build(InvoicePolicy, row, "invoices.toml")


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_step_of_an_invoice_has_words(policy, table, language) -> None:
    tail, fee = DateRange(day(26), day(31)), {"fee": 289_00, "final": 289_00}
    every = [
        month(table, (tail, part(**fee))),
        month(table, (OCTOBER, contract())),
        month(table, (OCTOBER, contract(10))),
        temporary(table, CareType.TEMPORARY),
        month(
            table,
            (DateRange(day(1), day(9)), part(**fee)),
            (DateRange(day(10), day(31)), part(unit="Mänty", **fee)),
        ),
        *(month(table, **away(kind, *ALL)) for kind in ("sick", "other", "force_majeure")),
        month(table, **away("sick", *ELEVEN)),
        month(table, **away("force_majeure", 1)),
    ]
    steps = [
        step for facts in every for one in invoices(facts, policy) for row in one.rows for step in row.steps
    ]
    for step in steps:
        assert knows(step.key), step.key
        assert "{" not in say(step.key, language, **step.facts)
    assert len({step.key for step in steps}) == 14
