"""The journal at five million lines: what it takes to write, to ask and to prove.

    python -m bench.journal [--lines 5000000] [--keep FOLDER] [sqlite] [postgresql]

A scratch database of each kind (PostgreSQL: of its own on EVAKA_TEST_DATABASE_URL, or on 127.0.0.1:5432 when that
answers) is filled with a year of lines of 26,000 adults, 17,000 children and 1,500 users.  With --keep the databases
stay, and are used again.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from evaka import create_app
from evaka.access import Actor
from evaka.actions.journal import seal, verify
from evaka.models.base import HELSINKI, db, transaction
from evaka.models.connection import writing
from evaka.models.guard import kept_ddl
from evaka.models.journal import LINES, add_lines, with_digests
from evaka.models.person import Person
from evaka.models.user import Grant, User
from evaka.views.user import open_session

CHILDREN, ADULTS, USERS = 17_000, 26_000, 1_500
NOW = datetime(2026, 11, 2, 12, tzinfo=HELSINKI)
BEGAN = NOW - timedelta(days=365)
CHUNK, SAMPLE, CHAINED = 10_000, 50_000, 250_000
HOT_CHILD, BUSY_USER = 77, 5  # a file that many open, and somebody of the office who opens very many
SERVER = os.environ.get("EVAKA_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


def told(name: str, value: float, unit: str) -> None:
    print(f"{name} {value:.4g} {unit}" if value < 1000 else f"{name} {value:.0f} {unit}", flush=True)


# -- a database ---------------------------------------------------------------------------------------


def app_on(url: str, folder: Path) -> Flask:
    return create_app(TESTING=True, SECRET_KEY="bench", SQLALCHEMY_DATABASE_URI=url, CITY="harjula", DATA=folder,
                      NOW=lambda: NOW, SMTP="", BASE_URL="", WTF_CSRF_ENABLED=False)


def line(rng: random.Random, at: datetime) -> dict[str, Any]:
    """Three of four lines are reads; some files and some readers come up much more often than others."""
    child = HOT_CHILD if rng.random() < 0.0005 else rng.randint(1, CHILDREN)
    user = BUSY_USER if rng.random() < 0.04 else int(USERS * rng.random() ** 2) + 1
    kind = rng.random()
    facts: dict[str, Any] = {}
    action, subject, number, person = "person.read", "person", child, child
    if kind > 0.75:
        number = rng.randint(1, 900_000)
        day = at.date().isoformat()
        action, subject, facts = "attendance.absent", "person", {
            "first": day, "last": day, "kind": "sick",
            "changes": [["absence +", "day", None, day], ["absence +", "kind", None, "sick"]]}
    if kind > 0.95:
        action, subject, number, person = "message.read", "thread", rng.randint(1, 90_000), child + CHILDREN
    if kind > 0.9999:
        action, subject, number, person = "journal.retry_mail", "email", rng.randint(1, 90_000), None
    return {"at": at, "user_id": user, "action": action, "subject": subject, "subject_id": number,
            "person_id": person, "facts": facts}


def people() -> None:
    with transaction():
        rows = [{"id": n, "first_name": f"Etu{n % 900}", "last_name": f"Suku{n // 900}",
                 "born": date(2022 if n <= CHILDREN else 1988, 5, 1), "search_key": f"suku{n // 900} etu{n % 900}",
                 "sort_key": f"suku{n // 900} etu{n % 900}"} for n in range(1, CHILDREN + ADULTS + 1)]
        connection = db.session.connection()
        connection.execute(sa.insert(Person.__table__), rows)
        connection.execute(sa.insert(User.__table__), [
            {"id": n, "name": f"Käyttäjä {n}", "email": f"k{n}@example.fi", "must_change_password": False}
            for n in range(1, USERS + 1)])
        connection.execute(sa.insert(Grant.__table__), [
            {"user_id": n, "role": "admin" if n == 1 else "service_worker", "start_date": date(2020, 1, 1)}
            for n in range(1, USERS + 1)])


def fill(lines: int) -> None:
    """Lines in the order of time.  The last are chained as the program does it; those before are copies of a sample,
    made by the database itself: they count for size and speed, and the proof begins at the seal after them."""
    rng = random.Random(7)
    chained = min(CHAINED, lines // 2)
    sample = min(SAMPLE, lines - chained)
    copies = (lines - chained) // sample
    stretch = (NOW - BEGAN) / (copies + chained / sample)
    began = time.monotonic()
    for index in LINES.indexes:  # made again when all is there
        index.drop(db.engine)
    with transaction():
        connection = db.session.connection()
        blank = {"chain": 0, "number": 0, "digest": bytes(32)}
        connection.execute(sa.insert(LINES), [line(rng, BEGAN + n * stretch / sample) | blank for n in range(sample)])
        names = [c.name for c in LINES.c if c.name not in ("id", "at", "version")]
        later = ("at + :seconds * interval '1 second'" if kind() == "postgres"
                 else "strftime('%Y-%m-%d %H:%M:%f000', at, '+' || :seconds || ' seconds')")
        for n in range(1, copies):
            connection.execute(sa.text(f"INSERT INTO audit_event (at, {', '.join(names)}) SELECT {later}, "
                                       f"{', '.join(names)} FROM audit_event ORDER BY id LIMIT {sample}"),
                               {"seconds": int((n * stretch).total_seconds())})
    with transaction():
        seal(Actor(None, BEGAN + copies * stretch))
    print(f"  {copies * sample} lines, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    begin = BEGAN + copies * stretch
    for first in range(0, chained, CHUNK):
        rows = [line(rng, begin + n * (NOW - begin) / chained) for n in range(first, min(first + CHUNK, chained))]
        with transaction():
            connection = db.session.connection()
            with_digests(connection, rows)
            connection.execute(sa.insert(LINES), rows)
    for index in LINES.indexes:
        index.create(db.engine)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE audit_event")
    print(f"  {copies * sample + chained} lines, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def kind() -> str:
    return "sqlite" if db.engine.dialect.name == "sqlite" else "postgres"


# -- what is measured -----------------------------------------------------------------------------------


def median_ms(do: Callable[[], Any], times: int = 15) -> tuple[float, float]:
    """The median, and the slowest."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), max(took)


