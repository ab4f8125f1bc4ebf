"""Who runs the jobs: every serving process ticks, one holds the lease, and each run is a row claimed once.

 - The lease says which process runs jobs.  It renews it at every tick; when it dies, the lease runs out and
   the next tick of another process takes it.  The clocks of the machines must agree to a second or two.
 - A run is a row (job, due), so no due moment runs twice.  Missed ones are caught up once, within a day.
 - A run whose process died has a heartbeat that stands still: the next leader finishes it as attempt 2.  If
   that dies too, the run is lost and says so.
 - "Run now" is a queued row that somebody wrote; the leader takes it like the others.

The ledger has connections of its own: a job's transaction neither carries nor hides what is written here.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import sqlalchemy as sa
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError

from evaka.access import Actor
from evaka.jobs.job import Job, Outcome, run
from evaka.jobs.schedule import Schedule
from evaka.kit.errors import ConfigMistake, Refused
from evaka.models.base import HELSINKI, db
from evaka.models.connection import writing
from evaka.models.journal import JobRun, Lease

log = logging.getLogger(__name__)
RUNS: sa.Table = JobRun.__table__  # type: ignore[assignment]
LEASES: sa.Table = Lease.__table__  # type: ignore[assignment]
GRACE = timedelta(hours=24)  # a run that was missed for longer is not caught up
ATTEMPTS = 2


@dataclass(frozen=True)
class Claim:
    """A run that this process has taken."""

    id: int
    job: str
    attempt: int


class Scheduler:
    """One process's turn at the jobs.  `tick` and `lease` are seconds; `clock` is the wall clock, in UTC.

    The clock of the ledger is never the one that the demo or a test has set: a lease must run out.
    """

    def __init__(
        self, app: Flask, jobs: Mapping[str, Job], schedules: Mapping[str, Schedule], *,
        tick: float = 5, lease: float = 30, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if lease < 2 * tick:
            raise ConfigMistake("JOBS_LEASE", f"a lease of {lease} s is lost between two ticks of {tick} s",
                                "Make the lease several times as long as JOBS_TICK.")
        self.app, self.jobs, self.schedules, self.clock = app, jobs, schedules, clock
        self.seconds, self.lease = tick, timedelta(seconds=lease)
        self.owner = f"{socket.gethostname()[:50]}:{os.getpid()}:{secrets.token_hex(3)}"
        self.engine = db.engine
        self.considered: dict[str, datetime] = {}  # by job, the newest due moment that needs no second look
        self.in_hand: set[int] = set()  # the runs that this process is in the middle of
        self.stopping = Event()
        self.ticker = BackgroundScheduler(timezone="UTC")
        self.ticker.add_job(self._beat, "interval", seconds=tick, next_run_time=datetime.now(UTC),
                            max_instances=1, coalesce=True, misfire_grace_time=None)

    def start(self) -> None:
        self.ticker.start()

    def stop(self) -> None:
        """Stop between two items, put the runs in hand back, and hand over the lease."""
        self.stopping.set()
        if self.ticker.running:
            self.ticker.shutdown(wait=True)
        with self._ledger() as ledger:
            ledger.execute(sa.update(LEASES).where(LEASES.c.owner == self.owner).values(until=self.clock()))

    def _beat(self) -> None:
        try:
            for claim in self.tick():  # in the pool: a long job must not hold up the tick
                self.ticker.add_job(self.perform, args=[claim], misfire_grace_time=None)
        except OperationalError as no:
            log.warning("the jobs wait, the database did not answer: %s", no.orig)

    # -- what is to be run --------------------------------------------------------------------

    def tick(self) -> list[Claim]:
        """If this process holds the lease, or can take it: claim the runs whose time has come."""
        now = self.clock()
        if self.stopping.is_set() or not self._leads(now):
            return []
        found = [self._resume(row, now) for row in self._dead(now)]
        busy = self._busy()
        found += [self._take(row, now) for row in self._queued() if row.job not in busy]
        busy = self._busy()
        for name, schedule in self.schedules.items():
            if name not in busy and schedule.on:
                found.append(self._claim_due(name, schedule, now))
        return [claim for claim in found if claim]

    def _leads(self, now: datetime) -> bool:
        """Take or renew the lease; false while another process holds it."""
        mine = {"owner": self.owner, "until": now + self.lease}
        with self._ledger(write=False) as ledger:
            held = ledger.execute(sa.select(LEASES).where(LEASES.c.name == "jobs")).first()
        if held and held.owner != self.owner and held.until > now:
            return False
        with self._ledger() as ledger:
            if held is None:
                statement = self._insert(LEASES).values(name="jobs", **mine).on_conflict_do_nothing()
            else:
                free = sa.or_(LEASES.c.owner == self.owner, LEASES.c.until <= now)
                statement = sa.update(LEASES).where(LEASES.c.name == "jobs", free).values(**mine)
            return ledger.execute(statement.returning(LEASES.c.id)).first() is not None

    def _claim_due(self, name: str, schedule: Schedule, now: datetime) -> Claim | None:
        """The newest due run of a job, unless somebody has had it."""
        due = schedule.latest_due(self.considered.get(name, now - GRACE), now)
        if due is None:
            return None
        row = self._begun(name, now) | {"due": due, "trigger": "schedule"}
        statement = self._insert(RUNS).values(**row).on_conflict_do_nothing(index_elements=["job", "due"])
        with self._ledger() as ledger:  # on PostgreSQL only RETURNING says whether it went in
            id = ledger.scalar(statement.returning(RUNS.c.id))
        self.considered[name] = due
        return id and Claim(id, name, 1)

    def _begun(self, name: str, now: datetime) -> dict[str, Any]:
        return {"job": name, "status": "running", "owner": self.owner, "attempt": 1, "started": now,
                "heartbeat": now}

    def _queued(self) -> list[sa.Row[Any]]:
        """The oldest waiting run of each job: the others of its kind wait for it."""
        with self._ledger(write=False) as ledger:
            query = sa.select(RUNS).where(RUNS.c.status == "queued").order_by(RUNS.c.due.desc())
            return list({row.job: row for row in ledger.execute(query)}.values())

    def _dead(self, now: datetime) -> list[sa.Row[Any]]:
        """The runs whose process has not been heard of for the length of a lease."""
        silent = sa.and_(RUNS.c.status == "running", RUNS.c.heartbeat < now - self.lease)
        with self._ledger(write=False) as ledger:
            rows = ledger.execute(sa.select(RUNS).where(silent)).all()
        return [row for row in rows if row.id not in self.in_hand]  # ours lives, it only could not say so

    def _busy(self) -> set[str]:
        """The jobs that run: a second run beside the first would do the same items twice."""
        with self._ledger(write=False) as ledger:
            return set(ledger.scalars(sa.select(RUNS.c.job).where(RUNS.c.status == "running")))

    def _resume(self, row: sa.Row[Any], now: datetime) -> Claim | None:
        if row.attempt < ATTEMPTS:
            return self._take(row, now)
        self._close(Claim(row.id, row.job, row.attempt), row.owner, status="lost", ended=now)
        log.error("job %s due %s is lost: its process died %d times", row.job, row.due, row.attempt)
        return None

    def _take(self, row: sa.Row[Any], now: datetime) -> Claim | None:
        if row.job not in self.jobs:  # queued or begun by another version of the program
            claim = Claim(row.id, row.job, row.attempt)
            self._close(claim, row.owner, status="failed", ended=now, message="journal.no_such_job")
            return None
        mine = self._begun(row.job, now) | {"attempt": row.attempt + 1, "done": 0, "failed": 0}
        unchanged = (RUNS.c.id == row.id, RUNS.c.status == row.status, RUNS.c.attempt == row.attempt)
        with self._ledger() as ledger:
            taken = ledger.scalar(sa.update(RUNS).where(*unchanged).values(**mine).returning(RUNS.c.id))
        return taken and Claim(row.id, row.job, row.attempt + 1)

    # -- a run ------------------------------------------------------------------------------------

    def perform(self, claim: Claim, now: datetime | None = None) -> Outcome:
        """Run the job of a claim.  `now` is the moment at which it acts, by default that of the pages."""
        outcome, over, taken_away = Outcome(), Event(), Event()
        self.in_hand.add(claim.id)
        pulse = Thread(target=self._pulse, args=(claim, outcome, over, taken_away), daemon=True)
        pulse.start()
        end: dict[str, Any] = {"status": "failed"}
        try:
            with self.app.app_context():
                by = Actor(None, now or self._now())
                run(self.jobs[claim.job], by, outcome,
                    stopped=lambda: taken_away.is_set() or self.stopping.is_set())
            end = {"status": "failed" if outcome.failed else "done", "message": outcome.reasons[:4000]}
        except Exception as no:  # the question itself failed; the items have their own nets
            log.exception("job %s could not begin", claim.job)
            end["message"] = type(no).__name__
        finally:
            over.set()
            pulse.join()
            self.in_hand.discard(claim.id)
        if outcome.cut and self.stopping.is_set():  # another process goes on, and it counts as no attempt
            end = {"status": "queued", "attempt": claim.attempt - 1}
        end |= {"ended": self.clock(), "done": outcome.done, "failed": len(outcome.failed)}
        self._close(claim, self.owner, **end)
        return outcome

    def _pulse(self, claim: Claim, outcome: Outcome, over: Event, taken_away: Event) -> None:
        """While the job runs, show that we live and how far it is; learn if somebody thought us dead."""
        while not over.wait(self.seconds):
            try:
                with self._ledger() as ledger:
                    ours = ledger.scalar(
                        sa.update(RUNS).where(*self._of(claim, self.owner)).returning(RUNS.c.id)
                        .values(heartbeat=self.clock(), done=outcome.done, failed=len(outcome.failed)))
            except OperationalError as no:
                log.warning("job %s runs, but the database did not answer: %s", claim.job, no.orig)
                continue
            if ours is None:
                log.error("job %s was taken over by another process and stops here", claim.job)
                taken_away.set()
                return

    def _close(self, claim: Claim, owner: str, **values: Any) -> None:
        """End a run that is still the owner's.  Of runs that found nothing to do only the latest is kept."""
        empty = (RUNS.c.job == claim.job, RUNS.c.trigger == "schedule", RUNS.c.status == "done",
                 RUNS.c.done == 0, RUNS.c.failed == 0, RUNS.c.id < claim.id)
        with self._ledger() as ledger:
            ledger.execute(sa.update(RUNS).where(*self._of(claim, owner)).values(**values))
            if values["status"] == "done":
                ledger.execute(sa.delete(RUNS).where(*empty))

    def run_once(self, name: str, now: datetime) -> Outcome:
        """A run that somebody asks for and waits for.  Raises Refused while the job is running."""
        moment = self.clock()
        row = self._begun(name, moment) | {"due": moment, "trigger": "manual"}
        if name in self._busy():
            raise Refused("journal.already_waiting", job=f"job.{name}")
        with self._ledger() as ledger:
            id = ledger.execute(sa.insert(RUNS).values(**row).returning(RUNS.c.id)).scalar_one()
        return self.perform(Claim(id, name, 1), now)

    def _of(self, claim: Claim, owner: str) -> tuple[sa.ColumnElement[bool], ...]:
        """The row of a claim, as long as nobody else has taken it."""
        return (RUNS.c.id == claim.id, RUNS.c.owner == owner, RUNS.c.status.in_(("queued", "running")))

    def _now(self) -> datetime:
        told: Callable[[], datetime] | None = self.app.config.get("NOW")
        return told() if told else self.clock().astimezone(HELSINKI)

    def _insert(self, table: sa.Table) -> Any:
        return (postgresql if self.engine.dialect.name == "postgresql" else sqlite).insert(table)

    @contextmanager
    def _ledger(self, *, write: bool = True) -> Iterator[sa.Connection]:
        """A transaction of the ledger's own."""
        before = writing.set(write)
        try:
            with self.engine.begin() as connection:
                yield connection
        finally:
            writing.reset(before)
