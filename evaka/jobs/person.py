"""What time does to people: a child comes of age, a family does not fit together any more, data is kept long enough."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Select, delete, func, literal, or_, select, union, union_all

from evaka.access import Actor
from evaka.actions.person.family import evaluate
from evaka.actions.person.retention import BATCH, ordered, removable, remove
from evaka.jobs.job import Job
from evaka.kit.dates import DateRange, add_months
from evaka.models.base import db
from evaka.models.person import FamilyConflict, FamilyContact, FosterParent, Guardian, HeadOfChild, Partner, Person
from evaka.models.placement import Placement
from evaka.rules.person import ADULT
from evaka.rules.person.family import last_day_as_child

MOST = 100_000_000  # rows of one rule: an item is the place of its rule × MOST + the place of a row


def grown_children(by: Actor) -> Select[tuple[int]]:
    """Whoever has turned eighteen and is still somebody's child in our books."""
    return select(Person.id).where(
        Person.born <= add_months(by.today, -12 * ADULT),
        or_(
            Person.id.in_(select(Guardian.child_id)),
            Person.id.in_(select(HeadOfChild.child_id).where(HeadOfChild.end.is_(None))),
            Person.id.in_(select(FosterParent.child_id).where(FosterParent.end.is_(None))),
        ),
    ).order_by(Person.id)


def lapse(ids: list[int], by: Actor) -> None:
    """Guardianship is over, and households and foster care end on the last day of childhood."""
    for row in db.session.scalars(select(Guardian).where(Guardian.child_id.in_(ids))):
        db.session.delete(row)
    born: dict[int, date] = dict(
        db.session.execute(select(Person.id, Person.born).where(Person.id.in_(ids))).tuples().all())
    kinds: tuple[type[HeadOfChild | FosterParent], ...] = (HeadOfChild, FosterParent)
    for model in kinds:
        for row in db.session.scalars(select(model).where(model.child_id.in_(ids), model.end.is_(None))):
            last = last_day_as_child(born[row.child_id])
            if row.start > last:
                db.session.delete(row)
            else:
                row.end = last
    db.session.execute(delete(FamilyContact).where(FamilyContact.child_id.in_(ids)))


LAPSE_AT_EIGHTEEN = Job("person.lapse_at_eighteen", grown_children, lapse, batch=100)


def families(by: Actor) -> Select[tuple[int]]:
    """Every child with a place, the first of every couple, and whoever has a conflict in their file."""
    people = union(
        select(Placement.child_id.label("id")).where(Placement.meets(DateRange(by.today))),
        select(Partner.first_id).where(Partner.on(by.today)),
        select(FamilyConflict.person_id),
    ).subquery()
    return select(people.c.id).order_by(people.c.id)


FIND_CONFLICTS = Job("person.find_conflicts", families, evaluate, batch=1000)


def kept_long_enough(by: Actor) -> Select[tuple[int]]:
    """An item for each batch of each rule: the first row of every BATCH stands for it."""
    asked = []
    for place, rule in enumerate(ordered(), start=1):
        rows = removable(rule, by.today).order_by(None).subquery()
        counted = select(func.row_number().over(order_by=rows.c.id).label("n")).select_from(rows).subquery()
        asked.append(select((literal(place * MOST) + counted.c.n).label("id")).where((counted.c.n - 1) % BATCH == 0))
    items = union_all(*asked).subquery()
    return select(items.c.id).order_by(items.c.id)


def remove_batch(item: int, by: Actor) -> None:
    """The next batch of the rule, whichever rows these are by now."""
    remove(ordered()[item // MOST - 1], by)


RETENTION = Job("person.retention", kept_long_enough, remove_batch)
