"""What has been kept long enough is shown, and removed only by the job: batch by batch, twice is once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from evaka import city
from evaka.actions import user as credentials
from evaka.actions.document import keep as keep_paper
from evaka.actions.person import retention as act
from evaka.jobs import schedules
from evaka.jobs.job import run
from evaka.jobs.person import RETENTION
from evaka.kit.dates import DateRange
from evaka.models.application import Application, Preference
from evaka.models.attendance import Absence
from evaka.models.base import HELSINKI, Model, db
from evaka.models.decision import Decision
from evaka.models.document import Document
from evaka.models.income import Income
from evaka.models.invoice import Invoice, InvoiceRow
from evaka.models.journal import AuditEvent, Email, JobRun
from evaka.models.message import Message, Post, PostFile, Receipt, Thread, ThreadChild, ThreadMember
from evaka.models.person import Guardian, HeadOfChild, Person
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.user import LoginProof, User
from evaka.rules.application import ApplicationStatus
from tests import factories
from tests.conftest import NOON, keep

pytestmark = pytest.mark.usefixtures("database")
ENDED = date(2020, 7, 31)  # the last day of care of `child_of`


def child_of(mother: Person | None = None, end: date | None = ENDED, **fields: Any) -> Person:
    child = factories.child(mother, born=date(2014, 5, 1), **fields)
    factories.placement(child, date(2015, 8, 1), end)
    return child


def counts(*models: type[Model]) -> list[int]:
    return [db.session.scalar(select(func.count()).select_from(one)) for one in models]


def left(day: str, by) -> dict[str, int]:
    return {one.rule.key: one.count for one in act.preview(by(day=day).today) if one.count}


def test_it_is_off_until_the_city_turns_it_on():
    assert not schedules()["person.retention"].on


def test_nothing_of_who_is_in_care_or_never_was(by):
    child_of(end=None, diet="kana")
    child_of(end=date(2029, 7, 31), diet="kana")
    factories.absence(factories.child(diet="kana"), date(2000, 1, 3))
    assert left("2030-01-01", by) == {}


def test_health_goes_a_year_after_care_and_the_rest_stays(by):
    child = child_of(diet="kana", allergies="pähkinä", medication=None)
    assert left("2021-07-31", by) == {}
    assert left("2021-08-01", by) == {"health": 1}
    keep()
    run(RETENTION, by(day="2021-08-01"))
    db.session.expire_all()
    assert (child.diet, child.allergies, child.last_name[:4]) == (None, None, "Last")
    assert left("2021-08-01", by) == {}


def test_a_guardians_log_in_is_closed_when_the_last_child_has_left(by):
    mother = factories.person()
    child_of(mother)
    child_of(mother, end=date(2022, 7, 31))
    user = factories.user("guardian", person=mother)
    keep()
    assert left("2023-07-31", by) == {}
    run(RETENTION, by(day="2023-08-01"))
    db.session.expire_all()
    assert db.session.get_one(User, user.id).active is False
    assert left("2023-08-01", by) == {}


def everything() -> Person:
    """A child whose care ended long ago, with what was written of it."""
    mother = factories.person()
    child = child_of(mother)
    unit = factories.unit()
    application = factories.application(child, [unit], status=ApplicationStatus.ACTIVE, due=None)
    decision = factories.decision(child, application=application)
    machine = type("By", (), {"now": NOON, "user": None})()
    decision.document = keep_paper(child.id, "decision", machine, name="P", language="fi", content=b"%PDF")
    factories.absence(child, date(2019, 5, 6))
    factories.income(mother, start=date(2019, 1, 1), end=date(2019, 12, 31))
    return child


def test_ten_years_after_care_the_papers_go_with_all_that_hangs_on_them(by):
    child = everything()
    keep()
    assert left("2030-07-31", by) == {}
    assert left("2030-08-01", by) == {"application": 1, "absence": 1, "income": 1}
    outcome = run(RETENTION, by(day="2030-08-01"))
    assert (outcome.done, outcome.failed) == (3, {})
    assert counts(Application, Preference, Decision, Document, Absence, Income) == [0] * 6
    assert counts(Placement, HeadOfChild, Guardian) == [1, 1, 1]
    lines = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.retention")).all()
    told = {line.facts["rule"]: line.facts["rows"] for line in lines}
    assert told["application"] == {"application": 1, "preference": 1, "decision": 1, "document": 1}
    assert all(line.facts["source"] for line in lines)
    assert db.session.get(Person, child.id) is not None


def test_what_tells_when_care_ended_goes_last(by):
    everything()
    keep()
    first = run(RETENTION, by(day="2040-01-01"))
    assert (first.done, counts(Placement)) == (3, [1])
    assert left("2040-01-01", by) == {"placement": 1, "household": 1, "guardian": 1}
    run(RETENTION, by(day="2040-01-01"))
    assert counts(Placement, ServiceNeedPeriod) == [0, 0]
    assert left("2040-01-01", by) == {}  # without the place nobody knows any more when care ended


def test_a_row_that_another_still_needs_stays(by):
    """A decision's paper that an invoice shows too is kept by the invoice."""
    everything()
    paper = db.session.scalars(select(Document)).one()
    factories.save(invoice(factories.person(), document_id=paper.id, sent_at=NOON))
    keep()
    run(RETENTION, by(day="2030-08-01"))
    assert counts(Application, Decision, Document) == [0, 0, 1]


