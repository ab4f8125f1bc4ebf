"""Which days units are closed besides weekends and public holidays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import or_, select

from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.calendar import Closure


def closures_of(units: Collection[int], period: DateRange) -> list[Closure]:
    """The closures of these units and those of the whole city that meet a period, in order of their days."""
    return list(db.session.scalars(
        select(Closure).where(Closure.meets(period), or_(Closure.unit_id.is_(None), Closure.unit_id.in_(units)))
        .order_by(Closure.start, Closure.id)))


def closed_days(units: Collection[int], period: DateRange) -> dict[int, frozenset[date]]:
    """By unit the days of a closed period on which it is closed: one query, however many units."""
    found: dict[int | None, set[date]] = {}
    for closure in closures_of(units, period):
        shared = closure.period & period
        found.setdefault(closure.unit_id, set()).update(shared.days() if shared else ())
    everywhere = found.get(None, set())
    return {unit: frozenset(everywhere | found.get(unit, set())) for unit in units}
