"""The steps of the database lead to the tables of the models, on both kinds of database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from evaka import create_app
from evaka.models.base import apart_ddl, db
from evaka.models.migrations import is_compared
from evaka.models.search import FINDABLE


@pytest.fixture
def upgraded(database_url, tmp_path):
    """A second database, made by the migrations alone."""
    url = sa.make_url(database_url)
    if url.get_backend_name() == "sqlite":
        fresh = f"sqlite:///{tmp_path}/upgraded.sqlite"
    else:
        keeper = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with keeper.connect() as connection:
            connection.exec_driver_sql('CREATE DATABASE "' + f"{url.database}_up" + '"')
        fresh = url.set(database=f"{url.database}_up").render_as_string(hide_password=False)
    app = create_app(
        TESTING=True, SECRET_KEY="t", SQLALCHEMY_DATABASE_URI=fresh, CITY="harjula", DATA=tmp_path, SMTP="",
        BASE_URL="")
    with app.app_context():
        upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()
    if url.get_backend_name() != "sqlite":
        with keeper.connect() as connection:
            connection.exec_driver_sql('DROP DATABASE "' + f"{url.database}_up" + '" WITH (FORCE)')
        keeper.dispose()


def test_the_upgraded_database_equals_the_models(upgraded):
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={
            "compare_type": True, "include_object": is_compared})
        assert compare_metadata(context, db.metadata) == []


def test_the_rules_against_overlaps_are_in_the_upgraded_database(upgraded):
    declared = {name for table in db.metadata.sorted_tables for name in table.info.get("apart", ())}
    assert len(declared) >= 8
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            found = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger'").scalars())
            assert {f"{name}_{verb}" for name in declared for verb in ("ins", "upd")} <= found
        else:
            found = set(connection.exec_driver_sql("SELECT conname FROM pg_constraint WHERE contype='x'").scalars())
            assert declared <= found


def test_rows_that_are_kept_forever_are_so_in_the_upgraded_database(upgraded):
    kept = [table.name for table in db.metadata.sorted_tables if table.info.get("kept")]
    assert set(kept) >= {"audit_event", "journal_seal"}
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            found = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type='trigger'").scalars())
            assert {f"kept_{name}_{verb}" for name in kept for verb in ("upd", "del")} <= found
        else:
            found = set(connection.exec_driver_sql("SELECT tgname FROM pg_trigger").scalars())
            assert {f"kept_{name}" for name in kept} <= found


def test_the_indexes_of_words_are_in_the_upgraded_database(upgraded):
    declared = {f"{table}_search" for table in FINDABLE}
    assert {"person_search", "unit_search"} <= declared
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            found = set(connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars())
            assert {f"{name}{part}" for name in declared for part in ("", "_ins", "_upd", "_del")} <= found
        else:
            found = set(connection.exec_driver_sql("SELECT indexname FROM pg_indexes").scalars())
            assert {f"ix_{name}" for name in declared} <= found


def test_every_step_can_be_taken_back(upgraded):
    downgrade(revision="base")
    with db.engine.connect() as connection:
        left = set(sa.inspect(connection).get_table_names()) - {"alembic_version", "sqlite_sequence"}
    assert left == set()


def test_a_rule_is_written_for_both_databases():
    ddl = apart_ddl("placement", "ex_placement_child_id", ("{p}child_id",), None)
    assert ddl.keys() == {"sqlite", "postgresql"}
