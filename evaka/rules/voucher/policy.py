"""What a city has decided about its vouchers, besides their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from evaka.kit.dates import Timeline
from evaka.rules.income import Id


@dataclass(frozen=True, slots=True)
class VoucherPolicy:
    """Since when vouchers are decided with this program, what raises their value, where payments begin.

    The value for a child who needs support is raised by a coefficient decided for the voucher, or, when
    `capacity_raises_value`, by how many places the child takes.  Payments are numbered from
    `first_payment_number` on; without it none is sent.
    """

    first_day: date
    capacity_raises_value: bool = False
    first_payment_number: int | None = None

    def support(
        self, coefficients: Mapping[Id, Timeline[Decimal]], capacity: Mapping[Id, Timeline[Decimal]]
    ) -> Mapping[Id, Timeline[Decimal]]:
        """Of the two kinds of coefficients, by child, the one that counts in the value."""
        return capacity if self.capacity_raises_value else coefficients
