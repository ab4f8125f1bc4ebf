"""What a service voucher is worth a month: by the child's age, hours and need of support.

The city decides the values; law: Act on Service Vouchers in Social Welfare and Health Care (569/2009), 7 §,
until 31.12.2025, after that the Act on service vouchers in early childhood education (HE 54/2025).  Cents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange, Timeline, add_months
from evaka.kit.errors import Refused
from evaka.kit.money import Cents, euros, whole_euros
from evaka.rules.fee import Step
from evaka.rules.fee.step import number, percent, rounded


class AgeGroup(StrEnum):
    UNDER_ONE = "under_one"
    UNDER_THREE = "under_three"
    OVER_THREE = "over_three"


def value_from(born: date, years: int) -> date:
    """From which day a birthday counts in the value: the first of a month, on the birthday or after it."""
    birthday = add_months(born, years * 12)
    return birthday if birthday.day == 1 else add_months(birthday.replace(day=1), 1)


def age_group(born: date, day: date) -> AgeGroup:
    """By which age the child's value is reckoned on a day."""
    if day < value_from(born, 1):
        return AgeGroup.UNDER_ONE
    return AgeGroup.UNDER_THREE if day < value_from(born, 3) else AgeGroup.OVER_THREE


def ages(born: date) -> list[DateRange]:
    """The times in which the child is in one group of age, except the last."""
    first, second = value_from(born, 1), value_from(born, 3)
    return [DateRange(born, first - DAY), DateRange(first, second - DAY)]


@dataclass(frozen=True, slots=True)
class AgeValues:
    """Cents a month by age; under one year as under three, unless the city has decided otherwise."""

    over_three: Cents
    under_three: Cents
    under_one: Cents | None = None

    def of(self, group: AgeGroup) -> Cents:
        if group is AgeGroup.OVER_THREE:
            return self.over_three
        if group is AgeGroup.UNDER_ONE and self.under_one is not None:
            return self.under_one
        return self.under_three


@dataclass(frozen=True, slots=True)
class NeedValue:
    """What a table says otherwise for one service need: its own base values, its own share of them."""

    base: AgeValues | None = None
    coefficient: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VoucherTable:
    """The values of a time.  `base` is for full days; `needs` are exceptions by service need."""

    valid: DateRange
    law: str
    base: AgeValues
    needs: Mapping[str, NeedValue] = field(default_factory=dict)
    invented: bool = False

    def base_of(self, option: str, group: AgeGroup) -> Cents:
        return (self._exception(option).base or self.base).of(group)

    def coefficient_of(self, option: str, usual: Decimal | None) -> Decimal | None:
        """The share of the base value for a need; `usual` is what the need itself says."""
        own = self._exception(option).coefficient
        return usual if own is None else own

    def _exception(self, option: str) -> NeedValue:
        return self.needs.get(option, NeedValue())


@dataclass(frozen=True, slots=True)
class VoucherValue:
    """A value with all that led to it; `steps` explain and are no part of what is decided.

    `support` is the coefficient of the child's need of support, 1 without; `before_support` is in cents,
    `value` in whole euros.
    """

    base: Cents
    coefficient: Decimal
    support: Decimal
    before_support: Cents
    value: Cents
    steps: tuple[Step, ...] = field(compare=False, default=())


def table_on(tables: Timeline[VoucherTable], day: date) -> VoucherTable:
    """The table in force; Refused("voucher.no_table") when nobody has given one for the day."""
    found = tables.at(day)
    if not found:
        raise Refused("voucher.no_table", day=day)
    return found[-1]


def voucher_value(
    base: Cents,
    coefficient: Decimal,
    support: Decimal = Decimal(1),
    *,
    group: AgeGroup = AgeGroup.OVER_THREE,
    law: str = "",
) -> VoucherValue:
    """The value of a voucher a month.

    The base value by age, times the share of the service need, cut to a cent, times the coefficient of the
    need of support, in whole euros.
    """
    exact = base * coefficient
    before = int(exact.quantize(Decimal(1), ROUND_DOWN))
    supported = before * support
    value = whole_euros(supported)
    steps = [
        Step(f"voucher.step.base_{group}", base, euros(base), law),
        Step(
            "voucher.step.time_share",
            before,
            f"{euros(base)} × {percent(coefficient)} = {rounded(exact, before)}",
            law,
            {"share": percent(coefficient)},
        ),
    ]
    if support == 1:
        steps.append(Step("voucher.step.value", value, rounded(supported, value), law))
    else:
        written = f"{euros(before)} × {number(support)} = {rounded(supported, value)}"
        steps.append(Step("voucher.step.support", value, written, law, {"support": number(support)}))
    return VoucherValue(base, coefficient, support, before, value, tuple(steps))
