"""The ratio of a minute with what it rests on: who was there, what counts, the arithmetic."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from evaka.rules.proof import AdultLine, ChildLine, changes, neighbours, proof, there
from evaka.rules.unit import Weight

HELSINKI = ZoneInfo("Europe/Helsinki")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 12, hour, minute, tzinfo=HELSINKI)


def child(n: int, arrived: datetime, left: datetime | None = None, weight: str = "1", factor: str = "1") -> ChildLine:
    return ChildLine(n, n, 1, arrived, left, Weight(Decimal(weight), Decimal(factor), weight == "1.75", "why"))


def adult(
    n: int, arrived: datetime, left: datetime | None = None, weight: str = "7", kind: str = "present"
) -> AdultLine:
    return AdultLine(n, n, f"A{n}", 1, arrived, left, Decimal(weight), kind)


@pytest.mark.parametrize(("arrived", "left", "moment", "is_there"), [
    (at(8), at(16), at(8), True), (at(8), at(16), at(7, 59), False), (at(8), at(16), at(16), False),
    (at(8), None, at(23, 59), True), (at(20), at(23, 59), at(23, 59), True),
])
def test_who_is_there_at_a_minute(arrived: datetime, left: datetime | None, moment: datetime, is_there: bool) -> None:
    assert there(arrived, left, moment) is is_there


def test_a_ratio_is_reckoned_in_three_lines() -> None:
    children = [child(1, at(7), at(9)), child(2, at(7, 30)), child(3, at(7), weight="1.75", factor="2"),
                child(4, at(12))]
    adults = [adult(1, at(7)), adult(2, at(7), weight="3.5"), adult(3, at(7), kind="training"), adult(4, at(6), at(8))]
    shown = proof(children, adults, at(8))
    assert [one.child for one in shown.children] == [1, 2, 3]
    assert [one.who for one in shown.adults] == [1, 2, 3]  # the one in training was at work, and does not count
    assert shown.sums == (
        "1 × (1,75 × 2,0) + 2 × 1 = 5,5", "1 × 7 + 1 × 3,5 = 10,5", "5,5 / 10,5 × 7 = 3,7")
    assert (shown.ratio.children, shown.ratio.adults, shown.ratio.adults_needed) == (3, 2, 1)


@pytest.mark.parametrize(("children", "adults", "sums"), [
    ([], [], ("0 = 0", "0 = 0", "0 / 0")),
    ([child(1, at(8))], [], ("1 × 1 = 1", "0 = 0", "1 / 0")),
    ([], [adult(1, at(8))], ("0 = 0", "1 × 7 = 7", "0 / 7 × 7 = 0,0")),
])
def test_without_children_or_adults(
    children: list[ChildLine], adults: list[AdultLine], sums: tuple[str, str, str]
) -> None:
    assert proof(children, adults, at(9)).sums == sums


def test_from_change_to_change() -> None:
    moments = changes([child(1, at(7), at(9))], [adult(1, at(7)), adult(2, at(8), at(9))])
    assert moments == [at(7), at(8), at(9)]
    assert neighbours(moments, at(8)) == (at(7), at(9))
    assert neighbours(moments, at(8, 30)) == (at(8), at(9))
    assert neighbours(moments, at(6)) == (None, at(7))
    assert neighbours(moments, at(9) + timedelta(minutes=1)) == (at(9), None)
