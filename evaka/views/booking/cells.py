"""Days in a few signs: how a cell of a grid is written, and what is meant by what was typed into one."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.attendance import AbsenceKind, away_all_day
from evaka.rules.booking import Span, day_of
from evaka.rules.booking.day import Ask, Asked, DayFacts
from evaka.rules.calendar import holiday
from evaka.texts import LANGUAGES, say
from evaka.views.forms import NotATime, clock_of
from evaka.views.page import told, word_of

WORDS = {"away": Asked(Ask.AWAY), "sick": Asked(Ask.AWAY, kind=AbsenceKind.SICK), "present": Asked(Ask.PRESENT)}
CLOCK = r"\d{1,2}(?:[.:]\d\d)?"
PAIR = re.compile(rf"({CLOCK})\s*[-–—]\s*({CLOCK})")
OTHER = re.compile(r"[^\d.:\s,;+\-–—]")


def short(period: DateRange) -> dict[str, str]:
    """The ends of a week without its year."""
    return {name: f"{day.day}.{day.month}." for name, day in (("first", period.start), ("last", period.last_day))}


def times_in_words(facts: DayFacts) -> str:
    """8.00–16.00, 18.00–20.00; that the child comes, where no times are told yet."""
    return ", ".join(span.words if span else told("booking.cell.present") for span in facts.booked)


def is_away(facts: DayFacts) -> bool:
    return bool(facts.absences) and away_all_day(facts.absences.keys(), facts.care_type)


def kind_in_words(facts: DayFacts) -> str:
    kinds = list(dict.fromkeys(noted.kind for _, noted in sorted(facts.absences.items())))
    return ", ".join(map(word_of, kinds))


def cell(facts: DayFacts) -> str:
    """A day as it stands in a cell that can be typed over."""
    if is_away(facts):
        kinds = {noted.kind for noted in facts.absences.values()}
        return told("booking.cell.sick" if kinds == {AbsenceKind.SICK} else "booking.cell.away")
    return times_in_words(facts)


def asked_of(typed: str) -> Asked:
    """What is meant by 8-16, 8.30-12 13-15.45, away, sick, comes, or nothing at all; in any of the languages."""
    text = " ".join(typed.casefold().split())
    if text in ("", "-"):
        return Asked(Ask.NOTHING)
    for word, asked in WORDS.items():
        for language in LANGUAGES:
            whole = say(f"booking.cell.{word}", language).casefold()
            if text == whole or (len(text) == 1 and word != "present" and text == whole[0]):
                return asked
    pairs = PAIR.findall(text)
    if not pairs or OTHER.search(text) or len(re.findall(CLOCK, text)) != 2 * len(pairs):
        raise Refused("booking.cell.unread", typed=typed)
    return Asked(Ask.TIMES, day_of(Span(_clock(begins, typed), _clock(ends, typed)) for begins, ends in pairs))


def _clock(text: str, typed: str) -> time:
    try:
        return clock_of(text)
    except NotATime:
        raise Refused("booking.cell.unread", typed=typed) from None


def badge_of(facts: DayFacts) -> tuple[str, str] | None:
    """(look, words) of what stands out on a day."""
    if is_away(facts):
        return "bad" if AbsenceKind.SICK in {one.kind for one in facts.absences.values()} else "", kind_in_words(facts)
    if facts.absences and facts.booked:
        return "", told("booking.part_day")
    return None


def why_shut(facts: DayFacts, closed: dict[Any, str]) -> str:
    """Why there is no care on a day: a public holiday, a closure with its reason, or simply a day off."""
    if (named := holiday(facts.day)) is not None:
        return told(named)
    return closed.get(facts.day) or told("booking.no_care_day")
