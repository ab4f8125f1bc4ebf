"""The life of a change to a city's table, and what changes in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from evaka.kit.errors import Refused
from evaka.kit.workflow import Workflow


class TableStatus(StrEnum):
    DRAFT = "draft"
    PROPOSED = "proposed"
    PUBLISHED = "published"
    DISCARDED = "discarded"


CITY_TABLE = Workflow(
    propose=({TableStatus.DRAFT}, TableStatus.PROPOSED),
    hand_back=({TableStatus.PROPOSED}, TableStatus.DRAFT),
    publish=({TableStatus.DRAFT, TableStatus.PROPOSED}, TableStatus.PUBLISHED),
    discard=({TableStatus.DRAFT, TableStatus.PROPOSED}, TableStatus.DISCARDED),
)


@dataclass(frozen=True)
class ChangePolicy:
    """[changes] of city.toml: the files whose changes need a second person, besides the one who wrote them."""

    four_eyes: frozenset[str] = frozenset()


def check_second(file: str, policy: ChangePolicy, *, proposed: bool, writer: int | None, publisher: int | None) -> None:
    """Where the city wants four eyes, a change is proposed by one person and published by another."""
    if file not in policy.four_eyes:
        return
    if not proposed:
        raise Refused("city.propose_first", file=file)
    if writer is not None and writer == publisher:
        raise Refused("city.needs_another", file=file)


@dataclass(frozen=True)
class Change:
    """One value of a table before and after; None: it is not there."""

    path: str
    before: Any
    after: Any


def changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """What differs between two states of a table, value by value, in the order of the file."""
    old, new = _inside(before), _inside(after)
    if old is None or new is None:
        if before != after:
            yield Change(path, before, after)
        return
    for key in dict.fromkeys([*old, *new]):
        yield from changes(old.get(key), new.get(key), f"{path}, {key}" if path else str(key))


def _inside(value: Any) -> Mapping[Any, Any] | None:
    """The parts of a table or of a list of tables, by name or by number; None: the value has no parts."""
    if isinstance(value, Mapping):
        return value
    if value is None or (isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value)):
        return {_title(one, n): one for n, one in enumerate(value or [], start=1)}
    return None


def _title(row: Mapping[str, Any], number: int) -> str:
    """A row of [[table]] is told apart by the day from which it holds, or by its name."""
    return str(row.get("start") or row.get("name") or number)
