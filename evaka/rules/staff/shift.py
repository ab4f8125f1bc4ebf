"""Planned shifts out of a file: rows of cells become shifts, or say what is wrong with them.

The first row names the columns, in any order; more columns are no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from evaka.kit.dates import DAY
from evaka.rules.staff.kind import StaffKind

WANTED = ("number", "day", "start", "finish")
LONGEST = timedelta(hours=16)  # of one shift: longer is a slip of the finger


@dataclass(frozen=True, slots=True)
class ShiftFile:
    """[shift_file] of staff.toml: what the columns may be called, in small letters, and which words name which kind.

    The columns are number, day, start and finish, and where a file has them group and kind.
    """

    columns: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, StaffKind]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file (counted from 1, as spreadsheets do): either whole, or with the keys of what is wrong."""

    line: int
    number: str = ""
    start: datetime | None = None
    finish: datetime | None = None
    group: str = ""
    kind: StaffKind = StaffKind.PRESENT
    wrong: tuple[str, ...] = ()


def columns_of(head: Sequence[object], words: ShiftFile) -> dict[str, int]:
    """Which column holds what; one that is not known is left alone."""
    typed = [str(cell or "").strip().lower() for cell in head]
    return {name: typed.index(word) for name, known in words.columns.items() for word in typed if word in known}


def missing(columns: Mapping[str, int]) -> list[str]:
    """The columns that a file cannot do without and lacks."""
    return [name for name in WANTED if name not in columns]


def read_rows(rows: Sequence[Sequence[object]], words: ShiftFile, zone: tzinfo) -> Iterator[Row]:
    """The lines after the first; empty ones are left out.  `zone` is the time zone of the hours."""
    columns = columns_of(rows[0], words) if rows else {}
    for line, cells in enumerate(rows[1:], start=2):
        if any(str(cell if cell is not None else "").strip() for cell in cells):
            yield _read(line, {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}, words, zone)


def _read(line: int, cells: Mapping[str, object], words: ShiftFile, zone: tzinfo) -> Row:
    number, group = text(cells.get("number")), text(cells.get("group"))
    day, start, finish = day_of(cells.get("day")), time_of(cells.get("start")), time_of(cells.get("finish"))
    named = text(cells.get("kind")).lower()
    kind = words.kinds.get(named) if named else StaffKind.PRESENT
    wrong = [
        *(["staff.row.number"] if not number else []), *(["staff.row.day"] if day is None else []),
        *(["staff.row.time"] if start is None or finish is None else []),
        *(["staff.row.kind"] if kind is None else []),
    ]
    if wrong or day is None or start is None or finish is None or kind is None:
        return Row(line, number, group=group, wrong=tuple(wrong))
    begins = datetime.combine(day, time(0), zone) + start  # by the wall clock
    ends = datetime.combine(day, time(0), zone) + finish
    if ends <= begins:
        ends += DAY  # a night
    too_long = ends - begins > LONGEST
    return Row(line, number, begins, ends, group, kind, ("staff.row.too_long",) if too_long else ())


def text(cell: object) -> str:
    """A cell as it is read aloud: a number that a spreadsheet made of 00123 has no decimals."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()


def day_of(cell: object) -> date | None:
    """2.3.2026, 2026-03-02, or a day of a spreadsheet."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    typed = text(cell)
    found = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", typed)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else date.fromisoformat(typed)
    except ValueError:
        return None


def time_of(cell: object) -> timedelta | None:
    """7.45, 07:45, 0745, or a time of a spreadsheet, since midnight; 24.00 is the next midnight."""
    if isinstance(cell, datetime):
        cell = cell.time()
    if isinstance(cell, time):
        return timedelta(hours=cell.hour, minutes=cell.minute)
    found = re.fullmatch(r"(\d{1,2})[.:]?(\d{2})(?::00)?", text(cell))
    if found is None or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 24 * 60:
        return None
    return timedelta(hours=int(found[1]), minutes=int(found[2]))


def overlapping(rows: Sequence[Row]) -> set[int]:
    """The lines of which somebody would work twice at once."""
    found: set[int] = set()
    last: dict[str, Row] = {}
    for row in sorted((one for one in rows if one.start and not one.wrong), key=lambda one: (one.number, one.start)):
        before = last.get(row.number)
        if before is not None and before.finish is not None and row.start is not None and row.start < before.finish:
            found |= {before.line, row.line}
        last[row.number] = row
    return found
