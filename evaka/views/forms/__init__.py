"""Forms: their fields, how they stand on a page, and forms made out of actions and rows."""

from evaka.views.forms.made import Converter, form_for
from evaka.views.forms.rows import SHOWN, RowsField, by_name, choice_text, choosable
from evaka.views.forms.several import CodesField, LanguageField, NotATime, TicksField, WeekField, called, clock_of
from evaka.views.forms.shown import attributes, one_input
from evaka.views.forms.typed import (
    LONG,
    ClockField,
    DayField,
    DegreesField,
    EurosField,
    NumberField,
    Required,
    WholeField,
    tidy,
)

__all__ = [
    "LONG", "SHOWN", "ClockField", "CodesField", "Converter", "DayField", "DegreesField", "EurosField",
    "LanguageField", "NotATime", "NumberField", "Required", "RowsField", "TicksField", "WeekField", "WholeField",
    "attributes", "by_name", "called", "choice_text", "choosable", "clock_of", "form_for", "one_input", "tidy",
]
