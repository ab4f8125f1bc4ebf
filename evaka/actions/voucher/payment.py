"""The life of a payment to a private unit."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select

from evaka.access import Actor
from evaka.actions import action, next_number
from evaka.actions.fee.vouchers import policy
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.voucher import Payment
from evaka.rules.voucher import Payee, PaymentStatus, send
from evaka.rules.voucher import Payment as Due


@action("payment.confirm")
def confirm_payment(payment: Payment, by: Actor) -> None:
    """The sum is right and may be paid; it is not drafted anew any more."""


@action("payment.revert")
def revert_payment(payment: Payment, by: Actor) -> None:
    """The payment is a draft again."""


@action("payment.send")
def send_payment(payment: Payment, by: Actor, *, paid_on: date, due: date) -> None:
    """The payment gets a number, and keeps to whom it goes: what is known of the unit today."""
    if due < paid_on:
        raise Refused("payment.due_before_paid", paid_on=paid_on, due=due)
    payee = payment.payee.payee if payment.payee else Payee()
    if not payee.complete:
        raise Refused("payment.payee_incomplete", unit=str(payment.unit))
    next_number("payment")  # those who send at the same time wait here for one another
    [sent] = send(
        [Due(payment.unit_id, payment.period, payment.amount, PaymentStatus.CONFIRMED)],
        {payment.unit_id: payee},
        first_number=policy().first_payment_number,
        last_number=db.session.scalar(select(func.max(Payment.number))),
        paid_on=paid_on,
        due=due,
    )
    payment.number, payment.paid_on, payment.due, payment.sent_at = sent.number, sent.paid_on, sent.due, by.now
    payment.payee_name, payment.business_id = payee.name, payee.business_id
    payment.iban, payment.provider_id = payee.iban, payee.provider_id
