"""Cases of the fee formula and the fee tables."""

from __future__ import annotations

from decimal import Decimal

from evaka.kit.dates import DateRange
from evaka.rules.fee import (
    Alteration,
    AlterationKind,
    FeeTable,
    OptionPrice,
    TemporaryPrices,
    child_fee,
    reckoned_highest,
    temporary_price,
)
from evaka.rules.income import Effect, Income
from tests.conformance import Case, Difference, expectations, kind
from tests.conformance.values import day


class GivenTable(FeeTable):
    """A table as a case gives it: some cases use limits that do not lead to their highest fee."""

    __slots__ = ()

    def __post_init__(self) -> None:
        pass


def table(case: Case) -> FeeTable:
    """A table of thresholds of the fixtures; their discounts are what is taken off."""
    rates = set(case["income_multiplier"].values())
    assert len({Decimal(rate) for rate in rates}) == 1
    return GivenTable(
        valid=DateRange(day(case["valid_from"]), day(case["valid_to"]) if case["valid_to"] else None),
        law="1503/2016",
        lower_limit={int(size): cents for size, cents in case["min_income"].items()},
        upper_limit={int(size): cents for size, cents in case["max_income"].items()},
        further_member=case["increase_per_person_over_6"],
        rate=Decimal(rates.pop()),
        smallest_fee=case["min_fee"],
        highest_fee=case["max_fee"],
        sibling_share=(
            Decimal(1),
            1 - Decimal(case["sibling_discount_2"]),
            1 - Decimal(case["sibling_discount_3_plus"]),
        ),
        temporary=TemporaryPrices(
            full_day=case["temporary_fee"],
            part_day=case["temporary_fee_part_day"],
            sibling_full_day=case["temporary_fee_sibling"],
            sibling_part_day=case["temporary_fee_sibling_part_day"],
        ),
    )


def thresholds(fixtures: Case, key: str) -> FeeTable:
    return table((fixtures["thresholds"] | fixtures["thresholds_seed"])[key])


def income(given: Case | None) -> Income | None:
    if given is None:
        return None
    total = given["total"]
    return Income(
        Effect(given["effect"]),
        earned=max(total, 0),
        expenses=max(-total, 0),
        agency_staff=given.get("works_at_echa", False),
        record=given.get("id"),
    )


def alteration(given: Case) -> Alteration:
    return Alteration(AlterationKind(given["type"]), Decimal(given["amount"]), given["absolute"])


def option_price(given: Case) -> OptionPrice:
    return OptionPrice(
        base_fee=given["base_fee"],
        second_child_fee=given["sibling_fee_2"],
        second_child_discount=Decimal(given["sibling_discount_2"]),
        later_child_fee=given["sibling_fee_3_plus"],
        later_child_discount=Decimal(given["sibling_discount_3_plus"]),
    )


@kind("fees/1", "monthly_fee")
def monthly_fee(case: Case, fixtures: Case) -> list[Difference]:
    alterations = [alteration(given) for given in case["alterations"]]
    if case["echa_increase"]:
        extra = Decimal(fixtures["config_default"]["echa_increase_euros"])
        alterations.append(Alteration(AlterationKind.INCREASE, extra, absolute=True))
    fee = child_fee(
        thresholds(fixtures, case["thresholds"]),
        case["family_size"],
        [income(given) for given in case["parent_incomes"]],
        child_income=income(case["child_income"]),
        sibling=case["sibling_ordinal"],
        coefficient=Decimal(case["service_need_coefficient"]),
        alterations=alterations,
        option_price=option_price(case["option_fee"]) if case["option_fee"] else None,
    )
    found = {
        "base_fee": fee.base,
        "sibling_discount_percent": fee.sibling_percent,
        "fee": fee.fee,
        "alteration_effects": list(fee.effects),
        "final_fee": fee.final,
    }
    return expectations(case, found)


@kind("fees/1", "temporary_daily_price")
def temporary_daily_price(case: Case, fixtures: Case) -> list[Difference]:
    prices = thresholds(fixtures, case["thresholds"])
    price = temporary_price(prices, part_day=case["part_day"], sibling=case["sibling_ordinal"])
    return expectations(case, {"daily_price": price})


@kind("fees/1", "threshold_max_fee")
def threshold_max_fee(case: Case, fixtures: Case) -> list[Difference]:
    highest = reckoned_highest(Decimal(case["income_multiplier"]), case["min_income"], case["max_income"])
    return expectations(case, {"computed_max_fee": highest, "accepted": highest == case["declared_max_fee"]})
