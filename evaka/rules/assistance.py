"""Support for a child: its levels and measures over time, and what makes a child weigh more than one.

Law: Act on Early Childhood Education and Care (540/2018), chapter 3 a (support in early childhood education),
40 § (secrecy); Basic Education Act (628/1998) for pre-primary education, whose levels of support changed on
1.8.2025.  Which level may be given from when to when stands in config/*/assistance.toml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.rules.placement import PRESCHOOL_TYPES
from evaka.rules.unit import Key

Id = TypeVar("Id", int, str)
PRE_PRIMARY = PRESCHOOL_TYPES  # places in which the support of early education gives way to that of pre-primary
LARGEST = Decimal(100)  # no coefficient reaches it
FACTOR_PLACES, VOUCHER_PLACES = 2, 4  # decimals


class Use(StrEnum):
    """What an option of the city's table is for: a level of support, or a measure, in either kind of education."""

    DAYCARE_LEVEL = "daycare_level"
    PRESCHOOL_LEVEL = "preschool_level"
    DAYCARE_ACTION = "daycare_action"
    PRESCHOOL_ACTION = "preschool_action"


ACTIONS = (Use.DAYCARE_ACTION, Use.PRESCHOOL_ACTION)


class MeasureKind(StrEnum):
    """What a child may have beside a level of support."""

    TRANSPORT_BENEFIT = "transport_benefit"
    ACCULTURATION_SUPPORT = "acculturation_support"
    ANOMALOUS_EDUCATION_START = "anomalous_education_start"
    DISCUSSION_OFFERED = "discussion_offered"
    DISCUSSION_HELD = "discussion_held"
    DISCUSSION_COUNSELLING = "discussion_counselling"


@dataclass(frozen=True, slots=True)
class Option:
    """A level or a measure that the city offers: its names by language, when it may hold, by which law."""

    key: str
    use: Use
    name: Mapping[str, str]
    valid: DateRange
    order: int = 0
    law: str = ""
    description: Mapping[str, str] = field(default_factory=dict)


def validity(start: date, end: date | None) -> DateRange:
    """From when to when a row holds."""
    if end is not None and end < start:
        raise Refused("assistance.ends_first", start=start, end=end)
    return DateRange(start, end)


def check_coefficient(coefficient: Decimal, places: int) -> None:
    """A coefficient is above nought, below a hundred, and keeps to its decimals."""
    if not 0 < coefficient < LARGEST:
        raise Refused("assistance.coefficient_size", coefficient=coefficient, largest=LARGEST)
    if coefficient != round(coefficient, places):
        raise Refused("assistance.coefficient_decimals", coefficient=coefficient, places=places)


def check_level(options: Mapping[str, Option], key: str, use: Use, period: DateRange) -> None:
    """A level holds on no day outside its window."""
    option = options.get(key)
    if option is None or option.use is not use:
        raise Refused("assistance.unknown_option", option=key)
    if option.valid & period != period:
        raise Refused("assistance.outside_window", level=option.name, period=period, window=option.valid)


def check_measures(options: Mapping[str, Option], chosen: Sequence[str], other: str, period: DateRange) -> None:
    """Something is done: at least one of the city's options or a text, and the options are there when it begins."""
    if not chosen and not other.strip():
        raise Refused("assistance.nothing_chosen")
    for key in chosen:
        option = options.get(key)
        if option is None or option.use not in ACTIONS:
            raise Refused("assistance.unknown_option", option=key)
        if period.start not in option.valid:
            raise Refused("assistance.not_offered", option=option.name, start=period.start, window=option.valid)


def make_way(earlier: Mapping[Id, DateRange], new: DateRange) -> dict[Id, DateRange]:
    """What is left of a child's earlier rows of one kind: one that began before the new one ends the day before.

    Refused when the new one would take days from a row that begins later, or that was to last longer.
    """
    left = {}
    for id, period in earlier.items():
        outlasts = period.end is not None and period.last_day > new.last_day
        gives_way = period.start < new.start and new.start in period and not outlasts
        left[id] = replace(period, end=new.start - DAY) if gives_way else period
    check_apart(left.values(), new)
    return left


def check_apart(others: Iterable[DateRange], period: DateRange) -> None:
    """A child's rows of one kind may not share a day."""
    for other in others:
        if other & period:
            raise Refused("assistance.overlaps", period=period, other=other)


@dataclass(frozen=True, slots=True)
class Stay:
    """A child's place in a unit, as far as the end of support asks for it."""

    unit: Key
    period: DateRange


def outlived(row: DateRange, stays: Iterable[Stay], today: date) -> date | None:
    """The day on which a row should have ended, because the child's places are over; None while they are not.

    A row of a child who never had a place while it held, or has one today or later, goes on.
    """
    ends = [stay.period.last_day for stay in stays]
    last = max(ends, default=date.min)
    return last if last < today and last >= row.start and today <= row.last_day else None


def left_unit(row: DateRange, stays: Iterable[Stay], today: date) -> date | None:
    """The day on which a voucher's coefficient should have ended; None while the child stays in the unit.

    It was decided for a unit: it ends with the place there, also when the child goes on in another unit.  A row
    that begins later is of another decision.
    """
    stays = list(stays)
    past = [stay for stay in stays if stay.period.last_day < today]
    if today not in row or not past:
        return None
    last = max(past, key=lambda stay: stay.period.last_day)
    following = last.period.last_day + DAY
    if last.period.last_day < row.start or any(s.unit == last.unit and following in s.period for s in stays):
        return None
    return last.period.last_day
