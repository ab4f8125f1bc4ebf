"""What has changed in a unit, for its tablets, which ask every one and a half seconds.

A city has more than a thousand tablets on one server of a few threads.  So each process reads the newest taps of the
whole city together, a few times a second however many ask, and answers from memory; who asks is looked up in the
database only now and then.  A tablet that has been away for longer than KEEP reads its whole page anew.
"""

from __future__ import annotations

import threading
import time as clocks
from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import select

from evaka.actions.presence import device_of
from evaka.models.base import db
from evaka.models.presence import Tap
from evaka.views.page import clock, now

KEEP = timedelta(seconds=60)  # for which a tap is told
LATE = timedelta(seconds=5)  # within which a transaction ends that has noted its moment
FRESH = 0.3  # seconds for which what was read is new enough
TRUSTED = 15.0  # seconds for which a token is not looked up again: all that is told meanwhile is that somebody came
MOST = 10_000  # tokens that are remembered
Change = tuple[int, int, str, str]  # id of the tap, child, what, at


class News:
    """The taps of the last minute by unit, shared by the threads of a process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.read_at = 0.0
        self.taps: dict[int, tuple[datetime, int, Change]] = {}
        self.of_unit: dict[int, list[Change]] = {}
        self.tokens: dict[str, tuple[int, float]] = {}

    def unit_of(self, token: str) -> int | None:
        """Whose tablet asks."""
        found = self.tokens.get(token)
        if found is None or found[1] < clocks.monotonic():
            device = device_of(token)
            if device is None:
                self.tokens.pop(token, None)
                return None
            if len(self.tokens) >= MOST:
                self.tokens.clear()
            found = self.tokens[token] = device.unit_id, clocks.monotonic() + TRUSTED
        return found[0]

    def forget(self) -> None:
        """For tests, and when the tokens' rows have changed."""
        with self.lock:
            self.read_at, self.taps, self.of_unit = 0.0, {}, {}
            self.tokens.clear()

    def of(self, unit_id: int) -> list[Change]:
        """The unit's changes by their ids.  Whoever finds them old reads them; others take what there is."""
        if clocks.monotonic() - self.read_at > FRESH and self.lock.acquire(blocking=not self.read_at):
            try:
                self._read(now())
            finally:
                self.lock.release()
        return self.of_unit.get(unit_id, [])

    def _read(self, at: datetime) -> None:
        since = max((received for received, _, _ in self.taps.values()), default=at - KEEP) - LATE
        rows = db.session.execute(
            select(Tap.id, Tap.unit_id, Tap.child_id, Tap.what, Tap.at, Tap.received)
            .where(Tap.received >= since, Tap.refused == "").order_by(Tap.id))
        for id, unit, child, what, when, received in rows:
            self.taps[id] = received, unit, (id, child, what.value, clock(when))
        found: dict[int, list[Change]] = defaultdict(list)
        for id, (received, unit, change) in sorted(self.taps.items()):
            if received < at - KEEP:
                del self.taps[id]
            else:
                found[unit].append(change)
        self.of_unit = dict(found)
        self.read_at = clocks.monotonic()


def mark(changes: list[Change]) -> str:
    """The same for the same changes in whichever process."""
    return f'"{changes[-1][0] if changes else 0}-{len(changes)}"'
