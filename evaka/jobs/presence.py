"""What the night does to presence: who was left signed in, notes whose time is over, taps that everybody has seen."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, delete, func, literal, select, union_all

from evaka.access import Actor
from evaka.actions import record
from evaka.actions.presence import close_open, expired_notes, forget_notes, old_taps, open_from_before
from evaka.jobs.job import Job
from evaka.models.base import db
from evaka.models.presence import Tap

BATCH = 500
NOTES, TAPS = 1, 2  # the two items of a run


def close(ids: Sequence[int], by: Actor) -> None:
    close_open(ids, by)


def expired(by: Actor) -> Select[tuple[int]]:
    """One item for all notes, one for all taps: they go together, each in one statement a table."""
    found = [select(literal(NOTES)).where(select(model.id).where(over).exists())
             for model, over in expired_notes(by).items()]
    found.append(select(literal(TAPS)).where(select(Tap.id).where(old_taps(by)).exists()))
    items = union_all(*found).subquery()
    return select(items.c[0]).group_by(items.c[0]).order_by(items.c[0])


def forget(item: int, by: Actor) -> None:
    if item == NOTES:
        gone = forget_notes(by)
    else:
        gone = {"tap": db.session.scalar(select(func.count(Tap.id)).where(old_taps(by))) or 0}
        db.session.execute(delete(Tap).where(old_taps(by)))
    if any(gone.values()):
        record("job.presence.expire_notes", None, by, gone)


CLOSE_DAY = Job("presence.close_day", open_from_before, close, batch=BATCH)
EXPIRE_NOTES = Job("presence.expire_notes", expired, forget)
