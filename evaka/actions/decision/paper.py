"""The decision on paper: in which words, by which law, to whom, and until when it may be answered and appealed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from evaka import city
from evaka.access import Actor
from evaka.actions.application import option
from evaka.actions.document import name_of, title_of
from evaka.kit.errors import Refused
from evaka.letters.decision import Appeal, DecisionFacts, Law
from evaka.letters.letter import city_sender
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.person import Person
from evaka.models.person.custody import custody
from evaka.models.user import User
from evaka.rules.decision import (
    DAYS_TO_RECEIVE,
    PRIMARY,
    Channel,
    DecisionPolicy,
    Reason,
    answer_due,
    appeal_days,
    appeal_due,
    common_reason,
    movable_days,
    picked,
    received,
    stands_for,
    start_window,
)
from evaka.rules.decision.delivery import Reader, best_channel
from evaka.rules.person import address_lines
from evaka.rules.unit import Provider


@dataclass(frozen=True)
class Instruction:
    """What the city prints on a kind of decision: the sections applied, and who revises it."""

    key: str
    laws: tuple[Law, ...]
    appeal_law: Law
    body: Mapping[str, str]
    address: tuple[str, ...]
    email: str


def policy() -> DecisionPolicy:
    return city.value("city", "decision", DecisionPolicy)


# -- who reads it -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Readers:
    """The guardians and foster parents of some children, and which of them have a log-in."""

    people: Mapping[int, list[Person]]  # by child
    log_ins: frozenset[int]

    def of(self, child_id: int) -> list[Person]:
        return self.people.get(child_id, [])

    def addressee(self, decision: Decision) -> Person:
        """Who applied; another guardian or foster parent when the applicant has lost that right since."""
        several = self.of(decision.child_id)
        applicant = decision.application.guardian_id
        first = next((one for one in several if one.id == applicant), next(iter(several), None))
        if first is None:
            raise Refused("decision.nobody_to_tell", child=str(decision.child))
        return first

    def facts(self, person: Person, day: date) -> Reader:
        protected = person.restricted_on(day)
        home = address_lines(person.street, person.postal_code, person.post_office, restricted=protected)
        return Reader(person.id, person.id in self.log_ins, bool(person.identity_code), home, protected)

    def channel(self, person: Person, day: date) -> Channel:
        """How a decision reaches somebody best."""
        return best_channel(self.facts(person, day), policy())


def readers_of(children: Collection[int], day: date) -> Readers:
    """Two queries, however many children: the first guardian first."""
    pairs = custody(day, select(Person.id).where(Person.id.in_(children)))
    found: dict[int, list[Person]] = defaultdict(list)
    rows = db.session.execute(
        select(pairs.c.child_id, Person).join(pairs, pairs.c.person_id == Person.id).order_by(pairs.c.rank, pairs.c.id))
    for child, person in rows:
        found[child].append(person)
    adults = {person.id for several in found.values() for person in several}
    log_ins = db.session.scalars(select(User.person_id).where(User.person_id.in_(adults), User.active))
    return Readers(found, frozenset(id for id in log_ins if id is not None))


def addressee(decision: Decision, day: date) -> Person:
    return readers_of({decision.child_id}, day).addressee(decision)


# -- what it says -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """What follows from the day and the channel: when it counts as received, and the last days."""

    day: date
    channel: Channel
    deemed: date
    answer_by: date
    appeal_by: date


def terms_of(decision: Decision, channel: Channel, day: date) -> Terms:
    return Terms(
        day, channel, received(channel, day), answer_due(day, policy().answer_days, channel),
        appeal_due(day, decision.care_type, policy(), channel),
    )


def common_of(decision: Decision, language: str) -> Reason:
    """The ground that the city gives to everybody; refuses while it is missing, unready or not translated."""
    return common_reason(
        city.named("reasons", Reason).values(), decision.care_type, decision.start, language)


def facts_of(
    decision: Decision, by: Actor, channel: Channel, language: str, *, day: date | None = None,
    number: int | None = None, reader: Person | None = None,
) -> DecisionFacts:
    """Everything that the letter of a decision says; `day` is when it goes, today unless told.

    No home is named: the address stands on a page of its own, which only its receiver gets.
    """
    terms = terms_of(decision, channel, day or by.today)
    kind = stands_for(decision.kind)
    instruction = city.named("decisions", Instruction)[kind]
    child = decision.child
    preschool = decision.kind in PRIMARY
    own = picked(
        decision.reason_keys or (), city.named("reasons", Reason), decision.care_type, decision.start, language)
    if reader is None:
        reader = addressee(decision, by.today)
    assert number or decision.number
    return DecisionFacts(
        sender=city_sender(language),
        recipient=(name_of(reader),),
        number=number or decision.number or 0,
        day=terms.day,
        kind=decision.kind,
        child=name_of(child),
        born=child.born,
        unit=decision.unit.name_in_decisions(preschool=preschool),
        unit_address=decision.unit.address,
        manager=", ".join(filter(None, (decision.unit.director, decision.unit.director_phone))),
        handler=decision.unit.handler_in_decisions(preschool=preschool),
        service_need=option(decision.service_need).name[language],
        period=decision.period,
        start_window=start_window(decision.period, movable_days(decision.care_type, policy(), guardian=True)),
        reasons=tuple(filter(None, (common_of(decision, language).text[language], *own, decision.reasons))),
        laws=instruction.laws,
        decision_maker=by.name,
        decision_maker_title=title_of(by.user, by.today, language),
        answer_by=terms.answer_by,
        voucher=decision.unit.provider is Provider.PRIVATE_SERVICE_VOUCHER,
        transfer=decision.application.transfer,
        case=decision.application.case_number or "",
        appeal=Appeal(
            body=instruction.body[language], address=instruction.address, email=instruction.email,
            law=instruction.appeal_law, days=appeal_days(decision.care_type, policy()),
            channel="post" if channel in (Channel.POST, Channel.HANDED) else "portal", sent=terms.day,
            deemed_days=DAYS_TO_RECEIVE[channel], deemed=terms.deemed, last_day=terms.appeal_by,
        ),
    )


