"""How the ledger's file is laid out: which facts of an invoice stand in which column, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from evaka.kit.dates import DateRange


class FileKind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    FIXED = "fixed"  # every column has its width


class Each(StrEnum):
    """Of what there is a line."""

    START = "start"  # one at the beginning of the file
    INVOICE = "invoice"
    CHILD = "child"  # one before the rows of each child
    ROW = "row"
    END = "end"


class Kind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DAY = "day"
    FLAG = "flag"


class Form(StrEnum):
    """How a fact is written."""

    PLAIN = "plain"
    COMMA = "comma"  # 12,50
    POINT = "point"  # 12.50
    DIGITS = "digits"  # 1250: the decimals without a sign between
    FINNISH = "finnish"  # 1.8.2026
    DOTTED = "dotted"  # 01.08.2026
    ISO = "iso"  # 2026-08-01
    COMPACT = "compact"  # 20260801
    SHORT = "short"  # 260801
    MONTH = "month"  # 08/2026
    MONTH_DIGITS = "month_digits"  # 202608
    MONTH_DOTTED = "month_dotted"  # 08.2026


DAYS: Mapping[Form, str] = {
    Form.DOTTED: "%d.%m.%Y", Form.ISO: "%Y-%m-%d", Form.COMPACT: "%Y%m%d", Form.SHORT: "%y%m%d", Form.MONTH: "%m/%Y",
    Form.MONTH_DIGITS: "%Y%m", Form.MONTH_DOTTED: "%m.%Y",
}
FORMS: Mapping[Kind, frozenset[Form]] = {
    Kind.TEXT: frozenset({Form.PLAIN}),
    Kind.FLAG: frozenset({Form.PLAIN}),
    Kind.NUMBER: frozenset({Form.PLAIN, Form.COMMA, Form.POINT, Form.DIGITS}),
    Kind.MONEY: frozenset({Form.COMMA, Form.POINT, Form.DIGITS}),
    Kind.DAY: frozenset({Form.FINNISH, *DAYS}),
}
USUAL: Mapping[Kind, Form] = {
    Kind.TEXT: Form.PLAIN, Kind.FLAG: Form.PLAIN, Kind.NUMBER: Form.PLAIN, Kind.MONEY: Form.COMMA,
    Kind.DAY: Form.FINNISH,
}

_OF_FILE = {
    "batch.number": Kind.NUMBER, "batch.day": Kind.DAY, "batch.count": Kind.NUMBER, "batch.total": Kind.MONEY,
    "city.name": Kind.TEXT, "city.business_id": Kind.TEXT, "city.iban": Kind.TEXT, "city.bic": Kind.TEXT,
}
_OF_INVOICE = {
    "invoice.number": Kind.NUMBER, "invoice.credit": Kind.FLAG, "invoice.day": Kind.DAY, "invoice.due": Kind.DAY,
    "invoice.month": Kind.DAY, "invoice.month_end": Kind.DAY, "invoice.total": Kind.MONEY, "invoice.sign": Kind.TEXT,
    "invoice.reference": Kind.TEXT, "invoice.rf": Kind.TEXT, "invoice.replaces": Kind.NUMBER,
    "head.name": Kind.TEXT, "head.last_name": Kind.TEXT, "head.first_name": Kind.TEXT, "head.recipient": Kind.TEXT,
    "head.identity_code": Kind.TEXT, "head.street": Kind.TEXT, "head.postal_code": Kind.TEXT,
    "head.post_office": Kind.TEXT, "head.language": Kind.TEXT, "head.restricted": Kind.FLAG,
    "codebtor.name": Kind.TEXT, "codebtor.identity_code": Kind.TEXT,
}
_OF_CHILD = {"child.name": Kind.TEXT, "child.last_name": Kind.TEXT, "child.first_name": Kind.TEXT}
_OF_ROW = {
    "row.place": Kind.NUMBER, "row.start": Kind.DAY, "row.end": Kind.DAY, "row.amount": Kind.NUMBER,
    "row.unit_price": Kind.MONEY, "row.price": Kind.MONEY, "row.sign": Kind.TEXT,
    "product.key": Kind.TEXT, "product.name": Kind.TEXT, "product.code": Kind.TEXT, "product.account": Kind.TEXT,
    "product.vat": Kind.TEXT, "unit.name": Kind.TEXT, "unit.cost_centre": Kind.TEXT, "unit.area": Kind.TEXT,
    "unit.area_code": Kind.TEXT, "unit.provider": Kind.TEXT, "unit.family_day_care": Kind.FLAG,
}
FACTS: Mapping[str, Kind] = {**_OF_FILE, **_OF_INVOICE, **_OF_CHILD, **_OF_ROW}
KNOWN: Mapping[Each, frozenset[str]] = {
    Each.START: frozenset(_OF_FILE),
    Each.END: frozenset(_OF_FILE),
    Each.INVOICE: frozenset(_OF_FILE) | frozenset(_OF_INVOICE),
    Each.CHILD: frozenset(_OF_FILE) | frozenset(_OF_INVOICE) | frozenset(_OF_CHILD),
    Each.ROW: frozenset(FACTS),
}


@dataclass(frozen=True)
class Column:
    """A `fact`, or a constant `text`, or nothing but `width` spaces.

    `decimals` are those of money and numbers: 1250 cents with four are 12,5000.  `fill` stands where `width` is not
    used up: to the left of a number and of what is set to the `right`.  A text that is too long is cut; a number is
    refused, as is an empty fact that is `required`.  `codes` writes another text for each value of a text fact, and
    nothing for a value that it does not name.
    """

    name: str = ""
    fact: str = ""
    text: str = ""
    form: Form | None = None
    width: int = 0
    right: bool = False
    fill: str = " "
    decimals: int | None = None
    unsigned: bool = False
    required: bool = False
    yes: str = "1"
    no: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.codes and (not self.fact or (self.fact in FACTS and self.kind is not Kind.TEXT)):
            raise ValueError(f'"{self.fact}" has codes', "Only a fact that is a text has them.")
        if self.fact and self.fact not in FACTS:
            raise ValueError(f'nobody knows the fact "{self.fact}"', f"The facts are {', '.join(FACTS)}.")
        if self.fact and self.text:
            raise ValueError(f'the column has both fact "{self.fact}" and a text', "Give one of the two.")
        if self.fact and self.form and self.form not in FORMS[self.kind]:
            known = ", ".join(sorted(FORMS[self.kind]))
            raise ValueError(f'"{self.fact}" cannot be written as {self.form}', f"Choose one of {known}.")
        if len(self.fill) != 1 or self.width < 0 or not 0 <= (self.decimals or 0) <= 6:
            raise ValueError(
                f'width {self.width}, fill "{self.fill}" and decimals {self.decimals} do not go together',
                "fill is one letter, width is not below 0, decimals are 0 to 6.",
            )

    @property
    def kind(self) -> Kind:
        return FACTS[self.fact] if self.fact else Kind.TEXT

    @property
    def written_as(self) -> Form:
        return self.form or USUAL[self.kind]

    @property
    def label(self) -> str:
        """What it is called where something is wrong with it."""
        return self.name or self.fact or self.text


@dataclass(frozen=True)
class Line:
    """The columns of one kind of line; `when` names a fact without which there is no such line."""

    each: Each
    columns: tuple[Column, ...]
    when: str = ""

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError(f"the line of each {self.each} has no columns", "Give it one at least.")
        for fact in filter(None, (self.when, *(column.fact for column in self.columns))):
            if fact in FACTS and fact not in KNOWN[self.each]:
                raise ValueError(
                    f'"{fact}" is not known in a line of each {self.each}', "Move it to a line of each row."
                )
        if self.when and self.when not in FACTS:
            raise ValueError(f'nobody knows the fact "{self.when}"', f"The facts are {', '.join(FACTS)}.")


class Encoding(StrEnum):
    UTF_8 = "utf-8"
    UTF_8_SIG = "utf-8-sig"  # with a byte order mark, by which spreadsheets know it
    ISO_8859_1 = "iso-8859-1"


class Unheld(StrEnum):
    """What to do with a letter that the encoding cannot hold."""

    REFUSE = "refuse"
    NEAREST = "nearest"


class Restricted(StrEnum):
    """What stands in the place of an address that must not be shown (Act 661/2009, 36 §)."""

    OFFICE = "office"  # that of the city's own office
    EMPTY = "empty"


@dataclass(frozen=True)
class Layout:
    """[[table]] The ledger's file in its time; `since` is the day from which sent invoices belong to it.

    `reversals`: an invoice that was handed over and then replaced is handed over once more, with its signs turned.
    `zero_totals`: invoices that come to nothing are handed over too.
    """

    valid: DateRange
    kind: FileKind
    file_name: str
    line: tuple[Line, ...]
    header: bool = False
    delimiter: str = ";"
    encoding: Encoding = Encoding.UTF_8
    unheld: Unheld = Unheld.REFUSE
    line_end: str = "\r\n"
    restricted_address: Restricted = Restricted.OFFICE
    reversals: bool = True
    zero_totals: bool = False
    since: date | None = None

    def __post_init__(self) -> None:
        if not self.line:
            raise ValueError("the file has no lines", "Give it one [[table.line]] at least.")
        if self.header and len(self.line) > 1:
            raise ValueError("a header needs lines that are all alike", "Write header = false, or leave one line.")
        if self.header and (nameless := [one.label for one in self.line[0].columns if not one.name]):
            raise ValueError(f'the column "{nameless[0]}" has no name', "Give it one, or write header = false.")
        if self.kind is FileKind.FIXED and (wide := self._without_width()):
            raise ValueError(f'the column "{wide[0]}" has no width', "Give one to each column of a fixed file.")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise ValueError(f"delimiter is {self.delimiter!r}", 'Give one letter: ";", "," or "\\t".')
        if self.line_end not in ("\r\n", "\n"):
            raise ValueError(f"line_end is {self.line_end!r}", 'Write "\\r\\n" or "\\n".')

    def shown_as_text(self) -> Layout:
        """The same lines for a page on which they are looked at: a spreadsheet's cells with semicolons between."""
        return replace(self, kind=FileKind.CSV, delimiter=";", encoding=Encoding.UTF_8)

    def _without_width(self) -> list[str]:
        return [column.label for line in self.line for column in line.columns if not column.width]


@dataclass(frozen=True)
class Product:
    """[products] What the ledger calls a product of invoice rows, and where it books it."""

    code: str = ""
    account: str = ""
    vat: str = ""
    name: str = ""  # instead of our own words
