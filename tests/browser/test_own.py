"""A guardian's own pages on a telephone of 390 px, in each language, read by axe-core; and without a connection."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from evaka.models.base import db
from evaka.models.booking import Booking
from evaka.models.journal import AuditEvent
from evaka.models.person import Person, Pickup
from evaka.models.placement import Placement
from tests.browser.conftest import PASSWORD, accessible

OPEN = date(2026, 6, 15)  # a Monday of a week that families may still change
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def sister(harjula):
    with harjula.app.app_context():
        found = db.session.scalar(select(Person.id).where(Person.first_name == "Helmi"))
        db.session.remove()
        return found


def asked(harjula, query):
    with harjula.app.app_context():
        found = db.session.scalars(query).all()
        db.session.remove()
        return found


def narrow(page):
    """Nothing is wider than the telephone."""
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), page.url
    accessible(page)


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_own_page_fits_a_telephone_and_can_be_read_by_everybody(visit, harjula, language):
    phone = visit("guardian", width=390, language=language)
    child = sister(harjula)
    for address in ("/my/", "/my/own/", "/my/own/contacts/", f"/my/child/?id={child}", f"/my/child/pickup/?id={child}",
                    "/my/feed/", "/my/push/", f"/offline?language={language}"):
        assert phone.goto(harjula.url + address).ok
        narrow(phone)


def test_from_the_last_tab_to_new_contacts_and_somebody_who_fetches(visit, harjula):
    phone = visit("guardian", width=390)
    phone.get_by_role("link", name="Omat tiedot").click()
    phone.get_by_role("link", name="Omat yhteystiedot").last.click()
    phone.fill("[name=phone]", "soita")
    phone.get_by_role("button", name="Tallenna", exact=True).click()
    narrow(phone)
    assert phone.locator("[name=phone]").input_value() == "soita"  # what was typed is not lost
    phone.fill("[name=phone]", "050 7654321")
    phone.get_by_role("button", name="Tallenna", exact=True).click()
    assert "Yhteystiedot on tallennettu" in phone.inner_text("main")
    assert asked(harjula, select(Person.phone).where(Person.id == harjula.guardian)) == ["050 7654321"]

    phone.get_by_role("link", name="Omat tiedot").click()
    phone.get_by_role("link", name=re.compile("^Helmi")).click()
    phone.get_by_role("link", name="Lisää varahakija").click()
    phone.fill("[name=name]", "Mummo Maija")
    phone.fill("[name=phone]", "040 1112223")
    phone.get_by_role("button", name="Tallenna", exact=True).click()
    narrow(phone)
    assert "Mummo Maija" in phone.inner_text("main")
    assert asked(harjula, select(AuditEvent.action).where(AuditEvent.action.startswith("own.")).order_by(
        AuditEvent.id)) == [
        "own.tell_contacts", "own.add_pickup"]

    staff = visit("director")  # and the unit sees it
    staff.goto(f"{harjula.url}/office/person/details/?id={sister(harjula)}")
    assert "Mummo Maija" in staff.inner_text("main")
    phone.get_by_role("button", name="Ei hae enää: Mummo Maija").click()
    assert asked(harjula, select(Pickup.id)) == []


def test_a_booked_time_is_changed_in_three_taps_and_an_absence_told_in_one(visit, harjula):
    child = sister(harjula)
    phone = visit("guardian", width=390)
    phone.goto(f"{harjula.url}/my/booking/day/?child={child}&day={OPEN}")
    phone.fill("[name=begins]", "08:00")
    phone.fill("[name=ends]", "16:00")
    phone.get_by_role("button", name="Tallenna", exact=True).click()
    assert "8.00–16.00" in phone.inner_text("main")

    taps = 0
    phone.goto(f"{harjula.url}/my/booking/?week={OPEN}")
    phone.get_by_role("link", name=re.compile("^8.00–16.00: Helmi")).click()  # the time
    taps += 1
    phone.locator("[name=ends]").click()  # the field, in which one types
    taps += 1
    phone.locator("[name=ends]").fill("15:00")
    phone.get_by_role("button", name="Tallenna", exact=True).click()
    taps += 1
    assert taps == 3
    assert [f"{one:%H:%M}" for one in asked(harjula, select(Booking.ends).where(Booking.day == OPEN))] == ["15:00"]
    narrow(phone)

    phone.goto(harjula.url + "/my/")
    phone.get_by_role("button", name="Helmi on sairas").click()
    assert "Poissaolo on ilmoitettu" in phone.inner_text("main")
    assert "poissa tänään" in phone.inner_text("main")
    narrow(phone)


def test_all_of_it_works_without_scripts(chromium, harjula):
    window = chromium.new_context(viewport={"width": 390, "height": 900}, java_script_enabled=False,
                                  base_url=harjula.url)
    page = window.new_page()
    page.goto("/login")
    page.fill("input[name=email]", harjula.users["guardian"])
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button").last.click()
    page.goto("/my/feed/")
    page.get_by_role("button", name="Tee kalenteriosoite").click()
    address = page.locator("#link").input_value()
    answer = window.request.get(address)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.text().startswith("BEGIN:VCALENDAR")
    page.get_by_role("button", name="Lopeta osoite").click()
    assert window.request.get(address).status == 404
    window.close()


def test_without_a_connection_the_telephone_says_so_and_keeps_nothing_of_anybodys(chromium, harjula):
    window = chromium.new_context(viewport={"width": 390, "height": 900}, locale="sv-FI", base_url=harjula.url)
    page = window.new_page()
    said = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    page.goto("/login")
    page.fill("input[name=email]", harjula.users["guardian"])
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto("/my/own/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")  # under the content policy that there is
    page.goto("/my/own/contacts/")
    kept = page.evaluate("""async () => {
      const found = [];
      for (const name of await caches.keys())
        for (const asked of await (await caches.open(name)).keys()) found.push(new URL(asked.url).pathname);
      return found; }""")
    assert kept
    assert not [one for one in kept if not one.startswith(("/static/", "/offline"))]
    assert not [one for one in said if "Content Security Policy" in one]
    window.set_offline(True)
    page.goto("/my/own/contacts/")
    assert "Ingen nätförbindelse" in page.inner_text("h1")
    assert "Niinikoski" not in page.content()
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Source Sans')
    window.set_offline(False)
    page.get_by_role("link", name="Försök igen").click()
    page.wait_for_url("**/my/")
    window.close()
    assert asked(harjula, select(Placement.id))
