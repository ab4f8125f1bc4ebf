"""Areas, units and groups, and the percentage of a unit with its arithmetic."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal

import pytest
from sqlalchemy import select

from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.unit import Area, Caretakers, Group, Unit
from evaka.rules.unit import Week
from tests import factories
from tests.conftest import keep, statements
from tests.pages import Later, done, filtered, press, refused, seen, week, wordless

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def admin(browser):
    return Later(lambda: browser(factories.user("admin")))


def typed(area, **more):
    return {
        "name": "Uusi päiväkoti",
        "area": area.id,
        "provider": "municipal",
        "care_types": ["daycare", "daycare_part_time"],
        "language": "fi",
        "capacity": "60",
        "start": "1.8.2026",
        **week(),
    } | more


def test_a_unit_is_entered_with_its_care_and_its_days(admin):
    area = factories.area()
    admin.post("/office/unit/new/", data=typed(area), follow_redirects=True)
    unit = db.session.scalars(select(Unit)).one()
    assert (unit.name, unit.start, unit.end, unit.capacity) == ("Uusi päiväkoti", date(2026, 8, 1), None, 60)
    assert (unit.care_types, unit.weekdays) == (["daycare", "daycare_part_time"], [1, 2, 3, 4, 5])
    assert str(unit.opening.on(1)) == "06:30-17:00"
    assert (unit.shift_care, unit.features) == (False, ["absences", "bookings", "messages"])


def test_a_unit_with_everything_is_entered(admin):
    area = factories.area()
    more = {
        **week("0", "24", range(1, 8), "shift_opening"), "open_on_holidays": "y",
        "care_types": ["daycare", "preschool"], "preschool_start": "9.00", "preschool_end": "13.00",
        "latitude": "61,2054098", "longitude": "24.0782", "daycare_apply_start": "1.8.2026",
        "preschool_apply_start": "1.8.2026", "preschool_apply_end": "31.7.2027",
        "iban": "FI37 1590 3000 0007 76", "business_id": "1234567-1", "mailing_street": "PL 5",
    }
    page = admin.post("/office/unit/new/", data=typed(area, **more), follow_redirects=True)
    assert not refused(page)
    unit = db.session.scalars(select(Unit)).one()
    assert str(unit.shift_opening.on(7)) == "00:00-23:59"
    assert (unit.latitude, unit.longitude) == (Decimal("61.20540"), Decimal("24.07820"))
    assert (unit.iban, unit.business_id) == ("FI3715903000000776", "1234567-1")
    page = seen(admin.get(f"/office/unit/details/?id={unit.id}"))
    for fact in (
        "61,20540° pohjoista, 24,07820° itäistä", "maanantai–perjantai 6.30–17.00 0.00–23.59",
        "lauantai–sunnuntai Suljettu 0.00–23.59", "Esiopetusta annetaan klo 9.00–13.00.", "1.8.2026–31.7.2027",
        "FI37 1590 3000 0007 76", "Avoinna tänään Suljettu",  # not before August
    ):
        assert fact in page, fact
    form = admin.get(f"/office/unit/edit/?id={unit.id}").text
    for name, value in (("shift_opening-7-end", "23.59"), ("opening-1-start", "6.30"), ("latitude", "61,20540")):
        assert re.search(rf'name="{name}"[^>]*value="{value}"', form), name


def test_what_was_typed_into_a_week_stays_when_it_is_wrong(admin):
    wrong = {"opening-2-start": "aamulla", "opening-3-end": "", "opening-4-end": "5"}
    page = admin.post("/office/unit/new/", data=typed(factories.area(), **wrong), follow_redirects=True)
    for name, value in (("opening-2-start", "aamulla"), ("opening-3-start", "6.30"), ("opening-1-end", "17")):
        assert re.search(rf'name="{name}"[^>]*value="{value}"', page.text), name
    assert [one.partition(": ")[2] for one in refused(page)] == [
        "tiistai: ”aamulla” ei ole kellonaika. Kirjoita aika muodossa 6.30.",
        "keskiviikko: anna sekä avaamis- että sulkemisaika, tai jätä molemmat tyhjiksi.",
        "torstai: sulkemisajan pitää olla avaamisajan jälkeen. Ympäri vuorokauden on 0.00–24.00.",
    ]


def test_saving_a_unit_as_it_is_changes_nothing_and_new_hours_are_told_in_words(admin):
    unit = factories.unit(shift_care=True, latitude=Decimal("61.20541"), longitude=Decimal("24.07823"))
    address = f"/office/unit/edit/?id={unit.id}"
    same = typed(unit.area, name=unit.name, start="1.1.2020", ask_unit="y", invoiced="y", street=unit.street,
                 postal_code="00901", post_office="Harjula", latitude="61,20541", longitude="24,07823",
                 **week("5", "22", field="shift_opening"))
    done(press(admin, address, **same))
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "unit.edit")).one()
    assert "changes" not in line.facts
    done(press(admin, address, **same | {"opening-5-end": "16"}))
    page = seen(admin.get(f"/office/unit/details/?id={unit.id}"))
    assert ("Aukioloajat: maanantai–perjantai 6.30–17.00 maanantai–torstai 6.30–17.00, perjantai 6.30–16.00") in page


@pytest.mark.parametrize(
    "more",
    [
        {"care_types": []},
        {"name": ""},
        {"start": "x"},
        {"provider": "x"},
        {"language": "xx"},
        {"capacity": "paljon"},
        {"end": "1.7.2026"},
        week("", ""),
        {"opening-1-end": ""},
        {"opening-1-end": "6.30"},
        {"opening-1-start": "aamulla"},
        {"opening-1-start": "25"},
        {"opening-1-start": "6.60"},
        week("8", "22", field="shift_opening"),
        {"open_on_holidays": "y"},
        {"care_types": ["preschool"]},
        {"latitude": "60,2"},
        {"latitude": "24,9", "longitude": "60,2"},
        {"club_apply_end": "1.8.2026"},
        {"iban": "FI3715903000000777"},
        {"business_id": "1234567-8"},
    ],
)
def test_a_unit_that_cannot_be_is_not_kept(admin, more):
    filled = typed(factories.area(), **more)
    page = admin.post("/office/unit/new/", data=filled, follow_redirects=True)
    assert page.status_code == 200
    assert refused(page)
    assert db.session.scalars(select(Unit)).all() == []


def test_two_units_have_two_names(admin):
    unit = factories.unit("Lokkila")
    page = admin.post("/office/unit/new/", data=typed(unit.area, name="Lokkila"), follow_redirects=True)
    assert refused(page) == ["Tämänniminen yksikkö on jo olemassa. Anna toinen nimi."]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_page_has_words_and_opens_with_and_without_groups(browser, language):
    bare, unit = factories.unit(), factories.unit(shift_care=True, family_day_care=True)
    group = factories.group(unit)
    adults = db.session.scalars(select(Caretakers)).one()
    reader = browser(factories.user("admin", language=language))
    for address in (
        "unit/?all=1",
        f"unit/details/?id={bare.id}",
        f"unit/details/?id={unit.id}",
        "unit/new/",
        f"unit/edit/?id={unit.id}",
        "group/?all=1",
        f"group/details/?id={group.id}",
        f"group/edit/?id={group.id}",
        "area/?all=1",
        "area/new/",
        f"area/details/?id={unit.area_id}",
        "caretakers/?all=1",
        "caretakers/new/",
        f"caretakers/details/?id={adults.id}",
    ):
        page = reader.get(f"/office/{address}")
        assert page.status_code == 200, address
        assert not wordless(page), address


def test_the_percentage_of_a_unit_is_told_with_its_arithmetic(admin):
    """Three adults of seven children each; one child of two counts 1,75."""
    unit = factories.unit()
    group = factories.group(unit)
    for born in (date(2022, 5, 1), date(2022, 5, 1), date(2024, 5, 1)):
        factories.in_group(factories.placement(factories.child(born=born), date(2026, 1, 1), unit=unit), group)
    page = seen(admin.get(f"/office/unit/details/?id={unit.id}"))
    assert "17,9 %" in page  # 3,75 / 21
    assert "Siilit 3 3" in page  # children and adults of the group


def test_children_of_a_group_are_listed_while_they_are_in_it(admin):
    unit = factories.unit()
    group = factories.group(unit)
    for name, start, end in (
        ("Nykyinen", date(2026, 1, 1), None),
        ("Entinen", date(2025, 1, 1), date(2026, 5, 31)),
        ("Tuleva", date(2026, 6, 2), None),
    ):
        place = factories.placement(factories.child(last_name=name), start, end, unit=unit)
        factories.in_group(place, group)
    page = seen(admin.get(f"/office/group/details/?id={group.id}"))
    assert [one for one in ("Nykyinen", "Entinen", "Tuleva") if one in page] == ["Nykyinen"]


def test_a_group_has_one_number_of_adults_at_a_time(admin):
    group = factories.group(factories.unit())
    page = admin.post(
        "/office/caretakers/new/",
        data={"group": group.id, "amount": "2,5", "start": "1.9.2026", "end": ""},
        follow_redirects=True,
    )
    assert not refused(page)
    rows = db.session.scalars(select(Caretakers).order_by(Caretakers.start)).all()
    assert [(str(row.period), str(row.amount)) for row in rows] == [
        ("1.1.2020–31.8.2026", "3.00"), ("1.9.2026–", "2.50")]
    page = press(
        admin, f"/office/caretakers/edit/?id={rows[0].id}", group=group.id, amount="3", start="1.1.2020", end="")
    assert refused(page) == ["Ryhmälle on jo merkitty henkilöstö osalle näistä päivistä. Päätä aiempi jakso ensin."]


def test_a_director_edits_the_own_unit_and_makes_no_new_ones(browser):
    here, elsewhere = factories.unit(), factories.unit()
    director = browser(factories.user("director", here))
    assert director.get(f"/office/unit/edit/?id={here.id}").status_code == 200
    assert director.get(f"/office/unit/details/?id={elsewhere.id}").status_code == 404
    assert director.get(f"/office/unit/edit/?id={elsewhere.id}").status_code in (302, 404)
    assert director.get("/office/unit/new/").status_code == 403
    assert elsewhere.name not in seen(director.get("/office/unit/?all=1"))


def test_a_director_does_not_give_a_group_away_to_another_unit(browser):
    here, elsewhere = factories.unit(), factories.unit()
    group = factories.group(here)
    director = browser(factories.user("director", here))
    form = director.get(f"/office/group/edit/?id={group.id}").text
    version = form.partition('name="row_version"')[2].partition('value="')[2].partition('"')[0]
    director.post(
        f"/office/group/edit/?id={group.id}",
        data={"row_version": version, "unit": elsewhere.id, "name": "Karkurit", "start": "1.1.2020"},
    )
    assert db.session.get_one(Group, group.id).unit_id == here.id


def test_an_area_has_a_name_of_its_own(admin):
    factories.area("Etelä")
    page = admin.post("/office/area/new/", data={"name": "Etelä"}, follow_redirects=True)
    assert refused(page) == ["Tämänniminen alue on jo olemassa. Anna toinen nimi."]
    assert len(db.session.scalars(select(Area)).all()) == 1


# -- the list ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Järjestäjä", "purchased"),
        ("Toimintamuoto", "club"),
        ("Kieli", "sv"),
        ("Vuorohoito", "1"),
        ("Toiminto käytössä", "absences"),
        ("Toiminnassa nyt tai myöhemmin", "0"),
    ],
)
def test_units_are_found_by_what_they_are(admin, label, value):
    factories.unit("Tavallinen", features=["messages"])
    factories.unit("Erikoinen", provider="purchased", care_types=["club"], language="sv", shift_care=True,
                   end=date(2026, 5, 31))
    rows = filtered(admin, "/office/unit/", label, value)
    assert "Erikoinen" in rows.text
    assert "Tavallinen" not in rows.text


def test_units_are_found_by_their_area_and_an_area_tells_its_units(admin):
    south = factories.area("Etelä", short_name="E", invoice_code="2001", cost_centre="31")
    factories.unit("Eteläinen", area=south)
    factories.unit("Pohjoinen")
    page = filtered(admin, "/office/unit/", "Alue", str(south.id))
    assert "Eteläinen" in page.text
    assert "Pohjoinen" not in page.text
    assert "Etelä E 1 2001 31" in seen(admin.get("/office/area/"))
    assert "Eteläinen" in seen(admin.get(f"/office/area/details/?id={south.id}"))


def test_a_list_of_units_costs_the_same_however_many_they_are(admin):
    asked = []
    admin.get("/office/unit/")
    for _ in range(2):
        for _ in range(5):
            factories.unit()
        keep()
        with statements() as found:
            admin.get("/office/unit/")
        asked.append(len(found))
    assert asked[0] == asked[1]


# -- features ---------------------------------------------------------------------------------------


def test_a_feature_is_opened_in_many_units_after_a_look_at_each(admin):
    units = [factories.unit("Lokki", features=[]), factories.unit("Tiira", features=["absences"])]
    chosen = {"verb": "open_feature", "rowid": [unit.id for unit in units]}
    preview = admin.post("/office/unit/bulk/", data=chosen)
    assert "Lokki Nyt käytössä: ei toimintoja" in seen(preview)
    assert "Tiira Nyt käytössä: Huoltajien poissaoloilmoitukset" in seen(preview)
    assert db.session.get_one(Unit, units[0].id).features == []
    page = admin.post(
        "/office/unit/bulk/", data=chosen | {"confirmed": "1", "feature": "messages"}, follow_redirects=True)
    assert done(page)
    assert [db.session.get_one(Unit, unit.id).features for unit in units] == [["messages"], ["absences", "messages"]]
    done(admin.post("/office/unit/bulk/", data=chosen | {"verb": "close_feature", "confirmed": "1",
                                                         "feature": "absences"}, follow_redirects=True))
    assert [db.session.get_one(Unit, unit.id).features for unit in units] == [["messages"], ["messages"]]


def test_directors_neither_open_features_nor_read_the_note(browser):
    unit = factories.unit(note="Salainen huomio", features=[])
    director = browser(factories.user("director", unit))
    assert "data-bulk" not in director.get("/office/unit/").text
    page = director.get(f"/office/unit/details/?id={unit.id}").text
    assert "open_feature" not in page
    assert "Salainen" not in page
    assert "Salainen" not in director.get("/office/unit/export/csv/").text
    assert director.get(f"/office/unit/do/write_note/?id={unit.id}").status_code == 403


def test_case_workers_write_the_note_and_the_history_keeps_it_to_itself(browser):
    unit = factories.unit(note="Salainen huomio")
    worker = browser(factories.user("service_worker"))
    assert "Salainen huomio" in worker.get(f"/office/unit/do/write_note/?id={unit.id}").text
    done(press(worker, f"/office/unit/do/write_note/?id={unit.id}", note="Uusi huomio"))
    page = worker.get(f"/office/unit/details/?id={unit.id}").text
    assert page.count("Uusi huomio") == 1
    assert "Salainen" not in page
    done(press(worker, f"/office/unit/do/write_note/?id={unit.id}", note=""))
    assert "Ei muistiinpanoa." in seen(worker.get(f"/office/unit/details/?id={unit.id}"))


# -- groups -----------------------------------------------------------------------------------------


def test_a_director_adds_a_group_on_the_file_of_the_unit(browser):
    unit = factories.unit()
    director = browser(factories.user("director", unit))
    assert "add_group" in director.get(f"/office/unit/details/?id={unit.id}").text
    page = press(director, f"/office/unit/do/add_group/?id={unit.id}", name="Ketut", start="1.6.2026", adults="2,5")
    assert done(page)
    assert "Ketut 0 2,5 2,5" in seen(page)


def test_the_file_tells_the_least_and_the_most_adults_of_the_coming_year(browser):
    unit = factories.unit()
    group = factories.group(unit)
    factories.group(unit, "Ketut", "2")
    director = browser(factories.user("director", unit))
    page = press(director, f"/office/group/do/unit.set_adults/?id={group.id}", amount="5", start="1.8.2026", end="")
    assert done(page)
    page = seen(director.get(f"/office/unit/details/?id={unit.id}"))
    assert "Ketut 0 2 2 Siilit 0 3 3–5 Koko yksikkö 0 5 5–7" in page


def test_a_group_with_children_stays_and_an_empty_one_goes(browser):
    unit = factories.unit()
    empty, full = factories.group(unit, "Tyhjät"), factories.group(unit, "Täydet")
    factories.in_group(factories.placement(factories.child(), date(2026, 1, 1), unit=unit), full)
    director = browser(factories.user("director", unit))
    page = press(director, f"/office/group/do/unit.delete_group/?id={full.id}")
    assert refused(page) == [
        "Ryhmää Täydet ei voi poistaa, koska siihen liittyy: Paikka ryhmässä. Anna ryhmälle päättymispäivä."]
    page = press(director, f"/office/group/do/unit.delete_group/?id={empty.id}")
    assert done(page)
    assert [row.name for row in db.session.scalars(select(Group))] == ["Täydet"]


def test_a_group_does_not_end_before_its_last_child(browser):
    unit = factories.unit()
    group = factories.group(unit)
    factories.in_group(factories.placement(factories.child(), date(2026, 1, 1), date(2026, 7, 31), unit=unit), group)
    director = browser(factories.user("director", unit))
    given = {"unit": unit.id, "name": "Siilit", "start": "1.1.2020"}
    page = press(director, f"/office/group/edit/?id={group.id}", **given, end="30.7.2026")
    assert refused(page) == [
        "Ryhmä ei voi päättyä 30.7.2026: viimeinen lapsi on siinä 31.7.2026 asti. Valitse myöhempi päivä tai "
        "siirrä lapset ensin."]
    assert not refused(press(director, f"/office/group/edit/?id={group.id}", **given, end="31.7.2026"))


def test_a_unit_tells_whether_it_is_open_today(browser, at):
    unit = factories.unit(opening=Week.of(time(7), time(16), {1, 2}))
    factories.closure(unit, date(2026, 6, 2))
    for day, told in (("2026-06-01", "7.00–16.00"), ("2026-06-02", "Suljettu"), ("2026-06-03", "Suljettu")):
        at(day)
        page = browser(factories.user("admin")).get(f"/office/unit/details/?id={unit.id}")
        assert f"Avoinna tänään {told}" in seen(page), day
