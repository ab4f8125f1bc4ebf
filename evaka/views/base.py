"""A screen shows one kind of row: who may see it, its columns, and a button per action.

A screen declares what is particular to it.  Everything else follows from the feature's name: permissions
(`fee.view`, `fee.edit`), labels (`fee.status`), buttons (`fee.send`), journal lines, words.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from io import StringIO
from typing import Any, ClassVar

from flask import Response, abort, flash, g, redirect, request, url_for
from flask_admin import AdminIndexView, expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.form import BaseForm
from flask_admin.helpers import is_form_submitted
from flask_admin.model import typefmt
from markupsafe import Markup
from sqlalchemy import ColumnElement, Integer, Select, false, func, inspect, literal, or_, select, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.exc import StaleDataError
from wtforms import HiddenField

from evaka.access import may, permitted, require, require_any, within
from evaka.actions import Action, of_model, record
from evaka.kit.errors import Denied, Refused, Stale
from evaka.kit.money import euros
from evaka.models.base import Model, broken_rule, db, transaction
from evaka.models.journal import AuditEvent
from evaka.models.person import Person, matching
from evaka.texts import knows
from evaka.views.forms import Converter, form_for, tidy
from evaka.views.page import Lazy, actor, moment, now, person, told, told_refusal, word_of, written

# actions that ask for their inputs on a page of their own, where what follows is shown first
PAGES = {"message.send": "message.to_group", "message.write": "message.to_child"}
REFUSALS = (Refused, IntegrityError, DataError, StaleDataError)  # what a user is told in a sentence
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet would run


@dataclass(frozen=True)
class Button:
    label: str
    url: str
    style: str  # primary, secondary, danger
    rare: bool = False  # stands behind "more" where there are many


class Home(AdminIndexView):
    """The first page of an Admin.  Flask-Admin would show it to everyone."""

    def is_accessible(self) -> bool:
        return person() is not None


class Screen(ModelView):
    feature: str = ""  # whose rights and words; unless said, those of the name in the menu
    model_form_converter = Converter
    form_base_class = BaseForm  # the one CSRF mechanism is the application's
    can_view_details = True
    can_create = can_edit = can_delete = False
    can_export = True
    export_types: ClassVar = ["csv", "xlsx"]
    export_max_rows = 50_000
    page_size = 50
    can_set_page_size = True
    page_size_options: ClassVar = (20, 50, 100, 200)
    column_display_actions = False
    list_template = "admin/model/list.html"
    details_template = "admin/model/details.html"
    money: ClassVar[tuple[str, ...]] = ()  # columns of cents
    search_people: ClassVar[tuple[str, ...]] = ()  # columns that point at a person
    search_columns: ClassVar[tuple[str, ...]] = ()
    reading: ClassVar[bool] = False  # a person's file: who opens it is recorded
    column_type_formatters: ClassVar = {
        type(None): typefmt.empty_formatter,
        StrEnum: lambda view, value, name: view.badge(value) if name in STATES else word_of(value),
        date: lambda view, value, name: written(value),
        datetime: lambda view, value, name: written(value),
        time: lambda view, value, name: written(value),
        bool: lambda view, value, name: told("yes") if value else "",
        Decimal: lambda view, value, name: written(value),
        list: lambda view, value, name: written(value),
    }
    column_type_formatters_detail: ClassVar = column_type_formatters | {
        bool: lambda view, value, name: told("yes" if value else "no"),
    }
    column_type_formatters_export: ClassVar = {
        type(None): typefmt.empty_formatter,
        StrEnum: lambda view, value, name: word_of(value),
        date: lambda view, value, name: written(value),
        datetime: lambda view, value, name: written(value),
        time: lambda view, value, name: written(value),
        bool: lambda view, value, name: told("yes") if value else "",
        Decimal: lambda view, value, name: written(value),
        list: lambda view, value, name: written(value),
    }

    def __init__(self, model: type[Model], name: str, *, prefix: str = "", base: str = "/office") -> None:
        self.feature = self.feature or name
        self.word = f"menu.{prefix}{name}"
        super().__init__(model, db, endpoint=f"{prefix}{name}", url=f"{base}/{name}", name=Lazy(self.word))

    # -- who may see what ---------------------------------------------------------------------

    def is_accessible(self) -> bool:
        return person() is not None and may(actor(), f"{self.feature}.view")

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        raise Denied("access.denied", action=f"{self.feature}.view")

    def visible(self) -> ColumnElement[bool]:
        return within(actor(), f"{self.feature}.view", self.model)

    def get_query(self) -> Any:
        return super().get_query().where(self.visible())

    def get_count_query(self) -> Any:
        return super().get_count_query().where(self.visible())

    def get_one(self, id: str) -> Model | None:
        """Flask-Admin would fetch any row by its number; we fetch only visible ones, and only by a number."""
        if (number := row_number(id)) is None:
            return None
        return db.session.scalar(select(self.model).where(self.model.id == number, self.visible()))

    def row_or_404(self, id: Any) -> Model:
        return self.get_one(str(id or "")) or abort(404)

    @property
    def can_create_here(self) -> bool:
        return self.can_create and may(actor(), f"{self.feature}.create")

    def may_edit(self, row: Model) -> bool:
        return self.can_edit and self.permits({"edit": f"{self.feature}.edit"}, row)["edit"]

    def permits(self, keys: dict[str, str], row: Model) -> dict[str, bool]:
        """For names and their action keys, which of them the actor may do to the row: one query."""
        if not keys:
            return {}
        conditions = [within(actor(), key, self.model).label(f"c{n}") for n, key in enumerate(keys.values())]
        found = db.session.execute(select(literal(1), *conditions).where(self.model.id == row.id)).first()
        return dict(zip(keys, map(bool, found[1:]), strict=True)) if found else dict.fromkeys(keys, False)

    # -- what is saved by a generated form ------------------------------------------------------

    def text_model(self) -> type[Model]:
        return self.model

    def scaffold_form(self) -> Any:
        form = super().scaffold_form()
        form.row_version = HiddenField()
        return form

    def create_form(self, obj: Any = None) -> Any:
        require_any(actor(), f"{self.feature}.create")
        return super().create_form(obj)

    def edit_form(self, obj: Any = None) -> Any:
        """Flask-Admin would show the form to everybody who sees the row."""
        if obj is not None:
            require(actor(), f"{self.feature}.edit", obj)
        form = super().edit_form(obj)
        if request.method == "GET" and obj is not None:
            form.row_version.data = obj.version
        return form

    def validate_form(self, form: Any) -> bool:
        """Flask-Admin would add a sentence of its own, in English, to what the fields say: we check when we save."""
        return bool(is_form_submitted())

    def create_model(self, form: Any) -> Any:
        require_any(actor(), f"{self.feature}.create")
        return form.validate() and self._save(form, self.build_new_instance(), created=True)

    def update_model(self, form: Any, model: Model) -> Any:
        return form.validate() and bool(self._save(form, model, created=False))

    def _save(self, form: Any, row: Any, *, created: bool) -> Any:
        """Flask-Admin would commit and flash the database's own words; we ask, record and say a sentence."""
        verb = "create" if created else "edit"
        try:
            with transaction():
                if not created:
                    check_fresh(row, form.row_version.data)
                with db.session.no_autoflush:
                    form.populate_obj(row)
                    self.before_save(form, row, created)
                db.session.add(row)
                db.session.flush()
                require(actor(), f"{self.feature}.{verb}", row)
                self.after_save(form, row, created)
                record(f"{self.feature}.{verb}", row, actor(), {})
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no, None if created else row), "error")
            self._told_of(no, form, row)
            return False
        return row

    def _told_of(self, no: Exception, form: Any, row: Model) -> None:
        """Whoever has been told what somebody else saved may save over it: what was typed is still in the form."""
        if isinstance(no, Stale | StaleDataError):
            form.row_version.data = row.version

    def delete_model(self, model: Model) -> bool:
        try:
            with transaction():
                require(actor(), f"{self.feature}.delete", model)
                record(f"{self.feature}.delete", model, actor(), {"was": str(model)})
                db.session.delete(model)
                db.session.flush()
                db.session.info.pop("changes", None)
        except REFUSALS as no:
            if isinstance(no, Denied):
                raise
            flash(sentence(no), "error")
            return False
        return True

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        if not self.can_create:
            abort(404)
        return super().create_view()

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        if not self.can_edit:
            abort(404)
        self.row_or_404(request.args.get("id"))
        return super().edit_view()

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Any:
        if not self.can_delete:
            abort(404)
        self.row_or_404(request.form.get("id"))
        return super().delete_view()

    def before_save(self, form: Any, row: Model, created: bool) -> None:
        """A feature's own check of a row of a generated form; may raise Refused."""

    def after_save(self, form: Any, row: Model, created: bool) -> None:
        """What follows from a saved row, in the same transaction."""

    # -- how it looks ---------------------------------------------------------------------------

    @property
    def heading(self) -> str:
        return told(self.word)

    @property
    def fact_line(self) -> str:
        return ""

    @property
    def help(self) -> str:
        key = f"{self.word}.help"
        return told(key) if knows(key) else ""

    def row_heading(self, row: Model) -> str:
        return str(row)

    def row_fact_line(self, row: Model) -> str:
        return ""

    @property
    def crumbs(self) -> list[tuple[str, str]]:
        return [(self.heading, self.get_url(".index_view"))]

    def get_column_name(self, field: str) -> Any:
        return Lazy(f"{self.feature}.{field}")

    def label(self, field: str) -> str:
        return told(f"{self.feature}.{field}")

    def _get_list_value(self, context: Any, model: Any, name: str, column_formatters: Any,
                        column_type_formatters: Any) -> Any:
        if name in self.money:
            value = self._get_field_value(model, name)
            return "" if value is None else euros(value)
        return super()._get_list_value(context, model, name, column_formatters, column_type_formatters)

    def badge(self, value: StrEnum) -> Markup:
        """A state in words, coloured by what it means."""
        look = BADGES.get(value.value, "")
        return Markup('<span class="badge{}">{}</span>').format(f" badge-{look}" if look else "", word_of(value))

    def badges(self, signs: list[tuple[str, str]]) -> Markup:
        """Signs (look, words), each a badge of its own."""
        one = Markup('<span class="badge{}">{}</span>')
        return Markup(" ").join(one.format(f" badge-{look}" if look else "", text) for look, text in signs)

    def rows(self, found: list[Any]) -> Iterator[tuple[int, str, list[Any]]]:
        """(id, address, cells) of a list: addresses are made once, cells by the column's type."""
        address = self.get_url(".details_view", id=0).removesuffix("0") if self.can_view_details else ""
        for row in found:
            cells = [self.get_list_value(None, row, name) for name, _ in self._list_columns]
            yield row.id, f"{address}{row.id}" if address else "", cells

    def facts(self, row: Model) -> list[tuple[str, Any]]:
        """Label and value of everything the file of a row shows; a person or a unit leads to its own file."""
        found = []
        for name, label in self._details_columns:
            value = None if name in self._detail_formatters() else getattr(row, name, None)
            shown = linked(value) if isinstance(value, Model) else self.get_detail_value(None, row, name)
            found.append((label, shown))
        return found

    def _detail_formatters(self) -> Any:
        return self.column_formatters_detail or self.column_formatters

    def blocks(self, row: Model) -> list[dict[str, Any]]:
        """Further parts of a row's file: {title, head, rows, empty}."""
        return []

    opens_with: ClassVar[dict[str, str]] = {}  # the filters with which the menu opens the list

    # -- filters --------------------------------------------------------------------------------

    def _get_list_extra_args(self) -> Any:
        """Flask-Admin would ask the database for the page before the first."""
        asked = super()._get_list_extra_args()
        asked.page = min(max(asked.page or 0, 0), 100_000)
        return asked

    def _get_list_filter_args(self) -> list[Any]:
        """The filters in the address; an empty field is none, and nonsense is said and left out."""
        chosen = []
        for _, number, value in self._typed_filters():
            if self._filters[number].validate(value):
                chosen.append((number, str(self._filters[number].name), value))
            else:
                flash(told("filter.nonsense", filter=str(self._filters[number].name), typed=value), "warning")
        return chosen

    def _typed_filters(self) -> list[tuple[str, int, str]]:
        """(name in the address, number of the filter, value) of the fields that are filled in."""
        found = []
        for name, value in request.args.items():
            number = name.rpartition("_")[2]
            named = name.startswith("flt") and "_" in name and number.isdecimal() and len(number) < 4
            if named and value.strip() and int(number) < len(self._filters or ()):
                found.append((name, int(number), value.strip()))
        return found

    def filter_fields(self, active_filters: Any) -> list[dict[str, Any]]:
        """Every filter as a field: label, name, kind, value, options."""
        typed = {number: value for _, number, value in self._typed_filters()}
        return [
            {"label": str(one.name), "name": f"flt{number}_{number}", "kind": one.kind,
             "value": typed.get(number, ""), "options": one.choices()}
            for number, one in enumerate(self._filters or ())
        ]

    def chips(self, active_filters: Any = None, search: str | None = None) -> list[tuple[str, str]]:
        """The chosen search and filters, each with the address without it."""
        arguments = request.args.to_dict(flat=True)
        found = []
        if search:
            found.append((f"”{search}”", self._without(arguments, "search")))
        for name, number, value in self._typed_filters():
            chosen = self._filters[number]
            if chosen.validate(value):
                found.append((f"{chosen.name}: {chosen.shown(value)}", self._without(arguments, name)))
        return found

    def _without(self, arguments: dict[str, Any], key: str) -> str:
        return str(self.get_url(".index_view", **{k: v for k, v in arguments.items() if k not in (key, "page")}))

    def _order_by(self, query: Any, joins: Any, sort_joins: Any, sort_field: Any, sort_desc: bool) -> Any:
        """Rows without a value come last, on every database and in both directions."""
        if sort_field is None:
            return query, joins
        query, joins, alias = self._apply_path_joins(query, joins, sort_joins, inner_join=False)
        column = sort_field if alias is None else getattr(alias, sort_field.key)
        return query.order_by((column.desc() if sort_desc else column.asc()).nulls_last()), joins

    # -- search, export -------------------------------------------------------------------------

    def init_search(self) -> bool:
        return bool(self.search_people or self.search_columns)

    def _apply_search(self, query: Any, count_query: Any, joins: Any, count_joins: Any, search: str) -> Any:
        """People are found by their names, whatever the case and the order of the words; a number by the whole."""
        condition = self.found(search.strip())
        counted = count_query.filter(condition) if count_query is not None else None
        return query.filter(condition), counted, joins, count_joins

    def found(self, search: str) -> ColumnElement[bool]:
        """The rows that a search means."""
        conditions: list[ColumnElement[bool]] = []
        for name in self.search_people:
            column = getattr(self.model, name)
            people = matching(search) if self.model is Person else column.in_(select(Person.id).where(matching(search)))
            conditions.append(people)
        for name in self.search_columns:
            column = getattr(self.model, name)
            if isinstance(column.type, Integer):
                conditions.append(column == number if (number := row_number(search)) is not None else false())
            else:
                conditions.append(func.lower(column).contains(search.casefold(), autoescape=True))
        return or_(false(), *conditions)

    def get_export_value(self, model: Any, name: str) -> Any:
        """A cell that a spreadsheet would take for a formula is told to be text."""
        value = super().get_export_value(model, name)
        if isinstance(value, Markup):
            value = value.striptags()
        value = tidy(value)
        return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Any:
        if not self.can_export or export_type not in self.export_types:
            abort(404)
        g.setdefault("reads", []).append((f"{self.feature}.export", None, {"type": export_type, **request.args}))
        return super().export(export_type)

    def _export_csv(self, return_url: str) -> Any:
        """Semicolons and a byte order mark: Finnish spreadsheets open it as it is, letters and all."""
        _, found = self._export_data()
        out = StringIO()
        writer = csv.writer(out, delimiter=";")
        writer.writerow([str(label) for _, label in self._export_columns])
        for row in found:
            writer.writerow([self.get_export_value(row, name) for name, _ in self._export_columns])
        return Response(out.getvalue().encode("utf-8-sig"), mimetype="text/csv", headers={
            "Content-Disposition": f"attachment; filename={self.get_export_name('csv')}"})

    # -- one row --------------------------------------------------------------------------------

    @expose("/details/")
    def details_view(self) -> Any:
        row = self.row_or_404(request.args.get("id"))
        if self.reading:
            g.setdefault("reads", []).append((f"{self.feature}.read", row, {}))
        return self.render(self.details_template, model=row, row=row, buttons=self.buttons(row), **self.file(row))

    def file(self, row: Model) -> dict[str, Any]:
        """What the template of a row's file needs beside the row itself."""
        return {"facts": self.facts(row), "blocks": self.blocks(row), "history": history(row)}

    # -- what can be done -----------------------------------------------------------------------

    def actions_of(self, row: Model) -> list[Action]:
        """Every action that this row's state allows and that the actor may do to it."""
        mine = of_model(self.model)
        if row.workflow:
            verbs = set(row.workflow.verbs(row.status))
            mine = [one for one in mine if one.verb in verbs or one.verb not in row.workflow.moves]
        allowed = self.permits({one.key: one.key for one in mine}, row)
        return [one for one in mine if allowed[one.key] and self.offers(one, row)]

    def offers(self, action: Action, row: Model) -> bool:
        """A feature's own reason to leave a button out, though state and right allow it."""
        return True

    main: ClassVar[tuple[str, ...]] = ()  # keys of actions, the likeliest next step first
    rare: ClassVar[tuple[str, ...]] = ()  # keys of actions that are seldom needed

    def buttons(self, row: Model) -> list[Button]:
        """A button per action; the likeliest next step is the primary one."""
        actions = self.actions_of(row)
        calm = [one for one in actions if look(one.verb) == "primary" and one.key not in self.rare]
        first = min(calm, key=lambda one: self.main.index(one.key) if one.key in self.main else len(self.main),
                    default=None)
        found = [
            Button(told(one.key), self.page_of(one, row),
                   look(one.verb) if one is first or look(one.verb) != "primary" else "secondary",
                   one.key in self.rare)
            for one in actions
        ]
        if getattr(row, "document_id", None):
            paper = url_for("document.download", id=row.document_id)
            found.insert(0, Button(told("document.open"), paper, "secondary"))
        if self.may_edit(row):
            found.append(Button(told("edit"), self.get_url(".edit_view", id=row.id), "secondary"))
        if self.can_delete and self.permits({"delete": f"{self.feature}.delete"}, row)["delete"]:
            found.append(Button(told("delete"), self.get_url(".delete_page", id=row.id), "danger"))
        return found

    def page_of(self, action: Action, row: Model) -> str:
        """Where an action asks for its inputs."""
        own = PAGES.get(action.key)
        return url_for(own, id=row.id) if own else str(self.get_url(".do", verb=self.short(action), id=row.id))

    def head_buttons(self) -> list[Button]:
        if not self.can_create_here:
            return []
        return [Button(self.create_label, self.get_url(".create_view"), "primary")]

    @property
    def create_label(self) -> str:
        own = f"{self.word}.create"
        return told(own if knows(own) else f"{self.feature}.create")

    @expose("/do/<verb>/", methods=("GET", "POST"))
    def do(self, verb: str) -> Any:
        row = self.row_or_404(request.args.get("id"))
        action = self.action_or_404(verb)
        require(actor(), action.key, row)
        if action.key in PAGES:
            return redirect(self.page_of(action, row))
        form = self.action_form(action, row)
        if request.method == "GET":
            self.check_state(action, row)
            form.row_version.data = row.version
        elif form.validate():
            try:
                with transaction():
                    check_fresh(row, form.row_version.data)
                    result = action.run(row, actor(), **inputs_of(form, action))
                    count_save(row, form.row_version.data)
            except REFUSALS as no:
                if isinstance(no, Denied):
                    raise
                row = self.row_or_404(request.args.get("id"))
                flash(sentence(no, row), "error")
                self._told_of(no, form, row)
            else:
                flash(told("done", action=told(action.key)), "success")
                return redirect(self.after(action, row, result))
        return self.render(
            "office/do.html", action=action, form=form, row=row, consequences=self.consequences(action, row),
            back=self.get_url(".details_view", id=row.id),
        )

    def action_or_404(self, name: str) -> Action:
        """By its verb among the screen's own actions, by its whole key among those of other features."""
        mine = of_model(self.model)
        return next((one for one in mine if name in (self.short(one), one.key)), None) or abort(404)

    def short(self, action: Action) -> str:
        return action.verb if action.feature == self.feature else action.key

    def action_form(self, action: Action, row: Model) -> Any:
        """The form of an action; an input that is named like a column starts from the row's own value."""
        form = form_for(action, row)(request.form if request.method == "POST" else None)
        if request.method == "GET":
            for name in action.inputs:
                if (value := self.first_value(action, name, row)) is not None:
                    form[name].data = value
        return form

    def first_value(self, action: Action, name: str, row: Model) -> Any:
        """What an input holds when the form opens."""
        return getattr(row, name, None)

    def check_state(self, action: Action, row: Model) -> None:
        if row.workflow and action.verb in row.workflow.moves:
            row.workflow.after(row.status, action.verb)

    def consequences(self, action: Action, row: Model) -> list[str]:
        """Sentences that tell before the button is pressed what will follow."""
        key = f"{action.key}.help"
        return [told(key)] if knows(key) else []

    def after(self, action: Action, row: Model, result: Any) -> str:
        """Where to go when it is done."""
        still_there = self.get_one(str(row.id))
        return str(self.get_url(".details_view", id=row.id) if still_there else self.get_url(".index_view"))

    # -- many rows ------------------------------------------------------------------------------

    def bulk_actions(self) -> list[tuple[str, str]]:
        """(verb, label) of what may be done to many rows at once."""
        return [(one.verb, told(one.key)) for one in of_model(self.model)
                if one.verb in self.bulk and may(actor(), one.key)]

    bulk: ClassVar[tuple[str, ...]] = ()

    @expose("/bulk/", methods=("POST",))
    def bulk_view(self) -> Any:
        """First a preview of what will happen to which rows; then all of them, or none."""
        action = self.action_or_404(request.form.get("verb", ""))
        if action.verb not in self.bulk:
            abort(404)
        require_any(actor(), action.key)
        ids = {row_number(id) for id in request.form.getlist("rowid")} - {None}
        rows = list(db.session.scalars(
            select(self.model).where(self.model.id.in_(ids), self.visible()).order_by(self.model.id)))
        allowed = permitted(actor(), action.key, self.model, {row.id for row in rows})
        fit, unfit = [], []
        for row in rows:
            fits = row.id in allowed and self._state_allows(action, row) and self.offers(action, row)
            (fit if fits else unfit).append(row)
        form = self.action_form(action, fit[0]) if fit else None
        if request.form.get("confirmed") and fit and form.validate():
            row = None
            try:
                with transaction():
                    self._hold(rows)
                    for row in rows:  # one that has become unfit since the preview stops them all
                        action.run(row, actor(), **inputs_of(form, action))
            except REFUSALS as no:
                flash(told("bulk.stopped", row=str(row), why=sentence(no)), "error")
            else:
                flash(told("bulk.done", action=told(action.key), count=len(fit)), "success")
                return redirect(self.get_url(".index_view"))
        elif form is not None and not request.form.get("confirmed"):
            form = form_for(action, fit[0])()
        return self.render("office/preview.html", action=action, fit=fit, unfit=unfit, form=form,
                           back=self.get_url(".index_view"))

    def _hold(self, rows: list[Model]) -> None:
        """Two who do overlapping rows at once wait here for one another, instead of each for the other's half."""
        held = select(self.model).where(self.model.id.in_({row.id for row in rows})).order_by(self.model.id)
        db.session.scalars(held.with_for_update(of=self.model).execution_options(populate_existing=True)).all()

    def _state_allows(self, action: Action, row: Model) -> bool:
        moves = row.workflow.moves if row.workflow else {}
        return action.verb not in moves or action.verb in row.workflow.verbs(row.status)

    @expose("/remove/", methods=("GET",))
    def delete_page(self) -> Any:
        """Asks before a row is deleted, on a page of its own: no script is needed for that."""
        row = self.row_or_404(request.args.get("id"))
        require(actor(), f"{self.feature}.delete", row)
        if not self.can_delete:
            abort(404)
        return self.render("office/delete.html", row=row, back=self.get_url(".details_view", id=row.id))

    # -- Flask-Admin's own habits ---------------------------------------------------------------

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Any:
        abort(404)

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Any:
        abort(404)

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Any:
        abort(404)

    def is_action_allowed(self, name: str) -> bool:
        """Flask-Admin's own mass delete is not one of our actions."""
        return False

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Flask-Admin calls a view a second time when it raises TypeError; we let it raise."""
        return fn(self, *args, **kwargs)


BADGES = {
    "sent": "info", "waiting": "warn", "accepted": "good", "active": "good", "rejected": "bad", "cancelled": "bad",
    "draft": "", "confirmed": "good", "declined": "bad", "proposed": "info", "annulled": "bad", "done": "good",
    "failed": "bad", "running": "info", "lost": "bad", "waiting_placement": "info", "waiting_decision": "info",
    "waiting_unit": "info", "waiting_guardian": "info", "decided": "good", "given_up": "bad", "queued": "info",
}


LARGEST = 2**31 - 1  # the databases' whole numbers end here


def row_number(typed: Any) -> int | None:
    """The number of a row out of an address or a form; None when it can be no row's."""
    text = str(typed)
    return int(text) if text.isdecimal() and len(text) < 11 and int(text) <= LARGEST else None


