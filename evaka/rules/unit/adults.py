"""How many adults groups are planned to have over time: what a new amount does to earlier ones, least and most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from evaka.kit.dates import DateRange, pieces
from evaka.kit.errors import Refused

Id = TypeVar("Id")
Amounts = Sequence[tuple[DateRange, Decimal]]  # of one group: no two share a day


def ended_by(periods: Mapping[Id, DateRange], new: DateRange) -> Id | None:
    """Which of a group's amounts ends on the day before a new one begins; None when nothing stands in its way.

    Refuses a new one that begins on the day of another, or runs into one that begins later: whether that is to
    be corrected or put off is for a person to say.
    """
    for period in periods.values():
        if period.start == new.start:
            raise Refused("unit.adults_same_start", start=new.start)
    for period in periods.values():
        if period.start > new.start and period & new:
            raise Refused("unit.adults_run_into", start=new.start, next=period.start)
    return next((id for id, period in periods.items() if new.start in period), None)


def least_and_most(groups: Iterable[Amounts], period: DateRange) -> tuple[Decimal, Decimal]:
    """The smallest and the largest sum of adults on a day of a closed period; a group without an amount has none."""
    groups = list(groups)
    spans = [(common, amount) for rows in groups for of, amount in rows if (common := of & period)]
    sums = [
        sum((amount for of, amount in spans if piece.start in of), Decimal(0))
        for piece in pieces([period, *(of for of, _ in spans)])
    ]
    return min(sums), max(sums)
