"""Who may log in, in which role and unit, and the sessions they have open."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa
from flask_login import UserMixin
from sqlalchemy import ColumnElement, ForeignKey, and_, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.kit.dates import DateRange
from evaka.models.base import HELSINKI, Dated, Model
from evaka.models.guard import keep_apart
from evaka.models.person import Person
from evaka.models.unit import Group, Unit
from evaka.rules.user import ProofKind

TABLET = "tablet"  # the role of a unit's tablets
NAMELESS = "@identified.invalid"  # ends the log-in name of who has none: strong identification is their only way in


class User(UserMixin, Model):
    """Somebody of the staff, or a guardian (then `person` says who)."""

    __tablename__ = "user"
    secret = frozenset({"password_hash", "totp_secret"})

    name: Mapped[str] = mapped_column(sa.String(120))
    email: Mapped[str] = mapped_column(sa.String(200), unique=True)  # lower case; the log-in name
    language: Mapped[str] = mapped_column(sa.String(5), default="fi", server_default="fi")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    device: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # a tablet of a unit, see Device
    password_hash: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")
    must_change_password: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    totp_secret: Mapped[str | None] = mapped_column(sa.String(64))
    totp_counter: Mapped[int | None]  # of the last code used: a code works once
    last_login: Mapped[datetime | None]
    rights_changed: Mapped[date | None]  # the last day on which a role was given, changed or ended
    closed_reason: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")  # typed, or a text's key

    person: Mapped[Person | None] = relationship()
    grants: Mapped[list[Grant]] = relationship(
        back_populates="user", cascade="all, delete-orphan", order_by="Grant.start"
    )

    @property
    def is_active(self) -> bool:
        return self.active

    @property
    def log_in_name(self) -> str:
        """The e-mail address of log-ins by password; empty for whoever has chosen none."""
        return "" if self.email.endswith(NAMELESS) else self.email

    @property
    def stands(self) -> bool:
        return not self.device

    @classmethod
    def standing(cls) -> ColumnElement[bool]:
        """A unit's tablets are kept on a list of their own: they log in nowhere and are nobody to write to."""
        return ~cls.device

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """The staff of the units: everybody who has a role there, or will have."""
        return cls.id.in_(select(Grant.user_id).where(Grant.of_units(units, today), Grant.meets(DateRange(today))))

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
    substitute: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # for a short time, by the unit

    user: Mapped[User] = relationship(back_populates="grants")
    unit: Mapped[Unit | None] = relationship()
    group: Mapped[Group | None] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return or_(cls.unit_id.in_(units), cls.group_id.in_(select(Group.id).where(Group.unit_id.in_(units))))

    @property
    def stands(self) -> bool:
        return self.role != TABLET

    @classmethod
    def standing(cls) -> ColumnElement[bool]:
        """What a unit's tablet may is not given or ended by hand."""
        return cls.role != TABLET

    def __str__(self) -> str:
        return f"{self.user} {self.role}"


keep_apart(Grant, "user_id", "role", "unit_id", "group_id")


class UserSession(Model):
    """A log-in that is open.  The browser holds the token, we hold its digest."""

    __tablename__ = "user_session"
    secret = frozenset({"digest", "id_token"})

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    began: Mapped[datetime]
    seen: Mapped[datetime]
    ended: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(sa.String(60))
    agent: Mapped[str] = mapped_column(sa.String(200))
    strong: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # by strong identification
    id_token: Mapped[str | None] = mapped_column(sa.Text)  # with which the provider's session is ended, while open

    user: Mapped[User] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.user_id == user_id


class LoginProof(Model):
    """Somebody has been sent a secret by mail, to prove that an address is theirs.

    The secret itself is kept nowhere: it is made of this row and of the server's key when the mail is written, and
    again when it comes back.  Whoever reads the database, or the list of outgoing mail, learns none.
    """

    __tablename__ = "login_proof"
    secret = frozenset({"salt"})

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[ProofKind]
    address: Mapped[str] = mapped_column(sa.String(200))  # to which it was sent
    salt: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime]
    until: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")  # wrong ones
    used_at: Mapped[datetime | None]  # or replaced by a newer one

    user: Mapped[User] = relationship()

    def holds(self, now: datetime) -> bool:
        return self.used_at is None and now < self.until

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.user_id == user_id


class LoginAttempt(Model):
    """A failed log-in, kept to slow down whoever guesses."""

    __tablename__ = "login_attempt"
    __table_args__ = (sa.Index("ix_login_attempt_what_at", "what", "at"),)

    what: Mapped[str] = mapped_column(sa.String(220))  # "user:<name>" or "address:<ip>"
    at: Mapped[datetime]


# -- staff who do not come any more ---------------------------------------------------------------------


def is_staff() -> ColumnElement[bool]:
    """Users who are nobody's guardian: what is closed by itself is theirs alone."""
    return User.person_id.is_(None) & ~User.device


def is_idle(since: date) -> ColumnElement[bool]:
    """Active staff who have not logged in, and whose roles have neither begun nor changed, from that day on."""
    midnight = datetime(since.year, since.month, since.day, tzinfo=HELSINKI)
    return and_(
        User.active, is_staff(),
        or_(User.last_login.is_(None), User.last_login < midnight),
        or_(User.rights_changed.is_(None), User.rights_changed < since),
        User.id.not_in(select(Grant.user_id).where(Grant.start >= since)),
    )


def is_spare(since: date, today: date, keepers: Collection[str]) -> ColumnElement[bool]:
    """Users whom the city can do without: others who hold one of the roles `keepers` have come since that day.

    Somebody must be left who can let the others in again.
    """
    keeps = select(Grant.user_id).where(Grant.role.in_(keepers), Grant.on(today))
    coming = select(User.id).where(User.id.in_(keeps), User.active, ~is_idle(since))
    return or_(User.id.not_in(keeps), coming.exists())


def without_rights(today: date) -> ColumnElement[bool]:
    """Users who hold no role on a day."""
    return User.id.not_in(select(Grant.user_id).where(Grant.on(today)))
