"""The decision on a place in early childhood education, as the guardian reads it.

Law: Act on Early Childhood Education and Care (540/2018).  The reasons, the sections applied and the days for
answering and for claiming a revision come as facts, because they differ by kind of decision and by city.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from evaka.kit.dates import DateRange, finnish
from evaka.letters.letter import Block, Facts, Heading, Letter, Sender, Text
from evaka.texts import say


@dataclass(frozen=True)
class Law:
    """An act and the sections of it that were applied: Law("540/2018", ("5", "17"))."""

    act: str
    sections: tuple[str, ...]


@dataclass(frozen=True)
class Appeal:
    """How to claim a revision: to whom, by when, and how the days were counted.

    `channel` is how the decision was given: "portal" (an electronic message) or "post".  It is deemed
    received `deemed_days` after `sent`, on `deemed`; a claim is made within `days` of that, on `last_day` at
    the latest.
    """

    body: str
    address: tuple[str, ...]
    email: str
    law: Law
    days: int
    channel: str
    sent: date
    deemed_days: int
    deemed: date
    last_day: date


@dataclass(frozen=True)
class DecisionFacts:
    """`kind` is a key of the letters' words: a DecisionKind.

    `recipient` is the name alone when the address is not to be told: of a decision it stands on a page of its
    own.  `service_need` and `reasons` are in the letter's language.  `answer_by` is None when the place needs
    no answer.  `voucher`: the unit is private and paid with the city's vouchers; `transfer`: the child leaves
    another place.
    """

    sender: Sender
    recipient: tuple[str, ...]
    number: int
    day: date
    kind: str
    child: str
    born: date
    unit: str
    unit_address: str
    service_need: str
    period: DateRange
    start_window: DateRange
    reasons: tuple[str, ...]
    laws: tuple[Law, ...]
    decision_maker: str
    decision_maker_title: str
    answer_by: date | None
    appeal: Appeal
    handler: str = ""  # who takes a written answer, and where; of units that say so
    manager: str = ""  # who leads the unit, with a telephone number
    voucher: bool = False
    transfer: bool = False
    case: str = ""  # the number of the application in the register of cases


NEEDED = frozenset({"daycare", "daycare_part_time", "preschool_daycare"})  # kinds of which hours are agreed


def decision_letter(facts: DecisionFacts, language: str) -> Letter:
    """The decision with its reasons, how to answer it, and how to claim a revision."""

    def word(name: str, **more: Any) -> str:
        return say(f"letter.decision.{name}", language, **(vars(facts) | more))

    rows = [
        ("child", facts.child),
        ("born", finnish(facts.born)),
        ("form", word(f"form_{facts.kind}")),
        ("unit", f"{facts.unit}\n{facts.unit_address}"),
        *((("manager", facts.manager),) if facts.manager else ()),
        *((("service_need", facts.service_need),) if facts.kind in NEEDED else ()),
        ("period", lasting(facts.period, language)),
    ]
    if facts.handler and facts.answer_by is not None:
        rows.append(("handler", facts.handler))
    body: list[Block] = [
        Text(word("granted")),
        Facts(tuple((word(name), value) for name, value in rows)),
        *(Text(word(name)) for name in ("voucher", "transfer") if getattr(facts, name)),
        Heading(word("reasons_heading")),
        *(Text(reason) for reason in facts.reasons),
        Heading(word("laws_heading")),
        laws(facts.laws, language),
    ]
    if facts.answer_by is not None:
        body += [Heading(word("answer_heading")), Text(word("answer")), Text(word("start"))]
    body += [Heading(word("maker_heading")), decided_by(facts.decision_maker, facts.decision_maker_title)]
    body += appeal(facts.appeal, language)
    if facts.answer_by is not None and facts.appeal.channel == "post":
        blank = "\u00a0" * 2 + "_" * 40
        body += [
            Heading(word("form_heading")),
            Text(word("form_help")),
            Facts(
                tuple((word(f"form_{name}"), blank) for name in ("take", "decline", "day", "signature"))
            ),
        ]
    return Letter(
        title=word(f"title_{facts.kind}"),
        language=language,
        sender=facts.sender,
        recipient=facts.recipient,
        day=facts.day,
        references=((word("number"), str(facts.number)), *(((word("case"), facts.case),) if facts.case else ())),
        body=tuple(body),
    )


def lasting(period: DateRange, language: str) -> str:
    """A span of days as a letter says it: 1.8.2026–31.7.2027, or from 1.8.2026 until further notice."""
    return str(period) if period.end else say("letter.open_period", language, start=period.start)


def laws(applied: tuple[Law, ...], language: str) -> Text:
    """The acts and sections, one act a line."""
    return Text("\n".join(cited(law, language) for law in applied))


def cited(law: Law, language: str) -> str:
    """Varhaiskasvatuslaki (540/2018) 5, 6 ja 17 §; an act has its name at letter.law.<number>_<year>.

    Without sections the whole act is named.
    """
    *others, last = law.sections or ("",)
    sections = last and say("letter.section", language, section=last)
    if others:
        sections = say("letter.sections", language, others=", ".join(others), last=last)
    return say(f"letter.law.{law.act.replace('/', '_')}", language, sections=sections).rstrip(" ,")


def decided_by(name: str, title: str) -> Text:
    return Text(f"{name}\n{title}")


def appeal(facts: Appeal, language: str) -> list[Block]:
    """The instructions for claiming a revision, which every decision ends with."""

    def word(name: str) -> str:
        return say(
            f"letter.appeal.{name}", language, **(vars(facts) | {"section": cited(facts.law, language)})
        )

    rows = (
        ("body", facts.body),
        ("address", "\n".join((*facts.address, facts.email))),
        ("last_day", word("last_day_and_hour")),
    )
    return [
        Heading(word("heading")),
        Text(word("right")),
        Facts(tuple((word(name), value) for name, value in rows)),
        Text(word("time")),
        Text(word(f"received_{facts.channel}")),
        Text(word("contents")),
        Text(word("delivery")),
    ]
