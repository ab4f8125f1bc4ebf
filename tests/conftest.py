"""What every test may ask for: an app, an empty database, an actor, a browser.

The database is SQLite in a file, or the PostgreSQL of EVAKA_TEST_DATABASE_URL.  Every test's rows are taken back.
"""

from __future__ import annotations

import gc
import os
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient

from evaka import city, create_app
from evaka.access import Actor
from evaka.models.base import HELSINKI, db
from evaka.models.connection import writing
from evaka.models.guard import kept_ddl
from evaka.models.user import User

NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)


def pytest_configure() -> None:
    """Dead objects are looked for as seldom as in operation, see evaka/serve.py: it was a tenth of the tests' time."""
    gc.set_threshold(10_000, 20, 50)


class Browser(FlaskClient):
    """Flask-Login keeps its user in `g`, which the tests' open app context would share."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        for name in ("_login_user", "actor", "reads", "session_row", "session_strong"):
            g.pop(name, None)
        db.session.expire_all()
        try:
            return super().open(*args, **kwargs)
        finally:
            writing.set(True)
            db.session.rollback()


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fresh database: of its own in the named PostgreSQL, or a SQLite file."""
    server = os.environ.get("EVAKA_TEST_DATABASE_URL")
    if not server:
        yield f"sqlite:///{tmp_path_factory.mktemp('database')}/test.sqlite"
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    name = f"evaka_test_{os.getpid()}_{worker}"
    keeper = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with keeper.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET synchronous_commit = off')  # no test pulls the plug
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with keeper.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        keeper.dispose()


@pytest.fixture(scope="session")
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = create_app(
        TESTING=True, SECRET_KEY="test", SQLALCHEMY_DATABASE_URI=database_url, WTF_CSRF_ENABLED=False, CITY="harjula",
        DATA=Path(tmp_path_factory.mktemp("data")), NOW=lambda: NOON, SMTP="", BASE_URL="https://evaka.example.fi",
    )
    app.test_client_class = Browser
    with app.app_context():
        db.create_all()
        if db.engine.dialect.name == "postgresql":  # rows stand in the order in which they came
            with db.engine.begin() as connection:
                for table in db.metadata.sorted_tables:
                    connection.exec_driver_sql(f'ALTER TABLE "{table.name}" SET (autovacuum_enabled = false)')
    gc.collect()
    gc.freeze()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def database(app: Flask, request: pytest.FixtureRequest) -> Iterator[None]:
    """The app's database, empty again after the test."""
    if not as_shipped() or patches(request) or request.config.stash.get(PATCHED, False):
        city.choose("harjula")
        request.config.stash[PATCHED] = False
    with app.app_context():
        yield
        db.session.rollback()
        empty()
        db.session.remove()


SHIPPED = [city.CONFIG / "base", city.CONFIG / "harjula"]


PATCHED = pytest.StashKey[bool]()  # a test before may have changed what the city's tables are made of


def as_shipped() -> bool:
    """Whether the city is the tests' own and nothing is published over its files: what was made of them may be kept."""
    return city._layers == SHIPPED and city.stamp() is None


def patches(request: pytest.FixtureRequest) -> bool:
    """Whether a test puts something in the place of our own: then nothing that was made before it is to be trusted."""
    return "monkeypatch" in request.fixturenames


def empty() -> None:
    """Take away every row.  To empty all tables takes long on either database, so only those with rows are emptied."""
    kept, filled = _asked()
    with db.engine.begin() as connection:
        postgres = connection.dialect.name == "postgresql"
        if postgres:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no trigger is asked
        names = connection.exec_driver_sql(filled).scalars().all()
        with nullcontext() if postgres or kept.isdisjoint(names) else unguarded(connection):
            for name in names:
                # the room of deleted rows is used again, and the journal would not stand in the order of its lines
                truncated = postgres and name == "audit_event"
                connection.exec_driver_sql(f'TRUNCATE "{name}"' if truncated else f'DELETE FROM "{name}"')
                if postgres and "id" in db.metadata.tables[name].columns:
                    connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id'), 1, false)")


@cache
def _asked() -> tuple[frozenset[str], str]:
    """The tables that are kept forever, and the question which tables hold rows, those that point at others first."""
    tables = list(reversed(db.metadata.sorted_tables))
    questions = [f"SELECT '{one.name}' WHERE EXISTS (SELECT 1 FROM \"{one.name}\")" for one in tables]
    return frozenset(one.name for one in tables if one.info.get("kept")), " UNION ALL ".join(questions)


@contextmanager
def unguarded(connection: sa.Connection) -> Iterator[None]:
    """Inside, rows that are kept forever can be changed, as somebody with the keys of the database could."""
    rules = [kept_ddl(table.name)[connection.dialect.name]
             for table in db.metadata.sorted_tables if table.info.get("kept")]
    for _create, drop in rules:
        for statement in drop:
            connection.exec_driver_sql(statement)
    yield
    for create, _drop in rules:
        for statement in create:
            connection.exec_driver_sql(statement)


@pytest.fixture
def by() -> Callable[..., Actor]:
    """An actor at noon of a day: by(user) or by(None, "2026-08-01")."""

    def make(user: User | None = None, day: str = "2026-06-01") -> Actor:
        return Actor(user, datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=HELSINKI))

    return make


@pytest.fixture
def at(app: Flask) -> Iterator[Callable[[str], None]]:
    """Set the clock of the pages: at("2026-08-01") or at("2026-08-01T08:42")."""

    def set_clock(moment: str) -> None:
        told = datetime.fromisoformat(moment if "T" in moment else f"{moment}T12:00").replace(tzinfo=HELSINKI)
        app.config["NOW"] = lambda: told

    yield set_clock
    app.config["NOW"] = lambda: NOON


@pytest.fixture
def browser(app: Flask, database: None) -> Callable[[User | None], FlaskClient]:
    """A browser in which the given user has logged in."""
    from evaka.views.user import open_session

    def open_for(user: User | None) -> FlaskClient:
        keep()
        client = app.test_client()
        if user is None:
            return client
        token = open_session(user, app.config["NOW"](), "127.0.0.1", client.environ_base["HTTP_USER_AGENT"])
        db.session.flush()
        db.session.info.pop("lines", None)  # the log-in is an arrangement of the test, not a thing that was done
        keep()
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        return client

    return open_for


def keep() -> None:
    """Save what the test has arranged, as if it had always been there: no line in the journal."""
    db.session.flush()
    db.session.info.pop("changes", None)
    db.session.commit()


@pytest.fixture(autouse=True)
def no_real_email(request: pytest.FixtureRequest) -> Iterator[None]:
    """Mail goes to a server on this machine or nowhere."""
    connect = smtplib.SMTP.connect

    def only_here(self: smtplib.SMTP, host: str = "localhost", *args: Any, **kwargs: Any) -> Any:
        if host not in ("localhost", "127.0.0.1"):
            pytest.fail(f"a test tried to send mail through {host}")
        return connect(self, host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smtplib.SMTP, "connect", only_here)
        yield
    if patches(request):
        request.config.stash[PATCHED] = True


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that the database is asked while the block runs: `with statements() as asked: ...; len(asked)`."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
