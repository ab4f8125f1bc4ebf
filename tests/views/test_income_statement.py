"""A guardian fills in an income statement without scripts; finance makes an income of it."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import select

from evaka.actions.income import statement as act
from evaka.actions.income.statement import Upload
from evaka.models.base import db
from evaka.models.income import Income
from evaka.models.income.statement import IncomeStatement, StatementPaper
from evaka.models.journal import AuditEvent
from evaka.models.person import Guardian
from evaka.rules.income.statement import PaperKind
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
COMPLETE = {"end": "31.12.2026", "gross": "y", "gross_source": "attachments", "estimated": "4 800,50",
            "other_incomes": "pension", "other_info": "Soitan"}


@pytest.fixture
def mother():
    mother = factories.person(first_name="Maija")
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31))
    return mother


def plain(page) -> str:
    assert page.status_code == 200
    return page.text.replace("\u00a0", " ")


def draft(guardian) -> int:
    page = guardian.post("/my/statement/begin/", data={"kind": "income", "start": "1.1.2026"})
    assert page.status_code == 302, page.text
    return int(page.location.rpartition("=")[2])


def version(id) -> str:
    db.session.expire_all()
    return str(db.session.get_one(IncomeStatement, id).version)


def fill(guardian, id, **given):
    return guardian.post(f"/my/statement/fill/?id={id}", data={"row_version": version(id), **given},
                         content_type="multipart/form-data")


def pdf(name="palkka.pdf"):
    return BytesIO(b"%PDF-1.7 palkka"), name


@pytest.mark.parametrize(("told", "begins_with"), [
    ({}, None), ({"estimated": "3 000"}, "income_0=3"),
    ({"no_income": "y", "no_income_words": "Opiskelen"}, "income_0=0"),
])
def test_an_estimate_begins_with_what_was_told_and_with_no_income_for_no_answer(browser, mother, told, begins_with):
    guardian = browser(factories.user("guardian", person=mother))
    page = fill(guardian, draft(guardian), gross="y", press="estimate", **told)
    assert page.status_code == 302
    query = page.location.partition("?")[2]
    assert query.startswith(begins_with) if begins_with else query == ""


def test_the_whole_way_from_the_first_word_to_the_income(browser, mother):
    id, finance_user = mother.id, factories.user("finance")
    guardian, finance = browser(factories.user("guardian", person=mother)), browser(finance_user)
    assert guardian.get("/my/statement/begin/").status_code == 200
    row = draft(guardian)
    assert guardian.get(f"/my/statement/fill/?id={row}").status_code == 200
    assert f"id={row}" not in finance.get("/office/statement/").text  # a draft is the guardian's alone
    assert finance.get(f"/office/statement/details/?id={row}").status_code == 404

    page = fill(guardian, row, **(COMPLETE | {"estimated": "", "press": "send"}))
    assert page.status_code == 200
    assert "Kirjoita arvio tuloista" in page.text
    assert "Soitan" in page.text  # nothing typed is lost
    page = fill(guardian, row, **COMPLETE, press="attach", kind="payslip", upload=pdf())
    assert page.status_code == 302, page.text
    page = plain(guardian.get(f"/my/statement/fill/?id={row}"))
    assert "4 800,50" in page
    assert "Palkkalaskelma: liitetty" in page
    assert "Päätös etuudesta tai muusta tulosta: ei vielä liitetty" in page
    assert fill(guardian, row, **COMPLETE, press="send").status_code == 302
    assert "Muistiinpano" not in plain(guardian.get(f"/my/statement/details/?id={row}"))

    assert f"id={row}" in finance.get("/office/statement/?flt0_0=1").text
    assert "Tuloselvityksiä käsiteltävänä" in finance.get("/office/").text
    page = plain(finance.get(f"/office/statement/details/?id={row}"))
    for word in ("4 800,50 €", "Eläke", "palkka.pdf", "Liitteitä puuttuu:", "Tee tulotieto"):
        assert word in page
    form = plain(finance.get(f"/office/statement/do/enter/?id={row}"))
    assert 'value="4 800,50"' in form
    done = finance.post(f"/office/statement/do/enter/?id={row}", data={
        "row_version": version(row), "start": "1.1.2026", "end": "31.12.2026", "effect": "income",
        "lines-main_income-amount": "4 900", "lines-main_income-period": "monthly_with_holiday_bonus"})
    assert done.status_code == 302, done.text
    income = db.session.scalars(select(Income)).one()
    assert (income.person_id, income.total) == (id, 5145_00)
    note = {"row_version": version(row), "note": "salainen"}
    done = finance.post(f"/office/statement/do/handle/?id={row}", data=note)
    assert done.status_code == 302
    assert "salainen" not in plain(guardian.get(f"/my/statement/details/?id={row}"))
    read = db.session.scalars(select(AuditEvent.action).where(AuditEvent.user_id == finance_user.id)).all()
    assert {"statement.read", "statement.enter", "income.add", "statement.handle"} <= set(read)


def test_a_number_that_is_none_is_said_and_stays_as_it_was_typed(browser, mother):
    guardian = browser(factories.user("guardian", person=mother))
    row = draft(guardian)
    page = fill(guardian, row, gross="y", estimated="paljon")
    assert "Kirjoita luku" in page.text
    assert "paljon" in page.text


def test_a_statement_that_is_sent_back_for_another_mistake_does_not_become_fresh_by_itself(browser, mother):
    def on(page) -> str:
        return re.search(r'name="row_version"[^>]*value="(\d*)"', page.text)[1]

    guardian = browser(factories.user("guardian", person=mother))
    row = draft(guardian)
    address, opened = f"/my/statement/fill/?id={row}", version(row)
    fill(guardian, row, **COMPLETE)
    back = guardian.post(address, data={"row_version": opened, "gross": "y", "estimated": "paljon"})
    assert on(back) == opened
    told = guardian.post(address, data={"row_version": on(back), "other_info": "Kirjoitan"})
    assert "Kirjoittamasi on tallella" in told.text
    assert "Soitan" in guardian.get(address).text
    assert guardian.post(address, data={"row_version": on(told), "other_info": "Kirjoitan"}).status_code == 302
    assert "Kirjoitan" in guardian.get(address).text


def test_a_statement_that_has_saved_and_still_lacks_something_is_sent_again_without_ado(browser, mother):
    guardian = browser(factories.user("guardian", person=mother))
    row = draft(guardian)
    lacks = fill(guardian, row, press="attach", kind="payslip", upload=pdf(), gross="y")
    assert lacks.status_code == 302
    lacks = fill(guardian, row, press="send", kind="payslip", upload=pdf(), gross="y")
    assert lacks.status_code == 200
    assert f'value="{version(row)}"' in lacks.text


def test_a_file_of_another_kind_is_refused_and_the_answers_are_kept(browser, mother):
    guardian = browser(factories.user("guardian", person=mother))
    row = draft(guardian)
    page = fill(guardian, row, **COMPLETE, press="attach", kind="payslip", upload=(BytesIO(b"MZ\x90"), "palkka.pdf"))
    assert "ei ole PDF" in page.text
    assert db.session.scalars(select(StatementPaper)).all() == []
    assert "Soitan" in guardian.get(f"/my/statement/fill/?id={row}").text
    page = fill(guardian, row, **COMPLETE, press="attach", kind="payslip")
    assert "Valitse ensin tiedosto" in page.text


def sent(by, mother, user) -> tuple[int, int]:
    own = by(user)
    row = act.begin(mother, own, start=date(2026, 1, 1), kind="highest_fee")
    db.session.flush()
    paper = act.attach(row, own, kind=PaperKind.OTHER, upload=Upload("a.pdf", b"%PDF-1.7"))
    act.send(row, own)
    db.session.commit()
    return row.id, paper.id


def test_a_paper_opens_for_whoever_sees_the_statement_and_never_as_a_page(browser, by, mother):
    other = factories.person()
    factories.save(Guardian(child_id=db.session.scalars(select(Guardian.child_id)).one(), guardian_id=other.id))
    stranger, director = factories.user("guardian", person=other), factories.user("director")
    mine, office = factories.user("guardian", person=mother), factories.user("finance")
    row, paper = sent(by, mother, mine)
    for user, address in ((mine, "/my"), (office, "/office")):
        page = browser(user).get(f"{address}/statement/paper/?id={paper}")
        assert (page.data, page.mimetype) == (b"%PDF-1.7", "application/pdf")
        assert page.headers["Content-Disposition"].startswith("attachment")
    assert browser(stranger).get(f"/my/statement/paper/?id={paper}").status_code == 404
    assert browser(stranger).get(f"/my/statement/details/?id={row}").status_code == 404
    assert browser(director).get(f"/office/statement/paper/?id={paper}").status_code == 403
    for nonsense in ("", "x", "99999999"):
        assert browser(mine).get(f"/my/statement/paper/?id={nonsense}").status_code == 404


def test_papers_are_added_and_taken_away_after_sending_and_the_draft_form_is_closed(browser, by, mother):
    mine, office = factories.user("guardian", person=mother), factories.user("finance")
    row, paper = sent(by, mother, mine)
    guardian, finance = browser(mine), browser(office)
    assert guardian.get(f"/my/statement/fill/?id={row}").status_code == 302
    assert guardian.post(f"/my/statement/detach/?id={row}", data={"paper": str(paper)}).status_code == 302
    added = guardian.post(f"/my/statement/attach/?id={row}", data={"kind": "other", "upload": pdf("b.pdf")},
                          content_type="multipart/form-data")
    assert added.status_code == 302
    assert finance.get(f"/office/statement/attach/?id={row}").status_code == 200
    page = finance.post(f"/office/statement/attach/?id={row}", data={"kind": "other", "upload": (BytesIO(b"x"), "c")},
                        content_type="multipart/form-data")
    assert "ei ole PDF" in page.text
    page = finance.post(f"/office/statement/attach/?id={row}", data={"kind": "other", "upload": pdf("d.pdf")},
                        content_type="multipart/form-data")
    assert page.status_code == 302
    assert [one.name for one in db.session.scalars(select(StatementPaper).order_by(StatementPaper.id))] == [
        "b.pdf", "d.pdf"]
    assert "lisätty toimistossa" in plain(guardian.get(f"/my/statement/details/?id={row}"))


def test_a_draft_is_removed_by_its_guardian(browser, mother):
    guardian = browser(factories.user("guardian", person=mother))
    row = draft(guardian)
    assert "Poista luonnos" in guardian.get(f"/my/statement/fill/?id={row}").text
    done = guardian.post(f"/my/statement/do/withdraw/?id={row}", data={"row_version": version(row)})
    assert done.status_code == 302
    assert db.session.scalars(select(IncomeStatement)).all() == []


def test_the_history_says_days_and_moments_as_people_write_them_and_no_answers(browser, by, mother):
    mine, office = factories.user("guardian", person=mother), factories.user("finance")
    row, _ = sent(by, mother, mine)
    page = plain(browser(office).get(f"/office/statement/details/?id={row}"))
    assert "1.6.2026 12.00" in page
    assert "2026-06-01T" not in page
