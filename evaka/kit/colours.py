"""Colours: whether what is written in one can be read on another.

Standard: WCAG 2.1, success criterion 1.4.3 (contrast of at least 4.5 : 1) and its "relative luminance".
"""

from __future__ import annotations

import re

ENOUGH = 4.5
WHITE = "#ffffff"

_WRITTEN = re.compile(r"#[0-9A-Fa-f]{6}")


def contrast(one: str, other: str = WHITE) -> float:
    """How far two colours stand apart, from 1 (equal) to 21 (black on white); written as #2a6ebb.

    Raises ValueError for anything else.

    >>> contrast("#000000"), contrast("#ffffff")
    (21.0, 1.0)
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    if not _WRITTEN.fullmatch(colour):
        raise ValueError(f"{colour!r} is not a colour")
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)
