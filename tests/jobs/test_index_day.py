"""An index day by its jobs: each family once, whoever is killed in the middle, and one family's trouble is its own."""

from __future__ import annotations

from collections import Counter as Counted
from datetime import date
from io import BytesIO
from itertools import count

import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from evaka.actions import index_day as act
from evaka.jobs import JOBS, index_day, run
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.models.invoice import Invoice
from evaka.models.journal import AuditEvent, Counter, Email, JobRun
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.rules.city import TableStatus
from evaka.rules.fee import FeeStatus
from evaka.rules.index_day import FamilyState, IndexDayStatus
from tests import factories
from tests.conftest import keep
from tests.jobs.families import START, killed, told_family

pytestmark = pytest.mark.usefixtures("database")
MANY = 40
AUGUST = "2026-08-05"


@pytest.fixture
def clerk(by):
    return by(factories.user("finance", name="Fiona Finanssi"))


def begun(clerk) -> IndexDay:
    day = act.begin(clerk, start=START, version=None)
    db.session.commit()
    return day


def work(job: str, by, day: str = "2026-06-01"):
    return run(JOBS[job], by(day=day))


def drafted(by, clerk, families: int = 3) -> tuple[IndexDay, list[int]]:
    heads = [told_family(by()).id for _ in range(families)]
    keep()
    day = begun(clerk)
    work("index_day.reckon", by)
    act.draft(day, clerk)
    db.session.commit()
    return day, heads


def states(day: IndexDay) -> dict[int, FamilyState]:
    db.session.expire_all()
    rows = sa.select(IndexDayFamily.head_id, IndexDayFamily.state).where(IndexDayFamily.index_day_id == day.id)
    return dict(db.session.execute(rows).tuples().all())


def fee_rows(*states: FeeStatus) -> list[FeeDecision]:
    db.session.expire_all()
    return list(db.session.scalars(
        sa.select(FeeDecision).where(FeeDecision.status.in_(states)).order_by(FeeDecision.number, FeeDecision.id)))


def test_the_preview_tells_what_changes_and_drafts_nothing(by, clerk):
    changed = told_family(by())
    leaves = told_family(by(), until=date(2026, 7, 31))
    keep()
    day = begun(clerk)
    outcome = work("index_day.reckon", by)
    assert (outcome.done, outcome.failed) == (2, {})
    assert states(day) == {changed.id: FamilyState.CHANGED, leaves.id: FamilyState.UNCHANGED}
    row = db.session.scalars(sa.select(IndexDayFamily).where(IndexDayFamily.head_id == changed.id)).one()
    assert (row.before, row.after, row.change) == (100_00, 75_00, -25_00)
    assert fee_rows(FeeStatus.DRAFT) == []


def test_a_stage_begins_when_the_one_before_is_done_and_only_one_day_is_open(by, clerk):
    told_family(by())
    keep()
    day = begun(clerk)
    with pytest.raises(Refused, match="not_done"):
        act.draft(day, clerk)
    db.session.rollback()
    with pytest.raises(Refused, match="another_open"):
        act.begin(clerk, start=START, version=None)
    db.session.rollback()
    work("index_day.reckon", by)
    act.draft(day, clerk)
    with pytest.raises(Refused, match="not_done"):
        act.approve(day, clerk)


@pytest.mark.parametrize("status", [TableStatus.DRAFT, TableStatus.PUBLISHED])
def test_a_table_that_does_not_hold_yet_is_previewed_and_drafts_wait_until_it_does(by, clerk, status):
    head = told_family(by())
    text = act.city.written("fees", "table").replace("smallest_fee = 32_00", "smallest_fee = 99_00")
    version = factories.city_table("fees", "table", text, status=status, start=date(2026, 6, 10))
    keep()
    day = act.begin(clerk, start=START, version=version)
    db.session.commit()
    work("index_day.reckon", by)
    row = db.session.scalars(sa.select(IndexDayFamily).where(IndexDayFamily.head_id == head.id)).one()
    assert row.after == 0  # 75 euros is less than the smallest fee of the draft
    with pytest.raises(Refused, match="not_published"):
        act.draft(day, clerk)


