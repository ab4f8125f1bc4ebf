"""Where children have their places on which days, and whether care is given then: a few queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, time
from secrets import token_hex

from sqlalchemy import Date, bindparam, insert, select

from evaka import city
from evaka.access import Actor
from evaka.kit.dates import DateRange, pieces
from evaka.models.backup_care import BackupCare
from evaka.models.base import ask, db
from evaka.models.calendar.holiday_period import HolidayPeriod
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.presence import WHEREABOUTS, Tap
from evaka.models.unit import Unit
from evaka.rules.booking import Span
from evaka.rules.calendar import OpenDays, Term, holiday, term_of
from evaka.rules.calendar.holiday_period import Holiday
from evaka.rules.placement import ON_TERM_DAYS, CareType, ServiceNeed, ShiftCare, default_need
from evaka.rules.presence import Tapped
from evaka.rules.unit import Week

OF_UNIT = (Unit.id, Unit.opening, Unit.shift_opening, Unit.open_on_holidays, Unit.preschool_start, Unit.preschool_end,
           Unit.features, Unit.start, Unit.end)
CHILDREN = bindparam("children", expanding=True)
NEEDS = (
    select(ServiceNeedPeriod.placement_id, ServiceNeedPeriod.start, ServiceNeedPeriod.end, ServiceNeedPeriod.option,
           ServiceNeedPeriod.shift_care)
    .join(Placement, Placement.id == ServiceNeedPeriod.placement_id).where(Placement.child_id.in_(CHILDREN)))
ELSEWHERE = (
    select(BackupCare.child_id, BackupCare.start, BackupCare.end, *OF_UNIT)
    .join(Unit, Unit.id == BackupCare.unit_id).where(BackupCare.child_id.in_(CHILDREN)).order_by(BackupCare.start))
PLACES = (
    select(Placement.child_id, Placement.id, Placement.start, Placement.end, Placement.care_type, *OF_UNIT)
    .join(Unit, Unit.id == Placement.unit_id).where(Placement.child_id.in_(CHILDREN)).order_by(Placement.start))


@dataclass(frozen=True, slots=True)
class House:
    """What a unit's days depend on."""

    id: int
    opening: Week
    shift_opening: Week | None
    open_on_holidays: bool
    teaching: Span | None
    features: Collection[str]
    period: DateRange

    def open_days(self, closed: frozenset[date]) -> OpenDays:
        shift = self.shift_opening.weekdays if self.shift_opening else frozenset()
        return OpenDays(self.opening.weekdays, shift, self.open_on_holidays, closed)


@dataclass(frozen=True, slots=True)
class Stay:
    """A place of a child, and what was agreed in it over time."""

    period: DateRange
    care_type: CareType
    house: House
    needs: tuple[tuple[DateRange, str, ShiftCare], ...]

    def need(self, day: date) -> tuple[ServiceNeed | None, ShiftCare]:
        """What was agreed for a day, or what counts where nothing was."""
        options = city.named("service_needs", ServiceNeed)
        for period, option, shift in self.needs:
            if day in period:
                return options.get(option), shift
        return default_need(options.values(), self.care_type, day), ShiftCare.NONE

    def has_care(self, day: date, closed: frozenset[date]) -> bool:
        """Whether the child may have care on a day: on the days of its unit, or on any when its shifts vary."""
        if day not in self.house.period or day in closed:
            return False
        _, shift = self.need(day)
        if shift is ShiftCare.INTERMITTENT:
            return True
        if self.care_type in ON_TERM_DAYS and on_break(day):
            return False
        return self.house.open_days(closed).has_care(day, shift_care=shift is ShiftCare.FULL)

    def has_ordinary_care(self, day: date, closed: frozenset[date]) -> bool:
        """The same, but for days on which a child with shifts now and then may come and need not."""
        if self.need(day)[1] is not ShiftCare.INTERMITTENT:
            return self.has_care(day, closed)
        return day in self.house.period and self.house.open_days(closed).has_care(day, shift_care=False)

    def hours(self, day: date) -> Span | None:
        """From when to when the unit is open for the child."""
        _, shift = self.need(day)
        week = self.house.shift_opening if shift is ShiftCare.FULL and self.house.shift_opening else self.house.opening
        hours = week.on(day.isoweekday())
        return Span(hours.start, hours.end) if hours else None


def tell_tablets(children: Collection[int], days: Collection[date], by: Actor) -> None:
    """When something is told of today, the tablets of the units where the children are look anew."""
    if by.today not in days or not children:
        return
    rows = db.session.execute(
        select(WHEREABOUTS.c.child_id, WHEREABOUTS.c.unit_id).where(WHEREABOUTS.c.child_id.in_(children)),
        {"day": by.today}).all()
    if rows:
        db.session.execute(insert(Tap), [
            {"key": f"told-{token_hex(12)}", "child_id": child, "unit_id": unit, "what": Tapped.CORRECT, "at": by.now,
             "received": by.now} for child, unit in rows])


HOLIDAYS = (
    select(HolidayPeriod.start, HolidayPeriod.end, HolidayPeriod.opens, HolidayPeriod.closes)
    .where(HolidayPeriod.start <= bindparam("last", type_=Date), HolidayPeriod.end >= bindparam("first", type_=Date)))


def holidays_in(period: DateRange) -> list[Holiday]:
    """The holidays that families answer for."""
    return [Holiday(DateRange(start, end), opens, closes) for start, end, opens, closes in ask(
        HOLIDAYS, {"first": period.start, "last": period.end or date.max})]


def on_break(day: date) -> bool:
    term = term_of(city.dated("calendar", Term), day)
    return term is not None and term.on_break(day)


def in_term(day: date) -> bool:
    term = term_of(city.dated("calendar", Term), day)
    return term is not None and not term.on_break(day) and holiday(day) is None


def stays_of(children: Collection[int]) -> dict[int, list[Stay]]:
    """Every place of these children with its needs, in order, cut where they are cared for in another unit."""
    asked = {"children": list(children)}
    needs: dict[int, list[tuple[DateRange, str, ShiftCare]]] = defaultdict(list)
    for place, start, end, option, shift in ask(NEEDS, asked):
        needs[place].append((DateRange(start, end), option, shift))
    houses: dict[int, House] = {}
    elsewhere: dict[int, list[tuple[DateRange, int]]] = defaultdict(list)
    for child, start, end, unit, *of_unit in ask(ELSEWHERE, asked):
        houses[unit] = _house(unit, *of_unit)
        elsewhere[child].append((DateRange(start, end), unit))
    found: dict[int, list[Stay]] = defaultdict(list)
    for child, place, start, end, care_type, unit, *of_unit in ask(PLACES, asked):
        if unit not in houses:
            houses[unit] = _house(unit, *of_unit)
        stay = Stay(DateRange(start, end), care_type, houses[unit], tuple(needs[place]))
        guest = [(shared, other) for period, other in elsewhere[child] if (shared := period & stay.period)]
        at = dict(guest)
        for piece in pieces([stay.period, *at]) if guest else [stay.period]:
            here = next((other for period, other in guest if piece.start in period), unit)
            found[child].append(replace(stay, period=piece, house=houses[here]))
    return found


def _house(
    id: int, opening: Week, shift: Week | None, holidays: bool, begins: time | None, ends: time | None,
    features: list[str], start: date, end: date | None,
) -> House:
    teaching = Span(begins, ends) if begins and ends else None
    return House(id, opening, shift, holidays, teaching, features, DateRange(start, end))
