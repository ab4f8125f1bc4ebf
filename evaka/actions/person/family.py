"""The household of a child over time, what in families does not fit together, and what a death ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from typing import Annotated, Any

from sqlalchemy import Select, and_, delete, inspect, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from evaka.access import Actor
from evaka.actions import Among, Long, action, fee
from evaka.kit.dates import DAY, DateRange
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import FamilyConflict, FosterParent, HeadOfChild, Partner, Person
from evaka.models.person.custody import carers, custody
from evaka.models.placement import Placement
from evaka.rules.person import address_lines
from evaka.rules.person.family import (
    ConflictKind,
    ConflictStatus,
    Found,
    Placed,
    Resident,
    check_apart,
    check_childhood,
    conflicts_of_child,
    conflicts_of_partners,
)


def carers_of(child: Person, by: Actor) -> Select[Person]:
    """Who has the rights of a guardian today: an input's choices."""
    return carers(child.id, by.today)


def heads_of(child: Person, by: Actor) -> Select[HeadOfChild]:
    """All heads that the child has had and will have."""
    return select(HeadOfChild).where(HeadOfChild.child_id == child.id).order_by(HeadOfChild.start)


Head = Annotated[HeadOfChild, Among(heads_of)]

# -- the head of the family -----------------------------------------------------------------------------


@action("person.set_head")
def set_head(child: Person, by: Actor, *, guardian: Annotated[Person, Among(carers_of)], start: date) -> HeadOfChild:
    """From `start` the child lives in the household of this guardian or foster parent, who receives its bills."""
    return make_head(child, guardian.id, start, by)


def make_head(child: Person, head_id: int, start: date, by: Actor) -> HeadOfChild:
    """A new head from a day on; earlier ones end the day before, later ones make room."""
    check_childhood(child.born, start, None)
    rows = db.session.scalars(select(HeadOfChild).where(HeadOfChild.child_id == child.id)).all()
    heads = {head_id} | {row.head_id for row in rows}
    for earlier in rows:
        if earlier.start >= start:
            db.session.delete(earlier)
        elif earlier.end is None or earlier.end >= start:
            earlier.end = start - DAY
    db.session.flush()
    row = HeadOfChild(child_id=child.id, head_id=head_id, start=start, end=None)
    db.session.add(row)
    _settle(heads, {child.id}, by)
    return row


@action("person.correct_head")
def correct_head(child: Person, by: Actor, *, head: Head, start: date, end: date | None = None) -> None:
    """The child lived, or will live, in the household at other times than was entered."""
    _own(child, head.child_id)
    period = check_childhood(child.born, start, end)
    others = db.session.scalars(heads_of(child, by).where(HeadOfChild.id != head.id))
    check_apart(period, [(one.period, str(one.head)) for one in others], "person.head_overlaps")
    head.start, head.end = start, end
    _settle({head.head_id}, {child.id}, by)


@action("person.end_head")
def end_head(child: Person, by: Actor, *, head: Head, end: date) -> None:
    """The last day on which the child lives in the household."""
    _own(child, head.child_id)
    check_childhood(child.born, head.start, end)
    others = db.session.scalars(heads_of(child, by).where(HeadOfChild.id != head.id))
    check_apart(DateRange(head.start, end), [(one.period, str(one.head)) for one in others], "person.head_overlaps")
    head.end = end
    _settle({head.head_id}, {child.id}, by)


@action("person.delete_head")
def delete_head(child: Person, by: Actor, *, head: Head) -> None:
    """The household was entered by mistake: it is as if it had never been."""
    _own(child, head.child_id)
    db.session.delete(head)
    _settle({head.head_id}, {child.id}, by)


def _own(person: Person, *ids: int) -> None:
    """Refuses a row of somebody else's file."""
    if person.id not in ids:
        raise Refused("person.not_of_this_file", name=str(person))


def _settle(heads: Collection[int], children: Collection[int], by: Actor) -> None:
    """What follows from a change in a family: its fees, and what now does or does not fit together."""
    db.session.flush()
    fee.refresh(set(heads), by)
    find_conflicts({*children, *heads}, by)


