"""A guardian's own applications, as they are filled in on a phone, and what the other guardian sees of them."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import select

from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.rules.application import ApplicationKind, ApplicationStatus, AttachmentKind, Origin, OtherView
from tests import factories
from tests.conftest import NOON, keep
from tests.pages import choices, done, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
S = ApplicationStatus


@pytest.fixture
def family(browser):
    mother = factories.person(first_name="Maija")
    child = factories.child(mother, first_name="Aino")
    unit = factories.unit("Lokkilan päiväkoti", daycare_apply_start=date(2026, 1, 1))
    return browser(factories.user("guardian", person=mother)), child, unit


def only():
    db.session.expire_all()
    return db.session.scalars(select(Application)).one()


def begin(guardian, child, kind="daycare"):
    page = guardian.post("/my/application/begin/", data={"child": child.id, "kind": kind}, follow_redirects=True)
    assert page.status_code == 200, seen(page)
    return page


def typed(page, **more):
    version = re.search(r'name="row_version"[^>]*value="(\d*)"', page.text)
    return {"row_version": version[1], "other_guardian_view": "single", "phone": "040 555 0100",
            "email": "aiti@example.fi", "other_may_see": "y"} | more


def fill(guardian, press="save", **more):
    address = f"/my/application/fill/?id={only().id}"
    return guardian.post(address, data=typed(guardian.get(address), press=press, **more), follow_redirects=True,
                         content_type="multipart/form-data")


def test_from_the_first_thought_to_the_office(family):
    guardian, child, unit = family
    assert "Aino" in seen(guardian.get("/my/application/begin/"))
    page = begin(guardian, child)
    assert choices(page, "unit_1") == ["Valitse", "Lokkilan päiväkoti"]
    lacking = refused(fill(guardian, "send", notes="Hei"))
    assert [one for one in lacking if "toivottu aloituspäivä" in one]
    assert only().notes == "Hei"  # nothing typed is lost, though it cannot be sent
    page = fill(guardian, "send", start="2026-10-01", unit_1=unit.id, service_need="full_day", notes="Hei",
                answer_travel="bus", answer_language_group="y", child_1_first_name="Eino")
    assert done(page)
    row = only()
    assert (row.status, row.origin, row.received, row.due) == (
        S.SENT, Origin.ELECTRONIC, date(2026, 6, 1), date(2026, 10, 1))
    assert row.answers == {"travel": "bus", "language_group": True}
    assert [one["first_name"] for one in row.other_children] == ["Eino"]
    words = seen(page)
    assert "1.10.2026" in words
    assert "Joukkoliikenteellä" in words


def test_a_paper_is_added_opened_and_taken_away(family, browser):
    guardian, child, _ = family
    begin(guardian, child)
    fill(guardian, "attach", paper_kind="urgency", upload=(BytesIO(b"%PDF-1.7 x"), "tosi.pdf"))
    paper = db.session.scalars(select(Attachment)).one()
    got = guardian.get(f"/my/application/paper/?id={paper.id}")
    assert (got.data, got.headers["Content-Disposition"].partition(";")[0]) == (b"%PDF-1.7 x", "attachment")
    number, application = paper.id, paper.application_id
    stranger = browser(factories.user("guardian", person=factories.person()))
    assert stranger.get(f"/my/application/paper/?id={number}").status_code == 404
    assert "ei ole PDF" in " ".join(refused(fill(
        guardian, "attach", paper_kind="other", upload=(BytesIO(b"<html>"), "sivu.pdf"))))
    done(guardian.post(f"/my/application/detach/?id={application}", data={"paper": number}, follow_redirects=True))
    assert db.session.scalars(select(Attachment)).all() == []


def test_the_offices_own_paper_is_not_the_familys(family):
    guardian, child, unit = family
    row = factories.application(child, [unit], status=S.SENT)
    paper = factories.save(Attachment(
        application=row, kind=AttachmentKind.OFFICE, name="muistio.pdf", media="application/pdf", size=1, digest="x",
        added_at=NOON, content=b"x", by_office=True))
    id, number = row.id, paper.id
    keep()
    assert "muistio" not in guardian.get(f"/my/application/details/?id={id}").text
    assert guardian.get(f"/my/application/paper/?id={number}").status_code == 404


def test_what_was_sent_is_changed_until_the_office_takes_it(family):
    guardian, child, unit = family
    factories.application(child, [unit], status=S.SENT, origin=Origin.ELECTRONIC, start=date(2026, 10, 1),
                          other_guardian_view=OtherView.SINGLE)
    keep()
    page = fill(guardian, start="2026-09-01", unit_1=unit.id, service_need="full_day", notes="x")
    assert "aikaistaa" in " ".join(refused(page))
    done(fill(guardian, start="2026-11-02", unit_1=unit.id, service_need="full_day"))
    row = only()
    assert row.start == date(2026, 11, 2)
    row.status = S.WAITING_PLACEMENT
    keep()
    page = guardian.get(f"/my/application/fill/?id={row.id}", follow_redirects=True)
    assert "Pyydä muutosta" in seen(page)
    done(press(guardian, f"/my/application/do/ask_change/?id={row.id}", words="Aloitus joulukuussa"))
    assert only().supplement_came is not None


def test_two_who_save_the_same_draft_are_told_of_one_another(family):
    guardian, child, _ = family
    page = begin(guardian, child)
    old = typed(page, press="save", notes="Ensin")
    fill(guardian, notes="Sitten")
    late = guardian.post(f"/my/application/fill/?id={only().id}", data=old)
    assert refused(late)
    assert "Ensin" in late.text
    assert only().notes == "Sitten"


def version_on(page):
    return re.search(r'name="row_version"[^>]*value="(\d*)"', page.text)[1]


def test_a_form_that_is_sent_back_for_another_mistake_does_not_become_fresh_by_itself(family):
    guardian, child, _ = family
    old = typed(begin(guardian, child), press="save", notes="Ensin")
    fill(guardian, notes="Sitten")
    address = f"/my/application/fill/?id={only().id}"
    back = guardian.post(address, data=old | {"start": "joskus"})
    assert refused(back)
    assert version_on(back) == old["row_version"]
    told = guardian.post(address, data=old | {"row_version": version_on(back)})
    assert "Kirjoittamasi on tallella" in " ".join(refused(told))
    assert only().notes == "Sitten"
    done(guardian.post(address, data=old | {"row_version": version_on(told)}, follow_redirects=True))
    assert only().notes == "Ensin"  # what the other saved has been told of


def test_a_form_that_has_saved_and_still_lacks_something_is_sent_again_without_ado(family):
    guardian, child, _ = family
    begin(guardian, child)
    back = fill(guardian, press="attach", notes="Hei")
    assert "Valitse ensin tiedosto" in back.text
    address = f"/my/application/fill/?id={only().id}"
    done(guardian.post(address, data=typed(back, press="save", notes="Hei taas"), follow_redirects=True))
    assert only().notes == "Hei taas"


def test_the_other_guardian_sees_what_is_shared_and_answers(family, browser):
    _guardian, child, unit = family
    row = factories.application(
        child, [unit], status=S.SENT, assistance="Puheterapia", notes="Salaista", phone="040 111 2222",
        other_guardian_view=OtherView.AGREED, consent_asked=NOON)
    father = factories.guardian_of(child)
    row.other_guardian_id = father.id
    id = row.id
    other = browser(factories.user("guardian", person=father))
    assert "Suostutko" in seen(other.get("/my/"))
    words = seen(other.get(f"/my/application/details/?id={id}"))
    assert "Lokkilan päiväkoti" in words
    for secret in ("Puheterapia", "Salaista", "040 111 2222"):
        assert secret not in words
    assert other.get(f"/my/application/fill/?id={id}").status_code == 403
    done(press(other, f"/my/application/do/consent/?id={id}", answer="no", words="Liian kaukana"))
    assert (only().consent, only().consent_words) == (False, "Liian kaukana")


def test_a_draft_and_what_is_hidden_is_seen_by_nobody_else(family, browser):
    guardian, child, unit = family
    draft = factories.application(child, [unit], status=S.CREATED, origin=Origin.ELECTRONIC).id
    hidden = factories.application(child, [unit], status=S.SENT, hidden=True).id
    father = browser(factories.user("guardian", person=factories.guardian_of(child)))
    office = browser(factories.user("service_worker"))
    assert guardian.get(f"/my/application/fill/?id={draft}").status_code == 200
    assert guardian.get(f"/my/application/details/?id={hidden}").status_code == 404
    assert office.get(f"/office/application/details/?id={draft}").status_code == 404
    assert office.get(f"/office/application/details/?id={hidden}").status_code == 200
    for id in (draft, hidden):
        assert father.get(f"/my/application/details/?id={id}").status_code == 404
    assert f"application/details/?id={draft}" not in office.get(f"/office/person/details/?id={child.id}").text


def test_a_guardian_without_rights_any_more_sees_nothing(family):
    guardian, child, unit = family
    id = factories.application(child, [unit], status=S.SENT).id
    db.session.scalars(select(factories.Guardian)).one().blocked = True
    keep()
    assert guardian.get(f"/my/application/details/?id={id}").status_code == 404


@pytest.mark.parametrize("state", list(ApplicationStatus))
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_guardians_page_has_words_for_everything(browser, state, language):
    child = factories.child()
    row = factories.application(child, status=state, urgent=True, transfer=state is S.SENT, supplement="Lisää",
                                supplement_asked=NOON if state is S.SENT else None, shift_care=True)
    mine = browser(factories.user("guardian", person=child.guardians[0], language=language))
    addresses = ("", f"details/?id={row.id}", f"fill/?id={row.id}", "begin/")
    for address in addresses:
        page = mine.get(f"/my/application/{address}", follow_redirects=True)
        assert page.status_code == 200
        assert not wordless(page)


@pytest.mark.parametrize("kind", list(ApplicationKind))
def test_each_kind_asks_its_own_questions(family, kind):
    guardian, child, _ = family
    page = begin(guardian, child, kind.value)
    asked = {name for name in ("preparatory", "connected_daycare", "service_need", "had_club", "urgent")
             if f'name="{name}"' in page.text}
    assert asked == {
        ApplicationKind.DAYCARE: {"service_need", "urgent"},
        ApplicationKind.PRESCHOOL: {"preparatory", "connected_daycare", "service_need", "urgent"},
        ApplicationKind.CLUB: {"had_club"},
    }[kind]


def test_pre_primary_education_is_applied_for_in_its_term(family, at):
    guardian, child, _ = family
    unit = factories.unit("Esiopetus", care_types=["preschool", "preschool_daycare"],
                          preschool_apply_start=date(2026, 1, 1))
    id = unit.id
    begin(guardian, child, "preschool")
    assert "kaudelle" in " ".join(refused(fill(guardian, "send", start="2026-07-01", unit_1=id)))
    done(fill(guardian, "send", start="2026-08-11", unit_1=id, connected_daycare="y",
              service_need="preschool_daycare"))
    row = only()
    assert (row.service_need, row.connected_daycare, row.due) == ("preschool_daycare", True, date(2026, 8, 11))


def test_opening_the_own_application_is_a_line_of_the_journal(family):
    guardian, child, unit = family
    id = factories.application(child, [unit], status=S.SENT).id
    keep()
    guardian.get(f"/my/application/details/?id={id}")
    opened = select(AuditEvent.subject_id).where(AuditEvent.action == "application.read")
    assert db.session.scalars(opened).all() == [id]
