"""The tablets of a unit: made known in the office, paired by a code, seen, and shut out again."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from functools import lru_cache
from time import monotonic
from typing import Annotated

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.orm import joinedload

from evaka.access import Actor
from evaka.actions import Among, action, record
from evaka.actions.presence.policy import tablet
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.presence import Device
from evaka.models.unit import Group, Unit
from evaka.models.user import TABLET, Grant, User
from evaka.rules.user import digest

SIGNS = "ABCDEFHJKLMNPRTUVWXY34679"  # nobody takes one of these for another
LENGTH = 8
SEEN_EVERY = timedelta(minutes=5)
OF_TOKEN = (
    select(Device).where(Device.digest == bindparam("digest"), Device.revoked.is_(None), Device.paired.is_not(None))
    .options(
        joinedload(Device.user, innerjoin=True).load_only(User.name, User.active, User.device, User.person_id)
        .joinedload(User.grants), joinedload(Device.unit, innerjoin=True).load_only(Unit.name, Unit.language)))
FOR_TAPS = (  # a row a grant
    select(Device.id, Device.unit_id, Device.user_id, User.name, User.active,
           Grant.role, Grant.unit_id, Grant.group_id, Grant.start, Grant.end)
    .join(User, User.id == Device.user_id).outerjoin(Grant, Grant.user_id == User.id)
    .where(Device.digest == bindparam("digest"), Device.revoked.is_(None), Device.paired.is_not(None))
    .order_by(Grant.id))
Facts = tuple[int, int, int, str, bool, str | None, int | None, int | None, date | None, date | None]


def groups_of(unit: Unit, by: Actor) -> Select[Group]:
    """The groups on which a tablet may open."""
    return select(Group).where(Group.unit_id == unit.id, Group.on(by.today)).order_by(Group.name)


@action("presence.add_device")
def add_device(
    unit: Unit, by: Actor, *, name: str, group: Annotated[Group, Among(groups_of)] | None = None
) -> tuple[Device, str]:
    """A tablet may join the unit: the code that is shown once is typed on it within the city's minutes."""
    user = User(name=f"{name}, {unit.name}"[:120], email=f"{secrets.token_hex(12)}@device", device=True,
                must_change_password=False, rights_changed=by.today)
    user.grants.append(Grant(role=TABLET, unit_id=unit.id, start=by.today, end=None))
    device = Device(unit=unit, group=group, user=user, name=name.strip()[:80])
    db.session.add(device)
    db.session.flush()
    return device, _new_code(device, by)


@action("presence.new_code")
def new_code(device: Device, by: Actor) -> str:
    """The code has run out, or the tablet has lost its memory: whoever had the place before is shut out."""
    if device.revoked is not None:
        raise Refused("presence.device_revoked", name=device.name)
    device.paired = device.digest = None
    return _new_code(device, by)


def _new_code(device: Device, by: Actor) -> str:
    code = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    device.code, device.code_until = digest(code), by.now + timedelta(minutes=tablet().code_minutes)
    return f"{code[:4]}-{code[4:]}"


@action("presence.revoke_device")
def revoke_device(device: Device, by: Actor) -> None:
    """The tablet is lost or goes elsewhere: from this moment on it opens nothing."""
    device.revoked = by.now
    device.code = device.code_until = device.digest = device.paired = None
    device.user.active = False
    for grant in list(device.user.grants):
        if grant.start >= by.today:
            device.user.grants.remove(grant)
        elif grant.end is None:
            grant.end = by.today


def pair(typed: str, agent: str, now: datetime) -> tuple[Device, str]:
    """The tablet on which a code is typed, and the token that it keeps.  A code works once."""
    code = "".join(sign for sign in typed.upper() if sign in SIGNS)
    device = db.session.scalar(
        select(Device).where(Device.code == digest(code), Device.code_until >= now, Device.revoked.is_(None))
        .with_for_update())
    if device is None:
        raise Refused("presence.code_unknown", minutes=tablet().code_minutes)
    token = secrets.token_urlsafe(32)
    device.code = device.code_until = None
    device.digest, device.paired, device.seen, device.agent = digest(token), now, now, agent[:200]
    record("presence.pair", device, Actor(device.user, now), {"unit": str(device.unit)})
    return device, token


def device_of(token: str) -> Device | None:
    """The tablet that holds a token, with its unit and rights; None when it has been shut out."""
    return db.session.scalars(OF_TOKEN, {"digest": digest(token)}).unique().one_or_none()


TRUSTED = 5.0  # seconds for which who taps is not looked up again: whoever is shut out fails to note the tap
MOST = 10_000  # tokens that are remembered
_trusted: dict[str, tuple[Device, float]] = {}


def device_for_taps(token: str) -> Device | None:
    """The same with no more than a tap asks of it, since hundreds are tapped in a second; it belongs to no session."""
    hashed = digest(token)
    device, until = _trusted.get(hashed, (None, 0.0))
    if until < monotonic():
        rows = db.session.connection().execute(FOR_TAPS, {"digest": hashed}).all()
        device = _made(hashed, tuple(map(tuple, rows))) if rows else None
        if len(_trusted) >= MOST:
            _trusted.clear()
        if device is not None:
            _trusted[hashed] = device, monotonic() + TRUSTED
    return device


@lru_cache(4096)
def _made(hashed: str, rows: tuple[Facts, ...]) -> Device:
    """The same for the same facts; a right ends with the tablet, which noting the tap asks for."""
    id, unit_id, user_id, name, active, *_ = rows[0]
    grants = [Grant(user_id=user_id, role=role, unit_id=unit, group_id=group, start=start, end=end)
              for *_, role, unit, group, start, end in rows if role is not None]
    user = User(id=user_id, name=name, active=active, device=True, person_id=None, grants=grants)
    return Device(id=id, unit_id=unit_id, user_id=user_id, user=user, digest=hashed)


def see(device: Device, now: datetime) -> None:
    """The tablet is in use; noted now and then."""
    if device.seen is None or now - device.seen > SEEN_EVERY:
        db.session.execute(update(Device).where(Device.id == device.id).values(seen=now))
