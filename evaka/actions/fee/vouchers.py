"""Drafting voucher decisions: the other half of drafting, from the facts that the fees were reckoned of.

A family may have a child in a private unit and another in a municipal one, and both stand in one another's
reckoning: so both kinds of decision are drafted in one place, and no fact is read twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select

from evaka import city
from evaka.access import Actor
from evaka.actions.fee.family import facts_of
from evaka.kit.dates import DAY, DateRange, Timeline
from evaka.kit.errors import Refused
from evaka.models.assistance import factors, voucher_coefficients
from evaka.models.base import db
from evaka.models.journal import add_lines
from evaka.models.person import HeadOfChild
from evaka.models.unit import Unit
from evaka.models.voucher import VoucherDecision, kept, voucher_of
from evaka.rules.fee import Care, Facts, FeeStatus
from evaka.rules.income import Id
from evaka.rules.placement import ServiceNeed
from evaka.rules.unit import Provider
from evaka.rules.voucher import Voucher, VoucherFacts, VoucherPolicy, VoucherTable, drafts
from evaka.rules.voucher import VoucherDecision as Decided

NO_TABLE = ("voucher.no_table", "fee.no_table")  # missing from a day on: the days before are decided all the same


@dataclass(frozen=True)
class _Row:
    """A draft as it is in the database, or is to be."""

    period: DateRange
    facts: dict[str, Any]

    def columns(self) -> dict[str, Any]:
        return columns_of(self.period, voucher_of(self.facts), self.facts)


def columns_of(period: DateRange, voucher: Voucher, facts: dict[str, Any]) -> dict[str, Any]:
    """A draft as it is stored."""
    return {
        "child_id": voucher.child,
        "head_id": voucher.family.head,
        "partner_id": voucher.family.partner,
        "unit_id": voucher.line.care.unit if voucher.line else None,
        "start": period.start,
        "end": period.end,
        "family_size": voucher.family.family_size,
        "value": voucher.worth,
        "co_payment": voucher.co_payment,
        "final_co_payment": voucher.final_co_payment,
        "facts": facts,
        "status": FeeStatus.DRAFT,
        "decided_by": "",
    }


def policy() -> VoucherPolicy:
    return city.value("vouchers", "policy", VoucherPolicy)


def tables() -> Timeline[VoucherTable]:
    return city.dated("vouchers", VoucherTable)


def coefficients() -> dict[str, Decimal]:
    """The share of the base value by service need, of those that have one."""
    options = city.named("service_needs", ServiceNeed)
    return {key: one.voucher_coefficient for key, one in options.items() if one.voucher_coefficient is not None}


def support_of(children: Collection[int]) -> Mapping[Id, Timeline[Decimal]]:
    """By child, what the value is multiplied by for its need of support; 1 for who is not named.

    The first of the two kinds are coefficients decided for the voucher, the second how many places the child
    takes; the city's policy says which of them counts.
    """
    ever = DateRange(date.min)
    return policy().support(voucher_coefficients(children, ever), factors(children, ever))


def redraft(found: Mapping[int, Facts], by: Actor) -> dict[int, Refused]:
    """Draft anew the vouchers of the families' children; answers by head why there are none, or none from a day on.

    Decisions are compared by child, so all households that a child has lived in are looked at together.
    """
    units = voucher_units()
    children = {int(child) for facts in found.values() for child in facts.children}
    decisions, before = _decisions(children)
    wanted = {child for child in children if child in decisions or cared_for(child, found.values(), units)}
    if not wanted:
        return {}
    families, troubles = _families(wanted, found)
    support = support_of(wanted)
    made: list[_Row] = []
    gone: dict[int, int] = {}
    for child in sorted(families):
        facts = voucher_facts(families[child], child, units, support)
        try:
            fresh, trouble = _drafts(facts, child, decisions[child])
        except Refused as no:
            fresh, trouble = None, no  # what is drafted already stays as it is
        if trouble is not None:
            troubles |= dict.fromkeys(_heads(facts.family) & found.keys(), trouble)
        if fresh is None:
            continue
        stays = set()
        for draft in fresh:
            row = _Row(draft.period, kept(draft.voucher, draft.differences))
            if draft.id is not None and before[child][int(draft.id)] == row:
                stays.add(draft.id)
            else:
                made.append(row)
        gone |= dict.fromkeys(before[child].keys() - stays, child)
    _write(made, gone, by)
    return troubles


def voucher_units() -> set[int]:
    """The private units whose children's places the city pays for with a voucher."""
    return set(db.session.scalars(select(Unit.id).where(Unit.provider == Provider.PRIVATE_SERVICE_VOUCHER)))


def cared_for(child: int, families: Iterable[Facts], units: set[int]) -> bool:
    """Whether the child is at some time in one of the units."""
    return any(care.unit in units for facts in families if child in facts.care for _, care in facts.care[child].spans)


