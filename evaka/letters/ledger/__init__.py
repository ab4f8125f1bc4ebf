"""Papers for machines: the file for the ledger, e-invoices, and payments for the bank.  Facts in, bytes out."""

from evaka.letters.ledger.finvoice import Buyer, FinvoiceFacts, FinvoiceRow, Seller, Transmission, finvoice
from evaka.letters.ledger.payments import Payer, Transfer, payments
from evaka.letters.ledger.table import MIMETYPES, table_file

__all__ = [
    "MIMETYPES", "Buyer", "FinvoiceFacts", "FinvoiceRow", "Payer", "Seller", "Transfer", "Transmission", "finvoice",
    "payments", "table_file",
]
