"""How a field stands on a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape
from wtforms.widgets import Input, core
from wtforms.widgets.core import clean_key

from evaka.views.page import told


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
