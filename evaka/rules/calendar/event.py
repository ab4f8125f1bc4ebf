"""Events of a unit and times for talks with families: until when a time may be given back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from enum import StrEnum

from evaka.kit.dates import DAY
from evaka.kit.errors import Refused
from evaka.rules.calendar import is_business_day


class EventKind(StrEnum):
    EVENT = "event"
    DISCUSSION = "discussion"


def last_cancel_day(day: date) -> date:
    """The last day on which a family may give back a time: a whole business day lies between it and the talk.

    >>> last_cancel_day(date(2026, 9, 30)).isoformat(), last_cancel_day(date(2026, 9, 28)).isoformat()
    ('2026-09-28', '2026-09-24')
    """
    between = day - DAY
    while not is_business_day(between):
        between -= DAY
    return between - DAY


def check_cancel(day: date, today: date) -> None:
    if today > last_cancel_day(day):
        raise Refused("event.too_late", day=day, last=last_cancel_day(day))


def check_bookable(day: date, begins: time, now: datetime) -> None:
    """A talk that has begun is not booked any more."""
    if datetime.combine(day, begins) <= now.replace(tzinfo=None):
        raise Refused("event.is_over", day=day, begins=begins)


MOST_PAUSE = 240  # minutes between two talks


def slots(begins: time, ends: time, minutes: int, pause: int = 0) -> list[tuple[time, time]]:
    """Times of so many minutes, one after another with a pause between, as long as they end by `ends`."""
    if minutes < 1:
        raise Refused("event.no_minutes")
    if not 0 <= pause <= MOST_PAUSE:
        raise Refused("event.bad_pause", most=MOST_PAUSE)
    at, last, found = begins.hour * 60 + begins.minute, ends.hour * 60 + ends.minute, []
    while at + minutes <= last:
        found.append((time(*divmod(at, 60)), time(*divmod(at + minutes, 60))))
        at += minutes + pause
    if not found:
        raise Refused("event.no_slots", begins=begins, ends=ends, minutes=minutes)
    return found


def overlap(slots: Iterable[tuple[date, time, time]], day: date, begins: time, ends: time) -> bool:
    """Whether a time shares a minute with one of the others."""
    return any(on == day and start < ends and begins < end for on, start, end in slots)
