"""Closures: entered by units and by the city, seen by those whom they concern."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.jobs.calendar import CLOSE
from evaka.jobs.job import run
from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.calendar import Closure
from evaka.models.calendar.event import DiscussionBooking, Event
from evaka.models.journal import Email
from tests import factories
from tests.conftest import NOON
from tests.day import booked
from tests.pages import done, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
WEEK = {"start": "15.6.2026", "end": "17.6.2026", "reason": "Vesikatko"}


def test_the_administrator_closes_the_whole_city(browser):
    admin = browser(factories.user("admin"))
    admin.post("/office/closure/new/", data={"unit": "", **WEEK}, follow_redirects=True)
    row = db.session.scalars(select(Closure)).one()
    assert (row.unit_id, str(row.period), row.reason) == (None, "15.6.2026–17.6.2026", "Vesikatko")
    assert "Koko kunta" in seen(admin.get("/office/closure/"))


def test_a_director_closes_the_own_unit_alone(browser):
    here, elsewhere = factories.unit(), factories.unit()
    director = browser(factories.user("director", here))
    page = director.post("/office/closure/new/", data={"unit": "", **WEEK}, follow_redirects=True)
    assert refused(page) == ["Koko kunnan sulkuajan merkitsee pääkäyttäjä. Valitse oma yksikkösi."]
    assert refused(director.post("/office/closure/new/", data={"unit": elsewhere.id, **WEEK}, follow_redirects=True))
    assert db.session.scalars(select(Closure)).all() == []
    assert not refused(director.post("/office/closure/new/", data={"unit": here.id, **WEEK}, follow_redirects=True))
    row = db.session.scalars(select(Closure)).one()
    page = press(director, f"/office/closure/edit/?id={row.id}", unit=here.id, **WEEK | {"end": "14.6.2026"})
    assert refused(page) == [
        "Viimeinen päivä 14.6.2026 on ennen ensimmäistä päivää 15.6.2026. Korjaa toinen päivistä."]
    director.post("/office/closure/delete/", data={"id": row.id}, follow_redirects=True)
    assert db.session.scalars(select(Closure)).all() == []


def test_a_directors_unit_does_not_become_the_whole_city(browser):
    row = factories.closure(factories.unit(), date(2026, 6, 15))
    director = browser(factories.user("director", row.unit))
    assert refused(press(director, f"/office/closure/edit/?id={row.id}", unit="", **WEEK))
    assert db.session.get_one(Closure, row.id).unit_id is not None


def test_a_unit_is_closed_once_at_a_time(browser):
    unit = factories.unit()
    factories.closure(unit, date(2026, 6, 17))
    page = browser(factories.user("admin")).post(
        "/office/closure/new/", data={"unit": unit.id, **WEEK}, follow_redirects=True)
    assert refused(page) == ["Näille päiville on jo merkitty sulku. Muokkaa sitä tai valitse toiset päivät."]


@pytest.mark.parametrize("missing", ["start", "end", "reason"])
def test_a_closure_is_told_whole(browser, missing):
    page = browser(factories.user("admin")).post(
        "/office/closure/new/", data={"unit": "", **WEEK, missing: ""}, follow_redirects=True)
    assert refused(page)
    assert db.session.scalars(select(Closure)).all() == []


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_its_pages_have_words(browser, language):
    row = factories.closure(None, date(2026, 6, 15))
    admin = browser(factories.user("admin", language=language))
    for address in ("?all=1", "new/", f"details/?id={row.id}", f"edit/?id={row.id}"):
        page = admin.get(f"/office/closure/{address}")
        assert page.status_code == 200, address
        assert not wordless(page), address


def test_the_units_file_tells_its_own_closures_and_the_citys(browser):
    unit = factories.unit()
    factories.closure(unit, date(2026, 6, 15), reason="Vesikatko")
    factories.closure(None, date(2026, 7, 1), date(2026, 7, 31), reason="Kesäsulku")
    factories.closure(unit, date(2026, 5, 15), reason="Mennyt")
    factories.closure(factories.unit(), date(2026, 6, 15), reason="Muualla")
    page = seen(browser(factories.user("director", unit)).get(f"/office/unit/details/?id={unit.id}"))
    assert "15.6.2026 Vesikatko 1.7.2026–31.7.2026 Kesäsulku" in page
    assert "Mennyt" not in page
    assert "Muualla" not in page


def test_a_family_reads_beforehand_when_its_unit_is_closed(browser):
    guardian = factories.person()
    child = factories.child(guardian)
    place = factories.placement(child, date(2026, 1, 1), date(2026, 6, 30))
    factories.closure(place.unit, date(2026, 6, 15), reason="Vesikatko")
    factories.closure(None, date(2026, 6, 18), reason="Koulutus")
    factories.closure(None, date(2026, 7, 1), reason="Paikan jälkeen")
    factories.closure(place.unit, date(2027, 6, 15), reason="Ensi vuonna")
    factories.closure(factories.unit(), date(2026, 6, 15), reason="Muualla")
    page = seen(browser(factories.user("guardian", person=guardian)).get("/my/"))
    assert "Yksikkö on suljettu 15.6.2026: Vesikatko" in page
    assert "Yksikkö on suljettu 18.6.2026: Koulutus" in page
    for other in ("Paikan jälkeen", "Ensi vuonna", "Muualla"):
        assert other not in page


def test_deleting_a_closure_asks_first(browser):
    row = factories.closure(factories.unit(), date(2026, 6, 15))
    director = browser(factories.user("director", row.unit))
    assert director.get(f"/office/closure/remove/?id={row.id}").status_code == 200
    assert done(director.get(f"/office/closure/details/?id={row.id}")) == []


def test_a_closure_that_is_moved_is_told_anew_and_one_that_is_taken_back_too(browser, by):
    unit = factories.unit()
    child = factories.child()
    factories.placement(child, date(2026, 1, 1), unit=unit)
    for day in (15, 16, 17, 18):
        booked(child, "8.00-16.00", date(2026, 6, day))
    director = browser(factories.user("director", unit))
    page = director.post("/office/closure/new/", data={"unit": unit.id, **WEEK}, follow_redirects=True)
    assert "poistetaan 3 varausta, ja 1 huoltajaa saa siitä tiedon" in seen(page)
    row = db.session.scalars(select(Closure)).one()
    run(CLOSE, by())
    longer = WEEK | {"unit": unit.id, "end": "18.6.2026"}
    press(director, f"/office/closure/edit/?id={row.id}", **longer)
    run(CLOSE, by())
    assert db.session.scalars(select(Booking)).all() == []
    press(director, f"/office/closure/edit/?id={row.id}", **longer | {"reason": "Juhla"})
    run(CLOSE, by())
    assert db.session.scalars(select(Email.text)).all() == ["closure_waits"] * 2
    director.post("/office/closure/delete/", data={"id": row.id}, follow_redirects=True)
    assert db.session.scalars(select(Email.text)).all() == ["closure_waits"] * 2 + ["closure_gone"]


def test_an_event_with_booked_talks_is_deleted_knowingly_and_the_families_are_told(browser):
    child = factories.child()
    for one in child.guardians:
        one.email = "huoltaja@example.fi"
    place = factories.placement(child, date(2026, 1, 1))
    slot = factories.talk(place.unit)
    db.session.add(DiscussionBooking(time_id=slot.id, event_id=slot.event_id, child_id=child.id, booked_at=NOON))
    director = browser(factories.user("director", place.unit))
    page = seen(director.get(f"/office/event/remove/?id={slot.event_id}"))
    assert "Varattuja keskusteluaikoja poistuu 1." in page
    director.post("/office/event/delete/", data={"id": slot.event_id, "url": "/office/event/"})
    assert db.session.scalars(select(Event)).all() == []
    assert "talk_waits" in db.session.scalars(select(Email.text)).all()
