"""Applications as the office reads, sorts and takes them."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DecisionStatus
from evaka.rules.placement import PlanStatus
from evaka.texts import enum_key, knows, say
from tests import factories
from tests.conftest import keep
from tests.pages import Later, done, filtered, press, seen, wordless

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def office(browser):
    return Later(lambda: browser(factories.user("service_worker")))


def buttons(page):
    return {
        verb
        for verb in ("send", "take", "check", "plan", "propose", "send_decision", "accept_proof", "cancel", "mail")
        if f"/office/application/do/{verb}/" in page.text
    }


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"status": ApplicationStatus.CREATED}, {"send"}),
        ({"status": ApplicationStatus.SENT}, {"take", "accept_proof", "cancel"}),
        ({"checked": False}, {"check", "accept_proof", "cancel"}),
        ({"checked": True}, {"plan", "accept_proof", "cancel"}),
        ({"status": ApplicationStatus.WAITING_GUARDIAN}, set()),
        ({"status": ApplicationStatus.WAITING_MAILING}, {"mail"}),
        ({"status": ApplicationStatus.ACTIVE}, set()),
    ],
)
def test_only_buttons_that_lead_somewhere_are_shown(office, fields, shown):
    row = factories.application(**fields)
    assert buttons(office.get(f"/office/application/details/?id={row.id}")) == shown


@pytest.mark.parametrize(
    ("state", "plan", "ask", "shown"),
    [
        (ApplicationStatus.WAITING_DECISION, PlanStatus.DRAFT, True, {"propose"}),
        (ApplicationStatus.WAITING_DECISION, PlanStatus.DRAFT, False, {"send_decision"}),
        (ApplicationStatus.WAITING_CONFIRMATION, PlanStatus.PROPOSED, True, set()),
        (ApplicationStatus.WAITING_CONFIRMATION, PlanStatus.CONFIRMED, True, {"send_decision"}),
    ],
)
def test_a_decision_is_offered_when_the_unit_has_confirmed_or_is_not_asked(office, state, plan, ask, shown):
    row = factories.application(units=[factories.unit(ask_unit=ask)], status=state)
    factories.plan(row, status=plan)
    assert buttons(office.get(f"/office/application/details/?id={row.id}")) == shown


@pytest.mark.parametrize("state", list(ApplicationStatus))
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_page_has_words_for_everything(browser, state, language):
    row = factories.application(
        status=state, urgent=True, assistance="x", notes="y", checked=False, due=date(2026, 5, 1)
    )
    factories.plan(row)
    factories.decision(application=row)
    office = browser(factories.user("admin", language=language))
    for address in ("?all=1", f"details/?id={row.id}"):
        page = office.get(f"/office/application/{address}")
        assert page.status_code == 200
        assert not wordless(page)


def test_an_overdue_application_says_so_and_stands_first(office):
    factories.application(factories.child(last_name="Hiljainen"), due=date(2026, 9, 1))
    late = factories.application(factories.child(last_name="Kiireinen"), due=date(2026, 5, 29))
    page = seen(office.get("/office/application/?all=1"))
    assert page.index("Kiireinen") < page.index("Hiljainen")
    file = seen(office.get(f"/office/application/details/?id={late.id}"))
    assert "29.5.2026" in file
    assert "Määräaika" in file


def test_applications_without_a_due_day_are_not_overdue_and_are_not_lost(office):
    for name, due in (("Muuttaja", None), ("Ajoissa", date(2026, 9, 1)), ("Myöhässä", date(2026, 5, 29))):
        factories.application(factories.child(last_name=name), due=due)
    late, in_time = (seen(filtered(office, "/office/application/", "Määräaika ylitetty", value)) for value in "10")
    assert [one for one in ("Muuttaja", "Ajoissa", "Myöhässä") if one in late] == ["Myöhässä"]
    assert [one for one in ("Muuttaja", "Ajoissa", "Myöhässä") if one in in_time] == ["Muuttaja", "Ajoissa"]


def test_an_application_without_wishes_opens(office):
    row = factories.application()
    row.preferences.clear()
    assert office.get(f"/office/application/details/?id={row.id}").status_code == 200
    assert office.get(f"/office/application/do/plan/?id={row.id}").status_code == 200


def test_a_director_sees_no_draft_and_no_other_units_plan(browser):
    unit, other = factories.unit("Oma päiväkoti"), factories.unit("Vieras päiväkoti")
    row = factories.application(units=[unit], status=ApplicationStatus.WAITING_CONFIRMATION)
    factories.plan(row, unit=other, status=PlanStatus.DECLINED, reason="Salainen syy")
    factories.plan(row, status=PlanStatus.PROPOSED)
    factories.decision(application=row, status=DecisionStatus.DRAFT, answer_due=None)
    page = browser(factories.user("director", unit)).get(f"/office/application/details/?id={row.id}")
    assert "Oma päiväkoti" in seen(page)
    assert "Vieras päiväkoti" not in seen(page)
    assert "Salainen syy" not in page.text
    assert "Päätöstä ei ole vielä tehty." in seen(page)


def test_many_applications_are_marked_received_at_once_or_none(office):
    rows = [factories.application(status=ApplicationStatus.CREATED, due=None) for _ in range(3)]
    ids = [one.id for one in rows]
    typed = {"verb": "send", "rowid": [str(id) for id in ids]}
    preview = office.post("/office/application/bulk/", data=typed)
    assert all(one.child.last_name in seen(preview) for one in db.session.scalars(select(Application)))
    done(office.post("/office/application/bulk/", data=typed | {"confirmed": "1"}, follow_redirects=True))
    assert set(db.session.scalars(select(Application.status))) == {ApplicationStatus.SENT}
    lines = db.session.scalars(select(AuditEvent.subject_id).where(AuditEvent.action == "application.send"))
    assert sorted(lines) == ids


def test_an_incomplete_application_stops_all_of_them(office):
    complete = factories.application(status=ApplicationStatus.CREATED)
    empty = factories.application(status=ApplicationStatus.CREATED, service_need="")
    ids = [str(complete.id), str(empty.id)]
    office.post("/office/application/bulk/", data={"verb": "send", "rowid": ids, "confirmed": "1"})
    assert set(db.session.scalars(select(Application.status))) == {ApplicationStatus.CREATED}


def test_reading_an_application_is_a_line_on_the_childs_file(office):
    row = factories.application()
    child = row.child_id
    office.get(f"/office/application/details/?id={row.id}")
    line = db.session.scalars(select(AuditEvent)).one()
    assert (line.action, line.person_id) == ("application.read", child)


def test_a_cancelled_application_comes_back_with_a_button(office):
    row = factories.application()
    done(press(office, f"/office/application/do/cancel/?id={row.id}", reason="Perhe muutti"))
    done(press(office, f"/office/application/do/return_to_sent/?id={row.id}"))
    assert db.session.scalars(select(Application.status)).one() is ApplicationStatus.SENT


def test_where_the_child_is_now_and_another_open_application_are_told(browser):
    child = factories.child()
    place = factories.placement(child, date(2025, 8, 1), date(2028, 7, 31), unit=factories.unit("Mustikkamäki"))
    factories.placement(child, date(2024, 8, 1), date(2025, 7, 31), unit=factories.unit("Entinen"))
    row, other = (factories.application(child, transfer=True) for _ in range(2))
    office = browser(factories.user("service_worker"))
    page = seen(office.get(f"/office/application/details/?id={row.id}"))
    assert f"Paikka nyt tai tulossa Mustikkamäki, {say(enum_key(place.care_type), 'fi')} 1.8.2025–31.7.2028" in page
    assert "Entinen" not in page
    assert "Samalle lapselle on toinen avoin samanlainen hakemus" in page
    assert "Lapsella on paikka: Mustikkamäki" in seen(office.get(f"/office/desk/?application={row.id}"))
    factories.save(other).status = ApplicationStatus.CANCELLED
    keep()
    assert "toinen avoin samanlainen" not in seen(office.get(f"/office/application/details/?id={row.id}"))


def test_whatever_changes_in_an_application_has_words_in_its_history():
    columns = {one.key for one in Application.__mapper__.column_attrs} - {"id", "version"}
    assert {one for one in columns if not knows(f"application.{one}")} == set()
