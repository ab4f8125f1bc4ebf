"""Papers as they were sent, never rendered again."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.backup_care import BackupCare
from evaka.models.base import Model
from evaka.models.person import Person
from evaka.models.person.custody import kept_from
from evaka.models.placement import PlacementPlan, children_at_home


class KeptFile:
    """A file that somebody has added, with its bytes: a row of a feature's own table."""

    secret = frozenset({"content"})

    name: Mapped[str] = mapped_column(sa.String(200))
    media: Mapped[str] = mapped_column(sa.String(40))
    size: Mapped[int]  # bytes
    digest: Mapped[str] = mapped_column(sa.String(64))  # SHA-256 of the content
    added_at: Mapped[datetime]
    by_office: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)

    def __str__(self) -> str:
        return self.name


class Document(Model):
    """A PDF: about a child, or about a family's money and then its head's own."""

    __tablename__ = "document"
    secret = frozenset({"content"})

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)  # the child, or the head
    feature: Mapped[str] = mapped_column(sa.String(40))  # decision, fee, invoice
    name: Mapped[str] = mapped_column(sa.String(200))
    language: Mapped[str] = mapped_column(sa.String(5))
    made_at: Mapped[datetime]
    digest: Mapped[str] = mapped_column(sa.String(64))  # SHA-256 of the content, the proof of what was sent
    content: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)

    person: Mapped[Person] = relationship()

    @classmethod
    def of_units(cls, units: set[int], today: date) -> ColumnElement[bool]:
        """A unit sees the decisions on its children, nothing of a family's money; of a guest only while it is there."""
        guests = select(BackupCare.child_id).where(BackupCare.unit_id.in_(units), BackupCare.on(today))
        own = sa.union_all(children_at_home(units, today), guests, PlacementPlan.asked_of(units))
        return (cls.feature == "decision") & cls.person_id.in_(own)

    @classmethod
    def of_children(cls, children: sa.Select[tuple[int]]) -> ColumnElement[bool]:
        return (cls.feature == "decision") & cls.person_id.in_(children)

    @classmethod
    def of_children_on(cls, children: sa.Select[tuple[int]], person_id: int, today: date) -> ColumnElement[bool]:
        """Of a child of whom a guardian is not told where it is only the papers of decisions that the guardian is."""
        from evaka.models.decision import Decision  # decision stands on document
        from evaka.models.decision.dispatch import Delivery

        copies = select(Delivery.id).where(Delivery.decision_id == Decision.id, Delivery.document_id == cls.id)
        told = select(Decision.id).where(
            Decision.child_id == cls.person_id, (Decision.document_id == cls.id) | copies.exists(),
            Decision.told_to(person_id, today))
        kept = kept_from(cls.person_id, person_id, today)
        return cls.of_children(children) & (~kept | told.exists())

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return (cls.feature != "decision") & (cls.person_id == person_id)

    def __str__(self) -> str:
        return self.name
