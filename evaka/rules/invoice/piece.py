"""A piece of a child's month, and how its rows and their reckoning are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from evaka.kit.dates import DateRange
from evaka.kit.money import Cents, euros
from evaka.rules.fee import Step
from evaka.rules.fee.step import whole_cents
from evaka.rules.invoice.facts import ChildMonth, Part, Row

LAW = "1503/2016"


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of the month during which a child's part of the decisions says one thing."""

    period: DateRange
    part: Part


def divided(sum: Cents, by: int) -> Cents:
    """A share, rounded half away from zero to a cent."""
    return whole_cents(Decimal(sum) / by)


def row_of(piece: Piece, product: str, amount: int, unit_price: Cents, *steps: Step) -> Row:
    """A row for the piece's child and unit."""
    return Row(piece.part.child, piece.period, product, piece.part.unit, amount, unit_price, steps)


def times(amount: int, unit_price: Cents) -> str:
    """12 × 13,14 € = 157,68 €"""
    return f"{amount} × {euros(unit_price)} = {euros(amount * unit_price)}"


def division(sum: Cents, by: int) -> str:
    """289,00 € / 22 ≈ 13,14 €"""
    equals = "=" if sum % by == 0 else "≈"
    return f"{euros(sum)} / {by} {equals} {euros(divided(sum, by))}"


def charged_dates(days: ChildMonth, piece: Piece) -> list[date]:
    """The charged days that fall in the piece."""
    return [day for day in days.charged_days if day in piece.period]
