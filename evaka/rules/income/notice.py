"""When to remind whom of income that ends, and when to ask a new family for it.

Whoever has shown no income pays the highest fee: act 1503/2016, 5 § and 11 §.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange, add_months
from evaka.rules.income import IncomePolicy


class Notice(StrEnum):
    INITIAL = "initial"
    REMINDER = "reminder"
    EXPIRED = "expired"
    NEW_FAMILY = "new_family"


@dataclass(frozen=True, slots=True)
class Statement:
    """An income statement that a person has sent within the last year."""

    period: DateRange
    handled: bool = False


@dataclass(frozen=True, slots=True)
class Renewal:
    """What is known of one adult when asking whether to remind.

    `charged` are the days on which a child of the household has care with a fee or co-payment.  `notices`
    are those that may not be sent again yet: see `recent`.
    """

    incomes: tuple[DateRange, ...]
    charged: tuple[DateRange, ...]
    statements: tuple[Statement, ...] = ()
    notices: frozenset[Notice] = frozenset()


def recent(sent: Iterable[tuple[Notice, date]], policy: IncomePolicy, today: date) -> frozenset[Notice]:
    """The notices that may not be sent today: those of the last month, and a second reminder right after the first."""
    found = set()
    for notice, day in sent:
        if day > add_months(today, -1):
            found.add(notice)
        if notice is Notice.INITIAL and today < day + timedelta(days=policy.reminders_apart_days):
            found.add(Notice.REMINDER)
    return frozenset(found)


def due_notice(renewal: Renewal, policy: IncomePolicy, today: date) -> Notice | None:
    """Which reminder is due today, if any: the first of the three that has not been sent within a month.

    Looks at the person's latest income only.  The child must have paid care on the day after it ends.
    """
    if not renewal.incomes:
        return None
    end = max(period.last_day for period in renewal.incomes)
    windows = {
        Notice.INITIAL: DateRange(today, today + timedelta(days=policy.first_reminder_days)),
        Notice.REMINDER: DateRange(today, today + timedelta(days=policy.second_reminder_days)),
        Notice.EXPIRED: DateRange(today - timedelta(days=policy.late_days), today - DAY),
    }
    for notice, window in windows.items():
        if end not in window or notice in renewal.notices:
            continue
        if not any(end + DAY in period for period in renewal.charged):
            return None
        told = (statement for statement in renewal.statements if not statement.handled)
        if any(statement.period.last_day > window.last_day for statement in told):
            continue
        return notice
    return None


def asks_new_family(renewal: Renewal, policy: IncomePolicy, today: date) -> bool:
    """Whether to ask an adult whose family's paid care has begun lately, or begins soon, and who has told nothing."""
    begins = care_begins(renewal.charged, today)
    if begins is None or abs((begins - today).days) > policy.new_family_days or Notice.NEW_FAMILY in renewal.notices:
        return False
    if any(period.last_day >= begins for period in renewal.incomes):
        return False
    return all(statement.handled for statement in renewal.statements)


def asked_of(renewal: Renewal, policy: IncomePolicy, today: date) -> Notice | None:
    """What the person's own page asks: a new statement because the income ends, or the first one; None for nothing.

    Unlike a notice it stays there until something is told.
    """
    begins = care_begins(renewal.charged, today)
    if begins is None or not all(statement.handled for statement in renewal.statements):
        return None
    ends = max((period.last_day for period in renewal.incomes), default=None)
    if ends is None or ends < max(begins, today):
        return Notice.NEW_FAMILY
    near = ends <= today + timedelta(days=policy.first_reminder_days)
    goes_on = any(ends + DAY in period for period in renewal.charged)
    return Notice.REMINDER if near and goes_on else None


def care_begins(charged: Iterable[DateRange], today: date) -> date | None:
    """The first day of the care that runs today, or of that which comes next; None when there is none."""
    begins = None
    for period in sorted((one for one in charged), key=lambda one: one.start, reverse=True):
        if begins is not None and period.last_day >= begins - DAY:
            begins = period.start  # it goes on from a care before
        elif period.last_day >= today:
            begins = period.start
    return begins
