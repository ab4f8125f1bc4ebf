"""The placement desk, the proposals, and the places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy import select

from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.placement import PlacementPlan
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import PlanStatus
from tests import factories
from tests.pages import Later, done, filtered, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are sent to the database."""
    statements: list[str] = []

    def noted(_connection, _cursor, statement, *_more):
        statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", noted)
    try:
        yield statements
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", noted)


@pytest.fixture
def office(browser):
    return Later(lambda: browser(factories.user("service_worker")))


def row_of(page, unit):
    """The cells of a unit in the table of occupancies."""
    found = re.search(rf'<tr[^>]*><th scope="row"><b><a[^>]*>{re.escape(unit.name)}</a>.*?</tr>', page.text, re.S)
    assert found, unit.name
    return [re.sub(r"\s+", "", re.sub(r"<[^>]+>", " ", one)) for one in re.findall(r"<td[^>]*><b>(.*?)</b>", found[0])]


# -- the desk ---------------------------------------------------------------------------------------


def test_the_most_pressing_application_comes_first_and_those_without_a_due_day_last(office):
    for name, due in (
        ("Transfer", None),
        ("Later", date(2026, 9, 1)),
        ("Overdue", date(2026, 5, 30)),
        ("Soon", date(2026, 6, 9)),
    ):
        factories.application(factories.child(last_name=name), due=due)
    page = seen(office.get("/office/desk/"))
    places = [page.index(name) for name in ("Overdue", "Soon", "Later", "Transfer")]
    assert places == sorted(places)
    assert "4 hakemusta odottaa paikkaa" in page


def test_only_applications_that_wait_for_a_place_are_on_the_desk(office):
    for n, state in enumerate(ApplicationStatus):
        factories.application(factories.child(first_name="Lapsi", last_name=f"Tila{n}x"), status=state)
    page = seen(office.get("/office/desk/"))
    assert re.findall(r"Tila\d+x", page) == [
        f"Tila{list(ApplicationStatus).index(ApplicationStatus.WAITING_PLACEMENT)}x"
    ]


def test_a_unit_without_groups_or_adults_shows_no_figure_and_says_why(office):
    empty, unstaffed = factories.unit(), factories.unit()
    factories.save(factories.Group(unit=unstaffed, name="Siilit", start=date(2020, 1, 1), end=None))
    application = factories.application(units=[empty, unstaffed])
    page = office.get(f"/office/desk/?application={application.id}")
    assert row_of(page, empty) == row_of(page, unstaffed) == ["–"] * 12
    assert seen(page).count("Yksikölle ei ole merkitty henkilöstöä") == 2
    assert "0,0" not in seen(page)


def test_an_application_without_wishes_may_still_be_looked_at_and_planned(office):
    unit = factories.unit()
    application = factories.application()
    application.preferences.clear()
    page = office.get(f"/office/desk/?application={application.id}")
    assert page.status_code == 200
    assert unit.name in seen(page)
    form = press(
        office, f"/office/application/do/plan/?id={application.id}", unit=unit.id, start="10.8.2026", end="31.7.2028"
    )
    done(form)


def test_the_figures_of_the_desk_are_those_of_the_rules(office):
    """One group of three adults carries 21 children over three; a child under three counts 1,75."""
    unit = factories.unit()
    group = factories.group(unit, adults="3")
    for _ in range(17):
        factories.in_group(
            factories.placement(factories.child(), date(2025, 8, 1), date(2028, 7, 31), unit=unit), group
        )
    small = factories.child(born=date(2024, 10, 20))
    application = factories.application(small, [unit])
    page = office.get(f"/office/desk/?application={application.id}")
    # 17 / 21 = 81,0; from August (17 + 1,75) / 21 = 89,3 in every month to the next May
    assert row_of(page, unit)[2:] == ["89,3"] * 10
    assert "+8,3" in seen(page)
    assert "Tilaa on: täyttöaste enimmillään 89,3 %" in seen(page)


def test_a_unit_that_would_be_too_full_does_not_fit(office):
    unit = factories.unit()
    group = factories.group(unit, adults="1")
    for _ in range(7):
        factories.in_group(
            factories.placement(factories.child(), date(2025, 8, 1), date(2028, 7, 31), unit=unit), group
        )
    application = factories.application(units=[unit])
    page = seen(office.get(f"/office/desk/?application={application.id}"))
    assert "Täyttöaste ylittää 100 % 10 kuukautena, ensin 8/2026; enimmillään 114,3 %" in page
    assert "ei sovi" in page


def test_a_child_who_begins_after_the_year_sees_the_months_of_its_own_year(office):
    unit = factories.unit()
    factories.group(unit)
    application = factories.application(units=[unit], start=date(2027, 8, 10))
    page = seen(office.get(f"/office/desk/?application={application.id}"))
    assert "8/27" in page
    assert "6/26" not in page
    assert "Tilaa on" in page


