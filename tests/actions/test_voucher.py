"""Vouchers: drafted with the fees of the family, sent once, reported to units by the month, and paid.

Harjula's table from 1.8.2025: 950 euros from three years on, 1 500 under three.  The co-payment of a mother and one
child is (5 000 − 4 066) × 10,7 % = 99,94 → 100 euros until 31.7.2026, and from 1.8.2026 (5 000 − 4 300) × 10,7 % = 75.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy import func, select

from evaka import city
from evaka.actions import fee, invoice
from evaka.actions import voucher as act
from evaka.actions.fee import vouchers as drafting
from evaka.kit.dates import DAY, DateRange, Timeline
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.fee import FeeAlteration, FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import HeadOfChild, Person
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.models.voucher import Payment, UnitPayee, VoucherDecision, VoucherMonth, VoucherRow, in_force, of_child
from evaka.rules.fee import AlterationKind, FeeStatus
from evaka.rules.unit import Provider
from evaka.rules.voucher import MonthStatus, PaymentStatus, VoucherDifference
from tests import factories
from tests.conftest import keep, statements

pytestmark = pytest.mark.usefixtures("database")
START, SUMMER = date(2026, 1, 1), date(2026, 7, 31)
MARCH, APRIL, MAY = (DateRange.month(2026, month) for month in (3, 4, 5))


@pytest.fixture
def finance():
    return factories.user("finance")


def family(unit: Unit | None = None, born: date = date(2022, 5, 1), **place: Any) -> tuple[Person, Person]:
    """A mother and her child of three, who is in a private unit for full days in the first half of 2026."""
    mother = factories.person()
    child = factories.child(mother, born=born)
    factories.placement(child, START, SUMMER, unit=unit or factories.voucher_unit(), **place)
    factories.income(mother)
    return mother, child


def decisions(child: Person, *states: FeeStatus) -> list[VoucherDecision]:
    return list(db.session.scalars(of_child(child.id, *(states or tuple(FeeStatus))).order_by(VoucherDecision.id)))


def told(child: Person) -> list[tuple[str, int, int, str]]:
    """Period, value, co-payment in euros, and state."""
    return [
        (str(one.period), one.value // 100, one.final_co_payment // 100, one.status.value) for one in decisions(child)
    ]


def sent(by, unit: Unit | None = None, day: str = "2026-01-20", **more: Any) -> tuple[Person, VoucherDecision]:
    """A child whose voucher was decided in January."""
    mother, child = family(unit, **more)
    fee.refresh({mother.id}, by())
    [draft] = decisions(child)
    act.send(draft, by(None, day))
    return child, draft


def place_of(child: Person) -> Placement:
    return db.session.scalars(select(Placement).where(Placement.child_id == child.id)).one()


def ends(child: Person, day: date) -> None:
    """The child leaves the unit earlier than was thought."""
    place = place_of(child)
    place.end = place.needs[0].end = day
    db.session.flush()


# -- drafting ---------------------------------------------------------------------------------------


def test_a_child_in_a_private_unit_gets_a_voucher_and_the_family_no_fee(by):
    mother, child = family()
    assert fee.refresh({mother.id}, by()) == {}
    assert told(child) == [("1.1.2026–31.7.2026", 950, 100, "draft")]
    [draft] = decisions(child)
    assert (draft.head_id, draft.partner_id, draft.family_size) == (mother.id, None, 2)
    assert (draft.unit_id, draft.to_unit, draft.co_payment) == (place_of(child).unit_id, 850_00, 100_00)
    assert draft.voucher.steps[-1].arithmetic.replace("\u00a0", " ") == "950,00 € − 100,00 € = 850,00 €"
    assert db.session.scalars(select(FeeDecision)).all() == []


def test_the_value_falls_when_a_third_birthday_counts_and_the_co_payment_follows_the_fee_table(by):
    mother = factories.person()
    child = factories.child(mother, born=date(2023, 3, 14))
    factories.placement(child, START, date(2027, 7, 31), unit=factories.voucher_unit())
    factories.income(mother)
    fee.refresh({mother.id}, by())
    assert told(child) == [
        ("1.1.2026–31.3.2026", 1500, 100, "draft"),
        ("1.4.2026–31.7.2026", 950, 100, "draft"),
        ("1.8.2026–31.7.2027", 950, 75, "draft"),
    ]
    assert decisions(child)[1].changed == [VoucherDifference.BASE_VALUE, VoucherDifference.VOUCHER_VALUE]


def test_a_sibling_in_a_municipal_unit_pays_a_fee_and_each_counts_in_the_others_reckoning(by):
    mother, child = family()
    older = factories.child(mother, born=date(2020, 9, 9))
    factories.placement(older, START, SUMMER)
    father = factories.person()
    factories.partner(mother, father)
    factories.income(father, 3000_00)
    fee.refresh({mother.id}, by())
    # four persons: (8 000 − 5 956) × 10,7 % = 218,71 → 219; the older child pays 40 % of it, 87,60 → 88
    assert told(child) == [("1.1.2026–31.7.2026", 950, 219, "draft")]
    [decision] = db.session.scalars(select(FeeDecision))
    assert [line.child for line in decision.fees.lines] == [older.id]
    assert (decision.total, decision.family_size, decisions(child)[0].family_size) == (88_00, 4, 4)


def test_drafting_twice_is_drafting_once(by):
    mother, child = family()
    fee.refresh({mother.id}, by())
    before = [(one.id, one.version) for one in decisions(child)]
    fee.refresh({mother.id}, by(day="2026-06-02"))
    assert [(one.id, one.version) for one in decisions(child)] == before
    assert db.session.scalars(select(AuditEvent.action)).all() == ["voucher.draft"]


def test_a_draft_that_would_be_otherwise_is_replaced_and_the_journal_says_so(by):
    mother, child = family()
    fee.refresh({mother.id}, by())
    fee.relief(child, by(), start=START, percent=50)
    assert told(child) == [("1.1.2026–31.7.2026", 950, 50, "draft")]
    assert decisions(child)[0].co_payment == 100_00
    actions = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions == ["voucher.draft", "voucher.drop", "voucher.draft", "fee.relief"]


def test_the_snapshot_gives_back_what_was_reckoned(by):
    mother, child = family()
    factories.save(
        FeeAlteration(child_id=child.id, kind=AlterationKind.RELIEF, amount=10_00, absolute=True, start=START)
    )
    fee.refresh({mother.id}, by())
    [draft] = decisions(child)
    voucher = draft.voucher
    assert (voucher.worth, voucher.co_payment, voucher.final_co_payment) == (950_00, 100_00, 90_00)
    assert voucher.value.steps[0].law == "Harjulan kaupunginhallitus 16.6.2025, 112 §"
    assert draft.decided.voucher == voucher


def test_a_need_of_support_raises_the_value(by, monkeypatch):
    mother, child = family()
    monkeypatch.setattr(
        drafting, "support_of", lambda children: {child.id: Timeline([(DateRange(APRIL.start), Decimal("1.5"))])}
    )
    fee.refresh({mother.id}, by())
    assert told(child) == [
        ("1.1.2026–31.3.2026", 950, 100, "draft"),
        ("1.4.2026–31.7.2026", 1425, 100, "draft"),
    ]


def test_a_child_who_moves_to_the_other_parent_is_decided_for_the_other_household(by, finance):
    child, first = sent(by)
    father = factories.person()
    lives = db.session.scalar(select(HeadOfChild).where(HeadOfChild.child_id == child.id))
    lives.end = MARCH.end
    db.session.flush()
    factories.save(HeadOfChild(child_id=child.id, head_id=father.id, start=APRIL.start, end=None))
    fee.refresh({first.head_id}, by())  # from one of the households: the child's whole story is looked at
    assert told(child) == [
        ("1.1.2026–31.7.2026", 950, 100, "sent"),
        ("1.4.2026–31.7.2026", 950, 311, "draft"),  # no income shown: the highest
    ]
    second = decisions(child, FeeStatus.DRAFT)[0]
    assert second.head_id == father.id
    assert VoucherDifference.GUARDIANS in second.changed
    act.send(second, by(finance))
    assert [one[0] for one in told(child)] == ["1.1.2026–31.3.2026", "1.4.2026–31.7.2026"]


def test_where_a_table_is_missing_nothing_is_drafted_and_the_reason_is_told(by):
    mother, child = family()
    city.choose("base")  # has no values: they are each city's own
    assert fee.refresh({mother.id}, by())[mother.id].key == "voucher.no_table"
    assert told(child) == []


def test_where_the_fee_table_ends_the_days_before_are_decided_and_what_was_sent_stands(by):
    mother = factories.person()
    child = factories.child(mother)
    factories.placement(child, START, date(2027, 7, 31), unit=factories.voucher_unit())
    other = factories.child(mother, born=date(2021, 1, 1))
    factories.placement(other, date(2026, 9, 1), date(2027, 7, 31), unit=factories.voucher_unit())
    factories.income(mother)
    fee.refresh({mother.id}, by())
    act.send(decisions(other)[0], by())
    city.choose("base")  # its fee tables end on 31.7.2026, and it has no voucher values
    assert fee.refresh({mother.id}, by())[mother.id].key == "voucher.no_table"
    assert len(decisions(child, FeeStatus.DRAFT)) == 0
    assert [one[3] for one in told(other)] == ["sent"]


def test_what_cannot_be_reckoned_leaves_the_drafts_as_they_are(by):
    mother, child = family()
    fee.refresh({mother.id}, by())
    place_of(child).needs[0].option = "preschool_daycare_only_gone"
    db.session.flush()
    assert fee.refresh({mother.id}, by())[mother.id].key == "fee.unknown_need"
    assert told(child) == [("1.1.2026–31.7.2026", 950, 100, "draft")]


def test_a_need_without_a_share_is_told_and_stops_no_other_child(by, monkeypatch):
    monkeypatch.setattr(drafting, "coefficients", lambda: {"full_day": Decimal(1)})
    mother, _ = family(service_need="part_day")
    _, other = family()
    heads = {mother.id, decisions_head(other)}
    assert {id: no.key for id, no in fee.refresh(heads, by()).items()} == {mother.id: "voucher.no_coefficient"}
    assert told(other) == [("1.1.2026–31.7.2026", 950, 100, "draft")]


def decisions_head(child: Person) -> int:
    return db.session.scalars(select(HeadOfChild.head_id).where(HeadOfChild.child_id == child.id)).one()


def test_the_trouble_of_another_household_is_told_to_the_one_that_asks(by):
    mother, child = family()
    father = factories.person()
    other = factories.child(father)
    factories.placement(other, START, SUMMER, service_need="no_longer_known")
    factories.save(HeadOfChild(child_id=child.id, head_id=father.id, start=date(2020, 1, 1), end=date(2020, 2, 1)))
    assert fee.refresh({mother.id}, by())[mother.id].key == "fee.unknown_need"
    assert told(child) == []


def test_many_families_take_no_more_questions_than_a_few(by):
    unit = factories.voucher_unit()
    few = [family(unit)[0].id for _ in range(3)]
    many = [family(unit)[0].id for _ in range(30)]
    counts = []
    for heads in (few, many):
        keep()
        with statements() as asked:
            fee.refresh(heads, by())
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 17
    assert db.session.scalar(select(func.count()).select_from(VoucherDecision)) == 33


# -- sending ----------------------------------------------------------------------------------------


def test_sending_numbers_prints_and_tells_the_family(by, finance):
    mother, child = family()
    fee.refresh({mother.id}, by())
    [draft] = decisions(child)
    act.send(draft, by(finance))
    keep()
    assert (draft.number, draft.status, draft.decided_by) == (1, FeeStatus.SENT, finance.name)
    assert draft.decided_at == draft.sent_at == by().now
    text = PdfReader(BytesIO(draft.document.content)).pages[0].extract_text().replace("\u00a0", " ")
    assert "Päätös palvelusetelin arvosta" in text
    assert "950,00 €" in text
    assert child.first_name in text
    assert (draft.document.person_id, draft.document.feature) == (mother.id, "voucher")
    assert db.session.scalars(select(Email.text)).all() == ["voucher_sent"]
    assert fee.refresh({mother.id}, by()) == {}
    assert told(child) == [("1.1.2026–31.7.2026", 950, 100, "sent")]
    assert db.session.scalars(in_force(MAY.start)).all() == [draft]


def test_the_letter_is_in_the_language_of_the_head_and_names_everybody_whose_income_counts(by, finance):
    mother, child = family()
    father = factories.person()
    factories.partner(mother, father)
    factories.income(father, 3000_00)
    factories.income(child, 100_00)
    mother.language = "sv"
    fee.relief(child, by(), start=START, percent=10)
    act.send(decisions(child)[0], by(finance))
    paper = decisions(child)[0].document
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(paper.content)).pages).replace("\u00a0", " ")
    assert paper.language == "sv"
    for word in ("servicesedelns värde", father.last_name, "100,00 €", "Nedsättning", "(1048/2025)"):
        assert word in text


def test_a_later_decision_ends_the_earlier_one_and_one_on_the_same_days_annuls_it(by, finance):
    child, first = sent(by)
    fee.relief(child, by(finance), start=APRIL.start, percent=50)
    act.send(decisions(child, FeeStatus.DRAFT)[0], by(finance))
    assert told(child) == [("1.1.2026–31.3.2026", 950, 100, "sent"), ("1.4.2026–31.7.2026", 950, 50, "sent")]
    assert first.changed_at == by().now
    fee.relief(child, by(finance), start=APRIL.start, amount=20_00)
    act.send(decisions(child, FeeStatus.DRAFT)[0], by(finance))
    keep()
    assert [(one[2], one[3]) for one in told(child)] == [(100, "sent"), (50, "annulled"), (30, "sent")]


def test_when_care_ends_sending_ends_the_earlier_decision_and_tells_nothing_new(by, finance):
    child, _ = sent(by)
    ends(child, MARCH.end)
    fee.refresh({decisions_head(child)}, by())
    assert told(child)[1] == ("1.4.2026–31.7.2026", 0, 0, "draft")
    assert decisions(child)[1].unit_id is None
    act.send(decisions(child, FeeStatus.DRAFT)[0], by(finance))
    keep()
    assert told(child) == [("1.1.2026–31.3.2026", 950, 100, "sent")]


def test_what_waits_for_the_post_is_in_force_and_holds_back_the_next(by, finance):
    mother, child = family()
    fee.refresh({mother.id}, by())
    [first] = decisions(child)
    act.post(first, by(finance))
    assert (first.status, first.number, first.sent_at, first.decided_at) == (FeeStatus.WAITING, 1, None, by().now)
    fee.relief(child, by(finance), start=APRIL.start, percent=50)
    keep()
    second = decisions(child, FeeStatus.DRAFT)[0]
    with pytest.raises(Refused, match=r"voucher.still_waiting"):
        act.send(second, by(finance))
    db.session.rollback()
    act.send(first, by(finance))
    assert db.session.scalars(select(Email.text)).all() == []  # it is on paper
    act.send(second, by(finance))
    assert [one[3] for one in told(child)] == ["sent", "sent"]


def test_what_the_office_ignores_is_not_drafted_again_until_it_is_restored(by, finance):
    mother, child = family()
    fee.refresh({mother.id}, by())
    [draft] = decisions(child)
    act.ignore(draft, by(finance))
    fee.refresh({mother.id}, by())
    assert [one[3] for one in told(child)] == ["ignored"]
    act.restore(draft, by(finance))
    assert [one[3] for one in told(child)] == ["draft"]


def test_an_annulled_decision_is_drafted_anew(by, finance):
    child, first = sent(by)
    act.annul(first, by(finance))
    keep()
    assert [one[3] for one in told(child)] == ["annulled", "draft"]
    assert first.changed_at == by().now


def test_a_director_sends_no_vouchers(by):
    mother, child = family()
    fee.refresh({mother.id}, by())
    director = factories.user("director", unit=place_of(child).unit)
    with pytest.raises(Denied):
        act.send(decisions(child)[0], by(director))


def test_a_child_who_moves_to_a_private_unit_is_not_charged_twice(by, finance):
    """The fee decision is not ended yet when the month is invoiced: the invoice charges city care only."""
    mother = factories.person()
    child = factories.child(mother)
    factories.placement(child, START, MARCH.end)
    factories.income(mother)
    fee.refresh({mother.id}, by())
    factories.placement(child, APRIL.start, SUMMER, unit=factories.voucher_unit())
    for decision in db.session.scalars(select(FeeDecision)):
        fee.send(decision, by(finance))
    fee.refresh({mother.id}, by())
    assert [(str(one.period), one.total) for one in db.session.scalars(select(FeeDecision))] == [
        ("1.1.2026–31.3.2026", 100_00)
    ]
    assert told(child) == [("1.4.2026–31.7.2026", 950, 100, "draft")]
    act.send(decisions(child)[0], by(finance))
    for month in (MARCH, APRIL):
        invoice.draft({mother.id}, month, by())
    assert [(one.start, one.total) for one in db.session.scalars(select(Invoice))] == [(MARCH.start, 100_00)]


# -- the month's report -----------------------------------------------------------------------------


def frozen(by, month: DateRange, day: str) -> VoucherMonth:
    found = act.month_of(month, by(None, day))
    act.freeze(found, by(None, day))
    return found


def rows_of(month: VoucherMonth) -> list[tuple[str, str, int]]:
    rows = db.session.scalars(select(VoucherRow).where(VoucherRow.month_id == month.id).order_by(VoucherRow.id))
    return [(row.kind.value, str(row.period), row.amount) for row in rows]


def payments_of(month: DateRange) -> list[tuple[int, int, str]]:
    rows = db.session.scalars(select(Payment).where(Payment.start == month.start).order_by(Payment.unit_id))
    return [(row.unit_id, row.amount, row.status.value) for row in rows]


def test_a_month_is_reckoned_while_it_is_open_and_stays_once_it_is_frozen(by):
    child, _ = sent(by)
    month = act.month_of(MARCH, by())
    assert act.month_of(MARCH, by()) is month
    live = act.reckoned(month)
    assert [(row.kind.value, row.amount) for row in live] == [
        ("correction", 850_00), ("correction", 850_00), ("original", 850_00),  # nothing was frozen before
    ]  # fmt: skip
    act.freeze(month, by(None, "2026-03-25"))
    keep()
    assert (month.status, month.total, month.frozen_at) == (MonthStatus.FROZEN, 2550_00, by(None, "2026-03-25").now)
    assert [row.amount for row in act.reckoned(month)] == [850_00] * 3
    assert act.reckoned(month, units=[]) == []
    assert payments_of(MARCH) == [(place_of(child).unit_id, 2550_00, "draft")]
    with pytest.raises(Refused, match="workflow.wrong_state"):
        act.freeze(month, by())


def test_what_changes_afterwards_comes_into_the_next_month_as_pairs(by):
    child, _ = sent(by)
    first = frozen(by, MARCH, "2026-03-25")
    fee.relief(child, by(None, "2026-04-02"), start=MARCH.start, amount=50_00)
    act.send(decisions(child, FeeStatus.DRAFT)[0], by(None, "2026-04-02"))
    second = frozen(by, APRIL, "2026-04-25")
    assert rows_of(first)[-1] == ("original", "1.3.2026–31.3.2026", 850_00)
    assert rows_of(second) == [
        ("refund", "1.3.2026–31.3.2026", -850_00),
        ("correction", "1.3.2026–31.3.2026", 900_00),
        ("original", "1.4.2026–30.4.2026", 900_00),
    ]
    assert payments_of(APRIL) == [(place_of(child).unit_id, 950_00, "draft")]
    third = frozen(by, MAY, "2026-05-25")
    assert rows_of(third) == [("original", "1.5.2026–31.5.2026", 900_00)]  # nothing is corrected twice


def test_an_annulled_voucher_is_taken_back(by):
    child, decision = sent(by)
    frozen(by, MARCH, "2026-03-25")
    act.annul(decision, by(None, "2026-04-02"))
    month = frozen(by, APRIL, "2026-04-25")
    assert rows_of(month) == [
        ("refund", "1.1.2026–31.1.2026", -850_00),
        ("refund", "1.2.2026–28.2.2026", -850_00),
        ("refund", "1.3.2026–31.3.2026", -850_00),
    ]
    assert payments_of(APRIL) == [(place_of(child).unit_id, -2550_00, "draft")]


def test_months_are_frozen_one_after_the_other(by):
    sent(by)
    frozen(by, APRIL, "2026-04-25")
    with pytest.raises(Refused, match=r"voucher_report.later_is_frozen"):
        frozen(by, MARCH, "2026-04-26")
    db.session.rollback()


def test_a_month_waits_for_the_one_before(by):
    sent(by)
    frozen(by, MARCH, "2026-03-25")
    with pytest.raises(Refused, match=r"voucher_report.earlier_is_open"):
        frozen(by, MAY, "2026-05-25")
    db.session.rollback()


def test_a_report_asks_no_more_of_many_children_than_of_a_few(by):
    unit = factories.voucher_unit()
    for _ in range(2):
        sent(by, unit)
    month = act.month_of(MARCH, by())
    keep()
    with statements() as few:
        act.reckoned(month)
    for _ in range(10):
        sent(by, unit)
    keep()
    with statements() as many:
        assert len(act.reckoned(month)) == 36
    assert len(few) == len(many)


# -- payments ---------------------------------------------------------------------------------------


def payee(unit: Unit, **more: str) -> UnitPayee:
    facts = {"name": "Oy Onni Ab", "business_id": "1234567-1", "iban": "FI2112345600000785", "provider_id": "900"}
    return factories.save(UnitPayee(unit=unit, **(facts | more)))


def test_a_payment_is_confirmed_numbered_and_keeps_to_whom_it_went(by, finance):
    child, _ = sent(by)
    frozen(by, MARCH, "2026-03-25")
    payment = db.session.scalars(select(Payment)).one()
    known = payee(place_of(child).unit)
    act.confirm_payment(payment, by(finance))
    act.revert_payment(payment, by(finance))
    act.confirm_payment(payment, by(finance))
    act.send_payment(payment, by(finance), paid_on=date(2026, 6, 5), due=date(2026, 6, 15))
    assert (payment.status, payment.number, payment.sent_at) == (PaymentStatus.SENT, 1, by().now)
    known.iban = "FI7899991000000024"
    assert (payment.payee_name, payment.iban) == ("Oy Onni Ab", "FI2112345600000785")
    assert (payment.paid_on, payment.due) == (date(2026, 6, 5), date(2026, 6, 15))


def test_money_is_sent_to_nobody_of_whom_something_is_missing(by, finance):
    child, _ = sent(by)
    frozen(by, MARCH, "2026-03-25")
    payment = db.session.scalars(select(Payment)).one()
    act.confirm_payment(payment, by(finance))
    with pytest.raises(Refused, match=r"payment.payee_incomplete"):
        act.send_payment(payment, by(finance), paid_on=date(2026, 6, 5), due=date(2026, 6, 15))
    payment.status = PaymentStatus.CONFIRMED
    known = payee(place_of(child).unit, iban="")
    with pytest.raises(Refused, match=r"payment.payee_incomplete"):
        act.send_payment(payment, by(finance), paid_on=date(2026, 6, 5), due=date(2026, 6, 15))
    known.iban, payment.status = "FI2112345600000785", PaymentStatus.CONFIRMED
    with pytest.raises(Refused, match=r"payment.due_before_paid"):
        act.send_payment(payment, by(finance), paid_on=date(2026, 6, 5), due=date(2026, 6, 4))


def test_drafting_payments_twice_is_drafting_once_and_leaves_confirmed_ones(by, finance):
    unit, other = factories.voucher_unit(), factories.voucher_unit()
    sent(by, unit)
    sent(by, other)
    frozen(by, MARCH, "2026-03-25")
    before = [(one.id, one.version) for one in db.session.scalars(select(Payment).order_by(Payment.id))]
    act.draft_payments(by())
    assert [(one.id, one.version) for one in db.session.scalars(select(Payment).order_by(Payment.id))] == before
    first, second = db.session.scalars(select(Payment).order_by(Payment.unit_id)).all()
    act.confirm_payment(first, by(finance))
    second.amount = 1
    db.session.flush()
    db.session.expire_all()
    act.draft_payments(by())
    assert payments_of(MARCH) == [(unit.id, 2550_00, "confirmed"), (other.id, 2550_00, "draft")]


def test_without_a_frozen_month_there_is_nothing_to_pay(by):
    with pytest.raises(Refused, match=r"voucher.no_frozen_month"):
        act.draft_payments(by())


def test_without_a_series_no_payment_is_sent(by, finance, monkeypatch):
    child, _ = sent(by)
    frozen(by, MARCH, "2026-03-25")
    payment = db.session.scalars(select(Payment)).one()
    payee(place_of(child).unit)
    act.confirm_payment(payment, by(finance))
    city.choose("nokia")
    with pytest.raises(Refused, match=r"voucher.no_payment_series"):
        act.send_payment(payment, by(None), paid_on=date(2026, 6, 5), due=date(2026, 6, 15))


# -- whatever the family's story is -----------------------------------------------------------------

NEEDS = ["full_day", "from_25_to_35_hours", "at_most_25_hours"]
stories = st.fixed_dictionaries(
    {
        "born": st.dates(date(2021, 1, 1), date(2025, 6, 30)),
        "parts": st.lists(
            st.tuples(st.integers(20, 200), st.booleans(), st.sampled_from(NEEDS)), min_size=1, max_size=4
        ),
        "incomes": st.lists(st.tuples(st.integers(20, 250), st.integers(0, 9000)), max_size=3),
        "relief": st.none() | st.tuples(st.integers(0, 400), st.integers(1, 100)),
    }
)


@given(story=stories)
@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_of_any_story_the_decisions_cover_exactly_the_days_in_private_units(by, story):
    """And the city's part and the family's make up the value, and telling it all leaves nothing to tell."""
    mother = factories.person()
    child = factories.child(mother, born=story["born"])
    units = {True: factories.voucher_unit(), False: factories.unit()}
    start, private = date(2025, 9, 1), []
    for days, voucher, need in story["parts"]:
        end = date.fromordinal(start.toordinal() + days - 1)
        factories.placement(child, start, end, unit=units[voucher], service_need=need)
        private += [DateRange(start, end)] if voucher else []
        start = end + DAY
    start = date(2025, 8, 1)
    for days, euros_a_month in story["incomes"]:
        end = date.fromordinal(start.toordinal() + days - 1)
        factories.income(mother, euros_a_month * 100, start=start, end=end)
        start = end + DAY
    if story["relief"]:
        after, percent = story["relief"]
        begins = date.fromordinal(date(2025, 9, 1).toordinal() + after)
        factories.save(FeeAlteration(
            child_id=child.id, kind=AlterationKind.RELIEF, amount=percent, absolute=False, start=begins))

    assert fee.refresh({mother.id}, by()) == {}
    first = [(one.id, one.version) for one in decisions(child)]
    assert fee.refresh({mother.id}, by()) == {}
    assert [(one.id, one.version) for one in decisions(child)] == first

    covered: list[date] = []
    for one in decisions(child):
        assert one.value == one.final_co_payment + one.to_unit
        assert 0 <= one.final_co_payment <= one.co_payment <= one.value
        assert one.value == one.voucher.worth
        covered += one.period.days()
    assert sorted(covered) == [day for period in private for day in period.days()]

    for draft in db.session.scalars(select(VoucherDecision).where(VoucherDecision.child_id == child.id)):
        act.send(draft, by())
    for decision in db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == mother.id)):
        fee.send(decision, by())
    assert fee.refresh({mother.id}, by()) == {}
    assert decisions(child, FeeStatus.DRAFT) == []
    for decision in db.session.scalars(select(FeeDecision).where(FeeDecision.head_id == mother.id)):
        assert not any(decision.period & period for period in private)  # nobody is charged for the same day twice


def test_units_and_needs_of_the_factory_are_what_they_say():
    assert factories.voucher_unit().provider is Provider.PRIVATE_SERVICE_VOUCHER
    assert db.session.scalars(select(ServiceNeedPeriod)).all() == []
