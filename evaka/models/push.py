"""Telephones and browsers that have agreed to be told that something waits (Web Push)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model
from evaka.models.person import Person


class PushSubscription(Model):
    """A browser of a guardian: where to it is written, and the keys that only it can read with (RFC 8030, 8291)."""

    __tablename__ = "push_subscription"
    secret = frozenset({"endpoint", "digest", "public_key", "shared_secret"})

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    endpoint: Mapped[str] = mapped_column(sa.Text)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)  # of the endpoint
    public_key: Mapped[str] = mapped_column(sa.String(120))
    shared_secret: Mapped[str] = mapped_column(sa.String(40))
    browser: Mapped[str] = mapped_column(sa.String(60))
    made_at: Mapped[datetime]

    person: Mapped[Person] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id

    def __str__(self) -> str:
        return self.browser
