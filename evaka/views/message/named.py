"""To whom letters went, in a few words: places by name, children and people by number or name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.access import Actor, within
from evaka.models.base import db
from evaka.models.message import Post
from evaka.models.person import Person
from evaka.models.unit import Area, Group, Unit
from evaka.rules.message.audience import Chosen
from evaka.views.page import told

FEW = 3  # names that are told one by one


def audiences(posts: Iterable[Post], by: Actor) -> dict[int, str]:
    """By post whom its writer chose, in four questions however many posts.

    Of groups and people only those the reader may see; children whom somebody else has named are counted.
    """
    chosen = {one.id: Chosen.of(one.audience) for one in posts}

    def ids(name: str) -> set[int]:
        return {id for one in chosen.values() for id in getattr(one, name)}

    def names(model: Any, wanted: set[int]) -> dict[int, str]:
        if not wanted:
            return {}
        rows = db.session.execute(select(model.id, model.name).where(model.id.in_(wanted)))
        return dict(rows.tuples().all())

    areas, units = names(Area, ids("areas")), names(Unit, ids("units"))
    people = {one.id: str(one) for one in db.session.scalars(select(Person).where(
        Person.id.in_({id for one in chosen.values() for id in (*one.people, *one.children[:FEW])}),
        within(by, "person.view", Person)))}
    groups = _groups(ids("groups"), by)

    def said(one: Chosen) -> str:
        found = [told("message.everybody")] if one.everybody else []
        found += [areas[id] for id in one.areas if id in areas]
        found += [units[id] for id in one.units if id in units]
        found += dict.fromkeys(groups[id] for id in one.groups if id in groups)
        found += [people[id] for id in one.people if id in people]
        if len(one.children) <= FEW and people.keys() >= set(one.children):
            found += [people[id] for id in one.children]
        else:
            found.append(told("message.children_count", count=len(one.children)))
        if one.starting and one.places:
            found.append(told("message.starting_too") if one.present else told("message.starting"))
        return ", ".join(found)

    return {id: said(one) for id, one in chosen.items()}


def _groups(wanted: set[int], by: Actor) -> dict[int, str]:
    """Groups by name with their units; of those that the reader does not see, the unit alone."""
    if not wanted:
        return {}
    rows = db.session.execute(
        select(Group, within(by, "message.view", Group)).where(Group.id.in_(wanted)).options(joinedload(Group.unit)))
    return {one.id: f"{one.name} ({one.unit})" if seen else str(one.unit) for one, seen in rows}
