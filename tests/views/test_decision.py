"""Decisions as the office reads them and the guardians answer them."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions.document import keep as keep_paper
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.dispatch import Delivery
from evaka.models.journal import AuditEvent
from evaka.models.person import Guardian
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import Channel, DecisionStatus
from evaka.rules.decision.delivery import DeliveryState
from tests import factories
from tests.conftest import NOON
from tests.pages import done, filtered, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")


def mother_of(child, **fields):
    return factories.user("guardian", person=child.guardians[0], **fields)


def answers(page):
    return [verb for verb in ("accept", "reject") if f"/my/decision/do/{verb}/" in page.text]


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (DecisionStatus.SENT, ["accept", "reject"]),
        (DecisionStatus.ACCEPTED, []),
        (DecisionStatus.REJECTED, []),
        (DecisionStatus.EXPIRED, []),
        (DecisionStatus.ANNULLED, []),
    ],
)
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_guardian_answers_a_decision_that_waits(browser, status, shown, language):
    row = factories.decision(status=status)
    mother = browser(mother_of(row.child, language=language))
    page = mother.get(f"/my/decision/details/?id={row.id}")
    assert page.status_code == 200
    assert answers(page) == shown
    assert not wordless(page)
    assert not wordless(mother.get("/my/decision/"))


def test_a_draft_is_the_offices_own(browser):
    row = factories.decision(status=DecisionStatus.DRAFT, answer_due=None)
    mother = browser(mother_of(row.child))
    assert mother.get(f"/my/decision/details/?id={row.id}").status_code == 404
    assert str(row.unit) not in seen(mother.get("/my/decision/"))


def test_a_decision_that_is_not_in_the_post_yet_is_not_answered(browser):
    row = factories.decision(application=factories.application(status=ApplicationStatus.WAITING_MAILING))
    mother = browser(mother_of(row.child))
    assert answers(mother.get(f"/my/decision/details/?id={row.id}")) == []
    page = press(mother, f"/my/decision/do/accept/?id={row.id}", start="10.8.2026")
    assert refused(page)
    assert db.session.scalars(select(Decision.status)).one() is DecisionStatus.SENT


def test_a_guardian_rejects(browser):
    row = factories.decision()
    done(press(browser(mother_of(row.child)), f"/my/decision/do/reject/?id={row.id}"))
    assert db.session.scalars(select(Decision.status)).one() is DecisionStatus.REJECTED


@pytest.mark.parametrize("verb", ["annul", "expire", "extend", "write_reasons"])
def test_what_the_office_does_is_not_done_from_the_guardians_pages(browser, verb):
    row = factories.decision(answer_due=date(2026, 5, 1))
    mother = browser(mother_of(row.child))
    assert mother.get(f"/my/decision/do/{verb}/?id={row.id}").status_code == 403
    assert (
        mother.post(f"/my/decision/do/{verb}/?id={row.id}", data={"row_version": 1, "reason": "x"}).status_code == 403
    )
    assert db.session.scalars(select(Decision.status)).one() is DecisionStatus.SENT


def test_a_blocked_guardian_finds_no_decision_any_more(browser):
    row = factories.decision()
    user = mother_of(row.child)
    db.session.scalars(select(factories.Guardian)).one().blocked = True
    mother = browser(user)
    assert mother.get(f"/my/decision/details/?id={row.id}").status_code == 404


def test_reading_a_decision_is_a_line_on_the_childs_file_for_guardians_too(browser):
    row = factories.decision()
    user, child = mother_of(row.child), row.child_id
    browser(user).get(f"/my/decision/details/?id={row.id}")
    line = db.session.scalars(select(AuditEvent)).one()
    assert (line.action, line.user_id, line.person_id) == ("decision.read", user.id, child)


def test_who_did_what_in_the_office_is_not_told_to_the_family(browser):
    row = factories.decision()
    office, mother = factories.user("service_worker", name="Pirjo Ohjaaja"), mother_of(row.child)
    press(browser(office), f"/office/decision/do/annul/?id={row.id}", reason="Väärä yksikkö")
    assert "Pirjo Ohjaaja" not in seen(browser(mother).get(f"/my/decision/details/?id={row.id}"))


def test_a_director_reads_the_decisions_on_the_own_unit_but_no_drafts(browser):
    here, elsewhere = factories.decision(), factories.decision()
    draft = factories.decision(
        application=factories.application(units=[here.unit]), status=DecisionStatus.DRAFT, answer_due=None
    )
    director = browser(factories.user("director", here.unit))
    codes = [director.get(f"/office/decision/details/?id={one.id}").status_code for one in (here, elsewhere, draft)]
    assert codes == [200, 404, 404]
    assert elsewhere.child.last_name not in seen(director.get("/office/decision/?all=1"))


def test_decisions_that_nobody_answered_are_found_and_expired_together(browser):
    late = [factories.decision(answer_due=date(2026, 5, 31)) for _ in range(2)]
    waiting = factories.decision(factories.child(last_name="Odottava"), answer_due=date(2026, 6, 1))
    ids = [str(one.id) for one in (*late, waiting)]
    office = browser(factories.user("service_worker"))
    assert "Odottava" not in seen(filtered(office, "/office/decision/", "Vastaus myöhässä", "1"))
    stopped = office.post("/office/decision/bulk/", data={"verb": "expire", "rowid": ids, "confirmed": "1"})
    assert any("Perhe voi vastata vielä 1.6.2026 asti" in sentence for sentence in refused(stopped))
    assert set(db.session.scalars(select(Decision.status))) == {DecisionStatus.SENT}
    done(
        office.post(
            "/office/decision/bulk/", data={"verb": "expire", "rowid": ids[:2], "confirmed": "1"}, follow_redirects=True
        )
    )
    assert sorted(db.session.scalars(select(Decision.status))) == ["expired", "expired", "sent"]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
@pytest.mark.parametrize("status", list(DecisionStatus))
def test_the_office_has_words_for_everything(browser, status, language):
    row = factories.decision(status=status)
    office = browser(factories.user("admin", language=language))
    for address in ("?all=1", f"details/?id={row.id}"):
        page = office.get(f"/office/decision/{address}")
        assert page.status_code == 200
        assert not wordless(page)


def test_nothing_is_answered_for_a_family_by_a_secretary(browser):
    row = factories.decision()
    secretary = browser(factories.user("secretary", row.unit))
    assert secretary.get(f"/office/decision/do/accept/?id={row.id}").status_code == 403


@pytest.mark.parametrize("whose", ["child", "applicant", "nobody", "over"])
def test_a_protected_decision_is_read_by_the_applicant_and_those_who_have_a_copy(browser, whose):
    row = factories.decision()
    paper = keep_paper(row.child_id, "decision", Actor(None, NOON), name="Päätös", language="fi", content=b"%PDF-1.7")
    anew = keep_paper(row.child_id, "decision", Actor(None, NOON), name="Uusi", language="fi", content=b"%PDF-1.7 x")
    row.document, mother = anew, row.child.guardians[0]
    father, other = factories.person(), factories.person()
    for one in (father, other):
        factories.save(Guardian(child_id=row.child_id, guardian_id=one.id))
    for one, document in ((mother, paper), (other, anew)):
        factories.save(Delivery(decision=row, person_id=one.id, channel=Channel.PORTAL, state=DeliveryState.SENT,
                                document_id=document.id))
    row.application.guardian = mother
    for one in {"child": [row.child], "applicant": [mother], "nobody": [], "over": [row.child, mother]}[whose]:
        one.restricted, one.restricted_until = True, date(2026, 5, 31) if whose == "over" else date(2026, 6, 1)
    pages = [f"/my/decision/details/?id={row.id}", f"/my/document/download/?id={paper.id}",
             f"/my/document/download/?id={anew.id}"]
    unit, papers = str(row.unit), {"Päätös", "Uusi"}
    people = {"mother": mother, "other": other, "father": father}
    users = {name: factories.user("guardian", person=one) for name, one in people.items()}
    for name, user in users.items():
        guardian, reads = browser(user), name != "father" or whose in ("nobody", "over")
        assert {guardian.get(page).status_code for page in pages} == ({200} if reads else {404})
        assert (unit in seen(guardian.get("/my/decision/"))) is reads
        assert (unit in seen(guardian.get("/my/"))) is reads
        listed = seen(guardian.get("/my/document/"))
        assert {one for one in papers if one in listed} == (papers if reads else set())
