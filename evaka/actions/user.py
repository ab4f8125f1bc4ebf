"""Users: their passwords and second factors, the sessions they have open, and the roles they are given."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Annotated

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update

from evaka import city
from evaka.access import Actor
from evaka.actions import Choice, action, record
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.models.user import Grant, LoginAttempt, User, UserSession
from evaka.rules.person import full_name

HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's choice for argon2id
WELL_KNOWN = ("password", "salasana", "qwerty", "123456", "varhaiskasvatus", "paivakoti", "päiväkoti", "lösenord")
STEP = 30  # seconds for which a code of the second factor holds


@dataclass(frozen=True)
class Security:
    """What a city asks of log-ins."""

    hours: int
    idle_minutes: int
    attempts: int
    attempts_of_address: int
    window_minutes: int
    password_length: int
    require_second_factor: bool

    def __post_init__(self) -> None:
        if self.password_length < 8:
            raise ValueError(f"password_length is {self.password_length}", "Ask for 8 letters at least.")
        if min(self.hours, self.idle_minutes, self.attempts, self.attempts_of_address, self.window_minutes) < 1:
            raise ValueError("a number is below 1", "Give a whole number from 1 up.")


def security() -> Security:
    return city.value("security", "sessions", Security)


# -- passwords --------------------------------------------------------------------------------------


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has: an unknown name costs as much time as a wrong password."""
    return HASHER.hash(secrets.token_hex(16))


def fits(user: User | None, password: str) -> bool:
    """Whether this is the user's password; equally slow for a user that does not exist."""
    stored = user.password_hash if user is not None and user.password_hash else _nobodys()
    try:
        HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
    return user is not None and bool(user.password_hash)


def check_password(password: str, user: User) -> None:
    """Refuses a password that would be guessed soon."""
    least = security().password_length
    if len(password) < least:
        raise Refused("user.password_short", length=len(password), least=least)
    bare = password.casefold().strip()
    own = {user.name.casefold(), user.email.casefold(), user.email.partition("@")[0].casefold()}
    if bare in own or any(part in bare and len(part) * 2 > len(bare) for part in WELL_KNOWN):
        raise Refused("user.password_known")
    if len(set(bare)) < 5:
        raise Refused("user.password_simple")


def set_password(user: User, password: str, by: Actor, *, first: bool = False) -> None:
    """Store the password's hash and end every session; `first` passwords must be changed at log-in."""
    user.password_hash = HASHER.hash(password)
    user.must_change_password = first
    end_all(user, by.now)


def change_password(user: User, by: Actor, *, old: str, new: str) -> None:
    """The user's own change: the old password proves who asks."""
    if not fits(user, old):
        raise Refused("user.password_wrong")
    if old == new:
        raise Refused("user.password_same")
    check_password(new, user)
    set_password(user, new, by)
    record("user.change_password", user, by, {})


def first_password(user: User, by: Actor) -> str:
    """A one-time password, to be told to the user and changed at once."""
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    set_password(user, password, by, first=True)
    return password


def first_administrator(name: str, email: str, now: datetime) -> str:
    """The user with whom a new installation begins; returns the one-time password."""
    user = User(name=name.strip(), email=email.strip().lower())
    user.grants.append(Grant(role="admin", start=now.date(), end=None))
    db.session.add(user)
    by = Actor(None, now)
    password = first_password(user, by)
    record("user.create", user, by, {})
    return password


# -- logging in -------------------------------------------------------------------------------------


def check_tries(user: User | None, address: str, now: datetime, email: str = "") -> None:
    """Refuses a try when too many failed before it, by the same name or from the same address."""
    rules = security()
    window = timedelta(minutes=rules.window_minutes)
    names = {f"user:{user.email if user else email}": rules.attempts, f"address:{address}": rules.attempts_of_address}
    for what, most in names.items():
        tries = db.session.scalars(
            select(LoginAttempt.at).where(LoginAttempt.what == what, LoginAttempt.at > now - window)
            .order_by(LoginAttempt.at.desc()).limit(most)).all()
        if len(tries) >= most:
            raise Refused("user.too_many", again=tries[-1] + window)


def note_failure(email: str, user: User | None, address: str, now: datetime) -> None:
    """A try that failed counts, and is told in the journal."""
    db.session.add_all([LoginAttempt(what=what, at=now) for what in (f"user:{email}", f"address:{address}")])
    record("user.log_in_failed", user, Actor(None, now), {"address": address})


def log_in(email: str, password: str, address: str, now: datetime) -> User | None:
    """The user of that name and password, or None; refuses when too many tries came before."""
    email = email.strip().lower()[:200]
    user = db.session.scalar(select(User).where(User.email == email))
    check_tries(user, address, now, email)
    if not fits(user, password) or user is None or not user.active:
        note_failure(email, user, address, now)
        return None
    if not user.totp_secret:
        db.session.execute(delete(LoginAttempt).where(LoginAttempt.what == f"user:{email}"))
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.at < now - timedelta(days=1)))
    if HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = HASHER.hash(password)
        record("user.rehash", user, Actor(user, now), {})
    return user


