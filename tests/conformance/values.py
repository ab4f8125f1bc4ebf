"""Days and spans as the cases write them."""

from __future__ import annotations

from datetime import date
from typing import Any

from evaka.kit.dates import DateRange


def day(written: str) -> date:
    return date.fromisoformat(written)


def month(written: str) -> DateRange:
    year, number = written.split("-")
    return DateRange.month(int(year), int(number))


def period(given: dict[str, Any] | list[str | None]) -> DateRange:
    """A span given as {"from": …, "to": …} or as a pair; no end is until further notice."""
    first, last = given if isinstance(given, list) else (given["from"], given["to"])
    assert first is not None
    return DateRange(day(first), day(last) if last else None)


def written(span: DateRange) -> list[str | None]:
    return [span.start.isoformat(), span.end.isoformat() if span.end else None]
