"""Care somewhere else for a time: arranged for a child or for a whole group, changed, and cut to the child's places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from evaka.access import Actor
from evaka.actions import Among, action, notify, record, tell
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.calendar.event import Event, EventGuest
from evaka.models.person import Guardian, Person
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.presence import Presence
from evaka.models.unit import Group, Unit
from evaka.rules.backup_care import Host, check_backup, check_group, fitted, free
from evaka.rules.calendar.event import EventKind


def hosts(_subject: Any, by: Actor) -> Select[Any]:
    """The units that are open now or will be: a child may be sent where its director sees nothing else."""
    return select(Unit).where(Unit.meets(DateRange(by.today))).order_by(Unit.name)


def groups_of_host(backup: BackupCare, by: Actor) -> Select[Any]:
    return select(Group).where(Group.unit_id == backup.unit_id, Group.meets(backup.period)).order_by(Group.name)


Somewhere = Annotated[Unit, Among(hosts)]
InUnit = Annotated[Group, Among(groups_of_host)]


@action("backup_care.arrange")
def arrange(child: Person, by: Actor, *, unit: Somewhere, start: date, end: date) -> BackupCare:
    """For these days the child is in the care of another unit; its own place stays as it is."""
    places = _places({child.id}, DateRange(start, max(start, end))).get(child.id, [])
    period = check_backup(
        start, end, Host(unit.name, unit.period), places=[period for _, period in places],
        at_home=[period for unit_id, period in places if unit_id == unit.id],
        signed_in=_signed_in(child.id, by), today=by.today)
    _check_past(child.id, unit, period, by)
    row = BackupCare(child=child, unit=unit, start=start, end=end)
    db.session.add(row)
    _uninvite({child.id: [period]}, unit.id)
    _inform({child.id}, by)
    return row


@action("backup_care.change")
def change(backup: BackupCare, by: Actor, *, start: date, end: date) -> None:
    """Other days; another unit is another back-up care."""
    places = _places({backup.child_id}, DateRange(start, max(start, end))).get(backup.child_id, [])
    period = check_backup(
        start, end, Host(backup.unit.name, backup.unit.period), places=[one for _, one in places],
        at_home=[one for unit_id, one in places if unit_id == backup.unit_id],
        signed_in=_signed_in(backup.child_id, by), today=by.today)
    _check_past(backup.child_id, backup.unit, period, by)
    if backup.group is not None:
        check_group(backup.group.name, backup.group.period, period)
    backup.start, backup.end = start, end
    _uninvite({backup.child_id: [period]}, backup.unit_id)
    _inform({backup.child_id}, by)


@action("backup_care.place_in_group")
def place_in_group(backup: BackupCare, by: Actor, *, group: InUnit) -> None:
    """The unit that takes the child says in which of its groups."""
    check_group(group.name, group.period, backup.period)
    backup.group = group


@action("backup_care.remove")
def remove(backup: BackupCare, by: Actor) -> None:
    """The child is in its own unit after all."""
    db.session.delete(backup)
    _inform({backup.child_id}, by)


@action("backup_care.move_group")
def move_group(group: Group, by: Actor, *, unit: Somewhere, start: date, end: date) -> int:
    """All children of a group go elsewhere together, each for the days on which it has its place in the group.

    Who already has back-up care keeps it.  Answers how many children go.
    """
    if end < start:
        raise Refused("backup_care.ends_first", start=start, end=end)
    period = DateRange(start, end)
    if unit.period & period != period:
        raise Refused("backup_care.unit_not_open", unit=unit.name, period=period, open=unit.period)
    if unit.id == group.unit_id:
        raise Refused("backup_care.own_unit", unit=unit.name)
    moved = members(group, period)
    if not moved:
        raise Refused("backup_care.nobody", group=group.name, period=period)
    for child_id, part in moved:
        row = BackupCare(child_id=child_id, unit=unit, start=part.start, end=part.last_day)
        db.session.add(row)
        record("backup_care.arrange", row, by, {"unit": unit, "start": part.start, "end": part.end})
    children = {child_id for child_id, _ in moved}
    away = defaultdict(list)
    for child_id, part in moved:
        away[child_id].append(part)
    _uninvite(away, unit.id)
    _inform(children, by)
    tell(unit=unit, start=start, end=end, children=len(children))
    return len(children)


def members(group: Group, period: DateRange) -> list[tuple[int, DateRange]]:
    """The children of a group with the days of the period on which they are in it and not elsewhere already."""
    held = [
        (child_id, stay & place & period) for child_id, stay, place in (
            (child_id, DateRange(start, end), DateRange(first, last)) for child_id, start, end, first, last in
            db.session.execute(
                select(Placement.child_id, GroupPlacement.start, GroupPlacement.end, Placement.start, Placement.end)
                .join(GroupPlacement, GroupPlacement.placement_id == Placement.id)
                .where(GroupPlacement.group_id == group.id, GroupPlacement.meets(period), Placement.meets(period))
                .order_by(Placement.child_id, GroupPlacement.start)))
        if stay & place
    ]
    elsewhere = defaultdict(list)
    for row in db.session.scalars(
        select(BackupCare).where(BackupCare.child_id.in_({child for child, _ in held}), BackupCare.meets(period))):
        elsewhere[row.child_id].append(row.period)
    return [(child, part) for child, shared in held if shared for part in free(shared, elsewhere[child])]


# -- when the own place changes ----------------------------------------------------------------------------


def fit(children: Collection[int], by: Actor) -> int:
    """Back-up care of these children is cut to the places they have now; answers how many rows changed.

    Whoever changes places calls it in the same transaction, and the line of what was done tells of these rows too.
    The nightly job catches what nobody called it for.
    """
    rows = db.session.scalars(
        select(BackupCare).where(BackupCare.child_id.in_(children), BackupCare.end >= by.today)
        .order_by(BackupCare.child_id, BackupCare.start)).all()
    if not rows:
        return 0
    places = _places({row.child_id for row in rows}, DateRange(min(row.start for row in rows)))
    changed = 0
    for row in rows:
        parts = fitted(row.period, [period for _, period in places.get(row.child_id, [])])
        if parts == [row.period]:
            continue
        changed += 1
        if not parts:
            db.session.delete(row)
        else:
            row.start, row.end = parts[0].start, parts[0].last_day
            db.session.flush()  # out of the way of its own other parts
            db.session.add_all(
                BackupCare(child_id=row.child_id, unit_id=row.unit_id, group_id=row.group_id, start=part.start,
                           end=part.last_day)
                for part in parts[1:])
    db.session.flush()
    return changed


def refit(child_id: int, by: Actor) -> None:
    """What the nightly job does for a child: the line stands on the child's own file."""
    if fit({child_id}, by):
        record("job.backup_care.fit", db.session.get_one(Person, child_id), by, {})


