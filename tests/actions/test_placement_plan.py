"""Thinking of places on the desk, a season at once; the days by rule; what speaks against a place."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event, select

from evaka import city
from evaka.actions import placement as act
from evaka.actions.placement.thought import Thought, default_days
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.city import lay_over
from evaka.models.decision import Decision
from evaka.models.journal import AuditEvent, write_lines
from evaka.models.placement import PlacementPlan
from evaka.rules.application import ApplicationKind, ApplicationStatus
from evaka.rules.city import TableStatus
from evaka.rules.placement import CareType, PlanStatus
from evaka.rules.placement.plan import Days
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
START, END = date(2026, 8, 10), date(2028, 7, 31)
DAYS = Days(DateRange(START, END))


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker"))


def season(count, **fields):
    """So many applications for one unit, each thought of there."""
    unit = factories.unit(**fields)
    return [Thought(factories.application(units=[unit]), unit, DAYS) for _ in range(count)]


def statuses(applications):
    ids = [one.id for one in applications]
    return set(db.session.scalars(
        select(PlacementPlan.status).where(PlacementPlan.application_id.in_(ids))))


def lines(action):
    write_lines(db.session())
    return db.session.scalars(select(AuditEvent).where(AuditEvent.action == action)).all()


def test_many_places_are_drafted_at_once_each_with_its_decision_and_its_line(worker):
    thoughts = season(3)
    ids = act.draft_many(worker, thoughts, batch="evening")
    plans = [db.session.get_one(PlacementPlan, id) for id in ids]
    assert [one.application_id for one in plans] == [one.application.id for one in thoughts]
    assert {(one.status, one.batch, one.drafted_by_id, one.drafted_at) for one in plans} == {
        (PlanStatus.DRAFT, "evening", worker.user.id, worker.now)}
    assert {one.application.status for one in thoughts} == {ApplicationStatus.WAITING_DECISION}
    drafts = db.session.scalars(select(Decision)).all()
    assert [(one.start, one.end, one.number) for one in drafts] == [(START, END, None)] * 3
    told = lines("application.plan")
    assert {line.person_id for line in told} == {one.application.child_id for one in thoughts}
    assert {line.facts["batch"] for line in told} == {"evening"}
    for one in thoughts:  # what the session holds is what the database holds, so the next save is not stale
        one.application.notes = "luettu"
    db.session.flush()
    assert all(one.application.status is ApplicationStatus.WAITING_DECISION for one in thoughts)


def test_many_are_drafted_and_undone_in_as_many_statements_as_few(worker):
    def counted(count):
        thoughts, asked = season(count), []
        db.session.flush()
        listen = lambda *given: asked.append(given[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listen)
        try:
            act.draft_many(worker, thoughts, batch="many")
            act.undo_many(worker, [one.application for one in thoughts])
        finally:
            event.remove(db.engine, "before_cursor_execute", listen)
        return len(asked)

    counted(1)  # units read their areas, and whatever else is read once
    assert counted(2) == counted(12)


def test_one_that_cannot_be_stops_all(worker):
    thoughts = season(2)
    thoughts[1].application.checked = False
    with pytest.raises(Refused, match=r"placement\.not_checked"):
        act.draft_many(worker, thoughts, batch="x")
    assert not statuses([one.application for one in thoughts])


def test_what_somebody_else_has_planned_meanwhile_stops_all(worker):
    thoughts = season(2)
    act.plan(thoughts[1].application, worker, unit=thoughts[1].unit, start=START, end=END)
    with pytest.raises(Refused, match=r"workflow\.wrong_state"):
        act.draft_many(worker, thoughts, batch="x")


def test_whoever_may_not_plan_drafts_nothing(by):
    with pytest.raises(Denied):
        act.draft_many(by(factories.user("finance")), season(1), batch="x")


def test_a_batch_is_undone_as_a_whole(worker):
    thoughts = season(3)
    applications = [one.application for one in thoughts]
    act.draft_many(worker, thoughts, batch="x")
    act.undo_many(worker, applications)
    assert statuses(applications) == {PlanStatus.CANCELLED}
    assert {one.status for one in applications} == {ApplicationStatus.WAITING_PLACEMENT}
    assert not db.session.scalars(select(Decision)).all()
    assert len(lines("application.return_to_placement")) == 3
    act.draft_many(worker, thoughts, batch="y")  # and may be thought of anew


def test_the_last_seat_of_a_batch_is_given_once(worker):
    thoughts = season(2, capacity=1)
    with pytest.raises(Refused) as no:
        act.draft_many(worker, thoughts, batch="x")
    assert no.value.key == "placement.reason_needed"
    assert [one.key for one in no.value.facts["why"]] == ["placement.no_seat"]


# -- what speaks against a place ----------------------------------------------------------------------


def test_a_full_building_needs_a_reason_and_keeps_it(worker):
    unit = factories.unit(capacity=1)
    factories.placement(factories.child(), date(2026, 1, 1), None, unit=unit)
    with pytest.raises(Refused, match=r"placement\.reason_needed"):
        act.plan(factories.application(units=[unit]), worker, unit=unit, start=START, end=END, despite="  ")
    planned = act.plan(
        factories.application(units=[unit]), worker, unit=unit, start=START, end=END, despite="Sisarus, sovittu 3.6.")
    assert planned.despite == "Sisarus, sovittu 3.6."


def test_a_child_who_has_a_seat_takes_no_other(worker):
    unit, child = factories.unit(capacity=1), factories.child()
    factories.placement(child, date(2026, 1, 1), None, unit=unit)
    application = factories.application(child, units=[unit])
    assert act.plan(application, worker, unit=unit, start=START, end=END).despite == ""


def test_a_unit_of_another_language_than_the_wished_ones_needs_a_reason(worker):
    application = factories.application(units=[factories.unit(language="sv")])
    with pytest.raises(Refused) as no:
        act.plan(application, worker, unit=factories.unit(language="fi"), start=START, end=END)
    assert [one.key for one in no.value.facts["why"]] == ["placement.other_language"]


def test_a_group_is_the_units_own_and_open(worker):
    unit = factories.unit()
    group = factories.group(unit)
    with pytest.raises(Refused, match=r"placement\.group_of_other_unit"):
        act.plan(factories.application(units=[unit]), worker, unit=unit, start=START, end=END,
                 group=factories.group(factories.unit()))
    planned = act.plan(
        factories.application(units=[unit]), worker, unit=unit, start=START, end=END, group=group)
    assert planned.group == group


# -- pre-primary education ----------------------------------------------------------------------------


def preschooler(**fields):
    unit = factories.unit(care_types=["preschool", "preschool_daycare"])
    child = factories.child(born=date(2020, 3, 1))
    return factories.application(
        child, units=[unit], kind=ApplicationKind.PRESCHOOL, **({"service_need": ""} | fields)), unit


def test_pre_primary_education_lasts_its_term_and_the_care_around_it_to_the_end_of_july(worker):
    application, _ = preschooler(connected_daycare=True, connected_start=date(2026, 8, 3))
    assert default_days(application, worker.today) == Days(
        DateRange(date(2026, 8, 11), date(2027, 6, 5)), DateRange(date(2026, 8, 3), date(2027, 7, 31)))


def test_the_two_drafts_have_their_own_days(worker):
    application, unit = preschooler(connected_daycare=True)
    planned = act.plan(
        application, worker, unit=unit, start=date(2026, 8, 11), end=date(2027, 6, 5),
        daycare_start=date(2026, 8, 3), daycare_end=date(2027, 7, 31))
    assert (planned.care_type, planned.daycare) == (
        CareType.PRESCHOOL_DAYCARE, DateRange(date(2026, 8, 3), date(2027, 7, 31)))
    drafts = db.session.scalars(select(Decision).order_by(Decision.id)).all()
    assert [(one.care_type, one.start, one.end) for one in drafts] == [
        (CareType.PRESCHOOL, date(2026, 8, 11), date(2027, 6, 5)),
        (CareType.PRESCHOOL_DAYCARE, date(2026, 8, 3), date(2027, 7, 31)),
    ]


def test_pre_primary_education_alone_has_no_days_besides(worker):
    application, unit = preschooler()
    other, its = preschooler()
    with pytest.raises(Refused, match=r"placement\.daycare_without_preschool"):
        act.plan(other, worker, unit=its, start=date(2026, 8, 11), end=date(2027, 6, 5),
                 daycare_start=date(2026, 8, 3))
    planned = act.plan(application, worker, unit=unit, start=date(2026, 8, 11), end=date(2027, 6, 5))
    assert (planned.care_type, planned.daycare, planned.service_need) == (CareType.PRESCHOOL, None, "preschool")


# -- beyond the adults --------------------------------------------------------------------------------


def strict(how):
    """The city asks a reason of whoever fills a unit beyond its adults, or refuses it."""
    kept = city.CONFIG.joinpath("base", "placements.toml").read_text(encoding="utf-8")
    table = "[bars]" + kept.partition("[bars]")[2].partition("\n\n")[0] + "\n"
    assert 'overfull = "tell"' in table
    factories.city_table("placements", "bars", table.replace('overfull = "tell"', f'overfull = "{how}"'),
                         status=TableStatus.PUBLISHED)
    keep()
    lay_over(date(2026, 6, 1))


def crowded(children):
    """A unit of one adult with so many children of five years."""
    unit = factories.unit()
    factories.group(unit, adults="1")
    for _ in range(children):
        factories.placement(factories.child(born=date(2021, 3, 1)), date(2026, 1, 1), None, unit=unit)
    return unit


def test_where_the_city_only_wants_to_be_told_nobody_is_asked(worker):
    unit = crowded(7)
    assert act.plan(factories.application(units=[unit]), worker, unit=unit, start=START, end=END)


def test_a_city_may_ask_a_reason_of_whoever_fills_a_unit_beyond_its_adults(worker):
    strict("reason")
    unit = crowded(7)
    with pytest.raises(Refused) as no:
        act.plan(factories.application(units=[unit]), worker, unit=unit, start=START, end=END)
    [why] = no.value.facts["why"]
    assert why.key == "placement.overfull"
    assert why.facts["worst"] == "114,3"  # eight children to seven
    db.session.rollback()


def test_a_reason_is_enough_and_room_needs_none(worker):
    strict("reason")
    full, free = crowded(7), crowded(3)
    assert act.plan(factories.application(units=[full]), worker, unit=full, start=START, end=END, despite="Sisarus.")
    assert act.plan(factories.application(units=[free]), worker, unit=free, start=START, end=END).despite == ""


def test_a_city_may_refuse_it_also_for_a_season_that_fills_the_unit_together(worker):
    strict("refuse")
    unit = crowded(4)
    thoughts = [Thought(factories.application(units=[unit]), unit, DAYS, despite="Sovittu.") for _ in range(4)]
    act.draft_many(worker, thoughts[:1], batch="fits")
    with pytest.raises(Refused, match=r"placement\.overfull"):
        act.draft_many(worker, thoughts[1:], batch="does not")
