"""What if: the fees of a family as somebody imagines it, by the same steps as a decision's.

Law: Act 1503/2016, 5 § (fee by income), 8 § (siblings).  Cents a month.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from evaka.kit.errors import Refused
from evaka.rules.fee.price import Alteration, ChildFee, child_fee
from evaka.rules.fee.table import FeeTable
from evaka.rules.income import Income


@dataclass(frozen=True, slots=True)
class Imagined:
    """A child in care; `coefficient` is the share of full time in its service need."""

    name: str
    born: date
    option: str
    coefficient: Decimal
    voucher: bool = False
    income: Income | None = None
    alterations: tuple[Alteration, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a child would cost, the `sibling`-th from the youngest in care."""

    child: Imagined
    sibling: int
    fee: ChildFee


def estimate(
    table: FeeTable, family_size: int, incomes: Sequence[Income | None], children: Iterable[Imagined]
) -> tuple[Estimate, ...]:
    """The fee of each child in care, from the youngest.

    `incomes` are the adults', None for who has not shown it.  Refused when the family is smaller than an adult
    and these children.
    """
    cared = sorted(children, key=lambda child: child.born, reverse=True)
    least = max(2, len(cared) + 1)
    if family_size < least:
        raise Refused("estimate.small_family", size=family_size, least=least)
    return tuple(
        Estimate(
            child,
            sibling,
            child_fee(
                table,
                family_size,
                incomes,
                child_income=child.income,
                sibling=sibling,
                coefficient=child.coefficient,
                alterations=child.alterations,
            ),
        )
        for sibling, child in enumerate(cared, start=1)
    )
