"""The adults as the tablet shows them: who works in the unit, who is there, and what is planned today."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from evaka.models.base import HELSINKI, db
from evaka.models.staff import Shift, StaffPresence, staff_of_unit
from evaka.models.user import User
from evaka.views.page import clock


def workers(unit_id: int, today: date) -> list[User]:
    return list(db.session.scalars(staff_of_unit(unit_id, today)))


def here_now(unit_id: int) -> tuple[dict[int, StaffPresence], list[StaffPresence]]:
    """Who has signed in, by user; and those from outside."""
    rows = db.session.scalars(
        select(StaffPresence).where(StaffPresence.unit_id == unit_id, StaffPresence.left.is_(None))
        .options(joinedload(StaffPresence.group)).order_by(StaffPresence.arrived)).all()
    return {row.user_id: row for row in rows if row.user_id is not None}, [row for row in rows if row.user_id is None]


def shift_words(people: list[User], at: datetime) -> dict[int, str]:
    """8.00–16.00: today's planned shifts by user."""
    midnight = datetime.combine(at.date(), time(0), HELSINKI)
    found: dict[int, list[str]] = defaultdict(list)
    for row in db.session.scalars(
            select(Shift).where(Shift.user_id.in_([one.id for one in people]), Shift.start >= midnight,
                                Shift.start < midnight + timedelta(days=1)).order_by(Shift.start)):
        found[row.user_id].append(f"{clock(row.start)}–{clock(row.finish)}")
    return {user: ", ".join(words) for user, words in found.items()}
