"""The month's report to private units: what the city pays for each child, and what it corrects afterwards.

A month is frozen once and never changes.  What is decided later about its days comes into the first month
that is not frozen yet: the old rows are taken back (refunds), the new ones paid (corrections).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.kit.money import Cents, euros
from evaka.kit.workflow import Workflow
from evaka.rules.calendar import is_business_day
from evaka.rules.fee import Step
from evaka.rules.fee.step import whole_cents
from evaka.rules.income import Id


class MonthStatus(StrEnum):
    OPEN = "open"
    FROZEN = "frozen"


MONTH = Workflow(freeze=({MonthStatus.OPEN}, MonthStatus.FROZEN))


class RowKind(StrEnum):
    ORIGINAL = "original"
    REFUND = "refund"
    CORRECTION = "correction"


ORDER = (RowKind.REFUND, RowKind.CORRECTION, RowKind.ORIGINAL)


@dataclass(frozen=True, slots=True)
class SentVoucher:
    """A voucher decision in force, or one that was annulled; `changed_at`: when that, or its end, was set."""

    id: Id
    child: Id
    unit: Id
    period: DateRange
    value: Cents
    final_co_payment: Cents
    sent_at: datetime
    changed_at: datetime | None = None
    annulled: bool = False
    base: Cents = 0
    coefficient: Decimal = Decimal(1)
    support: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What is paid to the unit, or taken back, for a part of a month; `steps` tell how it was reckoned."""

    decision: SentVoucher
    kind: RowKind
    period: DateRange
    amount: Cents
    steps: tuple[Step, ...] = field(compare=False, default=())

    @property
    def before_support(self) -> Cents:
        """What would be paid if the child needed no support."""
        given = self.decision
        if given.support == 1:
            return self.amount
        return whole_cents(given.coefficient * given.base * self.amount / given.value)


@dataclass(frozen=True)
class FrozenMonth:
    """A month's report as it was when it was closed."""

    month: DateRange
    at: datetime
    rows: tuple[ReportRow, ...]


def report(
    month: DateRange, decisions: Iterable[SentVoucher], frozen: Iterable[FrozenMonth]
) -> list[ReportRow]:
    """The rows of a month for all units: refunds, corrections, then the month's own.

    `decisions` are all that were ever sent, annulled ones too.  Earlier months are corrected only in the
    month that follows the last frozen one, or when none was ever frozen.
    """
    frozen = list(frozen)
    for one in frozen:
        if one.month == month:
            return list(one.rows)
    decisions = list(decisions)
    rows = [row for one in decisions for row in _paid(one, month, RowKind.ORIGINAL)]
    if not frozen or any(one.month.last_day == month.start - DAY for one in frozen):
        closed = [one for one in frozen if one.month.start < month.start]
        rows += without_pairs(_corrections(month, decisions, closed))
    return sorted(rows, key=lambda row: (ORDER.index(row.kind), row.period.start))


def freeze(
    month: DateRange, at: datetime, decisions: Iterable[SentVoucher], frozen: Iterable[FrozenMonth]
) -> FrozenMonth:
    """Close a month; Refused("voucher.already_frozen") when that was done before."""
    frozen = list(frozen)
    if any(one.month == month for one in frozen):
        raise Refused("voucher.already_frozen", month=month)
    return FrozenMonth(month, at, tuple(report(month, decisions, frozen)))


def without_pairs(rows: Iterable[ReportRow]) -> list[ReportRow]:
    """Leave out pairs that undo each other: the same child, unit and days, opposite amounts."""
    left: dict[tuple[Id, Id, DateRange], list[ReportRow]] = {}
    for row in sorted(rows, key=lambda row: ORDER.index(row.kind)):
        alike = left.setdefault((row.decision.child, row.decision.unit, row.period), [])
        opposite = next((one for one in alike if _undo(one, row)), None)
        if opposite is None:
            alike.append(row)
        else:
            alike.remove(opposite)
    return [row for alike in left.values() for row in alike]


def _undo(one: ReportRow, other: ReportRow) -> bool:
    return RowKind.ORIGINAL not in (one.kind, other.kind) and one.amount == -other.amount


def _paid(decision: SentVoucher, month: DateRange, kind: RowKind) -> Iterator[ReportRow]:
    """What a decision pays in a month: all of it for the whole month, otherwise by business days."""
    period = decision.period & month
    if decision.annulled or period is None:
        return
    whole = decision.value - decision.final_co_payment
    parts = f"{euros(decision.value)} − {euros(decision.final_co_payment)}"
    if period == month:
        step = Step("voucher.step.full_month", whole, f"{parts} = {euros(whole)}")
        yield ReportRow(decision, kind, period, whole, (step,))
        return
    days, of = _business_days(period), _business_days(month)
    amount = whole_cents(Decimal(whole * days) / of)
    written = f"({parts}) × {days} / {of} {'=' if amount * of == whole * days else '≈'} {euros(amount)}"
    step = Step("voucher.step.part_month", amount, written, "", {"days": days, "of": of})
    yield ReportRow(decision, kind, period, amount, (step,))


def _business_days(period: DateRange) -> int:
    return sum(1 for day in period.days() if is_business_day(day))


def _corrections(
    month: DateRange, decisions: list[SentVoucher], frozen: list[FrozenMonth]
) -> Iterator[ReportRow]:
    """What was decided since the last freezing about the months before: taken back and paid anew."""
    last = max((one.at for one in frozen), default=None)
    of_child: dict[Id, list[SentVoucher]] = {}
    for one in decisions:
        of_child.setdefault(one.child, []).append(one)
    rows: dict[tuple[Id, date], list[ReportRow]] = {}
    for closed in frozen:
        for row in closed.rows:
            rows.setdefault((row.decision.child, row.period.start.replace(day=1)), []).append(row)
    # What happened in the moment of freezing counts as new: if the rows have it already, the pairs vanish.
    for child, first in _reopened(month, decisions, rows, lambda at: last is None or at >= last):
        for row in rows.get((child, first), ()):
            step = Step("voucher.step.refund", -row.amount, euros(-row.amount))
            yield ReportRow(row.decision, RowKind.REFUND, row.period, -row.amount, (step,))
        for decision in of_child[child]:
            yield from _paid(decision, DateRange.month(first.year, first.month), RowKind.CORRECTION)


def _reopened(
    month: DateRange,
    decisions: list[SentVoucher],
    rows: dict[tuple[Id, date], list[ReportRow]],
    new: Callable[[datetime], bool],
) -> list[tuple[Id, date]]:
    """Children and the months before this one, by their first days, about which something new was decided."""
    changed = {one.id for one in decisions if one.changed_at is not None and new(one.changed_at)}
    found = {key: None for key, of in rows.items() if any(row.decision.id in changed for row in of)}
    for one in decisions:
        if new(one.sent_at):
            first = one.period.start.replace(day=1)
            while first < month.start and first <= one.period.last_day:
                found[one.child, first] = None
                first = DateRange.month(first.year, first.month).last_day + DAY
    return sorted(found, key=lambda key: key[1])
