"""A month of a unit as a cell of the table: three thousand of them are a page, so each is put together as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from markupsafe import Markup, escape

from evaka.rules.unit import LEVELS, Figures, OccupancyKind, Peaks
from evaka.rules.unit.room import FULL
from evaka.views.page import decimal, told

NONE = "–"
LEAST, MOST = 50, 110  # percents that a bar shows


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """The fullest day of a month: `figure` is the draft level, or what it would be with the chosen child.

    A cell is the same only as itself: what is made of it is found again for the very same figures.
    """

    levels: dict[OccupancyKind, Decimal | None]
    whole: Decimal | None
    draft: Figures | None  # what the highest level stands for
    with_child: Figures | None

    @property
    def top(self) -> Decimal | None:
        return next((self.levels[level] for level in reversed(LEVELS) if level in self.levels), None)

    @property
    def figure(self) -> Decimal | None:
        return self.whole if self.whole is not None else self.top

    @property
    def effect(self) -> Decimal:
        if self.whole is None or self.top is None:
            return Decimal(0)
        return self.whole - self.top

    @property
    def over(self) -> bool:
        return self.figure is not None and self.figure > FULL


@lru_cache(maxsize=1_000)
def cells_of(peaks: Peaks) -> list[Cell]:
    """The cells of a unit, month by month; kept for a unit whose figures are the same as before."""
    levels = list(peaks.levels)
    known: dict[int, Decimal | None] = {}

    def percent(figures: Figures | None) -> Decimal | None:
        if figures is None:
            return None
        if (key := id(figures)) not in known:
            known[key] = figures.percentage
        return known[key]

    found = []
    for number, months in enumerate(zip(*peaks.levels.values(), strict=True)):
        whole = peaks.whole[number] if peaks.whole else None
        found.append(Cell(
            dict(zip(levels, map(percent, months), strict=True)), percent(whole), months[-1], whole))
    return found


def said(percentage: Decimal | None) -> str:
    return NONE if percentage is None else decimal(percentage, 1)


def words() -> tuple[tuple[OccupancyKind, str], ...]:
    """The levels in words, asked once for a table."""
    return tuple((level, str(escape(told(f"occupancy_kind.{level}").lower()))) for level in LEVELS)


@lru_cache(maxsize=1_000)
def html(
    cells: tuple[Cell, ...], url: str, name: str, months: tuple[tuple[str, str], ...],
    levels: tuple[tuple[OccupancyKind, str], ...],
) -> Markup:
    """The cells of a unit, each a link to how its figure came to be; `name` and `url` are escaped already, and `months`
    are (word, first day).  Kept as long as the cells are."""
    known = dict(levels)
    return Markup("").join([
        _html(cell, f"{url}&amp;month={month}", f"{name} {word}", known)
        for cell, (word, month) in zip(cells, months, strict=True)])


def _html(cell: Cell, url: str, name: str, levels: dict[OccupancyKind, str]) -> Markup:
    effect = cell.effect
    over, note = cell.over, ""
    if effect:
        sign = "+" if effect > 0 else "−"
        note = f"<small>{'▲ ' if over else ''}{sign}{written(abs(effect))}</small>"
    elif over:
        note = '<small aria-hidden="true">▲</small>'
    look = f"{' is-effect' if effect else ''}{' is-over' if over else ''}"
    title = " · ".join([f"{levels[level]} {written(value)} %" for level, value in cell.levels.items()])
    return Markup(
        f'<td class="of-cell{look}"><b>{written(cell.figure)}</b>{note}{bars(cell)}'
        f'<a class="of-cell__go" href="{url}" title="{name}: {title}"></a></td>')


def written(percentage: Decimal | None) -> str:
    """As `said`: percentages have their one decimal already."""
    return NONE if percentage is None else str(percentage).replace(".", ",")


def bars(cell: Cell) -> str:
    """Confirmed, planned, draft and the child's effect, one after the other, from 50 to 110 percent."""
    parts, at = [], 0.0
    looks = {
        OccupancyKind.CONFIRMED: 'class="b-confirmed"', OccupancyKind.PLANNED: 'fill="url(#stripe)"',
        OccupancyKind.DRAFT: 'class="b-draft"',
    }
    for level, value in cell.levels.items():
        end = _place(value)
        if end > at:
            parts.append(f'<rect {looks[level]} x="{at:.1f}" y="1" width="{end - at:.1f}" height="8"/>')
            at = end
    if cell.effect:
        start, width = min(at, MOST - LEAST - 2.4), max(_place(cell.whole) - at, 2.4)
        parts.append(f'<rect class="b-effect" x="{start:.1f}" y="1" width="{width:.1f}" height="8"/>')
    return (
        '<svg class="bars" viewBox="0 0 60 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" y="1" width="60" height="8"/>{"".join(parts)}'
        '<line class="limit" x1="50" x2="50" y1="0" y2="10"/></svg>')


def _place(percentage: Decimal | None) -> float:
    return min(max(float(percentage or 0) - LEAST, 0.0), float(MOST - LEAST))


def staff_rows(cells: Sequence[Cell]) -> list[tuple[str, list[str]]]:
    """How many adults the children of each month's fullest day need, and how many are planned."""
    needed, planned = [], []
    for cell in cells:
        figures = cell.with_child or cell.draft
        needed.append(NONE if figures is None else decimal(figures.adults_needed, 2))
        planned.append(NONE if figures is None or figures.adults is None else decimal(figures.adults))
    return [(told("placement.adults_needed"), needed), (told("placement.adults_planned"), planned)]
