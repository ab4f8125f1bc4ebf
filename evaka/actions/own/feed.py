"""A guardian's calendar for other programs: made, renewed, ended, and what stands in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import joinedload, selectinload

from evaka.access import Actor
from evaka.actions import action, tell
from evaka.actions.booking.facts import day_facts, stays_of
from evaka.actions.calendar import closures_of
from evaka.actions.calendar.event import events_of
from evaka.actions.message.settings import check_self
from evaka.actions.own.contacts import told_kids
from evaka.kit.dates import DAY, DateRange
from evaka.kit.ics import Entry
from evaka.models.base import db
from evaka.models.calendar.event import DiscussionBooking, DiscussionTime, Event
from evaka.models.own import CalendarFeed, FeedLabel
from evaka.models.person import Person
from evaka.models.person.custody import guarded_children
from evaka.models.placement import Placement
from evaka.models.unit import Unit
from evaka.rules.attendance import away_all_day
from evaka.rules.calendar.event import EventKind
from evaka.rules.own import AHEAD, BEHIND, check_label, entry_key, safe_title, times
from evaka.rules.user import digest
from evaka.texts import LANGUAGES, say


def feed_of(person: Person) -> CalendarFeed | None:
    return db.session.scalar(select(CalendarFeed).where(CalendarFeed.person_id == person.id))


def feed_with(secret: str) -> CalendarFeed | None:
    """The feed whose address holds the secret; an ended or renewed one opens nothing."""
    return db.session.scalar(
        select(CalendarFeed).where(CalendarFeed.digest == digest(secret)).options(joinedload(CalendarFeed.person)))


@action("own.make_feed")
def make_feed(person: Person, by: Actor, *, language: str = "") -> str:
    """A new address, in the place of an earlier one; answers its secret, which nobody can read again."""
    check_self(person, by, "own.make_feed")
    secret, row = secrets.token_urlsafe(32), feed_of(person)
    renewed = row is not None
    if row is None:
        row = CalendarFeed(person_id=person.id)
        db.session.add(row)
    row.digest, row.made_at = digest(secret), by.now
    row.language = language if language in LANGUAGES else LANGUAGES[0]
    tell(renewed=renewed)
    return secret


@action("own.end_feed")
def end_feed(person: Person, by: Actor) -> None:
    """The address opens nothing any more."""
    check_self(person, by, "own.end_feed")
    row = feed_of(person)
    if row is not None:
        db.session.delete(row)


def labels_of(person: Person, kids: list[Person], language: str) -> dict[int, str]:
    """By child what it is called in the feed: what the guardian has chosen, or child 1, child 2 from the oldest on."""
    chosen = dict(db.session.execute(
        select(FeedLabel.child_id, FeedLabel.label).where(FeedLabel.person_id == person.id)).tuples().all())
    return {one.id: chosen.get(one.id) or say("own.child_number", language, number=n)
            for n, one in enumerate(kids, start=1)}


@action("own.label_children")
def label_children(person: Person, by: Actor, *, labels: Mapping[int, str]) -> None:
    """What the guardian's children are called in the feed: never their names; an empty one is a number again."""
    check_self(person, by, "own.label_children")
    tell()
    kids = told_kids(by)
    names = _names(kids)
    wanted = {one.id: text for one in kids if (text := check_label(labels.get(one.id, ""), names))}
    db.session.execute(delete(FeedLabel).where(FeedLabel.person_id == person.id)
                       .execution_options(synchronize_session=False))
    db.session.add_all(FeedLabel(person_id=person.id, child_id=id, label=text) for id, text in wanted.items())


def _names(people: list[Person]) -> set[str | None]:
    return {name for one in people for name in (one.first_name, one.last_name, one.preferred_name)}


# -- what stands in it ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """Whose calendar it is: the children with what they are called, and whether any home of theirs is protected."""

    by: Actor
    kids: list[Person]
    labels: Mapping[int, str]
    language: str
    protected: bool

    @property
    def own(self) -> Select[tuple[int]]:
        return select(Person.id).where(Person.id.in_([one.id for one in self.kids]))

    def word(self, key: str, **facts: object) -> str:
        return say(f"own.feed.{key}", self.language, **facts)

    def called(self, children: list[int]) -> str:
        return ", ".join(self.labels[one] for one in children)


