"""A family's form is looked through while somebody else is saving, and what it saves is seen anew under the lock."""

from __future__ import annotations

import re
import time as clocks
from collections.abc import Callable
from datetime import date, time
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import booking as act
from evaka.kit import turn
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.user import User
from evaka.rules.booking import Span
from evaka.rules.booking.day import Ask, Asked
from tests import factories
from tests.conftest import NOON, keep
from tests.pages import refused, seen, week

pytestmark = pytest.mark.usefixtures("database")
MONDAY = date(2026, 6, 8)  # open on the first of June at noon


@pytest.fixture
def others() -> tuple[int, int, Callable[[], Any]]:
    """A child, the user of one guardian, and what another guardian does of its Monday: written and not yet saved."""
    child = factories.child(first_name="Aino", last_name="Metsälä")
    mother, father = (
        factories.user("guardian", person=one) for one in (child.guardians[0], factories.guardian_of(child)))
    factories.placement(child, date(2026, 1, 1), date(2027, 7, 31))
    keep()
    number, user = child.id, father.id

    def write() -> None:
        by = Actor(db.session.get_one(User, user), NOON)
        act.save_many({number: {MONDAY: Asked(Ask.TIMES, (Span(time(7), time(11)),))}}, by, "booking.book")
        db.session.flush()

    return number, mother.id, write


def later(app: Any, deed: Callable[[], Any]) -> tuple[Thread, list[Any]]:
    found: list[Any] = []

    def run() -> None:
        with app.app_context():
            found.append(deed())
            db.session.remove()

    thread = Thread(target=run)
    thread.start()
    return thread, found


def booked() -> list[tuple[date, str]]:
    return [(row.day, str(row.span)) for row in db.session.scalars(select(Booking).order_by(Booking.day))]


def test_what_the_other_guardian_saves_meanwhile_is_told_and_not_overwritten(app, others, browser):
    child, mother, write = others
    phone = browser(db.session.get_one(User, mother))
    write()
    thread, pages = later(app, lambda: phone.post(
        f"/my/booking/day/?child={child}&day={MONDAY}", data={"begins": "8.00", "ends": "15.30", "shown": ""}))
    clocks.sleep(0.5)  # it has been looked through, and waits
    assert pages == []
    keep()
    thread.join(30)
    assert "Joku muu on juuri muuttanut" in " ".join(refused(pages[0]))
    assert 'value="15.30"' in pages[0].text  # what was typed stays
    assert 'name="shown" value="07:00-11:00"' in pages[0].text
    assert "7.00–11.00" in seen(pages[0])
    assert booked() == [(MONDAY, "07:00-11:00")]
    address = f"/my/booking/day/?child={child}&day={MONDAY}"
    assert phone.post(address, data={"begins": "8.00", "ends": "15.30", "shown": "07:00-11:00"}).status_code == 302
    assert booked() == [(MONDAY, "08:00-15:30")]


def test_who_was_told_of_a_change_may_save_over_it(others, browser):
    child, mother, write = others
    phone = browser(db.session.get_one(User, mother))
    address, typed = f"/my/booking/day/?child={child}&day={MONDAY}", {"begins": "8.00", "ends": "15.30"}
    assert phone.post(address, data=typed | {"shown": ""}).status_code == 302
    write()
    keep()
    page = phone.post(address, data=typed | {"shown": "08:00-15:30"})
    assert "Joku muu on juuri muuttanut" in " ".join(refused(page))
    held = re.search(r'name="shown" value="([^"]*)"', page.text)
    assert held is not None
    assert held[1] == "07:00-11:00"
    assert phone.post(address, data=typed | {"shown": held[1]}).status_code == 302
    assert booked() == [(MONDAY, "08:00-15:30")]


def test_a_week_that_waited_is_saved_over_what_stands_then(app, others, browser):
    child, mother, write = others
    phone = browser(db.session.get_one(User, mother))
    write()
    typed = {"children": [child], "first": "2026-06-08", "last": "2026-06-12"} | week("8", "16", (1, 2), "week")
    thread, pages = later(app, lambda: phone.post("/my/booking/many/", data=typed))
    clocks.sleep(0.5)
    assert pages == []
    keep()
    thread.join(30)
    assert pages[0].status_code == 302
    assert booked() == [(MONDAY, "08:00-16:00"), (date(2026, 6, 9), "08:00-16:00")]


def test_a_form_with_a_mistake_is_answered_while_somebody_saves(app, others, browser, monkeypatch):
    child, mother, write = others
    monkeypatch.setattr(turn, "PATIENCE", 0.2)
    phone = browser(db.session.get_one(User, mother))
    write()
    typed = {"children": [child], "first": "2026-06-08", "last": "2026-06-12"} | week("9", "8", (1,), "week")
    thread, pages = later(app, lambda: phone.post("/my/booking/many/", data=typed))
    thread.join(30)
    db.session.rollback()
    told = " ".join(refused(pages[0]))
    assert "maanantai: lähtöajan pitää olla tuloajan jälkeen" in told
    assert "sulkemis" not in pages[0].text
