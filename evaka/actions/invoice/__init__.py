"""The monthly invoice: drafted by the job, looked through, sent, and replaced when the month changes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import Long, action, next_number, notify
from evaka.actions.invoice.draft import draft, reckoned, rows_of
from evaka.actions.invoice.month import policy
from evaka.actions.invoice.paper import bank, print_invoice
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.kit.money import euros
from evaka.kit.references import check_iban, national
from evaka.models.base import db
from evaka.models.invoice import Invoice, InvoiceRow
from evaka.rules.invoice import (
    InvoiceStatus,
    ReplacementReason,
    SentInvoice,
    check_reason,
    due_date,
    replacement,
)

DRAFTS = (InvoiceStatus.DRAFT, InvoiceStatus.REPLACEMENT_DRAFT)


@action("invoice.send")
def send(invoice: Invoice, by: Actor) -> None:
    """Number, reference and due day; the PDF is kept as sent and the family told that it is there."""
    check_iban(bank().iban)
    if invoice.replaces is not None:
        with db.session.no_autoflush:  # the earlier one makes room first: the database refuses two of a month
            invoice.status = InvoiceStatus.REPLACEMENT_DRAFT
            replace(invoice.replaces, by)
            db.session.flush()
        invoice.status = InvoiceStatus.SENT
    invoice.number = next_number("invoice")
    invoice.reference = national(f"{invoice.start:%y%m}{invoice.number:07}")
    invoice.due = max(invoice.due, by.today + timedelta(days=policy().days_to_pay))
    invoice.sent_at = by.now
    invoice.document = print_invoice(invoice, by)
    notify(invoice.head_id, "invoice_sent", by)


@action("invoice.replace")
def replace(invoice: Invoice, by: Actor) -> None:
    """Another invoice takes the place of this one, which need not be paid any more."""


@action("invoice.correct")
def correct(invoice: Invoice, by: Actor, *, reason: ReplacementReason, notes: Long = "") -> Invoice:
    """The month turned out otherwise after the invoice was sent: one that is to replace it is drafted."""
    check_reason(reason, notes)
    if invoice.status is not InvoiceStatus.SENT:
        raise Refused("workflow.wrong_state", verb="correct", state=invoice.status, sources=[InvoiceStatus.SENT])
    found, troubles = reckoned([invoice.head_id], invoice.period)
    if troubles:
        raise troubles[invoice.head_id]
    now = found.get(invoice.head_id)
    change = replacement(SentInvoice(invoice.total, invoice.revision), now.total if now else None)
    if change is None:
        raise Refused("invoice.nothing_changed", total=euros(invoice.total))
    for earlier in db.session.scalars(
        select(Invoice).where(Invoice.replaces_id == invoice.id, Invoice.status == InvoiceStatus.REPLACEMENT_DRAFT)
    ):
        db.session.delete(earlier)
    db.session.flush()
    revision, total = change
    made = Invoice(
        head_id=invoice.head_id,
        codebtor_id=now.codebtor if now else invoice.codebtor_id,
        start=invoice.start,
        end=invoice.end,
        due=due_date(invoice.period.last_day),
        total=total,
        status=InvoiceStatus.REPLACEMENT_DRAFT,
        revision=revision,
        replaces_id=invoice.id,
        reason=reason,
        notes=notes,
        rows=[InvoiceRow(**row) for row in (rows_of(now) if now else [])],
    )
    db.session.add(made)
    return made


@action("invoice.redraft")
def redraft(invoice: Invoice, by: Actor) -> None:
    """The draft is reckoned once more from what is known now."""
    _check_draft(invoice, "redraft", (InvoiceStatus.DRAFT,))
    troubles = draft([invoice.head_id], invoice.period, by)
    if troubles:
        raise troubles[invoice.head_id]


@action("invoice.discard")
def discard(invoice: Invoice, by: Actor) -> None:
    """The draft goes; the month is drafted again when the job next runs."""
    _check_draft(invoice, "discard", DRAFTS)
    db.session.delete(invoice)


def _check_draft(invoice: Invoice, verb: str, states: tuple[InvoiceStatus, ...]) -> None:
    if invoice.status not in states:
        raise Refused("workflow.wrong_state", verb=verb, state=invoice.status, sources=sorted(states))


def drafts_of_child(child_id: int, period: DateRange) -> list[tuple[int, DateRange]]:
    """The heads and months of drafts that have rows of a child and share a day with the period."""
    rows = db.session.execute(
        select(Invoice.head_id, Invoice.start, Invoice.end)
        .distinct()
        .join(InvoiceRow, InvoiceRow.invoice_id == Invoice.id)
        .where(InvoiceRow.child_id == child_id, Invoice.status == InvoiceStatus.DRAFT, Invoice.meets(period))
    )
    return [(head, DateRange(start, end)) for head, start, end in rows]


__all__ = ["correct", "discard", "draft", "drafts_of_child", "redraft", "replace", "send"]
