"""The grid of months says what walking the days says, whatever units and children there are."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from evaka.kit.dates import DateRange
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.unit import (
    LEVELS,
    Commitment,
    Crowd,
    Group,
    Need,
    OccupancyKind,
    Place,
    Rows,
    Stay,
    months,
    most_at_once,
    occupancy,
    peak,
    peaks,
    with_applicant,
)
from tests.rules.test_unit import option

FIRST = date(2027, 1, 10)
PERIOD = DateRange(FIRST, date(2027, 5, 20))
D = Decimal
OPTIONS = {
    one.key: one
    for one in (
        option("full", CareType.DAYCARE, "1"),
        option("short", CareType.DAYCARE, "0.8", default=False),
        option("part", CareType.DAYCARE_PART_TIME, "0.54"),
        option("school", CareType.PRESCHOOL, "0.5", "0.5"),
    )
}
KINDS = [CareType.DAYCARE, CareType.DAYCARE_PART_TIME, CareType.PRESCHOOL, CareType.CLUB]  # no option for the last
BREAKS = {CareType.PRESCHOOL: [DateRange(date(2027, 2, 22), date(2027, 2, 26))]}

days = st.integers(-60, 200).map(lambda n: FIRST + timedelta(days=n))
births = st.integers(0, 1500).map(lambda n: date(2021, 8, 1) + timedelta(days=n)) | st.just(date(2024, 2, 29))


@st.composite
def spans(draw) -> DateRange:
    start, end = draw(days), draw(st.none() | days)
    return DateRange(start, end) if end is None or start <= end else DateRange(end, start)


@st.composite
def units(draw, key: str) -> Place:
    groups = tuple(
        Group(f"{key}{n}", draw(spans()), ((draw(spans()), draw(st.sampled_from([D(1), D("2.5"), D(0)]))),))
        for n in range(draw(st.integers(0, 3)))
    )
    shift = draw(st.sampled_from([frozenset(), frozenset({1, 2, 3, 4, 5, 6}), frozenset(range(1, 8))]))
    closed = frozenset(draw(st.lists(days, max_size=3)))
    open_days = OpenDays(shift_care=shift, open_on_holidays=bool(shift) and draw(st.booleans()), closed=closed)
    return Place(key, draw(spans()), groups, open_days, draw(st.booleans()))


@st.composite
def stays(draw, child: int) -> list[Stay]:
    """A place, and perhaps a plan in the same or in another unit."""
    born, place, care_type = draw(births), draw(st.sampled_from("ab")), draw(st.sampled_from(KINDS))
    period = draw(spans())
    needs = ()
    if care_type is CareType.DAYCARE and draw(st.booleans()):
        within = draw(st.sampled_from([period, draw(spans())])) & period
        chosen = draw(st.sampled_from(["full", "short"])), draw(st.sampled_from(ShiftCare))
        needs = (Need(within, *chosen),) if within else ()
    found = [Stay(child, born, place, period, care_type, needs)]
    for commitment in draw(st.lists(st.sampled_from([Commitment.PLANNED, Commitment.DRAFTED]), max_size=1)):
        found.append(Stay(
            child, born, draw(st.sampled_from("ab")), draw(spans()), draw(st.sampled_from(KINDS)),
            commitment=commitment))
    return found


@st.composite
def lives(draw) -> tuple[list[Place], Rows]:
    children = [draw(stays(n)) for n in range(draw(st.integers(0, 6)))]
    factors = {n: [(draw(spans()), D("2.0"))] for n in draw(st.sets(st.integers(0, 6), max_size=2))}
    return [draw(units("a")), draw(units("b"))], Rows([one for some in children for one in some], factors, BREAKS)


def parted(rows: Rows, alone: set[int]) -> tuple[dict[str, frozenset[Crowd]], Rows]:
    """The children who can be counted together, as crowds, and the others."""
    by_child = Counter(stay.child for stay in rows.stays)
    counts: Counter[Crowd] = Counter()
    others = []
    for stay in rows.stays:
        shared = stay.period & PERIOD
        whole = not stay.needs or (shared and stay.needs[0].period & shared == shared)
        if by_child[stay.child] > 1 or stay.child in rows.factors or stay.child in alone or not whole:
            others.append(stay)
        elif shared:
            need = stay.needs[0] if stay.needs else None
            counts[Crowd(
                stay.place, shared.start, shared.last_day, stay.care_type, need and need.option,
                need.shift_care if need else ShiftCare.NONE, stay.born, 0)] += 1
    crowds: dict[str, set[Crowd]] = defaultdict(set)
    for crowd, children in counts.items():
        crowds[crowd.place].add(crowd._replace(children=children))
    return {place: frozenset(some) for place, some in crowds.items()}, Rows(others, rows.factors, rows.breaks)


def ratio(figures):
    return figures and (figures.sum / figures.adults, figures.percentage)


@settings(max_examples=300, deadline=None)
@given(lives())
def test_the_grid_is_the_fullest_day_of_each_month(life) -> None:
    places, rows = life
    crowds, others = parted(rows, set())
    found = peaks(places, crowds, others, PERIOD, OPTIONS)
    for level in LEVELS:
        walked = occupancy(places, rows, level, PERIOD, OPTIONS)
        for place in places:
            expected = [ratio(peak(walked[place.key], month)) for month in months(PERIOD)]
            assert [ratio(one) for one in found[place.key].levels[level]] == expected


@settings(max_examples=200, deadline=None)
@given(lives(), stays(3), stays(2), st.booleans())
def test_applicants_count_instead_of_all_that_the_children_have(life, thought, sibling, both) -> None:
    places, rows = life
    applicant = [Stay(child, some[0].born, "", some[0].period, some[0].care_type, (), Commitment.DRAFTED)
                 for child, some in ((3, thought), (2, sibling))[:1 + both]]
    crowds, others = parted(rows, {one.child for one in applicant})
    found = peaks(places, crowds, others, PERIOD, OPTIONS, applicant=applicant)
    for place in places:
        here = [replace(one, place=place.key) for one in applicant]
        walked = occupancy([place], with_applicant(rows, here), OccupancyKind.DRAFT, PERIOD, OPTIONS)[place.key]
        assert [ratio(one) for one in found[place.key].whole] == [
            ratio(peak(walked, month)) for month in months(PERIOD)]


@given(st.lists(st.tuples(st.integers(1, 4), spans()), max_size=8))
def test_most_at_once_is_the_largest_count_of_a_day(stayed) -> None:
    by_day = [len({child for child, span in stayed if day in span}) for day in PERIOD.days()]
    assert most_at_once(stayed, PERIOD) == max(by_day)


def test_a_need_that_the_city_has_taken_away_counts_as_the_default_on_each_day() -> None:
    """The default changes in March: what weighs 1 until then weighs 0,5 afterwards."""
    early = replace(OPTIONS["full"], valid=DateRange(date(2020, 1, 1), date(2027, 2, 28)))
    late = replace(OPTIONS["full"], key="late", valid=DateRange(date(2027, 3, 1)), over_3=D("0.5"))
    options = {"early": early, "late": late}
    place = Place("a", DateRange(date(2020, 1, 1)), (Group("g", DateRange(date(2020, 1, 1)), (
        (DateRange(date(2020, 1, 1)), D(1)),)),))
    crowd = Crowd("a", FIRST, PERIOD.last_day, CareType.DAYCARE, "gone", ShiftCare.NONE, date(2021, 1, 1), 7)
    found = peaks([place], {"a": frozenset({crowd})}, Rows(), PERIOD, options)["a"].levels[OccupancyKind.CONFIRMED]
    assert [one.percentage for one in found] == [D("100.0"), D("100.0"), D("50.0"), D("50.0"), D("50.0")]
    assert [one.adults_needed for one in found] == [D("1.00"), D("1.00"), D("0.50"), D("0.50"), D("0.50")]
