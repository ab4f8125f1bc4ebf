"""Who has opened this person's file, and what has this user done: two pages of the journal, newest lines first."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from typing import Any

import tablib
from flask import Response, abort, g, request, send_file
from flask_admin import expose
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import joinedload

from evaka.access import within
from evaka.models.base import HELSINKI, Model, db
from evaka.models.journal import AuditEvent, of_file
from evaka.models.person import Person
from evaka.models.unit import Group
from evaka.models.user import Grant, User
from evaka.views.base import link, row_number
from evaka.views.base.lists import FORMULA
from evaka.views.filters import DayFilter
from evaka.views.journal.words import subject_name, words
from evaka.views.page import actor, moment, told, written

PAGE = 50
DAYS = 31  # whose lines are counted one by one
READERS = 50  # of whom a file's page counts the lines
MOST = 50_000  # lines of an export
KINDS = ("read", "changed")


@dataclass(frozen=True)
class Asked:
    """What the address asks for: days from and to, reads or changes, one user, and the line to go on from."""

    first: date | None
    last: date | None
    kind: str
    user: int | None
    before: int | None

    @classmethod
    def typed(cls) -> Asked:
        typed = request.args
        kind = typed.get("kind", "")
        return cls(_day("first"), _day("last"), kind if kind in KINDS else "", row_number(typed.get("user", "")),
                   row_number(typed.get("before", "")))

    def conditions(self) -> ColumnElement[bool]:
        wanted: list[ColumnElement[bool]] = [true()]
        if self.first:
            wanted.append(AuditEvent.at >= midnight(self.first))
        if self.last:
            wanted.append(AuditEvent.at < midnight(self.last + timedelta(days=1)))
        if self.kind:
            read = AuditEvent.action.like("%.read")
            wanted.append(read if self.kind == "read" else ~read)
        if self.user:
            wanted.append(AuditEvent.user_id == self.user)
        return and_(*wanted)

    def told(self) -> dict[str, str]:
        """As the journal keeps it, and as an address goes on with it."""
        named = {"first": self.first, "last": self.last, "kind": self.kind, "user": self.user}
        return {name: str(value) for name, value in named.items() if value}


def _day(name: str) -> date | None:
    try:
        return DayFilter(None, "journal.from").clean(request.args.get(name, ""))
    except ValueError:
        return None


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, HELSINKI)


class About:
    """Pages that go on from a line, and never count or skip those before it."""

    @expose("/file/")
    def file_page(self) -> Any:
        """Who has opened or changed a person's file."""
        person, asked = self._found(Person), Asked.typed()
        mine = and_(of_file(person.id), self.visible())
        read = AuditEvent.action.like("%.read")
        groups = db.session.execute(
            select(AuditEvent.user_id, func.count().filter(read), func.count().filter(~read), func.max(AuditEvent.at))
            .where(mine, asked.conditions()).group_by(AuditEvent.user_id)
            .order_by(func.count().desc(), AuditEvent.user_id).limit(READERS)).all()
        users = {one.id: one for one in db.session.scalars(
            select(User).where(User.id.in_({id for id, *_ in groups if id is not None})))}
        readers = [
            [self._of_reader(users.get(id), person, asked), reads, changes, moment(last)]
            for id, reads, changes, last in groups
        ]
        summary = {
            "title": told("journal.by_reader"), "rows": readers, "empty": told("journal.nobody"), "figures": [1, 2],
            "head": [told("journal.user"), told("journal.reads"), told("journal.changed_lines"),
                     told("journal.last_time")],
        }
        return self._answer(person, asked, mine, summary, chart=None)

    def _of_reader(self, user: User | None, person: Person, asked: Asked) -> Any:
        if user is None:
            return told("journal.machine")
        chosen = asked.told() | {"user": user.id}
        return link(str(user), "journal.file_page", person.id, **chosen)

    @expose("/user/")
    def user_page(self) -> Any:
        """What a user has done and read."""
        user, asked = self._found(User), Asked.typed()
        asked = Asked(asked.first, asked.last, asked.kind, None, asked.before)
        mine = and_(AuditEvent.user_id == user.id, self.visible())
        return self._answer(user, asked, mine, None, chart=self._days(mine, asked))

    def _days(self, mine: ColumnElement[bool], asked: Asked) -> dict[str, Any]:
        """How many lines each of the last days of the period has: one statement, a stretch of the index a day."""
        last = min(asked.last or actor().today, actor().today)
        first = max(asked.first or date.min, last - timedelta(days=DAYS - 1))
        days = [first + timedelta(days=n) for n in range(max((last - first).days + 1, 0))]
        if not days:
            return {}
        counts = db.session.execute(select(*(
            select(func.count()).select_from(AuditEvent)
            .where(mine, AuditEvent.at >= midnight(day), AuditEvent.at < midnight(day + timedelta(days=1)))
            .scalar_subquery().label(f"d{n}") for n, day in enumerate(days)))).one()
        return {
            "title": told("journal.by_day"), "labels": [f"{day.day}.{day.month}." for day in days],
            "label": told("journal.day"), "total": sum(counts),
            "series": [{"name": told("journal.lines"), "look": "main", "kind": "bar", "values": list(counts)}],
        }

    def _found(self, model: type[Model]) -> Any:
        """The person or user of the address, whom the reader may see."""
        number = row_number(request.args.get("id", ""))
        seen = within(actor(), f"{model.feature_name()}.view", model)
        return db.session.scalar(select(model).where(model.id == number, seen)) or abort(404)

    def _answer(self, row: Model, asked: Asked, mine: ColumnElement[bool], summary: dict[str, Any] | None, *,
                chart: dict[str, Any] | None) -> Any:
        query = (
            select(AuditEvent).where(mine, asked.conditions()).order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
            .options(joinedload(AuditEvent.user), joinedload(AuditEvent.person)))
        about = "file" if isinstance(row, Person) else "user"
        kept = {"page": about, **asked.told()}
        if (kind := request.args.get("export", "")) in self.export_types:
            g.setdefault("reads", []).append(("journal.export", row, {"type": kind, **kept}))
            return _exported(kind, about, self._cells(db.session.scalars(query.limit(MOST)).all(), about))
        g.setdefault("reads", []).append(("journal.read", row, kept))
        found = db.session.scalars(_from(query, asked.before).limit(PAGE + 1)).all()
        lines = found[:PAGE]
        rows = [
            [link(cells[0], "journal.details_view", line.id), *cells[1:]]
            for line, cells in zip(lines, self._cells(lines, about), strict=True)
        ]
        if about == "user":
            for line, cells in zip(lines, rows, strict=True):
                if line.person:
                    cells[3] = link(str(line.person), "journal.file_page", line.person.id)
        here = {"id": row.id, **asked.told()}
        return self.render(
            "journal/about.html", row=row, asked=asked, kinds=[(one, told(f"journal.kind.{one}")) for one in KINDS],
            table={"title": told("journal.lines"), "head": _head(about), "rows": rows, "empty": told("journal.none")},
            summary=summary, chart=chart, here=here, about=about,
            page_heading=told(f"journal.about_{about}", name=str(row)),
            older=lines[-1].id if len(found) > PAGE else None, export_types=self.export_types,
            user=db.session.get(User, asked.user) if asked.user else None,
            endpoint=f"journal.{about}_page", crumbs=self.crumbs,
        )

    def _cells(self, lines: Iterable[AuditEvent], about: str) -> list[list[str]]:
        """Lines in words, with the roles that their users had on the day."""
        grants: dict[int, list[Grant]] = {}
        query = select(Grant).where(Grant.user_id.in_({line.user_id for line in lines if line.user_id}))
        for grant in db.session.scalars(query.options(
                joinedload(Grant.unit), joinedload(Grant.group).joinedload(Group.unit))):
            grants.setdefault(grant.user_id, []).append(grant)
        found = []
        for line in lines:
            day = line.at.astimezone(HELSINKI).date()
            roles = ", ".join(_role(one) for one in grants.get(line.user_id or 0, ()) if day in one.period)
            who = str(line.user) if line.user else told("journal.machine")
            subject = subject_name(line.subject, line.subject_id)
            found.append(
                [moment(line.at), who, roles, words(line.action), subject] if about == "file"
                else [moment(line.at), roles, words(line.action), str(line.person or ""), subject])
        return found