STATES = ("status", "state")  # columns whose values are coloured; other kinds are plain words
FILES = {"person": "person", "unit": "unit", "unit_group": "group"}  # tables and the screens of their files


def linked(row: Model) -> Any:
    """A row by its name, leading to its file for whoever may open that in the office."""
    screen = FILES.get(row.__tablename__)
    if screen is None or not request.path.startswith("/office"):
        return str(row)
    seen = permitted(actor(), f"{row.feature_name()}.view", type(row), {row.id})
    return link(str(row), f"{screen}.details_view", row.id) if seen else str(row)


def link(text: str, endpoint: str, id: int) -> Markup:
    """A cell that leads to another row's page."""
    return Markup('<a href="{}">{}</a>').format(url_for(endpoint, id=id), text)


DANGER = ("cancel", "annul", "reject", "decline", "delete", "end")


def look(verb: str) -> str:
    return "danger" if verb.startswith(DANGER) else "primary"


def inputs_of(form: Any, action: Action) -> dict[str, Any]:
    """What was typed; an empty text is no text where the action allows none."""
    values = {name: form[name].data for name in action.inputs}
    return {
        name: action.defaults[name] if value in ("", None) and name in action.defaults else value
        for name, value in values.items()
    }


def check_fresh(row: Model, version: Any) -> None:
    """Refuse to save over what somebody else saved while this form was open: say who, when and what."""
    if str(version or "") != str(row.version):
        raise stale(row)


