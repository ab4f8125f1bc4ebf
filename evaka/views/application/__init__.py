"""Applications as the office reads, sorts and takes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import may, within
from evaka.actions import Action
from evaka.actions.placement import default_period
from evaka.models.application import Application, Preference
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.placement import PlacementPlan
from evaka.models.unit import Unit
from evaka.rules.application import ON_THE_DESK, OPEN, ApplicationStatus, Origin, overdue, urgency
from evaka.views.base import Button, Screen, link
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter, YesNoFilter
from evaka.views.page import actor, aged, option_name, told, written


def is_overdue() -> ColumnElement[bool]:
    """The office has let the statutory day pass."""
    return Application.due.is_not(None) & (Application.due < actor().today) & Application.status.in_(ON_THE_DESK)


def is_due_soon() -> ColumnElement[bool]:
    """The statutory day is today or within a week."""
    today = actor().today
    return Application.due.between(today, today + timedelta(days=6)) & Application.status.in_(ON_THE_DESK)


def wants(unit_id: int) -> ColumnElement[bool]:
    return Application.id.in_(select(Preference.application_id).where(Preference.unit_id == unit_id))


class ApplicationScreen(Screen):
    column_list = ("child", "due", "start", "status", "first_wish", "service_need", "signs")
    column_sortable_list = (("child", "child.sort_key"), "start", "due", "status")
    column_default_sort = ("due", False)
    column_filters = (
        NamedFilter(Application.id, "application.open", lambda: Application.status.in_(OPEN)),
        StateFilter(Application.status, "application.status", ApplicationStatus),
        NamedFilter(Application.due, "application.overdue", is_overdue),
        RowFilter(Preference.unit_id, "application.wishes", Unit, wants),
        DayFilter(Application.due, "application.due_until", last=True),
        YesNoFilter(Application.urgent, "application.urgent"),
        YesNoFilter(Application.transfer, "application.transfer"),
        StateFilter(Application.origin, "application.origin", Origin),
        NamedFilter(Application.id, "application.due_soon", is_due_soon),
    )
    opens_with = {"flt0_0": "1"}
    main = ("application.send", "application.check", "application.take", "application.plan", "application.propose",
            "application.send_decision", "application.print_decision")
    rare = ("application.accept_proof", "application.return_to_sent", "application.return_to_placement",
            "application.cancel")
    search_people = ("child_id", "guardian_id")
    search_columns = ("id",)
    reading = True
    bulk = ("send", "take", "check")
    column_formatters = {
        "wishes": lambda view, _context, row, _name: " · ".join(
            f"{one.place} {one.unit}" for one in row.preferences),
        "first_wish": lambda view, _context, row, _name: view.first_wish(row),
        "signs": lambda view, _context, row, _name: view.signs(row),
        "service_need": lambda view, _context, row, _name: option_name("service_needs", row.service_need),
    }
    column_details_list = (
        "status", "child", "guardian", "kind", "origin", "received", "due", "start", "service_need", "begins_at",
        "ends_at",
        "wishes", "sibling_unit", "shift_care", "urgent", "urgent_proof", "transfer", "assistance", "notes", "checked",
    )

    def get_query(self) -> Any:
        return super().get_query().options(
            selectinload(Application.preferences).joinedload(Preference.unit), joinedload(Application.child))

    def first_wish(self, row: Any) -> str:
        """The first wished unit, and how many more there are."""
        if not row.preferences:
            return ""
        more = len(row.preferences) - 1
        return f"{row.preferences[0].unit}{f' +{more}' if more else ''}"

    def signs(self, row: Any) -> Any:
        """What sets an application apart: overdue, urgent, a transfer, notes that nobody has read."""
        found = []
        if overdue(row.status, row.due, actor().today):
            found.append(("bad", told("placement.days_over", days=-(urgency(row.due, actor().today) or 0))))
        if row.urgent:
            found.append(("warn", told("application.urgent")))
        if row.transfer:
            found.append(("", told("application.transfer")))
        if row.shift_care:
            found.append(("info", told("application.shift_care")))
        if not row.checked and row.status is ApplicationStatus.WAITING_PLACEMENT:
            found.append(("warn", told("application.unchecked")))
        return self.badges(found)

    def row_heading(self, row: Any) -> str:
        return told("application.of", child=f"{row.child.first_name} {row.child.last_name}")

    def row_fact_line(self, row: Any) -> str:
        facts = [aged(row.child.born), told(f"application_status.{row.status}")]
        left = urgency(row.due, actor().today)
        if left is not None and row.status in ON_THE_DESK:
            facts.append(told("application.days_left" if left >= 0 else "application.days_over",
                              days=abs(left), due=row.due))
        return " · ".join(facts)

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        found = []
        if overdue(row.status, row.due, actor().today):
            found.append({"look": "bad", "title": told("application.overdue"),
                          "text": told("application.overdue_text", due=row.due)})
        if row.urgent and row.urgent_proof is None:
            found.append({
                "look": "warn", "title": told("application.urgent"), "text": told("application.proof_missing")})
        if not row.checked and row.status is ApplicationStatus.WAITING_PLACEMENT:
            found.append({"look": "warn", "title": told("application.unchecked"),
                          "text": told("application.unchecked_text")})
        return found

    def offers(self, action: Action, row: Any) -> bool:
        """A button that would only say no is left out."""
        match action.verb:
            case "check" | "plan":
                return bool(row.checked) == (action.verb == "plan")
            case "accept_proof":
                return bool(row.status in (ApplicationStatus.SENT, ApplicationStatus.WAITING_PLACEMENT))
            case "propose" | "send_decision" | "print_decision":
                return self._ready(action.verb, row)
        return True

    def buttons(self, row: Any) -> list[Button]:
        """And the way to the desk, where the units stand side by side."""
        found = super().buttons(row)
        if row.status in ON_THE_DESK and may(actor(), "application.plan"):
            found.insert(0, Button(told("menu.desk"), url_for("desk.index", application=row.id), "secondary"))
        return found

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        """What the family did not fill in is left out."""
        return [(label, value) for label, value in super().facts(row) if value not in (None, "", told("no"))]

    def _ready(self, verb: str, row: Any) -> bool:
        plan = db.session.scalar(select(PlacementPlan).where(
            PlacementPlan.application_id == row.id, PlacementPlan.status.in_(("draft", "proposed", "confirmed"))))
        if plan is None:
            return False
        if verb == "propose":
            return bool(plan.unit.ask_unit)
        return not plan.unit.ask_unit or plan.status == "confirmed"

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        if action.verb == "plan":
            period = default_period(row, actor().today)
            first = row.preferences[0].unit if row.preferences else None
            return {"unit": first, "start": period.start, "end": period.end}.get(name)
        if name == "urgent_proof":
            return actor().today
        return None

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        plans = db.session.scalars(
            select(PlacementPlan).where(
                PlacementPlan.application_id == row.id, within(actor(), "placement.view", PlacementPlan))
            .order_by(PlacementPlan.id)
            .options(joinedload(PlacementPlan.unit)))
        decisions = db.session.scalars(
            select(Decision).where(Decision.application_id == row.id, within(actor(), "decision.view", Decision))
            .order_by(Decision.id)
            .options(joinedload(Decision.unit)))
        return [
            {"title": told("menu.proposal"), "empty": told("placement.none_yet"),
             "head": [told(f"placement.{name}") for name in ("unit", "period", "status", "reason")],
             "rows": [[str(one.unit), str(one.period), self.badge(one.status), one.reason] for one in plans]},
            {"title": told("menu.decision"), "empty": told("decision.none_yet"),
             "head": [told(f"decision.{name}") for name in ("number", "unit", "period", "status", "answer_due")],
             "rows": [[link(str(one.number or "–"), "decision.details_view", one.id), str(one.unit), str(one.period),
                       self.badge(one.status),
                       written(one.answer_due)] for one in decisions]},
        ]
