"""Users: what an administrator does with them.  How they log in stands in the files beside this one."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated

from evaka import city
from evaka.access import Actor
from evaka.actions import Choice, action, record
from evaka.actions.user.door import (
    check_code,
    check_tries,
    forget_tries,
    log_in,
    login_name,
    must_have_second_factor,
    note_failure,
    second_step,
    start_second_factor,
    stop_second_factor,
)
from evaka.actions.user.password import (
    HASHER,
    change_password,
    check_password,
    first_password,
    fits,
    set_password,
)
from evaka.actions.user.security import Security, security
from evaka.actions.user.session import end, end_all, open_session, open_sessions, see, session_of
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.models.user import Grant, User
from evaka.rules.person import full_name

__all__ = [
    "HASHER", "Security", "change_password", "check_code", "check_email", "check_password", "check_tries", "end",
    "end_all", "first_password", "fits", "forget_tries", "log_in", "login_name", "must_have_second_factor",
    "note_failure", "open_session", "open_sessions", "second_step", "security", "see", "session_of", "set_password",
    "start_second_factor", "stop_second_factor",
]


def check_email(email: str) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise Refused("user.email_form", typed=email)


def first_administrator(name: str, email: str, now: datetime) -> str:
    """The user with whom a new installation begins; returns the one-time password."""
    user = User(name=name.strip(), email=login_name(email))
    user.grants.append(Grant(role="admin", start=now.date(), end=None))
    db.session.add(user)
    by = Actor(None, now)
    password = first_password(user, by)
    record("user.create", user, by, {})
    return password


# -- roles ------------------------------------------------------------------------------------------


@action("user.grant")
def grant(
    user: User, by: Actor, *, role: Annotated[str, Choice("roles")], unit: Unit | None = None,
    group: str | None = None, start: date, end: date | None = None,
) -> Grant:
    """A role for a time: in a unit, in the unit's group of that name, or everywhere, as far as the role reaches."""
    if end is not None and end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    reach = reach_of(role)
    if unit is None and "all" not in reach and reach & {"unit", "group"}:
        raise Refused("user.grant_needs_unit", role=f"role.{role}")
    if not group and "all" not in reach and "unit" not in reach and "group" in reach:
        raise Refused("user.grant_needs_group", role=f"role.{role}")
    if (unit or group) and not reach & {"unit", "group"}:
        raise Refused("user.grant_everywhere", role=f"role.{role}")
    given = Grant(
        user=user, role=role, unit_id=unit and unit.id, group_id=group_of(unit, group) if group else None,
        start=start, end=end,
    )
    db.session.add(given)
    return given


def group_of(unit: Unit | None, name: str) -> int:
    """The unit's group of a name, small and capital letters alike."""
    groups = unit.groups if unit else []
    found = next((one.id for one in groups if one.name.casefold() == name.strip().casefold()), None)
    if found is None:
        raise Refused("user.group_unknown", typed=name, known=[one.name for one in groups])
    return found


def reach_of(role: str) -> frozenset[str]:
    """How far a role's permissions reach, all of them together."""
    table = city.read("roles").get(role, {})
    return frozenset(how for hows in table.values() for how in ([hows] if isinstance(hows, str) else hows))


@action("user.end_grant")
def end_grant(given: Grant, by: Actor, *, end: date) -> None:
    """The last day of a role."""
    if end < given.start:
        raise Refused("placement.ends_first", start=given.start, end=end)
    if by.user is not None and by.user.id == given.user_id:
        raise Refused("user.not_own_role")
    given.end = end


@action("user.invite")
def invite(person: Person, by: Actor, *, email: str) -> str:
    """A guardian gets a log-in of their own; the one-time password is shown once."""
    email = login_name(email)
    check_email(email)
    user = User(
        name=full_name(person.first_name, person.last_name), email=email, language=person.language, person=person)
    user.grants.append(Grant(role="guardian", start=by.today, end=None))
    db.session.add(user)
    db.session.flush()
    return first_password(user, by)


# -- log-ins ----------------------------------------------------------------------------------------


@action("user.reset_password")
def reset_password(user: User, by: Actor) -> str:
    """A one-time password for somebody who has lost theirs; it is shown once."""
    return first_password(user, by)


@action("user.reset_second_factor")
def reset_second_factor(user: User, by: Actor) -> None:
    """The user has lost the authenticator and sets up a new one."""
    user.totp_secret = user.totp_counter = None
    end_all(user, by.now)


@action("user.end_sessions")
def end_sessions(user: User, by: Actor) -> None:
    """Whoever is logged in with this name is not any more."""
    end_all(user, by.now)


@action("user.deactivate")
def deactivate(user: User, by: Actor) -> None:
    """The name opens nothing any more; what was done with it stays in the journal."""
    if by.user is not None and by.user.id == user.id:
        raise Refused("user.not_oneself")
    user.active = False
    end_all(user, by.now)


@action("user.activate")
def activate(user: User, by: Actor) -> None:
    user.active = True
