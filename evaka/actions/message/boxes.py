"""Which boxes somebody reads and writes from, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import joinedload

from evaka import city
from evaka.access import Actor, by_rights, reached, reaches, require, within
from evaka.kit.errors import Denied
from evaka.models.base import HELSINKI, db
from evaka.models.message import Away, Box, Message, Post, Receipt, ThreadMember
from evaka.models.message.box import message_policy
from evaka.models.unit import Group, Unit
from evaka.models.user import User
from evaka.rules.message.audience import seen_since
from evaka.rules.message.post import BoxKind
from evaka.rules.unit import Feature
from evaka.texts import enum_key, say

VIEW = "message.view"


def _places(by: Actor) -> tuple[bool, set[int], set[int]]:
    """Whether all groups' boxes are reached, and by units and by groups which."""
    far = reached(by, VIEW)
    return (
        by.user is None or any(how == "all" for how, _, _ in far),
        {unit for how, unit, _ in far if how.startswith("unit") and unit is not None},
        {group for how, _, group in far if how.startswith("group") and group is not None},
    )


def _own(by: Actor) -> ColumnElement[bool]:
    """The personal box and those of the city, by the roles that the city names."""
    return false() if by.user is None else Box.of_person_on(by.user.person_id or -1, by.user.id, by.today)


def _wide(by: Actor) -> ColumnElement[bool]:
    """The boxes that are read however long ago something was written there."""
    everywhere, units, _ = _places(by)
    groups = Box.group_id.is_not(None) if everywhere else Box.of_units(units, by.today) if units else false()
    return or_(groups, _own(by))


@by_rights
def mine(by: Actor) -> ColumnElement[bool]:
    """Of a box: the actor reads and writes from it.  Nobody reads another's personal box, nor the city's, by rank."""
    _, _, groups = _places(by)
    return or_(_wide(by), Box.of_groups(groups, by.today)) if groups else _wide(by)


def _since(by: Actor) -> dict[int, datetime]:
    """By group that is reached by a role in it alone, since when its box is read."""
    everywhere, _, groups = _places(by)
    if everywhere or not groups or by.user is None:
        return {}
    periods = {group: [one.period for one in by.user.grants
                       if one.group_id == group and any(how.startswith("group") for how in reaches(one.role, VIEW))]
               for group in groups}
    found = {group: seen_since(times, by.today, HELSINKI) for group, times in periods.items()}
    return {group: since for group, since in found.items() if since is not None}


def _seen(by: Actor, box_id: Any, at: Any) -> ColumnElement[bool]:
    parts = [box_id.in_(select(Box.id).where(_wide(by)))]
    parts += [and_(box_id == select(Box.id).where(Box.group_id == group).scalar_subquery(), at >= since)
              for group, since in sorted(_since(by).items())]
    return or_(*parts)


def seen(by: Actor) -> ColumnElement[bool]:
    """Of a thread's member: it is a box that the actor reads, and the thread is not from before the actor's time."""
    return _seen(by, ThreadMember.box_id, ThreadMember.last_at)


def waits(by: Actor) -> ColumnElement[bool]:
    """Of a receipt, joined to its message: it waits in a box of the actor's, from the actor's time there.

    Whoever reaches the boxes of all groups is told of what is in the own ones: the groups' have their readers.
    """
    everywhere, _, _ = _places(by)
    where = Receipt.box_id.in_(select(Box.id).where(_own(by))) if everywhere and by.user is not None else _seen(
        by, Receipt.box_id, Message.at)
    return and_(Receipt.read_at.is_(None), Receipt.box_id.is_not(None), where)


def unread(by: Actor) -> Select[tuple[int]]:
    """How many messages wait in the actor's boxes, for the menu."""
    query = select(func.count(Receipt.id))
    if _since(by):
        query = query.join(Message, Message.id == Receipt.message_id)
    return query.where(waits(by))


def unread_by_box(by: Actor) -> Select[tuple[int, int]]:
    """(box, how many messages wait in it) of the actor's boxes in which something waits."""
    return (
        select(Receipt.box_id, func.count()).join(Message, Message.id == Receipt.message_id)
        .where(waits(by)).group_by(Receipt.box_id))  # type: ignore[return-value]


def posts_seen(by: Actor) -> ColumnElement[bool]:
    """Of a post: it was written from a box that the actor reads, in the actor's time there."""
    return _seen(by, Post.box_id, Post.at)


def check_mine(box: Box, by: Actor, key: str) -> None:
    """Refuse whoever may not use the box: an administrator writes in no other person's name."""
    require(by, key, box)
    if by.user is not None and db.session.scalar(select(Box.id).where(Box.id == box.id, mine(by))) is None:
        raise Denied("access.denied", action=key)


# -- a box comes into being when it is first used --------------------------------------------------------


