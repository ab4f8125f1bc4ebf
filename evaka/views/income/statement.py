"""Income statements: a guardian fills one in on a phone, and finance goes through those that wait."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from flask import flash, g, redirect, request
from flask_admin import expose
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

from evaka.access import Actor, may, require, within
from evaka.actions import Action
from evaka.actions.income import statement as act
from evaka.kit.money import euros
from evaka.models.base import db
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement, StatementPaper
from evaka.models.person import HeadOfChild, Partner
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.income import Effect, usual_end
from evaka.rules.income.statement import (
    WAITING,
    PaperKind,
    StatementKind,
    StatementStatus,
    effect_of,
    estimated_lines,
    papers_wanted,
)
from evaka.views.base import Button, Screen, link
from evaka.views.base.attempt import attempt
from evaka.views.document import OpensPapers, size_of, uploaded
from evaka.views.filters import NamedFilter, RowFilter, StateFilter
from evaka.views.income.form import PaperForm, answered, paper_words
from evaka.views.page import actor, moment, told, word_of, written

AMOUNTS = ("estimated", "own_estimate")


def waits() -> ColumnElement[bool]:
    return IncomeStatement.status.in_(WAITING)


def statements_waiting(by: Actor) -> Select[tuple[int]]:
    """How many wait, for the menu."""
    return select(func.count(IncomeStatement.id)).where(waits(), within(by, "statement.handle", IncomeStatement))


def of_unit(unit_id: int) -> ColumnElement[bool]:
    """A child of the household has its place in the unit today."""
    today = actor().today
    children = select(Placement.child_id).where(Placement.unit_id == unit_id, Placement.on(today))
    heads = select(HeadOfChild.head_id).where(HeadOfChild.child_id.in_(children), HeadOfChild.on(today))
    partners = [
        select(other).where(own.in_(heads), Partner.on(today))
        for own, other in ((Partner.first_id, Partner.second_id), (Partner.second_id, Partner.first_id))
    ]
    return or_(
        IncomeStatement.child_id.in_(children), *(IncomeStatement.person_id.in_(one) for one in (heads, *partners))
    )


class Papers(OpensPapers):
    """What both sides share: a paper is opened by whoever sees its statement."""

    paper_model = StatementPaper
    paper_of = "statement_id"

    def papers_block(self, row: Any, endpoint: str) -> dict[str, Any]:
        return {
            "title": told("statement.papers"), "empty": told("statement.no_papers"),
            "head": [told(f"statement.{name}") for name in ("paper_kind", "paper_name", "paper_size", "paper_added")],
            "figures": [2],
            "rows": [
                [word_of(one.kind), link(one.name, endpoint, one.id), size_of(one.size),
                 moment(one.added_at) + (f" ({told('statement.by_office')})" if one.by_office else "")]
                for one in row.papers
            ],
        }

    def answer_blocks(self, row: Any) -> list[dict[str, Any]]:
        return [
            {"title": told(heading), "facts": [(told(f"statement.{name}"), shown(name, value)) for name, value in said]}
            for heading, said in answered(row.kind, row.told)
        ]


def shown(name: str, value: Any) -> str:
    return euros(value) if name in AMOUNTS else written(value)


class StatementScreen(Papers, Screen):
    """What waits is on top, the oldest first; an income is made from it, and then it is marked as handled."""

    column_list = ("whose", "kind", "sent_at", "changed_at", "start", "income_ends", "status", "note")
    column_sortable_list = (("whose", "person.sort_key"), "sent_at", "changed_at", "start", "status", "kind")
    column_default_sort = ("sent_at", False)
    column_filters = (
        NamedFilter(IncomeStatement.id, "statement.waits", waits),
        StateFilter(IncomeStatement.status, "statement.status", StatementStatus),
        StateFilter(IncomeStatement.kind, "statement.kind", StatementKind),
        RowFilter(IncomeStatement.id, "statement.unit", Unit, of_unit),
    )
    opens_with: ClassVar = {"flt0_0": "1"}
    search_people = ("person_id", "child_id")
    reading = True
    main = ("statement.enter", "statement.handle")
    rare = ("statement.give_back", "statement.reopen")
    column_details_list = ("status", "kind", "person", "child", "start", "end", "sent_at", "changed_at", "handled_at",
                           "handler", "note")
    column_formatters: ClassVar = {
        "whose": lambda _view, _context, row, _name: str(row.whose),
        "income_ends": lambda view, _context, row, _name: view.income_ends(row),
    }
    column_formatters_export = column_formatters

    def visible(self) -> ColumnElement[bool]:
        """A draft is the guardian's alone."""
        return super().visible() & (IncomeStatement.status != StatementStatus.DRAFT)

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(IncomeStatement.person), joinedload(IncomeStatement.child))

    def listed(self, found: list[Any]) -> None:
        """Until when the newest income of each person holds that says something."""
        people = {row.child_id or row.person_id for row in found}
        last = func.max(func.coalesce(Income.end, date.max))
        g.income_ends = dict(db.session.execute(
            select(Income.person_id, last).where(
                Income.person_id.in_(people), Income.effect != Effect.INCOMPLETE, within(actor(), "income.view", Income)
            ).group_by(Income.person_id)).tuples().all())

    def income_ends(self, row: Any) -> str:
        ends = g.income_ends.get(row.child_id or row.person_id)
        if ends is None:
            return told("statement.no_income_yet")
        return written(ends) if ends != date.max else told("statement.income_open")

    def row_heading(self, row: Any) -> str:
        return told("statement.of", person=f"{row.whose.first_name} {row.whose.last_name}")

    def row_fact_line(self, row: Any) -> str:
        return " · ".join((word_of(row.kind), str(row.period), word_of(row.status)))

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        missing = [one for one in papers_wanted(row.kind, row.told) if one not in {paper.kind for paper in row.papers}]
        if not missing or not row.waits:
            return []
        return [{"look": "warn", "title": told("statement.papers_missing"), "text": paper_words(missing)}]

    def offers(self, action: Action, row: Any) -> bool:
        """The guardian's own steps are not the office's; a paper is added on a page of its own."""
        match action.verb:
            case "take" | "give_back" | "handle" | "reopen":
                return True
            case "enter":
                return bool(row.waits)
        return False

    def buttons(self, row: Any) -> list[Button]:
        found = super().buttons(row)
        if may(actor(), "statement.attach"):
            found.append(Button(told("statement.attach"), self.get_url(".attach_page", id=row.id), "secondary"))
        return found

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        """An income begins from what the family has told; amounts are its own estimates."""
        if action.verb != "enter":
            return super().first_value(action, name, row)
        return {
            "start": row.start, "end": row.end or usual_end(row.start, act.incomes.policy()),
            "effect": effect_of(row.kind), "lines": estimated_lines(row.told),
        }.get(name)

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        """What is not there yet is left out."""
        return [(label, value) for label, value in super().facts(row) if value not in (None, "")]

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        incomes = db.session.scalars(select(Income).where(
            Income.person_id == (row.child_id or row.person_id), within(actor(), "income.view", Income)
        ).order_by(Income.start.desc()).limit(5))
        return [
            *self.answer_blocks(row), self.papers_block(row, "statement.paper"),
            {"title": told("statement.incomes_now"), "empty": told("income.no_lines"), "aside": True,
             "head": [told("income.period"), told("income.total")], "figures": [1],
             "rows": [[link(str(one.period), "income.details_view", one.id),
                       euros(one.total) if one.effect is Effect.INCOME else word_of(one.effect)]
                      for one in incomes]},
        ]

    @expose("/attach/", methods=("GET", "POST"))
    def attach_page(self) -> Any:
        row = self.row_or_404(request.args.get("id"))
        require(actor(), "statement.attach", row)
        form = PaperForm(request.form if request.method == "POST" else None)
        file = request.files.get("upload")
        if request.method == "POST" and form.validate():
            with attempt(beside=form.upload) as tried:
                act.attach(row, actor(), kind=PaperKind(form.kind.data), upload=uploaded(file))
            if tried.done:
                flash(told("done", action=told("statement.attach")), "success")
                return redirect(self.get_url(".details_view", id=row.id))
        return self.render("office/attach.html", row=row, form=form, back=self.get_url(".details_view", id=row.id))