def test_a_child_who_needs_less_in_its_own_unit_makes_it_emptier(office):
    unit = factories.unit(care_types=["daycare", "daycare_part_time"])
    group, child = factories.group(unit, adults="1"), factories.child()
    factories.in_group(factories.placement(child, date(2025, 8, 1), date(2028, 7, 31), unit=unit), group)
    application = factories.application(child, [unit], service_need="part_day", transfer=True, due=None)
    page = seen(office.get(f"/office/desk/?application={application.id}"))
    # 1 / 7 = 14,3 becomes 0,54 / 7 = 7,7
    assert "−6,6" in page
    assert "+-" not in page


def test_a_unit_that_opens_in_the_autumn_is_planned_in_the_spring(office):
    area = factories.area()
    wished = factories.unit(area=area)
    new = factories.unit("Uusi päiväkoti", area=area, start=date(2026, 8, 1))
    closed = factories.unit("Suljettu päiväkoti", area=area, end=date(2026, 5, 31))
    application = factories.application(units=[wished])
    page = seen(office.get(f"/office/desk/?application={application.id}"))
    assert (new.name in page, closed.name in page) == (True, False)
    done(
        press(
            office, f"/office/application/do/plan/?id={application.id}", unit=new.id, start="10.8.2026", end="31.7.2028"
        )
    )


def test_the_area_narrows_applications_and_units(office):
    south, north = factories.area("Etelä"), factories.area("Pohjoinen")
    here, there = factories.unit("Täällä", area=south), factories.unit("Tuolla", area=north)
    factories.application(factories.child(last_name="Etelänen"), [here])
    factories.application(factories.child(last_name="Pohjonen"), [there])
    page = seen(office.get(f"/office/desk/?area={south.id}"))
    assert "Etelänen" in page
    assert "Pohjonen" not in page
    assert "Täällä" in page
    assert "Tuolla" not in page


@pytest.mark.parametrize(
    "query",
    [
        "area=99999999999999999999",
        "area=x",
        "application=99999999999999999999",
        "application=3000000000",
        "application=-1",
        "endpoint=x",
        "_external=1",
        "_scheme=x",
        "all=1",
    ],
)
def test_an_address_that_somebody_made_up_shows_the_desk(office, query):
    factories.application()
    assert office.get(f"/office/desk/?{query}").status_code == 200


@pytest.mark.parametrize(("application", "unit"), [("x", "1"), ("1", "x"), ("3000000000", "1"), ("", "")])
def test_a_made_up_plan_is_refused(office, application, unit):
    page = office.post("/office/desk/plan", data={"application": application, "unit_id": unit}, follow_redirects=True)
    assert refused(page)
    assert db.session.scalars(select(PlacementPlan)).all() == []


def test_a_plan_from_the_desk_lasts_to_the_year_in_which_the_child_turns_six_and_may_be_undone(office):
    application = factories.application(factories.child(born=date(2022, 5, 1)))
    unit = application.preferences[0].unit
    done(
        office.post(
            "/office/desk/plan", data={"application": application.id, "unit_id": unit.id}, follow_redirects=True
        )
    )
    plan = db.session.scalars(select(PlacementPlan)).one()
    assert str(plan.period) == "10.8.2026–31.7.2028"
    assert "Peru suunnitelma" in seen(office.get(f"/office/desk/?application={application.id}"))
    done(office.post("/office/desk/undo", data={"application": application.id}, follow_redirects=True))
    assert db.session.get_one(Application, application.id).status is ApplicationStatus.WAITING_PLACEMENT


@pytest.mark.parametrize("role", ["director", "finance", "staff", "guardian"])
def test_the_desk_is_the_case_workers(browser, role):
    unit = factories.unit()
    page = browser(factories.user(role, unit, factories.group(unit), factories.person())).get("/office/desk/")
    assert page.status_code == 403


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_desk_has_words_for_everything(browser, language):
    sibling = factories.unit()
    application = factories.application(
        urgent=True, shift_care=True, assistance="x", checked=False, sibling_unit=sibling, units=[sibling]
    )
    office = browser(factories.user("service_worker", language=language))
    assert not wordless(office.get(f"/office/desk/?application={application.id}"))


def fill(applications: int, units: int) -> int:
    """A desk with so many applications and units, every unit with a group and a child; answers one application."""
    area = factories.area()
    places = [factories.unit(area=area) for _ in range(units)]
    for place in places:
        factories.in_group(factories.placement(factories.child(), date(2025, 8, 1), unit=place), factories.group(place))
    for n in range(applications):  # siblings are in units elsewhere, each in its own
        wished = [places[n % units], places[(n + 1) % units]]
        factories.application(units=wished, sibling_unit=factories.unit())
    return int(db.session.scalar(sa.select(sa.func.max(Application.id))) or 0)


def statements(office, address):
    assert office.get(address).status_code == 200  # what is read once and kept
    with counted() as found:
        page = office.get(address)
    assert page.status_code == 200
    return len(found)


def test_the_desk_asks_the_database_as_often_for_many_as_for_few(browser):
    worker = factories.user("service_worker")
    id = fill(5, 3)
    few = statements(browser(worker), "/office/desk/"), statements(browser(worker), f"/office/desk/?application={id}")
    id = fill(35, 9)
    many = statements(browser(worker), "/office/desk/"), statements(browser(worker), f"/office/desk/?application={id}")
    assert many == few
    assert max(many) < 30


