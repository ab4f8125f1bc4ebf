"""A day drawn: the children above, the adults planned and needed below, and the same figures for the table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from evaka.rules.booking.span import clock_at
from evaka.rules.forecast import Shortage, Slot, shortages
from evaka.views.page import clock, decimal, told

LEFT, RIGHT = 44, 744
CHILDREN, ADULTS = (24, 108), (144, 228)  # top and bottom of the two parts
TOPS = (4, 8, 12, 16, 20, 24, 32, 40, 60, 80, 100, 120, 160, 200, 240, 320, 400)
BESIDE = 70  # room for the words at the left
TENTH = Decimal("0.1")


def picture(
    day: Sequence[Slot], step: int, now: int | None = None, *, word: str = "forecast.now"
) -> dict[str, Any] | None:
    """What templates/office/day_chart.html draws; None for a day without slots.  `word` names the line at `now`."""
    if not day:
        return None
    first, last = day[0].start, day[-1].start + step
    scale = Decimal(RIGHT - LEFT) / (last - first)
    most = max(slot.children for slot in day)
    top = _top(most), _top(max(max(slot.adults, slot.needed) for slot in day))

    def x(minute: int) -> str:
        return f"{LEFT + (minute - first) * scale:.1f}"

    def y(value: Decimal | int, part: int) -> str:
        above, below = (CHILDREN, ADULTS)[part]
        return f"{below - Decimal(value) / top[part] * (below - above):.1f}"

    def line(values: Sequence[Decimal | int], part: int) -> str:
        steps = "".join(
            f"V{y(value, part)}H{x(slot.start + step)}" for slot, value in zip(day, values, strict=True))
        return f"M{LEFT} {y(values[0], part)}{steps}"

    missing = shortages(day, step)
    peak = next(slot for slot in day if slot.children == most)
    every = 60 if last - first <= 15 * 60 else 120
    return {
        "title": told("forecast.chart", step=step), "about": about(day, missing),
        "grid": [{"y": y(value, part), "text": str(value)} for part in (0, 1)
                 for value in (0, top[part] // 2, top[part])],
        "hours": [{"x": x(at), "text": str(at // 60)} for at in range(first + -first % 60, last + 1, 60)
                  if at // 60 % (every // 60) == 0],
        "children": line([slot.children for slot in day], 0), "adults": line([slot.adults for slot in day], 1),
        "needed": line([slot.needed for slot in day], 1),
        "ground": (f"V{CHILDREN[1]}H{LEFT}Z", f"V{ADULTS[1]}H{LEFT}Z"),
        "peak": {"x": x(min(max(peak.start + step // 2, first + 50), last - 20)), "y": f"{float(y(most, 0)) - 5:.1f}",
                 "text": str(most)} if most else None,
        "missing": [
            {"x": x(slot.start), "y": y(slot.needed, 1), "width": f"{step * scale:.1f}",
             "height": f"{float(y(slot.adults, 1)) - float(y(slot.needed, 1)):.1f}"} for slot in day if slot.short],
        "worst": _worst(missing, x, (first + last) // 2),
        "now": {"x": x(now), "text": told(word, at=clock_at(now)), "end": now > (first + last) // 2}
        if now is not None and first <= now < last else None,
        "head": [told(f"forecast.{name}") for name in ("at", "children", "needed", "planned", "difference")],
        "rows": [
            [clock(clock_at(slot.start)), str(slot.children), decimal(slot.needed, 1),
             decimal(slot.adults.quantize(TENTH, ROUND_HALF_UP), 1), difference(slot), bool(slot.short)]
            for slot in day],
    }


def _top(value: Decimal | int) -> int:
    """A round figure at the top of a scale, even, so that its half is whole."""
    return next((one for one in TOPS if one >= value), int(value) + int(value) % 2)


def _worst(missing: Sequence[Shortage], x: Any, middle: int) -> dict[str, Any] | None:
    """The words at the moment when most adults are missing."""
    worst = max(missing, key=lambda one: one.most, default=None)
    if worst is None:
        return None
    return {"x": f"{max(float(x(worst.worst)), LEFT + BESIDE):.1f}", "end": worst.worst > middle,
            "text": told("forecast.missing", at=clock_at(worst.worst), adults=decimal(worst.most, 1))}


def difference(slot: Slot) -> str:
    """+1,3 or −1,2 adults."""
    left = slot.adults.quantize(TENTH, ROUND_HALF_UP) - slot.needed
    return f"{'−' if left < 0 else '+'}{decimal(abs(left), 1)}"


def about(day: Sequence[Slot], missing: Sequence[Shortage]) -> str:
    """What the picture shows, for who does not see it."""
    peak = max(day, key=lambda slot: slot.children)
    most = told("forecast.chart.most", children=peak.children, at=clock_at(peak.start))
    if not missing:
        return f"{most} {told('forecast.chart.enough')}"
    return f"{most} {told('forecast.chart.short', times=times(missing))}"


def times(missing: Sequence[Shortage]) -> str:
    """7.15–7.45, 13.30–14.00"""
    return ", ".join(f"{clock(clock_at(one.start))}–{clock(clock_at(one.end))}" for one in missing)
