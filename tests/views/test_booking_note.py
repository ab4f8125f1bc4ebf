"""A family's word of a day: written with a booking or an absence, read by the unit, gone some weeks later."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions.booking.note import leave_note
from evaka.jobs.job import run
from evaka.jobs.presence import EXPIRE_NOTES
from evaka.kit.errors import Denied, Refused
from evaka.models.attendance import Absence
from evaka.models.base import HELSINKI, db
from evaka.models.booking import Booking, FamilyNote
from evaka.models.journal import AuditEvent
from evaka.rules.attendance import AbsenceKind
from tests import factories
from tests.conftest import keep
from tests.pages import done, refused, seen

pytestmark = pytest.mark.usefixtures("database")
TODAY, OPEN = date(2026, 6, 1), date(2026, 6, 8)
WORDS = "Mummi hakee klo 15, saattaa myöhästyä"


@pytest.fixture
def home() -> dict[str, Any]:
    unit = factories.unit("Kettula")
    group = factories.group(unit)
    child = factories.child(first_name="Aino", last_name="Metsälä")
    factories.in_group(factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), unit=unit), group)
    return {"unit": unit, "group": group, "child": child}


def phone_of(home: dict[str, Any], browser: Any) -> Any:
    return browser(factories.user("guardian", person=home["child"].guardians[0]))


def address(home: dict[str, Any], day: date) -> str:
    return f"/my/booking/day/?child={home['child'].id}&day={day}"


def notes() -> list[tuple[date, str]]:
    return [(row.day, row.text) for row in db.session.scalars(select(FamilyNote).order_by(FamilyNote.day))]


def test_a_word_is_kept_with_the_times_with_being_away_or_alone(browser, home):
    phone = phone_of(home, browser)
    assert "Viesti ryhmälle" in seen(phone.get(address(home, OPEN)))
    typed = {"begins": "8.00", "ends": "15.00", "note": WORDS}
    page = phone.post(address(home, OPEN), data=typed, follow_redirects=True)
    assert done(page) == ["Varaus on tallennettu."]
    assert WORDS in seen(page)
    phone.post(address(home, TODAY), data={"press": "away.sick", "note": "Kuumetta"})
    assert db.session.scalars(select(Absence.kind)).all() == [AbsenceKind.SICK]
    page = phone.post(address(home, OPEN + timedelta(days=1)), data={"press": "note", "note": "Retkireppu mukana"},
                      follow_redirects=True)
    assert done(page)[-1] == "Viesti on tallennettu."
    assert notes() == [(TODAY, "Kuumetta"), (OPEN, WORDS), (OPEN + timedelta(days=1), "Retkireppu mukana")]
    assert WORDS not in str(db.session.scalars(select(AuditEvent.facts)).all())
    phone.post(address(home, OPEN), data={"press": "note", "note": " "})
    assert notes()[1] == (OPEN + timedelta(days=1), "Retkireppu mukana")


def test_two_guardians_do_not_write_over_each_others_words(browser, home, by):
    """The second one's page was open before the first one wrote: booking touches the words no more than typing does."""
    phone, page = phone_of(home, browser), {"note_shown": "", "shown": "", "begins": "8.00", "ends": "15.00"}
    other = by(factories.user("guardian", person=factories.guardian_of(home["child"])))
    leave_note(home["child"], other, day=OPEN, text="Mummi hakee.\r\nKlo 15.")
    keep()
    answer = phone.post(address(home, OPEN), data=page | {"note": ""}, follow_redirects=True)
    assert done(answer) == ["Varaus on tallennettu."]
    assert notes() == [(OPEN, "Mummi hakee.\nKlo 15.")]
    answer = phone.post(address(home, OPEN), data=page | {"note": "Isä hakee", "press": "note"})
    assert "Mummi hakee. Klo 15." in seen(answer)
    assert "Isä hakee" in answer.text  # what was typed
    assert notes() == [(OPEN, "Mummi hakee.\nKlo 15.")]
    phone.post(address(home, OPEN), data=page | {
        "note": "Isä hakee", "note_shown": "Mummi hakee.\r\nKlo 15.", "press": "note"})
    assert notes() == [(OPEN, "Isä hakee")]


def test_what_is_refused_keeps_words_and_times(browser, home):
    phone = phone_of(home, browser)
    page = phone.post(address(home, OPEN), data={"begins": "4.00", "ends": "15.00", "note": WORDS})
    assert "ei ole aukioloaikana" in " ".join(refused(page))
    assert WORDS in page.text
    assert 'value="04:00"' in page.text or 'value="4.00"' in page.text
    assert notes() == []
    page = phone.post(address(home, OPEN), data={"press": "note", "note": "a" * 501})
    assert "enintään 500 merkkiä" in " ".join(refused(page))
    assert db.session.scalars(select(Booking)).all() == []


def test_the_unit_reads_it_on_the_tablet_in_the_week_and_in_the_morning(app, browser, home):
    by = Actor(factories.user("guardian", person=home["child"].guardians[0]), datetime(2026, 6, 1, 7, tzinfo=HELSINKI))
    leave_note(home["child"], by, day=TODAY, text=WORDS)
    device = factories.device(home["unit"], home["group"])
    director = browser(factories.user("director", unit=home["unit"]))
    tablet = app.test_client()
    tablet.set_cookie("evaka_device", device.token, path="/tablet")
    assert WORDS in seen(tablet.get("/tablet/"))
    assert WORDS in seen(tablet.get(f"/tablet/child?child={home['child'].id}"))
    assert f"Viestejä kotoa Ma 1.6. Metsälä Aino {WORDS}" in seen(director.get(f"/office/booking/?week={TODAY}"))
    assert f"Viestejä kotoa Metsälä Aino {WORDS}" in seen(director.get("/office/"))
    staff = browser(factories.user("staff", home["unit"], home["group"]))
    assert f"Metsälä Aino {WORDS}" in seen(staff.get("/office/"))
    other = browser(factories.user("staff", home["unit"], factories.group(home["unit"], "Oravat")))
    assert WORDS not in seen(other.get("/office/"))
    stranger = browser(factories.user("director", unit=factories.unit()))
    assert WORDS not in seen(stranger.get("/office/"))
    assert WORDS not in seen(stranger.get(f"/office/booking/?week={TODAY}"))


def test_only_the_own_guardian_writes_of_days_to_come(by, home):
    guardian = by(factories.user("guardian", person=home["child"].guardians[0]))
    with pytest.raises(Refused, match="day_has_passed"):
        leave_note(home["child"], guardian, day=date(2026, 5, 29), text="Hei")
    with pytest.raises(Refused, match="no_place"):
        leave_note(home["child"], guardian, day=date(2028, 6, 1), text="Hei")
    for user in (factories.user("guardian", person=factories.person()),
                 factories.user("director", unit=home["unit"])):
        with pytest.raises(Denied):
            leave_note(home["child"], by(user), day=TODAY, text="Hei")
    home["unit"].features = []
    with pytest.raises(Refused):
        leave_note(home["child"], guardian, day=TODAY, text="Hei")


def test_it_goes_two_weeks_after_its_day(by, home):
    guardian = by(factories.user("guardian", person=home["child"].guardians[0]))
    leave_note(home["child"], guardian, day=TODAY, text=WORDS)
    keep()
    assert run(EXPIRE_NOTES, by(day="2026-06-15")).done == 0
    assert run(EXPIRE_NOTES, by(day="2026-06-16")).done == 1
    assert notes() == []
