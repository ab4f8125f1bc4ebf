"""Users: what an administrator does with them.  How they log in stands in the files beside this one."""

from __future__ import annotations

from datetime import datetime

from evaka.access import Actor
from evaka.actions import action, record
from evaka.actions.user.closing import activate, close_idle, closed_soon, deactivate, to_close
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
from evaka.actions.user.identify import check_identify_tries, guardian_of, identified, note_identify_failure
from evaka.actions.user.password import (
    HASHER,
    change_password,
    check_password,
    first_password,
    fits,
    set_password,
)
from evaka.actions.user.proof import (
    ask_code,
    code_waits,
    count_try,
    forgot,
    new_password,
    proof_of_link,
    set_log_in,
    tell_new_device,
    tell_user,
)
from evaka.actions.user.roles import (
    IDLE,
    add_staff,
    add_substitute,
    change_groups,
    check_only_local,
    drop_grant,
    end_grant,
    everywhere,
    give_role,
    unit_of,
)
from evaka.actions.user.security import Rights, Security, credentials, identification, rights, security
from evaka.actions.user.session import (
    end,
    end_all,
    id_token_of,
    is_open,
    open_session,
    open_sessions,
    see,
    session_of,
)
from evaka.kit.contacts import check_email
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.user import Grant, User

__all__ = [
    "HASHER", "IDLE", "Rights", "Security", "activate", "add_staff", "add_substitute", "ask_code", "change_groups",
    "change_password", "check_code", "check_email", "check_identify_tries", "check_password", "check_tries",
    "close_idle", "closed_soon", "code_waits", "count_try", "credentials", "deactivate", "drop_grant", "end",
    "end_all", "end_grant", "everywhere", "first_password", "fits", "forget_tries", "forgot", "give_role",
    "id_token_of", "identification", "identified", "is_open", "log_in", "login_name", "must_have_second_factor",
    "new_password", "note_failure", "note_identify_failure", "open_session", "open_sessions", "proof_of_link",
    "rights", "second_step", "security", "see", "session_of", "set_log_in", "set_password", "start_second_factor",
    "stop_second_factor", "tell_new_device", "tell_user", "to_close", "unit_of",
]


def first_administrator(name: str, email: str, now: datetime) -> str:
    """The user with whom a new installation begins; returns the one-time password."""
    user = User(name=name.strip(), email=login_name(email), rights_changed=now.date())
    user.grants.append(Grant(role="admin", start=now.date(), end=None))
    db.session.add(user)
    by = Actor(None, now)
    password = first_password(user, by)
    record("user.create", user, by, {})
    return password


@action("user.invite")
def invite(person: Person, by: Actor, *, email: str) -> str:
    """A guardian gets a log-in of their own; the one-time password is shown once."""
    email = login_name(email)
    check_email(email)
    return first_password(guardian_of(person, email, by.today), by)


# -- log-ins ----------------------------------------------------------------------------------------


@action("user.reset_password")
def reset_password(user: User, by: Actor) -> str:
    """A one-time password for somebody who has lost theirs; it is shown once."""
    check_only_local(user, by, "user.reset_password")
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
