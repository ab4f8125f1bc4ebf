"""What was done and read, by whom; the mail that goes out; the runs of the jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from evaka.models.base import Model
from evaka.models.person import Person
from evaka.models.user import User


class AuditEvent(Model):
    """One line of the journal.  `person_id` is the person whose file was read or changed, where there is one."""

    __tablename__ = "audit_event"
    __table_args__ = (
        sa.Index("ix_audit_event_person_id_id", "person_id", "id"),
        sa.Index("ix_audit_event_user_id_id", "user_id", "id"),
        sa.Index("ix_audit_event_subject_subject_id", "subject", "subject_id"),
    )

    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    action: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(40))  # table name
    subject_id: Mapped[int | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON)  # inputs, and changes: [row, column, old, new]

    user: Mapped[User | None] = relationship()
    person: Mapped[Person | None] = relationship()


class Email(Model):
    """A notice that waits for the post job, or was sent at `sent_at`.  Says that, never what.

    To a person, or to somebody of the staff, whose address is that of the log-in.
    """

    __tablename__ = "email"
    __table_args__ = (
        sa.Index("ix_email_sent_at_next_try", "sent_at", "next_try"),
        sa.CheckConstraint("(person_id IS NULL) <> (user_id IS NULL)", name="to_somebody"),
    )

    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    text: Mapped[str] = mapped_column(sa.String(60))  # the key of its texts: email.<text>.subject and .body
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    next_try: Mapped[datetime | None]  # None: given up, see `error`
    error: Mapped[str] = mapped_column(sa.String(300), default="", server_default="")

    person: Mapped[Person | None] = relationship()
    user: Mapped[User | None] = relationship()

    @property
    def reader(self) -> Person | User:
        """Whom it is for: both have an address and a language."""
        reader = self.person or self.user
        assert reader is not None
        return reader

    def __str__(self) -> str:
        return f"{self.text} {self.reader}"


class Counter(Model):
    """The last number given: of decisions, of fee decisions, of invoices.  Locked while the next is taken."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    last: Mapped[int] = mapped_column(default=0)


class JobRun(Model):
    """A run of a job: due at a moment, claimed by one process, done or failed."""

    __tablename__ = "job_run"
    __table_args__ = (sa.UniqueConstraint("job", "due"), sa.Index("ix_job_run_status_heartbeat", "status", "heartbeat"))

    job: Mapped[str] = mapped_column(sa.String(60))
    due: Mapped[datetime]
    trigger: Mapped[str] = mapped_column(sa.String(10))  # schedule, manual
    status: Mapped[str] = mapped_column(sa.String(12))  # queued, running, done, failed, lost
    owner: Mapped[str] = mapped_column(sa.String(80), default="", server_default="")  # the process
    attempt: Mapped[int] = mapped_column(default=0, server_default="0")
    started: Mapped[datetime | None]
    heartbeat: Mapped[datetime | None]
    ended: Mapped[datetime | None]
    done: Mapped[int] = mapped_column(default=0, server_default="0")  # items
    failed: Mapped[int] = mapped_column(default=0, server_default="0")
    message: Mapped[str] = mapped_column(sa.Text, default="", server_default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))  # who pressed "run now"

    user: Mapped[User | None] = relationship()


class Lease(Model):
    """Which process runs the jobs: it renews `until`; another may take it when that has passed."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(sa.String(40), unique=True)
    owner: Mapped[str] = mapped_column(sa.String(80))
    until: Mapped[datetime]
