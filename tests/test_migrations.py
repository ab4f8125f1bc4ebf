"""The steps of the database lead to the tables of the models, on both kinds of database."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from evaka import create_app
from evaka.models.base import db
from evaka.models.guard import apart_ddl
from evaka.models.message import Post, Thread
from evaka.models.migrations import is_compared
from evaka.models.search import FINDABLE


@pytest.fixture
def stepped(database_url, tmp_path):
    """A second database, empty, to which steps are taken."""
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
        yield app
        db.session.remove()
        db.engine.dispose()
    if url.get_backend_name() != "sqlite":
        with keeper.connect() as connection:
            connection.exec_driver_sql('DROP DATABASE "' + f"{url.database}_up" + '" WITH (FORCE)')
        keeper.dispose()


@pytest.fixture
def upgraded(stepped):
    """A second database, made by the migrations alone."""
    upgrade()
    return stepped


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


WHEN = datetime(2026, 5, 4, 9, tzinfo=UTC)


def put(connection, tables, kind, **values):
    """A row of a step that is not today's; answers its number."""
    table = tables[kind]
    return connection.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one()


def test_what_was_written_before_there_were_boxes_is_found_in_them(stepped):
    """A letter with its answer, as the first step kept them, is two posts of the group's box after the second."""
    upgrade(revision="0001")
    with db.engine.begin() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        tables = tables.tables
        area = put(connection, tables, "area", name="Etelä", version=1)
        unit = put(connection, tables, "unit", name="Kettu", area_id=area, start_date=date(2020, 1, 1),
                   provider="municipal", care_types=["daycare"], opening="1-5 6.30-17.00", features=[],
                   version=1)
        group = put(connection, tables, "unit_group", unit_id=unit, name="Siilit", start_date=date(2020, 1, 1),
                    version=1)
        mother = put(connection, tables, "person", first_name="Maija", last_name="Virtanen", born=date(1990, 1, 1),
                     version=1, sort_key="virtanen maija", search_key="")
        post = put(connection, tables, "post", group_id=group, title="Retki", at=WHEN, digest="d", version=1)
        thread = put(connection, tables, "thread", title="Retki", group_id=group, post_id=post, last_at=WHEN, version=1)
        put(connection, tables, "thread_member", thread_id=thread, person_id=mother, version=1)
        first = put(connection, tables, "message", thread_id=thread, at=WHEN, body="Metsään.", version=1)
        put(connection, tables, "message", thread_id=thread, at=WHEN, body="Tulemme!", person_id=mother, version=1)
        put(connection, tables, "receipt", message_id=first, person_id=mother, version=1)
    upgrade()
    [told] = db.session.scalars(sa.select(Thread))
    assert told.box.group_id == group
    assert [(one.post.body, one.post.person_id, one.post.kind.value) for one in told.messages] == [
        ("Metsään.", None, "message"), ("Tulemme!", mother, "reply")]
    assert {(one.person_id, one.box_id) for one in told.members} == {(mother, None), (None, told.box_id)}
    assert db.session.scalars(sa.select(Post.title).where(Post.named("tule"))).all() == ["Retki"]
    db.session.rollback()
    with pytest.raises(SystemExit):  # which says to restore the backup, since new words would be lost
        downgrade(revision="0001")
