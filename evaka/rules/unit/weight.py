"""How much of an adult a child takes on a day: the coefficient of its need, times that of support.

Law: Act on Early Childhood Education and Care (540/2018), 35 § and 38 §; Decree 753/2018, 1 §: an adult for
seven children of three years or more, for four younger ones, for thirteen of three years or more who come for
at most five hours a day, and for four in family day care.  A child of three years is 1, a younger one 7/4 =
1.75.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from evaka.kit.dates import add_months
from evaka.rules.attendance import away_all_day
from evaka.rules.placement import CareType, ServiceNeed, ShiftCare, default_need
from evaka.rules.unit.rows import Commitment, Key, Need, OccupancyKind, Options, Rows, Stay

AN_ADULT = 7  # children of three years or more
FAMILY_CARE = UNDER_3 = Decimal("1.75")
OVER_3 = Decimal(1)


def number(value: Decimal) -> str:
    """A figure as it stands in arithmetic: 1,75, without zeros at its end."""
    return f"{value.normalize():f}".replace(".", ",")


@lru_cache(maxsize=10_000)
def third_birthday(born: date) -> date:
    """The first day on which a child counts as three."""
    return add_months(born, 36)


@dataclass(frozen=True, slots=True)
class Weight:
    """What one stay weighs on a day, and `why`: the key of the words for where the coefficient comes from."""

    coefficient: Decimal
    factor: Decimal
    under_3: bool
    why: str
    need: str | None = None

    @property
    def value(self) -> Decimal:
        return self.coefficient * self.factor

    @property
    def arithmetic(self) -> str:
        """How the value came to be: 1,75, or (1,75 × 2,0) of a child whose support makes it count for more."""
        if self.factor == 1:
            return number(self.coefficient)
        factor = number(self.factor)
        return f"({number(self.coefficient)} × {factor if ',' in factor else f'{factor},0'})"


@dataclass(frozen=True, slots=True)
class Scale:
    """Weighs stays by what was read, for one kind of occupancy."""

    rows: Rows
    kind: OccupancyKind
    options: Options

    @property
    def realised(self) -> bool:
        return self.kind is OccupancyKind.REALISED

    def left_out(self, stay: Stay, day: date) -> str | None:
        """The key of why a child does not count although the stay holds the day; None when it does."""
        if any(day in pause for pause in self.rows.breaks.get(stay.care_type, ())):
            return "unit.occupancy.term_break"
        if self.realised:
            absent = self.rows.absences.get(stay.child, {}).get(day)
            if absent is not None and away_all_day(absent, stay.care_type):
                return "unit.occupancy.absent"
        return None

    def weigh(self, stay: Stay, day: date, *, family_care: bool) -> Weight:
        under_3 = day < third_birthday(stay.born)
        factor = self.factor(stay.child, day)
        if family_care:
            return Weight(FAMILY_CARE, factor, under_3, "unit.occupancy.family_care")
        need = need_on(stay, day)
        option = self.options.get(need.option) if need else None
        if option is not None:
            return Weight(
                self.coefficient(option, under_3), factor, under_3, "unit.occupancy.need", option.key
            )
        option = default_need(self.options.values(), stay.care_type, day)
        if option is not None:
            why = "unit.occupancy.default_need"
            return Weight(self.coefficient(option, under_3), factor, under_3, why, option.key)
        return Weight(UNDER_3 if under_3 else OVER_3, factor, under_3, "unit.occupancy.no_option")

    def coefficient(self, option: ServiceNeed, under_3: bool) -> Decimal:
        if self.realised:
            return option.realised_under_3 if under_3 else option.realised_over_3
        return option.under_3 if under_3 else option.over_3

    def coefficient_of(
        self, need: str | None, care_type: CareType, day: date, *, under_3: bool, family_care: bool
    ) -> Decimal:
        """The coefficient alone, of a need or of what counts instead; see `weigh`."""
        if family_care:
            return FAMILY_CARE
        option = self.options.get(need) if need else None
        option = option or default_need(self.options.values(), care_type, day)
        if option is None:
            return UNDER_3 if under_3 else OVER_3
        return self.coefficient(option, under_3)

    def factor(self, child: Key, day: date) -> Decimal:
        found = (factor for period, factor in self.rows.factors.get(child, ()) if day in period)
        return next(found, Decimal(1))


def need_on(stay: Stay, day: date) -> Need | None:
    return next((need for need in stay.needs if day in need.period), None)


def schedule(stay: Stay, day: date) -> ShiftCare:
    """On which days of the unit the child has care; what is only planned counts on all of them."""
    if stay.commitment is not Commitment.PLACED:
        return ShiftCare.INTERMITTENT
    need = need_on(stay, day)
    return need.shift_care if need else ShiftCare.NONE
