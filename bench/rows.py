"""The rows of the bench: the same city on PostgreSQL, and ten times its people."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

import evaka.views  # noqa: F401  every table is known once the screens are
from evaka.models.base import Model
from evaka.models.search import findable_ddl

ROOT = Path(__file__).parent.parent
TABLES = Model.metadata.tables
# what a city of ten times the people has ten times of; its units and groups stay as many
PEOPLE = {name: TABLES[name] for name in (
    "person", "guardian", "head_of_child", "partner", "placement", "group_placement", "service_need")
    if name in TABLES}
STEP = 10_000_000  # between the ids of a copy and those of the next


def copied_to_postgres(origin: Path, url: str, folder: Path) -> None:
    """Every row of the SQLite file in an empty PostgreSQL, with its rules and indexes made by the migrations."""
    environment = os.environ | {
        "EVAKA_DATA": str(folder), "EVAKA_DATABASE_URL": url, "EVAKA_HTTP": "1", "EVAKA_CITY": "harjula"}
    subprocess.run([sys.executable, "-m", "flask", "--app", "app", "db", "upgrade"], cwd=ROOT, env=environment,
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    engine = sa.create_engine(url)
    lite = sqlite3.connect(origin)
    with engine.begin() as connection:
        raw: Any = connection.connection.driver_connection
        connection.exec_driver_sql("SET session_replication_role = replica")  # the file has been checked already
        for table in Model.metadata.sorted_tables:
            _copy(lite, raw, table)
            connection.execute(sa.select(sa.func.setval(
                sa.func.pg_get_serial_sequence(f'"{table.name}"', "id"),
                sa.select(sa.func.coalesce(sa.func.max(table.c.id), 1)).scalar_subquery())))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    engine.dispose()
    lite.close()


def _copy(lite: sqlite3.Connection, raw: psycopg.Connection[Any], table: sa.Table) -> None:
    names = ", ".join(f'"{one.name}"' for one in table.columns)
    made = [_plain(one.type) for one in table.columns]
    with raw.cursor().copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for row in lite.execute(f'SELECT {names} FROM "{table.name}"'):
            copy.write_row([None if value is None else make(value) for make, value in zip(made, row, strict=True)])


def _plain(kind: Any) -> Any:
    """How a value of SQLite is written for PostgreSQL."""
    kind = getattr(kind, "impl", kind) if isinstance(kind, sa.types.TypeDecorator) else kind
    if isinstance(kind, sa.Boolean):
        return bool
    if isinstance(kind, sa.DateTime):
        return lambda value: f"{value}+00"
    return lambda value: value


def made_tenfold(url: str) -> None:
    """Nine more of every person, family and place, each with keys of its own."""
    engine = sa.create_engine(url)
    lite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        indexes = findable_ddl("person")[engine.dialect.name]
        triggers = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all() if lite else []
        for statement in indexes[1]:
            connection.exec_driver_sql(statement)
        for name, _ in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        if not lite:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql("SET maintenance_work_mem = '256MB'")
        for table in PEOPLE.values():
            names = ", ".join(f'"{one.name}"' for one in table.columns)
            for n in range(1, 10):
                values = ", ".join(_moved(one, n) for one in table.columns)
                connection.exec_driver_sql(
                    f'INSERT INTO "{table.name}" ({names}) SELECT {values} FROM "{table.name}" WHERE id < {STEP}')
        for statement in indexes[0]:
            connection.exec_driver_sql(statement.replace("%", "%%"))
        for name, sql in triggers:
            if not name.startswith("person_search"):
                connection.exec_driver_sql(sql.replace("%", "%%"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if lite else "VACUUM ANALYZE")
    engine.dispose()


def _moved(column: sa.Column[Any], n: int) -> str:
    """A column of the n-th copy: keys point at rows of the same copy, and no code is anybody else's."""
    if column.name == "id" or any(key.column.table.name in PEOPLE for key in column.foreign_keys):
        return f'"{column.name}" + {n * STEP}'
    if column.name == "identity_code":
        return f"CASE WHEN identity_code IS NULL THEN NULL ELSE 'X' || CAST(id + {n * STEP} AS TEXT) END"
    return f'"{column.name}"'
