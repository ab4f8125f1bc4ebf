"""Forms out of types: the inputs of an action, and the columns of a row, become fields with words and choices."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache, cached_property, partial
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from babel import Locale
from flask import request
from flask_admin.contrib.sqla.form import AdminModelConverter
from flask_admin.contrib.sqla.validators import Unique
from flask_admin.form import BaseForm
from flask_admin.model.form import converts
from markupsafe import Markup, escape
from sqlalchemy import Integer, Numeric, select
from sqlalchemy import Select as SelectOf
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
from wtforms.utils import unset_value
from wtforms.validators import InputRequired, Length, Optional, StopValidation
from wtforms.widgets import CheckboxInput, Input, ListWidget, Select, TextInput, core, html_params
from wtforms.widgets.core import clean_key

from evaka import city
from evaka.access import Actor, within
from evaka.actions import Action, Among, Choice
from evaka.actions.income import kind_name, kinds
from evaka.kit.dates import DateRange, finnish
from evaka.kit.money import euros
from evaka.models.base import Model, db
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.rules.income import IncomeKind, PayPeriod, ShownAmount
from evaka.rules.unit import SEVEN, Hours, Week
from evaka.texts import enum_key
from evaka.views.page import YEARS, Lazy, actor, clock, language, option_name, told, word_of, written

DAYS = ["%Y-%m-%d", "%d.%m.%Y"]
NUMBER = re.compile(r"[+\-\u2212]?\d{1,12}(\.\d{0,6})?")
LARGEST = 2**31 - 1  # the databases' whole numbers end here
CLOCK = re.compile(r"(\d{1,2})(?:[.:](\d\d))?")
MANY = 300  # rows, beyond which nobody reads through a select: the row is named instead
SHOWN = 20  # rows that a text may mean and that are shown
NUMBERED = re.compile(r"(?:^|#)(\d{1,9})$")
LONG = 2000  # letters in a text area
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # signs that no page shows, from other programs' clipboards


def tidy(typed: Any) -> Any:
    """A text without unseen signs, which no spreadsheet takes, and without spaces around it."""
    return UNSEEN.sub("", typed).strip() if isinstance(typed, str) else typed


def attributes(**given: Any) -> Markup:
    """The attributes of an input, as `html_params` writes them, which formats each by itself: a form has a hundred."""
    found = []
    for name, value in sorted(given.items()):
        if value is True:
            found.append(clean_key(name))
        elif value is not False:
            text = str(escape(value)).replace('"', "&quot;")  # what is safe already may hold quotation marks
            found.append(f'{clean_key(name)}="{text}"')
    return Markup(" ".join(found))


Input.html_params = staticmethod(attributes)
core.html_params = attributes  # of selects and text areas


WITH_PARTS = frozenset({  # fields of several inputs, or beside their label: office/macros.html writes them
    "BooleanField", "TicksField", "RowsField", "SelectMultipleField", "WeekField", "CareWeek", "IncomeLinesField",
    "RadioField",
})
BESIDE = {"EurosField": "€", "PercentField": "%"}


def one_input(field: Any, unit: str, hint: str, icon: Callable[[str], str]) -> Markup | None:
    """A field of one input with its label, and with its mistakes, which `icon("alert")` begins; None when it has parts.

    Written here since a form has twenty of them, and a macro for each was a third of its page.
    """
    if field.type in WITH_PARTS:
        return None
    flags, about, id = field.flags, hint or field.description, escape(field.id)
    wrong = [one for one in field.errors if isinstance(one, str)]
    extra: dict[str, str] = {"aria-invalid": "true"} if wrong else {}
    if said := " ".join([f"{id}-hint"] * bool(about) + [f"{id}-error"] * bool(wrong)):
        extra["aria-describedby"] = said
    beside = unit or BESIDE.get(field.type, "")
    if beside or field.type in ("NumberField", "DecimalField"):
        extra["inputmode"] = "decimal"
    if not beside and "inputmode" in extra:
        extra["type"] = "text"
    shown = field(class_="form-control", **extra)
    if beside:
        shown = f'<span class="of-beside">{shown}<span>{escape(beside)}</span></span>'
    left_out = not (flags.required or flags.quiet or field.type == "EurosField"
                    or (getattr(field, "choices", None) and field.data))
    optional = f' <span class="muted">{escape(told("ui.form.optional"))}</span>' if left_out else ""
    explained = f'<p class="of-hint" id="{id}-hint">{escape(about)}</p>' if about else ""
    mistakes = (f'<p class="of-error" id="{id}-error">{icon("alert")}<span>{Markup(" ").join(wrong)}</span></p>'
                if wrong else "")
    return Markup(f'<div class="of-field{" is-wrong" if wrong else ""}"><label for="{id}">{escape(field.label.text)}'
                  f"{optional}</label>{explained}{shown}{mistakes}</div>")


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


def cents_of(typed: str) -> int:
    """Euros as people write them, 1 250,50, in cents; ValueError in a sentence for anything else."""
    text = typed.replace("\u00a0", "").replace(" ", "").replace(",", ".")
    if not NUMBER.fullmatch(text):
        raise ValueError(told("form.number"))
    cents = Decimal(text.replace("\u2212", "-")) * 100
    if cents != int(cents):
        raise ValueError(told("form.cents"))
    if abs(cents) > LARGEST:
        raise ValueError(told("form.number"))
    return int(cents)


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
        for row in self.offered():
            yield Option(str(row.id), str(row), row.id == chosen, {})

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


class LanguageField(SelectField):
    """A language that there are words for; one that came from a register besides is kept as it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [SelectChoice(one, Lazy(f"language.{one}")) for one in ("fi", "sv", "se", "en")]
        super().__init__(*args, choices=choices, **kwargs)

    def process_data(self, value: Any) -> None:
        super().process_data(value)
        if value and value not in [one.value for one in self.choices]:
            self.choices = [*self.choices, SelectChoice(value, called([value], "languages"))]


