"""Families: who is whose guardian or foster parent, who live together; people's codes and invoicing addresses."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated

from sqlalchemy import Select, or_, select

from evaka.access import Actor
from evaka.actions import Among, Long, action, fee
from evaka.actions.person.contacts import (
    add_pickup,
    contact_details,
    delete_pickup,
    edit_pickup,
    order_contact,
)
from evaka.actions.person.family import (
    accept_claim,
    correct_head,
    delete_head,
    dismiss_conflict,
    end_head,
    find_conflicts,
    reopen_conflict,
    set_head,
)
from evaka.kit import identity
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import FosterParent, Guardian, Partner, Person, partner_of
from evaka.rules.person import is_adult
from evaka.rules.person.family import check_apart, check_childhood, check_together


def check_identity(person: Person) -> None:
    """Bring the identity code to its written form; refuse one that is not of this day of birth."""
    if not person.identity_code:
        person.identity_code = None
        return
    person.identity_code = identity.check(person.identity_code)
    told = identity.born(person.identity_code)
    if told != person.born:
        raise Refused("person.born_otherwise", born=person.born, told=told)
    if person.no_code_expected:
        raise Refused("person.code_not_expected", name=str(person))


@action("person.add_code")
def add_code(person: Person, by: Actor, *, identity_code: str) -> None:
    """Somebody who was entered without an identity code has got one."""
    if person.identity_code is not None:
        raise Refused("person.code_already", name=str(person))
    code = identity.check(identity_code)
    if db.session.scalar(select(Person.id).where(Person.identity_code == code)) is not None:
        raise Refused("person.code_taken", code=f"{code[:7]}…")
    with db.session.no_autoflush:
        person.identity_code = code
        check_identity(person)


@action("person.set_invoice_address")
def set_invoice_address(
    person: Person,
    by: Actor,
    *,
    invoice_name: str = "",
    invoice_street: str = "",
    invoice_postal_code: str = "",
    invoice_post_office: str = "",
) -> None:
    """Bills and fee decisions go to another name or address than the person's own; all empty: to the own again."""
    if person.restricted_on(by.today) and (invoice_street or invoice_postal_code or invoice_post_office):
        raise Refused("person.invoice_restricted", name=str(person))
    if invoice_street and not invoice_post_office:
        raise Refused("person.invoice_address_half")
    person.invoice_name = invoice_name or None
    person.invoice_street = invoice_street or None
    person.invoice_postal_code = invoice_postal_code or None
    person.invoice_post_office = invoice_post_office or None


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
    row.blocked, row.reason = False, ""
    db.session.flush()
    find_conflicts({child.id}, by)
    return row


def unblocked_of(child: Person, by: Actor) -> Select[Guardian]:
    """The guardians who have their rights."""
    return select(Guardian).where(Guardian.child_id == child.id, ~Guardian.blocked).order_by(Guardian.id)


@action("person.block_guardian")
def block_guardian(
    child: Person, by: Actor, *, guardian: Annotated[Guardian, Among(unblocked_of)], reason: Long
) -> None:
    """The guardian sees and answers nothing of the child any more, for example by order of a court."""
    if guardian.child_id != child.id:
        raise Refused("person.not_of_this_file", name=str(child))
    guardian.blocked, guardian.reason = True, reason
    db.session.flush()
    find_conflicts({child.id}, by)


def blocked_of(child: Person, by: Actor) -> Select[Guardian]:
    """The guardians who are blocked."""
    return select(Guardian).where(Guardian.child_id == child.id, Guardian.blocked).order_by(Guardian.id)


@action("person.unblock_guardian")
def unblock_guardian(
    child: Person, by: Actor, *, guardian: Annotated[Guardian, Among(blocked_of)], reason: Long
) -> None:
    """The guardian has the rights again: the order or decision has ended."""
    if guardian.child_id != child.id:
        raise Refused("person.not_of_this_file", name=str(child))
    guardian.blocked, guardian.reason = False, ""
    db.session.flush()
    find_conflicts({child.id}, by)


# -- foster parents ---------------------------------------------------------------------------------


def fosters_of(child: Person, by: Actor) -> Select[FosterParent]:
    """All the foster parents that the child has had and will have."""
    return select(FosterParent).where(FosterParent.child_id == child.id).order_by(FosterParent.start, FosterParent.id)


Foster = Annotated[FosterParent, Among(fosters_of)]


