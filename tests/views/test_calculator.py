"""What if: a plain form that reckons, begins from a family's own facts and saves nothing."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.income import Income
from evaka.models.journal import AuditEvent
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
ONE = "day=1.6.2026&income_0=5000&born_0=1.3.2023&need_0=full_day&name_0=Aino"


def plain(page) -> str:
    assert page.status_code == 200
    return page.text.replace("\u00a0", " ")


@pytest.fixture
def finance():
    return factories.user("finance")


def test_a_fee_is_reckoned_with_its_steps_by_the_table_of_the_day(browser, finance):
    page = plain(browser(finance).get(f"/office/calculator/?{ONE}"))
    # two persons: (5 000 − 4 066) × 10,7 % = 99,94 → 100
    for words in ("Aino: 100 €", "(5 000,00 € − 4 066,00 €) × 10,7 % = 99,94 € → 100 €", "1.8.2024", "1503/2016"):
        assert words in page
    earlier = plain(browser(finance).get(f"/office/calculator/?{ONE.replace('1.6.2026', '1.6.2023')}"))
    assert "Aino: 120 €" in earlier  # (5 000 − 3 874) × 10,7 % = 120,48


def test_the_tick_and_a_second_adult_count(browser, finance):
    office = browser(finance)
    assert "Aino: 311 €" in plain(office.get(f"/office/calculator/?{ONE}&highest=y"))
    page = plain(office.get(f"/office/calculator/?{ONE}&income_1=2000"))  # three: (7 000 − 5 245) × 10,7 % = 187,79
    assert "Aino: 188 €" in page
    assert "Aino: 0 €" in plain(office.get(f"/office/calculator/?{ONE}&size=6"))


def test_a_voucher_shows_co_payment_and_value(browser, finance):
    page = plain(browser(finance).get(f"/office/calculator/?{ONE}&place_0=voucher"))
    assert "Perheen omavastuuosuus" in page
    assert "Palvelusetelin" in page


@pytest.mark.parametrize(("asked", "sentence"), [
    ("income_0=5000", "ainakin yhden lapsen"), (f"{ONE}&size=2&born_1=1.1.2022&need_1=full_day", "vähintään 3"),
    (ONE.replace("5000", "paljon"), "Kirjoita luku"), (ONE.replace("1.6.2026", "1.6.2010"), "1.6.2010")])
def test_what_cannot_be_reckoned_is_said(browser, finance, asked, sentence):
    assert sentence in plain(browser(finance).get(f"/office/calculator/?{asked}"))


def family():
    mother, father = factories.person(), factories.person()
    factories.partner(mother, father)
    child = factories.child(mother, born=date(2023, 3, 1), first_name="Aino")
    factories.placement(child, date(2026, 1, 1), date(2026, 7, 31))
    factories.income(mother, 5000_00)
    factories.income(father, 2222_00)
    return mother, father, child


def test_it_begins_from_the_familys_own_facts_and_writes_nothing(browser, finance):
    mother, father, child = family()
    office, ids = browser(finance), [one.id for one in (mother, father, child)]
    before = [db.session.scalar(select(func.count()).select_from(model)) for model in (FeeDecision, Income)]
    for id in ids:
        page = plain(office.get(f"/office/calculator/?person={id}"))
        # three persons: (7 222 − 5 245) × 10,7 % = 211,54 → 212
        for words in ("Aino: 212 €", 'value="5 000,00"', 'value="2 222,00"', 'value="3"'):
            assert words in page
    assert before == [db.session.scalar(select(func.count()).select_from(model)) for model in (FeeDecision, Income)]
    read = db.session.scalars(select(AuditEvent.person_id).where(AuditEvent.action == "person.read")).all()
    assert read == ids
    assert f"/office/calculator/?person={ids[0]}" in office.get(f"/office/person/details/?id={ids[0]}").text


def test_only_finance_reckons_in_the_office(browser, finance):
    mother = family()[0].id
    for role in ("director", "service_worker", "staff"):
        assert browser(factories.user(role)).get("/office/calculator/").status_code == 403
    assert browser(finance).get("/office/calculator/?person=999999").status_code == 404
    assert browser(finance).get(f"/office/calculator/?person={mother}").status_code == 200


def test_a_guardian_estimates_and_never_sees_the_other_adults_income(browser):
    mother = family()[0]
    guardian = browser(factories.user("guardian", person=mother))
    page = plain(guardian.get("/my/statement/estimate/"))
    assert "Aino" in page
    assert "2 222" not in page
    assert "212 €" not in page
    page = plain(guardian.get(f"/my/statement/estimate/?{ONE}&income_1=2000&size=3"))
    assert "Aino: 188 €" in page
    page = plain(guardian.get("/my/statement/estimate/?income_0=5000"))  # from the statement: the own children
    assert "2 222" not in page
    assert 'value="5000"' in page
