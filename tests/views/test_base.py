"""What every screen does, tried on the screens there are: reach, search, filters, exports, forms, buttons, refusals."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement, Placement, PlacementPlan
from evaka.models.unit import Area, Caretakers, Unit
from evaka.rules.placement import PlanStatus
from evaka.texts import say
from evaka.views.person import PersonScreen
from evaka.views.unit import UnitScreen
from tests import factories
from tests.conftest import keep, statements
from tests.pages import refused, seen, week

pytestmark = pytest.mark.usefixtures("database")
Open = Callable[[Any], FlaskClient]


def rows(page: Any) -> list[str]:
    """The rows of a list, as a reader sees them."""
    assert page.status_code == 200, page.status_code
    body = re.search(r"<tbody>(.*?)</tbody>", page.text, re.S)
    found = re.findall(r"<tr>(.*?)</tr>", body[1], re.S) if body else []
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def lines(*actions: str) -> list[AuditEvent]:
    db.session.expire_all()
    query = select(AuditEvent).order_by(AuditEvent.id)
    return list(db.session.scalars(query.where(AuditEvent.action.in_(actions)) if actions else query))


# -- one row --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "id", ["abc", "", "1,2", "-1", "1.0", "0", "2147483648", "9" * 18, "9" * 400, "1 OR 1=1", "١", "²"]
)
@pytest.mark.parametrize("page", ["details", "edit", "do/place_in_group", "remove"])
def test_an_address_that_names_no_row_is_not_found(browser: Open, page: str, id: str) -> None:
    admin = browser(factories.user("admin"))
    for screen in ("person", "placement"):
        assert admin.get(f"/office/{screen}/{page}/", query_string={"id": id}).status_code == 404


def test_a_row_outside_the_reach_is_not_found_wherever_its_number_is_typed(browser: Open) -> None:
    here, there = (factories.placement(factories.child(), date(2026, 1, 1)) for _ in range(2))
    ids = here.id, there.id
    director = browser(factories.user("director", here.unit))
    assert director.get(f"/office/placement/details/?id={ids[0]}").status_code == 200
    for path in ("details/", "edit/", "do/place_in_group/", "remove/"):
        assert director.get(f"/office/placement/{path}?id={ids[1]}").status_code == 404
    assert (
        director.post(f"/office/placement/do/place_in_group/?id={ids[1]}", data={"row_version": 1}).status_code == 404
    )
    assert director.post("/office/placement/delete/", data={"id": ids[1]}).status_code == 404
    assert lines("placement.place_in_group") == []


def test_an_action_that_nobody_knows_is_not_found(browser: Open) -> None:
    place = factories.placement(factories.child(), date(2026, 1, 1))
    id = place.id
    admin = browser(factories.user("admin"))
    assert admin.get(f"/office/placement/do/abolish/?id={id}").status_code == 404
    assert admin.get(f"/office/placement/do/confirm/?id={id}").status_code == 404  # that is another row's action


def test_opening_a_persons_file_is_a_line_in_the_journal_and_a_refused_look_is_none(browser: Open) -> None:
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 1))
    ids = child.id, place.child_id
    user = factories.user("director", place.unit)
    outsider = factories.user("director", factories.unit())
    names = user.id
    browser(user).get(f"/office/person/details/?id={ids[0]}")
    browser(outsider).get(f"/office/person/details/?id={ids[0]}")
    [line] = lines("person.read")
    assert (line.user_id, line.person_id, line.subject_id) == (names, ids[0], ids[0])


# -- lists --------------------------------------------------------------------------------------------------


def test_a_list_and_its_count_hold_what_the_reader_may_see(browser: Open) -> None:
    unit = factories.unit("Oma")
    for _ in range(3):
        factories.placement(factories.child(), date(2026, 1, 1), unit=unit)
        factories.placement(factories.child(), date(2026, 1, 1))
    director = browser(factories.user("director", unit))
    assert len(rows(director.get("/office/placement/"))) == 3
    assert len(rows(director.get("/office/placement/?page_size=2"))) == 3  # only the offered sizes are sizes
    with statements() as asked:
        director.get("/office/placement/")
    counts = [one for one in asked if one.startswith("SELECT count") and "FROM placement" in one]
    assert counts
    assert all("unit_id IN" in count for count in counts)


@pytest.mark.parametrize(
    "asked",
    [
        "page=-1",
        "page=99999999999999999999",
        "page=abc",
        "page_size=-5",
        "page_size=999999999999",
        "sort=99",
        "sort=-1",
        "sort=abc",
        "sort=0&desc=7",
        "search=%25",
        "search=_",
        "search=" + "9" * 40,
        "search='%3B--",
        "search=" + "a" * 2000,
        "flt0_0=",
        "flt99_99=1",
        "flt_=1",
        "flt0_" + "9" * 5000 + "=1",
    ],
)
def test_a_list_bears_whatever_is_typed_into_its_address(browser: Open, asked: str) -> None:
    factories.placement(factories.child(), date(2026, 1, 1))
    admin = browser(factories.user("admin"))
    for screen in ("person", "placement", "unit", "decision"):
        page = admin.get(f"/office/{screen}/?{asked}")
        assert page.status_code == 200, screen
        assert "[" not in "".join(re.findall(r"<h1>(.*?)</h1>", page.text))


@pytest.mark.parametrize("path", ["/office/person/?search=%00", "/office/search/?q=a%00b", "/office/unit/?flt0_0=%00"])
def test_a_zero_byte_is_told_to_be_no_text(browser: Open, path: str) -> None:
    admin = browser(factories.user("admin"))
    assert admin.get(path).status_code == 400
    assert admin.post("/office/area/new/", data={"name": "A\0"}).status_code == 302
    assert db.session.scalar(select(Area.name)) == "A"  # what was typed is kept without it


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("äij", ["Äijälä"]),
        ("ÄIJÄ", ["Äijälä"]),
        ("åkes", ["Åkes daghem"]),
        ("KÖ", ["Törmäkölä"]),
        ("%", ["100 % ilo"]),
        ("_", []),
        ("aijala", []),
    ],
)
def test_a_list_is_searched_whatever_the_case_of_its_letters(browser: Open, typed: str, found: list[str]) -> None:
    for name in ("Äijälä", "Åkes daghem", "Törmäkölä", "100 % ilo"):
        factories.unit(name)
    admin = browser(factories.user("admin"))
    page = admin.get("/office/unit/", query_string={"search": typed})
    assert [row.split(" Alue")[0] for row in rows(page)] == found


@pytest.mark.parametrize("typed", ["Åberg Örjan", "örjan ÅBERG", "aberg", "åb ör"])
def test_a_person_is_found_by_the_words_of_the_name_in_any_order_and_form(browser: Open, typed: str) -> None:
    factories.person(first_name="Örjan", last_name="Åberg")
    factories.person(first_name="Maija", last_name="Virtanen")
    admin = browser(factories.user("admin"))
    assert [row.split()[:2] for row in rows(admin.get("/office/person/", query_string={"search": typed}))] == [
        ["Åberg", "Örjan"]
    ]


def test_a_search_finds_nothing_beyond_the_reach(browser: Open) -> None:
    here, there = (factories.placement(factories.child(last_name="Sama"), date(2026, 1, 1)) for _ in range(2))
    names = here.child.first_name, there.child.first_name
    director = browser(factories.user("director", here.unit))
    for page in (director.get("/office/placement/?search=sama"), director.get("/office/person/?search=sama")):
        assert names[0] in page.text
        assert names[1] not in page.text


# -- filters ---------------------------------------------------------------------------------------------------


def test_filters_narrow_a_list_and_stand_as_chips_that_can_be_taken_away(browser: Open) -> None:
    here, there = (factories.placement(factories.child(), date(2026, 1, 1)) for _ in range(2))
    unit_id, name, others = here.unit_id, str(here.unit), str(there.unit)
    admin = browser(factories.user("admin"))
    page = admin.get(f"/office/placement/?flt0_0={unit_id}&flt1_1=1&search=first&page=0")
    assert len(rows(page)) == 1
    assert others not in " ".join(rows(page))
    chips = [html.unescape(one) for one in re.findall(r'<span class="of-chip">.*?<a href="([^"]*)"', page.text)]
    assert f"Yksikkö: {name}" in seen(page)
    assert "Voimassa" in seen(page)
    assert len(chips) >= 3
    assert any("flt0_0" not in chip and "flt1_1=1" in chip and "search=first" in chip for chip in chips)
    assert any("flt1_1" not in chip and f"flt0_0={unit_id}" in chip for chip in chips)


@pytest.mark.parametrize(
    ("filter", "typed"),
    [
        ("flt0_0", "abc"),
        ("flt0_0", "9" * 30),
        ("flt0_0", "-1"),
        ("flt1_1", "ehkä"),
        ("flt3_3", "no_such_care"),
    ],
)
def test_a_filter_that_makes_no_sense_is_said_and_left_out(browser: Open, filter: str, typed: str) -> None:
    factories.placement(factories.child(), date(2026, 1, 1))
    admin = browser(factories.user("admin"))
    page = admin.get("/office/placement/", query_string={filter: typed})
    assert len(rows(page)) == 1
    assert f"”{typed}” ei kelpaa" in seen(page)


@pytest.mark.parametrize("typed", ["32.1.2026", "2026-13-01", "1.1.0001", "31.12.9999", "tomorrow", "1.1."])
def test_a_day_that_does_not_exist_filters_nothing(browser: Open, typed: str) -> None:
    factories.decision()
    admin = browser(factories.user("admin"))
    fields = admin.get("/office/decision/").text
    [name] = re.findall(r'name="(flt\d+_\d+)"[^>]*type="date"|type="date"[^>]*name="(flt\d+_\d+)"', fields)
    page = admin.get("/office/decision/", query_string={name[0] or name[1]: typed})
    assert len(rows(page)) == 1
    assert "ei kelpaa" in seen(page)


def test_a_name_with_unseen_signs_stops_no_list(browser: Open) -> None:
    """No form takes one, but whatever else writes names may."""
    factories.unit("Kettu\x1fla\x1e")
    page = browser(factories.user("admin")).get("/office/person/")
    assert page.status_code == 200
    assert ">Kettu la</option>" in page.text


def test_the_choices_of_a_filter_are_the_readers_own(browser: Open) -> None:
    here, there = (factories.placement(factories.child(), date(2026, 1, 1)) for _ in range(2))
    mine, others = here.unit.name, there.unit.name
    page = browser(factories.user("director", here.unit)).get("/office/placement/").text
    assert f">{mine}</option>" in page
    assert others not in page


# -- exports -----------------------------------------------------------------------------------------------------


def test_an_export_holds_the_rows_of_the_list_and_leaves_a_line(browser: Open) -> None:
    here, there = (factories.placement(factories.child(), date(2026, 1, 1)) for _ in range(2))
    names, unit_id = (here.child.last_name, there.child.last_name), here.unit_id
    user = factories.user("director", here.unit)
    director = browser(user)
    page = director.get(f"/office/placement/export/csv/?flt0_0={unit_id}")
    text = page.data.decode("utf-8-sig")
    assert page.data.startswith(b"\xef\xbb\xbf")
    assert page.mimetype == "text/csv"
    assert page.headers["Content-Disposition"].startswith("attachment; filename=")
    head, *body = text.splitlines()
    assert head.split(";")[:2] == ["Lapsi", "Yksikkö"]
    assert len(body) == 1
    assert names[0] in text
    assert names[1] not in text
    [line] = lines("placement.export")
    assert (line.user_id, line.facts) == (user.id, {"type": "csv", "flt0_0": str(unit_id)})


def test_a_cell_that_a_spreadsheet_would_run_is_made_text(browser: Open) -> None:
    from openpyxl import load_workbook

    for name in ("=1+1", "+358", "-5", "@SUM(A1)", "\t=1", "Rauha"):
        factories.unit(name, director='=HYPERLINK("http://x")')
    admin = browser(factories.user("admin"))
    text = admin.get("/office/unit/export/csv/").data.decode("utf-8-sig")
    assert "'=1+1;" in text
    assert "'+358;" in text
    assert "'-5;" in text
    assert "'@SUM(A1);" in text
    assert "\nRauha;" in text
    assert not re.search(r'(^|;)"?[=+@\t-]', text, re.M)
    page = admin.get("/office/unit/export/xlsx/")
    assert page.mimetype == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    cells = [cell for row in load_workbook(BytesIO(page.data)).active.iter_rows() for cell in row]
    assert "'=1+1" in [cell.value for cell in cells]
    assert "f" not in {cell.data_type for cell in cells}  # a formula
    assert len(lines("unit.export")) == 2


def test_an_export_writes_words_as_the_list_does(browser: Open) -> None:
    factories.unit("Rauha", shift_care=True)
    factories.unit("Toivo")
    admin = browser(factories.user("admin"))
    rauha, toivo = sorted(admin.get("/office/unit/export/csv/").data.decode("utf-8-sig").splitlines()[1:])
    assert "kyllä" in rauha
    assert "True" not in rauha
    assert "False" not in toivo


def test_an_export_in_a_form_that_is_not_offered_is_not_found(browser: Open) -> None:
    admin = browser(factories.user("admin"))
    assert admin.get("/office/unit/export/html/").status_code == 404
    guardian = browser(factories.user("guardian", person=factories.person()))
    assert guardian.get("/my/decision/export/csv/").status_code == 404
    assert lines("unit.export", "decision.export") == []


# -- an action and its form --------------------


@pytest.fixture
def desk(browser: Open) -> tuple[FlaskClient, str, int]:
    """A director before the form that puts a child into a group: the browser, the address, the group."""
    place = factories.placement(factories.child(), date(2026, 1, 1), date(2027, 7, 31))
    group = factories.group(place.unit)
    ids = place.id, group.id
    return browser(factories.user("director", place.unit)), f"/office/placement/do/place_in_group/?id={ids[0]}", ids[1]


def test_a_form_asks_for_the_inputs_of_the_action_in_words(desk: Any) -> None:
    director, address, group = desk
    page = director.get(address)
    assert page.status_code == 200
    for name in ("group", "start", "row_version"):
        assert f'name="{name}"' in page.text
    assert f'<option value="{group}">Siilit</option>' in page.text
    assert 'value="2026-06-01"' in page.text  # the day of the page
    assert "[placement" not in page.text


def test_pressing_the_button_does_it_once_and_says_so(desk: Any) -> None:
    director, address, group = desk
    typed = {"group": group, "start": "1.8.2026", "row_version": 1}
    page = director.post(address, data=typed, follow_redirects=True)
    assert "Tehty: " in seen(page)
    [joined] = db.session.scalars(select(GroupPlacement))
    assert (joined.group_id, joined.start, joined.end) == (group, date(2026, 8, 1), date(2027, 7, 31))
    [line] = lines("placement.place_in_group")
    assert line.facts["start"] == "2026-08-01"


def test_what_was_typed_wrong_is_told_beside_its_field_and_stays(desk: Any) -> None:
    director, address, group = desk
    page = director.post(address, data={"group": group, "start": "31.2.2026", "row_version": 1})
    assert page.status_code == 200
    assert "”31.2.2026” ei ole päivä" in " ".join(refused(page))
    assert re.search(r'<p class="of-error" id="start-error">.*?31\.2\.2026', page.text, re.S)
    assert 'value="31.2.2026"' in page.text
    assert f'<option selected value="{group}">' in page.text
    assert lines("placement.place_in_group") == []
    empty = director.post(address, data={"row_version": 1})
    assert len(refused(empty)) == 2


def test_a_row_of_another_unit_cannot_be_chosen(desk: Any) -> None:
    director, address, _ = desk
    foreign = factories.group(factories.unit()).id
    keep()
    page = director.post(address, data={"group": foreign, "start": "1.8.2026", "row_version": 1})
    assert "Tätä ei voi valita" in " ".join(refused(page))
    assert lines("placement.place_in_group") == []


def test_a_refusal_is_told_and_what_was_typed_stays(desk: Any) -> None:
    director, address, group = desk
    page = director.post(address, data={"group": group, "start": "1.8.2027", "row_version": 1})
    assert "1.8.2027" in " ".join(refused(page))
    assert 'value="1.8.2027"' in page.text
    assert list(db.session.scalars(select(GroupPlacement))) == []


def stale_words(page: Any) -> str:
    [told] = [one for one in refused(page) if "sillä välin" in one]
    return told


def test_whoever_saves_over_another_is_told_who_when_and_what_and_may_then_save(browser: Open, at: Any) -> None:
    unit = factories.unit("Rauha", phone="1")
    id, area = unit.id, unit.area_id
    anna, bo = (browser(factories.user("admin", name=name)) for name in ("Anna Aalto", "Bo Berg"))
    address = f"/office/unit/edit/?id={id}"
    form = anna.get(address).text
    typed = {
        "name": "Rauha",
        "area": area,
        "provider": "municipal",
        "care_types": ["daycare"],
        "language": "fi",
        "capacity": "60",
        "start": "2020-01-01",
        "row_version": re.search(r'name="row_version"[^>]*value="(\d+)"', form)[1],
        **week(days=(1, 2)),
    }
    at("2026-06-01T12:34")
    assert bo.post(address, data=typed | {"phone": "2"}).status_code == 302
    bo.get(f"/office/unit/details/?id={id}")
    page = anna.post(address, data=typed | {"phone": "3", "director": "Rauhatäti"})
    told = stale_words(page)
    assert "Bo Berg" in told
    assert "1.6.2026 12.34" in told
    assert "Puhelin" in told
    assert 'value="3"' in page.text
    assert 'value="Rauhatäti"' in page.text
    assert db.session.scalars(select(Unit.phone)).one() == "2"
    again = re.search(r'name="row_version"[^>]*value="(\d+)"', page.text)[1]
    assert anna.post(address, data=typed | {"phone": "3", "row_version": again}).status_code == 302
    assert db.session.scalars(select(Unit.phone)).one() == "3"


def test_who_only_read_a_file_did_not_change_it(browser: Open) -> None:
    child = factories.child(phone="1")
    id = child.id
    anna, bo = (browser(factories.user("admin", name=name)) for name in ("Anna Aalto", "Bo Berg"))
    typed = {"last_name": "A", "first_name": "B", "born": "2022-05-01", "language": "fi"}
    edit, first, second = f"/office/person/edit/?id={id}", {"phone": "040 555 0102"}, {"phone": "040 555 0103"}
    assert anna.post(edit, data=typed | first | {"row_version": 1}).status_code == 302
    bo.get(f"/office/person/details/?id={id}")
    told = stale_words(anna.post(edit, data=typed | second | {"row_version": 1}))
    assert "Anna Aalto" in told
    assert "Bo Berg" not in told


def test_the_same_form_sent_twice_does_it_once(browser: Open) -> None:
    plan = factories.plan(factories.application(), status=PlanStatus.PROPOSED)
    confirm = f"/office/proposal/do/confirm/?id={plan.id}"
    director = browser(factories.user("director", plan.unit))
    assert director.post(confirm, data={"row_version": 1}).status_code == 302
    second = director.post(confirm, data={"row_version": 1})
    assert second.status_code == 200
    assert "sillä välin" in stale_words(second)
    assert len(lines("placement.confirm")) == 1


def test_a_form_without_its_version_is_not_saved(desk: Any) -> None:
    director, address, group = desk
    page = director.post(address, data={"group": group, "start": "1.8.2026"})
    assert stale_words(page)
    assert list(db.session.scalars(select(GroupPlacement))) == []


def test_the_page_of_an_action_that_the_state_does_not_allow_says_so(browser: Open) -> None:
    plan = factories.plan(factories.application(), status=PlanStatus.DRAFT)
    id = plan.id
    admin = browser(factories.user("admin"))
    page = admin.get(f"/office/proposal/do/confirm/?id={id}")
    assert page.status_code == 409
    assert "Tätä ei voi tehdä, kun tila on" in seen(page)
    assert "confirm" not in admin.get(f"/office/proposal/details/?id={id}").text


def test_who_may_not_do_it_is_denied_before_the_form_is_looked_at(browser: Open) -> None:
    place = factories.placement(factories.child(), date(2026, 1, 1))
    id = place.id
    finance = browser(factories.user("finance"))
    assert finance.get(f"/office/placement/details/?id={id}").status_code == 200
    address = f"/office/placement/do/place_in_group/?id={id}"
    assert finance.get(address).status_code == 403
    assert finance.post(address, data={"start": "nonsense"}).status_code == 403
    assert "place_in_group" not in finance.get(f"/office/placement/details/?id={id}").text


# -- many rows ------------------------------------------------------------------------------------------------------


@pytest.fixture
def proposals(browser: Open) -> tuple[FlaskClient, list[int]]:
    """A director with two questions to answer and one that was answered."""
    unit = factories.unit()
    plans = [
        factories.plan(factories.application(units=[unit]), status=status)
        for status in (PlanStatus.PROPOSED, PlanStatus.PROPOSED, PlanStatus.CONFIRMED)
    ]
    ids = [plan.id for plan in plans]
    return browser(factories.user("director", unit)), ids


def states() -> list[PlanStatus]:
    db.session.expire_all()
    return list(db.session.scalars(select(PlacementPlan.status).order_by(PlacementPlan.id)))


def test_many_rows_are_first_shown_and_nothing_happens(proposals: Any) -> None:
    director, ids = proposals
    page = director.post("/office/proposal/bulk/", data={"verb": "confirm", "rowid": ids})
    assert page.status_code == 200
    form = page.text[page.text.index('<form class="of-panel') :]
    assert re.findall(r'name="rowid" value="(\d+)"', form) == [str(id) for id in ids[:2]]
    assert states() == [PlanStatus.PROPOSED, PlanStatus.PROPOSED, PlanStatus.CONFIRMED]


def test_many_rows_are_done_together_each_with_its_line(proposals: Any) -> None:
    director, ids = proposals
    director.post("/office/proposal/bulk/", data={"verb": "confirm", "rowid": ids[:2], "confirmed": "1"})
    assert states() == [PlanStatus.CONFIRMED] * 3
    assert [line.subject_id for line in lines("placement.confirm")] == ids[:2]


def test_the_list_is_narrowed_down_as_before_when_many_rows_are_done(proposals: Any) -> None:
    director, ids = proposals
    listed = director.get("/office/proposal/?flt0_0=proposed&page_size=20&page=0")
    action = html.unescape(re.findall(r'<form method="post" action="([^"]*)" data-bulk', listed.text)[0])
    assert action == "/office/proposal/bulk/?flt0_0=proposed&page_size=20"
    data = {"verb": "confirm", "rowid": ids[:1]}
    preview = director.post(action, data=data)
    assert preview.text.count("/office/proposal/?flt0_0=proposed&amp;page_size=20") == 1  # the way back
    assert html.escape(action) in preview.text
    done = director.post(action, data=data | {"confirmed": "1"})
    assert done.location == "/office/proposal/?flt0_0=proposed&page_size=20"


def test_if_one_of_many_cannot_be_done_none_is(proposals: Any) -> None:
    director, ids = proposals
    page = director.post("/office/proposal/bulk/", data={"verb": "confirm", "rowid": ids, "confirmed": "1"})
    assert "Mitään ei muutettu" in " ".join(refused(page))
    assert states() == [PlanStatus.PROPOSED, PlanStatus.PROPOSED, PlanStatus.CONFIRMED]
    assert lines("placement.confirm") == []


def test_many_rows_beyond_the_reach_are_not_touched(proposals: Any, browser: Open) -> None:
    _, ids = proposals
    stranger = browser(factories.user("director", factories.unit()))
    data = {"verb": "confirm", "rowid": [*ids, "abc", "9" * 30], "confirmed": "1"}
    stranger.post("/office/proposal/bulk/", data=data)
    assert states() == [PlanStatus.PROPOSED, PlanStatus.PROPOSED, PlanStatus.CONFIRMED]
    finance = browser(factories.user("finance"))
    assert finance.post("/office/proposal/bulk/", data=data).status_code == 403


def test_what_a_screen_does_not_offer_for_many_rows_is_not_found(proposals: Any) -> None:
    director, ids = proposals
    for verb in ("decide", "", "nonsense"):
        assert director.post("/office/proposal/bulk/", data={"verb": verb, "rowid": ids}).status_code == 404


# -- generated forms ---------------------------------------------------------------------------------------------------


def test_a_generated_form_has_words_and_saves_with_a_line(browser: Open) -> None:
    admin = browser(factories.user("admin"))
    form = admin.get("/office/unit/new/")
    assert form.status_code == 200
    assert not re.findall(r"\[[a-z_]+\.[a-z_.]+\]", form.text)
    assert admin.post("/office/area/new/", data={"name": "Etelä"}).status_code == 302
    assert db.session.scalars(select(Area.name)).all() == ["Etelä"]
    [line] = lines("unit.create")
    assert [line.subject, [change[1:] for change in line.facts["changes"]]] == ["area", [["name", None, "Etelä"]]]


def test_a_name_that_is_taken_is_told_in_words_and_stays_typed(browser: Open) -> None:
    factories.area("Etelä")
    admin = browser(factories.user("admin"))
    page = admin.post("/office/area/new/", data={"name": "Etelä"})
    assert "Tämänniminen alue on jo olemassa" in " ".join(refused(page))
    assert 'value="Etelä"' in page.text
    assert len(db.session.scalars(select(Area)).all()) == 1


@pytest.mark.parametrize("role", ["service_worker", "finance", "director", "staff"])
def test_who_may_not_save_gets_no_form_either(browser: Open, role: str) -> None:
    unit = factories.unit(phone="1")
    group = factories.group(unit)
    ids = unit.id, group.id
    worker = browser(factories.user(role, factories.unit(), factories.group(factories.unit())))
    for address in ("/office/unit/new/", "/office/area/new/"):
        assert worker.get(address).status_code == 403
        assert worker.post(address, data={"name": "X"}).status_code == 403
    for method in (worker.get, worker.post):
        assert method(f"/office/unit/edit/?id={ids[0]}").status_code in (403, 404)
    assert db.session.scalars(select(Unit.phone).where(Unit.id == ids[0])).one() == "1"


def test_a_row_cannot_be_moved_out_of_the_reach(browser: Open) -> None:
    mine, others = factories.unit(), factories.unit()
    group = factories.group(mine)
    ids = group.id, others.id
    director = browser(factories.user("director", mine))
    page = director.post(
        f"/office/group/edit/?id={ids[0]}",
        data={"unit": ids[1], "name": "Siilit", "start": "2020-01-01", "row_version": 1},
    )
    assert page.status_code in (200, 403)
    assert db.session.scalars(select(Unit.id).join(Unit.groups)).one() != ids[1]
    assert lines("unit.edit") == []


def test_a_screen_that_makes_no_rows_has_no_such_page(browser: Open) -> None:
    place = factories.placement(factories.child(), date(2026, 1, 1))
    id = place.id
    admin = browser(factories.user("admin"))
    assert admin.get("/office/placement/new/").status_code == 404
    assert admin.post("/office/placement/new/", data={}).status_code == 404
    assert admin.get(f"/office/placement/edit/?id={id}").status_code == 404
    assert admin.get(f"/office/placement/remove/?id={id}").status_code == 404
    assert admin.post("/office/placement/delete/", data={"id": id}).status_code == 404
    assert len(db.session.scalars(select(Placement)).all()) == 1


def test_deleting_asks_first_and_leaves_a_line(browser: Open) -> None:
    group = factories.group(factories.unit())
    id = db.session.scalars(select(Caretakers.id)).one()
    assert group
    admin = browser(factories.user("admin"))
    page = admin.get(f"/office/caretakers/remove/?id={id}")
    assert page.status_code == 200
    assert db.session.scalars(select(Caretakers)).all()
    done = admin.post("/office/caretakers/delete/", data={"id": id, "url": "https://evil.example/"})
    assert done.status_code == 302
    assert "evil" not in done.location
    assert db.session.scalars(select(Caretakers)).all() == []
    [line] = lines("unit.delete")
    assert (line.subject, line.subject_id) == ("caretakers", id)


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("capacity", "9" * 12, "kokonaisluku"),
        ("capacity", "9" * 30, "kokonaisluku"),
        ("capacity", "kuusi", "kokonaisluku"),
        ("start", "1.1.0001", "ei ole päivä"),
        ("start", "2026-02-30", "ei ole päivä"),
        ("name", "x" * 121, "120"),
    ],
)
def test_a_generated_form_refuses_what_the_database_could_not_keep(
    browser: Open, field: str, typed: str, told: str
) -> None:
    unit = factories.unit("Rauha")
    id, area = unit.id, unit.area_id
    page = browser(factories.user("admin")).post(
        f"/office/unit/edit/?id={id}",
        data={
            "name": "Rauha",
            "area": area,
            "provider": "municipal",
            "care_types": ["daycare"],
            "language": "fi",
            "capacity": "60",
            "start": "2020-01-01",
            "row_version": 1,
            **week(days=[1]),
        }
        | {field: typed},
    )
    assert page.status_code == 200
    assert any(told in one for one in refused(page)), refused(page)
    assert lines("unit.edit") == []


def test_numbers_out_of_an_amounts_range_are_told_and_not_reckoned_with(browser: Open) -> None:
    place = factories.placement(factories.child(factories.person()), date(2026, 1, 1))
    id = place.child.guardians[0].id
    finance = browser(factories.user("finance"))
    for typed in ("NaN", "Infinity", "-Infinity", "1e9", "sNaN", "9" * 30, "1,2,3", "0x10"):
        page = finance.post(
            f"/office/person/do/income.add/?id={id}",
            data={
                "row_version": 1,
                "start": "2026-01-01",
                "effect": "income",
                "lines-main_income-amount": typed,
            },
        )
        assert page.status_code == 200, typed
        assert any("Kirjoita luku" in one for one in refused(page)), (typed, refused(page))


# -- Flask-Admin's own habits, faults --------------------


def test_flask_admins_own_ways_around_the_actions_are_closed(browser: Open) -> None:
    id = factories.unit().id
    admin = browser(factories.user("admin"))
    assert admin.post("/office/unit/action/", data={"action": "delete", "rowid": [id]}).status_code == 404
    assert admin.post("/office/unit/ajax/update/", data={"list_form_pk": id, "name": "X"}).status_code == 404
    assert admin.get("/office/unit/ajax/lookup/?name=area&query=a").status_code == 404
    assert db.session.scalars(select(Unit.id)).all() == [id]


def test_a_fault_in_a_view_surfaces_once(browser: Open, monkeypatch: Any, caplog: Any) -> None:
    calls = []

    def broken(self: Any, row: Any) -> Any:
        calls.append(row)
        raise TypeError("a fault with a secret: 010190-9999")

    id = factories.unit().id
    monkeypatch.setattr(UnitScreen, "file", broken)
    page = browser(factories.user("admin")).get(f"/office/unit/details/?id={id}")
    assert page.status_code == 500
    assert len(calls) == 1
    assert "010190" not in page.text
    assert "Mitään ei tallennettu" in seen(page)
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_fault_of_the_database_shows_neither_sql_nor_values(browser: Open, monkeypatch: Any, method: str) -> None:
    id = factories.unit().id
    monkeypatch.setattr(UnitScreen, "visible", lambda self: sa.text("nowhere.column = 'secret'"))
    admin = browser(factories.user("admin"))
    for path in ("", f"details/?id={id}", f"edit/?id={id}", "export/csv/"):
        page = admin.open(f"/office/unit/{path}", method=method.upper(), data={"id": id} if method == "post" else None)
        assert page.status_code in (405, 500, 503), path
        for word in ("secret", "SELECT", "nowhere", "sqlalchemy", "Traceback"):
            assert word not in page.text


def test_a_log_of_a_fault_holds_no_values_of_people(browser: Open, monkeypatch: Any, caplog: Any) -> None:
    factories.person()
    broken = sa.text("nowhere.column = :code").bindparams(code="010190-9999")
    monkeypatch.setattr(PersonScreen, "visible", lambda self: broken)
    assert browser(factories.user("admin")).get("/office/person/").status_code in (500, 503)
    assert "nowhere" in caplog.text
    assert "010190-9999" not in caplog.text


def test_a_database_that_does_not_answer_is_told_calmly(app: Flask, browser: Open) -> None:
    admin = browser(factories.user("admin"))

    def gone(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        raise sa.exc.OperationalError(statement, parameters, Exception("server closed the connection"))

    sa.event.listen(db.engine, "before_cursor_execute", gone)
    try:
        pages = [admin.get("/office/unit/"), admin.post("/office/area/new/", data={"name": "A"})]
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", gone)
    for page in pages:
        assert page.status_code == 503
        assert "Tietokanta ei vastannut" in seen(page)
        assert "SELECT" not in page.text
    assert admin.get("/office/unit/").status_code == 200


def test_a_refusal_outside_of_forms_is_a_calm_page(browser: Open, monkeypatch: Any) -> None:
    def no(self: Any, row: Any) -> Any:
        raise Refused("workflow.wrong_state", verb="x", state="y", sources=["z"])

    id = factories.unit().id
    monkeypatch.setattr(UnitScreen, "file", no)
    page = browser(factories.user("admin")).get(f"/office/unit/details/?id={id}")
    assert page.status_code == 409
    assert "Tätä ei voi tehdä, kun tila on y" in seen(page)


def test_every_page_carries_the_headers_that_keep_strangers_out(browser: Open) -> None:
    admin = browser(factories.user("admin"))
    for page in (admin.get("/office/unit/"), admin.get("/office/unit/details/?id=0"), browser(None).get("/login")):
        assert page.headers["Content-Security-Policy"].startswith("default-src 'self'; script-src 'self'")
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["X-Frame-Options"] == "DENY"
    assert admin.get("/office/unit/").headers["Cache-Control"] == "no-store"


# -- the cost of a list ----------------------------------------------------------------------


def few(kind: str) -> None:
    if kind == "person":
        factories.child(allergies="pähkinä")
    elif kind == "application":
        factories.application(units=[factories.unit(), factories.unit()])
    else:
        place = factories.placement(factories.child(), date(2026, 1, 1))
        factories.in_group(place, factories.group(place.unit))


@pytest.mark.parametrize("kind", ["person", "application", "placement"])
@pytest.mark.parametrize("role", ["admin", "director"])
def test_a_list_of_fifty_costs_as_many_questions_as_one_of_five(browser: Open, kind: str, role: str) -> None:
    units = []

    def fill(number: int) -> None:
        for _ in range(number):
            few(kind)
        units[:] = db.session.scalars(select(Unit)).all()

    fill(5)
    admin = browser(factories.user("admin"))
    admin.get(f"/office/{kind}/")
    costs = []
    for more in (0, 45):
        fill(more)
        keep()
        with statements() as asked:
            page = admin.get(f"/office/{kind}/?page_size=50")
        assert page.status_code == 200
        costs.append(len(asked))
    assert len(rows(page)) == 50
    assert costs[0] == costs[1], asked
    assert costs[0] < 20


def test_nobody_is_left_in_the_database_of_the_test() -> None:
    assert db.session.scalars(select(Person)).all() == []


# -- much to choose from -----------------------------------------------------------------------------


@pytest.fixture
def few_is_one(monkeypatch):
    """A select of more than one row is a text in which the row is named."""
    monkeypatch.setattr("evaka.views.forms.rows.MANY", 1)


def test_of_many_rows_one_is_named_in_a_text_and_a_script_offers_names(browser, few_is_one):
    factories.unit("Äijälän päiväkoti")
    factories.unit("Rinteen päiväkoti")
    admin = browser(factories.user("admin"))
    page = admin.get("/office/closure/new/").text
    assert 'data-lookup="/office/search/choices?kind=unit"' in page
    assert "Äijälän päiväkoti</option>" not in page
    offered = admin.get("/office/search/choices?kind=unit&q=aija paiv").json
    assert len(offered) == 1
    assert offered[0].startswith("Äijälän päiväkoti #")


@pytest.mark.parametrize(
    ("typed", "told_key", "saved"),
    [
        ("aijala", "", True),
        ("päiväkoti", "form.several_rows", False),
        ("kuusela", "form.no_such_row", False),
        ("#99999", "form.no_such_row", False),
    ],
)
def test_a_text_names_one_row_or_says_what_is_unclear(browser, few_is_one, typed, told_key, saved):
    factories.unit("Äijälän päiväkoti")
    factories.unit("Rinteen päiväkoti")
    admin = browser(factories.user("admin"))
    form = {"unit": typed, "reason": "Korjaus", "start": "2026-07-01", "end": "2026-07-02"}
    page = admin.post("/office/closure/new/", data=form)
    assert (page.status_code == 302) is saved
    if not saved:
        assert say(told_key, "fi", typed=typed, most=20) in page.get_data(as_text=True).replace("&#34;", '"')
    if told_key == "form.several_rows":
        assert "Rinteen päiväkoti</option>" in page.text
        chosen = db.session.scalar(select(Unit.id).where(Unit.name.contains("Rinteen")))
        again = admin.post("/office/closure/new/", data=form | {"unit": [typed, str(chosen)]})
        assert again.status_code == 302


def test_choices_are_of_rows_that_the_reader_sees(browser):
    unit = factories.unit("Äijälän päiväkoti")
    factories.unit("Aijan päiväkoti")
    director = browser(factories.user("director", unit=unit))
    assert [one.partition(" #")[0] for one in director.get("/office/search/choices?kind=unit&q=aij").json] == [
        "Äijälän päiväkoti"]
    assert director.get("/office/search/choices?kind=income&q=aij").status_code == 404
    assert director.get("/office/search/choices?kind=nothing&q=aij").status_code == 404


def test_a_list_counts_up_to_a_limit_and_says_that_there_are_more(browser, monkeypatch):
    monkeypatch.setattr("evaka.views.base.lists.COUNTED", 3)
    for _ in range(5):
        factories.unit()
    page = browser(factories.user("admin")).get("/office/unit/").text
    assert say("ui.list.many", "fi") in page


def test_pages_far_away_show_their_own_rows_and_no_others(browser, monkeypatch):
    monkeypatch.setattr("evaka.views.base.lists.FAR", 1)
    for number in range(45):
        factories.unit(f"Yksikkö {number:02}")
    admin = browser(factories.user("admin"))
    shown = [re.findall(r"Yksikkö \d\d(?=</a>)", admin.get(f"/office/unit/?page_size=20&page={page}").text)
             for page in (0, 1, 2)]
    assert [len(one) for one in shown] == [20, 20, 5]
    assert [name for one in shown for name in one] == [f"Yksikkö {number:02}" for number in range(45)]


def test_the_only_hit_of_the_search_opens(browser):
    child = factories.child(first_name="Väinö", last_name="Äijälä")
    admin = browser(factories.user("admin"))
    answer = admin.get("/office/search/?q=aija vai")
    assert answer.status_code == 302
    assert answer.location.endswith(f"/office/person/details/?id={child.id}")


def test_words_that_flask_takes_for_its_own_break_no_address(browser: Open) -> None:
    admin = browser(factories.user("admin"))
    for path in ("person", "application", "proposal", "unit"):
        assert admin.get(f"/office/{path}/?endpoint=x&_external=1&search=a").status_code == 200, path
