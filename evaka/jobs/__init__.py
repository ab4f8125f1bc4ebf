"""The jobs, by hand: what runs without anybody pressing a button.  When: jobs.toml.

start(app) is called by processes that serve (evaka/serve.py, `python app.py`), never by commands or tests.
"""

from __future__ import annotations

from datetime import datetime

from flask import Flask, current_app

from evaka import city
from evaka.jobs.application import CLOSE_TRANSFERS, DROP_DRAFTS, REMIND_PROOF
from evaka.jobs.assistance import END_COEFFICIENTS, END_FACTORS
from evaka.jobs.attendance import CLEAR_ABSENCES, MARK_UNEXPLAINED
from evaka.jobs.backup_care import FIT
from evaka.jobs.booking import CLEAR, FILL, GENERATE, REMIND_HOLIDAY, REMIND_WEEK, WARN_MONTH
from evaka.jobs.calendar import CLOSE, REMIND_TALKS, TELL_EVENTS
from evaka.jobs.decision import REMIND_OF_DECISIONS, SEND_DECISIONS
from evaka.jobs.fee import REFRESH_NIGHT
from evaka.jobs.income import REMIND
from evaka.jobs.index_day import RECKON_DAY, SEND_DAY
from evaka.jobs.invoice import DRAFT_MONTH
from evaka.jobs.job import Job, Outcome, run
from evaka.jobs.journal import SEAL, SEND_EMAIL
from evaka.jobs.message import DELIVER
from evaka.jobs.person import FIND_CONFLICTS, LAPSE_AT_EIGHTEEN, RETENTION
from evaka.jobs.placement import REMIND_DIRECTORS
from evaka.jobs.presence import CLOSE_DAY, EXPIRE_NOTES
from evaka.jobs.push import PUSH
from evaka.jobs.schedule import Schedule
from evaka.jobs.scheduler import Scheduler
from evaka.jobs.staff import END_LEFT_OPEN
from evaka.jobs.suggestion import RECKON_SUGGESTION
from evaka.jobs.user import CLOSE_IDLE, END_SESSIONS
from evaka.jobs.voucher import FREEZE_MONTH, OPEN_MONTH
from evaka.kit.errors import ConfigMistake, Refused

JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        SEND_EMAIL,
        DELIVER,
        PUSH,
        END_FACTORS,
        END_COEFFICIENTS,
        FIT,
        SEAL,
        REFRESH_NIGHT,
        RECKON_DAY,
        SEND_DAY,
        SEND_DECISIONS,
        REMIND_OF_DECISIONS,
        RECKON_SUGGESTION,
        REMIND,
        REMIND_DIRECTORS,
        DRAFT_MONTH,
        REMIND_PROOF,
        DROP_DRAFTS,
        CLOSE_TRANSFERS,
        LAPSE_AT_EIGHTEEN,
        FIND_CONFLICTS,
        END_SESSIONS,
        CLOSE_IDLE,
        RETENTION,
        CLOSE_DAY,
        EXPIRE_NOTES,
        END_LEFT_OPEN,
        OPEN_MONTH,
        FREEZE_MONTH,
        FILL,
        GENERATE,
        REMIND_WEEK,
        WARN_MONTH,
        REMIND_HOLIDAY,
        CLEAR,
        MARK_UNEXPLAINED,
        CLEAR_ABSENCES,
        CLOSE,
        TELL_EVENTS,
        REMIND_TALKS,
    )
}


def schedules() -> dict[str, Schedule]:
    """When each job runs in this city.

    Raises ConfigMistake for a job without times, and for times without a job.
    """
    found = city.named("jobs", Schedule)
    for job in sorted(JOBS.keys() - found.keys()):
        raise ConfigMistake("jobs.toml", f'["{job}"] is missing', "Add it; config/base shows its form.")
    for job in sorted(found.keys() - JOBS.keys()):
        known = ", ".join(sorted(JOBS))
        raise ConfigMistake("jobs.toml", f'no job is called "{job}"', f"The jobs are {known}.")
    return found


def start(app: Flask) -> Scheduler:
    """Let this process take its turn in running the jobs."""
    with app.app_context():
        scheduler = Scheduler(
            app, JOBS, schedules(),
            tick=float(app.config.get("JOBS_TICK", 2)), lease=float(app.config.get("JOBS_LEASE", 30)),
        )
    app.extensions["jobs"] = scheduler
    scheduler.start()
    return scheduler


def stop(app: Flask) -> None:
    """Finish the items in hand, put the rest back, and let another process take over at once."""
    if scheduler := app.extensions.pop("jobs", None):
        scheduler.stop()


def run_once(name: str, now: datetime) -> Outcome:
    """Run a job here and now, as the command does; it stands among the runs like any other.

    Raises Refused for a job that nobody knows or that is running already.
    """
    if name not in JOBS:
        raise Refused("journal.no_such_job", job=name, known=sorted(JOBS))
    scheduler = Scheduler(current_app._get_current_object(), JOBS, {})  # type: ignore[attr-defined]
    return scheduler.run_once(name, now)


__all__ = ["JOBS", "Job", "Outcome", "Schedule", "Scheduler", "run", "run_once", "schedules", "start", "stop"]
