"""A day of a unit as it stands: who is there, who is awaited, whom nobody has explained, and the rest of the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import select

from evaka.actions.forecast import DayOfUnit, Expected, policy
from evaka.actions.presence import tablet
from evaka.actions.staff.now import weights_of
from evaka.kit.dates import DAY
from evaka.models.base import HELSINKI, db
from evaka.models.person import Person
from evaka.models.presence import Presence
from evaka.models.staff import StaffPresence
from evaka.rules.booking.span import clock_at, minute_of
from evaka.rules.forecast import Coming, Slot, Source, Working, as_it_goes, slots, window
from evaka.rules.presence import Flag, Span, TileState, flags, tile_state
from evaka.rules.staff import Ratio, ratio_now
from evaka.rules.unit import Presence as There
from evaka.rules.unit.presence import WITH_CHILDREN

Group: TypeAlias = int | None
MIDNIGHT_CLOCK = time(0)
ALL = -1  # the groups of a unit together


@dataclass(frozen=True, slots=True)
class Seen:
    """A child of today: what was expected, and where it is."""

    child: int
    unit: int
    group: Group
    state: TileState
    expected: Expected | None  # None: there, but nobody awaited it
    late: bool = False

    @property
    def booked(self) -> int | None:
        """The minute for which it was awaited."""
        return self.expected.spans[0][0] if self.expected and self.expected.spans else None


@dataclass
class Now:
    """A unit at a moment.  `ratios` by group, None for children and adults without one."""

    known: DayOfUnit
    at: datetime
    children: list[Seen]
    ratios: dict[Group, Ratio]
    slots: dict[Group, list[Slot]]  # of the whole day by group
    of_unit: list[Slot]

    @property
    def ratio(self) -> Ratio:
        return sum(self.ratios.values(), Ratio())

    @property
    def minute(self) -> int:
        return self.at.hour * 60 + self.at.minute

    def of(self, state: TileState, group: Group = ALL) -> list[Seen]:
        """The children in a state, of a group or of all; the unexplained are among those awaited."""
        return [one for one in self.children if one.state is state and group in (ALL, one.group)]

    def late(self, group: Group = ALL) -> list[Seen]:
        return [one for one in self.children if one.late and group in (ALL, one.group)]


@dataclass(frozen=True, slots=True)
class Adult:
    """An adult at work today, in a kind that counts among the children."""

    who: int | str  # the user, or the name of somebody from outside
    group: Group
    arrived: datetime
    left: datetime | None
    weight: Decimal


def now_of(days: Collection[DayOfUnit], at: datetime) -> dict[int, Now]:
    """By unit how its day stands; `days` are those of today, one for each unit.  Four questions, for any number."""
    units = {one.unit for one in days}
    rows = _presences(units, at.date())
    adults = _adults(units, at)
    expected = {(child.child, one.unit) for one in days for child in one.children}
    unawaited = {row.child_id for unit in units for row in rows[unit] if (row.child_id, unit) not in expected}
    people = dict(db.session.execute(
        select(Person.id, Person.born).where(Person.id.in_(unawaited))).tuples().all()) if unawaited else {}
    weights = weights_of({id: (born, False) for id, born in people.items()}, at.date()) if people else {}
    return {one.unit: _now(one, at, rows[one.unit], adults[one.unit], weights) for one in days}


def _presences(units: set[int], day: date) -> dict[int, list[Any]]:
    """The presences of today and yesterday: a night that ended this morning is told of for half an hour."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in db.session.execute(
        select(Presence.unit_id, Presence.child_id, Presence.group_id, Presence.day, Presence.arrived, Presence.left)
        .where(Presence.unit_id.in_(units), Presence.day.between(day - DAY, day))
        .order_by(Presence.day, Presence.arrived)):
        found[row.unit_id].append(row)
    return found


def _adults(units: set[int], at: datetime) -> dict[int, list[Adult]]:
    begins = datetime.combine(at.date(), MIDNIGHT_CLOCK, HELSINKI)
    found: dict[int, list[Adult]] = defaultdict(list)
    for unit_id, group_id, user_id, name, arrived, left, kind, weight in db.session.execute(
        select(StaffPresence.unit_id, StaffPresence.group_id, StaffPresence.user_id, StaffPresence.name,
               StaffPresence.arrived, StaffPresence.left, StaffPresence.kind, StaffPresence.coefficient)
        .where(StaffPresence.unit_id.in_(units), StaffPresence.arrived.between(begins - DAY, begins + DAY),
               StaffPresence.left.is_(None) | (StaffPresence.left > begins))
        .order_by(StaffPresence.arrived)):
        if kind in WITH_CHILDREN:
            found[unit_id].append(Adult(user_id or name, group_id, arrived, left, weight))
    return found


