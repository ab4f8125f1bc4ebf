"""What is on file about a decision, in one paper: for whoever revises it, and for the family that asks why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from evaka.letters.letter import Block, Facts, Heading, Letter, Rows, Sender, Text
from evaka.texts import say


@dataclass(frozen=True)
class Part:
    """A section: names and values, a table, or a sentence when there is nothing to show."""

    heading: str
    facts: tuple[tuple[str, str], ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[float, ...] = ()
    empty: str = ""


@dataclass(frozen=True)
class Evidence:
    sender: Sender
    title: str
    day: date
    number: str
    parts: tuple[Part, ...]


def evidence_letter(evidence: Evidence, language: str) -> Letter:
    """The parts in their order; the papers themselves follow behind it."""
    body: list[Block] = []
    for part in evidence.parts:
        body += [Heading(part.heading), *_blocks(part)]
    return Letter(
        title=evidence.title,
        language=language,
        sender=evidence.sender,
        recipient=(),
        day=evidence.day,
        references=((say("letter.decision.number", language), evidence.number),),
        body=tuple(body),
        secrecy=say("letter.evidence.secrecy", language),
    )


def _blocks(part: Part) -> Sequence[Block]:
    if part.facts:
        return [Facts(part.facts)]
    if part.rows:
        return [Rows(part.header, part.rows, part.widths or (1.0,) * len(part.header))]
    return [Text(part.empty)]
