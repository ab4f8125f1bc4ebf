"""Places in time: what overlaps, who is in a group, and what the database refuses."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy.exc import IntegrityError

from evaka.kit.dates import DateRange
from evaka.models.base import db
from evaka.models.guard import broken_rule
from evaka.models.placement import children_grouped, children_placed, overlapping, without_group
from evaka.rules.placement import PlanStatus
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 7, 31), None),
        (date(2025, 1, 1), date(2025, 8, 1)),
        (date(2025, 1, 1), None),
        (date(2026, 1, 1), date(2026, 1, 1)),
    ],
)
def test_the_database_refuses_two_places_on_one_day(start, end):
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), date(2026, 7, 31))
    with pytest.raises(IntegrityError) as no, db.session.begin_nested():
        factories.placement(child, start, end)
    assert broken_rule(no.value) == "ex_placement_child_id"


def test_places_that_follow_each_other_do_not_collide_nor_do_those_of_other_children():
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), date(2026, 7, 31))
    assert factories.placement(child, date(2026, 8, 1)).id
    assert factories.placement(factories.child(), date(2025, 8, 1)).id


def test_a_place_does_not_end_before_it_begins():
    child = factories.child()
    with pytest.raises(IntegrityError) as no, db.session.begin_nested():
        factories.save(
            factories.Placement(
                child=child, unit=factories.unit(), care_type="daycare", start=TODAY, end=date(2026, 5, 31)
            )
        )
    assert broken_rule(no.value) == "ck_placement_ends_after_start"


def test_a_child_is_in_one_group_at_a_time():
    place = factories.placement(factories.child(), date(2026, 1, 1))
    group = factories.group(place.unit)
    factories.in_group(place, group)
    with pytest.raises(IntegrityError) as no, db.session.begin_nested():
        factories.in_group(place, factories.group(place.unit, "Ketut"), date(2026, 9, 1))
    assert broken_rule(no.value) == "ex_group_placement_placement_id"


@pytest.mark.parametrize("status", [PlanStatus.DRAFT, PlanStatus.PROPOSED, PlanStatus.CONFIRMED, PlanStatus.DECIDED])
def test_an_application_has_one_living_plan(status):
    application = factories.application()
    for given_up in (PlanStatus.CANCELLED, PlanStatus.DECLINED, PlanStatus.DECLINED):
        factories.plan(application, status=given_up)
    factories.plan(application, status=status)
    with pytest.raises(IntegrityError) as no, db.session.begin_nested():
        factories.plan(application)
    assert broken_rule(no.value) == "uq_placement_plan_application_id"


@pytest.mark.parametrize(
    ("period", "count"),
    [
        (DateRange(date(2026, 8, 1), None), 1),
        (DateRange(date(2026, 7, 31), None), 2),
        (DateRange(date(2025, 1, 1), date(2025, 7, 31)), 0),
        (DateRange(date(2025, 1, 1), date(2025, 8, 1)), 1),
    ],
)
def test_overlapping_places_share_a_day(period, count):
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), date(2026, 7, 31))
    factories.placement(child, date(2026, 8, 1))
    factories.placement(factories.child(), date(2025, 8, 1))
    assert len(db.session.scalars(overlapping(child.id, period)).all()) == count


def test_a_group_sees_its_children_from_the_day_they_are_put_into_it():
    place = factories.placement(factories.child(), date(2026, 1, 1))
    group = factories.group(place.unit)
    later = factories.placement(factories.child(), date(2026, 8, 1), unit=place.unit)
    gone = factories.placement(factories.child(), date(2026, 1, 1), date(2026, 5, 31), unit=place.unit)
    for one in (place, later, gone):
        factories.in_group(one, group)
    assert set(db.session.scalars(children_grouped({group.id}, TODAY))) == {place.child_id, later.child_id}
    assert set(db.session.scalars(children_placed({place.unit_id}, TODAY))) == {
        place.child_id,
        later.child_id,
        gone.child_id,
    }


def test_places_without_a_group_on_a_day():
    place = factories.placement(factories.child(), date(2026, 1, 1))
    grouped = factories.placement(factories.child(), date(2026, 1, 1), unit=place.unit)
    factories.in_group(grouped, factories.group(place.unit), date(2026, 3, 1))
    assert db.session.scalars(without_group(TODAY)).all() == [place]
    assert set(db.session.scalars(without_group(date(2026, 2, 1)))) == {place, grouped}


def test_the_journal_finds_the_child_of_a_plan():
    plan = factories.plan(factories.application())
    assert plan.child_id == plan.application.child_id
