"""Frozen values out of the tables of a file, by the types of their classes; a mistake says where and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from evaka.kit.dates import DateRange
from evaka.kit.errors import ConfigMistake

T = TypeVar("T")


def table_of(given: Any, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ConfigMistake(where, f"{given!r} is not a table", "Write its name in square brackets, its values below.")
    return given


def build(kind: type[T], row: Mapping[str, Any], where: str) -> T:
    """A dataclass out of a table: every key is known, every value has the right type."""
    value, found = _fit(kind, row, where)
    if found:
        raise found[0]
    assert value is not None
    return value


def _fit(kind: type[T], row: Mapping[str, Any], where: str) -> tuple[T | None, list[ConfigMistake]]:
    """The value that a table makes, or everything that speaks against it."""
    hints = get_type_hints(kind)
    row, found = dict(table_of(row, where)), []
    if hints.get("valid") is DateRange and "start" in row:
        start, end = row.pop("start"), row.pop("end", None)
        try:
            row["valid"] = _span(start, end, where)
        except ConfigMistake as mistake:
            found.append(mistake)
            row["valid"] = DateRange(date.min)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := row.keys() - known.keys():
        found.append(ConfigMistake(
            where, f"nobody knows {', '.join(sorted(unknown))}", f"The names are {', '.join(sorted(known))}."
        ))
    for name, one in known.items():
        if name not in row and one.default is MISSING and one.default_factory is MISSING:
            found.append(ConfigMistake(where, f"{name} is missing", "Give it; config/base shows its form."))
    values = {}
    for name, given in row.items():
        if name not in known:
            continue
        try:
            values[name] = _typed(hints[name], given, f"{where}, {name}")
        except ConfigMistake as mistake:
            found.append(mistake)
    if found:
        return None, found
    try:
        return kind(**values), []
    except ValueError as mistake:
        what, mend = (*map(str, mistake.args), "Mend it in the file.")[:2]
        return None, [ConfigMistake(where, what, mend)]


def _span(start: Any, end: Any, where: str) -> DateRange:
    start = _plain(date, start, f"{where}, start")
    if end is not None and _plain(date, end, f"{where}, end") < start:
        raise ConfigMistake(where, f"it ends on {end}, before it starts on {start}", "Mend one of the days.")
    return DateRange(start, end)


def _typed(hint: Any, given: Any, where: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if given is None:
            return None
        [hint] = [one for one in inner if one is not NoneType]
        return _typed(hint, given, where)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        given = table_of(given, where)
        return {_typed(inner[0], key, where): _typed(inner[1], item, where) for key, item in given.items()}
    if origin in (tuple, frozenset):
        if not isinstance(given, list):
            raise ConfigMistake(where, f"{given!r} is not a list", "Write it in square brackets.")
        return origin(_typed(inner[0], item, where) for item in given)
    if is_dataclass(hint):
        return given if isinstance(given, hint) else build(hint, given, where)  # type: ignore[arg-type]
    return _plain(hint, given, where)


def _plain(hint: Any, given: Any, where: str) -> Any:
    try:
        if hint is Decimal and isinstance(given, str | int) and not isinstance(given, bool):
            number = Decimal(given)
            if not number.is_finite():
                raise ValueError(given)
            return number
        if hint is int and isinstance(given, str):  # the keys of a table are text
            return int(given)
        if hint is time and isinstance(given, str):
            return time.fromisoformat(given)
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return hint(given)
    except (ValueError, InvalidOperation):
        allowed = f"One of {', '.join(hint)}." if issubclass(hint, StrEnum) else "config/base shows its form."
        raise ConfigMistake(where, f"{given!r} cannot be used", allowed) from None
    exact = isinstance(given, hint) and isinstance(given, bool) == (hint is bool) if hint is not Any else True
    if exact and not (hint is date and isinstance(given, datetime)):
        return given
    if hint is Decimal:
        raise ConfigMistake(where, f"{given!r} is not exact", 'Write it in quotation marks: "0.107".')
    raise ConfigMistake(where, f"{given!r} is not of type {hint.__name__}", "config/base shows its form.")


def mistakes(kind: Any, given: Any, where: str) -> list[ConfigMistake]:
    """Everything that keeps what a file gives from becoming a value of a type; `build` tells only the first."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is tuple and isinstance(given, list):
        return [no for number, one in enumerate(given, start=1) for no in mistakes(inner[0], one, f"{where} {number}")]
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(given, dict):
        return [no for key, one in given.items() for no in mistakes(inner[1], one, f"{where}, {key}")]
    try:
        if is_dataclass(kind):
            return _fit(kind, given, where)[1]  # type: ignore[type-var]
        _typed(kind, given, where)
    except ConfigMistake as mistake:
        return [mistake]
    return []
