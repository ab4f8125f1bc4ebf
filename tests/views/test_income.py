"""Incomes on the screen: added on the person's page, explained by line, corrected from what was entered."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka import city
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.income import Income
from tests import factories

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def mother():
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31))
    return mother


def plain(page) -> str:
    return page.text.replace("\u00a0", " ")


def test_an_income_is_added_with_amounts_in_euros_and_drafts_the_fee(browser, mother):
    id, version = mother.id, mother.version
    finance = browser(factories.user("finance"))
    assert finance.get(f"/office/person/do/income.add/?id={id}").status_code == 200
    done = finance.post(
        f"/office/person/do/income.add/?id={id}",
        data={
            "row_version": str(version),
            "start": "1.1.2026",
            "effect": "income",
            "lines-main_income-period": "monthly_with_holiday_bonus",
            "lines-main_income-amount": "5 000,50",
        },
    )
    assert done.status_code == 302, done.text
    [row] = db.session.scalars(select(Income))
    assert (row.person_id, row.lines[0]["amount"], row.total) == (id, 5000_50, 5250_53)  # × 1,05 = 5 250,525
    # (5 250,53 − 4 066) × 10,7 % = 126,74 → 127
    assert db.session.scalar(select(FeeDecision.total)) == 127_00


def test_a_refusal_is_said_on_the_form_and_nothing_typed_is_lost(browser, mother):
    factories.income(mother, start=date(2026, 4, 1))
    id, version = mother.id, mother.version
    finance = browser(factories.user("finance"))
    page = finance.post(
        f"/office/person/do/income.add/?id={id}",
        data={
            "row_version": str(version),
            "start": "2026-01-01",
            "effect": "income",
            "lines-main_income-period": "monthly_no_holiday_bonus",
            "lines-main_income-amount": "4321",
        },
    )
    assert page.status_code == 200
    assert "päällekkäin" in page.text
    assert "4321" in page.text


def test_the_file_shows_how_the_month_was_reckoned_and_a_correction_starts_from_it(browser, mother):
    row = factories.income(mother, 5000_00, start=date(2026, 1, 1))
    row.lines = [row.lines[0] | {"period": "monthly_with_holiday_bonus", "multiplier": "1.05"}]
    row.total = 5250_00
    id = row.id
    finance = browser(factories.user("finance"))
    assert "5 250,00 €" in plain(finance.get("/office/income/"))
    page = plain(finance.get(f"/office/income/details/?id={id}"))
    for word in ("Palkka (brutto)", "5 000,00 €", "1,05", "5 250,00 €"):
        assert word in page
    form = plain(finance.get(f"/office/income/do/correct/?id={id}"))
    assert 'value="5 000,00"' in form
    assert 'value="monthly_with_holiday_bonus" selected' in form.replace(
        'selected value="monthly_with_holiday_bonus"', 'value="monthly_with_holiday_bonus" selected'
    )


def test_a_city_asks_for_kinds_of_its_own_by_its_own_names(browser, mother):
    id, kinds = mother.id, {"main_income": {}, "beehives": {"name": {"fi": "Mehiläistulot"}, "chooses_period": True}}
    finance = browser(factories.user("finance"))
    with city.trying("incomes", "kind", kinds):
        page = plain(finance.get(f"/office/person/do/income.add/?id={id}"))
    assert "Mehiläistulot" in page
    assert "lines-beehives-period" in page
    assert "lines-pension-amount" not in page


def test_a_kind_that_the_city_has_given_up_is_not_lost_in_a_correction(browser, mother):
    row = factories.income(mother, 5000_00, start=date(2026, 1, 1))
    id, version = row.id, row.version
    finance = browser(factories.user("finance"))
    with city.trying("incomes", "kind", {"other_income": {}}):
        assert 'value="5 000,00"' in plain(finance.get(f"/office/income/do/correct/?id={id}"))
        page = finance.post(f"/office/income/do/correct/?id={id}", data={
            "row_version": str(version), "start": "1.1.2026", "effect": "income", "lines-main_income-amount": "5000"})
    assert "ei ole tässä kaupungissa käytössä" in page.text
    assert db.session.scalars(select(Income.total)).one() == 5000_00
