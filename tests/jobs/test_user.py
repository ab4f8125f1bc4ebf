"""What the night does to users: sessions without a right end, and names that nobody uses are closed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions import user as act
from evaka.jobs import run
from evaka.jobs.user import CLOSE_IDLE, END_SESSIONS, close
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent, Email
from evaka.models.user import Grant, User
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")

TODAY = date(2026, 6, 1)
NIGHT = Actor(None, datetime(2026, 6, 1, 1, 10, tzinfo=HELSINKI))


@pytest.fixture(autouse=True)
def eight_weeks(database: None) -> Any:
    """A city that has changed nothing: 8 weeks, with a warning of 2."""
    city.choose("base")
    yield
    city.choose("harjula")


def ago(days: int, hour: int = 12) -> datetime:
    day = TODAY - timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=HELSINKI)


def worker(days: int | None, role: str = "service_worker", **fields: Any) -> User:
    """Somebody who logged in some days ago, or never."""
    return factories.user(role, last_login=None if days is None else ago(days), **fields)


def closed() -> set[int]:
    """Those whom the night closes."""
    keep()
    outcome = run(CLOSE_IDLE, NIGHT)
    assert not outcome.failed
    found = set(db.session.scalars(select(User.id).where(~User.active)))
    assert outcome.done == len(found)
    return found


def lines(key: str) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == key)))


def test_who_has_not_come_for_eight_weeks_is_closed_and_told_so() -> None:
    """56 days before 1.6. was 6.4.; whoever came on that day stays one night more."""
    lately, on_the_day, before = worker(3), worker(56), worker(57)
    never = worker(None)
    assert closed() == {before.id, never.id}
    assert on_the_day.active
    assert lately.active
    assert (before.closed_reason, before.grants[0].end) == (act.IDLE, TODAY)
    mails = db.session.scalars(select(Email).order_by(Email.user_id)).all()
    assert [(mail.user_id, mail.text, mail.person_id) for mail in mails] == [
        (before.id, "user_closed", None), (never.id, "user_closed", None)]
    assert [line.subject_id for line in lines("user.deactivate")] == [before.id, never.id]
    changes = {name: new for _, name, _, new in lines("user.deactivate")[0].facts["changes"]}
    assert (changes["active"], changes["end"]) == (False, "2026-06-01")


def test_twice_is_once() -> None:
    worker(100)
    keep()
    assert [run(CLOSE_IDLE, NIGHT).done for _ in range(2)] == [1, 0]
    assert len(db.session.scalars(select(Email)).all()) == len(lines("user.deactivate")) == 1


def test_guardians_are_left_in_peace() -> None:
    guardian = factories.user("guardian", person=factories.person(), last_login=ago(900))
    assert closed() == set()
    assert guardian.active


@pytest.mark.parametrize(("days", "stays"), [(56, True), (57, False)])
def test_a_change_of_roles_counts_like_a_log_in(days: int, stays: bool) -> None:
    user = worker(200, rights_changed=TODAY - timedelta(days=days))
    assert (closed() == set()) is stays
    assert user.active is stays


@pytest.mark.parametrize("start", [TODAY - timedelta(days=10), date(2026, 8, 1)])
def test_somebody_whose_role_has_just_begun_or_is_to_come_stays(start: date) -> None:
    user = worker(None)
    user.grants[0].start = start
    assert closed() == set()


def test_a_role_that_is_given_lets_somebody_stay_for_eight_weeks_more() -> None:
    user, admin = worker(200), worker(1, "admin")
    [given] = act.give_role(user, Actor(admin, ago(0)), role="finance", start=date(2026, 1, 1))
    assert closed() == set()
    assert given.end is None


def test_somebody_is_left_who_can_let_the_others_in_again() -> None:
    first, second = worker(300, "admin"), worker(400, "admin")
    clerk = worker(300)
    assert closed() == {clerk.id}
    assert first.active
    assert second.active


def test_an_administrator_whom_the_city_can_do_without_is_closed_like_anybody() -> None:
    worker(2, "admin")
    idle = worker(300, "admin")
    assert closed() == {idle.id}


def test_who_comes_between_question_and_answer_stays() -> None:
    user = worker(100)
    user.last_login = ago(0)
    keep()
    close(user.id, NIGHT)
    assert user.active


@pytest.mark.parametrize(("days", "soon"), [(42, False), (43, True), (56, True)])
def test_the_list_of_warning_holds_those_whose_last_two_weeks_have_begun(days: int, soon: bool) -> None:
    user = worker(days)
    db.session.flush()
    found = db.session.scalars(select(User.id).where(act.closed_soon(TODAY))).all()
    assert (found == [user.id]) is soon


def test_the_warning_comes_true_to_the_day() -> None:
    """Who stands on the list today for the first time is closed in two weeks and not before."""
    user = worker(43)
    keep()
    for days in range(14):
        assert run(CLOSE_IDLE, Actor(None, NIGHT.now + timedelta(days=days))).done == 0
    assert run(CLOSE_IDLE, Actor(None, NIGHT.now + timedelta(days=14))).done == 1
    assert not db.session.get_one(User, user.id).active


def test_the_session_of_a_right_that_has_ended_is_closed_once() -> None:
    unit = factories.unit()
    stays, goes = factories.user("director", unit), factories.user("director", unit)
    late = ago(1, 23) + timedelta(minutes=30)
    tokens = [act.open_session(user, late, "192.0.2.7", "pytest") for user in (stays, goes)]
    goes.grants[0].end = TODAY - timedelta(days=1)
    keep()
    night = Actor(None, datetime(2026, 6, 1, 0, 0, 30, tzinfo=HELSINKI))
    assert [run(END_SESSIONS, night).done for _ in range(2)] == [1, 0]
    assert [act.session_of(token, night.now, "pytest") is not None for token in tokens] == [True, False]
    [line] = lines("user.end_sessions")
    assert (line.subject_id, line.user_id, line.facts) == (goes.id, None, {"ended": 1})


def test_a_role_that_begins_tomorrow_opens_no_session_of_today() -> None:
    user = factories.user("finance")
    user.grants[0].start = TODAY + timedelta(days=1)
    act.open_session(user, NIGHT.now, "192.0.2.7", "pytest")
    keep()
    assert run(END_SESSIONS, NIGHT).done == 1
    assert db.session.scalars(select(Grant.role).where(Grant.user_id == user.id)).all() == ["finance"]
