"""Lists that a unit prints: the day, the week, whom to call, meals, and the month of a group with its corrections."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Response, flash, g, redirect, request, url_for
from flask_admin import expose
from sqlalchemy import select

from evaka.access import Actor, may, within
from evaka.actions.attendance import policy, reporter_of
from evaka.actions.booking.balance import Month, months_of
from evaka.actions.report import MonthOfGroup, correct, month_of
from evaka.kit.dates import DateRange, add_months
from evaka.letters.letter import Heading, Rows, Text, city_sender
from evaka.letters.report import Sheet, sheet_pdf
from evaka.models.base import db
from evaka.models.unit import Group, Unit
from evaka.rules.attendance import AbsenceKind
from evaka.rules.report import ListKind, Mark
from evaka.views.base import Page, row_number
from evaka.views.base.attempt import attempt
from evaka.views.base.lists import FORMULA
from evaka.views.booking.balance import badge_of_month, balance_short
from evaka.views.forecast import chosen, day_asked
from evaka.views.page import actor, clock, language, moment, told, word_of
from evaka.views.report.lists import Listing, Part, cells, children_of, listing


@dataclass
class Wanted:
    """What the address asks for; `group` None: all the groups that the reader reaches."""

    kind: ListKind
    unit: Unit
    groups: list[Group]
    group: Group | None
    day: date
    loose: bool  # children without a group are the whole unit's

    @property
    def chosen(self) -> list[Group]:
        return [self.group] if self.group else self.groups

    def address(self, endpoint: str, **more: Any) -> str:
        return url_for(endpoint, **({"kind": self.kind.value, "unit": self.unit.id, "day": self.day.isoformat(),
                                     "group": self.group.id if self.group else None} | more))


class Report(Page):
    permission = "report.view"

    @expose("/")
    def index(self) -> Any:
        by = actor()
        wanted, units = self._wanted(by)
        if wanted is None:
            return self.render("office/report.html", wanted=None, units=[])
        page: dict[str, Any] = {
            "wanted": wanted, "units": units, "kinds": [(one.value, word_of(one), wanted.address(".index", kind=one))
                                                        for one in ListKind],
            "pdf": wanted.address(".paper"), "csv": wanted.address(".table"),
        }
        if wanted.kind is ListKind.MONTH:
            return self.render("office/month.html", **page, **self._month(by, wanted))
        made = self._made(by, wanted)
        return self.render("office/report.html", **page, made=made, parts=[
            cells(part) | {"notes": part.notes} for part in made.parts])

    @expose("/paper/")
    def paper(self) -> Any:
        """The list as a PDF, a page for each group."""
        by = actor()
        wanted, _ = self._wanted(by)
        if wanted is None:
            return redirect(url_for(".index"))
        made = self._made(by, wanted)
        parts = tuple(
            (Heading(part.title), Rows(part.head, part.rows, part.widths, part.numeric, part.total),
             *(Text(note) for note in part.notes)) for part in made.parts)
        sheet = Sheet(
            title=made.title, subtitle=made.subtitle, language=language(), sender=city_sender(language()),
            printed=told("report.printed", by=by.name, at=moment(by.now)),
            parts=parts or ((Text(told("report.empty")),),), lying=made.lying)
        return self._sent(sheet_pdf(sheet), "application/pdf", f"{made.title} {made.subtitle}.pdf", "inline")

    @expose("/table/")
    def table(self) -> Any:
        """The same rows as a file for a spreadsheet: the group stands in the first column."""
        by = actor()
        wanted, _ = self._wanted(by)
        if wanted is None:
            return redirect(url_for(".index"))
        made = self._made(by, wanted)
        out = io.StringIO()
        writer = csv.writer(out, delimiter=";")
        for part in made.parts:
            writer.writerow([told("report.list"), *part.head])
            writer.writerows([part.title, *(plain_cell(cell) for cell in row)] for row in part.rows)
        name = f"{made.title} {made.subtitle}.csv"
        return self._sent(out.getvalue().encode("utf-8-sig"), "text/csv", name, "attachment")

    @expose("/mark/", methods=("POST",))
    def mark(self) -> Any:
        """Corrections of a month: the chosen days become absences, or their absences go."""
        by = actor()
        wanted, _ = self._wanted(by)
        back = wanted.address(".index", kind=ListKind.MONTH) if wanted else url_for(".index")
        typed = request.form.get("absence", "")
        kind = AbsenceKind(typed) if typed in tuple(AbsenceKind) else None
        if wanted is None or (kind is None and typed != "none"):
            flash(told("report.no_kind"), "error")
            return redirect(back)
        with attempt() as tried:
            days = correct(list(self._cells()), kind, by)
        if tried.done:
            flash(told("report.marked", days=days), "success")
        return redirect(back)

    def _cells(self) -> Any:
        """The ticked cells: child and day."""
        for typed in request.form.getlist("cell")[:2000]:
            child, _, day = typed.partition(":")
            number = row_number(child)
            try:
                if number is not None:
                    yield number, date.fromisoformat(day)
            except ValueError:
                continue

    def _sent(self, content: bytes, mimetype: str, name: str, how: str) -> Response:
        return Response(content, mimetype=mimetype, headers={
            "Content-Disposition": f"{how}; filename*=UTF-8''{quote(name.replace('/', '-'))}",
            "Cache-Control": "no-store"})

    def _wanted(self, by: Actor) -> tuple[Wanted | None, list[Unit]]:
        """Units and groups that the reader reaches: the staff of a group see their own group only."""
        groups = list(db.session.scalars(
            select(Group).where(within(by, self.permission, Group), Group.meets(DateRange(add_months(by.today, -13))))
            .order_by(Group.name)))
        whole = within(by, self.permission, Unit)
        units = list(db.session.scalars(
            select(Unit).where(whole | Unit.id.in_({one.unit_id for one in groups})).order_by(Unit.name)))
        unit = chosen(units, "unit")
        if unit is None:
            return None, []
        day = day_asked("day", by.today)
        day = min(max(day, add_months(by.today, -24)), add_months(by.today, 12))
        mine = [one for one in groups if one.unit_id == unit.id and one.on(day)]
        asked = row_number(request.args.get("group", ""))
        typed = request.args.get("kind", "")
        kind = ListKind(typed) if typed in tuple(ListKind) else ListKind.DAY
        group = next((one for one in mine if one.id == asked), None)
        if kind is ListKind.MONTH and group is None:
            group = mine[0] if mine else None
        loose = group is None and db.session.scalar(select(Unit.id).where(Unit.id == unit.id, whole)) is not None
        return Wanted(kind, unit, mine, group, day, loose), units

    def _made(self, by: Actor, wanted: Wanted) -> Listing:
        """That somebody has printed who comes when stands in the journal."""
        facts = {"kind": wanted.kind.value, "day": wanted.day.isoformat(),
                 "group": str(wanted.group) if wanted.group else ""}
        g.setdefault("reads", []).append(("report.read", wanted.unit, facts))
        if wanted.kind is ListKind.MONTH:
            return self._month_listing(by, wanted)
        return listing(wanted.kind, by, wanted.unit, wanted.chosen, wanted.day, loose=wanted.loose)

    # -- a month --------------------------------------------------------------------------------------------

    def _sheet(self, by: Actor, wanted: Wanted) -> tuple[MonthOfGroup, dict[int, Any]]:
        period = DateRange.month(wanted.day.year, wanted.day.month)
        if wanted.group is None:
            return MonthOfGroup([]), {}
        sheet = month_of(wanted.unit, {wanted.group.id}, period, by.today)
        return sheet, children_of(by, sheet.marks.keys())

    def _month(self, by: Actor, wanted: Wanted) -> dict[str, Any]:
        sheet, people = self._sheet(by, wanted)
        self._made_note(wanted)
        first = wanted.day.replace(day=1)
        agreed = {id: (balance_short(one), *badge_of_month(one))
                  for id, one in self._agreed(by, wanted, people).items()}
        kinds = policy().kinds(reporter_of(by)) if may(by, "attendance.absent") else []
        return {
            "title": told("report.month_of", month=first.month, year=first.year), "days": sheet.days,
            "before": wanted.address(".index", day=add_months(first, -1).isoformat()),
            "after": wanted.address(".index", day=add_months(first, 1).isoformat()),
            "rows": [
                {"id": id, "name": f"{person.last_name} {person.first_name}", "cells": [
                    self._cell(sheet, id, day) for day in sheet.days], "totals": self._totals(sheet, id),
                 "agreed": agreed.get(id)}
                for id, person in people.items()],
            "legend": [(self._sign(one), word_of(one)) for one in (*Mark, *AbsenceKind)],
            "kinds_of_absence": [(one.value, word_of(one)) for one in kinds], "mark": wanted.address(".mark"),
        }

    def _agreed(self, by: Actor, wanted: Wanted, people: Collection[int]) -> dict[int, Month]:
        """How the month stands of those with whom hours or days were agreed."""
        return months_of(people, DateRange.month(wanted.day.year, wanted.day.month), by) if people else {}

    def _made_note(self, wanted: Wanted) -> None:
        facts = {"kind": wanted.kind.value, "day": wanted.day.isoformat(), "group": str(wanted.group or "")}
        g.setdefault("reads", []).append(("report.read", wanted.unit, facts))

    def _sign(self, one: Mark | AbsenceKind) -> str:
        return told(f"report.sign.{one.value}")

    def _cell(self, sheet: MonthOfGroup, child: int, day: date) -> dict[str, str]:
        one = sheet.marks[child][day]
        times = ", ".join(f"{clock(arrived)}–{clock(left) if left else ''}"
                          for arrived, left in sheet.times.get((child, day), ()))
        return {
            "sign": self._sign(one), "said": f"{word_of(one)} {times}".strip(), "value": f"{child}:{day.isoformat()}",
            "look": "away" if isinstance(one, AbsenceKind) else one.value,
            "tick": "" if one in (Mark.CLOSED, Mark.HERE) else "1"}

    def _totals(self, sheet: MonthOfGroup, child: int) -> tuple[int, int]:
        """Days there, and days away."""
        marks = sheet.marks[child].values()
        return (sum(1 for one in marks if one is Mark.HERE), sum(1 for one in marks if isinstance(one, AbsenceKind)))

    def _month_listing(self, by: Actor, wanted: Wanted) -> Listing:
        sheet, people = self._sheet(by, wanted)
        first = wanted.day.replace(day=1)
        title = told("report.month_of", month=first.month, year=first.year)
        legend = ", ".join(f"{self._sign(one)} {word_of(one).lower()}" for one in (*Mark, *AbsenceKind)
                           if any(one in row.values() for row in sheet.marks.values()))
        agreed = self._agreed(by, wanted, people)
        extra = (told("report.agreed"),) if agreed else ()
        rows = tuple(
            (f"{person.last_name} {person.first_name}", *(self._sign(sheet.marks[id][day]) for day in sheet.days),
             *(str(count) for count in self._totals(sheet, id)),
             *((balance_short(agreed[id]) if id in agreed else "",) if extra else ()))
            for id, person in people.items())
        part = Part(
            told("report.group_of", group=str(wanted.group or "")),
            (told("report.child"), *(str(day.day) for day in sheet.days), told("report.here"), told("report.away"),
             *extra),
            rows, (6, *(1 for _ in sheet.days), 1.6, 1.6, *(3.4 for _ in extra)),
            frozenset({len(sheet.days) + 1, len(sheet.days) + 2}),
            notes=(legend,) if legend else ())
        return Listing(ListKind.MONTH, word_of(ListKind.MONTH), f"{wanted.unit}, {title}", (part,), lying=True)


def plain_cell(text: str) -> str:
    """One line; and nothing that a spreadsheet would take for a formula."""
    line = ", ".join(text.splitlines())
    return f"'{line}" if line.startswith(FORMULA) else line


__all__ = ["Report", "plain_cell"]
