"""Invoices on the screen: rows with their reckoning, many sent after a preview; the family's own."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from evaka.actions import fee, invoice
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.rules.invoice import InvoiceStatus
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
MAY = DateRange.month(2026, 5)


def drafted(by, first_name: str = "Aino"):
    """A mother and the draft of her invoice for May 2026: ten days of care at 100 / 19 euros."""
    mother = factories.person()
    factories.placement(factories.child(mother, first_name=first_name), date(2026, 5, 18), date(2026, 7, 31))
    factories.income(mother)
    fee.refresh({mother.id}, by())
    fee.send(
        db.session.scalar(select(FeeDecision).where(FeeDecision.head_id == mother.id)),
        by(factories.user("finance")),
    )
    invoice.draft({mother.id}, MAY, by())
    return mother, db.session.scalar(select(Invoice).where(Invoice.head_id == mother.id))


def plain(page) -> str:
    return page.text.replace("\u00a0", " ")


def test_the_list_can_be_narrowed_to_a_state(browser, by):
    mother, _ = drafted(by)
    other, row = drafted(by)
    invoice.send(row, by(factories.user("finance")))
    names = mother.last_name, other.last_name
    finance = browser(factories.user("finance"))
    page = plain(finance.get("/office/invoice/"))
    assert all(name in page for name in (*names, "52,60 €", "5/2026"))


def test_each_row_opens_into_its_steps(browser, by):
    _, row = drafted(by)
    id = row.id
    page = plain(browser(factories.user("finance")).get(f"/office/invoice/details/?id={id}"))
    for word in ("100,00 € / 19 ≈ 5,26 €", "10 × 5,26 € = 52,60 €", "Varhaiskasvatus", "30.6.2026"):
        assert word in page


def test_many_are_sent_after_a_preview(browser, by):
    ids = [str(drafted(by)[1].id) for _ in range(3)]
    finance = browser(factories.user("finance"))
    chosen = {"verb": "send", "rowid": ids}
    assert finance.post("/office/invoice/bulk/", data=chosen).status_code == 200
    assert db.session.scalar(select(func.count()).where(Invoice.status == InvoiceStatus.SENT)) == 0
    assert finance.post("/office/invoice/bulk/", data=chosen | {"confirmed": "1"}).status_code == 302
    assert sorted(db.session.scalars(select(Invoice.number))) == [1, 2, 3]


def test_a_sent_invoice_offers_its_replacement_and_not_the_mark_itself(browser, by):
    _, row = drafted(by)
    invoice.send(row, by(factories.user("finance")))
    id = row.id
    page = browser(factories.user("finance")).get(f"/office/invoice/details/?id={id}").text
    assert "/do/correct/" in page
    assert "/do/replace/" not in page
    assert "/do/discard/" not in page


def test_a_guardian_sees_the_own_sent_invoices_with_the_paper(browser, by):
    mother, row = drafted(by, "Aino")
    _, foreign = drafted(by, "Eino")
    for one in (row, foreign):
        invoice.send(one, by(factories.user("finance")))
    papers = row.document_id, foreign.document_id
    family = browser(factories.user("guardian", person=mother))
    page = family.get("/my/invoice/")
    assert page.status_code == 200
    for word in ("52,60 €", "5/2026", "Aino", f"/my/document/download/?id={papers[0]}"):
        assert word in plain(page)
    assert "Eino" not in page.text
    assert family.get(f"/my/document/download/?id={papers[1]}").status_code == 404


def test_a_guardian_sees_no_draft(browser, by):
    mother, _ = drafted(by)
    family = browser(factories.user("guardian", person=mother))
    assert "52,60" not in family.get("/my/invoice/").text
