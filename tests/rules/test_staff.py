"""The adults: what a plan makes of a sign-in, the ratio, PINs, and shifts out of a file."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from evaka.kit.errors import Refused
from evaka.rules.staff import (
    Entry,
    PinPolicy,
    Plan,
    PlanPolicy,
    Ratio,
    RatioPolicy,
    RatioState,
    ShiftFile,
    StaffKind,
    after_leaving,
    arrival,
    check_pin,
    departure,
    left_open,
    ratio_now,
    read_rows,
)
from evaka.rules.staff.plan import plan_for
from evaka.rules.staff.shift import columns_of, day_of, missing, overlapping, text, time_of
from evaka.rules.unit import Presence

HELSINKI = ZoneInfo("Europe/Helsinki")
DAY = date(2026, 6, 1)
POLICY = PlanPolicy(
    frozenset(StaffKind) - {StaffKind.SICKNESS}, drift_minutes=5, window_minutes=31, plan_hours=8, longest_hours=12)


def at(clock: str, day: date = DAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), HELSINKI)


PLAN = Plan(at("08:00"), at("16:00"))
K = StaffKind


def come(clock, kind=None, *, now=None, plans=(PLAN,), today=()):
    return arrival(at(clock), kind, now=at(now or clock), plans=plans, today=today, policy=POLICY)


HERE = Entry(K.PRESENT, at("08:00"))


def go(clock, kind=None, *, here=HERE, now=None, plans=(PLAN,)):
    return departure(at(clock), kind, now=at(now or clock), here=here, plans=plans, policy=POLICY)


@pytest.mark.parametrize(
    ("clock", "kind", "entries"),
    [
        ("07:56", None, [Entry(K.PRESENT, at("07:56"))]),
        ("08:05", K.PRESENT, [Entry(K.PRESENT, at("08:05"))]),
        ("07:40", K.OVERTIME, [Entry(K.OVERTIME, at("07:40"))]),
        ("08:35", None, [Entry(K.PRESENT, at("08:35"))]),
        ("08:20", K.JUSTIFIED_CHANGE, [Entry(K.JUSTIFIED_CHANGE, at("08:20"))]),
        ("08:35", K.TRAINING, [Entry(K.TRAINING, at("08:00"), at("08:35")), Entry(K.PRESENT, at("08:35"))]),
    ],
)
def test_arriving_by_the_plan(clock, kind, entries):
    assert come(clock, kind) == entries


@pytest.mark.parametrize(
    ("clock", "kind", "key"),
    [
        ("07:40", None, "staff.too_early"),
        ("07:40", K.TRAINING, "staff.too_early"),
        ("08:03", K.OVERTIME, "staff.on_time"),
        ("08:35", K.OVERTIME, "staff.no_overtime"),
        ("08:35", K.SICKNESS, "staff.kind_not_used"),
    ],
)
def test_what_does_not_fit_the_plan_is_refused(clock, kind, key):
    with pytest.raises(Refused) as no:
        come(clock, kind)
    assert no.value.key == key


def test_without_a_plan_somebody_is_present():
    assert come("08:20", plans=()) == [Entry(K.PRESENT, at("08:20"))]
    assert come("08:20", K.OVERTIME, plans=()) == [Entry(K.OVERTIME, at("08:20"))]
    far = Plan(at("20:00"), at("23:00"))
    assert come("08:20", plans=[far]) == [Entry(K.PRESENT, at("08:20"))]
    with pytest.raises(Refused, match="kind_needs_plan"):
        come("08:20", K.TRAINING, plans=())


def test_the_time_told_is_near_to_now():
    assert come("08:00", now="08:31")
    with pytest.raises(Refused, match="far_from_now"):
        come("08:00", now="08:32")


def test_whoever_is_here_does_not_come_again():
    with pytest.raises(Refused, match="already_here"):
        come("09:00", today=[Entry(K.PRESENT, at("08:00"))])
    with pytest.raises(Refused, match="before_last"):
        come("08:50", now="09:05", today=[Entry(K.PRESENT, at("08:00"), at("09:00"))])


def test_late_from_what_has_begun_ends_it():
    begun = Entry(K.TRAINING, at("08:00"))
    assert come("09:30", K.TRAINING, today=[begun]) == [
        Entry(K.TRAINING, at("08:00"), at("09:30")), Entry(K.PRESENT, at("09:30"))]
    left_before = Entry(K.PRESENT, at("08:00"), at("09:00"))
    assert come("10:00", K.OTHER_WORK, today=[left_before]) == [Entry(K.PRESENT, at("10:00"))]


def test_leaving():
    assert go("16:00") == [Entry(K.PRESENT, at("08:00"), at("16:00"))]
    assert go("16:00", K.PRESENT) == [Entry(K.PRESENT, at("08:00"), at("16:00"))]
    assert go("15:40", K.JUSTIFIED_CHANGE) == [Entry(K.JUSTIFIED_CHANGE, at("08:00"), at("15:40"))]
    overtime = Entry(K.OVERTIME, at("07:00"))
    assert go("15:40", K.JUSTIFIED_CHANGE, here=overtime) == [Entry(K.OVERTIME, at("07:00"), at("15:40"))]
    away = go("13:00", K.TRAINING)
    assert away == [Entry(K.PRESENT, at("08:00"), at("13:00")), Entry(K.TRAINING, at("13:00"))]
    assert after_leaving(away) == Entry(K.TRAINING, at("13:00"))
    assert after_leaving(go("16:00")) is None
    assert go("16:20", K.OVERTIME) == [Entry(K.OVERTIME, HERE.arrived, at("16:20"))]


@pytest.mark.parametrize(
    ("clock", "kind", "now", "key"),
    [
        ("16:03", K.OVERTIME, None, "staff.kind_does_not_fit"),
        ("15:58", K.TRAINING, None, "staff.kind_does_not_fit"),
        ("16:00", None, "15:59", "staff.in_future"),
        ("08:00", None, None, "staff.leaves_first"),
        ("13:00", K.SICKNESS, None, "staff.kind_not_used"),
    ],
)
def test_leaving_that_is_refused(clock, kind, now, key):
    with pytest.raises(Refused) as no:
        go(clock, kind, now=now)
    assert no.value.key == key


def test_a_kind_explains_a_departure_only_beside_a_plan():
    with pytest.raises(Refused, match="kind_does_not_fit"):
        go("13:00", K.TRAINING, plans=())


def test_what_nobody_ended():
    away, here = Entry(K.TRAINING, at("13:00")), Entry(K.PRESENT, at("08:00"))
    assert left_open(away, [PLAN], at("16:55"), POLICY) == at("16:00")
    assert left_open(away, [], at("16:55"), POLICY) is None
    assert left_open(here, [PLAN], at("19:59"), POLICY) is None
    assert left_open(here, [PLAN], at("20:00"), POLICY) == at("20:00")


def test_the_plan_that_is_nearest():
    late = Plan(at("17:00"), at("21:00"))
    assert plan_for([PLAN, late], at("16:20"), POLICY) == PLAN
    assert plan_for([PLAN, late], at("16:50"), POLICY) == late
    assert plan_for([Plan(at("00:00"), at("23:00"))], at("12:00"), POLICY) is not None


# -- the ratio --------------------------------------------------------------------------------------------


def there(who, weight, arrived="08:00", left=None, group=1, kind="present"):
    return Presence(who, group, at(arrived), left and at(left), Decimal(weight), kind)


TIGHT = RatioPolicy(Decimal("0.9"))


def test_the_ratio_of_a_group_at_a_minute():
    children = [there(n, "1.75") for n in range(3)] + [there(9, "1", left="10:00"), there(10, "1", group=2)]
    adults = [there("a", "7"), there("b", "7", kind="training"), there("c", "3.5", arrived="09:00")]
    now = ratio_now(children, adults, at("08:30"))
    assert now[1] == Ratio(4, Decimal("6.25"), 1, Decimal(7))
    assert now[2] == Ratio(1, Decimal(1), 0, Decimal(0))
    later = ratio_now(children, adults, at("10:00"))[1]
    assert later == Ratio(3, Decimal("5.25"), 2, Decimal("10.5"))
    assert later.to_an_adult == Decimal("3.5")
    assert later.share == Decimal("0.5")
    assert sum(now.values(), Ratio()).children == 5


@pytest.mark.parametrize(
    ("weight", "capacity", "state", "needed"),
    [
        ("0", "7", RatioState.EMPTY, 0), ("6", "7", RatioState.ENOUGH, 1), ("6.3", "7", RatioState.TIGHT, 1),
        ("7", "7", RatioState.TIGHT, 1), ("7.01", "7", RatioState.EXCEEDED, 2), ("1", "0", RatioState.EXCEEDED, 1),
    ],
)
def test_whether_there_are_adults_enough(weight, capacity, state, needed):
    ratio = Ratio(1, Decimal(weight), 1, Decimal(capacity))
    assert ratio.state(TIGHT) is state
    assert ratio.adults_needed == needed
    assert (ratio.to_an_adult is None) == (capacity == "0" and weight != "0")


# -- PINs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pin", ["123", "1234567", "12a4", "", "１２３４"])
def test_a_pin_is_some_figures(pin):
    with pytest.raises(Refused, match="pin_form"):
        check_pin(pin, PinPolicy(4, 6, 5))


@pytest.mark.parametrize("pin", ["1234", "9876", "0000", "111111"])
def test_a_pin_is_not_what_anybody_guesses(pin):
    with pytest.raises(Refused, match="pin_easy"):
        check_pin(pin, PinPolicy(4, 6, 5))


@pytest.mark.parametrize("pin", ["2580", "1212", "135790"])
def test_a_pin(pin):
    check_pin(pin, PinPolicy(4, 6, 5))


# -- shifts out of a file -----------------------------------------------------------------------------------------

WORDS = ShiftFile(
    {"number": ("henkilönumero", "number"), "day": ("päivä",), "start": ("alkaa",), "finish": ("päättyy",),
     "group": ("ryhmä",), "kind": ("laji",)}, {"koulutus": K.TRAINING, "paikalla": K.PRESENT})
HEAD = ["Henkilönumero", "Nimi", "Päivä", "Alkaa", "Päättyy", "Ryhmä", "Laji"]


def rows(*lines):
    return list(read_rows([HEAD, *lines], WORDS, HELSINKI))


def test_rows_become_shifts():
    found = rows(
        ["10001", "x", "1.6.2026", "7.00", "15:00", "Siilit", ""], [10002.0, "y", date(2026, 6, 1), time(22), "6.15"],
        [], ["", "", None],
        ["10003", "z", at("00:00", date(2026, 6, 2)), at("08:00"), "24.00", "", "Koulutus"])
    assert [(one.line, one.number, one.start, one.finish, one.kind, one.wrong) for one in found] == [
        (2, "10001", at("07:00"), at("15:00"), K.PRESENT, ()),
        (3, "10002", at("22:00"), at("06:15", date(2026, 6, 2)), K.PRESENT, ()),
        (6, "10003", at("08:00", date(2026, 6, 2)), at("00:00", date(2026, 6, 3)), K.TRAINING, ()),
    ]
    assert found[0].group == "Siilit"


def test_each_bad_row_says_what_is_wrong():
    found = rows(["", "", "31.2.2026", "7.60", "15", "", "loma"], ["1", "", "1.6.2026", "7.00", "6.00"])
    assert found[0].wrong == ("staff.row.number", "staff.row.day", "staff.row.time", "staff.row.kind")
    assert found[1].wrong == ("staff.row.too_long",)
    assert list(read_rows([], WORDS, HELSINKI)) == []


def test_columns_that_a_file_lacks():
    assert missing(columns_of(["Number", "Päivä", None], WORDS)) == ["start", "finish"]


def test_cells_as_people_and_spreadsheets_write_them():
    assert [text(one) for one in (None, " a ", 7.0, 7.5, 12)] == ["", "a", "7", "7.5", "12"]
    assert [day_of(one) for one in ("2026-06-01", "x", at("05:00"))] == [DAY, None, DAY]
    eight = timedelta(hours=8)
    assert [time_of(one) for one in ("0800", "8.00", "08:00:00", time(8), at("08:00"))] == [eight] * 5
    assert [time_of(one) for one in ("24.01", "25.00", "8.75", "kahdeksan", None)] == [None] * 5


def test_nobody_works_twice_at_once():
    found = rows(
        ["1", "", "1.6.2026", "7.00", "15.00"], ["1", "", "1.6.2026", "14.00", "18.00"],
        ["1", "", "1.6.2026", "18.00", "20.00"], ["2", "", "1.6.2026", "7.00", "15.00"],
        ["2", "", "x", "7.00", "15.00"])
    assert overlapping(found) == {2, 3}