def pages() -> None:
    from flask import current_app, g

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    admin = db.session.get_one(User, 1)
    client = app.test_client()
    token = open_session(admin, NOW, "127.0.0.1", client.environ_base["HTTP_USER_AGENT"])
    with transaction():
        pass
    with client.session_transaction() as session:
        session["_user_id"] = token
        session["_fresh"] = True

    def get(address: str) -> None:
        for name in ("_login_user", "actor", "reads", "session_row"):
            g.pop(name, None)
        db.session.expire_all()
        page = client.get(address)
        writing.set(True)
        db.session.rollback()
        assert page.status_code == 200, (address, page.status_code)

    asked = {
        "who_opened": f"/office/journal/file/?id={HOT_CHILD}",
        "who_opened_days": f"/office/journal/file/?id={HOT_CHILD}&first=2026-03-01&last=2026-03-31",
        "user_done": f"/office/journal/user/?id={BUSY_USER}",
        "user_done_days": f"/office/journal/user/?id={BUSY_USER}&first=2026-03-01&last=2026-03-31",
        "list": "/office/journal/",
        "list_person": "/office/journal/?flt0_0=suku3+etu77",
        "list_many_persons": "/office/journal/?flt0_0=etu1",
        "list_user": "/office/journal/?flt1_1=käyttäjä+5",
        "list_rare_action": "/office/journal/?flt2_2=journal.retry_mail",
        "list_day": "/office/journal/?flt3_3=2026-03-01&flt4_4=2026-03-01",
        "list_user_day": "/office/journal/?flt1_1=käyttäjä+5&flt3_3=2026-03-01&flt4_4=2026-03-01",
    }
    for name, address in asked.items():
        middle, worst = median_ms(lambda address=address: get(address))
        told(f"{name}_ms_{kind()}", middle, "ms")
        told(f"{name}_worst_ms_{kind()}", worst, "ms")


def proof() -> None:
    writing.set(False)
    options = {} if kind() == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    began = time.perf_counter()
    with db.engine.connect().execution_options(**options) as connection:
        walk = verify(connection, since=1)
    writing.set(True)
    told(f"verify_lines_per_second_{kind()}", walk.lines / (time.perf_counter() - began), "lines/s")


def saves(times: int, chained: bool) -> list[float]:
    """Transactions of one line each, in microseconds: chained, or put into the same table as they are."""
    rng = random.Random(time.time_ns())
    took = []
    for _ in range(times):
        one = line(rng, NOW)
        began = time.perf_counter()
        with transaction():
            if chained:
                add_lines([one])
            else:
                db.session.connection().execute(
                    sa.insert(LINES), [one | {"chain": -1, "number": 0, "digest": bytes(32)}])
        took.append((time.perf_counter() - began) * 1e6)
    return took


