"""What is read so that the occupancy of all units over a year is reckoned in one go."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select, true, union

from evaka.actions.unit import COMMITMENT, WAITING, options, places_of, rows_of
from evaka.kit.dates import DateRange, add_months
from evaka.models.application import Application
from evaka.models.assistance import AssistanceFactor
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import Placement, PlacementPlan, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.placement import ShiftCare
from evaka.rules.unit import LEVELS, Crowd, Key, OccupancyKind, Peaks, Stay, peaks

UNDER_3 = 36  # months
FEW = 60  # units


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


def _crowds(units: set[int], period: DateRange, alone: set[int]) -> list[Crowd]:
    """Beyond some units all are counted, which is quicker than to look for each of them."""
    need, first, last = ServiceNeedPeriod, period.start, period.last_day
    start = case((Placement.start < first, literal(first)), else_=Placement.start)
    end = case((or_(Placement.end.is_(None), Placement.end > last), literal(last)), else_=Placement.end)
    # who turns three within the period is counted by the day of birth, all others by one before or after
    older, younger = add_months(first, -UNDER_3 - 1), last
    born = case(
        (Person.born <= older, literal(older)), (Person.born > add_months(last, -UNDER_3 + 1), literal(younger)),
        else_=Person.born)
    columns = (start, end, Placement.care_type, need.option, need.shift_care, born, Placement.unit_id)
    among = Placement.unit_id.in_(units) if len(units) <= FEW else true()
    rows = db.session.execute(
        select(*columns, func.count()).join(Person, Person.id == Placement.child_id)
        .outerjoin(need, and_(need.placement_id == Placement.id, need.meets(period)))
        .where(among, Placement.meets(period), Placement.child_id.not_in(alone))
        .group_by(*columns))
    return [
        Crowd(unit_id, begins, ends, care_type, option, shift_care or ShiftCare.NONE, birth, children)
        for begins, ends, care_type, option, shift_care, birth, unit_id, children in rows
    ]
