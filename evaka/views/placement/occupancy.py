"""How a percentage came to be: the children of a day, what each weighs and why, the adults, and the arithmetic."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from flask import abort, g, request, url_for
from flask_admin import expose
from sqlalchemy import select

from evaka.access import may, within
from evaka.actions.placement import grid
from evaka.actions.unit import options, places_of, rows_of
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.rules.unit import LEVELS, Explanation, Line, OccupancyKind, Place, Rows, explain, occupancy, peak
from evaka.views.assistance import note_reading
from evaka.views.base import row_number
from evaka.views.base.screen import Page
from evaka.views.page import YEARS, actor, aged, decimal, option_name, told, word_of
from evaka.views.placement.board import month_word, months_from
from evaka.views.placement.cells import said


class OccupancyPage(Page):
    """One day of a unit or of a group, at one level; a month opens on its fullest day."""

    permission = "unit.view"

    @expose("/")
    def index(self) -> Any:
        unit = self._unit()
        level, day = self._level(), _day(request.args.get("day", ""))
        month = day or _day(request.args.get("month", "")) or actor().today
        within_month = DateRange.month(month.year, month.month)
        group = self._group(unit)
        place, rows = self._read(unit, group, within_month)
        days = occupancy([place], rows, level, within_month, options())[place.key]
        if day is None:
            top = peak(days, within_month)
            day = next((one for one, figures in days.items() if figures is top), next(iter(days), month))
        found = explain(place, rows, level, day, options())
        supported = {int(line.stay.child) for line in found.lines if line.weight and line.weight.factor != 1}
        names = self._names({int(line.stay.child) for line in found.lines}, supported)
        note_reading(supported & names.keys())
        g.setdefault("reads", []).append(
            ("unit.occupancy_read", unit, {"day": day.isoformat(), "level": str(level), "children": len(names)}))
        return self.render(
            "office/occupancy.html", heading=told("occupancy.heading", unit=unit if group is None else group),
            fact_line=told("occupancy.day", day=day, level=word_of(level)), unit=unit, group=group, day=day,
            crumbs=[(unit.name, url_for("unit.details_view", id=unit.id))],
            kpis=self._kpis(found), levels=self._levels(level, unit, group, day), arithmetic=found.arithmetic,
            lines=[self._line(line, names, day) for line in found.lines], adults=self._adults(found),
            groups=self._groups(unit, group, day, level), months=self._months(unit, group, level, month),
        )

    def _unit(self) -> Unit:
        number = row_number(request.args.get("unit", ""))
        unit = None if number is None else db.session.scalar(
            select(Unit).where(Unit.id == number, within(actor(), self.permission, Unit)))
        if unit is None:
            abort(404)
        return unit

    def _group(self, unit: Unit) -> Group | None:
        number = row_number(request.args.get("group", ""))
        if number is None:
            return None
        group = db.session.scalar(select(Group).where(Group.id == number, Group.unit_id == unit.id))
        if group is None:
            abort(404)
        return group

    def _level(self) -> OccupancyKind:
        """Drafts are the case workers' own; whoever may not see them reads what is planned."""
        asked = request.args.get("level", "")
        if asked in set(LEVELS) and (asked != OccupancyKind.DRAFT or self._sees_drafts):
            return OccupancyKind(asked)
        return OccupancyKind.DRAFT if self._sees_drafts else OccupancyKind.PLANNED

    @property
    def _sees_drafts(self) -> bool:
        return may(actor(), "application.plan")

    def _read(self, unit: Unit, group: Group | None, period: DateRange) -> tuple[Place, Rows]:
        [place] = places_of([unit], period)
        if group is None:
            return place, rows_of([unit], period)
        mine = next((one for one in place.by_group() if one.key == group.id), None)
        return mine or Place(group.id, unit.period, ()), grid.rows_by_group(unit, period)

    def _names(self, children: set[int], supported: set[int]) -> dict[int, str]:
        """Of those whose files one may open; beside a figure that tells of support, only for whoever may know of it."""
        seen = db.session.execute(
            select(Person.id, Person.last_name, Person.first_name).where(
                Person.id.in_(children), within(actor(), "person.view", Person),
                Person.id.not_in(supported) | within(actor(), "assistance.view", Person)))
        return {id: f"{last} {first}" for id, last, first in seen}

    def _kpis(self, found: Explanation) -> list[dict[str, Any]]:
        figures = found.figures
        if figures is None:
            return []
        return [
            {"label": told("occupancy.percentage"), "value": f"{said(figures.percentage)} %"},
            {"label": told("occupancy.children"), "value": figures.headcount,
             "note": told("occupancy.sum", sum=decimal(figures.sum))},
            {"label": told("placement.adults_planned"), "value": decimal(figures.adults or Decimal(0)),
             "note": told("occupancy.needed", adults=decimal(figures.adults_needed, 2))},
            {"label": told("occupancy.free"), "value": "–" if figures.free is None else decimal(figures.free),
             "note": told("occupancy.free_note")},
        ]

    def _here(self, unit: Unit, group: Group | None, **more: Any) -> str:
        return url_for(".index", unit=unit.id, **({"group": group.id} if group else {}), **more)

    def _levels(self, chosen: OccupancyKind, unit: Unit, group: Group | None, day: date) -> list[tuple[str, str, bool]]:
        seen = [level for level in LEVELS if level is not OccupancyKind.DRAFT or self._sees_drafts]
        return [(word_of(level), self._here(unit, group, day=day.isoformat(), level=level), level is chosen)
                for level in seen]

    def _groups(self, unit: Unit, chosen: Group | None, day: date, level: OccupancyKind) -> list[tuple[str, str, bool]]:
        """The whole unit, and its groups of the day."""
        groups = db.session.scalars(select(Group).where(Group.unit_id == unit.id, Group.on(day)).order_by(Group.name))
        asked = {"day": day.isoformat(), "level": level}
        found = [(told("occupancy.whole_unit"), self._here(unit, None, **asked), chosen is None)]
        return found + [(group.name, self._here(unit, group, **asked), group is chosen) for group in groups]

    def _months(
        self, unit: Unit, group: Group | None, level: OccupancyKind, month: date
    ) -> list[tuple[str, str, bool]]:
        shown = months_from(actor().today)
        if month < shown[0].start or month > shown[-1].last_day:
            shown = months_from(month)
        return [(month_word(one), self._here(unit, group, month=one.start.isoformat(), level=level), month in one)
                for one in shown]

    def _line(self, line: Line, names: dict[int, str], day: date) -> dict[str, Any]:
        weight = line.weight
        need = option_name("service_needs", weight.need) if weight and weight.need else ""
        why = told(line.why) + (f": {need}" if need else "")
        return {
            "child": names.get(int(line.stay.child)), "id": line.stay.child, "age": aged(line.stay.born, day),
            "commitment": told(f"occupancy.commitment.{line.stay.commitment}"), "counted": line.counted,
            "care": word_of(line.stay.care_type), "why": why,
            "arithmetic": weight.arithmetic.strip("()") if weight and line.counted else "–",
            "value": decimal(weight.value) if weight and line.counted else "–",
        }

    def _adults(self, found: Explanation) -> list[tuple[str, str]]:
        names = dict(db.session.execute(
            select(Group.id, Group.name).where(Group.id.in_([key for key, _ in found.adults]))).tuples().all())
        return [(names.get(int(key), ""), decimal(amount)) for key, amount in found.adults]


def _day(typed: str) -> date | None:
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        return None
    return found if found.year in YEARS else None
