"""The vouchers of a guardian's own family."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import url_for
from sqlalchemy.orm import joinedload

from evaka.actions.fee.paper import kept_of, unit_name
from evaka.models.voucher import VoucherDecision
from evaka.rules.fee import FeeStatus
from evaka.views.base import Button, Screen
from evaka.views.fee import my_paper
from evaka.views.page import actor, aged, language, told
from evaka.views.voucher.months import steps_block


class MyVouchers(Screen):
    """The guardian reads what the child's voucher is worth, what the family pays the unit, and why."""

    can_export = False
    reading = True
    column_list = ("number", "child", "period", "value", "final_co_payment", "status", "document")
    column_sortable_list = ()
    column_default_sort = ("number", True)
    money = ("value", "co_payment", "final_co_payment")
    column_formatters: ClassVar = {
        "number": lambda view, _context, row, _name: view.row_heading(row),
        "child": lambda _view, _context, row, _name: row.child.first_name,
        "period": lambda _view, _context, row, _name: str(row.period),
        "status": lambda view, _context, row, _name: "" if row.status is FeeStatus.SENT else view.badge(row.status),
        "document": lambda _view, _context, row, _name: my_paper(row),
    }
    column_formatters_detail: ClassVar = {
        "child": column_formatters["child"],
        "document": column_formatters["document"],
        "unit": lambda _view, _context, row, _name: row.unit and unit_name(
            row.unit, bool(kept_of({(row.child_id, row.head_id)}, actor().today)), language()),
    }
    column_details_list = ("number", "status", "child", "unit", "start", "end", "value", "final_co_payment",
                           "document")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(VoucherDecision.child))

    def head_buttons(self) -> list[Button]:
        """Back to the fees, which have the tab."""
        return [Button(told("menu.my_fee"), url_for("my_fee.index_view"), "secondary")]

    def row_heading(self, row: Any) -> str:
        return told("voucher.of", number=row.number)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        voucher = row.voucher
        if voucher.value is None or voucher.line is None:
            return []
        return [
            steps_block(told("voucher.value_title", child=row.child.first_name,
                             age=aged(row.child.born, row.start)), voucher.value.steps),
            steps_block(told("voucher.co_payment_title"), voucher.line.price.steps),
            steps_block(told("voucher.to_unit_title"), voucher.steps[-1:]),
        ]

    def file(self, row: Any) -> dict[str, Any]:
        """Who did what in the office is not the family's to read."""
        return super().file(row) | {"history": []}
