"""Who is expected where in the coming days, and who of the adults is planned: what is read for it, set by set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import func, select

from evaka import city
from evaka.actions.calendar import closed_days
from evaka.actions.unit import options, rows_of
from evaka.kit.dates import DAY, DateRange
from evaka.models.attendance import Absence
from evaka.models.backup_care import BackupCare
from evaka.models.base import HELSINKI, db
from evaka.models.booking import Booking, BookingPattern, ServiceTimes
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.staff import Shift, StaffMember
from evaka.models.unit import Caretakers, Group, Unit
from evaka.rules.attendance import AbsenceCategory, AbsenceKind, away_all_day
from evaka.rules.booking.span import minute_of
from evaka.rules.calendar import OpenDays, Term
from evaka.rules.calendar import breaks as term_breaks
from evaka.rules.forecast import Coming, ForecastPolicy, Minutes, Source, Working, coming
from evaka.rules.placement import ON_TERM_DAYS, CareType, ShiftCare
from evaka.rules.unit import AN_ADULT, Commitment, OccupancyKind, Scale, Stay
from evaka.rules.unit.occupancy import moved
from evaka.rules.unit.presence import WITH_CHILDREN
from evaka.rules.unit.weight import schedule

FIXED = (time(9), time(13))  # of pre-primary education in a unit that has not said
Spans: TypeAlias = tuple[Minutes, ...]


def policy() -> ForecastPolicy:
    return city.value("forecast", "forecast", ForecastPolicy)


@dataclass(frozen=True, slots=True)
class Expected:
    """A child who has care in a unit on a day.

    `away` is why it does not come, when every part of the day is an absence.  `guest`: its own place is elsewhere.
    A child may have care and still not come: an empty day of its week; then `spans` is empty.
    """

    child: int
    unit: int
    group: int | None
    care_type: CareType
    weight: Decimal
    spans: Spans
    source: Source
    away: AbsenceKind | None = None
    guest: bool = False

    @property
    def comes(self) -> bool:
        return self.away is None and bool(self.spans)

    def coming(self) -> Coming:
        return Coming(self.child, self.group, self.spans, self.weight, self.source)


@dataclass
class DayOfUnit:
    """What is known of a day of a unit beforehand.  `shifts`: adults come from planned shifts, not from the size."""

    unit: int
    day: date
    opening: Minutes | None
    children: list[Expected] = field(default_factory=list)
    adults: list[Working] = field(default_factory=list)
    shifts: bool = False

    def of_group(self, group: int | None) -> DayOfUnit:
        return DayOfUnit(self.unit, self.day, self.opening, [one for one in self.children if one.group == group],
                         [one for one in self.adults if one.group == group], self.shifts)

    @property
    def come(self) -> list[Expected]:
        return [one for one in self.children if one.comes]


def care_days(units: Collection[Unit], first: date, count: int) -> list[date]:
    """The next days from `first` on, `count` of them, on which one of the units is open; a month is looked through."""
    period = DateRange(first, first + 60 * DAY)
    closed = closed_days({unit.id for unit in units}, period)
    opens = [unit.open_days(closed[unit.id]) for unit in units]
    return [day for day in period.days() if any(one.is_open(day) for one in opens)][:count]


def days_of(units: Collection[Unit], period: DateRange) -> dict[tuple[int, date], DayOfUnit]:
    """By unit and day of a closed period who is expected and who is planned to work; open days only.

    As many queries for one unit and day as for many.
    """
    ids = {unit.id for unit in units}
    closed = closed_days(ids, period)
    by_id = {unit.id: unit for unit in units}
    open_days = {unit.id: unit.open_days(closed[unit.id]) for unit in units}
    days = {
        (unit.id, day): DayOfUnit(unit.id, day, _opening(unit, day))
        for unit in units for day in period.days() if day in unit.period and open_days[unit.id].is_open(day)
    }
    for one in _expected(by_id, open_days, period):
        if one[0] in days:
            days[one[0]].children.append(one[1])
    _plan(days, ids, period)
    return days


def _opening(unit: Unit, day: date) -> Minutes | None:
    hours = unit.opening.on(day.isoweekday())
    return (minute_of(hours.start), minute_of(hours.end)) if hours else None


# -- children -----------------------------------------------------------------------------------------------


def _expected(
    units: dict[int, Unit], open_days: dict[int, OpenDays], period: DateRange
) -> Iterable[tuple[tuple[int, date], Expected]]:
    rows = rows_of(list(units.values()), period)
    scale = Scale(rows, OccupancyKind.REALISED, options())
    at_home = [stay for stay in rows.stays if stay.commitment is Commitment.PLACED]
    own = {(stay.child, stay.place) for stay in at_home}
    stays = [stay for stay in moved(at_home, rows.backups) if stay.place in units]
    children = {int(stay.child) for stay in stays}
    times = _Times(children, period)
    groups = _groups(children, set(units), period)
    absences = _absences(children, period)
    pauses = term_breaks(city.dated("calendar", Term))
    for stay in stays:
        unit = units[int(stay.place)]
        shared = stay.period & period
        for day in shared.days() if shared else ():
            if not _has_care(stay, day, open_days[unit.id]):
                continue
            if stay.care_type in ON_TERM_DAYS and any(day in pause for pause in pauses):
                continue
            weight = scale.weigh(stay, day, family_care=unit.family_day_care)
            spans, source = times.of(int(stay.child), day, stay.care_type, unit)
            told = absences.get((int(stay.child), day), {})
            away = next(iter(told.values())) if told and away_all_day(told.keys(), stay.care_type) else None
            yield (unit.id, day), Expected(
                int(stay.child), unit.id, groups.at(int(stay.child), unit.id, day), stay.care_type, weight.value,
                spans, source, away, (stay.child, unit.id) not in own)


def _has_care(stay: Stay, day: date, opens: OpenDays) -> bool:
    care = schedule(stay, day)
    return care is ShiftCare.INTERMITTENT or opens.has_care(day, shift_care=care is ShiftCare.FULL)


def _absences(children: set[int], period: DateRange) -> dict[tuple[int, date], dict[AbsenceCategory, AbsenceKind]]:
    found: dict[tuple[int, date], dict[AbsenceCategory, AbsenceKind]] = defaultdict(dict)
    for child_id, day, category, kind in db.session.execute(
        select(Absence.child_id, Absence.day, Absence.category, Absence.kind)
        .where(Absence.child_id.in_(children), Absence.day.between(period.start, period.last_day))):
        found[child_id, day][category] = kind
    return found


class _Groups:
    """In which group of which unit each child is, from when to when: the own one, and a guest's."""

    def __init__(self) -> None:
        self.spans: dict[tuple[int, int], list[tuple[DateRange, int]]] = defaultdict(list)

    def at(self, child: int, unit: int, day: date) -> int | None:
        return next((group for period, group in self.spans[child, unit] if day in period), None)


