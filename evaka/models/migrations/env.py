"""How Alembic reaches the database: the application's own engine and tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy.sql.elements import False_, True_

from evaka.models.base import Moment, db
from evaka.models.booking import PatternType
from evaka.models.migrations import is_compared, keep_apart_again, make_findable_again
from evaka.models.unit import WeekType


def plain(kind: str, item: object, _context: object) -> str | bool:
    """Our own types are written as the database's, so that a step does not depend on today's models.

    No and yes are written for every database, not as the numbers of the one that is looked at.
    """
    if kind == "server_default" and isinstance(written := getattr(item, "arg", None), False_ | True_):
        return "sa.false()" if isinstance(written, False_) else "sa.true()"
    if kind != "type":
        return False
    if isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    return f"sa.String(length={item.impl.length})" if isinstance(item, WeekType | PatternType) else False


@contextmanager
def unguarded(connection: Any) -> Iterator[None]:
    """SQLite alters a table by making it anew, which rows that point at it must bear; afterwards all point right."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        if lost := raw.execute("PRAGMA foreign_key_check").fetchmany(5):
            raise RuntimeError(f"rows point at nothing after the migration: {lost}")
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection, unguarded(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=plain,
            include_object=is_compared,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
    with engine.begin() as connection:
        keep_apart_again(connection)
        make_findable_again(connection)
        if connection.dialect.name == "sqlite":  # nobody else tells it which index is worth what
            connection.exec_driver_sql("PRAGMA analysis_limit=1000")
            connection.exec_driver_sql("ANALYZE")


if not context.is_offline_mode():
    run()
