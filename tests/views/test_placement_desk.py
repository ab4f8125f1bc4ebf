"""The desk as a season's work: drafts of everybody, days and reasons that are typed, proposals, figures that open."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from evaka.actions import placement as act
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.journal import AuditEvent, Email
from evaka.models.placement import PlacementPlan
from evaka.rules.application import ApplicationKind, ApplicationStatus
from evaka.rules.placement import PlanStatus
from tests import factories
from tests.conftest import keep
from tests.pages import Later, done, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
POINT = {"latitude": Decimal("61.20000"), "longitude": Decimal("24.00000")}


@pytest.fixture
def office(browser):
    return Later(lambda: browser(factories.user("service_worker")))


def drafted(count=1, unit=None, by=None, **fields):
    """So many children with a draft in a unit."""
    unit = unit or factories.unit()
    worker = by or factories.user("service_worker")
    found = []
    for _ in range(count):
        application = factories.application(units=[unit], status=ApplicationStatus.WAITING_DECISION)
        found.append(factories.plan(application, drafted_by=worker, **fields))
    return found


def planned():
    return db.session.scalars(select(PlacementPlan)).one()


def many(office, verb, plans, **more):
    ids = [one.application_id for one in plans]
    return office.post("/office/desk/many", data={"verb": verb, "application": ids, **more}, follow_redirects=True)


# -- choosing a place -------------------------------------------------------------------------------


def test_days_group_and_reason_are_typed_on_the_desk(office):
    unit = factories.unit(capacity=1)
    group = factories.group(unit)
    factories.placement(factories.child(), date(2026, 1, 1), None, unit=unit)
    application = factories.application(units=[unit])
    done(office.post("/office/desk/plan", follow_redirects=True, data={
        "application": application.id, "unit_id": unit.id, "start": "1.9.2026", "end": "2027-05-31",
        "group": group.id, "despite": "Sovittu johtajan kanssa"}))
    plan = planned()
    assert (str(plan.period), plan.group, plan.despite) == ("1.9.2026–31.5.2027", group, "Sovittu johtajan kanssa")


def test_a_place_that_needs_a_reason_asks_for_it_and_keeps_what_was_typed(office):
    unit = factories.unit(capacity=1)
    factories.placement(factories.child(), date(2026, 1, 1), None, unit=unit)
    application = factories.application(units=[unit])
    page = office.post("/office/desk/plan", data={
        "application": application.id, "unit_id": unit.id, "start": "2026-09-01", "end": "2027-05-31"})
    assert any("lupa ylittyy 1 lapsella" in one and "Kirjoita perustelu" in one for one in refused(page))
    assert 'value="2026-09-01"' in page.text
    assert 'name="despite"' in page.text
    assert not db.session.scalars(select(PlacementPlan)).all()


@pytest.mark.parametrize("typed", ["eilen", "31.2.2027", "2027-13-01"])
def test_a_day_that_is_none_is_told(office, typed):
    application = factories.application()
    page = office.post("/office/desk/plan", data={
        "application": application.id, "unit_id": application.preferences[0].unit_id, "start": typed})
    assert refused(page)[0] == f"”{typed}” ei ole päivä. Kirjoita se muodossa 1.8.2026."


def test_pre_primary_education_is_drafted_with_its_two_periods(office):
    unit = factories.unit(care_types=["preschool", "preschool_daycare"])
    application = factories.application(
        factories.child(born=date(2020, 3, 1)), [unit], kind=ApplicationKind.PRESCHOOL, service_need="",
        connected_daycare=True)
    page = office.get(f"/office/desk/?application={application.id}")
    assert "Täydentävä varhaiskasvatus alkaa" in seen(page)
    done(office.post("/office/desk/plan", follow_redirects=True, data={
        "application": application.id, "unit_id": unit.id, "daycare_start": "3.8.2026"}))
    drafts = db.session.scalars(select(Decision).order_by(Decision.id)).all()
    assert [str(one.period) for one in drafts] == ["11.8.2026–5.6.2027", "3.8.2026–31.7.2027"]


def test_distances_and_siblings_stand_beside_the_units(office):
    near = factories.unit(latitude=Decimal("61.20900"), longitude=Decimal("24.00000"))
    mother = factories.person()
    child = factories.child(mother, **POINT)
    sibling = factories.child(mother, first_name="Helmi")
    factories.placement(sibling, date(2026, 1, 1), None, unit=near)
    application = factories.application(child, [near])
    page = seen(office.get(f"/office/desk/?application={application.id}"))
    assert f"Sisarus Helmi: {near.name}" in page
    assert "1. toive · 1,0 km · sisarus" in page
    assert "Matka kotoa 1,0 km linnuntietä" in page


def test_of_a_restricted_address_no_distance_is_told(office):
    near = factories.unit(latitude=Decimal("61.20900"), longitude=Decimal("24.00000"))
    application = factories.application(factories.child(restricted=True, **POINT), [near])
    assert " km" not in seen(office.get(f"/office/desk/?application={application.id}"))


def test_who_moves_has_no_point_any_more():
    person = factories.person(street="Koivukatu 1", **POINT)
    person.street = "Opintie 2"
    db.session.flush()
    assert (person.latitude, person.longitude) == (None, None)


def test_an_opened_unit_shows_adults_and_groups(office):
    unit = factories.unit()
    group = factories.group(unit, adults="3")
    child = factories.child()
    factories.in_group(factories.placement(child, date(2025, 8, 1), date(2028, 7, 31), unit=unit), group)
    meant = factories.application(units=[unit], status=ApplicationStatus.WAITING_DECISION)
    factories.plan(meant, group=group, start=date(2026, 6, 1))
    page = office.get(f"/office/desk/?open={unit.id}")
    text = seen(page)
    assert f"Aikuisia tarvitaan {' '.join(['0,29'] * 12)}" in text  # two children of three or more: 2 / 7
    assert f"Aikuisia suunniteltu {' '.join(['3'] * 12)}" in text
    assert f"{group.name} {' '.join(['9,5'] * 12)}" in text  # 2 / 21


def test_filters_leave_what_they_say_and_stay_in_the_address(office):
    factories.application(factories.child(last_name="Kiireinen"), urgent=True)
    factories.application(factories.child(last_name="Muu"), kind=ApplicationKind.CLUB, service_need="")
    for query, left, gone in (("mark=urgent", "Kiireinen", "Muu"), ("kind=club", "Muu", "Kiireinen"),
                              ("name=kiirei", "Kiireinen", "Muu"), ("due=7", "", "Kiireinen")):
        page = office.get(f"/office/desk/?{query}")
        names = re.findall(r'class="of-app__row"><b>(.*?)</b>', page.text)
        assert not any(gone in one for one in names), query
        assert any(left in one for one in names) == bool(left), query
        assert 'class="of-chip"' in page.text


# -- drafts -----------------------------------------------------------------------------------------


def test_another_workers_draft_is_seen_and_changes_the_pulse(office):
    before = office.get("/office/desk/pulse")
    same = office.get("/office/desk/pulse", headers={"If-None-Match": before.headers["ETag"]})
    assert (before.status_code, same.status_code) == (204, 304)
    application = factories.application()
    worker = factories.user("service_worker", name="Anna Toinen")
    factories.plan(application, drafted_by=worker)
    application.status = ApplicationStatus.WAITING_DECISION
    keep()
    after = office.get("/office/desk/pulse", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 204
    assert "Anna Toinen" in seen(office.get("/office/desk/"))


def test_drafts_are_proposed_together_after_a_preview(office):
    unit = factories.unit()
    director = factories.user("director", unit)
    factories.user("director", factories.unit())
    plans = drafted(3, unit)
    preview = many(office, "propose", plans)
    assert "Lapsia 3, yksiköitä 1" in seen(preview)
    assert {one.status for one in plans} == {PlanStatus.DRAFT}
    done(many(office, "propose", plans, confirmed="1"))
    db.session.expire_all()
    assert {(one.status, one.application.status) for one in plans} == {
        (PlanStatus.PROPOSED, ApplicationStatus.WAITING_CONFIRMATION)}
    assert {one.answer_due for one in plans} == {date(2026, 6, 8)}
    mails = db.session.scalars(select(Email)).all()
    assert [(one.user_id, one.text) for one in mails] == [(director.id, "proposal_waits")]  # one for all three
    lines = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "application.propose")).all()
    assert {line.person_id for line in lines} == {one.child_id for one in plans}


def test_units_that_are_not_asked_are_left_out_of_the_proposals(office):
    asked, other = drafted(1), drafted(1, factories.unit(ask_unit=False))
    page = many(office, "propose", asked + other)
    assert "Yksiköltä ei kysytä" in seen(page)
    done(many(office, "propose", asked + other, confirmed="1"))
    db.session.expire_all()
    assert (asked[0].status, other[0].status) == (PlanStatus.PROPOSED, PlanStatus.DRAFT)


def test_all_of_one_unit_are_proposed_or_withdrawn_without_a_tick(browser):
    me, unit, not_asked = factories.user("service_worker"), factories.unit(), factories.unit(ask_unit=False)
    of_unit, others = drafted(2, unit, me) + drafted(1, unit), drafted(1) + drafted(1, not_asked)
    office = browser(me)
    page = office.get("/office/desk/drafts").text
    assert "Ehdota kaikkia (3)" in page
    assert f"unit={unit.id}" in page
    assert f"unit={not_asked.id}" not in page
    preview = office.post(f"/office/desk/many?unit={unit.id}", data={
        "verb": "propose", "application": [others[0].application_id]})  # a tick elsewhere is another matter
    assert {one for one in of_unit + others if f'value="{one.application_id}"' in preview.text} == set(of_unit)
    mine = office.post(f"/office/desk/many?unit={unit.id}&mine=1", data={"verb": "propose"})
    assert {one for one in of_unit if f'value="{one.application_id}"' in mine.text} == set(of_unit[:2])
    done(many(office, "propose", of_unit, confirmed="1"))
    assert "Peru kaikki ehdotukset (3)" in office.get("/office/desk/drafts?status=proposed").text
    assert "Tee muutos (3)" in seen(office.post(f"/office/desk/many?unit={unit.id}", data={"verb": "withdraw"}))


def test_drafts_are_undone_and_proposals_withdrawn_together(office):
    plans = drafted(2)
    done(many(office, "propose", plans, confirmed="1"))
    done(many(office, "withdraw", plans, confirmed="1"))
    db.session.expire_all()
    assert {(one.status, one.answer_due) for one in plans} == {(PlanStatus.DRAFT, None)}
    done(many(office, "undo", plans, confirmed="1"))
    db.session.expire_all()
    assert {(one.status, one.application.status) for one in plans} == {
        (PlanStatus.CANCELLED, ApplicationStatus.WAITING_PLACEMENT)}


def test_what_has_moved_on_meanwhile_is_told_and_left_alone(office):
    first, second = drafted(2)
    done(many(office, "propose", [first], confirmed="1"))
    page = many(office, "undo", [first, second])
    assert "1 valittua on jo muussa tilassa" in seen(page)
    assert "Lapsia 1, yksiköitä 1" in seen(page)


def test_drafts_of_one_worker_and_of_one_batch_are_found(browser):
    me, other = factories.user("service_worker"), factories.user("service_worker")
    unit = factories.unit()
    [mine], [theirs] = drafted(1, unit, me, batch="x"), drafted(1, unit, other)
    office = browser(me)
    for query, found in (("", {mine, theirs}), ("?mine=1", {mine}), ("?batch=x", {mine})):
        page = office.get(f"/office/desk/drafts{query}").text
        assert {one for one in (mine, theirs) if f'value="{one.application_id}"' in page} == found


@pytest.mark.parametrize("role", ["director", "finance", "staff"])
@pytest.mark.parametrize("path", ["drafts", "pulse"])
def test_drafts_are_the_case_workers(browser, role, path):
    unit = factories.unit()
    drafted(1, unit)
    page = browser(factories.user(role, unit, factories.group(unit))).get(f"/office/desk/{path}")
    assert page.status_code == 403


def test_nothing_of_the_verbs_can_be_made_up(office):
    plans = drafted(1)
    assert many(office, "delete", plans).status_code == 404
    page = office.post("/office/desk/many", data={"verb": "undo", "application": ["x", "3000000000"]})
    assert "Valitse ensin lapsia" in seen(page)


# -- proposals --------------------------------------------------------------------------------------


def proposed(unit, **fields):
    application = factories.application(units=[unit], status=ApplicationStatus.WAITING_CONFIRMATION)
    return factories.plan(application, **({"status": PlanStatus.PROPOSED, "answer_due": date(2026, 6, 8)} | fields))


def test_the_director_sees_what_each_child_does_to_the_unit(browser):
    unit = factories.unit()
    group = factories.group(unit, adults="1")
    for _ in range(5):
        place = factories.placement(factories.child(), date(2025, 8, 1), date(2028, 7, 31), unit=unit)
        factories.in_group(place, group)
    plan, second = proposed(unit), proposed(unit)
    director = browser(factories.user("director", unit))
    page = seen(director.get("/office/proposal/?all=1"))
    # five of seven and the other proposal: 6 / 7 = 85,7; with this one 7 / 7
    assert page.count("85,7 → 100,0 %") == 2
    assert "2 ehdotusta yhdessä, täyttöaste enimmillään 71,4 → 100,0 %" in page
    preview = director.post("/office/proposal/bulk/", data={"verb": "confirm", "rowid": [plan.id, second.id]})
    assert seen(preview).count("Yksikön täyttöaste enimmillään 85,7 → 100,0 %") == 2
    assert "2 ehdotusta yhdessä, täyttöaste enimmillään 71,4 → 100,0 %" in seen(preview)
    alone = director.post("/office/proposal/bulk/", data={"verb": "confirm", "rowid": [plan.id]})
    declining = director.post("/office/proposal/bulk/", data={"verb": "decline", "rowid": [plan.id, second.id]})
    assert "ehdotusta yhdessä" not in seen(alone) + seen(declining)
    assert "85,7 %" in seen(director.get(f"/office/proposal/details/?id={plan.id}"))


def test_a_director_declines_with_the_citys_reason_and_suggests_something_else(browser, office):
    unit, other = factories.unit(), factories.unit()
    plan = proposed(unit)
    director = browser(factories.user("director", unit))
    address = f"/office/proposal/do/decline/?id={plan.id}"
    form = director.get(address)
    version = re.search(r'name="row_version"[^>]*value="(\d*)"', form.text)[1]
    typed = {"row_version": version, "decline_reason": "other", "reason": ""}
    assert any("tarvitsee selityksen" in one for one in refused(director.post(address, data=typed)))
    done(director.post(address, data=typed | {
        "decline_reason": "staff", "suggested_start": "1.10.2026", "suggested_unit": other.id},
                       follow_redirects=True))
    plan = db.session.get_one(PlacementPlan, plan.id, populate_existing=True)
    assert (plan.status, plan.decline_reason, plan.suggested_start) == (
        PlanStatus.DECLINED, "staff", date(2026, 10, 1))
    page = seen(office.get(f"/office/desk/?application={plan.application_id}"))
    assert "Henkilöstöä on tilapäisesti liian vähän" in page
    assert "1.10.2026" in page
    assert other.name in page


def test_an_unanswered_proposal_shouts_at_the_case_worker(office):
    plan = proposed(factories.unit(), answer_due=date(2026, 5, 29))
    page = office.get(f"/office/proposal/details/?id={plan.id}")
    assert "Yksikkö ei ole vastannut" in seen(page)
    assert "29.5.2026, myöhässä" in seen(office.get("/office/proposal/?all=1"))
    assert "Peru kysymys" in seen(page) or "verb=withdraw" in page.text or "/do/withdraw/" in page.text


# -- figures that open ------------------------------------------------------------------------------


def test_a_percentage_opens_into_children_adults_and_arithmetic(office):
    unit = factories.unit()
    group = factories.group(unit, adults="3")
    small = factories.child(born=date(2024, 10, 20), first_name="Pikku", last_name="Myy")
    for child in (factories.child(), small):
        factories.in_group(factories.placement(child, date(2025, 8, 1), date(2028, 7, 31), unit=unit), group)
    page = office.get(f"/office/occupancy/?unit={unit.id}&month=2026-09-01")
    text = seen(page)
    assert "1 × 1,75 + 1 × 1 = 2,75; 2,75 / (3 × 7) = 13,1 %" in text
    assert "Myy Pikku" in text
    assert f"{group.name} 3" in text
    assert not wordless(page)
    same = seen(office.get(f"/office/occupancy/?unit={unit.id}&group={group.id}&day=2026-09-02"))
    assert "2,75 / (3 × 7) = 13,1 %" in same


def test_a_director_reads_the_own_unit_without_drafts(browser):
    unit = factories.unit()
    factories.group(unit)
    [plan] = drafted(1, unit, start=date(2026, 6, 1))
    director = browser(factories.user("director", unit))
    for level in ("", "draft", "planned", "nonsense"):
        page = director.get(f"/office/occupancy/?unit={unit.id}&day=2026-09-02&level={level}")
        assert page.status_code == 200
        assert plan.application.child.last_name not in seen(page)
        assert "Hahmotelma" not in seen(page)
    assert director.get(f"/office/occupancy/?unit={factories.unit().id}").status_code == 404


@pytest.mark.parametrize("query", ["", "unit=x", "unit=3000000000", "unit=1&group=9999", "unit=1&day=x&month=y"])
def test_a_made_up_address_shows_nothing(office, query):
    unit = factories.unit()
    page = office.get(f"/office/occupancy/?{query.replace('unit=1', f'unit={unit.id}')}")
    assert page.status_code == (200 if "month=y" in query else 404)


def test_opening_a_figure_is_a_line_in_the_journal(browser):
    unit = factories.unit()
    factories.group(unit)
    browser(factories.user("service_worker")).get(f"/office/occupancy/?unit={unit.id}&day=2026-09-02")
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "unit.occupancy_read")).one()
    assert line.facts == {"day": "2026-09-02", "level": "draft", "children": 0}


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_pages_have_words_for_everything(browser, language):
    unit = factories.unit()
    factories.group(unit)
    [plan] = drafted(1, unit, despite="x", batch="b")
    proposed(unit, answer_due=date(2026, 5, 1))
    office = browser(factories.user("service_worker", language=language))
    for path in ("desk/drafts", "desk/drafts?status=proposed", f"occupancy/?unit={unit.id}", f"desk/?open={unit.id}",
                 f"proposal/details/?id={plan.id}", "proposal/?all=1"):
        page = office.get(f"/office/{path}")
        assert page.status_code == 200, path
        assert not wordless(page), (path, wordless(page))
    for verb in ("propose", "undo", "withdraw"):
        assert not wordless(many(office, verb, [plan]))


def test_the_drafts_ask_the_database_as_often_for_many_as_for_few(office):
    from tests.views.test_placement import statements

    drafted(2)
    few = statements(office, "/office/desk/drafts")
    for _ in range(4):
        drafted(3)
    assert statements(office, "/office/desk/drafts") == few


def test_a_declined_place_is_planned_anew_and_the_old_answer_stays(office):
    plan = proposed(factories.unit())
    act.decline(plan, by_admin(), reason="Ryhmä on täynnä")
    keep()
    application = db.session.get_one(Application, plan.application_id)
    done(office.post("/office/desk/plan", follow_redirects=True, data={
        "application": application.id, "unit_id": factories.unit().id}))
    states = db.session.scalars(select(PlacementPlan.status).order_by(PlacementPlan.id)).all()
    assert states == [PlanStatus.DECLINED, PlanStatus.DRAFT]


def by_admin():
    from evaka.access import Actor
    from tests.conftest import NOON

    return Actor(factories.user("admin"), NOON)
