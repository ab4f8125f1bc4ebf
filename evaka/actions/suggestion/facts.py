"""What a suggestion is reckoned from, read set by set: applicants with their families, units with their room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import aliased, joinedload, selectinload

from evaka import city
from evaka.actions.placement.grid import fullest_days
from evaka.actions.placement.plan import Seats
from evaka.actions.placement.thought import care_of, default_days, need_of, offer_of
from evaka.actions.unit import options, places_of, rows_of
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.kit.errors import Refused
from evaka.models.application import Application, Preference
from evaka.models.assistance import factors
from evaka.models.base import db
from evaka.models.person import Guardian, Person
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.placement.plan import Days
from evaka.rules.suggestion import (
    Applicant,
    Criteria,
    House,
    Months,
    Point,
    Season,
    SuggestionPolicy,
    whole,
    whole_room,
)
from evaka.rules.unit import Commitment, Need, OccupancyKind, Place, Rows, Stay, third_birthday
from evaka.rules.unit import months as months_of
from evaka.rules.unit.rows import COUNTED
from evaka.rules.unit.weight import Scale


@dataclass(frozen=True)
class Facts:
    """A season with the rows behind it; `refused` are the applications for which no place can be thought of."""

    season: Season
    applications: Mapping[int, Application]
    units: Mapping[int, Unit]
    days: Mapping[int, Days]
    months: tuple[DateRange, ...]
    refused: Mapping[int, Refused]


def policy() -> SuggestionPolicy:
    return city.value("suggestion", "policy", SuggestionPolicy)


def criteria_on(day: date) -> Criteria:
    """The city's list that holds on a day."""
    found = city.dated("suggestion", Criteria).at(day)
    if not found:
        raise Refused("suggestion.no_criteria", day=day)
    return found[0]


def applications_with(ids: Collection[int]) -> dict[int, Application]:
    """Applications with the child and the wishes, in a few queries."""
    rows = db.session.scalars(
        select(Application).where(Application.id.in_(ids)).order_by(Application.id).options(
            joinedload(Application.child), joinedload(Application.guardian),
            selectinload(Application.preferences).joinedload(Preference.unit)))
    return {one.id: one for one in rows}


def gather(
    ids: Collection[int], units: Collection[Unit], counted: OccupancyKind, criteria: Criteria, today: date
) -> Facts:
    """Everything that a plan for these applications in these units follows from."""
    applications, rules = applications_with(ids), policy()
    days, refused = dict[int, Days](), dict[int, Refused]()
    for one in applications.values():
        try:
            days[one.id] = _days(one, today)
        except Refused as no:
            refused[one.id] = no
    able = [one for one in applications.values() if one.id in days]
    if not able or not units:
        season = Season((), (), criteria, rules)
        return Facts(season, applications, {unit.id: unit for unit in units}, days, (), refused)
    months = horizon([one.period for one in days.values()], rules.months)
    whole_time = DateRange(months[0].start, months[-1].last_day)
    houses = [_house(unit, *room) for unit, room in _rooms(units, months, whole_time, counted, rules.seats)]
    family = Families(able, {unit.id for unit in units}, today)
    weights = _Weights(able, units, whole_time, months, rules.months, counted)
    applicants = [_applicant(one, days[one.id], weights, family) for one in able]
    return Facts(
        Season(applicants, houses, criteria, rules), applications, {unit.id: unit for unit in units}, days, months,
        refused)


def _days(one: Application, today: date) -> Days:
    if one.start is None:
        raise Refused("suggestion.no_start")
    need_of(one, max(one.start, today))  # refuses when the city has no such care
    return default_days(one, today)


def horizon(periods: Iterable[DateRange], count: int) -> tuple[DateRange, ...]:
    """The months that are looked at: from the first start to so many months after the last one begins."""
    starts = sorted(period.start for period in periods)
    last = add_months(starts[-1].replace(day=1), count) - DAY
    return tuple(months_of(DateRange(starts[0].replace(day=1), last)))