# -- conflicts --------------------------------------------------------------------------------------------


def claim_head(child_id: int, head_id: int, since: date, by: Actor) -> None:
    """Keep for a person to judge that somebody says to be the head of a child who has another; told once."""
    _insert([{"kind": ConflictKind.CLAIM, "person_id": child_id, "other_id": head_id, "since": since,
              "found": by.today, "status": ConflictStatus.OPEN}])


@action("person.accept_claim")
def accept_claim(conflict: FamilyConflict, by: Actor, *, start: date) -> HeadOfChild:
    """Whoever claims the child is its head from `start` on."""
    if conflict.kind is not ConflictKind.CLAIM or conflict.other_id is None:
        raise Refused("person.not_a_claim", kind=conflict.kind)
    return make_head(conflict.person, conflict.other_id, start, by)


@action("person.dismiss_conflict")
def dismiss_conflict(conflict: FamilyConflict, by: Actor, *, reason: Long) -> None:
    """It has been looked at and is as it should be; while nothing changes it is not asked again."""
    conflict.reason = reason


@action("person.reopen_conflict")
def reopen_conflict(conflict: FamilyConflict, by: Actor) -> None:
    """It must be looked at after all."""
    conflict.reason = ""


LIVES = ("street", "postal_code", "post_office", "restricted", "restricted_until", "deceased")


def lives_otherwise(person: Person) -> bool:
    """Whether a person who is about to be saved has moved or died: no conflict follows from anything else of them."""
    attributes = inspect(person).attrs
    return any(attributes[name].history.has_changes() for name in LIVES)


def find_conflicts(people: Collection[int], by: Actor) -> None:
    """Look anew at the families of these people: what fits now is forgotten, what does not is kept, once."""
    evaluate(concerned(people, by.today), by)


def concerned(people: Collection[int], day: date) -> set[int]:
    """These people, the children in whose families they are, and whoever is listed first of each couple."""
    pairs = custody(day)
    return set(people) | set(db.session.scalars(
        select(HeadOfChild.child_id).where(HeadOfChild.head_id.in_(people), HeadOfChild.on(day))
        .union(
            select(pairs.c.child_id).where(pairs.c.person_id.in_(people)),
            select(Partner.first_id).where(Partner.second_id.in_(people), Partner.on(day)),
        )))


def evaluate(ids: Collection[int], by: Actor) -> None:
    """The conflicts that stand in the files of these people, by a few queries however many they are."""
    found = set(conflicts(ids, by.today))
    known: dict[Found, int] = {
        (kind, person, other): id
        for id, kind, person, other in db.session.execute(
            select(FamilyConflict.id, FamilyConflict.kind, FamilyConflict.person_id, FamilyConflict.other_id)
            .where(FamilyConflict.person_id.in_(ids), FamilyConflict.kind != ConflictKind.CLAIM))
    }
    if gone := [id for key, id in known.items() if key not in found]:
        db.session.execute(delete(FamilyConflict).where(FamilyConflict.id.in_(gone)))
    _insert([{"kind": kind, "person_id": person, "other_id": other, "found": by.today, "status": ConflictStatus.OPEN}
             for kind, person, other in sorted(found - known.keys(), key=str)])
    answered = select(HeadOfChild.id).where(
        HeadOfChild.child_id == FamilyConflict.person_id, HeadOfChild.head_id == FamilyConflict.other_id,
        HeadOfChild.on(by.today)).exists()
    db.session.execute(
        update(FamilyConflict).where(
            FamilyConflict.person_id.in_(ids), FamilyConflict.kind == ConflictKind.CLAIM,
            FamilyConflict.status == ConflictStatus.OPEN, answered)
        .values(status=ConflictStatus.ACCEPTED, version=FamilyConflict.version + 1)
        .execution_options(synchronize_session=False))


def _insert(rows: list[dict[str, Any]]) -> None:
    """Keep what was found; what somebody else finds in the same second is kept once."""
    if rows:
        made = (sqlite if db.engine.dialect.name == "sqlite" else postgresql).insert(FamilyConflict)
        db.session.execute(made.on_conflict_do_nothing(), rows)


