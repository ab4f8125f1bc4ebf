"""The work of an index day: the preview, the drafts, and the letters, each some families at a time.

What is left to do is told by the families' states, which change in the transaction that does the work: so a run that
was killed is gone on with where it was, and nothing is done twice.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError, OperationalError

from evaka.access import Actor
from evaka.actions import index_day
from evaka.actions.fee.many import Moved, Plan, plan, save
from evaka.actions.index_day import RECKON, SEND
from evaka.jobs.job import Job
from evaka.kit.errors import Refused
from evaka.letters.press import Fault, Paper, Press, cores
from evaka.models.base import db, reading, transaction
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.models.user import User
from evaka.rules.index_day import FamilyState, IndexDayStatus

log = logging.getLogger(__name__)
BATCH = 100  # families whose fees are reckoned in one transaction: a fifth of a second or so
ROUND = 1000  # families for whom processes are started to set their letters
PIECE = 20  # families whose letters are set and saved together
AHEAD = 3  # pieces in each process's hands, so that none waits for another
TRIES = 5
FEW = 5  # families for whom no process is worth starting


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


@dataclass
class Piece:
    """Some families on their way: planned, then with the letters in hand, then saved."""

    heads: dict[int, int]
    tries: int = 0
    plan: Plan | None = None
    papers: Future[list[Paper]] | None = None


def send(ids: list[int], by: Actor) -> dict[int, str]:
    """Send the approved drafts of families; answers those whose decisions could not be sent.

    While some letters are set, others are planned and saved; only saving holds up those who write.
    """
    troubles: dict[int, str] = {}
    with reading(), transaction():
        some = _some(ids, [FamilyState.DRAFTED])
        days = [(one.day.id, one.heads) for one in some]
    with Press(cores() if len(ids) > FEW else 0) as press:
        for day, heads in days:
            troubles |= _Sending(day, by, press).send(heads)
    return troubles


class _Sending:
    """The letters of one index day, in the name of who approved them."""

    def __init__(self, day: int, by: Actor, press: Press) -> None:
        self.press, self.troubles = press, dict[int, str]()
        self.waiting: deque[Piece] = deque()
        self.flying: deque[Piece] = deque()
        self.day, self.now = day, by.now

    def send(self, heads: dict[int, int]) -> dict[int, str]:
        every = list(heads.items())
        self.waiting.extend(Piece(dict(every[first : first + PIECE])) for first in range(0, len(every), PIECE))
        while self.waiting or self.flying:
            while self.waiting and len(self.flying) < AHEAD * cores():
                self._plan(self.waiting.popleft())
            if self.flying:
                self._save(self.flying.popleft())
        return self.troubles

    def _by(self) -> tuple[IndexDay, Actor]:
        day = db.session.get_one(IndexDay, self.day)
        approver = db.session.get(User, day.approver_id) if day.approver_id else None
        return day, Actor(approver, self.now)

    def _plan(self, piece: Piece) -> None:
        after = self.flying[-1].plan.last if self.flying and self.flying[-1].plan else None
        try:
            with reading(), transaction():
                day, by = self._by()
                piece.plan = plan(piece.heads, by, first=day.start, after=after)
        except Exception as no:
            self._again(piece, no)
            return
        piece.papers = self.press.submit(piece.plan.letters)
        self.flying.append(piece)

    def _save(self, piece: Piece) -> None:
        assert piece.plan is not None
        assert piece.papers is not None
        try:
            papers = piece.papers.result()
            if faults := [one.why for one in papers if isinstance(one, Fault)]:
                raise RuntimeError(faults[0])
            with transaction():
                _, by = self._by()
                self._check_waiting(piece)
                save(piece.plan, [one for one in papers if isinstance(one, bytes)], by)
                sent = {one.head for one in piece.plan.families if one.going or one.ended}
                index_day.note_sent(piece.heads, sent, piece.plan.troubles)
        except Exception as no:
            self._again(piece, no)
            return
        self.troubles |= {piece.heads[head]: no.key for head, no in piece.plan.troubles.items()}

    def _check_waiting(self, piece: Piece) -> None:
        """Nobody else has sent these meanwhile: a process that was thought dead, for example."""
        rows = select(IndexDayFamily.id).where(
            IndexDayFamily.id.in_(piece.heads.values()), IndexDayFamily.state == FamilyState.DRAFTED
        )
        held = set(db.session.scalars(rows.order_by(IndexDayFamily.id).with_for_update()))
        if gone := [head for head, id in piece.heads.items() if id not in held]:
            for head in gone:
                del piece.heads[head]
            raise Moved

    def _again(self, piece: Piece, no: Exception) -> None:
        """Plan once more, with all that follow, whose numbers depend on this one; a fault is narrowed down."""
        for other in (piece, *self.flying):
            other.plan = other.papers = None
        self.waiting.extendleft(reversed([*self._narrowed(piece, no), *self.flying]))
        self.flying.clear()

    def _narrowed(self, piece: Piece, no: Exception) -> list[Piece]:
        piece.tries += 1
        passing = isinstance(no, Moved | IntegrityError | OperationalError)
        if not piece.heads or (passing and piece.tries < TRIES):
            return [piece] if piece.heads else []
        if len(piece.heads) > 1:
            return [Piece({head: id}) for head, id in piece.heads.items()]
        log.error("index day: the decisions of a family could not be sent", exc_info=no)
        [(head, id)] = piece.heads.items()
        refused = no if isinstance(no, Refused) else Refused("index_day.fault", kind=type(no).__name__)
        with transaction():
            index_day.note_sent(piece.heads, (), {head: refused})
        self.troubles[id] = refused.key
        return []


RECKON_DAY = Job(RECKON, to_reckon, reckon, batch=BATCH)
SEND_DAY = Job(SEND, to_send, send, batch=ROUND)
