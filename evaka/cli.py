"""Commands of whoever keeps the server: flask load-demo, run-job, check-city, verify-journal, backup, first-user."""

from __future__ import annotations

import gzip
import os
import secrets
import shutil
import sqlite3
import time
from datetime import date, datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade as migrate
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from evaka import cases, city
from evaka.actions.city import check_with
from evaka.files import FILES, city_mistakes
from evaka.kit.errors import ConfigMistake
from evaka.models.base import HELSINKI, db, transaction
from evaka.models.city import lay_over
from evaka.models.connection import reading
from evaka.models.user import User


def install(app: Flask) -> None:
    """Give an application its commands."""
    for command in (load_demo, first_user, run_job, check_city, backup, restore, verify_journal):
        app.cli.add_command(command)
    check_with(city_mistakes)


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
    if city.chosen() != "harjula":  # another city's prices and service needs are not those of the demo families
        click.echo(f"{city.chosen()} has no demo families. The first administrator is made with: flask first-user")
        return
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


@click.command("verify-journal")
@click.option("--since", type=int, help="The number of a seal: only what was written after it is read.")
@click.option("--copy", "copies", multiple=True, help="A seal, or its digest, that was kept elsewhere.")
@with_appcontext
def verify_journal(since: int | None, copies: tuple[str, ...]) -> None:
    """Prove that no line of the journal was changed, put in or taken away; name the first that was."""
    from evaka.actions.journal import Broken, Walk, verify
    from evaka.jobs.journal import seals_file

    began = time.monotonic()

    def speed(walk: Walk) -> str:
        return f"{walk.lines / (time.monotonic() - began):.0f} lines a second"

    def progress(walk: Walk) -> None:
        click.echo(f"{walk.lines} lines, {speed(walk)}", err=True)

    kept = seals_file().read_text(encoding="utf-8").splitlines() if seals_file().exists() else []
    one_state = {} if db.engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    try:
        with reading(), db.engine.connect().execution_options(**one_state) as connection:
            walk = verify(connection, [*kept, *copies], since, progress)
    except Broken as no:
        click.echo(f"The journal is not as it was written.\n{no}")
        raise SystemExit(1) from None
    begin = f" since seal {since}" if since else ""
    click.echo(f"The journal is whole{begin}: {walk.lines} lines, {walk.seals} seals, {speed(walk)}.")


@click.command("check-city")
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every folder of config/.")
@with_appcontext
def check_city(names: tuple[str, ...], every: bool) -> None:
    """Read everything of the city (or of NAMES) and try its worked examples; every mistake says how to mend it."""
    before, wrong = city.chosen(), 0
    if every:
        names = tuple(sorted(path.name for path in city.CONFIG.iterdir() if path.is_dir()))
    for name in names or (before,):
        try:
            city.choose(name)
        except ConfigMistake as mistake:
            raise SystemExit(str(mistake)) from None
        if name == before:
            _lay_over_published()
        found = city_mistakes()
        wrong += len(found)
        told = "ok" if not found else "1 mistake" if len(found) == 1 else f"{len(found)} mistakes"
        click.echo(f"{name}: {len(FILES)} tables, {cases.count()} cases, {told}")
        for mistake in found:
            click.echo(f"  {mistake}")
    city.choose(before)
    if wrong:
        raise SystemExit(1)


def _lay_over_published() -> None:
    """What staff has published belongs to the city as much as its files do, where there is a database yet."""
    try:
        lay_over(datetime.now(HELSINKI).date())
    except (OperationalError, ProgrammingError):
        db.session.rollback()


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
