"""Vouchers as the office checks and sends them; the months of private units and their payments; guardians' own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from flask import g, request, url_for
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from evaka.access import may, within
from evaka.actions import Action
from evaka.actions.fee.paper import kept_of, need_name, unit_name
from evaka.actions.fee.vouchers import tables
from evaka.actions.voucher import reckoned
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.kit.references import check_iban, grouped
from evaka.models.base import db
from evaka.models.fee import steps_of
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.models.voucher import Payment, UnitPayee, VoucherDecision, VoucherMonth, VoucherRow
from evaka.rules.fee import FeeStatus
from evaka.rules.fee.step import money, number
from evaka.rules.ledger import Channel
from evaka.rules.unit import Provider
from evaka.rules.voucher import MonthStatus, Payee, PaymentStatus, ReportRow, RowKind, Voucher
from evaka.views.base import Button, Screen, link, row_number
from evaka.views.fee import explained, income_shown, income_total, incomes_blocks, incomes_of, my_paper, table_block
from evaka.views.filters import DayFilter, NamedFilter, RowFilter, StateFilter
from evaka.views.ledger import handed_over_in, make_buttons, waits_for_bank
from evaka.views.page import actor, aged, language, moment, told, word_of, written

TERM = timedelta(days=14)  # how long a unit waits for its money, unless the office types another day


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
        return db.session.scalar(
            select(VoucherDecision)
            .where(
                VoucherDecision.child_id == row.child_id,
                VoucherDecision.id != row.id,
                VoucherDecision.number.is_not(None),
                VoucherDecision.start <= row.start,
                VoucherDecision.number < row.number if row.number else VoucherDecision.status == FeeStatus.SENT,
            )
            .order_by(VoucherDecision.start.desc(), VoucherDecision.number.desc())
            .limit(1)
        )

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


# -- the months of private units ----------------------------------------------------------------------


def steps_block(title: str, steps: Any) -> dict[str, Any]:
    """A reckoning as a table."""
    return {
        "title": title,
        "head": [told(f"invoice.step_{name}") for name in ("text", "arithmetic", "law", "result")],
        "rows": [[one["title"], one["math"], one["rule"], one["sum"]] for one in explained(steps)],
        "figures": [3],
    }


class ReportScreen(Screen):
    """A month of all private units: what each is paid, and behind it every child with the arithmetic."""

    column_list = ("month", "status", "total", "frozen_at")
    column_sortable_list = (("month", "start"), "status", "total", "frozen_at")
    column_default_sort = ("start", True)
    column_filters = (StateFilter(VoucherMonth.status, "voucher_report.status", MonthStatus),)
    figures = ("total",)
    reading = True
    column_formatters: ClassVar = {
        "month": lambda _view, _context, row, _name: str(row),
        "total": lambda view, _context, row, _name: view.total(row),
    }
    column_formatters_export = column_formatters

    def units(self) -> set[int]:
        """The private units that the reader may read of."""
        mine = select(Unit.id).where(within(actor(), "voucher_report.view", Unit))
        return set(db.session.scalars(mine))

    def listed(self, found: list[Any]) -> None:
        """What each month comes to for the reader's own units, asked once for all that are shown."""
        own = within(actor(), "voucher_report.view", VoucherRow)
        g.month_totals = dict(db.session.execute(
            select(VoucherRow.month_id, func.sum(VoucherRow.amount))
            .where(VoucherRow.month_id.in_({row.id for row in found}), own).group_by(VoucherRow.month_id)
        ).tuples().all())

    def total(self, row: Any) -> str:
        return euros(g.month_totals.get(row.id, 0)) if row.status is MonthStatus.FROZEN else ""

    def row_heading(self, row: Any) -> str:
        return told("voucher_report.of", month=str(row))

    def row_fact_line(self, row: Any) -> str:
        if row.status is MonthStatus.FROZEN:
            return told("voucher_report.frozen_on", at=moment(row.frozen_at))
        return told("voucher_report.still_open")

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        rows = self.rows_of(row)
        return [
            (told("voucher_report.status"), self.badge(row.status)),
            (told("voucher_report.period"), str(row.period)),
            (told("voucher_report.frozen_at"), moment(row.frozen_at) if row.frozen_at else ""),
            (told("voucher_report.children"), len({one.decision.child for one in rows})),
            (told("voucher_report.total"), euros(sum(one.amount for one in rows))),
        ]

    def rows_of(self, row: Any) -> list[ReportRow]:
        """The rows that the reader may see, of one unit when the address names one."""
        units = self.units()
        if (chosen := row_number(request.args.get("unit", ""))) is not None:
            units &= {chosen}
        return reckoned(row, units=units)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        rows = self.rows_of(row)
        if row_number(request.args.get("unit", "")) is not None:
            return self.of_unit(row, rows)
        return [self.by_unit(row, rows)]

    def by_unit(self, row: Any, rows: list[ReportRow]) -> dict[str, Any]:
        found: dict[Any, list[ReportRow]] = {}
        for one in rows:
            found.setdefault(one.decision.unit, []).append(one)
        names = dict(db.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(found))).tuples().all())
        lines = [
            [
                _unit_link(names[unit], row, unit),
                len({one.decision.child for one in of}),
                euros(sum(one.amount for one in of if one.kind is RowKind.ORIGINAL)),
                euros(sum(one.amount for one in of if one.kind is not RowKind.ORIGINAL)),
                euros(sum(one.amount for one in of)),
                euros(sum(one.before_support for one in of)),
            ]
            for unit, of in sorted(found.items(), key=lambda pair: names[pair[0]])
        ]
        total = euros(sum(one.amount for one in rows))
        return {
            "title": told("voucher_report.units"), "empty": told("voucher_report.nothing"), "figures": [1, 2, 3, 4, 5],
            "head": [told(f"voucher_report.{name}")
                     for name in ("unit", "children", "of_month", "corrections", "total", "before_support")],
            "rows": lines, "total": [told("voucher_report.together"), "", "", "", total, ""] if lines else None,
            "link": self.export_link(row),
        }

    def of_unit(self, row: Any, rows: list[ReportRow]) -> list[dict[str, Any]]:
        """Every row of one unit with its arithmetic."""
        people = {one.id: str(one) for one in db.session.scalars(
            select(Person).where(Person.id.in_({one.decision.child for one in rows})))}
        unit = db.session.get(Unit, row_number(request.args.get("unit", "")))
        lines = [
            [people[int(one.decision.child)], word_of(one.kind), str(one.period), money(one.decision.value),
             money(one.decision.final_co_payment),
             f"{number(one.decision.support)}" if one.decision.support != 1 else "",
             " ".join(step.arithmetic for step in one.steps), euros(one.amount)]
            for one in sorted(rows, key=lambda one: people[int(one.decision.child)])
        ]
        total = euros(sum(one.amount for one in rows))
        return [{
            "title": str(unit) if rows else told("voucher_report.nothing"), "empty": told("voucher_report.nothing"),
            "head": [told(f"voucher_report.{name}") for name in
                     ("child", "kind", "period", "value", "final_co_payment", "support", "arithmetic", "amount")],
            "rows": lines, "figures": [3, 4, 5, 7],
            "total": [told("voucher_report.together"), "", "", "", "", "", "", total],
            "link": (told("voucher_report.all_units"), self.get_url(".details_view", id=row.id)),
        }]

    def export_link(self, row: Any) -> tuple[str, str] | None:
        """The rows as a list that can be searched and taken away, once they are frozen."""
        if row.status is not MonthStatus.FROZEN:
            return None
        return told("voucher_report.as_list"), url_for("voucher_row.index_view", flt0_0=row.id)

    def consequences(self, action: Action, row: Any) -> list[str]:
        """How much will be paid to how many units, besides what freezing means."""
        rows = reckoned(row)
        return [
            *super().consequences(action, row),
            told("voucher_report.freeze.sum", units=len({one.decision.unit for one in rows}),
                 total=euros(sum(one.amount for one in rows))),
        ]

    def file(self, row: Any) -> dict[str, Any]:
        """What it comes to for the whole city stands in the journal, and is not each unit's to read."""
        found = super().file(row)
        return found if may(actor(), "voucher_report.freeze") else found | {"history": []}


