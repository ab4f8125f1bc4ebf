"""Fields of one value that is typed: texts, numbers, euros, days and times."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, Numeric
from wtforms import (
    DateField,
    DecimalField,
    Field,
    IntegerField,
    TimeField,
    ValidationError,
)
from wtforms.validators import InputRequired, StopValidation
from wtforms.widgets import TextInput

from evaka.kit.money import euros
from evaka.views.page import YEARS, told

DAYS = ["%Y-%m-%d", "%d.%m.%Y"]
NUMBER = re.compile(r"[+\-\u2212]?\d{1,12}(\.\d{0,6})?")
LARGEST = 2**31 - 1  # the databases' whole numbers end here
CLOCK = re.compile(r"(\d{1,2})(?:[.:](\d\d))?")
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
        super().__init__(*args, **({"format": DAYS, "invalid_value_message": "-"} | kwargs))

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            if valuelist and not valuelist[0].strip():  # most days of most forms: no format need be tried
                raise ValueError(valuelist)
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


class DegreesField(NumberField):
    """A coordinate; maps give more decimals than a metre needs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"places": None} | kwargs))

    def _value(self) -> str:
        return str(super()._value()).replace(".", ",")

    def process_formdata(self, valuelist: list[str]) -> None:
        whole, point, decimals = (valuelist[0] if valuelist else "").strip().replace(",", ".").partition(".")
        super().process_formdata([f"{whole}{point}{decimals[:5] if decimals.isdecimal() else decimals}"])
