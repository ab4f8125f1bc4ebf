"""Asking for a place: what a family wants, from when, and in which units."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model, OfChild
from evaka.models.person import Person
from evaka.models.person.custody import own_children
from evaka.models.unit import Unit
from evaka.rules.application import APPLICATION, ApplicationKind, ApplicationStatus, Origin, OtherView


def _no() -> Any:
    """A tick that is not set."""
    return mapped_column(default=False, server_default=sa.false())


def _line(letters: int) -> Any:
    """A text that may be empty."""
    return mapped_column(sa.String(letters), default="", server_default="")


def _words() -> Any:
    return mapped_column(sa.Text, default="", server_default="")


class Application(OfChild, Model):
    __tablename__ = "application"
    __table_args__ = (
        sa.Index("ix_application_status_due", "status", "due"),
        sa.Index("ix_application_due_id", "due", "id"),  # the order of the list
        sa.Index("uq_application_case_number", "case_number", unique=True),
    )
    workflow = APPLICATION
    # health, support and other people's identity codes: the application tells them, the journal that they were told
    untold = frozenset({
        "allergies", "diet", "assistance", "notes", "other_children", "partner_code", "sibling_code", "answers",
        "consent_words",
    })

    kind: Mapped[ApplicationKind] = mapped_column(default=ApplicationKind.DAYCARE)
    origin: Mapped[Origin] = mapped_column(default=Origin.PAPER)
    status: Mapped[ApplicationStatus] = mapped_column(default=ApplicationStatus.CREATED)
    guardian_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)  # who applies
    received: Mapped[date | None]  # the day it arrived: the clock of 17 § starts
    case_number: Mapped[str | None] = mapped_column(sa.String(60))  # in the city's register of cases, if it keeps one
    saved_at: Mapped[datetime | None]  # when its answers were last saved
    status_since: Mapped[datetime | None]

    # what is applied for
    start: Mapped[date | None] = mapped_column("start_date", index=True)  # wanted first day
    service_need: Mapped[str] = _line(60)
    preparatory: Mapped[bool] = _no()  # preparatory instead of pre-primary education
    connected_daycare: Mapped[bool] = _no()  # care connected to pre-primary or preparatory education
    connected_start: Mapped[date | None]  # from when, when not with the education
    begins_at: Mapped[time | None]  # of the daily hours
    ends_at: Mapped[time | None]
    shift_care: Mapped[bool] = _no()
    urgent: Mapped[bool] = _no()
    urgent_proof: Mapped[date | None]  # the day on which the proof of work or study was accepted
    had_daycare: Mapped[bool] = _no()  # asking for a club: gives up a place in day care
    had_club: Mapped[bool] = _no()  # was in a club last year
    max_fee_accepted: Mapped[bool] = _no()  # needs not tell its income

    # the child
    assistance_needed: Mapped[bool] = _no()
    assistance: Mapped[str] = _words()  # support the child needs
    allergies: Mapped[str] = _words()
    diet: Mapped[str] = _words()
    moves_on: Mapped[date | None]  # the child's coming address
    new_street: Mapped[str] = _line(120)
    new_postal_code: Mapped[str] = _line(10)
    new_post_office: Mapped[str] = _line(60)
    guardian_moves: Mapped[bool] = _no()  # and whoever applies moves along

    # the family
    phone: Mapped[str] = _line(30)  # of whoever applies, as told in the application
    email: Mapped[str] = _line(200)
    no_email: Mapped[bool] = _no()
    other_guardian_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    other_guardian_view: Mapped[OtherView] = mapped_column(default=OtherView.UNKNOWN, server_default="unknown")
    other_phone: Mapped[str] = _line(30)
    other_email: Mapped[str] = _line(200)
    other_may_see: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    partner_first_name: Mapped[str] = _line(80)  # the partner in the household, not always a guardian
    partner_last_name: Mapped[str] = _line(80)
    partner_code: Mapped[str] = _line(11)
    other_children: Mapped[list[dict[str, str]]] = mapped_column(sa.JSON, default=list, server_default="[]")
    sibling_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    sibling_name: Mapped[str] = _line(160)
    sibling_code: Mapped[str] = _line(11)

    # what the other guardian has said himself
    consent_asked: Mapped[datetime | None]
    consent: Mapped[bool | None]
    consent_at: Mapped[datetime | None]
    consent_words: Mapped[str] = _words()

    notes: Mapped[str] = _words()  # what else the family tells
    answers: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")  # see questions.toml

    # what the office says of it
    transfer: Mapped[bool] = _no()  # the child has such a place already
    additional: Mapped[bool] = _no()  # care connected to education that the child has already
    continuing: Mapped[bool] = _no()  # the child is in the unit of the first wish already
    due: Mapped[date | None]
    due_by_hand: Mapped[bool] = _no()  # somebody has chosen the day: it is not reckoned any more
    checked: Mapped[bool] = _no()
    confidential: Mapped[bool | None]  # None: nobody has judged yet
    hidden: Mapped[bool] = _no()  # on paper, and not to be seen in the guardian's pages
    office_note: Mapped[str] = _words()  # one remark, shown in the list and on the desk
    supplement: Mapped[str] = _words()  # what the family was asked to tell or add
    supplement_asked: Mapped[datetime | None]  # None: nothing is waited for
    supplement_came: Mapped[datetime | None]
    reminded: Mapped[datetime | None]  # of the proof that urgency needs

    child: Mapped[Person] = relationship(foreign_keys="Application.child_id")
    guardian: Mapped[Person] = relationship(foreign_keys="Application.guardian_id")
    other_guardian: Mapped[Person | None] = relationship(foreign_keys="Application.other_guardian_id")
    sibling_unit: Mapped[Unit | None] = relationship(foreign_keys="Application.sibling_unit_id")
    preferences: Mapped[list[Preference]] = relationship(
        order_by="Preference.place", cascade="all, delete-orphan", back_populates="application"
    )
    first_preference: Mapped[Preference | None] = relationship(
        primaryjoin="(Application.id == Preference.application_id) & (Preference.place == 1)", viewonly=True)
    units: AssociationProxy[list[Unit]] = association_proxy("preferences", "unit")

    @classmethod
    def in_office(cls) -> ColumnElement[bool]:
        """What the office sees at all: a guardian's draft is the guardian's alone."""
        return (cls.status != ApplicationStatus.CREATED) | (cls.origin != Origin.ELECTRONIC)

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """A director sees an application when it is proposed to the unit, and from then on."""
        from evaka.models.placement import PlacementPlan  # placement stands on application

        return cls.id.in_(PlacementPlan.applications_asked_of(units))

    @classmethod
    def of_children(cls, children: sa.Select[Any]) -> ColumnElement[bool]:
        """The other guardian's: a draft is the applicant's alone, and so is what is not to be seen."""
        seen = cls.other_may_see & ~cls.hidden & (cls.status != ApplicationStatus.CREATED)
        return cls.child_id.in_(children) & seen

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return (cls.guardian_id == person_id) & ~cls.hidden

    @classmethod
    def of_person_on(cls, person_id: int, user_id: int, today: date) -> ColumnElement[bool]:
        """The applicant's own, as long as the rights of a guardian hold."""
        return cls.of_person(person_id, user_id) & cls.child_id.in_(own_children(person_id, today))

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

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """A director knows who wishes for the unit, long before the application itself is seen."""
        return cls.unit_id.in_(units)


def waiting_for_place() -> sa.Select[Application]:
    """The applications on the placement desk, the most pressing first; those without a due day come last."""
    return (
        select(Application)
        .where(Application.status == ApplicationStatus.WAITING_PLACEMENT)
        .order_by(Application.due.nulls_last(), Application.id)
    )
