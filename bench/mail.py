"""Messages of a large city: a bulletin to every guardian, what waits unread, and a search among five million receipts.

    python -m bench.mail [sqlite] [postgres]     SIZE=small is a quick try

A scratch database of each kind (PostgreSQL: of its own on EVAKA_TEST_DATABASE_URL, or on 127.0.0.1:5432) is filled with
26,000 guardians of 17,000 children, two hundred bulletins that all of them got, and a hundred thousand letters between
groups and families.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, g

from evaka import create_app
from evaka.access import Actor
from evaka.actions import message as act
from evaka.jobs import run
from evaka.jobs.message import DELIVER
from evaka.models.base import HELSINKI, db, transaction
from evaka.models.connection import writing
from evaka.models.message import Box, Message, Post, Receipt, Thread, ThreadChild, ThreadMember
from evaka.models.person import Guardian, Person
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Area, Group, Unit
from evaka.models.user import Grant, User
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import PostKind
from evaka.rules.person import search_key
from evaka.rules.unit import Week
from evaka.views.message import unread_of_groups, unread_of_guardian
from evaka.views.user import open_session

SMALL = os.environ.get("SIZE", "espoo") != "espoo"
CHILDREN, ADULTS, UNITS, BULLETINS, LETTERS = (
    (1_700, 2_600, 20, 20, 5_000) if SMALL else (17_000, 26_000, 200, 190, 100_000))
NOW = datetime(2026, 11, 2, 12, tzinfo=HELSINKI)
SERVER = os.environ.get("EVAKA_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres").replace(
    "postgresql://", "postgresql+psycopg://")
WORDS = [
    "retki", "metsä", "uimahalli", "valokuvaus", "vanhempainilta", "kevätjuhla", "tulokset", "sairaus", "varusteet",
    "syksy",
    "talvi", "juhla", "kurahousut", "aamupala", "lounas", "sali", "laulu", "kirjasto", "teatteri", "hakemus", "loma",
]
GROUPS = 4  # in a unit


def told(name: str, value: float, unit: str) -> None:
    kind = "sqlite" if db.engine.dialect.name == "sqlite" else "postgres"
    print(f"{name}_{kind} {value:.4g} {unit}", flush=True)


@contextmanager
def scratch(kind: str) -> Iterator[str]:
    """The address of an empty database that is gone afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/mail.db"
        return
    name = f"evaka_bench_mail_{os.getpid()}"
    server = sa.create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield sa.engine.make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()


def add(model: Any, rows: list[dict[str, Any]]) -> None:
    db.session.connection().execute(sa.insert(model.__table__), rows)


