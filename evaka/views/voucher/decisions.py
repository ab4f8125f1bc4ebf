"""Vouchers as the office checks and sends them."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.actions.fee.paper import need_name
from evaka.actions.fee.vouchers import tables
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.models.voucher import VoucherDecision
from evaka.rules.fee import FeeStatus
from evaka.rules.fee.step import money
from evaka.rules.voucher import Voucher
from evaka.views.base import Screen, link
from evaka.views.fee import (
    decided_before,
    explained,
    income_shown,
    income_total,
    incomes_blocks,
    incomes_of,
    table_block,
)
from evaka.views.filters import DayFilter, RowFilter, StateFilter
from evaka.views.page import actor, aged, language, moment, told, word_of, written


class VoucherScreen(Screen):
    """Drafts come by themselves when something changes; here they are checked, sent, or left unsent."""

    column_list = ("child", "unit", "start", "end", "changed", "value", "final_co_payment", "status", "number")
    column_sortable_list = (
        ("child", "child.sort_key"), "start", "end", "value", "final_co_payment", "status", "number",
    )
    column_default_sort = ("id", True)
    column_filters = (
        StateFilter(VoucherDecision.status, "voucher.status", FeeStatus),
        RowFilter(VoucherDecision.unit_id, "voucher.unit", Unit),
        DayFilter(VoucherDecision.start, "voucher.starts_from"),
    )
    opens_with: ClassVar = {"flt0_0": "draft"}
    search_people = ("child_id", "head_id", "partner_id")
    search_columns = ("number",)
    money = ("value", "final_co_payment")
    column_formatters: ClassVar = {"changed": lambda _view, _context, row, _name: written(row.changed)}
    bulk = ("send", "post", "ignore", "restore")
    reading = True
    details_template = "office/fee.html"

    @property
    def fact_line(self) -> str:
        """Says when nothing can be decided, because the city has given no values."""
        return "" if tables().spans else told("voucher.no_values")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(VoucherDecision.child), joinedload(VoucherDecision.unit))

    def row_heading(self, row: Any) -> str:
        return told("voucher.of", number=row.number) if row.number else told("voucher.of_draft")

    def row_fact_line(self, row: Any) -> str:
        return " · ".join((str(row.child), str(row.unit or told("voucher.no_place")), str(row.period),
                           word_of(row.status)))

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        found = []
        if row.status is FeeStatus.DRAFT and row.unit_id is None:
            found.append({"look": "warn", "title": told("voucher.change"), "text": told("voucher.ends_only")})
        if any(table.invented for table in tables().at(row.start)):
            found.append({"look": "warn", "title": told("voucher.values"), "text": told("voucher.values_invented")})
        if row.head.restricted_on(actor().today) or row.child.restricted_on(actor().today):
            found.append({"look": "bad", "title": told("person.restricted_sign"),
                          "text": told("person.restricted_text")})
        return found

    def file(self, row: Any) -> dict[str, Any]:
        voucher, before = row.voucher, self.before(row)
        return super().file(row) | {
            "kpis": self.kpis(row, voucher, before),
            "children": self.parts(row, voucher),
            "changes": self.changes(row, voucher, before),
        }

    def before(self, row: Any) -> Any:
        """The decision that the child had before this one."""
        return decided_before(row, VoucherDecision.child_id == row.child_id)

    def kpis(self, row: Any, voucher: Voucher, before: Any) -> list[dict[str, str]]:
        def was(name: str) -> str:
            return told("fee.was", amount=money(getattr(before, name))) if before else ""

        return [
            {"label": told("voucher.value"), "value": money(row.value), "note": was("value")},
            {"label": told("voucher.final_co_payment"), "value": money(row.final_co_payment),
             "note": was("final_co_payment")},
            {"label": told("voucher.to_unit"), "value": money(row.to_unit), "note": was("to_unit")},
            {"label": told("fee.income"), "value": income_total(voucher.family),
             "note": told("fee.persons", count=row.family_size)},
        ]

    def parts(self, row: Any, voucher: Voucher) -> list[dict[str, Any]]:
        """The value, the family's part and the city's part, each with its arithmetic."""
        line, value = voucher.line, voucher.value
        if line is None or value is None:
            return [{"title": told("voucher.no_place"), "note": "", "steps": [],
                     "total": (told("voucher.to_unit"), money(0))}]
        need = need_name(line, language())
        return [
            {"title": told("voucher.value_title", child=str(row.child), age=aged(row.child.born, row.start)),
             "note": told("fee.child_note", unit=row.unit, need=need), "steps": explained(value.steps),
             "total": (told("voucher.value"), money(row.value))},
            {"title": told("voucher.co_payment_title"), "note": told("fee.persons", count=row.family_size),
             "steps": explained(line.price.steps[:-1]),
             "total": (told("voucher.final_co_payment"), money(row.final_co_payment))},
            {"title": told("voucher.to_unit_title"), "note": str(row.unit), "steps": explained(voucher.steps[-1:]),
             "total": (told("voucher.to_unit"), money(row.to_unit))},
        ]

    def changes(self, row: Any, voucher: Voucher, before: Any) -> dict[str, Any] | None:
        """What was and what is to be, side by side."""
        if before is None:
            return None
        old = before.voucher
        was, now = incomes_of(old.family), incomes_of(voucher.family)
        people = {one.id: one.first_name for one in db.session.scalars(
            select(Person).where(Person.id.in_({*was, *now})))}
        pairs: list[tuple[str, Any, Any]] = [
            (told("fee.income_of", person=people[id]),
             *(income_shown(one[id]) if id in one else "" for one in (was, now)))
            for id in dict.fromkeys([*was, *now])
        ]
        pairs += [
            (told("fee.family_size"), before.family_size, row.family_size),
            *((told(f"voucher.{name}"), money(getattr(before, name)), money(getattr(row, name)))
              for name in ("value", "co_payment", "final_co_payment")),
        ]
        return {
            "note": told("fee.before", number=before.number),
            "rows": [(label, one, other, one != other) for label, one, other in pairs],
            "total": (told("voucher.to_unit"), money(before.to_unit), money(row.to_unit)),
            "reason": written(row.changed),
        }

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        facts = [
            (told("voucher.status"), self.badge(row.status)),
            (told("voucher.number"), row.number),
            (told("voucher.child"), link(str(row.child), "person.details_view", row.child_id)),
            (told("voucher.head"), link(str(row.head), "person.details_view", row.head_id)),
            (told("voucher.partner"), str(row.partner or "")),
            (told("voucher.unit"), link(str(row.unit), "unit.details_view", row.unit_id) if row.unit else ""),
            (told("voucher.period"), str(row.period)),
            (told("voucher.sent_at"), moment(row.sent_at) if row.sent_at else ""),
            (told("voucher.decided_by"), row.decided_by),
        ]
        about = {"title": self.row_heading(row), "facts": facts, "aside": True}
        family = row.voucher.family
        return [about, table_block(family, row.start), *incomes_blocks(family)] if row.voucher.line else [about]
