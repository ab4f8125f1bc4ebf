"""The decision on a family's monthly fee, with the reckoning of each child's fee.

Law: Act on Client Fees in Early Childhood Education (1503/2016).  The letter is secret, because it tells what
a person earns: Act on the Openness of Government Activities (621/1999), section 24(1)(23).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from evaka.kit.dates import DateRange, finnish
from evaka.kit.money import Cents, euros
from evaka.letters.decision import Appeal, Law, appeal, decided_by, lasting, laws
from evaka.letters.letter import Block, Facts, Heading, Letter, Rows, Sender, Step, Steps, Text
from evaka.rules.fee.step import Step as Reckoned
from evaka.texts import say


@dataclass(frozen=True)
class IncomeLine:
    """What a person was counted to earn a month.

    `effect` is a key of the words: shown, highest, incomplete or missing.
    """

    person: str
    effect: str
    amount: Cents | None = None


@dataclass(frozen=True)
class Alteration:
    """A rise or a relief of a child's fee, named in the letter's language; a relief is negative."""

    name: str
    amount: Cents


@dataclass(frozen=True)
class ChildFee:
    """A child's line.  `sibling_percent` is the share of the base fee that is paid, 100 for the youngest."""

    name: str
    born: date
    unit: str
    service_need: str
    base_fee: Cents
    sibling_percent: int
    fee: Cents
    alterations: tuple[Alteration, ...]
    final_fee: Cents
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class FeeFacts:
    """`kind` is a key of the words: normal, relief_accepted, relief_partly_accepted or relief_rejected.

    `total_income` is None when the family has not shown its income.  `income_limit` is the lower limit for
    the family's size, `rate` the percentage of what exceeds it.  A change of income of
    `income_change_percent` must be told.  `changes` are the words of what is new since the decision before, `table`
    names the version of the fee table; the steps of the children make an appendix when there are any.
    """

    sender: Sender
    recipient: tuple[str, ...]
    number: int
    day: date
    kind: str
    head: str
    partner: str | None
    period: DateRange
    family_size: int
    incomes: tuple[IncomeLine, ...]
    total_income: Cents | None
    income_limit: Cents
    rate: Decimal
    children: tuple[ChildFee, ...]
    total: Cents
    income_change_percent: int
    laws: tuple[Law, ...]
    decision_maker: str
    decision_maker_title: str
    appeal: Appeal
    changes: tuple[str, ...] = ()
    table: str = ""


def fee_letter(facts: FeeFacts, language: str) -> Letter:
    """What the family pays a month, of what it is made, and how to claim a revision."""

    def word(name: str, **more: Any) -> str:
        return say(f"letter.fee.{name}", language, **(vars(facts) | more))

    names = facts.head if facts.partner is None else f"{facts.head}\n{facts.partner}"
    summary = (
        (word("payers"), names),
        (word("valid"), lasting(facts.period, language)),
        (word("family_size"), word("persons")),
        *((line.person, income_words(line, language)) for line in facts.incomes),
        (word("total_income"), _money(facts.total_income, language)),
        (word("income_limit"), euros(facts.income_limit)),
        (word("rate"), f"{facts.rate}\u00a0%".replace(".", ",")),
    )
    body: list[Block] = [
        Text(word("owed", total=euros(facts.total), valid=lasting(facts.period, language)), strong=True),
        Text(word(f"kind_{facts.kind}")),
        *changed(facts.changes, language),
        _children(facts, language),
        Heading(word("grounds_heading")),
        Facts(summary),
        Heading(word("duty_heading")),
        Text(word("duty")),
        Heading(word("laws_heading")),
        laws(facts.laws, language),
        Heading(word("maker_heading")),
        decided_by(facts.decision_maker, facts.decision_maker_title),
        *appeal(facts.appeal, language),
    ]
    reckonings = [(word("steps_heading", child=child.name), child.steps) for child in facts.children]
    body += appendix(word("appendix_heading"), facts.table, reckonings)
    return Letter(
        title=word("title"),
        language=language,
        sender=facts.sender,
        recipient=facts.recipient,
        day=facts.day,
        references=((word("number"), str(facts.number)),),
        body=tuple(body),
        secrecy=word("secret"),
    )


def changed(changes: Iterable[str], language: str) -> list[Block]:
    """What is new since the decision before, where there was one."""
    what = ", ".join(one[:1].lower() + one[1:] for one in changes)
    return [Text(say("letter.fee.changed", language, changes=what))] if what else []


def appendix(heading: str, table: str, reckonings: Iterable[tuple[str, tuple[Step, ...]]]) -> list[Block]:
    """How each figure was reckoned, at the end of a decision; nothing when the city does not want it."""
    found: list[Block] = []
    for title, steps in reckonings:
        if steps:
            found += [Heading(title), Steps(steps)]
    return [Heading(heading), *([Text(table)] if table else []), *found] if found else []


def explained(steps: Iterable[Reckoned], language: str) -> tuple[Step, ...]:
    """The steps of a rule's reckoning, said in the language of the letter."""
    return tuple(
        Step(
            heading=say(step.key, language, **step.facts),
            arithmetic=step.arithmetic or euros(step.result),
            rule=step.law,
        )
        for step in steps
    )


def _children(facts: FeeFacts, language: str) -> Rows:
    def word(name: str) -> str:
        return say(f"letter.fee.{name}", language)

    columns = ("child", "base_fee", "sibling_share", "fee", "final_fee")
    rows: list[tuple[str, ...]] = []
    for child in facts.children:
        name = f"{child.name}, {finnish(child.born)}\n{child.unit}\n{child.service_need}"
        altered = [f"{alteration.name} {euros(alteration.amount)}" for alteration in child.alterations]
        rows.append(
            (
                "\n".join((name, *altered)),
                euros(child.base_fee),
                f"{child.sibling_percent}\u00a0%",
                euros(child.fee),
                euros(child.final_fee),
            )
        )
    return Rows(
        header=tuple(word(column) for column in columns),
        rows=tuple(rows),
        widths=(44, 14, 12, 15, 15),
        numeric=frozenset(range(1, 5)),
        total=(word("total"), "", "", "", euros(facts.total)),
    )


def income_words(line: IncomeLine, language: str) -> str:
    """What a person was counted to earn, as a decision says it."""
    said = say(f"letter.fee.income_{line.effect}", language)
    return said if line.amount is None else f"{euros(line.amount)} ({said})"


def _money(amount: Cents | None, language: str) -> str:
    return say("letter.fee.not_shown", language) if amount is None else euros(amount)
