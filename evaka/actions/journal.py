"""What an administrator does to the machinery: a job out of its turn, a mail once more; the journal sealed, proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func, select

from evaka.access import Actor, require_any
from evaka.actions import action, record
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.journal import (
    ENDS,
    LINES,
    AuditEvent,
    Email,
    End,
    JobRun,
    JournalChain,
    JournalSeal,
    after,
    seal_digest,
)


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


# -- proof ------------------------------------------------------------------------------------------

STRIDE = 5_000  # lines in memory at a time
SEALS: sa.Table = JournalSeal.__table__  # type: ignore[assignment]


def seal(by: Actor) -> JournalSeal:
    """Tell how far every chain is.  Holds them all: whatever comes later has a larger id than the seal names."""
    held = select(JournalChain.id, JournalChain.number, JournalChain.digest).order_by(JournalChain.id)
    ends = {chain: (number, digest) for chain, number, digest in db.session.execute(held.with_for_update())}
    last = db.session.scalar(select(JournalSeal).order_by(JournalSeal.id.desc()).limit(1))
    told: dict[str, Any] = {
        "at": by.now,
        "through": db.session.scalar(select(func.coalesce(func.max(AuditEvent.id), 0))),
        "lines": sum(number for number, _ in ends.values()),
        "chains": {str(chain): [number, digest.hex()] for chain, (number, digest) in ends.items() if number},
    }
    made = JournalSeal(**told, digest=seal_digest(told, last.digest if last else ""))
    db.session.add(made)
    db.session.flush()
    return made


@dataclass(eq=False)
class Broken(Exception):
    """The first thing that is not as it was written."""

    what: str
    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n  expected {self.expected}\n  found    {self.found}"


@dataclass
class Walk:
    """How far a proof is: it grows while the lines are read."""

    lines: int = 0
    seals: int = 0
    ends: dict[int, End] = field(default_factory=dict)

    def join(self, line: sa.Row[Any]) -> None:
        end, where = self.ends.get(line.chain, End()), f"line {line.id}"
        if line.number > end.number + 1:
            raise Broken(f"lines before it are missing in chain {line.chain}", where, f"number {end.number + 1}",
                         f"number {line.number}")
        if line.number <= end.number:
            raise Broken(f"it was put into chain {line.chain}, or moved in it", where, f"number {end.number + 1}",
                         f"number {line.number}")
        found = after(end, line.chain, line._mapping)
        if found.digest != line.digest:
            raise Broken("it, or its neighbour before it in the chain, is not as it was written", where,
                         found.digest.hex(), line.digest.hex())
        self.ends[line.chain] = found
        self.lines += 1

    def meet(self, one: sa.Row[Any]) -> None:
        """The lines so far are those of the seal."""
        self.seals += 1
        expected = {int(chain): (number, digest) for chain, (number, digest) in one.chains.items()}
        for chain in sorted({*expected, *self.ends}):
            end = self.ends.get(chain, End())
            number, digest = expected.get(chain, (0, End().digest.hex()))
            if (end.number, end.digest.hex()) != (number, digest):
                raise Broken(f"chain {chain} is not as it was sealed", f"seal {one.id}", f"{number} lines, {digest}",
                             f"{end.number} lines, {end.digest.hex()}")


def verify(
    connection: sa.Connection, copies: Iterable[str] = (), since: int | None = None,
    progress: Callable[[Walk], None] | None = None,
) -> Walk:
    """Prove that the journal is as it was written, from the first line or from a seal on; raises Broken.

    `copies` are seals as they were kept elsewhere, each as a seal writes itself, or its digest alone.  The
    connection must see one state of the database throughout.
    """
    seals = connection.execute(select(SEALS).order_by(SEALS.c.id)).all()
    _check_seals(seals, copies)
    walk, first = Walk(), 0
    if since is not None:
        begin = next((one for one in seals if one.id == since), None)
        if begin is None:
            raise Broken("it is not in the database", f"seal {since}", "a seal", "none")
        first = begin.through
        walk.ends = {int(chain): End(number, bytes.fromhex(digest)) for chain, (number, digest) in begin.chains.items()}
        seals = [one for one in seals if one.id > since]
    query = select(LINES).where(LINES.c.id > first).order_by(LINES.c.id)
    waiting = iter([*seals, None])
    following = next(waiting)
    with connection.execute(query, execution_options={"yield_per": STRIDE}) as lines:
        for line in lines:
            while following is not None and line.id > following.through:
                walk.meet(following)
                following = next(waiting)
            walk.join(line)
            if progress and walk.lines % 100_000 == 0:
                progress(walk)
    while following is not None:
        walk.meet(following)
        following = next(waiting)
    for chain, number, digest in connection.execute(select(ENDS.c.id, ENDS.c.number, ENDS.c.digest)):
        end = walk.ends.pop(chain, End())
        if end != (number, digest):
            raise Broken("its last lines are missing, or lines were added", f"chain {chain}",
                         f"{number} lines, {digest.hex()}", f"{end.number} lines, {end.digest.hex()}")
    for chain, end in walk.ends.items():
        raise Broken("its end is not noted", f"chain {chain}", f"{end.number} lines", "none")
    return walk


def _check_seals(seals: Iterable[sa.Row[Any]], copies: Iterable[str]) -> None:
    """Every seal follows from the one before, and is what copies of it tell."""
    before, told = "", {}
    for one in seals:
        if (digest := seal_digest(one._mapping, before)) != one.digest:
            raise Broken("it, or the seal before it, is not as it was made", f"seal {one.id}", digest, one.digest)
        before = one.digest
        told[one.digest] = str(JournalSeal(**one._mapping))
    for copy in filter(None, map(str.strip, copies)):
        *rest, digest = copy.split()
        held = told.get(digest, "no seal with this digest")
        if digest not in told or (rest and held != copy):
            raise Broken("the database does not hold it as it was copied", f"seal {rest[0] if rest else ''}".strip(),
                         copy, held)
