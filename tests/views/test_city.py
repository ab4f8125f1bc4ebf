"""The pages of the city's tables and rights: what they show, what they save, and the program through other eyes."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka import city
from evaka.access import reaches
from evaka.models.base import db
from evaka.models.city import CityTable
from evaka.models.journal import AuditEvent
from evaka.rules.city import TableStatus
from evaka.views.city.rights import role_text, table_of, ticked_table
from evaka.views.city.words import permissions, said, table_title
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
SHORTER = "[plan]\nlast_month = 6\nlast_day = 30\n"


@pytest.fixture
def two(browser):
    """Two administrators at their browsers."""
    first, second = factories.user("admin"), factories.user("admin")
    return browser(first), browser(second)


def latest() -> CityTable:
    db.session.expire_all()
    return db.session.scalars(select(CityTable).order_by(CityTable.id.desc())).first()


def write(client, **more):
    form = {"content": SHORTER, "start": "2026-06-01", "reason": "Kokeilu", **more}
    return client.post("/office/city/write/?file=placements&table=plan", data=form)


def test_every_table_is_listed_with_its_layer_and_named_in_words(two):
    page = two[0].get("/office/city/").text
    assert page.count("Kaikille yhteinen") > 10
    assert "Kaupungin oma" in page
    for file in ("fees", "roles", "jobs", "city"):
        for table in city.read(file):
            assert table_title(file, table) in page


def test_a_table_shows_its_text_and_a_draft_shows_what_changes_and_that_it_is_right(two):
    assert "last_month = 7" in two[0].get("/office/city/table/?file=placements&table=plan").text
    saved = write(two[0])
    page = two[0].get(saved.location).text
    assert "last_month" in page
    assert "ovat kunnossa" in page
    assert latest().status is TableStatus.DRAFT
    two[0].post(f"/office/city_version/do/publish/?id={latest().id}", data={"row_version": latest().version})
    assert latest().status is TableStatus.PUBLISHED
    assert "last_month = 6" in two[0].get("/office/city/table/?file=placements&table=plan").text
    assert "Julkaistu muutos" in two[0].get("/office/city/").text


def test_what_cannot_be_read_is_told_and_kept(two):
    page = write(two[0], content="[plan\nlast_month = 6")
    assert page.status_code == 200
    assert "ei voi lukea" in page.text
    assert "[plan\nlast_month = 6" in page.text
    assert latest() is None


@pytest.mark.parametrize("field", ["start", "reason"])
def test_a_day_and_a_reason_are_asked_for(two, field):
    page = write(two[0], **{field: ""})
    assert page.status_code == 200
    assert latest() is None
    assert "of-error" in page.text


def test_two_who_rewrite_one_draft_do_not_lose_each_others_text(two):
    write(two[0])
    version = latest()
    path, old = f"/office/city/write/?id={version.id}", version.version
    form = {"content": SHORTER, "start": "2026-06-01", "reason": "Ensin", "row_version": old}
    assert two[0].post(path, data=form).status_code == 302
    page = two[1].post(path, data=form | {"reason": "Sitten"})
    assert page.status_code == 200
    assert "sillä välin" in page.text
    assert "Sitten" in page.text


@pytest.mark.parametrize("path", [
    "/office/city/table/?file=nothing&table=plan", "/office/city/table/?file=../city&table=plan",
    "/office/city/write/?file=placements&table=" + "x" * 61, "/office/city/write/?id=999",
    "/office/city/write/?file=placements&table=<b>", "/office/rights/role/?role=", "/office/rights/role/?role=a;b",
    "/office/rights/role/?role=admin&id=999",
])
def test_what_is_not_there_is_not_found(two, path):
    assert two[0].get(path).status_code == 404


# -- rights ---------------------------------------------------------------------------------------------------


def test_the_matrix_tells_each_action_in_words_and_how_far_each_role_may(two):
    page = two[0].get("/office/rights/").text
    for key in permissions():
        assert said(key) != key
        assert f">{key}<" in page
    only = two[0].get("/office/rights/?feature=invoice").text
    assert "invoice.view" in only
    assert "person.view" not in only


def test_a_role_is_written_by_ticks_proposed_and_published_by_another(two):
    client, other = two
    page = client.get("/office/rights/role/?role=staff").text
    assert 'value="person.view|group"' in page
    ticks = [f"{pattern}|{how}" for pattern, hows in table_of(city.written("roles", "staff"), "staff").items()
             for how in hows]
    form = {"reach": [*ticks, "unit.edit|unit", "bad|reach"], "start": "2026-06-01", "reason": "Sovittu"}
    saved = client.post("/office/rights/role/?role=staff", data=form)
    version = latest()
    shown = client.get(saved.location).text
    assert "unit.edit" in shown
    assert f"/office/city_version/do/publish/?id={version.id}" not in shown
    client.post(f"/office/city_version/do/propose/?id={version.id}", data={"row_version": version.version})
    assert client.get(f"/office/city_version/do/publish/?id={version.id}").status_code == 200
    refused = client.post(
        f"/office/city_version/do/publish/?id={version.id}", data={"row_version": latest().version})
    assert "toinen henkilö" in refused.text
    other.post(f"/office/city_version/do/publish/?id={version.id}", data={"row_version": latest().version})
    assert latest().status is TableStatus.PUBLISHED
    client.get("/office/")
    assert reaches("staff", "unit.edit") == {"unit"}
    lines = db.session.scalars(select(AuditEvent.action).where(AuditEvent.subject == "city_table")).all()
    assert lines == ["city.create", "city.propose", "city.publish"]


def test_a_draft_of_a_role_is_ticked_again_and_a_new_role_begins_empty(two):
    client, _ = two
    client.post("/office/rights/role/?role=reader", data={
        "reach": ["person.view|all"], "start": "2026-06-01", "reason": "Uusi"})
    page = client.get(f"/office/rights/role/?role=reader&id={latest().id}").text
    assert 'value="person.view|all" aria-label' in page
    assert page.count(" checked") == 1
    assert client.get("/office/rights/role/?role=wholly_new").text.count(" checked") == 0


def test_a_role_is_written_as_its_file_has_it():
    table = {"a.*": ["all"], "b.view": ["own", "own_child"]}
    assert table_of(role_text("staff", table), "staff") == table
    assert ticked_table(["a.*|all", "b.view|own", "b.view|own_child", "c|never", "|all"]) == table
    assert table_of("not toml [", "staff") == {} == table_of("", "staff")


# -- as somebody else -------------------------------------------------------------------------------------------


@pytest.fixture
def home(browser):
    """A director with a child in the unit, and a child elsewhere."""
    here = factories.placement(factories.child(first_name="Ilona", last_name="Oma"), date(2026, 1, 1))
    there = factories.placement(factories.child(first_name="Eero", last_name="Muu"), date(2026, 1, 1))
    director = factories.user("director", unit=here.unit, name="Jaana Johtaja")
    keep()
    return here, there, director


def test_the_simulator_shows_menu_rows_and_why(two, home):
    here, there, director = home
    client = two[0]
    assert "Jaana Johtaja" in client.get("/office/rights/simulate/?who=jaana").text
    base = f"/office/rights/simulate/?user={director.id}&kind=person"
    page = client.get(base).text
    assert "Ilona Oma" in page
    assert "Eero Muu" not in page
    assert "Asetukset" in page  # of the one who looks
    inside = client.get(f"{base}&number={here.child_id}").text
    assert "ulottuu tähän (oma yksikkö)" in inside
    outside = client.get(f"{base}&number={there.child_id}").text
    assert "ei ulotu tähän (oma yksikkö)" in outside
    assert "Mikään hänen rooleistaan ei anna tätä oikeutta" in outside
    assert "tai et itse näe sitä" in client.get(f"{base}&number=99999").text
    read = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "city.simulate")).all()
    assert read
    assert {line.subject_id for line in read} == {director.id}


def test_the_simulator_tells_a_state_that_forbids(two):
    decision = factories.decision(status="accepted")
    worker = factories.user("service_worker")
    keep()
    page = two[0].get(f"/office/rights/simulate/?user={worker.id}&kind=decision&number={decision.id}").text
    assert "ei tässä tilassa" in page


def test_the_simulator_of_a_guardian_and_of_nobody(two):
    guardian, nobody = factories.user("guardian", person=factories.person()), factories.user("unknown_role")
    group = factories.group(factories.unit("Otava"), "Siilit")
    member = factories.user("staff", group.unit, group)
    keep()
    assert "Vain huoltajan sivut" in two[0].get(f"/office/rights/simulate/?user={guardian.id}&kind=person").text
    assert "ei pääse millekään sivulle" in two[0].get(f"/office/rights/simulate/?user={nobody.id}").text
    assert "ei löytynyt" in two[0].get("/office/rights/simulate/?who=zzz").text
    assert "Hae käyttäjä" in two[0].get("/office/rights/simulate/").text
    assert "Otava, Siilit" in two[0].get(f"/office/rights/simulate/?user={member.id}").text


@pytest.mark.parametrize("role", ["service_worker", "finance", "director", "staff"])
def test_others_do_not_come_to_these_pages(browser, role):
    client = browser(factories.user(role))
    for path in ("/office/rights/", "/office/rights/simulate/", "/office/rights/role/?role=staff", "/office/city/",
                 "/office/city/write/?file=fees&table=table", "/office/city_version/"):
        assert client.get(path).status_code == 403, path
