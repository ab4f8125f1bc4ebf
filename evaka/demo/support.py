"""The children who need support: about one in twelve, with its level, what is done, and for some a factor."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from evaka.demo.families import Calendar
from evaka.demo.places import Places, Stay
from evaka.demo.rows import Rows
from evaka.kit.dates import DateRange
from evaka.models.assistance import (
    AssistanceAction,
    AssistanceFactor,
    DaycareAssistance,
    OtherMeasure,
    PreschoolAssistance,
    VoucherCoefficient,
)
from evaka.rules.assistance import MeasureKind
from evaka.rules.placement import PRESCHOOL_TYPES
from evaka.rules.unit import Provider

SHARE = 0.08
LEVELS = {"general_support": 40, "general_support_with_decision": 15, "intensified_support": 33, "special_support": 12}
STRONG = ("intensified_support", "special_support")
DONE = ("special_teacher_consultation", "part_time_special_education", "smaller_group", "assistant", "interpreter")
WORDS = (
    "Kuvakortit siirtymätilanteisiin", "Rauhallinen pienryhmä lepohetken ajaksi", "Tukiviittomat ruokailussa",
    "Selkeä päiväjärjestys kuvina",
)
NEW_LAW = date(2025, 8, 1)  # the levels of pre-primary education


class Supported:
    """Draws by lots of its own, so that nobody else's draw depends on who needs support."""

    def __init__(self, rows: Rows, seed: int, calendar: Calendar) -> None:
        self.rows, self.rng, self.calendar = rows, Random(f"{seed} support"), calendar

    def write(self, places: Places) -> None:
        for child, stays in places.of_child.items():
            today = next((stay for stay in stays if self.calendar.day in stay.period), None)
            if today is not None and self.rng.random() < SHARE:
                self._support(child, today)

    def _support(self, child: int, stay: Stay) -> None:
        rng = self.rng
        span = DateRange(self._begins(stay), stay.period.end)
        days = {"child_id": child, "start": span.start, "end": span.end}
        level = rng.choices(list(LEVELS), list(LEVELS.values()))[0]
        if stay.care_type in PRESCHOOL_TYPES and span.start >= NEW_LAW:
            self.rows.add(PreschoolAssistance, level="child_support", **days)
            done = ["preschool_small_group_part_time"]
            if rng.random() < 0.25:
                self.rows.add(OtherMeasure, kind=MeasureKind.TRANSPORT_BENEFIT, **days)
        elif stay.care_type in PRESCHOOL_TYPES:
            return
        else:
            self._earlier_level(child, stay, span.start)
            self.rows.add(DaycareAssistance, level=level, **days)
            done = rng.sample(DONE, rng.choice([1, 1, 2]))
        self.rows.add(AssistanceAction, options=done, other=rng.choice(WORDS) if rng.random() < 0.4 else "", **days)
        if level in STRONG and rng.random() < 0.7:
            self.rows.add(AssistanceFactor, coefficient=Decimal("2" if level == STRONG[1] else "1.5"), **days)
            if stay.house.kind.provider is Provider.PRIVATE_SERVICE_VOUCHER:
                self.rows.add(VoucherCoefficient, coefficient=Decimal("1.5"), child_id=child, start=span.start,
                              end=span.last_day if span.end else self.calendar.day + timedelta(days=200))

    def _begins(self, stay: Stay) -> date:
        """Support begins some weeks after the child does, and not in the future."""
        weeks = (self.calendar.day - stay.period.start).days // 7
        return stay.period.start + timedelta(weeks=self.rng.randint(0, max(weeks, 0)))

    def _earlier_level(self, child: int, stay: Stay, start: date) -> None:
        """For some the support has grown."""
        before = (start - stay.period.start).days
        if before > 60 and self.rng.random() < 0.3:
            self.rows.add(DaycareAssistance, child_id=child, level="general_support",
                          start=start - timedelta(days=before - 14), end=start - timedelta(days=1))
