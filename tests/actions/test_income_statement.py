"""An income statement from the first word to the income that the office makes of it; who sees which part."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from evaka.access import within
from evaka.actions.income import statement as act
from evaka.actions.income.statement import Upload
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.income.statement import IncomeStatement, StatementPaper
from evaka.models.journal import AuditEvent
from evaka.models.person import Guardian
from evaka.rules.income import ShownAmount
from evaka.rules.income.statement import (
    Answers,
    Company,
    OtherIncome,
    PaperKind,
    Source,
    StatementKind,
    StatementStatus,
)
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
START, END = date(2026, 1, 1), date(2026, 12, 31)
WAGES = Answers(gross=True, gross_source=Source.ATTACHMENTS, estimated=5000_00, other_incomes=(OtherIncome.PENSION,),
                other_info="Soitan mielelläni")
PDF = Upload("C:\\fakepath\\palkka.exe", b"%PDF-1.7 palkka")


@pytest.fixture
def mother():
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31))
    return mother


@pytest.fixture
def own(by, mother):
    return by(factories.user("guardian", person=mother))


@pytest.fixture
def finance(by):
    return by(factories.user("finance"))


@pytest.fixture
def sent(mother, own):
    row = act.begin(mother, own, start=START)
    db.session.flush()
    act.save(row, own, end=END, answers=WAGES)
    act.attach(row, own, kind=PaperKind.PAYSLIP, upload=PDF)
    act.send(row, own)
    return row


def test_answers_are_kept_as_they_were_given(mother, own):
    row = act.begin(mother, own, start=START)
    db.session.flush()
    answers = replace(WAGES, entrepreneur=True, began=date(2025, 2, 1), companies=(Company.PARTNERSHIP,),
                      company_source=Source.INCOMES_REGISTER, own_estimate_start=START)
    act.save(row, own, end=None, answers=answers)
    keep()
    db.session.expire_all()
    assert row.told == answers
    assert (row.status, row.sent_at) == (StatementStatus.DRAFT, None)


def test_what_lacks_something_is_not_sent_and_stays_a_draft(mother, own):
    row = act.begin(mother, own, start=START)
    db.session.flush()
    act.save(row, own, end=END, answers=replace(WAGES, estimated=None))
    with pytest.raises(Refused, match="statement.estimated_missing"):
        act.send(row, own)


def test_an_income_is_made_of_it_with_the_fee_and_then_it_is_handled(sent, mother, finance):
    act.take(sent, finance)
    row = act.enter(sent, finance, start=START, end=END, lines=(ShownAmount("main_income", 5000_00),))
    assert (row.person_id, row.total) == (mother.id, 5000_00)
    assert [one.total for one in db.session.scalars(select(FeeDecision))] == [100_00]  # (5 000 − 4 066) × 10,7 %
    act.handle(sent, finance, note="Palkkalaskelma tarkistettu")
    keep()
    assert (sent.status, sent.handler_id, sent.note) == (StatementStatus.HANDLED, finance.user.id,
                                                         "Palkkalaskelma tarkistettu")
    act.reopen(sent, finance)
    assert (sent.status, sent.handled_at) == (StatementStatus.SENT, None)
    act.take(sent, finance)
    act.give_back(sent, finance)
    assert sent.status is StatementStatus.SENT


def test_a_childs_income_becomes_the_childs(mother, own, finance):
    child = factories.child(mother)
    with pytest.raises(Refused, match="statement.child_missing"):
        act.begin(mother, own, kind=StatementKind.CHILD_INCOME, start=START)
    with pytest.raises(Refused, match="statement.child_too_much"):
        act.begin(mother, own, start=START, child=child)
    row = act.begin(mother, own, kind=StatementKind.CHILD_INCOME, start=START, child=child)
    db.session.flush()
    with pytest.raises(Refused, match="statement.child_needs_papers"):
        act.send(row, own)


def test_a_paper_is_what_its_first_bytes_say_and_is_kept_under_a_plain_name(sent):
    paper = db.session.scalars(select(StatementPaper)).one()
    assert (paper.name, paper.media, paper.size) == ("palkka.pdf", "application/pdf", len(PDF.content))
    assert (paper.by_office, paper.content) == (False, PDF.content)


@pytest.mark.parametrize(
    ("upload", "key"),
    [
        (Upload("a.pdf", b"MZ\x90 not a pdf"), "document.paper_kind_wrong"),
        (Upload("a.pdf", b""), "document.paper_empty"),
        (Upload("a.pdf", b"%PDF-" + bytes(8 * 1024 * 1024)), "document.paper_large"),
    ],
)
def test_other_files_are_refused(sent, own, upload, key):
    with pytest.raises(Refused, match=key):
        act.attach(sent, own, kind=PaperKind.OTHER, upload=upload)


def test_there_is_a_limit_to_papers(sent, own):
    for _ in range(29):
        act.attach(sent, own, kind=PaperKind.OTHER, upload=PDF)
    with pytest.raises(Refused, match="statement.paper_many"):
        act.attach(sent, own, kind=PaperKind.OTHER, upload=PDF)


def test_after_sending_words_and_papers_may_be_added_but_answers_not_changed(sent, own, finance):
    assert sent.changed_at is None
    act.add_info(sent, own, words="Ja vielä tämä")
    assert sent.told.other_info == "Soitan mielelläni\n\nJa vielä tämä"
    assert sent.changed_at == own.now
    with pytest.raises(Refused, match="statement.too_late"):
        act.save(sent, own, end=END, answers=Answers())
    office = act.attach(sent, finance, kind=PaperKind.OTHER, upload=PDF)
    with pytest.raises(Refused, match="statement.paper_not_yours"):
        act.detach(sent, own, paper=office)
    act.detach(sent, own, paper=db.session.scalars(select(StatementPaper).where(~StatementPaper.by_office)).one())
    act.handle(sent, finance)
    for late in (lambda: act.attach(sent, own, kind=PaperKind.OTHER, upload=PDF),
                 lambda: act.add_info(sent, own, words="x"), lambda: act.withdraw(sent, own)):
        with pytest.raises(Refused, match="statement.too_late"):
            late()


def test_a_guardian_takes_back_what_the_office_has_not_begun_with(sent, own):
    act.withdraw(sent, own)
    keep()
    assert db.session.scalars(select(IncomeStatement)).all() == []
    assert db.session.scalars(select(StatementPaper)).all() == []


def test_one_statement_a_day_is_open(sent, mother, own, finance):
    with pytest.raises(Refused, match="statement.one_is_open"):
        act.begin(mother, own, start=START)
    act.handle(sent, finance)
    act.begin(mother, own, start=START)


def test_only_the_guardian_and_finance_see_it_and_the_other_guardian_does_not(sent, mother, own, finance, by):
    other = factories.person()
    factories.save(Guardian(child_id=db.session.scalars(select(Guardian.child_id)).one(), guardian_id=other.id))

    def seen(actor):
        mine = within(actor, "statement.view", IncomeStatement)
        return db.session.scalars(select(IncomeStatement.id).where(mine)).all()

    assert seen(own) == seen(finance) == [sent.id]
    for role in ("director", "staff", "service_worker", "finance_staff"):
        assert seen(by(factories.user(role))) == []
    stranger = by(factories.user("guardian", person=other))
    assert seen(stranger) == []
    for deed in (lambda: act.withdraw(sent, stranger), lambda: act.handle(sent, own), lambda: act.send(sent, finance),
                 lambda: act.begin(mother, stranger, start=END)):
        with pytest.raises(Denied):
            deed()


def test_the_journal_tells_who_did_what_but_not_what_is_earned(sent):
    keep()
    lines = db.session.scalars(
        select(AuditEvent).where(AuditEvent.subject == "income_statement").order_by(AuditEvent.id)).all()
    assert [line.action for line in lines] == ["statement.save", "statement.attach", "statement.send"]
    whole = json.dumps([line.facts for line in db.session.scalars(select(AuditEvent))])
    assert "500000" not in whole
    assert "mielell" not in whole



def test_a_guardian_tells_of_own_children_with_a_place_and_not_of_a_foster_child(mother, own):
    factories.child(mother)  # who has no place
    factories.placement(foster := factories.child(), date(2026, 1, 1), date(2026, 7, 31))
    factories.foster_parent(foster, mother)
    placed = db.session.scalars(select(Guardian.child_id).where(Guardian.guardian_id == mother.id)
                                .order_by(Guardian.child_id)).first()
    assert [one.id for one in db.session.scalars(act.children_of(mother, own))] == [placed]
