"""Runs, mail and the journal, as the administrator sees them and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent, Email, JobRun, Lease
from evaka.models.person import Person
from evaka.models.user import User
from evaka.views.journal import when
from tests import factories
from tests.conftest import keep

NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)  # the clock of the pages
PAGES = ("/office/job/", "/office/job/start/", "/office/mail/", "/office/journal/")


def person(first: str, last: str) -> Person:
    return factories.person(first_name=first, last_name=last)


def mail(to: Person, **fields: Any) -> Email:
    return factories.save(Email(**({"person_id": to.id, "text": "invoice_sent", "made_at": NOON} | fields)))


def ran(job: str = "journal.send_email", **fields: Any) -> JobRun:
    due = NOON - timedelta(hours=1)
    given = {"job": job, "due": due, "trigger": "schedule", "status": "done", "attempt": 1}
    return factories.save(JobRun(**(given | fields)))


def line(**fields: Any) -> AuditEvent:
    given = {"at": NOON, "action": "person.read", "subject": "person", "facts": {}}
    return factories.save(AuditEvent(**(given | fields)))


@pytest.fixture
def admin(browser: Callable[[User | None], FlaskClient], database: None) -> FlaskClient:
    """Anna, in front of an empty journal."""
    return browser(factories.user("admin", name="Anna Admin"))


def rows(page: Any) -> list[str]:
    """The rows of a page's list, as a reader sees them."""
    assert page.status_code == 200
    body = re.search(r"<tbody>(.*?)</tbody>", page.text, re.S)
    found = re.findall(r"<tr>(.*?)</tr>", body[1], re.S) if body else []
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def saved(model: Any) -> list[Any]:
    """The rows as the database has them now."""
    db.session.expire_all()
    return list(db.session.scalars(select(model).order_by(model.id)))


# -- who may see it -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", ["director", "finance", "service_worker", "guardian"])
def test_only_the_administrator_opens_these_pages(browser, role, page):
    assert browser(factories.user(role, factories.unit())).get(page).status_code == 403


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_page_has_words_for_everything_in_every_language(browser, page, language):
    maija = person("Maija", "Virtanen")
    ran(status="failed", failed=1, message="journal.error.no_address: 4")
    mail(maija, error="journal.error.no_address", tries=1)
    line(person_id=maija.id, subject_id=maija.id)
    shown = browser(factories.user("admin", language=language)).get(page)
    assert shown.status_code == 200
    assert re.findall(r"\[[a-z_]+\.[a-z_.]+\]", shown.text) == []


# -- runs ---------------------------------------------------------------------------------------------


def test_the_runs_are_listed_newest_first_with_how_they_went(admin):
    ran(done=3, due=NOON - timedelta(days=1))
    ran(status="lost", attempt=2)
    keep()
    first, second = rows(admin.get("/office/job/"))
    assert "Keskeytyi" in first
    assert first.startswith("1.6.2026 11.00 Sähköpostin lähetys")
    assert "Valmis 3 0" in second


def test_runs_are_found_by_job_state_and_day(admin):
    ran(status="failed")
    ran("fee.refresh_night", due=NOON - timedelta(days=2))
    keep()
    assert len(rows(admin.get("/office/job/?flt0_0=fee.refresh_night"))) == 1
    assert len(rows(admin.get("/office/job/?flt1_1=failed"))) == 1
    assert len(rows(admin.get("/office/job/?flt2_2=2026-05-31"))) == 1
    assert len(rows(admin.get("/office/job/?flt3_3=30.5.2026"))) == 1
    assert len(rows(admin.get("/office/job/?flt3_3=29.5.2026"))) == 0


def test_a_runs_page_says_in_words_what_went_wrong(admin):
    run = ran(status="failed", done=1, failed=3, message="journal.error.no_address: 4, 5\nKeyError: 6")
    keep()
    page = admin.get(f"/office/job/details/?id={run.id}").text
    assert "Henkilöllä ei ole sähköpostiosoitetta." in page
    assert "4, 5" in page
    assert "KeyError" in page


def test_the_page_says_whether_anybody_runs_the_jobs(admin):
    assert "Mikään palvelin ei ole vielä hoitanut ajoja" in admin.get("/office/job/").text
    lease = Lease(name="jobs", owner="here", until=datetime(2026, 5, 1, 9, tzinfo=UTC))
    db.session.add(lease)
    keep()
    assert "Mikään palvelin ei ole hoitanut ajoja 1.5.2026 12.00 jälkeen" in admin.get("/office/job/").text
    lease.until = datetime.now(UTC) + timedelta(minutes=5)  # the lease goes by the true clock
    keep()
    assert "Palvelin hoitaa ajoja." in admin.get("/office/job/").text


