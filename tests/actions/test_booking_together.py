"""Two people who save the days of one child in the same second, each with a connection of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from threading import Event, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import attendance
from evaka.actions import booking as act
from evaka.kit.errors import Refused
from evaka.models.attendance import Absence
from evaka.models.base import db, transaction
from evaka.models.booking import Booking
from evaka.models.journal import AuditEvent
from evaka.models.person import Person
from evaka.models.user import User
from evaka.rules.attendance import AbsenceKind
from evaka.rules.booking import Span
from evaka.rules.booking.day import Ask, Asked
from tests import factories
from tests.conftest import NOON, keep

pytestmark = pytest.mark.usefixtures("database")
WEEK = [date(2026, 6, day) for day in (8, 9, 10, 11, 12)]  # open on the first of June at noon


def times(*hours: tuple[int, int]) -> Asked:
    return Asked(Ask.TIMES, tuple(Span(time(begins), time(ends)) for begins, ends in hours))


def at_once(app: Flask, *deeds: Callable[[], Any]) -> list[Exception | None]:
    """The second deed begins when the first has been done but not yet saved; what came of each."""
    found: list[Exception | None] = [None] * len(deeds)
    done, begun = Event(), Event()

    def first() -> None:
        with app.app_context(), transaction():
            deeds[0]()
            db.session.flush()
            done.set()
            begun.wait(10)
            begun.clear()
            begun.wait(0.5)  # the other one stands before the database now, and waits for us

    def second() -> None:
        done.wait(30)
        begun.set()
        try:
            with app.app_context(), transaction():
                deeds[1]()
        except Exception as no:
            found[1] = no

    threads = [Thread(target=first), Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    db.session.rollback()
    return found


@pytest.fixture
def family():
    """A child whose two guardians each hold a phone."""
    child = factories.child()
    factories.guardian_of(child)
    factories.placement(child, date(2026, 1, 1), date(2027, 7, 31))
    db.session.expire(child)
    users = [factories.user("guardian", person=person).id for person in child.guardians]
    id = child.id
    keep()  # and nothing is asked after it: a lock of ours would stand in their way
    return id, users


def actor(user: int) -> Actor:
    return Actor(db.session.get_one(User, user), NOON)


def booked(child: int) -> dict[date, list[str]]:
    found: dict[date, list[str]] = {}
    for row in db.session.scalars(
            select(Booking).where(Booking.child_id == child).order_by(Booking.day, Booking.begins)):
        found.setdefault(row.day, []).append(str(row.span))
    return found


def test_each_day_is_as_the_later_one_saved_it_and_both_stand_in_the_journal(app, family):
    child, (mother, father) = family
    one, other = dict.fromkeys(WEEK[:4], times((8, 16))), dict.fromkeys(WEEK[1:], times((7, 11), (12, 15)))
    no = at_once(app, lambda: act.save_many({child: one}, actor(mother), "booking.book"),
                 lambda: act.save_many({child: other}, actor(father), "booking.book"))
    assert no == [None, None]
    split = ["07:00-11:00", "12:00-15:00"]
    assert booked(child) == {WEEK[0]: ["08:00-16:00"]} | dict.fromkeys(WEEK[1:], split)
    lines = db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "booking.book").order_by(AuditEvent.id)).all()
    assert {line.user_id for line in lines} == {mother, father}
    second = next(line for line in lines if line.user_id == father)
    assert second.facts["days"][WEEK[1].isoformat()] == ["08:00-16:00", "07:00-11:00+12:00-15:00"]


def test_who_has_not_seen_the_others_change_is_told_and_overwrites_nothing(app, family):
    child, (mother, father) = family
    seen = {(child, WEEK[0]): ""}  # both pages showed an empty day
    no = at_once(
        app, lambda: act.save_many({child: {WEEK[0]: times((8, 16))}}, actor(mother), "booking.book", seen=seen),
        lambda: act.save_many({child: {WEEK[0]: times((9, 15))}}, actor(father), "booking.book", seen=seen))
    assert isinstance(no[1], Refused)
    assert no[1].key == "booking.changed"
    assert booked(child) == {WEEK[0]: ["08:00-16:00"]}


def test_a_booking_and_an_absence_of_one_day_do_not_both_stand(app, family):
    child, (mother, father) = family
    no = at_once(
        app, lambda: act.save_many({child: {WEEK[0]: times((8, 16))}}, actor(mother), "booking.book"),
        lambda: attendance.absent(db.session.get_one(Person, child), actor(father), first=WEEK[0], last=WEEK[0],
                                  kind=AbsenceKind.SICK))
    assert no == [None, None]
    assert booked(child) == {}
    assert db.session.scalars(select(Absence.kind)).all() == [AbsenceKind.SICK]


def test_two_absences_of_one_day_are_one(app, family):
    child, users = family

    def ill(user: int) -> Callable[[], Any]:
        return lambda: attendance.absent(db.session.get_one(Person, child), actor(user), first=WEEK[0], last=WEEK[4],
                                         kind=AbsenceKind.SICK)

    assert at_once(app, *map(ill, users)) == [None, None]
    assert db.session.scalars(select(Absence.day).order_by(Absence.day)).all() == WEEK
