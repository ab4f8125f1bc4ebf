"""What absences do to the month's invoice: answers to a questionnaire, a closure, and days told later."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka import city
from evaka.actions import booking
from evaka.actions import invoice as act
from evaka.actions.calendar import holiday_period
from evaka.actions.fee.draft import refresh
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.calendar.holiday_period import Questionnaire, QuestionnaireOption
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.placement import Placement
from evaka.rules.attendance import AbsenceKind
from evaka.rules.booking.day import Ask, Asked
from evaka.rules.calendar.holiday_period import QuestionnaireKind
from evaka.rules.fee import FeeStatus
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
JUNE = DateRange.month(2026, 6)  # 21 days of care: Midsummer Eve is on the 19th


@pytest.fixture
def family(by):
    """A fee of 100 euros in force for June, the invoice drafted."""
    mother = factories.person()
    child = factories.child(mother)
    factories.placement(child, date(2025, 8, 1), date(2026, 7, 31))
    factories.income(mother)
    refresh({mother.id}, by())
    for row in db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == mother.id)):
        row.status = FeeStatus.SENT
    db.session.flush()
    act.draft({mother.id}, JUNE, by())
    return child, by(factories.user("guardian", person=mother))


def asked(*options: tuple[date, date], kind: QuestionnaireKind = QuestionnaireKind.FIXED, **fields) -> Questionnaire:
    row = factories.save(Questionnaire(
        kind=kind, start=date(2026, 5, 1), end=date(2026, 6, 30), title_fi="Kesä", **fields))
    for first, last in options:
        factories.save(QuestionnaireOption(questionnaire_id=row.id, start=first, end=last))
    db.session.expire(row)
    return row


def bill() -> list[tuple[str, int]]:
    """Product and price of the rows of the one invoice of June."""
    db.session.expire_all()
    row = db.session.scalars(select(Invoice)).one_or_none()
    return [(one.product, one.price) for one in row.rows] if row else []


def test_an_answer_takes_the_free_days_off_the_draft_and_another_answer_puts_them_back(family):
    child, guardian = family
    assert bill() == [("care:daycare", 100_00)]
    row = asked((date(2026, 6, 8), date(2026, 6, 12)))
    assert holiday_period.answer(child, guardian, questionnaire=row, periods=[row.options[0].period]) == 5
    assert bill() == [("care:daycare", 100_00), ("daily_refund", -5 * 4_76)]  # 100 ÷ 21 a day
    holiday_period.answer(child, guardian, questionnaire=row, periods=[])
    assert bill() == [("care:daycare", 100_00)]


def test_own_days_that_are_too_few_cost_as_any_other_absence(family):
    child, guardian = family
    row = asked((date(2026, 6, 1), date(2026, 8, 31)), kind=QuestionnaireKind.OPEN, threshold_days=28)
    short = DateRange(date(2026, 6, 8), date(2026, 6, 14))
    assert holiday_period.answer(child, guardian, questionnaire=row, periods=[short]) == 5
    assert bill() == [("care:daycare", 100_00)]


def test_a_month_is_free_for_who_chose_a_whole_period_where_the_city_says_so(family):
    child, guardian = family
    row = asked((date(2026, 6, 8), date(2026, 7, 5)))
    chosen = row.options[0].period
    offered = {"month": JUNE.start, "options": [{"start": chosen.start, "end": chosen.last_day}]}
    with city.trying("invoices", "free_choice", [offered]):
        holiday_period.answer(child, guardian, questionnaire=row, periods=[chosen])
        assert bill() == []


def test_the_days_of_a_closure_are_charged_unless_the_city_says_otherwise(family, by):
    child, _ = family
    place = db.session.scalars(select(Placement).where(Placement.child_id == child.id)).one()
    factories.closure(place.unit, date(2026, 6, 1), date(2026, 6, 5), "Kesäsulku")
    head = {child.guardians[0].id}
    act.draft(head, JUNE, by())
    assert bill() == [("care:daycare", 100_00)]
    with city.trying("invoices", "closures_are_charged", False):
        act.draft(head, JUNE, by())
        assert sum(price for _, price in bill()) <= 100_00


def test_a_day_told_by_the_unit_afterwards_changes_the_draft(family, by):
    child, _ = family
    place = db.session.scalars(select(Placement).where(Placement.child_id == child.id)).one()
    director = by(factories.user("director", unit=place.unit), "2026-06-30")
    booking.enter(child, director, days={date(2026, 6, 8): Asked(Ask.AWAY, kind=AbsenceKind.FORCE_MAJEURE)})
    assert bill() == [("care:daycare", 100_00), ("daily_refund", -4_76)]
