"""Whose turn it is to write to a file of SQLite: threads of a process, processes, and those that die."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from evaka.kit import turn as turns
from evaka.kit.turn import Queued, Turn

HOLDS = """
import sys
from evaka.kit.turn import Turn
assert Turn(sys.argv[1]).take()
print("mine", flush=True)
sys.stdin.read()
"""


def test_who_came_first_writes_first_whichever_process_it_is_of(tmp_path: Path) -> None:
    ours, theirs = Turn(str(tmp_path / "db")), Turn(str(tmp_path / "db"))
    order: list[str] = []

    def write(turn: Turn, name: str) -> None:
        assert turn.take()
        order.append(name)
        turn.give()

    assert ours.take()
    threads = []
    for turn, name in ((theirs, "theirs"), (ours, "ours")):
        threads.append(threading.Thread(target=write, args=(turn, name)))
        threads[-1].start()
        time.sleep(0.05)
    assert order == []
    ours.give()
    for thread in threads:
        thread.join()
    assert order == ["theirs", "ours"]


def test_nobody_writes_beside_another(tmp_path: Path) -> None:
    several = [Turn(str(tmp_path / "db")) for _ in range(3)]
    inside, most, count = 0, 0, 0

    def write(turn: Turn) -> None:
        nonlocal inside, most, count
        for _ in range(40):
            assert turn.take()
            inside += 1
            most = max(most, inside)
            time.sleep(0.0002)
            inside -= 1
            count += 1
            turn.give()

    threads = [threading.Thread(target=write, args=(several[n % 3],)) for n in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, count) == (1, 360)


def test_the_death_of_a_process_gives_its_turn_back(tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    other = subprocess.Popen([sys.executable, "-c", HOLDS, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"mine\n"
    waits = threading.Timer(0.2, other.kill)
    waits.start()
    began = time.monotonic()
    ours = Turn(path)
    assert ours.take()
    assert 0.1 < time.monotonic() - began < turns.PATIENCE
    ours.give()
    other.wait()
    other.stdout.close()
    other.stdin.close()  # type: ignore[union-attr]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.1)


@pytest.mark.usefixtures("impatient")
def test_who_waits_too_long_is_told_and_stands_in_nobodys_way(tmp_path: Path) -> None:
    ours, theirs = Turn(str(tmp_path / "db")), Turn(str(tmp_path / "db"))
    assert theirs.take()
    assert not ours.take()
    theirs.give()
    assert ours.take()
    ours.give()
    assert theirs.take()
    theirs.give()


@pytest.mark.usefixtures("impatient")
def test_who_stands_behind_somebody_who_waits_is_told_too(tmp_path: Path) -> None:
    ours, theirs = Turn(str(tmp_path / "db")), Turn(str(tmp_path / "db"))
    fcntl.flock(theirs.next, fcntl.LOCK_EX)  # they wait at the door
    assert not ours.take()
    fcntl.flock(theirs.next, fcntl.LOCK_UN)
    assert ours.take()
    ours.give()


def connected(path: Path) -> Queued:
    return sqlite3.connect(path, factory=Queued, isolation_level=None, check_same_thread=False)


@pytest.mark.parametrize("ends", ["commit", "rollback", "close"])
@pytest.mark.usefixtures("impatient")
def test_a_connection_gives_its_turn_on_when_it_has_written(tmp_path: Path, ends: str) -> None:
    ours, theirs = connected(tmp_path / "db"), connected(tmp_path / "db")
    ours.execute("PRAGMA journal_mode=WAL")
    ours.execute("CREATE TABLE row (id INTEGER PRIMARY KEY)")
    assert ours.wait()
    assert ours.wait()  # it has the turn already
    ours.execute("BEGIN IMMEDIATE")
    ours.execute("INSERT INTO row VALUES (1)")
    assert not theirs.wait()
    getattr(ours, ends)()
    assert theirs.wait()
    theirs.execute("BEGIN IMMEDIATE")
    assert theirs.execute("SELECT count(*) FROM row").fetchone()[0] == (ends == "commit")
    theirs.rollback()
    ours.close()
    theirs.close()


def test_what_is_in_memory_is_nobody_elses() -> None:
    ours, theirs = connected(Path(":memory:")), connected(Path(":memory:"))
    assert ours.wait()
    assert theirs.wait()
    ours.close()
    theirs.close()
