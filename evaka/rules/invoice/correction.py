"""Corrections: sums that wait for the next invoice that can bear them.

An amount in the family's favour is taken off as far as an invoice reaches; what is left waits for the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from evaka.kit.dates import DateRange
from evaka.kit.money import Cents
from evaka.rules.income import Id


@dataclass(frozen=True, slots=True)
class Correction:
    """`amount` units of `unit_price` cents each; a negative price is in the family's favour."""

    id: Id
    head: Id
    child: Id
    unit: Id
    product: str
    period: DateRange
    amount: int
    unit_price: Cents

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError(f"a correction has at least one unit, not {self.amount}")

    @property
    def sum(self) -> Cents:
        return self.amount * self.unit_price


def applied(corrections: Iterable[Correction], total: Cents) -> list[Correction]:
    """What an invoice of `total` cents can bear: corrections that add first, the greatest first."""
    in_order = sorted(corrections, key=lambda one: (one.unit_price < 0, -abs(one.sum)))
    taken = []
    for one in in_order:
        part = one if one.unit_price >= 0 else _bearable(one, total)
        if part is not None:
            taken.append(part)
            total += part.sum
    return taken


def _bearable(correction: Correction, total: Cents) -> Correction | None:
    """The part of a reduction that leaves the total at nothing or more: whole units, or else cheaper ones."""
    units = total // -correction.unit_price
    if units >= 1:
        return replace(correction, amount=min(correction.amount, units))
    price = max(total, 0) // correction.amount
    return replace(correction, unit_price=-price) if price else None


def left_over(correction: Correction, part: Correction) -> list[tuple[int, Cents]]:
    """What still waits after a part was invoiced, as pairs of amount and unit price; not a cent is lost."""
    if part.unit_price == correction.unit_price:
        rest = correction.amount - part.amount
        return [(rest, correction.unit_price)] if rest else []
    waiting = abs(correction.sum - part.sum)
    price, odd = divmod(waiting, correction.amount)
    pairs = [(correction.amount, -price), (1, -odd)]
    return [(amount, price) for amount, price in pairs if price]
