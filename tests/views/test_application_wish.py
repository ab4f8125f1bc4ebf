"""Who wishes for a unit, as its director sees it before anything is proposed."""

from __future__ import annotations

from datetime import date

import pytest

from evaka.rules.application import NOT_PROPOSED, ApplicationKind, ApplicationStatus
from tests import factories
from tests.conftest import keep, statements
from tests.pages import seen, wordless

pytestmark = pytest.mark.usefixtures("database")


def wish(*units, name="Toivova", **fields):
    return factories.application(factories.child(last_name=name), units=list(units), **fields)


def test_a_director_knows_who_wishes_for_the_unit_and_no_other(browser):
    mine, other = factories.unit(), factories.unit()
    wish(mine, other, name="Eka", shift_care=True, start=date(2026, 8, 3))
    second = wish(other, mine, name="Toka", sibling_unit_id=mine.id)
    wish(other, name="Muualle")
    director = browser(factories.user("director", mine))
    page = seen(director.get("/office/wish/"))
    assert "Eka" in page
    assert "1. toive" in page
    assert "3.8.2026" in page
    assert "Vuorohoito" in page
    assert "Toka" in page
    assert "2. toive" in page
    assert "Sisarus yksikössä" in page
    assert "Muualle" not in page
    assert str(other) not in page
    # the application itself is still the office's
    assert director.get(f"/office/application/details/?id={second.id}").status_code == 404
    assert director.get(f"/office/wish/details/?id={second.preferences[0].id}").status_code == 404


def test_only_what_waits_for_a_proposal_is_a_wish(browser):
    unit = factories.unit()
    for state in ApplicationStatus:
        wish(unit, name=f"Tila{state.value}x", status=state)
    page = seen(browser(factories.user("director", unit)).get("/office/wish/"))
    assert {state for state in ApplicationStatus if f"Tila{state.value}x" in page} == NOT_PROPOSED


def test_the_file_of_a_unit_counts_its_wishes_by_kind(browser):
    unit, other = factories.unit(), factories.unit()
    for _ in range(3):
        wish(unit)
    wish(other, unit)
    wish(other, unit, kind=ApplicationKind.CLUB)
    director = browser(factories.user("director", unit))
    page = seen(director.get(f"/office/unit/details/?id={unit.id}"))
    assert "Varhaiskasvatus 3 4" in page
    assert "Kerho 0 1" in page
    clerk = browser(factories.user("finance"))
    assert "Ensisijainen toive" not in seen(clerk.get(f"/office/unit/details/?id={unit.id}"))


@pytest.mark.parametrize(("query", "found"), [
    ("flt1_1=1", {"Eka"}), ("flt1_1=0", {"Toka", "Kolmas"}), ("flt2_2=club", {"Kolmas"}),
    ("flt3_3=2026-09-01", {"Toka"}), ("flt4_4=2026-08-31", {"Eka", "Kolmas"}), ("flt5_5=sent", {"Kolmas"}),
    ("sort=0&desc=1", {"Eka", "Toka", "Kolmas"}), ("sort=5", {"Eka", "Toka", "Kolmas"}),
])
def test_the_wishes_are_narrowed_and_sorted(browser, query, found):
    unit, other = factories.unit(), factories.unit()
    wish(unit, name="Eka", start=date(2026, 8, 3))
    wish(other, unit, name="Toka", start=date(2026, 10, 1))
    wish(other, unit, name="Kolmas", start=date(2026, 8, 3), kind=ApplicationKind.CLUB, status=ApplicationStatus.SENT)
    page = seen(browser(factories.user("director", unit)).get(f"/office/wish/?{query}"))
    assert {one for one in ("Eka", "Toka", "Kolmas") if one in page} == found


def test_many_wishes_are_asked_as_often_as_few_and_go_to_a_file(browser):
    unit = factories.unit()
    director = browser(factories.user("director", unit))
    wish(unit)
    keep()
    director.get("/office/wish/")
    with statements() as few:
        director.get("/office/wish/")
    for _ in range(10):
        wish(unit)
    keep()
    with statements() as many:
        director.get("/office/wish/")
    assert len(many) == len(few)
    lines = director.get("/office/wish/export/csv/").text.splitlines()
    assert len(lines) == 12
    assert "Varhaiskasvatus" in lines[1]


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_wishes_have_words_for_everything(browser, language):
    unit = factories.unit()
    wish(unit, shift_care=True, transfer=True, continuing=True, sibling_unit_id=unit.id)
    director = browser(factories.user("director", unit, language=language))
    assert not wordless(director.get("/office/wish/"))