def people() -> None:
    week = Week.of(clock(6, 30), clock(17))
    add(Area, [{"id": 1, "name": "Koko kaupunki"}])
    add(Unit, [{"id": n, "name": f"Yksikkö {n}", "area_id": 1, "care_types": ["daycare"], "opening": week,
                "start_date": date(2020, 1, 1), "features": ["messages"], "provider": "municipal"}
               for n in range(1, UNITS + 1)])
    add(Group, [{"id": n, "unit_id": (n - 1) // GROUPS + 1, "name": f"Ryhmä {n}", "start_date": date(2020, 1, 1)}
                for n in range(1, UNITS * GROUPS + 1)])
    add(Person, [{"id": n, "first_name": f"Etu{n % 900}", "last_name": f"Suku{n // 900}", "email": f"p{n}@example.fi",
                  "born": date(2022 if n <= CHILDREN else 1988, 5, 1), "search_key": f"suku{n // 900} etu{n % 900}",
                  "sort_key": f"suku{n // 900} etu{n % 900}"} for n in range(1, CHILDREN + ADULTS + 1)])
    add(Guardian, [{"child_id": n % CHILDREN + 1, "guardian_id": CHILDREN + 1 + n} for n in range(ADULTS)])
    add(Placement, [{"id": n, "child_id": n, "unit_id": (n % (UNITS * GROUPS)) // GROUPS + 1, "care_type": "daycare",
                     "start_date": date(2025, 8, 1)} for n in range(1, CHILDREN + 1)])
    add(GroupPlacement, [{"placement_id": n, "group_id": n % (UNITS * GROUPS) + 1, "start_date": date(2025, 8, 1)}
                         for n in range(1, CHILDREN + 1)])
    add(User, [{"id": 1, "name": "Viestijä", "email": "v@example.fi", "must_change_password": False, "person_id": None},
               {"id": 2, "name": "Johtaja", "email": "j@example.fi", "must_change_password": False, "person_id": None},
               *({"id": 10 + n, "name": f"H{n}", "email": f"h{n}@example.fi", "must_change_password": False,
                  "person_id": CHILDREN + 1 + n} for n in range(1_000))])
    add(Grant, [{"user_id": 1, "role": "messaging", "start_date": date(2020, 1, 1), "unit_id": None},
                {"user_id": 2, "role": "director", "start_date": date(2020, 1, 1), "unit_id": 1},
                *({"user_id": 10 + n, "role": "guardian", "start_date": date(2020, 1, 1), "unit_id": None}
                  for n in range(1_000))])
    add(Box, [{"id": 1, "kind": "municipal", "group_id": None},
              *({"id": n + 1, "kind": "group", "group_id": n} for n in range(1, UNITS * GROUPS + 1))])


def text(rng: random.Random) -> str:
    return " ".join(rng.choice(WORDS) + rng.choice(("", "", "lle", "n", "ssa")) for _ in range(60))


def letters(rng: random.Random) -> None:
    """The bulletins set by set, as the program does it; the letters of groups, one thread each."""
    posts, threads, messages = [], [], []
    for n in range(1, BULLETINS + LETTERS + 1):
        at, bulletin = NOW - timedelta(minutes=5 * (BULLETINS + LETTERS - n) + 1), n <= BULLETINS
        title, body = rng.choice(WORDS), text(rng)
        box = 1 if bulletin else n % (UNITS * GROUPS) + 2
        posts.append({"id": n, "kind": "bulletin" if bulletin else "message", "status": "sent", "title": title,
                      "body": body, "at": at, "box_id": box, "recipients": ADULTS if bulletin else 1,
                      "search_key": search_key(title, body)})
        threads.append({"id": n, "title": title, "kind": posts[-1]["kind"], "box_id": box, "post_id": n, "last_at": at})
        messages.append({"id": n, "thread_id": n, "post_id": n, "at": at})
    for model, rows in ((Post, posts), (Thread, threads), (Message, messages)):
        for first in range(0, len(rows), 10_000):
            add(model, rows[first:first + 10_000])
    add(ThreadMember, [{"thread_id": one["id"], "box_id": one["box_id"], "last_at": one["last_at"]} for one in threads])
    some = threads[BULLETINS:]
    children = {one["id"]: one["id"] % CHILDREN + 1 for one in some}
    add(ThreadChild, [{"thread_id": id, "child_id": child} for id, child in children.items()])
    add(ThreadMember, [{"thread_id": one["id"], "person_id": CHILDREN + children[one["id"]], "last_at": one["last_at"]}
                       for one in some])
    add(Receipt, [{"message_id": one["id"], "person_id": CHILDREN + children[one["id"]],
                   "read_at": None if rng.random() < 0.02 else one["last_at"]} for one in some])
    connection = db.session.connection()
    for n in range(1, BULLETINS + 1):
        at = threads[n - 1]["last_at"]
        people_ = sa.select(Person.id).where(Person.id > CHILDREN)
        connection.execute(sa.insert(ThreadMember.__table__).from_select(
            ["thread_id", "person_id", "last_at"],
            sa.select(sa.literal(n), people_.subquery().c.id, sa.literal(at, Message.at.type))))
        read = sa.literal(at, Message.at.type) if n < BULLETINS - 2 else sa.null()
        connection.execute(sa.insert(Receipt.__table__).from_select(
            ["message_id", "person_id", "read_at"], sa.select(sa.literal(n), people_.subquery().c.id, read)))


def timed(do: Callable[[], Any]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def client_of(app: Flask, user_id: int) -> Any:
    client = app.test_client()
    token = open_session(db.session.get_one(User, user_id), NOW, "127.0.0.1", client.environ_base["HTTP_USER_AGENT"])
    with transaction():
        pass
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    return client


def fresh() -> None:
    for name in ("_login_user", "actor", "reads", "session_row", "session_strong"):
        g.pop(name, None)
    db.session.rollback()
    db.session.expire_all()


def bulletins(app: Flask) -> None:
    """Accepted: the press of the button until the page answers.  In the boxes: the job until the last is committed."""
    client, accepted, filled = client_of(app, 1), [], []
    for n in range(3):
        by = Actor(db.session.get_one(User, 1), NOW)
        with transaction():
            post = act.draft(act.box_named("municipal", by), by, kind=PostKind.BULLETIN, title=f"Tiedote {n}",
                             body=text(random.Random(n)), chosen=Chosen(everybody=True))
            id = post.id
        post = db.session.get_one(Post, id)
        shown = {"seen": act.audience(post, by).digest, "row_version": str(post.version)}
        fresh()
        writing.set(True)

        def press(id: int = id, shown: dict[str, str] = shown) -> None:
            page = client.post(f"/office/message/check/?id={id}", data=shown)
            assert page.status_code == 302, page.status_code

        accepted.append(timed(press))
        fresh()
        filled.append(timed(lambda: run(DELIVER, Actor(None, NOW))))
        fresh()
        found = db.session.scalar(sa.select(sa.func.count()).select_from(Receipt).join(Message).where(
            Message.post_id == id, Receipt.person_id.is_not(None)))
        assert found == ADULTS, found
    told("bulletin_accept_s", max(accepted), "s")
    told("bulletin_boxes_s", max(filled), "s")


def reading(app: Flask) -> None:
    rng = random.Random(3)
    guardians = [Actor(db.session.get_one(User, 10 + rng.randrange(1_000)), NOW) for _ in range(200)]
    took = []
    for by in guardians:
        assert by.grants
        took.append(timed(lambda by=by: unread_of_guardian(by)) * 1000)
    told("unread_ms", statistics.median(took), "ms")
    director = Actor(db.session.get_one(User, 2), NOW)
    counts = [timed(lambda: unread_of_groups(director)) * 1000 for _ in range(50)]
    told("unread_director_ms", statistics.median(counts), "ms")
    took = []
    clients = [client_of(app, 10 + n) for n in range(3)] + [client_of(app, 2)]
    for n in range(-8, 80):
        client = clients[n % 4]
        address = "/office/message/?box=all&search=" if n % 4 == 3 else "/my/message/?search="
        fresh()

        def look(client: Any = client, address: str = address) -> None:
            page = client.get(address + rng.choice(WORDS))
            assert page.status_code == 200, (address, page.status_code, page.headers.get("Location"))

        seconds = timed(look)
        if n >= 0:  # the first turns warm up
            took.append(seconds * 1000)
        writing.set(True)
    told("message_search_p95_ms", sorted(took)[int(len(took) * 0.95)], "ms")


def main() -> None:
    for kind in sys.argv[1:] or ["sqlite", "postgres"]:
        with scratch(kind) as url, tempfile.TemporaryDirectory() as folder:
            app = create_app(TESTING=True, SECRET_KEY="bench", SQLALCHEMY_DATABASE_URI=url, CITY="harjula",
                             DATA=Path(folder), NOW=lambda: NOW, SMTP="", BASE_URL="", WTF_CSRF_ENABLED=False)
            with app.test_request_context():
                db.create_all()
                began = time.monotonic()
                with transaction():
                    people()
                    letters(random.Random(1))
                with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    if connection.dialect.name == "postgresql":
                        for table in db.metadata.sorted_tables:  # the ids that were given count too
                            connection.execute(sa.select(sa.func.setval(
                                sa.func.pg_get_serial_sequence(f'"{table.name}"', "id"),
                                sa.select(sa.func.coalesce(sa.func.max(table.c.id), 1)).scalar_subquery())))
                        connection.exec_driver_sql("VACUUM ANALYZE")
                    else:
                        connection.exec_driver_sql("ANALYZE")
                print(f"  {kind}: filled in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
                bulletins(app)
                reading(app)
                db.session.remove()
                db.engine.dispose()


if __name__ == "__main__":
    main()
