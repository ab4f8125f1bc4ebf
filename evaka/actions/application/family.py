"""The family that an application tells of: who is its head, who lives with whom, and which children belong to it.

What contradicts what is known already is kept as a claim for a person to judge; nothing that stands is changed.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import exists, or_, select

from evaka.access import Actor
from evaka.actions import fee
from evaka.actions.application.known import lives_with, others
from evaka.actions.person.family import claim_head, find_conflicts
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.person import FosterParent, HeadOfChild, Partner, Person, partner_of
from evaka.rules.person import is_adult


def form_family(application: Application, by: Actor) -> None:
    """The applicant, or the partner who is head of a family already, becomes the children's head from today on."""
    applicant = application.guardian
    partner = partner_named(application, by)
    head = applicant
    if partner is not None and not is_head(applicant, by) and is_head(partner, by) and lives_with(applicant, partner):
        head = partner
    changed = {head.id}
    if partner is not None and join(applicant, partner, by):
        changed |= {applicant.id, partner.id}
    children = [application.child, *siblings_named(application)]
    taken = [child for child in children if take_in(child, head, application, by)]
    db.session.flush()
    if taken or len(changed) > 1:
        fee.refresh(changed, by)
        find_conflicts({*changed, *(child.id for child in taken)}, by)


def partner_named(application: Application, by: Actor) -> Person | None:
    """Whose code was written as the partner's; else the other guardian, or the known partner, at the same address."""
    applicant = application.guardian
    if application.partner_code:
        return by_code([application.partner_code]).get(application.partner_code)
    here = [one for one in others(application.child_id, applicant.id, by) if lives_with(applicant, one)]
    if here:
        return here[0]
    couple = db.session.scalar(partner_of(applicant.id, by.today))
    if couple is None:
        return None
    other = db.session.get_one(Person, couple.second_id if couple.first_id == applicant.id else couple.first_id)
    return other if lives_with(applicant, other) else None


def siblings_named(application: Application) -> list[Person]:
    """The other children whose codes were written and who are known; the others somebody must enter."""
    codes = [one["code"] for one in application.other_children if one.get("code")]
    return [one for one in by_code(codes).values() if one.id != application.child_id]


def by_code(codes: Collection[str]) -> dict[str, Person]:
    if not codes:
        return {}
    rows = db.session.scalars(
        select(Person).where(Person.identity_code.in_(codes), Person.standing(), Person.deceased.is_(None)))
    return {str(one.identity_code): one for one in rows}


def is_head(person: Person, by: Actor) -> bool:
    return bool(db.session.scalar(select(exists().where(HeadOfChild.head_id == person.id, HeadOfChild.on(by.today)))))


def join(first: Person, second: Person, by: Actor) -> bool:
    """The two live together from today on, unless either lives with somebody already."""
    both = (first.id, second.id)
    if db.session.scalar(select(Partner.id).where(
            or_(Partner.first_id.in_(both), Partner.second_id.in_(both)),
            Partner.end.is_(None) | (Partner.end >= by.today)).limit(1)) is not None:
        return False
    db.session.add(Partner(first_id=first.id, second_id=second.id, start=by.today, end=None))
    return True


def take_in(child: Person, head: Person, application: Application, by: Actor) -> bool:
    """The child gets the head, unless it is grown up, in foster care, or has one: another head's claim is kept."""
    if is_adult(child.born, by.today) or db.session.scalar(select(FosterParent.id).where(
            FosterParent.child_id == child.id, FosterParent.on(by.today)).limit(1)) is not None:
        return False
    since = max(by.today, child.born)
    present = db.session.scalar(select(HeadOfChild).where(HeadOfChild.child_id == child.id, HeadOfChild.on(since)))
    if present is not None:
        if not same_family(present.head_id, application.guardian_id, head.id, by):
            claim_head(child.id, application.guardian_id, by.today, by)
        return False
    if db.session.scalar(select(HeadOfChild.id).where(
            HeadOfChild.child_id == child.id, HeadOfChild.start > since).limit(1)) is not None:
        return False  # somebody has entered who it will be
    db.session.add(HeadOfChild(
        child_id=child.id, head_id=head.id, start=since, end=None))
    return True


def same_family(present: int, applicant: int, head: int, by: Actor) -> bool:
    """Whether the child's head is the applicant, the new head, or the partner of whoever applies."""
    couple = db.session.scalar(partner_of(present, by.today))
    return present in (applicant, head) or (couple is not None and applicant in (couple.first_id, couple.second_id))
