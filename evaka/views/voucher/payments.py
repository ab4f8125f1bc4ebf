"""The payments of private units, and to whom they go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import within
from evaka.actions import Action
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.kit.references import check_iban, grouped
from evaka.models.base import db
from evaka.models.fee import steps_of
from evaka.models.unit import Unit
from evaka.models.voucher import Payment, UnitPayee, VoucherMonth, VoucherRow
from evaka.rules.ledger import Channel
from evaka.rules.unit import Provider
from evaka.rules.voucher import Payee, PaymentStatus
from evaka.views.base import Button, Screen, link
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.ledger import handed_over_in, make_buttons, waits_for_bank
from evaka.views.page import actor, told, word_of, written

TERM = timedelta(days=14)  # how long a unit waits for its money, unless the office types another day


class PaymentScreen(Screen):
    """What the units are paid for a frozen month: confirmed, then sent with a number."""

    column_list = ("unit", "month", "amount", "status", "number", "paid_on", "due", "payee_name", "iban")
    column_sortable_list = (("unit", "unit.name"), ("month", "start"), "amount", "status", "number", "paid_on", "due")
    column_default_sort = ("id", True)
    column_filters = (
        StateFilter(Payment.status, "payment.status", PaymentStatus),
        RowFilter(Payment.unit_id, "payment.unit", Unit),
        DayFilter(Payment.start, "payment.month_from"),
        DayFilter(Payment.start, "payment.month_to", last=True),
        NamedFilter(Payment.id, "ledger.waits_for_bank", waits_for_bank),
    )
    search_columns = ("number", "payee_name")
    money = ("amount",)
    bulk = ("confirm", "revert", "send")
    column_formatters: ClassVar = {
        "month": lambda _view, _context, row, _name: f"{row.start.month}/{row.start.year}",
        "payee_name": lambda view, _context, row, _name: view.payee(row).name or told("payment.payee_missing"),
        "iban": lambda view, _context, row, _name: grouped(view.payee(row).iban),
    }
    column_formatters_export = column_formatters

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Payment.unit), joinedload(Payment.payee))

    def head_buttons(self) -> list[Button]:
        return [*super().head_buttons(), *make_buttons(Channel.BANK)]

    def payee(self, row: Any) -> Payee:
        """To whom it went; before that, what is known of the unit today."""
        if row.status is PaymentStatus.SENT:
            return Payee(row.payee_name, row.business_id, row.iban, row.provider_id)
        return row.payee.payee if row.payee else Payee()

    def row_heading(self, row: Any) -> str:
        return told("payment.of", number=row.number) if row.number else told("payment.of_draft")

    def row_fact_line(self, row: Any) -> str:
        return " · ".join((str(row.unit), f"{row.start.month}/{row.start.year}", euros(row.amount),
                           word_of(row.status)))

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        found = []
        if row.status is not PaymentStatus.SENT and not self.payee(row).complete:
            found.append({"look": "warn", "title": told("payment.payee_missing"),
                          "text": told("payment.payee_incomplete", unit=str(row.unit))})
        if row.amount <= 0:
            found.append({"look": "warn", "title": told("payment.amount"), "text": told("payment.below_zero")})
        return found

    def offers(self, action: Action, row: Any) -> bool:
        """Money goes only to where all is known."""
        return action.key != "payment.send" or self.payee(row).complete

    def first_value(self, action: Action, name: str, row: Any) -> Any:
        today = actor().today
        return {"paid_on": today, "due": today + TERM}.get(name, super().first_value(action, name, row))

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        to = self.payee(row)
        return [
            (told("payment.status"), self.badge(row.status)),
            (told("payment.number"), row.number),
            (told("payment.unit"), link(str(row.unit), "unit.details_view", row.unit_id)),
            (told("payment.month"), f"{row.start.month}/{row.start.year}"),
            (told("payment.amount"), euros(row.amount)),
            (told("payment.paid_on"), written(row.paid_on)),
            (told("payment.due"), written(row.due)),
            (told("payment.payee_name"), to.name),
            (told("payment.business_id"), to.business_id),
            (told("payment.iban"), grouped(to.iban)),
            (told("payment.provider_id"), to.provider_id),
            *handed_over_in(payment_id=row.id),
        ]

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        """Of what the sum is made."""
        rows = db.session.scalars(
            select(VoucherRow).join(VoucherMonth, VoucherMonth.id == VoucherRow.month_id)
            .where(VoucherMonth.start == row.start, VoucherRow.unit_id == row.unit_id)
            .order_by(VoucherRow.id).options(joinedload(VoucherRow.child))).all()
        return [{
            "title": told("payment.rows"), "empty": told("voucher_report.nothing"), "figures": [4],
            "head": [told(f"voucher_report.{name}") for name in ("child", "kind", "period", "arithmetic", "amount")],
            "rows": [[str(one.child), word_of(one.kind), str(one.period),
                      " ".join(step.arithmetic for step in steps_of(one.steps)), euros(one.amount)] for one in rows],
            "total": [told("voucher_report.together"), "", "", "", euros(row.amount)],
        }]


def private_units() -> Any:
    """The units that are paid with vouchers, of those that the reader sees."""
    return select(Unit).where(
        Unit.provider == Provider.PRIVATE_SERVICE_VOUCHER, within(actor(), "unit.view", Unit))


class PayeeScreen(Screen):
    """Whom the city pays for the children of each private unit."""

    can_create = can_edit = True
    column_list = ("unit", "name", "business_id", "iban", "provider_id")
    column_sortable_list = (("unit", "unit.name"), "name", "business_id", "provider_id")
    column_default_sort = ("unit.name", False)
    column_formatters: ClassVar = {"iban": lambda _view, _context, row, _name: grouped(row.iban)}
    form_columns = ("unit", "name", "business_id", "iban", "provider_id")
    form_args: ClassVar = {"unit": {"rows": private_units}}
    search_columns = ("name", "business_id")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(UnitPayee.unit))

    def before_save(self, form: Any, row: Any, created: bool) -> None:
        if row.unit is not None and row.unit.provider is not Provider.PRIVATE_SERVICE_VOUCHER:
            raise Refused("payee.not_private", unit=str(row.unit))
        if row.iban:
            row.iban = check_iban(row.iban)
