"""The sessions of a user: the browser holds a token, a row holds its digest, and the row decides."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, not_, select, true, update
from sqlalchemy.orm import joinedload

from evaka.access import Actor
from evaka.actions import record
from evaka.actions.user.security import security
from evaka.models.base import Moment, db
from evaka.models.city import STAMP, lay_over
from evaka.models.user import User, UserSession
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
OF_TOKEN = (
    select(UserSession, STAMP).join(STAMP, true()).where(UserSession.digest == bindparam("digest"), IS_OPEN)
    .options(joinedload(UserSession.user, innerjoin=True).joinedload(User.grants)))


def _limits(now: datetime) -> dict[str, datetime]:
    rules = security()
    return {
        "begun_after": now - timedelta(hours=rules.hours), "seen_after": now - timedelta(minutes=rules.idle_minutes)}


def is_open(now: datetime) -> ColumnElement[bool]:
    """Sessions that nobody has ended and that have outlived neither their hours nor their idle minutes."""
    return IS_OPEN.params(**_limits(now))


def session_of(token: str, now: datetime, agent: str) -> UserSession | None:
    """The open session of a token; the cookie of one browser opens nothing in another.

    Every page of who has logged in begins with this: whether the city's tables have changed is asked along.
    """
    asked = {"digest": digest(token), "day": now.date()}
    found = db.session.execute(OF_TOKEN, asked | _limits(now)).unique().one_or_none()
    if found is not None and lay_over(now.date(), tuple(found[1:])):  # how long a session lasts may be among the news
        found = db.session.execute(OF_TOKEN, asked | _limits(now)).unique().one_or_none()
    return found[0] if found is not None and found[0].agent == agent[:200] else None


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
