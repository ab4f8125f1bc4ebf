"""A guardian's calendar as other programs read it: by an address that only the guardian knows."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model, OfChild
from evaka.models.person import Person


class CalendarFeed(Model):
    """One a guardian.  Of the secret in its address only the digest is kept: a new one can be made, none read."""

    __tablename__ = "calendar_feed"
    secret = frozenset({"digest"})

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), unique=True)
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    language: Mapped[str] = mapped_column(sa.String(5))
    made_at: Mapped[datetime]  # of the secret that holds

    person: Mapped[Person] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id

    def __str__(self) -> str:
        return str(self.person)


class FeedLabel(OfChild, Model):
    """What a guardian calls a child in the own feed: never the child's name."""

    __tablename__ = "calendar_feed_label"
    __table_args__ = (sa.UniqueConstraint("person_id", "child_id"),)
    untold = frozenset({"label"})

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    label: Mapped[str] = mapped_column(sa.String(20))

    person: Mapped[Person] = relationship(foreign_keys="FeedLabel.person_id")
    child: Mapped[Person] = relationship(foreign_keys="FeedLabel.child_id")

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id

    def __str__(self) -> str:
        return self.label
