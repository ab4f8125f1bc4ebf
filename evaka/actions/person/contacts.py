"""Whom the unit calls about a child, in which order, and who may fetch it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from sqlalchemy import (
    CompoundSelect,
    Date,
    Integer,
    Select,
    bindparam,
    inspect,
    literal,
    select,
    union,
    union_all,
    update,
)
from sqlalchemy.orm import load_only

from evaka.access import Actor
from evaka.actions import Among, action
from evaka.kit.contacts import check_email, check_phone
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import FamilyContact, FosterParent, Guardian, HeadOfChild, Partner, Person, Pickup
from evaka.rules.own import check_last_day
from evaka.rules.person import is_adult
from evaka.rules.person.family import Circle, ContactRole, moved

ASIDE = 10_000  # places that nobody has: rows wait there while others change theirs


CHILD, DAY = bindparam("child", type_=Integer), bindparam("day", type_=Date)


def _ties() -> CompoundSelect[Any]:
    """(what somebody is to the child, who, place in the chosen order), for all in one statement."""
    head = select(HeadOfChild.head_id.label("id")).where(HeadOfChild.child_id == CHILD, HeadOfChild.on(DAY)).cte("head")
    heads = select(head.c.id)
    adults = union(
        heads, select(Partner.second_id).where(Partner.first_id.in_(heads), Partner.on(DAY)),
        select(Partner.first_id).where(Partner.second_id.in_(heads), Partner.on(DAY))).cte("adults")
    children = HeadOfChild.head_id.in_(select(adults.c.id)), HeadOfChild.on(DAY), HeadOfChild.child_id != CHILD
    parts: list[tuple[str, Any, Any, tuple[Any, ...]]] = [
        ("guardian", Guardian.guardian_id, literal(0), (Guardian.child_id == CHILD, ~Guardian.blocked)),
        ("blocked", Guardian.guardian_id, literal(0), (Guardian.child_id == CHILD, Guardian.blocked)),
        ("foster", FosterParent.parent_id, literal(0), (FosterParent.child_id == CHILD, FosterParent.on(DAY))),
        ("head", head.c.id, literal(0), ()),
        ("adult", adults.c.id, literal(0), ()),
        ("sibling", HeadOfChild.child_id, literal(0), children),
        ("chosen", FamilyContact.person_id, FamilyContact.place, (FamilyContact.child_id == CHILD,)),
    ]
    return union_all(*(select(literal(tie), who, place).where(*which) for tie, who, place, which in parts))


TIES = _ties()
_TIED = TIES.subquery("tied")
_NEEDED = (Person.first_name, Person.last_name, Person.preferred_name, Person.born, Person.deceased, Person.phone,
           Person.backup_phone, Person.email, Person.restricted, Person.restricted_until)
AROUND = (
    select(_TIED.c[0], _TIED.c[2], Person).join(Person, Person.id == _TIED.c[1]).options(load_only(*_NEEDED)))


@dataclass(frozen=True)
class Family:
    """The people around a child on a day, and who of them is its head."""

    circle: Circle
    people: dict[int, Person]
    chosen: list[int]  # whom the unit calls first
    head: int | None

    def calls(self) -> list[tuple[Person, ContactRole]]:
        """Whom to call, in order."""
        return [(self.people[id], role) for id, role in self.circle.in_order(self.chosen)]


def family_around(child: Person, day: date) -> Family:
    """One query, however many they are."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    people: dict[int, Person] = {}
    for tie, place, person in db.session.execute(AROUND, {"child": child.id, "day": day}):
        found[tie][person.id], people[person.id] = place, person
    living = {id for id, one in people.items() if one.deceased is None}
    circle = Circle(
        guardians=frozenset(found["guardian"].keys() & living),
        fosters=frozenset(found["foster"]),
        adults=frozenset(found["adult"].keys() & living),
        siblings=frozenset(id for id in found["sibling"].keys() & living if not is_adult(people[id].born, day)),
        blocked=frozenset(found["blocked"]),
    )
    chosen = sorted(found["chosen"], key=lambda one: found["chosen"][one])
    return Family(circle, people, chosen, next(iter(found["head"]), None))


def calls_of(child: Person, day: date) -> list[tuple[Person, ContactRole]]:
    """Whom to call about a child, in order."""
    return family_around(child, day).calls()


def family_of(child: Person, by: Actor) -> Select[Person]:
    """Everybody of a child's family whom the unit may call: an input's choices."""
    return select(Person).where(Person.id.in_([one.id for one, _ in calls_of(child, by.today)])).order_by(
        Person.sort_key, Person.id)


Relative = Annotated[Person, Among(family_of)]


@action("person.order_contact")
def order_contact(child: Person, by: Actor, *, contact: Relative, place: int) -> None:
    """Whom the unit calls first, second, third; the others make room."""
    order = [one.id for one, _ in calls_of(child, by.today)]
    if contact.id not in order:
        raise Refused("person.not_of_this_file", name=str(child))
    keep_order(child.id, moved(order, contact.id, place))


def keep_order(child_id: int, order: Collection[int]) -> None:
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
    check_contacts(contact)


def check_contacts(person: Person) -> None:
    """Refuse a new number that cannot be dialled or an address that is none; what stood there before may stay."""
    for name, check in (("phone", check_phone), ("backup_phone", check_phone), ("email", check_email)):
        typed = getattr(person, name)
        if typed and inspect(person).attrs[name].history.has_changes():
            check(typed)


# -- who may fetch the child ------------------------------------------------------------------------------


def pickups_of(child: Person, by: Actor) -> Select[Pickup]:
    return select(Pickup).where(Pickup.child_id == child.id).order_by(Pickup.id)


Fetcher = Annotated[Pickup, Among(pickups_of)]


@action("person.add_pickup")
def add_pickup(
    child: Person, by: Actor, *, name: str, phone: str, relation: str = "", last_day: date | None = None
) -> Pickup:
    """Somebody beside the family may fetch the child, for a time or until further notice; the staff check who it is."""
    check_phone(phone)
    check_last_day(last_day, by.today)
    row = Pickup(child_id=child.id, name=name, phone=phone, relation=relation, last_day=last_day)
    db.session.add(row)
    return row


@action("person.edit_pickup")
def edit_pickup(
    child: Person, by: Actor, *, pickup: Fetcher, name: str, phone: str, relation: str = "",
    last_day: date | None = None,
) -> None:
    """Something of somebody who may fetch the child was wrong, or has changed."""
    if pickup.child_id != child.id:
        raise Refused("person.not_of_this_file", name=str(child))
    if phone != pickup.phone:
        check_phone(phone)
    if last_day != pickup.last_day:
        check_last_day(last_day, by.today)
    pickup.name, pickup.phone, pickup.relation, pickup.last_day = name, phone, relation, last_day


@action("person.delete_pickup")
def delete_pickup(child: Person, by: Actor, *, pickup: Fetcher) -> None:
    """This person does not fetch the child any more."""
    if pickup.child_id != child.id:
        raise Refused("person.not_of_this_file", name=str(child))
    db.session.delete(pickup)
