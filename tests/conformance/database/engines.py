"""The databases on which cases are run: SQLite in a folder of its own, and the PostgreSQL that answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import sqlalchemy as sa

from evaka import city, create_app
from evaka.models.base import HELSINKI, db
from evaka.rules.fee import FeeTable
from tests.__main__ import postgres

NOON = datetime(2030, 1, 1, 12, tzinfo=HELSINKI)  # decisions may be about any day before
CITY = "harjula"
ENGINES = ("sqlite", "postgresql")


@contextmanager
def database(engine: str) -> Iterator[bool]:
    """An empty database with every table, and the app upon it; False when there is no such server."""
    with TemporaryDirectory(prefix="conformance-") as folder:
        if engine == "sqlite":
            with _app(f"sqlite:///{folder}/cases.sqlite", Path(folder)):
                yield True
            return
        server = postgres()
        if server is None:
            yield False
            return
        url = sa.make_url(server).set(drivername="postgresql+psycopg")
        name = f"evaka_cases_{os.getpid()}"
        keeper = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with keeper.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        try:
            with _app(url.set(database=name).render_as_string(hide_password=False), Path(folder)):
                yield True
        finally:
            with keeper.connect() as connection:
                connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            keeper.dispose()


@contextmanager
def _app(url: str, folder: Path) -> Iterator[None]:
    app = create_app(
        TESTING=True, SECRET_KEY="test", SQLALCHEMY_DATABASE_URI=url, CITY=CITY, DATA=folder, NOW=lambda: NOON,
        SMTP="", BASE_URL="https://evaka.example.fi",
    )
    # Some cases have fee tables that no city could publish: their highest fee is not what their limits lead to.
    with app.app_context(), patch.object(FeeTable, "__post_init__", lambda table: None):
        db.create_all()
        try:
            yield
        finally:
            db.session.remove()
            db.engine.dispose()
            city.choose(CITY)  # without what the last case has published
