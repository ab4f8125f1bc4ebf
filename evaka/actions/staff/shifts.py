"""Planned shifts out of a file: read, looked at row by row, and then taken in the place of earlier ones."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from sqlalchemy import delete, select

from evaka.access import Actor
from evaka.actions import Long, action, tell
from evaka.actions.staff.policy import shift_file
from evaka.kit.dates import DAY
from evaka.kit.errors import Refused
from evaka.models.base import HELSINKI, db
from evaka.models.staff import Shift, StaffMember, staff_of_unit
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.staff import Row, read_rows
from evaka.rules.staff.shift import columns_of, missing, overlapping

MOST = 5000  # rows of a file
ZIP = b"PK\x03\x04"  # how a workbook begins


@dataclass(frozen=True)
class Preview:
    """What a file would do: its rows, and who and which group each names."""

    rows: list[Row] = field(default_factory=list)
    people: dict[str, User] = field(default_factory=dict)  # by employee number
    groups: dict[str, Group] = field(default_factory=dict)  # by name in small letters

    @property
    def good(self) -> list[Row]:
        return [row for row in self.rows if not row.wrong]

    @property
    def bad(self) -> list[Row]:
        return [row for row in self.rows if row.wrong]


def rows_of(content: bytes) -> list[list[Any]]:
    """The cells of a workbook's first sheet, or of a text whose columns are parted by semicolons, tabs or commas."""
    if content.startswith(ZIP):
        try:
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True, max_row=MOST + 2, max_col=40)]
        except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError, IndexError) as no:
            raise Refused("staff.file_unreadable") from no
    else:
        rows = list(csv.reader(io.StringIO(text := _decoded(content)), delimiter=_delimiter(text)))
    if len(rows) > MOST + 1:
        raise Refused("staff.file_long", most=MOST)
    return rows


def _decoded(content: bytes) -> str:
    if b"\0" in content:
        raise Refused("staff.file_unreadable")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(";\t,", key=head.count)


def as_text(rows: list[list[Any]]) -> str:
    """The cells as a text that `rows_of` reads again: it travels in the page between the preview and the import."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    for row in rows:
        writer.writerow([cell.isoformat(" ") if isinstance(cell, datetime) and cell.time() != time(0)
                         else cell.date().isoformat() if isinstance(cell, datetime)
                         else cell.isoformat() if hasattr(cell, "isoformat") else "" if cell is None else cell
                         for cell in row])
    return out.getvalue()


def preview(unit: Unit, cells: list[list[Any]], by: Actor) -> Preview:
    """Each row with what is wrong with it: unreadable, somebody unknown, another unit's group, two at once."""
    words = shift_file()
    if lacks := missing(columns_of(cells[0] if cells else [], words)):
        raise Refused("staff.file_columns", missing=[f"staff.column.{name}" for name in lacks])
    people: dict[str, User] = {
        str(number): user for number, user in db.session.execute(
            select(StaffMember.number, User).join(User, User.id == StaffMember.user_id)
            .where(StaffMember.number.is_not(None), User.id.in_(
                staff_of_unit(unit.id, by.today).with_only_columns(User.id).order_by(None))))}
    groups = {group.name.lower(): group for group in db.session.scalars(select(Group).where(Group.unit_id == unit.id))}
    rows = []
    for row in read_rows(cells, words, HELSINKI):
        wrong = list(row.wrong)
        if row.number and row.number not in people:
            wrong.append("staff.row.nobody")
        if row.group and row.group.lower() not in groups:
            wrong.append("staff.row.no_group")
        rows.append(replace(row, wrong=tuple(wrong)))
    twice = overlapping(rows)
    rows = [replace(row, wrong=(*row.wrong, "staff.row.twice")) if row.line in twice else row for row in rows]
    return Preview(rows, people, groups)


@action("staff.import_shifts")
def import_shifts(unit: Unit, by: Actor, *, rows: Long) -> int:
    """Take the good rows: they replace what was planned for the same people over the days of the file."""
    found = preview(unit, rows_of(rows.encode()), by)
    good = found.good
    if not good:
        raise Refused("staff.nothing_to_import")
    days = [row.start.date() for row in good if row.start]
    first, last = min(days), max(days)
    people = {found.people[row.number].id for row in good}
    begins = datetime.combine(first, time(0), HELSINKI)
    db.session.execute(delete(Shift).where(
        Shift.user_id.in_(people), Shift.unit_id == unit.id, Shift.start >= begins,
        Shift.start < datetime.combine(last + DAY, time(0), HELSINKI)))
    db.session.execute(Shift.__table__.insert(), [
        {"user_id": found.people[row.number].id, "unit_id": unit.id, "start": row.start, "finish": row.finish,
         "group_id": found.groups[row.group.lower()].id if row.group else None, "kind": row.kind}
        for row in good])
    tell(first=first, last=last, shifts=len(good), people=len(people), left_out=len(found.bad),
         kinds=dict(Counter(row.kind.value for row in good)))
    return len(good)
