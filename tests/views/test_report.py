"""Lists of a unit on the page, on paper and as a file; the month of a group is put right by ticking days."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.unit import Unit
from evaka.rules.attendance import AbsenceKind
from tests import day, factories
from tests.conftest import keep, statements
from tests.day import booked, came
from tests.letters.reading import pages
from tests.pages import done, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
KINDS = ("day", "week", "month", "contacts", "meals")


@pytest.fixture
def unit(at: Any) -> Unit:
    """Two groups on the first of June: Aino and Veikko among the hedgehogs, Kaija among the squirrels, a guest."""
    at("2026-06-01T07:00")
    unit = factories.unit("Lokkilan päiväkoti")
    group, other = factories.group(unit, "Siilit"), factories.group(unit, "Oravat")
    mother = factories.person(first_name="Maija", last_name="Meri", phone="040 555 0001")
    aino = day.child(group, first_name="Aino", last_name="Meri", guardian=mother, diet="Maidoton", allergies="Pähkinä")
    veikko, kaija = (day.child(one, first_name=name, last_name="Meri") for one, name in (
        (group, "Veikko"), (other, "Kaija")))
    booked(aino, "8.00-12.00"), booked(kaija, "9.00-16.00")
    factories.absence(veikko, day.MONDAY)
    factories.pickup(aino, name="Naapuri Niilo", phone="040 555 0199")
    guest = factories.child(first_name="Vieras", last_name="Meri")
    factories.placement(guest, date(2026, 1, 1))
    factories.backup_care(guest, unit, day.MONDAY, date(2026, 6, 5), group)
    return unit


def director(unit: Unit, **fields: Any) -> Any:
    return factories.user("director", unit=unit, **fields)


def test_the_days_list_tells_who_comes_when_by_group(browser, unit):
    text = seen(browser(director(unit)).get("/office/report/"))
    assert "Siilit: 2 tulossa" in text
    assert "Meri Aino 8.00–12.00" in text
    assert "Meri Veikko Sairaus" in text
    assert "Meri Vieras (varasijoitus) (8.00–16.00)" in text
    assert "Oravat: 1 tulossa" in text
    assert "Suluissa olevat ajat ovat oletuksia" in text


def test_a_week_a_day_beside_the_other(browser, unit):
    text = seen(browser(director(unit)).get("/office/report/?kind=week&day=3.6.2026"))
    assert "viikko 23, 1.6.2026–7.6.2026" in text
    assert "maanantai 1.6. tiistai 2.6." in text
    assert "Meri Veikko Sairaus (8.00–16.00)" in text
    assert "Tulossa 2 3 3 3 3" in text


def test_whom_to_call_and_who_may_fetch(browser, unit):
    text = seen(browser(director(unit)).get("/office/report/?kind=contacts"))
    assert "1. Maija Meri, huoltaja: 040 555 0001" in text
    assert "Naapuri Niilo, 040 555 0199" in text
    assert "Allergiat: Pähkinä" in text


def test_a_blocked_guardian_and_a_protected_number_do_not_hang_on_the_wall(browser, unit):
    aino = db.session.scalars(select(factories.Person).where(factories.Person.first_name == "Aino")).one()
    aino.guardians[0].restricted = True
    factories.guardian_of(aino, first_name="Pentti", last_name="Piilo", phone="050 999 8877")
    tie = db.session.scalars(select(factories.Guardian).where(factories.Guardian.child_id == aino.id)
                             .order_by(factories.Guardian.id.desc())).first()
    assert tie is not None
    tie.blocked = True
    keep()
    text = seen(browser(director(unit)).get("/office/report/?kind=contacts"))
    assert "040 555 0001" not in text
    assert "turvakielto: katso järjestelmästä" in text
    assert "Piilo" not in text


def test_meals_are_counted_by_diet_and_who_eats_something_else_is_named(browser, unit):
    text = seen(browser(director(unit)).get("/office/report/?kind=meals"))
    assert "Aamiainen 7.45–8.30 2 1 1" in text  # Aino without milk, the guest; Kaija comes at nine
    assert "Lounas 11.00–11.45 3 2 1" in text
    assert "Välipala 14.00–14.30 2 2" in text
    assert "Päivällinen" not in text
    assert "Meri Aino Siilit 8.00–12.00 Maidoton Pähkinä" in text


def test_the_staff_of_a_group_print_their_own_group(browser, unit):
    group = next(one for one in unit.groups if one.name == "Oravat")
    client = browser(factories.user("staff", group=group, unit=None))
    for kind in KINDS:
        text = seen(client.get(f"/office/report/?kind={kind}"))
        assert "Aino" not in text, kind
        assert "Siilit" not in text, kind
    assert "Meri Kaija 9.00–16.00" in seen(client.get("/office/report/"))


def test_another_unit_is_not_listed(browser, unit):
    stranger = browser(director(factories.unit("Aaltola")))
    for kind in KINDS:
        for page in ("", "paper/", "table/"):
            answer = stranger.get(f"/office/report/{page}?kind={kind}&unit={unit.id}&group={unit.groups[0].id}")
            told = " ".join(pages(answer.data)) if page == "paper/" else answer.text
            assert "Lokkilan" not in told, (kind, page)
            assert "Meri" not in told
    assert browser(factories.user("finance")).get("/office/report/").status_code == 403


@pytest.mark.parametrize("kind", KINDS)
def test_each_list_is_printed_and_read_by_a_spreadsheet(browser, unit, kind):
    client = browser(director(unit, name="Päivi Harjanne"))
    group = next(one for one in unit.groups if one.name == "Siilit")
    paper = client.get(f"/office/report/paper/?kind={kind}&group={group.id}")
    assert paper.mimetype == "application/pdf"
    text = " ".join(pages(paper.data))
    assert "Meri Aino" in text
    assert "Tulosti Päivi Harjanne 1.6.2026 7.00" in text
    table = client.get(f"/office/report/table/?kind={kind}&group={group.id}")
    rows = [line.split(";") for line in table.data.decode("utf-8-sig").splitlines()]
    assert any("Meri Aino" in row for row in rows)
    assert "attachment" in table.headers["Content-Disposition"]


def test_printing_is_a_line_of_the_journal(browser, unit):
    browser(director(unit)).get("/office/report/paper/?kind=contacts")
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "report.read")).one()
    assert (line.subject, line.subject_id) == ("unit", unit.id)
    assert line.facts == {"kind": "contacts", "day": "2026-06-01", "group": ""}


def test_nothing_in_a_file_is_a_formula(browser, unit):
    row = db.session.scalars(select(factories.Person).where(factories.Person.first_name == "Kaija")).one()
    row.last_name = "=1+1"
    keep()
    text = browser(director(unit)).get("/office/report/table/").data.decode("utf-8-sig")
    assert "'=1+1 Kaija" in text


# -- the month of a group -----------------------------------------------------------------------------------


def cells(page: Any) -> dict[str, str]:
    """(child and day) → what the cell says, of the cells that may be ticked."""
    return dict(re.findall(r'name="cell" value="([\d:-]+)" aria-label="([^"]*)"', page.text))


def test_a_month_of_marks_is_put_right_by_ticking(browser, unit, at):
    at("2026-06-05T12:00")
    group = next(one for one in unit.groups if one.name == "Siilit")
    people = {one.first_name: one for one in db.session.scalars(select(factories.Person))}
    came(people["Aino"], unit, "8.00", "12.00", date(2026, 6, 2), group_id=group.id)
    client = browser(director(unit))
    page = client.get(f"/office/report/?kind=month&group={group.id}")
    text = seen(page)
    assert re.search(r"Meri Aino · L Läsnä 8\.00–12\.00 .*? 1 0 Meri Veikko", text)  # of the first nobody tapped
    aino, veikko = people["Aino"].id, people["Veikko"].id
    assert f"{aino}:2026-06-02" not in cells(page)
    assert cells(page)[f"{veikko}:2026-06-01"] == "Meri Veikko 1.6.2026: Sairaus"
    assert cells(page)[f"{veikko}:2026-06-02"] == "Meri Veikko 2.6.2026: Ei tietoa"
    mark = f"/office/report/mark/?kind=month&group={group.id}&unit={unit.id}&day=2026-06-05"
    days = [f"{veikko}:2026-06-02", f"{veikko}:2026-06-03", f"{aino}:2026-06-04"]
    assert done(client.post(mark, data={"cell": days, "absence": "sick"}, follow_redirects=True)) == [
        "Merkitty 3 päivää."]
    rows = db.session.execute(select(Absence.child_id, Absence.day, Absence.kind).order_by(Absence.day)).all()
    assert [(row.child_id, row.day.day, row.kind) for row in rows] == [
        (veikko, 1, AbsenceKind.SICK), (veikko, 2, AbsenceKind.SICK), (veikko, 3, AbsenceKind.SICK),
        (aino, 4, AbsenceKind.SICK)]
    lines = db.session.scalars(select(AuditEvent.person_id).where(AuditEvent.action == "attendance.absent")).all()
    assert sorted(lines) == sorted([veikko, aino])  # days in a row are one
    done(client.post(mark, data={"cell": [f"{veikko}:2026-06-01"], "absence": "none"}, follow_redirects=True))
    assert db.session.scalar(select(Absence.id).where(Absence.day == date(2026, 6, 1))) is None


@pytest.mark.parametrize("typed", [
    {"cell": ["1:2026-06-02"]}, {"cell": [], "absence": "sick"}, {"cell": ["x:y", "9999999:2026-06-02"],
                                                                 "absence": "sick"},
    {"cell": ["1:2026-06-02"], "absence": "holiday"},
])
def test_what_cannot_be_marked_is_told(browser, unit, typed):
    page = browser(director(unit)).post(
        f"/office/report/mark/?kind=month&unit={unit.id}", data=typed, follow_redirects=True)
    assert refused(page)
    assert db.session.query(Absence).count() == 1


def test_another_units_child_cannot_be_marked(browser, unit):
    stranger = browser(director(factories.unit("Aaltola")))
    child = db.session.scalars(select(factories.Person.id).where(factories.Person.first_name == "Aino")).one()
    answer = stranger.post("/office/report/mark/?kind=month", data={
        "cell": [f"{child}:2026-06-02"], "absence": "sick"})
    assert answer.status_code == 403
    assert db.session.query(Absence).count() == 1


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_they_speak_the_readers_language(browser, unit, kind, language):
    client = browser(director(unit, language=language))
    assert wordless(client.get(f"/office/report/?kind={kind}")) == set()
    assert "[" not in " ".join(pages(client.get(f"/office/report/paper/?kind={kind}").data))


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_is_asked_in_few_questions(browser, unit, kind):
    client = browser(director(unit))
    client.get(f"/office/report/?kind={kind}")
    with statements() as few:
        client.get(f"/office/report/?kind={kind}")
    for _ in range(8):
        day.child(unit.groups[0])
    keep()
    with statements() as many:
        client.get(f"/office/report/?kind={kind}")
    assert len(many) == len(few) <= 45
