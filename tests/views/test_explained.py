"""Every figure opens into what it was reckoned from: on the screen, and on paper where the city wants it."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka import city
from evaka.actions import fee
from evaka.actions import invoice as invoices
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.rules.fee import FeeStatus
from tests import factories
from tests.letters import reading

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def finance(by):
    return by(factories.user("finance"))


def told(finance, language: str = "fi"):
    """A mother whose decision was sent, and a second one with a relief: both sent."""
    mother = factories.person(language=language)
    child = factories.child(mother, first_name="Aino")
    factories.placement(child, date(2026, 1, 1), date(2026, 7, 31))
    factories.income(mother)
    fee.refresh({mother.id}, finance)
    fee.send(db.session.scalars(select(FeeDecision)).one(), finance)
    fee.relief(child, finance, start=date(2026, 4, 1), percent=50)
    second = db.session.scalars(select(FeeDecision).where(FeeDecision.status == FeeStatus.DRAFT)).one()
    fee.send(second, finance)
    return mother, second


def papers() -> list[str]:
    return [reading.spoken(one.content) for one in db.session.scalars(select(Document).order_by(Document.id))]


@pytest.mark.parametrize(("language", "changed", "appendix", "table"), [
    ("fi", "Muuttunut edellisestä päätöksestä: huojennus tai korotus.", "Liite: näin maksu on laskettu",
     "Maksutaulukko 1.8.2024 alkaen"),
    ("sv", "Ändrat sedan det förra beslutet:", "Bilaga: så har avgiften räknats", "Avgiftstabellen från 1.8.2024"),
])
def test_the_paper_says_what_changed_and_ends_with_the_reckoning(finance, language, changed, appendix, table):
    told(finance, language)
    first, second = papers()
    assert changed not in first
    assert second.index(changed) < second.index(appendix) < second.index(table)
    assert "(5 000,00 € − 4 066,00 €) × 10,7 % = 99,94 € → 100 €" in second[second.index(table):].replace("\u00a0", " ")


def test_a_city_may_print_no_appendix(finance):
    with city.trying("city", "papers", {"explain_fees": False}):
        told(finance)
    for paper in papers():
        assert "Liite:" not in paper
        assert "10,7 % =" not in paper.replace("\u00a0", " ")


def test_the_decision_shows_its_table_and_the_lines_of_each_income(browser, finance):
    _, second = told(finance)
    id = second.id
    page = browser(factories.user("finance")).get(f"/office/fee/details/?id={id}")
    for words in ("1.8.2024", "joka vaihe täysiin euroihin", "1503/2016", "4 066,00 €", "6 973,00 €", "Palkka (brutto)",
                  "5 000,00 €"):
        assert words in page.text.replace("\u00a0", " ")


def test_when_the_table_was_changed_since_the_page_says_so(browser, finance):
    _, second = told(finance)
    second.facts = second.facts | {"limits": second.facts["limits"] | {"highest_fee": 300_00}}
    id = second.id
    fee_page = browser(factories.user("finance")).get(f"/office/fee/details/?id={id}").text
    assert "Maksutaulukkoa on muutettu" in fee_page


def test_an_invoice_row_leads_to_its_law_and_to_the_decision(browser, by, finance):
    mother, second = told(finance)
    invoices.draft({mother.id}, DateRange(date(2026, 5, 1), date(2026, 5, 31)), by())
    id, number = db.session.scalars(select(Invoice)).one().id, second.id
    page = browser(factories.user("finance")).get(f"/office/invoice/details/?id={id}")
    assert page.status_code == 200
    for words in ("Säännös", "1503/2016", f"/office/fee/details/?id={number}", "1.8.2024"):
        assert words in page.text


@pytest.mark.parametrize("wanted", [True, False])
def test_a_city_chooses_whether_an_invoice_explains_its_rows(by, finance, wanted):
    mother, _ = told(finance)
    invoices.draft({mother.id}, DateRange(date(2026, 5, 1), date(2026, 5, 31)), by())
    with city.trying("city", "papers", {"explain_invoices": wanted}):
        invoices.send(db.session.scalars(select(Invoice)).one(), finance)
    assert ("Koko kuukauden maksu" in papers()[-1]) is wanted
    assert ("(1503/2016)" in papers()[-1]) is wanted
