"""What the city has kept long enough is removed, batch by batch, by the rules of retention.toml."""

from __future__ import annotations

from sqlalchemy import Select, func, literal, select, union_all

from evaka.access import Actor
from evaka.actions.person.retention import BATCH, ordered, removable, remove
from evaka.jobs.job import Job

MOST = 100_000_000  # rows of one rule: an item is the place of its rule × MOST + the place of a row


def kept_long_enough(by: Actor) -> Select[tuple[int]]:
    """An item for each batch of each rule: the first row of every BATCH stands for it."""
    asked = []
    for place, rule in enumerate(ordered(), start=1):
        rows = removable(rule, by.today).order_by(None).subquery()
        counted = select(func.row_number().over(order_by=rows.c.id).label("n")).select_from(rows).subquery()
        asked.append(select((literal(place * MOST) + counted.c.n).label("id")).where((counted.c.n - 1) % BATCH == 0))
    items = union_all(*asked).subquery()
    return select(items.c.id).order_by(items.c.id)


def remove_batch(item: int, by: Actor) -> None:
    """The next batch of the rule, whichever rows these are by now."""
    remove(ordered()[item // MOST - 1], by)


RETENTION = Job("person.retention", kept_long_enough, remove_batch)
