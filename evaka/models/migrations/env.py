"""How Alembic reaches the database: the application's own engine and tables."""

from __future__ import annotations

from alembic import context
from flask import current_app

from evaka.models.base import Moment, db
from evaka.models.migrations import keep_apart_again


def plain(kind: str, item: object, _context: object) -> str | bool:
    """A moment is written as the database's own type, so that a step does not depend on today's models."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


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
