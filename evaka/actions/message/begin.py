"""A guardian begins a conversation: about which children, and with whom of those who may be written to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256

from sqlalchemy import insert, or_, select, union
from sqlalchemy.orm import joinedload

from evaka.access import Actor
from evaka.actions import Long, action, tell
from evaka.actions.income.statement import Upload
from evaka.actions.message.boxes import box_of
from evaka.actions.message.posts import add_file
from evaka.actions.message.settings import check_self
from evaka.actions.message.threads import put_in, reply_for_absent
from evaka.kit.dates import DateRange
from evaka.kit.errors import Refused
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.message import Post, Thread, ThreadChild, ThreadMember
from evaka.models.message.box import message_policy
from evaka.models.person import Person
from evaka.models.person.custody import informed, told_children
from evaka.models.placement import GroupPlacement, Placement
from evaka.models.unit import Group, Unit
from evaka.models.user import Grant, User
from evaka.rules.message.post import BoxKind, PostKind, PostStatus
from evaka.rules.unit import Feature

BEFORE = timedelta(days=14)  # before a place begins, the unit and the group may be written to


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom a guardian may write to about some children, who have a unit in common."""

    units: tuple[Unit, ...]
    groups: tuple[Group, ...] = ()
    users: tuple[User, ...] = ()
    people: tuple[Person, ...] = field(default=())

    def known(self) -> dict[str, Group | User | Person]:
        """By the name that a form sends."""
        return {
            **{f"group-{one.id}": one for one in self.groups}, **{f"user-{one.id}": one for one in self.users},
            **{f"person-{one.id}": one for one in self.people},
        }


def children_to_write_about(person_id: int, day: date) -> dict[int, tuple[Person, tuple[Unit, ...]]]:
    """The guardian's children and the units that may be written to about each.

    Those where letters are open and the child has, or will have within two weeks, a place or is in back-up care.
    """
    soon = DateRange(day, day + BEFORE)
    mine = told_children(person_id, day)
    stays = union(
        select(Placement.child_id, Placement.unit_id).where(Placement.child_id.in_(mine), Placement.meets(soon)),
        select(BackupCare.child_id, BackupCare.unit_id).where(BackupCare.child_id.in_(mine), BackupCare.meets(soon)),
    ).subquery()
    found: dict[int, tuple[Person, tuple[Unit, ...]]] = {}
    for child, unit in db.session.execute(
        select(Person, Unit).join(stays, stays.c.child_id == Person.id).join(Unit, Unit.id == stays.c.unit_id)
        .where(Person.deceased.is_(None), Unit.has(Feature.MESSAGES)).order_by(Person.born, Person.id, Unit.name)
    ).tuples():
        found[child.id] = child, (*found.get(child.id, (child, ()))[1], unit)
    return found


def recipients(person_id: int, children: Collection[int], day: date) -> Recipients:
    """Who may be written to about these children; Refused when they have no unit in common."""
    mine = children_to_write_about(person_id, day)
    if not children or any(one not in mine for one in children):
        raise Refused("message.one_unit")
    common = set.intersection(*({unit.id for unit in mine[one][1]} for one in children))
    if not common:
        raise Refused("message.one_unit")
    soon = DateRange(day, day + BEFORE)
    groups = db.session.scalars(
        select(Group).where(Group.unit_id.in_(common), Group.meets(soon), or_(
            Group.id.in_(
                select(GroupPlacement.group_id).join(Placement, Placement.id == GroupPlacement.placement_id)
                .where(Placement.child_id.in_(children), Placement.meets(soon), GroupPlacement.meets(soon))),
            Group.id.in_(select(BackupCare.group_id).where(
                BackupCare.child_id.in_(children), BackupCare.meets(soon)))))
        .order_by(Group.name, Group.id).options(joinedload(Group.unit))).all()
    users = db.session.scalars(
        select(User).where(User.active, User.id.in_(select(Grant.user_id).where(
            Grant.unit_id.in_(common), Grant.on(day), Grant.role.in_(message_policy().written_to_roles))))
        .order_by(User.name, User.id)).all()
    units = tuple(unit for unit in mine[next(iter(children))][1] if unit.id in common)
    return Recipients(units, tuple(groups), tuple(users), _other_guardians(person_id, children, day))


def _other_guardians(person_id: int, children: Collection[int], day: date) -> tuple[Person, ...]:
    """Those who have the rights of a guardian of every one of the children, and are told where they are."""
    pairs = informed(day, select(Person.id).where(Person.id.in_(children)))
    carers: dict[int, set[int]] = {}
    for child, carer in db.session.execute(select(pairs.c.child_id, pairs.c.person_id)):
        carers.setdefault(child, set()).add(carer)
    all_of_them = set.intersection(*(carers.get(one, set()) for one in children)) - {person_id}
    return tuple(db.session.scalars(
        select(Person).where(Person.id.in_(all_of_them), Person.deceased.is_(None)).order_by(Person.sort_key)))


@action("my_message.begin")
def begin(
    person: Person, by: Actor, *, title: str, body: Long, children: tuple[int, ...], to: tuple[str, ...],
    uploads: tuple[Upload, ...] = (),
) -> Thread:
    """A guardian writes: one conversation with all who were chosen."""
    check_self(person, by, "my_message.begin")
    if not title.strip() or not body.strip():
        raise Refused("message.empty")
    known = recipients(person.id, children, by.today).known()
    if any(one not in known for one in to):
        raise Refused("message.recipient_unknown")
    chosen = [known[one] for one in dict.fromkeys(to)]
    boxes = [
        box_of(BoxKind.GROUP, group_id=one.id) if isinstance(one, Group) else
        box_of(BoxKind.PERSONAL, user_id=one.id)
        for one in chosen if isinstance(one, Group | User)
    ]
    if not boxes:
        raise Refused("message.choose_staff")
    people = [one.id for one in chosen if isinstance(one, Person)]
    post = Post(
        kind=PostKind.MESSAGE, status=PostStatus.SENT, person_id=person.id, user_id=by.user and by.user.id,
        title=title.strip(), body=body.strip(), at=by.now)
    post.digest = _once(post, by, children, to, uploads)
    db.session.add(post)
    db.session.flush()
    for upload in uploads:
        add_file(post, upload, by)
    thread = Thread(title=post.title, box_id=boxes[0].id, post_id=post.id, last_at=by.now)
    db.session.add(thread)
    db.session.flush()
    db.session.execute(insert(ThreadMember), [
        *({"thread_id": thread.id, "person_id": one, "box_id": None} for one in (person.id, *people)),
        *({"thread_id": thread.id, "person_id": None, "box_id": one.id} for one in boxes)])
    db.session.execute(insert(ThreadChild), [{"thread_id": thread.id, "child_id": one} for one in children])
    count = put_in(thread, post, by, person_id=person.id, box_id=None)
    reply_for_absent(thread, by)
    tell(recipients=count)
    return thread


def _once(
    post: Post, by: Actor, children: Collection[int], to: Collection[str], uploads: Collection[Upload],
) -> str:
    """The same words and files of the same guardian about the same children to the same on one day are one message."""
    files = [sha256(one.content).hexdigest() for one in uploads]
    said = post.person_id, by.today.isoformat(), sorted(set(children)), sorted(set(to)), post.title, post.body, files
    digest = sha256(repr(said).encode()).hexdigest()
    earlier = db.session.scalar(select(Post.at).where(Post.digest == digest))
    if earlier is not None:
        raise Refused("message.already_sent", at=earlier)
    return digest
