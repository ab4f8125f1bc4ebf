"""Log-ins: what needs strong identification, what a provider must tell, and how addresses and passwords are proved.

Strong identification is Act 617/2009's: whoever comes has shown a bank's codes, a mobile certificate or an identity
card to a provider that the city has a contract with.  A password is weak, whatever its length.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from evaka.kit import identity
from evaka.kit.errors import Refused

DIGITS = 6  # of a code that is sent by mail


def digest(secret: str) -> str:
    """What we keep of a long random secret that a browser, a tablet or a program holds: none can be made of it."""
    return sha256(secret.encode()).hexdigest()


class ProofKind(StrEnum):
    """What a secret that was sent by mail lets its reader do."""

    EMAIL_CODE = "email_code"  # typed: the address becomes the log-in name
    PASSWORD_LINK = "password_link"  # followed: a new password


class When(StrEnum):
    """From when on guardians are asked to identify themselves strongly."""

    ALWAYS = "always"  # what needs it stays closed while no provider is set up
    WHEN_SET_UP = "when_set_up"


class Forgotten(StrEnum):
    """What a guardian does who has forgotten the password."""

    LINK = "link"
    STRONG = "strong"


@dataclass(frozen=True)
class Strong:
    """What guardians do and see after strong identification only."""

    when: When
    needs: tuple[str, ...]  # keys as in roles.toml, or patterns of them

    def names(self, key: str) -> bool:
        return any(fnmatchcase(key, pattern) for pattern in self.needs)

    def asked(self, set_up: bool) -> bool:
        """Whether a session by password is kept from what needs it."""
        return self.when is When.ALWAYS or set_up


@dataclass(frozen=True)
class Identification:
    """What is asked of the provider, and where its answer holds the personal identity code."""

    scope: str
    code_claims: tuple[str, ...]  # the first that is there holds the code
    levels: tuple[str, ...]  # assurance levels (acr) that will do; empty: whatever the provider lets through

    def __post_init__(self) -> None:
        if "openid" not in self.scope.split():
            raise ValueError(f'scope is "{self.scope}"', 'Begin it with "openid".')
        if not self.code_claims:
            raise ValueError("code_claims is empty", "Name the claim that holds the personal identity code.")

    def code_of(self, claims: Mapping[str, Any]) -> str | None:
        """The personal identity code among claims, as the register keeps it; None where there is none.

        Refuses what cannot be one, and an identification of a lower level than the city accepts.
        """
        found = next((claims[name] for name in self.code_claims if claims.get(name)), None)
        return identity.check(str(found)) if found is not None else None

    def check_level(self, claims: Mapping[str, Any]) -> None:
        if self.levels and claims.get("acr") not in self.levels:
            raise Refused("user.identify_level")


@dataclass(frozen=True)
class Credentials:
    """Log-ins by e-mail and password: how an address is proved, what to do when the password is forgotten."""

    code_minutes: int  # for which a code that was sent to an address holds
    code_tries: int  # wrong ones, then a new code is asked for
    codes_an_hour: int  # that one user is sent
    link_minutes: int  # for which a link to a new password holds
    links_an_hour: int  # that one address is sent; requests of one network address have the limit of log-ins
    guardians_forgot: Forgotten
    new_device: bool  # a log-in in a browser that was not used before is told by mail
    device_days: int  # for which a browser is remembered

    def __post_init__(self) -> None:
        counted = (self.code_minutes, self.code_tries, self.codes_an_hour, self.link_minutes, self.links_an_hour,
                   self.device_days)
        if min(counted) < 1:
            raise ValueError("a number is below 1", "Give a whole number from 1 up.")
        if self.code_tries > 10:
            raise ValueError(f"code_tries is {self.code_tries}", "A code has six digits: allow ten tries at most.")


def mail_code(key: str, salt: str) -> str:
    """The six digits that go with a salt; without the server's key nobody can tell them."""
    return f"{int.from_bytes(_made(key, 'code', salt)) % 10**DIGITS:0{DIGITS}}"


def link_token(key: str, number: int, salt: str) -> str:
    """What stands in a link: whose it is, and a proof that it came by mail."""
    return f"{number}-{_made(key, 'link', f'{number}:{salt}').hex()}"


def number_of(token: str) -> int | None:
    """The number of the row that a token claims to be of."""
    first = token.partition("-")[0]
    return int(first) if first.isascii() and first.isdecimal() and len(first) < 10 else None


def same(one: str, other: str) -> bool:
    """Compares secrets without telling by the time it takes how far they agree."""
    return hmac.compare_digest(one.encode(), other.encode())


def _made(key: str, what: str, salt: str) -> bytes:
    return hmac.digest(key.encode(), f"evaka {what}: {salt}".encode(), sha256)
