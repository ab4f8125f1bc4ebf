"""A child's voucher over time: who pays the co-payment, how much it is, and what the city pays the unit.

The co-payment is reckoned as the fee (Act 1503/2016), with two differences: the child's own income counts
whatever is said of it, and neither fixed prices of service needs nor increases for agency staff concern it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from evaka.kit.dates import DateRange, Timeline, pieces
from evaka.kit.errors import Refused
from evaka.kit.money import Cents, euros
from evaka.rules.fee import (
    Care,
    ChildFee,
    Facts,
    Fees,
    FeeTable,
    Household,
    Line,
    Step,
    child_fee,
    household,
    pays_for,
)
from evaka.rules.fee import table_on as fee_table_on
from evaka.rules.income import Id
from evaka.rules.placement import IGNORED_IN_FEES
from evaka.rules.voucher.value import VoucherTable, VoucherValue, age_group, ages, table_on, voucher_value


@dataclass(frozen=True)
class VoucherFacts:
    """All that the vouchers of one or a few families depend on.

    `family` are the facts of their fees.  `care` are the places paid with a voucher, by child; their needs
    carry the words of the voucher.  `coefficients` are shares of the base value by service need, `support`
    the coefficients of children who need support.
    """

    family: Facts
    care: Mapping[Id, Timeline[Care]]
    tables: Timeline[VoucherTable]
    coefficients: Mapping[str, Decimal]
    support: Mapping[Id, Timeline[Decimal]] = field(default_factory=dict)

    def periods(self, child: Id) -> Iterable[DateRange]:
        """Every span in which some fact of this child holds: between their ends nothing changes."""
        yield from self.family.periods()
        yield from self.tables.periods()
        yield from ages(self.family.children[child].born)
        for timelines in (self.care, self.support):
            if child in timelines:
                yield from timelines[child].periods()


@dataclass(frozen=True, slots=True)
class Voucher:
    """What a voucher is worth to a child at a time, and why: the content of a decision.

    `family` is the household with this child's line, of which the fee is the co-payment.  Without `value`
    there is no voucher, and no line.
    """

    child: Id
    family: Fees
    value: VoucherValue | None = None

    @property
    def empty(self) -> bool:
        return self.value is None

    @property
    def line(self) -> Line | None:
        return next(iter(self.family.lines), None)

    @property
    def worth(self) -> Cents:
        """The value of the voucher a month, whole euros."""
        return self.value.value if self.value else 0

    @property
    def co_payment(self) -> Cents:
        """What the family pays the unit before discounts, reliefs and increases."""
        return self.line.price.fee if self.line else 0

    @property
    def final_co_payment(self) -> Cents:
        return self.family.total

    @property
    def to_unit(self) -> Cents:
        """What the city pays the unit for a full month."""
        return self.worth - self.final_co_payment

    @property
    def steps(self) -> tuple[Step, ...]:
        """How the value, the co-payment and the city's part came to be."""
        if self.value is None or self.line is None:
            return ()
        written = f"{euros(self.worth)} − {euros(self.final_co_payment)} = {euros(self.to_unit)}"
        last = Step("voucher.step.to_unit", self.to_unit, written)
        return (*self.value.steps, *self.line.price.steps, last)


def voucher_on(facts: VoucherFacts, child: Id, day: date) -> Voucher | None:
    """The child's voucher on a day; None when the child is in nobody's household, so that nobody pays.

    Refused when a table, a coefficient or a fee table is missing, or when the co-payment is more than the
    voucher is worth.
    """
    family = _household_of(facts.family, child, day)
    if family is None:
        return None
    care = _place(facts, child, day)
    value = _value(facts, child, care, day) if care else None
    if care is None or value is None or value.value == 0:
        return Voucher(child, family.owing())
    table = fee_table_on(facts.family.tables, day)
    line = _line(facts.family, table, family, child, care, day)
    if line.price.fee > value.value:
        raise Refused(
            "voucher.co_payment_above_value",
            day=day,
            value=euros(value.value),
            co_payment=euros(line.price.fee),
        )
    return Voucher(child, family.owing(table, (line,)), value)


def vouchers(
    facts: VoucherFacts, child: Id, cuts: Iterable[DateRange] = (), *, first_day: date = date.min
) -> Timeline[Voucher]:
    """The child's voucher over time, cut wherever a fact changes (and at `cuts`).

    Days after all known facts have ended are left out, as are pieces that end before `first_day`, and days
    on which the child is in nobody's household.
    """
    spans = []
    for piece in pieces([*facts.periods(child), *cuts]):
        if piece.end is not None and piece.end >= first_day:
            found = voucher_on(facts, child, piece.start)
            if found is not None:
                spans.append((piece, found))
    return Timeline(spans)


def _household_of(facts: Facts, child: Id, day: date) -> Household | None:
    """The household of the child, as it is addressed: of two partners one answers for both."""
    if not facts.children[child].minor_on(day):
        return None
    head = next((adult for adult, of in facts.heads.at(day) if of == child), None)
    if head is None:
        return None
    partner = facts.partner(head, day)
    addressed = head if partner is None or pays_for(facts, head, partner, day) else partner
    return household(facts, addressed, day)


def _place(facts: VoucherFacts, child: Id, day: date) -> Care | None:
    found = facts.care[child].at(day) if child in facts.care else []
    return next((care for care in found if care.care_type not in IGNORED_IN_FEES), None)


def _value(facts: VoucherFacts, child: Id, care: Care, day: date) -> VoucherValue:
    table, option = table_on(facts.tables, day), care.need.option
    coefficient = table.coefficient_of(option, facts.coefficients.get(option))
    if coefficient is None:
        raise Refused("voucher.no_coefficient", need=option, day=day)
    support = facts.support[child].at(day) if child in facts.support else []
    group = age_group(facts.family.children[child].born, day)
    return voucher_value(
        table.base_of(option, group),
        coefficient,
        support[0] if support else Decimal(1),
        group=group,
        law=table.law,
    )


def _line(facts: Facts, table: FeeTable, family: Household, child: Id, care: Care, day: date) -> Line:
    own_income = facts.income(child, day)
    alterations = facts.altered(child, day)
    cared = [one.id for one in family.children if facts.cared_for(one.id, day)]
    price = child_fee(
        table,
        family.size,
        family.incomes if own_income is None else (*family.incomes, own_income),
        sibling=cared.index(child) + 1 if child in cared else 1,
        coefficient=care.need.coefficient,
        alterations=alterations,
    )
    effects = tuple(zip(alterations, price.effects, strict=True))
    return Line(child, care, own_income, effects, _as_co_payment(price))


def _as_co_payment(price: ChildFee) -> ChildFee:
    """The same reckoning, which ends in a co-payment."""
    *before, last = price.steps
    return replace(price, steps=(*before, replace(last, key="voucher.step.co_payment")))
