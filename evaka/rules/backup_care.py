"""Care somewhere else for a time: when it can be, and what becomes of it when the child's own place changes.

Back-up care takes nothing from the child's own place and costs nothing besides: fee, decision and service need stay
where the place is.  Law: Act on Early Childhood Education and Care (540/2018) 12 § (the right to care is not broken
off while the own unit is closed), 31 § (the family is told where its child is).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.rules.placement import without


@dataclass(frozen=True, slots=True)
class Host:
    """Where a child is to come: the unit's name, and from when to when it is open."""

    name: str
    period: DateRange


def joined(places: Iterable[DateRange]) -> list[DateRange]:
    """The places of a child as time without gaps: those that follow one another day by day are one."""
    found: list[DateRange] = []
    for place in sorted(places, key=lambda one: one.start):
        last = found[-1] if found else None
        if last is not None and (last.end is None or place.start <= last.end + DAY):
            if last.end is not None and (place.end is None or place.end > last.end):
                found[-1] = DateRange(last.start, place.end)
        else:
            found.append(place)
    return found


def fitted(period: DateRange, places: Iterable[DateRange]) -> list[DateRange]:
    """What is left of back-up care when the child has these places: the parts within them, in order of time."""
    return [shared for place in joined(places) if (shared := place & period)]


def free(period: DateRange, taken: Iterable[DateRange]) -> list[DateRange]:
    """The parts of a period on which a child has no back-up care yet."""
    left = [period]
    for one in taken:
        left = [part for before in left for part in without(before, one)]
    return left


def check_backup(
    start: date,
    end: date,
    host: Host,
    *,
    places: Iterable[DateRange],
    at_home: Iterable[DateRange] = (),
    signed_in: str = "",
    today: date | None = None,
) -> DateRange:
    """The period, if a child with these `places` may be in the host's care for it; refuses otherwise.

    `at_home` are those of the places that are in the host unit itself: a child is not away where it belongs.
    `signed_in` names the unit in which the child is at this moment, `today`.
    """
    if end < start:
        raise Refused("backup_care.ends_first", start=start, end=end)
    period = DateRange(start, end)
    if fitted(period, places) != [period]:
        held = fitted(period, places)
        key = "backup_care.partly_placed" if held else "backup_care.not_placed"
        raise Refused(key, period=period, places=held)
    if host.period & period != period:
        raise Refused("backup_care.unit_not_open", unit=host.name, period=period, open=host.period)
    if any(home & period for home in at_home):
        raise Refused("backup_care.own_unit", unit=host.name)
    if signed_in and signed_in != host.name and today is not None and today in period:
        raise Refused("backup_care.signed_in", unit=signed_in, today=today)
    return period


def check_group(name: str, group: DateRange, period: DateRange) -> None:
    """Whether a group of the host takes the child for all of the period."""
    if group & period != period:
        raise Refused("backup_care.group_not_open", group=name, open=group, period=period)
