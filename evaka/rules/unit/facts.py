"""What must hold of a unit and of a group, in sentences; and the features that are opened unit by unit.

Law: Basic Education Act (628/1998) 26 a § (pre-primary education has its hours of the day).
"""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.placement import PRESCHOOL_TYPES, CareType
from evaka.rules.unit.week import Week

FINLAND = (Decimal("59.4"), Decimal("70.2"), Decimal("19.0"), Decimal("31.7"))  # south, north, west, east (WGS 84)


class Feature(StrEnum):
    """What a city may begin to use in one unit before another."""

    MESSAGES = "messages"
    ABSENCES = "absences"
    BOOKINGS = "bookings"


@dataclass(frozen=True, slots=True)
class UnitPolicy:
    """[unit] of city.toml: the features that are open in a unit from the beginning."""

    open_features: frozenset[Feature]


def check_feature(unit: str, opened: Collection[str], feature: Feature) -> None:
    """Refuse what has not been opened in a unit yet."""
    if feature not in opened:
        raise Refused(f"unit.not_open.{feature}", unit=unit)


def check_opening(opening: Week, shift: Week | None, *, open_on_holidays: bool) -> None:
    """A unit is open some day; shift care has at least the ordinary hours, and only it knows open holidays."""
    if not opening.weekdays:
        raise Refused("unit.never_open")
    if shift is not None and (day := shift.outside(opening)) is not None:
        raise Refused("unit.shift_outside", day=f"weekday.{day}", hours=opening_words(opening, day))
    if open_on_holidays and shift is None:
        raise Refused("unit.holidays_without_shift")


def opening_words(week: Week, weekday: int) -> str:
    """6.30–17.00, as hours are written in Finland; nothing when it is closed."""
    hours = week.on(weekday)
    if hours is None:
        return ""
    return f"{hours.start.hour}.{hours.start.minute:02}–{hours.end.hour}.{hours.end.minute:02}"


def check_preschool(care_types: Collection[str], start: time | None, end: time | None) -> None:
    """Pre-primary education implies its daily hours, from a time to a later one."""
    gives = any(CareType(one) in PRESCHOOL_TYPES for one in care_types)
    if (gives or start or end) and (start is None or end is None):
        raise Refused("unit.preschool_without_hours")
    if start is not None and end is not None and end <= start:
        raise Refused("unit.preschool_hours", start=start, end=end)


def check_point(latitude: Decimal | None, longitude: Decimal | None) -> None:
    """A point on the map is whole, and in Finland."""
    if latitude is None and longitude is None:
        return
    if latitude is None or longitude is None:
        raise Refused("unit.half_a_point")
    south, north, west, east = FINLAND
    if not (south <= latitude <= north and west <= longitude <= east):
        raise Refused("unit.point_abroad", latitude=latitude, longitude=longitude)


def check_apply(kind: str, start: date | None, end: date | None) -> None:
    """Places are applied for from a day on, perhaps to a later one; `kind` is the key of a kind's name."""
    if end is not None and (start is None or end < start):
        raise Refused("unit.apply_period", kind=kind)


def check_closing(period: DateRange, last: date | None) -> None:
    """A unit closes on the last day of its last place at the earliest; date.max: a place without an end."""
    if last is not None and period.last_day < last:
        if last == date.max:
            raise Refused("unit.closes_with_places", end=period.end)
        raise Refused("unit.closes_too_early", end=period.end, last=last)


def check_group_end(period: DateRange, last: date | None) -> None:
    """A group ends with its last child at the earliest; date.max: a child without an end."""
    if last is not None and period.last_day < last:
        if last == date.max:
            raise Refused("unit.group_ends_with_children", end=period.end)
        raise Refused("unit.group_ends_too_early", end=period.end, last=last)


def check_unused(group: str, uses: Set[str]) -> None:
    """A group is deleted only when nothing hangs on it; `uses` are the keys of the names of what does."""
    if uses:
        raise Refused("unit.group_in_use", group=group, what=uses)
