"""Handing over: what waits for the ledger, as e-invoices and for the bank; the files as they were given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from flask import Response, abort, flash, g, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from evaka.access import may, require_any, within
from evaka.actions import Action
from evaka.actions import ledger as act
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.kit.references import grouped
from evaka.models.base import db
from evaka.models.invoice import Invoice
from evaka.models.ledger import Batch, Item, batches_of, waiting_invoices, waiting_payments
from evaka.models.voucher import Payment
from evaka.rules.ledger import Channel
from evaka.views.base import Button, Screen, link
from evaka.views.base.attempt import attempt
from evaka.views.filters import DayFilter, StateFilter
from evaka.views.page import actor, moment, told, told_refusal, word_of, written

MOST = 200  # rows of a batch, or of what is left out, that are shown
LOOKED_AT = 20  # rows of what a file will hold: the button that makes it stands below them on a phone
KEYS = {Channel.LEDGER: "ledger.hand_over", Channel.FINVOICE: "ledger.hand_over", Channel.BANK: "ledger.pay"}


def waits_for_ledger() -> ColumnElement[bool]:
    """The invoices that the next file for the ledger would hold."""
    layout = act.layout_on(actor().today)
    waiting = waiting_invoices(Channel.LEDGER, since=layout.since, zero_totals=layout.zero_totals,
                               reversals=layout.reversals)
    return Invoice.id.in_(select(waiting.order_by(None).subquery().c.id))


def waits_for_bank() -> ColumnElement[bool]:
    """The payments that the next file for the bank would hold."""
    return Payment.id.in_(waiting_payments(act.payment_policy().since).order_by(None))


def waiting_in(channel: Channel) -> int:
    """How many wait, of those that the reader sees; what cannot be written by the layout is among them."""
    if channel is Channel.BANK:
        condition, model = waits_for_bank(), Payment
    elif channel is Channel.LEDGER:
        condition, model = waits_for_ledger(), Invoice
    else:
        waiting = waiting_invoices(channel, since=act.finvoice_policy().since)
        condition, model = Invoice.id.in_(select(waiting.order_by(None).subquery().c.id)), Invoice
    seen = within(actor(), f"{model.feature_name()}.view", model)
    return db.session.scalar(select(func.count(model.id)).where(condition, seen)) or 0


def handed_over_in(*, invoice_id: int | None = None, payment_id: int | None = None) -> list[tuple[str, Any]]:
    """Facts of an invoice's or a payment's file: in which batches it went where."""
    if not may(actor(), "ledger.view"):
        return []
    found = db.session.scalars(
        batches_of(invoice_id=invoice_id, payment_id=payment_id).options(joinedload(Item.batch)))
    return [
        (told("ledger.taken_back" if one.reversal else f"ledger.handed_to.{one.channel}"),
         link(told("ledger.of", number=one.batch.number), "ledger.details_view", one.batch_id))
        for one in found
    ]


def make_buttons(*channels: Channel) -> list[Button]:
    """The ways to the files that the reader may make."""
    used = act.channels()
    return [
        Button(told(f"ledger.make.{one}"), url_for("ledger.make", channel=one), "secondary")
        for one in channels if one in used and may(actor(), KEYS[one])
    ]


class LedgerScreen(Screen):
    column_list = ("number", "channel", "made_at", "made_by", "count", "total", "name", "withdrawn_at")
    column_sortable_list = ("number", "channel", "made_at", "count", "total")
    column_default_sort = ("number", True)
    column_filters = (
        StateFilter(Batch.channel, "ledger.channel", Channel),
        DayFilter(Batch.made_at, "ledger.made_from"),
    )
    search_columns = ("number", "name", "digest")
    money = ("total",)
    figures = ("count",)

    @property
    def fact_line(self) -> str:
        """What waits in each channel that the reader may hand over to; or that the city has given no layout."""
        mine = [one for one in act.channels() if may(actor(), KEYS[one])]
        try:
            return " · ".join(told(f"ledger.waiting.{one}", count=waiting_in(one)) for one in mine)
        except Refused as no:
            return told_refusal(no)

    def head_buttons(self) -> list[Button]:
        return make_buttons(*Channel)

    def row_heading(self, row: Any) -> str:
        return told("ledger.of", number=row.number)

    def row_fact_line(self, row: Any) -> str:
        return " · ".join((word_of(row.channel), moment(row.made_at), told("ledger.counted", count=row.count),
                           euros(row.total)))

    def offers(self, action: Action, row: Any) -> bool:
        """A file is made once, on a page of its own; one that was not taken may be withdrawn, but not from the bank."""
        taken_back = row.channel is Channel.BANK or row.withdrawn_at is not None
        return action.verb == "withdraw" and not taken_back

    def buttons(self, row: Any) -> list[Button]:
        """The file is what one comes for; to withdraw it is rare."""
        rest = [replace(one, style="secondary") if one.style == "primary" else one for one in super().buttons(row)]
        return [*rest, Button(told("ledger.download"), self.get_url(".download", id=row.id), "primary")]

    def facts(self, row: Any) -> list[tuple[str, Any]]:
        return [
            (told("ledger.channel"), word_of(row.channel)),
            (told("ledger.made_at"), moment(row.made_at)),
            (told("ledger.made_by"), row.made_by or told("journal.machine")),
            (told("ledger.count"), row.count),
            (told("ledger.total"), euros(row.total)),
            (told("ledger.name"), row.name),
            (told("ledger.digest"), row.digest),
            *([(told("ledger.withdrawn_at"), moment(row.withdrawn_at)), (told("ledger.reason"), row.reason)]
              if row.withdrawn_at else []),
        ]

    def row_warnings(self, row: Any) -> list[dict[str, str]]:
        if row.withdrawn_at is None:
            return []
        return [{"look": "warn", "title": told("ledger.withdrawn"), "text": told("ledger.withdrawn_text")}]

    def blocks(self, row: Any) -> list[dict[str, Any]]:
        items = db.session.execute(
            select(Item.invoice_id, Item.payment_id, Item.reversal).where(Item.batch_id == row.id).order_by(Item.id))
        return [self.holds(row.channel, [(invoice or payment, back) for invoice, payment, back in items], MOST)]

    def file(self, row: Any) -> dict[str, Any]:
        """What was written when it was made stands in the facts; the history tells who made and who fetched it."""
        found = super().file(row)
        return found | {"history": [line | {"changes": []} for line in found["history"]]}

    def holds(self, channel: Channel, items: list[tuple[int, bool]], most: int) -> dict[str, Any]:
        """The first of what a file holds, as far as the reader sees it."""
        some = items[:most]
        rows = self.payments(some) if channel is Channel.BANK else self.invoices(some)
        names = ("payment.number", "payment.payee_name", "payment.iban", "payment.due", "payment.amount") \
            if channel is Channel.BANK else (
                "invoice.number", "invoice.head", "invoice.start", "ledger.kind", "invoice.total")
        return {
            "title": told("ledger.payments" if channel is Channel.BANK else "ledger.invoices"), "rows": rows,
            "empty": told("ledger.not_yours"), "figures": [4], "head": [told(name) for name in names],
            "note": self.shown(len(rows), len(items)),
        }

    def invoices(self, items: list[tuple[int, bool]]) -> list[list[Any]]:
        found = {one.id: one for one in db.session.scalars(
            select(Invoice).where(Invoice.id.in_([id for id, _ in items]), within(actor(), "invoice.view", Invoice))
            .options(joinedload(Invoice.head)))}
        return [
            [link(str(one.number), "invoice.details_view", one.id), str(one.head),
             f"{one.start.month}/{one.start.year}", told("ledger.taken_back") if back else "",
             euros(-one.total if back else one.total)]
            for id, back in items if (one := found.get(id)) is not None
        ]

    def payments(self, items: list[tuple[int, bool]]) -> list[list[Any]]:
        found = db.session.scalars(
            select(Payment).where(Payment.id.in_([id for id, _ in items]), within(actor(), "payment.view", Payment))
            .order_by(Payment.number))
        return [[link(str(one.number), "payment.details_view", one.id), one.payee_name, grouped(one.iban),
                 written(one.due), euros(one.amount)] for one in found]

    def shown(self, shown: int, count: int) -> str:
        return told("ledger.shown", shown=shown, count=count) if shown < count else ""

    @expose("/download/")
    def download(self) -> Any:
        """The very bytes that were given; each time is a line of the journal."""
        row = self.row_or_404(request.args.get("id"))
        assert isinstance(row, Batch)
        g.setdefault("reads", []).append(("ledger.read", row, {}))
        return Response(row.content, mimetype=row.mimetype, headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row.name)}", "Cache-Control": "no-store"})

    @expose("/make/", methods=("GET", "POST"))
    def make(self) -> Any:
        """First what waits, how the file begins and what has to be left out; then the file."""
        channel = self.channel()
        require_any(actor(), KEYS[channel])
        if request.method == "POST":
            made = self.made(channel, request.form.get("seen", ""))
            if made is not None:
                return redirect(self.get_url(".details_view", id=made))
        try:
            found = act.prepared(channel, actor())
        except Refused as no:
            flash(told_refusal(no), "error")
            return redirect(self.get_url(".index_view"))
        screen = "payment" if channel is Channel.BANK else "invoice"
        return self.render(
            "office/ledger.html", channel=channel, found=found, heading=told(f"ledger.make.{channel}"),
            about=told(f"ledger.make.{channel}.help"), sample=found.sample(),
            block=self.holds(channel, found.items, LOOKED_AT) if channel is not Channel.LEDGER else None,
            troubles=[(one.name, url_for(f"{screen}.details_view", id=one.id), told_refusal(one.why))
                      for one in found.troubles[:MOST]],
            reversals=sum(reversal for _, reversal in found.items), back=self.get_url(".index_view"),
        )

    def channel(self) -> Channel:
        known = {str(one): one for one in act.channels()}
        return known.get(request.args.get("channel", "")) or abort(404)

    def made(self, channel: Channel, seen: str) -> int | None:
        """The number of the row of a new file; None when it was refused, and why has been told."""
        with attempt() as tried:
            batch = act.opened(channel, actor())
            (act.pay if channel is Channel.BANK else act.hand_over)(batch, actor(), seen=seen)
            id, count, total = batch.id, batch.count, batch.total
        if not tried.done:
            return None
        flash(told("ledger.made", count=count, total=euros(total)), "success")
        return id
