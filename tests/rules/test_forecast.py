"""When children come, how many adults they need, and where these are missing."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from evaka.rules.forecast import (
    Coming,
    ForecastPolicy,
    Shortage,
    Slot,
    Source,
    Working,
    as_it_goes,
    coming,
    fullest,
    shortages,
    slots,
    window,
)

POLICY = ForecastPolicy(15, 10, time(8), time(16), Decimal(1), 120)
H = 60
ONE = Decimal(1)


def policy(**given: Any) -> ForecastPolicy:
    return ForecastPolicy(**({name: getattr(POLICY, name) for name in POLICY.__slots__} | given))


@pytest.mark.parametrize("given", [{"step": 7}, {"assumed_to": time(8)}])
def test_a_policy_that_cannot_be_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"does not fill an hour|is not after"):
        policy(**given)


WEEK, HOURS, DAY = [(7 * H, 15 * H)], [(8 * H, 12 * H)], [(9 * H, 10 * H), (6 * H, 8 * H)]


@pytest.mark.parametrize(("given", "spans", "source"), [
    ({"booked": DAY, "pattern": WEEK}, ((6 * H, 8 * H), (9 * H, 10 * H)), Source.BOOKED),
    ({"pattern": WEEK, "agreed": HOURS}, ((7 * H, 15 * H),), Source.PATTERN),
    ({"pattern": []}, (), Source.PATTERN),  # a free day of the week
    ({"pattern": [], "untimed": True, "agreed": HOURS}, ((8 * H, 12 * H),), Source.AGREED),  # comes all the same
    ({"agreed": HOURS}, ((8 * H, 12 * H),), Source.AGREED),
    ({"agreed": HOURS, "pattern": WEEK, "must_book": False}, ((8 * H, 12 * H),), Source.AGREED),
    ({"agreed": [], "must_book": False}, (), Source.AGREED),
    ({}, ((8 * H, 16 * H),), Source.ASSUMED),
    ({"untimed": True, "pattern": [], "agreed": []}, ((8 * H, 16 * H),), Source.ASSUMED),
])
def test_when_a_child_comes(given: dict[str, Any], spans: Any, source: Source) -> None:
    assert coming(POLICY, **given) == (spans, source)


@pytest.mark.parametrize(("opening", "spans", "told"), [
    ((6 * H + 30, 17 * H), [], (6 * H + 30, 17 * H)),
    ((6 * H + 30, 17 * H), [(6 * H + 20, 17 * H + 1)], (6 * H + 15, 17 * H + 15)),
    (None, [(20 * H, 1440)], (20 * H, 1440)),
    (None, [], None),
])
def test_from_when_to_when_a_day_is_looked_at(opening: Any, spans: Any, told: Any) -> None:
    assert window(POLICY, opening, spans) == told


def child(n: int, *spans: tuple[int, int], weight: str = "1") -> Coming:
    return Coming(n, "A", spans, Decimal(weight))


def test_a_child_counts_in_each_slot_it_meets_and_an_adult_by_its_share() -> None:
    found = slots(
        POLICY, (8 * H, 9 * H),
        [child(1, (7 * H, 8 * H + 16)), child(2, (8 * H + 20, 8 * H + 25), (8 * H + 26, 10 * H), weight="1.75"),
         child(3, (10 * H, 11 * H))],
        [Working("a", "A", (8 * H + 5, 8 * H + 45)), Working("b", "A", (8 * H + 30, 9 * H), Decimal("3.5")),
         Working("c", "A", (6 * H, 8 * H))])
    assert [(slot.start, slot.children, slot.weight) for slot in found] == [
        (480, 1, Decimal(1)), (495, 2, Decimal("2.75")), (510, 1, Decimal("1.75")), (525, 1, Decimal("1.75"))]
    assert [slot.adults.quantize(Decimal("0.01")) for slot in found] == [
        Decimal("0.67"), Decimal("1.00"), Decimal("1.50"), Decimal("0.50")]


@pytest.mark.parametrize(("slot", "needed", "ratio", "short"), [
    (Slot(480, 0, Decimal(0), Decimal(0), ONE), "0", "0", "0"),
    (Slot(480, 1, ONE, Decimal(0), ONE), "1", None, "1"),  # one adult for one child
    (Slot(480, 8, Decimal(8), ONE, ONE), "1.2", "8.0", "0.2"),  # 8 / 7 = 1.143, up
    (Slot(480, 14, Decimal(14), Decimal(2), ONE), "2", "7.0", "0"),
    (Slot(480, 21, Decimal("20.75"), Decimal("2.97"), ONE), "3.0", "7.0", "0"),  # 2.97 is 3.0 on paper
])
def test_adults_needed_and_missing(slot: Slot, needed: str, ratio: str | None, short: str) -> None:
    assert (slot.needed, slot.ratio, slot.short) == (
        Decimal(needed), None if ratio is None else Decimal(ratio), Decimal(short))


def day(*missing: str) -> list[Slot]:
    """Slots of which each has one child and lacks so many adults."""
    return [Slot(480 + 15 * n, 7 * 3, Decimal(21), Decimal(3) - Decimal(one), ONE) for n, one in enumerate(missing)]


def test_slots_in_a_row_are_one_shortage_with_its_worst_moment() -> None:
    assert shortages(day("0", "0.5", "1.2", "0.4", "0", "0.1"), 15) == [
        Shortage(495, 540, Decimal("1.2"), 510), Shortage(555, 570, Decimal("0.1"), 555)]
    assert shortages(day("0"), 15) == []


def test_the_fullest_slot_is_the_first_of_the_tightest() -> None:
    found = fullest(day("0", "0.5", "0.5", "0"))
    assert found is not None
    assert found.start == 495
    alone = fullest([*day("0.5"), Slot(600, 1, ONE, Decimal(0))])
    assert alone is not None
    assert alone.ratio is None
    assert fullest(day("0", "0.5"), 0, 480) is None
    assert fullest([Slot(480, 0, Decimal(0), Decimal(0))]) is None


NOW, CLOSES = 10 * H, 17 * H
BOOKED = [(8 * H, 14 * H), (15 * H, 16 * H)]


@pytest.mark.parametrize(("was", "given", "told"), [
    ([(8 * H, None)], {}, [(8 * H, NOW), (NOW, 14 * H), (15 * H, 16 * H)]),  # here: goes on as booked
    ([], {}, [(NOW, 14 * H), (15 * H, 16 * H)]),  # late: may still come
    ([(8 * H, 9 * H)], {}, [(8 * H, 9 * H), (15 * H, 16 * H)]),  # has left: the second time is still to come
    ([(8 * H, None)], {"comes": False}, [(8 * H, NOW), (NOW, CLOSES)]),  # away on paper, but here
    ([], {"comes": False}, []),
    ([(8 * H, None)], {"planned": [(7 * H, 9 * H)]}, [(8 * H, NOW), (NOW, CLOSES)]),  # should have been fetched
    ([(8 * H, None)], {"planned": [], "closes": 9 * H}, [(8 * H, NOW), (NOW, NOW + 1)]),
    ([(NOW, None)], {"planned": []}, [(NOW, CLOSES)]),
    ([(8 * H, 11 * H)], {}, [(8 * H, NOW), (NOW, 14 * H), (15 * H, 16 * H)]),  # written beforehand
    ([(11 * H, None)], {"planned": []}, []),  # after the moment that is asked about
])
def test_a_day_as_it_was_and_as_it_is_planned(was: Any, given: dict[str, Any], told: Any) -> None:
    asked = {"planned": BOOKED, "closes": CLOSES} | given
    assert as_it_goes(was, asked.pop("planned"), NOW, asked.pop("closes"), **asked) == tuple(told)
