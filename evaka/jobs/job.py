"""A job is a question and an answer: what is left to do, and how one of it is done.

Done twice it does nothing the second time, because the question no longer names what is done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select

from evaka.access import Actor
from evaka.actions import record
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.city import lay_over
from evaka.models.connection import reading

log = logging.getLogger(__name__)
BREATH = 0.15  # seconds: who waits for SQLite's lock asks for it every tenth of a second
LONG = 0.05  # a shorter transaction keeps nobody waiting


@dataclass(frozen=True)
class Job:
    """`todo(by)` selects the ids of what is left, `do(id, by)` does one of them.

    A job that is quicker with many at once says how many in `batch`; then `do(ids, by)` gets a list.  `do`
    may answer {id: why} of those that it could not do and has noted itself; the rest is saved.
    """

    name: str  # "<feature>.<what>": its words are job.<name>, its times a table of jobs.toml
    todo: Callable[[Actor], Select[Any]]
    do: Callable[..., Mapping[int, str] | None]
    batch: int = 1


@dataclass
class Outcome:
    """How far a run is: it grows while the job runs."""

    done: int = 0
    failed: dict[int, str] = field(default_factory=dict)  # id -> why: a refusal's key, or a fault's name
    cut: bool = False  # stopped from outside before the end

    @property
    def reasons(self) -> str:
        """One line a reason with the ids it holds for; no values of rows, which may be personal."""
        by_reason: dict[str, list[int]] = {}
        for id, why in self.failed.items():
            by_reason.setdefault(why, []).append(id)
        named = {why: [*map(str, ids[:20]), *(["…"] if ids[20:] else [])] for why, ids in by_reason.items()}
        return "\n".join(f"{why}: {', '.join(ids)}" for why, ids in named.items())


def run(
    job: Job, by: Actor, outcome: Outcome | None = None, *, stopped: Callable[[], bool] = lambda: False
) -> Outcome:
    """Do all that is left, each item (or batch) in a transaction: one family's trouble stops no other."""
    outcome = outcome or Outcome()
    with reading(), transaction():
        lay_over(by.today)
        ids = list(db.session.scalars(job.todo(by)))
    for first in range(0, len(ids), job.batch):
        if stopped():
            outcome.cut = True
            break
        some = ids[first : first + job.batch]
        try:
            _done(job, some, by, outcome)
        except Exception as no:
            if len(some) == 1:
                _failed(job, some[0], no, outcome)
                continue
            log.warning("job %s: %d at once failed (%s), now one by one", job.name, len(some), no)
            for id in some:
                try:
                    _done(job, [id], by, outcome)
                except Exception as single:
                    _failed(job, id, single, outcome)
    return outcome


def _done(job: Job, ids: list[int], by: Actor, outcome: Outcome) -> None:
    began = time.monotonic()
    with transaction():
        troubles = job.do(ids if job.batch > 1 else ids[0], by) or {}
        db.session.flush()
        if db.session.info.get("changes"):  # what no action has told is told as the job's own doing
            record(f"job.{job.name}", None, by, {"items": ids})
    outcome.done += len(ids) - len(troubles)
    outcome.failed.update(troubles)
    if db.engine.dialect.name == "sqlite" and time.monotonic() - began > LONG:
        time.sleep(BREATH)  # let the pages in: a job that takes the lock again at once would starve them


def _failed(job: Job, id: int, no: Exception, outcome: Outcome) -> None:
    outcome.failed[id] = no.key if isinstance(no, Refused) else type(no).__name__
    if isinstance(no, Refused):
        log.warning("job %s refused %s: %s", job.name, id, no)
    else:
        log.error("job %s failed on %s", job.name, id, exc_info=no)
