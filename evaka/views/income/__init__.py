"""What people earn, as the office reads, corrects and ends it; new incomes are added on the person's page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased, joinedload

from evaka.actions import Action
from evaka.actions.income import kind_name
from evaka.kit.money import Cents, euros
from evaka.models.base import db
from evaka.models.income import Income, IncomeNotice
from evaka.rules.income import Effect, IncomeLine, ShownAmount
from evaka.views.base import Screen, link
from evaka.views.filters import DayFilter, NamedFilter, StateFilter
from evaka.views.page import Lazy, actor, decimal, language, moment, told, word_of

SOON = timedelta(days=30)


def ends_soon() -> ColumnElement[bool]:
    """It ends within 30 days, and the person has shown nothing for the time after it."""
    today = actor().today
    following = aliased(Income)
    shown = select(following.id).where(following.person_id == Income.person_id, following.start > Income.start)
    return Income.end.between(today, today + SOON) & ~shown.exists()


def income_lines(title: str, lines: Sequence[IncomeLine], total: Cents) -> dict[str, Any]:
    """How a month's total came to be: each amount as shown, its multiplier, what it is a month."""
    return {
        "title": title,
        "empty": told("income.no_lines"),
        "figures": [1, 3, 4],
        "head": [told(f"income.line_{name}") for name in ("kind", "amount", "period", "multiplier", "monthly")],
        "rows": [
            [
                kind_name(line.kind, language()),
                euros(line.amount),
                word_of(line.period),
                decimal(line.multiplier),
                euros(-line.monthly if line.expense else line.monthly),
            ]
            for line in lines
        ],
        "total": [told("income.total"), "", "", "", euros(total)],
    }


class IncomeScreen(Screen):
    column_list = ("person", "start", "end", "effect", "total")
    column_sortable_list = (("person", "person.sort_key"), "start", "end", "total")
    column_default_sort = ("start", True)
    column_filters = (
        StateFilter(Income.effect, "income.effect", Effect),
        DayFilter(Income.end, "income.ends_until", last=True),
        NamedFilter(Income.id, "income.ends_soon", ends_soon),
    )
    search_people = ("person_id",)
    money = ("total",)
    reading = True
    column_details_list = ("person", "start", "end", "effect", "total", "agency_staff", "notes")
    column_formatters_detail: ClassVar = {
        "person": lambda _view, _context, row, _name: link(str(row.person), "person.details_view", row.person_id),
        "total": lambda _view, _context, row, _name: euros(row.total),
    }

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Income.person))

    def get_column_name(self, field: str) -> Any:
        """`income.end` names the button that ends an income, not the day on which it ends."""
        return Lazy("income.ends") if field == "end" else super().get_column_name(field)

    def row_heading(self, row: Any) -> str:
        return told("income.of", person=f"{row.person.first_name} {row.person.last_name}")

    def row_fact_line(self, row: Any) -> str:
        return f"{row.period} · {euros(row.total)}"

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        """How the month's total came to be: each amount as shown, its multiplier, what it is a month."""
        lines = row.shown.lines
        sent = db.session.scalars(
            select(IncomeNotice)
            .where(IncomeNotice.person_id == row.person_id)
            .order_by(IncomeNotice.id.desc())
            .limit(10)
        )
        return [
            {
                "title": told("income.notices"),
                "empty": told("income.no_notices"),
                "aside": True,
                "head": [told("income.notice_kind"), told("income.notice_sent")],
                "rows": [[word_of(one.kind), moment(one.sent_at)] for one in sent],
            },
            income_lines(told("income.lines"), lines, row.total),
        ]

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        """A correction starts from what was entered."""
        if action.verb != "correct":
            return super().first_value(action, name, row)
        if name == "lines":
            return tuple(ShownAmount(line.kind, line.amount, line.period) for line in row.shown.lines)
        return getattr(row, name, None)
