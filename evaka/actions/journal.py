"""What an administrator does to the machinery: a job out of its turn, a mail once more."""

from __future__ import annotations

from sqlalchemy import select

from evaka.access import Actor, require_any
from evaka.actions import action, record
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.journal import Email, JobRun


@action("journal.run_job")
def run_job(run: JobRun, by: Actor) -> JobRun:
    """The job of this run once more, as soon as the process that runs the jobs looks."""
    return _queued(run.job, by)


def start_job(job: str, by: Actor) -> JobRun:
    """The same for a job that may never have run; its key is journal.run_job as well."""
    require_any(by, "journal.run_job")
    run = _queued(job, by)
    record("journal.run_job", run, by, {"job": job})
    return run


def _queued(job: str, by: Actor) -> JobRun:
    """Raise Refused while a run of the job waits already: a second one would find nothing to do."""
    if db.session.scalar(select(JobRun.id).where(JobRun.job == job, JobRun.status == "queued").limit(1)):
        raise Refused("journal.already_waiting", job=f"job.{job}")
    run = JobRun(job=job, due=by.now, trigger="manual", status="queued", user_id=by.user and by.user.id)
    db.session.add(run)
    db.session.flush()
    return run


@action("journal.retry_mail")
def retry_mail(mail: Email, by: Actor) -> None:
    """A mail that did not go is tried again at once, and as often as a new one."""
    if mail.sent_at is not None:
        raise Refused("journal.already_sent", at=mail.sent_at)
    mail.tries, mail.next_try, mail.error = 0, by.now, ""
