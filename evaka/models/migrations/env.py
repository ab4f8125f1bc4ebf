"""How Alembic reaches the database: the application's own engine and tables."""

from __future__ import annotations

from alembic import context
from flask import current_app

from evaka.models.base import Moment, db
from evaka.models.migrations import keep_apart_again
from evaka.models.unit import WeekType


def plain(kind: str, item: object, _context: object) -> str | bool:
    """Our own types are written as the database's, so that a step does not depend on today's models."""
    if kind != "type":
        return False
    if isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    return f"sa.String(length={item.impl.length})" if isinstance(item, WeekType) else False


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=plain,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
    with engine.begin() as connection:
        keep_apart_again(connection)


if not context.is_offline_mode():
    run()