def test_run_now_queues_a_run_once_and_stands_in_the_journal(admin):
    for _ in range(2):
        assert admin.post("/office/job/start/", data={"job": "journal.send_email"}).status_code == 302
    [run] = saved(JobRun)
    [told] = saved(AuditEvent)
    [anna] = saved(User)
    assert (run.job, run.status, run.trigger, run.due, run.user_id) == (
        "journal.send_email", "queued", "manual", NOON, anna.id)
    assert (told.action, told.user_id) == ("journal.run_job", anna.id)
    assert told.facts["job"] == "journal.send_email"
    assert "on jo jonossa" in admin.get("/office/job/start/").text


def test_run_now_of_a_job_that_nobody_knows_queues_nothing(admin):
    assert admin.post("/office/job/start/", data={"job": "journal.rm"}).status_code == 200
    assert saved(JobRun) == []


def test_a_run_can_be_repeated_from_its_own_page(admin):
    run = ran(status="lost")
    keep()
    page = admin.get(f"/office/job/details/?id={run.id}")
    assert f"/office/job/do/run_job/?id={run.id}" in page.text
    admin.post(f"/office/job/do/run_job/?id={run.id}", data={"row_version": run.version})
    assert [(one.status, one.job) for one in saved(JobRun)] == [
        ("lost", "journal.send_email"), ("queued", "journal.send_email")]


def test_nobody_else_can_run_a_job(browser):
    run = ran()
    finance = browser(factories.user("finance"))  # which saves what was arranged
    assert finance.post("/office/job/start/", data={"job": "journal.send_email"}).status_code == 403
    assert finance.post(f"/office/job/do/run_job/?id={run.id}", data={"row_version": 1}).status_code == 403
    assert len(saved(JobRun)) == 1


def test_every_job_is_listed_with_its_times_and_its_last_run(admin):
    ran(done=7, due=NOON - timedelta(days=3), started=NOON - timedelta(days=3))
    ran(done=8, started=NOON - timedelta(hours=1))
    keep()
    [post] = [row for row in rows(admin.get("/office/job/start/")) if "Sähköpostin lähetys" in row]
    assert "Joka minuutti 1.6.2026 11.00 Valmis tehty 8, epäonnistui 0" in post


@pytest.mark.parametrize(("fields", "words"), [
    ({"minute": "*"}, "Joka minuutti"),
    ({"minute": "*/5"}, "5 minuutin välein"),
    ({"minute": "20"}, "Joka tunti, minuutilla 20"),
    ({}, "Joka tunti, minuutilla 0"),
    ({"hour": "2"}, "Joka päivä klo 2.00"),
    ({"hour": "0", "minute": "5"}, "Joka päivä klo 0.05"),
    ({"hour": "5", "day": "1"}, "Kuukauden 1. päivänä klo 5.00"),
    ({"hour": "6", "minute": "45", "day_of_week": "mon-fri"}, "ma–pe klo 6.45"),
    ({"hour": "6", "day_of_week": "mon,wed"}, "ma, ke klo 6.00"),
    ({"hour": "6-18"}, "0 6-18 * * *"),
    ({"hour": "6", "month": "8", "day": "1"}, "0 6 1 8 *"),
    ({"hour": "2", "on": False}, "Vain pyynnöstä"),
])
def test_the_times_of_a_job_in_words(app, fields, words):
    assert when(fields) == words


# -- mail ---------------------------------------------------------------------------------------------


def test_the_mail_that_was_given_up_is_counted_in_the_menu_and_found_by_its_state(admin):
    maija, pekka = person("Maija", "Virtanen"), person("Pekka", "Öhman")
    mail(maija, sent_at=NOON)
    mail(pekka, next_try=NOON + timedelta(hours=2), tries=3, error="ConnectionRefusedError")
    mail(pekka, tries=5, error="journal.error.no_address")
    keep()
    page = admin.get("/office/mail/")
    assert len(rows(page)) == 3
    assert re.search(r'Lähtevä sähköposti<span class="of-count">1</span>', page.text)
    [given_up] = rows(admin.get("/office/mail/?flt0_0=given_up"))
    assert "Öhman Pekka" in given_up
    assert "Ei lähtenyt" in given_up
    assert "Henkilöllä ei ole sähköpostiosoitetta." in given_up
    assert len(rows(admin.get("/office/mail/?flt0_0=waiting"))) == 1
    assert len(rows(admin.get("/office/mail/?flt0_0=sent"))) == 1
    assert len(rows(admin.get("/office/mail/?flt1_1=öhm"))) == 2


