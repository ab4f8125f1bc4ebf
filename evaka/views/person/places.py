"""The places of a child with their groups and their needs, as its file shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, case, false, select, true

from evaka.access import Actor, by_rights, within
from evaka.kit.dates import DateRange
from evaka.models.placement import GroupPlacement, Placement, ServiceNeedPeriod
from evaka.models.unit import Group, Unit
from evaka.views.base.together import ROW, Questions


@dataclass
class Place:
    id: int
    period: DateRange
    unit: str
    seen: bool  # by the reader; the unit of today stands in the head of every file
    groups: list[tuple[DateRange, str]] = field(default_factory=list)
    needs: list[tuple[DateRange, str]] = field(default_factory=list)  # keys of the city's service needs


def of_places(by: Actor) -> dict[str, Select[Any]]:
    """Places, the oldest first, with their groups and their needs."""
    seen = case((within(by, "placement.view", Placement), true()), else_=false()).label("seen")
    own = Placement.child_id == ROW
    return {
        "places": select(Placement.id, Placement.start, Placement.end, Unit.name, seen)
        .join(Unit, Unit.id == Placement.unit_id).where(own).order_by(Placement.start),
        "place_groups": select(GroupPlacement.placement_id, GroupPlacement.start, GroupPlacement.end, Group.name)
        .join(Group, Group.id == GroupPlacement.group_id).join(Placement, Placement.id == GroupPlacement.placement_id)
        .where(own).order_by(GroupPlacement.start),
        "place_needs": select(ServiceNeedPeriod.placement_id, ServiceNeedPeriod.start, ServiceNeedPeriod.end,
                              ServiceNeedPeriod.option)
        .join(Placement, Placement.id == ServiceNeedPeriod.placement_id).where(own).order_by(ServiceNeedPeriod.start),
    }


@by_rights
def places_alone(by: Actor) -> Questions:
    return Questions(**of_places(by))


def places_in(found: dict[str, list[Any]]) -> list[Place]:
    """A child's places, the newest first, out of the answers to `of_places`."""
    places = {id: Place(id, DateRange(start, end), unit, bool(sees)) for id, start, end, unit, sees in found["places"]}
    for id, start, end, group in found["place_groups"]:
        places[id].groups.append((DateRange(start, end), group))
    for id, start, end, need in found["place_needs"]:
        places[id].needs.append((DateRange(start, end), need))
    return list(reversed(places.values()))
