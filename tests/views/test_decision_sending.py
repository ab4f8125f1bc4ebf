"""The pages on which decisions are sent, posted and claimed against, and on which a family gives up its place."""

from __future__ import annotations

import io
from datetime import date

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from evaka.actions.decision import dispatch, print_decision
from evaka.actions.decision.draft import draft_for
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.claim import Claim
from evaka.models.decision.sending import Sending
from evaka.models.journal import AuditEvent
from evaka.models.placement import Placement
from evaka.models.placement.need_change import NeedChange
from evaka.models.placement.termination import Termination
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import Channel
from evaka.rules.decision.claim import ClaimStatus
from evaka.rules.decision.delivery import DispatchStatus, SendingStatus
from evaka.rules.placement import PlanStatus
from tests import factories
from tests.conftest import keep
from tests.pages import done, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
LANGUAGES = ("fi", "sv", "en")


def ready(by, **fields):
    row = factories.application(status=ApplicationStatus.WAITING_CONFIRMATION, **fields)
    draft_for(row, factories.plan(row, status=PlanStatus.CONFIRMED), by())
    return row


def worker(browser, **fields):
    return browser(factories.user("service_worker", **fields))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_case_worker_looks_through_a_set_and_approves_it(browser, by, language):
    first, unit = ready(by), factories.unit("Lokkila")
    second = ready(by, units=[unit])
    keep()
    desk = worker(browser, language=language)
    begin = desk.get("/office/sending/begin/")
    assert not wordless(begin)
    assert "Lokkila (1)" in seen(begin)
    page = desk.post("/office/sending/begin/", data={"kind": "", "unit": str(unit.id), "first": "", "last": ""},
                     follow_redirects=True)
    assert not wordless(page)
    made = db.session.scalars(select(Sending)).one()
    assert made.status is SendingStatus.PREVIEW
    listed = desk.get(f"/office/sending_item/?flt0_0={made.id}")
    assert (str(second.child) in seen(listed), str(first.child) in seen(listed)) == (True, False)
    assert not wordless(desk.get(f"/office/sending/do/approve/?id={made.id}"))
    assert done(press(desk, f"/office/sending/do/approve/?id={made.id}"))
    assert desk.get(f"/office/sending/progress/?id={made.id}").json == {"done": 0, "left": 1, "status": "sending"}


def test_days_and_kinds_narrow_a_set_and_nothing_ready_is_said(browser, by):
    ready(by)
    keep()
    desk = worker(browser)
    typed = {"kind": "daycare", "unit": "", "first": "2026-09-01", "last": ""}
    assert "Yhdenkään hakemuksen päätös ei ole valmis" in " ".join(
        refused(desk.post("/office/sending/begin/", data=typed, follow_redirects=True)))
    typed |= {"first": "", "last": "2026-08-10"}
    assert not refused(desk.post("/office/sending/begin/", data=typed, follow_redirects=True))
    assert "Lähetettävää ei ole" in seen(desk.get("/office/sending/begin/"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_print_queue_becomes_a_file_that_is_marked_as_posted(browser, by, language):
    print_decision(ready(by), by(factories.user("service_worker")))
    keep()
    desk = worker(browser, language=language)
    assert not wordless(desk.get("/office/dispatch/make/"))
    page = desk.post("/office/dispatch/make/", data={"channel": "post", "day": "2026-06-01"}, follow_redirects=True)
    assert not wordless(page)
    row = db.session.scalars(select(dispatch.Dispatch)).one()
    file = desk.get(f"/office/dispatch/download/?id={row.id}")
    assert len(PdfReader(io.BytesIO(file.data)).pages) > 2
    assert db.session.scalars(select(AuditEvent.action).where(AuditEvent.action == "dispatch.fetch")).all()
    assert done(press(desk, f"/office/dispatch/do/mail/?id={row.id}"))
    assert db.session.get(dispatch.Dispatch, row.id).status is DispatchStatus.SENT
    assert not wordless(desk.get("/office/dispatch/"))
    refused_page = desk.post("/office/dispatch/make/", data={"channel": "post", "day": "1.6.2026"})
    assert refused(refused_page) or "of-empty" in refused_page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_claim_is_entered_on_the_decision_and_its_bundle_taken(browser, by, language):
    row = ready(by)
    print_decision(row, by(factories.user("service_worker")))
    keep()
    decision = db.session.scalars(select(Decision)).one()
    desk = worker(browser, language=language)
    page = press(desk, f"/office/decision/do/claim.record/?id={decision.id}", claimant=str(row.guardian_id),
                 received="2026-06-01", grounds="Liian kaukana")
    assert done(page)
    assert not wordless(page)
    claim = db.session.scalars(select(Claim)).one()
    assert not wordless(desk.get(f"/office/claim/details/?id={claim.id}"))
    assert not wordless(desk.get("/office/claim/"))
    file = desk.get(f"/office/decision/bundle/?id={decision.id}")
    assert file.data.startswith(b"%PDF")
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "claim.bundle")).one()
    assert len(line.facts["digest"]) == 64
    assert done(press(desk, f"/office/claim/do/forward/?id={claim.id}", forwarded_on="2026-06-01"))
    assert db.session.get(Claim, claim.id).status is ClaimStatus.FORWARDED