def test_the_page_says_when_no_mail_server_is_named(admin, app):
    assert "EVAKA_SMTP" in admin.get("/office/mail/").text
    app.config["SMTP"] = "127.0.0.1:25"
    try:
        assert "EVAKA_SMTP" not in admin.get("/office/mail/").text
    finally:
        app.config["SMTP"] = ""


def test_a_mail_that_did_not_go_is_tried_again(admin):
    email = mail(person("Maija", "Virtanen"), tries=5, error="SMTPDataError: 451")
    keep()
    page = admin.get(f"/office/mail/details/?id={email.id}")
    assert f"/office/mail/do/retry_mail/?id={email.id}" in page.text
    admin.post(f"/office/mail/do/retry_mail/?id={email.id}", data={"row_version": email.version})
    [email] = saved(Email)
    assert (email.tries, email.next_try, email.error) == (0, NOON, "")
    assert [told.action for told in saved(AuditEvent)] == ["journal.retry_mail"]


def test_a_mail_that_went_is_not_sent_twice(admin):
    email = mail(person("Maija", "Virtanen"), sent_at=NOON)
    keep()
    assert "retry_mail" not in admin.get(f"/office/mail/details/?id={email.id}").text
    page = admin.post(f"/office/mail/do/retry_mail/?id={email.id}", data={"row_version": email.version})
    assert "on jo lähetetty 1.6.2026 12.00" in page.text
    assert saved(Email)[0].next_try is None


def test_many_mails_are_tried_again_at_once(admin):
    maija = person("Maija", "Virtanen")
    ids = [mail(maija, tries=5, error="451").id for _ in range(3)]
    keep()
    admin.post("/office/mail/bulk/", data={"verb": "retry_mail", "rowid": ids, "confirmed": "1"})
    assert [email.next_try for email in saved(Email)] == [NOON] * 3


# -- the journal ----------------------------------------------------------------------------------------


@pytest.fixture
def lines(admin: FlaskClient) -> FlaskClient:
    """Three lines: Anna read Maija's file today and edited Pekka's yesterday; the machine ran at midnight."""
    maija, pekka = person("Maija", "Virtanen"), person("Pekka", "Öhman")
    anna = db.session.scalar(select(User))
    line(user_id=anna.id, person_id=maija.id, subject_id=maija.id)
    line(user_id=anna.id, person_id=pekka.id, subject_id=pekka.id, action="journal.retry_mail",
         at=NOON - timedelta(days=1),
         facts={"reason": "kysyi", "changes": [["person 2", "phone", "1", "09 2"]]})
    line(action="job.journal.send_email", subject="", at=datetime(2026, 6, 1, 0, 0, tzinfo=HELSINKI))
    keep()
    return admin


@pytest.mark.parametrize(("filters", "found"), [
    ("", 3),
    ("flt0_0=VIRTA", 1),
    ("flt0_0=maija+virtanen", 1),
    ("flt0_0=nobody", 0),
    ("flt1_1=anna", 2),
    ("flt1_1=100%25", 0),
    ("flt2_2=journal.retry_mail", 1),
    ("flt2_2=job.journal.send_email", 1),
    ("flt3_3=2026-06-01", 2),  # midnight belongs to the day that begins
    ("flt4_4=2026-05-31", 1),
    ("flt3_3=2026-06-02", 0),
    ("flt0_0=öhman&flt3_3=2026-05-31&flt4_4=2026-05-31", 1),
])
def test_the_journal_is_searched_by_person_user_action_and_day(lines, filters, found):
    assert len(rows(lines.get(f"/office/journal/?{filters}"))) == found


def test_a_search_of_the_journal_leaves_a_line_and_a_look_does_not(lines):
    lines.get("/office/journal/")
    assert len(saved(AuditEvent)) == 3
    lines.get("/office/journal/?flt0_0=virtanen")
    last = saved(AuditEvent)[-1]
    assert (last.action, last.facts) == ("journal.read", {"flt0_0": "virtanen"})


def test_a_line_shows_what_was_given_and_what_changed(lines):
    [edit] = [one for one in saved(AuditEvent) if one.facts]
    page = lines.get(f"/office/journal/details/?id={edit.id}").text
    assert "kysyi" in page
    assert "31.5.2026 12.00" in page
    assert "Henkilö 2: Puhelin" in page
    assert "09 2" in page


def test_what_the_machine_did_is_said_to_be_its_doing(lines):
    [machine] = rows(lines.get("/office/journal/?flt2_2=job.journal.send_email"))
    assert machine == "1.6.2026 0.00 Automaattinen ajo Sähköpostin lähetys"
