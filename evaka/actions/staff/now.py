"""Who is in a unit at a moment, weighed: the facts for the ratio, in four questions for any number of units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select

from evaka.actions.unit import options
from evaka.kit.dates import DateRange
from evaka.models.assistance import AssistanceFactor
from evaka.models.base import HELSINKI, db
from evaka.models.person import Person
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.presence import Presence
from evaka.models.staff import StaffPresence
from evaka.models.unit import Unit
from evaka.rules.staff import Ratio, ratio_now
from evaka.rules.unit import Need, OccupancyKind, Rows, Scale, Stay
from evaka.rules.unit import Presence as There
from evaka.rules.unit.rows import Key

NO_GROUP = 0  # the key of children who are in no group


def presences_of(units: Collection[int], day: date) -> tuple[list[There], list[There]]:
    """The children's and the adults' presences of a day, weighed as realised occupancy does.

    A group's key is its id; NO_GROUP for none.  What is still open from before is there too.
    """
    rows = db.session.execute(
        select(Presence.id, Presence.child_id, Presence.group_id, Presence.day, Presence.arrived, Presence.left,
               Person.born, Unit.family_day_care)
        .join(Person, Person.id == Presence.child_id).join(Unit, Unit.id == Presence.unit_id)
        .where(Presence.unit_id.in_(units),
               (Presence.day == day) | (Presence.left.is_(None) & (Presence.day < day)))).all()
    weights = weights_of({row.child_id: (row.born, row.family_day_care) for row in rows}, day)
    children = [
        There(row.child_id, row.group_id or NO_GROUP, datetime.combine(row.day, row.arrived, HELSINKI),
              row.left and datetime.combine(row.day, row.left, HELSINKI), weights[row.child_id])
        for row in rows]
    begins = datetime.combine(day, time(0), HELSINKI)
    adults = [
        There(f"a{row.id}", row.group_id or NO_GROUP, row.arrived, row.left, row.coefficient, row.kind.value)
        for row in db.session.execute(
            select(StaffPresence.id, StaffPresence.group_id, StaffPresence.arrived, StaffPresence.left,
                   StaffPresence.coefficient, StaffPresence.kind)
            .where(StaffPresence.unit_id.in_(units), StaffPresence.arrived < begins + timedelta(days=1),
                   StaffPresence.arrived > begins - timedelta(days=2),
                   StaffPresence.left.is_(None) | (StaffPresence.left > begins)))]
    return children, adults


def ratio_of(units: Collection[int], at: datetime) -> dict[Key, Ratio]:
    """By group, the ratio of a moment: now, or any minute of the past."""
    return ratio_now(*presences_of(units, at.date()), at)


def weights_of(children: dict[int, tuple[date, bool]], day: date) -> dict[int, Decimal]:
    """What children weigh on a day; `children` are their birthdays and whether they are in family day care."""
    ids, today = set(children), DateRange(day, day)
    places = db.session.execute(
        select(Placement.id, Placement.child_id, Placement.unit_id, Placement.care_type)
        .where(Placement.child_id.in_(ids), Placement.on(day))).all()
    needs: dict[int, list[Need]] = defaultdict(list)
    for placement_id, option, shift_care in db.session.execute(
        select(ServiceNeedPeriod.placement_id, ServiceNeedPeriod.option, ServiceNeedPeriod.shift_care)
        .where(ServiceNeedPeriod.placement_id.in_([one.id for one in places]), ServiceNeedPeriod.on(day))):
        needs[placement_id].append(Need(today, option, shift_care))
    factors: dict[Key, Sequence[tuple[DateRange, Decimal]]] = {
        child: [(today, factor)] for child, factor in db.session.execute(
            select(AssistanceFactor.child_id, AssistanceFactor.coefficient)
            .where(AssistanceFactor.child_id.in_(ids), AssistanceFactor.on(day)))}
    scale = Scale(Rows(factors=factors), OccupancyKind.REALISED, options())
    found = {child: Decimal(1) for child in ids}
    for one in places:
        born, family_care = children[one.child_id]
        stay = Stay(one.child_id, born, one.unit_id, today, one.care_type, tuple(needs[one.id]))
        found[one.child_id] = scale.weigh(stay, day, family_care=family_care).value
    return found
