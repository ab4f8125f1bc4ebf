"""Reminding of income in steps, until it lapses and the highest fee is drafted."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions.income import statement as act
from evaka.jobs.income import REMIND
from evaka.jobs.job import run
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.income import Income, IncomeNotice
from evaka.models.journal import Email
from evaka.rules.income import Effect
from evaka.rules.income.notice import Notice
from evaka.texts import say
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")


def family(ends: date | None, begins: date = date(2025, 8, 1), **place):
    mother = factories.person(email="aiti@example.fi")
    factories.placement(factories.child(mother), begins, date(2027, 7, 31), **place)
    if ends is not None:
        factories.income(mother, start=date(2025, 1, 1), end=ends)
    return mother


def sent(person) -> list[tuple[str, Notice]]:
    rows = db.session.execute(
        select(IncomeNotice.sent_at, IncomeNotice.kind).where(IncomeNotice.person_id == person.id)
        .order_by(IncomeNotice.id))
    return [(f"{at:%-d.%-m.}", kind) for at, kind in rows]


def test_each_step_goes_once_and_at_the_end_the_income_lapses(by):
    mother = family(date(2026, 6, 29))
    keep()
    for day in range(1, 30):
        run(REMIND, by(day=f"2026-06-{day:02}"))
        run(REMIND, by(day=f"2026-06-{day:02}"))  # twice a day is once
    assert sent(mother) == [("1.6.", Notice.INITIAL), ("15.6.", Notice.REMINDER)]
    run(REMIND, by(day="2026-07-02"))  # the program stood still for two days
    run(REMIND, by(day="2026-07-03"))
    assert sent(mother)[2:] == [("2.7.", Notice.EXPIRED)]
    incomes = db.session.scalars(select(Income).where(Income.person_id == mother.id).order_by(Income.start)).all()
    assert [(one.effect, one.start, one.end) for one in incomes][1:] == [(Effect.INCOMPLETE, date(2026, 6, 30), None)]
    last = db.session.scalars(select(FeeDecision).order_by(FeeDecision.start.desc())).first()
    assert last.total == 335_00  # the highest of the invented table of that day
    assert len(db.session.scalars(select(Email)).all()) == 3


def test_the_mail_says_that_something_waits_and_never_what():
    for language in ("fi", "sv", "en"):
        words = say("email.income_waits.subject", language) + say("email.income_waits.body", language)
        assert not [word for word in ("tulo", "inkomst", "income", "maksu", "avgift", "fee") if word in words.lower()]


def test_a_partner_is_reminded_and_who_has_no_address_gets_the_row_but_no_mail(by):
    mother = family(None)
    factories.income(mother, start=date(2025, 1, 1))
    father = factories.person(email=None)
    factories.partner(mother, father)
    factories.income(father, start=date(2025, 1, 1), end=date(2026, 6, 10))
    keep()
    run(REMIND, by())
    assert (sent(mother), sent(father)) == ([], [("1.6.", Notice.INITIAL)])
    assert db.session.scalars(select(Email)).all() == []


def test_a_new_family_is_asked_once(by):
    mother, settled = family(None, date(2026, 6, 15)), family(None, date(2025, 8, 1))
    keep()
    run(REMIND, by())
    run(REMIND, by(day="2026-06-20"))
    assert (sent(mother), sent(settled)) == ([("1.6.", Notice.NEW_FAMILY)], [])


def test_who_has_sent_a_statement_is_left_in_peace(by):
    mother = family(date(2026, 6, 10))
    own = by(factories.user("guardian", person=mother))
    row = act.begin(mother, own, kind="highest_fee", start=date(2026, 6, 11))
    db.session.flush()
    act.send(row, own)
    keep()
    run(REMIND, by())
    assert sent(mother) == []


def test_families_without_paid_care_are_not_reminded(by):
    ended = factories.person()
    factories.placement(factories.child(ended), date(2025, 8, 1), date(2026, 6, 10))
    factories.income(ended, start=date(2025, 1, 1), end=date(2026, 6, 10))
    keep()
    run(REMIND, by())
    assert sent(ended) == []


def test_the_first_page_of_the_guardian_asks_for_a_new_statement(browser, by):
    mother, content = family(date(2026, 6, 10)), family(date(2026, 12, 31))
    untold = family(None)
    users = [factories.user("guardian", person=one) for one in (mother, content, untold)]
    keep()
    pages = [browser(user).get("/my/").text for user in users]
    assert "Tulotietosi päättyy 10.6.2026" in pages[0]
    assert "Tulotietosi" not in pages[1]
    assert "Kerro perheen tulot" in pages[2]
