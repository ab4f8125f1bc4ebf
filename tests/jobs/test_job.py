"""A job's run: each item by itself, many at once where the job can, and a line in the journal."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import false, literal, select, union_all

from evaka.jobs.job import Job, Outcome, run
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.person import Person
from tests import factories
from tests.conftest import keep


@pytest.fixture
def people(database) -> list[Person]:
    rows = [factories.person(first_name=f"First{n}", phone=None) for n in range(4)]
    keep()
    return rows


def everybody(by: Any) -> Any:
    return select(Person.id).where(Person.phone.is_(None)).order_by(Person.id)


def call(id: int, by: Any) -> None:
    """Give a person a number; the second one refuses, the third one breaks something after a change."""
    person = db.session.get_one(Person, id)
    person.phone = "09 123"
    if person.first_name == "First1":
        raise Refused("journal.already_sent", at=by.now)
    if person.first_name == "First2":
        db.session.flush()
        raise ZeroDivisionError


def test_one_items_trouble_stops_nobody_else_and_is_taken_back(people, by):
    outcome = run(Job("test.call", everybody, call), by(None))
    assert outcome.done == 2
    assert outcome.failed == {people[1].id: "journal.already_sent", people[2].id: "ZeroDivisionError"}
    assert [person.phone for person in people] == ["09 123", None, None, "09 123"]


def test_what_a_job_changes_stands_in_the_journal_as_its_own_doing(people, by):
    run(Job("test.call", everybody, call), by(None))
    lines = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(line.action, line.user_id, line.facts["items"]) for line in lines] == [
        ("job.test.call", None, [people[0].id]), ("job.test.call", None, [people[3].id])]
    assert lines[0].facts["changes"] == [[f"person {people[0].id}", "phone", None, "09 123"]]
    assert lines[0].at == by(None).now


def test_done_twice_a_job_does_nothing_the_second_time(people, by):
    job = Job("test.call", everybody, lambda id, by: setattr(db.session.get_one(Person, id), "phone", "1"))
    assert [run(job, by(None)).done for _ in range(2)] == [4, 0]


def test_a_job_of_many_at_once_gets_them_in_batches(people, by):
    seen: list[list[int]] = []
    job = Job("test.many", everybody, lambda ids, by: seen.append(ids), batch=3)
    assert run(job, by(None)).done == 4
    ids = [person.id for person in people]
    assert seen == [ids[:3], ids[3:]]


def test_a_batch_in_trouble_is_done_one_by_one(people, by):
    def do(ids: list[int], by: Any) -> None:
        for id in ids:
            call(id, by)

    outcome = run(Job("test.many", everybody, do, batch=4), by(None))
    assert (outcome.done, list(outcome.failed)) == (2, [people[1].id, people[2].id])
    assert [person.phone for person in people] == ["09 123", None, None, "09 123"]


def test_a_job_may_tell_what_it_could_not_do_and_the_rest_is_saved(people, by):
    def do(ids: list[int], by: Any) -> dict[int, str]:
        for id in ids[1:]:
            db.session.get_one(Person, id).phone = "1"
        return {ids[0]: "test.why"}

    outcome = run(Job("test.many", everybody, do, batch=4), by(None))
    assert (outcome.done, outcome.failed) == (3, {people[0].id: "test.why"})
    assert [person.phone for person in people] == [None, "1", "1", "1"]


def test_a_run_that_is_stopped_says_so_and_leaves_the_rest(people, by):
    outcome = Outcome()
    job = Job("test.call", everybody, lambda id, by: None)
    run(job, by(None), outcome, stopped=lambda: outcome.done == 2)
    assert (outcome.done, outcome.cut) == (2, True)


def test_reasons_are_gathered_and_name_no_values(by):
    failed = dict.fromkeys(range(1, 26), "ValueError") | {99: "journal.already_sent"}
    assert Outcome(failed=failed).reasons.splitlines() == [
        f"ValueError: {', '.join(map(str, range(1, 21)))}, …", "journal.already_sent: 99"]


def test_nothing_left_is_nothing_done(database, by):
    job = Job("test.none", lambda by: union_all(select(literal(1)).where(false())), lambda id, by: 1 / 0)
    assert run(job, by(None)) == Outcome()
