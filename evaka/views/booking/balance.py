"""How a month stands against the hours or days that were agreed, in words: for families, for the unit, on paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from evaka.access import Actor
from evaka.actions.booking.balance import Month, agreed_months, months_of
from evaka.kit.dates import DateRange
from evaka.models.person import Person
from evaka.views.page import decimal, told


def amount(month: Month, value: int) -> Any:
    """Whole days, or hours with a decimal."""
    return value if month.in_days else decimal(round(value / 60, 1))


def badge_of_month(month: Month) -> tuple[str, str]:
    """(look, words): what is left, whether that is little, or how much too much it is."""
    held = month.balance
    look, word = ("bad", "over") if held.over else ("warn", "near") if month.warns else ("", "left")
    return look, told(f"booking.balance.{word}", left=str(amount(month, held.left)).removeprefix("-"),
                      unit=told(f"booking.balance.unit.{unit_of(month)}"))


def unit_of(month: Month) -> str:
    return "days" if month.in_days else "hours"


def balance_line(child: Person, month: Month) -> dict[str, Any]:
    held = month.balance
    return {"name": child.call_name,
            "text": told(f"booking.balance.{unit_of(month)}", month=month.period.start.month,
                         year=month.period.start.year, used=amount(month, held.used), ahead=amount(month, held.ahead),
                         agreed=amount(month, held.agreed)),
            "badge": badge_of_month(month)}


def balance_short(month: Month) -> str:
    """87,5 / 120 h: what will have been used of what was agreed."""
    held, unit = month.balance, told(f"booking.balance.unit.{unit_of(month)}")
    return f"{amount(month, held.forecast)} / {amount(month, held.agreed)} {unit}"


def watched(children: Iterable[Person]) -> list[Person]:
    """Those with whom hours or days a month were agreed."""
    kids = {one.id: one for one in children}
    some = agreed_months(kids.keys())
    return [one for id, one in kids.items() if id in some]


def warnings(children: Iterable[Person], days: Collection[date], by: Actor) -> list[str]:
    """A sentence for each of the `watched` children and month of these days that more is booked than was agreed."""
    kids = {one.id: one for one in children}
    found: list[str] = []
    for year, number in sorted({(day.year, day.month) for day in days}) if kids else ():
        months = months_of(kids.keys(), DateRange.month(year, number), by)
        found += [told("booking.month_over", name=one.call_name, month=number, year=year,
                       over=amount(months[id], -months[id].balance.left),
                       unit=told(f"booking.balance.unit.{unit_of(months[id])}"))
                  for id, one in kids.items() if id in months and months[id].balance.over]
    return found


__all__ = ["amount", "badge_of_month", "balance_line", "balance_short", "warnings", "watched"]
