"""Who has applied for a place in a unit: what its director knows of a coming season before anything is proposed."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import url_for
from markupsafe import Markup
from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import contains_eager, joinedload

from evaka.access import may, within
from evaka.models.application import Application, Preference
from evaka.models.base import db
from evaka.models.unit import Unit
from evaka.rules.application import NOT_PROPOSED, ApplicationKind, ApplicationStatus
from evaka.views.base import Screen
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, option_name, told, word_of, written

ASKED: Any = Application.__mapper__.columns  # a filter by the model's attributes would join the application once more


def waiting() -> ColumnElement[bool]:
    """Wishes of applications that nobody has proposed to a unit yet."""
    return select(Application.id).where(
        Application.id == Preference.application_id, Application.status.in_(NOT_PROPOSED), Application.in_office()
    ).correlate(Preference).exists()


class WishScreen(Screen):
    """Of each wish what planning needs: the child, the wish's place, the hours and from when; and no more of it."""

    can_view_details = False
    column_list = ("child", "born", "unit", "place", "kind", "start", "service_need", "signs", "received", "status")
    column_sortable_list = (
        ("child", "application.child.sort_key"), "place", ("kind", "application.kind"), ("start", "application.start"),
        ("received", "application.received"), ("status", "application.status"))
    column_default_sort: ClassVar = [("application.start", False), ("place", False)]
    column_filters = (
        RowFilter(Preference.unit_id, "wish.unit", Unit),
        NamedFilter(Preference.place, "wish.first", lambda: Preference.place == 1),
        StateFilter(ASKED.kind, "wish.kind", ApplicationKind),
        DayFilter(ASKED.start, "wish.from"),
        DayFilter(ASKED.start, "wish.to", last=True),
        StateFilter(ASKED.status, "wish.status", ApplicationStatus),
    )
    column_formatters: ClassVar = {
        "child": lambda _view, _context, row, _name: str(row.application.child),
        "born": lambda _view, _context, row, _name: written(row.application.child.born),
        "place": lambda _view, _context, row, _name: told("wish.place_is", place=row.place),
        "kind": lambda _view, _context, row, _name: told(f"unit.apply.{row.application.kind}"),
        "start": lambda _view, _context, row, _name: written(row.application.start),
        "service_need": lambda _view, _context, row, _name: option_name("service_needs", row.application.service_need),
        "signs": lambda view, _context, row, _name: view.signs(row),
        "received": lambda _view, _context, row, _name: written(row.application.received),
        "status": lambda view, _context, row, _name: view.badge(row.application.status),
    }
    column_formatters_export: ClassVar = column_formatters | {
        "status": lambda _view, _context, row, _name: word_of(row.application.status)}

    def visible(self) -> ColumnElement[bool]:
        return super().visible() & waiting()

    def get_query(self) -> Any:
        return super().get_query().join(Preference.application).options(
            contains_eager(Preference.application).joinedload(Application.child), joinedload(Preference.unit))

    def signs(self, row: Any) -> Markup:
        """What weighs in planning: shift care, a sibling in this unit, a child who is here or comes from elsewhere."""
        asked = row.application
        signs = {"shift_care": asked.shift_care, "sibling": asked.sibling_unit_id == row.unit_id,
                 "continuing": asked.continuing and row.place == 1, "transfer": asked.transfer}
        return self.badges([("", told(f"wish.{name}")) for name, is_so in signs.items() if is_so])


def wishes_for(unit: Unit) -> dict[str, Any] | None:
    """A part of a unit's file: how many wish for it, by kind, and how many of them first of all."""
    if not may(actor(), "wish.view"):
        return None
    first = func.sum(case((Preference.place == 1, 1), else_=0))
    rows = db.session.execute(
        select(Application.kind, first, func.count()).select_from(Preference).join(Preference.application)
        .where(Preference.unit_id == unit.id, waiting(), within(actor(), "wish.view", Preference))
        .group_by(Application.kind).order_by(Application.kind)).all()
    return {
        "title": told("menu.wish"), "figures": [1, 2], "empty": told("wish.nobody"),
        "head": [told("wish.kind"), told("wish.first"), told("wish.any")],
        "rows": [[told(f"unit.apply.{kind}"), firsts, count] for kind, firsts, count in rows],
        "link": (told("ui.all"), url_for("wish.index_view", flt0_0=unit.id)) if rows else None,
    }
