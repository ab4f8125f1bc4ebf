"""Fields of several values: languages, ticks, the hours of a week, the lines of an income."""

from __future__ import annotations

import re
from datetime import time
from enum import StrEnum
from functools import cache
from typing import Any

from babel import Locale
from wtforms import (
    Field,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.utils import unset_value
from wtforms.widgets import CheckboxInput, ListWidget

from evaka.actions.income import kind_name, kinds
from evaka.kit.money import euros
from evaka.rules.income import IncomeKind, PayPeriod, ShownAmount
from evaka.rules.unit import SEVEN, Hours, Week
from evaka.texts import enum_key
from evaka.views.forms.typed import CLOCK, cents_of
from evaka.views.page import Lazy, clock, language, told, word_of


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
