"""The monthly fee for early childhood education: table, price of a child, family over time, decision.

Law: Act on Client Fees in Early Childhood Education (1503/2016).  The figures come from the city's fee
tables.
"""

from evaka.rules.fee.decision import (
    FEE,
    IN_FORCE,
    Confirmed,
    Difference,
    FeeDecision,
    FeeStatus,
    confirm,
    differences,
    drafts,
    merged,
    news,
)
from evaka.rules.fee.family import (
    Care,
    Child,
    Facts,
    Fees,
    Household,
    Limits,
    Line,
    Need,
    fees,
    fees_on,
    household,
    pays_for,
    spans_of_care,
)
from evaka.rules.fee.price import Alteration, AlterationKind, ChildFee, child_fee
from evaka.rules.fee.step import Step
from evaka.rules.fee.table import (
    FeeTable,
    OptionPrice,
    Rounding,
    TemporaryPrices,
    base_fee,
    reckoned_highest,
    table_on,
    temporary_price,
)

__all__ = [
    "FEE",
    "IN_FORCE",
    "Alteration",
    "AlterationKind",
    "Care",
    "Child",
    "ChildFee",
    "Confirmed",
    "Difference",
    "Facts",
    "FeeDecision",
    "FeeStatus",
    "FeeTable",
    "Fees",
    "Household",
    "Limits",
    "Line",
    "Need",
    "OptionPrice",
    "Rounding",
    "Step",
    "TemporaryPrices",
    "base_fee",
    "child_fee",
    "confirm",
    "differences",
    "drafts",
    "fees",
    "fees_on",
    "household",
    "merged",
    "news",
    "pays_for",
    "reckoned_highest",
    "spans_of_care",
    "table_on",
    "temporary_price",
]
