"""How a figure came to be: one line of reckoning, with its law and its rounding.

A step is facts, not a sentence: `key` names the words in the reader's language, `arithmetic` is the same in
all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from evaka.kit.money import Cents, euros, whole_euros

GAP = "\u00a0"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an explanation; `result` is the figure in cents that it ends in."""

    key: str
    result: Cents
    arithmetic: str = ""
    law: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def whole_cents(cents: Decimal) -> Cents:
    """Round to the nearest cent, halves away from zero."""
    return int(cents.quantize(Decimal(1), ROUND_HALF_UP))


def money(cents: Cents) -> str:
    """133 € when it is whole euros, otherwise 133,10 €."""
    return euros(cents).replace(",00", "")


def percent(share: Decimal) -> str:
    """0.107 -> '10,7 %'."""
    return f"{number(share * 100)}{GAP}%"


def number(value: Decimal | int) -> str:
    """2.23125 -> '2,23125', without zeros at the end that say nothing; thousands apart as in money."""
    written = f"{Decimal(value).normalize():,f}".replace(",", GAP)
    return written.replace(".", ",").replace("-", "−")


def exactly(cents: Decimal) -> str:
    """133,10 €, or with all its figures when it is no whole number of cents."""
    return euros(int(cents)) if cents == int(cents) else f"{number(cents / 100)}{GAP}€"


def rounded(exact: Decimal, result: Cents) -> str:
    """'133,11 € → 133 €': the exact amount in cents, and what it was rounded to.

    The exact amount is written to the cent, unless rounding to the cent first would lead to another result:
    then all its figures are shown, so that the reader can follow.
    """
    to_the_cent = whole_cents(exact)
    if exact == result:
        return money(result)
    hides = exact != to_the_cent and (to_the_cent == result or whole_euros(to_the_cent) != result)
    before = f"{number(exact / 100)}{GAP}€" if hides else euros(to_the_cent)
    return f"{before} → {money(result)}"