def _now(
    known: DayOfUnit, at: datetime, rows: list[Any], adults: list[Adult], weights: dict[int, Decimal]
) -> Now:
    today, minute = at.date(), at.hour * 60 + at.minute
    closes = known.opening[1] if known.opening else minute_of(policy().assumed_to)
    awaited = {one.child: one for one in known.children}
    mine: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        mine[row.child_id].append(row)
    seen, coming, there = [], [], []
    for child in awaited.keys() | mine.keys():
        one, was = awaited.get(child), mine.get(child, [])
        if one is None and not any(row.day == today or row.left is None for row in was):
            continue
        state, late = _state(one, was, at)
        group = was[-1].group_id if was and was[-1].day == today else one.group if one else was[-1].group_id
        seen.append(Seen(child, known.unit, group, state, one, late))
        weight = one.weight if one else weights.get(child, Decimal(1))
        actual = [(minute_of(row.arrived), None if row.left is None else minute_of(row.left))
                  for row in was if row.day == today]
        spans = as_it_goes(actual, one.spans if one else (), minute, closes, comes=one is not None and one.comes)
        coming.append(Coming(child, group, spans, weight))
        if state is TileState.HERE:
            there.append(There(child, group or 0, at, None, weight))
    working = _working(known, at, adults, closes)
    ratios = ratio_now(there, [There(str(one.who), one.group or 0, one.arrived, one.left, one.weight)
                               for one in adults], at)
    rule = policy()
    whole = window(rule, known.opening, [span for one in coming for span in one.spans]) or (minute, minute + rule.step)
    groups = {one.group for one in coming} | {one.group for one in working}
    by_group = {group: slots(rule, whole, [one for one in coming if one.group == group],
                             [one for one in working if one.group == group]) for group in groups}
    return Now(known, at, seen, {int(key) or None: ratio for key, ratio in ratios.items()}, by_group,
               slots(rule, whole, coming, working))


def _state(one: Expected | None, was: list[Any], at: datetime) -> tuple[TileState, bool]:
    """Where a child is, and whether it should have come by now and nobody has said why not."""
    spans: list[Span] = [
        (datetime.combine(row.day, row.arrived, HELSINKI), row.left and datetime.combine(row.day, row.left, HELSINKI))
        for row in was]
    state = tile_state(spans, away=one is None or not one.comes, now=at)
    if state is not TileState.COMING or one is None or one.source is Source.ASSUMED:
        return state, False
    hours = [(clock_at(start), clock_at(end)) for start, end in one.spans]
    return state, Flag.LATE in flags(hours, state, None, at, tablet().tolerance)


def _working(known: DayOfUnit, at: datetime, adults: list[Adult], closes: int) -> list[Working]:
    """The adults of the whole day: as they were, then as their shifts say; without shifts those here stay."""
    minute, begins = at.hour * 60 + at.minute, datetime.combine(at.date(), MIDNIGHT_CLOCK, HELSINKI)

    def in_day(moment: datetime) -> int:
        local = moment.astimezone(HELSINKI)
        return 0 if local < begins else local.hour * 60 + local.minute

    actual: dict[tuple[Any, Group, Decimal], list[tuple[int, int | None]]] = defaultdict(list)
    for one in adults:
        actual[one.who, one.group, one.weight].append((in_day(one.arrived), one.left and in_day(one.left)))
    plans: dict[Any, list[Working]] = defaultdict(list)
    for shift in known.adults if known.shifts else ():
        plans[shift.who].append(shift)
    found = []
    for (who, group, weight), was in actual.items():
        own = [shift.span for shift in plans.pop(who, ())]
        spans = as_it_goes(was, own, minute, closes)
        found += [Working(who, group, span, weight) for span in spans]
    for shifts in plans.values():  # who has not come yet: from now on at the earliest
        found += [Working(shift.who, shift.group, (max(shift.span[0], minute), shift.span[1]), shift.weight)
                  for shift in shifts if shift.span[1] > minute]
    return found
