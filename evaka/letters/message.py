"""A conversation on paper: what was written, by whom and when, in the order in which it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from evaka.letters.letter import Block, Heading, Letter, Sender, Text
from evaka.texts import say


@dataclass(frozen=True)
class Said:
    """One message; `files` are the names of what was attached."""

    who: str
    when: str
    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class ThreadFacts:
    sender: Sender
    day: date
    title: str
    between: str
    said: tuple[Said, ...]


def thread_letter(facts: ThreadFacts, language: str) -> Letter:
    """Each message under who wrote it and when; nobody's address is on it."""
    body: list[Block] = []
    for one in facts.said:
        body += [Heading(f"{one.who}, {one.when}"), *(Text(part) for part in one.text.split("\n") if part.strip())]
        if one.files:
            body.append(Text(say("letter.thread.files", language, files=", ".join(one.files))))
    return Letter(
        title=facts.title, language=language, sender=facts.sender, recipient=(), day=facts.day, body=tuple(body),
        references=((say("letter.thread.between", language), facts.between),),
    )
