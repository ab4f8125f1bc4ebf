"""When children are to be in care: booked day by day, the week that repeats, and the hours that were agreed."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from evaka.models.base import Dated, Model, OfChild
from evaka.models.guard import keep_apart
from evaka.models.person import Person
from evaka.models.placement import children_grouped, children_placed
from evaka.rules.attendance import Reporter
from evaka.rules.booking import Pattern, ReminderKind, Span, TimesKind


class PatternType(TypeDecorator[Pattern]):
    """The spans of a week, as one short text."""

    impl = sa.String(400)
    cache_ok = True

    def process_bind_param(self, value: Pattern | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else Pattern.read(value)


class _SeenByUnit(OfChild):
    """Seen where the child has its place or its group."""

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_placed(units, today))

    @classmethod
    def of_groups(cls, groups: set[int], today: date) -> ColumnElement[bool]:
        return cls.child_id.in_(children_grouped(groups, today))


class Booking(_SeenByUnit, Model):
    """One span of one day for which a child is booked; a day has as many rows as it has spans, which never overlap.

    `begins` and `ends` are times of the wall clock, both empty for "comes, times not told yet" (then the day has this
    row alone).  `ends` 23.59 is midnight: a night is a row until 23.59 and one from 0.00 of the next day.  A booking
    says nothing of absence: a child with an absence of every part of the day is not expected, although the booking
    of a locked day stays.  Whoever is expected on a day has a booking of it and no full-day `Absence`.
    """

    __tablename__ = "booking"
    __table_args__ = (
        sa.CheckConstraint("(begins IS NULL) = (ends IS NULL)", name="both_times"),
        sa.CheckConstraint("begins < ends", name="in_order"),
        sa.Index("uq_booking_child_id_day_begins", "child_id", "day", "begins", unique=True),
        sa.Index("uq_booking_child_id_day", "child_id", "day", unique=True,
                 sqlite_where=sa.text("begins IS NULL"), postgresql_where=sa.text("begins IS NULL")),
        sa.Index("ix_booking_day", "day"),
    )

    child_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # the index by child and day begins with it
    day: Mapped[date]
    begins: Mapped[time | None]
    ends: Mapped[time | None]
    made_by: Mapped[Reporter] = mapped_column(default=Reporter.GUARDIAN, server_default="guardian")

    child: Mapped[Person] = relationship()

    @property
    def span(self) -> Span | None:
        """The times; None when they are not told yet."""
        return None if self.begins is None or self.ends is None else Span(self.begins, self.ends)

    def __str__(self) -> str:
        return f"{self.day.day}.{self.day.month}.{self.day.year} {self.span or ''}".strip()


class BookingPattern(_SeenByUnit, Dated, Model):
    """The week that a family books again and again: days that nobody has said anything of are filled from it.

    Each day is filled once: `filled_until` is the last that has been, so that what a family clears stays clear.
    """

    __tablename__ = "booking_pattern"

    week: Mapped[Pattern] = mapped_column(PatternType)
    filled_until: Mapped[date | None]

    child: Mapped[Person] = relationship()

    def __str__(self) -> str:
        return str(self.period)


keep_apart(BookingPattern, "child_id")


class ServiceTimes(_SeenByUnit, Dated, Model):
    """The daily hours that were agreed for a child (sopimusaika).  `week` is empty where they vary."""

    __tablename__ = "service_times"

    kind: Mapped[TimesKind]
    week: Mapped[Pattern | None] = mapped_column(PatternType)
    generated_on: Mapped[date | None]  # when the days without hours were last made absences

    child: Mapped[Person] = relationship()

    def __str__(self) -> str:
        return str(self.period)


keep_apart(ServiceTimes, "child_id")


class TimesNotice(Model):
    """A guardian has not seen yet that the agreed hours of a child have changed."""

    __tablename__ = "service_times_notice"
    __table_args__ = (sa.UniqueConstraint("person_id", "child_id"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    child_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    from_day: Mapped[date]
    made_at: Mapped[datetime]

    child: Mapped[Person] = relationship(foreign_keys=[child_id])

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id

    def __str__(self) -> str:
        return str(self.child)


class FamilyNote(_SeenByUnit, Model):
    """What a family lets the unit know of a day of a child: that it comes late, who fetches it, why it is away.

    One a day and child, whichever guardian wrote it last; gone some weeks after the day.
    """

    __tablename__ = "family_note"
    __table_args__ = (sa.UniqueConstraint("child_id", "day"), sa.Index("ix_family_note_day", "day"))
    untold = frozenset({"text"})  # families' own words, of illness and of other things

    child_id: Mapped[int] = mapped_column(ForeignKey("person.id"))  # the index by child and day begins with it
    day: Mapped[date]
    text: Mapped[str] = mapped_column(sa.Text)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)  # who wrote it
    written_at: Mapped[datetime]

    child: Mapped[Person] = relationship(foreign_keys="FamilyNote.child_id")
    person: Mapped[Person] = relationship(foreign_keys=[person_id])

    def __str__(self) -> str:
        return f"{self.child} {self.day.day}.{self.day.month}.{self.day.year}"


class BookingReminder(Model):
    """That somebody has been reminded of what is not booked, of a week by its Monday and of a holiday by its first day;
    or warned, by the first of a month, that its agreed hours or days will not last."""

    __tablename__ = "booking_reminder"
    __table_args__ = (sa.UniqueConstraint("person_id", "kind", "day"), sa.Index("ix_booking_reminder_day", "day"))

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[ReminderKind]
    day: Mapped[date]
    sent_at: Mapped[datetime]

    def __str__(self) -> str:
        return f"{self.kind} {self.day.day}.{self.day.month}.{self.day.year}"
