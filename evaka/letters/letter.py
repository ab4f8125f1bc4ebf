"""A letter as a value: who writes to whom, on which day, about what.

The feature modules beside this one turn facts into a Letter; evaka.letters.pdf prints it.  Every text in a
Letter is finished, in the letter's language; equal letters print as equal bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from evaka import city
from evaka.kit.money import Cents

DEFAULT_ACCENT = "#1f4e79"


@dataclass(frozen=True)
class Sender:
    """The authority that writes.  `accent` is its one colour, dark enough to read on white."""

    name: str
    department: str
    address: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()  # telephone, e-mail, business identity code
    accent: str = DEFAULT_ACCENT


@dataclass(frozen=True)
class Heading:
    text: str


@dataclass(frozen=True)
class Text:
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and values, one under the other."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rows:
    """A table.  `numeric` columns (0 is the first) are set to the right; `widths` are shares of the whole
    width.

    `total` is a last row, set in bold and never alone on a page.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numeric: frozenset[int] = frozenset()
    total: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        lines = (self.header, self.widths, *self.rows, *((self.total,) if self.total else ()))
        if {len(line) for line in lines} != {len(self.header)}:
            raise ValueError(
                f"every row of a table has {len(self.header)} cells, as its header {self.header}"
            )


@dataclass(frozen=True)
class Step:
    """One step of a reckoning: what is reckoned, the arithmetic with its result, and the rule behind it."""

    heading: str
    arithmetic: str
    rule: str = ""


@dataclass(frozen=True)
class Steps:
    """An explanation, step by step."""

    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Payment:
    """The part of an invoice that one pays from: `iban` and `reference` as stored, `barcode` as 54 digits.

    `rf` is an RF reference that may be used instead.
    """

    payee: str
    iban: str
    bic: str
    reference: str
    due: date
    amount: Cents
    barcode: str
    rf: str = ""


Block = Heading | Text | Facts | Rows | Steps | Payment


@dataclass(frozen=True)
class Letter:
    """A letter on A4.  `recipient` is what shows in the window of the envelope, `references` stand beside it.

    A person whose address is protected is a recipient of one line: the name.  `secrecy` is the stamp of a
    secret document, with its legal ground.
    """

    title: str
    language: str
    sender: Sender
    recipient: tuple[str, ...]
    day: date
    body: tuple[Block, ...]
    references: tuple[tuple[str, str], ...] = ()
    secrecy: str = ""


def city_sender(language: str) -> Sender:
    """The city's early education as a sender, from the table [city] of city.toml."""
    table = city.read("city")["city"]
    return Sender(
        name=table["name"],
        department=table["department"][language],
        address=tuple(table["address"]),
        contacts=(table["phone"], table["email"], table["business_id"]),
        accent=table["accent"],
    )
