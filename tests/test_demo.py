"""The invented city: the same whenever it is made, within every rule, and alive on its day."""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from evaka import city
from evaka.access import Actor
from evaka.actions import fee, invoice
from evaka.actions.placement import LIVING
from evaka.actions.user import fits
from evaka.demo import load, people
from evaka.demo.logins import GUARDIAN, KNOWN, PASSWORD
from evaka.kit import identity
from evaka.kit.dates import DateRange, age
from evaka.models.application import Application, waiting_for_place
from evaka.models.assistance import AssistanceAction, AssistanceFactor, DaycareAssistance, PreschoolAssistance
from evaka.models.backup_care import BackupCare
from evaka.models.base import HELSINKI, db
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.fee import FeeDecision, in_force
from evaka.models.invoice import Invoice
from evaka.models.journal import AuditEvent, Counter
from evaka.models.message import Receipt, ThreadMember
from evaka.models.person import Guardian, Person
from evaka.models.placement import Placement, PlacementPlan, ServiceNeedPeriod
from evaka.models.suggestion import Suggestion
from evaka.models.unit import Caretakers, Group, Unit
from evaka.models.user import User
from evaka.models.voucher import Payment, VoucherDecision, VoucherMonth
from evaka.rules.application import ON_THE_DESK, ApplicationStatus, overdue
from evaka.rules.assistance import Option
from evaka.rules.calendar import OpenDays
from evaka.rules.decision import DecisionStatus
from evaka.rules.fee import FeeStatus
from evaka.rules.invoice import InvoiceStatus
from evaka.rules.placement import ServiceNeed
from evaka.rules.suggestion import SuggestionStatus
from evaka.rules.unit import Group as GroupOfRules
from evaka.rules.unit import OccupancyKind, Place, Rows, Stay, occupancy
from evaka.rules.unit.rows import Need
from evaka.rules.voucher import MonthStatus, PaymentStatus

DAY = date(2026, 11, 24)
SATURDAY, LEAP = date(2026, 8, 1), date(2028, 2, 29)
BY = Actor(None, datetime(2026, 11, 24, 2, tzinfo=HELSINKI))


def made(folder: Path, day: date) -> Flask:
    """An application with nothing but a database, in which the city stands on a day."""
    app = Flask("demo")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{folder}/{day}.sqlite"
    db.init_app(app)
    with app.app_context():
        db.create_all()
        load("small", day, echo=lambda line: None)
        db.session.remove()
    return app


@pytest.fixture(scope="module")
def city_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    city.choose("harjula")
    app = made(tmp_path_factory.mktemp("demo"), DAY)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def harjula(city_app: Flask) -> Iterator[None]:
    """The small city on its day; what a test changes is taken back."""
    city.choose("harjula")
    with city_app.app_context():
        yield
        db.session.rollback()
        db.session.remove()


def digests() -> dict[str, str]:
    """What each table holds, as one number."""
    found = {}
    for table in db.metadata.sorted_tables:
        rows = db.session.execute(select(table).order_by(table.c.id)).all()
        found[table.name] = sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()
    return found


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_the_same_day_gives_the_same_rows_on_every_database_and_the_database_counts_on(database, app, city_app):
    load("small", DAY, echo=lambda line: None)
    here = digests()
    known = count(Person)
    db.session.add(fresh := Person(first_name="Uusi", last_name="Tulokas", born=date(2025, 1, 1)))
    db.session.flush()
    assert fresh.id == known + 1
    db.session.rollback()
    with city_app.app_context():
        assert digests() == here


def test_another_day_gives_another_city(harjula, tmp_path):
    here = digests()
    other = made(tmp_path, LEAP)
    with other.app_context():
        assert digests()["person"] != here["person"]
        assert db.session.scalar(select(func.max(Person.born))) > date(2027, 6, 1)
        assert len(db.session.scalars(waiting_for_place()).all()) > 25
        assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []
        db.session.remove()
        db.engine.dispose()


def test_it_may_stand_on_the_saturday_on_which_a_year_of_care_begins(tmp_path):
    city.choose("harjula")
    app = made(tmp_path, SATURDAY)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(in_force(SATURDAY).subquery())) > 200
        db.session.remove()
        db.engine.dispose()


