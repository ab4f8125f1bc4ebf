"""How Alembic reaches the database: the application's own engine and tables."""

from __future__ import annotations

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


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
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


if not context.is_offline_mode():
    run()
