"""Vouchers in the office: decisions, the months of private units and their payments; and those of a guardian's own."""

from evaka.views.voucher.decisions import VoucherScreen
from evaka.views.voucher.mine import MyVouchers
from evaka.views.voucher.months import ReportRowScreen, ReportScreen
from evaka.views.voucher.payments import PayeeScreen, PaymentScreen

__all__ = ["MyVouchers", "PayeeScreen", "PaymentScreen", "ReportRowScreen", "ReportScreen", "VoucherScreen"]
