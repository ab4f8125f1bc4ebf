"""The support of children: six lists, the file of each row, and a part of the child's own file.

It is confidential (Act 540/2018, 40 §): whoever has read of whose support stands in the journal, lists included.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from flask import g, request, url_for
from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload

import evaka.actions.assistance  # noqa: F401  the buttons of these screens and of a child's file
from evaka import city
from evaka.access import Actor, may, within
from evaka.actions import Action
from evaka.models.assistance import (
    SUPPORT,
    AssistanceAction,
    AssistanceFactor,
    DaycareAssistance,
    OtherMeasure,
    PreschoolAssistance,
    VoucherCoefficient,
)
from evaka.models.base import Model, db
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.assistance import MeasureKind, Use
from evaka.views.base import Button, Screen, link
from evaka.views.base.together import ROW
from evaka.views.filters import ListFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.page import actor, decimal, language, option_name, row_url, told, word_of, written

# which kind of row stands on which screen, and how its actions are called
SCREENS: Mapping[type[Model], str] = {
    DaycareAssistance: "daycare_assistance", PreschoolAssistance: "preschool_assistance",
    AssistanceFactor: "assistance_factor", AssistanceAction: "assistance_action", OtherMeasure: "other_measure",
    VoucherCoefficient: "voucher_coefficient",
}
SOON = timedelta(days=30)
_KINDS: tuple[tuple[Any, str], ...] = tuple((model, SCREENS[model]) for model in SUPPORT)
NOUNS: Mapping[type[Model], str] = {
    DaycareAssistance: "daycare", PreschoolAssistance: "preschool", AssistanceFactor: "factor",
    AssistanceAction: "action", OtherMeasure: "measure", VoucherCoefficient: "voucher",
}


def note_reading(children: Collection[int]) -> None:
    """The journal keeps of whose support has been read on a page that is nobody's own file."""
    if children:
        g.setdefault("reads", []).append(("assistance.read", None, {"children": sorted(children)}))


def content(row: Any) -> str:
    """What a row says, in words."""
    match row:
        case AssistanceFactor() | VoucherCoefficient():
            return factor(row.coefficient)
        case DaycareAssistance() | PreschoolAssistance():
            return option_name("assistance", row.level)
        case OtherMeasure():
            return word_of(row.kind)
    return "; ".join([*(option_name("assistance", key) for key in row.options), *([row.other] if row.other else [])])


def factor(coefficient: Any) -> str:
    """2,0 or 1,75: a coefficient always shows that it is one."""
    text = decimal(coefficient)
    return text if "," in text else f"{text},0"


def placed_in(model: Any, unit_id: int) -> ColumnElement[bool]:
    there = select(Placement.child_id).where(Placement.unit_id == unit_id, Placement.on(actor().today))
    return model.child_id.in_(there)  # type: ignore[no-any-return]


class LevelFilter(ListFilter):
    """One of the levels that the city has or has had."""

    kind = "select"

    def __init__(self, column: Any, label: str, use: Use) -> None:
        super().__init__(column, label)
        self.use = use

    def choices(self) -> list[tuple[str, str]]:
        rows = [(row.get("order", 0), key) for key, row in city.read("assistance").items() if row["use"] == self.use]
        return [(key, option_name("assistance", key)) for _, key in sorted(rows)]

    def clean(self, value: Any) -> str:
        if value not in dict(self.choices()):
            raise ValueError(value)
        return str(value)


def ends_soon(model: Any) -> ColumnElement[bool]:
    """Support that holds today and ends within a month: is it needed longer?"""
    today = actor().today
    return model.on(today) & model.end.is_not(None) & (model.end <= today + SOON)  # type: ignore[no-any-return]


def filters_of(model: Any, *own: ListFilter) -> tuple[ListFilter, ...]:
    return (
        NamedFilter(model.start, "placement.in_force", lambda: model.on(actor().today)),
        *own,
        RowFilter(model.child_id, "placement.unit", Unit, lambda unit_id: placed_in(model, unit_id)),
        NamedFilter(model.end, "assistance.ends_soon", lambda: ends_soon(model)),
    )


class SupportScreen(Screen):
    """One kind of support; new rows are added on the child's file."""

    feature = "assistance"
    reading = True
    list_template = "office/assistance.html"
    column_list: ClassVar = ("child", "content", "start", "end", "unit")
    column_sortable_list: ClassVar = (("child", "child.sort_key"), "start", "end")
    column_default_sort: ClassVar = ("child.sort_key", False)
    opens_with: ClassVar = {"flt0_0": "1"}
    search_people = ("child_id",)
    column_formatters: ClassVar = {
        "content": lambda _view, _context, row, _name: content(row),
        "unit": lambda _view, _context, row, _name: g.units_of_support.get(row.child_id, ""),
    }
    column_formatters_export = column_formatters
    column_details_list: ClassVar = ("child", "content", "start", "end")
    column_formatters_detail: ClassVar = {
        "content": lambda _view, _context, row, _name: content(row),
    }

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(self.model.child))

    def listed(self, found: list[Any]) -> None:
        """Today's units of the children; and whose support is read here stands in the journal."""
        children = {row.child_id for row in found}
        g.units_of_support = units_today(children)
        note_reading(children)

    @property
    def tabs(self) -> list[tuple[str, str, bool]]:
        """The lists of the other kinds: (label, address, whether it is this one)."""
        return [
            (told(f"menu.{name}"), url_for(f"{name}.index_view", flt0_0="1"), model is self.model)
            for model, name in SCREENS.items()
        ]

    def row_heading(self, row: Any) -> str:
        return f"{told(self.word)}: {row.child.first_name} {row.child.last_name}"

    def row_fact_line(self, row: Any) -> str:
        return f"{content(row)} · {row.period}"

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        """With the law that a level rests on, and the days on which it may be given."""
        found = super().facts(row)
        option = city.read("assistance").get(getattr(row, "level", ""))
        if option is not None:
            window = f"{written(option['start'])}–{written(option.get('end'))}"
            about = option.get("description", {}).get(language(), "")
            more = [("law", option.get("law", "")), ("window", window), ("description", about)]
            found += [(self.label(name), value) for name, value in more if value]
        return found

    @property
    def main(self) -> tuple[str, ...]:  # type: ignore[override]
        return (f"assistance.change_{NOUNS[self.model]}",)

    @property
    def rare(self) -> tuple[str, ...]:  # type: ignore[override]
        return (f"assistance.remove_{NOUNS[self.model]}",)

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        return (row.end or actor().today) if name == "last" else super().first_value(action, name, row)

    def after(self, action: Action, row: Any, result: Any) -> str:
        """A row that is gone, or that its reader does not see any more, leads back to the child."""
        if self.get_one(str(row.id)) is None:
            return url_for("person.details_view", id=row.child_id)
        return super().after(action, row, result)