def count_save(row: Model, version: Any) -> None:
    """An action that only adds other rows counts as a save of its own row too: sent twice, it is done once."""
    if row not in db.session or str(row.version) != str(version):
        return
    kind: Any = type(row)
    counted = update(kind).where(kind.id == row.id, kind.version == row.version).values(version=row.version + 1)
    if db.session.scalar(counted.returning(kind.id).execution_options(synchronize_session=False)) is None:
        raise stale(row)
    db.session.expire(row, ["version"])


def stale(row: Model) -> Stale:
    """What is told of a row that somebody else has saved."""
    last = db.session.scalar(
        done_to(row).order_by(AuditEvent.id.desc()).limit(1))
    own = f"{row.__tablename__} {row.id}"
    changed = {name for which, name, *_ in (last.facts.get("changes", ()) if last else ()) if name and which == own}
    what = ", ".join(sorted(told(f"{row.feature_name()}.{name}") for name in changed))
    in_office = may(actor(), "office.view")  # who did what in the office is not the family's to read
    return Stale(
        "form.stale", who=str(last.user) if last and last.user and in_office else told("form.somebody"),
        at=moment(last.at if last else now()), what=what or "–",
    )


def sentence(no: Exception, row: Model | None = None) -> str:
    """What the user is told of a refusal, be it ours or the database's; of a row saved at the same moment, by whom."""
    match no:
        case Refused():
            return told_refusal(no)
        case IntegrityError():
            key = f"broken.{broken_rule(no)}"
            return told(key) if knows(key) else told("broken")
        case DataError():  # longer or larger than its column
            return told("broken")
    if row is not None:
        return told_refusal(stale(row))
    return told("form.stale", who=told("form.somebody"), at=moment(now()), what="–")


