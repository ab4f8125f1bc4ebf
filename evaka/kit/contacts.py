"""Telephone numbers and e-mail addresses as people type them."""

from __future__ import annotations

import re

from evaka.kit.errors import Refused

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PHONE = re.compile(r"\+?[\d\s()/-]+")
FEWEST_DIGITS = 5  # of a telephone number, also of a switchboard's


def check_email(typed: str) -> None:
    """Refused unless it could be the address of somebody."""
    if not _EMAIL.fullmatch(typed.strip()):
        raise Refused("user.email_form", typed=typed)


def check_phone(typed: str) -> None:
    """Refused unless it is a number that could be dialled, of any country."""
    if not _PHONE.fullmatch(typed.strip()) or sum(sign.isdigit() for sign in typed) < FEWEST_DIGITS:
        raise Refused("person.phone_form", typed=typed)
