"""How each kind of database is spoken to: how a transaction begins, who waits for whom, what a reader may not do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from evaka.kit.turn import Queued

# Whether the connection that begins next means to write: SQLite must then take its lock at once, or two
# people who read before they write would overwrite each other.  Requests that only read say False.
writing: ContextVar[bool] = ContextVar("writing", default=True)


# 16 MB of pages a connection; the rest of the file is read where the system keeps it, once for all processes
QUICK = ("cache_size=-16000", "mmap_size=1073741824", "temp_store=MEMORY")


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # we say BEGIN ourselves
        # its own lower() knows a to z only: Äijälä would not be found by "äijä"
        connection.create_function("lower", 1, lambda text: text and str(text).lower(), deterministic=True)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON", *QUICK):
            connection.execute(f"PRAGMA {pragma}")
    else:
        connection.execute("SET jit = off")  # for our short questions it takes longer to compile than to answer
        connection.commit()
        connection.prepared_max = 500  # the statements of our pages; beyond 100 one would be forgotten for the other


class Described(psycopg.Cursor[Any]):
    """Says what its columns are only when somebody asks.  psycopg makes an object of each column of each answer: a
    third of a short question for a wide row, though whoever has asked before knows what comes."""

    @property
    def description(self) -> Any:
        return Columns(self) if self.pgresult is not None and self.pgresult.nfields else super().description

    @property
    def columns(self) -> list[psycopg.Column]:
        return super().description or []


class Columns:
    """Stands in for the list of a cursor's columns until its next question."""

    def __init__(self, cursor: Described) -> None:
        self.cursor = cursor

    def __iter__(self) -> Iterator[psycopg.Column]:
        return iter(self.cursor.columns)

    def __getitem__(self, place: Any) -> Any:
        return self.cursor.columns[place]

    def __len__(self) -> int:
        return len(self.cursor.columns)


@event.listens_for(Engine, "do_connect")
def _call(dialect: sa.Dialect, _record: Any, _given: Any, settings: dict[str, Any]) -> None:
    if dialect.name == "sqlite":
        settings["factory"] = Queued
    else:
        settings["cursor_factory"] = Described


@event.listens_for(Engine, "begin")
def _begin(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    if not writing.get():
        connection.exec_driver_sql("BEGIN")
        return
    line: Queued = connection.connection.driver_connection  # type: ignore[assignment]
    if not line.wait():
        raise sa.exc.OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except BaseException:
        line.give()
        raise


@event.listens_for(Pool, "checkout")
def _lend(connection: Any, record: Any, _proxy: Any) -> None:
    """PostgreSQL sees each statement for itself (READ COMMITTED): a reader needs no transaction, and saves two trips.

    What a reader would change all the same is refused, since it would hold at once.
    """
    if type(connection).__module__.startswith("psycopg") and record.info.get("reads", False) is writing.get():
        record.info["reads"] = connection.autocommit = not writing.get()


@event.listens_for(Engine, "before_cursor_execute")
def _only_writers_change(
    connection: sa.Connection, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    changes = context is not None and (context.isinsert or context.isupdate or context.isdelete)
    if changes and (connection.info.get("reads") or not writing.get()):
        raise RuntimeError(f"a request that only reads would change rows: {statement[:80]}")


@contextmanager
def reading() -> Iterator[None]:
    """Inside, a transaction that begins does not hold up those who write."""
    before = writing.set(False)
    try:
        yield
    finally:
        writing.reset(before)
