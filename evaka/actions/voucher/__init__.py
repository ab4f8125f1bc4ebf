"""Voucher decisions as they are sent; the months of private units; what the units are paid.

Drafts come from actions/fee.refresh, together with those of the family's fees.
"""

from __future__ import annotations

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import action, next_number, notify
from evaka.actions.fee import refresh
from evaka.actions.voucher.month import draft_payments, freeze, month_of, reckoned
from evaka.actions.voucher.paper import print_decision
from evaka.actions.voucher.payment import confirm_payment, revert_payment, send_payment
from evaka.models.base import db
from evaka.models.voucher import VoucherDecision
from evaka.rules.decision import Channel
from evaka.rules.fee import IN_FORCE, FeeStatus
from evaka.rules.voucher import confirm


@action("voucher.send")
def send(decision: VoucherDecision, by: Actor) -> None:
    """The decision takes effect, earlier ones yield, and the family reads it in the service.

    One that was printed for the post has taken effect already; now it is on its way.
    """
    printed = decision.number is not None
    if not printed and not _put_in_force(decision, by, Channel.PORTAL):
        return
    decision.sent_at = by.now
    if not printed:
        notify(decision.head_id, "voucher_sent", by)


@action("voucher.post")
def post(decision: VoucherDecision, by: Actor) -> None:
    """The decision takes effect and is printed for the post; the office sends it on by hand."""
    _put_in_force(decision, by, Channel.POST)


@action("voucher.ignore")
def ignore(decision: VoucherDecision, by: Actor) -> None:
    """The office lets this one be: while nothing else changes it is not drafted again."""


@action("voucher.restore")
def restore(decision: VoucherDecision, by: Actor) -> None:
    """What was ignored is a draft again, if it is still news."""
    refresh({decision.head_id}, by)


@action("voucher.annul")
def annul(decision: VoucherDecision, by: Actor) -> None:
    """The decision is taken back; what holds instead is drafted at once, and paid months are corrected."""
    decision.changed_at = by.now
    refresh({decision.head_id}, by)


def _put_in_force(decision: VoucherDecision, by: Actor, channel: Channel) -> bool:
    """End what the decision replaces, then number and print it; a decision on nothing only ends, and goes."""
    wanted = decision.status
    with db.session.no_autoflush:  # earlier ones make room first: the database refuses two on one day
        decision.status = FeeStatus.DRAFT
        others = {
            one.id: one
            for one in db.session.scalars(
                select(VoucherDecision).where(
                    VoucherDecision.child_id == decision.child_id, VoucherDecision.status.in_(IN_FORCE)
                )
            )
        }
        done = confirm([decision.decided], [one.decided for one in others.values()])
        for ended in done.ended:
            earlier = others[int(ended.id or 0)]
            earlier.end, earlier.status, earlier.changed_at = ended.period.end, ended.status, by.now
        db.session.flush()
    if not done.sent:
        db.session.delete(decision)
        db.session.flush()
        return False
    decision.status = wanted
    decision.number = next_number("voucher")
    decision.decided_at = by.now
    decision.decided_by = by.name
    decision.document = print_decision(decision, by, channel)
    return True


__all__ = [
    "annul",
    "confirm_payment",
    "draft_payments",
    "freeze",
    "ignore",
    "month_of",
    "post",
    "reckoned",
    "restore",
    "revert_payment",
    "send",
    "send_payment",
]
