"""The monthly invoice: a month's rows by days of care, absences, corrections and replacements.

Law: Act on Client Fees in Early Childhood Education (1503/2016), and the city's own decisions.
"""

from evaka.rules.invoice.correction import Correction, applied, left_over
from evaka.rules.invoice.facts import Charge, ChildMonth, Month, Part, Place, Row
from evaka.rules.invoice.free import FreeChoice, free_by_choice, free_in_july
from evaka.rules.invoice.month import Invoice, invoices
from evaka.rules.invoice.policy import (
    INVOICE,
    InvoicePolicy,
    InvoiceStatus,
    Product,
    care_product,
    due_date,
    invoice_date,
)
from evaka.rules.invoice.replacement import (
    ReplacementReason,
    SentInvoice,
    check_reason,
    months_to_check,
    replacement,
)

__all__ = [
    "INVOICE",
    "Charge",
    "ChildMonth",
    "Correction",
    "FreeChoice",
    "Invoice",
    "InvoicePolicy",
    "InvoiceStatus",
    "Month",
    "Part",
    "Place",
    "Product",
    "ReplacementReason",
    "Row",
    "SentInvoice",
    "applied",
    "care_product",
    "check_reason",
    "due_date",
    "free_by_choice",
    "free_in_july",
    "invoice_date",
    "invoices",
    "left_over",
    "months_to_check",
    "replacement",
]
