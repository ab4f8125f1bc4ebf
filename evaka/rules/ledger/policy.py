"""Where things are handed over, and what a city has decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from evaka.kit.plain import nearest


class Channel(StrEnum):
    """To whom: in each channel an invoice or a payment is handed over once."""

    LEDGER = "ledger"
    FINVOICE = "finvoice"
    BANK = "bank"


@dataclass(frozen=True)
class FinvoicePolicy:
    """[finvoice] E-invoices.  Without addresses of the operators a message has no transmission details.

    `from_id` and `from_operator` are the city's own e-invoicing address and its operator; `to_id` and `to_operator`
    those of the print service or operator that takes them on.  `batches`: they are handed over as files, in each of
    which are `most` messages at most.
    """

    batches: bool = False
    most: int = 5000
    since: date | None = None
    from_id: str = ""
    from_operator: str = ""
    to_id: str = ""
    to_operator: str = ""

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ValueError(f"most is {self.most}", "A file holds one message at least.")
        given = [bool(one) for one in (self.from_id, self.from_operator, self.to_id, self.to_operator)]
        if any(given) and not all(given):
            raise ValueError(
                "only some of from_id, from_operator, to_id and to_operator are given", "Give all four, or none."
            )


@dataclass(frozen=True)
class PaymentPolicy:
    """[bank] The account from which private units are paid, and what the bank is told."""

    name: str
    iban: str
    bic: str
    since: date | None = None
    version: str = "pain.001.001.03"

    def __post_init__(self) -> None:
        known = ("pain.001.001.03", "pain.001.001.09")
        if self.version not in known:
            raise ValueError(f"version is {self.version}", f"The versions are {', '.join(known)}: ask the bank.")
        if not 2 <= len(self.name) <= 70:
            raise ValueError(f'name is "{self.name}"', "Give the payer's name in 2 to 70 letters.")


def file_name(pattern: str, *, number: int, day: date) -> str:
    """The name of a file by the city's pattern, with `{number}` and `{day}` (20260801) in their places.

    Letters that not every system takes for a name become a hyphen.

    >>> file_name("laskut_{day}_{number}.csv", number=7, day=date(2026, 8, 1))
    'laskut_20260801_7.csv'
    """
    filled = pattern.replace("{number}", str(number)).replace("{day}", f"{day:%Y%m%d}")
    plain = nearest(filled, "ascii")
    return "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in plain).lstrip(".")