def outside(today: date) -> Select[Any]:
    """Children with back-up care on whose first or last day they have no place any more."""
    def placed(day: Any) -> Any:
        return select(Placement.id).where(
            Placement.child_id == BackupCare.child_id, Placement.start <= day,
            or_(Placement.end.is_(None), Placement.end >= day)).exists()
    return (
        select(BackupCare.child_id).where(BackupCare.end >= today, ~placed(BackupCare.start) | ~placed(BackupCare.end))
        .distinct().order_by(BackupCare.child_id))


def _places(children: Collection[int], period: DateRange) -> dict[int, list[tuple[int, DateRange]]]:
    """By child its places that meet a period: (unit, from when to when)."""
    found = defaultdict(list)
    for child_id, unit_id, start, end in db.session.execute(
        select(Placement.child_id, Placement.unit_id, Placement.start, Placement.end)
        .where(Placement.child_id.in_(children), Placement.meets(period)).order_by(Placement.start)):
        found[child_id].append((unit_id, DateRange(start, end)))
    return found


def _check_past(child_id: int, unit: Unit, period: DateRange, by: Actor) -> None:
    """Days that have been are not given to a unit in which the child was not."""
    elsewhere = db.session.execute(
        select(Presence.day, Unit.name).join(Unit, Unit.id == Presence.unit_id)
        .where(Presence.child_id == child_id, Presence.unit_id != unit.id,
               Presence.day.between(period.start, min(period.last_day, by.today)))
        .order_by(Presence.day).limit(1)).first()
    if elsewhere is not None:
        raise Refused("backup_care.was_elsewhere", day=elsewhere.day, unit=elsewhere.name)


def _signed_in(child_id: int, by: Actor) -> str:
    """The unit in which the child is at this moment; "" for none."""
    return db.session.scalar(
        select(Unit.name).join(Presence, Presence.unit_id == Unit.id)
        .where(Presence.child_id == child_id, Presence.left.is_(None), Presence.day == by.today)) or ""


def _uninvite(away: Mapping[int, Collection[DateRange]], host: int) -> None:
    """Children are not asked, by name, to what their own unit does while they are elsewhere."""
    guests = db.session.scalars(
        select(EventGuest).join(Event, Event.id == EventGuest.event_id)
        .where(EventGuest.child_id.in_(away), Event.unit_id != host, Event.kind == EventKind.EVENT)
        .options(joinedload(EventGuest.event))).all()
    for guest in guests:
        if any(part & guest.event.period == guest.event.period for part in away[guest.child_id or 0]):
            db.session.delete(guest)


def _inform(children: Collection[int], by: Actor) -> None:
    """Guardians are told that there is something to read; their first page says where their child is."""
    guardians = db.session.scalars(
        select(Guardian.guardian_id).where(Guardian.child_id.in_(children), ~Guardian.blocked).distinct()
        .order_by(Guardian.guardian_id)).all()
    for guardian in guardians:
        notify(guardian, "backup_care_told", by)