@pytest.mark.parametrize("address", [
    "/office/sending/", "/office/sending/begin/", "/office/dispatch/", "/office/dispatch/make/", "/office/claim/",
])
@pytest.mark.parametrize("role", ["director", "finance", "guardian"])
def test_others_send_post_and_claim_nothing(browser, role, address):
    unit = factories.unit() if role == "director" else None
    person = factories.person() if role == "guardian" else None
    assert browser(factories.user(role, unit=unit, person=person)).get(address).status_code == 403


# -- answers and places, looked at before they are done ---------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_accepting_does_is_shown_before_it_is_done(browser, language):
    decision = factories.decision()
    factories.placement(decision.child, date(2026, 1, 7), None, unit=factories.unit("Vanha talo"))
    keep()
    desk = worker(browser, language=language)
    page = desk.get(f"/office/decision/do/accept/?id={decision.id}")
    assert not wordless(page)
    assert "7.1.2026–9.8.2026" in seen(page)
    version = {"row_version": str(decision.version), "start": "2026-08-20", "look": "1"}
    looked = desk.post(f"/office/decision/do/accept/?id={decision.id}", data=version)
    assert "7.1.2026–19.8.2026" in seen(looked)
    assert [str(one.period) for one in db.session.scalars(select(Placement))] == ["7.1.2026–"]  # nothing is saved
    assert db.session.scalars(select(AuditEvent.id).where(AuditEvent.action == "decision.accept")).all() == []
    assert done(press(desk, f"/office/decision/do/accept/?id={decision.id}", start="2026-08-20"))
    assert len(db.session.scalars(select(Placement.id)).all()) == 3


def test_a_guardian_reads_what_becomes_of_the_present_place(browser):
    decision = factories.decision()
    factories.placement(decision.child, date(2026, 1, 7), None, unit=factories.unit("Vanha talo"))
    mother = browser(factories.user("guardian", person=decision.child.guardians[0]))
    assert "Paikka Vanha talo (7.1.2026–) jakautuu" in seen(mother.get(f"/my/decision/details/?id={decision.id}"))


def test_a_guardian_who_lives_elsewhere_reads_why_another_answers(browser):
    decision = factories.decision()
    other = factories.guardian_of(decision.child)
    page = browser(factories.user("guardian", person=other)).get(f"/my/decision/details/?id={decision.id}")
    assert "vastaa huoltaja, joka haki paikkaa" in seen(page)
    assert "/my/decision/do/accept/" not in page.text


def test_a_place_that_is_moved_is_looked_at_first_and_a_no_is_said(browser):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    keep()
    desk = worker(browser)
    address = f"/office/placement/do/change_days/?id={place.id}"
    looked = desk.post(address, data={"row_version": str(place.version), "start": "2026-01-07", "end": "2026-01-01",
                                      "look": "1"})
    assert "on ennen ensimmäistä päivää" in " ".join(refused(looked))
    assert done(press(desk, address, start="2026-01-07", end="2026-12-31"))
    assert db.session.get(Placement, place.id).end == date(2026, 12, 31)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_family_gives_up_its_place_on_the_phone_and_takes_that_back(browser, language):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    keep()
    mother = browser(factories.user("guardian", person=child.guardians[0], language=language))
    page = mother.get(f"/my/placement/details/?id={place.id}")
    assert not wordless(page)
    assert not wordless(mother.get("/my/placement/"))
    page = press(mother, f"/my/placement/do/terminate/?id={place.id}", last_day="2026-08-31", scope="place")
    assert done(page)
    assert not wordless(page)
    notice = db.session.scalars(select(Termination)).one()
    assert f"/my/termination/do/undo/?id={notice.id}" in page.text
    assert done(press(mother, f"/my/termination/do/undo/?id={notice.id}"))
    assert [str(one.period) for one in db.session.scalars(select(Placement))] == ["7.1.2026–31.7.2027"]


def test_a_family_asks_for_another_need_and_the_director_finds_it(browser):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    keep()
    mother = browser(factories.user("guardian", person=child.guardians[0]))
    page = press(mother, f"/my/placement/do/need_change.ask/?id={place.id}", start="2026-09-01",
                 service_need="from_25_to_35_hours", shift_care="none", reason="")
    assert done(page)
    wish = db.session.scalars(select(NeedChange)).one()
    director = browser(factories.user("director", unit=place.unit))
    assert str(child) in seen(director.get("/office/need_change/"))
    assert done(press(director, f"/office/need_change/do/accept/?id={wish.id}"))
    stranger = browser(factories.user("director", unit=factories.unit()))
    assert stranger.get(f"/office/need_change/details/?id={wish.id}").status_code == 404


def test_a_copy_for_the_other_guardian_stands_among_the_deliveries(browser, by):
    row = ready(by)
    factories.guardian_of(row.child, last_name="Toinen")
    db.session.expire_all()
    print_decision(row, by(factories.user("service_worker")))
    keep()
    decision = db.session.scalars(select(Decision)).one()
    page = worker(browser).get(f"/office/decision/details/?id={decision.id}")
    assert "Toinen" in seen(page)
    assert dispatch.how_many(Channel.POST) == 2
