"""Logging in: the password, the tries that failed before, and the code of the second factor."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import delete, select

from evaka.access import Actor
from evaka.actions import record
from evaka.actions.user.password import fits, renew_hash
from evaka.actions.user.security import security
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.user import LoginAttempt, User

STEP = 30  # seconds for which a code of the second factor holds


def login_name(typed: str) -> str:
    """An e-mail address as it is kept and looked for."""
    return typed.strip().lower()[:200]


def log_in(email: str, password: str, address: str, now: datetime) -> User | None:
    """The user of that name and password, or None; refuses when too many tries came before."""
    name = login_name(email)
    check_tries(name, address, now)
    user = db.session.scalar(select(User).where(User.email == name))
    if not fits(user, password) or user is None or not user.active:
        note_failure(name, address, now, user)
        return None
    if not user.totp_secret:  # else the code is still to come
        forget_tries(name, now)
    renew_hash(user, password, Actor(user, now))
    return user


# -- tries that failed ------------------------------------------------------------------------------


def check_tries(
    name: str, address: str, now: datetime, *, kind: str = "", most: int | None = None, window: timedelta | None = None
) -> None:
    """Refuses a try when too many failed before it, by the same name or from the same address.

    Tries of one name that arrive together wait here for one another, so that each counts for the next.  Other things
    than log-ins that are worth guessing count by themselves, as tries of a `kind`.
    """
    if name:
        db.session.execute(select(User.id).where(User.email == name).with_for_update(key_share=True))
    rules = security()
    window = window or timedelta(minutes=rules.window_minutes)
    counted = [(f"{kind or 'user'}:{name}", most or rules.attempts)] if name else []
    if address:
        counted.append((f"{kind or 'address'}:{address}", most or rules.attempts_of_address))
    for what, limit in counted:
        tries = db.session.scalars(
            select(LoginAttempt.at).where(LoginAttempt.what == what, LoginAttempt.at > now - window)
            .order_by(LoginAttempt.at.desc()).limit(limit)).all()
        if len(tries) >= limit:
            raise Refused("user.too_many", again=tries[-1] + window)


def note_tries(whats: list[str], now: datetime) -> None:
    db.session.add_all([LoginAttempt(what=what[:220], at=now) for what in whats])


def note_failure(name: str, address: str, now: datetime, user: User | None) -> None:
    """A try that failed counts, and is told in the journal; what was typed is not."""
    note_tries([f"user:{name}", f"address:{address}"], now)
    record("user.log_in_failed", user, Actor(None, now), {"address": address})


def forget_tries(name: str, now: datetime) -> None:
    """Whoever got in has not been guessing; and what failed before yesterday no longer counts for anybody."""
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.what == f"user:{name}"))
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.at < now - timedelta(days=1)))


# -- the second factor ------------------------------------------------------------------------------


def second_step(user: User, code: str, now: datetime) -> None:
    """The code of a user whose password was right; refuses a wrong one and one that has been used."""
    db.session.refresh(user)  # the last code used, since tries wait for one another
    check_code(user, code, now)
    forget_tries(user.email, now)
    record("user.second_factor", user, Actor(user, now), {})


def check_code(user: User, code: str, now: datetime, secret: str | None = None) -> None:
    """Accept a code of the user's authenticator, once: this step's or a neighbour's, for clocks that differ."""
    typed = "".join(code.split()).encode()
    step = int(now.timestamp()) // STEP
    if key := secret or user.totp_secret:
        for counter in (step - 1, step, step + 1):
            expected = pyotp.TOTP(key).generate_otp(counter).encode()
            if secrets.compare_digest(expected, typed) and counter > (user.totp_counter or 0):
                user.totp_counter = counter
                return
    raise Refused("user.code_wrong")


def start_second_factor(user: User, by: Actor, secret: str, code: str) -> None:
    """From now on the user gives a code too; the first one proves that the authenticator has the key."""
    check_code(user, code, by.now, secret)
    user.totp_secret = secret
    record("user.start_second_factor", user, by, {})


def stop_second_factor(user: User, by: Actor, password: str) -> None:
    """The user's own wish, which the password proves."""
    if not fits(user, password):
        raise Refused("user.password_wrong")
    if must_have_second_factor(user, by.now):
        raise Refused("user.second_factor_required")
    user.totp_secret = user.totp_counter = None
    record("user.stop_second_factor", user, by, {})


def must_have_second_factor(user: User, now: datetime) -> bool:
    """Whether the city requires a second factor of some role that the user holds today."""
    return any(role in security().second_factor for role, _, _ in Actor(user, now).grants)
