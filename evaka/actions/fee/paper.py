"""The fee decision on paper: what a snapshot says, with the names of people, units and needs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions.document import bill_recipient_of, keep, letter_language, name_of, papers, title_of
from evaka.actions.fee.family import tables
from evaka.letters import pdf
from evaka.letters.decision import Appeal, Law
from evaka.letters.fee import Alteration, ChildFee, FeeFacts, IncomeLine, explained, fee_letter
from evaka.letters.letter import city_sender
from evaka.models.base import db
from evaka.models.document import Document
from evaka.models.fee import FeeDecision
from evaka.models.person import Person
from evaka.models.person.custody import guarded_children, kept_among
from evaka.models.unit import Unit
from evaka.rules.decision import DAYS_TO_RECEIVE, Channel, last_day_of, received
from evaka.rules.fee import AlterationKind, Fees, FeeTable, Line
from evaka.rules.income import Effect, Income, family_total
from evaka.texts import enum_key, say

M = TypeVar("M", Person, Unit)
EFFECTS = {
    Effect.INCOME: "shown",
    Effect.MAX_FEE_ACCEPTED: "highest",
    Effect.INCOMPLETE: "incomplete",
    Effect.NOT_AVAILABLE: "missing",
}


@dataclass(frozen=True)
class FeeInstruction:
    """What the city prints on fee decisions: the sections applied, who revises them, within how many days."""

    laws: tuple[Law, ...]
    appeal_law: Law
    body: Mapping[str, str]
    address: tuple[str, ...]
    email: str
    appeal_days: int = 30
    income_change_percent: int = 10  # a change of income that must be told


def instruction() -> FeeInstruction:
    return city.value("city", "fee_decision", FeeInstruction)


def print_decision(decision: FeeDecision, by: Actor, channel: Channel) -> Document:
    """The decision as the family gets it, kept as it was sent."""
    language = letter_language(decision.head)
    letter = fee_letter(letter_facts(decision, by, channel, language), language)
    name = say("fee.paper_name", language, number=decision.number)
    return keep(decision.head_id, "fee", by, name=name, language=language, content=pdf(letter))



@dataclass(frozen=True)
class Known:
    """The people and units that some decisions name, and of which children it is kept from the head where they are."""

    people: Mapping[int, Person]
    units: Mapping[int, Unit]
    kept: frozenset[tuple[int, int]] = frozenset()  # (child, head)


def known_of(decisions: Collection[FeeDecision], day: date) -> Known:
    """Everybody and everything that the decisions name, in two queries however many they are; a third for few."""
    lines = [line for one in decisions for line in one.facts["lines"]]
    people = {id for one in decisions for id in (one.head_id, one.partner_id or 0)} | {line["child"] for line in lines}
    found = named(Person, people)
    return Known(found, named(Unit, {line["unit"] for line in lines}), kept_of(
        {(line["child"], one.head_id) for one in decisions for line in one.facts["lines"]}, day))


def kept_of(pairs: Collection[tuple[int, int]], day: date) -> frozenset[tuple[int, int]]:
    """Who has fled with a child is the head of the other's household until somebody enters it: of such pairs (child,
    head) the paper names no unit.  Few children are asked about at all."""
    children = {child for child, _ in pairs}
    guarded = set(db.session.scalars(
        select(Person.id).where(Person.id.in_(children), Person.id.in_(guarded_children(day)))))
    asked = [pair for pair in pairs if pair[0] in guarded]
    return frozenset(map(tuple, db.session.execute(kept_among(asked, day)))) if asked else frozenset()


def letter_facts(
    decision: FeeDecision, by: Actor, channel: Channel, language: str, known: Known | None = None
) -> FeeFacts:
    fees, printed = decision.fees, instruction()
    known = known or known_of([decision], by.today)
    people, units = known.people, known.units
    head, partner = people[decision.head_id], people.get(decision.partner_id or 0)
    incomes = [income_line(head, fees.head_income)]
    shown = [fees.head_income]
    if partner is not None:
        incomes.append(income_line(partner, fees.partner_income))
        shown.append(fees.partner_income)
    incomes += [income_line(people[int(line.child)], line.income) for line in fees.lines if line.income is not None]
    deemed = received(channel, by.today)
    reliefs = any(one.kind is AlterationKind.RELIEF for line in fees.lines for one, _ in line.alterations)
    return FeeFacts(
        sender=city_sender(language),
        recipient=bill_recipient_of(head, by.today),
        number=decision.number or 0,
        day=by.today,
        kind="relief_accepted" if reliefs else "normal",
        head=name_of(head),
        partner=partner and name_of(partner),
        period=decision.period,
        family_size=decision.family_size,
        incomes=tuple(incomes),
        total_income=family_total(shown),
        income_limit=fees.limits.lower,
        rate=(fees.limits.rate * 100).normalize() if fees.limits.rate else Decimal(0),
        children=tuple(
            _child(line, people[int(line.child)], unit_name(
                units[int(line.care.unit)], (int(line.child), decision.head_id) in known.kept, language), language)
            for line in fees.lines
        ),
        total=decision.total,
        income_change_percent=printed.income_change_percent,
        laws=printed.laws,
        decision_maker=by.name,
        decision_maker_title=title_of(by.user, by.today, language),
        appeal=Appeal(
            body=printed.body[language],
            address=printed.address,
            email=printed.email,
            law=printed.appeal_law,
            days=printed.appeal_days,
            channel="post" if channel is Channel.POST else "portal",
            sent=by.today,
            deemed_days=DAYS_TO_RECEIVE[channel],
            deemed=deemed,
            last_day=last_day_of(deemed, printed.appeal_days),
        ),
        changes=tuple(say(enum_key(one), language) for one in decision.changed),
        table=table_words(fees, decision.period.start, language),
    )


def table_of(fees: Fees, day: date) -> FeeTable | None:
    """The fee table of a day, when it is still the one by which a decision was made."""
    said = fees.limits
    for table in tables().at(day):
        limits = (*table.limits(fees.family_size), table.rate, table.smallest_fee, table.highest_fee)
        if limits == (said.lower, said.upper, said.rate, said.smallest_fee, said.highest_fee):
            return table
    return None


def table_words(fees: Fees, day: date, language: str) -> str:
    """Which version of the fee table a decision was made by, and where it was rounded."""
    table = table_of(fees, day)
    if table is None:
        return ""
    rounding = say(enum_key(table.rounding), language)
    return say("letter.fee.table", language, start=table.valid.start, law=table.law, rounding=rounding)


def named(model: type[M], ids: set[int]) -> dict[int, M]:
    return {row.id: row for row in db.session.scalars(select(model).where(model.id.in_(ids)))}


def income_line(person: Person, income: Income | None) -> IncomeLine:
    effect = income.effect if income else Effect.NOT_AVAILABLE
    return IncomeLine(name_of(person), EFFECTS[effect], income.total if income and effect is Effect.INCOME else None)


def unit_name(unit: Unit, kept: bool, language: str) -> str:
    return say("fee.unit_kept", language) if kept else unit.name


def _child(line: Line, child: Person, unit: str, language: str) -> ChildFee:
    return ChildFee(
        name=name_of(child),
        born=child.born,
        unit=unit,
        service_need=need_name(line, language),
        base_fee=line.price.base,
        sibling_percent=100 - line.price.sibling_percent,
        fee=line.price.fee,
        alterations=tuple(
            Alteration(say(f"alteration_kind.{one.kind}", language), effect) for one, effect in line.alterations
        ),
        final_fee=line.price.final,
        steps=explained(line.price.steps, language) if papers().explain_fees else (),
    )


def need_name(line: Line, language: str) -> str:
    """The service need as the city calls it; as the decision quotes it when the city has it no more."""
    names = city.read("service_needs").get(line.care.need.option, {}).get("name", {})
    return str(names.get(language) or line.care.need.words or say(f"care_type.{line.care.care_type}", language))
