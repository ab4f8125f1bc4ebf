"""What a city asks besides: questions of its own, kept as a table that its staff edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from evaka.kit.dates import DateRange
from evaka.rules.application import ApplicationKind

LONGEST = 2000  # letters of an answer


class QuestionKind(StrEnum):
    """How a question is answered."""

    TICK = "tick"
    WORDS = "words"
    CHOICE = "choice"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `text`, `help` and each of `options` are by language.

    `kinds` are the applications that ask it, `valid` the days on which it is asked; what was answered stays.
    `secret` answers make an application confidential.
    """

    key: str
    text: Mapping[str, str]
    kind: QuestionKind
    valid: DateRange
    kinds: frozenset[ApplicationKind] = frozenset(ApplicationKind)
    help: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    needed: bool = False
    secret: bool = False
    order: int = 0

    def __post_init__(self) -> None:
        if (self.kind is QuestionKind.CHOICE) != bool(self.options):
            raise ValueError("options belong to a choice, and only to one", "Give them, or another kind.")
        if self.needed and self.kind is QuestionKind.TICK:
            raise ValueError("a tick is answered by leaving it too", "Leave needed out, or ask for a choice.")


def asked(questions: Iterable[Question], kind: ApplicationKind, day: date) -> list[Question]:
    """The questions of a kind of application on a day, in the city's order."""
    mine = (one for one in questions if kind in one.kinds and day in one.valid)
    return sorted(mine, key=lambda one: one.order)


def unanswered(questions: Iterable[Question], answers: Mapping[str, Any]) -> Iterator[Question]:
    """Those that must be answered and are not."""
    return (one for one in questions if one.needed and answers.get(one.key) in (None, ""))


def is_secret(questions: Iterable[Question], answers: Mapping[str, Any]) -> bool:
    """Whether something was answered that others must not read."""
    return any(one.secret and answers.get(one.key) not in (None, "", False) for one in questions)
