"""What of a family counts when a place is looked for: where it lives, and where brothers and sisters are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import aliased

from evaka.access import Actor, within
from evaka.kit.dates import DateRange
from evaka.kit.distance import Point, metres
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.person import Guardian, Person
from evaka.models.placement import Placement
from evaka.models.unit import Unit


@dataclass(frozen=True)
class Sibling:
    """A brother or sister in care: with a place now or later."""

    id: int
    first_name: str
    unit_id: int
    unit: str


def siblings_of(children: Collection[int], by: Actor) -> dict[int, list[Sibling]]:
    """By child the others of its guardians' children who have a place: one query, however many children."""
    own, other, sibling = aliased(Guardian), aliased(Guardian), aliased(Person)
    rows = db.session.execute(
        select(own.child_id, sibling.id, sibling.first_name, Placement.unit_id, Unit.name)
        .join(other, (other.guardian_id == own.guardian_id) & (other.child_id != own.child_id))
        .join(sibling, sibling.id == other.child_id)
        .join(Placement, Placement.child_id == sibling.id).join(Unit, Unit.id == Placement.unit_id)
        .where(own.child_id.in_(children), ~own.blocked, ~other.blocked, Placement.meets(DateRange(by.today)),
               sibling.id.in_(select(Person.id).where(within(by, "person.view", Person))))
        .order_by(own.child_id, sibling.born, sibling.id, Placement.start).distinct())
    found: dict[int, list[Sibling]] = defaultdict(list)
    for child_id, *facts in rows.tuples():
        one = Sibling(*facts)
        if one not in found[child_id]:
            found[child_id].append(one)
    return found


@dataclass(frozen=True)
class Start:
    """From where distances are told: the `kind` is "home", "sibling" or "wish"."""

    kind: str
    point: Point

    def metres_to(self, unit: Unit) -> int | None:
        if unit.latitude is None or unit.longitude is None:
            return None
        return metres(self.point, (unit.latitude, unit.longitude))


def start_of(application: Application, siblings: Collection[Sibling], today: date) -> Start | None:
    """The child's home where its point is known, else a sibling's unit, else the first wish.

    Of a restricted address no distance is told: three of them would show where it is (Act 661/2009, 36 §).
    """
    child = application.child
    if child.restricted_on(today):
        return None
    if child.latitude is not None and child.longitude is not None:
        return Start("home", (child.latitude, child.longitude))
    of_sibling = {one.unit_id for one in siblings} or {application.sibling_unit_id} - {None}
    if of_sibling:
        unit = db.session.get(Unit, min(int(id) for id in of_sibling if id is not None))
        if unit is not None and unit.latitude is not None and unit.longitude is not None:
            return Start("sibling", (unit.latitude, unit.longitude))
    for one in application.preferences:
        if one.unit.latitude is not None and one.unit.longitude is not None:
            return Start("wish", (one.unit.latitude, one.unit.longitude))
    return None
