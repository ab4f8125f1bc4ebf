"""Reasons as a row keeps them: plain facts, out of which a page makes sentences in its reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.rules.suggestion import Here, NotThere, Why
from evaka.rules.suggestion.season import WHOLE


def kept(value: Any) -> Any:
    """A value as JSON keeps it."""
    match value:
        case None | bool() | int():
            return value
        case StrEnum():
            return value.value
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): kept(one) for key, one in value.items()}
        case list() | tuple():
            return [kept(one) for one in value]
        case set() | frozenset():
            return sorted(kept(one) for one in value)
        case Refused():
            return [value.key, kept(value.facts)]
    return str(value)


def amount(whole: int) -> str:
    """Ten-thousandths as a weight: 17500 is 1.75."""
    return f"{(Decimal(whole) / WHOLE).normalize():f}"


def month_of(months: Sequence[DateRange], month: int | None) -> str:
    """8/2027"""
    if month is None or month >= len(months):
        return ""
    start = months[month].start
    return f"{start.month}/{start.year}"


def here_facts(here: Here) -> dict[str, Any]:
    return {
        "wish": here.wish, "with": list(here.with_siblings), "before": here.before,
        "criterion": here.criterion and here.criterion.value, "looked_at": here.looked_at,
    }


def why_facts(why: Why, months: Sequence[DateRange]) -> dict[str, Any]:
    seats = why.reason is NotThere.NO_SEAT
    return {
        "unit": why.unit, "wish": why.wish, "reason": why.reason.value, "month": month_of(months, why.month),
        "free": str(why.free) if seats else amount(why.free), "takes": str(why.takes) if seats else amount(why.takes),
        "last": why.last, "criterion": why.criterion and why.criterion.value,
        "misfits": [kept(no) for no in why.misfits],
    }