def invoice(head: Person, day: date = date(2019, 1, 1), **fields: Any) -> Invoice:
    month = DateRange.month(day.year, day.month)
    defaults = {"status": "sent", "due": day, "total": 1, "sent_at": NOON.replace(year=2019, month=2)}
    return Invoice(head_id=head.id, start=month.start, end=month.end, **(defaults | fields))


def test_invoices_stay_ten_whole_years_after_their_own(by):
    head = factories.person()
    bill = factories.save(invoice(head))
    factories.save(InvoiceRow(invoice_id=bill.id, place=1, child_id=head.id, product="daycare", amount=1, unit_price=1,
                              price=1, start=bill.start, end=bill.end))
    factories.save(invoice(head, date(2019, 2, 1), sent_at=None, status="draft"))
    keep()
    assert left("2029-12-31", by) == {}
    assert left("2030-01-01", by) == {"invoice": 1}
    run(RETENTION, by(day="2030-01-01"))
    assert counts(Invoice, InvoiceRow) == [1, 0]


def test_conversations_go_five_years_after_the_last_word_and_what_was_written_in_them_too(by):
    person = factories.person()
    thread = factories.thread(factories.box(factories.group(factories.unit())), [person], [person])
    message = db.session.scalars(select(Message).where(Message.thread_id == thread.id)).one()
    factories.save(Email(person_id=person.id, text="message_waits", made_at=NOON, message_id=message.id))
    post = db.session.scalars(select(Post)).one()
    factories.save(PostFile(post_id=post.id, name="a.pdf", media="application/pdf", size=1, digest="d", added_at=NOON,
                            content=b"x"))
    keep()
    assert left("2031-06-01", by) == {}
    assert left("2031-06-02", by) == {"thread": 1}
    for _ in range(2):  # the words go in the night after the last conversation that they stand in
        run(RETENTION, by(day="2031-06-02"))
    assert counts(Thread, ThreadMember, ThreadChild, Message, Receipt, Email, Post, PostFile) == [0] * 8


def test_runs_of_jobs_go_after_half_a_year(by):
    factories.save(JobRun(job="x", due=NOON, trigger="schedule", status="done", ended=NOON.astimezone(HELSINKI)))
    keep()
    assert left("2026-12-01", by) == {}
    assert left("2026-12-02", by) == {"run": 1}


def test_codes_sent_by_mail_go_a_month_after_they_have_run_out(by):
    user = factories.user("guardian", person=factories.person(email="a@example.fi"))
    for day in ("2026-06-01", "2026-07-01"):
        credentials.ask_code(user, by(user, day), email="new@example.fi")
    keep()
    assert left("2026-07-01", by) == {}
    assert left("2026-07-02", by) == {"log_in_proof": 1}
    run(RETENTION, by(day="2026-07-02"))
    [proof] = db.session.scalars(select(LoginProof))
    assert proof.made_at.month == 7  # and may still be typed
    assert db.session.scalars(select(Email.proof_id)).all() == [proof.id]
    assert credentials.code_waits(user, by(day="2026-07-01").now).id == proof.id


