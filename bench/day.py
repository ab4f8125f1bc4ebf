"""A day in the units of a large city: taps of the morning, bookings before the lock, the closing at midnight.

    make bench B=day               python -m bench.day

prints one figure a line, NAME VALUE UNIT, on SQLite and on PostgreSQL.  The city of SIZE (espoo unless given) is made
once (see bench/register.py) and copied for each database; it is served by gunicorn as in operation, over loopback, and
what was sent is counted against what stands in the database.  BENCH_QUICK=1 lasts seconds instead of a minute,
BENCH_ONLY=sqlite takes one database, BENCH_PARTS=day_presence one of the parts.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import sqlalchemy as sa

from bench.register import FOLDER, LOCAL, ROOT, city, copy_of, postgres, tell, yardstick
from bench.rows import copied_to_postgres

__all__ = ["LOCAL", "QUICK", "Served", "served"]
QUICK = os.environ.get("BENCH_QUICK") == "1"
PORT = int(os.environ.get("BENCH_PORT", "8126"))
# modules of bench/ with `prepare(engine)`, before the city is served, and `run(served)`, which prints its figures
PARTS = ("day_presence", "day_booking", "day_both")


@dataclass
class Served:
    """The city on one kind of database: `kind` ends the names of its figures."""

    kind: str  # sqlite, postgres
    engine: sa.Engine
    folder: Path
    url: str
    port: int

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"EVAKA_DATA": str(self.folder), "EVAKA_DATABASE_URL": self.url, "EVAKA_HTTP": "1",
                             "EVAKA_CITY": "harjula", "PORT": str(self.port), "BENCH_LOG": str(self.log)}

    @property
    def log(self) -> Path:
        return self.folder / f"{self.kind}.log"


@contextlib.contextmanager
def served(one: Served) -> Iterator[None]:
    """Inside, gunicorn answers on the port, with two processes of four threads and without the jobs."""
    command = [sys.executable, "-m", "gunicorn", "-c", "bench/served.py", "app:app"]
    process = subprocess.Popen(command, cwd=ROOT, env=one.environment)
    try:
        for _ in range(240):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", one.port)) == 0:
                    break
            if process.poll() is not None:
                raise SystemExit("the city did not start")
            time.sleep(0.25)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def measure(one: Served) -> None:
    parts = os.environ.get("BENCH_PARTS", ",".join(PARTS)).split(",")
    for name in parts:
        if importlib.util.find_spec(f"bench.{name}") is not None:
            part = importlib.import_module(f"bench.{name}")
            part.prepare(one.engine)
            part.run(one)


def main() -> None:
    yardstick()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    origin, only = city(), os.environ.get("BENCH_ONLY", "")
    shutil.rmtree(FOLDER / "run", ignore_errors=True)
    try:
        if only != "postgres":
            folder, url = copy_of(origin, "sqlite")
            measure(Served("sqlite", sa.create_engine(url), folder, url, PORT))
        if only != "sqlite":
            if (server := postgres()) is None:
                tell("no PostgreSQL answers: its figures are left out")
            else:
                _on_postgres(origin, server)
    finally:
        shutil.rmtree(FOLDER / "run", ignore_errors=True)


def _on_postgres(origin: Path, server: str) -> None:
    name = f"evaka_bench_{os.getpid()}_day"
    url = sa.make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as keeper:
        keeper.execute(f'CREATE DATABASE "{name}"')
    engine = sa.create_engine(url)
    try:
        tell("PostgreSQL: copying the city")
        folder = FOLDER / "run" / "postgres"
        copied_to_postgres(origin, url, folder)
        measure(Served("postgres", engine, folder, url, PORT))
    finally:
        engine.dispose()
        with psycopg.connect(server, autocommit=True) as keeper:
            keeper.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
