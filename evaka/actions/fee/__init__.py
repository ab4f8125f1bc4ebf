"""From what is known of a family to the fee decisions it is sent, and the reliefs of a child's fee."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import Euros, Long, action, next_number, notify
from evaka.actions.fee.draft import refresh
from evaka.actions.fee.family import facts_of
from evaka.actions.fee.paper import print_decision
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.fee import FeeAlteration, FeeDecision
from evaka.models.person import HeadOfChild, Person
from evaka.rules.decision import Channel
from evaka.rules.fee import IN_FORCE, AlterationKind, FeeStatus, confirm

# -- the life of a decision -------------------------------------------------------------------------


@action("fee.send")
def send(decision: FeeDecision, by: Actor) -> None:
    """The decision takes effect, earlier ones yield, and the family reads it in the service.

    One that was printed for the post has taken effect already; now it is on its way.
    """
    printed = decision.number is not None
    if not printed and not _put_in_force(decision, by, Channel.PORTAL):
        return
    decision.sent_at = by.now
    if not printed:
        notify(decision.head_id, "fee_sent", by)


@action("fee.post")
def post(decision: FeeDecision, by: Actor) -> None:
    """The decision takes effect and is printed for the post; the office sends it on by hand."""
    _put_in_force(decision, by, Channel.POST)


@action("fee.ignore")
def ignore(decision: FeeDecision, by: Actor) -> None:
    """The office lets this one be: while nothing else changes it is not drafted again."""


@action("fee.restore")
def restore(decision: FeeDecision, by: Actor) -> None:
    """What was ignored is a draft again, if it is still news."""
    refresh({decision.head_id}, by)


@action("fee.annul")
def annul(decision: FeeDecision, by: Actor) -> None:
    """The decision is taken back; what is owed instead is drafted at once."""
    refresh({decision.head_id}, by)


def _put_in_force(decision: FeeDecision, by: Actor, channel: Channel) -> bool:
    """End what the decision replaces, then number and print it; a decision on nothing only ends, and goes."""
    wanted = decision.status
    heads = {decision.head_id, decision.partner_id or decision.head_id}
    with db.session.no_autoflush:  # earlier ones make room first: the database refuses two on one day
        decision.status = FeeStatus.DRAFT
        others = {
            one.id: one
            for one in db.session.scalars(
                select(FeeDecision).where(FeeDecision.head_id.in_(heads), FeeDecision.status.in_(IN_FORCE))
            )
        }
        done = confirm([decision.decided], [one.decided for one in others.values()])
        if done.held:
            raise Refused("fee.earlier_waits_for_post", head=str(decision.head))
        for ended in done.ended:
            earlier = others[int(ended.id or 0)]
            earlier.end, earlier.status = ended.period.end, ended.status
        db.session.flush()
    if not done.sent:
        db.session.delete(decision)
        db.session.flush()
        return False
    decision.status = wanted
    decision.number = next_number("fee")
    decision.decided_by = by.name
    decision.document = print_decision(decision, by, channel)
    return True


# -- reliefs ----------------------------------------------------------------------------------------


@action("fee.relief")
def relief(
    child: Person,
    by: Actor,
    *,
    kind: AlterationKind = AlterationKind.RELIEF,
    start: date,
    end: date | None = None,
    amount: Euros | None = None,
    percent: int | None = None,
    notes: Long = "",
) -> FeeAlteration:
    """One child's fee is made less, or more, for a time: by euros a month or by a share of the fee."""
    if (amount is None) == (percent is None):
        raise Refused("fee.relief_one_amount")
    if (amount is not None and amount <= 0) or (percent is not None and not 0 < percent <= 100):
        raise Refused("fee.relief_amount")
    if end is not None and end < start:
        raise Refused("fee.relief_ends_before_start", start=start, end=end)
    alteration = FeeAlteration(
        child_id=child.id,
        kind=kind,
        start=start,
        end=end,
        notes=notes,
        amount=amount if amount is not None else percent,
        absolute=amount is not None,
    )
    db.session.add(alteration)
    refresh(heads_of({child.id}), by)
    return alteration


@action("fee.end_relief")
def end_relief(alteration: FeeAlteration, by: Actor, *, end: date) -> None:
    """The relief ends, earlier or later than it was thought."""
    if end < alteration.start:
        raise Refused("fee.relief_ends_before_start", start=alteration.start, end=end)
    alteration.end = end
    refresh(heads_of({alteration.child_id}), by)


@action("fee.drop_relief")
def drop_relief(alteration: FeeAlteration, by: Actor) -> None:
    """The relief was entered by mistake: it is as if it had never been."""
    db.session.delete(alteration)
    refresh(heads_of({alteration.child_id}), by)


def heads_of(people: set[int]) -> set[int]:
    """Whose fees depend on these people: their own, and those of the heads of those who are children."""
    heads = select(HeadOfChild.head_id).where(HeadOfChild.child_id.in_(people))
    return people | set(db.session.scalars(heads))


__all__ = [
    "annul",
    "drop_relief",
    "end_relief",
    "facts_of",
    "heads_of",
    "ignore",
    "post",
    "refresh",
    "relief",
    "restore",
    "send",
]
