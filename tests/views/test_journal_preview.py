"""What a job would do now: its question is asked, nothing is done, and only who may run it looks."""

from __future__ import annotations

from datetime import date

import pytest
from flask import current_app
from sqlalchemy import select

from evaka.jobs import JOBS
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.user import User
from evaka.views.journal.preview import kind_of, preview
from tests import factories
from tests.pages import seen, wordless

pytestmark = pytest.mark.usefixtures("database")


def test_a_job_tells_how_many_rows_and_which_it_would_take_up(browser):
    child = factories.child(first_name="Aino", last_name="Meri")
    factories.placement(child, date(2026, 1, 1), date(2026, 6, 20))
    factories.backup_care(child, factories.unit(), date(2026, 6, 15), date(2026, 6, 30))
    client = browser(factories.user("admin"))
    page = client.get("/office/job/would/?job=backup_care.fit")
    text = seen(page)
    assert "Mitä tekisi: Varasijoitusten sovittaminen lasten paikkoihin" in text
    assert "Käsiteltäviä nyt 1" in text
    assert "Meri Aino" in text
    assert f"/office/person/details/?id={child.id}" in page.text
    row = db.session.scalars(select(BackupCare)).one()
    assert row.end == date(2026, 6, 30)  # nothing has been done
    assert "/office/job/would/?job=backup_care.fit" in client.get("/office/job/start/").text


@pytest.mark.parametrize("name", sorted(JOBS))
def test_every_job_has_a_preview(browser, name):
    page = browser(factories.user("admin")).get(f"/office/job/would/?job={name}")
    assert page.status_code == 200
    assert wordless(page) == set()
    assert "journal.subject" not in page.text


def test_the_wiring_hands_over_the_questions_of_all_jobs(app):
    assert current_app.extensions["questions"] == {name: job.todo for name, job in JOBS.items()}


def test_only_who_may_run_a_job_looks_and_only_at_jobs_that_there_are(browser):
    assert browser(factories.user("director", unit=factories.unit())).get(
        "/office/job/would/?job=backup_care.fit").status_code == 403
    assert browser(factories.user("admin")).get("/office/job/would/?job=nobody").status_code == 404


def test_rows_that_the_reader_may_not_see_have_no_name(by):
    child = factories.child()
    factories.backup_care(child, factories.unit(), date(2026, 6, 15), date(2026, 6, 30))
    nobody = preview("backup_care.fit", by(factories.user("messaging")))
    assert (nobody.count, nobody.rows) == (1, [(child.id, "")])


def test_of_which_table_the_numbers_are(by):
    kinds = {name: kind_of(job.todo(by())) for name, job in JOBS.items()}
    assert kinds["backup_care.fit"] is kinds["fee.refresh_night"] is Person
    assert kinds["user.close_idle"] is User
    assert kinds["journal.seal"] is None
