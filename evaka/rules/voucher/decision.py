"""The voucher decision: one for each child, what of it is news, and what sending does to earlier ones.

Its life is that of a fee decision.  Unlike there, decisions are compared by child: when the child moves to
another household, the earlier decision ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.rules import fee
from evaka.rules.fee import FEE, IN_FORCE, FeeStatus
from evaka.rules.fee.untold import drafted
from evaka.rules.income import Id
from evaka.rules.voucher.family import Voucher, VoucherFacts, vouchers

VOUCHER = FEE


class VoucherDifference(StrEnum):
    """What changed since the decision before."""

    GUARDIANS = "guardians"
    INCOME = "income"
    FAMILY_SIZE = "family_size"
    PLACEMENT = "placement"
    SERVICE_NEED = "service_need"
    SIBLING_DISCOUNT = "sibling_discount"
    CO_PAYMENT = "co_payment"
    FEE_ALTERATIONS = "fee_alterations"
    FINAL_CO_PAYMENT = "final_co_payment"
    BASE_VALUE = "base_value"
    VOUCHER_VALUE = "voucher_value"
    THRESHOLDS = "thresholds"


@dataclass(frozen=True, slots=True)
class VoucherDecision:
    """One decision: a child's voucher in a period.  `id` is None for a draft that is new."""

    period: DateRange
    voucher: Voucher
    status: FeeStatus = FeeStatus.DRAFT
    id: Id | None = None
    differences: frozenset[VoucherDifference] = frozenset()

    @property
    def empty(self) -> bool:
        """There is no voucher: sending it only ends what was decided before."""
        return self.voucher.empty


def differences(before: Voucher, after: Voucher) -> frozenset[VoucherDifference]:
    """What a reader of two decisions would find changed; none at all means that they say the same."""
    found = {_named(one) for one in fee.differences(before.family, after.family)}
    if before.co_payment != after.co_payment:
        found.add(VoucherDifference.CO_PAYMENT)
    if before.final_co_payment != after.final_co_payment:
        found.add(VoucherDifference.FINAL_CO_PAYMENT)
    if before.worth != after.worth:
        found.add(VoucherDifference.VOUCHER_VALUE)
    if before.value and after.value:
        if before.value.base != after.value.base:
            found.add(VoucherDifference.BASE_VALUE)
        if before.value.coefficient != after.value.coefficient:
            found.add(VoucherDifference.SERVICE_NEED)
    return frozenset(found)


def _named(difference: fee.Difference) -> VoucherDifference:
    """A decision is of one child, so another set of children means that the place begins or ends."""
    if difference is fee.Difference.CHILDREN:
        return VoucherDifference.PLACEMENT
    return VoucherDifference(difference.value)


def drafts(
    facts: VoucherFacts, child: Id, decisions: Iterable[VoucherDecision], *, first_day: date
) -> list[VoucherDecision]:
    """The drafts that this child should have now, from `first_day` on.

    `decisions` are all that the child has, whoever they are addressed to.  A draft that says the same of the
    same days as one before keeps its id; what the office chose to ignore is not drafted again.
    """
    own = [one for one in decisions if one.voucher.child == child]
    told = Timeline((one.period, one.voucher) for one in own if one.status in IN_FORCE)
    fresh = drafted(
        vouchers(facts, child, told.periods(), first_day=first_day),
        told,
        differences,
        drafts=[(one.period, one.voucher, one.id) for one in own if one.status is FeeStatus.DRAFT],
        ignored=[(one.period, one.voucher) for one in own if one.status is FeeStatus.IGNORED],
        first_day=first_day,
    )
    return [VoucherDecision(one.period, one.content, id=one.id, differences=one.differences) for one in fresh]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What confirming drafts did: those now sent, earlier ones ended or annulled."""

    sent: tuple[VoucherDecision, ...]
    ended: tuple[VoucherDecision, ...]


def confirm(drafts: Iterable[VoucherDecision], others: Iterable[VoucherDecision]) -> Confirmed:
    """Put drafts in force.  `others` are the decisions in force of their children.

    Refused while an earlier decision on the same days still waits for the post.  An empty draft is not sent,
    but it ends what it overlaps.
    """
    drafts = list(drafts)
    ended = []
    for other in others:
        starts = [one.period.start for one in drafts if _met(one, other)]
        if not starts or other.status not in IN_FORCE:
            continue
        if other.status is FeeStatus.WAITING:
            raise Refused("voucher.still_waiting", period=other.period)
        if min(starts) > other.period.start:
            ended.append(replace(other, period=DateRange(other.period.start, min(starts) - DAY)))
        else:
            ended.append(replace(other, status=VOUCHER.after(other.status, "annul")))
    sent = [replace(one, status=VOUCHER.after(one.status, "send")) for one in drafts if not one.empty]
    return Confirmed(tuple(sent), tuple(ended))


def _met(draft: VoucherDecision, other: VoucherDecision) -> bool:
    return draft.voucher.child == other.voucher.child and bool(draft.period & other.period)