def test_it_is_as_large_as_it_says(harjula):
    assert (count(Unit), count(Group)) == (12, 36)
    placed = set(db.session.scalars(select(Placement.child_id)))
    asking = set(db.session.scalars(select(Application.child_id)))
    assert len(placed | asking) == 599  # and one child of the guardian who may be logged in as
    guardians = db.session.scalar(select(func.count(Guardian.guardian_id.distinct())))
    assert 850 < guardians < 1000


def test_every_row_points_at_a_row_that_is_there(harjula):
    assert db.session.execute(text("PRAGMA foreign_key_check")).all() == []
    assert db.session.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_identity_codes_are_nobodys_and_tell_the_day_of_birth(harjula):
    codes = db.session.execute(select(Person.identity_code, Person.born)).all()
    told = [(code, born) for code, born in codes if code is not None]
    assert len(told) > 0.98 * len(codes)
    assert all(identity.is_test(code) and identity.born(code) == born for code, born in told)


def test_names_are_in_many_languages_and_found_by_searching(harjula):
    spoken = Tally(db.session.scalars(select(Person.language)))
    total = sum(spoken.values())
    assert 0.68 < spoken["fi"] / total < 0.82
    assert 0.03 < spoken["sv"] / total < 0.12
    assert {"ru", "et", "ar", "so", "en", "vi"} <= spoken.keys()
    assert 0.003 < db.session.scalar(select(func.count()).where(Person.restricted)) / total < 0.03
    assert db.session.scalar(select(func.count()).where((Person.search_key == "") | (Person.sort_key == ""))) == 0
    mails = db.session.scalars(select(Person.email).where(Person.email.is_not(None))).all()
    assert all(mail.endswith("@example.fi") for mail in mails)
    assert all(phone.startswith("040 555 ") for phone in db.session.scalars(
        select(Person.phone).where(Person.phone.is_not(None))))


def test_ages_are_like_life(harjula):
    """Few begin before their first birthday, and nearly all are in care from three on."""
    births = db.session.scalars(select(Person.born).join(Placement, Placement.child_id == Person.id)
                                .where(Placement.on(DAY))).all()
    years = Tally(age(born, DAY)[0] for born in births)
    assert years[0] < 0.03 * len(births)
    assert 0.2 < years[1] / years[4] < 0.8
    assert 0.5 < years[2] / years[4] < 1.2
    assert max(born.year for born in births) <= 2026
    assert min(born.year for born in births) == 2020  # in pre-primary education


def test_units_are_between_three_quarters_full_and_a_little_over(harjula):
    needs = defaultdict(list)
    for need in db.session.scalars(select(ServiceNeedPeriod)):
        needs[need.placement_id].append(Need(need.period, need.option, need.shift_care))
    stays = [
        Stay(place.child_id, born, place.unit_id, place.period, place.care_type, tuple(needs[place.id]))
        for place, born in db.session.execute(
            select(Placement, Person.born).join(Person, Person.id == Placement.child_id).where(Placement.on(DAY)))
    ]
    adults = defaultdict(list)
    for row in db.session.scalars(select(Caretakers)):
        adults[row.group_id].append((row.period, row.amount))
    places = [
        Place(unit.id, unit.period, tuple(
            GroupOfRules(group.id, group.period, tuple(adults[group.id])) for group in unit.groups),
            OpenDays(), unit.family_day_care)
        for unit in db.session.scalars(select(Unit))
    ]
    options = city.named("service_needs", ServiceNeed)
    found = occupancy(places, Rows(stays), OccupancyKind.CONFIRMED, DateRange(DAY, DAY), options)
    percentages = sorted(figures[DAY].percentage for figures in found.values())
    assert len(percentages) == 12
    assert percentages[0] >= 75
    assert percentages[-1] <= 103


def test_applications_are_in_every_state_and_some_press(harjula):
    applications = db.session.scalars(select(Application)).all()
    states = Tally(one.status for one in applications)
    assert set(states) == set(ApplicationStatus)
    assert 30 <= states[ApplicationStatus.WAITING_PLACEMENT] <= 55
    assert sum(1 for one in applications if overdue(one.status, one.due, DAY)) in range(2, 15)
    assert any(one.urgent and one.urgent_proof for one in applications if one.status in ON_THE_DESK)
    assert all([p.place for p in one.preferences] == list(range(1, len(one.preferences) + 1)) for one in applications)
    assert all(one.preferences for one in applications)


