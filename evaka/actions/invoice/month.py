"""What the invoices of a month depend on, read in a few queries however many the families are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import select

from evaka import city
from evaka.actions.calendar import closed_days
from evaka.actions.fee.family import charged_by_city, tables
from evaka.kit.dates import DateRange, Timeline
from evaka.models.attendance import Absence
from evaka.models.base import db
from evaka.models.fee import FeeDecision, fees_of
from evaka.models.person import Guardian, HeadOfChild, Person
from evaka.models.placement import Placement, ServiceNeedPeriod
from evaka.models.unit import Unit
from evaka.rules.attendance import AbsenceCategory, AbsenceKind
from evaka.rules.calendar import OpenDays
from evaka.rules.fee import IN_FORCE, Line, table_on
from evaka.rules.invoice import Charge, FreeChoice, InvoicePolicy, Month, Part, Place, free_by_choice
from evaka.rules.placement import CareType, ServiceNeed, ShiftCare, default_need

YEAR = timedelta(days=366)  # whether July is free is told by the places of the year before


def policy() -> InvoicePolicy:
    return city.value("invoices", "rules", InvoicePolicy)


def free_choices() -> list[FreeChoice]:
    """The months that families may have free by staying away; most cities have none."""
    where = city.source("invoices", "free_choice")
    return [city.build(FreeChoice, row, where) for row in city.read("invoices").get("free_choice", [])]


def months_of(heads: Collection[int], period: DateRange) -> dict[int, Month]:
    """By head the facts of that family's month.  Refused("fee.no_table") for a month without a table."""
    table = table_on(tables(), period.start)
    charges = _charges(heads, period)
    lived = _lived(heads, period)
    children_of = {
        head: {int(part.child) for charge in charges[head] for part in charge.parts}
        | {child for _, (_, child) in lived[head]}
        for head in heads
    }
    children = {child for found in children_of.values() for child in found}
    born = dict(db.session.execute(select(Person.id, Person.born).where(Person.id.in_(children))).tuples().all())
    choice = next((one for one in free_choices() if one.month == period.start), None)
    until = max(period.last_day, choice.offered.last_day) if choice else period.last_day
    places, open_days = _places(children, period, until)
    free = _free_by_choice(choice, places, open_days) if choice else frozenset()
    shift_care = _shift_care(children, period)
    absences = _absences(children, period)
    guardians = _guardians(children)
    by_child = _heads(children, period)
    usual = usual_coefficients(period.start)
    return {
        head: Month(
            period=period,
            born={child: born[child] for child in mine},
            table=table,
            charges=tuple(charges[head]),
            places=tuple(place for child in mine for place in places[child]),
            open_days=open_days,
            shift_care={child: Timeline(shift_care[child]) for child in mine if child in shift_care},
            absences={child: absences[child] for child in mine if child in absences},
            heads=Timeline(
                span
                for child in mine
                for span in by_child[child]
                if span[1][0] == head or any(charge.partner == span[1][0] for charge in charges[head])
            ),
            guardians=frozenset((adult, child) for child in mine for adult in guardians[child]),
            free=free,
            usual_coefficients=usual,
        )
        for head, mine in children_of.items()
    }


def _charges(heads: Collection[int], period: DateRange) -> dict[int, list[Charge]]:
    found: dict[int, list[Charge]] = defaultdict(list)
    for head, partner, start, end, facts in db.session.execute(
        select(FeeDecision.head_id, FeeDecision.partner_id, FeeDecision.start, FeeDecision.end, FeeDecision.facts)
        .where(FeeDecision.head_id.in_(heads), FeeDecision.status.in_(IN_FORCE), FeeDecision.meets(period))
        .order_by(FeeDecision.start)
    ):
        parts = tuple(_part(line) for line in fees_of(facts).lines)
        found[head].append(Charge(head, DateRange(start, end), parts, partner))
    return found


def _part(line: Line) -> Part:
    return Part(
        child=line.child,
        unit=line.care.unit,
        care_type=line.care.care_type,
        base=line.price.base,
        sibling_percent=line.price.sibling_percent,
        fee=line.price.fee,
        final=line.price.final,
        alterations=line.alterations,
        contract_days=line.care.need.contract_days,
    )


def _lived(heads: Collection[int], period: DateRange) -> dict[int, list[tuple[DateRange, tuple[int, int]]]]:
    """The children of each head's household this month: temporary care has no fee decision."""
    found: dict[int, list[tuple[DateRange, tuple[int, int]]]] = defaultdict(list)
    for head, child, start, end in db.session.execute(
        select(HeadOfChild.head_id, HeadOfChild.child_id, HeadOfChild.start, HeadOfChild.end).where(
            HeadOfChild.head_id.in_(heads), HeadOfChild.meets(period)
        )
    ):
        found[head].append((DateRange(start, end), (head, child)))
    return found


