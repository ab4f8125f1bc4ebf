"""Exactly who would get a letter: the list that is shown before it is sent, and the one that it is sent to."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, and_, or_, select, true

from evaka.access import Actor, within
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.message import Box, Post, groups_on, guardians_of
from evaka.models.message.audience import Reach, children_chosen, children_elsewhere, people_of
from evaka.models.person import Person
from evaka.models.placement import GroupPlacement
from evaka.models.unit import Group
from evaka.rules.application import ApplicationStatus
from evaka.rules.message import Circle, each_guardian, threads
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import BoxKind, PostKind
from evaka.rules.unit import Feature, check_feature


@dataclass(frozen=True, slots=True)
class Audience:
    """To whom a letter would go: its conversations, and the children whose guardians cannot be written to.

    A bulletin of the city is one thread for all of `people`; then there are no circles.
    """

    circles: tuple[Circle, ...]
    left_out: tuple[int, ...] = ()
    people: frozenset[int] = frozenset()

    @property
    def guardians(self) -> frozenset[int]:
        return self.people or frozenset(one for circle in self.circles for one in circle.guardians)

    @property
    def count(self) -> int:
        return len(self.guardians)

    @property
    def digest(self) -> str:
        """The same for the same recipients: whoever has seen the list sends to exactly that list."""
        said: Any = sorted(self.people) or sorted(
            (sorted(circle.guardians), sorted(circle.children)) for circle in self.circles)
        return sha256(repr(said).encode()).hexdigest()


def reach(box: Box, by: Actor) -> Reach:
    """How far a box reaches, for `children_chosen`: the group, the groups of the writer's units, or all units.

    A child that has come for a time without a group belongs to whoever reaches the unit's groups.
    """
    match box.kind:
        case BoxKind.GROUP:
            return Reach(GroupPlacement.group_id == box.group_id, BackupCare.group_id == box.group_id)
        case BoxKind.PERSONAL:
            groups = select(Group.id).where(within(by, "message.send", Group))
            units = select(Group.unit_id).where(within(by, "message.send", Group))
            ungrouped = and_(BackupCare.group_id.is_(None), BackupCare.unit_id.in_(units))
            return Reach(GroupPlacement.group_id.in_(groups), or_(BackupCare.group_id.in_(groups), ungrouped))
    return Reach(true(), true())


def children_of(box: Box, chosen: Chosen, by: Actor) -> Select[Any]:
    """The ids of the children who are meant."""
    narrowed = chosen.unfiltered() if box.kind is BoxKind.GROUP else chosen
    return children_chosen(narrowed, reach(box, by), by.today)


def elsewhere(post: Post, by: Actor) -> Select[Any]:
    """The ids of the children of chosen places who do not get it, because they are in back-up care elsewhere."""
    assert post.box is not None
    return children_elsewhere(Chosen.of(post.audience), reach(post.box, by), by.today)


def audience_of(box: Box, kind: PostKind, chosen: Chosen, by: Actor, application_id: int | None = None) -> Audience:
    """Who gets a letter today."""
    if box.kind in (BoxKind.SERVICE, BoxKind.FINANCE):
        return _named(box, chosen, by, application_id)
    children = children_of(box, chosen, by)
    if box.kind is BoxKind.MUNICIPAL:
        return Audience((), people=frozenset(db.session.scalars(people_meant(box, chosen, by))))
    pairs = db.session.execute(guardians_of(Person.id.in_(children), by.today)).tuples().all()
    written = [(child, guardian) for child, guardian in pairs if guardian is not None]
    reached = {child for child, _ in written}
    circles = each_guardian(written) if kind is PostKind.BULLETIN else threads(written)
    return Audience(tuple(circles), tuple(dict.fromkeys(c for c, _ in pairs if c not in reached)))


def _named(box: Box, chosen: Chosen, by: Actor, application_id: int | None) -> Audience:
    """One circle a person: the service guidance about an application of the person, or about the person's fees."""
    query = select(Person.id).where(
        Person.id.in_(chosen.people), Person.deceased.is_(None), within(by, "person.view", Person))
    if box.kind is BoxKind.SERVICE:
        query = query.where(Person.id.in_(
            select(Application.guardian_id).where(
                Application.id == application_id, Application.status != ApplicationStatus.CREATED)))
    return Audience(tuple(Circle(frozenset({one}), ()) for one in db.session.scalars(query.order_by(Person.id))))


def people_meant(box: Box, chosen: Chosen, by: Actor) -> Select[tuple[int]]:
    """The ids of those whom a bulletin of the city reaches; to the families of some units only who is told of them."""
    return people_of(children_of(box, chosen, by), by.today, told=not chosen.everybody)


def people_query(post: Post, by: Actor) -> Select[tuple[int]]:
    """The ids of those who would get a bulletin of the city, for a list of many pages."""
    assert post.box is not None
    return people_meant(post.box, Chosen.of(post.audience), by)


# -- what may be chosen ------------------------------------------------------------------------------------


def group_of_child(child: Person, by: Actor) -> Group:
    """The group in whose name a child's guardians are written to: where the child is today, else its own.

    Of the two the one that the actor may write from; refuses when the child is in none.
    """
    groups = db.session.scalars(groups_on(child.id, by.today)).all()
    if not groups:
        raise Refused("message.no_group", child=str(child))
    mine = set(db.session.scalars(select(Group.id).where(
        Group.id.in_([one.id for one in groups]), within(by, "message.write", Group))))
    group = next((one for one in groups if one.id in mine), groups[0])
    check_open(group)
    return group


def check_open(group: Group) -> None:
    """Refuse to write where the city has not opened messages yet, or has closed them."""
    check_feature(str(group.unit), group.unit.features, Feature.MESSAGES)
