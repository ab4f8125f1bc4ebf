"""Units, their groups and the adults of these; what is read of units to reckon how full they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, func, literal, select, union_all

from evaka import city
from evaka.access import Actor
from evaka.actions import Long, action, tell
from evaka.actions.calendar import closed_days
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.kit.references import check_business_id, check_iban
from evaka.models.application import Application
from evaka.models.assistance import factors
from evaka.models.backup_care import in_backup_care
from evaka.models.base import as_text, ask, db, one_of, rows_of_text
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan, ServiceNeedPeriod
from evaka.models.unit import Caretakers, Group, Unit
from evaka.rules.application import ApplicationKind, ApplicationStatus
from evaka.rules.calendar import Term, breaks
from evaka.rules.placement import ON_TERM_DAYS, CareType, PlanStatus, ServiceNeed
from evaka.rules.placement.plan import Days, parts
from evaka.rules.unit import (
    BackupCare,
    Commitment,
    Feature,
    Need,
    Options,
    Place,
    Rows,
    Stay,
    check_apply,
    check_closing,
    check_group_end,
    check_opening,
    check_point,
    check_preschool,
    check_unused,
    ended_by,
)
from evaka.rules.unit import Group as GroupFacts

COMMITMENT = {
    PlanStatus.DRAFT: Commitment.DRAFTED,
    PlanStatus.PROPOSED: Commitment.PLANNED,
    PlanStatus.CONFIRMED: Commitment.PLANNED,
    PlanStatus.DECIDED: Commitment.PLANNED,
}
WAITING = (
    ApplicationStatus.WAITING_DECISION, ApplicationStatus.WAITING_CONFIRMATION, ApplicationStatus.WAITING_MAILING,
    ApplicationStatus.WAITING_GUARDIAN,
)  # the states of an application whose plan counts
MOST_ADULTS = 99


def options() -> Options:
    """The service needs of the city."""
    return city.named("service_needs", ServiceNeed)


def places_of(units: Collection[Unit], period: DateRange) -> list[Place]:
    """Units with their groups, the adults planned for them and the days they are closed: two queries for all."""
    ids = {unit.id for unit in units}
    closed, groups = closed_days(ids, period), _groups_of(ids, period)
    return [
        Place(unit.id, unit.period, groups.get(unit.id, ()), unit.open_days(closed[unit.id]), unit.family_day_care)
        for unit in units
    ]


def _groups_of(units: set[int], period: DateRange) -> dict[int, tuple[GroupFacts, ...]]:
    """By unit its groups with their adults."""
    told = as_text(Group.id, Group.start, Group.end, Caretakers.id, Caretakers.start, Caretakers.end, Caretakers.amount)
    rows = ask(
        select(Group.unit_id, told)
        .outerjoin(Caretakers, and_(Caretakers.group_id == Group.id, Caretakers.meets(period)))
        .where(one_of(Group.unit_id, units), Group.meets(period)).group_by(Group.unit_id))
    return {unit_id: _groups(text) for unit_id, text in rows}


@lru_cache(maxsize=2_000)
def _groups(text: str) -> tuple[GroupFacts, ...]:
    opened: dict[int, DateRange] = {}
    adults: dict[int, list[tuple[int, DateRange, Decimal]]] = defaultdict(list)
    for id, start, end, amount_id, since, until, amount in rows_of_text(text):
        opened[int(id)] = _span(start, end)
        if amount_id:
            adults[int(id)].append((int(amount_id), _span(since, until), Decimal(amount)))
    return tuple(
        GroupFacts(id, period, tuple((span, amount) for _, span, amount in sorted(adults[id], key=lambda one: one[0])))
        for id, period in sorted(opened.items()))


def _span(start: str, end: str) -> DateRange:
    return DateRange(date.fromisoformat(start), date.fromisoformat(end) if end else None)


def rows_of(
    units: Collection[Unit], period: DateRange, also: Collection[int] = (), only: Collection[int] | None = None
) -> Rows:
    """The stays of children in units: places with their needs, back-up care, plans; few queries, however many units.

    Guests come with the places they have elsewhere: where a child really is, the rules find out.  The factors of
    children who need support are read of those who stay there, and of the children `also`.  Of others than `only` no
    stays are read.
    """
    ids = {unit.id for unit in units}
    needs: dict[int, list[Need]] = defaultdict(list)
    backups = [
        BackupCare(child_id, unit_id, DateRange(start, end)) for child_id, unit_id, start, end in
        db.session.execute(in_backup_care(ids, period))]
    in_units = Placement.unit_id.in_(ids) & Placement.meets(period)
    if guests := {one.child for one in backups if one.place in ids}:
        in_units |= Placement.child_id.in_(guests) & Placement.meets(period)
    if only is not None:  # few children: what they have in other units is read too, and of no place that is asked
        in_units = one_of(Placement.child_id, only) & Placement.meets(period)
    for place_id, start, end, option, shift_care in db.session.execute(
        select(ServiceNeedPeriod.placement_id, ServiceNeedPeriod.start, ServiceNeedPeriod.end,
               ServiceNeedPeriod.option, ServiceNeedPeriod.shift_care)
        .join(Placement, Placement.id == ServiceNeedPeriod.placement_id).where(in_units)
    ):
        needs[place_id].append(Need(DateRange(start, end), option, shift_care))
    stays = [
        Stay(child_id, born, unit_id, DateRange(start, end), care_type, tuple(needs[id]))
        for id, child_id, born, unit_id, start, end, care_type in db.session.execute(
            select(Placement.id, Placement.child_id, Person.born, Placement.unit_id, Placement.start, Placement.end,
                   Placement.care_type)
            .join(Person, Person.id == Placement.child_id).where(in_units))
    ]
    stays += planned_stays(
        PlacementPlan.unit_id.in_(ids) if only is None
        else PlacementPlan.unit_id.in_(ids) & one_of(Application.child_id, only), period)
    counted = set(only) if only is not None else union_all(
        select(Placement.child_id).where(in_units),
        select(Application.child_id).join(PlacementPlan, PlacementPlan.application_id == Application.id)
        .where(PlacementPlan.unit_id.in_(ids), PlacementPlan.meets(period)),
        select(Person.id).where(Person.id.in_(also)),
    )
    return Rows(stays=stays, factors={child: line.spans for child, line in factors(counted, period).items()},
                breaks=term_breaks(), backups=backups)


def planned_stays(of: ColumnElement[bool], period: DateRange) -> list[Stay]:
    """The children who are thought of or planned for a place, with the need that they would have: one query.

    A plan that was decided counts until its decision is answered; then there is a place, or nothing.
    """
    plan, found = PlacementPlan, []
    rows = db.session.execute(
        select(Application.child_id, Person.born, plan.unit_id, plan.start, plan.end, plan.daycare_start,
               plan.daycare_end, plan.care_type, plan.service_need, plan.status)
        .join(Application, Application.id == plan.application_id).join(Person, Person.id == Application.child_id)
        .where(of, plan.status.in_(list(COMMITMENT)), Application.status.in_(WAITING),
               plan.meets(period) | ((plan.daycare_start <= period.last_day) & (plan.daycare_end >= period.start))))
    for child_id, born, unit_id, start, end, daycare_start, daycare_end, care_type, need, status in rows:
        daycare = DateRange(daycare_start, daycare_end) if daycare_start else None
        for kind, part in parts(care_type, Days(DateRange(start, end), daycare)):
            needs = (Need(part, need),) if kind is care_type else ()
            found.append(Stay(child_id, born, unit_id, part, kind, needs, COMMITMENT[status]))
    return found


def term_breaks() -> dict[CareType, list[DateRange]]:
    """The days on which who follows the school year is away."""
    return dict.fromkeys(ON_TERM_DAYS, breaks(city.dated("calendar", Term)))


# -- what must hold ---------------------------------------------------------------------------------


def check_unit(unit: Unit) -> None:
    """Refuse a unit that cannot be, in a sentence; account number and business id are kept as they are written."""
    if unit.end is not None and unit.end < unit.start:
        raise Refused("unit.ends_first", start=unit.start, end=unit.end)
    check_opening(unit.opening, unit.shift_opening, open_on_holidays=unit.open_on_holidays)
    check_preschool(unit.care_types, unit.preschool_start, unit.preschool_end)
    check_point(unit.latitude, unit.longitude)
    for kind in ApplicationKind:
        check_apply(f"unit.apply.{kind}", *(getattr(unit, f"{kind}_apply_{name}") for name in ("start", "end")))
    if unit.iban:
        unit.iban = check_iban(unit.iban)
    if unit.business_id:
        unit.business_id = check_business_id(unit.business_id)
    if unit.id is not None and unit.end is not None:
        last = func.max(func.coalesce(Placement.end, date.max))
        check_closing(unit.period, db.session.scalar(select(last).where(Placement.unit_id == unit.id)))


def check_group(group: Group) -> None:
    """Refuse a group that ends before it begins, or before its last child leaves it."""
    if group.end is None:
        return
    if group.end < group.start:
        raise Refused("unit.ends_first", start=group.start, end=group.end)
    if group.id is not None:
        last = func.max(func.coalesce(GroupPlacement.end, date.max))
        check_group_end(group.period, db.session.scalar(select(last).where(GroupPlacement.group_id == group.id)))


# -- groups and adults ------------------------------------------------------------------------------


@action("unit.add_group")
def add_group(unit: Unit, by: Actor, *, name: str, start: date, adults: Decimal) -> Group:
    """A new group, with the adults it has from the beginning."""
    if start not in unit.period:
        raise Refused("unit.group_outside", start=start, open=unit.period)
    check_amount(adults)
    group = Group(unit=unit, name=name, start=start, end=None)
    db.session.add_all([group, Caretakers(group=group, amount=adults, start=start, end=None)])
    return group


@action("unit.set_adults")
def set_adults(group: Group, by: Actor, *, amount: Decimal, start: date, end: date | None = None) -> Caretakers:
    """From a day on the group has another number of adults; what held until then ends the day before."""
    if end is not None and end < start:
        raise Refused("unit.ends_first", start=start, end=end)
    if start < group.start or (group.end is not None and start > group.end):
        raise Refused("unit.adults_outside", start=start, open=group.period)
    check_amount(amount)
    make_room(group.id, DateRange(start, end))
    row = Caretakers(group=group, amount=amount, start=start, end=end)
    db.session.add(row)
    return row


@action("unit.delete_group")
def delete_group(group: Group, by: Actor) -> None:
    """A group that was entered by mistake goes, with its adults."""
    check_unused(str(group), {f"journal.subject.{table}" for table in tables_that_name(group)})
    tell(was=f"{group.unit}, {group}")
    for row in db.session.scalars(select(Caretakers).where(Caretakers.group_id == group.id)):
        db.session.delete(row)
    db.session.flush()
    db.session.delete(group)


def make_room(group_id: int, new: DateRange) -> None:
    """The amount within which a new one begins ends on the day before."""
    rows = {row.id: row for row in db.session.scalars(select(Caretakers).where(Caretakers.group_id == group_id))}
    before = ended_by({id: row.period for id, row in rows.items()}, new)
    if before is not None:
        rows[before].end = new.start - DAY
        db.session.flush()  # out of the way before the next one comes


def check_amount(amount: Decimal) -> None:
    if not 0 <= amount <= MOST_ADULTS:
        raise Refused("unit.adults_amount", most=MOST_ADULTS)


def tables_that_name(group: Group) -> list[str]:
    """The tables, but for its adults, that hold a row about the group: one query over whatever tables there are."""
    asked = [
        (table.name, select(literal(1)).where(column == group.id).exists())
        for table in db.metadata.sorted_tables if table.name != Caretakers.__tablename__
        for column in table.columns if column.references(Group.__table__.c.id)
    ]
    found = db.session.execute(select(*(there for _, there in asked))).one()
    return [name for (name, _), there in zip(asked, found, strict=True) if there]


# -- features and the note --------------------------------------------------------------------------


@action("unit.open_feature")
def open_feature(unit: Unit, by: Actor, *, feature: Feature) -> None:
    """From now on the feature is in use in the unit; where it is already, nothing changes."""
    if feature not in unit.features:
        unit.features = sorted({*unit.features, feature.value})


@action("unit.close_feature")
def close_feature(unit: Unit, by: Actor, *, feature: Feature) -> None:
    """The feature is not in use in the unit any more; what has been written with it can be read."""
    unit.features = [one for one in unit.features if one != feature]


@action("unit.write_note")
def write_note(unit: Unit, by: Actor, *, note: Long = "") -> None:
    """What those who place children tell one another of the unit; the journal keeps that it changed, not what."""
    unit.note = note
    tell()
