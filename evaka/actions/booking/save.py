"""Saving what was asked for many days of many children: read together, reckoned by the rule, written together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, tuple_

from evaka.access import Actor
from evaka.actions.booking.facts import day_facts
from evaka.actions.calendar.stay import tell_tablets
from evaka.actions.invoice import draft, drafts_of_child
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.booking import Booking, BookingPattern, ServiceTimes
from evaka.models.person import hold
from evaka.rules.attendance import AbsenceCategory, Reporter, categories
from evaka.rules.booking import Span
from evaka.rules.booking.day import Asked, DayFacts, Noted, Outcome, after
from evaka.rules.booking.times import make_room

Days = Mapping[date, Asked]
SOME = 400  # pairs of child and day in one statement


def text_of(booked: Iterable[Span | None], absences: Mapping[AbsenceCategory, Noted], whole: bool) -> str:
    """A day in short, the same in every language: for the journal, and to see whether it has changed."""
    times = "+".join(str(one) if one else "present" for one in booked)
    kinds = sorted({one.kind.value for one in absences.values()})
    away = f"{'away' if whole else 'part'}:{'/'.join(kinds)}" if kinds else ""
    return " ".join(filter(None, (times, away)))


def day_text(facts: DayFacts) -> str:
    return text_of(facts.booked, facts.absences, facts.absences.keys() >= categories(facts.care_type))


def save_days(
    asked: Mapping[int, Days], by: Actor, reporter: Reporter, *, seen: Mapping[tuple[int, date], str] | None = None,
    where_care: bool = False,
) -> tuple[dict[int, dict[str, list[str]]], dict[tuple[int, date], str]]:
    """Do what was asked by child and day; all of it or, when something may not be, nothing.

    `seen` is how a page showed the days: one that somebody has changed since is refused.  `where_care` leaves days out
    on which a child has no care to book, and refuses when no other is left.  Answers by child what
    changed ({day: [before, after]}), and the days of which nothing was done with the key of the sentence why.
    """
    every = sorted(day for days in asked.values() for day in days)
    if not every:
        return {}, {}
    hold(asked)
    period = DateRange(every[0], every[-1])
    known = day_facts(asked.keys(), period, by)
    outcomes: dict[tuple[int, date], tuple[DayFacts, Outcome]] = {}
    skipped: dict[tuple[int, date], str] = {}
    for child, days in asked.items():
        for day, one in days.items():
            facts = known.get(child, {}).get(day)
            if where_care and (facts is None or not facts.has_care or facts.fixed):
                continue
            if facts is None:
                raise Refused("booking.no_place", day=day)
            if seen is not None and (child, day) in seen and seen[child, day] != day_text(facts):
                raise Refused("booking.changed", day=day)
            outcome = after(one, facts, reporter, by.today)
            outcomes[child, day] = facts, outcome
            if outcome.skipped:
                skipped[child, day] = outcome.skipped
    if where_care and not outcomes:
        raise Refused("booking.no_days")
    return _write(outcomes, by, reporter), skipped


def _write(
    outcomes: Mapping[tuple[int, date], tuple[DayFacts, Outcome]], by: Actor, reporter: Reporter,
) -> dict[int, dict[str, list[str]]]:
    gone, new, lifted, marked = [], [], [], []
    told: dict[int, dict[str, list[str]]] = {}
    redraft: dict[int, list[date]] = {}
    for (child, day), (facts, outcome) in outcomes.items():
        if outcome.booked != facts.booked:
            if facts.booked:
                gone.append((child, day))
            new += [
                {"child_id": child, "day": day, "begins": span and span.begins, "ends": span and span.ends,
                 "made_by": reporter} for span in outcome.booked
            ]
        if outcome.absences != facts.absences:
            redraft.setdefault(child, []).append(day)
            lifted += [(child, day, part) for part, noted in facts.absences.items()
                       if outcome.absences.get(part) != noted]
            marked += [
                {"child_id": child, "day": day, "category": part, "kind": noted.kind, "reported_by": noted.by}
                for part, noted in outcome.absences.items() if facts.absences.get(part) != noted
            ]
        before = day_text(facts)
        now = text_of(outcome.booked, outcome.absences, outcome.absences.keys() >= categories(facts.care_type))
        if before != now:
            told.setdefault(child, {})[day.isoformat()] = [before, now]
    _take(Booking, (Booking.child_id, Booking.day), gone)
    _take(Absence, (Absence.child_id, Absence.day, Absence.category), lifted)
    if new:
        db.session.execute(insert(Booking), new)
    if marked:
        db.session.execute(insert(Absence), marked)
    today = by.today.isoformat()
    tell_tablets([child for child, days in told.items() if today in days], [by.today], by)
    for child, days in redraft.items():
        redraft_month(child, DateRange(min(days), max(days)), by)
    return told


def _take(model: Any, key: tuple[Any, ...], rows: list[tuple[Any, ...]]) -> None:
    for first in range(0, len(rows), SOME):
        some = rows[first : first + SOME]
        days = [day for _, day, *_ in some]
        db.session.execute(delete(model).where(
            model.child_id.in_({child for child, *_ in some}), model.day.between(min(days), max(days)),  # by an index
            tuple_(*key).in_(some)).execution_options(synchronize_session=False))


def redraft_month(child: int, period: DateRange, by: Actor) -> None:
    """An invoice that is still a draft tells the truth."""
    db.session.flush()
    for head, month in drafts_of_child(child, period):
        draft([head], month, by)


def give_way(kind: type[BookingPattern] | type[ServiceTimes], child_id: int, period: DateRange) -> None:
    """What a child has of a kind is cut so that nothing of it meets the period."""
    rows = db.session.scalars(
        select(kind).where(kind.child_id == child_id, kind.meets(period)).order_by(kind.start)).all()
    for row, left in zip(rows, make_room([one.period for one in rows], period), strict=True):
        if left is None:
            db.session.delete(row)
        else:
            row.start, row.end = left.start, left.end
    db.session.flush()
