"""Claims for revised decisions, those that wait longest first."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement
from sqlalchemy.orm import joinedload

from evaka.models.decision.claim import Claim
from evaka.rules.decision.claim import ClaimOutcome, ClaimStatus
from evaka.views.base import Button, Screen
from evaka.views.filters import DayFilter, NamedFilter, StateFilter
from evaka.views.page import actor, told


def is_open() -> ColumnElement[bool]:
    return Claim.status.in_([ClaimStatus.RECEIVED, ClaimStatus.FORWARDED])


class ClaimScreen(Screen):
    column_list = ("received", "child", "claimant", "decision", "status", "due", "handle_by", "outcome")
    column_details_list = (
        "child", "decision", "claimant", "status", "received", "due", "handle_by", "grounds", "forwarded_on",
        "decided_on", "outcome", "outcome_reasons",
    )
    column_sortable_list = ("received", "handle_by", "status")
    column_default_sort = ("handle_by", False)
    column_filters = (
        NamedFilter(Claim.id, "claim.open", is_open),
        StateFilter(Claim.status, "claim.status", ClaimStatus),
        StateFilter(Claim.outcome, "claim.outcome", ClaimOutcome),
        DayFilter(Claim.received, "claim.received_from"),
    )
    opens_with = {"flt0_0": "1"}
    search_people = ("child_id", "claimant_id")
    reading = True

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(Claim.child), joinedload(Claim.claimant), joinedload(Claim.decision))

    def row_heading(self, row: Any) -> str:
        return told("claim.of", child=f"{row.child.first_name} {row.child.last_name}")

    def row_fact_line(self, row: Any) -> str:
        return told("decision.of", child=row.child, number=row.decision.number)

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        if not row.late:
            return []
        return [{"look": "warn", "title": told("claim.late"), "text": told("claim.late_text", due=row.due)}]

    def first_value(self, action: Any, name: str, row: Any) -> Any:
        return super().first_value(action, name, row) or (
            actor().today if name in ("forwarded_on", "decided_on") else None)

    def buttons(self, row: Any) -> list[Button]:
        return [
            *super().buttons(row),
            Button(told("claim.bundle"), url_for("decision.bundle", id=row.decision_id), "secondary"),
            Button(told("claim.to_decision"), url_for("decision.details_view", id=row.decision_id), "secondary"),
        ]