def done_to(row: Model) -> Select[AuditEvent]:
    """The lines of the journal about a row, but for those of who has read it."""
    return select(AuditEvent).where(
        AuditEvent.subject == row.__tablename__, AuditEvent.subject_id == row.id, AuditEvent.action.not_like("%.read"))


def as_written(row: Model, name: str, kept: Any) -> Any:
    """A value of the journal as people write it: a state in words, a day as 1.8.2026."""
    attributes = inspect(type(row)).column_attrs
    if kept is None or name not in attributes:
        return kept
    column = attributes[name].columns[0]
    try:
        if (kind := getattr(column.type, "enum_class", None)) is not None:
            return word_of(kind(kept))
        if column.type.python_type is date:
            return written(date.fromisoformat(kept))
    except (ValueError, TypeError, NotImplementedError):
        return kept
    return written(kept) if isinstance(kept, bool) else kept


def history(row: Model, limit: int = 20) -> list[dict[str, Any]]:
    """The last lines of the journal about a row: when, who, what, and old → new.

    What was done to rows of other features is told only to whoever may see those, and what changed in other rows
    stands in their own files: the income that was added for a person is not told on the person's page.
    """
    own, by = {f"{row.__tablename__} {row.id}", f"{row.__tablename__} +"}, actor()
    lines = db.session.scalars(
        done_to(row).order_by(AuditEvent.id.desc()).limit(limit).options(joinedload(AuditEvent.user)))
    return [
        {"at": moment(line.at), "who": str(line.user or told("journal.machine")), "what": told(line.action),
         "changes": [(told(f"{row.feature_name()}.{name}"), as_written(row, name, old), as_written(row, name, new))
                     for which, name, old, new in line.facts.get("changes", ()) if name and which in own]}
        for line in lines if may(by, f"{line.action.partition('.')[0]}.view")
    ]

