"""The worst minute of a day: the taps of the morning and the bookings before the lock at the same time.

The lines of day_presence.py and day_booking.py once more, with `both` in their names: tap_p95_ms_both_sqlite.  The
families' phones are a process of their own, so that neither waits for the other on the client's side.
"""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import day_booking, day_presence
from bench.day import Served, served


def prepare(engine: sa.Engine) -> None:
    day_presence.prepare(engine)
    day_booking.prepare(engine)


def run(one: Served) -> None:
    both = replace(one, kind=f"both_{one.kind}")
    spawning = multiprocessing.get_context("spawn")
    barrier = spawning.Barrier(2, timeout=300)
    with served(both):
        told = both.kind, both.folder, both.url, both.port
        phones = spawning.Process(target=_phones, args=(*told, barrier))
        phones.start()
        day_presence.taps(both, barrier.wait)
        phones.join()
    if phones.exitcode:
        raise SystemExit("the phones have failed")


def _phones(kind: str, folder: Path, url: str, port: int, barrier: Any) -> None:
    """An engine cannot travel between processes, so this one has its own."""
    day_booking.surge(Served(kind, sa.create_engine(url), folder, url, port), barrier.wait)
