"""How far two points of the map are from one another, as the crow flies."""

from __future__ import annotations

from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

Point = tuple[Decimal | float, Decimal | float]  # latitude, longitude in degrees (WGS 84)
RADIUS = 6_371_009  # metres, the Earth's mean


def metres(one: Point, other: Point) -> int:
    """The great-circle distance (haversine), in whole metres.

    >>> metres((60.0, 25.0), (61.0, 25.0))
    111195
    """
    north, east, to_north, to_east = (radians(float(degrees)) for degrees in (*one, *other))
    half = sin((to_north - north) / 2) ** 2 + cos(north) * cos(to_north) * sin((to_east - east) / 2) ** 2
    return round(2 * RADIUS * asin(sqrt(half)))
