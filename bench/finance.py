"""A city's money at size: the day of a new fee table, and the invoices of a month.

    make bench B=finance          python -m bench.finance

prints one figure a line, NAME VALUE UNIT.  The city of SIZE (espoo unless given) is made once under EVAKA_DATA/bench
and copied.  In the copy a new fee table is published from next January on, which changes what every family pays; then
the jobs run as they do in the office, each in a process of its own:

    index_day_preview_s   what changes, by family; nothing drafted
    index_day_draft_s     all decisions drafted
    index_day_pdf_s       all of them sent: numbered, set as PDF, kept, entered in the journal, mail queued
    month_invoices_s      the invoices of the month drafted
    …_cpu_s               seconds of processor time of the same, of all processes

Each is compared with its floor, measured in the same process just before: the same facts read and the same rules run
in memory, nothing written.  `index_day_ratio_to_floor` is index_day_draft_s ÷ its floor.  Letters are compared with
WeasyPrint: the same letter as a page of HTML with the same fonts, in turns, one process each.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from bench.register import FOLDER, ROOT, city, databases, figure, postgres, tell
from bench.rows import copied_to_postgres

LETTERS = int(os.environ.get("BENCH_LETTERS", "24"))  # turns of ours and WeasyPrint's
START = "2027-01-01"
TABLE = """
[[table]]  # of the bench: the limits a hundred euros higher, the smallest fee one
start = 2027-01-01
invented = true
law = "1503/2016, 5 §, 8 §"
lower_limit = { 2 = 4400_00, 3 = 5650_00, 4 = 6400_00, 5 = 7150_00, 6 = 7900_00 }
upper_limit = { 2 = 7531_00, 3 = 8781_00, 4 = 9531_00, 5 = 10281_00, 6 = 11031_00 }
further_member = 290_00
rate = "0.107"
smallest_fee = 33_00
highest_fee = 335_00
sibling_share = ["1", "0.4", "0.2"]
temporary = { full_day = 30_00, part_day = 16_00, sibling_full_day = 16_00, sibling_part_day = 9_00 }
"""


# -- in a process of its own: one step over one database ----------------------------------------------


def step(name: str) -> None:
    """Run a step and tell, as JSON, its seconds, processor seconds, peak memory and what it has done."""
    from evaka import create_app

    app = create_app()
    with app.app_context():
        gc.collect()
        gc.freeze()  # as evaka/serve.py does
        told = STEPS[name]()
    print(json.dumps(told))


def timed(work: Callable[[], Any]) -> dict[str, Any]:
    began, before = time.perf_counter(), _processor()
    found = work()
    return {"seconds": time.perf_counter() - began, "cpu": _processor() - before, "done": found, "mb": _memory()}


def _processor() -> float:
    """Seconds of processor time of this process and of those that it has started and that have ended."""
    return sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, (resource.RUSAGE_SELF,
                                                                               resource.RUSAGE_CHILDREN)))


def _memory() -> float:
    """Peak megabytes: this process, and as many of the largest it has started as there are cores."""
    from evaka.letters.press import cores

    own, child = (resource.getrusage(one).ru_maxrss for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (own + cores() * child) / 1024


def day_of(today: date) -> datetime:
    from evaka.models.base import HELSINKI

    return datetime(today.year, today.month, today.day, 12, tzinfo=HELSINKI)


def actor(today: str) -> Any:
    """The finance clerk of the demo city, on a day."""
    from evaka.access import Actor
    from evaka.models.base import db
    from evaka.models.user import Grant, User

    clerk = db.session.scalars(sa.select(User).join(Grant).where(Grant.role == "finance").limit(1)).one()
    return Actor(clerk, day_of(date.fromisoformat(today)))


TODAY = os.environ.get("BENCH_TODAY", "2026-11-27")  # the demo city's own day
MONTH_DAY = os.environ.get("BENCH_MONTH_DAY", "2026-12-01")


def publish() -> dict[str, Any]:
    """The new table holds, and an index day is begun."""
    from evaka import city as tables
    from evaka.actions import city as act
    from evaka.actions import index_day
    from evaka.models.base import transaction
    from evaka.models.city import lay_over

    by = actor(TODAY)
    admin = type(by)(None, by.now)
    with transaction():
        text = tables.written("fees", "table") + TABLE
        version = act.draft(admin, file="fees", table="table", content=text, start=by.today, reason="bench")
        act.publish(version, admin)
    with transaction():
        lay_over(by.today)
        index_day.begin(by, start=date.fromisoformat(START), version=version)
    return {}


def job(name: str, today: str) -> Any:
    """A job run to its end, as the scheduler runs it."""
    from evaka.access import Actor
    from evaka.jobs import JOBS, run

    outcome = run(JOBS[name], Actor(None, day_of(date.fromisoformat(today))))
    return {"done": outcome.done, "failed": len(outcome.failed)}


def go_on(verb: str) -> None:
    from evaka.actions import ACTIONS
    from evaka.models.base import db, transaction
    from evaka.models.index_day import IndexDay

    with transaction():
        ACTIONS[f"index_day.{verb}"].run(db.session.scalars(sa.select(IndexDay)).one(), actor(TODAY))


def previewed() -> dict[str, Any]:
    return timed(lambda: job("index_day.reckon", TODAY))


def drafted() -> dict[str, Any]:
    """The floor first, when nothing is drafted yet."""
    floor = timed(decisions_floor)
    go_on("draft")
    return timed(lambda: job("index_day.reckon", TODAY)) | {"floor": floor}


def sent() -> dict[str, Any]:
    go_on("approve")
    return timed(lambda: job("index_day.send", TODAY)) | {"letters": letters_sent()}


def letters_sent() -> int:
    from evaka.models.base import db
    from evaka.models.document import Document

    return db.session.scalar(sa.select(sa.func.count(Document.id)).where(Document.feature == "fee")) or 0


def month() -> dict[str, Any]:
    floor = timed(month_floor)
    return timed(lambda: job("invoice.draft_month", MONTH_DAY)) | {"floor": floor}


def again() -> dict[str, Any]:
    """The month once more: nothing is left to do."""
    return timed(lambda: job("invoice.draft_month", MONTH_DAY))


def decisions_floor() -> int:
    """What every family will owe whose decisions are to be drafted, by the rules and in memory; not its vouchers."""
    from evaka.actions.fee.draft import BATCH, preview
    from evaka.models.base import db
    from evaka.models.city import lay_over
    from evaka.models.index_day import IndexDayFamily
    from evaka.rules.index_day import FamilyState

    by = actor(TODAY)
    lay_over(by.today)
    heads = list(db.session.scalars(
        sa.select(IndexDayFamily.head_id).where(IndexDayFamily.state == FamilyState.CHANGED)))
    count = 0
    for first in range(0, len(heads), BATCH):
        some = heads[first : first + BATCH]
        found, _ = preview(some)
        count += sum(len(fresh) for fresh, _ in found.values())
        db.session.rollback()
    return count


def month_floor() -> int:
    from evaka.access import Actor
    from evaka.actions.invoice.draft import BATCH, reckoned
    from evaka.jobs.invoice import month_before, without_invoice
    from evaka.models.base import db

    by = Actor(None, day_of(date.fromisoformat(MONTH_DAY)))
    heads = list(db.session.scalars(without_invoice(by)))
    count = 0
    for first in range(0, len(heads), BATCH):
        count += len(reckoned(heads[first : first + BATCH], month_before(by.today))[0])
        db.session.rollback()
    return count


STEPS: dict[str, Callable[[], dict[str, Any]]] = {
    "publish": publish, "preview": previewed, "draft": drafted, "send": sent, "month": month, "again": again,
}


# -- the runs -----------------------------------------------------------------------------------------


def ran(name: str, environment: dict[str, str]) -> Any:
    out = subprocess.run([sys.executable, "-m", "bench.finance", name], cwd=ROOT, env=environment, check=True,
                         stdout=subprocess.PIPE)
    return json.loads(out.stdout.decode().splitlines()[-1])


def measure(kind: str, environment: dict[str, str]) -> None:
    ran("publish", environment)
    peak = 0.0
    for name, shown in (("preview", "index_day_preview"), ("draft", "index_day_draft"), ("send", "index_day_pdf"),
                        ("month", "month_invoices"), ("again", "month_again")):
        told = ran(name, environment)
        peak = max(peak, told["mb"])
        figure(f"{shown}_s_{kind}", told["seconds"], "s")
        figure(f"{shown}_cpu_s_{kind}", told["cpu"], "s")
        figure(f"{shown}_done_{kind}", told["done"]["done"], "families")
        figure(f"{shown}_failed_{kind}", told["done"]["failed"], "families")
        if "letters" in told:
            figure(f"index_day_letters_{kind}", told["letters"], "letters")
            figure(f"index_day_letters_per_second_{kind}", told["letters"] / told["seconds"], "1/s")
        if "floor" in told:
            what = "index_day" if name == "draft" else "month"
            figure(f"{what}_floor_s_{kind}", told["floor"]["seconds"], "s")
            figure(f"{what}_ratio_to_floor_{kind}", told["seconds"] / told["floor"]["seconds"], "ratio")
            figure(f"{what}_cpu_ratio_to_floor_{kind}", told["cpu"] / told["floor"]["cpu"], "ratio")
    figure(f"peak_memory_mb_{kind}", peak, "MB")


def on_sqlite(origin: Path) -> None:
    folder = FOLDER / "finance"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        shutil.copyfile(origin, folder / "evaka.sqlite")
        environment = {k: v for k, v in os.environ.items() if k != "EVAKA_DATABASE_URL"}
        measure("sqlite", environment | {"EVAKA_DATA": str(folder), "EVAKA_HTTP": "1", "EVAKA_CITY": "harjula"})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def on_postgres(origin: Path, server: str) -> None:
    folder = FOLDER / "finance"
    with databases(server) as (url, *_others):
        with psycopg.connect(server, autocommit=True) as keeper:
            keeper.execute(f'CREATE DATABASE "{sa.make_url(url).database}"')
        tell("PostgreSQL: copying the city")
        copied_to_postgres(origin, url, folder)
        measure("postgres", os.environ | {
            "EVAKA_DATA": str(folder), "EVAKA_HTTP": "1", "EVAKA_CITY": "harjula", "EVAKA_DATABASE_URL": url})
    shutil.rmtree(folder, ignore_errors=True)


# -- letters beside WeasyPrint --------------------------------------------------------------------------


def compare_letters() -> None:
    """The same letter set by us and by WeasyPrint, in turns."""
    from evaka import city as tables
    from evaka.letters import pdf
    from evaka.letters.styles import FONTS

    try:
        from weasyprint import HTML
        from weasyprint.text.fonts import FontConfiguration
    except (ImportError, OSError) as no:
        tell(f"WeasyPrint cannot be asked, so pdf_ratio_to_weasyprint is left out: {no}.  Install "
             "bench/requirements.txt, and of the system libpango-1.0-0 and libpangoft2-1.0-0.")
        return
    tables.choose("harjula")
    letter = a_letter()
    page, fonts = as_html(letter, FONTS), FontConfiguration()
    ours, theirs = [], []
    for turn in range(-2, LETTERS):
        mine, other = _seconds(lambda: pdf(letter)), _seconds(lambda: HTML(string=page).write_pdf(font_config=fonts))
        if turn >= 0:
            ours.append(mine)
            theirs.append(other)
    figure("pdf_letter_ms", 1000 * statistics.median(ours), "ms")
    figure("pdf_letter_ms_weasyprint", 1000 * statistics.median(theirs), "ms")
    figure("pdf_ratio_to_weasyprint", statistics.median(theirs) / statistics.median(ours), "ratio")


def _seconds(work: Callable[[], bytes]) -> float:
    began = time.process_time()  # the machine may be busy with others
    if not work().startswith(b"%PDF"):
        raise SystemExit("this is no PDF")
    return time.process_time() - began


def a_letter() -> Any:
    from evaka.letters.fee import fee_letter
    from tests.letters.examples import FEE

    return fee_letter(FEE, "fi")


def as_html(letter: Any, fonts: Path) -> str:
    """A letter as a page of HTML: the same words, tables, sizes and fonts."""
    faces = "".join(
        f"@font-face {{ font-family: Noto; font-weight: {weight}; src: url({(fonts / name).as_uri()}) }}"
        for name, weight in (("NotoSans-Regular.ttf", 400), ("NotoSans-Bold.ttf", 700)))
    style = (faces + "@page { size: A4; margin: 27mm 20mm 25mm; @top-right { content: counter(page) ' (' counter(pages)"
             " ')'; font: 8.5pt Noto } } body { font: 10pt/14.5pt Noto; color: #1d2329 } h1 { font-size: 17pt }"
             " h2 { font-size: 11.5pt; margin: 11pt 0 4pt; break-after: avoid; color: " + letter.sender.accent + " }"
             " p { margin: 0 0 6pt } table { width: 100%; border-collapse: collapse; margin: 4pt 0 10pt }"
             " th, td { text-align: left; vertical-align: top; padding: 3pt 4pt; border-bottom: 0.4pt solid #c9d0d6 }"
             " thead th { background: #f3f5f7; font-size: 8.5pt } .n { text-align: right } tbody td { font-size: 9pt }")
    top = "".join(f"<p>{escape(one)}</p>" for one in (letter.sender.name, letter.sender.department, *letter.recipient))
    top += "".join(f"<p>{escape(name)}: {escape(value)}</p>" for name, value in letter.references)
    body = "".join(_html(block) for block in letter.body)
    return (f"<!doctype html><html lang='{letter.language}'><head><title>{escape(letter.title)}</title>"
            f"<style>{style}</style></head><body>{top}<h1>{escape(letter.title)}</h1>{body}</body></html>")


def _html(block: Any) -> str:
    def text(given: str) -> str:
        return escape(given).replace("\n", "<br>")

    match type(block).__name__:
        case "Heading":
            return f"<h2>{text(block.text)}</h2>"
        case "Text":
            parts = block.text.strip().split("\n\n")
            return "".join(f"<p><b>{text(one)}</b></p>" if block.strong else f"<p>{text(one)}</p>" for one in parts)
        case "Facts":
            rows = "".join(f"<tr><th>{text(name)}</th><td>{text(value)}</td></tr>" for name, value in block.rows)
            return f"<table><tbody>{rows}</tbody></table>"
        case "Rows":
            head = "".join(f"<th>{text(one)}</th>" for one in block.header)
            rows = [*block.rows, *([block.total] if block.total else [])]
            cells = "".join(
                "<tr>" + "".join(f"<td class='{'n' if place in block.numeric else ''}'>{text(one)}</td>"
                                 for place, one in enumerate(row)) + "</tr>" for row in rows)
            return f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>"
        case "Steps":
            steps = "".join(f"<li><b>{text(one.heading)}</b><br>{text(one.arithmetic)}<br><small>{text(one.rule)}"
                            "</small></li>" for one in block.steps)
            return f"<ol>{steps}</ol>"
    raise SystemExit(f"a letter with {type(block).__name__} has no page of HTML here")


def main() -> None:
    only = os.environ.get("BENCH_ONLY", "")
    if only in ("", "letters"):
        compare_letters()
    if only == "letters":
        return
    origin = city()
    if only != "postgres":
        on_sqlite(origin)
    if only != "sqlite":
        if (server := postgres()) is None:
            tell("no PostgreSQL answers: its figures are left out")
        else:
            on_postgres(origin, server)


if __name__ == "__main__":
    step(sys.argv[1]) if len(sys.argv) > 1 else main()
