"""What one child costs a month: from the family's base fee to the decided fee, every step written out.

Law: Act 1503/2016, 5 § (fee by income), 8 § (siblings).  Cents a month.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from evaka.kit.money import Cents, euros, whole_euros
from evaka.rules.fee.step import Step, exactly, number, percent, rounded, whole_cents
from evaka.rules.fee.table import FeeTable, OptionPrice, Rounding, base_step, exact_base
from evaka.rules.income import Effect, Income, family_total


class AlterationKind(StrEnum):
    DISCOUNT = "discount"
    RELIEF = "relief"
    INCREASE = "increase"


@dataclass(frozen=True, slots=True)
class Alteration:
    """A change of one child's fee: `amount` is whole euros when `absolute`, otherwise percent."""

    kind: AlterationKind
    amount: Decimal
    absolute: bool = False

    def __post_init__(self) -> None:
        if self.amount <= 0:
            raise ValueError(f"an alteration is more than nothing, not {self.amount}")

    def effect(self, fee: Cents) -> Cents:
        """What it adds to a fee (a reduction is negative); a fee is never reduced below nothing."""
        size = whole_cents(self.amount * 100 if self.absolute else fee * self.amount / 100)
        return size if self.kind is AlterationKind.INCREASE else -min(size, fee)


@dataclass(frozen=True, slots=True)
class ChildFee:
    """One child's fee with all that led to it; `steps` explain and are no part of what is decided."""

    base: Cents
    sibling_percent: int
    fee: Cents
    effects: tuple[Cents, ...]
    final: Cents
    steps: tuple[Step, ...] = field(compare=False, default=())


def child_fee(
    table: FeeTable,
    family_size: int,
    incomes: Sequence[Income | None],
    *,
    child_income: Income | None = None,
    sibling: int = 1,
    coefficient: Decimal = Decimal(1),
    alterations: Iterable[Alteration] = (),
    option_price: OptionPrice | None = None,
) -> ChildFee:
    """One child's fee a month.

    `incomes` has one entry for each adult of the family, None for who has not shown it; the child's own
    income counts for this child only.  `sibling` is 1 for the youngest.  `coefficient` is the share of full
    time in the agreed service need.  `alterations` take effect one after another, in the order given.
    """
    if child_income is not None and child_income.effect is Effect.INCOME:
        incomes = [*incomes, child_income]
    if option_price is None:
        total = family_total(incomes)
        base = base_step(table, family_size, total)
        told = _income_steps(incomes)
        exact = _carried(table, base, exact_base(table, family_size, total))
        shared = _sibling_step(table, exact, sibling)
        exact = _carried(table, shared, exact * table.share(sibling))
        percent_off = int((1 - table.share(sibling)) * 100)
    else:
        price, discount = option_price.of(sibling)
        told = []
        base = Step("fee.step.option_price", option_price.base_fee, euros(option_price.base_fee))
        shared = Step("fee.step.option_sibling", price, euros(price), "", {"sibling": sibling})
        exact, percent_off = Decimal(price), int(discount * 100)
    timed = _time_step(table, exact, coefficient)
    steps = [*told, base, shared, timed] if sibling > 1 else [*told, base, timed]
    fee = timed.result
    if 0 < fee < table.smallest_fee:
        written = f"{euros(fee)} < {euros(table.smallest_fee)} → {euros(0)}"
        steps.append(
            Step("fee.step.below_smallest", 0, written, table.law, {"smallest": euros(table.smallest_fee)})
        )
        fee = 0
    final, effects = fee, []
    for alteration in alterations:
        step = _alteration_step(alteration, final)
        steps.append(step)
        effects.append(step.result)
        final += step.result
    steps.append(Step("fee.step.final", final, _sum(fee, effects, final)))
    return ChildFee(base.result, percent_off, fee, tuple(effects), final, tuple(steps))


def _income_steps(incomes: Sequence[Income | None]) -> list[Step]:
    """How the family's income adds up, when several have shown theirs."""
    total = family_total(incomes)
    if total is None or len(incomes) == 1:
        return []
    first, *others = (income.total for income in incomes if income)
    return [Step("fee.step.income", total, _sum(first, others, total))]


def _carried(table: FeeTable, step: Step, exact: Decimal) -> Decimal:
    """What the next step reckons with: the rounded result of this one, or the exact figure."""
    return Decimal(step.result) if table.rounding is Rounding.EACH_STEP else exact


def _sibling_step(table: FeeTable, base: Decimal, sibling: int) -> Step:
    share = table.share(sibling)
    exact = base * share
    result = whole_euros(exact) if table.rounding is Rounding.EACH_STEP else whole_cents(exact)
    written = f"{exactly(base)} × {percent(share)} = {rounded(exact, result)}"
    return Step("fee.step.sibling", result, written, table.law, {"sibling": sibling})


def _time_step(table: FeeTable, fee: Decimal, coefficient: Decimal) -> Step:
    exact = fee * coefficient
    result = whole_euros(exact)
    written = f"{exactly(fee)} × {percent(coefficient)} = {rounded(exact, result)}"
    return Step("fee.step.time_share", result, written, table.law, {"share": percent(coefficient)})


def _alteration_step(alteration: Alteration, fee: Cents) -> Step:
    effect = alteration.effect(fee)
    size, sign = alteration.amount, -1 if alteration.kind is not AlterationKind.INCREASE else 1
    if alteration.absolute:
        wanted = sign * whole_cents(size * 100)
        written = euros(wanted) if wanted == effect else f"{euros(wanted)} → {euros(effect)}"
    else:
        exact = sign * fee * size / 100
        shown = euros(effect) if exact == effect else rounded(exact, effect)
        written = f"{euros(fee)} × {number(sign * size)}\u00a0% = {shown}"
    return Step(f"fee.step.{alteration.kind}", effect, written)


def _sum(fee: Cents, effects: Sequence[Cents], final: Cents) -> str:
    parts = "".join(f" {'+' if effect >= 0 else '−'} {euros(abs(effect))}" for effect in effects)
    return f"{euros(fee)}{parts} = {euros(final)}" if effects else euros(final)
