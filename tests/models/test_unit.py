"""A unit in the database: its week, its keys, and what it refuses by itself."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from evaka.models.base import db
from evaka.models.calendar import Closure
from evaka.models.guard import broken_rule
from evaka.models.placement import children_with
from evaka.models.unit import Unit, has_key
from evaka.rules.unit import Feature, Week
from tests import factories

pytestmark = pytest.mark.usefixtures("database")


def test_weekdays_and_shift_care_follow_from_the_hours_in_python_and_in_sql() -> None:
    plain = factories.unit(weekdays=[1, 2, 6])
    shift = factories.unit(shift_care=True)
    db.session.expire_all()
    assert (plain.weekdays, plain.shift_care) == ([1, 2, 6], False)
    assert (shift.weekdays, shift.shift_care) == ([1, 2, 3, 4, 5], True)
    rows = db.session.execute(select(Unit.weekdays, Unit.shift_care).order_by(Unit.id)).all()
    assert [tuple(row) for row in rows] == [([1, 2, 6], False), ([1, 2, 3, 4, 5], True)]
    assert db.session.scalars(select(Unit.id).where(Unit.shift_care)).all() == [shift.id]


def test_a_week_is_found_as_it_was_kept() -> None:
    week = Week.of(time(7, 15), time(23, 59), {7})
    unit = factories.unit(opening=week)
    db.session.expire_all()
    assert unit.opening == week
    assert not unit.open_days(frozenset({date(2026, 6, 7)})).has_care(date(2026, 6, 7), shift_care=False)
    assert unit.open_days().has_care(date(2026, 6, 14), shift_care=False)


def test_keys_are_found_whole() -> None:
    """A key that is a part of another one is not taken for it."""
    one = factories.unit(care_types=["preschool_daycare"])
    other = factories.unit(care_types=["daycare", "club"], features=["messages"])

    def found(column: Any, key: str) -> set[int]:
        return set(db.session.scalars(select(Unit.id).where(has_key(column, key))))

    assert found(Unit.care_types, "daycare") == {other.id}
    assert found(Unit.care_types, "preschool") == set()
    assert found(Unit.features, "absences") == {one.id}
    assert set(db.session.scalars(select(Unit.id).where(Unit.has(Feature.MESSAGES)))) == {one.id, other.id}


def test_children_of_units_with_a_feature_are_those_placed_now_or_later() -> None:
    opened, closed = factories.unit(), factories.unit(features=[])
    now, later, gone, elsewhere = (factories.child() for _ in range(4))
    factories.placement(now, date(2026, 1, 1), unit=opened)
    factories.placement(later, date(2026, 8, 1), unit=opened)
    factories.placement(gone, date(2026, 1, 1), date(2026, 5, 31), unit=opened)
    factories.placement(elsewhere, date(2026, 1, 1), unit=closed)
    found = set(db.session.scalars(children_with(Feature.ABSENCES, date(2026, 6, 1))))
    assert found == {now.id, later.id}


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"end": date(2019, 12, 31)}, "ck_unit_ends_after_start"),
        ({"open_on_holidays": True}, "ck_unit_holidays_with_shift"),
        ({"preschool_start": time(9)}, "ck_unit_preschool_hours"),
        ({"preschool_start": time(9), "preschool_end": time(8)}, "ck_unit_preschool_in_order"),
        ({"longitude": Decimal(24)}, "ck_unit_whole_point"),
        ({"daycare_apply_end": date(2026, 8, 1)}, "ck_unit_daycare_apply"),
        ({"club_apply_start": date(2026, 8, 2), "club_apply_end": date(2026, 8, 1)}, "ck_unit_club_apply"),
    ],
)
def test_the_database_refuses_what_cannot_be(fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(IntegrityError) as no:
        factories.unit(**fields)
    assert broken_rule(no.value) == rule
    db.session.rollback()


def test_closures_of_a_unit_and_those_of_the_city_are_apart_each_by_themselves() -> None:
    unit = factories.unit()
    factories.closure(unit, date(2026, 6, 15))
    factories.closure(None, date(2026, 6, 15))
    for again in (unit, None):
        with pytest.raises(IntegrityError) as no, db.session.begin_nested():
            factories.closure(again, date(2026, 6, 14), date(2026, 6, 20))
        assert broken_rule(no.value) == "ex_closure_unit_id"
    with pytest.raises(IntegrityError), db.session.begin_nested():
        factories.save(Closure(unit=unit, start=date(2026, 7, 2), end=None, reason="x"))