def _unit_link(name: str, month: Any, unit: int) -> Any:
    address = url_for("voucher_report.details_view", id=month.id, unit=unit)
    return Markup('<a href="{}">{}</a>').format(address, name)


class ReportRowScreen(Screen):
    """The rows of frozen months, to search and to take away."""

    feature = "voucher_report"
    column_list = ("month", "unit", "child", "kind", "start", "end", "value", "final_co_payment", "amount",
                   "before_support")
    column_sortable_list = (("unit", "unit.name"), ("child", "child.sort_key"), "kind", "start", "end", "amount")
    column_default_sort = ("id", True)
    column_filters = (
        RowFilter(VoucherRow.month_id, "voucher_report.month", VoucherMonth),
        RowFilter(VoucherRow.unit_id, "voucher_report.unit", Unit),
        StateFilter(VoucherRow.kind, "voucher_report.kind", RowKind),
    )
    search_people = ("child_id",)
    money = ("amount", "before_support")
    reading = True
    column_formatters: ClassVar = {
        "month": lambda _view, _context, row, _name: str(row.month),
        "value": lambda _view, _context, row, _name: euros(row.decision.value),
        "final_co_payment": lambda _view, _context, row, _name: euros(row.decision.final_co_payment),
    }
    column_formatters_export = column_formatters
    column_details_list = ("month", "unit", "child", "kind", "start", "end", "value", "final_co_payment", "amount",
                           "before_support")

    def get_query(self) -> Any:
        return super().get_query().options(
            joinedload(VoucherRow.month), joinedload(VoucherRow.unit), joinedload(VoucherRow.child),
            joinedload(VoucherRow.decision))

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [steps_block(told("voucher_report.arithmetic"), steps_of(row.steps))]


# -- payments ---------------------------------------------------------------------------------------


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


# -- the family -------------------------------------------------------------------------------------


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
