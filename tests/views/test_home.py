"""The first pages: what waits for whom, and that each figure leads to as many rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import g

from evaka.access import Actor
from evaka.actions import message as letters
from evaka.models.base import HELSINKI, db
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.journal import Email, JobRun
from evaka.models.message import Thread
from evaka.models.person import Guardian, Person
from evaka.models.placement import Placement
from evaka.models.unit import Group
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DecisionStatus
from evaka.rules.fee import FeeStatus
from evaka.rules.invoice import InvoiceStatus
from evaka.rules.placement import PlanStatus
from evaka.texts import LANGUAGES, words
from evaka.views.home import listed, tasks, waiting
from tests import factories
from tests.conftest import keep
from tests.pages import seen, wordless

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 6, 1)  # a Monday
NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)


def todo(page: Any) -> dict[str, tuple[int, str]]:
    """What the page says waits: label → (count, address)."""
    lines = re.findall(r'<li><span class="of-todo__n">(\d+)</span><span><a href="([^"]*)">([^<]*)</a>', page.text)
    return {label: (int(n), url.replace("&amp;", "&")) for n, url, label in lines}


@contextmanager
def statements() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Inside, the page is this actor's."""
    g.actor = actor
    try:
        yield
    finally:
        g.pop("actor")


def applications() -> None:
    """Two that are late, one due in six days, one in seven, one new, one declined by its unit, one decided."""
    waiting_, sent = ApplicationStatus.WAITING_PLACEMENT, ApplicationStatus.SENT
    factories.application(due=date(2026, 5, 31), status=waiting_)
    factories.application(due=date(2026, 1, 1), status=sent)
    factories.application(due=date(2026, 6, 7), status=waiting_)
    factories.application(due=date(2026, 6, 8), status=waiting_)
    declined = factories.application(due=date(2026, 9, 1), status=waiting_)
    factories.plan(declined, status=PlanStatus.DECLINED)
    planned = factories.application(due=date(2026, 9, 1), status=ApplicationStatus.WAITING_DECISION)
    factories.plan(planned, status=PlanStatus.DECLINED)  # since then another place has been thought of
    factories.decision(answer_due=date(2026, 5, 31))
    factories.decision(answer_due=date(2026, 6, 1))
    factories.decision(answer_due=date(2026, 5, 1), status=DecisionStatus.ACCEPTED)


def fee(head: Person, **fields: Any) -> FeeDecision:
    facts = {
        "head": head.id, "partner": None, "family_size": 2, "head_income": None, "partner_income": None, "lines": [],
        "limits": {"lower": 0, "upper": 0, "rate": "0.107", "smallest_fee": 0, "highest_fee": 0}, "differences": [],
    }
    given = {"head_id": head.id, "start": date(2026, 5, 1), "end": None, "family_size": 2, "total": 120_00,
             "facts": facts}
    return factories.save(FeeDecision(**(given | fields)))


def invoice(head: Person, **fields: Any) -> Invoice:
    given = {"head_id": head.id, "start": date(2026, 5, 1), "end": date(2026, 5, 31), "due": date(2026, 6, 30),
             "total": 120_00}
    return factories.save(Invoice(**(given | fields)))


def finances() -> None:
    anna, pekka, mikko = factories.person(), factories.person(), factories.person()
    fee(anna)
    fee(pekka)
    fee(mikko, status=FeeStatus.SENT, number=1)
    invoice(anna)
    invoice(anna, status=InvoiceStatus.REPLACEMENT_DRAFT, revision=1)
    invoice(mikko, status=InvoiceStatus.SENT, number=5)
    factories.income(anna, end=date(2026, 7, 1))  # in 30 days
    factories.income(pekka, end=date(2026, 6, 30))
    factories.income(pekka, start=date(2026, 7, 1))  # and what follows has been shown
    factories.income(mikko, end=date(2026, 7, 2))  # in 31 days


def ran(job: str, status: str, hours: int) -> None:
    factories.save(JobRun(job=job, due=NOON - timedelta(hours=hours), trigger="schedule", status=status, attempt=1))


def machinery() -> None:
    ran("journal.send_email", "failed", 3)
    ran("journal.send_email", "done", 2)  # it went well afterwards
    ran("fee.draft", "done", 3)
    ran("fee.draft", "failed", 2)
    ran("fee.draft", "queued", 1)  # the next one has not begun
    person = factories.person()
    factories.save(Email(person_id=person.id, text="fee_sent", made_at=NOON, next_try=None))
    factories.save(Email(person_id=person.id, text="fee_sent", made_at=NOON, next_try=NOON))


def in_the_group(group: Group, *, away: bool = False, guardian: Person | None = None, **fields: Any) -> Placement:
    child = factories.child(guardian, **fields)
    place = factories.placement(child, date(2025, 8, 1), unit=group.unit)
    factories.in_group(place, group)
    if away:
        factories.absence(child, TODAY)
    return place


# -- the office -------------------------------------------------------------------------------------


