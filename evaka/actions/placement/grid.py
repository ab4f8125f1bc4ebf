"""What is read so that the occupancy of all units over a year is reckoned in one go."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, or_, select, true, union

from evaka.actions.unit import COMMITMENT, WAITING, options, places_of, planned_stays, rows_of, term_breaks
from evaka.kit.dates import DAY, DateRange, add_months
from evaka.models.application import Application
from evaka.models.assistance import AssistanceFactor, factors
from evaka.models.base import as_text, db, one_of, rows_of_text
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.unit import LEVELS, Commitment, Crowd, Key, Need, OccupancyKind, Peaks, Place, Rows, Stay, peaks

UNDER_3 = 36  # months
FEW = 60  # units
CARE = {one.value: one for one in CareType}
SHIFT = {one.value: one for one in ShiftCare} | {"": ShiftCare.NONE}
MONTHS = 12


def fullest_days(
    units: Collection[Unit], period: DateRange, *, applicant: Sequence[Stay] = (),
    levels: Sequence[OccupancyKind] = LEVELS,
) -> dict[Key, Peaks]:
    """The fullest day of each month of a closed period, by unit and level: a handful of queries for any number.

    Children who weigh the same for the same time come as crowds, counted by the database; those with a plan, with
    support that weighs more or with a need for a part of the time come one by one, and so does the applicant.
    """
    ids = {unit.id for unit in units}
    if not ids:
        return {}
    alone = _alone(period) | {int(one.child) for one in applicant}
    return peaks(
        places_of(units, period), _crowds(ids, period, alone), rows_of(units, period, only=alone), period, options(),
        applicant=applicant, levels=levels)


def _alone(period: DateRange) -> set[int]:
    """The children who are in no crowd, of all units: few, and asked once."""
    planned = (
        select(Application.child_id).join(PlacementPlan, PlacementPlan.application_id == Application.id)
        .where(PlacementPlan.status.in_(list(COMMITMENT)), Application.status.in_(WAITING)))
    supported = select(AssistanceFactor.child_id).where(AssistanceFactor.meets(period))
    need = ServiceNeedPeriod
    in_part = (
        select(Placement.child_id).join(need, need.placement_id == Placement.id)
        .where(Placement.meets(period), need.meets(period), ~_all_of(period)))
    return set(db.session.scalars(union(planned, supported, in_part)))


def _all_of(period: DateRange) -> ColumnElement[bool]:
    """Whether a need holds on all days of its place within the period."""
    need = ServiceNeedPeriod
    begins = or_(need.start <= period.start, need.start <= Placement.start)
    goes_on = or_(need.end.is_(None), need.end >= period.last_day, need.end >= Placement.end)
    return and_(begins, goes_on)


def _crowds(units: set[int], period: DateRange, alone: set[int]) -> dict[Key, frozenset[Crowd]]:
    """Beyond some units all are counted, which is quicker than to look for each of them.

    Each unit's children come as one text: it is read once, until it is another.
    """
    need = ServiceNeedPeriod
    told = as_text(
        Placement.start, Placement.end, Person.born, Placement.care_type, need.option, need.shift_care)
    among = Placement.unit_id.in_(units) if len(units) <= FEW else true()
    rows = db.session.execute(
        select(Placement.unit_id, told).join(Person, Person.id == Placement.child_id)
        .outerjoin(need, and_(need.placement_id == Placement.id, need.meets(period)))
        .where(among, Placement.meets(period), ~one_of(Placement.child_id, alone))
        .group_by(Placement.unit_id))
    return {unit_id: _read(unit_id, text, period) for unit_id, text in rows}


@lru_cache(2_000)
def _read(unit_id: int, text: str, period: DateRange) -> frozenset[Crowd]:
    """The children of a unit, counted: those who weigh the same for the same time together."""
    first, last = period.start, period.last_day
    # who turns three within the period is counted by the day of birth, all others by one before or after
    older, younger = add_months(first, -UNDER_3 - 1), add_months(last, -UNDER_3 + 1)
    found: Counter[Crowd] = Counter()
    for (start, end, born, care_type, option, shift_care), times in Counter(rows_of_text(text)).items():
        birth = min(max(date.fromisoformat(born), older), younger)
        found[Crowd(
            unit_id, max(date.fromisoformat(start), first), min(date.fromisoformat(end), last) if end else last,
            CARE[care_type], option or None, SHIFT[shift_care], birth, 0)] += times
    return frozenset(crowd._replace(children=times) for crowd, times in found.items())


def by_group(unit: Unit, period: DateRange, levels: Sequence[OccupancyKind] = LEVELS) -> dict[Key, Peaks]:
    """The same of each group of a unit: the children who are in it, and those who are thought of for it."""
    [place] = places_of([unit], period)
    return peaks(place.by_group(), {}, rows_by_group(unit, period), period, options(), levels=levels)


def rows_by_group(unit: Unit, period: DateRange) -> Rows:
    """The stays of children in the groups of a unit, and of those who are planned or thought of for one."""
    needs: dict[int, list[Need]] = defaultdict(list)
    of_unit = (Placement.unit_id == unit.id) & Placement.meets(period)
    for place_id, start, end, option, shift_care in db.session.execute(
        select(ServiceNeedPeriod.placement_id, ServiceNeedPeriod.start, ServiceNeedPeriod.end,
               ServiceNeedPeriod.option, ServiceNeedPeriod.shift_care)
        .join(Placement, Placement.id == ServiceNeedPeriod.placement_id).where(of_unit)
    ):
        needs[place_id].append(Need(DateRange(start, end), option, shift_care))
    stays = [
        Stay(child_id, born, group_id, DateRange(start, end), care_type, tuple(needs[place_id]))
        for place_id, child_id, born, group_id, start, end, care_type in db.session.execute(
            select(Placement.id, Placement.child_id, Person.born, GroupPlacement.group_id, GroupPlacement.start,
                   GroupPlacement.end, Placement.care_type)
            .join(Placement, Placement.id == GroupPlacement.placement_id)
            .join(Person, Person.id == Placement.child_id).where(of_unit, GroupPlacement.meets(period)))
    ]
    meant = dict(db.session.execute(
        select(Application.child_id, PlacementPlan.group_id)
        .join(Application, Application.id == PlacementPlan.application_id)
        .where(PlacementPlan.unit_id == unit.id, PlacementPlan.group_id.is_not(None),
               PlacementPlan.status.in_(list(COMMITMENT)))).tuples().all())
    stays += [
        replace(stay, place=meant[stay.child]) for stay in planned_stays(PlacementPlan.unit_id == unit.id, period)
        if stay.child in meant]
    weigh = {child: line.spans for child, line in factors({int(stay.child) for stay in stays}, period).items()}
    return Rows(stays=stays, factors=weigh, breaks=term_breaks())


def effects(plans: Sequence[PlacementPlan], today: date) -> dict[int, Peaks]:
    """Of each plan what its unit holds without the child (planned) and with it (whole), by month of the coming year.

    A few queries for all of them; the plans' children must be at hand.
    """
    facts = _facts_of(plans, today)
    found = {}
    for plan in plans:
        child = facts.of(plan) or planned_stays(PlacementPlan.id == plan.id, facts.period)
        found[plan.id] = facts.peaks(plan.unit_id, {plan.child_id}, child)
    return found


def together(plans: Sequence[PlacementPlan], today: date) -> dict[int, Peaks]:
    """The same of all the plans of a unit at once: by unit, without any of these children and with them all."""
    facts = _facts_of(plans, today)
    of_unit: dict[int, list[PlacementPlan]] = defaultdict(list)
    for plan in plans:
        of_unit[plan.unit_id].append(plan)
    return {unit_id: facts.peaks(unit_id, {plan.child_id for plan in several},
                                 [stay for plan in several for stay in facts.of(plan)])
            for unit_id, several in of_unit.items()}


@dataclass(frozen=True)
class Effects:
    """What is read to tell what plans do to their units: everybody in these over the coming year."""

    period: DateRange
    places: dict[Key, Place]
    crowds: dict[Key, frozenset[Crowd]]
    rows: Rows
    stays: dict[Key, list[Stay]]

    def of(self, plan: PlacementPlan) -> list[Stay]:
        """The child's stays in the unit of its plan."""
        return [stay for stay in self.stays.get(plan.unit_id, ()) if stay.child == plan.child_id]

    def peaks(self, unit_id: int, children: set[int], applicant: Sequence[Stay]) -> Peaks:
        """Without the children and with the applicant's stays.

        What is asked about is not there before it is answered; a place that a child has already is.
        """
        others = [stay for stay in self.stays.get(unit_id, ())
                  if stay.child not in children or stay.commitment is Commitment.PLACED]
        return peaks(
            [self.places[unit_id]], self.crowds, replace(self.rows, stays=others), self.period, options(),
            applicant=applicant, levels=(OccupancyKind.PLANNED,))[unit_id]


def _facts_of(plans: Sequence[PlacementPlan], today: date) -> Effects:
    first = today.replace(day=1)
    period = DateRange(first, add_months(first, MONTHS) - DAY)
    units = {plan.unit_id: plan.unit for plan in plans}
    if not units:
        return Effects(period, {}, {}, Rows(stays=[]), {})
    alone = _alone(period) | {plan.child_id for plan in plans}
    rows = rows_of(list(units.values()), period, only=alone)
    stays: dict[Key, list[Stay]] = defaultdict(list)
    for stay in rows.stays:
        stays[stay.place].append(stay)
    return Effects(period, {place.key: place for place in places_of(list(units.values()), period)},
                   _crowds(set(units), period, alone), rows, stays)
