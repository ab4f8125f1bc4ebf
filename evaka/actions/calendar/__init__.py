"""Which days units are closed besides weekends and public holidays."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Date, bindparam, or_, select

from evaka.kit.dates import DateRange
from evaka.models.base import ask, db
from evaka.models.calendar import Closure


def closures_of(units: Collection[int], period: DateRange) -> list[Closure]:
    """The closures of these units and those of the whole city that meet a period, in order of their days."""
    return list(db.session.scalars(
        select(Closure).where(Closure.meets(period), or_(Closure.unit_id.is_(None), Closure.unit_id.in_(units)))
        .order_by(Closure.start, Closure.id)))


CLOSED = select(Closure.unit_id, Closure.start, Closure.end).where(
    or_(Closure.unit_id.is_(None), Closure.unit_id.in_(bindparam("units", expanding=True))),
    Closure.start <= bindparam("last", type_=Date), Closure.end >= bindparam("first", type_=Date))


def closed_days(units: Collection[int], period: DateRange) -> dict[int, frozenset[date]]:
    """By unit the days of a closed period on which it is closed: one query, however many units."""
    found: dict[int | None, set[date]] = {}
    asked = {"units": list(units), "first": period.start, "last": period.end or date.max}
    for unit, start, end in ask(CLOSED, asked):
        shared = DateRange(start, end) & period
        found.setdefault(unit, set()).update(shared.days() if shared else ())
    everywhere = found.get(None, set())
    return {unit: frozenset(everywhere | found.get(unit, set())) for unit in units}