def test_killed_in_the_middle_it_finishes_when_it_runs_again(by, monkeypatch):
    monkeypatch.setattr(act, "BATCH", 4)
    monkeypatch.setattr("evaka.jobs.person.BATCH", 4)
    child = child_of()
    for day in range(1, 11):
        factories.absence(child, date(2019, 5, day))
    keep()
    ran = []

    def stopped() -> bool:
        ran.append(1)
        return len(ran) > 1

    first = run(RETENTION, by(day="2030-08-01"), stopped=stopped)
    assert (first.done, first.cut) == (1, True)
    assert counts(Absence) == [6]
    assert left("2030-08-01", by) == {"absence": 6}
    second = run(RETENTION, by(day="2030-08-01"))
    assert (second.done, second.failed) == (2, {})
    assert counts(Absence) == [0]
    lines = db.session.scalars(select(AuditEvent.facts).where(AuditEvent.action == "person.retention")).all()
    assert [one["rows"]["absence"] for one in lines] == [4, 4, 2]
    assert run(RETENTION, by(day="2030-08-01")).done == 0


def test_a_batch_that_fails_takes_everything_of_it_back(by, monkeypatch):
    everything()
    keep()

    def broken(*_args: Any, **_more: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(act, "record", broken)
    assert run(RETENTION, by(day="2030-08-01")).done == 0
    db.session.rollback()
    assert counts(Application, Decision, Document, Absence) == [1] * 4


def test_the_preview_shows_some_of_them_and_removes_nothing(by):
    child = child_of(diet="kana")
    keep()
    [shown] = [one for one in act.preview(date(2026, 6, 1)) if one.count]
    assert shown.sample == ((child.id, str(child)),)
    assert counts(Person) == [2]
    assert child.diet == "kana"


# -- the city's table -----------------------------------------------------------------------------------


@pytest.fixture
def table(monkeypatch):
    """Let the city say something else in one rule."""

    def say(**changed: Any) -> list[str]:
        row = {**city.read("retention")["absence"], **changed}
        told = {**city.read("retention"), "absence": {k: v for k, v in row.items() if v is not None}}
        monkeypatch.setattr(city, "read", lambda name: told if name == "retention" else {})
        act.city.named.cache_clear() if hasattr(act.city.named, "cache_clear") else None
        try:
            return [str(one) for one in act.mistakes()]
        except city.ConfigMistake as no:
            return [str(no)]
        finally:
            monkeypatch.undo()
            act.city.named.cache_clear() if hasattr(act.city.named, "cache_clear") else None

    return say


@pytest.mark.parametrize(("changed", "said"), [
    ({"table": "absense"}, 'there is no table called "absense". Near it is absence'),
    ({"of": "childid"}, 'there is no column of absence called "childid". Near it is child_id'),
    ({"of": "kind"}, "kind points at no person"),
    ({"anchor": "kind"}, "kind holds no day"),
    ({"clear": ["child_id"]}, "child_id cannot be empty"),
    ({"table": "person", "of": "id"}, "a person's row is never removed"),
    ({"years": 11}, "it is kept as long as [placement]"),
    ({"years": 0}, "it does not say how long"),
    ({"years": -1}, "it does not say how long"),
    ({"source": " "}, "source is empty"),
    ({"of": None}, "care_ended needs to know whose"),
    ({"together": ["preferences"]}, 'there is no table called "preferences"'),
    ({"table": "audit_event"}, "audit_event is never removed"),
    ({"table": "invoice", "of": "head_id", "years": 5, "full_years": True}, "5 years are less than the 6 of law"),
    ({"table": "invoice", "of": "head_id"}, "counted from the end of the year"),
    ({"clear": ["kind"], "together": ["preference"]}, "clear and together exclude one another"),
    ({"wheres": 1}, "nobody knows wheres"),
])
def test_a_mistake_says_where_and_how_to_mend_it(table, changed, said):
    found = table(**changed)
    assert found
    assert said in found[0]
    assert "retention.toml" in found[0]


def test_the_base_table_has_no_mistake():
    assert list(act.mistakes()) == []
