"""The forms of a guardian's calendar."""

from __future__ import annotations

from typing import Any

from flask_admin.form import BaseForm
from wtforms import SelectField
from wtforms.validators import Optional

from evaka.kit.errors import Refused
from evaka.views.booking.mine.family import kids_of
from evaka.views.forms import ClockField, DayField, Required, RowsField, WeekField
from evaka.views.page import Lazy, actor, told

SIGNS = ["", *(f"_{n}" for n in range(2, 13))]  # of the fields of a day's times


class CareWeek(WeekField):
    """The hours of a child, not those of a unit: comes and leaves."""

    words = "booking.week"

    def side_word(self, side: str) -> str:
        return told("booking.begins" if side == "start" else "booking.ends")

    def input_word(self, day: int, side: str) -> str:
        return f"{told(f'weekday.{day}')}: {self.side_word(side)}"


class DayForm(BaseForm):
    """Pairs of times; `day_form` says how many."""

    count = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.spans[0]:
            field.flags.required = True  # the other times are those that may be left out

    @property
    def spans(self) -> list[tuple[Any, Any]]:
        return [(self[f"begins{one}"], self[f"ends{one}"]) for one in SIGNS[:self.count]]

    def pairs(self) -> list[tuple[Any, Any]]:
        """The pairs of times that were typed; a half one is refused."""
        found = [pair for begins, ends in self.spans if any(pair := (begins.data, ends.data))]
        if any(not all(pair) for pair in found):
            raise Refused("booking.half")
        return found


def day_form(count: int) -> type[DayForm]:
    fields: dict[str, Any] = {"count": count}
    for one in SIGNS[:count]:
        for name in ("begins", "ends"):
            fields[name + one] = ClockField(Lazy(f"booking.{name}"), [Optional()])
    return type("DayForm", (DayForm,), fields)


class ManyForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    first = DayField(Lazy("booking.first"), validators=[Required()])
    last = DayField(Lazy("booking.last"), validators=[Required()])
    week = CareWeek(Lazy("booking.week"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.week.flags.required = True  # some day of it at least; the page does not say that it may be left out


class AwayForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    first = DayField(Lazy("booking.first"), validators=[Required()])
    last = DayField(Lazy("booking.last"), validators=[Required()])
    kind = SelectField(Lazy("attendance.kind"), validators=[Required()])


class RepeatForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    start = DayField(Lazy("booking.repeat.start"), validators=[Required()])
    week = CareWeek(Lazy("booking.week"))
