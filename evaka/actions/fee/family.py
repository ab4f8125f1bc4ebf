"""What the fees of many families depend on, read in a few queries however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import or_, select

from evaka import city
from evaka.kit.dates import DateRange, Timeline, pieces
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.fee import FeeAlteration, FeeDecision
from evaka.models.income import Income, lines_of
from evaka.models.person import HeadOfChild, Partner, Person
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.fee import IN_FORCE, Alteration, Care, Child, Facts, FeeTable, Need, spans_of_care
from evaka.rules.income import Income as Shown
from evaka.rules.income import shown
from evaka.rules.placement import CareType, ServiceNeed, default_need
from evaka.rules.unit import Provider

T = TypeVar("T")
Spans = dict[int, list[tuple[DateRange, T]]]


@dataclass(frozen=True)
class FeePolicy:
    """Since when the city decides fees with this program, and what it adds for staff of an EU agency."""

    first_day: date
    agency_increase_euros: int = 0


@dataclass(frozen=True)
class _Place:
    child: int
    unit: int
    care_type: CareType
    period: DateRange
    charged: bool
    needs: Timeline[str]


def policy() -> FeePolicy:
    return city.value("fees", "policy", FeePolicy)


def tables() -> Timeline[FeeTable]:
    return city.dated("fees", FeeTable)


def charged_by_city(invoiced: bool, provider: Provider) -> bool:
    """Whether the city bills for care in such a unit; a voucher's unit bills for itself."""
    return invoiced and provider is not Provider.PRIVATE_SERVICE_VOUCHER


def together(heads: Collection[int]) -> set[int]:
    """The heads, and those whose fees change with theirs: partners now or then, in rows or in decisions."""
    found = set(heads)
    for first, second in db.session.execute(
        select(Partner.first_id, Partner.second_id).where(
            or_(Partner.first_id.in_(heads), Partner.second_id.in_(heads))
        )
    ):
        found |= {first, second}
    for head, partner in db.session.execute(
        select(FeeDecision.head_id, FeeDecision.partner_id).where(
            FeeDecision.status.in_(IN_FORCE),
            or_(FeeDecision.head_id.in_(heads), FeeDecision.partner_id.in_(heads)),
        )
    ):
        found |= {head} if partner is None else {head, partner}
    return found


def facts_of(heads: Collection[int]) -> tuple[dict[int, Facts], dict[int, Refused]]:
    """By head the facts of that family alone, so that nobody's time is cut by a neighbour's changes.

    The second answer holds, by head, why facts cannot be had.
    """
    partners = _partners(heads)
    adults = set(heads) | {adult for _, pair in partners for adult in pair}
    households, children = _households(adults)
    places = _places(children)
    incomes = _incomes(adults | children.keys())
    alterations = _alterations(children)
    options = city.named("service_needs", ServiceNeed)
    found: dict[int, Facts] = {}
    troubles: dict[int, Refused] = {}
    by_adult = defaultdict(list)
    for span in partners:
        for adult in span[1]:
            by_adult[adult].append(span)
    for head in heads:
        family = {head} | {adult for _, pair in by_adult[head] for adult in pair}
        lived = [span for adult in family for span in households[adult]]
        minors = {child for _, (_, child) in lived}
        try:
            care: dict[int | str, Timeline[Care]] = {
                child: _care(places[child], options) for child in minors if child in places
            }
        except Refused as no:
            troubles[head] = no
            continue
        found[head] = Facts(
            children={child: children[child] for child in minors},
            heads=Timeline(lived),
            partners=Timeline(by_adult[head]),
            tables=tables(),
            care=care,
            incomes=_of(incomes, family | minors),
            alterations=_of(alterations, minors),
            agency_increase=policy().agency_increase_euros,
        )
    return found, troubles


def _of(spans: Spans[T], people: Iterable[int]) -> dict[int | str, Timeline[T]]:
    return {person: Timeline(spans[person]) for person in sorted(people) if person in spans}


def _partners(heads: Collection[int]) -> list[tuple[DateRange, tuple[int, int]]]:
    rows = db.session.execute(
        select(Partner.start, Partner.end, Partner.first_id, Partner.second_id)
        .where(or_(Partner.first_id.in_(heads), Partner.second_id.in_(heads)))
        .order_by(Partner.id)
    )
    return [(DateRange(start, end), (first, second)) for start, end, first, second in rows]


