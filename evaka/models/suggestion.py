"""A suggestion: a whole plan for chosen applications and units, as it was reckoned and as a person has changed it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.application import Application
from evaka.models.base import Dated, Model
from evaka.models.unit import Unit
from evaka.models.user import User
from evaka.rules.suggestion import SUGGESTED, SUGGESTION, SuggestedStatus, SuggestionStatus
from evaka.rules.unit import OccupancyKind


class Suggestion(Model):
    """One run: who asked for it and when, by which criteria and out of which facts, and what came of it.

    `criteria` are the city's list as it was used, `digest` the SHA-256 of everything that the plan follows from: equal
    digests are equal plans.
    """

    __tablename__ = "suggestion"
    __table_args__ = (sa.Index("ix_suggestion_status", "status", "id"),)
    workflow = SUGGESTION
    untold = frozenset({"criteria", "figures", "seconds"})  # what stands in the row, and in no other state before

    name: Mapped[str] = mapped_column(sa.String(120))
    status: Mapped[SuggestionStatus] = mapped_column(default=SuggestionStatus.WAITING)
    made_at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # who began it
    counted: Mapped[OccupancyKind] = mapped_column(default=OccupancyKind.PLANNED)  # whose load takes room
    seed: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")  # of the lot, published
    criteria_from: Mapped[date | None]  # the first day of the criteria that were used
    criteria: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    digest: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")
    reckoned_at: Mapped[datetime | None]
    seconds: Mapped[int] = mapped_column(default=0, server_default="0")  # thousandths
    figures: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    trouble: Mapped[str] = mapped_column(sa.String(120), default="", server_default="")  # why it could not be reckoned

    user: Mapped[User | None] = relationship()

    def __str__(self) -> str:
        return self.name


class SuggestionUnit(Model):
    """A unit whose places a suggestion may give; `free` is the room by month when it was reckoned."""

    __tablename__ = "suggestion_unit"
    __table_args__ = (sa.UniqueConstraint("suggestion_id", "unit_id"),)

    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    free: Mapped[dict[str, str]] = mapped_column(sa.JSON, default=dict, server_default="{}")

    unit: Mapped[Unit] = relationship()

    def __str__(self) -> str:
        return str(self.unit)


class SuggestedPlace(Dated, Model):
    """What an application is offered: `reckoned_id` as the criteria say, `unit_id` as it stands; none: no place.

    `why` holds what is told of the child's own place and of every unit that the family likes better.
    """

    __tablename__ = "suggested_place"
    __table_args__ = (
        sa.CheckConstraint("start_date <= end_date", name="ends_after_start"),
        sa.UniqueConstraint("suggestion_id", "application_id"),
        sa.Index("ix_suggested_place_suggestion_id_status", "suggestion_id", "status", "id"),
    )
    workflow = SUGGESTED
    untold = frozenset({"why"})

    suggestion_id: Mapped[int] = mapped_column(ForeignKey("suggestion.id"))
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    status: Mapped[SuggestedStatus] = mapped_column(default=SuggestedStatus.SUGGESTED)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    reckoned_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    wish: Mapped[int | None]  # which of the family's wishes `unit_id` is, from 1; none: it was not wished for
    kilometres: Mapped[int | None]  # thousandths
    family: Mapped[int | None]  # siblings who apply together share a number
    known: Mapped[int] = mapped_column(default=0, server_default="0")  # the application's version that was read
    why: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")
    broken: Mapped[list[Any]] = mapped_column(sa.JSON, default=list, server_default="[]")  # by a change by hand
    trouble: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")  # a refusal's key
    trouble_facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict, server_default="{}")

    suggestion: Mapped[Suggestion] = relationship()
    application: Mapped[Application] = relationship()
    unit: Mapped[Unit | None] = relationship(foreign_keys="SuggestedPlace.unit_id")
    reckoned: Mapped[Unit | None] = relationship(foreign_keys="SuggestedPlace.reckoned_id")

    @property
    def child_id(self) -> int:
        """Whose place it is: the journal keeps its lines on the child's file."""
        return self.application.child_id

    @property
    def by_hand(self) -> bool:
        return self.unit_id != self.reckoned_id

    def __str__(self) -> str:
        return f"{self.application}, {self.unit or '–'}"
