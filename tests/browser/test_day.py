"""A day of a unit in a real browser: a guardian on a phone, a nurse on a tablet, a director at a desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from evaka.models.attendance import Absence, AbsenceApplication
from evaka.models.base import db
from evaka.models.booking import Booking, BookingPattern, FamilyNote
from tests.browser.conftest import accessible

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
OPEN = date(2026, 6, 8)  # a Monday that locks at one o'clock of the day
NOTE = "Mummi hakee klo 15"


@pytest.fixture(autouse=True)
def empty_days(harjula: SimpleNamespace) -> Iterator[None]:
    yield
    with harjula.app.app_context():
        for model in (Booking, Absence, BookingPattern, FamilyNote, AbsenceApplication):
            db.session.execute(delete(model))
        db.session.commit()


def kept(harjula: SimpleNamespace, *columns: object) -> list[tuple[object, ...]]:
    with harjula.app.app_context():
        found = db.session.execute(select(*columns).order_by(*columns)).all()
        db.session.remove()
        return [tuple(row) for row in found]


def fits(page: Page) -> None:
    """Nothing is wider than the screen, and axe finds nothing."""
    accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url


def said(page: Page, words: str) -> None:
    expect(page.locator(".alert", has_text=words).first).to_be_visible()


def test_a_guardian_books_tells_and_writes_on_a_phone(visit, harjula):
    phone = visit("guardian", width=390)
    fits(phone)
    phone.goto(f"{harjula.url}/my/booking/?week={OPEN}")
    fits(phone)
    phone.get_by_role("link", name=re.compile("Varaa: Helmi, Maanantai")).click()
    fits(phone)
    phone.get_by_label("Tulee").first.fill("08:00")
    phone.get_by_label("Lähtee").first.fill("15:30")
    phone.get_by_role("textbox", name="Viesti ryhmälle").fill(NOTE)
    phone.get_by_role("button", name="Tallenna", exact=True).click()
    said(phone, "Varaus on tallennettu")
    expect(phone.locator(".of-booked__note")).to_contain_text(NOTE)
    fits(phone)
    phone.get_by_role("button", name=re.compile("Poissa: Helmi, Tiistai")).click()
    said(phone, "Poissaolo on ilmoitettu")
    phone.get_by_role("link", name=re.compile("Muuta: Helmi, Tiistai")).click()
    fits(phone)
    phone.get_by_role("button", name="Lapsi tulee sittenkin").click()
    said(phone, "Varaus on tallennettu")
    phone.get_by_role("link", name="Varaa monta päivää").click()
    fits(phone)
    phone.get_by_role("button", name="Maanantain ajat muillekin arkipäiville").click()
    phone.get_by_role("button", name="Tallenna", exact=True).click()
    said(phone, "muuttuneita päiviä")
    phone.get_by_role("link", name="Kuukausi").click()
    fits(phone)
    phone.goto(f"{harjula.url}/my/absence_application/")
    phone.get_by_role("link", name="Hae pitkää poissaoloa: Helmi").click()
    fits(phone)
    phone.get_by_label("Ensimmäinen päivä").fill("2026-08-17")
    phone.get_by_label("Viimeinen päivä").fill("2026-08-28")
    phone.locator("textarea").fill("Sukulaisia tapaamassa")
    phone.locator("main button[type=submit]").last.click()
    assert len(kept(harjula, AbsenceApplication.id)) == 1
    days = kept(harjula, Booking.day, Booking.begins)
    assert len(days) == len(set(days)) >= 5
    assert days[0][0] == OPEN
    assert kept(harjula, FamilyNote.text) == [(NOTE,)]


def test_the_unit_answers_reads_and_types_over_the_week_at_a_desk(visit, harjula):
    phone = visit("guardian", width=390)
    phone.goto(f"{harjula.url}/my/booking/day/?child={child_of(harjula)}&day=2026-06-01")
    phone.get_by_role("textbox", name="Viesti ryhmälle").fill(NOTE)
    phone.get_by_role("button", name="Tallenna viesti").click()
    desk = visit("director", width=1024)
    fits(desk)
    expect(desk.locator("body")).to_contain_text(NOTE)
    desk.goto(f"{harjula.url}/office/booking/?week={OPEN}")
    fits(desk)
    desk.get_by_label(re.compile("Koko ryhmä, Ma")).fill("8-16")
    desk.get_by_role("textbox", name=re.compile("Aalto Sanni, Ma")).fill("8-12, 14-16")
    desk.get_by_role("textbox", name=re.compile("Bergqvist Olof, Ma")).fill("sairas")
    desk.get_by_role("button", name="Tallenna").click()
    said(desk, "muuttuneita päiviä")
    fits(desk)
    assert kept(harjula, Absence.kind) == [("sick",)]
    assert len(kept(harjula, Booking.child_id, Booking.begins)) == 6  # five children, one of them twice
    desk.goto(f"{harjula.url}/office/report/?kind=month")
    fits(desk)
    desk.get_by_role("checkbox", name=re.compile("Aalto Sanni 2.6.2026")).check(force=True)
    desk.get_by_role("button", name="Merkitse").click()
    said(desk, "Merkitty 1 päivä")
    for kind in ("day", "week", "contacts", "meals"):
        desk.goto(f"{harjula.url}/office/report/?kind={kind}")
        fits(desk)


def child_of(harjula: SimpleNamespace) -> int:
    """The guardian's child that has a place."""
    from evaka.models.person import Person

    with harjula.app.app_context():
        id = db.session.scalars(select(Person.id).where(Person.first_name == "Helmi")).one()
        db.session.remove()
        return int(id)
