"""Bookings of care: times of a day, when they may be changed, and what follows from them."""

from enum import StrEnum

from evaka.rules.booking.lock import BookingPolicy, first_open_monday, lock_of, monday_of, window
from evaka.rules.booking.span import Day, Pattern, Span, day_of


class TimesKind(StrEnum):
    """How the hours of a child were agreed: the same each day, by weekday, or not beforehand."""

    REGULAR = "regular"
    IRREGULAR = "irregular"
    VARIABLE = "variable"


class ReminderKind(StrEnum):
    """Of what is not booked of a week or a holiday; or that a month's agreed hours will not last."""

    WEEK = "week"
    HOLIDAY = "holiday"
    MONTH = "month"


__all__ = [
    "BookingPolicy",
    "Day",
    "Pattern",
    "ReminderKind",
    "Span",
    "TimesKind",
    "day_of",
    "first_open_monday",
    "lock_of",
    "monday_of",
    "window",
]