def _families(wanted: set[int], found: Mapping[int, Facts]) -> tuple[dict[int, Facts], dict[int, Refused]]:
    """By child the facts of every household that it has lived in."""
    heads: dict[int, set[int]] = defaultdict(set)
    for child, head in db.session.execute(
        select(HeadOfChild.child_id, HeadOfChild.head_id).where(HeadOfChild.child_id.in_(wanted))
    ):
        heads[child].add(head)
    others = {head for several in heads.values() for head in several} - found.keys()
    more, troubles = facts_of(others) if others else ({}, {})
    known = {**found, **more}
    families = {
        child: _merged([known[head] for head in sorted(several)])
        for child, several in heads.items()
        if several <= known.keys()
    }
    whose = {child: troubles[head] for child, several in heads.items() for head in several if head in troubles}
    return families, {head: whose[child] for child in whose for head in heads[child] & found.keys()}


def _merged(parts: list[Facts]) -> Facts:
    """Of several households one set of facts: what is by person is the same in all of them."""
    first, *rest = parts
    for one in rest:
        first = replace(
            first,
            children={**first.children, **one.children},
            heads=Timeline(dict.fromkeys([*first.heads.spans, *one.heads.spans])),
            partners=Timeline(dict.fromkeys([*first.partners.spans, *one.partners.spans])),
            care={**first.care, **one.care},
            incomes={**first.incomes, **one.incomes},
            alterations={**first.alterations, **one.alterations},
        )
    return first


def voucher_facts(family: Facts, child: int, units: set[int], support: Mapping[Id, Timeline[Decimal]]) -> VoucherFacts:
    """All that the vouchers of one child depend on."""
    places: Timeline[Care] = family.care.get(child, Timeline())
    care = Timeline((period, care) for period, care in places.spans if care.unit in units)
    return VoucherFacts(
        family,
        care={child: care},
        tables=tables(),
        coefficients=coefficients(),
        support={child: support[child]} if child in support else {},
    )


def _heads(family: Facts) -> set[int]:
    return {int(adult) for adult in family.adults()}


def _drafts(facts: VoucherFacts, child: int, decisions: list[Decided]) -> tuple[list[Decided], Refused | None]:
    """The drafts of one child; where a table is missing from a day on, those of the days before it."""
    first_day = policy().first_day
    try:
        return drafts(facts, child, decisions, first_day=first_day), None
    except Refused as no:
        if no.key not in NO_TABLE:
            raise
        last = no.facts["day"] - DAY
        known = replace(facts, care={child: _until(care, last) for child, care in facts.care.items()})
        told = [
            replace(one, period=DateRange(one.period.start, min(one.period.last_day, last)))
            for one in decisions
            if one.period.start <= last
        ]
        fresh = [one for one in drafts(known, child, told, first_day=first_day) if one.period.start <= last]
        return fresh, no


def _until(care: Timeline[Care], last: Any) -> Timeline[Care]:
    return Timeline(
        (DateRange(period.start, min(period.last_day, last)), value)
        for period, value in care.spans
        if period.start <= last
    )


def _decisions(children: Collection[int]) -> tuple[dict[int, list[Decided]], dict[int, dict[int, _Row]]]:
    """All decisions of the children as the rules read them, and their drafts as they are stored."""
    decisions: dict[int, list[Decided]] = defaultdict(list)
    stored: dict[int, dict[int, _Row]] = defaultdict(dict)
    for id, child, status, start, end, facts in db.session.execute(
        select(
            VoucherDecision.id,
            VoucherDecision.child_id,
            VoucherDecision.status,
            VoucherDecision.start,
            VoucherDecision.end,
            VoucherDecision.facts,
        )
        .where(VoucherDecision.child_id.in_(children), VoucherDecision.status != FeeStatus.ANNULLED)
        .order_by(VoucherDecision.id)
    ):
        period = DateRange(start, end)
        decisions[child].append(Decided(period, voucher_of(facts), status, id))
        if status is FeeStatus.DRAFT:
            stored[child][id] = _Row(period, facts)
    return decisions, stored


def _write(made: list[_Row], gone: dict[int, int], by: Actor) -> None:
    """Rows and their lines in the journal, each kind in one statement."""
    lines = []
    if gone:
        db.session.execute(delete(VoucherDecision).where(VoucherDecision.id.in_(gone)))
        lines += [_line("voucher.drop", id, child, {}, by) for id, child in gone.items()]
    if made:
        rows = [row.columns() for row in made]
        db.session.execute(insert(VoucherDecision), rows)
        ids = {
            (child, start): id
            for id, child, start in db.session.execute(
                select(VoucherDecision.id, VoucherDecision.child_id, VoucherDecision.start).where(
                    VoucherDecision.child_id.in_({row["child_id"] for row in rows}),
                    VoucherDecision.status == FeeStatus.DRAFT,
                )
            )
        }
        for row, columns in zip(made, rows, strict=True):
            child = columns["child_id"]
            told = {"period": str(row.period), "value": columns["value"], "co_payment": columns["final_co_payment"]}
            lines.append(_line("voucher.draft", ids[child, row.period.start], child, told, by))
    if lines:
        add_lines(lines)


def _line(key: str, id: int, child: int, facts: dict[str, Any], by: Actor) -> dict[str, Any]:
    return {
        "at": by.now,
        "user_id": by.user and by.user.id,
        "action": key,
        "subject": "voucher",
        "subject_id": id,
        "person_id": child,
        "facts": facts,
    }
