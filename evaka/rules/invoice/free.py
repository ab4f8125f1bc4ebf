"""Months that cost nothing: July after a whole year in care, and a month chosen in a questionnaire.

Law: Act 1503/2016 (a fee is collected for at most eleven months of an operating year).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from evaka.kit.dates import DateRange
from evaka.rules.income import Id
from evaka.rules.invoice.facts import Month
from evaka.rules.invoice.policy import InvoicePolicy
from evaka.rules.placement import INVOICED_MONTHLY

JULY = 7


@dataclass(frozen=True, slots=True)
class FreeChoice:
    """A month that is free for who stays away in one of the periods that the city has offered.

    `month` is its first day.
    """

    month: date
    options: tuple[DateRange, ...]

    def __post_init__(self) -> None:
        if self.month.day != 1:
            raise ValueError(f"month is {self.month}", "Give the first day of the month.")
        if not self.options:
            raise ValueError("options is empty", "Give the periods that families may choose from.")
        if any(option.end is None for option in self.options):
            raise ValueError("a period has no end", "Give its last day.")

    @property
    def offered(self) -> DateRange:
        """From the first day of any of the periods to the last."""
        return DateRange(min(one.start for one in self.options), max(one.last_day for one in self.options))


def free_in_july(month: Month, policy: InvoicePolicy, child: Id) -> bool:
    """Whether it is July and the child has had paid care, in any unit, in every month of the year before."""
    first = month.period.start
    if not policy.free_july or first.month != JULY:
        return False
    start = policy.free_july_from_month
    autumn = [(first.year - 1, number) for number in range(start, 13)] if start > JULY else []
    spring = [(first.year, number) for number in range(1 if autumn else start, JULY)]
    wanted = [
        DateRange.month(*one) for one in autumn + spring if date(*one, 1) not in policy.free_july_excused
    ]
    places = [one.period for one in month.places if one.child == child and one.care_type in INVOICED_MONTHLY]
    return all(any(place & needed for place in places) for needed in wanted)


def free_by_choice(
    options: Iterable[DateRange], *, free: Collection[date], days_of_care: Collection[date]
) -> bool:
    """Whether a child has been away, by the questionnaire, for one of the periods that were offered.

    `free` are the days marked free; `days_of_care` those on which the child's unit is open and the child
    has a place.
    """
    for option in options:
        needed = [day for day in days_of_care if day in option]
        if needed and all(day in free for day in needed):
            return True
    return False
