"""Days above the contract days: each costs its share of the fee, up to what full-time care would cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from evaka.kit.dates import DateRange
from evaka.kit.money import Cents, euros, whole_euros
from evaka.rules.calendar import is_business_day
from evaka.rules.fee import Step
from evaka.rules.invoice.facts import Charge, ChildMonth, Part, Row
from evaka.rules.invoice.piece import LAW, Piece, divided, division, row_of, times
from evaka.rules.invoice.policy import Product
from evaka.rules.placement import CareType

CAPPED_BY_USUAL_NEED = frozenset({CareType.PRESCHOOL_DAYCARE, CareType.PREPARATORY_DAYCARE})


def _attended(days: ChildMonth, piece: Piece) -> int:
    """How many days of the contract are used up by the end of the piece."""
    policy, last = days.policy, piece.period.last_day
    came = sum(1 for day in days.attendance if day <= last and day not in days.absences)
    if not policy.absences_are_surplus:
        return came
    care_days = set(days.care_days)
    return came + sum(
        1
        for day, kind in days.absences.items()
        if day <= last and day in care_days and kind not in policy.never_surplus
    )


def surplus_days(days: ChildMonth, piece: Piece, charged: int) -> int:
    """How many days above the contract are left to charge by the piece's end; `charged` have been already."""
    if days.contract_days is None:
        return 0
    return max(_attended(days, piece) - days.contract_days - charged, 0)


def surplus_rows(
    days: ChildMonth, piece: Piece, charges: Sequence[Charge], *, extra: int, so_far: Cents
) -> list[Row]:
    """What `extra` days cost, but with the rows `so_far` never more in all than full-time care."""
    if not extra or days.contract_days is None:
        return []
    price = divided(piece.part.final, days.contract_days)
    highest = _highest(days, charges)
    after = days.policy.highest_after_days
    facts = {"days": extra, "contract_days": days.contract_days}
    steps: tuple[Step, ...]
    if so_far + extra * price > highest or (after is not None and _attended(days, piece) > after):
        amount, price = 1, highest - so_far
        written = f"{euros(highest)} − {euros(so_far)} = {euros(price)}"
        steps = (
            Step("invoice.step.surplus_highest", price, written, LAW, facts | {"highest": euros(highest)}),
        )
    else:
        amount = extra
        daily = division(piece.part.final, days.contract_days)
        steps = (
            Step("invoice.step.surplus_price", price, daily, LAW, facts),
            Step("invoice.step.surplus_days", extra * price, times(extra, price), LAW, facts),
        )
    return [row_of(piece, Product.SURPLUS_DAYS, amount, price, *steps)] if price > 0 else []


def _highest(days: ChildMonth, charges: Sequence[Charge]) -> Cents:
    """What full-time care would have cost this child this month: surplus days never lead above it."""
    month = days.month
    each = [
        (common, _highest_of(days, part))
        for charge in charges
        if (common := charge.period & month.period)
        for part in charge.parts
        if part.child == days.child
    ]
    if days.contracted:
        return max(highest for _, highest in each)
    shares = (Decimal(highest * _business_days(period)) / month.business_days for period, highest in each)
    return int(sum(share.quantize(Decimal("0.01"), ROUND_HALF_UP) for share in shares))


def _business_days(period: DateRange) -> int:
    return sum(1 for day in period.days() if is_business_day(day))


def _highest_of(days: ChildMonth, part: Part) -> Cents:
    highest = whole_euros(Decimal(part.base * (100 - part.sibling_percent)) / 100)
    for alteration, _ in part.alterations:
        highest += alteration.effect(highest)
    if part.care_type in CAPPED_BY_USUAL_NEED:
        usual = days.month.usual_coefficients.get(part.care_type, Decimal(1))
        return min(highest, int(usual * highest))
    return highest
