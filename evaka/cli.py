"""Commands of whoever keeps the server: flask load-demo, run-job, check-city, verify-journal, backup, first-user."""

from __future__ import annotations

import gzip
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade as migrate
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from evaka import cases, city, texts
from evaka.access import REACHES
from evaka.actions.city import check_with
from evaka.actions.decision import Instruction
from evaka.actions.document import PaperPolicy
from evaka.actions.fee.family import FeePolicy
from evaka.actions.fee.paper import FeeInstruction
from evaka.actions.income.statement import StatementPolicy
from evaka.actions.invoice.paper import Bank
from evaka.actions.ledger import code_mistakes as _wrong_codes
from evaka.actions.person.retention import mistakes as _wrong_retention
from evaka.actions.user import Rights, Security, rights, security
from evaka.jobs import JOBS
from evaka.jobs.schedule import Schedule
from evaka.kit.dates import DateRange, finnish
from evaka.kit.errors import ConfigMistake, Refused
from evaka.kit.references import check_iban
from evaka.models.base import HELSINKI, db, transaction
from evaka.models.city import lay_over
from evaka.models.connection import reading
from evaka.models.user import User
from evaka.rules.application import ApplicationPolicy, CaseClasses
from evaka.rules.application.question import Question
from evaka.rules.assistance import Option
from evaka.rules.attendance import AbsencePolicy
from evaka.rules.booking import BookingPolicy
from evaka.rules.calendar import Term
from evaka.rules.city import ChangePolicy
from evaka.rules.decision import DecisionKind, DecisionPolicy, Reason, stands_for
from evaka.rules.fee import FeeTable
from evaka.rules.forecast import ForecastPolicy
from evaka.rules.income import IncomeKind, IncomePolicy
from evaka.rules.invoice import FreeChoice, InvoicePolicy
from evaka.rules.ledger import FinvoicePolicy, Layout, PaymentPolicy
from evaka.rules.ledger import Product as LedgerProduct
from evaka.rules.message.notices import Notice
from evaka.rules.message.post import MessagePolicy
from evaka.rules.person.retention import Keep
from evaka.rules.placement import PlanPolicy, ServiceNeed, check_defaults, default_need
from evaka.rules.placement.plan import Bars, DeclineReason, ProposalPolicy
from evaka.rules.placement.termination import TerminationPolicy
from evaka.rules.presence import NotePolicy, PicturePolicy, TabletPolicy
from evaka.rules.push import PushPolicy
from evaka.rules.report import Meal
from evaka.rules.staff import PinPolicy, RatioPolicy, ShiftFile
from evaka.rules.staff import PlanPolicy as SignInPolicy
from evaka.rules.suggestion import Criteria, SuggestionPolicy
from evaka.rules.unit import UnitPolicy
from evaka.rules.user import Credentials, Identification, Strong
from evaka.rules.voucher import VoucherPolicy, VoucherTable
from evaka.views.city import permissions


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


# -- by what each file of a city is read ------------------------------------------------------------


def city_mistakes() -> list[ConfigMistake]:
    """Everything that is wrong with the chosen city: its tables, its worked examples, its texts and letters."""
    return city.check(FILES) + texts.mistakes()


def _nobody_has(where: str, key: str, known: Iterable[str]) -> ConfigMistake:
    near = get_close_matches(key, known, 3) or sorted(known)
    return ConfigMistake(where, f'nobody knows "{key}"', f"Near it is {', '.join(near)}.")


def _wrong_account() -> Iterator[ConfigMistake]:
    for language in city.value("city", "city", city.Office).languages:
        if language not in texts.LANGUAGES:
            yield _nobody_has(f"{city.source('city', 'city')}, [city], languages", language, texts.LANGUAGES)
    account = city.value("city", "bank", Bank)
    try:
        check_iban(account.iban)
    except Refused:
        yield ConfigMistake(
            f"{city.source('city', 'bank')}, [bank], iban", f"{account.iban} is not an account number",
            "Compare it with the bank's own paper: its check digits do not agree.",
        )


