"""What the city knows of a person, as a readable list for the person who has asked (GDPR, article 15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from evaka.letters.letter import Block, Facts, Heading, Letter, Rows, Sender, Text
from evaka.texts import say

WIDEST = 5  # columns that stand beside one another; a row of more is told line by line
LONGEST = 90  # letters in a cell of a table


@dataclass(frozen=True)
class Section:
    """Rows of one kind, in words; `more` rows are left to the machine-readable list."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0


@dataclass(frozen=True)
class DataFacts:
    sender: Sender
    recipient: tuple[str, ...]
    day: date
    person: str
    sections: tuple[Section, ...]


def data_letter(facts: DataFacts, language: str) -> Letter:
    """Section by section; what the law says of the right to know and to have it mended comes first."""

    def word(name: str, **more: Any) -> str:
        return say(f"letter.data.{name}", language, **more)

    body: list[Block] = [Text(word("about", person=facts.person)), Text(word("rights"))]
    for section in facts.sections:
        body += [Heading(section.title), *_shown(section)]
        if section.more:
            body.append(Text(word("more", count=section.more)))
    return Letter(
        title=word("title"), language=language, sender=facts.sender, recipient=facts.recipient, day=facts.day,
        body=tuple(body), references=((word("person"), facts.person),),
    )


def _shown(section: Section) -> list[Block]:
    """A table where it fits the page, else each row by itself."""
    if not section.columns:
        return []
    fits = all(len(cell) <= LONGEST for row in section.rows for cell in row)
    if len(section.rows) > 1 and len(section.columns) <= WIDEST and fits:
        return [Rows(section.columns, section.rows, _widths(section))]
    found: list[Block] = []
    for row in section.rows:
        told = tuple((name, cell) for name, cell in zip(section.columns, row, strict=True) if cell)
        if told:
            found.append(Facts(told))
    return found


def _widths(section: Section) -> tuple[float, ...]:
    """Shares of the width by the longest text of each column, none too narrow to read."""
    longest = (max(map(len, column)) for column in zip(section.columns, *section.rows, strict=True))
    return tuple(min(max(float(length), 9.0), 40.0) for length in longest)
