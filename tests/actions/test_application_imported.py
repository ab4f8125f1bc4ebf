"""A season's applications from a file: what is in order comes in, what is not is told, and twice is once."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from evaka.actions.application import imported
from evaka.kit import identity
from evaka.kit.errors import Denied, Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import Guardian
from evaka.rules.application import ApplicationKind, ApplicationStatus
from evaka.rules.placement import CareType
from tests import factories
from tests.conftest import statements

pytestmark = pytest.mark.usefixtures("database")
HEAD = ["Lapsen henkilötunnus", "Huoltajan henkilötunnus", "Saapunut", "Toivottu aloitus", "1. toive", "2. toive",
        "Palveluntarve", "Kiireellinen", "Lisätiedot", "Hakemuksen laji"]


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker"))


def people(n):
    """Children with codes, and their guardians."""
    found = []
    for number in range(n):
        mother = factories.person(identity_code=identity.made(date(1990, 1, 1), 900 + number))
        child = factories.child(mother, date(2022, 5, 1), identity_code=identity.made(date(2022, 5, 1), 900 + number))
        found.append((child, mother))
    return found


def row(child, mother, unit="Lokki", start="10.8.2026", **cells):
    told = dict.fromkeys(HEAD[5:], "") | {"Palveluntarve": "full_day"} | cells
    first = [child.identity_code, mother.identity_code, "1.4.2026", start, unit]
    return [*first, *(told[name] for name in HEAD[5:])]


def test_what_is_in_order_comes_in_with_its_due_day(worker):
    lokki, tiira = factories.unit("Lokki"), factories.unit("Tiira")
    (aino, mother), (eino, other) = people(2)
    factories.placement(eino, date(2025, 8, 1), None, unit=lokki, care_type=CareType.DAYCARE)
    father = factories.guardian_of(aino)
    rows = [HEAD, row(aino, mother, **{"2. toive": "tiira", "Kiireellinen": "x", "Lisätiedot": "Hei"}),
            row(eino, other)]
    made = imported.take_in(rows, worker)
    one, moving = made
    assert [unit.name for unit in one.units] == ["Lokki", tiira.name]
    assert (one.status, one.received, one.due, one.urgent) == (
        ApplicationStatus.SENT, date(2026, 4, 1), date(2026, 8, 10), True)
    assert (one.confidential, one.other_guardian_id) == (None, father.id)
    assert (moving.transfer, moving.continuing, moving.due) == (True, True, None)
    assert db.session.scalar(select(func.count()).select_from(Email)) == 0
    db.session.commit()
    lines = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "application.import")).all()
    assert [(line.person_id, line.facts["row"]) for line in lines] == [(aino.id, 2), (eino.id, 3)]


def test_the_same_file_twice_is_taken_in_once(worker):
    factories.unit("Lokki")
    rows = [HEAD, *(row(child, mother) for child, mother in people(3))]
    assert [len(imported.take_in(rows, worker)), len(imported.take_in(rows, worker))] == [3, 0]
    assert {no.key for one in imported.prepared(rows, worker) for no in one.wrong} == {"application.one_is_open"}


@pytest.mark.parametrize(
    ("cells", "key"),
    [
        ({"unit": "Olematon"}, "application.import_no_unit"),
        ({"start": "10.8.2041"}, "application.not_a_child"),
        ({"Hakemuksen laji": "preschool", "start": "1.7.2026"}, "application.no_term"),
        ({"2. toive": "Lokki"}, "application.unit_twice"),
        ({"Palveluntarve": ""}, "application.incomplete"),
        ({"Palveluntarve": "part_day"}, "application.incomplete"),
    ],
)
def test_a_row_that_cannot_be_is_told_and_left_out(worker, cells, key):
    factories.unit("Lokki")
    (child, mother), (good, other) = people(2)
    rows = [HEAD, row(child, mother, **cells), row(good, other)]
    first, second = imported.prepared(rows, worker)
    assert ([no.key for no in first.wrong], second.wrong) == ([key], [])
    assert [one.child_id for one in imported.take_in(rows, worker)] == [good.id]


def test_people_who_are_not_known_or_not_guardians_are_told(worker):
    factories.unit("Lokki")
    (aino, mother), (eino, _) = people(2)
    unknown = factories.person(identity_code=identity.made(date(1980, 1, 1), 950))
    rows = [HEAD, row(aino, unknown), row(aino, mother), row(eino, mother, **{"Hakemuksen laji": "Kerhohakemus"})]
    rows[1][1] = identity.made(date(1980, 1, 1), 951)
    found = [[no.key.removeprefix("application.") for no in one.wrong] for one in imported.prepared(rows, worker)]
    assert found == [["import_no_person"], ["import_twice"], ["not_a_guardian"]]
    db.session.scalars(select(Guardian).where(Guardian.child_id == aino.id)).one().blocked = True
    db.session.flush()
    assert "application.not_a_guardian" in {
        no.key for no in imported.prepared([HEAD, row(aino, mother)], worker)[0].wrong}


def test_pre_primary_education_gets_the_citys_need(worker):
    factories.unit("Lokki", care_types=["preschool"])
    [(child, mother)] = people(1)
    cells = {"Hakemuksen laji": "Esiopetushakemus", "Palveluntarve": ""}
    [made] = imported.take_in([HEAD, row(child, mother, start="11.8.2026", **cells)], worker)
    assert (made.kind, made.service_need, made.due) == (ApplicationKind.PRESCHOOL, "preschool", date(2026, 8, 11))


def test_two_hundred_rows_take_no_more_questions_than_two(worker):
    factories.unit("Lokki")
    rows = [HEAD, *(row(child, mother) for child, mother in people(60))]

    def asked(some):
        db.session.flush()
        with statements() as said:
            imported.prepared(some, worker)
        return len(said)

    few = [asked(rows[:3]) for _ in range(2)][1]  # the first time the worker's rights are read
    assert asked(rows) == few


def test_a_spreadsheet_and_a_text_file_are_read_alike():
    book = Workbook()
    book.active.append(["Saapunut", "1. toive", None])
    book.active.append([date(2026, 4, 1), "Ötökkä", 5])
    out = BytesIO()
    book.save(out)
    sheet = imported.table_of("a.xlsx", out.getvalue())
    assert [sheet[0][:2], sheet[1][1:]] == [["Saapunut", "1. toive"], ["Ötökkä", "5"]]
    for coding in ("utf-8-sig", "cp1252"):
        text = "Saapunut;1. toive\r\n1.4.2026;Ötökkä\r\n".encode(coding)
        assert imported.table_of("a.csv", text) == [["Saapunut", "1. toive"], ["1.4.2026", "Ötökkä"]]
    assert imported.table_of("a.csv", b"a,b\n1,2\n") == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "document.paper_empty"),
        (b"x" * (5 * 1024 * 1024 + 1), "document.paper_large"),
        (b"PK\x03\x04 no spreadsheet", "application.import_unreadable"),
        (b"\x81\x8d\x8f", "application.import_unreadable"),
    ],
)
def test_what_is_no_table_is_refused(content, key):
    with pytest.raises(Refused, match=key):
        imported.table_of("a.csv", content)


def test_an_empty_table_and_a_stranger_are_refused(worker, by):
    with pytest.raises(Refused, match="application.import_columns"):
        imported.prepared([], worker)
    with pytest.raises(Denied):
        imported.prepared([HEAD], by(factories.user("finance")))
    assert db.session.scalar(select(func.count()).select_from(Application)) == 0
