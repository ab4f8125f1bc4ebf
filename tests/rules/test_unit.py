"""Occupancy: what a child weighs, how full a unit is and why, how much room is left, who was there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from evaka.kit.dates import DateRange
from evaka.rules.attendance import AbsenceCategory
from evaka.rules.calendar import OpenDays
from evaka.rules.placement import CareType, ServiceNeed, ShiftCare
from evaka.rules.unit import (
    BackupCare,
    Commitment,
    Figures,
    Group,
    Moment,
    Need,
    OccupancyKind,
    Place,
    Presence,
    Rows,
    Stay,
    adults_present,
    explain,
    merged,
    months,
    occupancy,
    peak,
    room,
    third_birthday,
    through_the_day,
)

ALWAYS = DateRange(date(2020, 1, 1))
MONDAY = date(2026, 3, 2)
WEEK = DateRange(MONDAY, date(2026, 3, 8))
OLD = date(2021, 1, 1)  # five years old
YOUNG = date(2025, 1, 1)  # one year old
D = Decimal


def option(key, care_type, over, under="1.75", *, realised=None, default=True):
    return ServiceNeed(
        key=key,
        name={"fi": key},
        care_type=care_type,
        valid=ALWAYS,
        fee_coefficient=D(1),
        over_3=D(over),
        under_3=D(under),
        realised_over_3=D(realised or over),
        realised_under_3=D(realised or under),
        hours_a_week=D(40),
        default=default,
    )


OPTIONS = {
    one.key: one
    for one in (
        option("full_day", CareType.DAYCARE, "1"),
        option("ten_days", CareType.DAYCARE, "0.5", "0.88", realised="1.25", default=False),
        option("part_day", CareType.DAYCARE_PART_TIME, "0.54"),
        option("preschool", CareType.PRESCHOOL, "0.5"),
        option("both", CareType.PRESCHOOL_DAYCARE, "1"),
    )
}


def unit(key="u", adults: str | None = "1", **changed) -> Place:
    groups = (Group(f"{key}1", ALWAYS, ((ALWAYS, D(adults)),)),) if adults else ()
    return replace(Place(key, ALWAYS, groups), **changed)


def stay(child="c", born=OLD, place="u", period=WEEK, care_type=CareType.DAYCARE, **changed) -> Stay:
    return Stay(child, born, place, period, care_type, **changed)


def days(
    stays: Sequence[Stay], place: Place | None = None, kind=OccupancyKind.CONFIRMED, period=WEEK, **rows
) -> dict[date, Figures]:
    place = place or unit()
    return occupancy([place], Rows(stays, **rows), kind, period, OPTIONS)[place.key]


def sums(found: dict[date, Figures]) -> list[str]:
    return [str(figures.sum.normalize()) for figures in found.values()]


# -- the weight of a child ---------------------------------------------------------------------


def test_a_child_is_three_on_its_third_birthday():
    assert third_birthday(date(2023, 3, 4)) == date(2026, 3, 4)
    assert third_birthday(date(2024, 2, 29)) == date(2027, 2, 28)
    found = days([stay(born=date(2023, 3, 4))], unit(adults="6"))
    assert [(f.under_3, f.over_3, f.headcount, f.percentage) for f in found.values()] == [
        (D("1.75"), D(0), 1, D("4.2")),
        (D("1.75"), D(0), 1, D("4.2")),
        (D(0), D(1), 1, D("2.4")),
        (D(0), D(1), 1, D("2.4")),
        (D(0), D(1), 1, D("2.4")),
    ]


@pytest.mark.parametrize(
    ("changed", "kind", "weight"),
    [
        ({}, OccupancyKind.CONFIRMED, "1"),
        ({"born": YOUNG}, OccupancyKind.CONFIRMED, "1.75"),
        ({"care_type": CareType.DAYCARE_PART_TIME}, OccupancyKind.CONFIRMED, "0.54"),
        ({"needs": (Need(WEEK, "ten_days"),)}, OccupancyKind.CONFIRMED, "0.5"),
        ({"needs": (Need(WEEK, "ten_days"),), "born": YOUNG}, OccupancyKind.CONFIRMED, "0.88"),
        ({"needs": (Need(WEEK, "ten_days"),), "born": YOUNG}, OccupancyKind.REALISED, "1.25"),
        ({"needs": (Need(WEEK, "no_such_option"),)}, OccupancyKind.CONFIRMED, "1"),  # the default counts
        ({"care_type": CareType.CLUB}, OccupancyKind.CONFIRMED, "1"),  # no default: the ratio of the law
        ({"care_type": CareType.CLUB, "born": YOUNG}, OccupancyKind.CONFIRMED, "1.75"),
    ],
)
def test_what_a_child_weighs(changed, kind, weight):
    assert sums(days([stay(**changed)], kind=kind)) == [weight] * 5


def test_in_family_day_care_every_child_weighs_the_same():
    family = unit(family_care=True)
    assert sums(days([stay(care_type=CareType.PRESCHOOL)], family))[0] == "1.75"
    [figures] = {(f.under_3, f.over_3) for f in days([stay()], family).values()}
    assert figures == (D(0), D("1.75"))  # three and over all the same


def test_support_multiplies_for_its_time():
    support = {"c": [(DateRange(date(2026, 3, 4)), D(2))]}
    assert sums(days([stay()], factors=support)) == ["1", "1", "2", "2", "2"]


def test_a_service_need_counts_for_its_time():
    needs = (
        Need(DateRange(MONDAY, date(2026, 3, 3)), "ten_days"),
        Need(DateRange(date(2026, 3, 6)), "ten_days"),
    )
    assert sums(days([stay(needs=needs)])) == ["0.5", "0.5", "1", "1", "0.5"]


# -- the days ----------------------------------------------------------------------------------


def test_days_on_which_a_unit_is_closed_do_not_exist():
    may = DateRange(date(2026, 5, 13), date(2026, 5, 18))  # Ascension Day, a weekend
    found = days([], unit(), period=may)
    assert list(found) == [date(2026, 5, 13), date(2026, 5, 15), date(2026, 5, 18)]
    assert found[date(2026, 5, 13)] == Figures(D(0), D(0), 0, D(1))


def test_a_unit_without_groups_has_no_days():
    assert days([stay()], unit(adults=None)) == {}


def test_a_unit_that_opens_on_wednesday():
    assert list(days([stay()], unit(period=DateRange(date(2026, 3, 4))))) == [
        date(2026, 3, 4),
        date(2026, 3, 5),
        date(2026, 3, 6),
    ]


def test_the_adults_of_a_unit_are_those_of_its_groups_of_the_day():
    groups = (
        Group(
            "a",
            ALWAYS,
            ((DateRange(date(2020, 1, 1), date(2026, 3, 3)), D(2)), (DateRange(date(2026, 3, 4)), D("2.5"))),
        ),
        Group("b", DateRange(date(2026, 3, 5)), ((ALWAYS, D(1)),)),
        Group("c", ALWAYS),
    )
    place = unit(groups=groups)
    assert [figures.adults for figures in days([stay()], place).values()] == [
        D(2),
        D(2),
        D("2.5"),
        D("3.5"),
        D("3.5"),
    ]
    a, b, c = place.by_group()
    assert len(days([stay(place="b")], b)) == 2
    [figures] = set(days([stay(place="c")], c).values())
    assert (figures.adults, figures.percentage, figures.free, figures.sum) == (None, None, None, D(1))
    assert days([stay(place="a")], a)[MONDAY].free == D(13)


def test_a_child_counts_from_the_first_to_the_last_day():
    inside = stay(period=DateRange(date(2026, 3, 3), date(2026, 3, 4)))
    assert sums(days([inside])) == ["0", "1", "1", "0", "0"]
    around = stay(period=DateRange(date(2025, 1, 1)))
    assert sums(days([around])) == ["1"] * 5
    outside = stay(period=DateRange(date(2026, 3, 9)))
    assert sums(days([outside])) == ["0"] * 5


AROUND_THE_CLOCK = unit(open_days=OpenDays(shift_care=frozenset(range(1, 8)), open_on_holidays=True))


@pytest.mark.parametrize(
    ("care", "open_days", "expected"),
    [
        (ShiftCare.NONE, AROUND_THE_CLOCK.open_days, ["1"] * 5 + ["0"] * 2),
        (ShiftCare.FULL, AROUND_THE_CLOCK.open_days, ["1"] * 7),
        (ShiftCare.INTERMITTENT, AROUND_THE_CLOCK.open_days, ["1"] * 7),
        (ShiftCare.FULL, OpenDays(), ["1"] * 5),
        (ShiftCare.FULL, OpenDays(shift_care=frozenset({6})), ["0"] * 5 + ["1"]),
    ],
)
def test_a_child_counts_on_its_own_days_of_care(care, open_days, expected):
    place = unit(open_days=open_days)
    assert sums(days([stay(needs=(Need(WEEK, "full_day", care),))], place)) == expected


def test_who_follows_the_school_year_is_away_on_its_breaks():
    pause = {CareType.PRESCHOOL: [DateRange(date(2026, 3, 4), date(2026, 3, 5))]}
    assert sums(days([stay(care_type=CareType.PRESCHOOL)], breaks=pause)) == ["0.5", "0.5", "0", "0", "0.5"]
    assert sums(days([stay(care_type=CareType.PRESCHOOL_DAYCARE)], breaks=pause)) == ["1"] * 5


def test_what_begins_on_the_last_day_counts_on_it():
    friday = date(2026, 3, 6)
    support = {"c": [(DateRange(friday), D(2))]}
    assert sums(days([stay()], factors=support, period=DateRange(MONDAY, friday))) == [
        "1",
        "1",
        "1",
        "1",
        "2",
    ]


def test_the_ratio_is_rounded_to_even_before_the_percentage():
    assert Figures(D(0), D("0.00315"), 1, D(1)).percentage == D("0.0")  # 0.00045 -> 0.0004
    assert Figures(D(0), D("0.00385"), 1, D(1)).percentage == D("0.1")  # 0.00055 -> 0.0006


# -- plans, drafts, and the child that is there twice ------------------------------------------


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OccupancyKind.CONFIRMED, "1"),
        (OccupancyKind.PLANNED, "2.75"),
        (OccupancyKind.DRAFT, "3.29"),
        (OccupancyKind.REALISED, "1"),
    ],
)
def test_which_children_are_counted(kind, expected):
    stays = [
        stay("a"),
        stay("b", YOUNG, commitment=Commitment.PLANNED),
        stay("c", care_type=CareType.DAYCARE_PART_TIME, commitment=Commitment.DRAFTED),
    ]
    assert sums(days(stays, kind=kind))[0] == expected


def test_a_child_who_is_there_twice_counts_once_as_the_heavier():
    here = stay(care_type=CareType.DAYCARE_PART_TIME)
    planned = stay(period=DateRange(date(2026, 3, 4)), commitment=Commitment.PLANNED)
    found = days([here, planned], kind=OccupancyKind.PLANNED)
    assert sums(found) == ["0.54", "0.54", "1", "1", "1"]
    assert {figures.headcount for figures in found.values()} == {1}


def test_a_transfer_counts_in_both_units_until_it_is_decided():
    places = [unit(), unit("v")]
    rows = Rows([stay(), stay(place="v", commitment=Commitment.PLANNED)])
    found = occupancy(places, rows, OccupancyKind.PLANNED, WEEK, OPTIONS)
    assert (found["u"][MONDAY].sum, found["v"][MONDAY].sum) == (D(1), D(1))


# -- realised ----------------------------------------------------------------------------------


def test_who_is_away_all_day_is_not_counted():
    all_day, half = frozenset(AbsenceCategory), frozenset({AbsenceCategory.BILLABLE})
    away = {"c": {MONDAY: all_day, date(2026, 3, 3): half, date(2026, 3, 6): all_day}}
    child = stay(care_type=CareType.PRESCHOOL_DAYCARE)
    assert sums(days([child], kind=OccupancyKind.REALISED, absences=away)) == ["0", "1", "1", "1", "0"]
    assert sums(days([child], absences=away)) == ["1"] * 5


def test_back_up_care_moves_a_child():
    backups = [
        BackupCare("c", "v", DateRange(date(2026, 3, 3), date(2026, 3, 4))),
        BackupCare("c", None, DateRange(date(2026, 3, 6), date(2026, 3, 6))),
        BackupCare("c", "v", DateRange(date(2026, 4, 1), date(2026, 4, 2))),
    ]
    rows = Rows([stay(period=DateRange(date(2026, 1, 1), date(2026, 3, 31))), stay("d")], backups=backups)
    places = [unit(), unit("v", family_care=True)]
    found = occupancy(places, rows, OccupancyKind.REALISED, WEEK, OPTIONS)
    assert sums(found["u"]) == ["2", "1", "1", "2", "1"]
    assert sums(found["v"]) == ["0", "1.75", "1.75", "0", "0"]
    assert sums(occupancy(places, rows, OccupancyKind.CONFIRMED, WEEK, OPTIONS)["u"]) == ["2"] * 5


def test_realised_figures_stand_against_the_adults_who_were_there():
    present = {("u1", MONDAY): D("0.5"), ("u1", date(2026, 3, 3)): D(0)}
    found = days([stay()], kind=OccupancyKind.REALISED, present=present)
    assert [figures.percentage for figures in found.values()] == [D("28.6"), None, None, None, None]


HELSINKI = ZoneInfo("Europe/Helsinki")


def presence(arrived: str, departed: str | None, weight="7", kind="present", who="e", **zone) -> Presence:
    start = datetime.fromisoformat(arrived).replace(**zone)
    end = datetime.fromisoformat(departed).replace(**zone) if departed else None
    return Presence(who, "g", start, end, D(weight), kind)


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        (presence("2026-03-02T08:00", "2026-03-02T15:39"), {2: "1"}),
        (presence("2026-03-02T16:21", "2026-03-03T00:00", "3.5"), {2: "0.5"}),
        (presence("2026-03-02T21:00", "2026-03-03T04:45"), {2: "0.3922", 3: "0.6209"}),
        (presence("2026-03-02T08:00", "2026-03-02T15:39", kind="training"), {2: "5"}),
        (presence("2026-03-02T08:00", None), {2: "5"}),
        (presence("2026-03-02T08:00", "2026-03-02T15:39", "0"), {2: "0"}),  # there, but not for the children
    ],
)
def test_adults_in_shares_of_a_full_day(given, counted):
    typed = {("g", MONDAY): D(5)}  # somebody wrote down five adults
    assert adults_present([given], typed) == {("g", date(2026, 3, day)): D(n) for day, n in counted.items()}


def test_the_night_when_the_clocks_are_turned_back_is_an_hour_longer():
    night = presence("2026-10-25T00:00", "2026-10-25T06:39", tzinfo=HELSINKI)
    assert adults_present([night], {}) == {("g", date(2026, 10, 25)): D(1)}


def test_the_ratio_through_a_day():
    children = [
        presence("2026-03-02T08:00", "2026-03-02T16:00", "1.75", who="a"),
        presence("2026-03-02T09:00", "2026-03-02T16:00", "1", who="b"),
        presence("2026-03-02T09:00", None, "1", who="d"),
    ]
    adults = [presence("2026-03-02T07:00", "2026-03-02T12:00")]
    found = through_the_day(children, adults)
    assert [(moment.at.hour, moment.children, moment.adults, moment.ratio) for moment in found] == [
        (7, D(0), D(7), D(0)),
        (8, D("1.75"), D(7), D("0.25")),
        (9, D("3.75"), D(7), D("3.75") / 7),
        (12, D("3.75"), D(0), None),
        (16, D(1), D(0), None),
    ]


def test_a_night_entered_on_two_days_is_one_presence():
    night = [
        presence("2026-03-02T21:00", "2026-03-02T23:59", "1", who="a"),
        presence("2026-03-03T00:00", "2026-03-03T07:00", "1", who="a"),
        presence("2026-03-03T09:00", "2026-03-03T10:00", "1", who="a"),
        presence("2026-03-03T00:00", "2026-03-03T07:00", "1", who="b"),
    ]
    assert [(moment.at.day, moment.at.hour, moment.children) for moment in through_the_day(night, [])] == [
        (2, 21, D(1)),
        (3, 0, D(2)),
        (3, 7, D(0)),
        (3, 9, D(1)),
        (3, 10, D(0)),
    ]
    errand = [
        presence("2026-03-02T08:00", "2026-03-02T12:00"),
        presence("2026-03-02T12:01", "2026-03-02T16:00"),
    ]
    assert len(through_the_day([], errand)) == 4
    assert through_the_day([], []) == []
    assert Moment(datetime.fromisoformat("2026-03-02"), D(0), D(0)).ratio == 0


# -- why -----------------------------------------------------------------------------------------


def test_a_percentage_is_taken_apart():
    stays = [
        stay("a", YOUNG),
        stay("b", needs=(Need(WEEK, "full_day"),)),
        stay("d"),
        stay("e", care_type=CareType.DAYCARE_PART_TIME),
        stay("e", commitment=Commitment.PLANNED),
        stay("f", care_type=CareType.PRESCHOOL),
        stay("g", place="v"),
    ]
    pause = {CareType.PRESCHOOL: [WEEK]}
    rows = Rows(stays, {"b": [(ALWAYS, D(2))]}, pause)
    told = explain(unit(adults="1.5"), rows, OccupancyKind.PLANNED, MONDAY, OPTIONS)
    assert [(line.stay.child, line.counted, line.why) for line in told.lines] == [
        ("a", True, "unit.occupancy.default_need"),
        ("b", True, "unit.occupancy.need"),
        ("d", True, "unit.occupancy.default_need"),
        ("e", False, "unit.occupancy.other_stay_counts"),
        ("e", True, "unit.occupancy.default_need"),
        ("f", False, "unit.occupancy.term_break"),
    ]
    weight = told.lines[1].weight
    assert weight is not None
    assert (weight.coefficient, weight.factor, weight.value, weight.need) == (D(1), D(2), D(2), "full_day")
    assert told.adults == (("u1", D("1.5")),)
    assert told.arithmetic == "1 × (1 × 2,0) + 1 × 1,75 + 2 × 1 = 5,75; 5,75 / (1,5 × 7) = 54,8\u00a0%"
    assert told.figures == Figures(D("1.75"), D(4), 4, D("1.5"))


def test_the_heaviest_row_counts_wherever_it_stands():
    stays = [stay(), stay(care_type=CareType.DAYCARE_PART_TIME, commitment=Commitment.PLANNED)]
    told = explain(unit(), Rows(stays), OccupancyKind.PLANNED, MONDAY, OPTIONS)
    assert [line.counted for line in told.lines] == [True, False]


def test_a_realised_percentage_names_who_was_not_there():
    stays = [stay("a"), stay("b"), stay("d", needs=(Need(WEEK, "full_day", ShiftCare.INTERMITTENT),))]
    stays += [
        stay("e", place="v"),
        stay("f", commitment=Commitment.PLANNED),
        stay("g", care_type=CareType.CLUB),
    ]
    rows = Rows(
        stays,
        absences={"a": {MONDAY: frozenset(AbsenceCategory)}},
        backups=[BackupCare("b", "v", WEEK), BackupCare("e", "u", WEEK)],
        present={("u1", MONDAY): D(1)},
    )
    told = explain(unit(), rows, OccupancyKind.REALISED, MONDAY, OPTIONS)
    assert [(line.stay.child, line.counted, line.why) for line in told.lines] == [
        ("a", False, "unit.occupancy.absent"),
        ("d", True, "unit.occupancy.need"),
        ("e", True, "unit.occupancy.default_need"),
        ("g", True, "unit.occupancy.no_option"),
        ("b", False, "unit.occupancy.in_backup_care"),
    ]
    assert told.adults == (("u1", D(1)),)
    assert told.arithmetic == "3 × 1 = 3; 3 / (1 × 7) = 42,9\u00a0%"


def test_without_adults_there_is_a_sum_but_no_percentage():
    told = explain(unit(adults="0"), Rows([stay()]), OccupancyKind.CONFIRMED, MONDAY, OPTIONS)
    assert told.arithmetic == "1 × 1 = 1"
    empty = explain(unit(), Rows([]), OccupancyKind.CONFIRMED, MONDAY, OPTIONS)
    assert empty.arithmetic == "0 = 0; 0 / (1 × 7) = 0,0\u00a0%"


def test_a_day_that_does_not_exist_has_no_figures():
    saturday = date(2026, 3, 7)
    told = explain(unit(), Rows([stay()]), OccupancyKind.CONFIRMED, saturday, OPTIONS)
    assert (told.figures, told.arithmetic) == (None, "")
    assert [line.why for line in told.lines] == ["unit.occupancy.no_care_day"]


def test_the_explanation_agrees_with_the_figures():
    stays = [
        stay("a", YOUNG, needs=(Need(WEEK, "ten_days", ShiftCare.FULL),)),
        stay("b", care_type=CareType.PRESCHOOL),
        stay("d", commitment=Commitment.DRAFTED),
    ]
    for day, figures in days(stays, AROUND_THE_CLOCK, OccupancyKind.DRAFT).items():
        told = explain(AROUND_THE_CLOCK, Rows(stays), OccupancyKind.DRAFT, day, OPTIONS)
        counted = [line.weight.value for line in told.lines if line.counted and line.weight]
        assert (sum(counted), len(counted)) == (figures.sum, figures.headcount)
        assert told.figures == figures


# -- periods and room ----------------------------------------------------------------------------


def test_equal_days_in_a_row_are_one_period():
    fortnight = DateRange(MONDAY, date(2026, 3, 15))
    found = merged(days([stay(period=DateRange(MONDAY, date(2026, 3, 10)))], period=fortnight))
    assert [(str(period), str(figures.sum)) for period, figures in found] == [
        ("2.3.2026–6.3.2026", "1"),
        ("9.3.2026–10.3.2026", "1"),
        ("11.3.2026–13.3.2026", "0"),
    ]


def test_the_fullest_day_is_the_first_of_equals():
    found = days([stay(), stay("d", period=DateRange(date(2026, 3, 4)))])
    assert peak(found, WEEK) == found[date(2026, 3, 4)]
    equal = {MONDAY: Figures(D("1.75"), D(0), 1, D(1)), date(2026, 3, 3): Figures(D(0), D("1.75"), 2, D(1))}
    assert peak(equal, WEEK) == equal[MONDAY]
    assert peak(found, DateRange(date(2026, 3, 7))) is None
    assert peak(days([stay()], unit(adults="0")), WEEK) is None


def test_the_months_of_a_period():
    assert [str(month) for month in months(DateRange(date(2026, 1, 15), date(2026, 3, 2)))] == [
        "15.1.2026–31.1.2026",
        "1.2.2026–28.2.2026",
        "1.3.2026–2.3.2026",
    ]


def test_room_in_two_units_month_by_month():
    spring = DateRange(date(2026, 3, 1), date(2026, 4, 30))
    full = [stay(n, period=DateRange(date(2026, 1, 1))) for n in range(6)]
    newcomer = stay(9, period=DateRange(date(2026, 4, 13)))
    applicant = stay("x", YOUNG, period=DateRange(date(2026, 4, 1)))
    rows = Rows([*full, newcomer])
    found = room(
        [unit(), unit("v", adults=None)],
        rows,
        spring,
        OPTIONS,
        applicant=[applicant],
        limits={"u": 21, "v": 3},
    )
    march, april = found["u"]
    assert (march.free, march.seats, march.fits) == (D(1), 15, True)
    assert march.now is not None
    assert march.with_applicant is not None
    assert (march.now.percentage, march.with_applicant.percentage) == (D("85.7"), D("85.7"))
    assert april.now is not None
    assert april.with_applicant is not None
    assert (april.now.percentage, april.with_applicant.percentage) == (D("100.0"), D("125.0"))
    assert (april.free, april.seats, april.fits) == (D(0), 14, False)
    assert [(month.now, month.free, month.seats, month.fits) for month in found["v"]] == [
        (None, None, 3, False),
        (None, None, 3, False),
    ]


def test_a_child_who_is_there_already_is_not_counted_twice():
    here = stay(care_type=CareType.DAYCARE_PART_TIME)
    [month] = room([unit()], Rows([here, stay("d")]), WEEK, OPTIONS, applicant=[stay()])["u"]
    assert month.now is not None
    assert month.with_applicant is not None
    assert (month.now.sum, month.with_applicant.sum, month.free, month.seats) == (D("1.54"), D(2), D(6), None)
    assert month.fits


def test_a_child_who_asks_for_less_makes_room():
    asked = stay(care_type=CareType.DAYCARE_PART_TIME)
    [month] = room([unit()], Rows([stay(), stay("d")]), WEEK, OPTIONS, applicant=[asked])["u"]
    assert month.now is not None
    assert month.with_applicant is not None
    assert (month.now.sum, month.with_applicant.sum) == (D(2), D("1.54"))


def test_room_without_an_applicant():
    [month] = room([unit()], Rows([stay()]), WEEK, OPTIONS)["u"]
    assert month.now == month.with_applicant == Figures(D(0), D(1), 1, D(1))


@pytest.mark.parametrize(("limit", "fits"), [(2, True), (1, False), (0, False)])
def test_the_building_may_be_full_before_the_adults_are(limit, fits):
    [month] = room([unit()], Rows([stay()]), WEEK, OPTIONS, applicant=[stay("x")], limits={"u": limit})["u"]
    assert month.fits is fits
