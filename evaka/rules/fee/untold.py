"""Decisions over time, whatever they decide: what a family has not been told yet, and the drafts it makes.

A decision that was sent stands until something else is owed.  What two decisions say is compared by a
function: no differences at all mean that they say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from evaka.kit.dates import DAY, DateRange, Timeline
from evaka.rules.income import Id


class Content(Protocol):
    """What a decision says; an empty one grants nothing and only ends what was said before."""

    @property
    def empty(self) -> bool: ...


C = TypeVar("C", bound=Content)
D = TypeVar("D", bound=StrEnum)
Differences = Callable[[C, C], AbstractSet[D]]


@dataclass(frozen=True, slots=True)
class Draft(Generic[C, D]):
    """What should be drafted; `id` is that of the draft which says this already."""

    period: DateRange
    content: C
    id: Id | None
    differences: frozenset[D]


def joined(
    spans: Iterable[tuple[DateRange, C]], differences: Differences[C, D]
) -> list[tuple[DateRange, C]]:
    """Neighbours that touch or overlap and say the same become one."""
    found: list[tuple[DateRange, C]] = []
    for period, owed in spans:
        if found:
            before, said = found[-1]
            if before.last_day >= period.start - DAY and not differences(said, owed):
                found[-1] = (DateRange(before.start, max(before.last_day, period.last_day)), said)
                continue
        found.append((period, owed))
    return found


def untold(owed: Timeline[C], told: Timeline[C], differences: Differences[C, D]) -> Timeline[C]:
    """The part of `owed` that has not been told yet; an empty span says that an earlier decision ends.

    A decision that was sent stands until the first day on which something else is owed; sending that ends
    it, so even the same later on must then be decided anew.
    """
    new = list(owed.spans)
    fresh = [span for span in new if not _stands(*span, new, told, differences)]
    news = joined(
        (span for span in fresh if not span[1].empty or any(sent & span[0] for sent in told.periods())),
        differences,
    )
    return Timeline(span for span in news if not _stands(*span, new, told, differences))


def _stands(
    period: DateRange,
    owed: C,
    new: Sequence[tuple[DateRange, C]],
    told: Timeline[C],
    differences: Differences[C, D],
) -> bool:
    """Whether a decision that was sent says this already, and will go on to stand on all of these days."""
    for sent, said in told.spans:
        if sent & period != period or differences(said, owed):
            continue
        changes = [later.start for later, content in new if later & sent and differences(content, said)]
        last = min(changes) - DAY if changes else sent.last_day
        if period.last_day <= last:
            return True
    return False


def drafted(
    owed: Timeline[C],
    told: Timeline[C],
    differences: Differences[C, D],
    *,
    drafts: Iterable[tuple[DateRange, C, Id | None]],
    ignored: Iterable[tuple[DateRange, C]],
    first_day: date,
) -> list[Draft[C, D]]:
    """The drafts that there should be now, from `first_day` on.

    One of the `drafts` that says the same of the same days keeps its id; what the office chose to ignore is
    not drafted again.  Doing it twice changes nothing.
    """
    known = [(period, content, id, False) for period, content, id in drafts]
    known += [(period, content, None, True) for period, content in ignored]
    fresh: list[tuple[DateRange, C, Id | None]] = []
    for period, content in untold(owed, told, differences).spans:
        cut = DateRange(max(period.start, first_day), period.end)
        same = [one for one in known if one[0] == cut and not differences(one[1], content)]
        if any(is_ignored for _, _, _, is_ignored in same):
            continue
        fresh.append((cut, content, same[0][2] if same else None))
    spans = [(period, content) for period, content, _ in fresh]
    return [
        Draft(period, content, id, _changed(period, content, spans, told, differences))
        for period, content, id in fresh
    ]


def _changed(
    period: DateRange,
    content: C,
    fresh: Sequence[tuple[DateRange, C]],
    told: Timeline[C],
    differences: Differences[C, D],
) -> frozenset[D]:
    """What changed since the decision before: the draft that ends the day before, or else a sent one."""
    if content.empty:
        return frozenset()
    drafts = [(other, said) for other, said in fresh if said is not content and not said.empty]
    for earlier in (drafts, told.spans):
        found: set[D] = set()
        for other, said in earlier:
            if other & period or other.last_day == period.start - DAY:
                found |= differences(said, content)
        if found:
            return frozenset(found)
    return frozenset()
