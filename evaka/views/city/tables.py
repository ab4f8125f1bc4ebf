"""Every table of the city: what holds, where it comes from, and the page on which it is written anew."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_admin.form import BaseForm
from sqlalchemy import func, select
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length

from evaka import city
from evaka.access import may, require_any
from evaka.actions import city as act
from evaka.kit.errors import Denied, Stale
from evaka.models.base import db, transaction
from evaka.models.city import CityTable
from evaka.rules.city import TableStatus
from evaka.views.base import Page, row_number, sentence
from evaka.views.base.rows import REFUSALS, check_fresh
from evaka.views.city.words import table_title
from evaka.views.forms import DayField, Required
from evaka.views.page import Lazy, actor, told

OPEN = (TableStatus.DRAFT, TableStatus.PROPOSED)
LONGEST = 60_000  # letters of one table


class TableForm(BaseForm):
    content = TextAreaField(Lazy("city.content"), [Length(max=LONGEST)])
    start = DayField(Lazy("city.start"), [Required()])
    reason = TextAreaField(Lazy("city.reason"), [Required(), Length(max=2000)])
    row_version = HiddenField()


class CityTables(Page):
    """The table of contents of the city, by file."""

    permission = "city.view"

    @expose("/")
    def index(self) -> Any:
        waiting = dict(db.session.execute(
            select(CityTable.file + "/" + CityTable.table, func.count()).where(CityTable.status.in_(OPEN))
            .group_by(CityTable.file, CityTable.table)).tuples().all())
        files = [
            {"name": file, "title": told(f"city.file.{file}"), "tables": [
                {"title": table_title(file, table), "from": origin(file, table), "own": origin_kind(file, table),
                 "url": self.get_url(".table", file=file, table=table), "waiting": waiting.get(f"{file}/{table}", 0)}
                for table in known_tables(file)]}
            for file in known_files()
        ]
        return self.render("city/tables.html", files=files, fact_line=told("city.layers"))

    @expose("/table/")
    def table(self) -> Any:
        """One table as it holds, and its versions."""
        file, table = self._asked()
        versions = db.session.scalars(
            select(CityTable).where(CityTable.file == file, CityTable.table == table).order_by(CityTable.id.desc()))
        return self.render(
            "city/table.html", file=file, table=table, text=in_force_text(file, table), origin=origin(file, table),
            versions=list(versions), heading=title_of(file, table),
            crumbs=[(self.heading, self.get_url(".index"))], may_write=may(actor(), "city.create"),
            write=self.get_url(".write", file=file, table=table),
            matrix=url_for("rights.role", role=table) if file == "roles" else "",
        )

    @expose("/write/", methods=("GET", "POST"))
    def write(self) -> Any:
        """A table is written: a new draft, or a draft anew (`id`)."""
        require_any(actor(), "city.create")
        version = self._version()
        file, table = (version.file, version.table) if version else self._asked()
        form = TableForm(request.form if request.method == "POST" else None)
        if request.method == "GET":
            form.content.data = version.content if version else in_force_text(file, table)
            form.start.data = version.start if version else actor().today
            form.reason.data = version.reason if version else ""
            form.row_version.data = version.version if version else ""
        elif form.validate():
            saved = save(form, file, table, version)
            if saved is not None:
                return redirect(url_for("city_version.details_view", id=saved))
        return self.render(
            "city/write.html", form=form, file=file, table=table, heading=title_of(file, table),
            crumbs=[(self.heading, self.get_url(".index"))], back=self.get_url(".table", file=file, table=table),
        )

    def _version(self) -> CityTable | None:
        if "id" not in request.args or "file" in request.args:
            return None
        found = db.session.get(CityTable, row_number(request.args["id"]) or 0)
        return found or abort(404)

    def _asked(self) -> tuple[str, str]:
        file, table = request.args.get("file", ""), request.args.get("table", "").strip()
        if file not in known_files() or not (table in known_tables(file) or is_new_name(table)):
            abort(404)
        return file, table


def save(form: Any, file: str, table: str, version: CityTable | None) -> int | None:
    """The number of the saved draft; None: it was refused, and the form says why."""
    given = {"content": form.content.data or "", "start": form.start.data, "reason": form.reason.data.strip()}
    try:
        with transaction():
            if version is None:
                return act.draft(actor(), file=file, table=table, **given).id
            check_fresh(version, form.row_version.data)
            return act.rewrite(version, actor(), **given).id
    except REFUSALS as no:
        if isinstance(no, Denied):
            raise
        flash(sentence(no, version), "error")
        if isinstance(no, Stale) and version is not None:
            form.row_version.data = version.version
    return None


def title_of(file: str, table: str) -> str:
    """“Asiakasmaksut: Maksutaulukot päivästä alkaen”."""
    return f"{told(f'city.file.{file}')}: {table_title(file, table)}"


def known_files() -> list[str]:
    return [file.stem for file in city.layers("*.toml") if file.parent.name == "base"]


def known_tables(file: str) -> list[str]:
    """The tables of a file in the order of the base, those of the city and those published after them."""
    return list(city.read(file))


def is_new_name(table: str) -> bool:
    """A role or a service need may be added: its key is short and plain."""
    return 0 < len(table) <= 60 and table.replace("_", "").replace(".", "").isalnum() and table.isascii()


def in_force_text(file: str, table: str) -> str:
    """The text of a table that holds today: of the published version, or of the file."""
    held = db.session.scalars(act.in_force(actor().today).where(CityTable.file == file, CityTable.table == table)).all()
    return held[-1].content if held and held[-1].content else city.written(file, table)


def origin_kind(file: str, table: str) -> str:
    """base, city or version: the layer a table comes from."""
    named = city.source(file, table)
    return "version" if "version" in named else named.partition("/")[0] if named.startswith("base/") else "city"


def origin(file: str, table: str) -> str:
    """Where a table comes from, in words."""
    kind = origin_kind(file, table)
    number = city.source(file, table).rpartition(" ")[2] if kind == "version" else ""
    return told(f"city.origin.{kind}", number=number)
