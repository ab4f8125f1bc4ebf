"""Processes over one database: every due moment runs once, and what a killed one began is finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import false, literal, select, union_all

from evaka.jobs import JOBS, Schedule, Scheduler, run_once, schedules
from evaka.jobs.job import Job
from evaka.jobs.scheduler import RUNS
from evaka.kit.errors import ConfigMistake, Refused
from evaka.models.base import db
from evaka.models.journal import JobRun, Lease

NIGHT = datetime(2026, 6, 1, 9, 0, 30, tzinfo=UTC)  # noon in Helsinki and half a minute
HOURLY = Schedule(minute="30")


def runs() -> list[Any]:
    """The rows of the ledger as they are on disk."""
    with db.engine.connect() as connection:
        return list(connection.execute(sa.select(RUNS).order_by(RUNS.c.id)).all())


def items(*ids: int) -> Any:
    return union_all(*(select(literal(id)) for id in ids))


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock(NIGHT)


@pytest.fixture
def process(app, database, clock) -> Callable[..., Scheduler]:
    """A process that ticks when it is told to, by the test's clock."""

    def make(jobs: dict[str, Job], schedules: dict[str, Schedule] | None = None) -> Scheduler:
        return Scheduler(app, jobs, schedules or {}, tick=5, lease=30, clock=clock)

    return make


def job(done: list[int], *ids: int) -> dict[str, Job]:
    return {"test.job": Job("test.job", lambda by: items(*ids), lambda id, by: done.append(id))}


def work(process: Scheduler) -> int:
    """One tick, and everything that it claimed."""
    claims = process.tick()
    for claim in claims:
        process.perform(claim)
    return len(claims)


def test_only_the_process_with_the_lease_runs_jobs(process, clock):
    done: list[int] = []
    first, second = (process(job(done, 1), {"test.job": HOURLY}) for _ in range(2))
    assert (work(first), work(second)) == (1, 0)
    clock.later(hours=1)
    assert (work(second), work(first)) == (1, 0)  # the first has not renewed its lease for an hour
    assert done == [1, 1]
    assert [(run.due.astimezone(UTC).hour, run.status) for run in runs()] == [(8, "done"), (9, "done")]


def test_a_lease_passes_on_when_it_has_run_out_and_at_once_when_the_process_stops(process, clock):
    first, second = process({}), process({})
    first.tick()
    clock.later(seconds=29)
    second.tick()
    assert db.session.scalar(select(Lease.owner)) == first.owner
    db.session.rollback()
    clock.later(seconds=2)
    second.tick()
    assert db.session.scalar(select(Lease.owner)) == second.owner
    db.session.rollback()
    second.stop()
    third = process({})
    third.tick()
    assert db.session.scalar(select(Lease.owner)) == third.owner


def test_runs_missed_while_the_server_was_down_are_caught_up_once(process, clock):
    done: list[int] = []
    clock.later(days=-1)
    work(process(job(done, 1), {"test.job": HOURLY}))
    clock.later(days=1)
    again = process(job(done, 1), {"test.job": HOURLY})
    assert [work(again), work(again)] == [1, 0]
    assert [run.due.astimezone(UTC) for run in runs()] == [
        datetime(2026, 5, 31, 8, 30, tzinfo=UTC), datetime(2026, 6, 1, 8, 30, tzinfo=UTC)]


def test_a_run_that_was_missed_for_more_than_a_day_is_not_caught_up(process):
    assert process(job([], 1), {"test.job": Schedule(hour="4", day_of_week="sat")}).tick() == []


def test_a_job_whose_times_are_off_runs_only_when_asked(process):
    done: list[int] = []
    office = process(job(done, 1), {"test.job": Schedule(minute="*", on=False)})
    assert work(office) == 0
    db.session.add(JobRun(job="test.job", due=NIGHT, trigger="manual", status="queued"))
    db.session.commit()
    assert [work(office), work(office)] == [1, 0]
    assert [(run.trigger, run.status, run.attempt, run.done) for run in runs()] == [("manual", "done", 1, 1)]


def test_a_job_never_runs_twice_at_the_same_time(process, clock):
    office = process(job([], 1), {"test.job": Schedule(minute="*")})
    [claim] = office.tick()
    office.in_hand.add(claim.id)  # it has begun, and takes longer than a minute and than the lease
    db.session.add(JobRun(job="test.job", due=NIGHT, trigger="manual", status="queued"))
    db.session.commit()
    for _ in range(7):
        clock.later(seconds=10)
        assert office.tick() == []
    office.perform(claim)
    assert work(office) == 1  # what was asked for in the meantime
    assert work(office) == 1  # and the minute that has come


