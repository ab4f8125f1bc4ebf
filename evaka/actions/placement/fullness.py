"""Whether the city asks a reason of whoever fills a unit beyond its adults, or refuses it."""

from __future__ import annotations

from collections.abc import Sequence

from evaka.actions.placement.grid import fullest_days
from evaka.actions.placement.thought import Thought, bar_policy, offer_of, room_of, wish_of
from evaka.kit.dates import DateRange
from evaka.rules.placement.plan import Severity, bars, check_bars
from evaka.rules.unit import OccupancyKind, months
from evaka.rules.unit.room import FULL


def check_fullness(thoughts: Sequence[Thought]) -> None:
    """Refuse drafts, which are saved already, that make the fullest day of some month of theirs too full.

    Nothing is reckoned where the city only wants to be told: the desk tells it.
    """
    policy = bar_policy()
    if policy.overfull is Severity.TELL or not thoughts:
        return
    period = DateRange(
        min(one.days.period.start for one in thoughts), max(one.days.period.last_day for one in thoughts))
    spans = list(months(period))
    found = fullest_days({one.unit.id: one.unit for one in thoughts}.values(), period, levels=[OccupancyKind.DRAFT])
    for one in thoughts:
        worst = max((
            figures.percentage for figures, month in zip(
                found[one.unit.id].levels[OccupancyKind.DRAFT], spans, strict=True)
            if figures is not None and figures.percentage is not None and month & one.days.period), default=None)
        if worst is not None and worst > FULL:
            room = room_of(one.unit, worst=f"{worst:.1f}".replace(".", ","))
            against = bars(one.days.period, wish_of(one.application), offer_of(one.unit), room)
            check_bars([no for no in against if no.key == "placement.overfull"], policy, one.despite)