def test_plans_and_decisions_agree_with_the_state_of_their_application(harjula):
    plans, decisions = defaultdict(list), defaultdict(list)
    for plan in db.session.scalars(select(PlacementPlan)):
        plans[plan.application_id].append(plan.status)
    for decision in db.session.scalars(select(Decision)):
        decisions[decision.application_id].append(decision.status)
    expected = {
        ApplicationStatus.WAITING_DECISION: DecisionStatus.DRAFT,
        ApplicationStatus.WAITING_CONFIRMATION: DecisionStatus.DRAFT,
        ApplicationStatus.WAITING_MAILING: DecisionStatus.SENT,
        ApplicationStatus.WAITING_GUARDIAN: DecisionStatus.SENT,
        ApplicationStatus.ACTIVE: DecisionStatus.ACCEPTED,
        ApplicationStatus.REJECTED: DecisionStatus.REJECTED,
    }
    for one in db.session.scalars(select(Application)):
        wanted = expected.get(one.status)
        assert set(decisions[one.id]) == ({wanted} if wanted else set()), one.id
        living = [status for status in plans[one.id] if status in LIVING]
        assert len(living) == (wanted is DecisionStatus.DRAFT), one.id


@pytest.mark.parametrize(("name", "model"), [("decision", Decision), ("fee", FeeDecision), ("invoice", Invoice)])
def test_numbers_have_no_gaps_and_the_counter_stands_at_the_last(harjula, name, model):
    numbers = db.session.execute(
        select(model.number, model.sent_at).where(model.number.is_not(None)).order_by(model.number)).all()
    assert [number for number, _ in numbers] == list(range(1, len(numbers) + 1))
    assert db.session.scalar(select(Counter.last).where(Counter.name == name)) == len(numbers)
    assert all(sent is not None and sent.date() <= DAY for _, sent in numbers)


def test_children_of_private_units_have_vouchers_and_the_units_are_paid_month_by_month(harjula):
    vouchers = db.session.scalars(select(VoucherDecision).order_by(VoucherDecision.number)).all()
    given = [one for one in vouchers if one.number is not None]
    assert [one.number for one in given] == list(range(1, len(given) + 1))
    assert [one.decided_at for one in given] == sorted(one.decided_at for one in given)
    assert db.session.scalar(select(Counter.last).where(Counter.name == "voucher")) == len(given)
    assert {one.status for one in vouchers} == {FeeStatus.SENT, FeeStatus.WAITING, FeeStatus.DRAFT}
    months = db.session.scalars(select(VoucherMonth).order_by(VoucherMonth.start)).all()
    assert [one.status for one in months] == [MonthStatus.FROZEN] * (len(months) - 1) + [MonthStatus.OPEN]
    assert months[-1].start == DAY.replace(day=1)
    payments = db.session.scalars(select(Payment).order_by(Payment.start)).all()
    assert payments[-1].status is PaymentStatus.DRAFT
    assert all(one.number and one.iban for one in payments if one.status is PaymentStatus.SENT)
    assert sum(one.amount for one in payments) == sum(one.total or 0 for one in months)


def test_the_nightly_job_finds_nothing_to_mend(harjula):
    """Fees and invoices are what the program itself reckons."""
    drafted = set(db.session.execute(select(FeeDecision.head_id, FeeDecision.start).where(
        FeeDecision.status == FeeStatus.DRAFT)).tuples())
    heads = set(db.session.scalars(select(FeeDecision.head_id)))
    assert len(heads) > 300
    lines = count(AuditEvent)
    assert fee.refresh(heads, BY) == {}
    assert set(db.session.execute(select(FeeDecision.head_id, FeeDecision.start).where(
        FeeDecision.status == FeeStatus.DRAFT)).tuples()) == drafted
    before = count(Invoice)
    assert invoice.draft(heads, DateRange.month(2026, 10), BY) == {}
    assert count(Invoice) == before
    assert count(AuditEvent) == lines


def test_fees_are_like_life(harjula):
    fees = db.session.scalars(in_force(DAY)).all()
    free = sum(1 for one in fees if one.total == 0)
    highest = sum(1 for one in fees for line in one.fees.lines if line.price.final == one.fees.limits.highest_fee)
    assert 0.25 < free / len(fees) < 0.55
    assert highest > 20
    states = Tally(db.session.scalars(select(Invoice.status)))
    assert states[InvoiceStatus.SENT] > 500
    assert 1 <= states[InvoiceStatus.DRAFT] <= 30