def _heads(children: Collection[int], period: DateRange) -> dict[int, list[tuple[DateRange, tuple[int, int]]]]:
    found: dict[int, list[tuple[DateRange, tuple[int, int]]]] = defaultdict(list)
    for head, child, start, end in db.session.execute(
        select(HeadOfChild.head_id, HeadOfChild.child_id, HeadOfChild.start, HeadOfChild.end).where(
            HeadOfChild.child_id.in_(children), HeadOfChild.meets(period)
        )
    ):
        found[child].append((DateRange(start, end), (head, child)))
    return found


def _places(
    children: Collection[int], period: DateRange, until: date
) -> tuple[dict[int, list[Place]], dict[int | str, OpenDays]]:
    """The places of the year before the month's end and `until`, and the days on which their units give care."""
    found: dict[int, list[Place]] = defaultdict(list)
    open_days: dict[int | str, OpenDays] = {}
    year = DateRange(period.start - YEAR, until)
    for child, unit, care_type, start, end, invoiced, provider, weekdays, shift, on_holidays in db.session.execute(
        select(
            Placement.child_id,
            Placement.unit_id,
            Placement.care_type,
            Placement.start,
            Placement.end,
            Unit.invoiced,
            Unit.provider,
            Unit.weekdays,
            Unit.shift_opening,
            Unit.open_on_holidays,
        )
        .join(Unit, Unit.id == Placement.unit_id)
        .where(Placement.child_id.in_(children), Placement.meets(year))
        .order_by(Placement.start)
    ):
        charged = charged_by_city(invoiced, provider)
        found[child].append(Place(child, unit, care_type, DateRange(start, end), charged))
        open_days[unit] = OpenDays(frozenset(weekdays), shift.weekdays if shift else frozenset(), on_holidays)
    if policy().closures_are_charged:
        return found, open_days
    closed = closed_days(open_days.keys(), DateRange(period.start, until))
    return found, {unit: replace(days, closed=closed[unit]) for unit, days in open_days.items()}


def _free_by_choice(
    choice: FreeChoice, places: Mapping[int, list[Place]], open_days: Mapping[int | str, OpenDays]
) -> frozenset[int]:
    """The children who are away for a whole period of those that the city has offered."""
    away: dict[int, set[date]] = defaultdict(set)
    for child, day in db.session.execute(
        select(Absence.child_id, Absence.day).where(
            Absence.child_id.in_(places),
            Absence.category == AbsenceCategory.BILLABLE,
            Absence.kind == AbsenceKind.FREE,
            Absence.day.between(choice.offered.start, choice.offered.last_day),
        )
    ):
        away[child].add(day)
    return frozenset(
        child
        for child, days in away.items()
        if free_by_choice(
            choice.options,
            free=days,
            days_of_care={
                day
                for place in places[child]
                if place.charged and (common := place.period & choice.offered)
                for day in open_days[place.unit].days(common)
            },
        )
    )


def _shift_care(children: Collection[int], period: DateRange) -> dict[int, list[tuple[DateRange, ShiftCare]]]:
    """Care at evenings, nights and weekends, of those who have it."""
    found: dict[int, list[tuple[DateRange, ShiftCare]]] = defaultdict(list)
    for child, start, end, shift_care in db.session.execute(
        select(Placement.child_id, ServiceNeedPeriod.start, ServiceNeedPeriod.end, ServiceNeedPeriod.shift_care)
        .join(Placement, Placement.id == ServiceNeedPeriod.placement_id)
        .where(
            Placement.child_id.in_(children),
            ServiceNeedPeriod.meets(period),
            ServiceNeedPeriod.shift_care != ShiftCare.NONE,
        )
    ):
        found[child].append((DateRange(start, end), shift_care))
    return found


def _absences(children: Collection[int], period: DateRange) -> dict[int, dict[date, AbsenceKind]]:
    """Only those from care that is paid for."""
    found: dict[int, dict[date, AbsenceKind]] = defaultdict(dict)
    for child, day, kind in db.session.execute(
        select(Absence.child_id, Absence.day, Absence.kind).where(
            Absence.child_id.in_(children),
            Absence.category == AbsenceCategory.BILLABLE,
            Absence.day.between(period.start, period.last_day),
        )
    ):
        found[child][day] = kind
    return found


def _guardians(children: Collection[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for child, guardian in db.session.execute(
        select(Guardian.child_id, Guardian.guardian_id).where(Guardian.child_id.in_(children))
    ):
        found[child].append(guardian)
    return found


def usual_coefficients(day: date) -> dict[CareType, Decimal]:
    """By kind of care the share of the fee of the need that counts when none was agreed."""
    options = city.named("service_needs", ServiceNeed).values()
    found = {care_type: default_need(options, care_type, day) for care_type in CareType}
    return {care_type: need.fee_coefficient for care_type, need in found.items() if need}


__all__ = ["months_of", "policy", "usual_coefficients"]
