"""Service vouchers: a value by age, hours and support, the family's co-payment, what private units are paid.

Law: Act 1503/2016 (the co-payment is reckoned as a fee); the city decides the values.
"""

from evaka.rules.voucher.decision import (
    VOUCHER,
    Confirmed,
    VoucherDecision,
    VoucherDifference,
    confirm,
    differences,
    drafts,
)
from evaka.rules.voucher.family import Voucher, VoucherFacts, voucher_on, vouchers
from evaka.rules.voucher.payment import PAYMENT, Payee, Payment, PaymentStatus, payments, send
from evaka.rules.voucher.policy import VoucherPolicy
from evaka.rules.voucher.report import (
    MONTH,
    FrozenMonth,
    MonthStatus,
    ReportRow,
    RowKind,
    SentVoucher,
    freeze,
    report,
    without_pairs,
)
from evaka.rules.voucher.value import (
    AgeGroup,
    AgeValues,
    NeedValue,
    VoucherTable,
    VoucherValue,
    age_group,
    table_on,
    value_from,
    voucher_value,
)

__all__ = [
    "MONTH",
    "PAYMENT",
    "VOUCHER",
    "AgeGroup",
    "AgeValues",
    "Confirmed",
    "FrozenMonth",
    "MonthStatus",
    "NeedValue",
    "Payee",
    "Payment",
    "PaymentStatus",
    "ReportRow",
    "RowKind",
    "SentVoucher",
    "Voucher",
    "VoucherDecision",
    "VoucherDifference",
    "VoucherFacts",
    "VoucherPolicy",
    "VoucherTable",
    "VoucherValue",
    "age_group",
    "confirm",
    "differences",
    "drafts",
    "freeze",
    "payments",
    "report",
    "send",
    "table_on",
    "value_from",
    "voucher_on",
    "voucher_value",
    "vouchers",
    "without_pairs",
]
