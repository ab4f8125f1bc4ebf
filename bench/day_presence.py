"""Taps of the morning on the tablets of a whole city, what the tablets ask of each other, and the closing at midnight.

`taps_per_second`: as many as came at 300 a second for a minute, each a letter of its own from one of the city's
tablets, a twentieth of them sent twice.  `tap_p95_ms`: from the first byte sent to the last received, over loopback;
`tap_in_server_p95_ms`: by the server's own log.
`tap_lost`: taps of which the database knows nothing, plus those it knows twice, plus children who are not where their
taps leave them.  `changes_per_second`: answers to "what is new" in the same city; 1,300 tablets ask 930 times.
`close_day_s`: the nightly job with every child of the city left signed in.
"""

from __future__ import annotations

import http.client
import json
import queue
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bench.day import QUICK, Served, served
from bench.register import ROOT, figure, p95, tell
from evaka.models.base import Model

RATE, SECONDS = 300, 5 if QUICK else 60
WORKERS = 24
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
AGAIN = 20  # each so many-th tap is sent twice
PRESENCE, TAP, DEVICE, PLACEMENT, BACKUP = (
    Model.metadata.tables[one] for one in ("presence", "tap", "device", "placement", "backup_care"))
TODAY = datetime.now(ZoneInfo("Europe/Helsinki")).date()
CLOSE = """
import sys, time
from datetime import datetime
from evaka import create_app
from evaka.jobs import run_once
from evaka.models.base import HELSINKI
app = create_app()
with app.app_context():
    began = time.perf_counter()
    outcome = run_once("presence.close_day", datetime.now(HELSINKI))
    print(time.perf_counter() - began, outcome.done, len(outcome.failed))
"""


def prepare(engine: sa.Engine) -> None:
    """An empty morning, and a tablet in each unit whose token we know."""
    with engine.begin() as connection:
        connection.execute(PRESENCE.delete())
        connection.execute(TAP.delete())
        for id, in connection.execute(sa.select(DEVICE.c.id)).all():
            token = sha256(f"bench-{id}".encode()).hexdigest()
            connection.execute(DEVICE.update().where(DEVICE.c.id == id).values(digest=token))


@dataclass
class Tablet:
    """One connection of a tablet: its cookies, and the token of its page."""

    port: int
    token: str
    cookies: str = ""
    csrf: str = ""
    line: http.client.HTTPConnection | None = None
    plain: socket.socket | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> None:
        """Read the whole page once, as a tablet does in the morning."""
        answer, text = self.ask("GET", "/tablet/")
        found = re.search(r'name="csrf" content="([^"]+)"', text)
        if answer.status != 200 or found is None or "data-board" not in text:
            raise SystemExit(f"a tablet does not open: {answer.status}")
        self.csrf = found[1]
        session = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        self.cookies = session

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[Any, str]:
        if self.line is None:
            self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookies = "; ".join(filter(None, (f"evaka_device={self.token}", self.cookies)))
        given = {"Cookie": cookies, "User-Agent": "bench"} | headers
        for fresh in (False, True):
            try:
                self.line.request(method, path, body, given)
                answer = self.line.getresponse()
                return answer, answer.read().decode()
            except (http.client.HTTPException, ConnectionError):
                if fresh:
                    raise
                self.line.close()
        raise AssertionError

    def tap(self, key: str, child: int, what: str) -> float:
        """Seconds from the first byte sent to the last received.

        Without http.client, which would take as much of the two cores as the server does for an answer.
        """
        body = json.dumps({"taps": [{"key": key, "child": child, "what": what, "age": 0}]})
        letter = (
            f"POST /tablet/taps HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUser-Agent: bench\r\n"
            f"Cookie: evaka_device={self.token}; {self.cookies}\r\nX-CSRFToken: {self.csrf}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()
        with self.lock:
            began = time.perf_counter()
            status, text = self._exchange(letter)
            seconds = time.perf_counter() - began
        if status != 200 or json.loads(text)["done"][0]["refused"]:
            raise SystemExit(f"a tap was refused: {status} {text[:200]!r}")
        return seconds

    def _exchange(self, letter: bytes) -> tuple[int, bytes]:
        """Send over the line that stands; one that the server has closed meanwhile is opened anew."""
        for fresh in (False, True):
            if self.plain is None or fresh:
                self.plain = socket.create_connection(("127.0.0.1", self.port), 60)
                self.plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.plain.sendall(letter)
                return _answer(self.plain)
            except ConnectionError:
                if fresh:
                    raise
        raise AssertionError


def _answer(line: socket.socket) -> tuple[int, bytes]:
    """The status and the body of an answer that says how long it is."""
    found = b""
    while b"\r\n\r\n" not in found:
        if not (more := line.recv(65536)):
            raise ConnectionResetError
        found += more
    head, _, body = found.partition(b"\r\n\r\n")
    told = LENGTH.search(head)
    assert told is not None, head
    while len(body) < int(told[1]):
        body += line.recv(65536)
    return int(head[9:12]), body


def children(engine: sa.Engine) -> list[tuple[int, int]]:
    """(device, child) of everybody who has a place today in a unit with a tablet, and is not looked after elsewhere."""
    day = PLACEMENT.c.start_date <= TODAY, PLACEMENT.c.end_date.is_(None) | (PLACEMENT.c.end_date >= TODAY)
    elsewhere = sa.exists().where(BACKUP.c.child_id == PLACEMENT.c.child_id, BACKUP.c.start_date <= TODAY,
                                  BACKUP.c.end_date >= TODAY)
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(
            sa.select(DEVICE.c.id, PLACEMENT.c.child_id).join(PLACEMENT, PLACEMENT.c.unit_id == DEVICE.c.unit_id)
            .where(*day, ~elsewhere).order_by((PLACEMENT.c.child_id * 7919) % 104729))]


