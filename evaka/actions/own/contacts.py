"""How a guardian is reached, who may fetch the children, and whom the unit calls first, as the family says itself.

Every guardian and foster parent of a child has the same rights here (see `custody`).  The keys are the family's own, so
the journal tells what the family has entered from what the office has.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select

from evaka.access import Actor, within
from evaka.actions import action
from evaka.actions.message.settings import check_self
from evaka.actions.person import contacts
from evaka.kit.contacts import check_phone
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import HeadOfChild, Person, Pickup, hold
from evaka.models.person.custody import carers, own_children
from evaka.rules.own import MOST_PICKUPS, check_last_day, sooner
from evaka.rules.person import is_adult
from evaka.rules.person.family import ContactRole, moved, preferred
from evaka.texts import LANGUAGES


def me_of(by: Actor) -> Person | None:
    """The person whose log-in acts, where it is a guardian's."""
    return by.user.person if by.user is not None else None


def own_kids(by: Actor) -> list[Person]:
    """The children of a guardian, with a place or without, the oldest first."""
    if by.user is None or by.user.person_id is None:
        return []
    rows = db.session.scalars(
        select(Person).where(Person.id.in_(own_children(by.user.person_id, by.today)), Person.deceased.is_(None),
                             Person.standing()).order_by(Person.born, Person.id))
    return [one for one in rows if not is_adult(one.born, by.today)]


def told_kids(by: Actor) -> list[Person]:
    """Those of them of whom the guardian is told where they are and when they come."""
    return told_of(own_kids(by), by)


def told_of(kids: list[Person], by: Actor) -> list[Person]:
    told = set(db.session.scalars(select(Person.id).where(
        Person.id.in_([one.id for one in kids]), within(by, "placement.view", Person))))
    return [one for one in kids if one.id in told]


@action("own.tell_contacts")
def tell_contacts(
    person: Person, by: Actor, *, phone: str, backup_phone: str = "", email: str = "", preferred_name: str = "",
    language: str,
) -> None:
    """A guardian's own telephones, e-mail, the first name that is used, and the language of mails and letters."""
    check_self(person, by, "own.tell_contacts")
    if not phone.strip():
        raise Refused("own.phone_missing")
    if language not in (*LANGUAGES, person.language):
        raise Refused("own.language_unknown")
    person.phone, person.backup_phone = phone.strip(), backup_phone.strip() or None
    person.email, person.language = email.strip() or None, language
    contacts.check_contacts(person)
    person.preferred_name = preferred(preferred_name, person.first_name)


# -- who may fetch a child --------------------------------------------------------------------------------


def hides_phones(child: Person, by: Actor) -> bool:
    """Whether telephones that others have told of a child are kept from a guardian: somebody's home is protected.

    Who is protected sees them, unless somebody else of the family is protected too.
    """
    me = me_of(by)
    heads = select(Person).join(HeadOfChild, HeadOfChild.head_id == Person.id).where(
        HeadOfChild.child_id == child.id, HeadOfChild.on(by.today))
    close = [*db.session.scalars(carers(child.id, by.today)), *db.session.scalars(heads)]
    if any(one.restricted_on(by.today) for one in close if me is None or one.id != me.id):
        return True
    return child.restricted_on(by.today) and not (me is not None and me.restricted_on(by.today))


@action("own.add_pickup")
def add_pickup(
    child: Person, by: Actor, *, name: str, phone: str, relation: str = "", last_day: date | None = None
) -> Pickup:
    """Somebody beside the family may fetch the child; the staff check who it is."""
    hold([child.id])  # who adds at the same moment is counted too
    still = select(func.count()).select_from(Pickup).where(Pickup.child_id == child.id, Pickup.still(by.today))
    if (db.session.scalar(still) or 0) >= MOST_PICKUPS:
        raise Refused("own.enough_pickups", most=MOST_PICKUPS)
    check_phone(phone)
    check_last_day(last_day, by.today)
    row = Pickup(child_id=child.id, name=name, phone=phone, relation=relation, last_day=last_day)
    db.session.add(row)
    return row


@action("own.edit_pickup")
def edit_pickup(
    child: Person, by: Actor, *, pickup: int, name: str, phone: str = "", relation: str = "",
    last_day: date | None = None,
) -> None:
    """Something of it has changed; without a telephone the one that is known stays."""
    row = _pickup(child, pickup)
    if phone and phone != row.phone:
        check_phone(phone)
        row.phone = phone
    if last_day != row.last_day:
        check_last_day(last_day, by.today)
    row.name, row.relation, row.last_day = name, relation, last_day


@action("own.end_pickup")
def end_pickup(child: Person, by: Actor, *, pickup: int) -> None:
    """From now on this person does not fetch the child any more."""
    db.session.delete(_pickup(child, pickup))


def _pickup(child: Person, id: int) -> Pickup:
    row = db.session.scalar(select(Pickup).where(Pickup.id == id, Pickup.child_id == child.id))
    if row is None:
        raise Refused("own.pickup_gone")
    return row


# -- whom the unit calls ----------------------------------------------------------------------------------


def calls_seen(child: Person, by: Actor) -> list[tuple[Person, ContactRole]]:
    """Whom the unit calls, in order, as far as a guardian may know of them.

    Guardians and foster parents know of one another; who else lives in a household is told only there.  The
    child's brothers and sisters are nobody to call.
    """
    me, family = me_of(by), contacts.family_around(child, by.today)
    parents = family.circle.guardians | family.circle.fosters
    at_home = me is not None and me.id in family.circle.adults
    return [(one, role) for one, role in family.calls()
            if one.id in parents or (at_home and role is not ContactRole.LOCAL_SIBLING)]


@action("own.call_sooner")
def call_sooner(child: Person, by: Actor, *, contact: int) -> None:
    """The unit calls somebody before the one who was called before."""
    order = [one.id for one, _ in contacts.calls_of(child, by.today)]
    place = sooner(order, {one.id for one, _ in calls_seen(child, by)}, contact)
    contacts.keep_order(child.id, moved(order, contact, place))
