"""The month's invoices: drafted from fees in force and absences, sent once, replaced when the month changes.

The families here pay 100 euros a month.  May 2026 has 19 days of care: the first of May and Ascension Day
(14.5.) are holidays.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, time
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import event, func, select

from evaka import city
from evaka.actions import attendance, fee
from evaka.actions import invoice as act
from evaka.actions.fee.draft import refresh
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.kit.references import barcode, check_reference, grouped
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice, InvoiceRow
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.rules.attendance import AbsenceKind
from evaka.rules.calendar import is_business_day
from evaka.rules.fee import FeeStatus
from evaka.rules.invoice import InvoiceStatus, ReplacementReason
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.unit import Week
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
MAY = DateRange.month(2026, 5)
DAYS = [day for day in MAY.days() if is_business_day(day)]


@pytest.fixture
def finance():
    return factories.user("finance")


def charged(by: Any, start: date = date(2026, 1, 1), **place: Any) -> tuple[Person, Person]:
    """A mother with a fee decision of 100 euros in force, and her child."""
    mother = factories.person()
    child = factories.child(mother)
    factories.placement(child, start, date(2026, 7, 31), **place)
    factories.income(mother)
    refresh({mother.id}, by())
    for row in db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == mother.id)):
        row.status = FeeStatus.SENT
    db.session.flush()
    return mother, child


def invoices(head: Person) -> list[Invoice]:
    return list(db.session.scalars(select(Invoice).where(Invoice.head_id == head.id).order_by(Invoice.id)))


def shown(invoice: Invoice) -> list[tuple[str, int, int, int]]:
    return [(row.product, row.amount, row.unit_price, row.price) for row in invoice.rows]


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that is sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_a_full_month_is_one_row_of_the_whole_fee(by):
    mother, _ = charged(by)
    assert act.draft({mother.id}, MAY, by()) == {}
    keep()
    [invoice] = invoices(mother)
    assert shown(invoice) == [("care:daycare", 1, 100_00, 100_00)]
    assert (invoice.total, invoice.due, invoice.status) == (100_00, date(2026, 6, 30), InvoiceStatus.DRAFT)
    assert invoice.rows[0].steps[0]["key"] == "invoice.step.full_month"
    line = db.session.scalar(select(AuditEvent).where(AuditEvent.action == "invoice.draft"))
    assert (line.subject_id, line.person_id, line.facts["total"]) == (invoice.id, mother.id, 100_00)


def test_care_that_begins_within_the_month_is_charged_by_the_day(by):
    mother, _ = charged(by, start=date(2026, 5, 18))
    act.draft({mother.id}, MAY, by())
    # 100 / 19 = 5,26; ten days of care are left
    assert shown(invoices(mother)[0]) == [("care:daycare", 10, 5_26, 52_60)]


@pytest.mark.parametrize(
    ("shift_care", "days", "charged_days"),
    [
        (ShiftCare.NONE, range(1, 8), 2),  # Thursday and Friday
        (ShiftCare.FULL, range(1, 8), 4),  # and the weekend
        (ShiftCare.FULL, range(1, 6), 2),  # but on the unit's days only
        (ShiftCare.INTERMITTENT, range(1, 6), 4),  # or on any day
    ],
)
def test_who_has_shift_care_is_charged_weekends_too(by, shift_care, days, charged_days):
    around_the_clock = factories.unit(shift_opening=Week.of(time(0), time(23, 59), days))
    mother, child = charged(by, start=date(2026, 5, 28), unit=around_the_clock)
    [place] = db.session.scalars(select(Placement).where(Placement.child_id == child.id))
    place.needs[0].shift_care = shift_care
    act.draft({mother.id}, MAY, by())
    assert [row.amount for row in invoices(mother)[0].rows] == [charged_days]


@pytest.mark.parametrize(("came", "made"), [((), 0), ((date(2026, 6, 17),), 1)])
def test_a_month_is_free_for_who_stays_away_as_long_as_the_city_asks(by, came, made):
    """The weeks go on after the month, when the unit has another place for the child."""
    mother, child = charged(by)
    [place] = db.session.scalars(select(Placement).where(Placement.child_id == child.id))
    place.end = date(2026, 6, 30)
    factories.placement(child, date(2026, 7, 1), date(2026, 7, 31), unit=place.unit)
    weeks = DateRange(date(2026, 6, 15), date(2026, 7, 12))
    for day in weeks.days():
        if day not in came:
            factories.absence(child, day, kind=AbsenceKind.FREE)
    row = {"month": date(2026, 6, 1), "options": [{"start": weeks.start, "end": weeks.end}]}
    with city.trying("invoices", "free_choice", [row]):
        act.draft({mother.id}, DateRange.month(2026, 6), by())
    assert len(invoices(mother)) == made


@pytest.mark.parametrize(
    ("sick", "rows"),
    [
        (10, [("care:daycare", 1, 100_00, 100_00)]),
        (11, [("care:daycare", 1, 100_00, 100_00), ("sick_half", 1, -50_00, -50_00)]),
        (19, [("care:daycare", 1, 100_00, 100_00), ("sick_full_month", 1, -100_00, -100_00)]),
    ],
)
def test_days_of_illness_take_off_what_the_policy_says(by, sick, rows):
    mother, child = charged(by)
    for day in DAYS[:sick]:
        factories.absence(child, day)
    act.draft({mother.id}, MAY, by())
    assert shown(invoices(mother)[0]) == rows


def test_temporary_care_is_invoiced_without_a_fee_decision(by):
    mother = factories.person()
    child = factories.child(mother)
    factories.placement(child, date(2026, 5, 4), date(2026, 5, 6), care_type=CareType.TEMPORARY)
    act.draft({mother.id}, MAY, by())
    assert shown(invoices(mother)[0]) == [("care:temporary", 3, 28_00, 84_00)]


def test_drafting_twice_is_drafting_once(by):
    mother, _ = charged(by)
    act.draft({mother.id}, MAY, by())
    [before] = [invoice.id for invoice in invoices(mother)]
    lines = db.session.scalar(select(func.count()).select_from(AuditEvent))
    act.draft({mother.id}, MAY, by(day="2026-06-02"))
    assert [invoice.id for invoice in invoices(mother)] == [before]
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == lines


def test_an_absence_noted_later_changes_the_draft_at_once(by, finance):
    mother, child = charged(by)
    act.draft({mother.id}, MAY, by())
    attendance.absent(child, by(factories.user("admin")), first=DAYS[0], last=DAYS[10], kind=AbsenceKind.SICK)
    keep()
    assert [invoice.total for invoice in invoices(mother)] == [50_00]


def test_sending_gives_number_reference_and_a_bill_one_can_pay(by, finance):
    mother, child = charged(by)
    act.draft({mother.id}, MAY, by())
    [invoice] = invoices(mother)
    act.send(invoice, by(finance))
    keep()
    assert (invoice.number, invoice.status, invoice.due) == (1, InvoiceStatus.SENT, date(2026, 6, 30))
    assert check_reference(invoice.reference) == invoice.reference
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(invoice.document.content)).pages)
    together = "".join(text.split())
    assert "100,00€" in together
    assert grouped(invoice.reference) in text
    account = city.read("city")["bank"]["iban"]
    assert barcode(account, 100_00, invoice.reference, date(2026, 6, 30)) in together
    assert child.first_name in text
    assert db.session.scalars(select(Email.text)).all() == ["invoice_sent"]
    with pytest.raises(Refused, match=r"workflow.wrong_state"):
        act.send(invoice, by(finance))


def test_who_is_sent_an_invoice_late_has_the_policys_days_to_pay(by, finance):
    mother, _ = charged(by)
    act.draft({mother.id}, MAY, by())
    [invoice] = invoices(mother)
    act.send(invoice, by(finance, "2026-06-25"))
    assert invoice.due == date(2026, 7, 9)


def test_what_was_sent_is_not_drafted_again(by, finance):
    mother, child = charged(by)
    act.draft({mother.id}, MAY, by())
    act.send(invoices(mother)[0], by(finance))
    for day in DAYS:
        factories.absence(child, day)
    act.draft({mother.id}, MAY, by())
    assert [invoice.status for invoice in invoices(mother)] == [InvoiceStatus.SENT]


def test_a_month_that_turns_out_otherwise_is_replaced(by, finance):
    mother, child = charged(by)
    act.draft({mother.id}, MAY, by())
    [first] = invoices(mother)
    act.send(first, by(finance))
    with pytest.raises(Refused, match=r"invoice.nothing_changed"):
        act.correct(first, by(finance), reason=ReplacementReason.ABSENCE)
    for day in DAYS[:11]:
        factories.absence(child, day)
    with pytest.raises(Refused, match=r"invoice.reason_missing"):
        act.correct(first, by(finance), reason=ReplacementReason.OTHER)
    second = act.correct(first, by(finance), reason=ReplacementReason.ABSENCE)
    keep()
    assert (second.status, second.total, second.revision) == (InvoiceStatus.REPLACEMENT_DRAFT, 50_00, 1)
    assert first.status is InvoiceStatus.SENT
    act.send(second, by(finance))
    keep()
    assert (first.status, second.status, second.number) == (InvoiceStatus.REPLACED, InvoiceStatus.SENT, 2)
    assert second.reference != first.reference


def test_a_draft_is_reckoned_again_or_discarded_and_nothing_else_is(by, finance):
    mother, child = charged(by)
    act.draft({mother.id}, MAY, by())
    [draft] = invoices(mother)
    for day in DAYS[:11]:
        factories.absence(child, day)
    act.redraft(draft, by(finance))
    [draft] = invoices(mother)
    assert draft.total == 50_00
    act.discard(draft, by(finance))
    keep()
    assert invoices(mother) == []
    assert db.session.scalar(select(func.count()).select_from(InvoiceRow)) == 0
    act.draft({mother.id}, MAY, by())
    [draft] = invoices(mother)
    act.send(draft, by(finance))
    for verb in (act.redraft, act.discard):
        with pytest.raises(Refused, match=r"workflow.wrong_state"):
            verb(draft, by(finance))


def test_only_finance_sends_invoices(by):
    mother, _ = charged(by)
    act.draft({mother.id}, MAY, by())
    unit = db.session.scalar(select(factories.Placement)).unit
    for role, where in (("director", unit), ("service_worker", None), ("guardian", None)):
        with pytest.raises(Denied):
            act.send(invoices(mother)[0], by(factories.user(role, unit=where)))


def test_a_month_without_a_fee_table_is_said_for_each_family(by):
    mother, _ = charged(by)
    city.choose("base")
    troubles = act.draft({mother.id}, DateRange.month(2026, 8), by())
    assert troubles[mother.id].key == "fee.no_table"
    assert invoices(mother) == []


def test_many_families_take_no_more_questions_than_a_few(by):
    few = [charged(by)[0].id for _ in range(3)]
    many = [charged(by)[0].id for _ in range(30)]
    counts = []
    for heads in (few, many):
        keep()
        with statements() as sent:
            act.draft(heads, MAY, by())
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 16
    assert db.session.scalar(select(func.count()).select_from(Invoice)) == 33


def test_a_sent_fee_decision_and_its_invoice_agree(by, finance):
    mother = factories.person()
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31))
    factories.income(mother)
    refresh({mother.id}, by())
    [decision] = db.session.scalars(select(FeeDecision))
    fee.send(decision, by(finance))
    act.draft({mother.id}, MAY, by())
    assert invoices(mother)[0].total == decision.total == 100_00