def conflicts(ids: Collection[int], day: date) -> list[Found]:
    """What does not fit in the families of the children, and of the couples' first, among these people."""
    found: list[Found] = []
    placed = _placed(ids, day)
    adults = {one.id for family in placed for one in family.carers}
    couples = {frozenset(pair) for pair in db.session.execute(
        select(Partner.first_id, Partner.second_id).where(Partner.first_id.in_(adults), Partner.on(day))).tuples()}
    for family in placed:
        found += conflicts_of_child(family, couples)
    first, second = aliased(Person), aliased(Person)
    for row in db.session.execute(
        select(*_lives(first), *_lives(second)).select_from(Partner)
        .join(first, first.id == Partner.first_id).join(second, second.id == Partner.second_id)
        .where(Partner.first_id.in_(ids), Partner.on(day))
    ):
        found += conflicts_of_partners(_resident(row[:6], day), _resident(row[6:], day))
    return found


def _lives(who: Any) -> tuple[Any, ...]:
    return who.id, who.street, who.postal_code, who.post_office, who.restricted, who.restricted_until


def _resident(row: Any, day: date) -> Resident:
    id, street, code, office, restricted, until = row
    lines = address_lines(street, code, office, restricted=False)
    return Resident(id, lines, bool(restricted and (until is None or day <= until)))


def _placed(ids: Collection[int], day: date) -> list[Placed]:
    """Those of the people who have a place today or later, with their heads and guardians."""
    head = aliased(Person)
    rows = db.session.execute(
        select(*_lives(Person), *_lives(head)).select_from(Person)
        .outerjoin(HeadOfChild, and_(HeadOfChild.child_id == Person.id, HeadOfChild.on(day)))
        .outerjoin(head, head.id == HeadOfChild.head_id)
        .where(Person.id.in_(ids), Person.deceased.is_(None), Person.id.in_(
            select(Placement.child_id).where(Placement.child_id.in_(ids), Placement.meets(DateRange(day)))))
        .order_by(Person.id)).all()
    children = [row[0] for row in rows]
    pairs = custody(day, select(Person.id).where(Person.id.in_(children)))
    carers: dict[int, list[Resident]] = defaultdict(list)
    for child, *lives in db.session.execute(
        select(pairs.c.child_id, *_lives(Person)).join(Person, Person.id == pairs.c.person_id)
        .where(Person.deceased.is_(None)).order_by(pairs.c.rank, pairs.c.id)
    ):
        carers[child].append(_resident(lives, day))
    return [
        Placed(_resident(row[:6], day), _resident(row[6:], day) if row[6] is not None else None, tuple(carers[row[0]]))
        for row in rows
    ]


# -- death, and coming of age ---------------------------------------------------------------------------------


def check_death(person: Person, today: date) -> None:
    if person.deceased is not None and not person.born <= person.deceased <= today:
        raise Refused("person.dies_out_of_time", deceased=person.deceased, born=person.born, today=today)


def end_with_death(person: Person, by: Actor) -> None:
    """A death ends partnerships, households and foster care on its day; the fees of those concerned follow."""
    if person.deceased is None:
        return
    of_person: list[tuple[type[HeadOfChild | Partner | FosterParent], Any]] = [
        (HeadOfChild, or_(HeadOfChild.head_id == person.id, HeadOfChild.child_id == person.id)),
        (Partner, or_(Partner.first_id == person.id, Partner.second_id == person.id)),
        (FosterParent, or_(FosterParent.parent_id == person.id, FosterParent.child_id == person.id)),
    ]
    heads: set[int] = set()
    children = {person.id}
    for model, condition in of_person:
        for row in db.session.scalars(select(model).where(condition, model.meets(DateRange(person.deceased + DAY)))):
            match row:
                case HeadOfChild():
                    heads.add(row.head_id)
                    children.add(row.child_id)
                case Partner():
                    heads |= {row.first_id, row.second_id}
                case FosterParent():
                    children.add(row.child_id)
            if row.start > person.deceased:
                db.session.delete(row)
            else:
                row.end = person.deceased
    _settle(heads, children, by)
