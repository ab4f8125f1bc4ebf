"""The ledger's file in bytes: lines with a delimiter, lines of fixed width, or a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from evaka.rules.ledger import Entry, Facts, FileKind, Form, Kind, Layout, cells, lines, typed

MIMETYPES: Mapping[FileKind, str] = {
    FileKind.CSV: "text/csv",
    FileKind.FIXED: "text/plain",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
DAY_FORMATS = {Form.FINNISH: "d.m.yyyy", Form.DOTTED: "dd.mm.yyyy", Form.ISO: "yyyy-mm-dd"}


def table_file(layout: Layout, batch: Facts, entries: Iterable[Entry]) -> bytes:
    """The file of these invoices by the city's layout.

    Refused where a fact is missing, a number is too long for its column, or a letter has no place in the encoding.
    """
    if layout.kind is FileKind.XLSX:
        return _spreadsheet(layout, batch, entries)
    written = _rows(layout, batch, entries)
    if layout.kind is FileKind.FIXED:
        text = "".join("".join(row) + layout.line_end for row in written)
    else:
        out = StringIO(newline="")
        csv.writer(out, delimiter=layout.delimiter, lineterminator=layout.line_end).writerows(written)
        text = out.getvalue()
    return text.encode(layout.encoding)


def _rows(layout: Layout, batch: Facts, entries: Iterable[Entry]) -> Iterator[list[str]]:
    if layout.header:
        yield [
            column.name[: column.width or None].ljust(column.width) for column in layout.line[0].columns
        ]
    for line, facts in lines(layout, batch, entries):
        yield cells(layout, line, facts)


def _spreadsheet(layout: Layout, batch: Facts, entries: Iterable[Entry]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet()

    def cell(value: str | int | Decimal | date, number_format: str = "") -> Any:
        found = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            found.data_type = "s"  # a text that begins like a formula stays a text
        if number_format:
            found.number_format = number_format
        return found

    if layout.header:
        sheet.append([cell(column.name) for column in layout.line[0].columns])
    for line, facts in lines(layout, batch, entries):
        sheet.append([
            cell(value, _format(column.kind, column.written_as, value))
            for column in line.columns for value in [typed(column, facts)]
        ])
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _format(kind: Kind, form: Form, value: Any) -> str:
    if isinstance(value, Decimal):
        return "0.00"
    return DAY_FORMATS[form] if kind is Kind.DAY and isinstance(value, date) else ""
