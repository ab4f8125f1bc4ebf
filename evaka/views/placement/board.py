"""The right side of the desk: how full units are over the coming year, with and without the chosen child, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from flask import request
from markupsafe import escape
from sqlalchemy import select

from evaka.access import may, within
from evaka.actions.placement import grid
from evaka.actions.placement.near import Sibling, Start, start_of
from evaka.actions.placement.plan import Seats
from evaka.actions.placement.thought import bar_policy, care_of, default_days, need_of, offer_of, room_of, wish_of
from evaka.kit.dates import DateRange, add_months
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.unit import Group, Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement.plan import Bars, Days, Severity, Wish, bars, parts
from evaka.rules.unit import Commitment, Key, Need, OccupancyKind, Peaks, Stay
from evaka.rules.unit.room import FULL
from evaka.views.base import row_number
from evaka.views.page import actor, decimal, known_url, told, told_refusal
from evaka.views.placement.cards import here
from evaka.views.placement.cells import Cell, cells_of, html, said, staff_rows, words

MONTHS = 12
MOST_UNITS = 14  # rows of the table, unless the reader asks for more


def months_from(day: date) -> list[DateRange]:
    """The month of a day and those that follow it, a year of them."""
    starts = [add_months(day.replace(day=1), n) for n in range(MONTHS)]
    return [DateRange.month(start.year, start.month) for start in starts]


def month_word(month: DateRange) -> str:
    return f"{month.start.month}/{month.start.year}"


@dataclass
class Board:
    """The units of the table, for the chosen application or for nobody."""

    chosen: Application | None
    siblings: Sequence[Sibling] = ()
    typed: Mapping[str, str] = field(default_factory=dict)  # what a refused form held

    @cached_property
    def days(self) -> Days | None:
        """The days that are proposed for the chosen child; None when they cannot be said."""
        if self.chosen is None or self.chosen.start is None:
            return None
        try:
            return default_days(self.chosen, actor().today)
        except Refused:
            return None

    @cached_property
    def months(self) -> list[DateRange]:
        """From this month on, unless the chosen child begins so late that the table would end before."""
        today = actor().today
        start = self.days.period.start if self.days else today
        return months_from(start if start > months_from(today)[-1].last_day else today)

    @cached_property
    def period(self) -> DateRange:
        return DateRange(self.months[0].start, self.months[-1].last_day)

    @cached_property
    def plannable(self) -> bool:
        one = self.chosen
        return one is not None and one.status is ApplicationStatus.WAITING_PLACEMENT and one.checked

    @cached_property
    def wished(self) -> dict[int, int]:
        return {one.unit_id: one.place for one in self.chosen.preferences} if self.chosen else {}

    @cached_property
    def start(self) -> Start | None:
        return start_of(self.chosen, self.siblings, actor().today) if self.chosen else None

    @cached_property
    def distances(self) -> dict[int, int]:
        """Metres from where the child is thought to come, by unit."""
        if self.start is None:
            return {}
        return {unit.id: away for unit in self._open if (away := self.start.metres_to(unit)) is not None}

    @cached_property
    def _open(self) -> list[Unit]:
        """Every unit that one sees and that is open now or later."""
        return list(db.session.scalars(
            select(Unit).where(within(actor(), "unit.view", Unit), Unit.meets(DateRange(actor().today)))
            .order_by(Unit.name)))

    @cached_property
    def units(self) -> list[Unit]:
        """The wished ones, then where siblings are, then others that give such care, the nearest first."""
        units = list(self._open)
        if (area := row_number(request.args.get("area", ""))) is not None:
            units = [unit for unit in units if unit.area_id == area]
        if self.chosen is None:
            return units if request.args.get("all") else units[:MOST_UNITS]
        first = [one.unit for one in self.chosen.preferences]
        care_type = care_of(self.chosen)
        of_kin = {one.unit_id for one in self.siblings}
        others = [unit for unit in units if unit not in first and care_type in unit.care_types]
        if area is None and not self.distances:
            areas = {unit.area_id for unit in first}
            others = [unit for unit in others if not areas or unit.area_id in areas or request.args.get("all")]
        others.sort(key=lambda unit: (unit.id not in of_kin, self.distances.get(unit.id, 10**9), unit.name))
        found = [*first, *others]
        return found if request.args.get("all") else found[:MOST_UNITS]

    @cached_property
    def thought(self) -> list[Stay]:
        """The chosen child in a place as it would be planned."""
        one = self.chosen
        if one is None or self.days is None or one.status is not ApplicationStatus.WAITING_PLACEMENT:
            return []
        care_type = care_of(one)
        need = need_of(one, self.days.period.start)
        return [
            Stay(one.child_id, one.child.born, "", period, kind, (Need(period, need.key),) if kind is care_type else (),
                 Commitment.DRAFTED)
            for kind, period in parts(care_type, self.days)]

    @cached_property
    def peaks(self) -> dict[Key, Peaks]:
        return grid.fullest_days(self.units, self.period, applicant=self.thought)

    @cached_property
    def cells(self) -> dict[int, list[Cell]]:
        return {unit.id: cells_of(self.peaks[unit.id]) for unit in self.units}

    # -- the table ----------------------------------------------------------------------------------

    def rows(self) -> list[dict[str, Any]]:
        months = tuple((month_word(month), month.start.isoformat()) for month in self.months)
        levels, base = words(), escape(known_url("occupancy.index"))
        opened = row_number(request.args.get("open", ""))
        closed = here(open=None)
        opens = f"{closed}{'&' if '?' in closed else '?'}open="
        found = []
        for unit in self.units:
            cells = self.cells[unit.id]
            first, name = self.wished.get(unit.id) == 1, escape(unit.name)
            found.append({
                "id": unit.id, "name": unit.name, "url": closed if opened == unit.id else f"{opens}{unit.id}",
                "opened": opened == unit.id, "note": self._note(unit), "chosen": first,
                "cells": html(tuple(cells), f"{base}?unit={unit.id}", name, months, levels),
                "parts": self._parts(unit, cells, opened == unit.id) if first or opened == unit.id else [],
                "plan": self.plan_of(unit),
            })
        return found

    def _note(self, unit: Unit) -> str:
        found = []
        if unit.id in self.wished:
            found.append(told("placement.wish", place=self.wished[unit.id]))
        if unit.id in self.distances and self._far(unit):
            found.append(distance(self.distances[unit.id]))
        if unit.id in {one.unit_id for one in self.siblings}:
            found.append(told("placement.sibling_short"))
        if unit.shift_care:
            found.append(told("application.shift_care").lower())
        if unit.family_day_care:
            found.append(told("unit.family_day_care").lower())
        if unit.language == "sv":
            found.append(told("language.sv").lower())
        return " · ".join(found)

    def _far(self, unit: Unit) -> bool:
        """From itself no unit is far: where the home is not known, distances begin at a unit."""
        return self.start is not None and (self.start.kind == "home" or self.distances[unit.id] > 0)

    def _parts(self, unit: Unit, cells: list[Cell], opened: bool) -> list[tuple[str, list[str]]]:
        """Under the first wish the levels are written out; under an opened unit the adults and its groups as well."""
        found = [(told(f"occupancy_kind.{level}"), [said(cell.levels[level]) for cell in cells])
                 for level in self.peaks[unit.id].levels]
        if opened:
            found += staff_rows(cells)
            by_group = grid.by_group(unit, self.period, (OccupancyKind.DRAFT,))
            groups = db.session.scalars(select(Group).where(Group.id.in_(by_group)).order_by(Group.name))
            found += [(str(group), [said(cell.figure) for cell in cells_of(by_group[group.id])]) for group in groups]
        return found

    def plan_of(self, unit: Unit) -> dict[str, Any] | None:
        """The button that drafts a place in a unit; none where the place could only be refused."""
        if not self.plannable or self.days is None or self.chosen is None:
            return None
        against = bars(self.days.period, self._wish, offer_of(unit), room_of(unit))
        hard = any(self._policy.of(no) is Severity.REFUSE for no in against)
        return None if hard else self._plan(unit)

    @cached_property
    def _policy(self) -> Bars:
        return bar_policy()

    @cached_property
    def _wish(self) -> Wish:
        assert self.chosen is not None
        return wish_of(self.chosen)

    def _plan(self, unit: Unit) -> dict[str, Any]:
        assert self.days is not None
        start = self.days.period.start
        return {"unit_id": unit.id, "label": told("placement.plan_here", unit=unit.name, start=start)}

    # -- why here, why not --------------------------------------------------------------------------

    def why(self) -> list[dict[str, Any]]:
        """Of each wished unit, and of one that is opened besides: what speaks for and against it."""
        if self.chosen is None or self.days is None:
            return []
        opened = row_number(request.args.get("open", "")) or row_number(self.typed.get("unit_id", ""))
        asked = [unit for unit in self.units if unit.id in self.wished or unit.id == opened]
        seats = Seats(asked, self.days.period.start)
        groups: dict[int, list[Group]] = {}
        if self.plannable:
            for group in db.session.scalars(
                select(Group).where(Group.unit_id.in_([unit.id for unit in asked]), Group.on(self.days.period.start))
                .order_by(Group.name)
            ):
                groups.setdefault(group.unit_id, []).append(group)
        asked.sort(key=lambda unit: self.wished.get(unit.id, 99))
        return [self._why(unit, seats, groups.get(unit.id, [])) for unit in asked]

    def _why(self, unit: Unit, seats: Seats, groups: list[Group]) -> dict[str, Any]:
        one, days = self.chosen, self.days
        assert one is not None
        assert days is not None
        policy, wish = self._policy, self._wish
        left = seats.left(unit, one.child_id, days.period)
        against = bars(days.period, wish, offer_of(unit), room_of(unit, left, self._worst(unit)))
        hard = [no for no in against if policy.of(no) is Severity.REFUSE]
        asking = [no for no in against if policy.of(no) is Severity.REASON]
        points = [("no" if no in hard + asking else "note", told_refusal(no))
                  for no in against if no.key != "placement.overfull"]
        if not hard:
            points.insert(0, ("yes", told("placement.care_given", care=told(f"care_type.{wish.care_type}"))))
        fits, sentence = self._room(unit)
        points.append(("yes" if fits else "no", sentence))
        if left is not None and left > 0:
            points.append(("yes", told("placement.seats_left", seats=left)))
        here_too = [kin for kin in self.siblings if kin.unit_id == unit.id]
        if here_too or one.sibling_unit_id == unit.id:
            points.append(("yes", told("placement.sibling_here")))
        elif self.siblings:
            points.append(("note", told("placement.sibling_elsewhere", unit=self.siblings[0].unit)))
        if self.start is not None and unit.id in self.distances and self._far(unit):
            points.append(("note", told(
                f"placement.distance.{self.start.kind}", distance=distance(self.distances[unit.id]))))
        if unit.note and may(actor(), "unit.write_note"):
            points.append(("note", unit.note))
        look = "bad" if hard or asking or not fits else "good"
        place = self.wished.get(unit.id)
        return {
            "id": unit.id, "title": f"{place}. {unit.name}" if place else unit.name, "points": points,
            "badge": (look, told("placement.fits" if look == "good" else "placement.does_not_fit")),
            "plan": self._form(unit, days, bool(asking), groups) if self.plannable and not hard else None,
        }

    def _counted(self, unit: Unit) -> list[tuple[Decimal, DateRange]]:
        assert self.days is not None
        return [(cell.figure, month) for cell, month in zip(self.cells[unit.id], self.months, strict=True)
                if cell.figure is not None and month & self.days.period]

    def _worst(self, unit: Unit) -> str | None:
        worst = max((figure for figure, _ in self._counted(unit)), default=None)
        return decimal(worst, 1) if worst is not None and worst > FULL else None

    def _room(self, unit: Unit) -> tuple[bool, str]:
        counted = self._counted(unit)
        if not counted:
            return False, told("placement.no_adults")
        over = [month for figure, month in counted if figure > FULL]
        highest, when = max(counted, key=lambda one: one[0])
        if over:
            return False, told("placement.over", months=len(over), first=month_word(over[0]),
                               worst=decimal(highest, 1))
        return True, told("placement.room", highest=decimal(highest, 1), when=month_word(when))

    def _form(self, unit: Unit, days: Days, asking: bool, groups: list[Group]) -> dict[str, Any]:
        """The plan's days, group and reason, as proposed or as they were typed."""
        typed = self.typed if self.typed.get("unit_id") == str(unit.id) else {}
        start, end, daycare = days.period.start, days.period.last_day, days.daycare

        def value(name: str, usual: date | None) -> str:
            return typed.get(name, usual.isoformat() if usual else "")

        return self._plan(unit) | {
            "asking": asking, "open": bool(typed) or asking, "despite": typed.get("despite", ""),
            "days": [("start", value("start", start)), ("end", value("end", end)), *(
                [("daycare_start", value("daycare_start", daycare.start)),
                 ("daycare_end", value("daycare_end", daycare.end))] if daycare else [])],
            "groups": [(group.id, group.name) for group in groups], "group": typed.get("group", ""),
            "mistake": typed.get("mistake", ""),
        }


def distance(metres: int) -> str:
    """0,9 km"""
    return f"{decimal(Decimal(metres) / 1000, 1)} km"