@action("person.add_foster_parent")
def add_foster_parent(
    child: Person, by: Actor, *, identity_code: str, start: date, end: date | None = None
) -> FosterParent:
    """While the child is placed in the home of this grown-up, they have the rights of a guardian."""
    parent = by_code(identity_code)
    if parent.id == child.id or not is_adult(parent.born, start):
        raise Refused("person.foster_not_adult", name=str(parent), born=parent.born)
    if db.session.scalar(blocked_of(child, by).where(Guardian.guardian_id == parent.id)) is not None:
        raise Refused("person.foster_blocked", name=str(parent))
    period = check_childhood(child.born, start, end)
    earlier = db.session.scalars(fosters_of(child, by).where(FosterParent.parent_id == parent.id))
    check_apart(period, [(one.period, str(parent)) for one in earlier], "person.foster_overlaps")
    row = FosterParent(child_id=child.id, parent_id=parent.id, start=start, end=end)
    db.session.add(row)
    db.session.flush()
    find_conflicts({child.id}, by)
    return row


@action("person.correct_foster_parent")
def correct_foster_parent(
    child: Person, by: Actor, *, foster: Foster, start: date, end: date | None = None
) -> None:
    """The child is in the home at other times than was entered, or the placement ends."""
    if foster.child_id != child.id:
        raise Refused("person.not_of_this_file", name=str(child))
    period = check_childhood(child.born, start, end)
    others = db.session.scalars(
        fosters_of(child, by).where(FosterParent.parent_id == foster.parent_id, FosterParent.id != foster.id))
    check_apart(period, [(one.period, str(one.parent)) for one in others], "person.foster_overlaps")
    foster.start, foster.end = start, end
    db.session.flush()
    find_conflicts({child.id}, by)


@action("person.delete_foster_parent")
def delete_foster_parent(child: Person, by: Actor, *, foster: Foster) -> None:
    """The foster parent was entered by mistake."""
    if foster.child_id != child.id:
        raise Refused("person.not_of_this_file", name=str(child))
    db.session.delete(foster)
    db.session.flush()
    find_conflicts({child.id}, by)


# -- partners ---------------------------------------------------------------------------------------


def partners_of(person: Person, by: Actor) -> Select[Partner]:
    """All with whom somebody has lived and will live."""
    of_person = or_(Partner.first_id == person.id, Partner.second_id == person.id)
    return select(Partner).where(of_person).order_by(Partner.start)


Couple = Annotated[Partner, Among(partners_of)]


def _refuse_others(both: tuple[int, int], period: DateRange, *, but: int = 0) -> None:
    """Nobody lives with two at a time."""
    taken = db.session.scalar(select(Partner).where(
        or_(Partner.first_id.in_(both), Partner.second_id.in_(both)), Partner.meets(period), Partner.id != but))
    if taken is not None:
        raise Refused("person.partner_already", first=str(taken.first), second=str(taken.second), period=taken.period)


def _settle(both: Collection[int], by: Actor) -> None:
    db.session.flush()
    fee.refresh(set(both), by)
    find_conflicts(set(both), by)


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
    period = check_together(start, end)
    both = (person.id, other.id)
    _refuse_others(both, period)
    first, second = sorted(both)
    row = Partner(first_id=first, second_id=second, start=start, end=end)
    db.session.add(row)
    _settle(both, by)
    return row


@action("person.correct_partner")
def correct_partner(person: Person, by: Actor, *, partner: Couple, start: date, end: date | None = None) -> None:
    """The two live together at other times than was entered."""
    if person.id not in (partner.first_id, partner.second_id):
        raise Refused("person.not_of_this_file", name=str(person))
    _refuse_others((partner.first_id, partner.second_id), check_together(start, end), but=partner.id)
    partner.start, partner.end = start, end
    _settle((partner.first_id, partner.second_id), by)


@action("person.end_partner")
def end_partner(person: Person, by: Actor, *, end: date) -> None:
    """The last day on which the two live together."""
    row = db.session.scalar(partner_of(person.id, end))
    if row is None:
        raise Refused("person.no_partner", end=end)
    row.end = end
    _settle((row.first_id, row.second_id), by)


@action("person.delete_partner")
def delete_partner(person: Person, by: Actor, *, partner: Couple) -> None:
    """The couple was entered by mistake: it is as if it had never been."""
    both = partner.first_id, partner.second_id
    if person.id not in both:
        raise Refused("person.not_of_this_file", name=str(person))
    db.session.delete(partner)
    _settle(both, by)


__all__ = [
    "accept_claim",
    "add_code",
    "add_foster_parent",
    "add_guardian",
    "add_pickup",
    "block_guardian",
    "by_code",
    "check_identity",
    "contact_details",
    "correct_foster_parent",
    "correct_head",
    "correct_partner",
    "delete_foster_parent",
    "delete_head",
    "delete_partner",
    "delete_pickup",
    "dismiss_conflict",
    "edit_pickup",
    "end_head",
    "end_partner",
    "order_contact",
    "reopen_conflict",
    "set_head",
    "set_invoice_address",
    "set_partner",
    "unblock_guardian",
]
