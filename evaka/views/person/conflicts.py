"""What in families does not fit together: a list that is looked through until it is empty."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import joinedload

from evaka.access import Actor, within
from evaka.actions import Action
from evaka.models.person import FamilyConflict
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.person.family import ConflictKind, ConflictStatus
from evaka.views.base import Screen, linked
from evaka.views.filters import RowFilter, StateFilter
from evaka.views.page import actor, told, word_of, written


def open_conflicts(by: Actor) -> Select[tuple[int]]:
    """How many wait for the actor, for the menu."""
    return select(func.count(FamilyConflict.id)).where(
        FamilyConflict.status == ConflictStatus.OPEN, within(by, "person.conflicts", FamilyConflict))


def in_unit(unit_id: int) -> ColumnElement[bool]:
    return FamilyConflict.person_id.in_(
        select(Placement.child_id).where(Placement.unit_id == unit_id, Placement.on(actor().today)))


class ConflictScreen(Screen):
    feature = "person"
    reading = True
    column_list = ("person", "kind", "other", "found", "status")
    column_sortable_list = (("person", "person.sort_key"), "kind", "found", "status")
    column_default_sort = ("found", True)
    search_people = ("person_id", "other_id")
    column_filters = (
        StateFilter(FamilyConflict.status, "person.status", ConflictStatus),
        StateFilter(FamilyConflict.kind, "person.kind", ConflictKind),
        RowFilter(FamilyConflict.person_id, "placement.unit", Unit, in_unit),
    )
    opens_with: ClassVar = {"flt0_0": ConflictStatus.OPEN.value}
    bulk = ("dismiss_conflict",)

    def visible(self) -> ColumnElement[bool]:
        return super().visible() & within(actor(), "person.conflicts", FamilyConflict)

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(FamilyConflict.person), joinedload(FamilyConflict.other))

    def row_heading(self, row: Any) -> str:
        return f"{row.person}: {word_of(row.kind)}"

    def row_fact_line(self, row: Any) -> str:
        return told(f"conflict_kind.{row.kind}.help")

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        return [
            (self.label("person"), linked(row.person)),
            (self.label("kind"), word_of(row.kind)),
            *([(self.label("other"), linked(row.other))] if row.other else []),
            *([(self.label("since"), written(row.since))] if row.since else []),
            (self.label("found"), written(row.found)),
            (self.label("status"), self.badge(row.status)),
            *([(self.label("reason"), row.reason)] if row.reason else []),
        ]

    def offers(self, action: Action, row: Any) -> bool:
        """Only a claim can be accepted; the rest is put right in the files."""
        return action.verb != "accept_claim" or row.kind is ConflictKind.CLAIM

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        return row.since if name == "start" else None
