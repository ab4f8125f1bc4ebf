"""The PIN: chosen by whoever it belongs to, proved on a shared tablet, locked after too many wrong ones."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import action, record, tell
from evaka.actions.staff.policy import pins
from evaka.actions.user import HASHER
from evaka.kit.errors import Refused
from evaka.models.base import db
from evaka.models.staff import StaffMember
from evaka.models.user import User
from evaka.rules.staff import check_pin

MOST = Decimal(7)


def member_of(user: User, *, lock: bool = False) -> StaffMember:
    """What is known of somebody beside the log-in; begun when first asked for."""
    asked = select(StaffMember).where(StaffMember.user_id == user.id)
    row = db.session.scalar(asked.with_for_update() if lock else asked)
    if row is None:
        row = StaffMember(user_id=user.id, coefficient=MOST)
        db.session.add(row)
    return row


@action("staff.set_pin")
def set_pin(user: User, by: Actor, *, pin: str) -> None:
    """A new PIN, which also opens a locked one.  Nobody sees it afterwards."""
    tell()
    check_pin(pin, pins())
    row = member_of(user, lock=True)
    row.pin, row.wrong, row.locked = HASHER.hash(pin), 0, False


@action("staff.set_number")
def set_number(user: User, by: Actor, *, number: str = "") -> None:
    """The employee number by which shifts are imported."""
    member_of(user).number = number.strip()[:20] or None


@action("staff.set_coefficient")
def set_coefficient(user: User, by: Actor, *, coefficient: Decimal) -> None:
    """What the adult counts for among the children, from now on: 7 wholly, 0 not at all."""
    if not 0 <= coefficient <= MOST:
        raise Refused("staff.coefficient_range", most=MOST)
    member_of(user).coefficient = coefficient


def prove(user: User, pin: str, now: datetime) -> Refused | None:
    """Whether this is the user's PIN; why not.  A wrong one counts, so the caller commits what this has written.

    Tries of one user that arrive together wait for one another here, so that each counts for the next.
    """
    by, policy = Actor(user, now), pins()
    row = member_of(user, lock=True)
    if not user.active or not row.pin:
        return Refused("staff.no_pin", name=user.name)
    if row.locked:
        return Refused("staff.pin_locked", name=user.name)
    try:
        HASHER.verify(row.pin, pin)
    except (VerificationError, InvalidHashError):
        row.wrong += 1
        row.locked = row.wrong >= policy.tries
        record("staff.pin_failed", user, by, {"tries": row.wrong})
        if row.locked:
            return Refused("staff.pin_locked", name=user.name)
        return Refused("staff.pin_wrong", left=policy.tries - row.wrong)
    if row.wrong:
        row.wrong = 0
        record("staff.pin_right", user, by, {})
    return None