NOWHERE = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}  # what the names of countries hold beside countries


@cache
def names_of(kind: str, language: str) -> dict[str, str]:
    """The languages or territories of the world by their ISO codes of two letters, as they are called."""
    found = getattr(Locale(language), kind)
    return {key: str(name) for key, name in found.items() if len(key) == 2 and key.isalpha() and key not in NOWHERE}


@cache
def codes_of(kind: str, language: str) -> dict[str, str]:
    """The codes by what may be typed for them: a name, or the code itself, in small letters."""
    names = names_of(kind, language)
    return {name.casefold(): code for code, name in names.items()} | {code.casefold(): code for code in names}


def called(codes: list[str], kind: str) -> str:
    """Codes of languages or territories by name, in the reader's language."""
    names = names_of(kind, language())
    return ", ".join(names.get(code, code) for code in codes)


class CodesField(StringField):
    """Languages or territories, typed by name in the reader's language or by code, kept as a JSON list of codes."""

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(*args, **kwargs)

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else called(self.data or [], self.kind)

    def process_formdata(self, valuelist: list[str]) -> None:
        known = codes_of(self.kind, language())
        found: dict[str, None] = {}
        for typed in filter(None, map(str.strip, re.split("[,;]", valuelist[0] if valuelist else ""))):
            if (code := known.get(typed.casefold())) is None:
                raise ValueError(told("form.unknown_name", typed=typed))
            found[code] = None
        self.data = list(found)


