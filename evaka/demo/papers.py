"""The few papers that the demo holds as they were sent: decisions not answered yet, one family's fees and invoices."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions.decision import addressee, facts_of
from evaka.actions.document import letter_language
from evaka.actions.fee import paper as fee_paper
from evaka.actions.invoice import paper as invoice_paper
from evaka.demo.rows import Rows
from evaka.letters import pdf
from evaka.letters.decision import decision_letter
from evaka.letters.fee import fee_letter
from evaka.letters.invoice import invoice_letter
from evaka.letters.letter import Letter
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.user import User
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import Channel, DecisionStatus
from evaka.rules.fee import FeeStatus
from evaka.rules.invoice import InvoiceStatus
from evaka.texts import say

Sent = Decision | FeeDecision | Invoice


def decisions(rows: Rows, *, most: int) -> None:
    """Those that were sent last and have not been answered, and those that wait for the post."""
    newest = select(Decision).where(Decision.status == DecisionStatus.SENT).order_by(Decision.number.desc()).limit(most)
    to_post = newest.join(Application, Application.id == Decision.application_id).where(
        Application.status == ApplicationStatus.WAITING_MAILING)
    found = {one.id: one for query in (newest, to_post) for one in db.session.scalars(query)}
    for decision in found.values():
        by = _sender(decision, decision.decided_by)
        language = letter_language(addressee(decision, by.today))
        channel = Channel.POST if decision.application.status.value == "waiting_mailing" else Channel.PORTAL
        letter = decision_letter(facts_of(decision, by, channel, language), language)
        _keep(rows, decision, decision.child_id, "decision", letter, f"{letter.title} {decision.number}", language)


def money_of(rows: Rows, head: int) -> None:
    """All fee decisions and invoices that a family has been sent."""
    sent_fees = select(FeeDecision).where(FeeDecision.head_id == head, FeeDecision.status == FeeStatus.SENT)
    for fee in db.session.scalars(sent_fees.order_by(FeeDecision.id)).all():
        language = letter_language(fee.head)
        facts = fee_paper.letter_facts(fee, _sender(fee, fee.decided_by), Channel.PORTAL, language)
        name = say("fee.paper_name", language, number=fee.number)
        _keep(rows, fee, head, "fee", fee_letter(facts, language), name, language)
    sent_invoices = select(Invoice).where(Invoice.head_id == head, Invoice.status == InvoiceStatus.SENT)
    for invoice in db.session.scalars(sent_invoices.order_by(Invoice.id)).all():
        language = letter_language(invoice.head)
        facts_of_invoice = invoice_paper.letter_facts(invoice, _sender(invoice, ""), language)
        name = say("invoice.paper_name", language, number=invoice.number)
        _keep(rows, invoice, head, "invoice", invoice_letter(facts_of_invoice, language), name, language)


def _sender(sent: Sent, name: str) -> Actor:
    user = db.session.scalars(select(User).where(User.name == name).order_by(User.id).limit(1)).first()
    assert sent.sent_at is not None
    return Actor(user, sent.sent_at)


def _keep(rows: Rows, sent: Sent, person_id: int, feature: str, letter: Letter, name: str, language: str) -> None:
    content = pdf(letter)
    id = rows.add(
        Document, person_id=person_id, feature=feature, name=name, language=language, made_at=sent.sent_at,
        digest=sha256(content).hexdigest(), content=content,
    )
    rows.write()
    table = type(sent).__table__
    db.session.connection().execute(table.update().where(table.c.id == sent.id).values(document_id=id))
