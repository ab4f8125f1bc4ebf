"""How full units are, day by day, and how one percentage came to be.

    percentage = the sum of the children's weights / (adults × 7)

Days on which a unit is closed do not exist: they are missing, not zero.  A child with several stays in one
unit on a day (a place and a plan) is one child and weighs as the heaviest of them.  The days of many units
are reckoned in one pass: each child adds to a unit where its weight begins or changes, and the days are
walked once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import TypeAlias

from evaka.kit.dates import DAY, DateRange
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import ShiftCare, without
from evaka.rules.unit.rows import (
    COUNTED,
    BackupCare,
    Commitment,
    Key,
    OccupancyKind,
    Options,
    Place,
    Rows,
    Stay,
)
from evaka.rules.unit.weight import AN_ADULT, Scale, Weight, number, schedule, third_birthday

# What a child is worth until something changes: on which days each stay has care, its weight, under 3?
Worth: TypeAlias = tuple[tuple[ShiftCare, Decimal, bool], ...]
Changes: TypeAlias = dict[date, Counter[Worth]]
CareDay: TypeAlias = tuple[date, bool, bool]  # whether there is ordinary care, and shift care


@dataclass(frozen=True, slots=True)
class Figures:
    """A day of a unit or a group.  `adults` is None when there are none; there is no percentage then."""

    under_3: Decimal
    over_3: Decimal
    headcount: int
    adults: Decimal | None

    @property
    def sum(self) -> Decimal:
        return self.under_3 + self.over_3

    @property
    def percentage(self) -> Decimal | None:
        """To one decimal; the ratio itself is first rounded to four, halves to even."""
        if self.adults is None:
            return None
        ratio = (self.sum / (self.adults * AN_ADULT)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
        return (ratio * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)

    @property
    def adults_needed(self) -> Decimal:
        """How many adults the children need (35 §), to two decimals, upwards: a quarter of one is one too few."""
        return (self.sum / AN_ADULT).quantize(Decimal("0.01"), ROUND_UP)

    @property
    def free(self) -> Decimal | None:
        """How much weight there is still room for; below zero when the unit is overfull."""
        return None if self.adults is None else self.adults * AN_ADULT - self.sum


def occupancy(
    places: Iterable[Place], rows: Rows, kind: OccupancyKind, period: DateRange, options: Options
) -> dict[Key, dict[date, Figures]]:
    """The figures of each place on each of its days within a closed period.

    A unit without groups has no days.  Whoever asks for realised figures ends the period today at the latest.
    """
    scale = Scale(rows, kind, options)
    by_place: dict[Key, dict[Key, list[Stay]]] = defaultdict(lambda: defaultdict(list))
    for stay in _counted_stays(rows, kind):
        if stay.period & period:
            by_place[stay.place][stay.child].append(stay)
    days: dict[OpenDays, list[CareDay]] = {}
    found = {}
    for place in places:
        if place.open_days not in days:
            days[place.open_days] = list(care_days(place.open_days, period))
        changes: Changes = defaultdict(Counter)
        for stays in by_place[place.key].values():
            add_child(changes, stays, scale, period, place.family_care)
        found[place.key] = dict(_walk(place, changes, days[place.open_days], scale))
    return found


def _counted_stays(rows: Rows, kind: OccupancyKind) -> Iterable[Stay]:
    stays = [stay for stay in rows.stays if stay.commitment in COUNTED[kind]]
    return moved(stays, rows.backups) if kind is OccupancyKind.REALISED else stays


def moved(stays: Iterable[Stay], backups: Iterable[BackupCare]) -> Iterator[Stay]:
    """The stays where the children really are: back-up care takes a child out of its own place for a time."""
    away: dict[Key, list[BackupCare]] = defaultdict(list)
    for backup in backups:
        away[backup.child].append(backup)
    for stay in stays:
        left = [stay.period]
        for backup in away.get(stay.child, ()):
            left = [part for one in left for part in without(one, backup.period)]
            shared = stay.period & backup.period
            if shared and backup.place is not None:
                yield replace(stay, place=backup.place, period=shared)
        yield from (replace(stay, period=part) if part != stay.period else stay for part in left)


def care_days(open_days: OpenDays, period: DateRange) -> Iterator[CareDay]:
    """The days of a closed period on which anybody has care."""
    for day in period.days():
        ordinary = open_days.has_care(day, shift_care=False)
        shift = open_days.has_care(day, shift_care=True)
        if shift or ordinary:
            yield day, ordinary, shift


def add_child(changes: Changes, stays: list[Stay], scale: Scale, period: DateRange, family_care: bool) -> None:
    """Where a child begins to weigh something else than before."""
    before: Worth = ()
    for start in _cuts(stays, scale, period):
        worth = tuple(_worth(stays, start, scale, family_care))
        if worth != before:
            if before:
                changes[start][before] -= 1
            if worth:
                changes[start][worth] += 1
            before = worth


def _worth(
    stays: list[Stay], day: date, scale: Scale, family_care: bool
) -> Iterator[tuple[ShiftCare, Decimal, bool]]:
    for stay in stays:
        if day in stay.period and scale.left_out(stay, day) is None:
            weight = scale.weigh(stay, day, family_care=family_care)
            yield schedule(stay, day), weight.value, weight.under_3


def _cuts(stays: list[Stay], scale: Scale, period: DateRange) -> list[date]:
    """The days of the period on which the weight of one child can change; it holds until the next of them."""
    child = stays[0].child
    spans = [stay.period for stay in stays]
    spans += [need.period for stay in stays for need in stay.needs]
    spans += [span for span, _ in scale.rows.factors.get(child, ())]
    spans += [pause for stay in stays for pause in scale.rows.breaks.get(stay.care_type, ())]
    spans += [one.valid for one in scale.options.values() if one.default]
    cuts = {third_birthday(stays[0].born)} | {span.start for span in spans}
    cuts |= {span.end + DAY for span in spans if span.end is not None}
    if scale.realised:
        absent = scale.rows.absences.get(child, {})
        cuts |= absent.keys() | {day + DAY for day in absent}
    first = max(period.start, min(stay.period.start for stay in stays))
    return sorted({first} | {day for day in cuts if first < day <= period.last_day})


def _walk(
    place: Place, changes: Changes, days: list[CareDay], scale: Scale
) -> Iterator[tuple[date, Figures]]:
    standing: Counter[Worth] = Counter()
    waiting = sorted(changes.items(), reverse=True)
    known: dict[tuple[bool, bool], tuple[Decimal, Decimal, int]] = {}
    for day, ordinary, shift in days:
        while waiting and waiting[-1][0] <= day:
            standing.update(waiting.pop()[1])
            known.clear()
        groups = [group for group in place.groups if day in group.period]
        if day not in place.period or not groups:
            continue
        if (ordinary, shift) not in known:
            known[ordinary, shift] = _sums(standing, ordinary, shift)
        if scale.realised:
            adults = sum(
                (scale.rows.present.get((group.key, day), Decimal(0)) for group in groups), Decimal(0)
            )
        else:
            adults = sum((group.adults_on(day) for group in groups), Decimal(0))
        yield day, Figures(*known[ordinary, shift], adults or None)


def _sums(standing: Counter[Worth], ordinary: bool, shift: bool) -> tuple[Decimal, Decimal, int]:
    open_to = {ShiftCare.NONE: ordinary, ShiftCare.FULL: shift, ShiftCare.INTERMITTENT: True}
    under_3 = over_3 = Decimal(0)
    headcount = 0
    for worth, children in standing.items():
        counted = [(weight, young) for days, weight, young in worth if open_to[days]]
        if counted and children:
            weight, young = max(counted)
            headcount += children
            if young:
                under_3 += weight * children
            else:
                over_3 += weight * children
    return under_3, over_3, headcount


@dataclass(frozen=True, slots=True)
class Line:
    """One stay in an explanation.

    `why` is the key of the words for its coefficient, or for why it is not `counted`; `weight` is None when
    the child was not weighed.
    """

    stay: Stay
    counted: bool
    why: str
    weight: Weight | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One percentage, taken apart: the children, the adults by group, and the arithmetic in figures."""

    day: date
    kind: OccupancyKind
    lines: tuple[Line, ...]
    adults: tuple[tuple[Key, Decimal], ...]
    figures: Figures | None
    arithmetic: str
    law: str = "Act 540/2018, 35 §; Decree 753/2018, 1 §"


