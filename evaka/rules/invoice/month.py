"""A month's invoices: one for each head of a family who owes something for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from evaka.kit.dates import DateRange, Timeline
from evaka.kit.money import Cents
from evaka.rules.income import Id
from evaka.rules.invoice.correction import applied
from evaka.rules.invoice.facts import Charge, ChildMonth, Month, Part, Place, Row
from evaka.rules.invoice.free import free_in_july
from evaka.rules.invoice.piece import Piece
from evaka.rules.invoice.policy import InvoicePolicy, due_date, invoice_date
from evaka.rules.invoice.rows import child_rows, temporary_rows
from evaka.rules.placement import INVOICED_MONTHLY, TEMPORARY_CARE


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a head of a family is asked to pay for a month; the `codebtor` answers for it too."""

    head: Id
    codebtor: Id | None
    period: DateRange
    due: date
    dated: date
    rows: tuple[Row, ...]

    @property
    def total(self) -> Cents:
        return sum(row.price for row in self.rows)


def invoices(month: Month, policy: InvoicePolicy) -> list[Invoice]:
    """The invoices of all heads whom these facts speak of, with the corrections that they can bear."""
    heads = [charge.head for charge in month.charges]
    heads += [head for head, _ in _temporary_children(month)]
    heads += [correction.head for correction in month.corrections]
    made = (_invoice(month, policy, head) for head in dict.fromkeys(heads))
    return [invoice for invoice in made if invoice is not None]


def _invoice(month: Month, policy: InvoicePolicy, head: Id) -> Invoice | None:
    charges = [charge for charge in month.charges if charge.head == head and charge.period & month.period]
    rows = _rows(month, policy, head, charges)
    total = sum(row.price for row in rows)
    if total < policy.smallest_invoice:
        rows, total = [], 0
    codebtor = _codebtor(month, charges) if rows else None
    waiting = [one for one in month.corrections if one.head == head]
    rows += [
        Row(one.child, one.period, one.product, one.unit, one.amount, one.unit_price, correction=one.id)
        for one in applied(waiting, total)
    ]
    if not rows:
        return None
    due = due_date(month.period.last_day)
    return Invoice(head, codebtor, month.period, due, invoice_date(due, policy), tuple(rows))


def _rows(month: Month, policy: InvoicePolicy, head: Id, charges: list[Charge]) -> list[Row]:
    """The rows of all children of a head, the youngest first."""
    temporary = [child for of, child in _temporary_children(month) if of == head]
    children = dict.fromkeys([part.child for charge in charges for part in charge.parts] + temporary)
    in_order = sorted(children, key=lambda child: month.born[child], reverse=True)
    rows: list[Row] = []
    counted = [child for child in in_order if month.places_of(child)]
    for child in in_order:
        parts = [part for charge in charges for part in charge.parts if part.child == child]
        days = ChildMonth(month, child, policy, parts[0].contract_days if parts else None)
        if child not in month.free and not free_in_july(month, policy, child):
            rows += child_rows(days, _decided(month, charges, child), charges)
        for piece in _temporary(month, head, child):
            plain = ChildMonth(month, child, policy, None)
            rows += temporary_rows(plain, piece, counted.index(child) + 1)
    return [row for row in rows if row.price]


def _decided(month: Month, charges: Iterable[Charge], child: Id) -> list[Piece]:
    """The pieces of the month on which the child has both a place and a fee; equal neighbours are one."""
    places = [one.period for one in month.places_of(child) if one.care_type in INVOICED_MONTHLY]
    spans = [
        (common, part)
        for charge in charges
        for part in charge.parts
        if part.child == child
        for place in places
        if (days := place & charge.period) and (common := days & month.period)
    ]
    return [Piece(period, part) for period, part in Timeline(spans).merged().spans if part.final]


def _temporary_children(month: Month) -> list[tuple[Id, Id]]:
    """Heads and children of temporary care this month."""
    return [
        (head, place.child)
        for place in month.places
        if _is_temporary(place) and (common := place.period & month.period)
        for period, (head, child) in month.heads.spans
        if child == place.child and period & common
    ]


def _temporary(month: Month, head: Id, child: Id) -> list[Piece]:
    found = []
    for place in sorted(month.places_of(child), key=lambda one: one.period.start):
        common = place.period & month.period
        for period, pair in month.heads.spans:
            if _is_temporary(place) and pair == (head, child) and common and (days := period & common):
                found.append(Piece(days, Part(child, place.unit, place.care_type, 0, 0, 0, 0)))
    return found


def _is_temporary(place: Place) -> bool:
    return place.invoiced and place.care_type in TEMPORARY_CARE


def _codebtor(month: Month, charges: list[Charge]) -> Id | None:
    """The partner, when all decisions of the month name the same and each lists a child of the partner's."""
    partners = {charge.partner for charge in charges}
    if len(partners) != 1:
        return None
    [partner] = partners
    own = {child for adult, child in month.guardians if adult == partner}
    own |= {child for _, (adult, child) in month.heads.spans if adult == partner}
    if all(any(part.child in own for part in charge.parts) for charge in charges):
        return partner
    return None
