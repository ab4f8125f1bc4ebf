"""The voucher decision on paper: what a snapshot says, with the names of people, units and needs."""

from __future__ import annotations

from evaka import city
from evaka.access import Actor
from evaka.actions.document import keep, letter_language, name_of, papers, recipient_of, title_of
from evaka.actions.fee.paper import (
    FeeInstruction,
    income_line,
    kept_of,
    named,
    need_name,
    table_words,
    unit_name,
)
from evaka.letters import pdf
from evaka.letters.decision import Appeal
from evaka.letters.fee import Alteration, explained
from evaka.letters.letter import city_sender
from evaka.letters.voucher import VoucherLetterFacts, voucher_letter
from evaka.models.document import Document
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.models.voucher import VoucherDecision
from evaka.rules.decision import DAYS_TO_RECEIVE, Channel, last_day_of, received
from evaka.rules.fee import AlterationKind
from evaka.texts import enum_key, say


def instruction() -> FeeInstruction:
    """What the city prints on voucher decisions: the sections applied, who revises them, within how many days."""
    return city.value("city", "voucher_decision", FeeInstruction)


def print_decision(decision: VoucherDecision, by: Actor, channel: Channel) -> Document:
    """The decision as the family gets it, kept as it was sent."""
    language = letter_language(decision.head)
    letter = voucher_letter(letter_facts(decision, by, channel, language), language)
    name = say("voucher.paper_name", language, number=decision.number)
    return keep(decision.head_id, "voucher", by, name=name, language=language, content=pdf(letter))


def letter_facts(decision: VoucherDecision, by: Actor, channel: Channel, language: str) -> VoucherLetterFacts:
    voucher, printed = decision.voucher, instruction()
    line, value = voucher.line, voucher.value
    assert line is not None  # a decision on nothing is not printed
    assert value is not None
    people = named(Person, {decision.head_id, decision.partner_id or 0, decision.child_id})
    unit = named(Unit, {int(line.care.unit)})[int(line.care.unit)]
    head, partner, child = people[decision.head_id], people.get(decision.partner_id or 0), people[decision.child_id]
    incomes = [income_line(head, voucher.family.head_income)]
    if partner is not None:
        incomes.append(income_line(partner, voucher.family.partner_income))
    if line.income is not None:
        incomes.append(income_line(child, line.income))
    deemed = received(channel, by.today)
    reliefs = any(one.kind is AlterationKind.RELIEF for one, _ in line.alterations)
    return VoucherLetterFacts(
        sender=city_sender(language),
        recipient=recipient_of(head, by.today, with_child=child),
        number=decision.number or 0,
        day=by.today,
        kind="relief_accepted" if reliefs else "normal",
        child=name_of(child),
        born=child.born,
        unit=unit_name(unit, bool(kept_of({(child.id, head.id)}, by.today)), language),
        care_type=say(f"care_type.{line.care.care_type}", language),
        service_need=need_name(line, language),
        head=name_of(head),
        partner=partner and name_of(partner),
        period=decision.period,
        family_size=decision.family_size,
        incomes=tuple(incomes),
        value=decision.value,
        co_payment=voucher.co_payment,
        alterations=tuple(
            Alteration(say(f"alteration_kind.{one.kind}", language), effect) for one, effect in line.alterations
        ),
        final_co_payment=decision.final_co_payment,
        to_unit=decision.to_unit,
        value_steps=explained(value.steps, language) if papers().explain_vouchers else (),
        co_payment_steps=explained(line.price.steps, language) if papers().explain_vouchers else (),
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
        tables=table_words(voucher.family, decision.period.start, language),
    )
