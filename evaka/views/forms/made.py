"""Forms out of types: the inputs of an action, and the columns of a row, become fields with words and choices."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from enum import Enum, StrEnum
from functools import partial
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from flask_admin.contrib.sqla.form import AdminModelConverter
from flask_admin.contrib.sqla.validators import Unique
from flask_admin.form import BaseForm
from flask_admin.model.form import converts
from sqlalchemy import Integer, Numeric, select
from sqlalchemy import Select as SelectOf
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.fields.core import UnboundField
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from evaka import city
from evaka.access import Actor, within
from evaka.actions import Action, Among, Choice
from evaka.kit.dates import finnish
from evaka.models.base import Model
from evaka.rules.unit import Week
from evaka.texts import enum_key
from evaka.views.forms.rows import RowField, RowsField, by_name, choosable
from evaka.views.forms.several import IncomeLinesField, TicksField, WeekField
from evaka.views.forms.typed import (
    LONG,
    ClockField,
    Count,
    DayField,
    EurosField,
    NumberField,
    Required,
    WholeField,
    tidy,
    tidy_or_none,
)
from evaka.views.page import Lazy, actor, option_name, told, word_of

PLAIN: dict[Any, type[Field]] = {
    date: DayField, time: ClockField, int: WholeField, bool: BooleanField, Decimal: NumberField,
    Week: WeekField,
}


def form_for(action: Action, row: Model) -> type[BaseForm]:
    """The form that asks for an action's inputs; a choice of rows holds what the actor may choose for this row."""
    by = actor()
    fields = {name: _field(action, name, kind, row, by) for name, kind in action.inputs.items()}
    fields["row_version"] = HiddenField()
    return type("ActionForm", (BaseForm,), fields)


def _field(action: Action, name: str, hint: Any, row: Model, by: Actor) -> Any:
    label = Lazy(f"{action.key}.{name}")
    marks: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
    optional = get_origin(hint) in (Union, UnionType) or name in action.defaults
    if get_origin(hint) in (Union, UnionType):
        [hint] = [one for one in get_args(hint) if one is not NoneType]
        if get_origin(hint) is Annotated:
            hint, *marks = get_args(hint)
    rules: list[Any] = [Optional() if optional or hint is bool else Required()]
    common: dict[str, Any] = {"label": label, "validators": rules, "default": action.defaults.get(name)}
    for mark in marks:
        if isinstance(mark, Among):
            return RowField(**common, model=hint, rows=partial(mark.rows, row, by))
        if isinstance(mark, Choice):
            rows = [(key, row_) for key, row_ in city.read(mark.table).items()
                    if not mark.column or row_[mark.column] in mark.values]
            rows.sort(key=lambda one: one[1].get("order", 0))  # as the city offers them; else as its file stands
            choices = [SelectChoice(key, _offered(mark.table, key, row_)) for key, row_ in rows]
            if get_origin(hint) is tuple:
                return SelectMultipleField(
                    **common, choices=choices, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
            return SelectField(**common, choices=[SelectChoice("", told("form.choose")), *choices])
        if mark == "euros":
            return EurosField(**common)
        if mark == "income_lines":
            return IncomeLinesField(**common)
        if mark == "long":
            rules.append(Length(max=LONG))
            return TextAreaField(**common, filters=[tidy])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        blank = [] if common["default"] is not None else [SelectChoice("", told("form.choose"))]
        choices = blank + [SelectChoice(one.value, word_of(one)) for one in hint]
        return SelectField(**common, choices=choices, coerce=lambda typed: hint(typed) if typed else None)
    if get_origin(hint) is tuple and issubclass(get_args(hint)[0], StrEnum):
        kind = get_args(hint)[0]
        return TicksField(**common, kind=kind, coerce=kind)
    if get_origin(hint) is tuple:  # tuple[Group, ...]
        return RowsField(**common, rows=lambda: by_name(choosable(get_args(hint)[0], row, by)))
    if isinstance(hint, type) and issubclass(hint, Model):
        return RowField(**common, model=hint, rows=lambda: choosable(hint, row, by))
    if hint is str:
        rules.append(Length(max=200))
        return StringField(**common, filters=[tidy])
    return PLAIN[hint](**common)


def _offered(table: str, key: str, row: dict[str, Any]) -> str:
    """The name of an option, and until when it may be chosen where that ends."""
    name, end = option_name(table, key), row.get("end")
    return f"{name} (–{finnish(end)})" if isinstance(end, date) else name


class Converter(AdminModelConverter):
    """Columns to fields, where Flask-Admin's own converter shows code instead of words."""

    def _label(self, model: type[Model], name: str) -> Any:
        return Lazy(f"{model.feature_name()}.{name}")

    def convert(self, model: Any, mapper: Any, name: str, prop: Any, field_args: Any, hidden_pk: bool) -> Any:
        column = getattr(prop, "columns", [None])[0]
        given = {"label": self._label(self.view.text_model(), name)} | (field_args or {})
        override = (self.view.form_overrides or {}).get(name)
        several = override is not None and issubclass(override, SelectMultipleField)
        one_of = override is not None and issubclass(override, SelectField) and not several
        if column is not None and column.server_default is not None and not column.primary_key and not one_of:
            given["validators"] = [Optional(), *given.get("validators", ())]
        if column is not None and isinstance(column.type, Integer | Numeric) and not column.foreign_keys:
            given["validators"] = [*given.get("validators", ()), Count(column.type)]
        field = super().convert(model, mapper, name, prop, given, hidden_pk)
        if isinstance(field, UnboundField):  # the database says that something is taken, and in whole sentences
            kept = [one for one in field.kwargs.get("validators", ()) if not isinstance(one, Unique)]
            field.kwargs["validators"] = [Required() if type(one) is InputRequired else one for one in kept]
            if issubclass(field.field_class, StringField):
                field.kwargs["filters"] = [tidy_or_none if column is not None and column.nullable else tidy]
        return field

    def _model_select_field(self, prop: Any, multiple: Any, remote_model: type[Model], **given: Any) -> Field:
        """Flask-Admin would offer every row there is."""
        given.pop("allow_blank", None)
        key = f"{remote_model.feature_name()}.view"

        def rows() -> SelectOf[Any]:
            return select(remote_model).where(within(actor(), key, remote_model))

        return RowField(**{"model": remote_model, "rows": rows} | given)  # a screen may offer fewer, by form_args

    @converts("sqlalchemy.sql.sqltypes.Enum")
    def convert_enum(self, column: Any, field_args: dict[str, Any], **extra: Any) -> Field:
        kind: type[Enum] = column.type.enum_class
        none = [SelectChoice("", "")] if column.nullable else []
        field_args["choices"] = [*none, *(SelectChoice(one.value, Lazy(enum_key(one))) for one in kind)]
        field_args["coerce"] = lambda typed: kind(typed) if typed else None
        return SelectField(**field_args)

    @converts("Date")
    def convert_date(self, field_args: dict[str, Any], **extra: Any) -> Field:
        return DayField(**field_args)

    @converts("Time")
    def convert_time(self, field_args: dict[str, Any], **extra: Any) -> Field:
        return ClockField(**field_args)

    @converts("Integer", "SmallInteger")
    def handle_integer_types(self, column: Any, field_args: dict[str, Any], **extra: Any) -> Field:
        return WholeField(**field_args)

    @converts("Numeric")
    def handle_decimal_types(self, column: Any, field_args: dict[str, Any], **extra: Any) -> Field:
        field_args.setdefault("places", None)
        return NumberField(**field_args)
