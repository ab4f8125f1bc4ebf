"""Vouchers on the screen: each figure explained, months by unit, payments; the family's own page."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import fee, voucher
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.voucher import Payment, UnitPayee, VoucherDecision, VoucherMonth
from evaka.rules.fee import FeeStatus
from evaka.rules.voucher import MonthStatus, PaymentStatus
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
MAY = DateRange.month(2026, 5)


def drafted(by, unit=None, first_name: str = "Aino"):
    """A mother, her child in a private unit, and the draft: 950 euros, of which the family pays 100."""
    mother = factories.person()
    child = factories.child(mother, first_name=first_name)
    factories.placement(child, date(2026, 1, 1), date(2026, 7, 31), unit=unit or factories.voucher_unit())
    factories.income(mother)
    fee.refresh({mother.id}, by())
    draft = db.session.scalar(select(VoucherDecision).where(VoucherDecision.child_id == child.id))
    return mother, child, draft


def plain(page) -> str:
    return page.text.replace("\u00a0", " ")


def month(by, *units) -> VoucherMonth:
    """May with a child in each of the units."""
    for unit in units:
        voucher.send(drafted(by, unit)[2], by(None, "2026-05-04"))
    return voucher.month_of(MAY, by())


def test_the_list_shows_for_whom_how_much_and_what_changed(browser, by):
    _, child, draft = drafted(by)
    voucher.send(draft, by())
    fee.relief(child, by(), start=date(2026, 4, 1), percent=50)
    name = child.last_name
    finance = browser(factories.user("finance"))
    page = finance.get("/office/voucher/")
    for word in (name, "950,00 €", "100,00 €", "50,00 €", "Huojennus tai korotus", "Luonnos", "Lähetetty"):
        assert word in plain(page)
    assert name in finance.get("/office/voucher/export/csv/").text
    assert "Arvopäätösluonnoksia" in finance.get("/office/").text


def test_a_draft_opens_into_its_reckoning_and_what_it_changes(browser, by):
    _, child, draft = drafted(by)
    voucher.send(draft, by())
    fee.relief(child, by(), start=date(2026, 4, 1), percent=50)
    ids = child.id, db.session.scalar(select(VoucherDecision.id).where(VoucherDecision.status == FeeStatus.DRAFT))
    finance = browser(factories.user("finance"))
    page = finance.get(f"/office/voucher/details/?id={ids[1]}")
    for word in ("950,00 € × 100 %", "(5 000,00 € − 4 066,00 €) × 10,7 %", "950,00 € − 50,00 € = 900,00 €",
                 "edellinen päätös 1", "keksitty"):  # fmt: skip
        assert word in plain(page)
    assert "Arvopäätökset" in finance.get(f"/office/person/details/?id={ids[0]}").text


def test_a_draft_on_nothing_says_that_it_only_ends(browser, by):
    mother, child, draft = drafted(by)
    voucher.send(draft, by())
    place = db.session.scalars(select(factories.Placement).where(factories.Placement.child_id == child.id)).one()
    place.end = place.needs[0].end = date(2026, 3, 31)
    fee.refresh({mother.id}, by())
    id = db.session.scalar(select(VoucherDecision.id).where(VoucherDecision.status == FeeStatus.DRAFT))
    page = browser(factories.user("finance")).get(f"/office/voucher/details/?id={id}")
    assert "aiempi päätös päättyy eikä uutta lähetetä" in plain(page)


def test_sending_on_the_screen_makes_a_pdf_that_can_be_opened(browser, by):
    _, _, draft = drafted(by)
    id = draft.id
    finance = browser(factories.user("finance"))
    assert finance.get(f"/office/voucher/do/send/?id={id}").status_code == 200
    assert finance.post(f"/office/voucher/do/send/?id={id}", data={"row_version": "1"}).status_code == 302
    sent = db.session.get(VoucherDecision, id)
    paper = sent.document_id
    assert sent.status is FeeStatus.SENT
    assert finance.get(f"/office/document/download/?id={paper}").data.startswith(b"%PDF")


def test_a_month_is_read_by_unit_and_frozen_after_telling_how_much(browser, by):
    unit, other = factories.voucher_unit(), factories.voucher_unit()
    row = month(by, unit, other)
    ids, name = (row.id, unit.id), unit.name
    finance = browser(factories.user("finance"))
    page = finance.get(f"/office/voucher_report/details/?id={ids[0]}")
    for word in ("Avoin", name, "Oikaisut"):
        assert word in plain(page)
    rows = finance.get(f"/office/voucher_report/details/?id={ids[0]}&unit={ids[1]}")
    assert "950,00 € − 100,00 € = 850,00 €" in plain(rows)
    asked = finance.get(f"/office/voucher_report/do/freeze/?id={ids[0]}")
    assert "Yksiköitä 2, yhteensä 8 500,00 €" in plain(asked)
    done = finance.post(f"/office/voucher_report/do/freeze/?id={ids[0]}", data={"row_version": "1"})
    assert done.status_code == 302
    assert db.session.get(VoucherMonth, ids[0]).status is MonthStatus.FROZEN
    page = finance.get(f"/office/voucher_report/details/?id={ids[0]}")
    assert "Rivit luettelona" in page.text
    assert "8 500,00 €" in plain(finance.get("/office/voucher_report/"))
    assert name in finance.get("/office/voucher_row/").text
    assert name in finance.get("/office/voucher_row/export/csv/").text


def test_a_director_reads_of_the_own_unit_only_and_no_familys_decision(browser, by):
    unit, other = factories.voucher_unit(), factories.voucher_unit()
    row = month(by, unit, other)
    voucher.freeze(row, by())
    ids, names = (row.id, other.id), (unit.name, other.name)
    director = browser(factories.user("director", unit=unit))
    page = director.get(f"/office/voucher_report/details/?id={ids[0]}")
    assert names[0] in page.text
    assert names[1] not in page.text
    assert "4 250,00 €" in plain(page)
    assert "8 500,00 €" not in plain(page)
    assert names[1] not in director.get(f"/office/voucher_report/details/?id={ids[0]}&unit={ids[1]}").text
    assert "8 500,00 €" not in plain(director.get("/office/voucher_report/"))
    for path in ("voucher", "payment", "payee"):
        assert director.get(f"/office/{path}/").status_code == 403


def test_payments_are_confirmed_together_and_sent_where_all_is_known(browser, by):
    unit, other = factories.voucher_unit(), factories.voucher_unit()
    voucher.freeze(month(by, unit, other), by())
    factories.save(UnitPayee(unit=unit, name="Oy Onni Ab", business_id="1234567-1", iban="FI2112345600000785",
                             provider_id="900"))
    ids = [one.id for one in db.session.scalars(select(Payment).order_by(Payment.unit_id))]
    finance = browser(factories.user("finance"))
    chosen = {"rowid": [str(id) for id in ids], "confirmed": "1"}
    assert finance.post("/office/payment/bulk/", data=chosen | {"verb": "confirm"}).status_code == 302
    listing = plain(finance.get("/office/payment/"))
    for word in ("4 250,00 €", "Vahvistettu", "FI21 1234", "Maksunsaaja puuttuu"):
        assert word in listing
    missing = finance.get(f"/office/payment/details/?id={ids[1]}")
    assert "Täydennä tiedot maksunsaajiin" in missing.text
    form = finance.get(f"/office/payment/do/send/?id={ids[0]}")
    assert 'value="2026-06-15"' in form.text
    version = db.session.get(Payment, ids[0]).version
    db.session.rollback()
    done = finance.post(f"/office/payment/do/send/?id={ids[0]}", data={
        "row_version": str(version), "paid_on": "2026-06-05", "due": "2026-06-15"})
    assert done.status_code == 302, done.text
    paid = db.session.get(Payment, ids[0])
    assert (paid.status, paid.number, paid.payee_name) == (PaymentStatus.SENT, 1, "Oy Onni Ab")
    assert "850,00 €" in plain(finance.get(f"/office/payment/details/?id={ids[0]}"))


def test_a_payee_is_of_a_private_unit_and_has_an_account_that_can_be(browser, by):
    unit, city_unit = factories.voucher_unit(), factories.unit()
    ids = unit.id, city_unit.id
    finance = browser(factories.user("finance"))
    typed = {"name": "Oy Onni Ab", "business_id": "1234567-1", "iban": "FI21 1234 5600 0007 85", "provider_id": "900"}
    form = finance.get("/office/payee/new/")
    assert f'value="{ids[0]}"' in form.text
    assert f'value="{ids[1]}"' not in form.text
    assert finance.post("/office/payee/new/", data=typed | {"unit": ids[1]}).status_code == 200
    assert finance.post("/office/payee/new/", data=typed | {"unit": ids[0], "iban": "FI22"}).status_code == 200
    assert finance.post("/office/payee/new/", data=typed | {"unit": ids[0]}).status_code == 302
    assert db.session.scalars(select(UnitPayee.iban)).all() == ["FI2112345600000785"]


# -- the family -------------------------------------------------------------------------------------


def test_a_guardian_reads_the_own_sent_voucher_and_no_other(browser, by):
    mother, _, draft = drafted(by)
    _, _, other = drafted(by, first_name="Eino")
    for one in (draft, other):
        voucher.send(one, by())
    fee.relief(draft.child, by(), start=date(2026, 4, 1), percent=50)  # a draft, which is the office's
    ids = draft.id, other.id
    keep()
    guardian = browser(factories.user("guardian", person=mother))
    assert "Palvelusetelit" in guardian.get("/my/fee/").text
    listing = plain(guardian.get("/my/voucher/"))
    for word in ("Aino", "950,00 €", "100,00 €", "PDF"):
        assert word in listing
    assert "Eino" not in listing
    assert "50,00 €" not in listing.replace("950,00 €", "")
    page = guardian.get(f"/my/voucher/details/?id={ids[0]}")
    assert "950,00 € − 100,00 € = 850,00 €" in plain(page)
    assert guardian.get(f"/my/voucher/details/?id={ids[1]}").status_code == 404
    assert "Palveluseteli: Aino" in guardian.get("/my/").text


def test_a_family_without_vouchers_is_not_led_to_them(browser, by):
    mother = factories.person()
    factories.child(mother)
    assert "/my/voucher/" not in browser(factories.user("guardian", person=mother)).get("/my/fee/").text
