"""The occupancy of all units over a year, as the placement desk shows it: every unit × 12 months, three levels.

`occupancy_grid(town)` is one of the groups of bench/places.py.  Lines: occupancy_grid_p95_ms, the whole page with every
unit and nobody chosen; occupancy_child_p95_ms, the same with a child tried in each of them.  That the figures are those
of walking every day is proved by tests/rules/test_unit_grid.py.
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
    for name, address, least in (
        ("occupancy_grid_p95_ms", "/office/desk/?all=1", units),
        ("occupancy_child_p95_ms", f"/office/desk/?all=1&application={chosen}", units // 2),  # that give such care
    ):
        seconds = []
        for turn in range(TURNS + 1):
            answer = town.served.browser.ask(address)
            cells = len(re.findall(r'<td class="of-cell', answer.text))
            if answer.status != 200 or cells < least * MONTHS:
                raise SystemExit(f"{address}: {answer.status}, {cells} cells of {least} units")
            if turn:  # the first warms up
                seconds.append(answer.seconds)
        town.figure(name, p95(seconds), "ms")
