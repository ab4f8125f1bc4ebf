"""A plan for everybody who waits, reckoned by the program itself: a case worker finds it ready to be looked at."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from evaka.access import Actor
from evaka.actions import suggestion as act
from evaka.demo.families import Calendar
from evaka.models.application import Application
from evaka.models.base import db
from evaka.models.unit import Unit
from evaka.models.user import User
from evaka.rules.application import ApplicationStatus
from evaka.rules.unit import Provider

OWN = (Provider.MUNICIPAL, Provider.MUNICIPAL_SCHOOL)


def suggest(worker: str, calendar: Calendar) -> None:
    """For all applications that were read, in the city's own units."""
    by = Actor(db.session.scalars(select(User).where(User.name == worker).limit(1)).one(), calendar.now)
    waiting = select(Application.id).where(
        Application.status == ApplicationStatus.WAITING_PLACEMENT, Application.checked)
    units = select(Unit.id).where(Unit.provider.in_(OWN), Unit.on(calendar.day))
    one = act.begun(
        by, name=f"Jatkuva haku {calendar.day.month}/{calendar.day.year}",
        applications=list(db.session.scalars(waiting)), units=list(db.session.scalars(units)))
    if (found := act.reckon(one, by)) is not None:
        act.keep(one, replace(found, seconds=0), by)  # the same rows whatever machine makes them