def _wrong_needs() -> Iterator[ConfigMistake]:
    needs = city.named("service_needs", ServiceNeed)
    try:
        check_defaults(list(needs.values()))
    except ValueError as mistake:
        yield ConfigMistake("service_needs.toml", *map(str, mistake.args))
    for need in needs.values():
        where = f"{city.source('service_needs', need.key)}, [{need.key}]"
        if default_need(needs.values(), need.care_type, need.valid.start) is None:
            yield ConfigMistake(
                where, f"on {finnish(need.valid.start)} no need is the default of {need.care_type}",
                "Write default = true in one: it counts while nobody has entered a need.",
            )
        for language in texts.LANGUAGES:
            if not need.name.get(language):
                yield ConfigMistake(f"{where}, name", f"it has no {language}", "Give the name in every language.")


def _wrong_support() -> Iterator[ConfigMistake]:
    for option in city.named("assistance", Option).values():
        for language in texts.LANGUAGES:
            if not option.name.get(language):
                where = f"{city.source('assistance', option.key)}, [{option.key}], name"
                yield ConfigMistake(where, f"it has no {language}", "Give the name in every language.")


def _wrong_reasons() -> Iterator[ConfigMistake]:
    languages = city.value("city", "city", city.Office).languages
    for reason in city.named("reasons", Reason).values():
        for language in languages:
            if reason.ready and not reason.text.get(language):
                where = f"{city.source('reasons', reason.key)}, [{reason.key}], text"
                yield ConfigMistake(
                    where, f"it is ready, but has no {language}", "Write it, or ready = false until then."
                )
            if not reason.for_everybody and not reason.name.get(language):
                where = f"{city.source('reasons', reason.key)}, [{reason.key}], name"
                yield ConfigMistake(where, f"it has no {language}", "Give the name by which it is picked.")
    for kind in DecisionKind:
        if stands_for(kind) not in city.read("decisions"):
            yield ConfigMistake(
                "decisions.toml", f"[{stands_for(kind)}] is missing", "Say what is printed on such decisions."
            )


def _wrong_prices() -> Iterator[ConfigMistake]:
    """A fixed price of a service need that nobody has."""
    for _, table in city.dated("fees", FeeTable).spans:
        yield from _unknown_needs("fees", table.valid, "fixed_prices", table.fixed_prices)


def _wrong_values() -> Iterator[ConfigMistake]:
    """A voucher value of a service need that nobody has."""
    for _, table in city.dated("vouchers", VoucherTable).spans:
        yield from _unknown_needs("vouchers", table.valid, "needs", table.needs)


def _unknown_needs(file: str, valid: DateRange, name: str, given: Iterable[str]) -> Iterator[ConfigMistake]:
    known = city.read("service_needs")
    for need in sorted(set(given) - known.keys()):
        yield _nobody_has(f"{city.source(file, 'table')}, table from {valid.start}, {name}", need, known)


def _wrong_kinds() -> Iterator[ConfigMistake]:
    kinds = city.read("incomes")["kind"]
    for key, row in kinds.items():
        whole = row.get("part_of")
        if whole is not None and whole not in kinds:
            yield _nobody_has(f"{city.source('incomes', 'kind')}, [kind.{key}], part_of", whole, kinds)


def _wrong_roles() -> Iterator[ConfigMistake]:
    """A pattern that opens nothing is a slip of the pen, and a reach that nobody knows too."""
    keys = permissions()
    for role, table in city.read("roles").items():
        where = f"{city.source('roles', role)}, [{role}]"
        for pattern, hows in table.items():
            if not any(fnmatchcase(key, pattern) for key in keys):
                yield _nobody_has(where, pattern, keys)
            for how in hows if isinstance(hows, list) else [hows]:
                if how not in REACHES:
                    yield ConfigMistake(
                        f'{where}, "{pattern}"', f"{how!r} is no reach", f"Use one of {', '.join(REACHES)}."
                    )


