"""The forms of a guardian's calendar."""

from __future__ import annotations

from typing import Any

from flask_admin.form import BaseForm
from wtforms import SelectField
from wtforms.validators import Optional

from evaka.kit.errors import Refused
from evaka.views.booking.mine.family import kids_of
from evaka.views.forms import ClockField, DayField, Lazy, Required, RowsField, WeekField
from evaka.views.page import actor, told


class CareWeek(WeekField):
    """The hours of a child, not those of a unit: comes and leaves."""

    def side_word(self, side: str) -> str:
        return told("booking.begins" if side == "start" else "booking.ends")

    def input_word(self, day: int, side: str) -> str:
        return f"{told(f'weekday.{day}')}: {self.side_word(side)}"


class DayForm(BaseForm):
    begins = ClockField(Lazy("booking.begins"), [Optional()])
    ends = ClockField(Lazy("booking.ends"), [Optional()])
    begins_2 = ClockField(Lazy("booking.begins"), [Optional()])
    ends_2 = ClockField(Lazy("booking.ends"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.begins.flags.required = self.ends.flags.required = True  # the second time is the one that may be left out

    def pairs(self) -> list[tuple[Any, Any]]:
        """The pairs of times that were typed; a half one is refused."""
        typed = [(self.begins.data, self.ends.data), (self.begins_2.data, self.ends_2.data)]
        found = [pair for pair in typed if any(pair)]
        if any(not all(pair) for pair in found):
            raise Refused("booking.half")
        return found


class ManyForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    first = DayField(Lazy("booking.first"), validators=[Required()])
    last = DayField(Lazy("booking.last"), validators=[Required()])
    week = CareWeek(Lazy("booking.week"))


class AwayForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    first = DayField(Lazy("booking.first"), validators=[Required()])
    last = DayField(Lazy("booking.last"), validators=[Required()])
    kind = SelectField(Lazy("attendance.kind"), validators=[Required()])


class RepeatForm(BaseForm):
    children = RowsField(Lazy("booking.children"), rows=lambda: kids_of(actor()), validators=[Required()])
    start = DayField(Lazy("booking.repeat.start"), validators=[Required()])
    week = CareWeek(Lazy("booking.week"))
