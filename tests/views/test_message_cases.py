"""Letters of the service guidance and about fees, on the pages of their cases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from evaka.actions import fee, invoice
from evaka.actions import message as act
from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.invoice import Invoice
from evaka.models.message import Post, Thread
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import BoxKind, PostKind
from tests import factories
from tests.pages import seen

pytestmark = pytest.mark.usefixtures("database")
WORDS = {"title": "Puuttuva tieto", "body": "Lähetätkö palkkalaskelman?"}


def written(client: Any, url: str) -> Thread:
    """The letter that the button of a case leads to: typed, looked at and sent."""
    form = client.get(url)
    assert form.status_code == 200, seen(form)
    page = client.post(url, data=WORDS | {"press": "check"} | picked(form.text))
    check = client.get(page.headers["Location"]).text
    sent = client.post(page.headers["Location"], data={
        "seen": value(check, "seen"), "row_version": value(check, "row_version")})
    assert sent.status_code == 302, seen(sent)
    return db.session.scalars(select(Thread).order_by(Thread.id.desc())).first()


def value(page: str, name: str) -> str:
    return page.split(f'name="{name}" value="')[1].split('"')[0]


def picked(page: str) -> dict[str, str]:
    """What the editor has chosen beforehand."""
    if 'name="application"' in page:
        return {"application": page.split('id="application"')[1].split('value="')[1].split('"')[0]}
    return {"people": page.split(' checked>')[0].rsplit('value="', 1)[1].split('"')[0]} if " checked>" in page else {}


def button(page: str, word: str) -> str:
    """The address of a button on a page."""
    before = page.split(f">{word}</a>")[0]
    return before.rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")


def test_an_application_has_a_button_to_the_applicant_and_shows_what_was_written(browser: Any) -> None:
    application = factories.application()
    id, guardian = application.id, factories.user("guardian", person=application.guardian)
    applicant, name = application.guardian_id, str(application.guardian)
    worker = browser(factories.user("service_worker"))
    page = worker.get(f"/office/application/details/?id={id}").text
    assert "Tästä ei ole vielä kirjoitettu." in page
    url = button(page, "Kirjoita hakijalle")
    assert name in worker.get(url).text
    thread = written(worker, url)
    assert (thread.application_id, [one.person_id for one in thread.members if one.person_id]) == (id, [applicant])
    browser(guardian).post(f"/my/message/details/?id={thread.id}", data={"body": "Laitan huomenna."})

    page = worker.get(f"/office/application/details/?id={id}").text
    assert "Puuttuva tieto (uusi)" in page
    assert "Laitan huomenna." in page
    assert f"/office/application/details/?id={id}" in worker.get(f"/office/message/details/?id={thread.id}").text


def test_a_director_who_sees_the_application_sees_no_letters_of_the_service_guidance(browser: Any, by: Any) -> None:
    unit = factories.unit()
    application = factories.application(units=[unit])
    worker = by(factories.user("service_worker"))
    box = factories.box(kind=BoxKind.SERVICE)
    post = act.draft(box, worker, chosen=Chosen(people=(application.guardian_id,)), kind=PostKind.MESSAGE, **WORDS)
    post.application_id = application.id
    act.submit(post, worker, seen=act.audience(post, worker).digest)
    page = browser(factories.user("director", unit=unit)).get(f"/office/application/details/?id={application.id}")
    assert "Puuttuva tieto" not in page.text
    assert "Kirjoita hakijalle" not in page.text


@pytest.mark.parametrize("case", ["person", "fee", "invoice"])
def test_finance_writes_to_the_payer_from_the_file_the_decision_and_the_invoice(
    browser: Any, by: Any, case: str
) -> None:
    mother = factories.person(first_name="Maija", last_name="Virtanen")
    factories.placement(factories.child(mother), date(2026, 1, 1), date(2026, 7, 31))
    factories.income(mother)
    clerk = factories.user("finance")
    fee.refresh({mother.id}, by())
    decision = db.session.scalars(select(FeeDecision)).one()
    id = {"person": mother.id, "fee": decision.id}.get(case) or _invoice(decision, by(clerk))
    finance, payer = browser(clerk), mother.id
    url = button(finance.get(f"/office/{case}/details/?id={id}").text, "Kirjoita maksuista")
    thread = written(finance, url)
    assert (thread.head_id, thread.box.kind) == (payer, BoxKind.FINANCE)
    for other in {"person", case}:
        page = finance.get(f"/office/{other}/details/?id={payer if other == 'person' else id}").text
        assert "Puuttuva tieto" in page
        assert "Lähetätkö palkkalaskelman?" in page
    assert "Kirjoita maksuista" not in browser(factories.user("service_worker")).get(
        f"/office/person/details/?id={payer}").text


def _invoice(decision: FeeDecision, by: Any) -> int:
    fee.send(decision, by)
    invoice.draft({decision.head_id}, DateRange.month(2026, 5), by)
    return db.session.scalars(select(Invoice.id)).one()


def test_the_title_of_a_letter_begins_with_its_case(browser: Any, by: Any) -> None:
    mother = factories.person()
    finance = browser(factories.user("finance"))
    page = finance.get(f"/office/message/write/?from=finance&people={mother.id}&title=Lasku+12").text
    assert 'value="Lasku 12"' in page
    assert db.session.scalar(select(Post.id)) is None  # nothing is kept before something is typed
