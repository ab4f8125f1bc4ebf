"""Events of units, and times for talks: made by the unit, booked by families."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from sqlalchemy import Select, select

from evaka.access import Actor, within
from evaka.actions import Among, action, notify
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import HELSINKI, db
from evaka.models.calendar.event import DiscussionBooking, DiscussionTime, Event, EventGuest
from evaka.models.person import Person
from evaka.models.person.custody import carers, informed, told_children
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Group
from evaka.rules.calendar.event import EventKind, check_bookable, check_cancel, overlap, slots

REMIND_DAYS = 2  # before a talk


def groups_of(event: Event, by: Actor) -> Select[Any]:
    return select(Group).where(Group.unit_id == event.unit_id, Group.meets(event.period))


def children_of(event: Event, by: Actor) -> Select[Any]:
    """Who has a place in the unit on some of the event's days."""
    return select(Person).where(within(by, "person.view", Person), Person.id.in_(select(Placement.child_id).where(
        Placement.unit_id == event.unit_id, Placement.meets(event.period)))).order_by(Person.sort_key)


def invited(event: Event) -> Select[Any]:
    """The ids of the children who are asked: of the guests that are named, or of the whole unit."""
    placed = select(Placement.child_id).where(Placement.unit_id == event.unit_id, Placement.meets(event.period))
    if not event.guests:
        return placed
    children = [guest.child_id for guest in event.guests if guest.child_id]
    groups = [guest.group_id for guest in event.guests if guest.group_id]
    grouped = select(GroupPlacement.id).where(
        GroupPlacement.placement_id == Placement.id, GroupPlacement.group_id.in_(groups),
        GroupPlacement.meets(event.period)).exists()
    return placed.where(Placement.child_id.in_(children) | grouped)


@action("event.invite_group")
def invite_group(event: Event, by: Actor, *, group: Annotated[Group, Among(groups_of)]) -> None:
    """The children of a group are asked; without any guests the whole unit is."""
    db.session.add(EventGuest(event_id=event.id, group_id=group.id))
    db.session.flush()
    db.session.expire(event, ["guests"])


@action("event.invite_child")
def invite_child(event: Event, by: Actor, *, child: Annotated[Person, Among(children_of)]) -> None:
    db.session.add(EventGuest(event_id=event.id, child_id=child.id))
    db.session.flush()
    db.session.expire(event, ["guests"])


@action("event.add_times")
def add_times(event: Event, by: Actor, *, day: date, begins: time, ends: time, minutes: int, pause: int = 0) -> int:
    """Times for talks of a day, one after another; answers how many."""
    if event.kind is not EventKind.DISCUSSION:
        raise Refused("event.no_times")
    if day not in event.period:
        raise Refused("event.outside", day=day, period=event.period)
    check_bookable(day, begins, by.now)
    held = [(one.day, one.begins, one.ends) for one in event.times]
    new = [one for one in slots(begins, ends, minutes, pause) if not overlap(held, day, *one)]
    if not new:
        raise Refused("event.no_slots", begins=begins, ends=ends, minutes=minutes)
    db.session.add_all(DiscussionTime(event_id=event.id, day=day, begins=start, ends=end) for start, end in new)
    db.session.flush()
    db.session.expire(event, ["times"])
    return len(new)


def own_invited(slot: DiscussionTime, by: Actor) -> Select[Any]:
    """Those of a guardian's own children who are asked."""
    own = told_children(by.user.person_id, by.today) if by.user and by.user.person_id else select(Person.id).limit(0)
    return select(Person).where(Person.id.in_(own), Person.id.in_(invited(slot.event)))


def any_invited(slot: DiscussionTime, by: Actor) -> Select[Any]:
    return select(Person).where(within(by, "person.view", Person), Person.id.in_(invited(slot.event))).order_by(
        Person.sort_key)


@action("event.book")
def book(slot: DiscussionTime, by: Actor, *, child: Annotated[Person, Among(own_invited)]) -> DiscussionBooking:
    """A family takes a time.  Of two who do so in the same second the database lets one in."""
    if db.session.scalar(own_invited(slot, by).where(Person.id == child.id)) is None:
        raise Refused("event.not_invited")
    return _book(slot, child, by)


@action("event.assign")
def assign(slot: DiscussionTime, by: Actor, *, child: Annotated[Person, Among(any_invited)]) -> DiscussionBooking:
    """The unit gives a time to a family that has called."""
    if db.session.scalar(any_invited(slot, by).where(Person.id == child.id)) is None:
        raise Refused("event.not_invited")
    return _book(slot, child, by)