def test_what_a_dead_process_began_is_finished_once_and_then_lost(process, clock):
    done: list[int] = []
    office = process(job(done, 1, 2), {"test.job": HOURLY})
    assert len(office.tick()) == 1  # claimed, and the process dies here
    clock.later(seconds=31)
    second = process(job(done, 1, 2), {"test.job": HOURLY})
    [claim] = second.tick()
    assert claim.attempt == 2  # and this one dies too
    clock.later(seconds=31)
    assert process(job(done, 1, 2), {"test.job": HOURLY}).tick() == []
    assert [(run.status, run.attempt) for run in runs()] == [("lost", 2)]
    office.perform(claim)  # the first wakes up after all: the run is no longer its own
    assert [(run.status, run.done) for run in runs()] == [("lost", 0)]


def test_a_process_that_stops_puts_its_run_back_and_another_goes_on(process):
    done: list[int] = []

    def left(by: Any) -> Any:
        return items(*(id for id in (1, 2, 3) if id not in done))

    def do_one_and_stop(id: int, by: Any) -> None:
        done.append(id)
        first.stop()

    first = process({"test.job": Job("test.job", left, do_one_and_stop)}, {"test.job": HOURLY})
    work(first)
    assert done == [1]
    assert [(run.status, run.attempt) for run in runs()] == [("queued", 0)]
    second = process({"test.job": Job("test.job", left, lambda id, by: done.append(id))})
    work(second)
    assert done == [1, 2, 3]
    assert [(run.status, run.attempt) for run in runs()] == [("done", 1)]


def test_a_run_shows_how_far_it_is_and_stops_when_another_process_has_taken_it(app, database):
    seen: list[Any] = []

    def do(id: int, by: Any) -> None:
        time.sleep(0.3)
        seen.extend(runs())
        if id == 2:
            with db.engine.begin() as connection:
                connection.execute(sa.update(RUNS).values(owner="another"))
            time.sleep(0.3)

    office = Scheduler(app, {"test.job": Job("test.job", lambda by: items(1, 2, 3), do)},
                       {"test.job": Schedule(minute="*")}, tick=0.05, lease=1)
    [claim] = office.tick()
    outcome = office.perform(claim)
    assert (outcome.done, outcome.cut) == (2, True)
    first, second = seen
    assert first.started < first.heartbeat < second.heartbeat
    assert (first.done, second.done) == (0, 1)
    assert [(run.owner, run.status) for run in runs()] == [("another", "running")]


def test_an_item_in_trouble_is_named_and_the_run_has_failed(process):
    def do(id: int, by: Any) -> None:
        if id == 2:
            raise Refused("journal.already_sent", at=NIGHT)
        if id == 3:
            raise KeyError("Virtanen")

    work(process({"test.job": Job("test.job", lambda by: items(1, 2, 3, 4), do)}, {"test.job": HOURLY}))
    [run] = runs()
    assert (run.status, run.done, run.failed) == ("failed", 2, 2)
    assert run.message == "journal.already_sent: 2\nKeyError: 3"


def test_a_question_that_cannot_be_asked_fails_the_run(process):
    def todo(by: Any) -> Any:
        raise LookupError("no such table")

    work(process({"test.job": Job("test.job", todo, lambda id, by: None)}, {"test.job": HOURLY}))
    assert [(run.status, run.message) for run in runs()] == [("failed", "LookupError")]


def test_of_runs_that_found_nothing_only_the_latest_is_kept(process, clock):
    nothing = {"test.job": Job("test.job", lambda by: select(literal(1)).where(false()), lambda id, by: None)}
    office = process(nothing, {"test.job": Schedule(minute="*")})
    for _ in range(3):
        assert work(office) == 1
        clock.later(minutes=1)
    assert [run.due.astimezone(UTC) for run in runs()] == [datetime(2026, 6, 1, 9, 2, tzinfo=UTC)]


def test_a_queued_run_of_a_job_that_is_gone_has_failed(process):
    db.session.add(JobRun(job="test.gone", due=NIGHT, trigger="manual", status="queued"))
    db.session.commit()
    assert process({}).tick() == []
    assert [(run.status, run.message) for run in runs()] == [("failed", "journal.no_such_job")]


