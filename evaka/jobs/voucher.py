"""The months of private units: opened as they begin, frozen on the city's day, and their payments drafted.

Vouchers themselves are drafted every night together with the fees (fee.refresh_night).
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select, exists, func, literal, select, union_all

from evaka.access import Actor
from evaka.actions import voucher
from evaka.jobs.job import Job
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.models.voucher import VoucherDecision, VoucherMonth
from evaka.rules.voucher import MonthStatus


def not_opened(by: Actor) -> Select[tuple[int]]:
    """The months without a report, as 202611: those that follow the last one, up to the running month.

    The first of all is the running month, once a voucher is in force in it.
    """
    month = DateRange.month(by.today.year, by.today.month)
    last = db.session.scalar(select(func.max(VoucherMonth.end)))
    if last is None:
        paid = exists().where(VoucherDecision.decided_at.is_not(None), VoucherDecision.meets(month))
        return select(literal(_number(month.start))).where(paid)
    wanted = [select(literal(_number(month.start)).label("month")).where(month.start > last)]
    first = last + DAY
    while first < month.start:  # the server was down for a month
        wanted.append(select(literal(_number(first))))
        first = DateRange.month(first.year, first.month).last_day + DAY
    months = union_all(*wanted).subquery()
    return select(months.c.month).order_by(months.c.month)


def _number(day: date) -> int:
    return day.year * 100 + day.month


def open_month(number: int, by: Actor) -> None:
    voucher.month_of(DateRange.month(*divmod(number, 100)), by)


def open_months(by: Actor) -> Select[tuple[int]]:
    """Months that are to be frozen: the running one, and any that was left open before it, the oldest first."""
    return (
        select(VoucherMonth.id)
        .where(VoucherMonth.status == MonthStatus.OPEN, VoucherMonth.start <= by.today)
        .order_by(VoucherMonth.start)
    )


def freeze_month(id: int, by: Actor) -> None:
    voucher.freeze(db.session.get_one(VoucherMonth, id), by)


OPEN_MONTH = Job("voucher.open_month", not_opened, open_month)
FREEZE_MONTH = Job("voucher.freeze_month", open_months, freeze_month)
