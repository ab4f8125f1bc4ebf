"""Papers that belong to an application: proof of work, studies or shifts, and what the office adds."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.application import Application
from evaka.models.base import Model
from evaka.models.document import KeptFile
from evaka.rules.application import AttachmentKind


class Attachment(KeptFile, Model):
    __tablename__ = "application_attachment"

    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"), index=True)
    kind: Mapped[AttachmentKind]

    application: Mapped[Application] = relationship()

    @property
    def child_id(self) -> int:
        """Whose file it belongs to: the journal keeps its lines there."""
        return self.application.child_id

    @classmethod
    def of_person_on(cls, person_id: int, user_id: int, today: date) -> ColumnElement[bool]:
        """What the applicant sees; the office's own papers are not the family's."""
        own = select(Application.id).where(Application.of_person_on(person_id, user_id, today))
        return cls.application_id.in_(own) & (cls.kind != AttachmentKind.OFFICE)
