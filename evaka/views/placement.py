"""The placement desk, the directors' list of proposals, and the places that came of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import may, within
from evaka.actions import placement as act
from evaka.actions.application import option
from evaka.actions.unit import options, places_of, rows_of
from evaka.kit.dates import DateRange, add_months
from evaka.kit.errors import Denied, Refused
from evaka.models.application import Application, Preference, waiting_for_place
from evaka.models.base import db, transaction
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan
from evaka.models.unit import Area, Unit
from evaka.rules.application import ApplicationStatus, urgency
from evaka.rules.placement import CareType, PlanStatus, misfits
from evaka.rules.unit import Commitment, Figures, Key, Need, OccupancyKind, Stay, occupancy, peak, with_applicant
from evaka.views.base import Screen, link, sentence
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.page import Lazy, actor, aged, decimal, option_name, person, told, told_refusal

MONTHS = 12
MOST_UNITS = 14  # rows of the table of occupancies, unless the reader asks for more
SOON = 14  # days before the due date from which an application presses
MOST_APPLICATIONS = 200  # cards shown at once; the filters find the others


def of_area(area_id: int) -> ColumnElement[bool]:
    """Applications whose family wishes for some unit of the area."""
    wished = select(Preference.application_id).join(Unit, Unit.id == Preference.unit_id).where(Unit.area_id == area_id)
    return Application.id.in_(wished)


class PlacementDesk(BaseView):
    """Applications on one side, the occupancy of units over the coming year on the other, and why here or there."""

    feature = "placement"

    def __init__(self, feature: str) -> None:
        super().__init__(name=Lazy("menu.desk"), endpoint=feature, url=f"/office/{feature}")

    def is_accessible(self) -> bool:
        return person() is not None and may(actor(), "application.plan")

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise Denied("access.denied", action="application.plan")

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        return fn(self, *args, **kwargs)

    @expose("/")
    def index(self) -> Any:
        by = actor()
        waiting = self._waiting()
        chosen = self._chosen()
        months = self._months(by.today)
        units = self._units(chosen)
        return self.render(
            "office/desk.html",
            heading=told("menu.desk"), fact_line=told("placement.waiting", count=len(waiting)), buttons=[],
            chips=self._chips(), filter_form=self._filter_form(),
            applications=[self._card(one) for one in waiting], applications_note=len(waiting),
            chosen=self._detail(chosen) if chosen else None, effect_of=chosen.child.first_name if chosen else None,
            months=[f"{month.start.month}/{month.start:%y}" for month in months],
            add_unit=None if request.args.get("all") else (
                told("placement.all_units"), url_for(".index", **{**request.args, "all": 1})),
            **self._occupancies(chosen, units, months),
        )

    @expose("/plan", methods=("POST",))
    def plan(self) -> Any:
        """One button on the desk: this child, this unit, the days by rule."""
        application = self._application(request.form.get("application", ""))
        unit_id = request.form.get("unit_id", "")
        unit = db.session.get(Unit, int(unit_id)) if unit_id.isdecimal() else None
        if application is None or unit is None:
            flash(told("error.404"), "error")
            return redirect(url_for(".index"))
        period = act.default_period(application, actor().today)
        return self._try(
            lambda: act.plan(application, actor(), unit=unit, start=period.start, end=period.last_day),
            application.id, told("placement.planned", child=application.child, unit=unit))

    @expose("/undo", methods=("POST",))
    def undo(self) -> Any:
        application = self._application(request.form.get("application", ""))
        if application is None:
            flash(told("error.404"), "error")
            return redirect(url_for(".index"))
        return self._try(lambda: act.return_to_placement(application, actor()), application.id,
                         told("placement.undone", child=application.child))

    def _try(self, deed: Any, application_id: int, done: str) -> Any:
        try:
            with transaction():
                deed()
        except (Refused, IntegrityError) as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no), "error")
        else:
            flash(done, "success")
        return redirect(url_for(".index", application=application_id))

    # -- the list on the left -------------------------------------------------------------------

    def _visible(self) -> ColumnElement[bool]:
        return within(actor(), "application.plan", Application)

    def _application(self, id: str) -> Application | None:
        if not id.isdecimal():
            return None
        return db.session.scalar(select(Application).where(Application.id == int(id), self._visible()))

    def _waiting(self) -> list[Application]:
        query = (
            waiting_for_place().where(self._visible()).limit(MOST_APPLICATIONS)
            .options(joinedload(Application.child), selectinload(Application.preferences).joinedload(Preference.unit)))
        area = request.args.get("area", "")
        if area.isdecimal():
            query = query.where(of_area(int(area)))
        return list(db.session.scalars(query))

    def _filter_form(self) -> list[dict[str, Any]]:
        areas = db.session.scalars(select(Area).order_by(Area.name))
        return [{"label": told("unit.area"), "name": "area", "kind": "select", "value": request.args.get("area", ""),
                 "options": [(str(area.id), area.name) for area in areas]}]

    def _chips(self) -> list[tuple[str, str]]:
        area = request.args.get("area", "")
        row = db.session.get(Area, int(area)) if area.isdecimal() else None
        rest = {k: v for k, v in request.args.items() if k != "area"}
        return [(f"{told('unit.area')}: {row.name}", url_for(".index", **rest))] if row else []

    def _card(self, one: Application) -> dict[str, Any]:
        left = urgency(one.due, actor().today)
        state = None
        if left is not None:
            look = "bad" if left < 0 else "warn" if left <= SOON else ""
            state = (look, told("placement.days", days=left))
        return {
            "id": one.id, "url": url_for(".index", **{**request.args, "application": one.id}),
            "child": f"{one.child.first_name} {one.child.last_name}", "age": aged(one.child.born),
            "start": told("placement.starts", start=one.start), "due": told("placement.due", due=one.due), "state": state,
            "preferences": " · ".join(f"{p.place} {p.unit}" for p in one.preferences), "badges": self._badges(one),
        }

    def _badges(self, one: Application) -> list[tuple[str, str]]:
        found = []
        if one.urgent:
            found.append(("bad", told("application.urgent")))
        if one.shift_care:
            found.append(("info", told("application.shift_care")))
        if one.assistance:
            found.append(("", told("application.assistance")))
        if one.sibling_unit:
            found.append(("info", told("placement.sibling", unit=one.sibling_unit)))
        if not one.checked:
            found.append(("warn", told("application.unchecked")))
        return found

    # -- the chosen one -------------------------------------------------------------------------

    def _chosen(self) -> Application | None:
        return self._application(request.args.get("application", ""))

    def _detail(self, one: Application) -> dict[str, Any]:
        first = one.preferences[0].unit if one.preferences else None
        plannable = one.status is ApplicationStatus.WAITING_PLACEMENT and one.checked and first
        need = option(one.service_need)
        return {
            "id": one.id, "title": f"{one.child.first_name} {one.child.last_name}, {aged(one.child.born)}",
            "badges": [*self._badges(one), ("", option_name("service_needs", need.key))],
            "facts": told("placement.facts", received=one.received, start=one.start, due=one.due),
            "links": [(told("application.title"), url_for("application.details_view", id=one.id)),
                      (told("person.child"), url_for("person.details_view", id=one.child_id))],
            "plan": self._plan(one, first) if plannable and first else None,
            "undo": {"action": url_for(".undo"), "label": told("application.return_to_placement")}
            if one.status is ApplicationStatus.WAITING_DECISION else None,
        }

    def _plan(self, one: Application, unit: Unit) -> dict[str, Any]:
        start = act.default_period(one, actor().today).start
        return {"action": url_for(".plan"), "unit_id": unit.id, "start": start.isoformat(),
                "label": told("placement.plan_here", unit=unit.name, start=start)}

    # -- the units on the right -----------------------------------------------------------------

    def _months(self, today: date) -> list[DateRange]:
        first = today.replace(day=1)
        starts = [add_months(first, n) for n in range(MONTHS)]
        return [DateRange.month(start.year, start.month) for start in starts]

    def _units(self, chosen: Application | None) -> list[Unit]:
        """The wished ones first, then others of their areas that give such care; or those of the chosen area."""
        wished = [one.unit for one in chosen.preferences] if chosen else []
        query = select(Unit).where(within(actor(), "unit.view", Unit), Unit.on(actor().today)).order_by(Unit.name)
        if request.args.get("area", "").isdecimal():
            query = query.where(Unit.area_id == int(request.args["area"]))
        elif wished:
            query = query.where(Unit.area_id.in_({unit.area_id for unit in wished}))
        others = [unit for unit in db.session.scalars(query) if unit not in wished]
        if chosen:
            care_type = option(chosen.service_need).care_type
            others = [unit for unit in others if care_type in unit.care_types]
        units = [*wished, *others]
        return units if request.args.get("all") else units[:MOST_UNITS]

    def _occupancies(self, chosen: Application | None, units: list[Unit], months: list[DateRange]) -> dict[str, Any]:
        """The table and the reasons: every unit and month by the rules, the applicant tried in each unit."""
        period = DateRange(months[0].start, months[-1].last_day)
        places, rows = places_of(units, period), rows_of(units, period)
        levels = {kind: occupancy(places, rows, kind, period, options()) for kind in (
            OccupancyKind.CONFIRMED, OccupancyKind.PLANNED, OccupancyKind.DRAFT)}
        then = None
        if chosen and chosen.status is ApplicationStatus.WAITING_PLACEMENT:
            stay_period = act.default_period(chosen, actor().today)
            need = option(chosen.service_need)
            tried = [
                Stay(chosen.child_id, chosen.child.born, place.key, stay_period, need.care_type,
                     (Need(stay_period, need.key),), Commitment.DRAFTED)
                for place in places
            ]
            then = occupancy(places, with_applicant(rows, tried), OccupancyKind.DRAFT, period, options())
        table, why = [], []
        wished = {one.unit_id: one.place for one in chosen.preferences} if chosen else {}
        for unit in units:
            cells = [self._cell(unit.id, month, levels, then) for month in months]
            table.append({
                "id": unit.id, "name": unit.name, "url": url_for("unit.details_view", id=unit.id),
                "note": self._note(unit, wished), "chosen": bool(wished) and wished.get(unit.id) == 1,
                "cells": cells, "parts": self._parts(unit, wished, cells),
            })
            if chosen and then and unit.id in wished:
                why.append(self._why(chosen, unit, wished[unit.id], cells, months))
        return {"units": table, "why": sorted(why, key=lambda one: one["place"])}

    def _note(self, unit: Unit, wished: Mapping[int, int]) -> str:
        parts = []
        if unit.id in wished:
            parts.append(told("placement.wish", place=wished[unit.id]))
        if unit.shift_care:
            parts.append(told("application.shift_care").lower())
        if unit.family_day_care:
            parts.append(told("unit.family_day_care").lower())
        return " · ".join(parts)

    def _cell(self, key: Key, month: DateRange, levels: Any, then: Any) -> dict[str, Any]:
        """The fullest day of a month: the number is the draft level, with the chosen child where there is one."""
        top = {kind: _percent(peak(found[key], month)) for kind, found in levels.items()}
        draft = top[OccupancyKind.DRAFT]
        whole = _percent(peak(then[key], month)) if then else None
        value = whole if whole is not None else draft
        effect = whole - draft if whole is not None and draft is not None else None
        return {
            "value": "–" if value is None else decimal(value, 1),
            "effect": f"+{decimal(effect, 1)}" if effect else "",
            "over": value is not None and value > 100,
            "confirmed": float(top[OccupancyKind.CONFIRMED] or 0), "planned": float(top[OccupancyKind.PLANNED] or 0),
            "draft": float(draft or 0), "whole": float(whole) if whole is not None else None,
            "said": told("placement.cell", confirmed=_said(top[OccupancyKind.CONFIRMED]),
                         planned=_said(top[OccupancyKind.PLANNED]), draft=_said(draft)),
            "figure": value,
        }

    def _parts(self, unit: Unit, wished: Mapping[int, int], cells: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
        """Under the first wish the three levels are written out."""
        if wished.get(unit.id) != 1:
            return []
        return [(told(f"occupancy_kind.{level}"), [decimal(Decimal(str(cell[level])), 1) for cell in cells])
                for level in ("confirmed", "planned", "draft")]

    def _why(self, chosen: Application, unit: Unit, place: int, cells: list[dict[str, Any]],
             months: list[DateRange]) -> dict[str, Any]:
        """What speaks for and against a wished unit, in words."""
        period = act.default_period(chosen, actor().today)
        need = option(chosen.service_need)
        points: list[tuple[str, str]] = []
        hard = misfits(period, need.care_type, act.offer_of(unit), shift_care=chosen.shift_care)
        points += [("no", told_refusal(no)) for no in hard]
        if not hard:
            points.append(("yes", told("placement.care_given", care=told(f"care_type.{need.care_type}"))))
        counted = [(cell["figure"], month) for cell, month in zip(cells, months, strict=True)
                   if cell["figure"] is not None and month & period]
        over = [month for figure, month in counted if figure > 100]
        if not counted:
            points.append(("no", told("placement.no_adults")))
        elif over:
            worst = max(figure for figure, _ in counted)
            points.append(("no", told("placement.over", months=len(over), first=f"{over[0].start.month}/{over[0].start.year}",
                                      worst=decimal(worst, 1))))
        else:
            highest, when = max(counted, key=lambda one: one[0])
            points.append(("yes", told("placement.room", highest=decimal(highest, 1),
                                       when=f"{when.start.month}/{when.start.year}")))
        if chosen.sibling_unit_id == unit.id:
            points.append(("yes", told("placement.sibling_here")))
        look = "bad" if hard or over or not counted else "good"
        plannable = chosen.status is ApplicationStatus.WAITING_PLACEMENT and chosen.checked and not hard
        return {"place": place, "title": f"{place}. {unit.name}", "points": points,
                "badge": (look, told("placement.fits" if look == "good" else "placement.does_not_fit")),
                "plan": self._plan(chosen, unit) if plannable else None}


def _percent(figures: Figures | None) -> Decimal | None:
    return figures.percentage if figures else None


def _said(percentage: Decimal | None) -> str:
    return "–" if percentage is None else decimal(percentage, 1)


class ProposalScreen(Screen):
    """Plans of places: the case worker follows them, the director of the unit confirms or declines."""

    feature = "placement"

    column_list = ("child", "unit", "start", "end", "service_need", "status")
    column_sortable_list = ("start", "status")
    column_default_sort = ("id", True)
    column_filters = (
        StateFilter(PlacementPlan.status, "placement.status", PlanStatus),
        RowFilter(PlacementPlan.unit_id, "placement.unit", Unit),
        DayFilter(PlacementPlan.start, "decision.starts_from"),
    )
    column_details_list = ("status", "child", "unit", "start", "end", "care_type", "service_need", "reason")
    bulk = ("confirm",)
    column_formatters = {
        "child": lambda view, _context, row, _name: str(row.application.child),
        "service_need": lambda view, _context, row, _name: option_name("service_needs", row.service_need),
    }

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(PlacementPlan.application).joinedload(Application.child), joinedload(PlacementPlan.unit))

    def row_heading(self, row: Any) -> str:
        child = row.application.child
        return told("placement.proposal_of", child=f"{child.first_name} {child.last_name}", unit=row.unit)

    def row_fact_line(self, row: Any) -> str:
        return f"{aged(row.application.child.born)} · {row.period}"

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        """The unit's occupancy over the place's first year, with the child and without."""
        months = [month for month in PlacementDesk._months(self, max(actor().today, row.start)) if month & row.period]
        period = DateRange(months[0].start, months[-1].last_day)
        places, rows = places_of([row.unit], period), rows_of([row.unit], period)
        others = [stay for stay in rows.stays
                  if not (stay.child == row.application.child_id and stay.commitment is not Commitment.PLACED)]
        without = type(rows)(stays=others)
        now = occupancy(places, without, OccupancyKind.PLANNED, period, options())[row.unit_id]
        then = occupancy(places, rows, OccupancyKind.PLANNED, period, options())[row.unit_id]
        head = [told("placement.month"), told("placement.without_child"), told("placement.with_child")]
        lines = [[f"{month.start.month}/{month.start.year}", f"{_said(_percent(peak(now, month)))} %",
                  f"{_said(_percent(peak(then, month)))} %"] for month in months]
        return [{"title": told("placement.occupancy"), "head": head, "rows": lines, "empty": "", "figures": [1, 2]}]


class PlacementScreen(Screen):
    """The places of children, now and later."""

    column_list = ("child", "unit", "care_type", "group", "service_need", "start", "end")
    column_sortable_list = (("child", "child.sort_key"), "start", "end")
    column_default_sort = ("start", True)
    search_people = ("child_id",)
    reading = True
    bulk = ("place_in_group",)
    column_formatters = {
        "group": lambda view, _context, row, _name: ", ".join(
            str(one.group) for one in row.groups if actor().today in one.period) or told("placement.without_group"),
        "service_need": lambda view, _context, row, _name: ", ".join(
            option_name("service_needs", one.option) for one in row.needs),
    }
    column_details_list = ("child", "unit", "care_type", "group", "service_need", "start", "end")
    column_filters = (
        RowFilter(Placement.unit_id, "placement.unit", Unit),
        NamedFilter(Placement.start, "placement.in_force", lambda: Placement.on(actor().today)),
        NamedFilter(Placement.id, "placement.without_group", lambda: Placement.id.not_in(
            select(GroupPlacement.placement_id))),
        StateFilter(Placement.care_type, "placement.care_type", CareType),
    )

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(Placement.child), joinedload(Placement.unit), selectinload(Placement.needs),
            selectinload(Placement.groups).joinedload(GroupPlacement.group))

    def row_heading(self, row: Any) -> str:
        return told("placement.of", child=f"{row.child.first_name} {row.child.last_name}", unit=row.unit)

    def row_fact_line(self, row: Any) -> str:
        return str(row.period)

    def first_value(self, action: Any, name: str, row: Any) -> Any:
        return max(actor().today, row.start) if name == "start" else None

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [
            {"title": told("placement.groups"), "head": [told("placement.group"), told("placement.period")],
             "rows": [[str(one.group), str(one.period)] for one in row.groups], "empty": told("placement.without_group")},
            {"title": told("placement.needs"), "head": [told("placement.service_need"), told("placement.period")],
             "rows": [[option_name("service_needs", one.option), str(one.period)] for one in row.needs],
             "empty": told("person.nothing_here")},
            {"title": told("person.child"), "head": [told("person.name")], "empty": "",
             "rows": [[link(str(row.child), "person.details_view", row.child_id)]], "aside": True},
        ]


