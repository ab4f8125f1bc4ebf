"""Runs, mail and the journal, as the administrator sees them and nobody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions.journal import seal
from evaka.models.base import HELSINKI, db, transaction
from evaka.models.journal import AuditEvent, Email, JobRun, Lease
from evaka.models.person import Person
from evaka.models.user import User
from evaka.views.journal import when
from tests import factories
from tests.conftest import keep, statements

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


# -- who has opened this file, what has this user done ----------------------------------------------------


@pytest.fixture
def opened(admin: FlaskClient) -> dict[str, Any]:
    """Maija's file: a director has opened it twice and changed it once, a while ago; the machine has changed it."""
    maija, pekka = person("Maija", "Virtanen"), person("Pekka", "Öhman")
    house = factories.unit("Koivula")
    director = factories.user("director", house, name="Dora Director")
    anna = db.session.scalar(select(User).where(User.name == "Anna Admin"))
    about = {"person_id": maija.id, "subject_id": maija.id}
    line(user_id=director.id, at=NOON - timedelta(days=40), **about)
    line(user_id=director.id, at=NOON - timedelta(days=3), action="person.edit", **about)
    line(user_id=director.id, at=NOON - timedelta(days=2), **about)
    line(action="fee.draft", subject="fee", at=NOON - timedelta(days=1), person_id=maija.id)
    line(user_id=anna.id, person_id=pekka.id, subject_id=pekka.id)
    keep()
    return {"maija": maija.id, "director": director.id, "admin": admin}


def table_of(page: Any, id: str) -> list[str]:
    """The rows of one of the page's tables, as a reader sees them."""
    assert page.status_code == 200
    section = re.search(rf'aria-labelledby="{id}">(.*?)</section>', page.text, re.S)
    body = re.search(r"<tbody>(.*?)</tbody>", section[1], re.S) if section else None
    found = re.findall(r"<tr>(.*?)</tr>", body[1], re.S) if body else []
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def test_a_files_page_tells_who_opened_it_in_which_role_and_what_was_done(opened):
    page = opened["admin"].get(f"/office/journal/file/?id={opened['maija']}")
    lines = table_of(page, "lines")
    assert len(lines) == 4
    assert lines[0].startswith("31.5.2026 12.00 Automaattinen ajo")
    assert lines[1].startswith("30.5.2026 12.00 Dora Director Päiväkodin johtaja (Koivula)")
    assert table_of(page, "readers")[0] == "Dora Director 2 1 30.5.2026 12.00"
    assert "Öhman" not in page.text


@pytest.mark.parametrize(("asked", "found"), [
    ("first=2026-05-30", 2), ("last=2026-05-29", 2), ("first=2026-05-29&last=29.5.2026", 1), ("kind=read", 2),
    ("kind=changed", 2), ("user={director}", 3), ("first=nonsense&kind=x&user=x&before=x", 4), ("before=999999", 4),
])
def test_a_files_page_is_narrowed_by_days_kind_and_user(opened, asked, found):
    page = opened["admin"].get(f"/office/journal/file/?id={opened['maija']}&{asked.format(**opened)}")
    assert len(table_of(page, "lines")) == found


def test_a_users_page_tells_what_was_done_and_how_much_each_day(opened):
    page = opened["admin"].get(f"/office/journal/user/?id={opened['director']}")
    lines = table_of(page, "lines")
    assert len(lines) == 3
    assert "Virtanen Maija" in lines[0]
    assert "2 merkintää 31 päivänä" in page.text
    narrow = opened["admin"].get(f"/office/journal/user/?id={opened['director']}&first=2026-04-20&last=2026-04-22")
    assert "1 merkintää 3 päivänä" in narrow.text
    assert len(table_of(narrow, "lines")) == 1


