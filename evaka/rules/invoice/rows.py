"""The rows of one child: care, alterations, surplus days, refunds, the month's reduction, rounding.

Law: Act 1503/2016 (illness, a whole month away, closed days).  Cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from evaka.kit.dates import add_months
from evaka.kit.money import euros
from evaka.rules.fee import Step, temporary_price
from evaka.rules.invoice.facts import Charge, ChildMonth, Row
from evaka.rules.invoice.piece import LAW, Piece, charged_dates, divided, division, row_of, times
from evaka.rules.invoice.policy import Product, care_product
from evaka.rules.invoice.surplus import surplus_days, surplus_rows
from evaka.rules.placement import CareType


def child_rows(days: ChildMonth, pieces: Sequence[Piece], charges: Sequence[Charge]) -> list[Row]:
    """All rows of a child, in order; `charges` are the head's decisions of the month.

    Days above the contract never lead above full-time care, the care of the rest of the month included.
    """
    rows: list[Row] = []
    charged = 0
    reduction = monthly_reduction(days)
    cares = [_care_rows(days, piece) for piece in pieces]
    later = [[row for care in cares[number + 1 :] for row in care] for number in range(len(cares))]
    for number, piece in enumerate(pieces):
        care = cares[number]
        added = list(care)
        if reduction not in (Product.SICK_FULL_MONTH, Product.ABSENCE_HALF):
            extra = surplus_days(days, piece, charged)
            so_far = sum(row.price for row in rows + care + later[number])
            if surplus := surplus_rows(days, piece, charges, extra=extra, so_far=so_far):
                charged += extra
                added += surplus
        if care:
            added += _refund_rows(days, piece, care)
            added += _reduction_rows(days, piece, reduction, added)
        rows += added
    return rows + _rounding_rows(days, rows, charges)


def temporary_rows(days: ChildMonth, piece: Piece, sibling: int) -> list[Row]:
    """Temporary care costs a price a day, on days without absence."""
    part_day = piece.part.care_type is CareType.TEMPORARY_PART_DAY
    dates = charged_dates(days, piece)
    if not part_day or days.policy.part_day_absence_refunded:
        dates = [day for day in dates if day not in days.absences]
    price = temporary_price(days.month.table, part_day=part_day, sibling=sibling)
    if not dates:
        return []
    step = Step(
        "invoice.step.temporary", len(dates) * price, times(len(dates), price), LAW, {"sibling": sibling}
    )
    return [row_of(piece, care_product(piece.part.care_type), len(dates), price, step)]


def monthly_reduction(days: ChildMonth) -> Product | None:
    """What the month's absences do to the fee: all ill, ill long enough, all away; the first that is true."""
    all_days = days.care_days
    away = [days.absences[day] for day in all_days if day in days.absences]
    sick = sum(1 for kind in away if kind in days.policy.sick)
    if sick == len(all_days):
        return Product.SICK_FULL_MONTH
    if sick >= days.policy.half_from_sick_days:
        return Product.SICK_HALF
    return Product.ABSENCE_HALF if len(away) == len(all_days) else None


def _care_rows(days: ChildMonth, piece: Piece) -> list[Row]:
    """The fee before alterations and each alteration, for a full month or by the day."""
    dates = charged_dates(days, piece)
    if not dates:
        return []
    part = piece.part
    parts = [(care_product(part.care_type), part.fee)]
    parts += [(Product(alteration.kind), effect) for alteration, effect in part.alterations]
    rows = []
    for product, price in parts:
        if len(dates) == days.full:
            step = Step("invoice.step.full_month", price, euros(price), LAW, {"days": len(dates)})
            rows.append(row_of(piece, product, 1, price, step))
            continue
        daily = divided(price, days.divisor)
        facts = {"days": len(dates), "divisor": days.divisor}
        rows.append(
            row_of(
                piece,
                product,
                len(dates),
                daily,
                Step("invoice.step.daily_price", daily, division(price, days.divisor), LAW, facts),
                Step("invoice.step.days", len(dates) * daily, times(len(dates), daily), LAW, facts),
            )
        )
    return rows


def _refund_rows(days: ChildMonth, piece: Piece, care: Sequence[Row]) -> list[Row]:
    """A day's price back for each day of refunded absence; all, but never more, when these are as many as charged."""
    policy = days.policy
    second_birthday = add_months(days.month.born[days.child], 24)
    refunded = [
        day
        for day in days.care_days
        if day in piece.period
        and (
            days.absences.get(day) in policy.refunded
            or (days.absences.get(day) in policy.refunded_babies and day <= second_birthday)
        )
    ]
    if not refunded:
        return []
    total = sum(row.price for row in care)
    facts = {"days": len(refunded)}
    charged = len(charged_dates(days, piece))
    by = days.divisor if charged == days.full else charged
    daily = -divided(total, by)
    whole_month = len(refunded) >= days.full
    if whole_month or len(refunded) * -daily > total:
        key = "invoice.step.refund_all" if whole_month else "invoice.step.refund_as_charged"
        step = Step(key, -total, euros(-total), LAW, facts)
        return [row_of(piece, Product.DAILY_REFUND, 1, -total, step)]
    return [
        row_of(
            piece,
            Product.DAILY_REFUND,
            len(refunded),
            daily,
            Step("invoice.step.refund_price", daily, division(-total, by), LAW, facts),
            Step("invoice.step.refund_days", len(refunded) * daily, times(len(refunded), daily), LAW, facts),
        )
    ]


def _reduction_rows(
    days: ChildMonth, piece: Piece, reduction: Product | None, rows: Sequence[Row]
) -> list[Row]:
    total, amount = sum(row.price for row in rows), rows[0].amount
    if reduction is None or not total:
        return []
    whole = -total if reduction is Product.SICK_FULL_MONTH else -divided(total, 2)
    each = divided(whole, amount)
    written = euros(whole) if amount == 1 else division(whole, amount)
    facts = {"of": euros(total), "days": days.policy.half_from_sick_days}
    step = Step(f"invoice.step.{reduction}", amount * each, written, LAW, facts)
    return [row_of(piece, reduction, amount, each, step)]


def _rounding_rows(days: ChildMonth, rows: Sequence[Row], charges: Iterable[Charge]) -> list[Row]:
    """Cents lost in days' prices come back, when the child had one fee all month."""
    finals = {part.final for charge in charges for part in charge.parts if part.child == days.child}
    if not rows or len(finals) != 1:
        return []
    [final] = finals
    total = sum(row.price for row in rows)
    lost = final - total
    if not 0 < abs(lost) < days.policy.rounding_below:
        return []
    written = f"{euros(final)} − {euros(total)} = {euros(lost)}"
    step = Step("invoice.step.rounding", lost, written)
    return [replace(rows[0], period=days.month.period, amount=1, unit_price=lost, steps=(step,))]
