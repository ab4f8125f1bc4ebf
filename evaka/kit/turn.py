"""Who may write to a file of SQLite now: one after the other, in the order in which they came to it.

SQLite itself lets whoever waits for its lock sleep for ever longer and try again: while a hundred write, some are
passed over until they are refused, and the file lies idle meanwhile.  So whoever means to write takes its turn first,
among the threads of a process by a lock, among processes by a lock of the system on two small files beside the
database, which also the death of a process gives back.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time

PATIENCE = 10.0  # seconds that somebody waits before it is told that the database did not answer
STEPS = ((0.02, 0.0002), (1.0, 0.001), (PATIENCE, 0.01))  # having waited so long, how long until the next look


class Turn:
    """The turn at one file, for one process."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.head = threading.Lock()  # who of this process waits for the others, or writes
        self.next, self.now = (self._file(name) for name in ("next", "turn"))

    def _file(self, name: str) -> int:
        return os.open(f"{self.path}-{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Wait for the turn; False when it did not come in time."""
        until = time.monotonic() + PATIENCE
        if not self.head.acquire(timeout=PATIENCE):
            return False
        came = False
        try:
            # whoever is next waits at the door alone: a process that has just had its turn comes after it
            if _locked(self.next, until):
                try:
                    came = _locked(self.now, until)
                finally:
                    fcntl.flock(self.next, fcntl.LOCK_UN)
        finally:
            if not came:
                self.head.release()
        return came

    def give(self) -> None:
        fcntl.flock(self.now, fcntl.LOCK_UN)
        self.head.release()


def _locked(file: int, until: float) -> bool:
    """A lock of the system; it cannot be waited for with an end, so it is looked at again and again."""
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            now = time.monotonic()
            if now >= until:
                return False
            time.sleep(next(step for waited, step in STEPS if now - began < waited or waited == PATIENCE))


_known: dict[tuple[int, str], Turn] = {}
_making = threading.Lock()


def _of(path: str) -> Turn:
    """The process's own: a child of a fork would share the locks of its parent."""
    key = os.getpid(), path
    with _making:
        if key not in _known:
            _known[key] = Turn(path)
        return _known[key]


class Queued(sqlite3.Connection):
    """A connection that waits for its turn before it begins to write, and gives it on when that is over."""

    turn: Turn | None = None
    path: str | None = None

    def wait(self) -> bool:
        """Wait until we may begin to write; False when that took too long."""
        if self.path is None:
            self.path = self.execute("PRAGMA database_list").fetchone()[2]  # "" of one in memory, which nobody shares
        if not self.path or self.turn is not None:
            return True
        turn = _of(self.path)
        if turn.take():
            self.turn = turn
        return self.turn is not None

    def give(self) -> None:
        turn, self.turn = self.turn, None
        if turn is not None:
            turn.give()

    def commit(self) -> None:
        super().commit()  # when this fails the transaction stands, and the turn with it
        self.give()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self.give()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.give()
