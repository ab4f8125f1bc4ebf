"""What the director puts right in the adults' time; each change stands in the journal, old and new."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from sqlalchemy import Select, select

from evaka.access import Actor
from evaka.actions import Among, action
from evaka.actions.staff.pin import member_of
from evaka.kit.dates import DAY
from evaka.kit.errors import Refused
from evaka.models.base import HELSINKI, db
from evaka.models.staff import StaffPresence, staff_of_unit
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.staff import StaffKind


def workers(unit: Unit, by: Actor) -> Select[User]:
    return staff_of_unit(unit.id, by.today)


def groups_of(unit: Unit, by: Actor) -> Select[Group]:
    return select(Group).where(Group.unit_id == unit.id, Group.on(by.today)).order_by(Group.name)


def own_groups(presence: StaffPresence, by: Actor) -> Select[Group]:
    return select(Group).where(Group.unit_id == presence.unit_id).order_by(Group.name)


@action("staff.add")
def add(
    unit: Unit, by: Actor, *, user: Annotated[User, Among(workers)],
    group: Annotated[Group, Among(groups_of)] | None = None, day: date, arrived: time, left: time | None = None,
    kind: StaffKind = StaffKind.PRESENT,
) -> StaffPresence:
    """Time that nobody signed in for.  What ends before it begins ends on the next day."""
    _check_group(kind, group)
    begins, ends = _span(day, arrived, left, by)
    row = StaffPresence(
        user_id=user.id, unit_id=unit.id, group_id=group.id if group and kind.in_group else None, arrived=begins,
        left=ends, kind=kind, coefficient=member_of(user).coefficient)
    db.session.add(row)
    return row


@action("staff.correct")
def correct(
    presence: StaffPresence, by: Actor, *, arrived: time, left: time | None = None, kind: StaffKind,
    group: Annotated[Group, Among(own_groups)] | None = None,
) -> None:
    """Other times, another kind or group, of the same day."""
    _check_group(kind, group)
    presence.arrived, presence.left = _span(presence.arrived.date(), arrived, left, by)
    presence.kind, presence.group_id = kind, group.id if group and kind.in_group else None
    presence.automatic = False


@action("staff.remove")
def remove(presence: StaffPresence, by: Actor) -> None:
    """Nobody was there."""
    db.session.delete(presence)


def _check_group(kind: StaffKind, group: Group | None) -> None:
    if kind.in_group and group is None:
        raise Refused("staff.group_needed", kind=kind)


def _span(day: date, arrived: time, left: time | None, by: Actor) -> tuple[datetime, datetime | None]:
    begins = datetime.combine(day, arrived, HELSINKI)
    ends = None if left is None else datetime.combine(day if left > arrived else day + DAY, left, HELSINKI)
    if max(begins, ends or begins) > by.now:
        raise Refused("staff.future", now=by.now.time().replace(second=0, microsecond=0))
    return begins, ends