def _from(query: Select[Any], before: int | None) -> Select[Any]:
    """The lines that follow a line in the order of the page."""
    at = before and db.session.scalar(select(AuditEvent.at).where(AuditEvent.id == before))
    if not at:
        return query
    place = or_(AuditEvent.at < at, and_(AuditEvent.at == at, AuditEvent.id < before))
    return query.where(AuditEvent.at <= at, place)  # the first is for the index


def _role(grant: Grant) -> str:
    where = f"{grant.group.unit}, {grant.group}" if grant.group else str(grant.unit or "")
    role = words(f"role.{grant.role}")
    return f"{role} ({where})" if where else role


def _head(about: str) -> list[str]:
    names = ("at", "user", "role", "action", "subject") if about == "file" else (
        "at", "role", "action", "person", "subject")
    return [told(f"journal.{name}") for name in names]


def _exported(kind: str, about: str, rows: list[list[str]]) -> Any:
    """A file for a spreadsheet, which runs nothing of it."""
    safe = [[f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row] for row in rows]
    name = f"journal-{about}-{written(actor().today)}.{kind}"
    if kind == "xlsx":
        return send_file(BytesIO(tablib.Dataset(*safe, headers=_head(about)).export("xlsx")), as_attachment=True,
                         download_name=name)
    out = StringIO()
    csv.writer(out, delimiter=";").writerows([_head(about), *safe])
    return Response(out.getvalue().encode("utf-8-sig"), mimetype="text/csv",
                    headers={"Content-Disposition": f"attachment; filename={name}"})
