"""The work of an index day: the preview, the drafts, and the letters, each some families at a time.

What is left to do is told by the families' states, which change in the transaction that does the work: so a run that
was killed is gone on with where it was, and nothing is done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select

from evaka.access import Actor
from evaka.actions import index_day
from evaka.actions.fee.many import Moved, Plan, plan, save
from evaka.actions.index_day import RECKON, SEND
from evaka.jobs.job import Job
from evaka.jobs.mailing import Mailing, press_for
from evaka.kit.errors import Refused
from evaka.models.base import db, transaction
from evaka.models.connection import reading
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.models.user import User
from evaka.rules.index_day import FamilyState, IndexDayStatus

log = logging.getLogger(__name__)
BATCH = 100  # families whose fees are reckoned in one transaction: a fifth of a second or so
ROUND = 1000  # families for whom processes are started to set their letters


def to_reckon(by: Actor) -> Select[tuple[int]]:
    """Families of the preview, and those that are to be drafted."""
    drafting = IndexDay.status.in_([IndexDayStatus.DRAFTING, IndexDayStatus.SENDING])
    return _families(
        or_(
            (IndexDay.status == IndexDayStatus.PREVIEW) & (IndexDayFamily.state == FamilyState.WAITING),
            drafting & (IndexDayFamily.state == FamilyState.CHANGED),
        )
    )


def to_send(by: Actor) -> Select[tuple[int]]:
    return _families((IndexDay.status == IndexDayStatus.SENDING) & (IndexDayFamily.state == FamilyState.DRAFTED))


def _families(condition: object) -> Select[tuple[int]]:
    joined = select(IndexDayFamily.id).join(IndexDay, IndexDay.id == IndexDayFamily.index_day_id)
    return joined.where(condition).order_by(IndexDayFamily.index_day_id, IndexDayFamily.id)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Some:
    """Families of one index day that are as far as each other: their id by their head."""

    day: IndexDay
    state: FamilyState
    heads: dict[int, int]


def _some(ids: Collection[int], states: Collection[FamilyState]) -> list[Some]:
    """The families that are still to be done, by index day and state."""
    found: dict[tuple[int, FamilyState], dict[int, int]] = {}
    for id, day, head, state in db.session.execute(
        select(IndexDayFamily.id, IndexDayFamily.index_day_id, IndexDayFamily.head_id, IndexDayFamily.state)
        .where(IndexDayFamily.id.in_(ids), IndexDayFamily.state.in_(states))
        .order_by(IndexDayFamily.id)
    ):
        found.setdefault((day, state), {})[head] = id
    return [Some(db.session.get_one(IndexDay, day), state, heads) for (day, state), heads in found.items()]


def reckon(ids: list[int], by: Actor) -> dict[int, str]:
    """Preview or draft; answers those whose fees cannot be reckoned."""
    troubles: dict[int, Refused] = {}
    for some in _some(ids, [FamilyState.WAITING, FamilyState.CHANGED]):
        work = index_day.reckon if some.state is FamilyState.WAITING else index_day.draft_families
        troubles |= _or_noted(lambda some=some, work=work: work(some.heads, some.day, by), some)  # type: ignore[misc]
    return {id: no.key for id, no in troubles.items()}


def _or_noted(work: Callable[[], dict[int, Refused]], some: Some) -> dict[int, Refused]:
    """A fault of one family alone is noted with it; of several, they are tried one by one."""
    try:
        return work()
    except Exception as no:
        if len(some.heads) > 1:
            raise
        db.session.rollback()
        log.error("index day: a family failed", exc_info=no)
        [(head, id)] = some.heads.items()
        refused = Refused("index_day.fault", kind=type(no).__name__)
        index_day.note_sent(some.heads, (), {head: refused})
        return {id: refused}


# -- letters --------------------------------------------------------------------------------------------


def send(ids: list[int], by: Actor) -> dict[int, str]:
    """Send the approved drafts of families; answers those whose decisions could not be sent."""
    troubles: dict[int, str] = {}
    with reading(), transaction():
        some = _some(ids, [FamilyState.DRAFTED])
        days = [(one.day.id, one.heads) for one in some]
    with press_for(len(ids)) as press:
        for day, heads in days:
            troubles |= Mailing(_Letters(day, by), press, "index_day.fault").send(heads)
    return troubles


class _Letters:
    """The letters of one index day, in the name of who approved them."""

    moved = (Moved,)

    def __init__(self, day: int, by: Actor) -> None:
        self.day, self.now = day, by.now

    def _by(self) -> tuple[IndexDay, Actor]:
        day = db.session.get_one(IndexDay, self.day)
        approver = db.session.get(User, day.approver_id) if day.approver_id else None
        return day, Actor(approver, self.now)

    def plan(self, items: Mapping[int, int], after: int | None) -> Plan:
        day, by = self._by()
        return plan(items, by, first=day.start, after=after)

    def held(self, items: Mapping[int, int]) -> set[int]:
        rows = select(IndexDayFamily.id).where(
            IndexDayFamily.id.in_(items.values()), IndexDayFamily.state == FamilyState.DRAFTED
        )
        return set(db.session.scalars(rows.order_by(IndexDayFamily.id).with_for_update()))

    def save(self, items: Mapping[int, int], made: Plan, papers: Sequence[bytes]) -> None:
        _, by = self._by()
        save(made, papers, by)
        sent = {one.head for one in made.families if one.going or one.ended}
        index_day.note_sent(items, sent, made.troubles)

    def note(self, items: Mapping[int, int], troubles: Mapping[int, Refused]) -> None:
        index_day.note_sent(items, (), troubles)


RECKON_DAY = Job(RECKON, to_reckon, reckon, batch=BATCH)
SEND_DAY = Job(SEND, to_send, send, batch=ROUND)
