"""Who has identified strongly: the person of the register, and the user they come in with."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from sqlalchemy import or_, select

from evaka.access import Actor
from evaka.actions import record
from evaka.actions.user.door import check_tries, note_tries
from evaka.kit.errors import Refused
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.person import Person
from evaka.models.person.custody import own_children
from evaka.models.user import NAMELESS, Grant, User
from evaka.rules.person import full_name

GUARDIAN = "guardian"


def identified(code: str, now: datetime, session_of: User | None) -> User:
    """The user of whoever has this personal identity code; made when a guardian comes for the first time.

    Somebody who has logged in already stays the same person: another one is refused, and gets no session of theirs.
    """
    person = db.session.scalar(
        select(Person).where(Person.identity_code == code, Person.standing(), Person.deceased.is_(None))
        .with_for_update())  # who comes twice at the same moment is made once
    if person is None:
        raise Refused("user.identify_unknown")
    if session_of is not None and session_of.person_id != person.id:
        raise Refused("user.identify_other", name=session_of.name)
    user = db.session.scalar(select(User).where(User.person_id == person.id))
    if user is None:
        if not _belongs(person, now):
            raise Refused("user.identify_nobodys")
        user = _made(person, now)
    if not user.active or not Actor(user, now).grants:
        raise Refused("user.identify_closed")
    return user


def _belongs(person: Person, now: datetime) -> bool:
    """Whether the register knows a child of theirs, or an application that they have made or are asked about."""
    applications = select(Application.id).where(
        or_(Application.guardian_id == person.id, Application.other_guardian_id == person.id)).limit(1)
    children = own_children(person.id, now.date()).limit(1)
    return any(db.session.scalar(query) is not None for query in (children, applications))


def _made(person: Person, now: datetime) -> User:
    user = guardian_of(person, f"{secrets.token_hex(12)}{NAMELESS}", now.date())
    user.must_change_password = False
    record("user.join", user, Actor(user, now), {})
    return user


def guardian_of(person: Person, email: str, day: date) -> User:
    """A new user who is a person's own, with the rights of a guardian from a day on."""
    user = User(name=full_name(person.first_name, person.last_name), email=email, language=person.language,
                person=person, rights_changed=day)
    user.grants.append(Grant(role=GUARDIAN, start=day, end=None))
    db.session.add(user)
    db.session.flush()
    return user


def check_identify_tries(address: str, now: datetime) -> None:
    """Refuses when too many identifications from one address have failed."""
    check_tries("", address, now, kind="identify")


def note_identify_failure(address: str, now: datetime, why: str, user: User | None) -> None:
    """An identification that failed is told in the journal, without who it may have been."""
    note_tries([f"identify:{address}"], now)
    record("user.not_identified", user, Actor(None, now), {"address": address, "why": why})