class TicksField(SelectMultipleField):
    """Several of the program's keys, as tick boxes, kept as a JSON list."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, *args: Any, kind: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(*args, choices=[SelectChoice(one.value, Lazy(enum_key(one))) for one in kind], **kwargs)


class WeekField(Field):
    """The hours of a week: from and to for each day, both empty when it is closed.

    The page shows it as a grid (`rows`); what was typed stays as it was, whether it could be read or not.
    """

    words = "form.week"  # of what is told of a day whose times do not fit
    SIDES = ("start", "end")

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(None, data, extra_filters)
        self.wrong: dict[int, str] = {}
        if formdata is None:
            self.typed = {(day, side): self._shown(day, side) for day in SEVEN for side in self.SIDES}
            return
        self.typed = {
            (day, side): (formdata.getlist(self.name_of(day, side)) or [""])[0].strip()
            for day in SEVEN for side in self.SIDES}
        self.raw_data = [text for text in self.typed.values() if text]
        days = tuple(self._hours(day) for day in SEVEN)
        self.data = Week(days) if any(days) and not self.wrong else None
        self.process_errors = list(self.wrong.values())

    def name_of(self, day: int, side: str) -> str:
        return f"{self.name}-{day}-{side}"

    def side_word(self, side: str) -> str:
        """The head of a column."""
        return told(f"form.week.{side}")

    def input_word(self, day: int, side: str) -> str:
        """What a reader of the screen hears of an input."""
        return told(f"form.week.{side}_of", day=told(f"weekday.{day}"))

    def _shown(self, day: int, side: str) -> str:
        hours = self.data.on(day) if self.data is not None else None
        return clock(getattr(hours, side)) if hours else ""

    def _hours(self, day: int) -> Hours | None:
        start, end = (self.typed[day, side] for side in self.SIDES)
        if not start and not end:
            return None
        named = told(f"weekday.{day}")
        if not (start and end):
            self.wrong[day] = told(f"{self.words}.half", day=named)
            return None
        try:
            return Hours(clock_of(start), clock_of(end))
        except NotATime as no:
            self.wrong[day] = told("form.week.clock", day=named, typed=str(no))
        except ValueError:
            self.wrong[day] = told(f"{self.words}.order", day=named)
        return None

    def rows(self) -> list[dict[str, Any]]:
        """By day its name, its two inputs, and what is wrong with it."""
        return [
            {"day": told(f"weekday.{day}"), "wrong": self.wrong.get(day, ""), "inputs": [
                {"name": self.name_of(day, side), "value": self.typed[day, side],
                 "label": self.input_word(day, side)} for side in self.SIDES]}
            for day in SEVEN
        ]


PLAIN[Week] = WeekField


class IncomeLinesField(Field):
    """An amount for each kind of income that the city asks for, with its pay period where it may have another.

    A kind that the city has given up stays in the grid of an income that has it, so that no amount is lost unseen.
    The page shows it as a grid (`rows`); what was typed stays as it was, whether it could be read or not.
    """

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        super().process(None, data, extra_filters)
        self.wrong: dict[str, str] = {}
        self.kinds = kinds()
        if formdata is None:
            return
        first, last = f"{self.name}-", "-amount"
        typed = [name[len(first):-len(last)] for name in formdata if name.startswith(first) and name.endswith(last)]
        self.kinds |= {kind: IncomeKind() for kind in typed if kind not in self.kinds}
        self.typed = {
            (kind, part): (formdata.getlist(self.name_of(kind, part)) or [""])[0].strip()
            for kind in self.kinds for part in ("amount", "period")}
        self.raw_data = [text for (_, part), text in self.typed.items() if text and part == "amount"]
        found = [self._amount(kind) for kind in self.kinds if self.typed[kind, "amount"]]
        self.data = tuple(one for one in found if one is not None)
        self.process_errors = list(self.wrong.values())

    def name_of(self, kind: str, part: str) -> str:
        return f"{self.name}-{kind}-{part}"

    def _amount(self, kind: str) -> ShownAmount | None:
        try:
            cents = cents_of(self.typed[kind, "amount"])
            period = PayPeriod(self.typed[kind, "period"] or PayPeriod.MONTHLY_NO_HOLIDAY_BONUS)
        except ValueError as no:
            self.wrong[kind] = f"{kind_name(kind, language())}: {no}"
            return None
        return ShownAmount(kind, cents, period)

    def _shown(self, kind: str) -> tuple[str, str]:
        """Amount and pay period as the inputs hold them."""
        if self.raw_data is not None:
            return self.typed[kind, "amount"], self.typed[kind, "period"]
        held = next((one for one in self.data or () if one.kind == kind), None)
        return (euros(held.amount).removesuffix("\u00a0€"), held.period) if held else ("", "")

    def rows(self) -> list[dict[str, Any]]:
        """By kind its name, its input, the pay periods where one may be chosen, and what is wrong with it."""
        found = []
        held = {one.kind: IncomeKind() for one in self.data or ()}
        for key, kind in (self.kinds | {key: kind for key, kind in held.items() if key not in self.kinds}).items():
            amount, period = self._shown(key)
            periods = [(one.value, word_of(one), one == (period or PayPeriod.MONTHLY_NO_HOLIDAY_BONUS))
                       for one in PayPeriod] if kind.chooses_period else []
            found.append({
                "label": kind_name(key, language()), "part": kind.part_of, "amount": amount, "periods": periods,
                "name": self.name_of(key, "amount"), "period_name": self.name_of(key, "period"),
                "wrong": self.wrong.get(key, "")})
        return found


class NotATime(ValueError):
    """What was typed is no time of day."""


def clock_of(typed: str) -> time:
    """6.30, 6:30 or 6; 24 is the last minute of the day."""
    found = CLOCK.fullmatch(typed)
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if (hour, minute) == (24, 0):
        return time(23, 59)
    if hour > 23 or minute > 59:
        raise NotATime(typed)
    return time(hour, minute)


class DegreesField(NumberField):
    """A coordinate; maps give more decimals than a metre needs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"places": None} | kwargs))

    def _value(self) -> str:
        return str(super()._value()).replace(".", ",")

    def process_formdata(self, valuelist: list[str]) -> None:
        whole, point, decimals = (valuelist[0] if valuelist else "").strip().replace(",", ".").partition(".")
        super().process_formdata([f"{whole}{point}{decimals[:5] if decimals.isdecimal() else decimals}"])
