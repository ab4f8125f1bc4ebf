"""Whom the unit calls about a child, in which order, and who may fetch it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated

from sqlalchemy import Select, select, update

from evaka.access import Actor
from evaka.actions import Among, action
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import FamilyContact, FosterParent, Guardian, HeadOfChild, Person, Pickup, partner_of
from evaka.rules.person import is_adult
from evaka.rules.person.family import Circle, ContactRole, moved

ASIDE = 10_000  # places that nobody has: rows wait there while others change theirs


def circle_of(child: Person, day: date) -> Circle:
    """The people around a child on a day."""
    guardians = db.session.execute(
        select(Guardian.guardian_id, Guardian.blocked).where(Guardian.child_id == child.id)).tuples().all()
    fosters = db.session.scalars(
        select(FosterParent.parent_id).where(FosterParent.child_id == child.id, FosterParent.on(day)))
    head = db.session.scalar(
        select(HeadOfChild.head_id).where(HeadOfChild.child_id == child.id, HeadOfChild.on(day)))
    adults: set[int] = set()
    siblings: set[int] = set()
    if head is not None:
        couple = db.session.scalar(partner_of(head, day))
        adults = {head} if couple is None else {couple.first_id, couple.second_id}
        siblings = {one for one, born in db.session.execute(
            select(Person.id, Person.born).join(HeadOfChild, HeadOfChild.child_id == Person.id)
            .where(HeadOfChild.head_id.in_(adults), HeadOfChild.on(day))
        ).tuples() if not is_adult(born, day)} - {child.id}
    living = set(db.session.scalars(select(Person.id).where(
        Person.id.in_({one for one, _ in guardians} | adults | siblings), Person.deceased.is_(None))))
    return Circle(
        guardians=frozenset(one for one, blocked in guardians if not blocked and one in living),
        fosters=frozenset(fosters),
        adults=frozenset(adults & living),
        siblings=frozenset(siblings & living),
        blocked=frozenset(one for one, blocked in guardians if blocked),
    )


def calls_of(child: Person, day: date) -> list[tuple[Person, ContactRole]]:
    """Whom to call about a child, in order."""
    chosen = db.session.scalars(
        select(FamilyContact.person_id).where(FamilyContact.child_id == child.id).order_by(FamilyContact.place)).all()
    order = circle_of(child, day).in_order(chosen)
    people = {one.id: one for one in db.session.scalars(select(Person).where(Person.id.in_([id for id, _ in order])))}
    return [(people[id], role) for id, role in order]


def family_of(child: Person, by: Actor) -> Select[Person]:
    """Everybody of a child's family whom the unit may call: an input's choices."""
    return select(Person).where(Person.id.in_([one for one, _ in circle_of(child, by.today).in_order(())])).order_by(
        Person.sort_key, Person.id)


Relative = Annotated[Person, Among(family_of)]


@action("person.order_contact")
def order_contact(child: Person, by: Actor, *, contact: Relative, place: int) -> None:
    """Whom the unit calls first, second, third; the others make room."""
    order = [one.id for one, _ in calls_of(child, by.today)]
    if contact.id not in order:
        raise Refused("person.not_of_this_file", name=str(child))
    _keep_order(child.id, moved(order, contact.id, place))


def _keep_order(child_id: int, order: Collection[int]) -> None:
    """One row for each in the order; no two may have one place, not even for a moment."""
    rows = {row.person_id: row for row in db.session.scalars(
        select(FamilyContact).where(FamilyContact.child_id == child_id))}
    for person_id in rows.keys() - set(order):  # of the family no more
        db.session.delete(rows.pop(person_id))
    db.session.flush()
    changed = [row.id for place, one in enumerate(order, start=1)
               if (row := rows.get(one)) is not None and row.place != place]
    if changed:
        db.session.execute(
            update(FamilyContact).where(FamilyContact.id.in_(changed)).values(place=FamilyContact.place + ASIDE)
            .execution_options(synchronize_session=False))
    for place, person_id in enumerate(order, start=1):
        if person_id in rows:
            if rows[person_id].place != place:
                rows[person_id].place = place
        else:
            db.session.add(FamilyContact(child_id=child_id, person_id=person_id, place=place))
    db.session.flush()


@action("person.contact_details")
def contact_details(
    child: Person, by: Actor, *, contact: Relative, phone: str = "", backup_phone: str = "", email: str = ""
) -> None:
    """How somebody of the family is reached, as they have told the unit."""
    if contact.id not in {one.id for one, _ in calls_of(child, by.today)}:
        raise Refused("person.not_of_this_file", name=str(child))
    contact.phone, contact.backup_phone, contact.email = phone or None, backup_phone or None, email or None


# -- who may fetch the child ------------------------------------------------------------------------------


def pickups_of(child: Person, by: Actor) -> Select[Pickup]:
    return select(Pickup).where(Pickup.child_id == child.id).order_by(Pickup.id)


Fetcher = Annotated[Pickup, Among(pickups_of)]


@action("person.add_pickup")
def add_pickup(child: Person, by: Actor, *, name: str, phone: str, relation: str = "") -> Pickup:
    """Somebody beside the family may fetch the child; the staff check who it is."""
    row = Pickup(child_id=child.id, name=name, phone=phone, relation=relation)
    db.session.add(row)
    return row


@action("person.edit_pickup")
def edit_pickup(child: Person, by: Actor, *, pickup: Fetcher, name: str, phone: str, relation: str = "") -> None:
    """The name, telephone or relation of somebody who may fetch the child was wrong, or has changed."""
    if pickup.child_id != child.id:
        raise Refused("person.not_of_this_file", name=str(child))
    pickup.name, pickup.phone, pickup.relation = name, phone, relation


@action("person.delete_pickup")
def delete_pickup(child: Person, by: Actor, *, pickup: Fetcher) -> None:
    """This person does not fetch the child any more."""
    if pickup.child_id != child.id:
        raise Refused("person.not_of_this_file", name=str(child))
    db.session.delete(pickup)
