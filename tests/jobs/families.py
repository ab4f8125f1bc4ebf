"""Families of a small city for the tests of the index day and the month, and a process that works on them.

    python -m tests.jobs.families DATABASE_URL DATA JOB DAY

runs one job to its end on a day, a few families at a time, as the office's own process does; tests kill it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from evaka import create_app
from evaka.access import Actor
from evaka.actions import fee
from evaka.jobs import JOBS, mailing, run
from evaka.models.base import HELSINKI, db
from evaka.models.connection import writing
from evaka.models.fee import FeeDecision
from evaka.models.person import Person
from evaka.rules.fee import FeeStatus
from tests import factories

START = date(2026, 8, 1)  # of the newest table of the city
ROOT = Path(__file__).parent.parent.parent


def told_family(by: Actor, until: date = date(2027, 7, 31)) -> Person:
    """A mother and her child; she has been told the fee up to the new table, 100 euros, and from it on it is 75."""
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), until)
    factories.income(mother)
    fee.refresh({mother.id}, by)
    for row in db.session.scalars(sa.select(FeeDecision).where(FeeDecision.head_id == mother.id)):
        if row.start < START:
            row.status = FeeStatus.SENT
        else:
            db.session.delete(row)
    db.session.flush()
    return mother


def killed(url: str, data: Path, job: str, day: str, done: Callable[[], int], enough: int) -> int:
    """Start the process, kill it with SIGKILL once `done` has come to `enough`; how far it was then."""
    writing.set(False)  # whoever only looks holds no lock that the process would wait for
    process = subprocess.Popen([sys.executable, "-m", "tests.jobs.families", url, str(data), job, day], cwd=ROOT)
    until = time.monotonic() + 90
    while done() < enough and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    writing.set(True)
    return done()


def lingering(do: Callable[..., Any]) -> Callable[..., Any]:
    """As the job does, a little longer: killed, it is in the middle of a piece that it has not saved."""

    def slow(*given: Any) -> Any:
        found = do(*given)
        time.sleep(0.1)
        return found

    return slow


def main(url: str, data: Path, job: str, day: str) -> None:
    app = create_app(TESTING=True, SECRET_KEY="test", SQLALCHEMY_DATABASE_URI=url, CITY="harjula", DATA=data, SMTP="",
                     BASE_URL="")
    mailing.PIECE = 2
    with app.app_context():
        now = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=HELSINKI)
        own = JOBS[job]
        if job.endswith("send"):
            run(replace(own, batch=1000), Actor(None, now))
        else:
            run(replace(own, batch=3, do=lingering(own.do)), Actor(None, now))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4])
