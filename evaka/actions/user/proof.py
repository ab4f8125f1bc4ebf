"""Secrets that are sent by mail: a code that proves an address, a link to a new password; and what else mails tell.

The rows hold no secret: `rules/user` makes it of a row and of the server's key, when the mail is written and again
when it comes back.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update

from evaka.access import Actor, require
from evaka.actions import record
from evaka.actions.user.door import check_tries, forget_tries, login_name, note_tries
from evaka.actions.user.password import check_password, set_password
from evaka.actions.user.security import credentials
from evaka.kit.contacts import check_email
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.journal import Email
from evaka.models.user import LoginProof, User
from evaka.rules.user import Forgotten, ProofKind, link_token, mail_code, number_of, same

HOUR = timedelta(hours=1)
OWN = "user.set_log_in"  # the right to one's own log-in, which a city may bind to strong identification


def tell_user(user: User, text: str, by: Actor, *, address: str = "", link: str = "") -> None:
    """A mail about the log-in: to its name, or to what the register knows of a guardian who has none."""
    address = address or user.log_in_name or (user.person.email or "" if user.person else "")
    if address:
        db.session.add(Email(user_id=user.id, text=text, made_at=by.now, next_try=by.now, address=address, link=link))


# -- one's own log-in -------------------------------------------------------------------------------


def ask_code(user: User, by: Actor, *, email: str) -> LoginProof:
    """Send six digits to the address that shall be the log-in name."""
    require(by, OWN, user)
    rules = credentials()
    email = login_name(email)
    check_email(email)
    sent = select(LoginProof.made_at).where(
        LoginProof.user_id == user.id, LoginProof.kind == ProofKind.EMAIL_CODE, LoginProof.made_at > by.now - HOUR)
    times = db.session.scalars(sent.order_by(LoginProof.made_at.desc()).limit(rules.codes_an_hour)).all()
    if len(times) >= rules.codes_an_hour:
        raise Refused("user.codes_many", again=times[-1] + HOUR)
    proof = _send(user, ProofKind.EMAIL_CODE, email, "user_code", by, timedelta(minutes=rules.code_minutes))
    record("user.ask_code", user, by, {})
    return proof


def code_waits(user: User, now: datetime) -> LoginProof | None:
    """The code that the user has been sent and has not typed yet."""
    return db.session.scalar(
        select(LoginProof).where(
            LoginProof.user_id == user.id, LoginProof.kind == ProofKind.EMAIL_CODE, LoginProof.used_at.is_(None),
            LoginProof.until > now).order_by(LoginProof.id.desc()).limit(1))


def count_try(user: User, by: Actor) -> None:
    """A code is about to be compared: that is saved first, so that guesses which come together count each."""
    proof = code_waits(user, by.now)
    if proof is None:
        raise Refused("user.mail_code_old")
    counted = update(LoginProof).where(LoginProof.id == proof.id, LoginProof.tries < credentials().code_tries)
    counted = counted.values(tries=LoginProof.tries + 1).execution_options(synchronize_session=False)
    if not db.session.execute(counted).rowcount:  # type: ignore[attr-defined]
        raise Refused("user.mail_code_old")
    record("user.try_code", user, by, {})


def set_log_in(user: User, by: Actor, *, key: str, code: str, new: str) -> None:
    """The proved address and a password become the log-in; every other session ends, and mails tell of it."""
    require(by, OWN, user)
    proof = code_waits(user, by.now)
    if proof is None:
        raise Refused("user.mail_code_old")
    if not same("".join(code.split()), mail_code(key, proof.salt)):
        raise Refused("user.mail_code_wrong")
    taken = select(User.id).where(User.email == proof.address, User.id != user.id)
    if db.session.scalar(taken) is not None:  # told only to whoever reads the mail of that address
        raise Refused("user.address_taken")
    before = user.log_in_name
    user.email = proof.address
    check_password(new, user)
    set_password(user, new, by)
    proof.used_at = by.now
    if user.person is not None and not user.person.email:
        user.person.email = proof.address
    for address in {before, proof.address} - {""}:
        tell_user(user, "log_in_changed", by, address=address)
    record("user.set_log_in", user, by, {})


# -- a forgotten password ---------------------------------------------------------------------------


def forgot(typed: str, address: str, now: datetime, *, can_identify: bool) -> None:
    """Send a link to a new password, if the address is somebody's; what is answered is the same if it is nobody's."""
    name, rules = login_name(typed), credentials()
    check_tries("", address, now, kind="forgot")
    check_tries(name, "", now, kind="link", most=rules.links_an_hour, window=HOUR)
    note_tries([f"link:{name}", f"forgot:{address}"], now)
    user = db.session.scalar(select(User).where(User.email == name, User.active, ~User.device))
    if user is None or (user.person_id is not None and can_identify and rules.guardians_forgot is Forgotten.STRONG):
        record("user.forgot", None, Actor(None, now), {"address": address})
        return
    by = Actor(user, now)
    _send(user, ProofKind.PASSWORD_LINK, user.email, "user_link", by, timedelta(minutes=rules.link_minutes))
    record("user.forgot", user, Actor(None, now), {"address": address})


def proof_of_link(token: str, key: str, now: datetime) -> LoginProof:
    """What a link out of a mail stands for; refuses one that was used, is too old, or was never sent."""
    number = number_of(token)
    proof = db.session.scalar(select(LoginProof).where(LoginProof.id == number).with_for_update()) if number else None
    if (proof is None or proof.kind is not ProofKind.PASSWORD_LINK or not proof.holds(now)
            or not proof.user.active or not same(token, link_token(key, proof.id, proof.salt))):
        raise Refused("user.link_dead")
    return proof


def new_password(token: str, new: str, key: str, now: datetime) -> User:
    """The password that somebody has chosen who came by a link: the link is used up, and every session ends."""
    proof = proof_of_link(token, key, now)
    user = proof.user
    by = Actor(user, now)
    check_password(new, user)
    set_password(user, new, by)
    forget_tries(user.email, now)
    tell_user(user, "password_changed", by)
    record("user.new_password", user, by, {})
    return user


# -- how they are kept ------------------------------------------------------------------------------


def _send(user: User, kind: ProofKind, address: str, text: str, by: Actor, holds: timedelta) -> LoginProof:
    """A new secret; the one that was sent before is worth nothing any more."""
    forget(user, kind, by)
    proof = LoginProof(user_id=user.id, kind=kind, address=address, salt=secrets.token_hex(16), made_at=by.now,
                       until=by.now + holds)
    db.session.add(proof)
    db.session.add(Email(user_id=user.id, text=text, made_at=by.now, next_try=by.now, address=address, proof=proof))
    db.session.flush()
    return proof


def forget(user: User, kind: ProofKind, by: Actor) -> None:
    """What was sent before opens nothing any more."""
    db.session.execute(update(LoginProof).where(
        LoginProof.user_id == user.id, LoginProof.kind == kind, LoginProof.used_at.is_(None)).values(used_at=by.now))


def tell_new_device(user: User, by: Actor) -> None:
    """A log-in in a browser that the user has not used before, unless it is the very first log-in."""
    if credentials().new_device and user.last_login is not None:
        tell_user(user, "new_device", by, link="/account")
