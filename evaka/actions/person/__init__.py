"""Families: who is whose guardian, in whose household a child lives, who live together."""

from __future__ import annotations

from datetime import date

from sqlalchemy import or_, select

from evaka.access import Actor
from evaka.actions import Long, action, fee
from evaka.kit import identity
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import Guardian, HeadOfChild, Partner, Person
from evaka.rules.person import is_adult


def check_identity(person: Person) -> None:
    """Bring the identity code to its written form; refuse one that is not of this day of birth."""
    if not person.identity_code:
        person.identity_code = None
        return
    person.identity_code = identity.check(person.identity_code)
    told = identity.born(person.identity_code)
    if told != person.born:
        raise Refused("person.born_otherwise", born=person.born, told=told)


def by_code(identity_code: str) -> Person:
    """The person with that code; refuses when nobody has it."""
    code = identity.check(identity_code)
    found = db.session.scalar(select(Person).where(Person.identity_code == code))
    if found is None:
        raise Refused("person.not_known", code=f"{code[:7]}…")
    return found


@action("person.add_guardian")
def add_guardian(child: Person, by: Actor, *, identity_code: str) -> Guardian:
    """A grown-up who has the custody of the child."""
    guardian = by_code(identity_code)
    if guardian.id == child.id or not is_adult(guardian.born, by.today):
        raise Refused("person.guardian_not_adult", name=str(guardian), born=guardian.born)
    row = db.session.scalar(select(Guardian).where(
        Guardian.child_id == child.id, Guardian.guardian_id == guardian.id))
    if row is not None and not row.blocked:
        raise Refused("person.guardian_already", name=str(guardian))
    if row is None:
        row = Guardian(child_id=child.id, guardian_id=guardian.id)
        db.session.add(row)
    row.blocked = False
    return row


@action("person.block_guardian")
def block_guardian(child: Person, by: Actor, *, guardian: Guardian, reason: Long) -> None:
    """The guardian sees and answers nothing of the child any more, for example by order of a court."""
    guardian.blocked = True


@action("person.set_head")
def set_head(child: Person, by: Actor, *, guardian: Guardian, start: date) -> HeadOfChild:
    """From `start` the child lives in the household of this guardian, who receives its bills."""
    rows = db.session.scalars(select(HeadOfChild).where(HeadOfChild.child_id == child.id)).all()
    heads = {guardian.guardian_id} | {row.head_id for row in rows}
    for earlier in rows:
        if earlier.start >= start:
            db.session.delete(earlier)
        elif earlier.end is None or earlier.end >= start:
            earlier.end = start - DAY
    db.session.flush()
    row = HeadOfChild(child_id=child.id, head_id=guardian.guardian_id, start=start, end=None)
    db.session.add(row)
    fee.refresh(heads, by)
    return row


@action("person.set_partner")
def set_partner(
    person: Person, by: Actor, *, identity_code: str, start: date, end: date | None = None
) -> Partner:
    """Two grown-ups live together: their incomes and children count as one family (1503/2016, 7 §)."""
    other = by_code(identity_code)
    if other.id == person.id:
        raise Refused("person.partner_self")
    if not is_adult(other.born, by.today) or not is_adult(person.born, by.today):
        raise Refused("person.partner_not_adult", name=str(other))
    if end is not None and end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    period = DateRange(start, end)
    both = (person.id, other.id)
    taken = db.session.scalar(select(Partner).where(
        or_(Partner.first_id.in_(both), Partner.second_id.in_(both)), Partner.meets(period)))
    if taken is not None:
        raise Refused("person.partner_already", first=str(taken.first), second=str(taken.second), period=taken.period)
    first, second = sorted(both)
    row = Partner(first_id=first, second_id=second, start=start, end=end)
    db.session.add(row)
    fee.refresh(set(both), by)
    return row


@action("person.end_partner")
def end_partner(person: Person, by: Actor, *, end: date) -> None:
    """The last day on which the two live together."""
    row = db.session.scalar(select(Partner).where(
        or_(Partner.first_id == person.id, Partner.second_id == person.id), Partner.on(end)))
    if row is None:
        raise Refused("person.no_partner", end=end)
    row.end = end
    fee.refresh({row.first_id, row.second_id}, by)
