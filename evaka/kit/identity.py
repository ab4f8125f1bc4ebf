"""The Finnish personal identity code: its form, its check character, and the day of birth it tells.

Law: Act on the Population Information System (661/2009) and the separators in use since 2023.
`DDMMYY` + a separator that tells the century + an individual number 002–999 + a check character.
Individual numbers 900–999 are temporary or made for tests and never identify a person in the register.
"""

from __future__ import annotations

import re
from datetime import date

from evaka.kit.errors import Refused

CENTURIES = {"+": 1800} | dict.fromkeys("-YXWVU", 1900) | dict.fromkeys("ABCDEF", 2000)
CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
SMALLEST_NUMBER = 2  # 000 and 001 are given to nobody
TEST_NUMBERS = range(900, 1000)

_FORM = re.compile(rf"([0-9]{{6}})([{re.escape(''.join(CENTURIES))}])([0-9]{{3}})([{CHECK_CHARACTERS}])")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_INSIDE = re.compile(
    rf"(?<!\d)(\d{{6}} ?[{re.escape(''.join(CENTURIES))}‐‑‒–—−]) ?\d{{3}}[{CHECK_CHARACTERS}](?![^\W_])", re.IGNORECASE
)


def check(code: str) -> str:
    """The code as it is stored: capital letters, no spaces, a plain hyphen.

    Refuses what cannot be a personal identity code.  The facts never hold the whole code: refusals end in
    logs.

    >>> check(" 131052-308t ")
    '131052-308T'
    """
    normalised = "".join(code.split()).translate(_DASHES).upper()
    found = _FORM.fullmatch(normalised)
    if found is None:
        raise Refused("person.identity_code_form", length=len(normalised))
    digits, separator, number, character = found.groups()
    if _day(digits, separator) is None:
        raise Refused("person.identity_code_date", birthday=digits, separator=separator)
    if int(number) < SMALLEST_NUMBER:
        raise Refused("person.identity_code_number", number=number)
    if character != _check_character(digits, number):
        raise Refused("person.identity_code_check", character=character)
    return normalised


def hidden(text: str) -> str:
    """A text without the personal part of any code in it, for journals and logs.

    >>> hidden("haku: 131052-308T")
    'haku: 131052-…'
    """
    return _INSIDE.sub(r"\1…", text)


def born(code: str) -> date:
    """The day of birth that a code tells; refuses what `check` refuses."""
    code = check(code)
    return date(CENTURIES[code[6]] + int(code[4:6]), int(code[2:4]), int(code[:2]))


def is_test(code: str) -> bool:
    """Whether the code is temporary or made for tests (900–999); refuses what `check` refuses."""
    return int(check(code)[7:10]) in TEST_NUMBERS


def made(born: date, number: int) -> str:
    """A code for an invented person: `number` is 900–999, so that it is nobody's.

    >>> made(date(2022, 5, 1), 901)
    '010522A901D'
    """
    if number not in TEST_NUMBERS:
        raise ValueError(f"an invented person has an individual number from 900 to 999, not {number}")
    separators = {1800: "+", 1900: "-", 2000: "A"}
    century = born.year // 100 * 100
    if century not in separators:
        raise ValueError(f"no separator tells the century of {born}")
    digits = f"{born:%d%m%y}"
    return f"{digits}{separators[century]}{number}{_check_character(digits, str(number))}"


def _day(digits: str, separator: str) -> date | None:
    try:
        return date(CENTURIES[separator] + int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError:
        return None


def _check_character(digits: str, number: str) -> str:
    return CHECK_CHARACTERS[int(digits + number) % 31]
