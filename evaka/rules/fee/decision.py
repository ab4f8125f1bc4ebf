"""The fee decision: what the family has not been told yet, what sending does to earlier ones, its life.

A decision that was sent stands until something else is owed.  Sending never lengthens an earlier decision,
it only ends or annuls it, so the days that an earlier one loses are decided anew even when nothing changed
on them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from evaka.kit.dates import DAY, DateRange, Timeline
from evaka.kit.workflow import Workflow
from evaka.rules.fee.family import Facts, Fees, Line, fees
from evaka.rules.fee.untold import drafted, joined, untold
from evaka.rules.income import Id, same_income


class FeeStatus(StrEnum):
    DRAFT = "draft"
    IGNORED = "ignored"
    WAITING = "waiting"
    SENT = "sent"
    ANNULLED = "annulled"


IN_FORCE = frozenset({FeeStatus.WAITING, FeeStatus.SENT})

FEE = Workflow(
    ignore=({FeeStatus.DRAFT}, FeeStatus.IGNORED),
    restore=({FeeStatus.IGNORED}, FeeStatus.DRAFT),
    # On paper: the decision is in force, but not in the family's hands yet.
    post=({FeeStatus.DRAFT}, FeeStatus.WAITING),
    send=({FeeStatus.DRAFT, FeeStatus.WAITING}, FeeStatus.SENT),
    annul=({FeeStatus.SENT}, FeeStatus.ANNULLED),
)


class Difference(StrEnum):
    """What changed since the decision before."""

    GUARDIANS = "guardians"
    CHILDREN = "children"
    INCOME = "income"
    PLACEMENT = "placement"
    SERVICE_NEED = "service_need"
    SIBLING_DISCOUNT = "sibling_discount"
    FEE_ALTERATIONS = "fee_alterations"
    FAMILY_SIZE = "family_size"
    THRESHOLDS = "thresholds"


@dataclass(frozen=True, slots=True)
class FeeDecision:
    """One decision: what is owed in a period.  `id` is None for a draft that is new."""

    period: DateRange
    fees: Fees
    status: FeeStatus = FeeStatus.DRAFT
    id: Id | None = None
    differences: frozenset[Difference] = frozenset()

    @property
    def empty(self) -> bool:
        """Nothing is owed: sending it only ends what was decided before."""
        return self.fees.empty


def differences(before: Fees, after: Fees) -> frozenset[Difference]:
    """What a reader of two decisions would find changed; none at all means that they say the same."""
    found: set[Difference] = set()
    if {before.head, before.partner} != {after.head, after.partner}:
        found.add(Difference.GUARDIANS)
    if not before.lines and not after.lines:
        return frozenset(found)
    old, new = ({line.child: line for line in one.lines} for one in (before, after))
    if old.keys() != new.keys():
        found.add(Difference.CHILDREN)
    pairs = [(old[child], new[child]) for child in old.keys() & new.keys()]
    if not _same_incomes(before, after) or any(not same_income(a.income, b.income) for a, b in pairs):
        found.add(Difference.INCOME)
    for difference, said in _SAID.items():
        if any(said(one) != said(other) for one, other in pairs):
            found.add(difference)
    if before.family_size != after.family_size:
        found.add(Difference.FAMILY_SIZE)
    if before.limits != after.limits:
        found.add(Difference.THRESHOLDS)
    return frozenset(found)


_SAID: dict[Difference, Callable[[Line], object]] = {
    Difference.PLACEMENT: lambda line: (line.care.unit, line.care.care_type),
    Difference.SERVICE_NEED: lambda line: line.care.need,
    Difference.SIBLING_DISCOUNT: lambda line: line.price.sibling_percent,
    Difference.FEE_ALTERATIONS: lambda line: line.alterations,
}


def _same_incomes(before: Fees, after: Fees) -> bool:
    """The incomes of the adults; which of the two earns what makes no difference."""
    first, second = before.head_income, before.partner_income
    straight = same_income(first, after.head_income) and same_income(second, after.partner_income)
    crossed = same_income(first, after.partner_income) and same_income(second, after.head_income)
    return straight or crossed


def merged(spans: Iterable[tuple[DateRange, Fees]]) -> list[tuple[DateRange, Fees]]:
    """Neighbours that touch or overlap and say the same become one."""
    return joined(spans, differences)


def news(owed: Timeline[Fees], told: Timeline[Fees]) -> Timeline[Fees]:
    """The part of `owed` that the family has not been told yet.

    A span without lines says that an earlier decision ends.
    """
    return untold(owed, told, differences)


def drafts(facts: Facts, head: Id, decisions: Iterable[FeeDecision], *, first_day: date) -> list[FeeDecision]:
    """The drafts that this adult should have now, from `first_day` on.

    `decisions` are all that the adult has.  A draft that says the same of the same days as one before keeps
    its id; what the office chose to ignore is not drafted again.  Doing it twice changes nothing.
    """
    own = [one for one in decisions if one.fees.head == head]
    told = Timeline((one.period, one.fees) for one in own if one.status in IN_FORCE)
    fresh = drafted(
        fees(facts, head, told.periods(), first_day=first_day),
        told,
        differences,
        drafts=[(one.period, one.fees, one.id) for one in own if one.status is FeeStatus.DRAFT],
        ignored=[(one.period, one.fees) for one in own if one.status is FeeStatus.IGNORED],
        first_day=first_day,
    )
    return [FeeDecision(one.period, one.content, id=one.id, differences=one.differences) for one in fresh]


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What confirming drafts did: those now sent, earlier ones ended or annulled, those held back."""

    sent: tuple[FeeDecision, ...]
    ended: tuple[FeeDecision, ...]
    held: tuple[FeeDecision, ...]


def confirm(drafts: Iterable[FeeDecision], others: Iterable[FeeDecision]) -> Confirmed:
    """Put drafts in force.  `others` are the decisions in force of their heads and partners.

    While an earlier decision on the same days still waits for the post, the drafts of its head are held
    back.  An empty draft is not sent, but it ends what it overlaps.
    """
    drafts, others = list(drafts), [one for one in others if one.status in IN_FORCE]
    waiting = {
        other.fees.head
        for other in others
        for draft in drafts
        if other.status is FeeStatus.WAITING and _met(draft, other)
    }
    going = [draft for draft in drafts if draft.fees.head not in waiting]
    ended = []
    for other in others:
        starts = [draft.period.start for draft in going if _met(draft, other) and _same_adults(draft, other)]
        if not starts or other.fees.head in waiting:
            continue
        if min(starts) > other.period.start:
            ended.append(replace(other, period=DateRange(other.period.start, min(starts) - DAY)))
        else:
            ended.append(replace(other, status=FEE.after(other.status, "annul")))
    sent = tuple(replace(draft, status=FEE.after(draft.status, "send")) for draft in going if not draft.empty)
    return Confirmed(sent, tuple(ended), tuple(draft for draft in drafts if draft.fees.head in waiting))


def _met(draft: FeeDecision, other: FeeDecision) -> bool:
    """Whether they share a day, and the other's head is the draft's head or partner."""
    concerned = other.fees.head in (draft.fees.head, draft.fees.partner)
    return concerned and bool(draft.period & other.period)


def _same_adults(draft: FeeDecision, other: FeeDecision) -> bool:
    """Whether the new one takes the place of the other: the same head, or couples that share an adult.

    A draft on nothing ends decisions of its own head only: what the partner now pays for both may have been
    sent the moment before.
    """
    if draft.fees.head == other.fees.head:
        return True
    return not draft.empty and draft.fees.partner is not None and other.fees.partner is not None
