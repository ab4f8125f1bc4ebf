"""Distances as the crow flies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from evaka.kit.distance import metres


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((61.2, 24.0), (61.2, 24.0), 0),
        ((60.0, 25.0), (61.0, 25.0), 111195),  # a degree of latitude
        ((60.0, 25.0), (60.0, 26.0), 55597),  # a degree of longitude at 60°: half of one at the equator
        ((Decimal("61.20000"), Decimal("24.00000")), (Decimal("61.20900"), Decimal("24.00000")), 1001),
    ],
)
def test_metres_between_two_points(one, other, expected) -> None:
    assert metres(one, other) == metres(other, one) == expected
