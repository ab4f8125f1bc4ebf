"""The monthly invoice, with what each row was reckoned from and the part to pay from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from evaka.kit.dates import DateRange, finnish
from evaka.kit.money import Cents, euros
from evaka.kit.references import barcode, grouped
from evaka.letters.letter import Block, Heading, Letter, Payment, Rows, Sender, Text
from evaka.texts import say


@dataclass(frozen=True)
class InvoiceRow:
    """`price` is `amount` times `unit_price`, as the row was rounded; a refund is negative."""

    child: str
    description: str
    period: DateRange
    amount: Decimal
    unit_price: Cents
    price: Cents


@dataclass(frozen=True)
class InvoiceFacts:
    """`reference` is a national or RF reference number, `iban` a Finnish account; `rf` an RF reference beside it.

    `explanation` and the descriptions of the rows are in the letter's language.
    """

    sender: Sender
    recipient: tuple[str, ...]
    number: int
    day: date
    period: DateRange
    due: date
    rows: tuple[InvoiceRow, ...]
    total: Cents
    explanation: tuple[str, ...]
    payee: str
    iban: str
    bic: str
    reference: str
    rf: str = ""


def invoice_letter(facts: InvoiceFacts, language: str) -> Letter:
    """The invoice; one that is not more than nothing carries no part to pay from."""

    def word(name: str) -> str:
        printed = {"total": euros(facts.total), "reference": grouped(facts.reference)}
        return say(f"letter.invoice.{name}", language, **(vars(facts) | printed))

    body: list[Block] = [Text(word("about")), _rows(facts, language)]
    if facts.explanation:
        body += [Heading(word("explanation_heading")), *(Text(line) for line in facts.explanation)]
    body += [Heading(word("paying_heading"))]
    if facts.total > 0:
        payment = Payment(
            payee=facts.payee,
            iban=facts.iban,
            bic=facts.bic,
            reference=facts.reference,
            due=facts.due,
            amount=facts.total,
            barcode=barcode(facts.iban, facts.total, facts.reference, facts.due),
            rf=facts.rf,
        )
        body += [Text(word("paying")), Text(word("questions")), payment]
    else:
        body += [Text(word("nothing_to_pay")), Text(word("questions"))]
    return Letter(
        title=word("title"),
        language=language,
        sender=facts.sender,
        recipient=facts.recipient,
        day=facts.day,
        references=(
            (word("number"), str(facts.number)),
            (word("due"), finnish(facts.due)),
            (word("reference"), grouped(facts.reference)),
            *(((word("rf_reference"), grouped(facts.rf)),) if facts.rf else ()),
        ),
        body=tuple(body),
    )


def _rows(facts: InvoiceFacts, language: str) -> Rows:
    columns = ("child", "description", "period", "amount", "unit_price", "price")
    return Rows(
        header=tuple(say(f"letter.invoice.{column}", language) for column in columns),
        rows=tuple(
            (
                row.child,
                row.description,
                str(row.period),
                f"{row.amount}".replace(".", ","),
                euros(row.unit_price),
                euros(row.price),
            )
            for row in facts.rows
        ),
        widths=(17, 24.5, 22, 8.5, 14, 14),
        numeric=frozenset((3, 4, 5)),
        total=(say("letter.invoice.total", language), "", "", "", "", euros(facts.total)),
    )
