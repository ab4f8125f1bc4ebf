"""Drafting a month's invoices: for one family as for ten thousand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import delete, insert, select

from evaka.access import Actor
from evaka.actions.invoice.month import months_of, policy
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.fee import steps_kept
from evaka.models.invoice import Invoice, InvoiceRow
from evaka.models.journal import add_lines
from evaka.rules.invoice import Invoice as Reckoned
from evaka.rules.invoice import InvoiceStatus, invoices

BATCH = 500
Row = dict[str, Any]


def draft(heads: Iterable[int], month: DateRange, by: Actor) -> dict[int, Refused]:
    """The month's invoices of these families as drafts; an invoice that was sent stays as it is.

    Doing it twice changes nothing; a draft that would be otherwise today is drafted anew.  Answers by head
    why there is none; the other families get theirs.
    """
    db.session.flush()
    troubles: dict[int, Refused] = {}
    wanted = sorted(set(heads))
    for first in range(0, len(wanted), BATCH):
        troubles |= _draft(wanted[first : first + BATCH], month, by)
    return troubles


def reckoned(heads: Collection[int], month: DateRange) -> tuple[dict[int, Reckoned], dict[int, Refused]]:
    """By head what the month comes to as it is known today, and why it cannot be told."""
    try:
        facts = months_of(heads, month)
    except Refused as no:
        return {}, dict.fromkeys(heads, no)
    found, troubles = {}, {}
    for head in heads:
        try:
            for made in invoices(facts[head], policy()):
                if made.head == head:
                    found[head] = made
        except Refused as no:
            troubles[head] = no
    return found, troubles


def _draft(heads: list[int], month: DateRange, by: Actor) -> dict[int, Refused]:
    told, drafts = _stored(heads, month)
    open_heads = [head for head in heads if head not in told]
    found, troubles = reckoned(open_heads, month)
    made = []
    gone: dict[int, int] = {}
    for head in open_heads:
        if head in troubles:
            continue
        id, before = drafts.get(head, (None, None))
        if head in found:
            wanted = rows_of(found[head])
            if before == wanted:
                continue
            made.append((found[head], wanted))
        if id is not None:
            gone[id] = head
    _write(made, gone, by)
    return troubles


def _stored(heads: list[int], month: DateRange) -> tuple[set[int], dict[int, tuple[int, list[Row]]]]:
    """The heads who have been told of the month already, and the drafts of the others with their rows."""
    told, drafts = set(), {}
    for id, head, status in db.session.execute(
        select(Invoice.id, Invoice.head_id, Invoice.status).where(
            Invoice.head_id.in_(heads), Invoice.start == month.start
        )
    ):
        if status is InvoiceStatus.DRAFT:
            drafts[head] = id
        else:
            told.add(head)
    rows: dict[int, list[Row]] = defaultdict(list)
    names = (
        "place",
        "child_id",
        "unit_id",
        "product",
        "amount",
        "unit_price",
        "price",
        "start",
        "end",
        "steps",
    )
    for invoice, *values in db.session.execute(
        select(InvoiceRow.invoice_id, *(getattr(InvoiceRow, name) for name in names))
        .where(InvoiceRow.invoice_id.in_(drafts.values()))
        .order_by(InvoiceRow.place)
    ):
        rows[invoice].append(dict(zip(names, values, strict=True)))
    return told, {head: (id, rows[id]) for head, id in drafts.items()}


def rows_of(made: Reckoned) -> list[Row]:
    """The rows of an invoice as they are stored."""
    return [
        {
            "place": place,
            "child_id": row.child,
            "unit_id": row.unit,
            "product": str(row.product),
            "amount": row.amount,
            "unit_price": row.unit_price,
            "price": row.price,
            "start": row.period.start,
            "end": row.period.end,
            "steps": steps_kept(row.steps),
        }
        for place, row in enumerate(made.rows, start=1)
    ]


def columns_of(made: Reckoned) -> Row:
    return {
        "head_id": made.head,
        "codebtor_id": made.codebtor,
        "start": made.period.start,
        "end": made.period.end,
        "due": made.due,
        "total": made.total,
        "status": InvoiceStatus.DRAFT,
    }


def _write(made: list[tuple[Reckoned, list[Row]]], gone: dict[int, int], by: Actor) -> None:
    """Invoices, rows and lines of the journal, each kind in one statement."""
    lines = []
    if gone:
        db.session.execute(delete(InvoiceRow).where(InvoiceRow.invoice_id.in_(gone)))
        db.session.execute(delete(Invoice).where(Invoice.id.in_(gone)))
        lines += [_line("invoice.drop", id, head, {}, by) for id, head in gone.items()]
    if made:
        db.session.execute(insert(Invoice), [columns_of(one) for one, _ in made])
        ids = {
            head: id
            for id, head in db.session.execute(
                select(Invoice.id, Invoice.head_id).where(
                    Invoice.head_id.in_({one.head for one, _ in made}),
                    Invoice.start == made[0][0].period.start,
                    Invoice.status == InvoiceStatus.DRAFT,
                )
            )
        }
        rows = [row | {"invoice_id": ids[int(one.head)]} for one, found in made for row in found]
        if rows:
            db.session.execute(insert(InvoiceRow), rows)
        lines += [
            _line(
                "invoice.draft",
                ids[int(one.head)],
                int(one.head),
                {"month": str(one.period), "total": one.total},
                by,
            )
            for one, _ in made
        ]
    if lines:
        add_lines(lines)


def _line(key: str, id: int, head: int, facts: dict[str, Any], by: Actor) -> dict[str, Any]:
    return {
        "at": by.now,
        "user_id": by.user and by.user.id,
        "action": key,
        "subject": "invoice",
        "subject_id": id,
        "person_id": head,
        "facts": facts,
    }