# -- units ----------------------------------------------------------------------------------------------


def _rooms(
    units: Collection[Unit], months: tuple[DateRange, ...], period: DateRange, counted: OccupancyKind, seats: bool
) -> Iterable[tuple[Unit, tuple[Months, Months | None]]]:
    """The free weight of each month, and the free seats; a month in which a unit is closed is as the one before it."""
    found = fullest_days(units, period, levels=[counted])
    places = {place.key: place for place in places_of(units, period)}
    held = Seats(units, period.start) if seats else None
    for unit in units:
        free, before = list[int](), 0
        for month, figures in zip(months, found[unit.id].levels[counted], strict=True):
            if figures is not None:
                before = whole_room(figures.free)
            elif not _has_adults(places[unit.id], month):
                before = 0
            free.append(before)
        left = [held.left(unit, 0, month) for month in months] if held else [None]
        sits = tuple(max(0, one) for one in left if one is not None) if left[0] is not None else None
        yield unit, (tuple(free), sits)


def _has_adults(place: Place, month: DateRange) -> bool:
    return any(group.period & month and any(span & month for span, _ in group.adults) for group in place.groups)


def _house(unit: Unit, free: Months, seats: Months | None) -> House:
    return House(unit.id, offer_of(unit), free, seats, point_of(unit), unit.family_day_care)


def point_of(unit: Unit | None) -> Point | None:
    if unit is None or unit.latitude is None or unit.longitude is None:
        return None
    return float(unit.latitude), float(unit.longitude)


# -- applicants -----------------------------------------------------------------------------------------


class _Weights:
    """What children weigh in each month."""

    def __init__(
        self, applications: Collection[Application], units: Collection[Unit], period: DateRange,
        months: tuple[DateRange, ...], count: int, counted: OccupancyKind,
    ) -> None:
        children = {one.child_id for one in applications}
        self.period, self.months, self.count = period, months, count
        self.units = {unit.id: unit for unit in units}
        lines = {child: line.spans for child, line in factors(children, period).items()}
        self.scale = Scale(Rows(factors=lines), OccupancyKind.DRAFT, options())
        self.standing: dict[int, list[Stay]] = defaultdict(list)
        for stay in rows_of(units, period, only=children).stays:
            if stay.commitment in COUNTED[counted]:
                self.standing[int(stay.child)].append(stay)

    def of(self, stay: Stay, *, family_care: bool) -> Months:
        """The heaviest day of the stay in each month of the horizon, no later than the months that are looked at."""
        last = add_months(stay.period.start.replace(day=1), self.count) - DAY
        looked_at = DateRange(stay.period.start, min(last, stay.period.last_day))
        return tuple(
            self._heaviest(stay, common, family_care) if (common := month & looked_at) else 0 for month in self.months
        )

    def _heaviest(self, stay: Stay, month: DateRange, family_care: bool) -> int:
        cuts = {month.start, third_birthday(stay.born)}
        cuts |= {span.start for span, _ in self.scale.rows.factors.get(stay.child, ())}
        cuts |= {span.end + DAY for span, _ in self.scale.rows.factors.get(stay.child, ()) if span.end}
        return max(
            whole(self.scale.weigh(stay, day, family_care=family_care).value) for day in cuts if day in month)

    def already(self, child: int) -> dict[int, Months]:
        """What a child weighs in units where it has a place, in each month of the horizon."""
        found: dict[int, Months] = {}
        for stay in self.standing.get(child, ()):
            unit = int(stay.place)
            if unit not in self.units:  # a guest's own place, which no wish of this suggestion is for
                continue
            weight = tuple(
                self._heaviest(stay, common, self.units[unit].family_day_care) if (common := month & stay.period) else 0
                for month in self.months)
            found[unit] = tuple(map(max, found.get(unit, (0,) * len(self.months)), weight))
        return found


