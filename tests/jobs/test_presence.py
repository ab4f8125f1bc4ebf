"""The jobs of the day: who was left signed in, notes whose time is over, adults who forgot to sign out."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from evaka.access import Actor
from evaka.actions import presence as act
from evaka.jobs import run, run_once
from evaka.jobs.presence import CLOSE_DAY, EXPIRE_NOTES
from evaka.jobs.staff import END_LEFT_OPEN
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent, JobRun
from evaka.models.presence import DayNote, Presence, Tap
from evaka.rules.presence import Tapped
from tests import factories
from tests.conftest import keep, statements

pytestmark = pytest.mark.usefixtures("database")
YESTERDAY = date(2026, 6, 1)
MIDNIGHT = datetime(2026, 6, 2, 0, 2, tzinfo=HELSINKI)


def left_open(count: int) -> None:
    unit = factories.unit()
    for _ in range(count):
        child = factories.child()
        factories.placement(child, date(2026, 1, 1), unit=unit)
        factories.presence(child, unit, YESTERDAY)
    keep()


def test_the_day_is_closed_once_and_stands_in_the_history():
    left_open(3)
    outcome = run_once("presence.close_day", MIDNIGHT)
    assert (outcome.done, outcome.failed) == (3, {})
    db.session.expire_all()
    assert set(db.session.scalars(select(Presence.left))) == {time(23, 59)}
    lines = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "job.presence.close_day")).all()
    assert len({line.person_id for line in lines}) == 3
    assert db.session.scalars(select(JobRun).where(JobRun.job == "presence.close_day")).one().done == 3
    assert run(CLOSE_DAY, Actor(None, MIDNIGHT)).done == 0


def test_many_are_closed_by_few_statements():
    counts = []
    for n in (5, 50):
        left_open(n)
        with statements() as asked:
            run(CLOSE_DAY, Actor(None, MIDNIGHT))
        counts.append(len(asked))
    assert counts[1] <= counts[0]  # the first time the journal begins its chain


def test_somebody_signs_out_between_the_question_and_the_answer():
    left_open(1)
    by = Actor(None, MIDNIGHT)
    ids = list(db.session.scalars(act.open_from_before(by)))
    db.session.execute(Presence.__table__.update().values(left=time(17)))
    act.close_open(ids, by)
    assert db.session.scalars(select(Presence.left)).one() == time(17)


def test_notes_and_old_taps_go_and_what_stood_in_them_is_told_nowhere():
    child = factories.child()
    unit = factories.unit()
    factories.save(DayNote(child_id=child.id, text="Metsäretki", edited=MIDNIGHT - timedelta(hours=15)))
    for n, days in enumerate((31, 29)):
        factories.save(Tap(key=f"tap-{n}", unit_id=unit.id, child_id=child.id, what=Tapped.ARRIVE,
                           at=MIDNIGHT, received=MIDNIGHT - timedelta(days=days)))
    keep()
    assert run(EXPIRE_NOTES, Actor(None, MIDNIGHT)).done == 2
    assert db.session.scalar(select(func.count(DayNote.id))) == 0
    assert db.session.scalars(select(Tap.key)).all() == ["tap-1"]
    assert "Metsäretki" not in str(db.session.scalars(select(AuditEvent.facts)).all())
    assert run(EXPIRE_NOTES, Actor(None, MIDNIGHT)).done == 0


def test_adults_who_forgot_to_sign_out():
    unit = factories.unit()
    group = factories.group(unit)
    row = factories.at_work(factories.user("staff", unit=unit, group=group), group, MIDNIGHT - timedelta(hours=13))
    keep()
    assert run(END_LEFT_OPEN, Actor(None, MIDNIGHT)).done == 1
    db.session.expire_all()
    assert row.left == MIDNIGHT - timedelta(hours=1)
    assert run(END_LEFT_OPEN, Actor(None, MIDNIGHT)).done == 0