def test_the_people_of_the_demo_can_log_in(harjula):
    assert len(people()) == len(KNOWN) == 13
    for one, line in zip(KNOWN, people(), strict=True):
        user = db.session.scalars(select(User).where(User.email == one.email)).one()
        assert fits(user, PASSWORD)
        assert not user.must_change_password
        assert {grant.role for grant in user.grants} == {one.role}
        assert one.email in line
        assert PASSWORD in line


def test_the_guardian_of_the_demo_has_something_to_do(harjula):
    user = db.session.scalars(select(User).where(User.email == GUARDIAN.email)).one()
    in_care, deciding, at_home = user.person.children
    waiting = db.session.scalars(select(Decision).where(Decision.child_id == deciding.id)).one()
    assert waiting.status is DecisionStatus.SENT
    assert waiting.answer_due >= DAY
    assert waiting.document.content.startswith(b"%PDF")
    place = db.session.scalars(select(Placement).where(Placement.child_id == in_care.id, Placement.on(DAY))).one()
    decided = db.session.scalars(in_force(DAY).where(FeeDecision.head_id == user.person_id)).one()
    assert 0 < decided.total < 33500
    sent = db.session.scalars(select(Invoice).where(Invoice.head_id == user.person_id)).all()
    assert sent
    assert {one.status for one in sent} == {InvoiceStatus.SENT}
    papers = Tally(db.session.scalars(select(Document.feature).where(Document.person_id == user.person_id)))
    assert papers["invoice"] == len(sent)
    assert papers["fee"] >= 1
    assert db.session.scalars(select(ThreadMember).where(ThreadMember.person_id == user.person_id)).first()
    assert db.session.scalars(select(Application).where(Application.child_id == at_home.id)).first() is None
    director = db.session.scalars(select(User).where(User.email == "johtaja@harjula.example")).one()
    assert director.grants[0].unit_id == place.unit_id == waiting.unit_id


def test_about_one_child_in_twelve_is_supported_within_the_windows_of_the_law(harjula):
    options = city.named("assistance", Option)
    placed = db.session.scalar(select(func.count()).where(Placement.on(DAY)))
    found = set()
    for model in (DaycareAssistance, PreschoolAssistance):
        for row in db.session.scalars(select(model)):
            assert options[row.level].valid & row.period == row.period
            found.add(row.child_id)
    assert 0.05 < len(found) / placed < 0.11
    assert 5 < count(AssistanceFactor) < len(found) / 2
    assert all(key in options for row in db.session.scalars(select(AssistanceAction)) for key in row.options)


def test_a_suggestion_for_those_who_wait_is_ready_to_be_looked_at(harjula):
    one = db.session.scalars(select(Suggestion)).one()
    assert one.status is SuggestionStatus.READY
    assert one.figures["children"] > 20
    assert one.figures["wishes"][0] > 0
    assert one.figures["blocking"] == 0


def test_somebody_has_not_read_a_letter_yet(harjula):
    unread = db.session.scalar(select(func.count()).where(Receipt.read_at.is_(None)))
    assert 0 < unread < count(Receipt) / 2


def test_the_journal_says_that_the_city_was_loaded(harjula):
    lines = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    line = lines[0]
    assert line.action == "demo.load"
    assert {one.action for one in lines[1:]} == {  # what finance finds to review, and what was handed over
        "income.add", "fee.draft", "income.begin_statement", "statement.save", "statement.attach", "statement.send",
        "statement.take", "ledger.hand_over", "ledger.pay", "claim.record", "claim.decide", "need_change.ask",
        "placement.terminate", "placement.guarantee", "suggestion.begin", "suggestion.reckon",
        # what families have told of their applications
        "application.begin", "application.save", "application.attach", "application.consent",
        "application.ask_supplement", "application.answer_supplement", "application.note", "application.remark",
    }
    assert line.facts["size"] == "small"
    assert line.facts["day"] == "2026-11-24"


def test_some_children_are_in_care_elsewhere_within_their_places(harjula):
    rows = db.session.scalars(select(BackupCare)).all()
    assert len(rows) >= 3
    for row in rows:
        places = db.session.scalars(select(Placement).where(Placement.child_id == row.child_id)).all()
        assert any(place.period & row.period == row.period and place.unit_id != row.unit_id for place in places)
        assert row.group is None or row.group.unit_id == row.unit_id
