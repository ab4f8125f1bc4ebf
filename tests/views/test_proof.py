"""The ratio of a past minute: on the page and on paper, with who has noted it; who may see, and what stays unsaid."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from evaka.actions import presence as tapped
from evaka.models.base import db
from evaka.models.journal import AuditEvent, add_lines
from evaka.models.presence import Presence
from evaka.models.unit import Unit
from evaka.rules.staff import StaffKind
from tests import day, factories
from tests.conftest import keep, statements
from tests.day import came, works
from tests.letters.reading import pages
from tests.pages import seen, wordless

pytestmark = pytest.mark.usefixtures("database")
THEN = date(2026, 3, 12)


@pytest.fixture
def unit(at: Any, by: Any) -> Unit:
    """On 12.3.2026 two children and an adult in the group, one who leaves at nine, one in training."""
    at("2026-06-01T12:00")
    unit = factories.unit("Lokkilan päiväkoti")
    group = factories.group(unit, "Siilit")
    small, large, early = (day.child(group, born=born, first_name=name, last_name="Meri") for name, born in (
        ("Aino", date(2024, 5, 1)), ("Veikko", date(2022, 5, 1)), ("Lempi", date(2022, 5, 1))))
    factories.factor(large, "2")
    came(small, unit, "7.00", "15.00", THEN, group_id=group.id)
    came(large, unit, "7.30", "23.59", THEN, group_id=group.id, automatic=True)
    came(early, unit, "7.10", "9.00", THEN, group_id=group.id)
    works(day.adult("Nina Nieminen"), group, "6.58", "15.00", THEN)
    works("Opiskelija Oona", group, "8.00", "14.00", THEN, coefficient=Decimal(0))
    works(day.adult("Bea Berg"), group, "8.00", "14.00", THEN, kind=StaffKind.TRAINING)
    db.session.flush()
    db.session.info.pop("changes", None)
    row = db.session.scalars(select(Presence).where(Presence.child_id == small.id)).one()
    boss = factories.user("admin", name="Jaana Johtaja")
    tapped.correct(row, by(boss, "2026-03-13"), arrived=day.clock("7.02"), left=day.clock("15.00"))
    return unit


def director(unit: Unit, **fields: Any) -> Any:
    return factories.user("director", unit=unit, **fields)


def test_a_minute_is_taken_apart(browser, unit):
    page = browser(director(unit)).get("/office/proof/?day=12.3.2026&at=9.30")
    text = seen(page)
    assert "Lokkilan päiväkoti , Koko yksikkö · torstai 12.3.2026 9.30" in text
    assert "1 × (1 × 2,0) + 1 × 1,75 = 3,75" in text
    assert "1 × 7 + 1 × 0 = 7" in text
    assert "3,75 / 7 × 7 = 3,8" in text
    assert "Meri Lempi" not in text  # left at nine
    assert "Meri Veikko Siilit 7.30 23.59 (päätetty yöllä) 2" in text
    assert "Bea Berg" in text
    assert "ei lasketa: " in text
    assert "edellinen muutos 9.00" in text
    assert "Lempi" in seen(browser(director(unit)).get("/office/proof/?day=12.3.2026&at=8.59"))


def test_who_has_noted_it_and_when_stands_beside(browser, unit):
    text = seen(browser(director(unit)).get("/office/proof/?day=12.3.2026&at=9.30"))
    assert "Jaana Johtaja 13.3.2026 12.00" in text
    assert text.count("Lokissa ei ole merkintää.") == 4


def test_signing_in_is_found_by_the_moment_at_which_the_row_begins(browser, unit, by):
    row = db.session.execute(select(AuditEvent.id)).first()
    assert row is not None
    nina = next(one for one in db.session.query(type(director(unit))).all() if one.name == "Nina Nieminen")
    arrived = day.moment("6.58", THEN)
    add_lines([{
        "at": arrived, "user_id": nina.id, "action": "staff.arrive", "subject": "user", "subject_id": nina.id,
        "person_id": None, "facts": {"changes": [["staff_presence +", "arrived", None, arrived.isoformat()]]}}])
    text = seen(browser(director(unit)).get("/office/proof/?day=12.3.2026&at=9.30"))
    assert "Nina Nieminen 12.3.2026 6.58" in text


def test_the_same_on_paper(browser, unit):
    client = browser(director(unit, name="Päivi Harjanne"))
    paper = client.get("/office/proof/paper/?day=12.3.2026&at=9.30")
    assert paper.mimetype == "application/pdf"
    text = " ".join(pages(paper.data))
    for words in ("3,75 / 7 × 7 = 3,8", "Meri Aino", "Nina Nieminen", "Jaana Johtaja 13.3.2026", "Päivi Harjanne",
                  "540/2018"):
        assert words in text


def test_looking_is_a_line_of_the_journal_with_whose_support_was_read(browser, unit):
    browser(director(unit)).get("/office/proof/?day=12.3.2026&at=9.30")
    lines = {line.action: line for line in db.session.scalars(select(AuditEvent))}
    assert lines["proof.read"].facts == {"group": "Koko yksikkö", "at": "12.3.2026 9.30"}
    assert len(lines["assistance.read"].facts["children"]) == 1


def test_a_child_that_has_left_long_ago_is_a_number(browser, unit):
    for place in db.session.scalars(select(factories.Placement)):
        place.end = date(2026, 4, 1)
    keep()
    text = seen(browser(director(unit)).get("/office/proof/?day=12.3.2026&at=9.30"))
    assert "Aino" not in text
    assert text.count("(tietoja ei enää näe)") == 2
    assert "3,75 / 7 × 7" in text


def test_other_units_see_nothing_and_the_future_is_now(browser, unit):
    stranger = browser(director(factories.unit("Aaltola")))
    assert "Lokkilan" not in stranger.get(f"/office/proof/?unit={unit.id}&day=12.3.2026").text
    assert browser(factories.user("staff", group=unit.groups[0])).get("/office/proof/").status_code == 403
    text = seen(browser(director(unit)).get("/office/proof/?day=1.1.2030&at=9.30"))
    assert "maanantai 1.6.2026 9.30" in text
    assert "maanantai 1.6.2026 12.00" in seen(browser(director(unit)).get("/office/proof/?at=23.00"))


def test_a_time_that_is_none_is_told(browser, unit):
    page = browser(director(unit)).get("/office/proof/?at=kello+9")
    assert page.status_code == 200
    assert "kello 9" in page.text


@pytest.mark.parametrize("language", ["sv", "en"])
def test_it_speaks_the_readers_language(browser, unit, language):
    client = browser(director(unit, language=language))
    assert wordless(client.get("/office/proof/?day=12.3.2026&at=9.30")) == set()
    text = " ".join(pages(client.get("/office/proof/paper/?day=12.3.2026&at=9.30").data))
    assert "[letter." not in text
    assert "[proof." not in text


def test_it_is_asked_in_few_questions(browser, unit):
    client = browser(director(unit))
    client.get("/office/proof/?day=12.3.2026&at=9.30")
    with statements() as asked:
        client.get("/office/proof/?day=12.3.2026&at=9.30")
    assert len(asked) <= 40