def test_approved_drafts_are_sent_with_numbers_letters_mail_and_lines(by, clerk):
    day, heads = drafted(by, clerk)
    assert work("index_day.reckon", by).done == 3
    assert set(states(day).values()) == {FamilyState.DRAFTED}
    act.approve(day, clerk)
    db.session.commit()
    outcome = work("index_day.send", by)
    assert (outcome.done, outcome.failed) == (3, {})
    sent = [one for one in fee_rows(FeeStatus.SENT) if one.start == START]
    assert [one.number for one in sent] == [1, 2, 3]
    assert {one.head_id for one in sent} == set(heads)
    assert {one.decided_by for one in sent} == {"Fiona Finanssi"}
    for one in sent:
        text = "".join(page.extract_text() for page in PdfReader(BytesIO(one.document.content)).pages)
        assert f"{one.number}" in text
        assert "75,00" in text
        assert one.document.person_id == one.head_id
    assert sorted(db.session.scalars(sa.select(Email.person_id))) == sorted(heads)
    lines = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "fee.send")).all()
    assert {(one.subject_id, one.person_id, one.user_id) for one in lines} == {
        (one.id, one.head_id, clerk.user.id) for one in sent
    }
    assert db.session.scalar(sa.select(Counter.last).where(Counter.name == "fee")) == 3
    assert work("index_day.send", by).done == 0
    assert db.session.scalar(sa.select(sa.func.count(Document.id))) == 3


def test_sending_ends_what_was_told_of_the_same_days(by, clerk):
    day, [head] = drafted(by, clerk, 1)
    earlier = fee_rows(FeeStatus.SENT)[0]
    earlier.end = date(2026, 12, 31)
    keep()
    work("index_day.reckon", by)
    act.approve(day, clerk)
    db.session.commit()
    work("index_day.send", by)
    first, second = sorted(fee_rows(FeeStatus.SENT), key=lambda one: one.start)
    assert (first.end, second.start, second.head_id) == (date(2026, 7, 31), START, head)


def test_one_familys_trouble_is_listed_tried_again_and_stops_no_other(by, clerk):
    day, [bad, *good] = drafted(by, clerk)
    place = db.session.scalars(sa.select(Placement).order_by(Placement.id)).first()
    need = db.session.scalars(sa.select(ServiceNeedPeriod).where(ServiceNeedPeriod.placement_id == place.id)).one()
    agreed, need.option = need.option, "gone"
    keep()
    outcome = work("index_day.reckon", by)
    assert (outcome.done, list(outcome.failed.values())) == (2, ["fee.unknown_need"])
    assert states(day) == {bad: FamilyState.EXCEPTION, **dict.fromkeys(good, FamilyState.DRAFTED)}
    need.option = agreed
    keep()
    act.retry(day, clerk)
    db.session.commit()
    work("index_day.reckon", by)
    assert set(states(day).values()) == {FamilyState.DRAFTED}


def test_who_has_an_earlier_draft_is_an_exception(by, clerk):
    day, [head] = drafted(by, clerk, 1)
    mother = told_family(by())
    sent = db.session.scalars(sa.select(FeeDecision).where(FeeDecision.head_id == mother.id)).one()
    sent.end = date(2026, 6, 30)
    factories.save(IndexDayFamily(index_day_id=day.id, head_id=mother.id, state=FamilyState.CHANGED, why=[]))
    keep()
    outcome = work("index_day.reckon", by)
    assert list(outcome.failed.values()) == ["index_day.earlier_draft"]
    assert states(day) == {head: FamilyState.DRAFTED, mother.id: FamilyState.EXCEPTION}
    row = db.session.scalars(sa.select(IndexDayFamily).where(IndexDayFamily.head_id == mother.id)).one()
    assert act.told_facts(row.trouble_facts) == {"start": date(2026, 7, 1)}


def test_a_number_taken_meanwhile_is_not_given_twice(by, clerk, monkeypatch):
    """Somebody else sends a decision after the letters were set and before they are saved."""
    day, _heads = drafted(by, clerk)
    work("index_day.reckon", by)
    act.approve(day, clerk)
    db.session.commit()
    factories.save(Counter(name="fee", last=4))
    keep()
    monkeypatch.setattr(index_day, "save", _moved_once(index_day.save))
    assert work("index_day.send", by).done == 3
    assert [one.number for one in fee_rows(FeeStatus.SENT) if one.start == START] == [6, 7, 8]


def _moved_once(real):
    turns = count()

    def save(plan, papers, actor):
        if next(turns) == 0:
            db.session.execute(sa.update(Counter).values(last=5))
            db.session.commit()
        real(plan, papers, actor)

    return save


def broken(head: int) -> None:
    """Facts of a decision that no rule can read: a fault of the program, not of the family."""
    for row in db.session.scalars(sa.select(FeeDecision).where(FeeDecision.head_id == head)):
        row.facts = row.facts | {"lines": [line | {"care_type": "unheard of"} for line in row.facts["lines"]]}
    keep()


