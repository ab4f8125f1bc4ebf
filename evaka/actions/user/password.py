"""Passwords: how they are kept, proved and changed."""

from __future__ import annotations

import re
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import update

from evaka.access import Actor
from evaka.actions import record
from evaka.actions.user.security import security
from evaka.actions.user.session import end_all
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.user import LoginProof, User
from evaka.rules.user import ProofKind

HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's choice for argon2id
WELL_KNOWN = frozenset({
    "password", "salasana", "lösenord", "losenord", "passord", "kissakoira", "perkele", "hevonen", "iloveyou",
    "letmein", "welcome", "tervetuloa", "välkommen", "qwerty", "qwertyuiop", "asdfgh", "zxcvbn", "abcdef", "1q2w3e",
    "12345", "123456", "1234567890", "0987654321", "54321", "varhaiskasvatus", "småbarnspedagogik", "paivakoti",
    "päiväkoti", "daghem", "kesä", "talvi", "syksy", "kevät", "sommar", "vinter", "suomi", "finland", "admin",
})


@cache
def _nobodys() -> str:
    """The hash of a password that nobody has: an unknown name costs as much time as a wrong password."""
    return HASHER.hash(secrets.token_hex(16))


def fits(user: User | None, password: str) -> bool:
    """Whether this is the user's password; equally slow for a user that does not exist or has none."""
    nobodys = _nobodys()
    stored = user.password_hash if user is not None and user.password_hash else nobodys
    try:
        HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not nobodys


def check_password(password: str, user: User) -> None:
    """Refuses a password that would be guessed soon: short, simple, or mostly made of words that come to mind."""
    least = security().password_length
    if len(password) < least:
        raise Refused("user.password_short", length=len(password), least=least)
    left = password.casefold()
    if len(set(left)) < 5:
        raise Refused("user.password_simple")
    own = {part for part in re.split(r"[\s@._-]+", f"{user.name} {user.email}".casefold()) if len(part) > 3}
    for word in sorted(own | WELL_KNOWN, key=len, reverse=True):
        left = left.replace(word, "")
    if len(left) * 2 < len(password):
        raise Refused("user.password_known")


def set_password(user: User, password: str, by: Actor, *, first: bool = False) -> None:
    """Store the password's hash and end every session; `first` passwords must be changed at log-in.

    Links to a new password that were sent before lead nowhere any more.
    """
    user.password_hash = HASHER.hash(password)
    user.must_change_password = first
    links = update(LoginProof).where(LoginProof.user_id == user.id, LoginProof.kind == ProofKind.PASSWORD_LINK,
                                     LoginProof.used_at.is_(None))
    db.session.execute(links.values(used_at=by.now))
    end_all(user, by.now)


def renew_hash(user: User, password: str, by: Actor) -> None:
    """Hash anew what was hashed in a cheaper way than we hash now."""
    if HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = HASHER.hash(password)
        record("user.rehash", user, by, {})


def change_password(user: User, by: Actor, *, old: str, new: str) -> None:
    """The user's own change: the old password proves who asks, or strong identification in this session."""
    if not by.strong and not fits(user, old):
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