class DaycareScreen(SupportScreen):
    column_filters = filters_of(
        DaycareAssistance, LevelFilter(DaycareAssistance.level, "assistance.level", Use.DAYCARE_LEVEL))


class PreschoolScreen(SupportScreen):
    column_filters = filters_of(
        PreschoolAssistance, LevelFilter(PreschoolAssistance.level, "assistance.level", Use.PRESCHOOL_LEVEL))


class FactorScreen(SupportScreen):
    column_filters = filters_of(AssistanceFactor)


class ActionScreen(SupportScreen):
    column_filters = filters_of(AssistanceAction)


class MeasureScreen(SupportScreen):
    column_filters = filters_of(OtherMeasure, StateFilter(OtherMeasure.kind, "assistance.kind", MeasureKind))


class CoefficientScreen(SupportScreen):
    column_filters = filters_of(VoucherCoefficient)


def units_today(children: set[int]) -> dict[int, str]:
    """Today's units by child, of the places that the reader may see."""
    return dict(db.session.execute(
        select(Placement.child_id, Unit.name).join(Unit, Unit.id == Placement.unit_id)
        .where(Placement.on(actor().today), Placement.child_id.in_(children),
               within(actor(), "placement.view", Placement))).tuples().all())


# -- in the child's own file ------------------------------------------------------------------------


def questions(by: Actor) -> dict[str, Select[Any]]:
    """By kind, each row of a child's that the reader sees, whether it may be changed and whether it may be ended."""
    return {
        name: select(model, *(within(by, f"assistance.{verb}_{NOUNS[model]}", model).label(verb)
                              for verb in ("change", "end")))
        .where(model.child_id == ROW, within(by, "assistance.view", model))
        for model, name in _KINDS
    }


def section(screen: Screen, child: Person, found: Mapping[str, list[Any]]) -> dict[str, Any] | None:
    """The child's support with what may be done to it; nothing for a reader without the right to this child's.

    `found` are the answers to `questions`.
    """
    by = actor()
    if not may(by, "assistance.view"):
        return None
    adding = {noun: f"assistance.add_{noun}" for noun in NOUNS.values()}
    allowed = screen.permits({"view": "assistance.view"} | adding, child)
    if not allowed["view"]:
        return None
    rows = sorted((row for _, name in _KINDS for row in found[name]),
                  key=lambda one: (by.today in one[0].period, one[0].start), reverse=True)
    if rows:
        g.setdefault("reads", []).append(("assistance.read", child, {}))
    return {
        "title": told("assistance.title"), "empty": told("assistance.none"), "note": told("assistance.confidential"),
        "head": [told(f"assistance.{name}") for name in ("what", "content", "period", "state")] + [""],
        "rows": [[link(told(f"menu.{SCREENS[type(one)]}"), f"{SCREENS[type(one)]}.details_view", one.id),
                  content(one), str(one.period), _state(screen, one), _deeds(one, *rights)] for one, *rights in rows],
        "buttons": [Button(told(key), row_url("person.do", child.id, key), "secondary")
                    for noun, key in adding.items() if allowed[noun]],
    }


def _state(screen: Screen, row: Any) -> Markup:
    today = actor().today
    if today in row.period:
        return screen.badges([("good", told("assistance.in_force"))])
    return screen.badges([("info", told("assistance.coming")) if row.start > today else ("", told("assistance.over"))])


def _deeds(row: Any, change: bool, end: bool) -> Markup:
    """Links to what may be done; one who hears them is told to which row they belong."""
    noun, name = NOUNS[type(row)], SCREENS[type(row)]
    ends = end and row.period.last_day >= actor().today
    verbs = [(verb, word) for verb, word, possible in (
        ("change", "assistance.change", change), ("end", "assistance.end_row", ends)) if possible]
    one = Markup('<a href="{}">{}<span class="sr-only"> {}</span></a>')
    return Markup(" ").join(
        one.format(row_url(f"{name}.do", row.id, f"{verb}_{noun}"), told(word),
                   f"{told(f'menu.{name}')} {row.period}")
        for verb, word in verbs)


def first_day(action: Action, name: str) -> Any:
    """Support that is added begins today, unless somebody types another day."""
    return actor().today if action.feature == "assistance" and name == "start" and request.method == "GET" else None