def run(one: Served) -> None:
    with served(one):
        taps(one)
        _changes(one)
    _close(one)


def taps(one: Served, ready: Callable[[], object] = lambda: None) -> None:
    """A minute of taps; `ready` is called when everything is prepared and the first is about to be sent."""
    known = children(one.engine)
    tablets = {device: Tablet(one.port, f"bench-{device}") for device in {device for device, _ in known}}
    for tablet in tablets.values():
        tablet.open()
    count = RATE * SECONDS
    some = known[: count // 2]
    # everybody comes, and from the middle on everybody leaves again
    plan = [(f"arrive-{child:06}", device, child, "arrive") for device, child in some]
    plan += [(f"leave-{child:06}", device, child, "leave") for device, child in some]
    work: queue.Queue[tuple[float, str, int, int, str] | None] = queue.Queue()
    taken: list[float] = []
    wrong: list[str] = []
    order = {device: threading.Lock() for device in tablets}

    def worker() -> None:
        while (job := work.get()) is not None:
            due, key, device, child, what = job
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                with order[device]:
                    taken.append(tablets[device].tap(key, child, what))
                    if child % AGAIN == 0:  # the answer was lost: the tablet sends it once more
                        tablets[device].tap(key, child, what)
            except (SystemExit, OSError, http.client.HTTPException) as no:
                wrong.append(f"{key}: {no}")

    ready()
    began = time.perf_counter() + 0.5
    for n, (key, device, child, what) in enumerate(plan):
        work.put((began + n / RATE, key, device, child, what))
    threads = [threading.Thread(target=worker) for _ in range(WORKERS)]
    for thread in threads:
        work.put(None)
        thread.start()
    for thread in threads:
        thread.join()
    lasted = time.perf_counter() - began
    for no in wrong[:5]:
        tell(no)
    figure(f"tap_p95_ms_{one.kind}", p95(taken), "ms")
    figure(f"tap_in_server_p95_ms_{one.kind}", p95(_in_server(one)), "ms")
    figure(f"tap_median_ms_{one.kind}", 1000 * sorted(taken)[len(taken) // 2], "ms")
    figure(f"taps_per_second_{one.kind}", len(taken) / lasted, "1/s")
    figure(f"tap_lost_{one.kind}", _lost(one.engine, plan, {child for _, child in some}), "taps")


def _in_server(one: Served) -> list[float]:
    """Seconds that the server says the taps took it, without the way to it and the wait of the client."""
    lines = (line.split() for line in one.log.read_text(encoding="utf-8").splitlines())
    return [int(taken) / 1_000_000 for path, taken in lines if path == "/tablet/taps"]


def _lost(engine: sa.Engine, plan: list[tuple[str, int, int, str]], some: set[int]) -> int:
    with engine.connect() as connection:
        keys = list(connection.scalars(sa.select(TAP.c.key)))
        rows = connection.execute(sa.select(PRESENCE.c.child_id, PRESENCE.c.left)).all()
    sent = {key for key, *_ in plan}
    there = {child for child, left in rows if left is not None}
    doubled = len(keys) - len(set(keys)) + len(rows) - len({child for child, _ in rows})
    return len(sent - set(keys)) + doubled + len(some - there)


def _changes(one: Served) -> None:
    """Four tablets ask as fast as they can, with the mark of what they know."""
    device = children(one.engine)[0][0]
    until, counted = time.perf_counter() + (2 if QUICK else 8), [0] * 4

    def ask(n: int) -> None:
        tablet, tag = Tablet(one.port, f"bench-{device}"), ""
        while time.perf_counter() < until:
            answer, _ = tablet.ask("GET", "/tablet/changes", **({"If-None-Match": tag} if tag else {}))
            tag = answer.getheader("ETag") or tag
            counted[n] += answer.status in (200, 304)

    began = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figure(f"changes_per_second_{one.kind}", sum(counted) / (time.perf_counter() - began), "1/s")


def _close(one: Served) -> None:
    yesterday: date = TODAY - timedelta(days=1)
    everybody = sorted({child for _, child in children(one.engine)})
    with one.engine.begin() as connection:
        connection.execute(PRESENCE.delete())
        unit = dict(connection.execute(sa.select(PLACEMENT.c.child_id, PLACEMENT.c.unit_id)).tuples().all())
        connection.execute(PRESENCE.insert(), [
            {"child_id": child, "unit_id": unit[child], "day": yesterday, "arrived": clock(8), "left": None,
             "automatic": False} for child in everybody])
    answer = subprocess.run([sys.executable, "-c", CLOSE], cwd=ROOT, env=one.environment, check=True,
                            capture_output=True, text=True).stdout.split()
    if answer[1:] != [str(len(everybody)), "0"]:
        raise SystemExit(f"of {len(everybody)} open rows {answer[1]} were closed, {answer[2]} failed")
    tell(f"{len(everybody)} children were left signed in")
    figure(f"close_day_s_{one.kind}", float(answer[0]), "s")
