"""Bookings by night: weeks that repeat, days without agreed hours, reminders and warnings, what is left over."""

from __future__ import annotations

from evaka.actions.booking import remind
from evaka.jobs.job import Job

FILL = Job("booking.fill", remind.to_fill, remind.fill_some, batch=100)
GENERATE = Job("booking.generate", remind.to_generate, remind.generate_some, batch=100)
REMIND_WEEK = Job("booking.remind_week", remind.week_candidates, remind.remind_week, batch=200)
REMIND_HOLIDAY = Job("booking.remind_holiday", remind.holiday_candidates, remind.remind_holiday, batch=200)
WARN_MONTH = Job("booking.warn_month", remind.month_candidates, remind.warn_month, batch=200)
CLEAR = Job("booking.clear", remind.stray, remind.clear_stray, batch=400)
