"""People as the office knows them: how a name is shown, found and sorted, and who may be the same.

Law: Act on the Population Information System (661/2009), 36 § (a restriction for reasons of safety).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from evaka.kit.dates import age

Id = TypeVar("Id", int, str)
OWN_LETTERS = "åäöÅÄÖ"  # letters of their own in Finnish and Swedish, not accents on a and o
ADULT = 18  # years
WORD_START = "·"  # in search keys, so that a name is found by its beginning: "aino" does not find Väinö

_WORDS = re.compile(r"[^\s,;/·]+")
_PHONE = re.compile(r"(?<![^\s,;/])\(?[+0][\d\s()-]{3,}\d(?![^\s,;/])")
_FINLAND = re.compile(r"(?:\+|00)?358(?=\d{4})0?")  # a number is the same with and without it
_CODE = re.compile(r"\d{6}[-+a-fu-y]\d{1,3}[0-9a-y]?")


def full_name(first_name: str, last_name: str) -> str:
    """As a name is read aloud and printed on letters: first names before the last name."""
    return f"{first_name.strip()} {last_name.strip()}".strip()


def call_name(first_name: str, last_name: str, preferred_name: str | None) -> str:
    """As somebody is called at home and in the group.

    >>> call_name("Aino Maria", "Virta", None)
    'Aino'
    """
    return preferred_name or (first_name.split() or [last_name])[0]


def listed_name(first_name: str, last_name: str) -> str:
    """As a name stands in lists: the last name first."""
    return f"{last_name.strip()} {first_name.strip()}".strip()


def fold(text: str) -> str:
    """Small letters without accents; å, ä and ö stay, as they are letters of their own.

    >>> fold("Ådahl-Méndez Väinö Øyvind")
    'ådahl-mendez väinö oyvind'
    """
    return "".join(
        one if one in OWN_LETTERS else _bare(one) for one in unicodedata.normalize("NFC", text)
    ).lower()


def fold_all(text: str) -> str:
    """Small letters of the English alphabet, for whoever types without å, ä and ö.

    >>> fold_all("Väinö Åström O’Brien")
    'vaino astrom obrien'
    """
    return _bare(text).lower()


_WITHOUT_MARK = str.maketrans(
    {"ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "AE"}
    | dict.fromkeys("'’‘´`")
)


def _bare(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.translate(_WITHOUT_MARK))
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def search_key(*parts: str | None) -> str:
    """What a row is found by, and equally what is sought: words, each with a mark where it begins.

    A row is found when every word of the key of what is sought is the beginning of a word of its own key.  Case
    and accents do not count, å ä ö among them: whoever types "vaino" or "väinö" finds Väinö and Vaino.  A
    telephone number is one word, however it is grouped and with or without the country; so is an identity code,
    whatever sign stands in it for the century.

    >>> search_key("Mäki-Aho", "Väinö", None, "+358 40 123 4567", "010522A901L")
    '·maki-aho ·aho ·vaino ·0401234567 ·010522901l'
    """
    found = dict.fromkeys(word for part in parts for word in _words(part or ""))
    return " ".join(f"{WORD_START}{word}" for word in found if word)


def _words(part: str) -> Iterator[str]:
    for number in _PHONE.findall(part):
        yield _dialled("".join(one for one in number if one.isdigit() or one == "+"))
    for word in _WORDS.findall(_PHONE.sub(" ", part)):
        plain = fold_all(word)
        if _CODE.fullmatch(plain):
            yield plain[:6] + plain[7:]
        elif plain.isdigit():
            yield _dialled(plain)
        else:
            yield plain
            yield from plain.split("-")[1:]


def _dialled(number: str) -> str:
    """A telephone number as it is dialled in Finland; of other countries without the sign in front."""
    return _FINLAND.sub("0", number, count=1) if _FINLAND.match(number) else number.removeprefix("00").lstrip("+")


_ORDER = str.maketrans({"å": "{", "ä": "|", "ö": "}", "æ": "|", "ø": "}"})


def sort_key(*names: str) -> str:
    """Sorts as a Finnish directory does when compared byte by byte: … z å ä ö; other accents do not count.

    The names are told apart by a space, which comes before every letter, so Aho Ville comes before Ahola
    Aino.

    >>> sorted(["Ärje", "Öhman", "Zidan", "Åberg"], key=sort_key)
    ['Zidan', 'Åberg', 'Ärje', 'Öhman']
    """
    words = " ".join(" ".join(_WORDS.findall(name)) for name in names).lower()
    return "".join(
        one.translate(_ORDER) if one in _ORDERED else _bare(one)
        for one in unicodedata.normalize("NFC", words)
    )


_ORDERED = frozenset("åäöæø")


@dataclass(frozen=True, slots=True)
class Known(Generic[Id]):
    """What is needed to see whether two rows are one person."""

    id: Id
    first_name: str
    last_name: str
    born: date
    identity_code: str | None = None


def same_person(people: Iterable[Known[Id]]) -> list[tuple[Id, ...]]:
    """Rows that are probably one person entered twice, in the order given; somebody must look.

    Equal are the day of birth, the last name and the first of the first names, and at least one has no
    identity code: two different codes are always two people.
    """
    alike: dict[tuple[date, str, str], list[Known[Id]]] = {}
    for person in people:
        first = _WORDS.findall(fold(person.first_name))[:1]
        if first and person.last_name.strip():
            key = (person.born, "".join(_WORDS.findall(fold(person.last_name))), first[0])
            alike.setdefault(key, []).append(person)
    return [
        tuple(person.id for person in group)
        for group in alike.values()
        if len(group) > 1 and any(person.identity_code is None for person in group)
    ]


def age_facts(born: date, day: date) -> tuple[str, dict[str, int]]:
    """The key of the words for an age, and its facts: months count until the child is three.

    >>> age_facts(date(2024, 6, 1), date(2026, 3, 1))
    ('person.age_years_months', {'years': 1, 'months': 9})
    """
    if day < born:
        return "person.not_born_yet", {}
    years, months = age(born, day)
    if years == 0:
        return ("person.age_month" if months == 1 else "person.age_months"), {"months": months}
    if years < 3 and months:
        return "person.age_years_months", {"years": years, "months": months}
    return ("person.age_year" if years == 1 else "person.age_years"), {"years": years}


def is_adult(born: date, day: date) -> bool:
    return age(born, day)[0] >= ADULT


def address_lines(
    street: str | None, postal_code: str | None, post_office: str | None, *, restricted: bool
) -> tuple[str, ...]:
    """The address as it is written on an envelope; nothing at all for whom it is restricted (36 §)."""
    if restricted:
        return ()
    town = " ".join(part.strip() for part in (postal_code, post_office) if part and part.strip())
    return tuple(line for line in ((street or "").strip(), town) if line)


def same_address(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two people live together, by their address lines; never by an empty address."""
    if len(one) < 2 or "poste restante" in one[0].lower():
        return False
    return [line.casefold() for line in one] == [line.casefold() for line in other]
