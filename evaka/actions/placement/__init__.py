"""Planning a place, asking the unit, and putting the child into a group."""

from __future__ import annotations

from datetime import date

from evaka.access import Actor
from evaka.actions import action
from evaka.actions.placement.plan import LIVING, draft_many, living_plan, plan, return_to_placement, undo_many
from evaka.actions.placement.proposal import confirm, decline, propose, propose_many, withdraw, withdraw_many
from evaka.actions.placement.thought import Thought, default_days, default_period, offer_of
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Group

__all__ = [
    "LIVING",
    "Thought",
    "confirm",
    "decline",
    "default_days",
    "default_period",
    "draft_many",
    "leave_groups",
    "living_plan",
    "offer_of",
    "place_in_group",
    "plan",
    "propose",
    "propose_many",
    "return_to_placement",
    "undo_many",
    "withdraw",
    "withdraw_many",
]


@action("placement.place_in_group")
def place_in_group(placement: Placement, by: Actor, *, group: Group, start: date) -> GroupPlacement:
    """From `start` the child is in the group, to the end of the place; an earlier group ends the day before."""
    if start not in placement.period:
        raise Refused("placement.group_outside_place", start=start, place=placement.period)
    if group.unit_id != placement.unit_id:
        raise Refused("placement.group_of_other_unit", group=group.name, unit=str(placement.unit))
    if not (group.period & DateRange(start, placement.end)) == DateRange(start, placement.end):
        raise Refused("placement.group_not_open", group=group.name, open=group.period)
    leave_groups(placement, start)
    joined = GroupPlacement(placement=placement, group=group, start=start, end=placement.end)
    db.session.add(joined)
    return joined


def leave_groups(placement: Placement, start: date) -> None:
    """Groups of a place end before `start`; those that would begin later are not needed any more."""
    for earlier in list(placement.groups):
        if earlier.start >= start:
            placement.groups.remove(earlier)
        elif earlier.end is None or earlier.end >= start:
            earlier.end = date.fromordinal(start.toordinal() - 1)
    db.session.flush()  # a shortened group is out of the way before the next one comes


