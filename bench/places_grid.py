"""The occupancy of all units over a year, as the placement desk shows it: every unit × 12 months, three levels.

`occupancy_grid(town)` is one of the groups of bench/places.py.  Lines: occupancy_grid_p95_ms, the whole page with every
unit and nobody chosen; occupancy_child_p95_ms, the same with a child tried in each of them; occupancy_news_p95_ms, the
page when the adults of twenty units have changed since it was asked last; occupancy_first_ms, when a process has just
begun and remembers nothing.  That the figures are those of walking every day is proved by
tests/rules/test_unit_grid.py.
"""

from __future__ import annotations

import os
import re
from typing import Any

import sqlalchemy as sa

from bench.register import p95
from bench.rows import TABLES

TURNS = int(os.environ.get("BENCH_GRID_TURNS", "20"))
MONTHS = 12


def occupancy_grid(town: Any) -> None:
    """`town` is a database with a city in it, and the program that serves it: see bench/places.py."""
    with town.engine.connect() as connection:
        units = connection.scalar(sa.select(sa.func.count()).select_from(TABLES["unit"])) or 0
        application = TABLES["application"]
        chosen = connection.scalar(
            sa.select(application.c.id).where(
                application.c.status == "waiting_placement", application.c.checked, application.c.kind == "daycare")
            .order_by(application.c.due, application.c.id).limit(1))
    everybody, tried = "/office/desk/?all=1", f"/office/desk/?all=1&application={chosen}"
    first = [asked(town, everybody, units)]  # of one of the processes
    town.figure("occupancy_first_ms", 1000 * first[0], "ms")
    for name, address, least, change in (
        ("occupancy_grid_p95_ms", everybody, units, None),
        ("occupancy_news_p95_ms", everybody, units, changed),
        ("occupancy_child_p95_ms", tried, units // 2, None),  # those that give such care
    ):
        seconds = []
        for turn in range(TURNS + 4):
            if change:
                change(town, turn)
            taken = asked(town, address, least)
            if turn > 3:  # the first warm up, each process for itself
                seconds.append(taken)
        town.figure(name, p95(seconds), "ms")


def asked(town: Any, address: str, least: int) -> float:
    """Seconds of a page that shows so many units at least."""
    answer = town.served.browser.ask(address)
    cells = len(re.findall(r'<td class="of-cell', answer.text))
    if answer.status != 200 or cells < least * MONTHS:
        raise SystemExit(f"{address}: {answer.status}, {cells} cells of {least} units")
    return float(answer.seconds)


def changed(town: Any, turn: int) -> None:
    """Somebody plans a tenth of an adult more, or less, in twenty units."""
    adults, group = TABLES["caretakers"], TABLES["unit_group"]
    some = sa.select(group.c.id).where(group.c.unit_id % 12 == turn % 12)
    with town.engine.begin() as connection:
        connection.execute(sa.update(adults).where(adults.c.group_id.in_(some)).values(
            amount=adults.c.amount + (0.1 if turn % 2 else -0.1)))
