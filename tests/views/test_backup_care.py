"""Care elsewhere on the pages: arranged on a child's file, seen by both units and by the family."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.unit import Unit
from tests import day, factories
from tests.conftest import keep
from tests.pages import done, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
FIRST, LAST = date(2026, 6, 8), date(2026, 6, 12)


@pytest.fixture
def houses() -> tuple[Unit, Unit]:
    home, host = factories.unit("Aaltola"), factories.unit("Lokkila")
    factories.group(home, "Siilit")
    factories.group(host, "Oravat")
    return home, host


def director(unit: Unit) -> Any:
    return factories.user("director", unit=unit)


def test_a_director_sends_a_child_elsewhere_and_the_other_one_says_the_group(browser, houses):
    home, host = houses
    child = day.child(home.groups[0], first_name="Aino", last_name="Meri")
    sender, taker = browser(director(home)), browser(director(host))
    asked = f"/office/person/do/backup_care.arrange/?id={child.id}"
    assert "Lokkila" in sender.get(asked).text  # a unit that its director sees nothing else of
    page = press(sender, asked, unit=str(host.id), start="8.6.2026", end="12.6.2026")
    assert done(page)
    assert "8.6.2026–12.6.2026" in seen(page)
    row = db.session.scalars(select(BackupCare)).one()
    assert "Odota" not in seen(taker.get("/office/"))
    assert "Varasijoitettuja lapsia, joille ryhmä on valitsematta" in seen(taker.get("/office/"))
    assert "Varasijoitettuja lapsia" not in seen(sender.get("/office/"))
    group = host.groups[0]
    assert done(press(taker, f"/office/backup_care/do/place_in_group/?id={row.id}", group=str(group.id)))
    assert "Oravat" in seen(sender.get(f"/office/backup_care/details/?id={row.id}"))
    assert "Varasijoitettuja lapsia" not in seen(taker.get("/office/"))


def test_both_units_show_who_comes_and_who_is_away(browser, houses):
    home, host = houses
    child = day.child(home.groups[0], first_name="Aino", last_name="Meri")
    factories.backup_care(child, host, FIRST, LAST)
    away = seen(browser(director(home)).get(f"/office/unit/details/?id={home.id}"))
    here = seen(browser(director(host)).get(f"/office/unit/details/?id={host.id}"))
    assert "Ovat muualla 1" in away
    assert "Meri Aino Lokkila Ryhmä valitsematta 8.6.2026–12.6.2026" in away
    assert "Tulevat muualta 1" in here
    assert "Meri Aino Aaltola Ryhmä valitsematta 8.6.2026–12.6.2026" in here


def test_the_list_is_of_both_units_and_of_nobody_elses(browser, houses):
    home, host = houses
    factories.backup_care(day.child(home.groups[0], first_name="Aino", last_name="Meri"), host, FIRST, LAST)
    for unit in houses:
        assert "Meri Aino" in seen(browser(director(unit)).get("/office/backup_care/"))
    row = db.session.scalars(select(BackupCare)).one()
    stranger = browser(director(factories.unit()))
    assert "Meri Aino" not in seen(stranger.get("/office/backup_care/"))
    for page in ("details/", "do/remove/", "do/change/", "do/place_in_group/"):
        assert stranger.get(f"/office/backup_care/{page}?id={row.id}").status_code == 404, page


def test_what_cannot_be_is_told_and_nothing_typed_is_lost(browser, houses):
    home, host = houses
    child = day.child(home.groups[0])
    page = press(browser(director(home)), f"/office/person/do/backup_care.arrange/?id={child.id}", unit=str(home.id),
                 start="8.6.2026", end="12.6.2026")
    assert refused(page) == [
        "Lapsella on paikka juuri tässä yksikössä: Aaltola. Valitse toinen yksikkö, tai vaihda lapsen ryhmää "
        "sijoituksessa."]
    assert "8.6.2026" in page.text
    factories.backup_care(child, host, FIRST, LAST)
    keep()
    page = press(browser(director(home)), f"/office/person/do/backup_care.arrange/?id={child.id}", unit=str(host.id),
                 start="12.6.2026", end="15.6.2026")
    assert refused(page) == [
        "Lapsella on jo varasijoitus osalla näistä päivistä. Valitse toiset päivät tai muuta aiempaa varasijoitusta."]


def test_a_whole_group_goes_elsewhere_from_its_own_file(browser, houses):
    home, host = houses
    for _ in range(3):
        day.child(home.groups[0])
    page = press(browser(director(home)), f"/office/group/do/backup_care.move_group/?id={home.groups[0].id}",
                 unit=str(host.id), start="8.6.2026", end="12.6.2026")
    assert done(page)
    assert db.session.query(BackupCare).count() == 3


def test_the_family_reads_where_its_child_is(browser, houses):
    home, host = houses
    child = day.child(home.groups[0])
    factories.backup_care(child, host, FIRST, LAST, host.groups[0])
    guardian = factories.user("guardian", person=child.guardians[0])
    text = seen(browser(guardian).get("/my/"))
    assert "Varasijoitus 8.6.2026–12.6.2026: Lokkila, Oravat, Päiväkodintie 1, 00901 Harjula" in text
    other = factories.user("guardian", person=factories.child().guardians[0])
    assert "Lokkila" not in seen(browser(other).get("/my/"))


@pytest.mark.parametrize("language", ["sv", "en"])
def test_it_speaks_the_readers_language(browser, houses, language):
    home, host = houses
    row = factories.backup_care(day.child(home.groups[0]), host, FIRST, LAST)
    client = browser(factories.user("director", unit=home, language=language))
    for page in ("backup_care/", f"backup_care/details/?id={row.id}", f"backup_care/do/change/?id={row.id}",
                 f"unit/details/?id={home.id}", f"person/details/?id={row.child_id}"):
        assert wordless(client.get(f"/office/{page}")) == set(), page
