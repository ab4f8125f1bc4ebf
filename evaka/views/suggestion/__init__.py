"""Suggestions: what was asked for and what came of it, and why each child is offered this place and no other."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import jsonify, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from evaka.access import may, require_any
from evaka.actions import Action
from evaka.actions import suggestion as act
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.suggestion import SuggestedPlace, Suggestion, SuggestionUnit
from evaka.models.unit import Unit
from evaka.rules.suggestion import SuggestedStatus, SuggestionStatus
from evaka.views.base import Button, Screen, link
from evaka.views.base.attempt import attempt
from evaka.views.filters import StateFilter
from evaka.views.page import actor, decimal, told, written
from evaka.views.suggestion import words
from evaka.views.suggestion.begin import begin_form
from evaka.views.suggestion.places import PlaceScreen

__all__ = ["PlaceScreen", "SuggestionScreen"]
FEW = 10  # rows of a part of the page
STATES: Any = SuggestedPlace.status


class SuggestionScreen(Screen):
    """Every suggestion; the page of one tells what it comes to, and what is left for a person to look at."""

    column_list = ("name", "made_at", "user", "status", "children")
    column_details_list = (
        "name", "made_at", "user", "reckoned_at", "took", "counted", "criteria_from", "seed", "digest")
    column_sortable_list = ("name", "made_at", "status")
    column_default_sort = ("id", True)
    column_filters = (StateFilter(Suggestion.status, "suggestion.status", SuggestionStatus),)
    details_template = "office/suggestion.html"
    main = ("suggestion.approve", "suggestion.retry")
    rare = ("suggestion.discard",)
    figures: ClassVar = ("children",)
    column_formatters: ClassVar = {
        "children": lambda _view, _context, row, _name: row.figures.get("children", ""),
        "took": lambda _view, _context, row, _name: (
            f"{decimal(row.seconds / 1000, 2)} s" if row.reckoned_at else ""),
    }
    column_formatters_detail = column_formatters
    column_formatters_export = column_formatters

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Suggestion.user))

    def row_fact_line(self, row: Any) -> str:
        return told(f"suggestion.now.{row.status}")

    def head_buttons(self) -> list[Button]:
        if not may(actor(), "suggestion.begin"):
            return []
        return [Button(told("suggestion.begin"), self.get_url(".begin"), "primary")]

    def buttons(self, row: Any) -> list[Button]:
        found = super().buttons(row)
        if row.reckoned_at:
            found.append(Button(told("suggestion.places"), self.places(row), "secondary"))
        if row.status is SuggestionStatus.APPROVED and may(actor(), "application.plan"):
            found.append(Button(
                told("placement.drafts"), url_for("desk.drafts", batch=act.batch_of(row)), "secondary"))
        return found

    def offers(self, action: Action, row: Any) -> bool:
        """Approving while there is something to approve."""
        return action.verb != "approve" or self.count(row, STATES == SuggestedStatus.SUGGESTED, placed=True) > 0

    def consequences(self, action: Action, row: Any) -> list[str]:
        found = super().consequences(action, row)
        if action.verb == "approve":
            count = self.count(row, STATES == SuggestedStatus.SUGGESTED, placed=True)
            found.append(told("suggestion.approve_count", count=count))
        return found

    def count(self, row: Any, condition: Any, *, placed: bool | None = None) -> int:
        query = select(func.count()).where(SuggestedPlace.suggestion_id == row.id, condition)
        if placed is not None:
            query = query.where(SuggestedPlace.unit_id.is_not(None) if placed else SuggestedPlace.unit_id.is_(None))
        return db.session.scalar(query) or 0

    @expose("/begin/", methods=("GET", "POST"))
    def begin(self) -> Any:
        """For which applications and in which units; how many that is, is said before anything is reckoned."""
        require_any(actor(), "suggestion.begin")
        form, counts = begin_form(), None
        if request.method == "POST" and form.validate():
            counts = form.counts()
            if request.form.get("go"):
                with attempt() as tried:
                    id = act.begin(
                        actor(), name=form.name.data, applications=list(db.session.scalars(form.applications())),
                        units=list(db.session.scalars(form.units()))).id
                if tried.done:
                    return redirect(self.get_url(".details_view", id=id))
        return self.render(
            "office/suggestion_begin.html", form=form, counts=counts, heading=told("suggestion.begin"),
            crumbs=self.crumbs, back=self.get_url(".index_view"))

    @expose("/progress/")
    def progress(self) -> Any:
        """Whether it is reckoned, for the page that stays open."""
        row = self.row_or_404(request.args.get("id"))
        waits = row.status is SuggestionStatus.WAITING
        return jsonify(done=0 if waits else 1, left=int(waits), status=row.status.value)

    # -- the page of one ----------------------------------------------------------------------------

    def places(self, row: Any, **filters: str) -> str:
        """The list of its places, narrowed down."""
        return url_for("suggested_place.index_view", flt0_0=row.id, **filters)

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        found = []
        if row.status is SuggestionStatus.FAILED:
            found.append({"look": "bad", "title": told("suggestion.failed"), "text": words.refusal(row.trouble, {})})
        if row.reckoned_at and row.figures.get("unplaced_due"):
            found.append({
                "look": "warn", "title": told("suggestion.unplaced_due", count=row.figures["unplaced_due"]),
                "text": told("suggestion.unplaced_due_help"), "url": self.places(row, flt2_2="none"),
                "link": told("ui.all"),
            })  # fmt: skip
        if left := self.count(row, STATES == SuggestedStatus.LEFT_OUT):
            found.append({
                "look": "warn", "title": told("suggestion.left_out", count=left),
                "text": told("suggestion.left_out_help"),
                "url": self.places(row, flt1_1=SuggestedStatus.LEFT_OUT.value), "link": told("ui.all"),
            })  # fmt: skip
        return found

    def file(self, row: Any) -> dict[str, Any]:
        waits = row.status is SuggestionStatus.WAITING
        return super().file(row) | {
            "waits": waits, "progress_url": self.get_url(".progress", id=row.id) if waits else "",
            "of": self.count(row, STATES.is_not(None)),
            "kpis": self.kpis(row) if row.reckoned_at else [],
            "chart": self.chart(row) if row.reckoned_at else None,
            "criteria": self.criteria(row),
        }

    def kpis(self, row: Any) -> list[dict[str, Any]]:
        figures = row.figures
        children = figures["children"] or 1
        first = figures["wishes"][0] if figures["wishes"] else 0
        apart, families = figures["apart"], figures["families"]
        return [
            {"label": told("suggestion.first_wishes"), "value": f"{decimal(100 * first / children, 1)} %",
             "note": told("suggestion.of_children", count=first, all=figures["children"]),
             "url": self.places(row, flt2_2="first")},
            {"label": told("suggestion.beyond"), "value": figures["beyond"], "note": told("ui.all"),
             "url": self.places(row, flt2_2="beyond")},
            {"label": told("suggestion.unplaced"), "value": figures["unplaced"], "note": told("ui.all"),
             "url": self.places(row, flt2_2="none"), "look": "warn" if figures["unplaced_due"] else ""},
            {"label": told("suggestion.apart"), "value": apart, "note": told("suggestion.of_families", count=families)},
            {"label": told("suggestion.distance"),
             "value": f"{decimal(figures['metres'] / 1000, 1)} km" if figures["metres"] else "–",
             "note": told("suggestion.mean" if figures["metres"] else "suggestion.no_homes")},
            {"label": told("suggestion.blocking"), "value": figures["blocking"],
             "note": told("suggestion.blocking_note"), "look": "bad" if figures["blocking"] else ""},
        ]

    def chart(self, row: Any) -> dict[str, Any]:
        """How many children got which wish."""
        figures = row.figures
        labels = [told("suggestion.wish_is", place=place) for place in range(1, len(figures["wishes"]) + 1)]
        return {
            "title": told("suggestion.wishes"), "about": told("suggestion.wishes_about"),
            "label": told("suggestion.wish"),
            "labels": [*labels, told("suggestion.not_wished"), told("suggestion.got.none")],
            "series": [{"kind": "bar", "look": "main", "name": told("suggestion.children"),
                        "values": [*figures["wishes"], figures["beyond"], figures["unplaced"]]}],
        }  # fmt: skip

    def criteria(self, row: Any) -> list[str]:
        """The list as it was used, each with its steps or bands."""
        names = words.criterion_names(row)
        found = []
        for one in row.criteria.get("list", ()):
            more = ""
            if one["bands"]:
                more = ", ".join(f"{words.decimal_comma(limit)} km" for limit in one["bands"])
            elif one["key"] in ("due", "start", "received"):
                more = told(f"suggestion.step.{one['step']}")
            found.append(f"{names[one['key']]} ({more})" if more else names[one["key"]])
        return found

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [self.nowhere(row), self.changed(row), self.units(row)] if row.reckoned_at else []

    def sample(self, row: Any, *conditions: Any) -> list[SuggestedPlace]:
        return list(db.session.scalars(
            select(SuggestedPlace).where(SuggestedPlace.suggestion_id == row.id, *conditions)
            .options(joinedload(SuggestedPlace.application).joinedload(Application.child),
                     joinedload(SuggestedPlace.unit), joinedload(SuggestedPlace.suggestion))
            .order_by(SuggestedPlace.id).limit(FEW)))

    def nowhere(self, row: Any) -> dict[str, Any]:
        rows = self.sample(row, SuggestedPlace.unit_id.is_(None), STATES == SuggestedStatus.SUGGESTED)
        return {
            "title": told("suggestion.unplaced"), "empty": told("suggestion.everybody_placed"),
            "link": (told("ui.all"), self.places(row, flt2_2="none")) if rows else None,
            "head": [told(f"suggestion.{name}") for name in ("child", "due", "reason")],
            "rows": [[child_link(one), written(one.application.due), words.here(one)] for one in rows],
        }  # fmt: skip

    def changed(self, row: Any) -> dict[str, Any]:
        by_hand = SuggestedPlace.unit_id.is_distinct_from(SuggestedPlace.reckoned_id)
        rows = self.sample(row, by_hand | (STATES == SuggestedStatus.LEFT_OUT))
        return {
            "title": told("suggestion.changed"), "empty": told("suggestion.nothing_changed"),
            "head": [told(f"suggestion.{name}") for name in ("child", "unit", "status", "reason")],
            "rows": [[child_link(one), str(one.unit or "–"), self.badge(one.status),
                      words.trouble(one) or " ".join(words.broken(one))] for one in rows],
        }  # fmt: skip

    def units(self, row: Any) -> dict[str, Any]:
        """The units that give most places, with the room of their tightest month."""
        given = func.count(SuggestedPlace.id)
        rows = db.session.execute(
            select(Unit.id, Unit.name, SuggestionUnit.free, given)
            .join(SuggestionUnit, SuggestionUnit.unit_id == Unit.id)
            .outerjoin(SuggestedPlace, (SuggestedPlace.unit_id == Unit.id)
                       & (SuggestedPlace.suggestion_id == row.id) & (STATES != SuggestedStatus.LEFT_OUT))
            .where(SuggestionUnit.suggestion_id == row.id)
            .group_by(SuggestionUnit.id, Unit.id, Unit.name).order_by(given.desc(), Unit.name).limit(FEW)
        ).all()
        return {
            "title": told("suggestion.units"), "figures": [1, 2], "empty": told("suggestion.no_units_given"),
            "head": [told(f"suggestion.{name}") for name in ("unit", "given", "free")],
            "rows": [[link(name, "unit.details_view", id), count, tightest(free)] for id, name, free, count in rows],
        }  # fmt: skip


def tightest(free: dict[str, str]) -> str:
    """3,5 (8/2027): the smallest room of a month before the suggestion, and when."""
    if not free:
        return "–"
    month, room = min(free.items(), key=lambda one: (int(one[1]), one[0]))
    year, number, _ = month.split("-")
    return f"{decimal(int(room) / 10_000)} ({int(number)}/{year})"


def child_link(place: SuggestedPlace) -> Any:
    return link(str(place.application.child), "suggested_place.details_view", place.id)