def _groups(children: set[int], units: set[int], period: DateRange) -> _Groups:
    found = _Groups()
    for child_id, unit_id, group_id, start, end in db.session.execute(
        select(Placement.child_id, Group.unit_id, GroupPlacement.group_id, GroupPlacement.start, GroupPlacement.end)
        .join(Placement, Placement.id == GroupPlacement.placement_id).join(Group, Group.id == GroupPlacement.group_id)
        .where(Group.unit_id.in_(units), GroupPlacement.meets(period), Placement.child_id.in_(children))):
        found.spans[child_id, unit_id].append((DateRange(start, end), group_id))
    for child_id, unit_id, group_id, start, end in db.session.execute(
        select(BackupCare.child_id, BackupCare.unit_id, BackupCare.group_id, BackupCare.start, BackupCare.end)
        .where(BackupCare.unit_id.in_(units), BackupCare.meets(period), BackupCare.group_id.is_not(None))):
        found.spans[child_id, unit_id].append((DateRange(start, end), group_id))
    return found


class _Times:
    """When children come: what is booked, their weeks and their agreed hours, three queries for all of them."""

    def __init__(self, children: set[int], period: DateRange) -> None:
        self.policy = policy()
        self.booked: dict[tuple[int, date], list[Minutes]] = defaultdict(list)
        self.untimed: set[tuple[int, date]] = set()
        for child_id, day, begins, ends in db.session.execute(
            select(Booking.child_id, Booking.day, Booking.begins, Booking.ends)
            .where(Booking.child_id.in_(children), Booking.day.between(period.start, period.last_day))):
            if begins is None:
                self.untimed.add((child_id, day))
            else:
                self.booked[child_id, day].append((minute_of(begins), minute_of(ends)))
        self.weeks = [self._weeks(model, children, period) for model in (BookingPattern, ServiceTimes)]

    @staticmethod
    def _weeks(model: Any, children: set[int], period: DateRange) -> dict[int, list[tuple[DateRange, Any]]]:
        found: dict[int, list[tuple[DateRange, Any]]] = defaultdict(list)
        for child_id, start, end, week in db.session.execute(
            select(model.child_id, model.start, model.end, model.week)
            .where(model.child_id.in_(children), model.meets(period), model.week.is_not(None))):
            found[child_id].append((DateRange(start, end), week))
        return found

    def of(self, child: int, day: date, care_type: CareType, unit: Unit) -> tuple[Spans, Source]:
        pattern, agreed = (self._on(weeks, child, day) for weeks in self.weeks)
        fixed = care_type in ON_TERM_DAYS
        if fixed:
            hours = unit.preschool_start or FIXED[0], unit.preschool_end or FIXED[1]
            agreed = [(minute_of(hours[0]), minute_of(hours[1]))]
        return coming(
            self.policy, booked=self.booked.get((child, day), ()), untimed=(child, day) in self.untimed,
            pattern=pattern, agreed=agreed, must_book=not fixed)

    @staticmethod
    def _on(weeks: dict[int, list[tuple[DateRange, Any]]], child: int, day: date) -> list[Minutes] | None:
        week = next((week for period, week in weeks.get(child, ()) if day in period), None)
        if week is None:
            return None
        return [(minute_of(span.begins), minute_of(span.ends)) for span in week.on(day)]


