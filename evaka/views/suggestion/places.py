"""The places of a suggestion: what each application is offered, why, and what to do about it."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import request, url_for
from sqlalchemy.orm import joinedload

from evaka.actions import Action
from evaka.models.application import Application
from evaka.models.suggestion import SuggestedPlace, Suggestion
from evaka.models.unit import Unit
from evaka.rules.suggestion import SuggestedStatus, SuggestionStatus
from evaka.views.base import Button, Screen, link, row_number
from evaka.views.filters import NamedFilter, RowFilter, StateFilter, WordFilter
from evaka.views.page import told, written
from evaka.views.suggestion import words

KIND = {"first": "suggestion.got.first", "other": "suggestion.got.other", "beyond": "suggestion.got.beyond",
        "none": "suggestion.got.none"}


def got(kind: str) -> Any:
    """The places of a kind: a first wish, another one, none of the wishes, nowhere."""
    placed = SuggestedPlace.unit_id.is_not(None)
    return {
        "first": placed & (SuggestedPlace.wish == 1), "other": placed & (SuggestedPlace.wish > 1),
        "beyond": placed & SuggestedPlace.wish.is_(None), "none": SuggestedPlace.unit_id.is_(None),
    }[kind]


class GotFilter(WordFilter):
    """What the family gets of its wishes."""

    def condition(self, value: Any) -> Any:
        return got(value)


class PlaceScreen(Screen):
    """What each application of a suggestion is offered, why, and what to do about it."""

    feature = "suggestion"
    column_list = ("child", "due", "unit", "wish", "kilometres", "status", "remark")
    column_details_list = ("suggestion", "child", "application", "due", "unit", "wish", "kilometres", "start", "end",
                           "status")
    column_sortable_list = (("child", "application.child.sort_key"), ("due", "application.due"), "status", "kilometres")
    column_default_sort = ("id", False)
    details_template = "office/suggested_place.html"
    reading = True
    main = ("suggestion.accept", "suggestion.take_back", "suggestion.move")
    bulk = ("accept", "leave_out", "take_back")
    figures: ClassVar = ("kilometres",)
    column_filters = (
        RowFilter(SuggestedPlace.suggestion_id, "suggestion.suggestion", Suggestion),
        StateFilter(SuggestedPlace.status, "suggestion.status", SuggestedStatus),
        GotFilter(SuggestedPlace.wish, "suggestion.wish", KIND),
        RowFilter(SuggestedPlace.unit_id, "suggestion.unit", Unit),
        NamedFilter(SuggestedPlace.id, "suggestion.by_hand_filter",
                    lambda: SuggestedPlace.unit_id.is_distinct_from(SuggestedPlace.reckoned_id)),
    )
    column_formatters: ClassVar = {
        "child": lambda _view, _context, row, _name: str(row.application.child),
        "application": lambda _view, _context, row, _name: link(
            str(row.application_id), "application.details_view", row.application_id),
        "due": lambda _view, _context, row, _name: written(row.application.due),
        "unit": lambda _view, _context, row, _name: str(row.unit or "–"),
        "wish": lambda _view, _context, row, _name: words.wish(row),
        "kilometres": lambda _view, _context, row, _name: words.way(row),
        "remark": lambda _view, _context, row, _name: words.trouble(row) or " ".join(words.broken(row)),
    }
    column_formatters_detail = column_formatters | {
        "child": lambda _view, _context, row, _name: link(
            str(row.application.child), "person.details_view", row.application.child_id),
        "unit": lambda _view, _context, row, _name: (
            link(str(row.unit), "unit.details_view", row.unit_id) if row.unit else "–"),
        "suggestion": lambda _view, _context, row, _name: link(
            str(row.suggestion), "suggestion.details_view", row.suggestion_id),
    }
    column_formatters_export = column_formatters | {
        "application": lambda _view, _context, row, _name: row.application_id}

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(SuggestedPlace.application).joinedload(Application.child), joinedload(SuggestedPlace.unit),
            joinedload(SuggestedPlace.suggestion))

    def head_buttons(self) -> list[Button]:
        """Back to the suggestion whose places are listed."""
        number = row_number(request.args.get("flt0_0", ""))
        return [Button(told("suggestion.suggestion"), url_for("suggestion.details_view", id=number), "secondary")] if (
            number) else []

    def row_heading(self, row: Any) -> str:
        return str(row.application.child)

    def row_fact_line(self, row: Any) -> str:
        unit = str(row.unit or told("suggestion.got.none"))
        return told("suggestion.place_line", unit=unit, suggestion=row.suggestion)

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        every = told("menu.suggestion"), url_for("suggestion.index_view")
        return [every, (self.heading, self.get_url(".index_view"))]

    def offers(self, action: Action, row: Any) -> bool:
        if row.suggestion.status is not SuggestionStatus.READY:
            return False
        return row.unit_id is not None or action.verb in ("move", "leave_out")

    def effects(self, action: Action, rows: list[Any]) -> dict[int, str]:
        return {row.id: f"{row.unit or '–'} · {words.wish(row)}" for row in rows}

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        found = []
        if row.trouble:
            found.append({"look": "warn", "title": told("suggestion.was_left_out"), "text": words.trouble(row)})
        if several := words.broken(row):
            found.append({"look": "warn", "title": told("suggestion.breaks"), "text": " ".join(several)})
        return found

    def file(self, row: Any) -> dict[str, Any]:
        better = row.why.get("not_there", [])
        names = words.unit_names(why["unit"] for why in better)
        return super().file(row) | {
            "here": words.here(row),
            "reckoned": "" if not row.by_hand else told(
                "suggestion.reckoned_was", unit=str(row.reckoned or told("suggestion.got.none"))),
            "not_there": [
                {"wish": told("suggestion.wish_is", place=why["wish"]), "unit": names.get(why["unit"], ""),
                 "url": url_for("unit.details_view", id=why["unit"]), "why": words.not_there(why, row.suggestion),
                 "last": url_for("application.details_view", id=why["last"]) if why["last"] else "",
                 "last_label": told("suggestion.open_last", number=why["last"]) if why["last"] else ""}
                for why in better
            ],
        }
