"""What leaves the house: the file for the city's ledger by its own layout, e-invoices, and payments for the bank.

Law and standards: bookkeeping material must be traceable both ways (Accounting Act 1336/1997, 2:6 §); Finvoice 3.0
(Finance Finland); SEPA credit transfers (Regulation (EU) 260/2012, ISO 20022 pain.001).
"""

from evaka.rules.ledger.cells import Entry, Facts, Part, cells, check_entry, lines, typed
from evaka.rules.ledger.layout import (
    FACTS,
    Column,
    Each,
    Encoding,
    FileKind,
    Form,
    Kind,
    Layout,
    Line,
    Product,
    Restricted,
    Unheld,
)
from evaka.rules.ledger.policy import Channel, FinvoicePolicy, PaymentPolicy, file_name

__all__ = [
    "FACTS", "Channel", "Column", "Each", "Encoding", "Entry", "Facts", "FileKind", "FinvoicePolicy", "Form", "Kind",
    "Layout", "Line", "Part", "PaymentPolicy", "Product", "Restricted", "Unheld", "cells", "check_entry", "file_name",
    "lines", "typed",
]
