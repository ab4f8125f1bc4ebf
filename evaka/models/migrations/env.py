"""How Alembic reaches the database: the application's own engine and tables."""

from __future__ import annotations

from alembic import context
from flask import current_app

from evaka.models.base import db
from evaka.models.migrations import keep_apart_again


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
            keep_apart_again(connection)


if not context.is_offline_mode():
    run()