def test_a_case_worker_sees_what_is_late_and_each_count_leads_to_as_many_rows(browser):
    applications()
    client = browser(factories.user("service_worker"))
    found = todo(client.get("/office/"))
    assert {label: n for label, (n, _) in found.items()} == {
        "Hakemuksia, joiden lakisääteinen määräpäivä on ohitettu": 2,
        "Hakemuksia, joiden määräpäivä on viikon sisällä": 1,
        "Yksikön hylkäämiä paikkaehdotuksia, uusi suunnitelma puuttuu": 1,
        "Uusia hakemuksia, joita ei ole otettu käsittelyyn": 1,
        "Hakemuksia, jotka odottavat paikkaa": 4,
        "Päätöksiä, joihin ei ole vastattu määräajassa": 1,
    }
    for label, (n, url) in found.items():
        assert f"Rivejä {n}" in seen(client.get(url)), label


def test_finance_sees_its_drafts_and_the_incomes_that_end(browser):
    finances()
    client = browser(factories.user("finance"))
    found = todo(client.get("/office/"))
    assert {label: n for label, (n, _) in found.items()} == {
        "Maksupäätösluonnoksia tarkistettavaksi": 2,
        "Laskuluonnoksia tarkistettavaksi": 1,
        "Korvaavia laskuja tarkistettavaksi": 1,
        "Tulotietoja, jotka päättyvät 30 päivän sisällä": 1,
    }
    for label, (n, url) in found.items():
        if "/office/fee/" not in url:
            assert f"Rivejä {n}" in seen(client.get(url)), label
    assert len(re.findall('name="rowid"', client.get(found["Maksupäätösluonnoksia tarkistettavaksi"][1]).text)) == 2


def test_an_administrator_sees_the_jobs_that_failed_last_and_the_mail_given_up(browser):
    machinery()
    client = browser(factories.user("admin"))
    found = todo(client.get("/office/"))
    assert found["Ajastettuja ajoja, joiden viimeisin ajo epäonnistui"] == (1, "/office/job/start/")
    n, url = found["Sähköposteja, joiden lähettäminen on lopetettu"]
    assert n == 1
    assert "Palvelussa on uusi maksupäätös" in seen(client.get(url))
    assert client.get(url).text.count('name="rowid"') == 1


def test_a_director_sees_the_own_unit_alone(browser, by):
    here, there = factories.unit("Metsäpolku"), factories.unit("Rantatie")
    hedgehogs, foxes, far = factories.group(here), factories.group(here, "Ketut"), factories.group(there, "Kuikat")
    anna = factories.person(first_name="Anna", last_name="Virtanen")
    in_the_group(hedgehogs, guardian=anna)
    in_the_group(hedgehogs, away=True)
    in_the_group(foxes)
    for _ in range(4):
        in_the_group(far, away=True)
    factories.placement(factories.child(), date(2025, 8, 1), unit=here)
    factories.placement(factories.child(), date(2026, 8, 1), unit=here)  # not yet
    factories.placement(factories.child(), date(2025, 8, 1), unit=there)
    for unit in (here, there, there):
        asked = factories.application(units=[unit], status=ApplicationStatus.WAITING_CONFIRMATION)
        factories.plan(asked, status=PlanStatus.PROPOSED)
    director = factories.user("director", unit=here)
    letters.send(hedgehogs, by(director), title="Retki", body="Metsään")
    thread = db.session.scalars(
        sa.select(Thread).where(Thread.of_person(anna.id, -1))).one()
    letters.reply(thread, by(factories.user("guardian", person=anna)), body="Aino on kipeä.")

    client = browser(director)
    page = client.get("/office/")
    found = todo(page)

    assert {label: n for label, (n, _) in found.items()} == {
        "Paikkaehdotuksia vahvistettavaksi": 1, "Lapsia, joilla ei ole ryhmää": 1}
    for label, (n, url) in found.items():
        assert f"Rivejä {n}" in seen(client.get(url)), label
    text = seen(page)
    assert "Lapsia läsnä 0 / 3 odotettua" in text  # the one without a group among them
    assert "Ketut 0 / 1 1 0" in text  # here, of all; to come; away
    assert "Siilit 0 / 2 1 1" in text
    assert "Kuikat" not in text
    assert "Lukemattomia viestejä 1" in text
    assert f"/office/message/details/?id={thread.id}" in page.text
    assert "Aino on kipeä." in text


def test_the_staff_of_a_group_see_their_children_and_no_proposals(browser):
    unit = factories.unit()
    hedgehogs, foxes = factories.group(unit), factories.group(unit, "Ketut")
    in_the_group(hedgehogs)
    in_the_group(foxes, away=True)
    factories.plan(factories.application(units=[unit]), status=PlanStatus.PROPOSED)
    page = browser(factories.user("staff", group=hedgehogs)).get("/office/")
    assert todo(page) == {}
    assert "Siilit 1 0 1" in seen(page)
    assert "Ketut" not in seen(page)
    assert "Mikään ei odota sinua juuri nyt." in seen(page)


