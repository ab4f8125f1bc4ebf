"""Asking for a place: what a family wants, from when, and in which units."""

from __future__ import annotations

from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model, OfChild
from evaka.models.person import Person
from evaka.models.unit import Unit
from evaka.rules.application import APPLICATION, ApplicationKind, ApplicationStatus, Origin


class Application(OfChild, Model):
    __tablename__ = "application"
    __table_args__ = (
        sa.Index("ix_application_status_due", "status", "due"),
        sa.Index("ix_application_due_id", "due", "id"),  # the order of the list
    )
    workflow = APPLICATION

    kind: Mapped[ApplicationKind] = mapped_column(default=ApplicationKind.DAYCARE)
    origin: Mapped[Origin] = mapped_column(default=Origin.PAPER)
    status: Mapped[ApplicationStatus] = mapped_column(default=ApplicationStatus.CREATED)
    guardian_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)  # who applies
    received: Mapped[date | None]  # the day it arrived: the clock of 17 § starts
    start: Mapped[date | None] = mapped_column("start_date", index=True)  # wanted first day
    service_need: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")
    begins_at: Mapped[time | None]  # of the daily hours
    ends_at: Mapped[time | None]
    shift_care: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    urgent: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    urgent_proof: Mapped[date | None]  # the day on which the proof of work or study was accepted
    assistance: Mapped[str] = mapped_column(sa.Text, default="", server_default="")  # support the child needs
    sibling_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    transfer: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    notes: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    due: Mapped[date | None]
    checked: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    status_since: Mapped[datetime | None]

    child: Mapped[Person] = relationship(foreign_keys="Application.child_id")
    guardian: Mapped[Person] = relationship(foreign_keys="Application.guardian_id")
    sibling_unit: Mapped[Unit | None] = relationship(foreign_keys="Application.sibling_unit_id")
    preferences: Mapped[list[Preference]] = relationship(
        order_by="Preference.place", cascade="all, delete-orphan", back_populates="application"
    )
    units: AssociationProxy[list[Unit]] = association_proxy("preferences", "unit")

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """A director sees an application when it is proposed to the unit, and from then on."""
        from evaka.models.placement import PlacementPlan  # placement stands on application

        return cls.id.in_(PlacementPlan.applications_asked_of(units))

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.guardian_id == person_id

    def __str__(self) -> str:
        return f"{self.id} {self.child}"


class Preference(Model):
    """A wanted unit, in order from 1."""

    __tablename__ = "preference"
    __table_args__ = (sa.UniqueConstraint("application_id", "place"),)

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    place: Mapped[int]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)

    application: Mapped[Application] = relationship(back_populates="preferences")
    unit: Mapped[Unit] = relationship()


def waiting_for_place() -> sa.Select[Application]:
    """The applications on the placement desk, the most pressing first; those without a due day come last."""
    return (
        select(Application)
        .where(Application.status == ApplicationStatus.WAITING_PLACEMENT)
        .order_by(Application.due.nulls_last(), Application.id)
    )
