"""What the cells of an imported table say, and which rows cannot be."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.kit import identity
from evaka.kit.errors import Refused
from evaka.rules.application import ApplicationKind
from evaka.rules.application.imported import MOST, Line, columns, day, doubles, lines

CALLED = {
    "child": ("Lapsen henkilötunnus",), "guardian": ("Huoltajan henkilötunnus",), "received": ("Saapunut",),
    "start": ("Toivottu aloitus",), "unit_1": ("1. toive",), "unit_2": ("2. toive",), "kind": ("Laji",),
    "service_need": ("Palveluntarve",), "urgent": ("Kiireellinen",), "notes": ("Lisätiedot",),
}
HEAD = ["Lapsen henkilötunnus", "HUOLTAJAN HENKILÖTUNNUS", "saapunut ", "Toivottu aloitus", "1 toive", "2. toive",
        "Laji", "Palveluntarve", "Kiireellinen", "Muu", "Lisätiedot"]
KINDS = {"daycare": ApplicationKind.DAYCARE, "Kerhohakemus": ApplicationKind.CLUB}
NEEDS = {"full_day": "full_day", "Kokopäiväinen": "full_day"}


def read(*cells: str):
    [one] = lines([cells], columns(HEAD, CALLED), kinds=KINDS, needs=NEEDS)
    return one


def test_columns_are_found_by_their_names_in_any_writing():
    assert columns(HEAD, CALLED)["unit_1"] == 4
    assert columns(["child", "guardian", "received", "start", "unit_1"], CALLED)["start"] == 3
    with pytest.raises(Refused) as no:
        columns(["Lapsen henkilötunnus", "Saapunut"], CALLED)
    assert no.value.facts["missing"] == [f"application.import.{one}" for one in ("guardian", "start", "unit_1")]


def test_a_whole_row():
    child, guardian = identity.made(date(2022, 5, 1), 900), identity.made(date(1990, 1, 1), 900)
    one = read(child, guardian, "1.4.2026", "2026-08-10 00:00:00", "Lokki", "Tiira", "kerhohakemus", "kokopäiväinen",
               "x", "ohi", "Hei")
    assert one == Line(
        2, child, guardian, ApplicationKind.CLUB, date(2026, 4, 1), date(2026, 8, 10), "full_day", ("Lokki", "Tiira"),
        frozenset({"urgent"}), notes="Hei")
    assert one.wrong == ()


def test_everything_that_is_wrong_in_a_row_is_told():
    one = read("", "123", "eilen", "", "", "", "koulu", "puolikas", "ehkä")
    assert [no.key.removeprefix("application.import_") for no in one.wrong] == [
        "code", "code", "day", "day", "choice", "choice", "tick", "unit"]
    assert (one.kind, one.service_need, one.units) == (ApplicationKind.DAYCARE, "", ())


def test_empty_rows_are_passed_over_and_numbers_are_the_spreadsheets():
    found = lines([["", ""], ["x"]], columns(HEAD, CALLED), kinds=KINDS, needs=NEEDS)
    assert [one.number for one in found] == [3]


def test_too_many_rows_are_refused():
    with pytest.raises(Refused, match="application.import_many"):
        lines([["x"]] * (MOST + 1), columns(HEAD, CALLED), kinds=KINDS, needs=NEEDS)


def test_a_child_is_asked_for_once_a_kind():
    rows = [Line(2, "A"), Line(3, "B"), Line(4, "A"), Line(5, "A", kind=ApplicationKind.CLUB), Line(6), Line(7)]
    assert [one.number for one in doubles(rows)] == [4]


@pytest.mark.parametrize(
    ("typed", "read_as"),
    [("1.8.2026", date(2026, 8, 1)), ("2026-08-01", date(2026, 8, 1)), ("31.2.2026", None), ("", None)],
)
def test_days(typed, read_as):
    assert day(typed) == read_as
