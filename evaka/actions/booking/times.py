"""The hours that were agreed for a child (sopimusaika), and the days on which it then has no care."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import delete, insert, select

from evaka.access import Actor
from evaka.actions import action, line_of, notify
from evaka.actions.booking.facts import policy
from evaka.actions.booking.save import give_way, redraft_month
from evaka.actions.calendar import closed_days
from evaka.actions.calendar.stay import stays_of
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.booking import Booking, ServiceTimes, TimesNotice
from evaka.models.journal import add_lines
from evaka.models.person import Person, hold
from evaka.models.person.custody import carers
from evaka.rules.attendance import AbsenceKind, Reporter, categories
from evaka.rules.booking import TimesKind, window
from evaka.rules.booking.times import days_without, is_regular, pattern_of
from evaka.rules.unit import Week


@action("booking.agree_times")
def agree(
    child: Person, by: Actor, *, start: date, end: date | None = None, varies: bool = False, week: Week | None = None,
) -> ServiceTimes:
    """New daily hours from a day to come; earlier ones make room, and every guardian is told."""
    if start <= by.today:
        raise Refused("booking.times_past", today=by.today)
    if end is not None and end < start:
        raise Refused("booking.period_ends_first", first=start, last=end)
    if varies == (week is not None):
        raise Refused("booking.times_or_varies")
    period, pattern = DateRange(start, end), pattern_of(week) if week else None
    kind = TimesKind.VARIABLE if pattern is None else (
        TimesKind.REGULAR if is_regular(pattern) else TimesKind.IRREGULAR)
    give_way(ServiceTimes, child.id, period)
    row = ServiceTimes(child_id=child.id, start=start, end=end, kind=kind, week=pattern)
    db.session.add(row)
    _told(child, start, by)
    db.session.flush()
    generate([child.id], by)
    return row


@action("booking.end_times")
def end_times(times: ServiceTimes, by: Actor, *, end: date) -> None:
    """The agreed hours end on a day; those to come after it are asked anew."""
    if times.end is not None and times.end < by.today:
        raise Refused("booking.times_ended", end=times.end)
    if end < max(times.start, by.today):
        raise Refused("booking.times_end_past", first=max(times.start, by.today))
    if times.end is None or end > times.end:
        _told(db.session.get_one(Person, times.child_id), end + DAY, by)
    times.end = end
    db.session.flush()
    generate([times.child_id], by)


@action("booking.remove_times")
def remove_times(times: ServiceTimes, by: Actor) -> None:
    """Agreed hours that have not begun are taken back."""
    if times.start <= by.today:
        raise Refused("booking.times_begun", start=times.start)
    child = times.child_id
    db.session.delete(times)
    db.session.flush()
    generate([child], by)


@action("booking.seen_times")
def seen(notice: TimesNotice, by: Actor) -> None:
    """A guardian has read that the agreed hours have changed."""
    db.session.delete(notice)


def _told(child: Person, start: date, by: Actor) -> None:
    """One unread notice for each guardian, the newest."""
    for person in db.session.scalars(carers(child.id, by.today, told=True)).all():
        notice = db.session.scalar(select(TimesNotice).where(
            TimesNotice.person_id == person.id, TimesNotice.child_id == child.id))
        if notice is None:
            db.session.add(TimesNotice(person_id=person.id, child_id=child.id, from_day=start, made_at=by.now))
        else:
            notice.from_day, notice.made_at = start, by.now
        if person.email:
            notify(person.id, "times_changed", by)


def generate(children: Collection[int], by: Actor) -> dict[int, dict[str, list[str]]]:
    """From tomorrow on: absences on the days of care without agreed hours, and none left where that holds no more.

    What people have told stands, a booking of such a day goes.  Twice is once.  Public holidays and the days on which
    the unit is closed are no days of care.
    """
    ids = tuple(children)
    period = DateRange(by.today + DAY, window(by.now, policy()).last_day)
    hold(ids)
    stays = stays_of(ids)
    closed = closed_days({stay.house.id for several in stays.values() for stay in several}, period)
    wanted: set[tuple[int, date, str]] = set()
    for row in db.session.scalars(select(ServiceTimes).where(
        ServiceTimes.child_id.in_(ids), ServiceTimes.kind == TimesKind.IRREGULAR, ServiceTimes.meets(period),
    )):
        for stay in stays.get(row.child_id, ()):
            shared = row.period & stay.period
            shared = shared & period if shared else None
            days = [day for day in shared.days() if stay.has_ordinary_care(day, closed.get(stay.house.id, frozenset()))
                    ] if shared and row.week else []
            parts = categories(stay.care_type)
            wanted |= {(row.child_id, day, part) for day in days_without(row.week, days) for part in parts} \
                if row.week else set()
    held: dict[tuple[int, date, str], tuple[int, Reporter]] = {
        (child, day, part): (id, reporter) for id, child, day, part, reporter in db.session.execute(
            select(Absence.id, Absence.child_id, Absence.day, Absence.category, Absence.reported_by).where(
                Absence.child_id.in_(ids), Absence.day.between(period.start, period.last_day)))
    }
    stale = {key: id for key, (id, reporter) in held.items() if reporter is Reporter.SYSTEM and key not in wanted}
    fresh = sorted(wanted - held.keys())
    for some in _pieces(sorted(stale.values())):
        db.session.execute(delete(Absence).where(Absence.id.in_(some)))
    if fresh:
        db.session.execute(insert(Absence), [
            {"child_id": child, "day": day, "category": part, "kind": AbsenceKind.OTHER,
             "reported_by": Reporter.SYSTEM} for child, day, part in fresh])
    told: dict[int, dict[str, list[str]]] = {}
    for child, day, _ in stale:
        told.setdefault(child, {})[day.isoformat()] = ["away:other", ""]
    for child in ids:
        days = sorted({day for one, day, _ in fresh if one == child})
        for some in _pieces(days):
            db.session.execute(delete(Booking).where(Booking.child_id == child, Booking.day.in_(some)))
        told.setdefault(child, {}).update({day.isoformat(): ["", "away:other"] for day in days})
    changed = {child: days for child, days in told.items() if days}
    people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_(changed)))}
    add_lines(line_of("booking.generated", people[child], by, {"days": days}) for child, days in changed.items())
    for child, days in changed.items():
        redraft_month(child, DateRange(date.fromisoformat(min(days)), date.fromisoformat(max(days))), by)
    return changed


def _pieces(values: list[int] | list[date]) -> list[list[int]] | list[list[date]]:
    return [values[first : first + 400] for first in range(0, len(values), 400)]  # type: ignore[return-value]
