"""From application to place at the size of a large city: the list of applications, and what other groups of lines add.

    make bench B=places          python -m bench.places

prints one figure a line, NAME VALUE UNIT, for each database that answers: NAME_sqlite and NAME_postgres; the plain name
is SQLite's.  The city of SIZE (espoo unless given) is made once under EVAKA_DATA/bench and copied.  GROUPS lists what
is measured, one function a group of lines; BENCH_GROUPS takes some of them by name.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import sqlalchemy as sa

from bench.places_grid import occupancy_grid
from bench.places_suggest import suggest
from bench.register import FOLDER, PORT, Contender, city, copy_of, databases, figure, p95, postgres, tell, yardstick
from bench.rows import TABLES, copied_to_postgres
from evaka.rules.application import ApplicationKind, ApplicationStatus, Origin
from evaka.views.application.filters import FILTERS

APPLICATIONS = 20_000
ROUNDS = int(os.environ.get("BENCH_TURNS", "4"))  # times each page is asked
STATES = {  # of a hundred applications of a season
    ApplicationStatus.SENT: 16, ApplicationStatus.WAITING_PLACEMENT: 40, ApplicationStatus.WAITING_DECISION: 8,
    ApplicationStatus.WAITING_CONFIRMATION: 6, ApplicationStatus.WAITING_GUARDIAN: 10, ApplicationStatus.ACTIVE: 14,
    ApplicationStatus.REJECTED: 3, ApplicationStatus.CANCELLED: 3,
}


@dataclass
class Town:
    """A database of one kind with the city in it, and the program that serves it."""

    kind: str  # sqlite or postgres
    url: str
    served: Contender
    engine: sa.Engine

    def figure(self, name: str, value: float, unit: str) -> None:
        if self.kind == "sqlite":
            figure(name, value, unit)
        figure(f"{name}_{self.kind}", value, unit)


# -- the list of applications ------------------------------------------------------------------------


def made_applications(engine: sa.Engine, count: int) -> None:
    """So many applications in all, spread over states, kinds, units and days."""
    rng = Random(5)
    application, preference = TABLES["application"], TABLES["preference"]
    guardian, unit = TABLES["guardian"], TABLES["unit"]
    with engine.begin() as connection:
        there = connection.scalar(sa.select(sa.func.count()).select_from(application)) or 0
        last = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(application.c.id), 0))) or 0
        pairs = connection.execute(
            sa.select(guardian.c.child_id, sa.func.min(guardian.c.guardian_id)).where(~guardian.c.blocked)
            .group_by(guardian.c.child_id)).all()
        units = connection.scalars(sa.select(unit.c.id)).all()
        today = date.today()  # noqa: DTZ011  the demo stands on the day of the machine
        states = [state for state, share in STATES.items() for _ in range(share)]
        rows, wishes = [], []
        for id in range(last + 1, last + 1 + max(count - there, 0)):
            child, parent = rng.choice(pairs)
            received = today - timedelta(days=rng.randint(0, 150))
            kind = rng.choices(list(ApplicationKind), (80, 15, 5))[0]
            transfer = rng.random() < 0.15
            rows.append({
                "id": id, "version": 1, "child_id": child, "guardian_id": parent, "kind": kind.value,
                "origin": (Origin.ELECTRONIC if rng.random() < 0.8 else Origin.PAPER).value,
                "status": rng.choice(states).value, "received": received, "service_need": "full_day",
                "start_date": received + timedelta(days=rng.randint(30, 300)), "transfer": transfer,
                "due": None if transfer else received + timedelta(days=rng.randint(14, 240)),
                "urgent": rng.random() < 0.06, "shift_care": rng.random() < 0.05, "checked": rng.random() < 0.8,
                "assistance_needed": rng.random() < 0.08, "continuing": rng.random() < 0.05,
                "connected_daycare": kind is ApplicationKind.PRESCHOOL and rng.random() < 0.7,
                "sibling_unit_id": rng.choice(units) if rng.random() < 0.3 else None,
                "other_guardian_view": "agreed", "other_may_see": True, "confidential": False,
            })
            wishes += [{"application_id": id, "version": 1, "place": place, "unit_id": one}
                       for place, one in enumerate(rng.sample(units, rng.randint(1, 3)), start=1)]
        for table, some in ((application, rows), (preference, wishes)):
            names = set(some[0] if some else ())
            given = [one for one in table.columns if one.name in names]
            for first in range(0, len(some), 5_000):
                connection.execute(sa.insert(table).values({one.name: sa.bindparam(one.name) for one in given}),
                                   some[first : first + 5_000])
        if engine.dialect.name == "postgresql":
            for name in ("application", "preference"):
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))")
        connection.exec_driver_sql("ANALYZE")


def number_of(word: str) -> int:
    return next(number for number, one in enumerate(FILTERS) if one.name.key == f"application.{word}")


def pages(engine: sa.Engine) -> list[str]:
    """What a case worker asks of a season: filters, alone and together, in every order."""
    with engine.connect() as connection:
        units = connection.scalars(sa.select(TABLES["unit"].c.id).order_by(TABLES["unit"].c.id).limit(40)).all()
        areas = connection.scalars(sa.select(TABLES["area"].c.id).order_by(TABLES["area"].c.id)).all()
    soon = date.today() + timedelta(days=30)  # noqa: DTZ011
    chosen: list[dict[str, Any]] = [
        {"open": 1}, {"status": "waiting_placement"}, {"stage": "deciding"}, {"overdue": 1}, {"due_soon": 1},
        {"open": 1, "kind": "preschool"}, {"subkind": "preschool_daycare"}, {"open": 1, "area_first": areas[0]},
        {"open": 1, "area_any": areas[-1]}, {"first_wish": units[0]}, {"open": 1, "wishes": units[-1]},
        {"voucher": "first"}, {"voucher": "only"}, {"voucher": "none", "open": 1}, {"due_until": soon},
        {"start_from": soon, "open": 1}, {"received_from": soon - timedelta(days=60)}, {"transfer": 1},
        {"continuing": 1}, {"urgent": 1}, {"waits_for_proof": 1}, {"shift_care": 1, "open": 1}, {"sibling_basis": 1},
        {"assistance": 1, "open": 1}, {"unchecked": 1}, {"papers": 1}, {"duplicate": 1}, {"origin": "paper"},
        {"area_any": areas[0], "sibling_basis": 1, "status": "waiting_placement"},
        {"area_first": areas[0], "shift_care": 1, "urgent": 1, "open": 1}, {"late": 1}, {"disputed": 1},
    ]
    found = []
    for n, one in enumerate(chosen):
        asked = "&".join(f"flt{number_of(word)}_{number_of(word)}={value}" for word, value in one.items())
        found.append(f"/office/application/?{asked}")
        found.append(f"/office/application/?{asked}&sort={(0, 1, 2, 3, 4, 5)[n % 6]}{'&desc=1' if n % 2 else ''}")
    return found


def desk_filter(town: Town) -> None:
    """The list of 20,000 applications through the program, whatever it is narrowed and sorted by."""
    made_applications(town.engine, APPLICATIONS)
    asked = pages(town.engine)
    taken: dict[str, list[float]] = {address: [] for address in asked}
    for turn in range(ROUNDS + 1):
        for address in asked:
            answer = town.served.browser.ask(address)
            if answer.status != 200 or "of-mistakes" in answer.text:
                raise SystemExit(f"{address}: {answer.status}")
            if turn:  # the first turn warms up
                taken[address].append(answer.seconds)
    every = [one for some in taken.values() for one in some]
    slowest = max(taken, key=lambda address: statistics.median(taken[address]))
    tell(f"{town.kind}: slowest {slowest} {1000 * statistics.median(taken[slowest]):.0f} ms")
    town.figure("desk_filter_p95_ms", p95(every), "ms")
    town.figure("desk_filter_median_ms", 1000 * statistics.median(every), "ms")


def suggestions(town: Town) -> None:
    """The algorithm alone, without a database: told once."""
    if town.kind == "sqlite":
        for name, value, unit in suggest():
            figure(name, value, unit)


GROUPS: list[Callable[[Town], None]] = [
    desk_filter,
    occupancy_grid,
    suggestions,
]


# -- the databases ------------------------------------------------------------------------------------


def run(kind: str, url: str, folder: Path) -> None:
    wanted = os.environ.get("BENCH_GROUPS", "").split(",")
    engine = sa.create_engine(url)
    environment = {"EVAKA_DATA": str(folder), "EVAKA_DATABASE_URL": url, "EVAKA_HTTP": "1", "EVAKA_CITY": "harjula"}
    served = Contender(f"places on {kind}", url, "app:app", environment, {}, re.compile("x"))
    try:
        served.start(PORT)
        for group in GROUPS:
            if wanted == [""] or group.__name__ in wanted:
                group(Town(kind, url, served, engine))
    finally:
        served.stop()
        engine.dispose()


def main() -> None:
    yardstick()
    only = os.environ.get("BENCH_ONLY", "")
    origin = city()
    shutil.rmtree(FOLDER / "run", ignore_errors=True)
    try:
        if only in ("", "sqlite"):
            folder, url = copy_of(origin, "places")
            run("sqlite", url, folder)
        server = postgres()
        if server is not None and only in ("", "postgres"):
            with databases(server) as [url, *_]:
                with psycopg.connect(server, autocommit=True) as keeper:
                    keeper.execute(f'CREATE DATABASE "{sa.make_url(url).database}"')
                folder = FOLDER / "run" / "postgres"
                folder.mkdir(parents=True)
                copied_to_postgres(origin, url, folder)
                run("postgres", url, folder)
    finally:
        shutil.rmtree(FOLDER / "run", ignore_errors=True)


if __name__ == "__main__":
    main()
