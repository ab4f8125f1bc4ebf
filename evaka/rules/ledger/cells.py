"""An invoice's facts as the cells of a line, by the city's layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from evaka.kit.dates import finnish
from evaka.kit.errors import Refused
from evaka.kit.plain import nearest, one_line, unheld
from evaka.rules.income import Id
from evaka.rules.ledger.layout import DAYS, Column, Each, FileKind, Form, Kind, Layout, Line, Unheld

Facts = Mapping[str, Any]
FORMULA = ("=", "+", "-", "@")  # what a spreadsheet would run
CENTS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A row of an invoice: its child, and the facts of child, unit, product and row."""

    child: Id
    facts: Facts


@dataclass(frozen=True, slots=True)
class Entry:
    """An invoice on its way to the ledger: its own facts, and those of its rows."""

    facts: Facts
    rows: tuple[Part, ...]


def lines(layout: Layout, batch: Facts, entries: Iterable[Entry]) -> Iterator[tuple[Line, Facts]]:
    """Every line of the file, with all facts that are known in it, in order.

    Within an invoice first the lines of the invoice; then of each child in turn its own lines, and those of its rows.
    """
    yield from _some(layout, Each.START, batch)
    for entry in entries:
        known = {**batch, **entry.facts}
        yield from _some(layout, Each.INVOICE, known)
        before: Id | None = None
        for part in entry.rows:
            facts = {**known, **part.facts}
            if part.child != before:
                yield from _some(layout, Each.CHILD, facts)
                before = part.child
            yield from _some(layout, Each.ROW, facts)
    yield from _some(layout, Each.END, batch)


def _some(layout: Layout, each: Each, facts: Facts) -> Iterator[tuple[Line, Facts]]:
    for line in layout.line:
        if line.each is each and (not line.when or facts.get(line.when) not in (None, "", False, 0)):
            yield line, facts


def cells(layout: Layout, line: Line, facts: Facts) -> list[str]:
    """A line as text, a cell a column.  Refused tells which column of which invoice cannot be written, and why."""
    return [_held(layout, column, _written(layout, column, facts), facts) for column in line.columns]


def check_entry(layout: Layout, batch: Facts, entry: Entry) -> None:
    """Refused tells why an invoice cannot be written by the layout."""
    for line, facts in lines(layout, batch, [entry]):
        if layout.kind is FileKind.XLSX:
            for column in line.columns:
                typed(column, facts)
        else:
            cells(layout, line, facts)


def typed(column: Column, facts: Facts) -> str | int | Decimal | date:
    """A cell of a spreadsheet: numbers, money and days as what they are, everything else as text."""
    value = _value(column, facts)
    if value in (None, "") or column.kind in (Kind.TEXT, Kind.FLAG):
        return _plain(column, value)
    form = column.written_as
    if column.kind is Kind.DAY:
        return value if form in (Form.FINNISH, Form.DOTTED, Form.ISO) else _day(form, value)
    value = abs(value) if column.unsigned else value
    if form is Form.DIGITS:
        return int(_number(column, value))
    return Decimal(value).scaleb(-CENTS) if column.kind is Kind.MONEY else int(value)


def _written(layout: Layout, column: Column, facts: Facts) -> str:
    value = _value(column, facts)
    if value in (None, "") or column.kind in (Kind.TEXT, Kind.FLAG):
        text = _plain(column, value)
        if layout.kind is FileKind.CSV and column.fact and text.startswith(FORMULA):
            text = f"'{text}"
    elif column.kind is Kind.DAY:
        text = _day(column.written_as, value)
    else:
        text = _number(column, value)
    return _padded(column, text, facts) if column.width else text


def _value(column: Column, facts: Facts) -> Any:
    value = facts.get(column.fact) if column.fact else column.text
    if column.codes:
        value = column.codes.get(str(value), "")
    if column.required and value in (None, ""):
        raise Refused("ledger.missing", column=column.label, fact=column.fact, invoice=facts.get("invoice.number"))
    return value


def _plain(column: Column, value: Any) -> str:
    if column.kind is Kind.FLAG:
        return column.yes if value else column.no
    return one_line(str(value)) if column.fact and value is not None else str(value or "")


def _day(form: Form, day: date) -> str:
    return f"{day:{DAYS[form]}}" if form in DAYS else finnish(day)


def _number(column: Column, value: int) -> str:
    """Money is cents, other numbers are whole."""
    value = abs(value) if column.unsigned else value
    if column.written_as is Form.PLAIN:
        return str(value)
    has = CENTS if column.kind is Kind.MONEY else 0
    decimals = has if column.decimals is None else column.decimals
    text = f"{Decimal(value).scaleb(-has):.{decimals}f}"
    return text.replace(".", {Form.COMMA: ",", Form.POINT: ".", Form.DIGITS: ""}[column.written_as])


def _padded(column: Column, text: str, facts: Facts) -> str:
    numeric = column.kind in (Kind.MONEY, Kind.NUMBER)
    if len(text) > column.width:
        if column.kind is not Kind.TEXT:
            raise Refused(
                "ledger.too_long", column=column.label, text=text, width=column.width,
                invoice=facts.get("invoice.number"),
            )
        return text[: column.width]
    if not (numeric or column.right):
        return text.ljust(column.width, column.fill)
    sign = "-" if column.fill == "0" and text.startswith("-") else ""
    return sign + text.removeprefix(sign).rjust(column.width - len(sign), column.fill)


def _held(layout: Layout, column: Column, text: str, facts: Facts) -> str:
    letter = unheld(text, layout.encoding)
    if not letter:
        return text
    if layout.unheld is Unheld.REFUSE:
        raise Refused(
            "ledger.cannot_hold", letter=letter, text=text.strip(), column=column.label,
            encoding=layout.encoding.upper(), invoice=facts.get("invoice.number"),
        )
    near = nearest(text, layout.encoding)
    return near[: column.width].ljust(column.width) if column.width else near
