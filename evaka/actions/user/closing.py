"""Users who are closed: by an administrator, or by themselves once nobody has come for weeks."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_

from evaka import city
from evaka.access import Actor, reaches
from evaka.actions import action, notify_user
from evaka.actions.user.roles import IDLE
from evaka.actions.user.security import rights
from evaka.actions.user.session import end_all
from evaka.kit.errors import Refused
from evaka.models.user import User, is_idle, is_spare


@action("user.deactivate")
def deactivate(user: User, by: Actor, *, reason: str) -> None:
    """The name opens nothing any more and its roles end today; what was done with it stays in the journal."""
    if by.user is not None and by.user.id == user.id:
        raise Refused("user.not_oneself")
    user.active, user.closed_reason = False, reason
    end_roles(user, by)
    end_all(user, by.now)


@action("user.activate")
def activate(user: User, by: Actor) -> None:
    """The name opens again what its roles allow; those of the staff ended when it was closed, and are given anew."""
    user.active, user.closed_reason = True, ""
    user.rights_changed = by.today


def end_roles(user: User, by: Actor) -> None:
    """The roles of the staff end today, those to come are taken back; a guardian's come from the child."""
    for grant in list(user.grants):
        if "own" in reaches(grant.role, "my.view"):
            continue
        if grant.start > by.today:
            user.grants.remove(grant)
        elif grant.end is None or grant.end > by.today:
            grant.end = by.today
    user.rights_changed = by.today


def to_close(today: date, ahead: timedelta = timedelta(0)) -> ColumnElement[bool]:
    """The users who are closed tonight for want of use, or would be some time ahead unless they come before."""
    since = today + ahead - timedelta(weeks=rights().idle_weeks)
    keepers = [role for role in city.read("roles") if "all" in reaches(role, "user.activate")]
    return and_(is_idle(since), is_spare(since, today, keepers))


def closed_soon(today: date) -> ColumnElement[bool]:
    """The list of warning."""
    return to_close(today, timedelta(weeks=rights().warn_weeks))


def close_idle(user: User, by: Actor) -> None:
    """Close a user for want of use, and tell so by mail."""
    deactivate(user, by, reason=IDLE)
    notify_user(user.id, "user_closed", by)
