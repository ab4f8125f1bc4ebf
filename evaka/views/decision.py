"""Decisions on places, as the office sends them and the guardian answers them."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_admin import expose
from sqlalchemy import ColumnElement

from evaka import city
from evaka.actions.decision import policy
from evaka.models.decision import Decision
from evaka.models.unit import Unit
from evaka.rules.decision import DecisionStatus, start_window
from evaka.rules.placement import CareType
from evaka.views.base import Button, Screen
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, aged, moment, option_name, told


def is_unanswered() -> ColumnElement[bool]:
    return (Decision.status == DecisionStatus.SENT) & (Decision.answer_due < actor().today)


class DecisionScreen(Screen):
    """The office plans decisions on the placement desk; here it reads, ends and annuls them."""

    column_list = ("number", "child", "unit", "care_type", "start", "end", "status", "answer_due")
    column_sortable_list = ("number", ("child", "child.sort_key"), "start", "status", "answer_due")
    column_default_sort = ("id", True)
    column_filters = (
        StateFilter(Decision.status, "decision.status", DecisionStatus),
        NamedFilter(Decision.answer_due, "decision.unanswered", is_unanswered),
        RowFilter(Decision.unit_id, "decision.unit", Unit),
        DayFilter(Decision.start, "decision.starts_from"),
        StateFilter(Decision.care_type, "decision.care_type", CareType),
    )
    search_people = ("child_id",)
    search_columns = ("number",)
    reading = True
    bulk = ("expire",)
    column_details_list = (
        "number", "status", "child", "unit", "care_type", "service_need", "start", "end", "reasons", "sent_at",
        "decided_by", "answer_due", "appeal_due", "answered_at", "chosen_start",
    )
    column_formatters = {
        "service_need": lambda view, _context, row, _name: option_name("service_needs", row.service_need),
    }

    def row_heading(self, row: Any) -> str:
        return told("decision.of", child=f"{row.child.first_name} {row.child.last_name}", number=row.number or "–")

    def offers(self, action: Any, row: Any) -> bool:
        """Decisions are sent with their application; grounds are written while it is a draft."""
        match action.verb:
            case "send":
                return False
            case "write_reasons":
                return bool(row.status is DecisionStatus.DRAFT)
            case "expire":
                return bool(row.answer_due and row.answer_due < actor().today)
        return True

    def buttons(self, row: Any) -> list[Button]:
        found = super().buttons(row)
        if row.document_id:
            found.insert(0, Button(told("document.open"), url_for("document.download", id=row.document_id), "secondary"))
        return found


class MyDecisions(Screen):
    """The guardian reads a decision, and accepts or rejects the place."""

    can_export = False
    reading = True
    column_list = ("number", "child", "unit", "start", "status")
    column_default_sort = ("id", True)
    details_template = "guardian/decision.html"

    def file(self, row: Any) -> dict[str, Any]:
        open_ = row.status is DecisionStatus.SENT
        window = start_window(row.period, policy().start_may_move_days)
        return {
            "decision": row, "window": window, "can_answer": open_ and bool(self.actions_of(row)),
            "age": aged(row.child.born), "sent": moment(row.sent_at) if row.sent_at else "",
            "service_need": option_name("service_needs", row.service_need),
            "document_url": url_for("my_document.download", id=row.document_id) if row.document_id else None,
            "accept_url": url_for("my_decision.do", verb="accept", id=row.id),
            "reject_url": url_for("my_decision.do", verb="reject", id=row.id),
            "contact": city.read("city")["city"],
        }

    @expose("/")
    def index_view(self) -> Any:
        rows = self.get_query().order_by(Decision.id.desc()).all()
        return self.render("guardian/decisions.html", rows=rows)
