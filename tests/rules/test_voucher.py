"""Service vouchers: values by age, the co-payment, decisions over time, the month's report, payments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from evaka import city
from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.rules.fee import (
    Alteration,
    AlterationKind,
    Care,
    Child,
    Facts,
    FeeStatus,
    FeeTable,
    Need,
    OptionPrice,
    TemporaryPrices,
)
from evaka.rules.income import Effect, Income
from evaka.rules.placement import CareType
from evaka.rules.voucher import (
    PAYMENT,
    AgeGroup,
    AgeValues,
    FrozenMonth,
    NeedValue,
    Payee,
    Payment,
    PaymentStatus,
    ReportRow,
    RowKind,
    SentVoucher,
    VoucherDecision,
    VoucherDifference,
    VoucherFacts,
    VoucherPolicy,
    VoucherTable,
    age_group,
    confirm,
    differences,
    drafts,
    freeze,
    payments,
    report,
    send,
    table_on,
    value_from,
    voucher_on,
    voucher_value,
    vouchers,
    without_pairs,
)
from evaka.texts import LANGUAGES, explain, say, words

FEE_TABLE = FeeTable(
    valid=DateRange(date(2020, 8, 1)),
    law="1503/2016, 5 §, 8 §",
    lower_limit={2: 2136_00, 3: 2756_00, 4: 3129_00, 5: 3502_00, 6: 3874_00},
    upper_limit={2: 4823_00, 3: 5443_00, 4: 5816_00, 5: 6189_00, 6: 6561_00},
    further_member=144_00,
    rate=Decimal("0.107"),
    smallest_fee=27_00,
    highest_fee=288_00,
    sibling_share=(Decimal(1), Decimal("0.5"), Decimal("0.2")),
    temporary=TemporaryPrices(full_day=28_00, part_day=15_00, sibling_full_day=14_00, sibling_part_day=8_00),
)
VALUES = VoucherTable(
    DateRange(date(2020, 8, 1)),
    "§ 12",
    AgeValues(over_three=949_00, under_three=1519_00, under_one=1700_00),
    {"fifteen": NeedValue(AgeValues(569_40, 911_40), Decimal("0.75"))},
)
FULL, PART, FIFTEEN = (
    Need("full", Decimal(1), words="Kokopäivä"),
    Need("part", Decimal("0.6"), words="Osapäivä"),
    Need("fifteen", Decimal("0.75"), 15, words="15 päivää"),
)
SHARES = {"full": Decimal(1), "part": Decimal("0.5")}
YEAR = DateRange(date(2026, 1, 1), date(2026, 12, 31))
DAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def _same_city_afterwards():
    before = city.chosen()
    yield
    city.choose(before)


def days(start: str, end: str | None = None) -> DateRange:
    return DateRange(date.fromisoformat(start), date.fromisoformat(end) if end else None)


def place(need: Need = FULL, unit: str = "mill", care_type: CareType = CareType.DAYCARE) -> Care:
    return Care(unit, care_type, need, charged=False)


def facts(
    *,
    care: Care | None = None,
    period: DateRange = YEAR,
    born: date = date(2022, 5, 5),
    incomes: dict | None = None,
    partners: tuple = (),
    support: str | None = None,
    **more,
) -> VoucherFacts:
    """Mother and a child of three who has a full-day place in a private unit all the year 2026."""
    cared = {"child": Timeline([(period, care or place())])}
    family = Facts(
        children={"child": Child("child", born)},
        heads=Timeline([(YEAR, ("mother", "child"))]),
        partners=Timeline((YEAR, pair) for pair in partners),
        tables=Timeline([(FEE_TABLE.valid, FEE_TABLE)]),
        care=cared,
        incomes={person: Timeline([(YEAR, income)]) for person, income in (incomes or {}).items()},
    )
    raised = {"child": Timeline([(YEAR, Decimal(support))])} if support else {}
    return VoucherFacts(
        replace(family, **more), cared, Timeline([(VALUES.valid, VALUES)]), SHARES, raised
    )


def with_sister(given: VoucherFacts, born: date, *, cared: bool = True) -> VoucherFacts:
    """A sister in a place of the city joins the household."""
    family = given.family
    care = {**family.care, "sister": Timeline([(YEAR, place(unit="town"))])} if cared else family.care
    heads = Timeline([*family.heads.spans, (YEAR, ("mother", "sister"))])
    children = {**family.children, "sister": Child("sister", born)}
    return replace(given, family=replace(family, children=children, heads=heads, care=care))


# What a voucher is worth


@pytest.mark.parametrize(
    ("born", "years", "first"),
    [
        (date(2018, 11, 13), 3, date(2021, 12, 1)),
        (date(2017, 6, 1), 3, date(2020, 6, 1)),  # on the first of a month: the birthday itself
        (date(2020, 2, 29), 3, date(2023, 3, 1)),
        (date(2020, 12, 31), 3, date(2024, 1, 1)),
        (date(2025, 1, 2), 1, date(2026, 2, 1)),
    ],
)
def test_a_birthday_counts_from_the_first_of_a_month(born, years, first):
    assert value_from(born, years) == first


@pytest.mark.parametrize(
    ("day", "group"),
    [
        (date(2026, 1, 31), AgeGroup.UNDER_ONE),
        (date(2026, 2, 1), AgeGroup.UNDER_THREE),
        (date(2028, 1, 31), AgeGroup.UNDER_THREE),
        (date(2028, 2, 1), AgeGroup.OVER_THREE),
    ],
)
def test_the_group_of_age_changes_with_the_first_and_the_third_birthday(day, group):
    assert age_group(date(2025, 1, 2), day) is group


@pytest.mark.parametrize(
    ("base", "coefficient", "support", "before", "value"),
    [
        (870_00, "1", "1", 870_00, 870_00),
        (1348_50, "0.5", "1", 674_25, 674_00),
        (1348_50, "1", "1", 1348_50, 1349_00),  # half a euro up
        (870_00, "0.75", "1", 652_50, 653_00),
        (870_00, "0.60", "1.5", 522_00, 783_00),
        (1348_50, "0.75", "1", 1011_37, 1011_00),  # 1011.375 is cut to a cent
        (474_50, "0.75", "2", 355_87, 712_00),  # 355.875 cut, then 711.74
        (870_00, "0", "1", 0, 0),
    ],
)
def test_a_value_is_base_times_share_times_support(base, coefficient, support, before, value):
    found = voucher_value(base, Decimal(coefficient), Decimal(support))
    assert (found.before_support, found.value) == (before, value)


def told(steps) -> list[str]:
    return [f"{step.key} {step.arithmetic}".replace("\u00a0", " ") for step in steps]


def test_the_value_is_explained_with_its_roundings():
    found = voucher_value(
        1348_50, Decimal("0.75"), Decimal("1.5"), group=AgeGroup.UNDER_THREE, law="§ 12"
    )
    assert told(found.steps) == [
        "voucher.step.base_under_three 1 348,50 €",
        "voucher.step.time_share 1 348,50 € × 75 % = 1 011,375 € → 1 011,37 €",
        "voucher.step.support 1 011,37 € × 1,5 = 1 517,06 € → 1 517 €",
    ]
    assert {step.law for step in found.steps} == {"§ 12"}
    assert [step.result for step in found.steps] == [1348_50, 1011_37, 1517_00]


def test_the_whole_voucher_is_explained_from_the_base_value_to_what_the_unit_is_paid():
    given = facts(care=place(PART), incomes={"mother": Income(Effect.INCOME, earned=4000_00)})
    discount = Alteration(AlterationKind.DISCOUNT, Decimal(50))
    given = replace(given, family=replace(given.family, alterations={"child": Timeline([(YEAR, discount)])}))
    found = voucher_on(given, "child", DAY)
    assert found is not None
    assert told(found.steps) == [
        "voucher.step.base_over_three 949,00 €",
        "voucher.step.time_share 949,00 € × 50 % = 474,50 €",
        "voucher.step.value 474,50 € → 475 €",
        "fee.step.base (4 000,00 € − 2 136,00 €) × 10,7 % = 199,45 € → 199 €",
        "fee.step.time_share 199,00 € × 60 % = 119,40 € → 119 €",
        "fee.step.discount 119,00 € × −50 % = −59,50 €",
        "voucher.step.co_payment 119,00 € − 59,50 € = 59,50 €",
        "voucher.step.to_unit 475,00 € − 59,50 € = 415,50 €",
    ]
    assert (found.worth, found.co_payment, found.final_co_payment, found.to_unit) == (475_00, 119_00, 59_50, 415_50)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_words(language):
    groups = [voucher_value(100_00, Decimal(1), Decimal(n), group=group) for group in AgeGroup for n in (1, 2)]
    steps = [step for found in groups for step in found.steps]
    voucher = voucher_on(facts(), "child", DAY)
    assert voucher is not None
    steps += voucher.steps
    january = freeze(JANUARY, at(1, 25), [sent(YEAR)], [])
    cut = sent(days("2026-01-01", "2026-01-10"), changed_at=at(1, 28))
    rows = [*january.rows, *report(FEBRUARY, [cut], [january])]
    steps += [step for row in rows for step in row.steps]
    own = {step.key for step in steps if step.key.startswith("voucher.")}
    assert own == {key for key in words(language) if key.startswith("voucher.step.")}
    for step in steps:
        assert step.key in words(language)
        assert "{" not in say(step.key, language, **step.facts)


# The tables of the city


def test_a_table_may_have_its_own_base_values_and_shares_for_a_service_need():
    found = voucher_on(facts(care=place(FIFTEEN)), "child", DAY)
    assert found is not None
    assert found.value is not None
    assert (found.value.base, found.value.coefficient) == (569_40, Decimal("0.75"))
    assert found.worth == 427_00  # 427.05


@pytest.mark.parametrize(
    ("born", "base"),
    [(date(2025, 6, 10), 1700_00), (date(2024, 6, 10), 1519_00), (date(2022, 6, 10), 949_00)],
)
def test_the_base_value_is_by_age_also_under_one_year(born, base):
    found = voucher_on(facts(born=born), "child", DAY)
    assert found is not None
    assert found.value is not None
    assert found.value.base == base


def test_without_a_value_of_its_own_a_baby_has_the_value_of_under_three():
    assert AgeValues(949_00, 1519_00).of(AgeGroup.UNDER_ONE) == 1519_00


def test_the_city_gives_its_values_in_a_file():
    city.choose("harjula")
    tables = city.dated("vouchers", VoucherTable)
    assert table_on(tables, date(2025, 7, 31)).base.of(AgeGroup.UNDER_ONE) == 1370_00
    assert table_on(tables, date(2025, 8, 1)).base.of(AgeGroup.UNDER_ONE) == 1650_00
    assert all(table.invented for _, table in tables.spans)
    policy = city.value("vouchers", "policy", VoucherPolicy)
    assert (policy.first_payment_number, policy.capacity_raises_value) == (1, False)


def test_a_city_that_gave_no_values_is_told_so():
    city.choose("base")
    with pytest.raises(Refused, match="voucher.no_table") as refused:
        table_on(city.dated("vouchers", VoucherTable), DAY)
    assert explain(refused.value, "en").startswith("There are no voucher values for 1.3.2026.")
    assert city.value("vouchers", "policy", VoucherPolicy).first_payment_number is None


def test_support_raises_the_value_by_its_own_coefficient_or_by_capacity_as_the_city_chose():
    own = {"child": Timeline([(YEAR, Decimal("1.5"))])}
    capacity = {"child": Timeline([(YEAR, Decimal(3))])}
    assert VoucherPolicy(DAY).support(own, capacity) is own
    assert VoucherPolicy(DAY, capacity_raises_value=True).support(own, capacity) is capacity


# One child on one day


def test_a_need_of_support_raises_the_value():
    found = voucher_on(facts(support="1.5"), "child", DAY)
    assert found is not None
    assert found.worth == 1424_00  # 949 × 1.5 = 1423.50


def test_a_need_without_a_share_of_the_value_is_refused():
    given = facts(care=place(Need("strange", Decimal(1))))
    with pytest.raises(Refused, match="voucher.no_coefficient") as refused:
        voucher_on(given, "child", DAY)
    assert refused.value.facts == {"need": "strange", "day": DAY}


def test_a_co_payment_above_the_value_is_refused():
    given = replace(facts(), coefficients={"full": Decimal("0.3")})  # 285 €, the co-payment is 288 €
    with pytest.raises(Refused, match="voucher.co_payment_above_value") as refused:
        voucher_on(given, "child", DAY)
    assert refused.value.facts == {"day": DAY, "value": euros(285_00), "co_payment": euros(288_00)}


def test_an_increase_may_raise_the_co_payment_above_the_value():
    increase = Alteration(AlterationKind.INCREASE, Decimal(30), absolute=True)
    given = facts(alterations={"child": Timeline([(YEAR, increase)])})
    found = voucher_on(replace(given, coefficients={"full": Decimal("0.31")}), "child", DAY)
    assert found is not None
    assert (found.worth, found.final_co_payment, found.to_unit) == (294_00, 318_00, -24_00)


@pytest.mark.parametrize(
    ("income", "co_payment"),
    [
        (None, 92_00),  # (3000 - 2136) * 10.7 % = 92.45
        (Income(Effect.INCOME, earned=1000_00), 199_00),
        (Income(Effect.INCOMPLETE), 288_00),
        (Income(Effect.MAX_FEE_ACCEPTED), 288_00),
    ],
)
def test_the_childs_own_income_counts_whatever_is_said_of_it(income, co_payment):
    incomes = {"mother": Income(Effect.INCOME, earned=3000_00)} | ({"child": income} if income else {})
    found = voucher_on(facts(incomes=incomes), "child", DAY)
    assert found is not None
    assert found.co_payment == co_payment


def test_fixed_prices_and_the_increase_for_agency_staff_do_not_concern_vouchers():
    price = OptionPrice(50_00, 30_00, Decimal("0.4"), 30_00, Decimal("0.4"))
    agency = Income(Effect.INCOME, earned=3000_00, agency_staff=True)
    given = facts(
        incomes={"mother": agency},
        agency_increase=93,
        tables=Timeline([(YEAR, replace(FEE_TABLE, fixed_prices={"full": price}))]),
    )
    found = voucher_on(given, "child", DAY)
    assert found is not None
    assert found.final_co_payment == 92_00


@pytest.mark.parametrize(
    ("born", "cared", "share"),
    [(date(2024, 1, 1), True, 50), (date(2021, 1, 1), True, 0), (date(2024, 1, 1), False, 0)],
)
def test_the_sibling_share_counts_sisters_in_care_wherever_they_are(born, cared, share):
    found = voucher_on(with_sister(facts(), born, cared=cared), "child", DAY)
    assert found is not None
    assert found.line is not None
    assert found.line.price.sibling_percent == share


def test_a_child_of_whose_place_the_family_knows_nothing_counts_as_the_youngest():
    given = facts()
    found = voucher_on(replace(given, family=replace(given.family, care={})), "child", DAY)
    assert found is not None
    assert found.co_payment == 288_00


def test_of_two_partners_the_one_who_pays_for_the_household_is_addressed():
    given = facts(partners=(("father", "mother"),))
    older = Timeline([*given.family.heads.spans, (YEAR, ("father", "a")), (YEAR, ("father", "b"))])
    children = given.family.children | {id: Child(id, date(2015, 1, 1)) for id in "ab"}
    found = voucher_on(
        replace(given, family=replace(given.family, heads=older, children=children)), "child", DAY
    )
    assert found is not None
    assert (found.family.head, found.family.partner, found.family.family_size) == ("father", "mother", 5)


def test_nobody_has_a_voucher_without_a_household_or_as_an_adult():
    assert voucher_on(facts(), "child", date(2025, 12, 31)) is None
    assert voucher_on(facts(born=date(2008, 2, 28)), "child", DAY) is None


@pytest.mark.parametrize("care_type", [CareType.CLUB, CareType.TEMPORARY])
def test_kinds_of_care_without_decisions_have_no_voucher(care_type):
    found = voucher_on(facts(care=place(care_type=care_type)), "child", DAY)
    assert found is not None
    assert found.empty
    assert (found.worth, found.co_payment, found.to_unit, found.steps) == (0, 0, 0, ())


def test_a_value_of_nothing_is_no_voucher():
    found = voucher_on(replace(facts(), coefficients={"full": Decimal(0)}), "child", DAY)
    assert found is not None
    assert found.empty


# Over time


def test_the_voucher_is_cut_where_a_fact_changes():
    given = facts(born=date(2023, 5, 5), period=days("2026-01-01", "2026-09-30"))
    given = replace(given, support={"child": Timeline([(days("2026-07-01", "2026-08-31"), Decimal(2))])})
    owed = vouchers(given, "child", first_day=date(2026, 2, 1))
    assert [(str(period), voucher.worth) for period, voucher in owed.spans] == [
        ("1.1.2026–31.5.2026", 1519_00),
        ("1.6.2026–30.6.2026", 949_00),
        ("1.7.2026–31.8.2026", 1898_00),
        ("1.9.2026–30.9.2026", 949_00),
        ("1.10.2026–31.12.2026", 0),
    ]
    assert len(vouchers(given, "child", first_day=date(2026, 12, 31)).spans) == 1
    assert vouchers(given, "child", first_day=date(2027, 1, 1)).spans == []


def test_new_values_of_the_city_begin_on_their_day():
    later = VoucherTable(days("2026-08-01"), "§ 13", AgeValues(970_00, 1550_00))
    now = replace(VALUES, valid=days("2020-08-01", "2026-07-31"))
    given = replace(facts(), tables=Timeline([(table.valid, table) for table in (now, later)]))
    [old, new] = vouchers(given, "child", first_day=date(2026, 1, 1)).spans
    assert (str(old[0]), old[1].worth) == ("1.1.2026–31.7.2026", 949_00)
    assert (str(new[0]), new[1].worth) == ("1.8.2026–31.12.2026", 970_00)


def sent_decisions(given: VoucherFacts) -> list[VoucherDecision]:
    fresh = drafts(given, "child", [], first_day=date(2020, 8, 1))
    done = confirm(fresh, [])
    assert done.ended == ()
    return [replace(one, id=number) for number, one in enumerate(done.sent, start=1)]


def drafted(given: VoucherFacts, stored: list[VoucherDecision]) -> list[VoucherDecision]:
    return drafts(given, "child", stored, first_day=date(2020, 8, 1))


def test_what_was_sent_is_not_drafted_again():
    stored = sent_decisions(facts())
    assert [str(one.period) for one in stored] == ["1.1.2026–31.12.2026"]
    assert drafted(facts(), stored) == []


def test_a_change_is_drafted_from_its_day_and_says_what_changed():
    stored = sent_decisions(facts())
    raised = replace(facts(), support={"child": Timeline([(days("2026-06-01", "2026-12-31"), Decimal(2))])})
    [draft] = drafted(raised, stored)
    assert str(draft.period) == "1.6.2026–31.12.2026"
    assert draft.differences == {VoucherDifference.VOUCHER_VALUE}
    [done] = confirm([draft], stored).ended
    assert (str(done.period), done.status) == ("1.1.2026–31.5.2026", FeeStatus.SENT)


def test_each_draft_is_compared_with_the_one_before_it_and_not_with_what_was_sent():
    stored = sent_decisions(facts())
    autumn = days("2026-09-01", "2026-12-31")
    care = {"child": Timeline([(days("2026-01-01", "2026-08-31"), place()), (autumn, place(unit="forge"))])}
    support = {"child": Timeline([(days("2026-06-01", "2026-12-31"), Decimal(2))])}
    first, second = drafted(replace(facts(care=place()), care=care, support=support), stored)
    assert (str(first.period), first.differences) == ("1.6.2026–31.8.2026", {VoucherDifference.VOUCHER_VALUE})
    assert (second.period, second.differences) == (autumn, {VoucherDifference.PLACEMENT})


def test_no_decision_is_drafted_for_earlier_days_than_the_first():
    [draft] = drafts(facts(), "child", [], first_day=date(2026, 5, 15))
    assert str(draft.period) == "15.5.2026–31.12.2026"


def test_drafting_twice_keeps_the_draft_and_what_was_ignored_stays_away():
    [draft] = drafted(facts(), [])
    assert drafted(facts(), [replace(draft, id=7)]) == [replace(draft, id=7)]
    assert drafted(facts(), [replace(draft, id=7, status=FeeStatus.IGNORED)]) == []


def test_a_place_that_ended_is_an_empty_draft_that_only_ends_the_earlier_decision():
    stored = sent_decisions(facts())
    [draft] = drafted(facts(period=days("2026-01-01", "2026-06-30")), stored)
    assert draft.empty
    assert (str(draft.period), draft.differences) == ("1.7.2026–31.12.2026", frozenset())
    done = confirm([draft], stored)
    assert done.sent == ()
    assert [str(one.period) for one in done.ended] == ["1.1.2026–30.6.2026"]


def test_a_child_who_moves_to_another_household_ends_the_decision_of_the_first():
    stored = sent_decisions(facts())
    moved = facts(heads=Timeline([(YEAR, ("father", "child"))]))
    [draft] = drafted(moved, stored)
    assert draft.differences == {VoucherDifference.GUARDIANS}
    done = confirm([draft], stored)
    assert [one.voucher.family.head for one in done.sent] == ["father"]
    assert [(one.voucher.family.head, one.status) for one in done.ended] == [("mother", FeeStatus.ANNULLED)]


def test_confirming_leaves_other_children_other_days_and_annulled_decisions_alone():
    [draft] = drafted(facts(), [])
    [mine] = sent_decisions(facts())
    others = [
        replace(mine, voucher=replace(mine.voucher, child="sister")),
        replace(mine, period=days("2025-01-01", "2025-12-31")),
        replace(mine, status=FeeStatus.ANNULLED),
    ]
    assert confirm([draft], others).ended == ()


def test_a_decision_that_still_waits_for_the_post_holds_up_the_next():
    [draft] = drafted(facts(), [])
    [mine] = sent_decisions(facts())
    with pytest.raises(Refused, match="voucher.still_waiting"):
        confirm([draft], [replace(mine, status=FeeStatus.WAITING)])


def test_what_is_not_a_draft_cannot_be_confirmed():
    with pytest.raises(Refused, match="workflow.wrong_state"):
        confirm(sent_decisions(facts()), [])


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        (facts(care=place(unit="forge")), {"placement"}),
        (facts(care=place(PART)), {"service_need", "co_payment", "final_co_payment", "voucher_value"}),
        (replace(facts(), coefficients={"full": Decimal("0.9")}), {"service_need", "voucher_value"}),
        (facts(support="1.5"), {"voucher_value"}),
        (facts(born=date(2025, 6, 10)), {"base_value", "voucher_value"}),
        (facts(incomes={"child": Income(Effect.MAX_FEE_ACCEPTED)}), {"income"}),
        (facts(care=place(care_type=CareType.CLUB)),
         {"placement", "thresholds", "co_payment", "final_co_payment", "voucher_value"}),
        (with_sister(facts(), date(2024, 1, 1)),
         {"family_size", "thresholds", "sibling_discount", "co_payment", "final_co_payment"}),
    ],
)  # fmt: skip
def test_a_decision_says_what_changed(other, changed):
    before, after = voucher_on(facts(), "child", DAY), voucher_on(other, "child", DAY)
    assert before is not None
    assert after is not None
    assert differences(before, after) == {VoucherDifference(name) for name in changed}


# The month's report


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12)  # noqa: DTZ001


def sent(period: DateRange, *, id: str = "d1", unit: str = "mill", value: int = 950_00, pays: int = 100_00,
         sent_at: datetime | None = None, **more) -> SentVoucher:  # fmt: skip
    return SentVoucher(id, "child", unit, period, value, pays, sent_at or at(1, 2), **more)


JANUARY, FEBRUARY, MARCH = (DateRange.month(2026, month) for month in (1, 2, 3))


def rows(found: list[ReportRow]) -> list[tuple[str, str, int]]:
    return [(row.kind.value, str(row.period), row.amount) for row in found]


def test_a_part_of_a_month_is_paid_by_its_business_days():
    found = report(FEBRUARY, [sent(days("2026-02-16", "2026-06-30"))], [])
    assert rows(found) == [("original", "16.2.2026–28.2.2026", 425_00)]  # 850 × 10 / 20
    assert told(found[0].steps) == ["voucher.step.part_month (950,00 € − 100,00 €) × 10 / 20 = 425,00 €"]


def test_a_sum_that_does_not_come_out_even_is_told_as_nearly():
    [row] = report(JANUARY, [sent(days("2026-01-26", "2026-06-30"))], [])
    assert row.amount == 212_50  # 850 × 5 / 20: New Year and Epiphany are no business days
    [row] = report(MARCH, [sent(days("2026-03-30", "2026-06-30"))], [frozen_empty(FEBRUARY)])
    assert told(row.steps) == ["voucher.step.part_month (950,00 € − 100,00 €) × 2 / 22 ≈ 77,27 €"]


def frozen_empty(month: DateRange) -> FrozenMonth:
    return FrozenMonth(month, at(month.start.month, 25), ())


def test_what_is_paid_without_the_need_of_support_is_told_beside():
    given = sent(JANUARY, value=783_00, pays=100_00, base=870_00, coefficient=Decimal("0.6"), support=Decimal("1.5"))
    [row] = report(JANUARY, [given], [])
    assert (row.amount, row.before_support) == (683_00, 455_33)
    [row] = report(JANUARY, [sent(JANUARY)], [])
    assert (row.amount, row.before_support) == (850_00, 850_00)


def test_a_frozen_month_stays_as_it_was_and_is_frozen_once():
    closed = freeze(JANUARY, at(1, 25), [sent(YEAR)], [])
    assert rows(report(JANUARY, [sent(YEAR, annulled=True, changed_at=at(1, 28))], [closed])) == [
        ("original", "1.1.2026–31.1.2026", 850_00)
    ]
    with pytest.raises(Refused, match="voucher.already_frozen") as refused:
        freeze(JANUARY, at(1, 26), [], [closed])
    assert explain(refused.value, "en").startswith("The report of 1.1.2026–31.1.2026 is closed already.")


def test_an_annulled_decision_is_taken_back_in_the_next_month():
    closed = freeze(JANUARY, at(1, 25), [sent(YEAR)], [])
    found = report(FEBRUARY, [sent(YEAR, annulled=True, changed_at=at(1, 28))], [closed])
    assert rows(found) == [("refund", "1.1.2026–31.1.2026", -850_00)]


def test_a_new_decision_takes_the_old_month_back_and_pays_it_anew():
    closed = freeze(JANUARY, at(1, 25), [sent(YEAR)], [])
    old = sent(days("2026-01-01", "2026-01-14"), changed_at=at(1, 28))
    new = sent(days("2026-01-15", "2026-12-31"), id="d2", pays=0, sent_at=at(1, 28))
    assert rows(report(FEBRUARY, [old, new], [closed])) == [
        ("refund", "1.1.2026–31.1.2026", -850_00),
        ("correction", "1.1.2026–14.1.2026", 340_00),  # 8 days of 20
        ("correction", "15.1.2026–31.1.2026", 570_00),  # 950 × 12 / 20
        ("original", "1.2.2026–28.2.2026", 950_00),
    ]


def test_what_was_decided_before_the_freezing_is_not_corrected():
    closed = freeze(JANUARY, at(1, 25), [sent(JANUARY, changed_at=at(1, 20))], [])
    assert report(FEBRUARY, [sent(JANUARY, changed_at=at(1, 20))], [closed]) == []


def test_a_decision_sent_late_pays_also_months_that_were_never_in_a_report():
    late = sent(days("2025-12-01", "2026-12-31"), sent_at=at(2, 20))
    assert rows(report(MARCH, [late], [frozen_empty(JANUARY), replace(frozen_empty(FEBRUARY), at=at(2, 15))])) == [
        ("correction", "1.12.2025–31.12.2025", 850_00),
        ("correction", "1.1.2026–31.1.2026", 850_00),
        ("correction", "1.2.2026–28.2.2026", 850_00),
        ("original", "1.3.2026–31.3.2026", 850_00),
    ]


def test_nothing_is_corrected_before_the_month_between_is_frozen():
    late = sent(YEAR, sent_at=at(1, 28))
    assert rows(report(MARCH, [late], [frozen_empty(JANUARY)])) == [("original", "1.3.2026–31.3.2026", 850_00)]


def test_a_month_before_the_frozen_ones_knows_nothing_of_them():
    late = sent(YEAR, sent_at=at(3, 28))
    assert rows(report(FEBRUARY, [late], [freeze(MARCH, at(3, 25), [sent(MARCH)], [])])) == [
        ("original", "1.2.2026–28.2.2026", 850_00)
    ]


def test_a_month_that_was_passed_over_is_corrected_since_the_freezing_before_it():
    months = [freeze(JANUARY, at(1, 25), [sent(YEAR)], []), frozen_empty(MARCH)]
    found = report(FEBRUARY, [sent(YEAR, annulled=True, changed_at=at(1, 28))], months)
    assert rows(found) == [("refund", "1.1.2026–31.1.2026", -850_00)]


def test_what_was_sent_in_the_moment_of_freezing_is_paid_once_whether_the_report_had_it_or_not():
    given = sent(JANUARY, sent_at=at(1, 25))
    assert report(FEBRUARY, [given], [freeze(JANUARY, at(1, 25), [given], [])]) == []
    found = report(FEBRUARY, [given], [freeze(JANUARY, at(1, 25), [], [])])
    assert rows(found) == [("correction", "1.1.2026–31.1.2026", 850_00)]


def test_a_decision_that_ends_on_the_first_of_a_month_has_a_row_for_that_day():
    late = sent(days("2026-01-01", "2026-02-01"), sent_at=at(3, 5))
    assert rows(report(MARCH, [late], [frozen_empty(JANUARY), frozen_empty(FEBRUARY)])) == [
        ("correction", "1.1.2026–31.1.2026", 850_00),
        ("correction", "1.2.2026–1.2.2026", 0),  # a Sunday
    ]


def row(kind: RowKind, amount: int, *, unit: str = "mill", period: DateRange = JANUARY) -> ReportRow:
    return ReportRow(sent(period, unit=unit), kind, period, amount)


def test_rows_that_undo_each_other_are_left_out():
    refund, correction = row(RowKind.REFUND, -5_00), row(RowKind.CORRECTION, 5_00)
    assert without_pairs([correction, refund]) == []
    assert without_pairs([refund, correction, correction]) == [correction]
    apart = [
        refund,
        row(RowKind.CORRECTION, 6_00),
        row(RowKind.CORRECTION, 5_00, unit="forge"),
        row(RowKind.CORRECTION, 5_00, period=FEBRUARY),
        row(RowKind.ORIGINAL, 5_00),
    ]
    left = without_pairs(apart)
    assert len(left) == len(apart)
    assert all(one in left for one in apart)


# Payments

MILL = Payee("Myllyn päiväkoti", "1234567-8", "FI7599990000000015", "1234")


def closed(*amounts: tuple[str, int], month: DateRange = JANUARY) -> FrozenMonth:
    found = tuple(row(RowKind.ORIGINAL, amount, unit=unit, period=month) for unit, amount in amounts)
    return FrozenMonth(month, at(month.start.month, 25), found)


def test_a_unit_is_paid_the_sum_of_the_last_frozen_month():
    months = [closed(("mill", 1_00), month=FEBRUARY), closed(("mill", 9_00))]
    assert payments(months) == [Payment("mill", FEBRUARY, 1_00)]
    summed = payments([closed(("mill", 850_00), ("forge", -20_00), ("mill", -50_00))])
    assert summed == [Payment("mill", JANUARY, 800_00), Payment("forge", JANUARY, -20_00)]


def test_nothing_is_paid_before_a_month_is_frozen():
    with pytest.raises(Refused, match="voucher.no_frozen_month"):
        payments([])


def test_a_unit_whose_payment_is_confirmed_is_not_paid_twice():
    months = [closed(("mill", 850_00), ("forge", 20_00), ("barn", 10_00))]
    existing = [
        Payment("mill", JANUARY, 850_00, PaymentStatus.CONFIRMED),
        Payment("forge", JANUARY, 20_00),
        Payment("barn", FEBRUARY, 10_00, PaymentStatus.SENT),
    ]
    assert [one.unit for one in payments(months, existing)] == ["forge", "barn"]


@pytest.mark.parametrize(("last", "numbers"), [(None, [100, 101]), (250, [251, 252]), (7, [100, 101])])
def test_payments_are_numbered_in_a_row(last, numbers):
    confirmed = [Payment(unit, JANUARY, 1_00, PaymentStatus.CONFIRMED) for unit in ("mill", "forge")]
    done = send(confirmed, {"mill": MILL, "forge": MILL}, first_number=100, last_number=last,
                paid_on=date(2026, 2, 2), due=date(2026, 2, 28))  # fmt: skip
    assert [(one.number, one.status) for one in done] == [(number, PaymentStatus.SENT) for number in numbers]
    assert (done[0].paid_on, done[0].due, done[0].payee) == (date(2026, 2, 2), date(2026, 2, 28), MILL)


@pytest.mark.parametrize("missing", ["name", "business_id", "iban", "provider_id"])
def test_a_unit_of_which_something_is_not_known_stays_confirmed_and_takes_no_number(missing):
    confirmed = [Payment(unit, JANUARY, 1_00, PaymentStatus.CONFIRMED) for unit in ("forge", "barn", "mill")]
    known = {"forge": replace(MILL, **{missing: ""}), "mill": MILL}
    done = send(confirmed, known, first_number=100, last_number=None, paid_on=DAY, due=DAY)
    assert done[:2] == confirmed[:2]
    assert done[2].number == 100


def test_payments_need_a_series_and_to_be_confirmed():
    with pytest.raises(Refused, match="voucher.no_payment_series"):
        send([], {}, first_number=None, last_number=None, paid_on=DAY, due=DAY)
    with pytest.raises(Refused, match="workflow.wrong_state"):
        send([Payment("mill", JANUARY, 1_00)], {"mill": MILL}, first_number=1, last_number=None, paid_on=DAY, due=DAY)


def test_a_confirmed_payment_may_be_taken_back_but_a_sent_one_may_not():
    assert PAYMENT.after(PaymentStatus.CONFIRMED, "revert") is PaymentStatus.DRAFT
    assert list(PAYMENT.verbs(PaymentStatus.SENT)) == []
