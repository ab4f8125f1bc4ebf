"""Money is a whole number of cents, from the database to the letter.  Never a float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

Cents = int

_WRITTEN = re.compile(r"([-−]?)(\d{1,3}(?: \d{3})+|\d+)(?:[,.](\d{1,2}))?(?: ?€)?")
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\t", " "))


def whole_euros(cents: Decimal | int) -> Cents:
    """Round to the nearest euro, halves up; the law states fees in whole euros."""
    return int((Decimal(cents) / 100).quantize(Decimal(1), ROUND_HALF_UP)) * 100


def euros(cents: Cents) -> str:
    """12345678 -> '123 456,78 €', as money is written in Finland, with no-break spaces."""
    sign, cents = ("−", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100:,}".replace(",", "\u00a0") + f",{cents % 100:02}\u00a0€"


def written(text: str) -> Cents:
    """What a person wrote as money: '1 234,50', '1234.5', '12 €', '−3,00'.  Raises ValueError for anything
    else.

    >>> written("1 234,50 €"), written("-0,05")
    (123450, -5)
    """
    found = _WRITTEN.fullmatch(text.translate(_SPACES).strip())
    if found is None:
        raise ValueError(f"{text!r} is not an amount of money")
    sign, whole, part = found.groups()
    cents = int(whole.replace(" ", "")) * 100 + int((part or "0").ljust(2, "0"))
    return -cents if sign else cents
