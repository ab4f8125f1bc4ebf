"""Forms out of types: the inputs of an action, and the columns of a row, become fields with words and choices."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from flask_admin.contrib.sqla.form import AdminModelConverter
from flask_admin.contrib.sqla.validators import Unique
from flask_admin.form import BaseForm
from flask_admin.model.form import converts
from sqlalchemy import Integer, Numeric, select
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Field,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
    ValidationError,
)
from wtforms.fields.choices import Choice as Option
from wtforms.fields.choices import SelectChoice
from wtforms.fields.core import UnboundField
from wtforms.validators import InputRequired, Length, Optional, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from evaka import city
from evaka.access import Actor, within
from evaka.actions import Action, Choice
from evaka.kit.dates import DateRange
from evaka.kit.money import euros
from evaka.models.base import Model, db
from evaka.models.person import Person
from evaka.texts import enum_key
from evaka.views.page import YEARS, Lazy, actor, option_name, told, word_of

DAYS = ["%Y-%m-%d", "%d.%m.%Y"]
NUMBER = re.compile(r"[+\-\u2212]?\d{1,12}(\.\d{0,6})?")
LARGEST = 2**31 - 1  # the databases' whole numbers end here
LONG = 2000  # letters in a text area
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # signs that no page shows, from other programs' clipboards


def tidy(typed: Any) -> Any:
    """A text without unseen signs, which no spreadsheet takes, and without spaces around it."""
    return UNSEEN.sub("", typed).strip() if isinstance(typed, str) else typed


def tidy_or_none(typed: Any) -> Any:
    """A text for a column that may be empty: nothing typed is no change."""
    return tidy(typed) or None


class Required(InputRequired):
    """Something is typed, and not spaces alone."""

    def __call__(self, form: Any, field: Field) -> None:
        self.message = told("form.required", field=str(field.label.text))
        super().__call__(form, field)
        if isinstance(field.data, str) and not field.data.strip():
            raise StopValidation(self.message)


class Count:
    """A number from nought to what its column holds; SQLite would keep a larger one."""

    def __init__(self, kind: Integer | Numeric[Any]) -> None:
        digits = (kind.precision or 12) - (kind.scale or 0) if isinstance(kind, Numeric) else 0
        self.most = 10**digits - 1 if digits else LARGEST

    def __call__(self, form: Any, field: Field) -> None:
        if field.data is not None and not 0 <= field.data <= self.most:
            raise ValidationError(told("form.count", most=self.most))


class NumberField(DecimalField):
    """12,50 as well as 12.50; nothing but a number.  A browser's own number field would refuse the comma."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            valuelist = [valuelist[0].replace("\u00a0", "").replace(" ", "").replace(",", ".")]
        if valuelist and valuelist[0] and not NUMBER.fullmatch(valuelist[0]):  # nor infinity, nor 1e9
            raise ValueError(told("form.number"))
        super().process_formdata(valuelist)