def test_nobody_is_told_of_what_is_not_theirs_to_do(browser):
    applications()
    finances()
    machinery()
    roles = {role: set(todo(browser(factories.user(role)).get("/office/"))) for role in ("service_worker", "finance")}
    assert not roles["service_worker"] & roles["finance"]
    assert not any("Ajastettuja" in label or "Sähköposteja" in label for found in roles.values() for label in found)
    director = browser(factories.user("director", unit=factories.unit()))
    assert todo(director.get("/office/")) == {}


@pytest.mark.parametrize("role", ["admin", "service_worker", "finance", "director"])
def test_all_counts_are_one_question_to_the_database(app, role, by):
    applications()
    finances()
    machinery()
    actor = by(factories.user(role, unit=factories.unit() if role == "director" else None))
    assert actor.grants
    db.session.flush()
    with app.test_request_context(), acting(actor), statements() as sent:
        waiting(actor)
    assert len(sent) == 1


@pytest.mark.parametrize("role", ["admin", "service_worker", "finance"])
def test_every_task_has_words_and_an_address(app, role, by):
    actor = by(factories.user(role))
    with app.test_request_context(), acting(actor):
        for task in tasks(actor):
            assert task.url.startswith("/office/")
            keys = {f"home.{task.word}"} | ({f"home.{task.word}.sign"} if task.look else set())
            assert all(keys <= words(language).keys() for language in LANGUAGES)
        with pytest.raises(KeyError):
            listed("application", ("application.no_such_filter", "1"))


# -- a guardian's own -------------------------------------------------------------------------------


@pytest.fixture
def anna() -> Person:
    return factories.person(first_name="Anna", last_name="Virtanen")


def test_a_guardian_sees_the_children_what_waits_and_the_newest_fee_and_invoice(browser, by, anna):
    group = factories.group(factories.unit("Metsäpolku"))
    in_the_group(group, guardian=anna, first_name="Aino", away=True)
    later = factories.child(anna, first_name="Eino", born=date(2024, 1, 1))
    factories.placement(later, date(2026, 8, 10), unit=factories.unit("Rantatie"))
    factories.child(anna, first_name="Onni", born=date(2025, 9, 1))
    factories.child(anna, first_name="Vanha", born=date(2007, 1, 1))
    decision = factories.decision(later, answer_due=date(2026, 6, 18))
    factories.decision(later, status=DecisionStatus.ACCEPTED)
    letters.send(group, by(factories.user("director", unit=group.unit)), title="Retki", body="Metsään")
    fee(anna, status=FeeStatus.SENT, number=7, start=date(2026, 4, 1), end=date(2026, 4, 30))
    newest = fee(anna, status=FeeStatus.SENT, number=8, total=234_00)
    fee(anna, start=date(2026, 8, 1))  # a draft is the office's
    invoice(anna, status=InvoiceStatus.SENT, number=5, total=234_00)

    page = browser(factories.user("guardian", person=anna)).get("/my/")
    text = seen(page)

    assert "Aino poissa tänään Metsäpolku, Siilit" in text
    assert "Eino Paikka alkaa 10.8.2026: Rantatie" in text
    assert "Onni Ei paikkaa varhaiskasvatuksessa tänään" in text
    assert "Vanha" not in text
    assert f"/my/decision/details/?id={decision.id}" in page.text
    assert page.text.count("/my/decision/details/") == 1
    assert "Lukemattomia viestejä 1" in text
    assert "Maksupäätös 8 1.5.2026–, 234,00 € kuukaudessa" in text
    assert f"/my/fee/details/?id={newest.id}" in page.text
    assert "Lasku 5/2026 234,00 €, eräpäivä 30.6.2026" in text


def test_a_guardian_sees_nothing_of_other_families_nor_of_a_child_that_is_blocked(browser, anna):
    group = factories.group(factories.unit("Metsäpolku"))
    place = in_the_group(group, first_name="Otso")
    factories.decision(place.child)
    fee(place.child.guardians[0], status=FeeStatus.SENT, number=7)
    factories.save(Guardian(child_id=place.child_id, guardian_id=anna.id, blocked=True))

    text = seen(browser(factories.user("guardian", person=anna)).get("/my/"))

    assert "Otso" not in text
    assert "Metsäpolku" not in text
    assert "Maksupäätös 7" not in text
    assert "Mikään ei odota vastaustasi." in text


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_first_pages_speak_the_readers_language(browser, anna, by, language):
    applications()
    finances()
    machinery()
    group = factories.group(factories.unit())
    in_the_group(group, guardian=anna, away=True)
    fee(anna, status=FeeStatus.SENT, number=7)
    keep()
    users = [factories.user("admin"), factories.user("director", unit=group.unit)]
    for user, url in [*((one, "/office/") for one in users), (factories.user("guardian", person=anna), "/my/")]:
        client = browser(user)
        with client.session_transaction() as session:
            session["language"] = language
        page = client.get(url)
        assert page.status_code == 200
        assert not wordless(page)
        assert "tänään" not in page.text
