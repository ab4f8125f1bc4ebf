"""Support of children: windows of levels, what gives way to what, and what ends when a child leaves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.assistance import (
    Option,
    Stay,
    Use,
    check_apart,
    check_coefficient,
    check_level,
    check_measures,
    left_unit,
    make_way,
    outlived,
    validity,
)

D = Decimal
TODAY = date(2026, 6, 1)


def days(start: str, end: str | None = None) -> DateRange:
    return DateRange(date.fromisoformat(start), date.fromisoformat(end) if end else None)


OPTIONS = {
    option.key: option
    for option in (
        Option("intensified", Use.PRESCHOOL_LEVEL, {"fi": "Tehostettu"}, days("2011-01-01", "2025-07-31")),
        Option("child", Use.PRESCHOOL_LEVEL, {"fi": "Lapsikohtainen"}, days("2025-08-01")),
        Option("general", Use.DAYCARE_LEVEL, {"fi": "Yleinen"}, days("2022-08-01")),
        Option("assistant", Use.DAYCARE_ACTION, {"fi": "Avustaja"}, days("2020-08-01")),
        Option("aids", Use.PRESCHOOL_ACTION, {"fi": "Apuvälineet"}, days("2025-08-01")),
    )
}


def test_a_row_ends_on_its_first_day_at_the_earliest() -> None:
    assert validity(TODAY, None) == DateRange(TODAY)
    assert validity(TODAY, TODAY) == DateRange(TODAY, TODAY)
    with pytest.raises(Refused, match="assistance.ends_first"):
        validity(TODAY, date(2026, 5, 31))


@pytest.mark.parametrize("coefficient", ["0.01", "1", "1.75", "99.99"])
def test_a_coefficient_that_may_be(coefficient: str) -> None:
    check_coefficient(D(coefficient), 2)


@pytest.mark.parametrize(
    ("coefficient", "key"),
    [
        ("0", "assistance.coefficient_size"),
        ("-1", "assistance.coefficient_size"),
        ("100", "assistance.coefficient_size"),
        ("1.755", "assistance.coefficient_decimals"),
    ],
)
def test_a_coefficient_that_may_not_be(coefficient: str, key: str) -> None:
    with pytest.raises(Refused, match=key):
        check_coefficient(D(coefficient), 2)


@pytest.mark.parametrize(
    ("key", "start", "end", "wrong"),
    [
        ("intensified", "2025-01-01", "2025-07-31", None),
        ("intensified", "2025-01-01", "2025-08-01", "assistance.outside_window"),  # a day too long
        ("intensified", "2025-01-01", None, "assistance.outside_window"),
        ("child", "2025-08-01", None, None),
        ("child", "2025-07-31", None, "assistance.outside_window"),  # a day too early
        ("general", "2026-01-01", None, "assistance.unknown_option"),  # a level of the other education
        ("gone", "2026-01-01", None, "assistance.unknown_option"),
    ],
)
def test_a_level_holds_within_its_window(key: str, start: str, end: str | None, wrong: str | None) -> None:
    if wrong is None:
        check_level(OPTIONS, key, Use.PRESCHOOL_LEVEL, days(start, end))
        return
    with pytest.raises(Refused) as no:
        check_level(OPTIONS, key, Use.PRESCHOOL_LEVEL, days(start, end))
    assert no.value.key == wrong


@pytest.mark.parametrize(
    ("chosen", "other", "start", "wrong"),
    [
        (["assistant"], "", "2024-01-01", None),
        ([], "Kuvakortit", "2024-01-01", None),
        (["assistant", "aids"], "Kuvakortit", "2025-08-01", None),
        ([], " ", "2026-01-01", "assistance.nothing_chosen"),
        (["aids"], "", "2025-07-31", "assistance.not_offered"),
        (["general"], "", "2026-01-01", "assistance.unknown_option"),
        (["gone"], "", "2026-01-01", "assistance.unknown_option"),
    ],
)
def test_something_is_done_that_the_city_offers_or_in_own_words(
    chosen: list[str], other: str, start: str, wrong: str | None
) -> None:
    if wrong is None:
        check_measures(OPTIONS, chosen, other, days(start))
        return
    with pytest.raises(Refused) as no:
        check_measures(OPTIONS, chosen, other, days(start))
    assert no.value.key == wrong


def test_what_began_before_ends_the_day_before() -> None:
    earlier = {1: days("2025-01-01", "2025-12-31"), 2: days("2026-01-01")}
    assert make_way(earlier, days("2026-06-01")) == {1: earlier[1], 2: days("2026-01-01", "2026-05-31")}
    assert make_way({}, days("2026-06-01")) == {}
    # one with an end that the new one reaches or passes gives way too
    assert make_way({1: days("2026-01-01", "2026-08-31")}, days("2026-06-01", "2026-08-31")) == {
        1: days("2026-01-01", "2026-05-31")
    }


@pytest.mark.parametrize(
    "earlier",
    [
        days("2026-06-01"),  # begins on the same day
        days("2026-07-01", "2026-07-31"),  # begins later
        days("2026-01-01", "2026-12-31"),  # was to last longer than the new one
    ],
)
def test_what_would_lose_its_own_days_does_not_give_way(earlier: DateRange) -> None:
    with pytest.raises(Refused, match="assistance.overlaps"):
        make_way({1: earlier}, days("2026-06-01", "2026-08-31"))


def test_neighbours_do_not_overlap() -> None:
    check_apart([days("2026-01-01", "2026-05-31"), days("2026-07-01")], days("2026-06-01", "2026-06-30"))
    with pytest.raises(Refused, match="assistance.overlaps"):
        check_apart([days("2026-06-30")], days("2026-06-01", "2026-06-30"))


@pytest.mark.parametrize(
    ("row", "stays", "ends"),
    [
        ("2026-01-01", [("a", "2025-08-01", "2026-05-31")], "2026-05-31"),
        ("2026-01-01", [("a", "2025-08-01", "2026-06-01")], None),  # the last day is today
        ("2026-01-01", [("a", "2025-08-01", "2026-05-31"), ("b", "2026-08-01", None)], None),  # comes again
        ("2026-01-01", [("a", "2025-08-01", None)], None),
        ("2026-01-01", [], None),  # never had a place
        ("2026-01-01", [("a", "2025-08-01", "2025-12-31")], None),  # not while it held
        ("2026-01-01", [("a", "2025-08-01", "2026-03-31"), ("b", "2026-04-01", "2026-05-20")], "2026-05-20"),
    ],
)
def test_a_factor_ends_with_the_last_place(
    row: str, stays: list[tuple[str, str, str | None]], ends: str | None
) -> None:
    found = outlived(days(row), [Stay(unit, days(start, end)) for unit, start, end in stays], TODAY)
    assert found == (date.fromisoformat(ends) if ends else None)


def test_a_factor_that_has_ended_is_left_alone() -> None:
    stays = [Stay("a", days("2025-08-01", "2026-03-31"))]
    assert outlived(days("2026-01-01", "2026-05-31"), stays, TODAY) is None
    assert outlived(days("2026-01-01", "2026-06-01"), stays, TODAY) == date(2026, 3, 31)


@pytest.mark.parametrize(
    ("row", "stays", "ends"),
    [
        (("2026-01-01", "2026-12-31"), [("a", "2025-08-01", "2026-05-31")], "2026-05-31"),
        (("2026-01-01", "2026-12-31"), [("a", "2025-08-01", "2026-05-31"), ("b", "2026-06-01", None)], "2026-05-31"),
        (("2026-01-01", "2026-12-31"), [("a", "2025-08-01", "2026-05-31"), ("a", "2026-06-01", None)], None),
        (("2026-01-01", "2026-12-31"), [("a", "2025-08-01", None)], None),
        (("2026-01-01", "2026-12-31"), [], None),
        (("2026-06-01", "2026-12-31"), [("a", "2025-08-01", "2026-05-31"), ("b", "2026-06-01", None)], None),
        (("2026-07-01", "2026-12-31"), [("a", "2025-08-01", "2026-05-31")], None),  # begins later
        (("2026-01-01", "2026-05-31"), [("a", "2025-08-01", "2026-05-20")], None),  # has ended
    ],
)
def test_a_vouchers_coefficient_ends_with_the_place_in_the_unit(
    row: tuple[str, str], stays: list[tuple[str, str, str | None]], ends: str | None
) -> None:
    found = left_unit(days(*row), [Stay(unit, days(start, end)) for unit, start, end in stays], TODAY)
    assert found == (date.fromisoformat(ends) if ends else None)
