"""Bookings: by a family for its children, by the unit for many at once, by a week that repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from evaka.access import Actor, permitted
from evaka.actions import action, line_of_file, tell
from evaka.actions.attendance import policy as absence_policy
from evaka.actions.attendance import reporter_of
from evaka.actions.booking.facts import day_facts, policy
from evaka.actions.booking.save import Days, give_way, save_days
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.booking import BookingPattern
from evaka.models.journal import add_lines
from evaka.models.person import Person
from evaka.rules.attendance import Reporter
from evaka.rules.booking import Span, first_open_monday, window
from evaka.rules.booking.day import Ask, Asked, DayFacts
from evaka.rules.booking.lock import WEEK
from evaka.rules.booking.times import pattern_of
from evaka.rules.calendar.holiday_period import Phase
from evaka.rules.unit import Week

MANY_DAYS = 370  # of one save


@action("booking.book")
def book(child: Person, by: Actor, *, days: Days) -> dict[date, str]:
    """A guardian says for days of a child when it comes, or that it does not.

    Answers the days of which nothing was done, with the key of the sentence that tells why.
    """
    return _one(child, by, Reporter.GUARDIAN, days)


@action("booking.enter")
def enter(child: Person, by: Actor, *, days: Days) -> dict[date, str]:
    """The unit does the same, on any day, for a family that has called."""
    return _one(child, by, _unit(by), days)


def _unit(by: Actor) -> Reporter:
    reporter = reporter_of(by)
    return Reporter.STAFF if reporter is Reporter.GUARDIAN else reporter


def _one(child: Person, by: Actor, reporter: Reporter, days: Days) -> dict[date, str]:
    _check_count(days)
    _check_kinds([days], reporter)
    told, skipped = save_days({child.id: days}, by, reporter)
    tell(days=told.get(child.id, {}))
    return {day: why for (_, day), why in skipped.items()}


def _check_count(days: Iterable[date]) -> None:
    every = sorted(days)
    if every and (every[-1] - every[0]).days >= MANY_DAYS:
        raise Refused("booking.too_many_days", most=MANY_DAYS)


def _check_kinds(several: Iterable[Days], reporter: Reporter) -> None:
    """Being away is told here in the same kinds as anywhere else."""
    allowed = absence_policy().kinds(reporter)
    for days in several:
        for asked in days.values():
            if asked.ask is Ask.AWAY and asked.kind not in allowed:
                raise Refused("attendance.kind_not_allowed", kind=asked.kind, allowed=allowed)


def save_many(
    asked: Mapping[int, Days], by: Actor, key: str, *, seen: Mapping[tuple[int, date], str] | None = None,
    where_care: bool = False,
) -> tuple[int, dict[tuple[int, date], str]]:
    """`book` or `enter` (by `key`) for several children in one go, with a line in the journal on each child's file.

    Answers how many days have changed, and those of which nothing was done, with the key of the sentence why.
    """
    if permitted(by, key, Person, set(asked)) != set(asked) and by.user is not None:
        raise Denied("access.denied", action=key)
    _check_count(day for days in asked.values() for day in days)
    reporter = Reporter.GUARDIAN if key == "booking.book" else _unit(by)
    _check_kinds(asked.values(), reporter)
    told, skipped = save_days(asked, by, reporter, seen=seen, where_care=where_care)
    add_lines(line_of_file(key, child, by, {"days": days}) for child, days in told.items())
    return sum(map(len, told.values())), skipped


# -- the week that repeats --------------------------------------------------------------------------


@action("booking.repeat")
def repeat(child: Person, by: Actor, *, start: date, end: date | None = None, week: Week | None = None) -> int:
    """From now on the open weeks fill themselves with this week; no week: nothing repeats any more.

    An earlier one makes room.  Answers how many days were booked at once.
    """
    if start < by.today:
        raise Refused("booking.repeat_past", today=by.today)
    if end is not None and end < start:
        raise Refused("booking.period_ends_first", first=start, last=end)
    period = DateRange(start, end)
    give_way(BookingPattern, child.id, period)
    if week is None:
        return 0
    row = BookingPattern(child_id=child.id, start=start, end=end, week=pattern_of(week))
    _check_hours(row, by)
    db.session.add(row)
    db.session.flush()
    return fill([row], by)


def _check_hours(row: BookingPattern, by: Actor) -> None:
    """Refuse times at which the unit is closed: week after week such days would be left out without a word."""
    open_for = window(by.now, policy())
    ahead = row.period & DateRange(open_for.start, min(open_for.last_day, fill_until(by)))
    known = day_facts({row.child_id}, ahead, by).get(row.child_id, {}) if ahead else {}
    for day, facts in sorted(known.items()):
        spans = row.week.on(day)
        if spans and facts.has_care and not _open_at(facts, spans):
            raise Refused("booking.repeat_outside", day=day, hours=facts.hours.words if facts.hours else "–")


def _open_at(facts: DayFacts, spans: Sequence[Span]) -> bool:
    """Whether the unit is open from the first of the times to the last."""
    return facts.always or (facts.hours is not None and facts.hours.begins <= spans[0].begins
                            and spans[-1].ends <= facts.hours.ends)


def fill_until(by: Actor) -> date:
    """The last day that repeating weeks fill today."""
    rules = policy()
    return first_open_monday(by.now, rules) + rules.fill_weeks * WEEK


def fill(rows: Iterable[BookingPattern], by: Actor) -> int:
    """Book the open days that have not been filled yet, where nobody has said anything; answers how many."""
    several = [row for row in rows if row.week.weekdays]
    open_for = window(by.now, policy())
    whole = DateRange(open_for.start, min(open_for.last_day, fill_until(by)))
    periods = {}
    for row in several:
        fresh = DateRange(row.filled_until + DAY if row.filled_until else row.start)
        shared = row.period & whole
        periods[row.id] = shared & fresh if shared else None
        row.filled_until = max(row.filled_until or whole.last_day, whole.last_day)
    known = day_facts({row.child_id for row in several if periods[row.id]}, whole, by)
    asked: dict[int, dict[date, Asked]] = {}
    for row in several:
        period = periods[row.id]
        for day in period.days() if period else ():
            facts, spans = known.get(row.child_id, {}).get(day), row.week.on(day)
            if facts is None or not spans or facts.booked or facts.absences or not facts.has_care or facts.fixed:
                continue
            # for a holiday families answer themselves
            if facts.opened and _open_at(facts, spans) and facts.phase is Phase.NONE:
                asked.setdefault(row.child_id, {})[day] = Asked(Ask.TIMES, spans)
    told, _ = save_days(asked, by, Reporter.GUARDIAN)
    add_lines(line_of_file("booking.filled", child, by, {"days": days}) for child, days in told.items())
    return sum(map(len, told.values()))


__all__ = ["book", "enter", "fill", "fill_until", "policy", "repeat", "save_many"]
