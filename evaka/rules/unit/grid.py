"""The fullest day of every month of many units at once, at every level, without walking the days.

The figures are those of `occupancy` and `peak`: what a unit holds changes on few days, so each stretch between two
changes is looked at once, and only if the unit has a day of care in it.  Children who weigh the same for the same time
are counted together as a crowd.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeAlias

from evaka.kit.dates import DAY, DateRange
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.unit.occupancy import Changes, Figures, Worth, add_child, care_days
from evaka.rules.unit.room import months
from evaka.rules.unit.rows import COUNTED, Commitment, Key, OccupancyKind, Options, Place, Rows, Stay
from evaka.rules.unit.weight import Scale, third_birthday

LEVELS = (OccupancyKind.CONFIRMED, OccupancyKind.PLANNED, OccupancyKind.DRAFT)
NOTHING = Decimal(0)
NOBODY: frozenset[Any] = frozenset()

Breaks: TypeAlias = Mapping[CareType, Sequence[DateRange]]
DayKind: TypeAlias = tuple[bool, bool]  # whether there is ordinary care, and shift care


class Crowd(NamedTuple):
    """So many children with a place who weigh the same: `born` is a day of birth that stands for all of theirs.

    `option` is their service need for all of the time, None where none was agreed.  None of them has support that
    weighs more, nor a second stay in the same unit.
    """

    place: Key
    start: date
    end: date
    care_type: CareType
    option: str | None
    shift_care: ShiftCare
    born: date
    children: int


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """The fullest day of each month by level; `whole` is with the applicant, None where nobody applies.

    A place of which nothing has changed has the very same Peaks, so that what is made of them can be kept too.
    """

    levels: Mapping[OccupancyKind, Sequence[Figures | None]]
    whole: Sequence[Figures | None] | None = None


def peaks(
    places: Iterable[Place],
    crowds: Mapping[Key, frozenset[Crowd]],
    rows: Rows,
    period: DateRange,
    options: Options,
    *,
    applicant: Sequence[Stay] = (),
    levels: Sequence[OccupancyKind] = LEVELS,
) -> dict[Key, Peaks]:
    """What `peak` says of each month of a closed period, for each place and level: confirmed, planned, draft.

    `crowds` are those of each place, `rows` the children who are in none.  The applicant, a child or several, is
    thought of in every place at once, each for itself, instead of all that the child has now; whatever it has stands
    in `rows`.
    """
    setting = _setting(period, options, rows.breaks, tuple(levels))
    alone: dict[Key, list[Stay]] = defaultdict(list)
    for stay in rows.stays:
        if stay.period & period:
            alone[stay.place].append(stay)
    thought = [stay for stay in applicant if stay.period & period]
    own = frozenset(stay.child for stay in applicant)
    with_own = setting.scaled({child: rows.factors[child] for child in own if child in rows.factors})
    found = {}
    for place in places:
        stays = alone[place.key]
        factors = frozenset((one.child, tuple(rows.factors[one.child])) for one in stays if one.child in rows.factors)
        held = _held(setting, place, crowds.get(place.key, NOBODY), frozenset(stays), factors,
                     own & {one.child for one in stays})
        found[place.key] = Peaks(held.peaks.levels, held.with_child(thought, with_own)) if own else held.peaks
    return found


class _Setting:
    """What all places of a grid have in common.  Two are the same only if they are one."""

    def __init__(
        self, period: DateRange, options: Options, breaks: Breaks, levels: tuple[OccupancyKind, ...]
    ) -> None:
        self.period, self.options, self.breaks, self.levels = period, options, breaks, levels
        self.spans = list(months(period))
        self.days = _Days(period)
        self.crowds = _Crowds(self.scaled({}), period)

    def scaled(self, factors: Mapping[Key, Sequence[tuple[DateRange, Decimal]]]) -> Scale:
        return Scale(Rows(factors=factors, breaks=self.breaks), OccupancyKind.DRAFT, self.options)

    def fits(self, *asked: Any) -> bool:
        return asked == (self.period, self.options, self.breaks, self.levels)


_SETTINGS: deque[_Setting] = deque(maxlen=8)  # the newest first: a year seen from today, and those of late starts


def _setting(period: DateRange, options: Options, breaks: Breaks, levels: tuple[OccupancyKind, ...]) -> _Setting:
    for one in [*_SETTINGS]:
        if one.fits(period, options, breaks, levels):
            return one
    _SETTINGS.appendleft(setting := _Setting(period, options, breaks, levels))
    return setting


@dataclass(frozen=True, slots=True)
class _Held:
    """What was reckoned of a place: what changes on which day, and the figures that follow."""

    setting: _Setting
    place: Place
    everybody: Changes
    rest: Changes  # of those who do not count in every level alike, without the applicant
    adults: Mapping[date, Decimal | None]
    peaks: Peaks

    def with_child(self, thought: Sequence[Stay], scale: Scale) -> list[Figures | None]:
        """The figures of the fullest days if the child, or each of the children, came here instead of where it is."""
        changes: Changes = defaultdict(Counter, {day: Counter(some) for day, some in self.rest.items()})
        here: dict[Key, list[Stay]] = defaultdict(list)
        for stay in thought:
            here[stay.child].append(replace(stay, place=self.place.key))
        for stays in here.values():
            add_child(changes, stays, scale, self.setting.period, self.place.family_care)
        days = self.setting.days.of(self.place.open_days)
        return _fullest(self.everybody, [changes], self.adults, self.setting.spans, days)[0]


@lru_cache(maxsize=1_000)
def _held(
    setting: _Setting,
    place: Place,
    crowds: frozenset[Crowd],
    alone: frozenset[Stay],
    factors: frozenset[tuple[Key, tuple[tuple[DateRange, Decimal], ...]]],
    own: frozenset[Key],
) -> _Held:
    """Of the same children the same: from one look at the desk to the next few units change.

    `own` are those of the stays whose child is the applicant.
    """
    scale, period, levels = setting.scaled(dict(factors)), setting.period, setting.levels
    everybody = setting.crowds.changes(crowds, place.family_care)
    others: list[Changes] = [defaultdict(Counter) for _ in levels]
    rest: Changes = defaultdict(Counter)
    children: dict[Key, list[Stay]] = defaultdict(list)
    for stay in alone:
        children[stay.child].append(stay)
    for child, stays in children.items():
        always = all(stay.commitment is Commitment.PLACED for stay in stays) and child not in own
        if always:  # counts in every level alike
            add_child(everybody, stays, scale, period, place.family_care)
            continue
        for number, level in enumerate(levels):
            if counts := [stay for stay in stays if stay.commitment in COUNTED[level]]:
                add_child(others[number], counts, scale, period, place.family_care)
        if child not in own:
            add_child(rest, stays, scale, period, place.family_care)
    adults = _adults(place, period)
    found = _fullest(everybody, others, adults, setting.spans, setting.days.of(place.open_days))
    return _Held(setting, place, everybody, rest, adults, Peaks(dict(zip(levels, found, strict=True))))


class _Days:
    """The days of care by kind of day; units that are open alike share them."""

    def __init__(self, period: DateRange) -> None:
        self.period = period
        self._usual: dict[OpenDays, dict[DayKind, list[date]]] = {}

    def of(self, open_days: OpenDays) -> dict[DayKind, list[date]]:
        usual = replace(open_days, closed=frozenset()) if open_days.closed else open_days
        if usual not in self._usual:
            found: dict[DayKind, list[date]] = defaultdict(list)
            for day, ordinary, shift in care_days(usual, self.period):
                found[ordinary, shift].append(day)
            self._usual[usual] = dict(found)
        days = self._usual[usual]
        if open_days.closed:
            days = {kind: [day for day in some if day not in open_days.closed] for kind, some in days.items()}
        return days


class _Crowds:
    """Turns crowds into what begins and ends on which day; what weighs the same is weighed once."""

    def __init__(self, scale: Scale, period: DateRange) -> None:
        self.scale, self.period = scale, period
        self.worth = cache(self._worth)
        self.cuts = cache(self._cuts)

    def changes(self, crowds: Iterable[Crowd], family_care: bool) -> Changes:
        found: Changes = defaultdict(Counter)
        for crowd in crowds:
            end = crowd.end + DAY
            three = third_birthday(crowd.born)
            for start, after in self.cuts(crowd.care_type, crowd.option, crowd.start, end):
                for first, last, under_3 in (
                    (start, min(after, three), True), (max(start, three), after, False),
                ):
                    if first < last:
                        worth = self.worth(
                            crowd.care_type, crowd.option, crowd.shift_care, under_3, family_care, first)
                        found[first][worth] += crowd.children
                        found[last][worth] -= crowd.children
        return found

    def _cuts(self, care_type: CareType, option: str | None, start: date, end: date) -> list[tuple[date, date]]:
        """The stretches [start, end) in which a crowd counts and its option is the same one."""
        pauses = self.scale.rows.breaks.get(care_type, ())
        spans = [*pauses]
        if option is None or option not in self.scale.options:
            spans += [
                one.valid for one in self.scale.options.values() if one.default and one.care_type is care_type]
        cuts = {start, end} | {span.start for span in spans} | {span.end + DAY for span in spans if span.end}
        days = sorted(day for day in cuts if start <= day <= end)
        return [
            (first, last) for first, last in itertools.pairwise(days)
            if not any(first in pause for pause in pauses)
        ]

    def _worth(
        self, care_type: CareType, option: str | None, shift_care: ShiftCare, under_3: bool, family_care: bool,
        day: date,
    ) -> Worth:
        weight = self.scale.coefficient_of(option, care_type, day, under_3=under_3, family_care=family_care)
        return ((shift_care, weight, under_3),)


def _adults(place: Place, period: DateRange) -> dict[date, Decimal | None]:
    """From which day on a place has how many adults; None: it does not exist, or has none."""
    shared = [(group, common) for group in place.groups if (common := group.period & place.period)]
    spans = [common for _, common in shared]
    spans += [amount_of for group, _ in shared for amount_of, _ in group.adults]
    cuts = {period.start} | {span.start for span in spans} | {span.end + DAY for span in spans if span.end}
    found: dict[date, Decimal | None] = {}
    for day in sorted(cuts):
        if period.start <= day <= period.last_day:
            found[day] = sum((group.adults_on(day) for group, common in shared if day in common), NOTHING) or None
    return found


class _Sums:
    """What stands in one level on one kind of day."""

    __slots__ = ("headcount", "over_3", "under_3")

    def __init__(self) -> None:
        self.under_3 = self.over_3 = NOTHING
        self.headcount = 0


@lru_cache(maxsize=10_000)
def counted(worth: Worth, kind: DayKind) -> tuple[Decimal, bool] | None:
    """What a child weighs on a kind of day, and whether it is under three; None when it has no care on it."""
    ordinary, shift = kind
    open_to = {ShiftCare.NONE: ordinary, ShiftCare.FULL: shift, ShiftCare.INTERMITTENT: True}
    return max(((weight, young) for days, weight, young in worth if open_to[days]), default=None)


def _fullest(
    everybody: Changes,
    others: list[Changes],
    adults: Mapping[date, Decimal | None],
    spans: list[DateRange],
    days: Mapping[DayKind, list[date]],
) -> list[list[Figures | None]]:
    """By level the figures of the fullest day of each span."""
    cuts = sorted({*everybody, *adults, *(span.start for span in spans), *(day for one in others for day in one)})
    cuts.append(spans[-1].last_day + DAY)
    base = {kind: _Sums() for kind in days}
    more = [{kind: _Sums() for kind in days} for _ in others]
    best: list[list[tuple[Decimal, Decimal, Figures] | None]] = [[None] * len(spans) for _ in others]
    changing = [any(one) for one in others]
    now: Decimal | None = None
    number = -1
    for start, end in itertools.pairwise(cuts):
        if number + 1 < len(spans) and start >= spans[number + 1].start:
            number += 1
        now = adults.get(start, now)
        if start in everybody:
            _apply(everybody[start], base)
        for level, changes in enumerate(others):
            if start in changes:
                _apply(changes[start], more[level])
        if now is None:
            continue
        for kind, some in days.items():
            at = bisect_left(some, start)
            if at == len(some) or some[at] >= end:
                continue
            held = base[kind]
            for level, extra in enumerate(more):
                if level and not changing[level] and not changing[0]:
                    best[level][number] = best[0][number]
                    continue
                one = extra[kind]
                whole = held.under_3 + held.over_3 + one.under_3 + one.over_3
                top = best[level][number]
                if top is None or whole * top[1] > top[0] * now:
                    best[level][number] = whole, now, Figures(
                        held.under_3 + one.under_3, held.over_3 + one.over_3, held.headcount + one.headcount, now)
    return [[top and top[2] for top in level] for level in best]


def _apply(changes: Counter[Worth], sums: Mapping[DayKind, _Sums]) -> None:
    for worth, children in changes.items():
        for kind, one in sums.items():
            if (found := counted(worth, kind)) is not None:
                weight, young = found
                one.headcount += children
                if young:
                    one.under_3 += weight * children
                else:
                    one.over_3 += weight * children
