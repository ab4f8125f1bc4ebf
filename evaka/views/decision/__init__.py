"""Decisions on places, as the office sends them and the guardian answers them."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_admin import expose
from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload

from evaka.actions import Action
from evaka.actions.decision import policy
from evaka.models.decision import Decision
from evaka.models.unit import Unit
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DecisionStatus, start_window
from evaka.rules.placement import CareType
from evaka.views.base import BADGES, Screen, look
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, moment, option_name, told, word_of, written


def is_unanswered() -> ColumnElement[bool]:
    return (Decision.status == DecisionStatus.SENT) & (Decision.answer_due < actor().today)


def awaits_answer(row: Decision) -> bool:
    """A printed decision that has not been given to the post yet is nobody's to answer."""
    return row.application.status is not ApplicationStatus.WAITING_MAILING


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
            case "accept" | "reject":
                return awaits_answer(row)
        return True


class MyDecisions(Screen):
    """The guardian reads a decision, and accepts or rejects the place."""

    can_export = False
    reading = True
    column_list = ("number", "child", "unit", "start", "status")
    details_template = "guardian/decision.html"

    @expose("/")
    def index_view(self) -> Any:
        rows = (
            self.get_query().options(joinedload(Decision.child), joinedload(Decision.unit))
            .order_by((Decision.status == DecisionStatus.SENT).desc(), Decision.id.desc()).all()
        )
        return self.render("guardian/decisions.html", rows=[
            {"label": f"{row.child.first_name}: {row.unit}", "note": str(row.period), "badge": self.sign(row),
             "url": self.get_url(".details_view", id=row.id)} for row in rows])

    def sign(self, row: Any) -> tuple[str, str]:
        """The state in words; an answer that is waited for is shown with its last day."""
        if row.status is DecisionStatus.SENT:
            return "warn", told("decision.answer_by", due=row.answer_due)
        return BADGES.get(row.status.value, ""), word_of(row.status)

    def row_heading(self, row: Any) -> str:
        return told("decision.my_title", child=row.child.first_name)

    def file(self, row: Any) -> dict[str, Any]:
        window = start_window(row.period, policy().start_may_move_days)
        facts = [
            (told("decision.number"), row.number), (told("decision.unit"), str(row.unit)),
            (told("decision.period"), str(row.period)),
            (told("decision.service_need"), option_name("service_needs", row.service_need)),
            (told("decision.sent_at"), moment(row.sent_at) if row.sent_at else ""),
            (told("decision.answer_due"), written(row.answer_due)),
            (told("decision.appeal_due"), written(row.appeal_due)),
        ]
        if row.chosen_start:
            facts.append((told("decision.chosen_start"), written(row.chosen_start)))
        return {
            "heading": self.row_heading(row), "fact_line": str(row.unit), "badge": self.sign(row), "facts": facts,
            "paragraphs": [told("decision.window", window=window)] if row.status is DecisionStatus.SENT else [],
            "pdf": url_for("my_document.download", id=row.document_id) if row.document_id else None,
            "answers": [self._answer(action, row) for action in self.actions_of(row)],
            "back": self.get_url(".index_view"),
        }

    def _answer(self, action: Action, row: Any) -> dict[str, Any]:
        form = self.action_form(action, row)
        form.row_version.data = row.version
        return {"title": told(action.key), "help": " ".join(self.consequences(action, row)), "form": form,
                "url": self.get_url(".do", verb=action.verb, id=row.id), "label": told(action.key),
                "style": look(action.verb)}

    def offers(self, action: Action, row: Any) -> bool:
        return action.verb in ("accept", "reject") and awaits_answer(row)
