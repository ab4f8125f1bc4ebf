"""A guardian's calendar: the week of all children, the month, one day in three taps, and many days at once."""

from __future__ import annotations

from evaka.views.booking.mine.day import DayPage
from evaka.views.booking.mine.family import books, kids_of, tells_only
from evaka.views.booking.mine.many import ManyPages
from evaka.views.booking.mine.month import MonthPage, months_told
from evaka.views.booking.mine.week import WeekPage, days_told


class MyCalendar(WeekPage, MonthPage, DayPage, ManyPages):
    permission = "booking.book"


__all__ = ["MyCalendar", "books", "days_told", "kids_of", "months_told", "tells_only"]
