"""Support that is given, changed and ended; who may; and that a child counts for more because of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from evaka.access import Actor, within
from evaka.actions import assistance as act
from evaka.actions.unit import options, places_of, rows_of
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.assistance import (
    SUPPORT,
    AssistanceAction,
    AssistanceFactor,
    OtherMeasure,
    VoucherCoefficient,
    factors,
    voucher_coefficients,
)
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.rules.assistance import MeasureKind
from evaka.rules.placement import CareType
from evaka.rules.unit import OccupancyKind, Provider, explain, occupancy
from tests import factories
from tests.conftest import statements

pytestmark = pytest.mark.usefixtures("database")
By = Callable[..., Actor]
AUGUST = date(2026, 8, 1)


def periods(model: Any) -> list[str]:
    return [str(row.period) for row in db.session.scalars(select(model).order_by(model.start))]


# -- given, changed, ended --------------------------------------------------------------------------


def test_a_new_factor_ends_the_earlier_one_the_day_before(by: By) -> None:
    child = factories.child()
    first = act.add_factor(child, by(), coefficient=Decimal("1.5"), start=date(2026, 1, 1))
    second = act.add_factor(child, by(), coefficient=Decimal(2), start=AUGUST)
    assert (first.end, second.end) == (date(2026, 7, 31), None)
    lines = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(line.action, line.person_id) for line in lines] == [("assistance.add_factor", child.id)] * 2


@pytest.mark.parametrize("coefficient", ["0", "1.755", "100"])
def test_a_factor_that_cannot_be_is_refused(by: By, coefficient: str) -> None:
    with pytest.raises(Refused, match="assistance.coefficient"):
        act.add_factor(factories.child(), by(), coefficient=Decimal(coefficient), start=AUGUST)


def test_nobody_of_age_is_supported(by: By) -> None:
    with pytest.raises(Refused, match="assistance.not_a_child"):
        act.add_factor(factories.person(), by(), coefficient=Decimal(2), start=AUGUST)
    with pytest.raises(Refused, match="assistance.not_a_child"):
        act.add_voucher(factories.person(), by(), coefficient=Decimal(2), start=AUGUST, end=AUGUST)


def test_a_level_is_given_within_its_window_of_the_law(by: By) -> None:
    child = factories.child()
    with pytest.raises(Refused) as no:
        act.add_preschool(child, by(), level="preschool_intensified_support", start=AUGUST)
    assert no.value.key == "assistance.outside_window"
    row = act.add_preschool(child, by(), level="child_support", start=AUGUST)
    act.change_preschool(row, by(), level="child_support_extended", start=AUGUST, end=date(2027, 5, 31))
    assert (row.level, row.end) == ("child_support_extended", date(2027, 5, 31))
    with pytest.raises(Refused, match="assistance.outside_window"):
        act.change_preschool(row, by(), level="child_support_extended", start=date(2026, 7, 31))


def test_daycare_and_preschool_levels_are_not_mixed(by: By) -> None:
    with pytest.raises(Refused, match="assistance.unknown_option"):
        act.add_daycare(factories.child(), by(), level="child_support", start=AUGUST)
    row = act.add_daycare(factories.child(), by(), level="special_support", start=AUGUST)
    act.end_daycare(row, by(), last=date(2026, 9, 30))
    assert row.end == date(2026, 9, 30)
    with pytest.raises(Refused, match="assistance.ends_first"):
        act.end_daycare(row, by(), last=date(2026, 7, 31))


def test_measures_need_an_option_or_words_and_the_journal_keeps_no_words(by: By) -> None:
    child = factories.child()
    with pytest.raises(Refused, match="assistance.nothing_chosen"):
        act.add_action(child, by(), start=AUGUST)
    first = act.add_action(child, by(), start=date(2026, 1, 1), options=("assistant",), other="Kuvakortit siirtymiin")
    second = act.add_action(child, by(), start=AUGUST, other="Rauhallinen huone")
    assert (first.end, first.options, second.options) == (date(2026, 7, 31), ["assistant"], [])
    act.change_action(second, by(), start=AUGUST, options=("interpreter",))
    assert (second.options, second.other) == (["interpreter"], "")
    told = repr([line.facts for line in db.session.scalars(select(AuditEvent))])
    assert "Kuvakortit" not in told
    assert "Rauhallinen" not in told
    assert "interpreter" in told


def test_kinds_of_other_support_run_side_by_side_but_not_twice(by: By) -> None:
    child = factories.child()
    ride = act.add_measure(child, by(), kind=MeasureKind.TRANSPORT_BENEFIT, start=AUGUST)
    talk = act.add_measure(child, by(), kind=MeasureKind.DISCUSSION_HELD, start=AUGUST, end=AUGUST)
    with pytest.raises(Refused, match="assistance.overlaps"):
        act.change_measure(talk, by(), kind=MeasureKind.TRANSPORT_BENEFIT, start=AUGUST, end=AUGUST)
    db.session.expire_all()
    act.remove_measure(ride, by())
    db.session.flush()
    assert [row.kind for row in db.session.scalars(select(OtherMeasure))] == [MeasureKind.DISCUSSION_HELD]


def test_a_change_does_not_touch_the_days_of_others(by: By) -> None:
    child = factories.child()
    first = factories.factor(child, end=date(2026, 7, 31))
    factories.factor(child, "3", start=AUGUST)
    with pytest.raises(Refused, match="assistance.overlaps"):
        act.change_factor(first, by(), coefficient=Decimal(2), start=date(2026, 1, 1))
    act.change_factor(first, by(), coefficient=Decimal("1.25"), start=date(2026, 2, 1), end=date(2026, 6, 30))
    assert (first.coefficient, str(first.period)) == (Decimal("1.25"), "1.2.2026–30.6.2026")
    act.end_factor(first, by(), last=date(2026, 5, 31))
    act.remove_factor(first, by())
    db.session.flush()
    assert periods(AssistanceFactor) == ["1.8.2026–"]


def test_a_new_voucher_coefficient_cuts_the_earlier_ones(by: By) -> None:
    """One is ended, one falls away, one begins later; and one that surrounds the new one keeps both its ends."""
    child = factories.child()
    for start, end in (("01-01", "03-31"), ("04-01", "05-31"), ("06-01", "12-31")):
        factories.voucher_coefficient(
            child, start=date.fromisoformat(f"2026-{start}"), end=date.fromisoformat(f"2026-{end}"))
    act.add_voucher(child, by(), coefficient=Decimal("1.2345"), start=date(2026, 3, 1), end=date(2026, 8, 31))
    db.session.flush()
    assert periods(VoucherCoefficient) == ["1.1.2026–28.2.2026", "1.3.2026–31.8.2026", "1.9.2026–31.12.2026"]
    row = act.add_voucher(child, by(), coefficient=Decimal(2), start=date(2026, 5, 1), end=date(2026, 5, 31))
    db.session.flush()
    assert periods(VoucherCoefficient)[1:4] == ["1.3.2026–30.4.2026", "1.5.2026–31.5.2026", "1.6.2026–31.8.2026"]
    act.end_voucher(row, by(), last=date(2026, 5, 15))
    act.change_voucher(row, by(), coefficient=Decimal("1.5"), start=date(2026, 5, 2), end=date(2026, 5, 20))
    found = voucher_coefficients({child.id}, DateRange(date(2026, 5, 1), date(2026, 5, 31)))
    assert [(str(period), value) for period, value in found[child.id].spans] == [
        ("2.5.2026–20.5.2026", Decimal("1.5000"))]
    act.remove_voucher(row, by())


# -- who may ----------------------------------------------------------------------------------------


def supported(unit: Any = None) -> Any:
    """A child in a unit with one row of each kind."""
    child = factories.child()
    place = factories.placement(child, date(2025, 8, 1), unit=unit or factories.unit())
    for made in (factories.factor, factories.daycare_support, factories.preschool_support, factories.measure,
                 factories.support_action, factories.voucher_coefficient):
        made(child)
    return place


def seen(actor: Actor, key: str = "assistance.view") -> dict[str, int]:
    return {
        model.__tablename__: len(db.session.scalars(select(model.id).where(within(actor, key, model))).all())
        for model in SUPPORT
    }


@pytest.mark.parametrize(
    ("role", "rows"),
    [("admin", 12), ("service_worker", 12), ("special_education_teacher", 5), ("director", 5), ("staff", 5),
     ("finance", 0), ("guardian", 0)],
)
def test_support_is_seen_by_those_who_need_it(by: By, role: str, rows: int) -> None:
    """Of two children: all of both, or of the one in the own unit what does not belong to vouchers, or nothing."""
    place, _ = supported(), supported()
    group = factories.group(place.unit)
    factories.in_group(place, group)
    in_unit = role in ("special_education_teacher", "director")
    user = factories.user(
        role, place.unit if in_unit else None, group if role == "staff" else None,
        place.child.guardians[0] if role == "guardian" else None)
    assert sum(seen(by(user)).values()) == rows


def test_what_the_voucher_is_multiplied_by_is_read_in_units_of_vouchers(by: By) -> None:
    unit = factories.unit(provider=Provider.PRIVATE_SERVICE_VOUCHER)
    place = supported(unit)
    row = db.session.scalars(select(VoucherCoefficient)).one()
    director = by(factories.user("director", unit))
    teacher = by(factories.user("special_education_teacher", unit))
    assert seen(director)["voucher_coefficient"] == seen(teacher)["voucher_coefficient"] == 1
    with pytest.raises(Denied):
        act.end_voucher(row, director, last=date(2026, 6, 30))
    with pytest.raises(Denied):
        act.add_voucher(place.child, director, coefficient=Decimal(2), start=AUGUST, end=AUGUST)
    act.end_voucher(row, teacher, last=date(2026, 6, 30))


@pytest.mark.parametrize(("role", "past"), [("director", 1), ("staff", 1), ("special_education_teacher", 2)])
def test_the_past_is_hidden_from_who_needs_only_the_present(by: By, role: str, past: int) -> None:
    place = supported()
    group = factories.group(place.unit)
    factories.in_group(place, group)
    factories.factor(place.child, "3", start=date(2025, 9, 1), end=date(2025, 12, 31))
    user = factories.user(role, None if role == "staff" else place.unit, group if role == "staff" else None)
    assert seen(by(user))["assistance_factor"] == past


@pytest.mark.parametrize(("role", "visible"), [("director", {"1.1.2026–31.12.2026"}), ("special_education_teacher", {
    "1.1.2026–31.12.2026", "1.8.2025–31.5.2026", "1.8.2025–15.6.2026"})])
def test_once_pre_primary_education_has_begun_only_what_reaches_into_it_is_seen(
    by: By, role: str, visible: set[str]
) -> None:
    child = factories.child(born=date(2020, 3, 1))
    place = factories.placement(child, date(2025, 6, 1), date(2025, 12, 31))
    factories.placement(
        child, date(2026, 1, 1), date(2026, 5, 29), unit=place.unit, care_type=CareType.PRESCHOOL)
    factories.factor(child, start=date(2026, 1, 1), end=date(2026, 12, 31))
    factories.daycare_support(child, start=date(2025, 8, 1), end=date(2026, 5, 31))
    db.session.flush()
    other = factories.measure(child, start=date(2025, 8, 1), end=date(2026, 6, 15))
    actor = by(factories.user(role, place.unit), "2026-06-01")
    models = (AssistanceFactor, OtherMeasure, SUPPORT[0])
    found = {str(row.period) for model in models
             for row in db.session.scalars(select(model).where(within(actor, "assistance.view", model)))}
    assert found - {str(other.period)} == visible - {str(other.period)}
    factories.save(OtherMeasure(
        child_id=child.id, kind=MeasureKind.ACCULTURATION_SUPPORT, start=date(2026, 6, 1), end=None))
    kinds = set(db.session.scalars(
        select(OtherMeasure.kind).where(within(actor, "assistance.view", OtherMeasure))))
    # what began after the last day of pre-primary education does not reach into it
    assert (MeasureKind.ACCULTURATION_SUPPORT in kinds) == (role != "director")


def test_a_director_sees_of_a_child_what_meets_a_place_in_the_own_unit(by: By) -> None:
    here, child = factories.unit(), factories.child()
    factories.placement(child, date(2025, 8, 1), date(2026, 7, 31))
    factories.placement(child, AUGUST, unit=here)
    factories.factor(child, end=date(2026, 7, 31))
    kept = factories.factor(child, "3", start=AUGUST)
    director = by(factories.user("director", here))
    assert db.session.scalars(select(AssistanceFactor.id).where(
        within(director, "assistance.view", AssistanceFactor))).all() == [kept.id]


def test_a_director_supports_the_children_of_the_own_unit_and_staff_only_reads(by: By) -> None:
    place, elsewhere = supported(), supported()
    group = factories.group(place.unit)
    factories.in_group(place, group)
    director, staff = by(factories.user("director", place.unit)), by(factories.user("staff", group=group))
    act.add_factor(place.child, director, coefficient=Decimal(3), start=AUGUST)
    with pytest.raises(Denied):
        act.add_factor(elsewhere.child, director, coefficient=Decimal(3), start=AUGUST)
    with pytest.raises(Denied):
        act.add_factor(place.child, staff, coefficient=Decimal(3), start=AUGUST)
    row = db.session.scalars(select(AssistanceAction).where(AssistanceAction.child_id == place.child_id)).one()
    act.end_action(row, director, last=date(2026, 9, 1))
    with pytest.raises(Denied):
        act.end_action(row, staff, last=date(2026, 9, 2))


# -- how full a unit is -----------------------------------------------------------------------------


def test_a_child_with_a_factor_weighs_more_and_the_arithmetic_says_so() -> None:
    """Three adults; a child of two weighs 1,75 × 2, one of four 1: 4,5 / 21 = 21,4 %."""
    unit = factories.unit()
    factories.group(unit)
    young, older = factories.child(born=date(2024, 3, 1)), factories.child()
    for child in (young, older):
        factories.placement(child, date(2026, 1, 1), unit=unit)
    factories.factor(young)
    day = date(2026, 6, 1)
    period = DateRange(day, day)
    places, rows = places_of([unit], period), rows_of([unit], period)
    found = occupancy(places, rows, OccupancyKind.CONFIRMED, period, options())[unit.id][day]
    assert (found.under_3, found.sum, found.percentage) == (Decimal("3.5"), Decimal("4.5"), Decimal("21.4"))
    told = explain(places[0], rows, OccupancyKind.CONFIRMED, day, options())
    assert told.arithmetic == "1 × (1,75 × 2,0) + 1 × 1 = 4,5; 4,5 / (3 × 7) = 21,4\u00a0%"


def test_factors_are_read_of_the_children_who_stay_and_of_those_thought_of(by: By) -> None:
    unit = factories.unit()
    placed, planned, thought, elsewhere = (factories.child() for _ in range(4))
    factories.placement(placed, date(2026, 1, 1), unit=unit)
    factories.plan(factories.application(planned, [unit]))
    factories.placement(elsewhere, date(2026, 1, 1))
    for child in (placed, planned, thought, elsewhere):
        factories.factor(child)
    period = DateRange(AUGUST, date(2026, 12, 31))
    expected = {placed.id, planned.id, thought.id}
    db.session.flush()
    with statements() as asked:
        found = rows_of([unit], period, also={thought.id}).factors
    assert set(found) == expected
    assert len(asked) == 5  # who stays as a guest, needs, places, plans, factors
    assert factors({placed.id}, DateRange(date(2025, 1, 1), date(2025, 12, 31))) == {}
