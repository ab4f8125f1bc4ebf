"""What happens to users when nobody looks: sessions without a right end, names that nobody uses are closed."""

from __future__ import annotations

from sqlalchemy import Select, select

from evaka.access import Actor
from evaka.actions import record
from evaka.actions import user as act
from evaka.jobs.job import Job
from evaka.models.base import db
from evaka.models.user import User, UserSession, without_rights


def with_sessions_without_rights(by: Actor) -> Select[tuple[int]]:
    """Users who are logged in though their last role has ended: it opens nothing, but the door stands ajar."""
    logged_in = select(UserSession.user_id).where(act.is_open(by.now))
    return select(User.id).where(User.id.in_(logged_in), without_rights(by.today)).order_by(User.id)


def end_sessions(id: int, by: Actor) -> None:
    user = db.session.get_one(User, id)
    record("user.end_sessions", user, by, {"ended": act.end_all(user, by.now)})


def not_seen_for_long(by: Actor) -> Select[tuple[int]]:
    """The staff whom the city's weeks without a log-in have passed."""
    return select(User.id).where(act.to_close(by.today)).order_by(User.id)


def close(id: int, by: Actor) -> None:
    """Whoever has logged in since the question was asked stays."""
    user = db.session.scalar(select(User).where(User.id == id, act.to_close(by.today)))
    if user is not None:
        act.close_idle(user, by)


END_SESSIONS = Job("user.end_sessions", with_sessions_without_rights, end_sessions)
CLOSE_IDLE = Job("user.close_idle", not_seen_for_long, close)