def _book(slot: DiscussionTime, child: Person, by: Actor) -> DiscussionBooking:
    check_bookable(slot.day, slot.begins, by.now)
    row = DiscussionBooking(time_id=slot.id, event_id=slot.event_id, child_id=child.id, booked_at=by.now)
    db.session.add(row)
    db.session.flush()
    db.session.expire(slot, ["booking"])
    _tell([child.id], by)
    return row


@action("event.cancel")
def cancel(slot: DiscussionTime, by: Actor) -> None:
    """A family gives its time back while a whole working day lies between."""
    own = select(DiscussionBooking).where(DiscussionBooking.time_id == slot.id)
    if by.user is not None and by.user.person_id is not None:
        own = own.where(DiscussionBooking.child_id.in_(told_children(by.user.person_id, by.today)))
    row = db.session.scalar(own)
    if row is None:
        raise Refused("event.not_yours")
    check_cancel(slot.day, by.today)
    _clear(slot, row, by)


@action("event.clear")
def clear(slot: DiscussionTime, by: Actor) -> None:
    """The unit takes a family's time back; the family is told."""
    if slot.booking is None:
        raise Refused("event.free_already")
    _clear(slot, slot.booking, by)


def _clear(slot: DiscussionTime, row: DiscussionBooking, by: Actor) -> None:
    child = row.child_id
    db.session.delete(row)
    db.session.flush()
    db.session.expire(slot, ["booking"])
    if slot.day >= by.today:
        _tell([child], by)


@action("event.remove_time")
def remove_time(slot: DiscussionTime, by: Actor) -> None:
    """A time is taken away; who had it is told."""
    if slot.booking is not None:
        _clear(slot, slot.booking, by)
    db.session.delete(slot)


def booked_talks(event: Event, by: Actor) -> list[int]:
    """The children who have a talk to come."""
    return list(db.session.scalars(
        select(DiscussionBooking.child_id).join(DiscussionTime, DiscussionTime.id == DiscussionBooking.time_id)
        .where(DiscussionBooking.event_id == event.id, DiscussionTime.day >= by.today).order_by(DiscussionBooking.id)))


def give_up(event: Event, by: Actor) -> None:
    """The event goes, and the talks with it: who had one to come is told."""
    _tell(booked_talks(event, by), by)


def _tell(children: Iterable[int], by: Actor) -> None:
    for child in children:
        for person in db.session.scalars(carers(child, by.today, told=True)).all():
            if person.email:
                notify(person.id, "talk_waits", by)


# -- told by the jobs ----------------------------------------------------------------------------------


def untold(by: Actor) -> Select[tuple[int]]:
    """Events of which families have not been told yet, made before today's round."""
    return select(Event.id).where(Event.told_at.is_(None), Event.end >= by.today).order_by(Event.id)


def tell_of(id: int, by: Actor) -> None:
    """One notice for each guardian of those who are asked."""
    event = db.session.get_one(Event, id)
    pairs = informed(by.today)
    people = db.session.scalars(select(Person.id).where(
        Person.id.in_(select(pairs.c.person_id).where(pairs.c.child_id.in_(invited(event)))),
        Person.email.is_not(None), Person.email != "")).all()
    for person in people:
        notify(person, "event_waits", by)
    event.told_at = by.now


def talks_near(by: Actor) -> Select[tuple[int]]:
    """Booked talks within the next days of which nobody has been reminded."""
    last = by.today + timedelta(days=REMIND_DAYS)
    return (
        select(DiscussionBooking.id).join(DiscussionTime, DiscussionTime.id == DiscussionBooking.time_id)
        .where(DiscussionBooking.reminded_at.is_(None), DiscussionTime.day.between(by.today, last))
        .order_by(DiscussionBooking.id))


def remind_of(ids: list[int], by: Actor) -> None:
    for row in db.session.scalars(select(DiscussionBooking).where(DiscussionBooking.id.in_(ids))):
        starts = datetime.combine(row.time.day, row.time.begins, tzinfo=HELSINKI)
        if starts > by.now:
            _tell([row.child_id], by)
        row.reminded_at = by.now


def events_of(children: Select[Any], period: DateRange) -> Select[Event]:
    """Events to which some of these children are asked and that meet a period."""
    return select(Event).where(Event.of_children(children), Event.meets(period)).order_by(Event.start, Event.id)
