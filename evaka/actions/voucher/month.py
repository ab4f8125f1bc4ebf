"""A month's report to private units: reckoned while it is open, then frozen, with corrections of earlier months."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, or_, select

from evaka.access import Actor
from evaka.actions import action, record
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.fee import steps_kept, steps_of
from evaka.models.journal import add_lines
from evaka.models.voucher import Payment, VoucherDecision, VoucherMonth, VoucherRow
from evaka.rules.fee import FeeStatus
from evaka.rules.voucher import (
    FrozenMonth,
    MonthStatus,
    PaymentStatus,
    ReportRow,
    SentVoucher,
    payments,
    report,
)
from evaka.rules.voucher import Payment as Due

NAMES = (
    "id",
    "child_id",
    "unit_id",
    "start",
    "end",
    "value",
    "final_co_payment",
    "decided_at",
    "changed_at",
    "status",
    "facts",
)


def month_of(period: DateRange, by: Actor) -> VoucherMonth:
    """The report of a month, opened when nobody has done so yet."""
    found = db.session.scalar(select(VoucherMonth).where(VoucherMonth.start == period.start))
    if found is None:
        found = VoucherMonth(start=period.start, end=period.end, status=MonthStatus.OPEN)
        db.session.add(found)
        record("voucher_report.open", found, by, {"month": str(period)})
    return found


@action("voucher_report.freeze")
def freeze(month: VoucherMonth, by: Actor) -> None:
    """The month's rows stay as they are from now on, and what the units are to be paid is drafted.

    What is decided later about these days comes into the next month as corrections.
    """
    others = set(
        db.session.scalars(
            select(VoucherMonth.end).where(VoucherMonth.status == MonthStatus.FROZEN, VoucherMonth.id != month.id)
        )
    )
    if others and max(others) > month.period.last_day:
        raise Refused("voucher_report.later_is_frozen", month=str(month))
    if others and month.start - DAY not in others:
        raise Refused("voucher_report.earlier_is_open", month=str(month))
    rows = _reckoned(month.period)
    month.frozen_at = by.now
    month.total = sum(row.amount for row in rows)
    db.session.flush()
    if rows:
        db.session.execute(insert(VoucherRow), [columns_of(row) | {"month_id": month.id} for row in rows])
    draft_payments(by)


def reckoned(month: VoucherMonth, *, units: Collection[int] | None = None) -> list[ReportRow]:
    """The rows of a month: as they were frozen, or as they would be today.  `units` leaves out all others."""
    rows = _frozen_rows(month) if month.status is MonthStatus.FROZEN else _reckoned(month.period)
    return rows if units is None else [row for row in rows if row.decision.unit in units]


def _reckoned(month: DateRange) -> list[ReportRow]:
    """What the rules make of the decisions that were ever in force.

    Only those are read that meet the month, and all of the children of whom something was decided since a month
    was frozen last: nobody else's rows can be corrected.
    """
    months = db.session.scalars(
        select(VoucherMonth).where(VoucherMonth.status == MonthStatus.FROZEN, VoucherMonth.start < month.start)
    ).all()
    last = max((_moment(one) for one in months), default=None)
    ever = VoucherDecision.decided_at.is_not(None)
    changed: ColumnElement[bool] = ever
    if last is not None:
        changed = ever & or_(VoucherDecision.decided_at >= last, VoucherDecision.changed_at >= last)
    reopened = select(VoucherDecision.child_id).where(changed)
    decisions = _decisions(ever & (VoucherDecision.meets(month) | VoucherDecision.child_id.in_(reopened)))
    rows = _rows(VoucherRow.child_id.in_(reopened), decisions) if months else {}
    frozen = [FrozenMonth(one.period, _moment(one), tuple(rows.get(one.id, ()))) for one in months]
    return report(month, decisions.values(), frozen)


def _moment(month: VoucherMonth) -> datetime:
    assert month.frozen_at is not None
    return month.frozen_at


def _decisions(which: ColumnElement[bool]) -> dict[int, SentVoucher]:
    """Decisions as the report reads them."""
    found = {}
    columns = (getattr(VoucherDecision, name) for name in NAMES)
    for id, child, unit, start, end, value, final, decided_at, changed_at, status, facts in db.session.execute(
        select(*columns).where(which).order_by(VoucherDecision.id)
    ):
        worth = facts["value"]
        found[id] = SentVoucher(
            id,
            child,
            unit,
            DateRange(start, end),
            value,
            final,
            decided_at,
            changed_at,
            annulled=status is FeeStatus.ANNULLED,
            base=worth["base"],
            coefficient=Decimal(worth["coefficient"]),
            support=Decimal(worth["support"]),
        )
    return found


def _rows(which: ColumnElement[bool], decisions: dict[int, SentVoucher]) -> dict[int, list[ReportRow]]:
    """Frozen rows by month, in the order in which they were frozen."""
    found: dict[int, list[ReportRow]] = defaultdict(list)
    for month, decision, kind, start, end, amount, steps in db.session.execute(
        select(
            VoucherRow.month_id,
            VoucherRow.decision_id,
            VoucherRow.kind,
            VoucherRow.start,
            VoucherRow.end,
            VoucherRow.amount,
            VoucherRow.steps,
        )
        .where(which)
        .order_by(VoucherRow.id)
    ):
        row = ReportRow(decisions[decision], kind, DateRange(start, end), amount, steps_of(steps))
        found[month].append(row)
    return found


def _frozen_rows(month: VoucherMonth) -> list[ReportRow]:
    of_month = VoucherRow.month_id == month.id
    decisions = _decisions(VoucherDecision.id.in_(select(VoucherRow.decision_id).where(of_month)))
    return _rows(of_month, decisions)[month.id]


def columns_of(row: ReportRow) -> dict[str, Any]:
    """A row of a month as it is stored."""
    return {
        "unit_id": row.decision.unit,
        "child_id": row.decision.child,
        "decision_id": row.decision.id,
        "kind": row.kind,
        "start": row.period.start,
        "end": row.period.end,
        "amount": row.amount,
        "before_support": row.before_support,
        "steps": steps_kept(row.steps),
    }


# -- what the units are to be paid --------------------------------------------------------------------


def draft_payments(by: Actor) -> None:
    """Drafts of what the units are paid for the last frozen month; twice is once.

    A payment that was confirmed or sent stays as it is.
    """
    last = db.session.scalar(
        select(VoucherMonth)
        .where(VoucherMonth.status == MonthStatus.FROZEN)
        .order_by(VoucherMonth.start.desc())
        .limit(1)
    )
    frozen = [FrozenMonth(last.period, _moment(last), tuple(_frozen_rows(last)))] if last else []
    stored = {
        unit: (id, Due(unit, DateRange(start, end), amount, status))
        for id, unit, start, end, amount, status in db.session.execute(
            select(Payment.id, Payment.unit_id, Payment.start, Payment.end, Payment.amount, Payment.status)
            .where(Payment.start == last.start)
        )
    } if last else {}
    wanted = {int(one.unit): one for one in payments(frozen, [one for _, one in stored.values()])}
    kept = {unit for unit, one in wanted.items() if unit in stored and stored[unit][1].amount == one.amount}
    drafted = {unit: id for unit, (id, one) in stored.items() if one.status is PaymentStatus.DRAFT}
    gone = {id: unit for unit, id in drafted.items() if unit not in kept}
    made = [one for unit, one in sorted(wanted.items()) if unit not in kept]
    _write(made, gone, by)


def _write(made: list[Due], gone: dict[int, int], by: Actor) -> None:
    """Payments and their lines in the journal, each kind in one statement."""
    lines = []
    if gone:
        db.session.execute(delete(Payment).where(Payment.id.in_(gone)))
        lines += [_line("payment.drop", id, {}, by) for id in gone]
    if made:
        db.session.execute(
            insert(Payment),
            [
                {
                    "unit_id": one.unit,
                    "start": one.month.start,
                    "end": one.month.end,
                    "amount": one.amount,
                    "status": PaymentStatus.DRAFT,
                }
                for one in made
            ],
        )
        ids = {
            unit: id
            for id, unit in db.session.execute(
                select(Payment.id, Payment.unit_id).where(Payment.start == made[0].month.start)
            )
        }
        lines += [
            _line("payment.draft", ids[int(one.unit)], {"month": str(one.month), "amount": one.amount}, by)
            for one in made
        ]
    if lines:
        add_lines(lines)


def _line(key: str, id: int, facts: dict[str, Any], by: Actor) -> dict[str, Any]:
    return {
        "at": by.now,
        "user_id": by.user and by.user.id,
        "action": key,
        "subject": "payment",
        "subject_id": id,
        "person_id": None,
        "facts": facts,
    }
