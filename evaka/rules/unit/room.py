"""How much room units have, month by month, now and with one more child."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import accumulate

from evaka.kit.dates import DAY, DateRange, add_months
from evaka.rules.unit.occupancy import Figures, occupancy
from evaka.rules.unit.rows import Commitment, Key, OccupancyKind, Options, Place, Rows, Stay

FULL = Decimal(100)  # percent
LAST = date.max - DAY  # of a period without an end


def peak(days: Mapping[date, Figures], period: DateRange) -> Figures | None:
    """The figures of the fullest day of a period, the first of equal ones; None without adults."""
    found = None
    for day, figures in days.items():
        if day not in period or figures.adults is None:
            continue
        if found is None or figures.sum * (found.adults or 0) > found.sum * figures.adults:
            found = figures
    return found


def with_applicant(rows: Rows, stays: Sequence[Stay]) -> Rows:
    """What was read, with an applicant in the places thought of instead of all that the child has now."""
    children = {stay.child for stay in stays}
    others = [stay for stay in rows.stays if stay.child not in children]
    return replace(rows, stays=(*others, *stays))


@dataclass(frozen=True, slots=True)
class MonthOfRoom:
    """The fullest day of a month, now and with the applicant.

    `free` is the weight there is room for on the tightest day, `seats` how many more children the building
    may hold. Each is None when it cannot be said: no adults are planned, or no limit is known.
    """

    month: DateRange
    now: Figures | None
    with_applicant: Figures | None
    free: Decimal | None
    seats: int | None

    @property
    def fits(self) -> bool:
        """Whether the applicant fits on every day of the month."""
        if self.with_applicant is None or self.with_applicant.percentage is None:
            return False
        return self.with_applicant.percentage <= FULL and (self.seats is None or self.seats > 0)


def room(
    places: Sequence[Place],
    rows: Rows,
    period: DateRange,
    options: Options,
    *,
    applicant: Sequence[Stay] = (),
    limits: Mapping[Key, int] | None = None,
    kind: OccupancyKind = OccupancyKind.PLANNED,
) -> dict[Key, list[MonthOfRoom]]:
    """The room of each place in each month of a closed period.

    The applicant is thought of in every place at once, each for itself; the `place` of the applicant's stays
    does not matter, and what the child has now counts nowhere.  `limits` are how many children each building
    may hold.
    """
    thought = [
        replace(stay, place=place.key, commitment=Commitment.PLANNED)
        for place in places
        for stay in applicant
    ]
    own = {stay.child for stay in applicant}
    now = occupancy(places, rows, kind, period, options)
    then = occupancy(places, with_applicant(rows, thought), kind, period, options) if thought else now
    others = replace(rows, stays=[stay for stay in rows.stays if stay.child not in own]) if own else rows
    without = occupancy(places, others, kind, period, options) if own & _children(rows) else now
    found: dict[Key, list[MonthOfRoom]] = {}
    for place in places:
        limit = (limits or {}).get(place.key)
        found[place.key] = [
            _month(month, now[place.key], then[place.key], without[place.key], limit)
            for month in months(period)
        ]
    return found


def _children(rows: Rows) -> set[Key]:
    return {stay.child for stay in rows.stays}


def _month(
    month: DateRange,
    now: Mapping[date, Figures],
    then: Mapping[date, Figures],
    others: Mapping[date, Figures],
    limit: int | None,
) -> MonthOfRoom:
    days = [figures for day, figures in others.items() if day in month]
    free = [figures.free for figures in days if figures.free is not None]
    most = max((figures.headcount for figures in days), default=0)
    return MonthOfRoom(
        month,
        now=peak(now, month),
        with_applicant=peak(then, month),
        free=min(free, default=None),
        seats=None if limit is None else limit - most,
    )


def most_at_once(stays: Iterable[tuple[Key, DateRange]], period: DateRange) -> int:
    """The largest number of different children on a day of a period; one who stays twice on it is one child."""
    by_child: dict[Key, list[DateRange]] = defaultdict(list)
    for child, stay in stays:
        if shared := stay & period:
            by_child[child].append(shared)
    changes: Counter[date] = Counter()
    for spans in by_child.values():
        until = date.min  # the child has been counted so far
        for span in sorted(spans, key=lambda one: one.start):
            end = min(span.last_day, LAST) + DAY
            if end > until:
                changes[max(span.start, until)] += 1
                changes[end] -= 1
                until = end
    return max(accumulate(changes[day] for day in sorted(changes)), default=0)


def months(period: DateRange) -> Iterable[DateRange]:
    """The calendar months of a closed period, the first and the last cut to it."""
    start = period.start
    while start <= period.last_day:
        following = add_months(start.replace(day=1), 1)
        yield DateRange(start, min(following - DAY, period.last_day))
        start = following
