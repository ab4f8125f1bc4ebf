"""Who is expected in the coming days, who is planned to work, and how a day stands while it goes on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from evaka.actions.forecast import DayOfUnit, care_days, days_of, policy
from evaka.actions.forecast.now import now_of
from evaka.kit.dates import DAY, DateRange
from evaka.models.base import db
from evaka.rules.attendance import AbsenceCategory, AbsenceKind
from evaka.rules.forecast import Source
from evaka.rules.placement import CareType
from evaka.rules.presence import TileState
from evaka.rules.staff import StaffKind
from tests import day, factories
from tests.conftest import statements
from tests.day import MONDAY, booked, came, shift, works

pytestmark = pytest.mark.usefixtures("database")


def known(unit: Any, on: date = MONDAY) -> DayOfUnit:
    db.session.flush()
    return days_of([unit], DateRange(on, on))[unit.id, on]


def of(held: DayOfUnit) -> dict[int, Any]:
    return {one.child: one for one in held.children}


def test_when_a_child_comes_and_from_where_that_is_known() -> None:
    group = factories.group(factories.unit())
    told, weekly, agreed, nobody, free, untimed = (day.child(group) for _ in range(6))
    booked(told, "8.00-12.00,13.00-16.00")
    for one in (told, weekly):
        day.week(one, "7.00-15.00", {1})
    day.week(agreed, "9.00-14.00", {1}, agreed=True)
    day.week(free, "7.00-15.00", {2})
    booked(untimed, "")
    found = of(known(group.unit))
    assert {id: (one.spans, one.source) for id, one in found.items()} == {
        told.id: (((480, 720), (780, 960)), Source.BOOKED), weekly.id: (((420, 900),), Source.PATTERN),
        agreed.id: (((540, 840),), Source.AGREED), nobody.id: (((480, 960),), Source.ASSUMED),
        free.id: ((), Source.PATTERN), untimed.id: (((480, 960),), Source.ASSUMED)}
    assert not found[free.id].comes
    assert {one.group for one in found.values()} == {group.id}


def test_what_a_child_weighs_follows_age_and_support() -> None:
    group = factories.group(factories.unit())
    small, large = day.child(group, born=date(2024, 5, 1)), day.child(group)
    factories.factor(large, "2")
    assert {id: one.weight for id, one in of(known(group.unit)).items()} == {
        small.id: Decimal("1.75"), large.id: Decimal(2)}


def test_who_is_away_all_day_does_not_come_and_who_is_away_in_part_does() -> None:
    unit = factories.unit(care_types=["preschool_daycare"])
    group = factories.group(unit)
    away, part = (factories.child(born=date(2020, 5, 1)) for _ in range(2))
    for one in (away, part):
        factories.in_group(factories.placement(
            one, date(2026, 1, 1), unit=unit, care_type=CareType.PRESCHOOL_DAYCARE,
            service_need="preschool_full_day"), group)
        factories.absence(one, MONDAY)
    other = factories.absence(away, MONDAY + DAY)
    other.day, other.category = MONDAY, AbsenceCategory.NONBILLABLE
    found = of(known(unit))
    assert (found[away.id].away, found[part.id].away) == (AbsenceKind.SICK, None)


def test_a_child_in_back_up_care_is_expected_where_it_is() -> None:
    home, host = factories.group(factories.unit()), factories.group(factories.unit(), "Oravat")
    child = day.child(home)
    factories.backup_care(child, host.unit, MONDAY, MONDAY, host)
    db.session.flush()
    found = days_of([home.unit, host.unit], DateRange(MONDAY, MONDAY + DAY))
    where = {(unit, on): [(one.child, one.group, one.guest) for one in held.children]
             for (unit, on), held in found.items()}
    assert where == {
        (home.unit_id, MONDAY): [], (host.unit_id, MONDAY): [(child.id, host.id, True)],
        (home.unit_id, MONDAY + DAY): [(child.id, home.id, False)], (host.unit_id, MONDAY + DAY): []}


def test_days_on_which_the_unit_is_closed_are_not_there() -> None:
    group = factories.group(factories.unit())
    day.child(group)
    factories.closure(group.unit, MONDAY + DAY)
    db.session.flush()
    assert care_days([group.unit], MONDAY, 3) == [MONDAY, date(2026, 6, 3), date(2026, 6, 4)]
    assert [on for _, on in days_of([group.unit], DateRange(MONDAY, MONDAY + 6 * DAY))] == [
        MONDAY, date(2026, 6, 3), date(2026, 6, 4), date(2026, 6, 5)]


def test_adults_come_from_shifts_and_without_any_from_the_size_of_the_groups() -> None:
    group = factories.group(factories.unit(), adults="2.5")
    nurse, half = day.adult("Anna"), day.adult("Bea", "3.5")
    shift(nurse, group, "7.00-15.00")
    shift(half, group, "9.00-17.00")
    shift(day.adult("Cecilia"), group, "8.00-16.00", kind=StaffKind.TRAINING)
    held = known(group.unit)
    assert held.shifts
    assert {(one.span, one.weight) for one in held.adults} == {
        ((420, 900), Decimal(7)), ((540, 1020), Decimal("3.5"))}
    later = known(group.unit, MONDAY + DAY)
    assert not later.shifts
    assert [(one.span, one.weight) for one in later.adults] == [((390, 1020), Decimal("17.5"))]


def test_a_shift_over_midnight_is_of_two_days() -> None:
    group = factories.group(factories.unit(weekdays=range(1, 8)))
    one = shift(day.adult("Anna"), group, "20.00-23.00")
    one.finish = day.moment("6.00", MONDAY + DAY)
    db.session.flush()
    found = days_of([group.unit], DateRange(MONDAY, MONDAY + DAY))
    assert [held.adults[0].span for held in found.values()] == [(1200, 1440), (0, 360)]


def test_many_children_and_days_are_asked_of_as_often_as_one() -> None:
    group = factories.group(factories.unit())
    day.child(group)
    db.session.flush()
    with statements() as few:
        days_of([group.unit], DateRange(MONDAY, MONDAY))
    for _ in range(8):
        booked(day.child(group), "8.00-16.00")
    others = [factories.group(factories.unit()).unit for _ in range(2)]
    db.session.flush()
    with statements() as many:
        days_of([group.unit, *others], DateRange(MONDAY, MONDAY + 9 * DAY))
    assert len(many) == len(few) <= 16


# -- a day that is going on ---------------------------------------------------------------------------------


def test_how_the_morning_stands() -> None:
    unit = factories.unit()
    group, other = factories.group(unit), factories.group(unit, "Oravat")
    here, late, coming, away, left, guest = (day.child(group) for _ in range(6))
    assumed, unawaited = day.child(other), factories.child()
    booked(here, "7.00-15.00"), booked(late, "8.00-15.00"), booked(coming, "8.30-15.00"), booked(left, "7.00-8.00")
    factories.absence(away, MONDAY)
    came(here, unit, "7.05", group_id=group.id)
    came(left, unit, "6.50", "8.05", group_id=group.id)
    came(unawaited, unit, "8.00")
    factories.backup_care(guest, factories.unit(), MONDAY, MONDAY)  # is elsewhere
    nurse, evening, student = day.adult("Anna"), day.adult("Bea"), "Opiskelija Oona"
    shift(nurse, group, "7.00-15.00"), shift(evening, other, "9.00-17.00")
    works(nurse, group, "6.58")
    works(student, group, "8.00", coefficient=0)
    works(day.adult("Cecilia"), group, "8.00", kind=StaffKind.OTHER_WORK)
    held = known(unit)
    now = now_of([held], day.moment("8.42"))[unit.id]
    state = {one.child: (one.state, one.late) for one in now.children}
    assert state == {
        here.id: (TileState.HERE, False), late.id: (TileState.COMING, True), coming.id: (TileState.COMING, False),
        away.id: (TileState.AWAY, False), left.id: (TileState.LEFT, False), assumed.id: (TileState.COMING, False),
        unawaited.id: (TileState.HERE, False)}
    assert [one.child for one in now.late()] == [late.id]
    ratio = now.ratios[group.id]
    assert (ratio.children, ratio.weight, ratio.adults, ratio.capacity) == (1, 1, 2, 7)
    assert (now.ratio.children, now.ratios[None].children) == (2, 1)
    slots = {slot.start: slot for slot in now.of_unit}
    assert (slots[420].children, slots[480].children, slots[540].children) == (2, 3, 5)  # as it was, and is planned
    assert (slots[480].adults, slots[540].adults) == (Decimal(1), Decimal(2))


def test_without_shifts_those_who_are_here_stay() -> None:
    group = factories.group(factories.unit())
    booked(day.child(group), "7.00-15.00")
    works(day.adult("Anna"), group, "7.00")
    now = now_of([known(group.unit)], day.moment("8.42"))[group.unit_id]
    assert [slot.adults for slot in now.of_unit if slot.start in (390, 480, 960)] == [0, 1, 1]


def test_a_moment_is_asked_of_in_few_questions() -> None:
    group = factories.group(factories.unit())
    for _ in range(5):
        came(booked(day.child(group), "7.00-15.00"), group.unit, "7.00")
    came(factories.child(), group.unit, "7.00")
    held = known(group.unit)
    with statements() as asked:
        now_of([held], day.moment("8.42"))
    assert len(asked) <= 6


def test_the_city_says_how_far_ahead_it_looks() -> None:
    assert (policy().step, policy().days) == (15, 10)