def explain(place: Place, rows: Rows, kind: OccupancyKind, day: date, options: Options) -> Explanation:
    """How the percentage of a day came to be; the figures are None on a day that does not exist."""
    scale = Scale(rows, kind, options)
    own = [stay for stay in rows.stays if stay.place == place.key and day in stay.period]
    stays = [s for s in _counted_stays(rows, kind) if s.place == place.key and day in s.period]
    here = {(stay.child, stay.commitment) for stay in stays}
    lines = _best([_line(stay, scale, place, day) for stay in stays])
    if kind is OccupancyKind.REALISED:
        lines += [
            Line(stay, False, "unit.occupancy.in_backup_care")
            for stay in own
            if stay.commitment is Commitment.PLACED and (stay.child, stay.commitment) not in here
        ]
    groups = [group for group in place.groups if day in group.period]
    adults = tuple(
        (
            group.key,
            rows.present.get((group.key, day), Decimal(0)) if scale.realised else group.adults_on(day),
        )
        for group in groups
    )
    figures = occupancy([place], rows, kind, DateRange(day, day), options)[place.key].get(day)
    return Explanation(
        day, kind, tuple(lines), adults, figures, _arithmetic(lines, figures) if figures else ""
    )


def _line(stay: Stay, scale: Scale, place: Place, day: date) -> Line:
    if out := scale.left_out(stay, day):
        return Line(stay, False, out)
    care = schedule(stay, day)
    shift = care is ShiftCare.FULL
    if care is not ShiftCare.INTERMITTENT and not place.open_days.has_care(day, shift_care=shift):
        return Line(stay, False, "unit.occupancy.no_care_day")
    weight = scale.weigh(stay, day, family_care=place.family_care)
    return Line(stay, True, weight.why, weight)


