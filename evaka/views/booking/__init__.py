"""Bookings: a guardian's calendar, and the weeks of groups as the unit sees and fills them."""

from evaka.views.booking.ahead import ahead
from evaka.views.booking.asked import booking_asked
from evaka.views.booking.board import BookingBoard
from evaka.views.booking.mine import MyCalendar, books, days_told, months_told, tells_only
from evaka.views.booking.times import TimesScreen

__all__ = [
    "BookingBoard", "MyCalendar", "TimesScreen", "ahead", "booking_asked", "books", "days_told",
    "months_told", "tells_only",
]
