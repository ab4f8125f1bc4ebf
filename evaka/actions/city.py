"""What the city's own staff does to the tables of their city: draft, propose, publish, roll back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import select

from evaka import city
from evaka.access import Actor, reaches, require, require_any
from evaka.actions import Long, action, record
from evaka.kit.errors import ConfigMistake, Refused
from evaka.models.base import db
from evaka.models.city import CityTable, in_force
from evaka.models.user import Grant, User
from evaka.rules.city import ChangePolicy, TableStatus, check_second

KEEPS = ("city.publish", "user.grant")  # somebody must be left who can do these
Checking = Callable[[], Iterable[ConfigMistake]]
_check: list[Checking] = []


def check_with(check: Checking) -> None:
    """Hand over what finds the mistakes of a whole city; the wiring knows it, this floor does not."""
    _check[:] = [check]


def mistakes(version: CityTable) -> list[ConfigMistake]:
    """What would be wrong with the city if this version held; worked examples are tried too."""
    try:
        given = content(version)
        with city.trying(version.file, version.table, given):
            return [mistake for check in _check for mistake in check()]
    except ConfigMistake as mistake:
        return [mistake]


def content(version: CityTable) -> Any:
    """The table that a version holds; without content, the table of the files."""
    return city.parsed(version.content or city.written(version.file, version.table), version.table)


def draft(by: Actor, *, file: str, table: str, content: str, start: date, reason: str) -> CityTable:
    """A new version, not yet in force."""
    require_any(by, "city.create")
    version = CityTable(
        file=file, table=table, content=_checked(content, table), start=start, reason=reason,
        writer_id=by.user and by.user.id, status=TableStatus.DRAFT,
    )
    db.session.add(version)
    record("city.create", version, by, {})
    return version


def rewrite(version: CityTable, by: Actor, *, content: str, start: date, reason: str) -> CityTable:
    """A draft is written anew, by the same person or another."""
    require(by, "city.edit", version)
    if version.status is not TableStatus.DRAFT:
        raise Refused("city.not_a_draft", status=version.status)
    version.content, version.start, version.reason = _checked(content, version.table), start, reason
    version.writer_id = by.user and by.user.id
    record("city.edit", version, by, {})
    return version


def _checked(content: str, table: str) -> str:
    """A text without foreign line ends that holds the one table; raises Refused with the place of the mistake."""
    text = content.replace("\r\n", "\n").strip()
    if text:
        try:
            city.parsed(text, table)
        except ConfigMistake as mistake:
            raise Refused("city.not_readable", mistake=str(mistake)) from None
    return f"{text}\n" if text else ""


@action("city.propose")
def propose(version: CityTable, by: Actor) -> None:
    """Somebody else is to look at it and to publish it."""
    _check_right(version)
    version.proposed_at = by.now


@action("city.hand_back")
def hand_back(version: CityTable, by: Actor, *, why: Long) -> None:
    """The change is not as it should be: a draft again."""
    version.proposed_at = None


@action("city.publish")
def publish(version: CityTable, by: Actor) -> None:
    """The version holds from its day on, or from now when that has passed."""
    check_second(
        version.file, city.value("city", "changes", ChangePolicy), proposed=version.proposed_at is not None,
        writer=version.writer_id, publisher=by.user and by.user.id,
    )
    _check_right(version)
    if version.file == "roles":
        _check_somebody_is_left(version, by)
    version.start = max(version.start, by.today)
    version.publisher_id, version.published_at = by.user and by.user.id, by.now


@action("city.discard")
def discard(version: CityTable, by: Actor) -> None:
    """The change will not come."""


@action("city.roll_back")
def roll_back(version: CityTable, by: Actor, *, reason: Long) -> CityTable:
    """What held before this version is drafted again, to be published like any other change."""
    earlier = [
        one for one in db.session.scalars(in_force(by.today))
        if (one.file, one.table) == (version.file, version.table)
        and (one.start, one.published_at, one.id) < (version.start, version.published_at, version.id)
    ]
    before = earlier[-1].content if earlier else ""
    if not before and city.file_of(version.file, version.table) is None:
        before = f'"{version.table}" = false\n'  # there was no such table at all
    return draft(by, file=version.file, table=version.table, content=before, start=by.today, reason=reason)


def _check_right(version: CityTable) -> None:
    if found := mistakes(version):
        raise Refused("city.has_mistakes", count=len(found), first=str(found[0]))


def _check_somebody_is_left(version: CityTable, by: Actor) -> None:
    """A change of rights after which nobody could change rights would be for ever."""
    with city.trying(version.file, version.table, content(version)):
        keepers = [role for role in city.read("roles") if all("all" in reaches(role, key) for key in KEEPS)]
    left = select(User.id).join(Grant, Grant.user_id == User.id).where(
        User.active, Grant.on(by.today), Grant.role.in_(keepers), Grant.unit_id.is_(None))
    if db.session.scalar(left.limit(1)) is None:
        raise Refused("city.nobody_left", keys=list(KEEPS))
