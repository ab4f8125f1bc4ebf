"""Files for the ledger and the bank on the screen: what waits, a look before, the file, and its bytes again."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import func, select

from evaka import city
from evaka.actions import invoice
from evaka.models.base import db
from evaka.models.invoice import Invoice
from evaka.models.journal import AuditEvent
from evaka.models.ledger import Batch
from evaka.models.voucher import Payment
from evaka.rules.ledger import Channel
from evaka.views.invoice import InvoiceScreen
from tests import factories
from tests.actions.test_ledger import billed, made, paid
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
MAKE = "/office/ledger/make/?channel="


def plain(page) -> str:
    return page.text.replace("\u00a0", " ")


def seen(page) -> str:
    return page.text.partition('name="seen" value="')[2].partition('"')[0]


def test_a_file_is_looked_at_made_and_fetched(browser, by):
    one = billed(by)
    number = str(one.number)
    finance = browser(factories.user("finance"))
    assert "/office/ledger/make/?channel=ledger" in finance.get("/office/invoice/").text
    page = finance.get(f"{MAKE}ledger")
    assert "100,00 €" in plain(page)
    assert f"{number};1.6.2026" in page.text
    assert db.session.scalar(select(func.count(Batch.id))) == 0
    answer = finance.post(f"{MAKE}ledger", data={"seen": seen(page)})
    assert answer.status_code == 302
    batch = db.session.scalars(select(Batch)).one()
    content, digest, id = batch.content, batch.digest, batch.id
    page = plain(finance.get(answer.location))
    assert all(word in page for word in (digest, "laskut-20260601-1.csv", "100,00 €", "Aineisto 1"))
    for _ in range(2):
        file = finance.get(f"/office/ledger/download/?id={id}")
        assert (file.data, file.headers["Cache-Control"]) == (content, "no-store")
        assert "laskut-20260601-1.csv" in file.headers["Content-Disposition"]
    lines = db.session.scalars(select(AuditEvent.action).where(AuditEvent.subject == "ledger_batch")).all()
    assert sorted(lines) == ["ledger.hand_over", "ledger.read", "ledger.read"]
    assert "laskut-20260601-1.csv" in plain(finance.get("/office/ledger/"))


def test_an_empty_file_is_refused_with_a_sentence(browser, by):
    finance = browser(factories.user("finance"))
    assert "Mikään ei odota." in finance.get(f"{MAKE}ledger").text
    page = finance.post(f"{MAKE}ledger", data={"seen": ""})
    assert "Aineistoa ei tehty, koska mikään ei odota." in page.text
    assert db.session.scalar(select(func.count(Batch.id))) == 0


def test_what_changed_since_the_look_is_looked_at_again(browser, by):
    billed(by)
    finance = browser(factories.user("finance"))
    before = seen(finance.get(f"{MAKE}ledger"))
    billed(by)
    keep()
    page = finance.post(f"{MAKE}ledger", data={"seen": before})
    assert "Odottavat ovat muuttuneet katsomisen jälkeen: nyt niitä on 2." in page.text
    assert db.session.scalar(select(func.count(Batch.id))) == 0
    assert finance.post(f"{MAKE}ledger", data={"seen": seen(page)}).status_code == 302


def test_what_has_to_be_left_out_is_listed_with_its_reason(browser, by):
    number = billed(by, first_name="Željko", last_name="Đorđević").number
    columns = [{"name": "Maksaja", "fact": "head.name"}]
    held = [{"start": date(2020, 1, 1), "kind": "csv", "file_name": "x", "encoding": "iso-8859-1",
             "line": [{"each": "row", "columns": columns}]}]
    finance = browser(factories.user("finance"))
    with city.trying("ledger", "table", held):
        page = plain(finance.get(f"{MAKE}ledger"))
        assert f"Lasku {number}: tiedoston merkistössä ISO-8859-1 ei ole merkkiä ”Ž”" in page
        assert "Kaikki odottavat jäävät pois." in page
        assert "Mikään ei odota." not in page
        assert "jokainen odottava jää pois" in plain(finance.post(f"{MAKE}ledger"))


def test_a_city_without_a_layout_leads_back_with_a_sentence(browser, by):
    finance = browser(factories.user("finance"))
    with city.trying("ledger", "table", []):
        assert finance.get(f"{MAKE}ledger").status_code == 302
        assert "ei ole muotoa päivänä 1.6.2026" in plain(finance.get("/office/ledger/"))


def test_payments_go_to_the_bank_in_the_same_way(browser, by):
    number = paid(by).number
    finance = browser(factories.user("finance"))
    assert "/office/ledger/make/?channel=bank" in finance.get("/office/payment/").text
    page = finance.get(f"{MAKE}bank")
    assert all(word in plain(page) for word in ("Onni Oy", "FI21 1234 5600 0007 85", "15.6.2026"))
    assert "pankkiin 1" in plain(finance.get("/office/ledger/"))
    answer = finance.post(f"{MAKE}bank", data={"seen": seen(page)})
    page = plain(finance.get(answer.location))
    assert "850,00 €" in page
    assert f">{number}</a>" in page
    [id] = db.session.scalars(select(Batch.id))
    file = finance.get(f"/office/ledger/download/?id={id}")
    assert ET.fromstring(file.data).tag.endswith("Document")
    [payment] = db.session.scalars(select(Payment.id))
    assert "Annettu pankkiin" in finance.get(f"/office/payment/details/?id={payment}").text


def test_an_invoice_tells_where_it_was_given_and_the_list_what_waits(browser, by):
    one, other = billed(by), billed(by)
    clerk = factories.user("finance")
    first = one.id, one.head.last_name
    made(by(clerk))
    later = billed(by)
    names = one.head.last_name, other.head.last_name, later.head.last_name
    finance = browser(clerk)
    page = finance.get(f"/office/invoice/details/?id={first[0]}").text
    assert "Annettu kirjanpitoon" in page
    assert ">Aineisto 1</a>" in page
    number = next(n for n, one in enumerate(InvoiceScreen.column_filters) if one.name.key == "ledger.waits")
    listed = finance.get(f"/office/invoice/?flt{number}_{number}=1").text
    assert [name in listed for name in names] == [False, False, True]


def test_a_sent_invoice_is_fetched_as_an_e_invoice(browser, by):
    id, number = billed(by).id, str(db.session.scalar(select(Invoice.number)))
    finance = browser(factories.user("finance"))
    assert f"/office/invoice/finvoice/?id={id}" in finance.get(f"/office/invoice/details/?id={id}").text
    file = finance.get(f"/office/invoice/finvoice/?id={id}")
    assert ET.fromstring(file.data).findtext("InvoiceDetails/InvoiceNumber") == number
    assert db.session.scalar(select(func.count()).where(AuditEvent.action == "invoice.finvoice")) == 1


def test_a_draft_is_no_e_invoice_and_whoever_hands_nothing_over_gets_none(browser, by):
    one = billed(by)
    id = one.id
    assert browser(factories.user("finance_staff")).get(f"/office/invoice/finvoice/?id={id}").status_code == 403
    one = db.session.get(Invoice, id)
    one.number = None
    assert browser(factories.user("finance")).get(f"/office/invoice/finvoice/?id={id}").status_code == 404


def test_who_only_looks_at_invoices_sees_no_files(browser, by):
    clerk = factories.user("finance")
    one = billed(by)
    id = one.id
    batch = made(by(clerk)).id
    staff = browser(factories.user("finance_staff"))
    assert staff.get(f"{MAKE}ledger").status_code == 403
    assert staff.post(f"{MAKE}ledger").status_code == 403
    assert staff.get(f"/office/ledger/download/?id={batch}").status_code in (302, 403)
    assert "Aineisto 1" not in staff.get(f"/office/invoice/details/?id={id}").text


@pytest.mark.parametrize("channel", ["", "moon", "finvoice"])
def test_a_channel_that_the_city_does_not_use_is_no_page(browser, by, channel):
    finance = browser(factories.user("finance"))
    with city.trying("ledger", "finvoice", {}):
        assert finance.get(f"{MAKE}{channel}").status_code == 404


def test_a_file_once_made_is_not_made_again(browser, by):
    billed(by)
    clerk = factories.user("finance")
    batch = made(by(clerk))
    id, digest = batch.id, batch.digest
    billed(by)
    finance = browser(clerk)
    assert "do/hand_over" not in finance.get(f"/office/ledger/details/?id={id}").text
    finance.post(f"/office/ledger/do/hand_over/?id={id}", data={"row_version": "1"})
    assert db.session.scalars(select(Batch.digest)).all() == [digest]


def test_a_file_is_withdrawn_with_a_reason(browser, by):
    billed(by)
    clerk = factories.user("finance")
    batch = made(by(clerk))
    id, version = batch.id, batch.version
    finance = browser(clerk)
    assert "do/withdraw" in finance.get(f"/office/ledger/details/?id={id}").text
    answer = finance.post(f"/office/ledger/do/withdraw/?id={id}", data={"row_version": version, "reason": "Rikki"})
    assert answer.status_code == 302
    page = plain(finance.get(f"/office/ledger/details/?id={id}"))
    assert "Älä anna tiedostoa eteenpäin." in page
    assert "Rikki" in page
    assert "do/withdraw" not in page
    assert "Kirjanpitoaineistoa odottaa 1" in plain(finance.get("/office/ledger/"))


def test_e_invoices_and_their_credits_are_told_in_the_file(browser, by):
    old = billed(by)
    clerk = factories.user("finance")
    made(by(clerk))
    for day in (date(2026, 5, n) for n in range(1, 32)):
        factories.absence(old.rows[0].child, day)
    new = invoice.correct(old, by(), reason="absence")
    invoice.send(new, by())
    batch = made(by(clerk)).id
    page = plain(browser(clerk).get(f"/office/ledger/details/?id={batch}"))
    assert "Hyvitys kirjanpitoon" in page
    assert "−100,00 €" in page


def test_a_long_file_shows_its_first_rows(browser, by, monkeypatch):
    clerk = factories.user("finance")
    for _ in range(3):
        billed(by)
    batch = made(by(clerk), Channel.FINVOICE).id
    monkeypatch.setattr("evaka.views.ledger.MOST", 2)
    assert "2 näytetään, kaikkiaan 3" in browser(clerk).get(f"/office/ledger/details/?id={batch}").text
