"""What is known of children's days, for any number of them in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Date, bindparam, select

from evaka import city
from evaka.access import Actor
from evaka.actions.calendar import closed_days
from evaka.actions.calendar.stay import holidays_in, in_term, stays_of
from evaka.kit.dates import DateRange
from evaka.models.attendance import Absence
from evaka.models.base import ask
from evaka.models.booking import Booking
from evaka.rules.booking import BookingPolicy, Span, window
from evaka.rules.booking.day import DayFacts, Noted
from evaka.rules.calendar.holiday_period import phase_of
from evaka.rules.placement import ON_TERM_DAYS, ShiftCare
from evaka.rules.unit import Feature

Known = dict[int, dict[date, DayFacts]]


def policy() -> BookingPolicy:
    return city.value("bookings", "rules", BookingPolicy)


def day_facts(children: Collection[int], period: DateRange, by: Actor) -> Known:
    """By child and day what the rules ask, for every day of the period on which the child has a place."""
    if not children:
        return {}
    rules, stays = policy(), stays_of(children)
    open_for = window(by.now, rules)
    closed = closed_days({stay.house.id for several in stays.values() for stay in several}, period)
    holidays = holidays_in(period)
    asked = {"children": list(children), "first": period.start, "last": period.last_day}
    booked, away = _booked(asked), _away(asked)
    found: Known = {}
    for child, several in stays.items():
        days = found[child] = {}
        places = [stay.period for stay in several]
        for stay in several:
            shared = stay.period & period
            shut = closed.get(stay.house.id, frozenset())
            for day in shared.days() if shared else ():
                option, shift = stay.need(day)
                planned = option is not None and (option.contract_days is not None or (
                    rules.planned_for_hours and option.hours_a_month is not None))
                days[day] = DayFacts(
                    day, stay.care_type, stay.has_care(day, shut), shift is ShiftCare.INTERMITTENT, stay.hours(day),
                    day in open_for, Feature.BOOKINGS in stay.house.features, planned, stay.care_type in ON_TERM_DAYS,
                    stay.house.teaching, in_term(day), phase_of(holidays, day, places, by.today),
                    tuple(booked.get((child, day), ())), away.get((child, day), {}),
                )
    return found


CHILDREN = bindparam("children", expanding=True)
FIRST, LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
BOOKED = (
    select(Booking.child_id, Booking.day, Booking.begins, Booking.ends)
    .where(Booking.child_id.in_(CHILDREN), Booking.day.between(FIRST, LAST)).order_by(Booking.begins))
AWAY = select(
    Absence.child_id, Absence.day, Absence.category, Absence.kind, Absence.reported_by, Absence.questionnaire_id,
).where(Absence.child_id.in_(CHILDREN), Absence.day.between(FIRST, LAST))


def _booked(asked: dict[str, Any]) -> Mapping[tuple[int, date], list[Span | None]]:
    found: dict[tuple[int, date], list[Span | None]] = defaultdict(list)
    for child, day, begins, ends in ask(BOOKED, asked):
        found[child, day].append(Span(begins, ends) if begins else None)
    return found


def _away(asked: dict[str, Any]) -> Mapping[tuple[int, date], dict[Any, Noted]]:
    found: dict[tuple[int, date], dict[Any, Noted]] = defaultdict(dict)
    for child, day, part, kind, reporter, answer in ask(AWAY, asked):
        found[child, day][part] = Noted(kind, reporter, answer is not None)
    return found
