"""The sessions of a user: the browser holds a token, a row holds its digest, and the row decides."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, bindparam, not_, select, true, update

from evaka.access import Actor
from evaka.actions import record
from evaka.actions.user.security import security
from evaka.models.base import Moment, ask, at_hand, db
from evaka.models.city import STAMP, lay_over
from evaka.models.user import Grant, User, UserSession
from evaka.rules.user import digest


def open_session(user: User, now: datetime, address: str, agent: str, id_token: str | None = None) -> str:
    """A session of the user; the browser gets the token, we keep its digest.

    With the token of a provider it is strong.  Those of earlier sessions that have run out are forgotten.
    """
    token = secrets.token_urlsafe(32)
    db.session.execute(update(UserSession).where(
        UserSession.user_id == user.id, UserSession.id_token.is_not(None), not_(is_open(now))).values(id_token=None))
    db.session.add(UserSession(
        user_id=user.id, digest=digest(token), began=now, seen=now, address=address[:60], agent=agent[:200],
        strong=id_token is not None, id_token=id_token))
    # not a change of the user that somebody who edits it meanwhile would have to hear of
    db.session.execute(update(User).where(User.id == user.id).values(last_login=now))
    how = {"strong": True} if id_token is not None else {}
    record("user.log_in", user, Actor(user, now), {"address": address} | how)
    return token


IS_OPEN = and_(
    UserSession.ended.is_(None),
    UserSession.began >= bindparam("begun_after", type_=Moment()),
    UserSession.seen >= bindparam("seen_after", type_=Moment()),
)
# what a page needs of a session, of its user, and of each of the user's grants; the rest is fetched where it is read
_OF_SESSION = (UserSession.id, UserSession.seen, UserSession.strong, UserSession.agent)
_OF_USER = ("id", "version", "name", "email", "language", "person_id", "active", "device", "must_change_password",
            "totp_secret", "rights_changed")
_OF_GRANT = ("id", "version", "user_id", "role", "unit_id", "group_id", "substitute", "start", "end")
_USER = slice(len(_OF_SESSION), len(_OF_SESSION) + len(_OF_USER))
_GRANT = slice(_USER.stop, _USER.stop + len(_OF_GRANT))
OF_TOKEN = (
    select(*_OF_SESSION, *(getattr(User, name).label(f"user_{name}") for name in _OF_USER),
           *(getattr(Grant, name).label(f"grant_{name}") for name in _OF_GRANT), STAMP)
    .join(User, User.id == UserSession.user_id).outerjoin(Grant, Grant.user_id == User.id).join(STAMP, true())
    .where(UserSession.digest == bindparam("digest"), IS_OPEN).order_by(Grant.start))


class Opened(NamedTuple):
    """A session that is open, and whose it is."""

    id: int
    seen: datetime
    strong: bool
    user: User


def _limits(now: datetime) -> dict[str, datetime]:
    rules = security()
    return {
        "begun_after": now - timedelta(hours=rules.hours), "seen_after": now - timedelta(minutes=rules.idle_minutes)}


def is_open(now: datetime) -> ColumnElement[bool]:
    """Sessions that nobody has ended and that have outlived neither their hours nor their idle minutes."""
    return IS_OPEN.params(**_limits(now))


def session_of(token: str, now: datetime, agent: str) -> Opened | None:
    """The open session of a token; the cookie of one browser opens nothing in another.

    Every page of who has logged in begins with this: whether the city's tables have changed is asked along.
    """
    asked = {"digest": digest(token), "day": now.date()}
    rows = ask(OF_TOKEN, asked | _limits(now)).all()
    if rows and lay_over(now.date(), tuple(rows[0][_GRANT.stop:])):  # how long a session lasts may be among the news
        rows = ask(OF_TOKEN, asked | _limits(now)).all()
    if not rows or rows[0].agent != agent[:200]:
        return None
    return Opened(*rows[0][:3], _user(rows))


def _user(rows: Sequence[Row[Any]]) -> User:
    grants = [at_hand(Grant, zip(_OF_GRANT, row[_GRANT], strict=True)) for row in rows if row.grant_id is not None]
    return at_hand(User, zip(_OF_USER, rows[0][_USER], strict=True), grants=grants)


def open_sessions(user: User, now: datetime) -> list[UserSession]:
    """The user's open sessions, the last used first."""
    return list(db.session.scalars(
        select(UserSession).where(UserSession.user_id == user.id, is_open(now))
        .order_by(UserSession.seen.desc(), UserSession.id.desc())))


def see(session_id: int, now: datetime) -> None:
    """The session is in use; two pages of it may say so at the same moment."""
    seen = update(UserSession).where(UserSession.id == session_id, UserSession.ended.is_(None), UserSession.seen < now)
    db.session.execute(seen.values(seen=now))


def end(session_id: int, user: User, now: datetime) -> int:
    """End one session of the user; how many there were: one, or none if it was not the user's or not open."""
    ended = update(UserSession).where(
        UserSession.id == session_id, UserSession.user_id == user.id, UserSession.ended.is_(None))
    return int(db.session.execute(ended.values(ended=now, id_token=None)).rowcount)  # type: ignore[attr-defined]


def end_all(user: User, now: datetime, keep: int | None = None) -> int:
    """End the user's sessions, all but the one to keep; how many of them were open."""
    db.session.flush()
    others = [one for one in open_sessions(user, now) if one.id != keep]
    ended = update(UserSession).where(UserSession.user_id == user.id, UserSession.ended.is_(None))
    if keep is not None:
        ended = ended.where(UserSession.id != keep)
    db.session.execute(ended.values(ended=now, id_token=None))
    return len(others)


def id_token_of(session_id: int) -> str | None:
    """With which the provider's session is ended that has begun this one."""
    return db.session.scalar(select(UserSession.id_token).where(UserSession.id == session_id))
