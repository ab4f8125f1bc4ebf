"""Weeks that repeat and absences by agreed hours, whose process is killed half way: nothing lost, nothing doubled."""

from __future__ import annotations

from collections import Counter
from datetime import date, time

import pytest
from sqlalchemy import func, select

from evaka.jobs import JOBS, run
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.booking import Booking, BookingPattern, ServiceTimes
from evaka.models.journal import AuditEvent
from evaka.rules.booking import Pattern, Span, TimesKind
from tests import factories
from tests.conftest import keep
from tests.jobs.families import killed

pytestmark = pytest.mark.usefixtures("database")
MANY = 45
MORNINGS = Pattern.of([Span(time(8), time(12))], {1, 2, 4, 5})  # not on Wednesdays


def children() -> list[int]:
    """Of each the week repeats, and the same hours were agreed."""
    found, unit = [], factories.unit()
    for _ in range(MANY):
        child = factories.child()
        factories.placement(child, date(2026, 6, 1), date(2026, 6, 26), unit=unit)
        factories.save(BookingPattern(child_id=child.id, start=date(2026, 6, 1), end=None, week=MORNINGS))
        factories.save(ServiceTimes(child_id=child.id, start=date(2026, 6, 1), end=None, kind=TimesKind.IRREGULAR,
                                    week=MORNINGS))
        found.append(child.id)
    keep()
    return found


def each(model: type[Booking | Absence]) -> dict[int, list[date]]:
    """By child the days, in order, as often as they are there."""
    db.session.rollback()
    found: dict[int, list[date]] = {}
    for child, day in db.session.execute(select(model.child_id, model.day).order_by(model.day)):
        found.setdefault(child, []).append(day)
    return found


OPEN = [date(2026, 6, day) for day in (8, 9, 11, 12, 15, 16, 18, 22, 23, 25, 26)]  # the 19th is Midsummer Eve
WEDNESDAYS = [date(2026, 6, day) for day in (3, 10, 17, 24)]


@pytest.mark.parametrize(("job", "model", "days", "line"), [
    ("booking.fill", Booking, OPEN, "booking.filled"),
    ("booking.generate", Absence, WEDNESDAYS, "booking.generated"),
])
def test_what_was_left_is_done_once_by_the_next_run(app, by, job, model, days, line):
    every = children()
    url, data = app.config["SQLALCHEMY_DATABASE_URI"], app.config["DATA"]
    begun = killed(url, data, job, "2026-06-01", lambda: len(each(model)), 4)
    assert 0 < begun < MANY
    outcome = run(JOBS[job], by())
    assert (outcome.done, outcome.failed) == (MANY - begun, {})
    assert each(model) == dict.fromkeys(every, days)
    told = Counter(db.session.scalars(select(AuditEvent.person_id).where(AuditEvent.action == line)))
    assert told == dict.fromkeys(every, 1)
    assert run(JOBS[job], by()).done == 0
    assert db.session.scalar(select(func.count(model.id))) == MANY * len(days)