def test_a_command_runs_a_job_at_its_own_moment_but_not_beside_another_run(app, database):
    name = "journal.send_email"
    assert run_once(name, NIGHT).done == 0
    assert [(run.job, run.trigger, run.status) for run in runs()] == [(name, "manual", "done")]
    db.session.add(JobRun(job=name, due=NIGHT, trigger="schedule", status="running", heartbeat=NIGHT))
    db.session.commit()
    with pytest.raises(Refused) as no:
        run_once(name, NIGHT)
    assert no.value.key == "journal.already_waiting"
    with pytest.raises(Refused) as no:
        run_once("journal.no_such", NIGHT)
    assert no.value.key == "journal.no_such_job"


def test_every_job_has_its_times_in_the_citys_configuration(app):
    assert schedules().keys() == JOBS.keys()


def test_a_lease_shorter_than_two_ticks_is_refused(app, database):
    with pytest.raises(ConfigMistake, match="JOBS_LEASE"):
        Scheduler(app, {}, {}, tick=5, lease=6)


# -- real processes, really killed -------------------------------------------------------------------

POSTGRES = os.environ.get("EVAKA_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
TICK, LEASE = 0.3, 3.0


def postgres() -> str:
    """A fresh database beside the tests' own, or a skip where no PostgreSQL answers."""
    server = sa.make_url(POSTGRES).set(drivername="postgresql+psycopg")
    name = f"evaka_jobs_{os.getpid()}"
    keeper = sa.create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 2})
    try:
        with keeper.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL answers")
    finally:
        keeper.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger(request, tmp_path) -> Iterator[sa.Engine]:
    """An empty database that only the processes of this test use."""
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}" if request.param == "sqlite" else postgres()
    engine = sa.create_engine(url)
    tables = [db.metadata.tables[name] for name in ("job_run", "lease", "city_table")]
    with engine.begin() as connection:
        for table in tables:  # without their references: nothing else is in this database
            copy = table.to_metadata(sa.MetaData())
            for key in list(copy.foreign_key_constraints):
                copy.constraints.discard(key)
            connection.execute(sa.schema.CreateTable(copy, include_foreign_key_constraints=[]))
    yield engine
    engine.dispose()
    if request.param == "postgresql":
        name = engine.url.database
        keeper = sa.create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with keeper.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        keeper.dispose()


def until(reached: Callable[[], Any], seconds: float) -> Any:
    """Wait for something to be true, and answer it."""
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def test_when_the_leader_is_killed_another_process_finishes_its_run_and_none_runs_twice(ledger, tmp_path):
    log = tmp_path / "log"
    log.touch()
    url = ledger.url.render_as_string(hide_password=False)

    def begin() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.processes", url, str(log), str(TICK), str(LEASE)],
            cwd=Path(__file__).parent.parent.parent,
        )

    def lines(word: str) -> list[tuple[float, int, str]]:
        found = [line.split() for line in log.read_text().splitlines()]
        return [(float(at), int(pid), " ".join(rest)) for at, pid, what, *rest in found if what == word]

    def ask(job: str) -> None:
        row = {"job": job, "due": datetime.now(UTC), "trigger": "manual", "status": "queued"}
        with ledger.begin() as connection:
            connection.execute(sa.insert(RUNS).values(row))

    def of(job: str) -> list[Any]:
        with ledger.connect() as connection:
            return list(connection.execute(sa.select(RUNS).where(RUNS.c.job == job)).all())

    processes = [begin(), begin()]
    try:
        until(lambda: len(lines("up")) == 2 and lines("beat"), 60)  # a busy machine starts slowly
        ask("test.slow")
        ask("test.once")
        until(lambda: len(lines("slow")) >= 3, 30)
        leader = lines("slow")[0][1]
        assert {pid for _, pid, _ in lines("beat")} == {leader}

        os.kill(leader, signal.SIGKILL)
        killed = time.time()
        until(lambda: [run for run in of("test.slow") if run.status == "done"], 40)

        heirs = [(at, pid) for at, pid, _ in lines("beat") if at > killed + 0.1]
        assert {pid for _, pid in heirs} == {process.pid for process in processes} - {leader}
        assert heirs[0][0] - killed < LEASE + 5  # the lease runs out; the rest is for a busy machine
        [run] = of("test.slow")
        assert run.attempt == 2
        slow = Counter(item for _, _, item in lines("slow"))
        assert slow.keys() == {str(id) for id in range(10)}
        assert max(slow.values()) == 1
        assert {pid for _, pid, _ in lines("slow")} == {process.pid for process in processes}
        assert len(lines("once")) == 1
        slots = [run.due for run in of("test.beat")]
        assert len(slots) == len(set(slots)) == len(lines("beat"))
    finally:
        for process in processes:
            process.kill()
            process.wait()