class Families:
    """Brothers and sisters: those with a place already, and those who apply in the same suggestion."""

    def __init__(
        self, applications: Collection[Application], units: set[int], today: date,
    ) -> None:
        self.today = today
        children = {one.child_id for one in applications}
        own, other = aliased(Guardian), aliased(Guardian)
        pairs = (
            select(own.child_id, other.child_id)
            .join(other, (other.guardian_id == own.guardian_id) & (other.child_id != own.child_id))
            .where(own.child_id.in_(children), ~own.blocked, ~other.blocked))
        self.siblings: dict[int, set[int]] = defaultdict(set)
        for child, sibling in db.session.execute(pairs):
            self.siblings[child].add(sibling)
        everybody = {sibling for several in self.siblings.values() for sibling in several}
        self.placed: dict[int, list[tuple[int, DateRange]]] = defaultdict(list)
        for child, unit, start, end in db.session.execute(
            select(Placement.child_id, Placement.unit_id, Placement.start, Placement.end)
            .where(Placement.child_id.in_(everybody), Placement.meets(DateRange(today)))
        ):
            self.placed[child].append((unit, DateRange(start, end)))
        self.together = self._together(applications, units)

    def siblings_in(self, one: Application, start: date) -> frozenset[int]:
        """The units in which a sibling has a place on the first day, and the one that the family has named."""
        found = {
            unit for sibling in self.siblings.get(one.child_id, ()) for unit, period in self.placed.get(sibling, ())
            if start in period
        }
        return frozenset(found | ({one.sibling_unit_id} - {None}))  # type: ignore[arg-type]

    def _together(self, applications: Collection[Application], units: set[int]) -> dict[int, int]:
        """A number for those siblings who apply for at least one unit in common, by application."""
        by_child: dict[int, list[Application]] = defaultdict(list)
        for one in applications:
            by_child[one.child_id].append(one)
        found: dict[int, int] = {}
        for one in applications:
            if one.id in found:
                continue
            wished = {wish.unit_id for wish in one.preferences} & units
            members = [one]
            for sibling in sorted(self.siblings.get(one.child_id, ())):
                for theirs in by_child.get(sibling, ())[:1]:
                    common = wished & {wish.unit_id for wish in theirs.preferences}
                    if common and theirs.id not in found:
                        members.append(theirs)
                        wished = common
            if len(members) > 1:
                found |= dict.fromkeys((member.id for member in members), min(member.id for member in members))
        return found


def home_of(child: Person) -> Point | None:
    """Where the child lives, where that is known."""
    if child.latitude is None or child.longitude is None:
        return None
    return float(child.latitude), float(child.longitude)


def _applicant(one: Application, days: Days, weights: _Weights, family: Families) -> Applicant:
    period = days.period
    need = need_of(one, period.start)
    held = days.daycare or period
    stay = Stay(
        one.child_id, one.child.born, 0, period, care_of(one), (Need(held, need.key),), Commitment.DRAFTED)
    takes = weights.of(stay, family_care=False)
    factor = max((value for _, value in weights.scale.rows.factors.get(one.child_id, ())), default=Decimal(1))
    return Applicant(
        number=one.id, wishes=tuple(wish.unit_id for wish in one.preferences), period=period,
        care_type=care_of(one), takes=takes, takes_at_home=weights.of(stay, family_care=True),
        there=_there(period, weights), due=one.due, received=one.received, shift_care=one.shift_care,
        support=factor > 1, language=one.child.language,
        speaks=frozenset(wish.unit.language for wish in one.preferences),
        siblings_in=family.siblings_in(one, period.start),
        family=family.together.get(one.id), home=home_of(one.child),
        near=next((point for wish in one.preferences if (point := point_of(wish.unit))), None),
        told=not (one.child.restricted_on(family.today) or one.guardian.restricted_on(family.today)),
        standing=weights.already(one.child_id),
    )


def _there(period: DateRange, weights: _Weights) -> Months:
    last = add_months(period.start.replace(day=1), weights.count) - DAY
    looked_at = DateRange(period.start, min(last, period.last_day))
    return tuple(int(month & looked_at is not None) for month in weights.months)
