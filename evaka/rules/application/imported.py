"""A season's applications out of a table: which column is what, and what each cell says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from evaka.kit import identity
from evaka.kit.errors import Refused
from evaka.rules.application import ApplicationKind

NEEDED = ("child", "guardian", "received", "start", "unit_1")
UNITS = ("unit_1", "unit_2", "unit_3")
TICKS = ("shift_care", "urgent", "connected_daycare", "preparatory")
COLUMNS = (*NEEDED, "kind", "service_need", *UNITS[1:], *TICKS, "assistance", "notes")
MOST = 5000  # rows at once
YES = frozenset({"1", "x", "k", "kyllä", "ja", "j", "yes", "y", "true"})
NO = frozenset({"", "0", "-", "ei", "e", "nej", "n", "no", "false"})


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table as it was read: `number` is the one a spreadsheet shows.

    `child` and `guardian` are personal identity codes, `units` names, `service_need` a key of the city's.
    """

    number: int
    child: str = ""
    guardian: str = ""
    kind: ApplicationKind = ApplicationKind.DAYCARE
    received: date | None = None
    start: date | None = None
    service_need: str = ""
    units: tuple[str, ...] = ()
    ticks: frozenset[str] = frozenset()
    assistance: str = ""
    notes: str = ""
    wrong: tuple[Refused, ...] = field(default=(), compare=False)


def columns(head: Sequence[str], called: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Where each column stands; `called` are the names that a column may have, in any language."""
    found: dict[str, int] = {}
    for at, name in enumerate(head):
        for column, names in called.items():
            if _bare(name) in {_bare(one) for one in (column, *names)}:
                found.setdefault(column, at)
    if absent := [f"application.import.{column}" for column in NEEDED if column not in found]:
        raise Refused("application.import_columns", missing=absent)
    return found


def lines(
    rows: Sequence[Sequence[str]], places: Mapping[str, int], *, kinds: Mapping[str, ApplicationKind],
    needs: Mapping[str, str],
) -> list[Line]:
    """Each row below the heading that holds anything; `kinds` and `needs` are keys by their names."""
    if len(rows) > MOST:
        raise Refused("application.import_many", rows=len(rows), most=MOST)
    found = []
    for number, row in enumerate(rows, start=2):
        cells = {column: row[at].strip() if at < len(row) else "" for column, at in places.items()}
        if any(cells.values()):
            found.append(_line(number, cells, kinds, needs))
    return found


def _line(
    number: int, cells: Mapping[str, str], kinds: Mapping[str, ApplicationKind], needs: Mapping[str, str]
) -> Line:
    wrong: list[Refused] = []
    told: dict[str, Any] = {}
    for name in ("child", "guardian"):
        try:
            told[name] = identity.check(cells[name])
        except Refused:
            wrong.append(Refused("application.import_code", column=f"application.import.{name}"))
    for name in ("received", "start"):
        told[name] = day(cells[name])
        if told[name] is None:
            wrong.append(Refused("application.import_day", column=f"application.import.{name}", typed=cells[name]))
    for name, known, other in (("kind", kinds, ApplicationKind.DAYCARE), ("service_need", needs, "")):
        typed = cells.get(name, "")
        told[name] = _among(known, typed) if typed else other
        if told[name] is None:
            told[name] = other
            wrong.append(Refused("application.import_choice", column=f"application.import.{name}", typed=typed))
    ticks = set()
    for name in TICKS:
        typed = cells.get(name, "").casefold()
        if typed in YES:
            ticks.add(name)
        elif typed not in NO:
            wrong.append(Refused("application.import_tick", column=f"application.import.{name}", typed=typed))
    units = tuple(cells[name] for name in UNITS if cells.get(name))
    if not units:
        wrong.append(Refused("application.import_unit"))
    return Line(
        number, units=units, ticks=frozenset(ticks), assistance=cells.get("assistance", ""),
        notes=cells.get("notes", ""), wrong=tuple(wrong), **told,
    )


def day(typed: str) -> date | None:
    """1.8.2026 or 2026-08-01, also with a time of midnight as spreadsheets write it."""
    text = typed.split()[0] if typed.split() else ""
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no zone
        except ValueError:
            continue
    return None


def doubles(found: Sequence[Line]) -> Iterator[Line]:
    """Rows that ask for the same child and kind as one above them."""
    seen: set[tuple[str, ApplicationKind]] = set()
    for one in found:
        key = one.child, one.kind
        if one.child and key in seen:
            yield one
        seen.add(key)


def _among(known: Mapping[str, Any], typed: str) -> Any:
    """What a cell names, by its key or a name of it in any language."""
    return {_bare(name): value for name, value in known.items()}.get(_bare(typed))


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
