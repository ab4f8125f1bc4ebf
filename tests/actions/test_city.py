"""Changes to the city's tables: drafted, proposed, published from a day, rolled back; and what they must not do."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka import city
from evaka.access import may
from evaka.actions import city as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db, transaction
from evaka.models.city import CityTable, lay_over
from evaka.models.journal import AuditEvent
from evaka.rules.city import TableStatus
from evaka.rules.placement import PlanPolicy
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
SHORTER = "[plan]\nlast_month = 6\nlast_day = 30\n"
READER = '[reader]\n"office.view" = "all"\n"person.view" = "all"\n'


@pytest.fixture
def admins(by):
    """Two administrators: of changes that need a second person, one writes and the other publishes."""
    return by(factories.user("admin")), by(factories.user("admin"))


def plan() -> PlanPolicy:
    return city.value("placements", "plan", PlanPolicy)


def test_a_draft_changes_nothing_and_a_published_table_holds_from_its_day(admins):
    one, _ = admins
    version = act.draft(one, file="placements", table="plan", content=SHORTER, start=date(2026, 7, 1), reason="Koe")
    lay_over(one.today)
    assert plan().last_month == 7
    act.publish(version, one)
    lay_over(one.today)
    assert plan().last_month == 7  # its day has not come
    lay_over(date(2026, 7, 1))
    assert plan().last_month == 6
    assert version.status is TableStatus.PUBLISHED
    assert "version" in city.source("placements", "plan")


def test_whoever_asks_again_hears_the_same_and_the_tables_are_not_read_again(admins):
    one, _ = admins
    act.publish(factories.city_table(content=SHORTER), one)
    lay_over(one.today)
    known = city.read("placements")
    lay_over(one.today)
    assert city.read("placements") is known


def test_a_day_that_has_passed_becomes_today(admins):
    one, _ = admins
    version = factories.city_table(content=SHORTER, start=date(2026, 1, 1))
    act.publish(version, one)
    assert version.start == one.today


def test_empty_content_brings_back_the_table_of_the_files(admins):
    one, _ = admins
    act.publish(factories.city_table(content=SHORTER), one)
    lay_over(one.today)
    back = act.draft(one, file="placements", table="plan", content="  ", start=one.today, reason="Takaisin")
    act.publish(back, one)
    lay_over(one.today)
    assert plan().last_month == 7


def test_rolling_back_drafts_what_held_before(admins):
    one, _ = admins
    first = factories.city_table(content=SHORTER)
    act.publish(first, one)
    second = factories.city_table(content="[plan]\nlast_month = 5\nlast_day = 31\n")
    act.publish(second, one)
    draft = act.roll_back(second, one, reason="Virhe")
    assert (draft.content, draft.status) == (SHORTER, TableStatus.DRAFT)
    assert act.roll_back(first, one, reason="Virhe").content == ""  # before it there were only the files


def test_rolling_back_a_table_that_was_new_takes_it_away(admins):
    one, other = admins
    version = act.draft(one, file="roles", table="reader", content=READER, start=one.today, reason="Uusi rooli")
    act.propose(version, one)
    act.publish(version, other)
    lay_over(one.today)
    assert may(act_as(one, "reader"), "person.view")
    draft = act.roll_back(version, one, reason="Ei tarvita")
    act.propose(draft, one)
    act.publish(draft, other)
    lay_over(one.today)
    assert "reader" not in city.read("roles")


def act_as(by, role):
    return type(by)(factories.user(role), by.now)


def test_a_change_of_rights_needs_a_second_person(admins):
    one, _ = admins
    version = act.draft(one, file="roles", table="reader", content=READER, start=one.today, reason="Uusi rooli")
    with pytest.raises(Refused, match="city.propose_first"):
        act.publish(version, one)
    db.session.refresh(version, ["status"])
    act.propose(version, one)
    with pytest.raises(Refused, match="city.needs_another"):
        act.publish(version, one)


def test_whoever_rewrites_a_draft_is_its_writer(admins):
    one, other = admins
    version = act.draft(one, file="roles", table="reader", content=READER, start=one.today, reason="Uusi rooli")
    act.rewrite(version, other, content=READER + '"unit.view" = "all"\n', start=one.today, reason="Uusi rooli")
    assert version.writer_id == other.user.id
    act.propose(version, one)
    with pytest.raises(Refused, match="city.not_a_draft"):
        act.rewrite(version, other, content=READER, start=one.today, reason="x")


def test_a_handed_back_change_is_proposed_anew(admins):
    one, other = admins
    version = act.draft(one, file="roles", table="reader", content=READER, start=one.today, reason="Uusi rooli")
    act.propose(version, one)
    act.hand_back(version, other, why="Liian laaja")
    assert version.status is TableStatus.DRAFT
    with pytest.raises(Refused, match="city.propose_first"):
        act.publish(version, other)


@pytest.mark.parametrize("content", [
    "[plan]\nlast_month = 7\nlast_day = 30\nmonths = 3\n",  # nobody knows it
    '[plan]\nlast_month = "seven"\nlast_day = 30\n',
])
def test_a_table_with_a_mistake_is_not_published(admins, content):
    one, _ = admins
    version = factories.city_table(content=content)
    assert act.mistakes(version)
    keep()
    with pytest.raises(Refused, match="city.has_mistakes") as no, transaction():
        act.publish(version, one)
    assert "placements, draft" in no.value.facts["first"]
    lay_over(one.today)
    assert plan().last_month == 7


def test_a_figure_that_a_worked_example_contradicts_is_not_published(admins):
    one, _ = admins
    wrong = city.written("invoices", "rules").replace("half_from_sick_days = 11", "half_from_sick_days = 12")
    version = factories.city_table("invoices", "rules", wrong)
    with pytest.raises(Refused, match="city.has_mistakes"):
        act.publish(version, one)
    assert "the month is to cost" in str(act.mistakes(version)[0])


@pytest.mark.parametrize("content", ["[plan", "[other]\na = 1\n", "[plan]\na = 1\n[more]\nb = 2\n"])
def test_a_text_that_is_not_the_table_is_refused_at_once(admins, content):
    one, _ = admins
    with pytest.raises(Refused, match="city.not_readable"):
        act.draft(one, file="placements", table="plan", content=content, start=one.today, reason="x")


def test_a_change_after_which_nobody_could_change_rights_is_refused(admins):
    one, other = admins
    version = act.draft(
        one, file="roles", table="admin", content='[admin]\n"person.*" = "all"\n', start=one.today, reason="x")
    act.propose(version, one)
    with pytest.raises(Refused, match="city.nobody_left"):
        act.publish(version, other)


def test_only_those_who_may_draft_and_everything_is_in_the_journal(admins, by):
    one, _ = admins
    finance = by(factories.user("finance"))
    with pytest.raises(Denied):
        act.draft(finance, file="placements", table="plan", content=SHORTER, start=one.today, reason="x")
    version = act.draft(one, file="placements", table="plan", content=SHORTER, start=one.today, reason="Koe")
    with pytest.raises(Denied):
        act.publish(version, finance)
    act.publish(version, one)
    lines = db.session.scalars(select(AuditEvent.action).where(AuditEvent.subject == "city_table")).all()
    assert lines == ["city.create", "city.publish"]


def test_a_trial_is_seen_by_whoever_tries_alone():
    with city.trying("placements", "plan", {"last_month": 3, "last_day": 1}):
        assert plan().last_month == 3
        assert city.source("placements", "plan") == "placements, draft"
    assert plan().last_month == 7


def test_a_discarded_change_stays_as_a_row(admins):
    one, _ = admins
    version = factories.city_table()
    act.discard(version, one)
    assert db.session.get(CityTable, version.id).status is TableStatus.DISCARDED
