"""Commands of whoever keeps the server: flask load-demo, run-job, check-city, backup, first-user."""

from __future__ import annotations

import gzip
import os
import secrets
import shutil
import sqlite3
from datetime import date, datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade as migrate
from sqlalchemy import select

from evaka import city
from evaka.models.base import HELSINKI, db, transaction
from evaka.models.user import User


def install(app: Flask) -> None:
    """Give an application its commands."""
    for command in (load_demo, first_user, run_job, check_city, backup, restore):
        app.cli.add_command(command)


@click.command("load-demo")
@click.option("--size", type=click.Choice(["small", "espoo"]), default="small", show_default=True)
@click.option("--day", default=None, help="The day on which the demo city stands, 2026-11-24; today unless given.")
@click.option("--upgrade", is_flag=True, help="Bring the database up to date first.")
@with_appcontext
def load_demo(size: str, day: str | None, upgrade: bool) -> None:
    """Fill an empty database with the invented city of Harjula, and tell who can log in."""
    from evaka.demo import load, people

    if upgrade:
        migrate()
    if db.session.scalar(select(User.id).limit(1)) is None:
        stand = date.fromisoformat(day) if day else datetime.now(HELSINKI).date()
        load(size, stand, echo=click.echo)
    address = f"http://{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
    click.echo(f"\nHarjula opens at {address} for these invented people (e-mail, password, role):\n")
    for line in people():
        click.echo(f"  {line}")
    click.echo("")


@click.command("first-user")
@click.argument("name")
@click.argument("email")
@with_appcontext
def first_user(name: str, email: str) -> None:
    """Make the first administrator and print a one-time password, to be changed at the first log-in."""
    from evaka.actions.user import first_administrator

    if db.session.scalar(select(User.id).limit(1)) is not None:
        raise SystemExit("There are users already: an administrator adds the others on the screen of users.")
    with transaction():
        password = first_administrator(name, email, datetime.now(HELSINKI))
    click.echo(f"{email.strip().lower()}: {password}")


@click.command("run-job")
@click.argument("name")
@with_appcontext
def run_job(name: str) -> None:
    """Run one job now, in this process."""
    from evaka.jobs import run_once

    outcome = run_once(name, datetime.now(HELSINKI))
    click.echo(f"{name}: {outcome.done} done, {len(outcome.failed)} failed")
    if outcome.failed:
        raise SystemExit(1)


@click.command("check-city")
@with_appcontext
def check_city() -> None:
    """Read every table of the chosen city; a mistake says where it is and how to mend it."""
    city.check()
    click.echo(f"{city.chosen()}: the tables can be used")


@click.command("backup")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@with_appcontext
def backup(folder: Path) -> None:
    """Copy the live SQLite database into FOLDER, whole and checked, while people work."""
    if db.engine.dialect.name != "sqlite":
        raise SystemExit("The database is PostgreSQL: back it up with pg_dump, as README.md tells.")
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(HELSINKI).strftime("%Y%m%d-%H%M%S")
    copy = folder / f"evaka-{stamp}.sqlite"
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("VACUUM INTO ?", (str(copy),))
    found = sqlite3.connect(copy).execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise SystemExit(f"The copy {copy} is damaged: {found}. The original was not touched.")
    packed = copy.with_suffix(".sqlite.gz")
    with copy.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as out:
        shutil.copyfileobj(plain, out)
    copy.unlink()
    click.echo(f"{packed}: {packed.stat().st_size // 1024} kB, integrity ok")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@with_appcontext
def restore(file: Path) -> None:
    """Put a backup in the place of the SQLite database; the server must be stopped.  The old one is kept beside."""
    if db.engine.dialect.name != "sqlite":
        raise SystemExit("The database is PostgreSQL: restore it with pg_restore, as README.md tells.")
    database = Path(db.engine.url.database or "")
    db.engine.dispose()
    fresh = database.with_name(f"restored-{secrets.token_hex(4)}.sqlite")
    with gzip.open(file, "rb") as packed, fresh.open("wb") as out:
        shutil.copyfileobj(packed, out)
    if (found := sqlite3.connect(fresh).execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
        fresh.unlink()
        raise SystemExit(f"{file} is damaged: {found}. Nothing was changed.")
    if database.exists():
        kept = database.with_name(f"{database.name}.before-restore")
        os.replace(database, kept)
        for part in ("-wal", "-shm"):
            database.with_name(database.name + part).unlink(missing_ok=True)
    os.replace(fresh, database)
    click.echo(f"{database} is now {file.name}; {current_app.config['DATA']} holds the earlier one")
