"""Monthly invoices as the office checks and sends them, each row explained; the guardians' own invoices."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import Response, abort, g, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import may, require_any, within
from evaka.actions.fee.paper import table_of
from evaka.actions.invoice.paper import product_name, rf_reference
from evaka.actions.ledger import invoice_message
from evaka.kit.dates import finnish
from evaka.kit.money import euros
from evaka.kit.references import grouped
from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.fee import FeeDecision, steps_of
from evaka.models.invoice import Invoice, InvoiceRow
from evaka.rules.fee import IN_FORCE
from evaka.rules.invoice import InvoiceStatus
from evaka.rules.ledger import Channel
from evaka.views.base import Button, Screen, link
from evaka.views.fee import explained
from evaka.views.filters import DayFilter, NamedFilter, StateFilter
from evaka.views.ledger import handed_over_in, make_buttons, waits_for_ledger
from evaka.views.message import about_fees
from evaka.views.page import actor, language, moment, told, word_of, written

BADGES = {InvoiceStatus.SENT: "info", InvoiceStatus.REPLACED: ""}


def month_of(row: Any) -> str:
    return told("invoice.my_title", month=row.start.month, year=row.start.year)


def references_of(row: Any) -> str:
    """The reference that one pays with, and the RF one beside it where the city tells it."""
    return " / ".join(grouped(one) for one in (row.reference, rf_reference(row)) if one)


def rows_block(row: Any) -> dict[str, Any]:
    """The rows of an invoice as a table."""
    return {
        "title": told("invoice.rows"),
        "empty": told("invoice.nothing_owed"),
        "figures": [3, 4, 5],
        "head": [
            told(f"invoice.row_{name}") for name in ("child", "product", "period", "amount", "unit_price", "price")
        ],
        "rows": [
            [
                str(one.child),
                product_name(one.product, language()),
                str(one.period),
                one.amount,
                euros(one.unit_price),
                euros(one.price),
            ]
            for one in row.rows
        ],
        "total": [told("invoice.row_total"), "", "", "", "", euros(row.total)],
    }


def steps_blocks(row: Any) -> list[dict[str, Any]]:
    """How each row came to be."""
    found = []
    for one in row.rows:
        steps = explained(steps_of(one.steps))
        about = f"{one.child.first_name}, {product_name(one.product, language())}"
        if steps:
            found.append(
                {
                    "title": f"{told('invoice.steps')}: {about}",
                    "head": [
                        told("invoice.step_text"),
                        told("invoice.step_arithmetic"),
                        told("invoice.step_law"),
                        told("invoice.step_result"),
                    ],
                    "rows": [[step["title"], step["math"], step["rule"], step["sum"]] for step in steps],
                    "figures": [3],
                }
            )
    return found


def decisions_block(row: Any) -> dict[str, Any]:
    """The decisions in force in the month, where each fee is explained down to its table, for whoever may see them."""
    heads = {row.head_id, row.codebtor_id} - {None}
    found = db.session.scalars(
        select(FeeDecision)
        .where(
            FeeDecision.head_id.in_(heads),
            FeeDecision.status.in_(IN_FORCE),
            FeeDecision.meets(row.period),
            within(actor(), "fee.view", FeeDecision),
        )
        .order_by(FeeDecision.start)
    )
    return {
        "title": told("invoice.by_decisions"),
        "empty": told("invoice.no_decisions"),
        "head": [told(f"fee.{name}") for name in ("number", "period", "total", "table")],
        "figures": [2],
        "rows": [
            [
                link(str(one.number), "fee.details_view", one.id),
                str(one.period),
                euros(one.total),
                ", ".join(finnish(table.valid.start) for table in [table_of(one.fees, one.start)] if table),
            ]
            for one in found
        ],
    }


class InvoiceScreen(Screen):
    column_list = ("head", "start", "total", "due", "status", "number", "reference")
    column_sortable_list = (("head", "head.sort_key"), "start", "total", "due", "status", "number")
    column_default_sort = ("id", True)
    column_filters = (
        StateFilter(Invoice.status, "invoice.status", InvoiceStatus),
        DayFilter(Invoice.start, "invoice.month_from"),
        DayFilter(Invoice.start, "invoice.month_to", last=True),
        NamedFilter(Invoice.id, "ledger.waits", waits_for_ledger),
    )
    search_people = ("head_id", "codebtor_id")
    search_columns = ("number", "reference")
    money = ("total",)
    bulk = ("send", "redraft", "discard")
    reading = True
    column_formatters: ClassVar = {
        "start": lambda _view, _context, row, _name: month_of(row),
        "reference": lambda _view, _context, row, _name: grouped(row.reference) if row.reference else "",
    }

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(Invoice.head))

    def head_buttons(self) -> list[Button]:
        return [*super().head_buttons(), *make_buttons(Channel.LEDGER, Channel.FINVOICE)]

    def row_heading(self, row: Any) -> str:
        return told("invoice.of", number=row.number) if row.number else told("invoice.of_draft")

    def buttons(self, row: Any) -> list[Button]:
        found = super().buttons(row)
        if row.number and may(actor(), "ledger.view"):
            found.append(Button(told("invoice.finvoice"), self.get_url(".finvoice", id=row.id), "secondary", rare=True))
        return found

    @expose("/finvoice/")
    def finvoice(self) -> Any:
        """A sent invoice as an e-invoice, without handing it over; that somebody took it is a line of the journal."""
        row = self.row_or_404(request.args.get("id"))
        require_any(actor(), "ledger.view")
        if not row.number:
            abort(404)
        g.setdefault("reads", []).append(("invoice.finvoice", row, {}))
        return Response(invoice_message(row, actor()), mimetype="application/xml", headers={
            "Content-Disposition": f"attachment; filename=finvoice-{row.number}.xml", "Cache-Control": "no-store"})

    def row_fact_line(self, row: Any) -> str:
        due = told("invoice.due_on", due=row.due)
        return " · ".join((str(row.head), month_of(row), euros(row.total), due, word_of(row.status)))

    def offers(self, action: Any, row: Any) -> bool:
        """An earlier invoice is replaced by sending the new one; only what was sent needs replacing."""
        match action.verb:
            case "replace":
                return False
            case "correct":
                return bool(row.status is InvoiceStatus.SENT)
            case "redraft":
                return bool(row.status is InvoiceStatus.DRAFT)
            case "discard":
                return row.status in (InvoiceStatus.DRAFT, InvoiceStatus.REPLACEMENT_DRAFT)
        return True

    def after(self, action: Any, row: Any, result: Any) -> str:
        if isinstance(result, Invoice):
            return str(self.get_url(".details_view", id=result.id))
        return super().after(action, row, result)

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        found = [
            (told("invoice.status"), self.badge(row.status)),
            (told("invoice.number"), row.number),
            (told("invoice.head"), link(str(row.head), "person.details_view", row.head_id)),
            (told("invoice.codebtor"), str(row.codebtor or "")),
            (told("invoice.period"), str(row.period)),
            (told("invoice.total"), euros(row.total)),
            (told("invoice.due"), written(row.due)),
            (told("invoice.reference"), references_of(row)),
            (told("invoice.sent_at"), moment(row.sent_at) if row.sent_at else ""),
        ]
        if row.replaces is not None:
            found += [
                (
                    told("invoice.replaces"),
                    link(str(row.replaces.number), "invoice.details_view", row.replaces_id),
                ),
                (told("invoice.reason"), word_of(row.reason) if row.reason else ""),
                (told("invoice.notes"), row.notes),
            ]
        return [*found, *handed_over_in(invoice_id=row.id)]

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        title = self.row_heading(row) if row.number else ""
        return [rows_block(row), *steps_blocks(row), decisions_block(row),
                *about_fees(row.head, row.codebtor, title=title)]


class MyInvoices(Screen):
    """The guardian sees what is to be paid, until when, and of what it is made."""

    can_export = False
    column_list = ("number", "start", "total", "due", "status")
    column_details_list = ("number", "start", "total", "due", "reference", "status")
    reading = True
    money = ("total",)

    @expose("/")
    def index_view(self) -> Any:
        rows = (
            self.get_query()
            .options(selectinload(Invoice.rows).joinedload(InvoiceRow.child))
            .order_by(Invoice.start.desc(), Invoice.id.desc())
            .limit(36)
            .all()
        )
        papers = set(
            db.session.scalars(
                select(Document.id).where(
                    Document.id.in_({row.document_id for row in rows}),
                    within(actor(), "document.view", Document),
                )
            )
        )
        return self.render(
            "guardian/invoices.html", heading=self.heading, invoices=[self.shown(row, papers) for row in rows]
        )

    def shown(self, row: Any, papers: set[int]) -> dict[str, Any]:
        return {
            "title": month_of(row),
            "amount": euros(row.total),
            "due": told("invoice.due_on", due=row.due),
            "badge": (BADGES[row.status], word_of(row.status)),
            "facts": [
                (told("invoice.number"), row.number),
                (told("invoice.reference"), references_of(row)),
            ],
            "rows": rows_block(row),
            "pdf": url_for("my_document.download", id=row.document_id) if row.document_id in papers else None,
        }

    def row_heading(self, row: Any) -> str:
        return told("invoice.of", number=row.number)

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        return [rows_block(row), *steps_blocks(row)]

    def file(self, row: Any) -> dict[str, Any]:
        """Who did what in the office is not the family's to read."""
        return super().file(row) | {"history": []}
