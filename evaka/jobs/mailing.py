"""Letters by the hundred: they are planned, set by the press and saved, some at a time and several sets at once.

While some letters are set, others are planned and saved; only saving holds up those who write.  What is saved is
saved whole, with its numbers, in one short transaction; a set that finds its rows moved is planned anew with all that
follow it, whose numbers depend on it.  There is no state between not sent and sent, so a killed run leaves nothing to
mend.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sqlalchemy.exc import IntegrityError, OperationalError

from evaka.kit.errors import Refused
from evaka.letters.letter import Letter
from evaka.letters.press import Fault, Paper, Press, cores
from evaka.models.base import transaction
from evaka.models.connection import reading

log = logging.getLogger(__name__)
PIECE = 20  # families whose letters are set and saved together
AHEAD = 3  # pieces in each process's hands, so that none waits for another
TRIES = 5
FEW = 5  # families for whom no process is worth starting


class Moved(Exception):
    """Rows that a plan was made of have changed since, or are gone from what is to be done."""


class Planned(Protocol):
    @property
    def letters(self) -> list[Letter]: ...
    @property
    def last(self) -> int: ...
    @property
    def troubles(self) -> Mapping[int, Refused]: ...


P = TypeVar("P", bound=Planned)


class Work(Protocol[P]):
    """What is sent, to whom.  `items` are the ids of the rows that say how far each is, by what it is about."""

    moved: tuple[type[Exception], ...]

    def plan(self, items: Mapping[int, int], after: int | None) -> P:
        """How the items are sent; reads only."""

    def held(self, items: Mapping[int, int]) -> set[int]:
        """The ids of the rows that still wait to be sent, held until the transaction ends."""

    def save(self, items: Mapping[int, int], plan: P, papers: Sequence[bytes]) -> None:
        """Send them, and note how it went."""

    def note(self, items: Mapping[int, int], troubles: Mapping[int, Refused]) -> None:
        """Note what could not be sent, and why."""


@dataclass
class Piece(Generic[P]):
    """Some on their way: planned, then with the letters in hand, then saved."""

    items: dict[int, int]
    tries: int = 0
    plan: P | None = None
    papers: Future[list[Paper]] | None = None


class Mailing(Generic[P]):
    """One set of work on its way through a press."""

    def __init__(self, work: Work[P], press: Press, fault: str) -> None:
        self.work, self.press, self.fault = work, press, fault
        self.troubles: dict[int, str] = {}
        self.waiting: deque[Piece[P]] = deque()
        self.flying: deque[Piece[P]] = deque()

    def send(self, items: Mapping[int, int]) -> dict[int, str]:
        """Answers why, by row, for what could not be sent."""
        every = list(items.items())
        self.waiting.extend(Piece(dict(every[first : first + PIECE])) for first in range(0, len(every), PIECE))
        while self.waiting or self.flying:
            while self.waiting and len(self.flying) < AHEAD * cores():
                self._plan(self.waiting.popleft())
            if self.flying:
                self._save(self.flying.popleft())
        return self.troubles

    def _plan(self, piece: Piece[P]) -> None:
        after = self.flying[-1].plan.last if self.flying and self.flying[-1].plan else None
        try:
            with reading(), transaction():
                piece.plan = self.work.plan(piece.items, after)
        except Exception as no:
            self._again(piece, no)
            return
        piece.papers = self.press.submit(piece.plan.letters)
        self.flying.append(piece)

    def _save(self, piece: Piece[P]) -> None:
        assert piece.plan is not None
        assert piece.papers is not None
        try:
            papers = piece.papers.result()
            if faults := [one.why for one in papers if isinstance(one, Fault)]:
                raise RuntimeError(faults[0])
            with transaction():
                self._check_waiting(piece)
                self.work.save(piece.items, piece.plan, [one for one in papers if isinstance(one, bytes)])
        except Exception as no:
            self._again(piece, no)
            return
        self.troubles |= {piece.items[key]: no.key for key, no in piece.plan.troubles.items()}

    def _check_waiting(self, piece: Piece[P]) -> None:
        """Nobody else has sent these meanwhile: a process that was thought dead, for example."""
        held = self.work.held(piece.items)
        if gone := [key for key, id in piece.items.items() if id not in held]:
            for key in gone:
                del piece.items[key]
            raise Moved

    def _again(self, piece: Piece[P], no: Exception) -> None:
        """Plan once more, with all that follow, whose numbers depend on this one; a fault is narrowed down."""
        for other in (piece, *self.flying):
            other.plan = other.papers = None
        self.waiting.extendleft(reversed([*self._narrowed(piece, no), *self.flying]))
        self.flying.clear()

    def _narrowed(self, piece: Piece[P], no: Exception) -> list[Piece[P]]:
        piece.tries += 1
        passing = isinstance(no, (Moved, *self.work.moved, IntegrityError, OperationalError))
        if not piece.items or (passing and piece.tries < TRIES):
            return [piece] if piece.items else []
        if len(piece.items) > 1:
            return [Piece({key: id}) for key, id in piece.items.items()]
        log.error("%s could not be sent", self.fault, exc_info=no)
        [(key, id)] = piece.items.items()
        refused = no if isinstance(no, Refused) else Refused(self.fault, kind=type(no).__name__)
        with transaction():
            self.work.note(piece.items, {key: refused})
        self.troubles[id] = refused.key
        return []


def press_for(count: int) -> Press:
    """Processes for so many letters, none for a few."""
    return Press(cores() if count > FEW else 0)
