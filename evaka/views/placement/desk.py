"""The placement desk: who waits for a place, how full the units are, and why here or there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.exc import StaleDataError

from evaka.access import may, within
from evaka.actions import placement as act
from evaka.actions.application import option
from evaka.actions.unit import options, places_of, rows_of
from evaka.kit.dates import DateRange, add_months
from evaka.kit.errors import Denied, Refused
from evaka.models.application import Application, Preference, waiting_for_place
from evaka.models.base import db, transaction
from evaka.models.unit import Area, Unit
from evaka.rules.application import ApplicationStatus, urgency
from evaka.rules.placement import misfits
from evaka.rules.unit import Commitment, Figures, Key, Need, OccupancyKind, Stay, occupancy, peak, with_applicant
from evaka.views.base import row_number, sentence
from evaka.views.page import Lazy, actor, aged, decimal, option_name, person, told, told_refusal

MONTHS = 12
MOST_UNITS = 14  # rows of the table of occupancies, unless the reader asks for more
SOON = 14  # days before the due date from which an application presses
MOST_APPLICATIONS = 200  # cards shown at once; the filters find the others


def of_area(area_id: int) -> ColumnElement[bool]:
    """Applications whose family wishes for some unit of the area."""
    wished = select(Preference.application_id).join(Unit, Unit.id == Preference.unit_id).where(Unit.area_id == area_id)
    return Application.id.in_(wished)


def months_from(day: date) -> list[DateRange]:
    """The month of a day and those that follow it, a year of them."""
    starts = [add_months(day.replace(day=1), n) for n in range(MONTHS)]
    return [DateRange.month(start.year, start.month) for start in starts]


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
        query = self._waiting()
        count = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
        waiting = self._shown(query)
        chosen = self._chosen()
        months = months_from(self._first_month(chosen, by.today))
        units = self._units(chosen)
        return self.render(
            "office/desk.html",
            heading=told("menu.desk"), fact_line=told("placement.waiting", count=count), buttons=[],
            chips=self._chips(), filter_form=self._filter_form(),
            applications=[self._card(one) for one in waiting],
            applications_note=count if count == len(waiting) else f"{len(waiting)} / {count}",
            chosen=self._detail(chosen) if chosen else None,
            effect_of=chosen.child.first_name if chosen else None,
            months=[f"{month.start.month}/{month.start:%y}" for month in months],
            add_unit=None if request.args.get("all") else (
                told("placement.all_units"), self._here(all=1)),
            **self._occupancies(chosen, units, months),
        )

    @expose("/plan", methods=("POST",))
    def plan(self) -> Any:
        """One button on the desk: this child, this unit, the days by rule."""
        application = self._application(request.form.get("application", ""))
        unit = self._unit(request.form.get("unit_id", ""))
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
        except (Refused, IntegrityError, StaleDataError) as no:
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
        if (number := row_number(id)) is None:
            return None
        return db.session.scalar(select(Application).where(Application.id == number, self._visible()))

    def _unit(self, id: str) -> Unit | None:
        if (number := row_number(id)) is None:
            return None
        return db.session.scalar(select(Unit).where(Unit.id == number, within(actor(), "unit.view", Unit)))

    def _waiting(self) -> Select[Application]:
        area = row_number(request.args.get("area", ""))
        query = waiting_for_place().where(self._visible())
        return query if area is None else query.where(of_area(area))

    def _shown(self, query: Select[Application]) -> list[Application]:
        """The most pressing ones, with everything that their cards say."""
        return list(db.session.scalars(query.limit(MOST_APPLICATIONS).options(
            joinedload(Application.child), joinedload(Application.sibling_unit),
            selectinload(Application.preferences).joinedload(Preference.unit))))

    def _filter_form(self) -> list[dict[str, Any]]:
        areas = db.session.scalars(select(Area).order_by(Area.name))
        return [{"label": told("unit.area"), "name": "area", "kind": "select", "value": request.args.get("area", ""),
                 "options": [(str(area.id), area.name) for area in areas]}]

    def _chips(self) -> list[tuple[str, str]]:
        area = row_number(request.args.get("area", ""))
        row = None if area is None else db.session.get(Area, area)
        return [(f"{told('unit.area')}: {row.name}", self._here(area=None))] if row else []

    def _here(self, **changes: Any) -> str:
        """The address of the desk as it is now, but for the changes."""
        kept = {name: request.args[name] for name in ("area", "application", "all") if name in request.args}
        return url_for(".index", **(kept | changes))

    def _card(self, one: Application) -> dict[str, Any]:
        left = urgency(one.due, actor().today)
        state = None
        if left is not None:
            look = "bad" if left < 0 else "warn" if left <= SOON else ""
            word = "days_over" if left < 0 else "days" if left else "due_today"
            state = (look, told(f"placement.{word}", days=abs(left)))
        return {
            "id": one.id, "url": self._here(application=one.id),
            "child": f"{one.child.first_name} {one.child.last_name}", "age": aged(one.child.born),
            "start": told("placement.starts", start=one.start), "due": told("placement.due", due=one.due),
            "state": state,
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
            "links": [(told("placement.open_application"), url_for("application.details_view", id=one.id)),
                      (told("placement.open_child"), url_for("person.details_view", id=one.child_id))],
            "plan": self._plan(one, first) if plannable and first else None,
            "undo": {"action": url_for(".undo"), "label": told("application.return_to_placement")}
            if one.status is ApplicationStatus.WAITING_DECISION else None,
        }

    def _plan(self, one: Application, unit: Unit) -> dict[str, Any]:
        start = act.default_period(one, actor().today).start
        return {"action": url_for(".plan"), "unit_id": unit.id, "start": start.isoformat(),
                "label": told("placement.plan_here", unit=unit.name, start=start)}

    # -- the units on the right -----------------------------------------------------------------

    def _first_month(self, chosen: Application | None, today: date) -> date:
        """This month, unless the chosen child begins so late that the table would end before."""
        if chosen is None:
            return today
        start = act.default_period(chosen, today).start
        return start if start > months_from(today)[-1].last_day else today

    def _units(self, chosen: Application | None) -> list[Unit]:
        """The wished ones first, then others of their areas that give such care; or those of the chosen area."""
        wished = [one.unit for one in chosen.preferences] if chosen else []
        query = select(Unit).where(
            within(actor(), "unit.view", Unit), Unit.meets(DateRange(actor().today))).order_by(Unit.name)
        if (area := row_number(request.args.get("area", ""))) is not None:
            query = query.where(Unit.area_id == area)
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
        places = places_of(units, period)
        rows = rows_of(units, period, also={chosen.child_id} if chosen else ())
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
        top = {kind: percent(peak(found[key], month)) for kind, found in levels.items()}
        draft = top[OccupancyKind.DRAFT]
        whole = percent(peak(then[key], month)) if then else None
        value = whole if whole is not None else draft
        effect = whole - draft if whole is not None and draft is not None else None
        return {
            "value": "–" if value is None else decimal(value, 1),
            "effect": f"{'+' if effect > 0 else '−'}{decimal(abs(effect), 1)}" if effect else "",
            "over": value is not None and value > 100,
            "confirmed": float(top[OccupancyKind.CONFIRMED] or 0), "planned": float(top[OccupancyKind.PLANNED] or 0),
            "draft": float(draft or 0), "whole": float(whole) if whole is not None else None,
            "said": told("placement.cell", confirmed=said(top[OccupancyKind.CONFIRMED]),
                         planned=said(top[OccupancyKind.PLANNED]), draft=said(draft)),
            "figure": value, "levels": top,
        }

    def _parts(self, unit: Unit, wished: Mapping[int, int], cells: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
        """Under the first wish the three levels are written out."""
        if wished.get(unit.id) != 1:
            return []
        return [(told(f"occupancy_kind.{level}"), [said(cell["levels"][level]) for cell in cells])
                for level in (OccupancyKind.CONFIRMED, OccupancyKind.PLANNED, OccupancyKind.DRAFT)]

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
            first = f"{over[0].start.month}/{over[0].start.year}"
            points.append(("no", told("placement.over", months=len(over), first=first, worst=decimal(worst, 1))))
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


def percent(figures: Figures | None) -> Decimal | None:
    return figures.percentage if figures else None


def said(percentage: Decimal | None) -> str:
    return "–" if percentage is None else decimal(percentage, 1)