# -- adults -------------------------------------------------------------------------------------------------


def _plan(days: dict[tuple[int, date], DayOfUnit], units: set[int], period: DateRange) -> None:
    """Planned shifts; on a day of a unit without any, the adults that its groups are to have, at the usual hours."""
    first, last = at(period.start), at(period.last_day + DAY)
    for unit_id, group_id, user_id, start, finish, kind, weight in db.session.execute(
        select(Shift.unit_id, Shift.group_id, Shift.user_id, Shift.start, Shift.finish, Shift.kind,
               func.coalesce(StaffMember.coefficient, AN_ADULT))
        .outerjoin(StaffMember, StaffMember.user_id == Shift.user_id)
        .where(Shift.unit_id.in_(units), Shift.start < last, Shift.finish > first)
        .order_by(Shift.start, Shift.id)):
        for day, span in on_days(start, finish):
            if (held := days.get((unit_id, day))) is not None:
                held.shifts = True
                if kind in WITH_CHILDREN:
                    held.adults.append(Working(user_id, group_id, span, Decimal(weight)))
    without = [one for one in days.values() if not one.shifts]
    if not without:
        return
    rule = policy()
    usual = minute_of(rule.assumed_from), minute_of(rule.assumed_to)
    sizes = db.session.execute(
        select(Group.unit_id, Caretakers.group_id, Caretakers.start, Caretakers.end, Caretakers.amount)
        .join(Group, Group.id == Caretakers.group_id)
        .where(Group.unit_id.in_(units), Caretakers.meets(period))).all()
    for one in without:
        one.adults += [
            Working(f"group {group_id}", group_id, one.opening or usual, amount * AN_ADULT)
            for unit_id, group_id, start, end, amount in sizes
            if unit_id == one.unit and one.day in DateRange(start, end)]


def at(day: date, minute: int = 0) -> datetime:
    """A minute of a day by the wall clock."""
    return datetime.combine(day, time(minute // 60, minute % 60), HELSINKI)


def on_days(start: datetime, finish: datetime) -> Iterable[tuple[date, Minutes]]:
    """The minutes of each day that lie between two moments."""
    start, finish = start.astimezone(HELSINKI), finish.astimezone(HELSINKI)
    day = start.date()
    while day <= finish.date():
        begins = start.hour * 60 + start.minute if day == start.date() else 0
        ends = finish.hour * 60 + finish.minute if day == finish.date() else 24 * 60
        if begins < ends:
            yield day, (begins, ends)
        day += DAY
