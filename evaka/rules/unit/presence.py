"""The adults who were with the children, in shares of a full day, and the ratio through a day.

A full day of an adult is 7 hours 39 minutes with a coefficient of 7: one adult for seven children.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from evaka.kit.dates import DAY
from evaka.rules.unit.rows import Key
from evaka.rules.unit.weight import AN_ADULT

FULL_DAY = timedelta(hours=7, minutes=39)
WITH_CHILDREN = frozenset({"present", "overtime", "justified_change"})  # kinds of presence that count
OVER_MIDNIGHT = timedelta(minutes=1)  # 23.59 and 0.00 are one presence, entered on two days


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody in a group from a moment to a moment; None is still there.

    `weight` is the occupancy coefficient of an adult (7 or 0 for a whole post) or the weight of a child.
    """

    who: Key
    group: Key
    arrived: datetime
    departed: datetime | None
    weight: Decimal
    kind: str = "present"


def adults_present(
    presences: Iterable[Presence], counts: Mapping[tuple[Key, date], Decimal]
) -> dict[tuple[Key, date], Decimal]:
    """The adults of each group and day, in full days to four decimals.

    Presence over midnight is cut there; one that has not ended is not counted.  `counts` are numbers of
    adults that somebody wrote down: they hold on days without any presence that counts.
    """
    worked: dict[tuple[Key, date], Decimal] = defaultdict(Decimal)
    for one in presences:
        if one.kind not in WITH_CHILDREN or one.departed is None:
            continue
        start = one.arrived
        while start < one.departed:
            midnight = datetime.combine(start.date() + DAY, time(0), start.tzinfo)
            end = min(midnight, one.departed)
            worked[one.group, start.date()] += _seconds(start, end) * one.weight
            start = end
    full = Decimal(FULL_DAY.total_seconds()) * AN_ADULT
    found = {key: (value / full).quantize(Decimal("0.0001"), ROUND_HALF_UP) for key, value in worked.items()}
    return dict(counts) | found


def _seconds(start: datetime, end: datetime) -> Decimal:
    """Between two moments of local time; with a time zone also in the nights when the clocks are changed."""
    if start.tzinfo is not None:
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    return Decimal((end - start).total_seconds())


@dataclass(frozen=True, slots=True)
class Moment:
    """From this moment until the next: the weight of the children and of the adults there."""

    at: datetime
    children: Decimal
    adults: Decimal

    @property
    def ratio(self) -> Decimal | None:
        """Above 1 there are too few adults; None when children are without any."""
        if not self.children:
            return Decimal(0)
        return self.children / self.adults if self.adults else None


def through_the_day(children: Iterable[Presence], adults: Iterable[Presence]) -> list[Moment]:
    """The ratio at each moment when somebody came or left, in order."""
    changes: dict[datetime, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for side, presences in enumerate((children, adults)):
        for one in _joined(presences):
            changes[one.arrived][side] += one.weight
            if one.departed is not None:
                changes[one.departed][side] -= one.weight
    found, there = [], [Decimal(0), Decimal(0)]
    for at, (child, adult) in sorted(changes.items()):
        there = [there[0] + child, there[1] + adult]
        found.append(Moment(at, there[0], there[1]))
    return found


def _joined(presences: Iterable[Presence]) -> list[Presence]:
    """A presence that was entered in two parts at midnight is one."""
    joined: list[Presence] = []
    for one in sorted(presences, key=lambda presence: (str(presence.who), presence.arrived)):
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.departed is not None
            and (last.who, last.group, last.weight) == (one.who, one.group, one.weight)
            and timedelta(0) <= one.arrived - last.departed <= OVER_MIDNIGHT
            and one.arrived.date() > last.arrived.date()
        ):
            joined[-1] = replace(last, departed=one.departed)
        else:
            joined.append(one)
    return joined
