"""Money in cents: rounding, printing, reading."""

from __future__ import annotations

from decimal import Decimal

import pytest

from evaka.kit.money import euros, whole_euros, written


@pytest.mark.parametrize(
    ("cents", "rounded"),
    [(13311, 13300), (13350, 13400), (Decimal("13349.99"), 13300), (-50, -100), (-49, 0), (0, 0)],
)
def test_a_fee_is_rounded_to_whole_euros_halves_away_from_nothing(cents, rounded):
    assert whole_euros(cents) == rounded


@pytest.mark.parametrize(
    ("cents", "printed"),
    [
        (0, "0,00\u00a0€"),
        (5, "0,05\u00a0€"),
        (12345678, "123\u00a0456,78\u00a0€"),
        (100000000, "1\u00a0000\u00a0000,00\u00a0€"),
        (-1750, "−17,50\u00a0€"),
    ],
)
def test_money_is_printed_the_finnish_way(cents, printed):
    assert euros(cents) == printed
    assert written(printed) == cents


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1 234,50", 123450),
        ("1234.5", 123450),
        (" 12 ", 1200),
        ("12 €", 1200),
        ("12€", 1200),
        ("−3,00", -300),
        ("-0,05", -5),
        ("1\u202f000\u202f000,00 €", 100000000),
    ],
)
def test_written_money_is_read(text, cents):
    assert written(text) == cents


@pytest.mark.parametrize(
    "text", ["", "€", "12,345", "1,234.50", "12 34", "1 2345", "kymmenen", "--5", "1e3", ",50"]
)
def test_what_is_not_money_is_not_guessed_at(text):
    with pytest.raises(ValueError, match="is not an amount of money"):
        written(text)
