"""What belongs to a box: its signature, templates, folders and times away; and a guardian's folders and notices."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import delete, insert, select, update

from evaka import city
from evaka.access import Actor, require
from evaka.actions import Long, action, tell
from evaka.actions.message.boxes import check_mine
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.journal import MailRefusal
from evaka.models.message import Away, Box, Folder, Post, Template, ThreadMember
from evaka.models.person import Person
from evaka.rules.message.notices import Notice


@action("message.sign")
def sign(box: Box, by: Actor, *, signature: Long) -> None:
    """What stands below everything that is newly written from the box."""
    check_mine(box, by, "message.sign")
    box.signature = signature.strip()


@action("message.set_mails")
def set_mails(box: Box, by: Actor, *, mails: bool) -> None:
    """Whether the owner of a personal box is told by e-mail when something comes into it; never what."""
    check_mine(box, by, "message.set_mails")
    if box.user_id is None:
        raise Refused("message.mails_own_only")
    box.mails = mails
    tell(mails=mails)


@action("message.add_template")
def add_template(box: Box, by: Actor, *, name: str, title: str, body: Long) -> None:
    """A text to begin with, for everybody who writes from the box."""
    check_mine(box, by, "message.add_template")
    if not name.strip() or not body.strip():
        raise Refused("message.template_empty")
    if db.session.scalar(select(Template.id).where(Template.box_id == box.id, Template.name == name.strip())):
        raise Refused("message.name_taken", name=name.strip())
    db.session.add(Template(box_id=box.id, name=name.strip(), title=title.strip(), body=body))


@action("message.drop_template")
def drop_template(box: Box, by: Actor, *, template: int) -> None:
    check_mine(box, by, "message.drop_template")
    db.session.execute(delete(Template).where(Template.id == template, Template.box_id == box.id))


@action("message.add_folder")
def add_folder(box: Box, by: Actor, *, name: str) -> None:
    """A folder of the box."""
    check_mine(box, by, "message.add_folder")
    _new_folder(name, box_id=box.id)


@action("message.drop_folder")
def drop_folder(box: Box, by: Actor, *, folder: int) -> None:
    """What lies in the folder goes back into the box."""
    check_mine(box, by, "message.drop_folder")
    _drop_folder(db.session.scalar(select(Folder).where(Folder.id == folder, Folder.box_id == box.id)))


@action("my_message.add_own_folder")
def add_own_folder(person: Person, by: Actor, *, name: str) -> None:
    """A guardian's own folder."""
    check_self(person, by, "my_message.add_own_folder")
    _new_folder(name, person_id=person.id)


@action("my_message.drop_own_folder")
def drop_own_folder(person: Person, by: Actor, *, folder: int) -> None:
    check_self(person, by, "my_message.drop_own_folder")
    _drop_folder(db.session.scalar(select(Folder).where(Folder.id == folder, Folder.person_id == person.id)))


def _new_folder(name: str, **owner: int) -> None:
    name = name.strip()
    if not name:
        raise Refused("message.name_missing")
    column, id = next(iter(owner.items()))
    if db.session.scalar(select(Folder.id).where(getattr(Folder, column) == id, Folder.name == name)):
        raise Refused("message.name_taken", name=name)
    db.session.add(Folder(name=name[:60], **owner))


def _drop_folder(folder: Folder | None) -> None:
    if folder is None:
        return
    for model in (ThreadMember, Post):
        db.session.execute(update(model).where(model.folder_id == folder.id).values(folder_id=None)
                           .execution_options(synchronize_session=False))
    db.session.delete(folder)


@action("message.set_away")
def set_away(box: Box, by: Actor, *, start: date, end: date, reply: Long) -> None:
    """Days on which nobody reads the box; whoever writes gets the answer at once."""
    check_mine(box, by, "message.set_away")
    if end < start:
        raise Refused("message.away_order")
    if end < by.today:
        raise Refused("message.away_past", today=by.today)
    meets = db.session.scalar(
        select(Away).where(Away.box_id == box.id, Away.start <= end, Away.end >= start).limit(1))
    if meets is not None:
        raise Refused("message.away_twice", period=meets.period)
    db.session.add(Away(box_id=box.id, start=start, end=end, reply=reply.strip()))


@action("message.drop_away")
def drop_away(box: Box, by: Actor, *, away: int) -> None:
    check_mine(box, by, "message.drop_away")
    db.session.execute(delete(Away).where(Away.id == away, Away.box_id == box.id))


# -- notices --------------------------------------------------------------------------------------------


def notices() -> dict[str, Notice]:
    """The kinds of notices that one may do without, in the order of the city's table."""
    return city.named("notices", Notice)


@action("my_message.choose_notices")
def choose_notices(person: Person, by: Actor, *, wanted: Collection[str]) -> None:
    """Which notices come by e-mail; those that are not among the kinds cannot be refused."""
    check_self(person, by, "my_message.choose_notices")
    refused = sorted(set(notices()) - set(wanted))
    db.session.execute(delete(MailRefusal).where(MailRefusal.person_id == person.id)
                       .execution_options(synchronize_session=False))
    if refused:
        db.session.execute(insert(MailRefusal), [{"person_id": person.id, "kind": one} for one in refused])
    tell(refused=refused)


def check_self(person: Person, by: Actor, key: str) -> None:
    """A guardian's own affairs are the guardian's, whatever else somebody may do to the person."""
    require(by, key, person)
    if by.user is None or by.user.person_id != person.id:
        raise Denied("access.denied", action=key)
