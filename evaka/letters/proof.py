"""The ratio of a group at a minute of the past, on paper: who was there, the reckoning, and who has noted it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evaka.letters.letter import Facts, Heading, Rows, Sender, Step, Steps, Text
from evaka.letters.report import Part, Sheet
from evaka.rules.proof import LAW
from evaka.texts import say

CHILD_WIDTHS = (2.6, 1.1, 1.3, 2.6, 3.4)
ADULT_WIDTHS = (2.6, 1.1, 1.3, 1.6, 3.4)


@dataclass(frozen=True)
class ProofFacts:
    """Finished texts: the columns of the tables as they stand on the page."""

    sender: Sender
    printed_by: str
    printed_at: str
    unit: str
    group: str
    at: str
    state: str
    ratio: str
    children: tuple[tuple[str, ...], ...]
    adults: tuple[tuple[str, ...], ...]
    sums: tuple[str, str, str]


def proof_sheet(facts: ProofFacts, language: str) -> Sheet:
    def word(name: str, **more: Any) -> str:
        return say(f"letter.proof.{name}", language, **more)

    body: list[Part] = [
        Facts((
            (word("unit"), facts.unit), (word("group"), facts.group), (word("at"), facts.at),
            (word("ratio"), f"{facts.ratio} ({facts.state})"),
        )),
        Heading(word("reckoning")),
        Steps((
            Step(word("sum_children"), facts.sums[0]), Step(word("sum_adults"), facts.sums[1]),
            Step(word("sum_ratio"), facts.sums[2], word("law", law=LAW)),
        )),
        Heading(word("children", count=len(facts.children))),
        *_table(facts.children, tuple(word(f"column.{name}") for name in ("child", "from", "to", "weight", "noted")),
                CHILD_WIDTHS, word("nobody")),
        Heading(word("adults", count=len(facts.adults))),
        *_table(facts.adults, tuple(word(f"column.{name}") for name in ("adult", "from", "to", "counts", "noted")),
                ADULT_WIDTHS, word("nobody")),
        Text(word("sources")),
    ]
    return Sheet(
        title=word("title"), subtitle=f"{facts.unit}, {facts.group}, {facts.at}", language=language,
        sender=facts.sender, printed=word("printed", by=facts.printed_by, at=facts.printed_at), parts=(tuple(body),))


def _table(
    rows: tuple[tuple[str, ...], ...], header: tuple[str, ...], widths: tuple[float, ...], nobody: str
) -> list[Part]:
    return [Rows(header, rows, widths)] if rows else [Text(nobody)]
