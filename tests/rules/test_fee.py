"""The monthly fee: the law as tables, the explanation word for word, a family over time, decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from evaka import city
from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import ConfigMistake, Refused
from evaka.rules.fee import (
    FEE,
    Alteration,
    AlterationKind,
    Care,
    Child,
    Difference,
    Facts,
    FeeDecision,
    FeeStatus,
    FeeTable,
    Need,
    OptionPrice,
    Rounding,
    TemporaryPrices,
    base_fee,
    child_fee,
    confirm,
    differences,
    drafts,
    fees,
    fees_on,
    news,
    pays_for,
    spans_of_care,
    table_on,
    temporary_price,
)
from evaka.rules.fee.step import rounded
from evaka.rules.income import Effect, Income
from evaka.rules.placement import CareType
from evaka.texts import knows, say

TABLE = FeeTable(
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
FULL = Need("full", Decimal(1))
DISCOUNT, RELIEF, INCREASE = AlterationKind


@pytest.fixture(autouse=True)
def _same_city_afterwards():
    before = city.chosen()
    yield
    city.choose(before)


def earns(cents: int, record: str | None = None, *, agency: bool = False) -> Income:
    return Income(Effect.INCOME, earned=cents, agency_staff=agency, record=record)


def days(start: str, end: str | None = None) -> DateRange:
    return DateRange(date.fromisoformat(start), date.fromisoformat(end) if end else None)


@pytest.mark.parametrize(
    ("family_size", "income", "fee"),
    [
        (3, 2756_00, 0),  # at the lower limit
        (3, 4000_00, 133_00),  # (4000 - 2756) * 10.7 % = 133.11
        (3, 5443_00, 288_00),  # at the upper limit: 287.51
        (3, 9999_99, 288_00),
        (3, None, 288_00),  # income not shown
        (8, 4162_00, 0),  # two beyond the table: 3874 + 2 * 144
        (8, 5162_00, 107_00),  # 1000 above it
        (2, -500_00, 0),  # more expenses than income
    ],
)
def test_the_base_fee_follows_the_income_between_two_limits(family_size, income, fee) -> None:
    assert base_fee(TABLE, family_size, income) == fee


def test_a_family_has_at_least_two_members() -> None:
    with pytest.raises(ValueError, match="at least a child and an adult"):
        base_fee(TABLE, 1, 0)


@pytest.mark.parametrize(
    ("sibling", "coefficient", "fee"),
    [
        (1, "1", 288_00),
        (2, "1", 144_00),
        (3, "1", 58_00),  # 57.60
        (7, "1", 58_00),
        (1, "0.6", 173_00),  # 172.80
        (3, "0.6", 35_00),  # 58 * 0.6 = 34.80
        (3, "0.4", 0),  # 23.20 is below the smallest fee
    ],
)
def test_a_childs_share_of_the_highest_fee(sibling, coefficient, fee) -> None:
    assert child_fee(TABLE, 3, [None], sibling=sibling, coefficient=Decimal(coefficient)).final == fee


def test_a_fee_equal_to_the_smallest_is_collected() -> None:
    # (3008.34 - 2756) * 10.7 % = 27.0004 euros, 27 in whole euros
    assert child_fee(TABLE, 3, [earns(3008_34)]).final == 27_00
    assert child_fee(TABLE, 3, [earns(3000_00)]).final == 0  # 26.11


def test_the_incomes_of_both_adults_and_the_child_count() -> None:
    both = [earns(2000_00), earns(2000_00)]
    assert child_fee(TABLE, 3, both).final == 133_00
    assert child_fee(TABLE, 3, both, child_income=earns(100_00)).final == 144_00  # 1344 * 10.7 % = 143.81
    unshown = Income(Effect.INCOMPLETE)
    assert child_fee(TABLE, 3, both, child_income=unshown).final == 133_00
    assert child_fee(TABLE, 3, [earns(2000_00), unshown]).final == 288_00
    assert child_fee(TABLE, 3, []).final == 288_00


def test_alterations_take_effect_one_after_another_and_never_below_nothing() -> None:
    fee = child_fee(
        TABLE,
        3,
        [None],
        alterations=[
            Alteration(DISCOUNT, Decimal(10)),
            Alteration(INCREASE, Decimal(5), absolute=True),
            Alteration(RELIEF, Decimal(50)),
            Alteration(RELIEF, Decimal(500), absolute=True),
            Alteration(DISCOUNT, Decimal(10)),
        ],
    )
    # 288 - 28.80 = 259.20; + 5 = 264.20; - 132.10 = 132.10; - 132.10 = 0; 10 % of nothing
    assert fee.effects == (-28_80, 5_00, -132_10, -132_10, 0)
    assert (fee.fee, fee.final) == (288_00, 0)


def test_an_alteration_of_nothing_is_a_fault() -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        Alteration(DISCOUNT, Decimal(0))


def test_a_fixed_price_takes_the_place_of_income_and_sibling_share() -> None:
    price = OptionPrice(
        base_fee=100_00,
        second_child_fee=60_00,
        second_child_discount=Decimal("0.4"),
        later_child_fee=50_00,
        later_child_discount=Decimal("0.5"),
    )
    found = [child_fee(TABLE, 3, [None], sibling=sibling, option_price=price) for sibling in (1, 2, 3)]
    assert [(one.base, one.sibling_percent, one.final) for one in found] == [
        (100_00, 0, 100_00),
        (100_00, 40, 60_00),
        (100_00, 50, 50_00),
    ]


def test_a_city_may_round_the_fee_only() -> None:
    late = replace(TABLE, rounding=Rounding.FEE_ONLY)
    # 133.11 * 0.5 = 66.55(5), * 1 = 67; by steps 133 * 0.5 = 66.50, also 67; with 0.6: 39.93 / 40.20
    assert base_fee(late, 3, 4000_00) == 133_11
    assert child_fee(late, 3, [earns(4000_00)], sibling=2).final == 67_00
    assert child_fee(late, 3, [earns(4000_00)], sibling=2, coefficient=Decimal("0.6")).final == 40_00


def test_a_fee_that_is_rounded_once_is_reckoned_of_exact_figures() -> None:
    late = replace(TABLE, rounding=Rounding.FEE_ONLY)
    # by cents it would be 154,99 and 77,50; 60 % of that is 46,50, which is 47
    price = child_fee(late, 3, [earns(4204_46)], sibling=2, coefficient=Decimal("0.6"))
    assert [plain(step.arithmetic) for step in price.steps] == [
        "(4 204,46 € − 2 756,00 €) × 10,7 % = 154,98522 € → 154,99 €",
        "154,98522 € × 50 % = 77,49261 € → 77,49 €",
        "77,49261 € × 60 % = 46,495566 € → 46 €",
        "46,00 €",
    ]


@pytest.mark.parametrize(
    ("part_day", "sibling", "price"),
    [(False, 1, 28_00), (True, 1, 15_00), (False, 2, 14_00), (True, 3, 8_00)],
)
def test_temporary_care_is_priced_by_the_day(part_day, sibling, price) -> None:
    assert temporary_price(TABLE, part_day=part_day, sibling=sibling) == price


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_every_figure_opens_into_its_reckoning() -> None:
    fee = child_fee(
        TABLE,
        3,
        [earns(4000_00)],
        sibling=2,
        coefficient=Decimal("0.8"),
        alterations=[
            Alteration(DISCOUNT, Decimal(25)),
            Alteration(INCREASE, Decimal(10), absolute=True),
            Alteration(RELIEF, Decimal(33)),
            Alteration(RELIEF, Decimal(99), absolute=True),
        ],
    )
    # 67 * 0.8 = 53.60 -> 54; - 13.50 = 40.50; + 10 = 50.50; 33 % = 16.665 -> 16.67; 33.83 left
    assert [(step.key, plain(step.arithmetic), step.result) for step in fee.steps] == [
        ("fee.step.base", "(4 000,00 € − 2 756,00 €) × 10,7 % = 133,11 € → 133 €", 133_00),
        ("fee.step.sibling", "133,00 € × 50 % = 66,50 € → 67 €", 67_00),
        ("fee.step.time_share", "67,00 € × 80 % = 53,60 € → 54 €", 54_00),
        ("fee.step.discount", "54,00 € × −25 % = −13,50 €", -13_50),
        ("fee.step.increase", "10,00 €", 10_00),
        ("fee.step.relief", "50,50 € × −33 % = −16,665 € → −16,67 €", -16_67),
        ("fee.step.relief", "−99,00 € → −33,83 €", -33_83),
        ("fee.step.final", "54,00 € − 13,50 € + 10,00 € − 16,67 € − 33,83 € = 0,00 €", 0),
    ]
    assert fee.steps[0].law == "1503/2016, 5 §, 8 §"


def test_the_incomes_of_several_are_added_up_first() -> None:
    steps = child_fee(TABLE, 3, [earns(2500_00), earns(1600_00)], child_income=earns(-100_00)).steps
    assert steps[0].key == "fee.step.income"
    assert plain(steps[0].arithmetic) == "2 500,00 € + 1 600,00 € − 100,00 € = 4 000,00 €"
    assert steps[1].key == "fee.step.base"


@pytest.mark.parametrize(
    ("incomes", "key", "arithmetic"),
    [
        ([earns(2000_00)], "fee.step.base_free", "2 000,00 € ≤ 2 756,00 €"),
        ([earns(6000_00)], "fee.step.base_upper", "(5 443,00 € − 2 756,00 €) × 10,7 % = 287,51 € → 288 €"),
        ([None], "fee.step.base_highest", "(5 443,00 € − 2 756,00 €) × 10,7 % = 287,51 € → 288 €"),
    ],
)
def test_the_explanation_says_which_rule_of_income_was_used(incomes, key, arithmetic) -> None:
    step = child_fee(TABLE, 3, incomes).steps[0]
    assert (step.key, plain(step.arithmetic)) == (key, arithmetic)


def test_a_fee_too_small_to_collect_says_so() -> None:
    steps = child_fee(TABLE, 3, [earns(3000_00)]).steps
    assert [plain(step.arithmetic) for step in steps[-2:]] == ["26,00 € < 27,00 € → 0,00 €", "0,00 €"]


@pytest.mark.parametrize(
    ("exact", "result", "written"),
    [
        ("13300", 133_00, "133 €"),
        ("13310.8", 133_00, "133,11 € → 133 €"),
        ("13349.95", 133_00, "133,4995 € → 133 €"),  # to the cent it would read 133,50
        ("602.25", 6_02, "6,0225 € → 6,02 €"),
        ("-1666.5", -16_67, "−16,665 € → −16,67 €"),
    ],
)
def test_rounding_is_written_so_that_it_can_be_followed(exact, result, written) -> None:
    assert plain(rounded(Decimal(exact), result)) == written


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_step_has_words(language) -> None:
    alterations = [Alteration(kind, Decimal(1)) for kind in AlterationKind]
    price = OptionPrice(10_00, 10_00, Decimal(0), 10_00, Decimal(0))
    fees = [
        child_fee(TABLE, 3, [earns(4000_00)], sibling=2, alterations=alterations),
        child_fee(TABLE, 3, [earns(0), earns(0)]),
        child_fee(TABLE, 3, [earns(9000_00)]),
        child_fee(TABLE, 3, [None]),
        child_fee(TABLE, 3, [None], sibling=2, option_price=price),
    ]
    for step in (step for fee in fees for step in fee.steps):
        assert knows(step.key)
        assert "{" not in say(step.key, language, **step.facts)


# --- the tables of the configuration


def table_of(city_name: str, day: date) -> FeeTable:
    city.choose(city_name)
    return table_on(city.dated("fees", FeeTable), day)


@pytest.mark.parametrize(
    ("day", "highest", "smallest", "second", "limit_of_four", "further"),
    [
        (date(2018, 8, 1), 289_00, 27_00, "0.5", 3080_00, 142_00),
        (date(2021, 7, 31), 288_00, 27_00, "0.5", 3129_00, 144_00),
        (date(2021, 8, 1), 288_00, 27_00, "0.4", 4099_00, 189_00),
        (date(2023, 2, 28), 295_00, 28_00, "0.4", 4267_00, 197_00),
        (date(2023, 3, 1), 295_00, 28_00, "0.4", 5675_00, 262_00),
        (date(2026, 7, 31), 311_00, 30_00, "0.4", 5956_00, 275_00),
    ],
)
def test_the_published_tables_are_in_force_on_their_days(
    day, highest, smallest, second, limit_of_four, further
) -> None:
    table = table_of("base", day)
    found = (table.highest_fee, table.smallest_fee, table.share(2), table.limits(4)[0], table.further_member)
    assert found == (highest, smallest, Decimal(second), limit_of_four, further)
    assert not table.invented


def test_a_day_whose_table_nobody_has_given_is_refused() -> None:
    with pytest.raises(Refused) as no:
        table_of("base", date(2026, 8, 1))
    assert (no.value.key, no.value.facts) == ("fee.no_table", {"day": date(2026, 8, 1)})


def test_two_tables_of_one_day_are_refused() -> None:
    both = Timeline([(TABLE.valid, TABLE), (TABLE.valid, TABLE)])
    with pytest.raises(Refused, match=r"fee\.two_tables"):
        table_on(both, date(2021, 1, 1))


def test_the_example_city_marks_its_table_as_invented() -> None:
    table = table_of("harjula", date(2026, 8, 1))
    assert (table.highest_fee, table.smallest_fee, table.invented) == (335_00, 32_00, True)
    # the public figures of 2026: 40 % is 134 euros, 20 % is 67 euros
    assert [child_fee(table, 4, [None], sibling=sibling).final for sibling in (1, 2, 3)] == [
        335_00,
        134_00,
        67_00,
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"lower_limit": {2: 2136_00}}, "lower_limit has no row for a family of 3"),
        ({"sibling_share": []}, "sibling_share is empty"),
        (
            {"highest_fee": 300_00},
            "highest_fee is 300,00 €, but the limits of a family of 2 lead to 288,00 €",
        ),
    ],
)
def test_a_table_that_cannot_be_right_names_its_mistake(change, what) -> None:
    row = {name: getattr(TABLE, name) for name in TABLE.__dataclass_fields__}
    row |= {"sibling_share": list(TABLE.sibling_share)} | change
    with pytest.raises(ConfigMistake) as mistake:
        city.build(FeeTable, row, "fees.toml")
    assert what in plain(str(mistake.value))


# --- a family over time


def family(**changes) -> Facts:
    """A mother with a child of four in full-time care in the year 2022."""
    given = {
        "children": {"ella": Child("ella", date(2018, 5, 1))},
        "heads": Timeline([(days("2018-05-01"), ("mother", "ella"))]),
        "partners": Timeline(),
        "tables": Timeline([(TABLE.valid, TABLE)]),
        "care": {
            "ella": Timeline([(days("2022-01-01", "2022-12-31"), Care("Koivu", CareType.DAYCARE, FULL))])
        },
    }
    return Facts(**(given | changes))


def test_a_family_owes_from_the_first_day_of_care_to_the_last() -> None:
    owed = news(fees(family(), "mother"), Timeline())
    assert [(str(period), fees.total) for period, fees in owed.spans] == [("1.1.2022–31.12.2022", 288_00)]
    [(_, content)] = owed.spans
    assert (content.family_size, content.limits.lower, content.limits.highest_fee) == (2, 2136_00, 288_00)


def test_time_is_cut_where_the_income_changes() -> None:
    incomes = {"mother": Timeline([(days("2022-03-01", "2022-06-30"), earns(3136_00))])}
    owed = news(fees(family(incomes=incomes), "mother"), Timeline())
    assert [(str(period), fees.total) for period, fees in owed.spans] == [
        ("1.1.2022–28.2.2022", 288_00),
        ("1.3.2022–30.6.2022", 107_00),
        ("1.7.2022–31.12.2022", 288_00),
    ]


def test_a_child_of_leap_day_comes_of_age_on_one_day_only() -> None:
    facts = family(
        children={"ella": Child("ella", date(2018, 5, 1)), "leap": Child("leap", date(2004, 2, 29))},
        heads=Timeline([(days("2018-05-01"), ("mother", name)) for name in ("ella", "leap")]),
    )
    owed = news(fees(facts, "mother"), Timeline())
    assert [(str(period), fees.family_size) for period, fees in owed.spans] == [
        ("1.1.2022–27.2.2022", 3),
        ("28.2.2022–31.12.2022", 2),
    ]


def test_a_place_that_goes_on_unchanged_is_not_cut() -> None:
    halves = [days("2022-01-01", "2022-06-30"), days("2022-07-01", "2022-12-31")]
    care = {"ella": Timeline((half, Care("Koivu", CareType.DAYCARE, FULL)) for half in halves)}
    owed = news(fees(family(care=care), "mother"), Timeline())
    assert [str(period) for period in owed.periods()] == ["1.1.2022–31.12.2022"]


def test_a_child_who_comes_of_age_leaves_the_family() -> None:
    facts = family(
        children={"ella": Child("ella", date(2018, 5, 1)), "big": Child("big", date(2004, 6, 15))},
        heads=Timeline([(days("2018-05-01"), ("mother", "ella")), (days("2018-05-01"), ("mother", "big"))]),
    )
    owed = news(fees(facts, "mother"), Timeline())
    assert [(str(period), fees.family_size) for period, fees in owed.spans] == [
        ("1.1.2022–14.6.2022", 3),
        ("15.6.2022–31.12.2022", 2),
    ]


def test_the_partner_belongs_to_the_family_and_only_one_of_them_pays() -> None:
    facts = family(partners=Timeline([(days("2022-01-01"), ("father", "mother"))]))
    mothers, fathers = (fees_on(facts, adult, date(2022, 2, 1)) for adult in ("mother", "father"))
    assert (mothers.family_size, len(mothers.lines)) == (3, 1)
    assert (fathers.family_size, fathers.lines, fathers.total) == (2, (), 0)
    assert facts.adults() == ["mother", "father"]
    assert facts.partner("stranger", date(2022, 2, 1)) is None


def two_homes(mothers: tuple[str, ...], fathers: tuple[str, ...]) -> Facts:
    children = {f"m{n}": Child(f"m{n}", date.fromisoformat(born)) for n, born in enumerate(mothers)}
    children |= {f"f{n}": Child(f"f{n}", date.fromisoformat(born)) for n, born in enumerate(fathers)}
    adult = {"m": "mother", "f": "father"}
    heads = Timeline((days("2018-01-01"), (adult[child[0]], child)) for child in children)
    return family(children=children, heads=heads, care={})


@pytest.mark.parametrize(
    ("mothers", "fathers", "payer"),
    [
        (("2018-01-01",), (), "mother"),
        ((), ("2018-01-01",), "father"),
        (("2018-01-01",), ("2017-01-01", "2020-01-01"), "father"),  # more children
        (("2018-01-01",), ("2017-01-01",), "mother"),  # whose oldest is younger
        (("2017-01-01", "2021-01-01"), ("2018-01-01", "2019-01-01"), "father"),
        (("2018-01-01",), ("2018-01-01",), "father"),  # twins, one with each: the same one for both
        ((), (), "father"),
    ],
)
def test_of_two_partners_exactly_one_pays(mothers, fathers, payer) -> None:
    facts, day = two_homes(mothers, fathers), date(2022, 2, 1)
    assert pays_for(facts, "mother", "father", day) is (payer == "mother")
    assert pays_for(facts, "father", "mother", day) is (payer == "father")


def test_twins_without_identity_codes_are_counted_in_the_order_of_their_numbers() -> None:
    twins = {number: Child(number, date(2020, 5, 1)) for number in (9, 10)}
    facts = family(
        children=twins,
        heads=Timeline((days("2022-01-01"), ("mother", child)) for child in (10, 9)),
        care={child: Timeline([(days("2022-01-01"), Care("Koivu", CareType.DAYCARE, FULL))]) for child in twins},
    )
    lines = fees_on(facts, "mother", date(2022, 2, 1)).lines
    assert [(line.child, line.price.sibling_percent) for line in lines] == [(9, 0), (10, 50)]


def test_siblings_are_counted_from_the_youngest_also_where_care_costs_nothing() -> None:
    born = {
        "aino": date(2015, 5, 1),
        "ella": date(2018, 5, 1),
        "otto": date(2020, 5, 1),
        "iris": date(2016, 5, 1),
        "club": date(2021, 1, 1),
    }
    year = days("2022-01-01", "2022-12-31")
    facts = family(
        children={name: Child(name, on) for name, on in born.items()},
        heads=Timeline((days("2021-01-01"), ("mother", name)) for name in born),
        care={
            "ella": Timeline([(year, Care("Koivu", CareType.DAYCARE, FULL))]),
            "otto": Timeline([(year, Care("Private", CareType.DAYCARE, FULL, charged=False))]),
            "iris": Timeline([(year, Care("Koivu", CareType.PRESCHOOL, Need("free", Decimal(0))))]),
            "aino": Timeline([(year, Care("Koivu", CareType.PRESCHOOL, Need("free", Decimal(0))))]),
            "club": Timeline([(year, Care("Park", CareType.CLUB, FULL))]),
        },
    )
    [line] = fees_on(facts, "mother", date(2022, 2, 1)).lines
    assert (line.child, line.price.sibling_percent, line.price.final) == ("ella", 50, 144_00)


def test_an_increase_for_agency_staff_is_the_last_alteration() -> None:
    relief = Alteration(RELIEF, Decimal(50))
    facts = family(
        incomes={"mother": Timeline([(days("2022-01-01"), earns(9000_00, agency=True))])},
        alterations={"ella": Timeline([(days("2022-01-01", "2022-12-31"), relief)])},
        agency_increase=93,
    )
    [line] = fees_on(facts, "mother", date(2022, 2, 1)).lines
    assert (line.price.effects, line.price.final) == ((-144_00, 93_00), 237_00)


def test_a_price_of_the_option_holds_for_its_time() -> None:
    price = OptionPrice(100_00, 60_00, Decimal("0.4"), 60_00, Decimal("0.4"))
    priced = replace(TABLE, fixed_prices={"full": price})
    tables = [(days("2020-08-01", "2022-06-30"), TABLE), (days("2022-07-01"), priced)]
    facts = family(tables=Timeline(tables))
    assert [fees_on(facts, "mother", date(2022, month, 1)).total for month in (6, 7)] == [288_00, 100_00]


def test_care_that_was_not_agreed_is_taken_as_usual_and_marked() -> None:
    usual = Care("Koivu", CareType.DAYCARE, replace(FULL, missing=True))
    part = Need("part", Decimal("0.6"))
    agreed = Timeline([(days("2022-03-01", "2022-04-30"), part), (days("2023-01-01"), part)])
    spans = spans_of_care(days("2022-01-01", "2022-06-30"), usual, agreed)
    assert [(str(period), care.need.missing) for period, care in spans] == [
        ("1.1.2022–28.2.2022", True),
        ("1.3.2022–30.4.2022", False),
        ("1.5.2022–30.6.2022", True),
    ]


def test_charged_care_without_a_table_is_refused_but_not_before_the_first_day() -> None:
    facts = family(tables=Timeline([(days("2022-04-01"), TABLE)]))
    with pytest.raises(Refused, match=r"fee\.no_table"):
        fees(facts, "mother")
    assert fees(facts, "mother", first_day=date(2022, 4, 1)).spans[0][1].total == 288_00


# --- decisions


def test_the_life_of_a_fee_decision() -> None:
    assert {state: sorted(FEE.verbs(state)) for state in FeeStatus} == {
        FeeStatus.DRAFT: ["ignore", "post", "send"],
        FeeStatus.IGNORED: ["restore"],
        FeeStatus.WAITING: ["send"],
        FeeStatus.SENT: ["annul"],
        FeeStatus.ANNULLED: [],
    }


FIRST = date(2020, 8, 1)


def sent(draft: FeeDecision, id: str = "s1", status: FeeStatus = FeeStatus.SENT) -> FeeDecision:
    return replace(draft, id=id, status=status)


def test_what_was_sent_and_still_holds_is_not_drafted_again() -> None:
    [draft] = drafts(family(), "mother", [], first_day=FIRST)
    assert (draft.id, draft.status, draft.empty, draft.differences) == (
        None,
        FeeStatus.DRAFT,
        False,
        frozenset(),
    )
    assert drafts(family(), "mother", [sent(draft)], first_day=FIRST) == []
    assert drafts(family(), "mother", [sent(draft, status=FeeStatus.WAITING)], first_day=FIRST) == []
    again = drafts(family(), "mother", [replace(draft, id="d1")], first_day=FIRST)
    assert [one.id for one in again] == ["d1"]
    assert drafts(family(), "mother", [sent(draft, status=FeeStatus.IGNORED)], first_day=FIRST) == []
    assert drafts(family(), "mother", [sent(draft, status=FeeStatus.ANNULLED)], first_day=FIRST) != []


def test_a_change_in_the_middle_decides_the_rest_anew() -> None:
    [draft] = drafts(family(), "mother", [], first_day=FIRST)
    incomes = {"mother": Timeline([(days("2022-03-01", "2022-06-30"), earns(3136_00))])}
    fresh = drafts(family(incomes=incomes), "mother", [sent(draft)], first_day=FIRST)
    assert [(str(one.period), one.fees.total, set(one.differences)) for one in fresh] == [
        ("1.3.2022–30.6.2022", 107_00, {Difference.INCOME}),
        ("1.7.2022–31.12.2022", 288_00, {Difference.INCOME}),
    ]


def test_drafts_begin_on_the_first_day() -> None:
    [draft] = drafts(family(), "mother", [], first_day=date(2022, 5, 15))
    assert str(draft.period) == "15.5.2022–31.12.2022"


def test_when_care_ends_an_empty_draft_ends_the_decision() -> None:
    [draft] = drafts(family(), "mother", [], first_day=FIRST)
    [empty] = drafts(family(care={}), "mother", [sent(draft)], first_day=FIRST)
    assert (empty.empty, str(empty.period), empty.differences) == (True, "1.1.2022–31.12.2022", frozenset())
    done = confirm([empty], [sent(draft)])
    assert (done.sent, done.held, [one.status for one in done.ended]) == ((), (), [FeeStatus.ANNULLED])


def test_sending_ends_the_earlier_decision_the_day_before() -> None:
    [draft] = drafts(family(), "mother", [], first_day=FIRST)
    later = replace(draft, period=days("2022-07-01", "2022-12-31"), id="d2")
    done = confirm([later], [sent(draft), sent(draft, "old", FeeStatus.ANNULLED)])
    assert [one.status for one in done.sent] == [FeeStatus.SENT]
    assert [(one.id, str(one.period)) for one in done.ended] == [("s1", "1.1.2022–30.6.2022")]


def test_a_decision_waiting_for_the_post_holds_its_heads_drafts_back() -> None:
    [draft] = drafts(family(), "mother", [], first_day=FIRST)
    done = confirm([draft], [sent(draft, status=FeeStatus.WAITING)])
    assert (done.sent, done.ended, done.held) == ((), (), (draft,))


def test_a_partners_own_decision_without_partner_is_left_to_the_partners_draft() -> None:
    [draft] = drafts(family(), "mother", [], first_day=FIRST)
    couple = replace(draft, fees=replace(draft.fees, partner="father"))
    alone = sent(replace(draft, fees=replace(draft.fees, head="father")))
    stranger = sent(replace(draft, fees=replace(draft.fees, head="stranger")), "s2")
    assert confirm([couple], [alone, stranger]).ended == ()
    as_couple = sent(replace(draft, fees=replace(draft.fees, head="father", partner="mother")))
    assert [one.status for one in confirm([couple], [as_couple]).ended] == [FeeStatus.ANNULLED]


def test_a_draft_on_nothing_ends_no_decision_of_the_partner() -> None:
    [draft] = drafts(family(), "mother", [], first_day=FIRST)
    for_both = sent(replace(draft, fees=replace(draft.fees, partner="father")))
    fathers = replace(draft, fees=replace(draft.fees, head="father", partner="mother", lines=()))
    assert confirm([fathers], [for_both]).ended == ()
    alone = sent(replace(draft, fees=replace(draft.fees, head="father")), "s2")
    assert [one.id for one in confirm([fathers], [for_both, alone]).ended] == ["s2"]


def changed(**changes) -> set[Difference]:
    before = fees_on(family(), "mother", date(2022, 2, 1))
    return set(differences(before, fees_on(family(**changes), "mother", date(2022, 2, 1))))


def cared(**changes) -> dict:
    care = replace(Care("Koivu", CareType.DAYCARE, FULL), **changes)
    return {"ella": Timeline([(days("2022-01-01", "2022-12-31"), care)])}


def test_what_changed_is_named() -> None:
    whole = days("2022-01-01", "2022-12-31")
    assert changed() == set()
    assert changed(care=cared(unit="Mänty")) == {Difference.PLACEMENT}
    assert changed(care=cared(need=replace(FULL, words="enintään 35 h"))) == {Difference.SERVICE_NEED}
    assert changed(care=cared(need=replace(FULL, option="renamed"))) == set()
    assert changed(incomes={"mother": Timeline([(whole, earns(1))])}) == {Difference.INCOME}
    assert changed(incomes={"ella": Timeline([(whole, earns(1))])}) == {Difference.INCOME}
    relief = {"ella": Timeline([(whole, Alteration(RELIEF, Decimal(5)))])}
    assert changed(alterations=relief) == {Difference.FEE_ALTERATIONS}
    assert changed(partners=Timeline([(whole, ("mother", "father"))])) == {
        Difference.GUARDIANS,
        Difference.FAMILY_SIZE,
        Difference.THRESHOLDS,
    }
    assert changed(care={}) == {Difference.CHILDREN, Difference.THRESHOLDS}


def test_partners_may_change_places_without_a_new_decision() -> None:
    whole = days("2022-01-01", "2022-12-31")
    couple = family(
        partners=Timeline([(whole, ("mother", "father"))]),
        incomes={
            "mother": Timeline([(whole, earns(3000_00))]),
            "father": Timeline([(whole, earns(2000_00))]),
        },
    )
    one = fees_on(couple, "mother", date(2022, 2, 1))
    other = replace(
        one, head="father", partner="mother", head_income=one.partner_income, partner_income=one.head_income
    )
    assert differences(one, other) == frozenset()
    assert differences(one, replace(other, head_income=None)) == {Difference.INCOME}


def test_two_empty_decisions_differ_by_their_adults_only() -> None:
    empty = fees_on(family(care={}), "mother", date(2022, 2, 1))
    assert differences(empty, replace(empty, family_size=9)) == frozenset()
    assert differences(empty, replace(empty, partner="father")) == {Difference.GUARDIANS}
