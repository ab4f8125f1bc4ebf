"""How much of the agreed hours a month a child has used, and will have used by its end.

A day costs what was booked or what the child was there for, whichever minutes are more; a day of which nothing was
told costs an equal share of the month.  All lengths are minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from evaka.rules.attendance import AbsenceCategory, AbsenceKind, away_all_day
from evaka.rules.booking.parts import BILLABLE, FREE_HOURS
from evaka.rules.booking.span import Day, Span, minutes, united, without
from evaka.rules.placement import CareType

DAYS_A_MONTH = 21
REFUNDED = frozenset({AbsenceKind.FORCE_MAJEURE, AbsenceKind.FREE, AbsenceKind.PARENT_LEAVE})


@dataclass(frozen=True, slots=True)
class CareDay:
    """What is known of a day of a child with agreed hours.

    `open` is whether the child may have care that day, `intermittent` that its shift care is now and then.
    `teaching` are the free hours of education on the day.  `attended` are the times the child was there and has left;
    `present` says that it is there now.
    """

    day: date
    care_type: CareType
    open: bool = True
    intermittent: bool = False
    teaching: Span | None = None
    booked: Day = ()
    attended: Day = ()
    present: bool = False
    absences: Mapping[AbsenceCategory, AbsenceKind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Use:
    booked: int = 0
    used: int = 0


def daily_minutes(hours: int, absences: Mapping[AbsenceCategory, AbsenceKind], care_type: CareType, days: int) -> int:
    """What an ordinary day is of the month's hours: a 21st part; of a free day, its share of the month's `days`."""
    refunded = away_all_day(absences.keys(), care_type) and set(absences.values()) <= REFUNDED
    return hours * 60 // (days if refunded and days else DAYS_A_MONTH)


def use_of(one: CareDay, *, hours: int, days: int, today: date) -> Use:
    """What a day takes of `hours` a month.  `days` are the days of care of the month."""
    left = not one.present and bool(one.attended)
    future = one.day > today or (one.day == today and not left)
    free = FREE_HOURS if one.care_type is CareType.DAYCARE_5YO else 0
    daily = daily_minutes(hours, one.absences, one.care_type, days)
    kinds = set(one.absences.values())
    if one.open and away_all_day(one.absences.keys(), one.care_type) and kinds == {AbsenceKind.FREE}:
        return Use(daily, 0 if future else max(0, daily - free))
    if not one.open and not one.intermittent:
        return Use()
    booked, attended = (without(spans, one.teaching) if one.teaching else united(spans)
                        for spans in (one.booked, one.attended))
    if future:
        return Use(minutes(booked), 0)
    planned = one.absences.get(BILLABLE) is AbsenceKind.PLANNED or (
        away_all_day(one.absences.keys(), one.care_type) and kinds == {AbsenceKind.PLANNED})
    if planned and not one.attended:
        return Use(minutes(booked), 0)
    if one.open and not one.booked and not one.attended:
        return Use(0, max(0, daily - free))
    return Use(minutes(booked), max(0, minutes([*booked, *attended]) - free))


@dataclass(frozen=True, slots=True)
class Balance:
    """A month so far: `used` of the days that are over, `ahead` booked on those to come; minutes of the `agreed`."""

    agreed: int
    used: int
    ahead: int

    @property
    def forecast(self) -> int:
        """What will have been used by the end of the month if all goes as it is booked."""
        return self.used + self.ahead

    @property
    def left(self) -> int:
        """What is left to book; below zero when it is too much already."""
        return self.agreed - self.forecast

    def near(self, share: Decimal) -> bool:
        """Whether the forecast comes so near to what was agreed that the family is warned."""
        return self.forecast >= share * self.agreed

    @property
    def over(self) -> bool:
        return self.forecast > self.agreed


def balance(days: Iterable[CareDay], *, hours: int, open_days: int, today: date) -> Balance:
    """The month of a child with `hours` a month."""
    used = ahead = 0
    for one in days:
        use = use_of(one, hours=hours, days=open_days, today=today)
        if one.day > today or (one.day == today and not use.used):
            ahead += 0 if _away(one) else use.booked
        else:
            used += use.used
    return Balance(hours * 60, used, ahead)


def _away(one: CareDay) -> bool:
    """Whether a day to come will not be used: a booking stays below an absence that was told after the lock."""
    return away_all_day(one.absences.keys(), one.care_type)
