"""Until when families may change the bookings of a week, and how far ahead they may book.

The lock is a moment of the wall clock, so many days before the Monday of the week; a change to or from summer time in
between does not move it.  All moments are Helsinki's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from evaka.kit.dates import DAY, DateRange
from evaka.rules.placement import CareType

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class BookingPolicy:
    """[rules] of bookings.toml.

    A week locks `lock_days` days before its Monday at `lock_time`.  One may book until the last day of
    `season_month`: of this year while the first open Monday is before the first of `season_turns`, of the next year
    from then on.  `warn_share` of the agreed hours booked or used is worth a warning.
    """

    lock_days: int
    lock_time: time
    season_month: int
    season_turns: int
    planned_for_hours: bool  # whether hours a month, not only days a month, may be away as planned
    calendar_opens_days: int  # before a place begins
    fill_weeks: int  # how many open weeks a repeating week fills
    remind_days: int  # before the lock
    holiday_remind_days: int  # before the last day to answer
    application_days: int  # of care that a child may be away without asking
    application_care: frozenset[CareType]
    staff_answer_days: int  # days of care of an application that the group's staff may answer
    warn_share: Decimal

    def __post_init__(self) -> None:
        if not 1 <= self.lock_days <= 28:
            raise ValueError(f"lock_days is {self.lock_days}", "A week locks 1 to 28 days before its Monday.")
        if not 1 <= self.season_month <= 12 or not 1 <= self.season_turns <= 12:
            raise ValueError("season_month or season_turns is no month", "Give the number of a month, 1 to 12.")
        if min(self.fill_weeks, self.remind_days, self.holiday_remind_days, self.calendar_opens_days) < 0:
            raise ValueError("a number of days or weeks is below zero", "Give 0 or more.")


def monday_of(day: date) -> date:
    return day - (day.isoweekday() - 1) * DAY


def lock_of(day: date, policy: BookingPolicy) -> datetime:
    """The moment (wall clock, without a zone) from which families cannot change the week of a day."""
    return datetime.combine(monday_of(day) - policy.lock_days * DAY, policy.lock_time)


def first_open_monday(now: datetime, policy: BookingPolicy) -> date:
    """The Monday of the first week after this one that is not locked yet.

    >>> rules = BookingPolicy(7, time(18), 8, 7, False, 30, 4, 3, 2, 5, frozenset(), 5, Decimal("0.9"))
    >>> first_open_monday(datetime(2021, 9, 13, 17, 59), rules)
    datetime.date(2021, 9, 20)
    >>> first_open_monday(datetime(2021, 9, 13, 18), rules)
    datetime.date(2021, 9, 27)
    """
    clock = now.replace(tzinfo=None)
    monday = monday_of(clock.date()) + WEEK
    while lock_of(monday, policy) <= clock:
        monday += WEEK
    return monday


def window(now: datetime, policy: BookingPolicy) -> DateRange:
    """The days that families may book now."""
    first = first_open_monday(now, policy)
    year = first.year + (first.month >= policy.season_turns)
    return DateRange(first, DateRange.month(year, policy.season_month).last_day)


def reminder_from(monday: date, policy: BookingPolicy) -> datetime:
    """From when families are reminded of a week in which something is not booked."""
    return lock_of(monday, policy) - policy.remind_days * DAY


def missing(days: Collection[date], booked: Collection[date], away: Collection[date]) -> list[date]:
    """Of the days on which a child has care those of which nothing is known, in order."""
    return sorted(set(days) - set(booked) - set(away))