def test_a_desk_with_more_than_it_shows_tells_how_many_wait(browser):
    unit = factories.unit()
    for _ in range(205):
        factories.application(units=[unit])
    page = browser(factories.user("service_worker")).get("/office/desk/")
    assert "205 hakemusta odottaa paikkaa" in seen(page)
    assert page.text.count('class="of-app"') == 100
    assert "100 / 205" in seen(page)


# -- proposals --------------------------------------------------------------------------------------


def test_a_director_sees_the_proposals_to_the_own_unit_once_they_are_asked(browser):
    here, elsewhere = factories.unit(), factories.unit()
    plans = {
        name: factories.plan(
            factories.application(
                factories.child(last_name=name), [unit], status=ApplicationStatus.WAITING_CONFIRMATION
            ),
            status=status,
        )
        for name, unit, status in (
            ("Kysytty", here, PlanStatus.PROPOSED),
            ("Luonnos", here, PlanStatus.DRAFT),
            ("Muualla", elsewhere, PlanStatus.PROPOSED),
        )
    }
    director = browser(factories.user("director", here))
    page = seen(director.get("/office/proposal/?all=1"))
    assert "Kysytty" in page
    assert "Luonnos" not in page
    assert "Muualla" not in page
    codes = [director.get(f"/office/proposal/details/?id={plan.id}").status_code for plan in plans.values()]
    assert codes == [200, 404, 404]


@pytest.mark.parametrize("status", list(PlanStatus))
@pytest.mark.parametrize("days", [(date(2026, 8, 10), date(2028, 7, 31)), (date(2021, 8, 1), date(2022, 7, 31))])
def test_a_plan_of_any_state_and_time_can_be_opened(office, status, days):
    start, end = days
    plan = factories.plan(factories.application(), status=status, start=start, end=end)
    page = office.get(f"/office/proposal/details/?id={plan.id}")
    assert page.status_code == 200
    assert not wordless(page)


def test_opening_a_proposal_is_a_line_on_the_childs_file(browser):
    plan = factories.plan(
        factories.application(status=ApplicationStatus.WAITING_CONFIRMATION), status=PlanStatus.PROPOSED
    )
    director = factories.user("director", plan.unit)
    browser(director).get(f"/office/proposal/details/?id={plan.id}")
    line = db.session.scalars(select(AuditEvent)).one()
    assert (line.action, line.user_id, line.person_id) == ("placement.read", director.id, plan.application.child_id)


def test_many_proposals_are_confirmed_at_once(browser):
    unit = factories.unit()
    plans = [
        factories.plan(
            factories.application(units=[unit], status=ApplicationStatus.WAITING_CONFIRMATION),
            status=PlanStatus.PROPOSED,
        )
        for _ in range(3)
    ]
    other = factories.plan(
        factories.application(status=ApplicationStatus.WAITING_CONFIRMATION), status=PlanStatus.PROPOSED
    )
    ids = [str(one.id) for one in (*plans, other)]
    director = browser(factories.user("director", unit))
    director.post(
        "/office/proposal/bulk/", data={"verb": "confirm", "rowid": [*ids, "x", "3000000000"], "confirmed": "1"}
    )
    states = dict(db.session.execute(select(PlacementPlan.id, PlacementPlan.status)).tuples().all())
    assert [states[one.id] for one in plans] == [PlanStatus.CONFIRMED] * 3
    assert states[other.id] is PlanStatus.PROPOSED


# -- places -----------------------------------------------------------------------------------------


def test_children_without_a_group_are_found(office):
    unit = factories.unit()
    group = factories.group(unit)
    days = (date(2026, 1, 1), date(2027, 7, 31))
    for name, joined in (
        ("Ryhmätön", None),
        ("Entinen", (date(2026, 1, 1), date(2026, 5, 1))),
        ("Ryhmässä", days),
        ("Tuleva", (date(2026, 8, 1), days[1])),
    ):
        place = factories.placement(factories.child(last_name=name), *days, unit=unit)
        if joined:
            factories.save(factories.GroupPlacement(placement=place, group=group, start=joined[0], end=joined[1]))
    page = seen(filtered(office, "/office/placement/", "Ilman ryhmää", "1"))
    assert "Ilman ryhmää: kyllä" in page
    assert [one for one in ("Ryhmätön", "Entinen", "Ryhmässä", "Tuleva") if one in page] == ["Ryhmätön", "Entinen"]


def test_a_director_sees_the_places_of_the_own_unit(browser):
    here, elsewhere = (factories.placement(factories.child(), date(2026, 1, 1)) for _ in range(2))
    director = browser(factories.user("director", here.unit))
    codes = [director.get(f"/office/placement/details/?id={one.id}").status_code for one in (here, elsewhere)]
    assert codes == [200, 404]
    assert elsewhere.child.last_name not in seen(director.get("/office/placement/?all=1"))


@pytest.mark.parametrize("id", ["99999999999999999999", "3000000000", "-1", "x", ""])
def test_a_made_up_number_is_not_found(office, id):
    assert office.get(f"/office/placement/details/?id={id}").status_code == 404