def p95(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)]


def cost_of_a_save() -> None:
    saves(200, True)
    saves(200, False)
    chained, plain = [], []
    for _ in range(20):  # turn about, so that both meet the same weather
        chained += saves(50, True)
        plain += saves(50, False)
    told(f"insert_us_{kind()}", statistics.median(chained), "us")
    told(f"insert_plain_us_{kind()}", statistics.median(plain), "us")
    told(f"insert_p95_us_{kind()}", p95(chained), "us")
    told(f"insert_plain_p95_us_{kind()}", p95(plain), "us")


def crowd(writers: int = 8, times: int = 60) -> None:
    """Threads that save at once, each on a connection of its own, as fast as they can: what do they wait for?"""
    from flask import current_app

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]

    def writer(chained: bool) -> list[float]:
        with app.app_context():
            writing.set(True)
            return saves(times, chained)

    for name, chained in (("crowd", True), ("crowd_plain", False)):
        with ThreadPoolExecutor(writers) as threads:
            took = [one for found in threads.map(writer, [chained] * writers) for one in found]
        told(f"{name}_p95_ms_{kind()}", p95(took) / 1000, f"ms, {writers} at once")


def size(lines: int) -> None:
    with db.engine.connect() as connection:
        if kind() == "sqlite":
            pages_of, each = (connection.exec_driver_sql(f"PRAGMA {what}").scalar_one()
                              for what in ("page_count", "page_size"))
            everything = pages_of * each
        else:
            everything = connection.exec_driver_sql("SELECT pg_total_relation_size('audit_event')").scalar_one()
            for name, bytes_ in connection.exec_driver_sql(
                    "SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index "
                    "WHERE indrelid = 'audit_event'::regclass ORDER BY 2 DESC"):
                told(f"size_of_{name}_{kind()}", bytes_ / 2**20 / lines * 1e6, "MB/million lines")
    told(f"size_mb_per_million_{kind()}", everything / 2**20 / lines * 1e6, "MB/million lines")


# -- both kinds -----------------------------------------------------------------------------------------


@contextmanager
def scratch(which: str, folder: Path, keep: bool) -> Iterator[str]:
    if which == "sqlite":
        yield f"sqlite:///{folder}/journal.sqlite"
        return
    url = sa.make_url(SERVER).set(drivername="postgresql+psycopg")
    name = "evaka_bench_journal" if keep else f"evaka_bench_{os.getpid()}"
    keeper = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with keeper.connect() as connection:
        if not connection.exec_driver_sql("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).first():
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        if not keep:
            with keeper.connect() as connection:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        keeper.dispose()


def measure(url: str, folder: Path, lines: int, parts: set[str]) -> None:
    with app_on(url, folder).app_context():
        db.create_all()
        there = db.session.scalar(sa.select(sa.func.max(LINES.c.id))) or 0
        db.session.rollback()
        if not there:
            people()
            fill(lines)
            there = db.session.scalar(sa.select(sa.func.max(LINES.c.id))) or 0
            db.session.rollback()
        if "size" in parts:
            size(there)
        if "pages" in parts:
            pages()
        if "proof" in parts:
            proof()
        if "save" in parts:
            cost_of_a_save()
            crowd()
            with transaction():  # what was not chained goes again, or no later proof would hold
                for statement in kept_ddl("audit_event")[db.engine.dialect.name][1]:
                    db.session.connection().exec_driver_sql(statement)
                db.session.connection().execute(sa.delete(LINES).where(LINES.c.chain == -1))
        db.session.remove()
        db.engine.dispose()


PARTS = ("size", "pages", "save", "proof")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("kinds", nargs="*")
    asked.add_argument("--lines", type=int, default=5_000_000)
    asked.add_argument("--keep", type=Path)
    asked.add_argument("--parts", nargs="*", default=PARTS)
    given = asked.parse_args()
    kinds = given.kinds or ["sqlite", "postgresql"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for one in kinds:
            if one == "postgresql":
                where = sa.make_url(SERVER)
                with socket.socket() as probe:
                    if probe.connect_ex((where.host or "127.0.0.1", where.port or 5432)):
                        print("PostgreSQL does not answer: left out", file=sys.stderr)
                        continue
            with scratch(one, folder, given.keep is not None) as url:
                measure(url, folder, given.lines, set(given.parts))


if __name__ == "__main__":
    main()
