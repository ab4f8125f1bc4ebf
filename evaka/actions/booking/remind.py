"""Who is reminded of days that are not booked, early enough before the lock; and weeks that fill themselves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Select, delete, false, or_, select, update

from evaka.access import Actor
from evaka.actions import line_of, notify
from evaka.actions.booking import fill, fill_until
from evaka.actions.booking.balance import limited, months_of
from evaka.actions.booking.facts import day_facts, policy
from evaka.actions.booking.times import generate
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.models.booking import Booking, BookingPattern, BookingReminder, ServiceTimes
from evaka.models.calendar.holiday_period import HolidayPeriod
from evaka.models.journal import add_lines
from evaka.models.person import Person
from evaka.models.person.custody import informed
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.booking import ReminderKind, TimesKind, first_open_monday, window
from evaka.rules.booking.lock import missing, reminder_from
from evaka.rules.calendar.holiday_period import Phase
from evaka.rules.placement import ON_TERM_DAYS
from evaka.rules.unit import Feature


def _next_week(by: Actor) -> DateRange:
    monday = first_open_monday(by.now, policy())
    return DateRange(monday, monday + 6 * DAY)


def _guardians(period: DateRange, kind: ReminderKind, by: Actor) -> Select[tuple[int]]:
    """Guardians with an address of children in care in a period where bookings are in use, not reminded yet."""
    pairs = informed(by.today)
    placed = select(Placement.child_id).join(Unit, Unit.id == Placement.unit_id).where(
        Placement.meets(period), Unit.has(Feature.BOOKINGS), Placement.care_type.not_in(ON_TERM_DAYS))
    told = select(BookingReminder.person_id).where(
        BookingReminder.kind == kind, BookingReminder.day == period.start)
    return select(Person.id).where(
        Person.id.in_(select(pairs.c.person_id).where(pairs.c.child_id.in_(placed))), Person.id.not_in(told),
        Person.email.is_not(None), Person.email != "", Person.deceased.is_(None)).order_by(Person.id)


def week_candidates(by: Actor) -> Select[tuple[int]]:
    """Nobody before the time to remind has come; then whoever has not been reminded of the next open week."""
    week = _next_week(by)
    if by.now.replace(tzinfo=None) < reminder_from(week.start, policy()):
        return select(Person.id).where(false())
    return _guardians(week, ReminderKind.WEEK, by)


def remind_week(ids: Collection[int], by: Actor) -> None:
    _remind(ids, _next_week(by), ReminderKind.WEEK, by)


def holiday_of(by: Actor) -> HolidayPeriod | None:
    """The holiday whose last day to answer is near."""
    last = by.today + policy().holiday_remind_days * DAY
    return db.session.scalar(select(HolidayPeriod).where(
        HolidayPeriod.opens <= by.today, HolidayPeriod.closes.between(by.today, last))
        .order_by(HolidayPeriod.closes).limit(1))


def holiday_candidates(by: Actor) -> Select[tuple[int]]:
    holiday = holiday_of(by)
    if holiday is None:
        return select(Person.id).where(false())
    return _guardians(holiday.period, ReminderKind.HOLIDAY, by)


def remind_holiday(ids: Collection[int], by: Actor) -> None:
    holiday = holiday_of(by)
    if holiday is not None:
        _remind(ids, holiday.period, ReminderKind.HOLIDAY, by)


def _children_of(people: Collection[int], by: Actor) -> dict[int, list[int]]:
    pairs = informed(by.today)
    children: dict[int, list[int]] = {}
    for person, child in db.session.execute(
            select(pairs.c.person_id, pairs.c.child_id).where(pairs.c.person_id.in_(people))):
        children.setdefault(person, []).append(child)
    return children


def _remind(ids: Collection[int], period: DateRange, kind: ReminderKind, by: Actor) -> None:
    """A mail to each for whose children some day of care is neither booked nor away; a booking without times counts."""
    children = _children_of(ids, by)
    known = day_facts({child for several in children.values() for child in several}, period, by)
    open_days = {child: missing(
        [day for day, one in days.items() if one.has_care and one.opened and not one.fixed
         and (one.phase is Phase.OPEN if kind is ReminderKind.HOLIDAY else one.phase is not Phase.NOT_YET)],
        [day for day, one in days.items() if one.booked], [day for day, one in days.items() if one.absences],
    ) for child, days in known.items()}
    told = [person for person in ids if any(open_days.get(child) for child in children.get(person, ()))]
    for person in told:
        notify(person, "booking_waits", by)
        db.session.add(BookingReminder(person_id=person, kind=kind, day=period.start, sent_at=by.now))


def month_candidates(by: Actor) -> Select[tuple[int]]:
    """Guardians with an address of children with whom hours or days a month were agreed, not warned this month yet."""
    month = DateRange.month(by.today.year, by.today.month)
    pairs = informed(by.today)
    agreed = select(Placement.child_id).join(ServiceNeedPeriod, ServiceNeedPeriod.placement_id == Placement.id).join(
        Unit, Unit.id == Placement.unit_id).where(
        ServiceNeedPeriod.option.in_(limited()), ServiceNeedPeriod.meets(month), Placement.meets(month),
        Unit.has(Feature.BOOKINGS))
    told = select(BookingReminder.person_id).where(
        BookingReminder.kind == ReminderKind.MONTH, BookingReminder.day == month.start)
    return select(Person.id).where(
        Person.id.in_(select(pairs.c.person_id).where(pairs.c.child_id.in_(agreed))), Person.id.not_in(told),
        Person.email.is_not(None), Person.email != "", Person.deceased.is_(None)).order_by(Person.id)


def warn_month(ids: Collection[int], by: Actor) -> None:
    """A mail to each of whose children more is used and booked this month than was agreed, while it can be changed."""
    month = DateRange.month(by.today.year, by.today.month)
    children = _children_of(ids, by)
    months = months_of({child for several in children.values() for child in several}, month, by)
    for person in ids:
        if any(child in months and months[child].balance.over for child in children.get(person, ())):
            notify(person, "month_over", by)
            db.session.add(BookingReminder(
                person_id=person, kind=ReminderKind.MONTH, day=month.start, sent_at=by.now))


# -- what fills itself, and what is left over -----------------------------------------------------------


def to_fill(by: Actor) -> Select[tuple[int]]:
    """Repeating weeks whose open days have not all been filled."""
    last = min(fill_until(by), window(by.now, policy()).last_day)
    return select(BookingPattern.id).where(
        BookingPattern.start <= last, or_(BookingPattern.end.is_(None), BookingPattern.end >= by.today),
        or_(BookingPattern.filled_until.is_(None), BookingPattern.filled_until < last)).order_by(BookingPattern.id)


def fill_some(ids: Collection[int], by: Actor) -> None:
    fill(db.session.scalars(select(BookingPattern).where(BookingPattern.id.in_(ids))).all(), by)


def to_generate(by: Actor) -> Select[tuple[int]]:
    """Children with agreed hours that differ by weekday and have not been looked at today."""
    return select(Person.id).where(Person.id.in_(select(ServiceTimes.child_id).where(
        ServiceTimes.kind == TimesKind.IRREGULAR, ServiceTimes.meets(DateRange(by.today)),
        or_(ServiceTimes.generated_on.is_(None), ServiceTimes.generated_on != by.today)))).order_by(Person.id)


def generate_some(ids: Collection[int], by: Actor) -> None:
    generate(ids, by)
    db.session.execute(update(ServiceTimes).where(ServiceTimes.child_id.in_(ids)).values(generated_on=by.today)
                       .execution_options(synchronize_session=False))


def stray(by: Actor) -> Select[tuple[int]]:
    """Bookings to come of children who have no place on the day any more."""
    placed = select(Placement.id).where(
        Placement.child_id == Booking.child_id, Placement.start <= Booking.day,
        or_(Placement.end.is_(None), Placement.end >= Booking.day)).exists()
    return select(Booking.id).where(Booking.day > by.today, ~placed).order_by(Booking.id)


def clear_stray(ids: Collection[int], by: Actor) -> None:
    rows = db.session.execute(select(Booking.child_id, Booking.day).where(Booking.id.in_(ids))).all()
    db.session.execute(delete(Booking).where(Booking.id.in_(ids)).execution_options(synchronize_session=False))
    days: dict[int, list[date]] = {}
    for child, day in rows:
        days.setdefault(child, []).append(day)
    people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(days)))}
    add_lines(line_of("booking.cleared", people[child], by, {"days": sorted(set(several))})
              for child, several in days.items())


