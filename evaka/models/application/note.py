"""What the office writes beside an application, and the selections that somebody keeps of the list."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.application import Application
from evaka.models.base import Model
from evaka.models.user import User


class Note(Model):
    """Among those who handle applications; the family never sees it."""

    __tablename__ = "application_note"
    untold = frozenset({"words"})

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)  # None: the program itself
    written_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(sa.Text)

    application: Mapped[Application] = relationship()
    author: Mapped[User | None] = relationship()

    @property
    def child_id(self) -> int:
        """Whose file it belongs to: the journal keeps its lines there."""
        return self.application.child_id

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.author_id == user_id


class SavedFilter(Model):
    """A selection of a list under a name, for the one who has kept it."""

    __tablename__ = "saved_filter"
    __table_args__ = (sa.UniqueConstraint("user_id", "screen", "name"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    screen: Mapped[str] = mapped_column(sa.String(40))  # the list
    name: Mapped[str] = mapped_column(sa.String(60))
    arguments: Mapped[str] = mapped_column(sa.Text)  # as they stand in the address

    user: Mapped[User] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.user_id == user_id

    def __str__(self) -> str:
        return self.name
