"""A family as it is, to begin a "what if" from: nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from evaka.actions.fee.family import facts_of, together
from evaka.actions.fee.vouchers import voucher_units
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.person import HeadOfChild, Person
from evaka.rules.fee import FeeStatus, household
from evaka.rules.fee.estimate import Imagined
from evaka.rules.income import Income


@dataclass(frozen=True)
class FamilyNow:
    """A household on a day: its size, what each adult has shown, the children in care from the youngest.

    `total` is what is decided for the day in cents a month, None when nothing is.
    """

    size: int
    incomes: tuple[Income | None, ...]
    children: tuple[Imagined, ...]
    total: int | None


def family_on(person_id: int, day: date) -> FamilyNow | None:
    """The family of an adult, or of a child, on a day; None for somebody who has none."""
    head = db.session.scalar(
        select(HeadOfChild.head_id).where(HeadOfChild.child_id == person_id, HeadOfChild.on(day))
    ) or person_id
    found, _ = facts_of(together({head}))
    if head not in found:
        return None
    facts = found[head]
    family = household(facts, head, day)
    if family.partner is not None and not family.children:  # the partner is the one who pays
        family = household(found.get(int(family.partner), facts), family.partner, day)
        facts = found.get(int(family.head), facts)
    if not family.children:
        return None
    names = dict(db.session.execute(
        select(Person.id, Person.first_name).where(Person.id.in_({int(child.id) for child in family.children}))
    ).tuples().all())
    vouchers = voucher_units()
    children = tuple(
        Imagined(names[int(child.id)], child.born, care.need.option, care.need.coefficient,
                 int(care.unit) in vouchers, facts.income(child.id, day), tuple(facts.altered(child.id, day)))
        for child in family.children for care in facts.cared_for(child.id, day)
    )
    total = db.session.scalar(select(FeeDecision.total).where(
        FeeDecision.head_id == family.head, FeeDecision.status == FeeStatus.SENT, FeeDecision.on(day)))
    return FamilyNow(family.size, family.incomes, children, total)
