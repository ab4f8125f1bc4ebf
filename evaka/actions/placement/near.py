"""What of a family counts when a place is looked for: where it lives, and where brothers and sisters are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

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
    """By child the others of its guardians' children who have a place: three queries by index, for any number."""
    own = _pairs(Guardian.child_id.in_(children))
    family: dict[int, list[int]] = defaultdict(list)  # by guardian
    for child_id, guardian_id in _pairs(Guardian.guardian_id.in_({guardian for _, guardian in own})):
        family[guardian_id].append(child_id)
    kin = {child for some in family.values() for child in some}
    placed: dict[int, list[Sibling]] = defaultdict(list)
    for id, name, unit_id, unit in db.session.execute(
        select(Person.id, Person.first_name, Placement.unit_id, Unit.name)
        .join(Placement, Placement.child_id == Person.id).join(Unit, Unit.id == Placement.unit_id)
        .where(Person.id.in_(kin), Placement.meets(DateRange(by.today)), within(by, "person.view", Person))
        .order_by(Person.born, Person.id, Placement.start)
    ):
        if (one := Sibling(id, name, unit_id, unit)) not in placed[id]:
            placed[id].append(one)
    found: dict[int, list[Sibling]] = defaultdict(list)
    for child_id, guardian_id in own:
        for other in family[guardian_id]:
            if other != child_id:
                found[child_id] += [one for one in placed[other] if one not in found[child_id]]
    return found


def _pairs(condition: ColumnElement[bool]) -> list[tuple[int, int]]:
    """(child, guardian) of those who have custody and are not blocked."""
    rows = db.session.execute(
        select(Guardian.child_id, Guardian.guardian_id).where(condition, ~Guardian.blocked).order_by(Guardian.id))
    return [(child_id, guardian_id) for child_id, guardian_id in rows]


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
    if child.restricted_on(today) or application.guardian.restricted_on(today):
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


def places_from(child_id: int, by: Actor) -> list[Placement]:
    """The places of a child that the reader may see, now and to come."""
    return list(db.session.scalars(
        select(Placement).where(
            Placement.child_id == child_id, Placement.meets(DateRange(by.today)),
            within(by, "placement.view", Placement))
        .options(joinedload(Placement.unit)).order_by(Placement.start)))