def _households(adults: set[int]) -> tuple[Spans[tuple[int, int]], dict[int, Child]]:
    """Who lives in whose household, and those children."""
    households: Spans[tuple[int, int]] = defaultdict(list)
    children = {}
    for start, end, head, child, born, code in db.session.execute(
        select(
            HeadOfChild.start,
            HeadOfChild.end,
            HeadOfChild.head_id,
            Person.id,
            Person.born,
            Person.identity_code,
        )
        .join(Person, Person.id == HeadOfChild.child_id)
        .where(HeadOfChild.head_id.in_(adults))
        .order_by(HeadOfChild.id)
    ):
        households[head].append((DateRange(start, end), (head, child)))
        children[child] = Child(child, born, code or "")
    return households, children


def _places(children: Collection[int]) -> dict[int, list[_Place]]:
    needs: Spans[str] = defaultdict(list)
    for place, start, end, option in db.session.execute(
        select(
            ServiceNeedPeriod.placement_id,
            ServiceNeedPeriod.start,
            ServiceNeedPeriod.end,
            ServiceNeedPeriod.option,
        )
        .join(Placement, Placement.id == ServiceNeedPeriod.placement_id)
        .where(Placement.child_id.in_(children))
    ):
        needs[place].append((DateRange(start, end), option))
    found: dict[int, list[_Place]] = defaultdict(list)
    for id, child, unit, care_type, start, end, invoiced, provider in db.session.execute(
        select(
            Placement.id,
            Placement.child_id,
            Placement.unit_id,
            Placement.care_type,
            Placement.start,
            Placement.end,
            Unit.invoiced,
            Unit.provider,
        )
        .join(Unit, Unit.id == Placement.unit_id)
        .where(Placement.child_id.in_(children))
        .order_by(Placement.start)
    ):
        found[child].append(
            _Place(
                child,
                unit,
                care_type,
                DateRange(start, end),
                charged_by_city(invoiced, provider),
                Timeline(needs[id]),
            )
        )
    return found


def _incomes(people: Collection[int]) -> Spans[Shown]:
    found: Spans[Shown] = defaultdict(list)
    for id, person, start, end, effect, lines, agency in db.session.execute(
        select(
            Income.id,
            Income.person_id,
            Income.start,
            Income.end,
            Income.effect,
            Income.lines,
            Income.agency_staff,
        )
        .where(Income.person_id.in_(people))
        .order_by(Income.start)
    ):
        found[person].append((DateRange(start, end), shown(effect, lines_of(lines), agency_staff=agency, record=id)))
    return found


def _alterations(children: Collection[int]) -> Spans[Alteration]:
    found: Spans[Alteration] = defaultdict(list)
    for child, start, end, kind, amount, absolute in db.session.execute(
        select(
            FeeAlteration.child_id,
            FeeAlteration.start,
            FeeAlteration.end,
            FeeAlteration.kind,
            FeeAlteration.amount,
            FeeAlteration.absolute,
        )
        .where(FeeAlteration.child_id.in_(children))
        .order_by(FeeAlteration.id)
    ):
        size = Decimal(amount) / 100 if absolute else Decimal(amount)
        found[child].append((DateRange(start, end), Alteration(kind, size, absolute)))
    return found


def _care(places: list[_Place], options: Mapping[str, ServiceNeed]) -> Timeline[Care]:
    """A child's places as the fee reads them: cut by the agreed needs, the usual one where there is none."""
    spans: list[tuple[DateRange, Care]] = []
    for place in places:
        agreed = Timeline((period, _need(options, key)) for period, key in place.needs.spans)
        defaults = [one.valid for one in options.values() if one.default and one.care_type is place.care_type]
        for piece in pieces([place.period, *defaults]):
            if piece & place.period == piece:
                usual = default_need(options.values(), place.care_type, piece.start)
                need = _need(options, usual.key, missing=True) if usual else Need("", Decimal(0), missing=True)
                spans += spans_of_care(piece, Care(place.unit, place.care_type, need, place.charged), agreed)
    return Timeline(spans)


def _need(options: Mapping[str, ServiceNeed], key: str, *, missing: bool = False) -> Need:
    if key not in options:
        raise Refused("fee.unknown_need", need=key)
    option = options[key]
    words = next(iter(option.name.values()), key)
    return Need(key, option.fee_coefficient, option.contract_days, words, missing)


__all__ = ["FeePolicy", "charged_by_city", "facts_of", "policy", "tables", "together"]
