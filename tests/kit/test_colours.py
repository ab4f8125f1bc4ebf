"""Contrast by the formula of WCAG 2.1, beside figures that are known."""

from __future__ import annotations

import pytest

from evaka.kit.colours import ENOUGH, contrast


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),  # the lightest grey that may be read on white
        ("#777777", "#ffffff", 4.48),
        ("#FF0000", "#ffffff", 4.0),
        ("#ffffff", "#0000ff", 8.59),
        ("#010101", "#000000", 1.006),
    ],
)
def test_the_contrast_of_two_colours(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


def test_the_limit_lies_between_two_neighbouring_greys() -> None:
    assert contrast("#777777") < ENOUGH <= contrast("#767676")


@pytest.mark.parametrize("written", ["blue", "#fff", "#12345g", "#1234567", ""])
def test_what_is_no_colour_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a colour"):
        contrast(written)
