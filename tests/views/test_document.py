"""Papers as they were sent."""

from __future__ import annotations

from hashlib import sha256

import pytest
from sqlalchemy import select

from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.journal import AuditEvent
from tests import factories
from tests.conftest import NOON
from tests.pages import seen

pytestmark = pytest.mark.usefixtures("database")
CONTENT = b"%PDF-1.4 kept as sent"


def paper(person, feature="decision", name="Päätös 1"):
    return factories.save(
        Document(
            person_id=person.id,
            feature=feature,
            name=name,
            language="fi",
            made_at=NOON,
            content=CONTENT,
            digest=sha256(CONTENT).hexdigest(),
        )
    )


def test_the_very_bytes_that_were_sent_are_opened_and_that_is_written_down(browser):
    child = factories.child()
    one, user = paper(child), factories.user("guardian", person=child.guardians[0])
    page = browser(user).get(f"/my/document/download/?id={one.id}")
    assert (page.status_code, page.mimetype, page.data) == (200, "application/pdf", CONTENT)
    assert page.headers["Content-Disposition"] == "inline; filename*=UTF-8''P%C3%A4%C3%A4t%C3%B6s%201.pdf"
    assert page.headers["Cache-Control"] == "no-store"
    line = db.session.scalars(select(AuditEvent)).one()
    assert (line.action, line.user_id, line.person_id) == ("document.read", user.id, child.id)


@pytest.mark.parametrize(
    ("feature", "whose", "mother", "father", "director"),
    [
        ("decision", "child", 200, 200, 200),
        ("fee", "mother", 200, 404, 404),
        ("invoice", "mother", 200, 404, 404),
    ],
)
def test_a_familys_money_is_its_heads_own(browser, feature, whose, mother, father, director):
    child = factories.child()
    parent, other = child.guardians[0], factories.guardian_of(child)
    place = factories.placement(child, NOON.date())
    one = paper(child if whose == "child" else parent, feature)
    codes = [
        browser(factories.user("guardian", person=who)).get(f"/my/document/download/?id={one.id}").status_code
        for who in (parent, other)
    ]
    assert codes == [mother, father]
    office = browser(factories.user("director", place.unit))
    assert office.get(f"/office/document/download/?id={one.id}").status_code == director


def test_other_peoples_papers_are_not_found(browser):
    one = paper(factories.child())
    stranger = browser(factories.user("guardian", person=factories.child().guardians[0]))
    director = browser(factories.user("director", factories.unit()))
    for reader, side in ((stranger, "my"), (director, "office")):
        for page in ("download", "details"):
            assert reader.get(f"/{side}/document/{page}/?id={one.id}").status_code == 404
    assert db.session.scalars(select(AuditEvent)).all() == []


def test_staff_and_visitors_open_no_papers(browser):
    child, unit = factories.child(), factories.unit()
    place = factories.placement(child, NOON.date(), unit=unit)
    group = factories.group(unit)
    factories.in_group(place, group)
    one = paper(child)
    assert (
        browser(factories.user("staff", unit, group)).get(f"/office/document/download/?id={one.id}").status_code == 403
    )
    assert browser(None).get(f"/office/document/download/?id={one.id}").status_code == 302


def test_who_in_the_office_opened_a_paper_is_not_told_to_the_family(browser):
    child = factories.child()
    one, user = paper(child), factories.user("guardian", person=child.guardians[0])
    office = factories.user("service_worker", name="Pirjo Ohjaaja")
    factories.save(
        AuditEvent(at=NOON, user_id=office.id, action="document.noted", subject="document", subject_id=one.id, facts={})
    )
    assert "Pirjo Ohjaaja" not in seen(browser(user).get(f"/my/document/details/?id={one.id}"))
