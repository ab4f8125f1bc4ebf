"""The decision on the value of a child's service voucher, with the reckoning of the value and the co-payment.

Law: the co-payment is reckoned as a client fee (Act 1503/2016); the value is decided by the city under the Act on
service vouchers in early childhood education (1048/2025).  The letter is secret, because it tells what a person
earns: Act on the Openness of Government Activities (621/1999), section 24(1)(23).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from evaka.kit.dates import DateRange, finnish
from evaka.kit.money import Cents, euros
from evaka.letters.decision import Appeal, Law, appeal, decided_by, lasting, laws
from evaka.letters.fee import Alteration, IncomeLine, appendix, changed, income_words
from evaka.letters.letter import Block, Facts, Heading, Letter, Rows, Sender, Step, Text
from evaka.texts import say


@dataclass(frozen=True)
class VoucherLetterFacts:
    """`kind` is a key of the words: normal or relief_accepted.

    `co_payment` is before the alterations, `final_co_payment` what the family pays the unit a month, `to_unit` what
    the city does.  A change of income of `income_change_percent` must be told.  `changes` and `tables` are as on a fee
    decision, and so is the appendix of steps.
    """

    sender: Sender
    recipient: tuple[str, ...]
    number: int
    day: date
    kind: str
    child: str
    born: date
    unit: str
    care_type: str
    service_need: str
    head: str
    partner: str | None
    period: DateRange
    family_size: int
    incomes: tuple[IncomeLine, ...]
    value: Cents
    co_payment: Cents
    alterations: tuple[Alteration, ...]
    final_co_payment: Cents
    to_unit: Cents
    value_steps: tuple[Step, ...]
    co_payment_steps: tuple[Step, ...]
    income_change_percent: int
    laws: tuple[Law, ...]
    decision_maker: str
    decision_maker_title: str
    appeal: Appeal
    changes: tuple[str, ...] = ()
    tables: str = ""


def voucher_letter(facts: VoucherLetterFacts, language: str) -> Letter:
    """What the voucher is worth, what of it the family pays, how both came to be, and how to claim a revision."""

    def word(name: str, **more: Any) -> str:
        return say(f"letter.voucher.{name}", language, **(vars(facts) | more))

    valid = lasting(facts.period, language)
    names = facts.head if facts.partner is None else f"{facts.head}\n{facts.partner}"
    place = (
        (word("child"), f"{facts.child}, {finnish(facts.born)}"),
        (word("unit"), facts.unit),
        (word("care"), f"{facts.care_type}\n{facts.service_need}"),
        (word("valid"), valid),
    )
    grounds = (
        (word("payers"), names),
        (word("family_size"), word("persons")),
        *((line.person, income_words(line, language)) for line in facts.incomes),
    )
    body: tuple[Block, ...] = (
        Text(word("granted", value=euros(facts.value), valid=valid), strong=True),
        Text(word("pays", final_co_payment=euros(facts.final_co_payment))),
        Text(word(f"kind_{facts.kind}")),
        *changed(facts.changes, language),
        Facts(place),
        _sums(facts, language),
        Heading(word("grounds_heading")),
        Facts(grounds),
        Heading(word("duty_heading")),
        Text(word("duty")),
        Heading(word("laws_heading")),
        laws(facts.laws, language),
        Heading(word("maker_heading")),
        decided_by(facts.decision_maker, facts.decision_maker_title),
        *appeal(facts.appeal, language),
        *appendix(word("appendix_heading"), facts.tables, (
            (word("value_heading"), facts.value_steps), (word("co_payment_heading"), facts.co_payment_steps))),
    )
    return Letter(
        title=word("title"),
        language=language,
        sender=facts.sender,
        recipient=facts.recipient,
        day=facts.day,
        references=((word("number"), str(facts.number)),),
        body=body,
        secrecy=word("secret"),
    )


def _sums(facts: VoucherLetterFacts, language: str) -> Rows:
    def word(name: str) -> str:
        return say(f"letter.voucher.{name}", language)

    rows = [
        (word("value"), euros(facts.value)),
        (word("co_payment"), euros(facts.co_payment)),
        *((alteration.name, euros(alteration.amount)) for alteration in facts.alterations),
        (word("final_co_payment"), euros(facts.final_co_payment)),
    ]
    return Rows(
        header=(word("sums"), word("a_month")),
        rows=tuple(rows),
        widths=(75, 25),
        numeric=frozenset({1}),
        total=(word("to_unit"), euros(facts.to_unit)),
    )