@pytest.mark.parametrize("stage", ["preview", "letters"])
def test_a_fault_in_one_family_is_noted_with_it_and_the_others_go_on(by, clerk, stage):
    if stage == "preview":
        bad, *good = [told_family(by()).id for _ in range(3)]
        broken(bad)
        day, job, passed = begun(clerk), "index_day.reckon", FamilyState.CHANGED
    else:
        day, [bad, *good] = drafted(by, clerk)
        work("index_day.reckon", by)
        act.approve(day, clerk)
        broken(bad)
        job, passed = "index_day.send", FamilyState.SENT
    outcome = work(job, by)
    assert (outcome.done, list(outcome.failed.values())) == (2, ["index_day.fault"])
    assert states(day) == {bad: FamilyState.EXCEPTION, **dict.fromkeys(good, passed)}
    numbers = [one.number for one in fee_rows(FeeStatus.SENT) if one.number]
    assert numbers == ([1, 2] if stage == "letters" else [])
    assert work(job, by).done == 0


# -- killed in the middle -------------------------------------------------------------------------------


def test_a_killed_drafting_is_gone_on_with_and_nothing_is_doubled_or_lost(app, by, clerk):
    day, heads = drafted(by, clerk, MANY)

    def done() -> int:
        db.session.rollback()
        return len(fee_rows(FeeStatus.DRAFT))

    url, data = app.config["SQLALCHEMY_DATABASE_URI"], app.config["DATA"]
    assert 0 < killed(url, data, "index_day.reckon", "2026-06-01", done, 4) < MANY
    work("index_day.reckon", by)
    rows = fee_rows(FeeStatus.DRAFT)
    assert sorted(one.head_id for one in rows) == sorted(heads)
    assert {(one.start, one.total) for one in rows} == {(START, 75_00)}
    assert set(states(day).values()) == {FamilyState.DRAFTED}
    lines = db.session.scalars(sa.select(AuditEvent.person_id).where(AuditEvent.action == "fee.draft")).all()
    assert Counted(lines) == dict.fromkeys(heads, 3)  # two when the family was arranged, and this one


def test_a_killed_sending_is_gone_on_with_and_nothing_is_doubled_or_lost(app, by, clerk):
    day, heads = drafted(by, clerk, MANY)
    work("index_day.reckon", by)
    act.approve(day, clerk)
    db.session.commit()

    def done() -> int:
        db.session.rollback()
        return db.session.scalar(sa.select(sa.func.count(Document.id)))

    url, data = app.config["SQLALCHEMY_DATABASE_URI"], app.config["DATA"]
    assert 0 < killed(url, data, "index_day.send", "2026-06-01", done, 4) < MANY
    work("index_day.send", by)
    sent = [one for one in fee_rows(FeeStatus.SENT) if one.start == START]
    assert [one.number for one in sent] == list(range(1, MANY + 1))
    assert sorted(one.head_id for one in sent) == sorted(heads)
    assert len({one.document_id for one in sent}) == done() == MANY
    assert sorted(db.session.scalars(sa.select(Email.person_id))) == sorted(heads)
    assert set(states(day).values()) == {FamilyState.SENT}
    assert len(db.session.scalars(sa.select(AuditEvent.id).where(AuditEvent.action == "fee.send")).all()) == MANY


def test_a_killed_month_is_gone_on_with_and_nothing_is_doubled_or_lost(app, by):
    heads = [told_family(by()).id for _ in range(MANY)]
    keep()

    def done() -> int:
        db.session.rollback()
        return db.session.scalar(sa.select(sa.func.count(Invoice.id)))

    url, data = app.config["SQLALCHEMY_DATABASE_URI"], app.config["DATA"]
    assert 0 < killed(url, data, "invoice.draft_month", "2026-06-01", done, 4) < MANY
    work("invoice.draft_month", by)
    rows = db.session.scalars(sa.select(Invoice)).all()
    assert sorted(one.head_id for one in rows) == sorted(heads)
    assert {(one.start, one.total, len(one.rows)) for one in rows} == {(date(2026, 5, 1), 100_00, 1)}
    lines = db.session.scalars(sa.select(AuditEvent.subject_id).where(AuditEvent.action == "invoice.draft")).all()
    assert sorted(lines) == sorted(one.id for one in rows)
    work("invoice.draft_month", by)
    assert done() == MANY


def test_who_goes_on_wakes_the_job_once(by, clerk):
    day, _ = drafted(by, clerk, 1)
    act.retry(day, clerk)
    queued = db.session.scalars(sa.select(JobRun.job).where(JobRun.status == "queued")).all()
    assert queued == ["index_day.reckon"]
    assert day.status is IndexDayStatus.DRAFTING
