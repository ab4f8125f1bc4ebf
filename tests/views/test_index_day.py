"""The pages of an index day, and what finance reads first."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka import city
from evaka.actions import index_day as act
from evaka.jobs import JOBS, run
from evaka.models.base import db
from evaka.models.index_day import IndexDay, IndexDayFamily
from evaka.models.journal import AuditEvent, JobRun
from evaka.models.user import User
from evaka.rules.index_day import FamilyState, IndexDayStatus
from tests import factories
from tests.conftest import NOON, keep
from tests.jobs.families import START, told_family
from tests.pages import seen

pytestmark = pytest.mark.usefixtures("database")
PAGE = "/office/index_day/"


@pytest.fixture
def finance(browser):
    return browser(factories.user("finance"))


def work(by) -> None:
    for job in ("index_day.reckon", "index_day.send"):
        run(JOBS[job], by())


def day() -> IndexDay:
    db.session.expire_all()
    return db.session.scalars(select(IndexDay)).one()


def do(client, verb: str):
    return client.post(f"{PAGE}do/{verb}/?id={day().id}", data={"row_version": day().version})


def test_the_road_from_the_choice_of_a_table_to_letters(finance, by):
    head = told_family(by())
    keep()
    assert "1.8.2026 alkaen" in finance.get(f"{PAGE}begin/").text
    begun = finance.post(f"{PAGE}begin/", data={"table": f"0:{START}"})
    page = finance.get(begun.location).text
    assert "Lasketaan, mitä muuttuu" in page
    assert finance.get(f"{PAGE}progress/?id={day().id}").json == {"done": 0, "left": 1, "status": "preview"}
    assert "Luonnostele päätökset" not in page
    work(by)
    page = finance.get(begun.location).text
    assert "Luonnostele päätökset" in page
    assert "progress" not in page.partition("of-road")[2]
    for told in (str(head), "100,00", "75,00", "−25,00", "−50…−20"):
        assert told in page, told
    do(finance, "draft")
    work(by)
    assert "Hyväksy ja lähetä" in finance.get(begun.location).text
    do(finance, "approve")
    assert finance.get(f"{PAGE}progress/?id={day().id}").json["left"] == 1
    work(by)
    families = finance.get(f"/office/index_day_family/?flt0_0={day().id}&flt1_1=sent").text
    assert str(head) in families
    do(finance, "close")
    assert day().status is IndexDayStatus.CLOSED
    done = db.session.scalars(
        select(AuditEvent.action).where(AuditEvent.subject == "index_day").order_by(AuditEvent.id)).all()
    assert done == [f"index_day.{verb}" for verb in ("begin", "draft", "approve", "close")]


def test_the_history_names_who_began_it(finance, by):
    told_family(by())
    keep()
    begun = finance.post(f"{PAGE}begin/", data={"table": f"0:{START}"})
    name = db.session.scalars(select(User.name).join(IndexDay, IndexDay.user_id == User.id)).one()
    history = seen(finance.get(begun.location)).partition("Historia")[2]
    assert f"Aloittaja: – {name}" in history  # not the number of the row


def test_what_is_refused_is_said_and_a_second_day_waits(finance, by):
    told_family(by())
    keep()
    finance.post(f"{PAGE}begin/", data={"table": f"0:{START}"})
    again = finance.post(f"{PAGE}begin/", data={"table": f"0:{START}"})
    assert "Indeksitarkistus 1.8.2026 on kesken" in again.text
    refused = do(finance, "draft")
    assert "1 perhettä on vielä käsittelemättä" in refused.text
    assert "Valitse" in finance.post(f"{PAGE}begin/", data={"table": "9:2031-08-01"}).text
    assert day().status is IndexDayStatus.PREVIEW


def test_without_a_new_table_the_page_says_where_one_is_written(browser, at):
    at("2029-01-01")
    assert "Uutta maksutaulukkoa ei ole" in browser(factories.user("finance")).get(f"{PAGE}begin/").text
    assert "/office/city/table/?file=fees" in browser(factories.user("admin")).get(f"{PAGE}begin/").text


def test_a_draft_of_a_table_can_be_chosen_and_the_page_says_that_it_does_not_hold(finance, by):
    told_family(by())
    text = city.written("fees", "table").replace("start = 2026-08-01", "start = 2026-09-01")
    version = factories.city_table("fees", "table", text)
    keep()
    assert f"versio {version.id}" in finance.get(f"{PAGE}begin/").text
    begun = finance.post(f"{PAGE}begin/", data={"table": f"{version.id}:2026-09-01"})
    work(by)
    assert "Maksutaulukko ei ole vielä voimassa" in finance.get(begun.location).text


def test_only_finance_and_administrators_open_it(browser):
    for role, answer in (("finance", 200), ("admin", 200), ("finance_staff", 403), ("service_worker", 403)):
        assert browser(factories.user(role)).get(PAGE).status_code == answer, role


def test_an_exception_says_what_to_do_and_waits_on_the_first_page(finance):
    head = factories.person()
    one = factories.save(IndexDay(start=START, made_at=NOON, status=IndexDayStatus.DRAFTING))
    for facts, key, who in (({"start": "2026-07-01"}, "index_day.earlier_draft", head),
                            ({}, "KeyError", factories.person())):
        factories.save(IndexDayFamily(index_day_id=one.id, head_id=who.id, state=FamilyState.EXCEPTION, why=[],
                                      trouble=key, trouble_facts=facts))
    keep()
    page = finance.get(f"/office/index_day_family/?flt0_0={one.id}&flt1_1=exception").text
    assert "luonnos jo 1.7.2026 alkaen" in page
    assert "KeyError" in page
    assert "Yritä poikkeuksia uudelleen" in finance.get(f"{PAGE}details/?id={one.id}").text
    home = finance.get("/office/").text
    assert "Indeksitarkistuksen poikkeuksia korjattavana" in home
    assert "flt1_1=exception" in home


def test_the_first_page_names_the_families_that_could_not_be_reckoned_and_how_to_mend_it(finance):
    heads = [factories.person() for _ in range(7)]
    ids = ", ".join(str(one.id) for one in heads)
    for job, status, message in (
        ("fee.refresh_night", "failed", f"fee.unknown_need: {ids}\nKeyError: {heads[0].id}"),
        ("invoice.draft_month", "lost", ""),
    ):
        factories.save(JobRun(job=job, due=NOON, trigger="schedule", status=status, message=message))
    keep()
    page = finance.get("/office/").text
    assert "palveluntarvetta ei ole kaupungin taulukoissa" in page
    assert str(heads[4]) in page
    assert str(heads[5]) not in page
    assert "ja muita" in page
    assert "(KeyError)" in page
    assert "Ajo keskeytyi kahdesti" in page
    factories.save(JobRun(job="fee.refresh_night", due=NOON.replace(hour=13), trigger="manual", status="done"))
    keep()
    assert "palveluntarvetta ei ole" not in finance.get("/office/").text


def test_the_list_of_tables_is_of_the_year_around(by):
    assert [table.valid.start for _, table in act.choices(date(2026, 6, 1))] == [START]
    assert act.choices(date(2027, 8, 3)) == []
