"""A family gives up a place, and may take that back for some hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from evaka import city
from evaka.access import Actor
from evaka.actions import action, notify
from evaka.actions.decision.places import keep_parts, other_kind, settle
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person.custody import carers
from evaka.models.placement import GroupPlacement, Placement, ServiceNeedPeriod
from evaka.models.placement.termination import Termination
from evaka.models.unit import Group
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.placement.termination import (
    Ending,
    Place,
    TerminationPolicy,
    TerminationScope,
    check_termination,
    check_undo,
    endings,
)


def policy() -> TerminationPolicy:
    return city.value("placements", "termination", TerminationPolicy)


def places_of(placement: Placement) -> Sequence[Placement]:
    """The child's places in the same unit from this one on."""
    return db.session.scalars(
        select(Placement)
        .where(Placement.child_id == placement.child_id, Placement.unit_id == placement.unit_id,
               Placement.meets(DateRange(placement.start)))
        .options(selectinload(Placement.needs), selectinload(Placement.groups)).order_by(Placement.start)).all()


def foreseen(placement: Placement, last_day: date, scope: TerminationScope) -> list[tuple[Placement, Ending[int]]]:
    """What giving up does to which places: for a preview, and then to do it."""
    rows = {one.id: one for one in places_of(placement)}
    places = [Place(one.id, one.care_type, one.period) for one in rows.values()]
    return [(rows[one.id], one) for one in endings(places, last_day, scope)]


@action("placement.terminate")
def terminate(
    placement: Placement, by: Actor, *, last_day: date, scope: TerminationScope = TerminationScope.PLACE
) -> Termination:
    """The family gives up the place: care ends with the last day, and whoever else cares for the child is told."""
    check_termination(placement.period, placement.care_type, last_day, scope, policy(), by.today)
    done = foreseen(placement, last_day, scope)
    made = Termination(
        child_id=placement.child_id, unit_id=placement.unit_id, scope=scope, last_day=last_day, made_at=by.now,
        user_id=by.user and by.user.id, before={"places": [_kept(one) for one, _ in done]})
    child = placement.child_id
    later = [other_kind(place, part, care_type) for place, ending in done if ending.then
             for care_type, part in [ending.then]]
    for place, ending in done:
        if ending.keeps is None:
            db.session.delete(place)
        elif ending.keeps != place.period:
            keep_parts(place, [ending.keeps])
    db.session.flush()
    db.session.add_all([*later, made])
    db.session.flush()
    made.before = made.before | {"after": sorted([*(one.id for one, ending in done if ending.keeps), *(
        one.id for one in later)])}
    for person in db.session.scalars(carers(child, by.today, told=True)):
        notify(person.id, "place_terminated", by)
    settle(child, by)
    return made


def _kept(place: Placement) -> dict[str, Any]:
    return {
        "care_type": place.care_type.value, "guaranteed": place.guaranteed, **_days(place),
        "needs": [{"option": one.option, "shift_care": one.shift_care.value, **_days(one)} for one in place.needs],
        "groups": [{"group": one.group_id, **_days(one)} for one in place.groups],
    }


def _days(row: Any) -> dict[str, str | None]:
    return {"start": row.start.isoformat(), "end": row.end and row.end.isoformat()}


def _period(kept: dict[str, Any]) -> dict[str, date | None]:
    return {"start": date.fromisoformat(kept["start"]), "end": kept["end"] and date.fromisoformat(kept["end"])}


@action("termination.undo")
def undo(termination: Termination, by: Actor) -> None:
    """The notice was a mistake: the places are again as they were, unless something else has been done since."""
    if termination.undone_at is not None:
        raise Refused("termination.undone_already", at=termination.undone_at)
    check_undo(termination.made_at, by.now, policy())
    kept = termination.before["places"]
    first = min(date.fromisoformat(one["start"]) for one in kept) if kept else termination.last_day
    now = db.session.scalars(select(Placement).where(
        Placement.child_id == termination.child_id, Placement.meets(DateRange(first)))).all()
    if {one.id for one in now} != set(termination.before["after"]):
        raise Refused("termination.places_have_changed")
    for place in now:
        db.session.delete(place)
    db.session.flush()
    groups = set(db.session.scalars(select(Group.id).where(Group.unit_id == termination.unit_id)))
    for one in kept:
        db.session.add(Placement(
            child_id=termination.child_id, unit_id=termination.unit_id, care_type=CareType(one["care_type"]),
            guaranteed=one["guaranteed"], **_period(one),
            needs=[ServiceNeedPeriod(option=need["option"], shift_care=ShiftCare(need["shift_care"]), **_period(need))
                   for need in one["needs"]],
            groups=[GroupPlacement(group_id=joined["group"], **_period(joined))
                    for joined in one["groups"] if joined["group"] in groups]))
    termination.undone_at = by.now
    settle(termination.child_id, by)