def _best(lines: list[Line]) -> list[Line]:
    """Of several stays of a child only the heaviest counts."""
    best: dict[Key, Line] = {}
    for line in lines:
        if line.weight is not None:
            other = best.get(line.stay.child)
            if other is None or other.weight is None or line.weight.value > other.weight.value:
                best[line.stay.child] = line
    return [
        line
        if line.weight is None or best[line.stay.child] is line
        else replace(line, counted=False, why="unit.occupancy.other_stay_counts")
        for line in lines
    ]


def _arithmetic(lines: list[Line], figures: Figures) -> str:
    """1 × (1,75 × 2,0) + 3 × 1,75 + 12 × 1 = 20,75; 20,75 / (3 × 7) = 98,8 %"""
    weights = Counter(
        (line.weight.value, line.weight.arithmetic)
        for line in lines
        if line.counted and line.weight is not None
    )
    parts = [f"{count} × {told}" for (_, told), count in sorted(weights.items(), reverse=True)]
    summed = f"{' + '.join(parts) or '0'} = {number(figures.sum)}"
    if figures.adults is None or figures.percentage is None:
        return summed
    ratio = f"{number(figures.sum)} / ({number(figures.adults)} × {AN_ADULT})"
    return f"{summed}; {ratio} = {str(figures.percentage).replace('.', ',')}\u00a0%"


def merged(days: Mapping[date, Figures]) -> list[tuple[DateRange, Figures]]:
    """Days in a row with the same figures as one period; a day that is missing separates periods."""
    joined: list[tuple[DateRange, Figures]] = []
    for day, figures in sorted(days.items(), key=lambda item: item[0]):
        if joined and joined[-1][1] == figures and joined[-1][0].last_day == day - DAY:
            joined[-1] = (DateRange(joined[-1][0].start, day), figures)
        else:
            joined.append((DateRange(day, day), figures))
    return joined