class EurosField(NumberField):
    """Cents inside, euros on the page."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else euros(self.data).removesuffix("\u00a0€").removesuffix(" €")

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None:
            cents = Decimal(self.data) * 100
            if cents != int(cents):
                raise ValueError(told("form.cents"))
            if abs(cents) > LARGEST:
                raise ValueError(told("form.number"))
            self.data = int(cents)


class DayField(DateField):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"format": DAYS} | kwargs))

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
            if self.data is not None and self.data.year not in YEARS:
                raise ValueError(self.data)
        except ValueError:
            self.data = None
            raise ValueError(told("form.day", typed=" ".join(valuelist))) from None


class ClockField(TimeField):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"format": ["%H:%M", "%H.%M", "%H:%M:%S"]} | kwargs))

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(told("form.clock", typed=" ".join(valuelist))) from None


class WholeField(IntegerField):
    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
            if self.data is not None and abs(self.data) > LARGEST:
                raise ValueError(self.data)
        except ValueError:
            self.data = None
            raise ValueError(told("form.whole")) from None


class RowField(SelectField):
    """One of the rows that the actor may choose."""

    def __init__(self, *args: Any, model: type[Model], rows: Callable[[], list[Model]], **kwargs: Any) -> None:
        self.model, self.rows, self.kept = model, rows, None
        super().__init__(*args, **kwargs)

    def offered(self) -> list[Model]:
        """What may be chosen, and what has been chosen already, by whomever."""
        rows = self.rows()
        return rows if self.kept is None or self.kept in rows else [self.kept, *rows]

    def iter_choices(self) -> Any:
        chosen = self.data.id if isinstance(self.data, Model) else self.data
        yield Option("", told("form.choose"), chosen in (None, ""), {})
        for row in self.offered():
            yield Option(str(row.id), str(row), row.id == chosen, {})

    def has_groups(self) -> bool:
        return False

    def process_data(self, value: Any) -> None:
        self.data = value
        self.kept = value if isinstance(value, Model) else None

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0] if valuelist else ""
        self.data = next((row for row in self.offered() if str(row.id) == typed), None)
        if typed and self.data is None:
            raise ValidationError(told("form.not_a_choice"))

    def pre_validate(self, form: Any) -> None:
        return None


PLAIN: dict[Any, type[Field]] = {
    date: DayField, time: ClockField, int: WholeField, bool: BooleanField, Decimal: NumberField,
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
        if isinstance(mark, Choice):
            rows = city.read(mark.table).items()
            choices = [SelectChoice(key, option_name(mark.table, key)) for key, row_ in rows
                       if not mark.column or row_[mark.column] in mark.values]
            return SelectField(**common, choices=[SelectChoice("", told("form.choose")), *choices])
        if mark == "euros":
            return EurosField(**common)
        if mark == "long":
            rules.append(Length(max=LONG))
            return TextAreaField(**common, filters=[tidy])
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        blank = [] if common["default"] is not None else [SelectChoice("", told("form.choose"))]
        choices = blank + [SelectChoice(one.value, word_of(one)) for one in hint]
        return SelectField(**common, choices=choices, coerce=lambda typed: hint(typed) if typed else None)
    if isinstance(hint, type) and issubclass(hint, Model):
        return RowField(**common, model=hint, rows=lambda: choosable(hint, row, by))
    if hint is str:
        rules.append(Length(max=200))
        return StringField(**common, filters=[tidy])
    return PLAIN[hint](**common)


def choosable(model: type[Model], row: Model, by: Actor) -> list[Model]:
    """The rows of `model` that the actor sees: of the row's own unit, or about this very child, where both have one."""
    query = select(model).where(within(by, f"{model.feature_name()}.view", model))
    unit_id = getattr(row, "unit_id", None)
    if unit_id is not None and hasattr(model, "unit_id"):
        query = query.where(model.unit_id == unit_id)
    if isinstance(row, Person) and hasattr(model, "child_id"):
        query = query.where(model.child_id == row.id)
    if hasattr(model, "meets"):  # what opens in the autumn may be chosen in the spring
        query = query.where(model.meets(DateRange(by.today)))
    if hasattr(model, "blocked"):
        query = query.where(~model.blocked)
    return sorted(db.session.scalars(query), key=str)


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

        def rows() -> list[Model]:
            query = select(remote_model).where(within(actor(), key, remote_model))
            return sorted(db.session.scalars(query), key=str)

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


class LanguageField(SelectField):
    """A language that there are words for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [SelectChoice(one, Lazy(f"language.{one}")) for one in ("fi", "sv", "se", "en")]
        super().__init__(*args, choices=choices, **kwargs)


class TicksField(SelectMultipleField):
    """Several of the program's keys, as tick boxes, kept as a JSON list."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, *args: Any, kind: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(*args, choices=[SelectChoice(one.value, Lazy(enum_key(one))) for one in kind], **kwargs)


class WeekdaysField(SelectMultipleField):
    """Monday 1 … Sunday 7."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        days = [SelectChoice(day, Lazy(f"weekday.{day}")) for day in range(1, 8)]
        super().__init__(*args, choices=days, coerce=int, **kwargs)
