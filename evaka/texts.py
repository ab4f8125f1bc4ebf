"""Every sentence the program says, by its key, in the reader's language.

config/*/texts/<language>/<feature>.toml hold the words of screens and refusals, config/*/letters/<language>.toml those
of letters; a city's own files win key by key.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from evaka import city
from evaka.kit.dates import finnish
from evaka.kit.errors import ConfigMistake, Refused

LANGUAGES = ("fi", "sv", "en")
_READ = ", ".join(LANGUAGES)
_before_capital = re.compile(r"(?<!^)(?=[A-Z])")


class _Spoken(string.Formatter):
    """Days as 1.8.2026, moments as 1.8.2026 7.45; lists of words that the texts know are said in the language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec:
            return spoken(value, self.language)
        return str(super().format_field(value, format_spec))


def spoken(value: Any, language: str) -> str:
    """A fact as people write it."""
    match value:
        case datetime():
            return f"{finnish(value.date())} {value.hour}.{value.minute:02}"
        case date():
            return finnish(value)
        case time():
            return f"{value.hour}.{value.minute:02}"
        case Decimal():
            return f"{value:f}".replace(".", ",")
        case list() | tuple():
            return ", ".join(spoken(one, language) for one in value)
        case Mapping():  # the names of one thing by language, as a city's table gives them
            return str(value.get(language) or value.get(LANGUAGES[0], ""))
        case set() | frozenset():  # in the same order each time
            return ", ".join(sorted(spoken(one, language) for one in value))
        case Refused():  # one refusal among the facts of another
            return explain(value, language)
        case None:
            return "–"
        case bool():
            return say("yes" if value else "no", language)
        case StrEnum():
            return say(enum_key(value), language)
        case str() if "." in value and value in words(language):  # a key among the facts is said in words
            return say(value, language)
    return str(value)


def enum_key(value: StrEnum) -> str:
    """DecisionStatus.SENT -> decision_status.sent"""
    return f"{_before_capital.sub('_', type(value).__name__).lower()}.{value.value}"


def _files(language: str) -> tuple[str, str]:
    return f"texts/{language}/*.toml", f"letters/{language}.toml"


@city.remember
def words(language: str) -> dict[str, str]:
    """All texts of a language."""
    merged: dict[str, str] = {}
    for pattern in _files(language):
        for file in city.layers(pattern):
            found = city.tables(file)
            for key, text in found.items():
                _check_text(file, key, text, merged.get(key))
            merged |= found
    return merged


def mistakes() -> list[ConfigMistake]:
    """Everything that is wrong in the texts and letters of the chosen city, in all languages.

    A key of the city that the base does not know is said by nobody.
    """
    found = [
        ConfigMistake(str(path.relative_to(city.CONFIG)), "nobody reads this language", f"Read are {_READ}.")
        for path in [*city.layers("texts/*"), *city.layers("letters/*.toml")] if path.stem not in LANGUAGES
    ]
    for language in LANGUAGES:
        of_base: dict[str, str] = {}
        files = [file for pattern in _files(language) for file in city.layers(pattern)]
        for file in sorted(files, key=lambda file: not file.is_relative_to(city.CONFIG / "base")):
            name = str(file.relative_to(city.CONFIG))
            try:
                held = city.tables(file)
            except ConfigMistake as mistake:
                found.append(mistake)
                continue
            own = not file.is_relative_to(city.CONFIG / "base")
            for key, text in held.items():
                if own and key not in of_base:
                    near = get_close_matches(key, of_base, 3) or sorted(of_base)[:1]
                    found.append(ConfigMistake(f"{name}, {key}", "nobody says this", f"Near it is {', '.join(near)}."))
                    continue
                try:
                    _check_text(file, key, text, of_base.get(key))
                except ConfigMistake as mistake:
                    found.append(mistake)
            of_base |= {} if own else {key: text for key, text in held.items() if isinstance(text, str)}
    return found


def _check_text(file: Path, key: str, text: Any, earlier: str | None) -> None:
    """A text of a city may leave out a fact that the base's text tells, but there are no others to tell."""
    def mistake(what: str, how: str) -> ConfigMistake:
        return ConfigMistake(f"{file.relative_to(city.CONFIG)}, {key}", what, how)

    if not isinstance(text, str):
        raise mistake("this is not a text", "Put the whole key in quotation marks, and the text too.")
    try:
        gaps = _gaps(text)
    except ValueError as no:
        raise mistake(f"a brace is not in order ({no})", "Write a gap as {start}.") from None
    if earlier is not None and (unknown := gaps - _gaps(earlier)):
        known = ", ".join(sorted(_gaps(earlier))) or "none"
        raise mistake(f"nobody fills the gap {', '.join(sorted(unknown))}", f"The gaps are: {known}.")


@lru_cache(maxsize=50_000)  # all texts of all languages
def _gaps(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def say(key: str, language: str = "fi", /, **facts: Any) -> str:
    """The sentence, its gaps filled; a key without words shows as itself in brackets, and a test looks for those."""
    text = words(language).get(key)
    if text is None:
        return f"[{key}]"
    return _Spoken(language).vformat(text, (), facts) if facts else text


def knows(key: str) -> bool:
    return key in words(LANGUAGES[0])


def explain(no: Refused, language: str = "fi") -> str:
    """What was wanted, what is allowed, what to do now."""
    return say(no.key, language, **no.facts)
