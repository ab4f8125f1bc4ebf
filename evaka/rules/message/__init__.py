"""Letters between the office and the families: who shares a conversation, and how long it may be answered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.application import ApplicationStatus

ANSWERED_AFTERWARDS = timedelta(days=31)  # as long as the unit sees a child who has left


# an application may be written about until it has been decided
ABOUT_OVER = frozenset({ApplicationStatus.REJECTED, ApplicationStatus.ACTIVE, ApplicationStatus.CANCELLED})


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


def each_guardian(pairs: Iterable[tuple[int, int]]) -> list[Circle]:
    """One conversation for each guardian, about all the guardian's children: for bulletins, which nobody answers."""
    children: dict[int, list[int]] = {}
    for child, guardian in pairs:
        children.setdefault(guardian, []).append(child)
    return [Circle(frozenset({guardian}), tuple(dict.fromkeys(some))) for guardian, some in children.items()]


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


def check_about_application(status: ApplicationStatus) -> None:
    """Refuse an answer about an application that has been decided or taken back."""
    if status in ABOUT_OVER:
        raise Refused("message.application_over", status=status)


def check_about_fees(statement_waits: bool, asked: date | None, day: date) -> None:
    """Refuse a family's answer about its fees when nothing is being asked.

    It may be answered as long as the office has an income statement of the person before it, and 31 days after the
    office last wrote (`asked`).
    """
    if not statement_waits and (asked is None or day > asked + ANSWERED_AFTERWARDS):
        raise Refused("message.fees_over", until=asked and asked + ANSWERED_AFTERWARDS)

