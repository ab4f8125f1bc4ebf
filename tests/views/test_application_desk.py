"""The list of applications narrowed by everything a case worker asks, and what is done from it."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import select

from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.application.note import SavedFilter
from evaka.models.base import db
from evaka.rules.application import ApplicationKind, ApplicationStatus, AttachmentKind, Origin
from tests import factories
from tests.conftest import NOON, keep, statements
from tests.pages import Later, done, filtered, press, refused, seen

pytestmark = pytest.mark.usefixtures("database")
S, K = ApplicationStatus, ApplicationKind


@pytest.fixture
def office(browser):
    return Later(lambda: browser(factories.user("service_worker")))


def named(name, **fields):
    return factories.application(factories.child(last_name=name), **fields)


def paper(row, kind=AttachmentKind.URGENCY):
    factories.save(Attachment(application=row, kind=kind, name="a.pdf", media="application/pdf", size=1, digest="x",
                              added_at=NOON, content=b"x"))


@pytest.mark.parametrize(
    ("label", "value", "fields"),
    [
        ("Hakemuksen laji", "club", {"kind": K.CLUB}),
        ("Vaihe", "deciding", {"status": S.WAITING_DECISION}),
        ("Esiopetuksen laji", "preschool_daycare", {"kind": K.PRESCHOOL, "connected_daycare": True}),
        ("Esiopetuksen laji", "preparatory_only", {"kind": K.PRESCHOOL, "preparatory": True}),
        ("Määräaika aikaisintaan", "2026-09-01", {"due": date(2026, 9, 1)}),
        ("Aloitus aikaisintaan", "1.10.2026", {"start": date(2026, 10, 1)}),
        ("Saapunut viimeistään", "2026-03-01", {"received": date(2026, 3, 1)}),
        ("Siirtohakemus", "1", {"transfer": True}),
        ("Myöhemmin haettu täydentävä", "1", {"additional": True}),
        ("Jatkaa samassa yksikössä", "1", {"continuing": True}),
        ("Kiireellinen", "1", {"urgent": True}),
        ("Kiireellinen, todistus puuttuu", "1", {"urgent": True}),
        ("Vuorohoito", "1", {"shift_care": True}),
        ("Sisarusperuste", "1", {"sibling_name": "Eino"}),
        ("Lapsen tarvitsema tuki", "1", {"assistance_needed": True}),
        ("Lisätiedot lukematta", "1", {"checked": False}),
        ("Odottaa täydennystä", "1", {"supplement_asked": NOON}),
        ("Perhe on täydentänyt", "1", {"supplement_came": NOON}),
        ("Huoltajat eri mieltä", "1", {"consent": False}),
        ("Tullut hakuajan jälkeen", "1", {"kind": K.PRESCHOOL, "start": date(2026, 8, 11)}),
        ("Lapsi on ollut kerhossa", "1", {"had_club": True}),
        ("Tapa", "office", {"origin": Origin.OFFICE}),
        ("Palveluntarve", "part_day", {"service_need": "part_day"}),
    ],
)
def test_a_filter_leaves_what_it_names(office, label, value, fields):
    named("Sopiva", **fields)
    named("Vieras")
    page = seen(filtered(office, "/office/application/", label, value))
    assert "Sopiva" in page
    assert "Vieras" not in page


def test_units_and_areas_are_asked_of_the_first_wish_or_of_any(office):
    north, south = factories.area("Pohjoinen"), factories.area("Eteläinen")
    here, there = factories.unit("Täällä", area=north), factories.unit("Tuolla", area=south)
    named("Ensin", units=[here, there])
    named("Sitten", units=[there, here])
    named("Muualla", units=[there])
    ids = str(here.id), str(north.id)

    def found(label, value):
        page = seen(filtered(office, "/office/application/", label, value))
        return {name for name in ("Ensin", "Sitten", "Muualla") if name in page}

    assert found("1. toive", ids[0]) == found("1. toiveen alue", ids[1]) == {"Ensin"}
    assert found("Toivotut yksiköt", ids[0]) == found("Jonkin toiveen alue", ids[1]) == {"Ensin", "Sitten"}


def test_service_vouchers_papers_and_doubles(office):
    voucher, other = factories.voucher_unit(), factories.unit()
    named("Yksin", units=[voucher])
    named("Molemmat", units=[voucher, other])
    shown = named("Muu", units=[other], urgent=True)
    paper(shown)
    again = named("Kaksi", units=[other])
    factories.application(again.child, [other])

    def found(label, value):
        page = seen(filtered(office, "/office/application/", label, value))
        return {name for name in ("Yksin", "Molemmat", "Muu", "Kaksi") if name in page}

    assert found("Palveluseteli", "first") == {"Yksin", "Molemmat"}
    assert found("Palveluseteli", "only") == {"Yksin"}
    assert found("Palveluseteli", "none") == {"Muu", "Kaksi"}
    assert found("Liitteet", "1") == found("Kiireellisyyden todistus odottaa hyväksyntää", "1") == {"Muu"}
    assert found("Toinen avoin hakemus", "1") == {"Kaksi"}


@pytest.mark.parametrize("column", range(6))
def test_the_list_is_sorted_by_its_columns(office, column):
    named("Aalto", units=[factories.unit("Aatos")], start=date(2026, 8, 1), due=date(2026, 8, 1))
    named("Öhman", units=[factories.unit("Ötökkä")], start=date(2026, 9, 1), due=date(2026, 9, 1),
          status=S.WAITING_GUARDIAN, service_need="part_day")
    for down in ("", "&desc=1"):
        page = seen(office.get(f"/office/application/?sort={column}{down}"))
        first = page.index("Aalto") < page.index("Öhman")
        assert first is (not down) or column in (3, 5)  # states and needs sort by their keys


def test_a_list_of_fifty_asks_as_often_as_one_of_five(office):
    def asked():
        with statements() as said:
            assert office.get("/office/application/?flt0_0=1").status_code == 200
        return len(said)

    for _ in range(5):
        named("Aalto")
    few = asked()
    for _ in range(45):
        named("Aalto")
    keep()
    assert asked() <= few + 1


def test_a_selection_is_kept_under_a_name_and_forgotten(office, browser):
    named("Aalto")
    page = office.post("/office/application/keep/?flt0_0=1&sort=1", data={"name": "Omat"}, follow_redirects=True)
    assert done(page)
    assert 'href="/office/application/?flt0_0=1&amp;sort=1">Omat</a>' in page.text
    number = db.session.scalars(select(SavedFilter.id)).one()
    other = browser(factories.user("service_worker"))
    assert "Omat" not in other.get("/office/application/").text
    assert other.post("/office/application/forget/", data={"filter": number}).status_code == 404
    office.post("/office/application/forget/", data={"filter": number})
    assert db.session.scalars(select(SavedFilter)).all() == []


def test_a_file_leads_on_through_the_list_that_it_was_opened_from(office):
    rows = [named("Aalto", due=date(2026, 8, day)).id for day in (1, 2, 3)]
    listed = office.get("/office/application/?flt0_0=1").text
    assert f"/office/application/details/?id={rows[1]}&amp;flt0_0=1" in listed
    page = office.get(f"/office/application/details/?id={rows[1]}&flt0_0=1").text
    assert f'href="/office/application/details/?id={rows[0]}&amp;flt0_0=1" rel="prev"' in page
    assert f'href="/office/application/details/?id={rows[2]}&amp;flt0_0=1" rel="next"' in page
    assert "2 / 3" in page
    assert 'rel="next"' not in office.get(f"/office/application/details/?id={rows[1]}").text


def test_the_whole_form_is_filled_in_by_the_office_and_a_change_is_explained(office):
    row = factories.application(units=[factories.unit()], partner_first_name="Matti")
    id, unit = row.id, row.preferences[0].unit_id
    address = f"/office/application/fill/?id={id}"
    typed = {"unit_1": unit, "start": "2026-09-01", "service_need": "full_day", "other_may_see": "y",
             "other_guardian_view": "unknown", "allergies": "Pähkinä"}
    assert "Kirjoita, miksi" in " ".join(refused(press(office, address, **typed)))
    assert "Pähkinä" in press(office, address, **typed).text  # what was typed stays
    assert "puhelin" in " ".join(refused(press(office, address, **typed, reason="x", phone="ei ole"))).lower()
    done(press(office, address, **typed, reason="Perhe soitti"))
    db.session.expire_all()
    row = db.session.get_one(Application, id)
    assert (row.start, row.allergies, row.confidential, row.checked) == (date(2026, 9, 1), "Pähkinä", True, False)
    assert row.partner_first_name == ""


def test_a_form_of_the_office_that_is_sent_back_for_another_mistake_stays_stale(office):
    row = factories.application(units=[factories.unit()])
    id, unit = row.id, row.preferences[0].unit_id
    address = f"/office/application/fill/?id={id}"
    opened = re.search(r'name="row_version"[^>]*value="(\d*)"', office.get(address).text)[1]
    form = {"unit_1": unit, "start": "2026-09-01", "service_need": "full_day", "other_may_see": "y",
            "other_guardian_view": "unknown"}
    done(press(office, address, **form, reason="Perhe soitti", allergies="Pähkinä"))
    wrong = office.post(address, data=form | {"row_version": opened, "reason": "x", "phone": "ei ole"})
    kept = re.search(r'name="row_version"[^>]*value="(\d*)"', wrong.text)[1]
    told = office.post(address, data=form | {"row_version": kept, "reason": "Perhe kirjoitti"})
    assert "Kirjoittamasi on tallella" in " ".join(refused(told))
    db.session.expire_all()
    assert db.session.get_one(Application, id).allergies == "Pähkinä"
    kept = re.search(r'name="row_version"[^>]*value="(\d*)"', told.text)[1]
    done(office.post(address, data=form | {"row_version": kept, "reason": "Perhe kirjoitti"}, follow_redirects=True))
    db.session.expire_all()
    assert db.session.get_one(Application, id).allergies == ""


def test_a_paper_from_the_post_and_one_of_the_offices_own(office):
    id = factories.application().id
    address = f"/office/application/attach/?id={id}"
    office.get(address)
    for kind in ("office", "urgency"):
        done(office.post(address, data={"paper_kind": kind, "upload": (BytesIO(b"%PDF-1.7 x"), f"{kind}.pdf")},
                         follow_redirects=True, content_type="multipart/form-data"))
    page = office.post(address, data={"paper_kind": "other", "upload": (BytesIO(b"MZ"), "a.pdf")},
                       content_type="multipart/form-data")
    assert refused(page)
    number = db.session.scalars(select(Attachment.id).where(Attachment.kind == "office")).one()
    assert office.get(f"/office/application/paper/?id={number}").data == b"%PDF-1.7 x"
    done(office.post(address, data={"paper": number}, follow_redirects=True))
    assert db.session.scalars(select(Attachment.kind)).all() == [AttachmentKind.URGENCY]


def test_a_unit_whose_application_period_is_over_is_told_of(office):
    row = factories.application(units=[factories.unit("Suljettu", daycare_apply_end=None)], status=S.SENT)
    page = seen(office.get(f"/office/application/details/?id={row.id}"))
    assert "ei ole haku auki" in page


def test_what_presses_is_on_the_first_page(office):
    paper(factories.application(urgent=True))
    factories.application(supplement_came=NOON)
    page = seen(office.get("/office/"))
    assert "1 Kiireellisyyden todistus odottaa hyväksyntää Hyväksy tai pyydä uusi" in page
    assert "1 Perhe on täydentänyt hakemusta" in page


def test_many_are_returned_at_once_or_none(office):
    rows = [factories.application(checked=True) for _ in range(3)]
    ids = [row.id for row in rows]
    preview = office.post("/office/application/bulk/", data={"verb": "return_to_sent", "rowid": ids})
    assert preview.status_code == 200
    office.post("/office/application/bulk/", data={"verb": "return_to_sent", "rowid": ids, "confirmed": "1"})
    db.session.expire_all()
    assert set(db.session.scalars(select(Application.status))) == {S.SENT}
