"""Letters between the office and the families: who shares a conversation, and how long it may be answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused

ANSWERED_AFTERWARDS = timedelta(days=31)  # as long as the unit sees a child who has left


class Circle(NamedTuple):
    """Guardians who share all the children that a conversation is about."""

    guardians: frozenset[int]
    children: tuple[int, ...]


def threads(pairs: Iterable[tuple[int, int]]) -> list[Circle]:
    """One conversation for each set of guardians, about the children that have exactly these guardians.

    `pairs` are (child, guardian).  Nobody ever reads about another family's child: half-siblings are in two
    conversations, siblings with the same guardians in one.  The order is that of the children.
    """
    guardians: dict[int, set[int]] = {}
    for child, guardian in pairs:
        guardians.setdefault(child, set()).add(guardian)
    circles: dict[frozenset[int], list[int]] = {}
    for child, people in guardians.items():
        circles.setdefault(frozenset(people), []).append(child)
    return [Circle(people, tuple(children)) for people, children in circles.items()]


def answerable_until(places: Iterable[DateRange]) -> date | None:
    """The last day on which a conversation about children with these places in the unit may be answered.

    None: they have never had a place there.  A place that has no end gives the last day there is.
    """
    ends = [place.last_day for place in places]
    if not ends:
        return None
    return date.max if max(ends) == date.max else max(ends) + ANSWERED_AFTERWARDS


def check_answerable(places: Iterable[DateRange], day: date) -> None:
    """Refuse an answer when the last of the children left the unit more than 31 days ago."""
    until = answerable_until(places)
    if until is None or day > until:
        raise Refused("message.closed", until=until)
