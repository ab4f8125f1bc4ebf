"""Signing in and out on a tablet: by a PIN and the planned shift, or by name for somebody from outside."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import action
from evaka.actions.staff.pin import member_of
from evaka.actions.staff.policy import sign_in
from evaka.kit.errors import Refused
from evaka.models.base import HELSINKI, db
from evaka.models.staff import Shift, StaffPresence
from evaka.models.unit import Group
from evaka.models.user import User
from evaka.rules.staff import Entry, Plan, StaffKind, after_leaving, arrival, departure

FULL = Decimal(7)


def moment_of(by: Actor, at: time | None) -> datetime:
    """Today at a time, or now; whole minutes."""
    now = by.now.replace(second=0, microsecond=0)
    return now if at is None else datetime.combine(by.today, at.replace(second=0, microsecond=0), HELSINKI)


def plans_of(user_id: int, by: Actor) -> list[Plan]:
    """The shifts near now; those of other kinds than presence too."""
    reach = timedelta(hours=24)
    rows = db.session.execute(
        select(Shift.start, Shift.finish)
        .where(Shift.user_id == user_id, Shift.start < by.now + reach, Shift.finish > by.now - reach)
        .order_by(Shift.start))
    return [Plan(start, finish) for start, finish in rows]


def rows_today(user_id: int, by: Actor) -> list[StaffPresence]:
    """What somebody has been today, and what is still open from before."""
    midnight = datetime.combine(by.today, time(0), HELSINKI)
    return list(db.session.scalars(
        select(StaffPresence)
        .where(StaffPresence.user_id == user_id, StaffPresence.left.is_(None) | (StaffPresence.arrived >= midnight))
        .order_by(StaffPresence.arrived).with_for_update()))


def entry(row: StaffPresence) -> Entry:
    return Entry(row.kind, row.arrived, row.left)


@action("staff.arrive")
def arrive(user: User, by: Actor, *, group: Group, kind: StaffKind | None = None, at: time | None = None) -> None:
    """Somebody of the staff is with a group from now on, by the rules of the planned shift."""
    moment = moment_of(by, at)
    rows = rows_today(user.id, by)
    entries = arrival(moment, kind, now=by.now.replace(second=0, microsecond=0), plans=plans_of(user.id, by),
                      today=[entry(row) for row in rows], policy=sign_in())
    away = next((row for row in rows if row.left is None), None)
    if away is not None:  # away on an errand until now
        away.left = max(moment, away.arrived)
        entries = [one for one in entries if one.left is None]
        db.session.flush()
    coefficient = member_of(user).coefficient
    for one in entries:
        db.session.add(StaffPresence(
            user_id=user.id, unit_id=group.unit_id, group_id=group.id if one.kind.in_group else None,
            arrived=one.arrived, left=one.left, kind=one.kind, coefficient=coefficient))


@action("staff.leave")
def leave(user: User, by: Actor, *, kind: StaffKind | None = None, at: time | None = None) -> None:
    """Somebody of the staff is with the group no more; perhaps at work elsewhere."""
    row = next((one for one in rows_today(user.id, by) if one.left is None), None)
    if row is None:
        raise Refused("staff.not_here")
    entries = departure(moment_of(by, at), kind, now=by.now, here=entry(row), plans=plans_of(user.id, by),
                        policy=sign_in())
    row.kind, row.left = entries[0].kind, entries[0].left
    if (goes_on := after_leaving(entries)) is not None:
        db.session.flush()
        db.session.add(StaffPresence(user_id=user.id, unit_id=row.unit_id, arrived=goes_on.arrived,
                                     kind=goes_on.kind, coefficient=row.coefficient))


@action("staff.arrive_external")
def arrive_external(group: Group, by: Actor, *, name: str, counts: bool = True) -> StaffPresence:
    """Somebody from outside works with the group: a student, a relief worker."""
    if not name.strip():
        raise Refused("staff.name_empty")
    # two presses at once come here one after the other
    db.session.scalar(select(Group.id).where(Group.id == group.id).with_for_update())
    here = select(StaffPresence.id).where(
        StaffPresence.unit_id == group.unit_id, StaffPresence.left.is_(None), StaffPresence.user_id.is_(None),
        StaffPresence.name == name.strip()[:120])
    if db.session.scalar(here.limit(1)) is not None:
        raise Refused("staff.external_is_here", name=name.strip()[:120])
    row = StaffPresence(
        name=name.strip()[:120], unit_id=group.unit_id, group_id=group.id, arrived=moment_of(by, None),
        coefficient=FULL if counts else Decimal(0))
    db.session.add(row)
    return row


@action("staff.leave_external")
def leave_external(presence: StaffPresence, by: Actor) -> None:
    if presence.user_id is not None:
        raise Refused("staff.needs_pin")
    if presence.left is not None:
        raise Refused("staff.not_here")
    presence.left = max(moment_of(by, None), presence.arrived)
