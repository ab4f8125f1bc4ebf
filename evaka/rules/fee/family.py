"""A family over time: who lives together, who pays, whose care costs, and what is owed from which day.

Law: Act 1503/2016, 5 § (family size), 8 § (the youngest child in care is the first).  A family is an adult,
a spouse or cohabitant, and their children under 18 in the household.  Time is cut where some fact changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from evaka.kit.dates import DAY, DateRange, Timeline, add_months, pieces
from evaka.kit.money import Cents
from evaka.rules.fee.price import Alteration, AlterationKind, ChildFee, child_fee
from evaka.rules.fee.table import FeeTable, table_on
from evaka.rules.income import Id, Income
from evaka.rules.placement import IGNORED_IN_FEES, CareType

ADULT = 18
NOBODY: Timeline[Income] = Timeline()


@lru_cache(maxsize=20_000)  # days of birth: asked again for each span of time of each family
def childhood(born: date) -> DateRange:
    return DateRange(born, add_months(born, ADULT * 12) - DAY)


@dataclass(frozen=True, slots=True)
class Child:
    id: Id
    born: date
    identity_code: str = ""

    def minor_on(self, day: date) -> bool:
        return day in self.childhood

    @property
    def childhood(self) -> DateRange:
        """The days on which the child counts in a family: who was born on 29.2. comes of age on 28.2."""
        return childhood(self.born)


@dataclass(frozen=True, slots=True)
class Need:
    """The service need as a fee decision quotes it; `missing` when the usual one is taken for want of any."""

    option: str = field(compare=False)
    coefficient: Decimal
    contract_days: int | None = None
    words: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Care:
    """Where and how a child is cared for; `charged` when the city sends this family the bill for it."""

    unit: Id
    care_type: CareType
    need: Need
    charged: bool = True


@dataclass(frozen=True)
class Facts:
    """All that the fees of one or a few families depend on.

    `heads` are pairs of adult and child, `partners` of adults; what is by id is by person.
    """

    children: Mapping[Id, Child]
    heads: Timeline[tuple[Id, Id]]
    partners: Timeline[tuple[Id, Id]]
    tables: Timeline[FeeTable]
    care: Mapping[Id, Timeline[Care]]
    incomes: Mapping[Id, Timeline[Income]] = field(default_factory=dict)
    alterations: Mapping[Id, Timeline[Alteration]] = field(default_factory=dict)
    agency_increase: int = 0

    def periods(self) -> Iterable[DateRange]:
        """Every span in which some fact holds: between their ends nothing changes."""
        by_person = (self.care, self.incomes, self.alterations)
        timelines: list[Timeline[Any]] = [self.heads, self.partners, self.tables]
        for facts in by_person:
            timelines.extend(facts.values())
        for timeline in timelines:
            yield from timeline.periods()
        for child in self.children.values():
            yield child.childhood

    def adults(self) -> list[Id]:
        """Everybody whose household these facts speak of, each once."""
        found = [adult for _, (adult, _) in self.heads.spans]
        found += [adult for _, pair in self.partners.spans for adult in pair]
        return list(dict.fromkeys(found))

    def partner(self, adult: Id, day: date) -> Id | None:
        for pair in self.partners.at(day):
            if adult in pair:
                return pair[0] if pair[1] == adult else pair[1]
        return None

    def minors(self, adult: Id, day: date) -> list[Child]:
        """The children who live in this adult's household."""
        found = [self.children[child] for head, child in self.heads.at(day) if head == adult]
        return [child for child in found if child.minor_on(day)]

    def cared_for(self, child: Id, day: date) -> list[Care]:
        """The child's care of the day that makes it a sibling in care; one place counts at a time."""
        found = self.care[child].at(day) if child in self.care else []
        return [care for care in found if care.care_type not in IGNORED_IN_FEES][:1]

    def income(self, person: Id, day: date) -> Income | None:
        found = self.incomes.get(person, NOBODY).at(day)
        return found[0] if found else None

    def altered(self, child: Id, day: date) -> list[Alteration]:
        """The alterations of the child's fee, in the order in which they take effect."""
        return self.alterations[child].at(day) if child in self.alterations else []