def test_the_pages_go_on_from_a_line_and_miss_none(opened):
    at = NOON - timedelta(hours=1)  # many at one moment, as a job writes them
    written = [line(action="fee.draft", subject="fee", at=at, person_id=opened["maija"]).id for _ in range(120)]
    keep()
    seen, address = [], f"/office/journal/file/?id={opened['maija']}"
    for count in (50, 50, 24):
        page = opened["admin"].get(address)
        ids = [int(id) for id in re.findall(r'href="/office/journal/details/\?id=(\d+)"', page.text)]
        assert len(ids) == count
        seen += ids
        onward = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = onward[1].replace("&amp;", "&") if onward else ""
    assert address == ""
    assert len(set(seen)) == len(seen) == 124
    assert set(written) < set(seen)


@pytest.mark.parametrize("page", ["file", "user"])
def test_who_looks_stands_in_the_journal_too(opened, page):
    id = opened["maija"] if page == "file" else opened["director"]
    opened["admin"].get(f"/office/journal/{page}/?id={id}&kind=read")
    last = saved(AuditEvent)[-1]
    assert (last.action, last.subject_id, last.facts) == ("journal.read", id, {"page": page, "kind": "read"})
    assert last.person_id == (id if page == "file" else None)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("page", ["file", "user"])
def test_the_lines_are_exported_and_that_is_told(opened, page, kind):
    id = opened["maija"] if page == "file" else opened["director"]
    answer = opened["admin"].get(f"/office/journal/{page}/?id={id}&export={kind}")
    assert answer.status_code == 200
    assert f".{kind}" in answer.headers["Content-Disposition"]
    if kind == "csv":
        told = answer.data.decode("utf-8-sig").splitlines()
        assert len(told) == 1 + (4 if page == "file" else 3)
        assert ";Päiväkodin johtaja (Koivula);" in told[-1]
    last = saved(AuditEvent)[-1]
    assert (last.action, last.subject_id, last.facts["type"]) == ("journal.export", id, kind)


@pytest.mark.parametrize("role", ["director", "finance", "service_worker", "staff", "guardian"])
def test_nobody_but_the_administrator_asks_who_and_what(browser, role):
    child = factories.child()
    user = factories.user(role, factories.unit())
    someone = browser(user)
    for address in (f"/office/journal/file/?id={child.id}", f"/office/journal/user/?id={user.id}"):
        assert someone.get(address).status_code == 403
    assert "/office/journal/file/" not in someone.get(f"/office/person/details/?id={child.id}").text


def test_a_file_that_is_not_there_has_no_page(admin):
    for address in ("file/?id=999999", "user/?id=999999", "file/", "user/?id=x"):
        assert admin.get(f"/office/journal/{address}").status_code == 404


def test_the_files_of_a_person_and_a_user_lead_to_the_pages(opened):
    maija, director = opened["maija"], opened["director"]
    assert f"/office/journal/file/?id={maija}" in opened["admin"].get(f"/office/person/details/?id={maija}").text
    assert f"/office/journal/user/?id={director}" in opened["admin"].get(f"/office/users/details/?id={director}").text


@pytest.mark.parametrize("page", ["file", "user"])
def test_a_page_asks_as_often_however_many_lines_there_are(opened, page):
    address = f"/office/journal/{page}/?id={opened['maija'] if page == 'file' else opened['director']}"
    opened["admin"].get(address)
    with statements() as few:
        opened["admin"].get(address)
    for _ in range(30):
        user = factories.user("director", factories.unit()) if page == "file" else None
        about = opened["maija"] if user else person("A", "B").id
        line(user_id=user.id if user else opened["director"], person_id=about)
    keep()
    with statements() as many:
        opened["admin"].get(address)
    assert len(many) == len(few)


def test_a_long_list_is_not_counted_to_its_end(lines, monkeypatch):
    monkeypatch.setattr("evaka.views.base.lists.COUNTED", 2)
    with statements() as asked:
        assert len(rows(lines.get("/office/journal/"))) == 3
    assert any("LIMIT" in one and "count(*)" in one.lower() for one in asked)


def test_the_journal_tells_its_last_seal(lines):
    assert "Lokia ei ole vielä sinetöity" in lines.get("/office/journal/").text
    with transaction():
        made = seal(Actor(None, NOON))
    assert f"Viimeisin sinetti 1.6.2026 12.00: 3 merkintää, tarkiste {made.digest[:16]}" in (
        lines.get("/office/journal/").text)
