"""The invoice on paper, with the reckoning of each row and the part to pay from."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from evaka import city
from evaka.access import Actor
from evaka.actions.document import bill_recipient_of, keep, letter_language, name_of, papers
from evaka.kit.money import euros
from evaka.kit.references import check_iban, creditor_reference
from evaka.letters import pdf
from evaka.letters.invoice import InvoiceFacts, invoice_letter
from evaka.letters.invoice import InvoiceRow as Printed
from evaka.letters.letter import city_sender
from evaka.models.document import Document
from evaka.models.fee import steps_of
from evaka.models.invoice import Invoice, InvoiceRow
from evaka.texts import say

CARE = "care:"


@dataclass(frozen=True)
class Bank:
    """The account that families pay to; `rf_reference`: the RF reference is told beside the national one."""

    payee: str
    iban: str
    bic: str
    rf_reference: bool = False


def bank() -> Bank:
    return city.value("city", "bank", Bank)


def print_invoice(invoice: Invoice, by: Actor) -> Document:
    """The invoice as the family gets it, kept as it was sent."""
    language = letter_language(invoice.head)
    letter = invoice_letter(letter_facts(invoice, by, language), language)
    name = say("invoice.paper_name", language, number=invoice.number)
    return keep(invoice.head_id, "invoice", by, name=name, language=language, content=pdf(letter))


def letter_facts(invoice: Invoice, by: Actor, language: str) -> InvoiceFacts:
    account = bank()
    rows = [
        Printed(
            child=name_of(row.child),
            description=product_name(row.product, language),
            period=row.period,
            amount=Decimal(row.amount),
            unit_price=row.unit_price,
            price=row.price,
        )
        for row in invoice.rows
    ]
    return InvoiceFacts(
        sender=city_sender(language),
        recipient=bill_recipient_of(invoice.head, by.today),
        number=invoice.number or 0,
        day=by.today,
        period=invoice.period,
        due=invoice.due,
        rows=tuple(rows),
        total=invoice.total,
        explanation=tuple(line for row in invoice.rows for line in explanation(row, language))
        if papers().explain_invoices else (),
        payee=account.payee,
        iban=check_iban(account.iban),
        bic=account.bic,
        reference=invoice.reference,
        rf=rf_reference(invoice),
    )


def rf_reference(invoice: Invoice) -> str:
    """The RF reference of a sent invoice where the city tells it beside the national one, else nothing."""
    return creditor_reference(invoice.reference) if invoice.reference and bank().rf_reference else ""


def product_name(product: str, language: str) -> str:
    """What a row is for, in words: a kind of care, a refund, a relief."""
    if product.startswith(CARE):
        return say(f"care_type.{product.removeprefix(CARE)}", language)
    return say(f"invoice.product.{product}", language)


def explanation(row: InvoiceRow, language: str) -> list[str]:
    """How a row came to be: a sentence for each step, with its arithmetic and its section of law."""
    about = f"{row.child.first_name}, {product_name(row.product, language)}"
    return [
        f"{about}: {say(step.key, language, **step.facts)} {step.arithmetic or euros(step.result)}"
        + (f" ({step.law})" if step.law else "")
        for step in steps_of(row.steps)
    ]
