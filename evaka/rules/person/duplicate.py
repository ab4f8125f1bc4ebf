"""Who is probably the same person, entered twice: reasons and a score, for somebody to look at.

Two different identity codes are always two people; everything else only raises a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum

from evaka.rules.person import fold, fold_all, same_address

_WORDS = re.compile(r"[^\s,;/·]+")
_COUNTRY = "358"  # Finland's, before numbers written for use from abroad
SPELLED_ALIKE = 0.75  # share of letters in common from which two given names may be one: Mohamed, Muhammad


class Likeness(StrEnum):
    """A reason to think that two rows are one person, with what it weighs in `WEIGHTS`."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"


WEIGHTS = {Likeness.NAME: 50, Likeness.PHONE: 25, Likeness.EMAIL: 25, Likeness.ADDRESS: 15}


@dataclass(frozen=True, slots=True)
class Described:
    """What of a person is compared."""

    first_name: str
    last_name: str
    born: date
    identity_code: str | None = None
    phone: str | None = None
    email: str | None = None
    address: Sequence[str] = ()


def name_key(first_name: str, last_name: str) -> str:
    """The folded last name and the first of the given names; "" when either is missing.

    >>> name_key("Väinö Ilmari", " von  Essen ")
    'vonessen väinö'
    """
    last, given = "".join(_WORDS.findall(fold(last_name))), _given(first_name)
    return f"{last} {given}" if last and given else ""


def phone_key(phone: str | None) -> str:
    """A telephone number however it is written: with spaces, hyphens, or the country's number.

    >>> phone_key("+358 40 555-0100"), phone_key("040 5550100")
    ('0405550100', '0405550100')
    """
    digits = "".join(one for one in phone or "" if one.isdigit()).removeprefix("00")
    if digits.startswith(_COUNTRY):
        digits = "0" + digits.removeprefix(_COUNTRY).removeprefix("0")
    return digits if len(digits) >= 6 else ""


def email_key(email: str | None) -> str:
    return (email or "").strip().lower()


def likeness(one: Described, other: Described) -> tuple[Likeness, ...]:
    """Why the two are probably one person; nothing when they are probably two.

    Of one name and one day of birth are one person only while at least one has no identity code.  Who shares a
    telephone or an e-mail and the day of birth is one person if the given name is the same or spelled nearly so:
    twins share everything but that.
    """
    if one.born != other.born:
        return ()
    if one.identity_code and other.identity_code and one.identity_code != other.identity_code:
        return ()
    found = []
    key = name_key(one.first_name, one.last_name)
    if key and key == name_key(other.first_name, other.last_name):
        found.append(Likeness.NAME)
    if (phone := phone_key(one.phone)) and phone == phone_key(other.phone):
        found.append(Likeness.PHONE)
    if (email := email_key(one.email)) and email == email_key(other.email):
        found.append(Likeness.EMAIL)
    if not found or (Likeness.NAME not in found and not _nearly(one.first_name, other.first_name)):
        return ()
    if same_address(one.address, other.address):
        found.append(Likeness.ADDRESS)
    return tuple(found)


def score(reasons: Sequence[Likeness]) -> int:
    """How sure it is, 0–100: for the order of a list, not for a decision."""
    return min(100, sum(WEIGHTS[reason] for reason in reasons))


def _given(first_name: str) -> str:
    return next(iter(_WORDS.findall(fold(first_name))), "")


def _nearly(one: str, other: str) -> bool:
    first, second = fold_all(_given(one)), fold_all(_given(other))
    return bool(first and second) and SequenceMatcher(None, first, second).ratio() >= SPELLED_ALIKE


def joined(kept: str | None, gone: str | None) -> str | None:
    """Two notes on one person become one; what both say is said once.

    >>> joined("Pähkinä", "Kala"), joined("Pähkinä, kala", "kala"), joined(None, "Kala")
    ('Pähkinä\\nKala', 'Pähkinä, kala', 'Kala')
    """
    first, second = (kept or "").strip(), (gone or "").strip()
    if not second or second.casefold() in first.casefold():
        return kept
    return second if not first or first.casefold() in second.casefold() else f"{first}\n{second}"
