"""A season's applications from a file: read, shown with all that is wrong in it, and then taken in together.

What stands in a file came by another road, so no mails are sent.  A row whose child has an open application of the kind
already is wrong: the same file taken in twice is taken in once.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from typing import Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from sqlalchemy import select

from evaka import city
from evaka.access import Actor, require_any
from evaka.actions import line_of
from evaka.actions.application.known import known, policy
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.application import Application, Preference
from evaka.models.base import db
from evaka.models.journal import add_lines
from evaka.models.person import Person
from evaka.models.person.custody import custody
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.application import OPEN, ApplicationKind, ApplicationStatus, Origin, due
from evaka.rules.application.flags import Place, confidential, is_additional, is_continuing, is_transfer
from evaka.rules.application.form import Form, check_complete, settled_need
from evaka.rules.application.imported import COLUMNS, MOST, Line, columns, doubles, lines
from evaka.rules.person import is_adult
from evaka.rules.placement import ServiceNeed
from evaka.texts import LANGUAGES, enum_key, say

LARGEST = 5 * 1024 * 1024  # bytes of a file
WIDEST = 60  # columns that are looked at
CODINGS = ("utf-8-sig", "cp1252")


@dataclass
class Read:
    """A row with what it was found to mean; `wrong` is everything that keeps it from being taken in."""

    line: Line
    child: Person | None = None
    guardian: Person | None = None
    units: list[Unit] = field(default_factory=list)
    wrong: list[Refused] = field(default_factory=list)

    @property
    def form(self) -> Form:
        line = self.line
        told = {name: name in line.ticks for name in ("shift_care", "urgent", "connected_daycare", "preparatory")}
        form = Form(
            kind=line.kind, units=[one.id for one in self.units], start=line.start, service_need=line.service_need,
            assistance_needed=bool(line.assistance), assistance=line.assistance, notes=line.notes, **told)
        need = settled_need(city.named("service_needs", ServiceNeed).values(), form)
        return Form(**{name: getattr(form, name) for name in Form.__dataclass_fields__} | {"service_need": need})


def table_of(name: str, content: bytes) -> list[list[str]]:
    """The cells of a CSV or an XLSX file, as text."""
    if not content:
        raise Refused("document.paper_empty", name=name)
    if len(content) > LARGEST:
        raise Refused("document.paper_large", name=name, most=LARGEST // 1024 // 1024)
    if content.startswith(b"PK"):
        try:
            sheet = load_workbook(BytesIO(content), read_only=True, data_only=True).worksheets[0]
            rows = [list(row) for row in sheet.iter_rows(max_row=MOST + 2, max_col=WIDEST, values_only=True)]
        except (BadZipFile, KeyError, ValueError, IndexError):
            raise Refused("application.import_unreadable", name=name) from None
        wide = max((at for row in rows for at, cell in enumerate(row, start=1) if cell is not None), default=0)
        return [["" if cell is None else str(cell) for cell in row[:wide]] for row in rows]
    for coding in CODINGS:
        try:
            text = content.decode(coding)
        except UnicodeDecodeError:
            continue
        first = text.partition("\n")[0]
        sign = max(";\t,", key=first.count)
        return [list(row) for row in csv.reader(StringIO(text), delimiter=sign)]
    raise Refused("application.import_unreadable", name=name)


def called() -> dict[str, list[str]]:
    """What each column may be called: the words of all languages."""
    return {one: [say(f"application.import.{one}", language) for language in LANGUAGES] for one in COLUMNS}


def unread(rows: Sequence[Sequence[str]]) -> list[str]:
    """The columns of a table that nobody reads: misspelt, or of another use."""
    read = set(columns(rows[0], called()).values()) if rows else set()
    return [name for at, name in enumerate(rows[0] if rows else ()) if at not in read and name.strip()]


def prepared(rows: Sequence[Sequence[str]], by: Actor) -> list[Read]:
    """What a table means, by a few queries however long it is; nothing is written."""
    require_any(by, "application.import")
    if not rows:
        raise Refused("application.import_columns", missing=[f"application.import.{one}" for one in COLUMNS[:5]])
    kinds = {name: kind for kind in ApplicationKind
             for name in (kind.value, *(say(enum_key(kind), language) for language in LANGUAGES))}
    needs = {name: key for key, need in city.named("service_needs", ServiceNeed).items()
             for name in (key, *need.name.values())}
    found = [Read(line, wrong=list(line.wrong))
             for line in lines(rows[1:], columns(rows[0], called()), kinds=kinds, needs=needs)]
    _find(found, by)
    for one in found:
        _check(one, by)
    return found


def _find(found: list[Read], by: Actor) -> None:
    """The people and units that the rows name, and what is known of them already."""
    codes = {code for one in found for code in (one.line.child, one.line.guardian) if code}
    people = {one.identity_code: one for one in db.session.scalars(
        select(Person).where(Person.identity_code.in_(codes), Person.standing()))}
    units = {_name(unit.name): unit for unit in db.session.scalars(
        select(Unit).where(Unit.meets(DateRange(by.today))))}
    twice = {id(line) for line in doubles([one.line for one in found])}
    for one in found:
        one.child, one.guardian = people.get(one.line.child), people.get(one.line.guardian)
        for name in one.line.units:
            if (unit := units.get(_name(name))) is None:
                one.wrong.append(Refused("application.import_no_unit", unit=name))
            else:
                one.units.append(unit)
        for column, person in (("child", one.child), ("guardian", one.guardian)):
            if person is None and getattr(one.line, column):
                one.wrong.append(Refused("application.import_no_person", column=f"application.import.{column}"))
        if id(one.line) in twice:
            one.wrong.append(Refused("application.import_twice"))
    children = [one.child.id for one in found if one.child]
    pairs = custody(by.today, select(Person.id).where(Person.id.in_(children)))
    carers = set(db.session.execute(select(pairs.c.child_id, pairs.c.person_id)).tuples())
    waiting = set(db.session.execute(
        select(Application.child_id, Application.kind).where(
            Application.child_id.in_(children), Application.status.in_(OPEN), Application.in_office())).tuples())
    for one in found:
        if one.child and one.guardian and (one.child.id, one.guardian.id) not in carers:
            one.wrong.append(Refused(
                "application.not_a_guardian", guardian=str(one.guardian), child=str(one.child)))
        if one.child and (one.child.id, one.line.kind) in waiting:
            one.wrong.append(Refused("application.one_is_open", kind=one.line.kind, child=str(one.child)))


def _check(one: Read, by: Actor) -> None:
    """What the rules have against a row that can be read."""
    line = one.line
    if line.received is not None and line.received > by.today:
        one.wrong.append(Refused("application.received_later", received=line.received, today=by.today))
    if one.wrong or one.child is None or one.guardian is None or line.start is None:
        return
    if is_adult(one.child.born, line.start):
        one.wrong.append(Refused(
            "application.not_a_child", child=str(one.child), born=one.child.born, start=line.start))
        return
    try:
        check_complete(one.form, known(one.form, one.guardian, (), by), policy())
    except Refused as no:
        one.wrong.append(no)


def _name(name: str) -> str:
    return " ".join(name.casefold().split())


def take_in(rows: Sequence[Sequence[str]], by: Actor) -> list[Application]:
    """Every row that is in order becomes an application that has come; the others are left out, as was shown."""
    good = [one for one in prepared(rows, by) if not one.wrong]
    children = [one.child.id for one in good if one.child]
    places: dict[int, list[Place]] = defaultdict(list)
    for child, start, end, care_type, unit in db.session.execute(
        select(Placement.child_id, Placement.start, Placement.end, Placement.care_type, Placement.unit_id)
        .where(Placement.child_id.in_(children))
    ):
        places[child].append(Place(DateRange(start, end), care_type, unit))
    pairs = custody(by.today, select(Person.id).where(Person.id.in_(children)))
    others: dict[int, list[int]] = defaultdict(list)
    for child, person in db.session.execute(
            select(pairs.c.child_id, pairs.c.person_id).order_by(pairs.c.rank, pairs.c.id)):
        others[child].append(person)
    made = [_made(one, places, others, by) for one in good]
    db.session.add_all(made)
    db.session.flush()
    db.session.info.pop("changes", None)  # each has a line of its own, which says from which row it came
    add_lines([line_of("application.import", row, by, {"row": one.line.number})
               for row, one in zip(made, good, strict=True)])
    return made


def _made(one: Read, places: dict[int, list[Place]], others: dict[int, list[int]], by: Actor) -> Application:
    form, line = one.form, one.line
    assert one.child is not None
    assert one.guardian is not None
    assert form.start is not None
    assert line.received is not None
    here = places[one.child.id]
    additional = is_additional(form, form.start, here)
    transfer = is_transfer(form.kind, form.start, here, additional=additional)
    other = [id for id in others[one.child.id] if id != one.guardian.id]
    told: dict[str, Any] = {name: getattr(form, name) for name in (
        "start", "service_need", "shift_care", "urgent", "connected_daycare", "preparatory", "assistance_needed",
        "assistance", "notes")}
    return Application(
        child=one.child, guardian=one.guardian, kind=form.kind, origin=Origin.PAPER, status=ApplicationStatus.SENT,
        received=line.received, status_since=by.now, saved_at=by.now, transfer=transfer, additional=additional,
        continuing=is_continuing(form.units, form.start, here), confidential=confidential(form),
        checked=False, other_guardian_id=other[0] if other else None,
        due=due(line.received, form.start, policy=policy(), transfer=transfer, kind=form.kind),
        preferences=[Preference(place=place, unit=unit) for place, unit in enumerate(one.units, start=1)], **told)
