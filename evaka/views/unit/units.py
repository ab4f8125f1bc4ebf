"""A unit: its file, its form, and the list of all units."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from wtforms.validators import DataRequired

from evaka.access import may, within
from evaka.actions import Action
from evaka.actions import unit as act
from evaka.actions.calendar import closures_of
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.kit.references import grouped
from evaka.models.assistance import AssistanceFactor
from evaka.models.base import db
from evaka.models.placement import Placement
from evaka.models.unit import Area, Caretakers, Group, Unit
from evaka.rules.application import ApplicationKind
from evaka.rules.placement import CareType
from evaka.rules.unit import (
    SEVEN,
    Feature,
    OccupancyKind,
    Provider,
    Weight,
    explain,
    least_and_most,
    occupancy,
    opening_words,
)
from evaka.texts import LANGUAGES
from evaka.views.application.wish import wishes_for
from evaka.views.assistance import note_reading
from evaka.views.backup_care import of_unit
from evaka.views.base import Screen, link
from evaka.views.filters import KeysFilter, NamedFilter, RowFilter, StateFilter, WordFilter
from evaka.views.forms import DegreesField, LanguageField, TicksField, WeekField
from evaka.views.page import actor, days_in_words, decimal, told, word_of, written
from evaka.views.presence import office as presence
from evaka.views.staff import adults_now
from evaka.views.unit.groups import adults_today, children_today
from evaka.views.user import staff_of, told_password

MONTHS = 12  # for which a unit's file tells the least and the most adults, and the closures to come


class UnitScreen(Screen):
    can_create = can_edit = True
    details_template = "office/unit.html"
    column_list = ("name", "area", "provider", "language", "shift_care", "capacity", "features", "director", "phone")
    column_sortable_list = ("name", ("area", "area.name"), "capacity")
    column_default_sort = ("name", False)
    column_filters = (
        RowFilter(Unit.area_id, "unit.area", Area),
        StateFilter(Unit.provider, "unit.provider", Provider),
        KeysFilter(Unit.care_types, "unit.care_type", CareType),
        WordFilter(Unit.language, "unit.language", {one: f"language.{one}" for one in (*LANGUAGES, "se")}),
        NamedFilter(Unit.shift_opening, "unit.shift_care", lambda: Unit.shift_care),
        KeysFilter(Unit.features, "unit.feature_open", Feature),
        NamedFilter(Unit.start, "unit.in_use", lambda: Unit.meets(DateRange(actor().today))),
    )
    search_columns = ("name", "director")
    figures = ("capacity",)
    bulk = ("open_feature", "close_feature")
    main = ("unit.add_group",)
    rare = ("unit.open_feature", "unit.close_feature", "unit.write_note")
    column_formatters = {
        "language": lambda view, _context, row, _name: told(f"language.{row.language}"),
        "care_types": lambda view, _context, row, _name: ", ".join(word_of(CareType(one)) for one in row.care_types),
        "features": lambda view, _context, row, _name: told("unit.all_features") if len(row.features) == len(Feature)
        else features_of(row) or told("unit.no_features"),
    }
    column_details_list = (
        "area", "provider", "care_types", "language", "family_day_care", "capacity", "ask_unit", "start", "end",
    )
    form_sections: ClassVar = (
        ("unit.section.basics", (
            "name", "area", "provider", "language", "care_types", "capacity", "family_day_care", "ask_unit", "start",
            "end")),
        ("unit.section.opening", ("opening", "shift_opening", "open_on_holidays", "preschool_start", "preschool_end")),
        ("unit.section.contact", (
            "director", "director_phone", "director_email", "phone", "email", "street", "postal_code", "post_office",
            "mailing_street", "mailing_postal_code", "mailing_post_office", "latitude", "longitude")),
        ("unit.section.applying", tuple(
            f"{kind}_apply_{side}" for kind in ApplicationKind for side in ("start", "end"))),
        ("unit.section.money", ("invoiced", "cost_centre", "business_id", "iban", "provider_id")),
        ("unit.section.decisions", (
            "decision_name", "preschool_decision_name", "decision_handler", "decision_address")),
    )
    form_columns = tuple(name for _, names in form_sections for name in names)
    form_overrides: ClassVar = {
        "language": LanguageField, "care_types": TicksField, "opening": WeekField, "shift_opening": WeekField,
        "latitude": DegreesField, "longitude": DegreesField,
    }
    form_args = {"care_types": {"kind": CareType, "validators": [DataRequired()]}}

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        act.check_unit(row)

    def row_fact_line(self, row: Any) -> str:
        return f"{row.area} · {word_of(row.provider)}"

    def offers(self, action: Action, row: Any) -> bool:
        """A feature is opened where one is closed, and closed where one is open."""
        match action.key:
            case "unit.open_feature":
                return len(row.features) < len(Feature)
            case "unit.close_feature":
                return bool(row.features)
        return action.key != "staff.import_shifts"  # has a page of its own, beside the shifts

    def effects(self, action: Action, rows: list[Any]) -> dict[int, str]:
        return {row.id: told("unit.open_now", features=features_of(row) or told("unit.no_features")) for row in rows}

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        """Somebody of the staff begins today; nothing but the note is taken from the unit's own columns."""
        if action.feature in ("user", "presence", "staff"):
            return actor().today if name in ("start", "day") else None
        return row.note if action.key == "unit.write_note" else None

    def after(self, action: Action, row: Any, result: Any) -> str:
        if action.feature == "user":
            told_password(result)
        if action.key == "presence.add_device":
            presence.tell_code(*result)
        return super().after(action, row, result)

    # -- the file -------------------------------------------------------------------------------

    def file(self, row: Any) -> dict[str, Any]:
        day = actor().today
        children = children_today(Placement.unit_id == row.id)
        adults = adults_today(Group.unit_id == row.id)
        levels, weights = self._levels(row, day)
        first = levels[0][1]
        kpis = [
            {"label": told("unit.kpi.children"), "value": sum(children.values()),
             "note": told("unit.kpi.capacity", capacity=row.capacity) if row.capacity else ""},
            {"label": told("unit.kpi.adults"), "value": decimal(sum(adults.values()))},
            {"label": told("unit.kpi.occupancy"), "value": first},
            {"label": told("unit.kpi.today"), "value": self._hours_today(row, day)},
        ]
        shown = [
            self._groups(row, day, children, adults), adults_now(row), self._opening(row), self._percentage(levels),
            self._supported(weights), wishes_for(row), *of_unit(row), staff_of(row),
            self._note(row), presence.of_unit(row), self._features(row), self._closures(row, day), self._contact(row),
            self._applying(row), self._money(row), self._decisions(row),
        ]
        return super().file(row) | {"kpis": kpis, "blocks": [one for one in shown if one]}

    def _hours_today(self, row: Any, day: date) -> str:
        """When the unit is open today, for ordinary care."""
        closed = {one for closure in closures_of([row.id], DateRange(day, day)) for one in closure.period.days()}
        open_today = day in row.period and row.open_days(frozenset(closed)).has_care(day, shift_care=False)
        return opening_words(row.opening, day.isoweekday()) if open_today else told("unit.closed")

    def _groups(self, row: Any, day: date, children: dict[int, int], adults: dict[int, Any]) -> dict[str, Any]:
        """Groups with their children and adults of today, and the least and the most adults of the coming year."""
        groups = db.session.scalars(
            select(Group).where(Group.unit_id == row.id, Group.meets(DateRange(day))).order_by(Group.name)).all()
        period = DateRange(day, add_months(day, MONTHS) - DAY)
        amounts: dict[int, list[Any]] = {group.id: [] for group in groups}
        for one in db.session.scalars(
            select(Caretakers).where(Caretakers.group_id.in_(amounts), Caretakers.meets(period))):
            amounts[one.group_id].append((one.period, one.amount))

        def span(of: list[Any]) -> str:
            least, most = least_and_most(of, period)
            return decimal(least) if least == most else f"{decimal(least)}–{decimal(most)}"

        rows = [[link(group.name, "group.details_view", group.id), children.get(group.id, 0),
                 decimal(adults.get(group.id, 0)), span([amounts[group.id]])] for group in groups]
        return {
            "title": told("unit.groups"), "empty": told("unit.no_groups"), "figures": [1, 2, 3], "rows": rows,
            "head": [told("unit.group"), told("unit.children"), told("unit.adults"),
                     told("unit.adults_over", months=MONTHS)],
            "total": [told("unit.all_groups"), sum(children.values()), decimal(sum(adults.values())),
                      span(list(amounts.values()))] if len(rows) > 1 else None,
        }

    def _opening(self, row: Any) -> dict[str, Any]:
        """The week: ordinary care, and shift care where there is some; neighbouring days that are alike together."""
        shift = row.shift_opening
        head = [told("form.week.day"), told("unit.opening"), *([told("unit.shift_opening")] if shift else [])]
        rows: list[tuple[int, int, list[str]]] = []
        for day in SEVEN:
            cells = [opening_words(week, day) or told("unit.closed") for week in (row.opening, shift) if week]
            if rows and rows[-1][2] == cells:
                rows[-1] = (rows[-1][0], day, cells)
            else:
                rows.append((day, day, cells))
        said = [told("unit.open_on_holidays_said")] if row.open_on_holidays else []
        if row.preschool_start:
            said.append(told("unit.preschool_said", start=row.preschool_start, end=row.preschool_end))
        return {
            "title": told("unit.section.opening"), "head": head, "text": " ".join(said), "empty": "",
            "rows": [[days_in_words(first, last), *cells] for first, last, cells in rows],
        }

    def _levels(self, row: Any, day: date) -> tuple[list[list[str]], dict[Any, Weight]]:
        """Today's occupancy with its arithmetic, as the rules reckoned it; and the children whose support weighs."""
        period = DateRange(day, day)
        places, rows = act.places_of([row], period), act.rows_of([row], period)
        levels, weights = [], {}
        for kind in (OccupancyKind.CONFIRMED, OccupancyKind.PLANNED):
            figures = occupancy(places, rows, kind, period, act.options())[row.id].get(day)
            percentage = f"{decimal(figures.percentage, 1)} %" if figures and figures.percentage is not None else "–"
            explained = explain(places[0], rows, kind, day, act.options())
            levels.append([word_of(kind), percentage, explained.arithmetic if figures else ""])
            weights |= {
                line.stay.child: line.weight for line in explained.lines
                if line.counted and line.weight is not None and line.weight.factor != 1}
        return levels, weights

    def _supported(self, weights: dict[Any, Weight]) -> dict[str, Any] | None:
        """The children who count for more because of their support, for whoever may know of it."""
        known = db.session.scalars(
            select(AssistanceFactor).where(
                AssistanceFactor.child_id.in_(weights), AssistanceFactor.on(actor().today),
                within(actor(), "assistance.view", AssistanceFactor))
            .options(joinedload(AssistanceFactor.child))).all()
        if not known:
            return None
        note_reading({one.child_id for one in known})
        return {
            "title": told("assistance.factors"), "figures": [1, 2], "empty": "",
            "head": [told("assistance.child"), told("unit.arithmetic"), told("assistance.counts_for")],
            "rows": [
                [link(str(one.child), "person.details_view", one.child_id),
                 weights[one.child_id].arithmetic.strip("()"), decimal(weights[one.child_id].value)]
                for one in sorted(known, key=lambda one: one.child.sort_key)],
        }

    def _percentage(self, levels: list[list[str]]) -> dict[str, Any]:
        return {
            "title": told("unit.occupancy_today"), "empty": "", "rows": levels, "figures": [1],
            "head": [told("unit.level"), told("unit.percentage"), told("unit.arithmetic")],
            "text": told("unit.occupancy_law"),
        }

    def _note(self, row: Any) -> dict[str, Any] | None:
        """Only for those who may write it."""
        if not self.permits({"note": "unit.write_note"}, row)["note"]:
            return None
        return {"title": told("unit.note"), "text": row.note, "empty": "" if row.note else told("unit.no_note"),
                "aside": True}

    def _features(self, row: Any) -> dict[str, Any]:
        states = [(row.has(one), one) for one in Feature]
        return {
            "title": told("unit.features"), "aside": True, "empty": "",
            "head": [told("unit.feature"), told("unit.state")],
            "rows": [[word_of(one), self.badges([("good", told("unit.feature_is_open")) if is_open
                                                 else ("", told("unit.feature_not_yet"))])] for is_open, one in states],
        }

    def _closures(self, row: Any, day: date) -> dict[str, Any]:
        found = closures_of([row.id], DateRange(day, add_months(day, MONTHS)))
        more = (told("ui.all"), url_for("closure.index_view")) if may(actor(), "calendar.view") else None
        return {
            "title": told("calendar.closures"), "aside": True, "empty": told("calendar.no_closures"), "link": more,
            "head": [told("calendar.days"), told("calendar.reason")],
            "rows": [[days_of(one), one.reason] for one in found],
        }

    def _contact(self, row: Any) -> dict[str, Any]:
        facts = [
            (self.label("director"), ", ".join(filter(None, (row.director, row.director_phone, row.director_email)))),
            (self.label("phone"), row.phone), (self.label("email"), row.email), (told("unit.address"), row.address),
            *([(told("unit.mailing"), row.mailing_address)] if row.mailing_address != row.address else []),
            *([(told("unit.point"), told("unit.point_said", latitude=row.latitude, longitude=row.longitude))]
              if row.latitude is not None else []),
        ]
        return {"title": told("unit.section.contact"), "facts": facts, "aside": True}

    def _applying(self, row: Any) -> dict[str, Any]:
        facts = [(told(f"unit.apply.{kind}"), str(row.apply_period(kind) or told("unit.not_applied")))
                 for kind in ApplicationKind]
        return {"title": told("unit.section.applying"), "facts": facts, "aside": True}

    def _money(self, row: Any) -> dict[str, Any]:
        facts = [
            (self.label("invoiced"), told("yes" if row.invoiced else "no")),
            (self.label("cost_centre"), row.cost_centre or row.area.cost_centre),
            *((self.label(name), shown) for name, shown in (
                ("business_id", row.business_id), ("iban", row.iban and grouped(row.iban)),
                ("provider_id", row.provider_id)) if shown),
        ]
        return {"title": told("unit.section.money"), "facts": facts, "aside": True}

    def _decisions(self, row: Any) -> dict[str, Any]:
        facts = [
            (self.label("decision_name"), row.name_in_decisions(preschool=False)),
            (self.label("preschool_decision_name"), row.name_in_decisions(preschool=True)),
            (self.label("decision_handler"), row.handler_in_decisions(preschool=False) or told("unit.no_handler")),
        ]
        return {"title": told("unit.section.decisions"), "facts": facts, "aside": True}


def features_of(row: Unit) -> str:
    """The open features in words."""
    return ", ".join(word_of(one) for one in Feature if row.has(one))


def days_of(row: Any) -> str:
    """One day, or from a day to a day."""
    return written(row.start) if row.start == row.end else str(row.period)