def reader_of(person: Person, by: Actor, language: str) -> Reader:
    kids = told_kids(by)
    guarded = select(Person.id).where(
        Person.id.in_([one.id for one in kids]), Person.id.in_(guarded_children(by.today))).limit(1)
    protected = person.restricted_on(by.today) or db.session.scalar(guarded) is not None
    return Reader(by, kids, labels_of(person, kids, language), language, protected)


def entries_of(person: Person, by: Actor, language: str) -> list[Entry]:
    """Everything near today: care that is booked, closures, events, talks.  Names nobody."""
    reader = reader_of(person, by, language)
    period = DateRange(by.today - BEHIND, by.today + AHEAD)
    if not reader.kids:
        return []
    return [*_care(reader, period), *_closures(reader, period), *_events(reader, period), *_talks(reader, period)]


def _care(reader: Reader, period: DateRange) -> Iterator[Entry]:
    """The days for which children are booked and on which they are not away."""
    ids = [one.id for one in reader.kids]
    known, stays = day_facts(ids, period, reader.by), stays_of(ids)
    units = dict(db.session.execute(select(Unit.id, Unit.name).where(
        Unit.id.in_({stay.house.id for several in stays.values() for stay in several}))).tuples().all())
    for child, days in known.items():
        for day, facts in days.items():
            if not facts.has_care or not facts.booked or away_all_day(facts.absences.keys(), facts.care_type):
                continue
            house = next((stay.house.id for stay in stays[child] if day in stay.period), 0)
            where = "" if reader.protected else units.get(house, "")
            for n, span in enumerate(facts.booked):
                begins: date | datetime
                ends: date | datetime
                begins, ends = times(day, span) if span is not None else (day, day + DAY)
                yield Entry(entry_key("care", child, day, n), reader.word("care", who=reader.labels[child]), begins,
                            ends, where)


def _closures(reader: Reader, period: DateRange) -> Iterator[Entry]:
    """When the children's units are closed."""
    places = db.session.scalars(select(Placement).where(
        Placement.child_id.in_(reader.own), Placement.meets(period))).all()
    for row in closures_of({one.unit_id for one in places}, period):
        away = {one.child_id for one in places if row.unit_id in (None, one.unit_id) and row.period & one.period}
        if away:
            reason = safe_title(row.reason, "", _names(reader.kids), private=reader.protected)
            yield Entry(entry_key("closure", row.id), reader.word("closed", who=reader.called(
                [one.id for one in reader.kids if one.id in away])), row.start, row.period.last_day + DAY, "", reason)


def _events(reader: Reader, period: DateRange) -> Iterator[Entry]:
    for row in db.session.scalars(
            events_of(reader.own, period).where(Event.kind != EventKind.DISCUSSION)
            .options(selectinload(Event.guests), joinedload(Event.unit))):
        yield event_entry(row, reader)


def event_entry(row: Event, reader: Reader) -> Entry:
    """What is for some children only says no more than that there is something: its title may name them."""
    private = reader.protected or any(one.child_id for one in row.guests)
    title = safe_title(row.title, reader.word("event"), _names(reader.kids), private=private)
    return Entry(entry_key("event", row.id), title, row.start, row.period.last_day + DAY,
                 "" if reader.protected else row.unit.name)


def _talks(reader: Reader, period: DateRange) -> Iterator[Entry]:
    for row in db.session.scalars(talks_of(reader).where(
            DiscussionTime.day.between(period.start, period.last_day)).order_by(DiscussionTime.day)):
        yield talk_entry(row, reader)


def talks_of(reader: Reader) -> Select[DiscussionBooking]:
    """The times for talks that the children have."""
    return (  # type: ignore[return-value]
        select(DiscussionBooking).join(DiscussionBooking.time).where(DiscussionBooking.child_id.in_(reader.own))
        .options(joinedload(DiscussionBooking.time).joinedload(DiscussionTime.event).joinedload(Event.unit)))


def talk_entry(row: DiscussionBooking, reader: Reader) -> Entry:
    begins, ends = (datetime.combine(row.time.day, at) for at in (row.time.begins, row.time.ends))
    return Entry(entry_key("talk", row.id), reader.word("talk", who=reader.labels[row.child_id]), begins, ends,
                 "" if reader.protected else row.time.event.unit.name, busy=True)