def _wrong_security() -> Iterator[ConfigMistake]:
    """A role that nobody has would ask a second factor of nobody."""
    roles, named = city.read("roles"), {"sessions": security().second_factor, "rights": {rights().local_role}}
    for table, some in named.items():
        for role in sorted(some - roles.keys()):
            yield _nobody_has(f"{city.source('security', table)}, [{table}]", role, roles)
    keys = permissions()
    for pattern in city.value("security", "strong", Strong).needs:
        if not any(fnmatchcase(key, pattern) for key in keys):
            yield _nobody_has(f"{city.source('security', 'strong')}, [strong], needs", pattern, keys)


def _wrong_jobs() -> Iterator[ConfigMistake]:
    table = city.read("jobs")
    for job in sorted(JOBS.keys() - table.keys()):
        yield ConfigMistake("jobs.toml", f'["{job}"] is missing', "Add it; config/base shows its form.")
    for job in sorted(table.keys() - JOBS.keys()):
        yield _nobody_has(f"{city.source('jobs', job)}, [{job}]", job, JOBS)


FILES: dict[str, city.Reads] = {
    "city": city.Reads(
        {"city": city.Office, "decision": DecisionPolicy, "fee_decision": FeeInstruction, "bank": Bank,
         "voucher_decision": FeeInstruction, "changes": ChangePolicy, "unit": UnitPolicy,
         "papers": PaperPolicy, "messages": MessagePolicy, "push": PushPolicy},
        also=_wrong_account,
    ),
    "fees": city.Reads({"policy": FeePolicy}, rows=FeeTable, also=_wrong_prices),
    "service_needs": city.Reads(rest=ServiceNeed, also=_wrong_needs),
    "incomes": city.Reads(
        {"rules": IncomePolicy, "kind": Mapping[str, IncomeKind], "statement": StatementPolicy}, also=_wrong_kinds),
    "notices": city.Reads(rest=Notice),
    "invoices": city.Reads({"rules": InvoicePolicy, "free_choice": tuple[FreeChoice, ...]}),
    "ledger": city.Reads(
        {"products": Mapping[str, LedgerProduct], "finvoice": FinvoicePolicy, "bank": PaymentPolicy}, rows=Layout,
        also=_wrong_codes,
    ),
    "bookings": city.Reads({"rules": BookingPolicy}),
    "absences": city.Reads({"who": AbsencePolicy}),
    "placements": city.Reads(
        {"application": ApplicationPolicy, "case": CaseClasses, "plan": PlanPolicy, "bars": Bars,
         "proposal": ProposalPolicy, "termination": TerminationPolicy}),
    "declines": city.Reads(rest=DeclineReason),
    "suggestion": city.Reads({"policy": SuggestionPolicy}, rows=Criteria),
    "assistance": city.Reads(rest=Option, also=_wrong_support),
    "vouchers": city.Reads({"policy": VoucherPolicy}, rows=VoucherTable, also=_wrong_values),
    "decisions": city.Reads(rest=Instruction),
    "reasons": city.Reads(rest=Reason, also=_wrong_reasons),
    "calendar": city.Reads(rows=Term),
    "forecast": city.Reads({"forecast": ForecastPolicy}),
    "club_terms": city.Reads(rows=Term),
    "questions": city.Reads(rest=Question),
    "report": city.Reads(rest=Meal),
    "retention": city.Reads(rest=Keep, also=_wrong_retention),
    "roles": city.Reads(rest=Mapping[str, Any], also=_wrong_roles),
    "security": city.Reads(
        {"sessions": Security, "rights": Rights, "strong": Strong, "identification": Identification,
         "credentials": Credentials},
        also=_wrong_security,
    ),
    "jobs": city.Reads(rest=Schedule, also=_wrong_jobs),
    "presence": city.Reads({"tablet": TabletPolicy, "notes": NotePolicy, "picture": PicturePolicy}),
    "staff": city.Reads(
        {"sign_in": SignInPolicy, "pin": PinPolicy, "ratio": RatioPolicy, "shift_file": ShiftFile}),
    "cases": city.Reads(cases.FORMS, also=cases.wrong),
}


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