@dataclass(frozen=True, slots=True)
class Line:
    """One child on a fee decision.  What it costs follows from the rest, so it is not compared."""

    child: Id
    care: Care
    income: Income | None
    alterations: tuple[tuple[Alteration, Cents], ...]
    price: ChildFee = field(compare=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of the fee table that the decision quotes for this size of family."""

    lower: Cents = 0
    upper: Cents = 0
    rate: Decimal = Decimal(0)
    smallest_fee: Cents = 0
    highest_fee: Cents = 0


@dataclass(frozen=True, slots=True)
class Fees:
    """What a family owes at a time, and why: the content of a fee decision."""

    head: Id
    partner: Id | None
    family_size: int
    head_income: Income | None
    partner_income: Income | None
    limits: Limits
    lines: tuple[Line, ...] = ()

    @property
    def total(self) -> Cents:
        return sum(line.price.final for line in self.lines)

    @property
    def empty(self) -> bool:
        """Nothing is owed."""
        return not self.lines


@dataclass(frozen=True, slots=True)
class Household:
    """Who lives together on a day: an adult, the partner, their children from the youngest, and who earns."""

    head: Id
    partner: Id | None
    children: tuple[Child, ...]
    incomes: tuple[Income | None, ...]

    @property
    def size(self) -> int:
        return 1 + (self.partner is not None) + len(self.children)

    def owing(self, table: FeeTable | None = None, lines: tuple[Line, ...] = ()) -> Fees:
        """What the household owes: these lines by this table, or nothing."""
        limits = Limits()
        if table is not None:
            lower, upper = table.limits(self.size)
            limits = Limits(lower, upper, table.rate, table.smallest_fee, table.highest_fee)
        partner_income = self.incomes[1] if self.partner is not None else None
        return Fees(self.head, self.partner, self.size, self.incomes[0], partner_income, limits, lines)


def spans_of_care(period: DateRange, usual: Care, agreed: Timeline[Need]) -> list[tuple[DateRange, Care]]:
    """A place cut by the service needs agreed for it; where none was agreed the usual one holds."""
    spans = []
    for piece in pieces([period, *agreed.periods()]):
        if piece & period == piece:
            found = agreed.at(piece.start)
            need = found[0] if found else usual.need
            spans.append((piece, Care(usual.unit, usual.care_type, need, usual.charged)))
    return spans


def pays_for(facts: Facts, adult: Id, partner: Id, day: date) -> bool:
    """Whether of two partners this adult is the one whom decisions are addressed to.

    Who has more children of the own; when equal, whose oldest child is younger; when that is equal too, the
    same one for both, whoever asks.
    """
    own, other = facts.minors(adult, day), facts.minors(partner, day)
    if len(own) != len(other):
        return len(own) > len(other)
    oldest, others_oldest = (min((child.born for child in of), default=date.min) for of in (own, other))
    if oldest != others_oldest:
        return oldest > others_oldest
    return _in_order(adult) < _in_order(partner)


def household(facts: Facts, head: Id, day: date) -> Household:
    """The household of the adult whom its decisions are addressed to; when the partner pays, no children."""
    partner = facts.partner(head, day)
    own = facts.minors(head, day)
    if partner is not None:
        own = [*own, *facts.minors(partner, day)] if pays_for(facts, head, partner, day) else []
    incomes = tuple(facts.income(adult, day) for adult in (head, partner) if adult is not None)
    return Household(head, partner, tuple(_by_age(own)), incomes)


def fees_on(facts: Facts, head: Id, day: date) -> Fees:
    """What this adult owes on a day, with what led to it; when the partner pays, there are no lines here."""
    family = household(facts, head, day)
    cared = [(child, care) for child in family.children for care in facts.cared_for(child.id, day)]
    charged = [(sibling, *pair) for sibling, pair in enumerate(cared, start=1) if _costs(pair[1])]
    if not charged:
        return family.owing()
    table = table_on(facts.tables, day)
    lines = tuple(
        _line(facts, table, family, sibling, child.id, care, day) for sibling, child, care in charged
    )
    return family.owing(table, lines)


def fees(
    facts: Facts, head: Id, cuts: Iterable[DateRange] = (), *, first_day: date = date.min
) -> Timeline[Fees]:
    """What this adult owes over time, cut wherever a fact changes (and at `cuts`).

    Days after all known facts have ended are left out, as are pieces that end before `first_day`.
    A day with charged care but without a fee table raises Refused("fee.no_table").
    """
    cut = pieces([*facts.periods(), *cuts])
    wanted = (piece for piece in cut if piece.end is not None and piece.end >= first_day)
    return Timeline((piece, fees_on(facts, head, piece.start)) for piece in wanted)


def _by_age(children: list[Child]) -> list[Child]:
    """The youngest first; twins by their identity codes, the later first, and without these as they were entered."""
    by_id = sorted(children, key=lambda child: _in_order(child.id))
    return sorted(by_id, key=lambda child: (child.born, child.identity_code), reverse=True)


def _in_order(id: Id) -> tuple[int, str]:
    """Numbers by their size, names by the alphabet."""
    return len(str(id)) if isinstance(id, int) else 0, str(id)


def _costs(care: Care) -> bool:
    return care.charged and care.need.coefficient > 0


def _line(
    facts: Facts, table: FeeTable, family: Household, sibling: int, child: Id, care: Care, day: date
) -> Line:
    own_income = facts.income(child, day)
    alterations = facts.altered(child, day)
    if facts.agency_increase and any(income and income.agency_staff for income in family.incomes):
        increase = Alteration(AlterationKind.INCREASE, Decimal(facts.agency_increase), absolute=True)
        alterations = [*alterations, increase]
    price = child_fee(
        table,
        family.size,
        family.incomes,
        child_income=own_income,
        sibling=sibling,
        coefficient=care.need.coefficient,
        alterations=alterations,
        option_price=table.fixed_prices.get(care.need.option),
    )
    return Line(child, care, own_income, tuple(zip(alterations, price.effects, strict=True)), price)
