"""What the calendar alone changes in fees: a child comes of age, an income ends, a table begins."""

from __future__ import annotations

from sqlalchemy import Select, select, union

from evaka.access import Actor
from evaka.actions import fee
from evaka.jobs.job import Job
from evaka.models.fee import FeeDecision
from evaka.models.person import HeadOfChild

BATCH = 100  # a fifth of a second or so: pages that save wait no longer


def families(by: Actor) -> Select[tuple[int]]:
    """Everybody who is or was the head of a child, or has a decision."""
    heads = union(select(HeadOfChild.head_id.label("id")), select(FeeDecision.head_id)).subquery()
    return select(heads.c.id).order_by(heads.c.id)


def refresh(ids: list[int], by: Actor) -> dict[int, str]:
    """Answers those whose fees cannot be reckoned, or not from a day on."""
    troubles = fee.refresh(ids, by)
    return {id: troubles[id].key for id in ids if id in troubles}


REFRESH_NIGHT = Job("fee.refresh_night", families, refresh, batch=BATCH)
