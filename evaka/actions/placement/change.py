"""Places afterwards: a place that is entered by hand, other days, another unit or kind of care, and its end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from evaka import city
from evaka.access import Actor, permitted
from evaka.actions import Choice, action
from evaka.actions.application import option
from evaka.actions.decision.places import Cutting, cut_earlier, cut_to, cuts_of, keep_parts, needs_for, settle
from evaka.actions.placement import offer_of
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.person import is_adult
from evaka.rules.placement import ServiceNeed, ShiftCare, check_childhood, check_fits, check_need, make_room

AnyOption = Annotated[str, Choice("service_needs")]


@action("placement.add")
def add(
    child: Person, by: Actor, *, unit: Unit, service_need: AnyOption, start: date, end: date,
    shift_care: ShiftCare = ShiftCare.NONE, guaranteed: bool = False,
) -> Placement:
    """A place without an application; the child's other places make room for it."""
    if end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    if is_adult(child.born, start):
        raise Refused("application.not_a_child", child=str(child), born=child.born, start=start)
    period, need = DateRange(start, end), option(service_need)
    check_childhood(child.born, period)
    check_fits(period, need.care_type, offer_of(unit), shift_care=shift_care is not ShiftCare.NONE)
    check_need(need, care_type=need.care_type, period=period, place=period)
    make_way(cuts_of(child.id, period), by)
    made = Placement(
        child_id=child.id, unit=unit, care_type=need.care_type, start=start, end=end, guaranteed=guaranteed,
        needs=[ServiceNeedPeriod(option=need.key, shift_care=shift_care, start=start, end=end)])
    db.session.add(made)
    settle(child.id, by)
    return made


def make_way(cuttings: Iterable[Cutting], by: Actor) -> None:
    """Other places make room, as long as they are in units that the actor looks after."""
    several = list(cuttings)
    mine = permitted(by, "placement.change_days", Placement, {one.place.id for one in several})
    for one in several:
        if one.place.id not in mine:
            raise Refused("placement.of_other_unit", unit=str(one.place.unit), period=one.place.period)
    cut_earlier(several)


@action("placement.change_days")
def change_days(placement: Placement, by: Actor, *, start: date, end: date) -> None:
    """Other days for a place: groups and needs are cut to them, or go on where the place is lengthened."""
    if end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    period, before = DateRange(start, end), placement.period
    check_childhood(placement.child.born, period)
    check_fits(period, placement.care_type, offer_of(placement.unit))
    make_way(cuts_of(placement.child_id, period, besides=placement), by)
    _lengthen(placement, before, period)
    cut_to(placement, period)
    settle(placement.child_id, by)


def _lengthen(placement: Placement, before: DateRange, period: DateRange) -> None:
    """What held on the first or last day of a place holds on the days that are added to it, where it may."""
    options = city.named("service_needs", ServiceNeed)
    for need in placement.needs:
        held = options[need.option].valid if need.option in options else period
        _stretch(need, before, period & held)
    for joined in placement.groups:
        _stretch(joined, before, period & joined.group.period)


def _stretch(row: ServiceNeedPeriod | GroupPlacement, before: DateRange, within: DateRange | None) -> None:
    if within is None:
        return
    if row.start == before.start and within.start < row.start:
        row.start = within.start
    if row.end == before.end and row.end is not None and within.last_day > row.end:
        row.end = within.end


@action("placement.move")
def move(
    placement: Placement, by: Actor, *, start: date, unit: Unit | None = None, service_need: AnyOption,
    shift_care: ShiftCare = ShiftCare.NONE,
) -> Placement:
    """From a day on the child is in another unit, or has another kind of care; the place before ends the day before.

    In the same unit the child stays in its groups.
    """
    if start not in placement.period:
        raise Refused("placement.group_outside_place", start=start, place=placement.period)
    period = DateRange(start, placement.end)
    to, need = unit or placement.unit, option(service_need)
    check_fits(period, need.care_type, offer_of(to), shift_care=shift_care is not ShiftCare.NONE)
    groups = [
        GroupPlacement(group_id=one.group_id, start=held.start, end=held.end)
        for one in placement.groups if to.id == placement.unit_id and (held := one.period & period)
    ]
    child, guaranteed = placement.child_id, placement.guaranteed
    if start == placement.start:
        db.session.delete(placement)
    else:
        keep_parts(placement, [DateRange(placement.start, start - DAY)])
    db.session.flush()
    made = Placement(
        child_id=child, unit=to, care_type=need.care_type, start=period.start, end=period.end, groups=groups,
        guaranteed=guaranteed, needs=needs_for(need.care_type, period, need.key, shift_care))
    db.session.add(made)
    settle(child, by)
    return made


@action("placement.end_early")
def end_early(placement: Placement, by: Actor, *, last_day: date) -> None:
    """The place ends earlier than was thought."""
    if last_day not in placement.period:
        raise Refused("placement.group_outside_place", start=last_day, place=placement.period)
    keep_parts(placement, [DateRange(placement.start, last_day)])
    settle(placement.child_id, by)


@action("placement.remove")
def remove(placement: Placement, by: Actor) -> None:
    """A place that has not begun is taken away; one that has begun is ended instead."""
    if placement.start <= by.today:
        raise Refused("placement.has_begun", start=placement.start)
    child = placement.child_id
    db.session.delete(placement)
    settle(child, by)


@action("placement.guarantee")
def guarantee(placement: Placement, by: Actor, *, guaranteed: bool = False) -> None:
    """Whether the place is kept for a child who comes back after a break."""
    if guaranteed and placement.start <= by.today:
        raise Refused("placement.guarantee_of_begun", start=placement.start)
    placement.guaranteed = guaranteed


@action("placement.set_need")
def set_need(
    placement: Placement, by: Actor, *, service_need: AnyOption, shift_care: ShiftCare = ShiftCare.NONE, start: date,
    end: date | None = None,
) -> ServiceNeedPeriod:
    """From a day on the child needs so much care; earlier needs of the place make room."""
    period = DateRange(start, end or placement.end) if end is None or end >= start else None
    if period is None:
        raise Refused("placement.ends_first", start=start, end=end)
    need = option(service_need)
    check_need(need, care_type=placement.care_type, period=period, place=placement.period)
    check_fits(period, placement.care_type, offer_of(placement.unit), shift_care=shift_care is not ShiftCare.NONE)
    made = enter_need(placement, period, need.key, shift_care)
    settle(placement.child_id, by)
    return made


def enter_need(placement: Placement, period: DateRange, key: str, shift_care: ShiftCare) -> ServiceNeedPeriod:
    by_id = {one.id: one for one in placement.needs}
    later: list[ServiceNeedPeriod] = []
    for cut in make_room(period, [(one.id, one.period) for one in placement.needs]):
        one = by_id[cut.id]
        if not cut.keeps:
            placement.needs.remove(one)
            continue
        first, *rest = cut.keeps
        one.start, one.end = first.start, first.end
        later += [ServiceNeedPeriod(option=one.option, shift_care=one.shift_care, start=part.start, end=part.end)
                  for part in rest]
    db.session.flush()
    made = ServiceNeedPeriod(option=key, shift_care=shift_care, start=period.start, end=period.end)
    placement.needs.extend([*later, made])
    db.session.flush()
    return made
