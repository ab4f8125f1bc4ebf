"""Who may log in, in which role and unit, and the sessions they have open."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Dated, Model, keep_apart
from evaka.models.person import Person
from evaka.models.unit import Group, Unit


class User(UserMixin, Model):
    """Somebody of the staff, or a guardian (then `person` says who)."""

    __tablename__ = "user"
    secret = frozenset({"password_hash", "totp_secret"})

    name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str] = mapped_column(sa.String(200), unique=True)  # lower case; the log-in name
    language: Mapped[str] = mapped_column(sa.String(5), default="fi", server_default="fi")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    password_hash: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    must_change_password: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    totp_secret: Mapped[str | None] = mapped_column(sa.String(64))
    totp_counter: Mapped[int | None]  # of the last code used: a code works once
    last_login: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship()
    grants: Mapped[list[Grant]] = relationship(
        back_populates="user", cascade="all, delete-orphan", order_by="Grant.start"
    )

    @property
    def is_active(self) -> bool:
        return self.active

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.id == user_id

    def __str__(self) -> str:
        return self.name


class Grant(Dated, Model):
    """A role for a time: everywhere, in one unit, or in one group."""

    __tablename__ = "grant"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    role: Mapped[str] = mapped_column(sa.String(40))  # a table of roles.toml
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("unit_group.id"), index=True)

    user: Mapped[User] = relationship(back_populates="grants")
    unit: Mapped[Unit | None] = relationship()
    group: Mapped[Group | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.unit_id.in_(units)

    def __str__(self) -> str:
        return f"{self.user} {self.role}"


keep_apart(Grant, "user_id", "role", "unit_id", "group_id")


class UserSession(Model):
    """A log-in that is open.  The browser holds the token, we hold its digest."""

    __tablename__ = "user_session"
    secret = frozenset({"digest"})

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    began: Mapped[datetime]
    seen: Mapped[datetime]
    ended: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(sa.String(60))
    agent: Mapped[str] = mapped_column(sa.String(200))

    user: Mapped[User] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.user_id == user_id


class LoginAttempt(Model):
    """A failed log-in, kept to slow down whoever guesses."""

    __tablename__ = "login_attempt"
    __table_args__ = (sa.Index("ix_login_attempt_what_at", "what", "at"),)

    what: Mapped[str] = mapped_column(sa.String(220))  # "user:<name>" or "address:<ip>"
    at: Mapped[datetime]
