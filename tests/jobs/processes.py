"""An office that serves jobs and nothing else, for tests that kill processes.

    python tests/jobs/processes.py DATABASE_URL LOG TICK LEASE

It notes in LOG what it does: "beat <slot>" for a job of each second, "slow <id>" for each of ten items that
take 0.4 s each, "once" for a job that runs only when asked.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from flask import Flask
from sqlalchemy import false, literal, select, union_all

from evaka.access import Actor
from evaka.jobs.job import Job
from evaka.jobs.schedule import Schedule
from evaka.jobs.scheduler import Scheduler
from evaka.models.base import HELSINKI, db

ITEMS = 10


class EachSecond(Schedule):
    """Due every second: minutes are too long for a test."""

    @cached_property
    def trigger(self) -> CronTrigger:
        return CronTrigger(timezone=HELSINKI, second="*")


def note(log: Path, what: str) -> None:
    with log.open("a") as out:
        out.write(f"{time.time():.2f} {os.getpid()} {what}\n")


def jobs(log: Path) -> dict[str, Job]:
    """The three jobs.  What "slow" has done it reads from the log, as a real one would from its rows."""

    def left(by: Actor) -> Any:
        done = {line.split()[3] for line in log.read_text().splitlines() if line.split()[2] == "slow"}
        ids = [id for id in range(ITEMS) if str(id) not in done]
        return union_all(*(select(literal(id)) for id in ids)) if ids else select(literal(0)).where(false())

    def slow(id: int, by: Actor) -> None:
        time.sleep(0.4)
        note(log, f"slow {id}")

    def one(by: Actor) -> Any:
        return select(literal(1))

    return {
        "test.beat": Job("test.beat", one, lambda id, by: note(log, f"beat {int(by.now.timestamp())}")),
        "test.slow": Job("test.slow", left, slow),
        "test.once": Job("test.once", one, lambda id, by: note(log, "once")),
    }


def office(url: str) -> Flask:
    app = Flask("processes")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True})
    db.init_app(app)
    return app


def main(url: str, log: Path, *, tick: float, lease: float) -> None:
    app = office(url)
    with app.app_context():
        scheduler = Scheduler(app, jobs(log), {"test.beat": EachSecond()}, tick=tick, lease=lease)
    note(log, f"up {datetime.now(UTC):%H:%M:%S}")
    scheduler.start()
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), tick=float(sys.argv[3]), lease=float(sys.argv[4]))
