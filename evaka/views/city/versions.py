"""The versions of the city's tables: what a change changes, whether it is right, and who has published it."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import url_for
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from evaka import city
from evaka.access import Actor
from evaka.actions import Action
from evaka.actions import city as act
from evaka.kit.errors import ConfigMistake
from evaka.models.base import db
from evaka.models.city import CityTable
from evaka.models.user import Grant, User
from evaka.rules.city import ChangePolicy, TableStatus, changes
from evaka.texts import knows
from evaka.views.base import Button, Screen
from evaka.views.city.tables import title_of
from evaka.views.city.words import said, table_title
from evaka.views.filters import StateFilter
from evaka.views.page import actor, told, written


class CityVersionScreen(Screen):
    feature = "city"
    column_list = ("table", "file", "status", "start", "reason", "writer", "publisher", "published_at")
    column_details_list = ("file", "table", "status", "start", "reason", "writer", "proposed_at", "publisher",
                           "published_at")
    column_sortable_list = ("start",)
    column_default_sort = ("id", True)
    column_filters = (StateFilter(CityTable.status, "city.status", TableStatus),)
    column_formatters: ClassVar = {
        "file": lambda view, _context, row, _name: told(f"city.file.{row.file}"),
        "table": lambda view, _context, row, _name: table_title(row.file, row.table),
    }
    main = ("city.publish", "city.propose")

    def get_query(self) -> Any:
        return super().get_query().options(joinedload(CityTable.writer), joinedload(CityTable.publisher))

    def row_heading(self, row: CityTable) -> str:
        return f"{title_of(row.file, row.table)}, {row.id}"

    def row_fact_line(self, row: CityTable) -> str:
        if row.status is TableStatus.PUBLISHED:
            return told("city.holds_from", day=row.start)
        if row.file in city.value("city", "changes", ChangePolicy).four_eyes:
            return told("city.wants_four_eyes")
        return ""

    def offers(self, action: Action, row: CityTable) -> bool:
        """Whoever wrote a change that needs a second person does not get the button; nor is a draft rolled back."""
        needs_second = row.file in city.value("city", "changes", ChangePolicy).four_eyes
        user = actor().user
        match action.verb:
            case "publish":
                another = user is None or row.writer_id != user.id
                return not needs_second or (row.status is TableStatus.PROPOSED and another)
            case "propose":
                return needs_second
            case "roll_back":
                return row.status is TableStatus.PUBLISHED
        return True

    def buttons(self, row: CityTable) -> list[Button]:
        found = super().buttons(row)
        if row.status is TableStatus.DRAFT and self.permits({"edit": "city.edit"}, row)["edit"]:
            page = url_for("rights.role", role=row.table, id=row.id) if row.file == "roles" \
                else url_for("city.write", id=row.id)
            found.insert(0, Button(told("edit"), page, "secondary"))
        return found

    def after(self, action: Action, row: Any, result: Any) -> str:
        if isinstance(result, CityTable):
            return str(self.get_url(".details_view", id=result.id))
        return super().after(action, row, result)

    def blocks(self, row: CityTable) -> list[dict[str, Any]]:
        return [self._changes(row), self._checks(row), *self._concerned(row), self._text(row)]

    def _changes(self, row: CityTable) -> dict[str, Any]:
        """Against what holds today; of a published version against the files it lies over."""
        try:
            new = act.content(row)
        except ConfigMistake:
            new = {}
        before = city.read(row.file).get(row.table)
        if row.status is TableStatus.PUBLISHED:
            file = city.file_of(row.file, row.table)
            before = city.tables(file)[row.table] if file else None
        say_value = reach_words if row.file == "roles" else written_value
        found = [[self._path(row, one.path), say_value(one.before), say_value(one.after)]
                 for one in changes(before, new or None)]
        return {
            "title": told("city.changes"), "head": [told("city.what"), told("city.before"), told("city.after")],
            "rows": found, "empty": told("city.no_changes"), "note": str(len(found)),
        }

    def _path(self, row: CityTable, path: str) -> str:
        return f"{said(path)} ({path})" if row.file == "roles" else path

    def _checks(self, row: CityTable) -> dict[str, Any]:
        """What would be wrong with the city if this held, worked examples included."""
        found = act.mistakes(row) if row.status in (TableStatus.DRAFT, TableStatus.PROPOSED) else []
        text = told("city.all_right") if not found else told("city.mend_first")
        return {"title": told("city.checks"), "text": text, "head": [told("city.mistake")], "empty": "",
                "rows": [[str(one)] for one in found], "aside": True}

    def _concerned(self, row: CityTable) -> list[dict[str, Any]]:
        """Whose rights a change of a role changes."""
        if row.file != "roles":
            return []
        named = db.session.scalars(
            select(User.name).join(Grant, Grant.user_id == User.id)
            .where(Grant.role == row.table, Grant.on(actor().today), User.active).distinct().order_by(User.name))
        names = list(named)
        shown = [[name] for name in names[:20]]
        return [{"title": told("city.concerned"), "head": [told("user.name")], "rows": shown, "note": str(len(names)),
                 "empty": told("city.concerns_nobody"), "aside": True}]

    def _text(self, row: CityTable) -> dict[str, Any]:
        text = row.content or city.written(row.file, row.table)
        return {"title": told("city.content"), "pre": text, "empty": ""}


def open_changes(_by: Actor) -> Select[tuple[int]]:
    """How many changes wait to be published, for the menu."""
    waiting = CityTable.status.in_([TableStatus.DRAFT, TableStatus.PROPOSED])
    return select(func.count(CityTable.id)).where(waiting)


def reach_words(hows: Any) -> str:
    """“oma yksikkö”, or several."""
    named = [hows] if isinstance(hows, str) else hows or []
    return ", ".join(told(f"reach.{how}") if knows(f"reach.{how}") else str(how) for how in named) or "–"


def written_value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {written_value(one)}" for key, one in value.items())
    return "–" if value is None else written(value)
