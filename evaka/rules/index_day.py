"""The day on which a new fee table changes the fees of many families: the way from a preview to letters that are sent.

Law: the limits and the highest fee are revised by the index every second year (Act 1503/2016, 16 §).  Cents a month.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from evaka.kit.errors import Refused
from evaka.kit.money import Cents
from evaka.kit.workflow import Workflow

EDGES: tuple[Cents, ...] = (-100_00, -50_00, -20_00, -10_00, 0, 10_00, 20_00, 50_00, 100_00)


class IndexDayStatus(StrEnum):
    PREVIEW = "preview"
    DRAFTING = "drafting"
    SENDING = "sending"
    CLOSED = "closed"


INDEX_DAY = Workflow(
    draft=({IndexDayStatus.PREVIEW}, IndexDayStatus.DRAFTING),
    approve=({IndexDayStatus.DRAFTING}, IndexDayStatus.SENDING),
    close=(
        {IndexDayStatus.PREVIEW, IndexDayStatus.DRAFTING, IndexDayStatus.SENDING},
        IndexDayStatus.CLOSED,
    ),
)


class FamilyState(StrEnum):
    """How far a family has come.  An exception is for somebody to look at, and is not sent with the others."""

    WAITING = "waiting"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    DRAFTED = "drafted"
    EXCEPTION = "exception"
    SENT = "sent"


# What a family must be for the work of a stage to be still before it.
BEFORE_IT = {
    IndexDayStatus.PREVIEW: FamilyState.WAITING,
    IndexDayStatus.DRAFTING: FamilyState.CHANGED,
    IndexDayStatus.SENDING: FamilyState.DRAFTED,
}


def check_done(status: IndexDayStatus, waiting: int) -> None:
    """The next stage begins when the one before it has looked at every family."""
    if waiting:
        raise Refused("index_day.not_done", status=status, count=waiting)


@dataclass(frozen=True)
class Bar:
    """So many families whose fee changes by at least `low` and less than `high`; None is without limit."""

    low: Cents | None
    high: Cents | None
    count: int


def histogram(changes: Iterable[tuple[Cents, int]]) -> list[Bar]:
    """Families by the change of their fee, from (change, families); the bars between the outermost that hold any.

    Fees that stay as they are have a bar of their own: `low` and `high` are both 0.
    """
    lows = (None, *EDGES)
    counts = [0] * len(lows)
    same = 0
    for change, families in changes:
        if change == 0:
            same += families
        else:
            counts[sum(change >= edge for edge in EDGES)] += families
    bars = [Bar(low, high, count) for low, high, count in zip(lows, (*EDGES, None), counts, strict=True)]
    middle = EDGES.index(0) + 1
    bars.insert(middle, Bar(0, 0, same))
    held = [place for place, bar in enumerate(bars) if bar.count]
    return bars[held[0] : held[-1] + 1] if held else []
