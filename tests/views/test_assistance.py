"""Support in the child's file, in its lists, in the percentage of a unit; and nowhere without the right."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from evaka.models.assistance import AssistanceAction, AssistanceFactor, DaycareAssistance, VoucherCoefficient
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from tests import factories
from tests.conftest import keep, statements
from tests.pages import Later, done, filtered, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def admin(browser):
    return Later(lambda: browser(factories.user("admin")))


@pytest.fixture
def place():
    """A child of two in a group of a unit."""
    row = factories.placement(factories.child(born=date(2024, 3, 1)), date(2025, 8, 1))
    factories.in_group(row, factories.group(row.unit))
    return row


def file_of(child):
    return f"/office/person/details/?id={child.id}"


def lines():
    """Who has read of whose support: (person, facts) of the journal."""
    db.session.rollback()
    return [(one.person_id, one.facts) for one in db.session.scalars(
        select(AuditEvent).where(AuditEvent.action == "assistance.read").order_by(AuditEvent.id))]


# -- the child's own file ---------------------------------------------------------------------------


def test_support_is_added_changed_and_ended_from_the_childs_file(admin, place):
    child = place.child
    assert "Tukea ei ole kirjattu." in seen(admin.get(file_of(child)))
    done(press(admin, f"/office/person/do/assistance.add_factor/?id={child.id}", coefficient="1,75", start="1.8.2026"))
    factor = db.session.scalars(select(AssistanceFactor)).one()
    assert (factor.coefficient, factor.start, factor.end) == (Decimal("1.75"), date(2026, 8, 1), None)
    page = seen(admin.get(file_of(child)))
    assert "Tuen kerroin 1,75 1.8.2026– Tulossa Muuta" in page
    assert "Lisää tuen kerroin" in page
    form = admin.get(f"/office/assistance_factor/do/change_factor/?id={factor.id}")
    assert 'value="1.75"' in form.text
    done(press(admin, f"/office/assistance_factor/do/change_factor/?id={factor.id}", coefficient="2", start="1.5.2026"))
    done(press(admin, f"/office/assistance_factor/do/end_factor/?id={factor.id}", last="31.8.2026"))
    assert "Tuen kerroin 2,0 1.5.2026–31.8.2026 Voimassa Muuta" in seen(admin.get(file_of(child)))
    page = press(admin, f"/office/assistance_factor/do/remove_factor/?id={factor.id}")
    assert "Tukea ei ole kirjattu." in seen(page)  # back on the child's file


def test_a_level_outside_its_window_is_refused_in_the_words_of_the_office(admin, place):
    address = f"/office/person/do/assistance.add_preschool/?id={place.child_id}"
    form = admin.get(address)
    assert "Tehostettu tuki (esiopetus) (–31.7.2025)" in seen(form)
    page = press(admin, address, level="preschool_intensified_support", start="1.8.2026")
    assert refused(page) == [
        "Tasoa ”Tehostettu tuki (esiopetus)” voi käyttää vain aikana 1.1.2011–31.7.2025, mutta annettu aika on "
        "1.8.2026–. Muuta päiviä tai valitse taso, joka on silloin käytössä."]


def test_measures_are_ticked_and_described(admin, place):
    address = f"/office/person/do/assistance.add_action/?id={place.child_id}"
    assert refused(press(admin, address, start="1.8.2026")) == [
        "Valitse vähintään yksi tukitoimi tai kuvaile tukitoimi omin sanoin."]
    done(press(admin, address, start="1.8.2026", options=["assistant", "interpreter"], other="Kuvakortit"))
    row = db.session.scalars(select(AssistanceAction)).one()
    assert (row.options, row.other) == (["assistant", "interpreter"], "Kuvakortit")
    form = admin.get(f"/office/assistance_action/do/change_action/?id={row.id}").text
    assert form.count(" checked") == 2
    assert refused(press(admin, address, start="1.9.2026", options=["nobody"]))
    page = seen(admin.get(f"/office/assistance_action/details/?id={row.id}"))
    assert "Avustajapalvelut; Tulkitsemispalvelut; Kuvakortit" in page


def test_the_section_shows_what_its_reader_may_do(browser, place):
    factories.factor(place.child)
    group = place.groups[0].group
    readers = {
        "director": browser(factories.user("director", place.unit)),
        "special_education_teacher": browser(factories.user("special_education_teacher", place.unit)),
        "staff": browser(factories.user("staff", group=group)),
        "service_worker": browser(factories.user("service_worker")),
    }
    pages = {role: seen(client.get(file_of(place.child))) for role, client in readers.items()}
    assert all("Tuen kerroin 2,0" in page for page in pages.values())
    assert {role for role, page in pages.items() if "Lisää tuen kerroin" in page and "Voimassa Muuta" in page} == {
        "director", "special_education_teacher"}
    assert {role for role, page in pages.items() if "Lisää palvelusetelin kerroin" in page} == {
        "special_education_teacher"}


def test_who_may_not_know_of_support_meets_it_nowhere(browser, place):
    child = place.child
    factories.factor(child)
    factories.daycare_support(child)
    factories.support_action(child, other="Kuvakortit")
    finance = browser(factories.user("finance"))
    guardian = browser(factories.user("guardian", person=child.guardians[0]))
    stranger = browser(factories.user("director", factories.unit()))
    for address in (
        file_of(child), "/office/person/?all=1", "/office/person/export/csv/", f"/office/search/?q={child.last_name}",
        f"/office/unit/details/?id={place.unit_id}",
    ):
        page = finance.get(address, follow_redirects=True)
        assert page.status_code == 200, address
        for word in ("Lapsen tuki", "Tuen kerroin", "Tuen kertoimet", "Tehostettu", "Kuvakortit", "tukitoimi"):
            assert word not in page.text, (address, word)
    for name in ("assistance_factor", "daycare_assistance", "assistance_action"):
        assert finance.get(f"/office/{name}/").status_code == 403
        assert finance.get(f"/office/{name}/export/csv/").status_code == 403
        assert guardian.get(f"/office/{name}/").status_code == 403
        assert child.last_name not in stranger.get(f"/office/{name}/?all=1").text
        assert child.last_name not in stranger.get(f"/office/{name}/export/csv/").text
    assert [line for line in lines() if line[1].get("children")] == []


def test_reading_of_support_stands_in_the_journal(admin, place):
    """In the child's file, on the row's own page, in the lists and exports; but not where there is nothing to read."""
    child = place.child.id
    admin.get(file_of(place.child))
    assert lines() == []
    factor = factories.factor(place.child)
    id = factor.id

    keep()
    admin.get(f"/office/person/details/?id={child}")
    admin.get(f"/office/assistance_factor/details/?id={id}")
    admin.get("/office/assistance_factor/")
    admin.get("/office/assistance_factor/export/csv/")
    assert lines() == [(child, {}), (child, {}), (None, {"children": [child]}), (None, {"children": [child]})]
    assert "Lapsen tuen tiedot avattu" in seen(admin.get(f"/office/person/details/?id={child}"))


# -- the lists --------------------------------------------------------------------------------------


def test_a_list_is_narrowed_by_level_by_day_and_by_unit(admin):
    here, there = (factories.placement(factories.child(), date(2025, 8, 1)) for _ in range(2))
    factories.daycare_support(here.child, "special_support")
    factories.daycare_support(here.child, "general_support", start=date(2025, 8, 1), end=date(2025, 12, 31))
    factories.daycare_support(there.child)
    names, unit = (here.child.last_name, there.child.last_name), here.unit_id
    unit_name = here.unit.name
    address = "/office/daycare_assistance/"

    def shown(page):
        assert page.status_code == 200
        return [page.text.count(f">{name} ") for name in names]

    assert shown(admin.get(f"{address}?all=1")) == [2, 1]
    assert shown(filtered(admin, address, "Voimassa nyt", "1")) == [1, 1]
    assert shown(filtered(admin, address, "Tuen taso", "special_support")) == [1, 0]
    assert shown(filtered(admin, address, "Yksikkö", unit)) == [2, 0]
    assert shown(admin.get(f"{address}?search={names[1]}")) == [0, 1]
    assert unit_name in admin.get(address).text
    assert "Esiopetuksen tuki" in seen(admin.get(address))


def test_a_list_asks_as_much_for_many_rows_as_for_one(admin):

    address = "/office/assistance_factor/?all=1"
    factories.factor(factories.placement(factories.child(), date(2025, 8, 1)).child)
    admin.get(address)
    with statements() as one:
        admin.get(address)
    for _ in range(6):
        factories.factor(factories.placement(factories.child(), date(2025, 8, 1)).child)

    keep()
    with statements() as many:
        admin.get(address)
    assert len(many) == len(one)


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_every_page_has_words(browser, place, language):
    child = place.child
    rows = {
        "assistance_factor": (factories.factor(child).id, "factor"),
        "daycare_assistance": (factories.daycare_support(child).id, "daycare"),
        "preschool_assistance": (factories.preschool_support(child).id, "preschool"),
        "other_measure": (factories.measure(child).id, "measure"),
        "assistance_action": (factories.support_action(child).id, "action"),
        "voucher_coefficient": (factories.voucher_coefficient(child).id, "voucher"),
    }
    reader = browser(factories.user("admin", language=language))
    addresses = [file_of(child)]
    for name, (id, noun) in rows.items():
        addresses += [f"/office/{name}/", f"/office/{name}/details/?id={id}",
                      f"/office/person/do/assistance.add_{noun}/?id={child.id}"]
        addresses += [f"/office/{name}/do/{verb}_{noun}/?id={id}" for verb in ("change", "end", "remove")]
    for address in addresses:
        page = reader.get(address)
        assert page.status_code == 200, address
        assert not wordless(page), (address, wordless(page))


# -- the percentage of a unit, and the desk ---------------------------------------------------------


def test_the_percentage_of_a_unit_says_whose_support_counts_to_whom_it_concerns(browser, place):
    """A child of two weighs 1,75 × 2: 3,5 of the 21 of three adults."""
    factories.factor(place.child)
    child = place.child.last_name
    address = f"/office/unit/details/?id={place.unit_id}"
    director = browser(factories.user("director", place.unit))
    finance = browser(factories.user("finance"))
    page = seen(director.get(address))
    assert "16,7 % 1 × (1,75 × 2,0) = 3,5; 3,5 / (3 × 7) = 16,7 %" in page.replace("\u00a0", " ")
    assert f"{child} First" in page
    assert "1,75 × 2,0 3,5" in page
    page = seen(finance.get(address))
    assert "16,7 %" in page.replace("\u00a0", " ")
    assert child not in page
    assert len([line for line in lines() if line[1].get("children")]) == 1


def test_the_desk_reckons_with_the_factor_of_the_child_that_is_to_be_placed(admin):
    """Three adults; a child of four fills them by 4,8 %, with a factor of 3 by 14,3 %."""
    unit = factories.unit()
    factories.group(unit)
    application = factories.application(factories.child(), [unit])
    address = f"/office/desk/?application={application.id}"
    child = application.child
    assert "+4,8" in seen(admin.get(address))
    factories.factor(child, "3")

    keep()
    assert "+14,3" in seen(admin.get(address))


def test_a_level_tells_its_law_and_its_window(admin, place):
    row = factories.preschool_support(place.child)
    page = seen(admin.get(f"/office/preschool_assistance/details/?id={row.id}"))
    assert "HE 114/2024" in page
    assert "1.8.2025–" in page
    assert db.session.scalars(select(DaycareAssistance)).all() == []
    assert db.session.scalars(select(VoucherCoefficient)).all() == []
