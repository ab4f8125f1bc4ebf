"""The fee table: the figures of the law for a time, and what the family as a whole is charged by them.

Law: Act on Client Fees in Early Childhood Education (1503/2016), 5 § (income limits, rate, highest fee),
8 § (siblings).  All amounts are cents a month unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from evaka.kit.dates import DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.kit.money import Cents, euros, whole_euros
from evaka.rules.fee.step import Step, percent, rounded, whole_cents

SIZES = (2, 3, 4, 5, 6)


class Rounding(StrEnum):
    """Where whole euros are made: after each step, or only of the fee itself, out of figures never rounded before."""

    EACH_STEP = "each_step"
    FEE_ONLY = "fee_only"


@dataclass(frozen=True, slots=True)
class TemporaryPrices:
    """What a day of temporary care costs, cents a day."""

    full_day: Cents
    part_day: Cents
    sibling_full_day: Cents
    sibling_part_day: Cents


@dataclass(frozen=True, slots=True)
class OptionPrice:
    """A fixed price of a service need: it takes the place of the fee by income and of the sibling share."""

    base_fee: Cents
    second_child_fee: Cents
    second_child_discount: Decimal
    later_child_fee: Cents
    later_child_discount: Decimal

    def of(self, sibling: int) -> tuple[Cents, Decimal]:
        """The price and the discount it contains, for the `sibling`-th child from the youngest, 1."""
        if sibling == 1:
            return self.base_fee, Decimal(0)
        if sibling == 2:
            return self.second_child_fee, self.second_child_discount
        return self.later_child_fee, self.later_child_discount


@dataclass(frozen=True, slots=True)
class FeeTable:
    """One change of the law.  Limits are by family size, 2 to 6; above, each adds `further_member`.

    `fixed_prices` are by service need: what such care costs whatever the family earns.
    """

    valid: DateRange
    law: str
    lower_limit: Mapping[int, Cents]
    upper_limit: Mapping[int, Cents]
    further_member: Cents
    rate: Decimal
    smallest_fee: Cents
    highest_fee: Cents
    sibling_share: tuple[Decimal, ...]
    temporary: TemporaryPrices
    rounding: Rounding = Rounding.EACH_STEP
    fixed_prices: Mapping[str, OptionPrice] = field(default_factory=dict)
    invented: bool = False

    def __post_init__(self) -> None:
        for name in ("lower_limit", "upper_limit"):
            if missing := [size for size in SIZES if size not in getattr(self, name)]:
                raise ValueError(
                    f"{name} has no row for a family of {missing[0]}",
                    "Give one for every size from 2 to 6, in cents: 2756_00 is 2 756 euros.",
                )
        if not self.sibling_share:
            raise ValueError(
                "sibling_share is empty", 'Give the share of each child from the youngest: ["1", "0.4"].'
            )
        for size in SIZES:
            reckoned = reckoned_highest(self.rate, self.lower_limit[size], self.upper_limit[size])
            if reckoned != self.highest_fee:
                raise ValueError(
                    f"highest_fee is {euros(self.highest_fee)}, but the limits of a family of {size} "
                    f"lead to {euros(reckoned)}",
                    "Check the two limits, the rate and the highest fee against the ministry's notice.",
                )

    def limits(self, family_size: int) -> tuple[Cents, Cents]:
        """Below the first income is free of charge, above the second nothing more is charged."""
        if family_size < 2:
            raise ValueError(f"a family has at least a child and an adult, not {family_size}")
        size = min(family_size, SIZES[-1])
        more = (family_size - size) * self.further_member
        return self.lower_limit[size] + more, self.upper_limit[size] + more

    def share(self, sibling: int) -> Decimal:
        """The share of the fee that a child pays; `sibling` is 1 for the youngest (8 §)."""
        return self.sibling_share[min(sibling, len(self.sibling_share)) - 1]


def reckoned_highest(rate: Decimal, lower: Cents, upper: Cents) -> Cents:
    """The highest fee that a pair of limits leads to, in whole euros."""
    return whole_euros(rate * (upper - lower))


def table_on(tables: Timeline[FeeTable], day: date) -> FeeTable:
    """The fee table in force; Refused("fee.no_table") when nobody has given one for the day."""
    found = tables.at(day)
    if not found:
        raise Refused("fee.no_table", day=day)
    if len(found) > 1:
        raise Refused("fee.two_tables", day=day)
    return found[0]


def base_fee(table: FeeTable, family_size: int, income: Cents | None) -> Cents:
    """What a full-time only child costs, in whole euros (5 §).

    `income` is the family's gross income a month.  None means that the family has not shown it, or accepts
    the highest fee.
    """
    return base_step(table, family_size, income).result


def base_step(table: FeeTable, family_size: int, income: Cents | None) -> Step:
    """The base fee and how it came to be."""
    lower, upper = table.limits(family_size)
    counted = upper if income is None else min(income, upper)
    exact = exact_base(table, family_size, income)
    result = whole_euros(exact) if table.rounding is Rounding.EACH_STEP else whole_cents(exact)
    facts = {"family_size": family_size, "lower": euros(lower), "upper": euros(upper)}
    if income is None:
        key = "fee.step.base_highest"
    elif income <= lower:
        return Step("fee.step.base_free", 0, f"{euros(income)} ≤ {euros(lower)}", table.law, facts)
    else:
        key = "fee.step.base_upper" if income >= upper else "fee.step.base"
    written = f"({euros(counted)} − {euros(lower)}) × {percent(table.rate)} = {rounded(exact, result)}"
    return Step(key, result, written, table.law, facts)


def exact_base(table: FeeTable, family_size: int, income: Cents | None) -> Decimal:
    """The base fee before any rounding, cents."""
    lower, upper = table.limits(family_size)
    counted = upper if income is None else max(lower, min(income, upper))
    return table.rate * (counted - lower)


def temporary_price(table: FeeTable, *, part_day: bool, sibling: int) -> Cents:
    """What a day of temporary care costs; `sibling` is 1 for the youngest."""
    prices = table.temporary
    if sibling == 1:
        return prices.part_day if part_day else prices.full_day
    return prices.sibling_part_day if part_day else prices.sibling_full_day
