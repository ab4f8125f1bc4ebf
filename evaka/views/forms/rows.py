"""Fields in which rows are chosen: one or several, out of a select, or named when there are many."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from flask import request
from markupsafe import Markup
from sqlalchemy import Select as SelectOf
from sqlalchemy import select
from wtforms import (
    SelectField,
    SelectMultipleField,
    ValidationError,
)
from wtforms.fields.choices import Choice as Option
from wtforms.widgets import CheckboxInput, ListWidget, Select, html_params

from evaka.access import Actor, within
from evaka.kit.dates import DateRange
from evaka.models.base import Model, db
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.views.page import told, written

MANY = 300  # rows, beyond which nobody reads through a select: the row is named instead
SHOWN = 20  # rows that a text may mean and that are shown
NUMBERED = re.compile(r"(?:^|#)(\d{1,9})$")


class RowWidget(Select):
    """A select of few rows; of many a text in which the row is named, with what is meant below it when it is unclear.

    It works as it stands.  The script adds names to choose from while one types.
    """

    def __call__(self, field: Any, **given: Any) -> Markup:
        if not field.many:
            return super().__call__(field, **given)
        typed = Markup(
            '<input type="text" autocomplete="off" maxlength="100" {} list="{}-list" data-lookup="{}">'
            '<datalist id="{}-list"></datalist>').format(
                Markup(html_params(name=field.name, id=field.id, value=field.typed, **_attributes(given))), field.id,
                f"{request.script_root}/office/search/choices?kind={field.model.__tablename__}", field.id)
        if not field.meant:
            return typed
        options = Markup("").join(
            Markup('<option value="{}">{}</option>').format(row.id, row_label(row)) for row in field.meant)
        chosen = Markup(
            '<select class="form-control" name="{}" aria-label="{}"><option value="">{}</option>{}</select>')
        return typed + chosen.format(field.name, field.label.text, told("form.choose"), options)


def _attributes(given: dict[str, Any]) -> dict[str, Any]:
    return {name.rstrip("_"): value for name, value in given.items()}


def row_label(row: Model) -> str:
    """A row among others of its kind: people of one name are told apart by the day of their birth."""
    born = getattr(row, "born", None)
    return f"{row}, {written(born)}" if born else str(row)


def labelled(rows: list[Model]) -> list[tuple[Model, str]]:
    """Rows to choose from with their names; groups of several units with the unit's, and unit by unit."""
    units = {row.unit_id for row in rows if isinstance(row, Group)}
    if len(units) < 2:
        return [(row, str(row)) for row in rows]
    names = dict(db.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(units))).tuples().all())
    found = [(row, f"{names.get(row.unit_id, '')}: {row}") for row in rows if isinstance(row, Group)]
    return sorted(found, key=lambda one: one[1])


def choice_text(row: Model) -> str:
    """A row as it stands in the text of a field of many; the number makes it the one."""
    return f"{row_label(row)} #{row.id}"


class RowField(SelectField):
    """One of the rows that the actor may choose, by `rows`; never are more than MANY of them read."""

    widget = RowWidget()

    def __init__(self, *args: Any, model: type[Model], rows: Callable[[], Any], **kwargs: Any) -> None:
        self.model, self.rows, self.kept = model, rows, None
        self.typed, self.meant = "", []  # type: ignore[var-annotated]
        super().__init__(*args, **kwargs)

    @cached_property
    def few(self) -> list[Model] | None:
        """All the rows there are to choose from, by name; None when they are many."""
        found = db.session.scalars(self.rows().limit(MANY + 1)).all()
        return sorted(found, key=str) if len(found) <= MANY else None

    @property
    def many(self) -> bool:
        return self.few is None

    def offered(self) -> list[Model]:
        """What may be chosen, and what has been chosen already, by whomever."""
        rows = self.few or []
        return rows if self.kept is None or self.kept in rows else [self.kept, *rows]

    def iter_choices(self) -> Any:
        chosen = self.data.id if isinstance(self.data, Model) else self.data
        yield Option("", told("form.choose"), chosen in (None, ""), {})
        for row, label in labelled(self.offered()):
            yield Option(str(row.id), label, row.id == chosen, {})

    def has_groups(self) -> bool:
        return False

    def process_data(self, value: Any) -> None:
        self.data = value
        self.kept = value if isinstance(value, Model) else None
        self.typed = choice_text(value) if isinstance(value, Model) else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = next((one.strip() for one in reversed(valuelist) if one.strip()), "")
        if self.many:
            self.data = self._named(typed[:100]) if typed else None
            return
        self.data = next((row for row in self.offered() if str(row.id) == typed), None)
        if typed and self.data is None:
            raise ValidationError(told("form.not_a_choice"))

    def _named(self, typed: str) -> Model:
        """The row that a text names: by its number, or as the only one with these words."""
        self.typed = typed
        number = NUMBERED.search(typed)
        if self.kept is not None and number is not None and int(number[1]) == self.kept.id:
            return self.kept
        query = self.rows()
        meant = self.model.id == int(number[1]) if number is not None else self.model.named(typed)
        found = list(db.session.scalars(query.where(meant).limit(SHOWN + 1)))
        if len(found) == 1:
            self.typed = choice_text(found[0])
            return found[0]
        self.meant = sorted(found[:SHOWN], key=str)
        raise ValidationError(told("form.several_rows" if found else "form.no_such_row", typed=typed, most=SHOWN))

    def pre_validate(self, form: Any) -> None:
        return None


class RowsField(SelectMultipleField):
    """Several of the rows that the actor may choose, as tick boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, *args: Any, rows: Callable[[], list[Model]], **kwargs: Any) -> None:
        self.rows = rows  # a screen may narrow it once it knows what else was chosen
        super().__init__(*args, **kwargs)

    def iter_choices(self) -> Any:
        chosen = {str(one.id) if isinstance(one, Model) else str(one) for one in self.data or ()}
        for row in self.rows():
            yield Option(str(row.id), str(row), str(row.id) in chosen, {})

    def has_groups(self) -> bool:
        return False

    def process_data(self, value: Any) -> None:
        self.data = tuple(value or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = tuple(valuelist)

    def pre_validate(self, form: Any) -> None:
        """What was typed becomes rows when the form is checked: only then is it known which may be chosen."""
        offered = {str(row.id): row for row in self.rows()}
        if any(typed not in offered for typed in self.data):
            raise ValidationError(told("form.not_a_choice"))
        self.data = tuple(offered[typed] for typed in self.data)


def choosable(model: type[Model], row: Model, by: Actor) -> SelectOf[Any]:
    """The rows of `model` that the actor sees: of the row's own unit, or about this very child, where both have one."""
    query = select(model).where(within(by, f"{model.feature_name()}.view", model))
    unit_id = row.id if isinstance(row, Unit) else getattr(row, "unit_id", None)
    if unit_id is not None and hasattr(model, "unit_id"):
        query = query.where(model.unit_id == unit_id)
    if isinstance(row, Person) and hasattr(model, "child_id"):
        query = query.where(model.child_id == row.id)
    if hasattr(model, "meets"):  # what opens in the autumn may be chosen in the spring
        query = query.where(model.meets(DateRange(by.today)))
    if hasattr(model, "blocked"):
        query = query.where(~model.blocked)
    return query


def by_name(rows: SelectOf[Any]) -> list[Model]:
    """A few rows, for tick boxes."""
    return sorted(db.session.scalars(rows), key=str)