def box_of(kind: BoxKind, *, group_id: int | None = None, user_id: int | None = None) -> Box:
    """The box of a group, of somebody, or one of the city's; made when there is none yet, once."""
    where = and_(Box.kind == kind, Box.group_id == group_id if group_id else Box.group_id.is_(None),
                 Box.user_id == user_id if user_id else Box.user_id.is_(None))
    found = db.session.scalar(select(Box).where(where))
    if found is None:
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        table: sa.Table = Box.__table__  # type: ignore[assignment]
        db.session.execute(dialect.insert(table).values(
            kind=kind, group_id=group_id, user_id=user_id).on_conflict_do_nothing())
        found = db.session.scalars(select(Box).where(where)).one()
    return found


def boxes_of(kind: BoxKind, ids: Sequence[int]) -> list[int]:
    """The ids of the boxes of many groups, or of many users: those that are missing are made in one statement."""
    owner, mine = (Group, Box.group_id) if kind is BoxKind.GROUP else (User, Box.user_id)
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    table: sa.Table = Box.__table__  # type: ignore[assignment]
    missing = select(sa.literal(kind, table.c.kind.type), owner.id).where(
        owner.id.in_(ids), ~select(Box.id).where(mine == owner.id).exists())
    db.session.execute(dialect.insert(table).from_select(["kind", mine.key], missing).on_conflict_do_nothing())
    return list(db.session.scalars(select(Box.id).where(mine.in_(ids)).order_by(Box.id)))


CITY = (BoxKind.MUNICIPAL, BoxKind.SERVICE, BoxKind.FINANCE)


def _open_groups(by: Actor) -> Select[Any]:
    """The groups that may be written to, in units where letters are open."""
    return select(Group).join(Unit, Unit.id == Group.unit_id).where(
        within(by, "message.send", Group), Group.on(by.today), Unit.has(Feature.MESSAGES))


def writers(by: Actor) -> list[tuple[str, BoxKind, Group | None]]:
    """What somebody may write from: (name of the choice, kind of box, group); the own box first, then groups."""
    policy, found = message_policy(), []
    held = {role for role, _, _ in by.grants}
    if held & policy.roles(BoxKind.PERSONAL) and db.session.scalar(select(_open_groups(by).exists())):
        found.append((BoxKind.PERSONAL.value, BoxKind.PERSONAL, None))
    found += [(kind.value, kind, None) for kind in CITY if held & policy.roles(kind)]
    groups = db.session.scalars(
        _open_groups(by).where(within(by, VIEW, Group)).order_by(Unit.name, Group.name)
        .options(joinedload(Group.unit)))
    found += [(f"group-{one.id}", BoxKind.GROUP, one) for one in groups]
    return found


def uses(by: Actor, kind: BoxKind) -> bool:
    """Whether somebody reads and writes in one of the boxes of the city."""
    return bool({role for role, _, _ in by.grants} & message_policy().roles(kind))


def may_write(by: Actor) -> bool:
    """Whether somebody may write from some box at all."""
    return bool(db.session.scalar(select(writes(by))))


def writes(by: Actor) -> ColumnElement[bool]:
    """The same as a condition, which a menu asks along with its other questions."""
    held, policy = {role for role, _, _ in by.grants}, message_policy()
    return true() if any(held & policy.roles(kind) for kind in CITY) else _open_groups(by).exists()


def box_named(name: str, by: Actor) -> Box:
    """The box of a choice of `writers`; Denied for any other."""
    for known, kind, group in writers(by):
        if known == name:
            user = by.user.id if kind is BoxKind.PERSONAL and by.user else None
            return box_of(kind, group_id=group and group.id, user_id=user)
    raise Denied("access.denied", action="message.send")


def away_on(box_ids: list[int], day: date) -> Select[Any]:
    """The times away of boxes that hold on a day or begin within two weeks, the next first."""
    return (
        select(Away).where(Away.box_id.in_(box_ids), Away.end >= day, Away.start <= day + timedelta(days=14))
        .order_by(Away.start)
    )


# -- names -----------------------------------------------------------------------------------------------


def box_name(box: Box, language: str) -> str:
    """A box as its readers know it: the group with its unit, a person, the city, or the service guidance."""
    if box.group is not None:
        return f"{box.group}, {box.group.unit}"
    if box.user is not None:
        return box.user.name
    return kind_name(box.kind, language)


def kind_name(kind: BoxKind, language: str) -> str:
    """A box of the whole city."""
    if kind is BoxKind.MUNICIPAL:
        office = city.value("city", "city", city.Office)
        return f"{office.department[language]}, {office.name}"
    return say(enum_key(kind), language)


def writer_name(post: Post, language: str) -> str:
    """Who has written, as the others in the conversation read it: never more than a name."""
    if post.box is not None:
        return box_name(post.box, language)
    return f"{post.person.first_name} {post.person.last_name}" if post.person else ""