def open_session(user: User, now: datetime, address: str, agent: str) -> str:
    """A session of the user; the browser gets the token, we keep its digest."""
    token = secrets.token_urlsafe(32)
    db.session.add(UserSession(
        user_id=user.id, digest=digest(token), began=now, seen=now, address=address[:60], agent=agent[:200]))
    user.last_login = now
    record("user.log_in", user, Actor(user, now), {"address": address})
    return token


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def session_of(token: str, now: datetime) -> UserSession | None:
    """The open session of a token, unless it has ended or outlived its time."""
    row = db.session.scalar(select(UserSession).where(UserSession.digest == digest(token), UserSession.ended.is_(None)))
    rules = security()
    if row is None or now - row.began > timedelta(hours=rules.hours):
        return None
    return None if now - row.seen > timedelta(minutes=rules.idle_minutes) else row


def end_all(user: User, now: datetime, keep: int | None = None) -> int:
    """End the user's open sessions, all but the one to keep; how many there were."""
    db.session.flush()
    ended = update(UserSession).where(UserSession.user_id == user.id, UserSession.ended.is_(None), UserSession.id != (keep or 0))
    return db.session.execute(ended.values(ended=now)).rowcount


def is_staff(user: User, today: date) -> bool:
    """Whether the user has a role in the office: any that is not only a guardian's."""
    return any(grant.role != "guardian" for grant in user.grants if today in grant.period)


# -- the second factor ------------------------------------------------------------------------------


def check_code(user: User, code: str, now: datetime, secret: str | None = None) -> None:
    """Accept a code of the user's authenticator, once: this step's or a neighbour's, for clocks that differ."""
    typed = "".join(code.split())
    keys = pyotp.TOTP(secret or user.totp_secret or "")
    step = int(now.timestamp()) // STEP
    for counter in (step - 1, step, step + 1):
        if secrets.compare_digest(keys.generate_otp(counter), typed) and counter > (user.totp_counter or 0):
            user.totp_counter = counter
            return
    raise Refused("user.code_wrong")


def start_second_factor(user: User, by: Actor, secret: str, code: str) -> None:
    """From now on the user gives a code too; the first one proves that the authenticator has the key."""
    check_code(user, code, by.now, secret)
    user.totp_secret = secret
    record("user.start_second_factor", user, by, {})


def stop_second_factor(user: User, by: Actor, password: str) -> None:
    if not fits(user, password):
        raise Refused("user.password_wrong")
    if security().require_second_factor and is_staff(user, by.today):
        raise Refused("user.second_factor_required")
    user.totp_secret = user.totp_counter = None
    record("user.stop_second_factor", user, by, {})


# -- what the administrator does --------------------------------------------------------------------


@action("user.grant")
def grant(
    user: User, by: Actor, *, role: Annotated[str, Choice("roles")], unit: Unit | None = None, start: date,
    end: date | None = None,
) -> Grant:
    """A role for a time, in a unit or everywhere."""
    if end is not None and end < start:
        raise Refused("placement.ends_first", start=start, end=end)
    reaches_units = any(how == "unit" for how in _reaches(role))
    if reaches_units and unit is None and "all" not in _reaches(role):
        raise Refused("user.grant_needs_unit", role=f"role.{role}")
    given = Grant(user=user, role=role, unit_id=unit and unit.id, start=start, end=end)
    db.session.add(given)
    return given


def _reaches(role: str) -> set[str]:
    table = city.read("roles").get(role, {})
    return {how for hows in table.values() for how in ([hows] if isinstance(hows, str) else hows)}


@action("user.invite")
def invite(person: Person, by: Actor, *, email: str) -> str:
    """A guardian gets a log-in of their own; the one-time password is shown once."""
    email = email.strip().lower()
    if "@" not in email:
        raise Refused("user.email_form", typed=email)
    user = User(
        name=full_name(person.first_name, person.last_name), email=email, language=person.language, person=person)
    user.grants.append(Grant(role="guardian", start=by.today, end=None))
    db.session.add(user)
    db.session.flush()
    return first_password(user, by)


@action("user.end_grant")
def end_grant(given: Grant, by: Actor, *, end: date) -> None:
    """The last day of a role."""
    if end < given.start:
        raise Refused("placement.ends_first", start=given.start, end=end)
    given.end = end


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
    if by.user is not None and by.user.id == user.id:
        raise Refused("user.not_oneself")
    user.active = False
    end_all(user, by.now)


@action("user.activate")
def activate(user: User, by: Actor) -> None:
    user.active = True


def open_sessions(user: User) -> list[UserSession]:
    return list(db.session.scalars(
        select(UserSession).where(UserSession.user_id == user.id, UserSession.ended.is_(None))
        .order_by(UserSession.seen.desc())))


