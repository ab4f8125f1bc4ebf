"""Payments to private units as credit transfers for the bank."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import Actor, within
from evaka.actions.ledger.invoices import first_language
from evaka.actions.ledger.policy import payment_policy
from evaka.actions.ledger.prepared import Prepared, Trouble
from evaka.kit.errors import Refused
from evaka.kit.references import check_iban
from evaka.letters.ledger import Payer, Transfer, payments
from evaka.models.base import db
from evaka.models.ledger import waiting_payments
from evaka.models.voucher import Payment
from evaka.texts import say


def prepared_payments(by: Actor) -> Prepared:
    """The sent payments that no file for the bank holds yet."""
    mine = within(by, "payment.view", Payment)
    return payments_of(db.session.scalars(waiting_payments(payment_policy().since).where(mine)).all(), by)


def payments_of(ids: Sequence[int], by: Actor) -> Prepared:
    """The file of these payments; of those whose account is none it is told why.

    Each is paid on its due day, or today when that is over; the bank moves it on to its next day of business.
    """
    policy = payment_policy()
    payer = Payer(policy.name, check_iban(policy.iban), policy.bic)
    found = db.session.scalars(
        select(Payment).where(Payment.id.in_(ids)).order_by(Payment.number).options(joinedload(Payment.unit)))
    good: list[tuple[int, bool]] = []
    transfers: list[Transfer] = []
    troubles: list[Trouble] = []
    for payment in found:
        try:
            transfers.append(_transfer(payment, by))
            good.append((payment.id, False))
        except Refused as no:
            troubles.append(Trouble(payment.id, str(payment), no))

    def write(number: int) -> tuple[str, str, bytes]:
        message, name = f"EVAKA-{by.today:%Y%m%d}-{number}", f"pain001-{by.today:%Y%m%d}-{number}.xml"
        content = payments(payer, transfers, message=message, at=by.now, version=policy.version)
        return name, "application/xml", content

    return Prepared(good, sum(one.amount for one in transfers), write, troubles=troubles)


def _transfer(payment: Payment, by: Actor) -> Transfer:
    """Refused with the unit's name when the account, as it was kept on sending, is none."""
    try:
        iban = check_iban(payment.iban)
    except Refused:
        raise Refused("ledger.wrong_account", unit=str(payment.unit), iban=payment.iban) from None
    month = f"{payment.start.month}/{payment.start.year}"
    return Transfer(
        id=str(payment.number), name=payment.payee_name, iban=iban, amount=payment.amount,
        message=say("ledger.payment_message", first_language(), month=month, unit=payment.unit.name,
                    number=payment.number),
        day=max(payment.due or by.today, by.today),
    )
