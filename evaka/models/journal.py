"""What was done and read, by whom; the mail that goes out; the runs of the jobs.

The lines of the journal are chained: each carries the SHA-256 digest of its content and of the digest before it.
A transaction's lines wait in the session and are written when it commits, at the end of a chain that nobody else
holds just then: there are several, so that those who save at once need not wait for each other.  Within a chain the
order of ids, of numbers and of commits is the same.  Seals, one a day, tell how far every chain was.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, ForeignKey, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, relationship
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.util import find_tables
from sqlalchemy.util import LRUCache

from evaka.models.base import Model, db
from evaka.models.connection import writing
from evaka.models.guard import keep_forever
from evaka.models.person import Person, ids_of
from evaka.models.user import LoginProof, User

CHAINS = 8  # on PostgreSQL; SQLite has one writer at a time, and one chain


class AuditEvent(Model):
    """One line of the journal.  `person_id` is the person whose file was read or changed, where there is one."""

    __tablename__ = "audit_event"
    __table_args__ = (
        sa.Index("ix_audit_event_person_id_at", "person_id", "at"),
        sa.Index("ix_audit_event_user_id_at", "user_id", "at"),
        sa.Index("ix_audit_event_subject_subject_id_id", "subject", "subject_id", "id"),
        sa.Index("ix_audit_event_action_at", "action", "at"),  # what is rare is found without reading all
        sa.Index("ix_audit_event_at", "at"),
    )

    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    action: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(40))  # table name
    subject_id: Mapped[int | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON)  # inputs, and changes: [row, column, old, new]
    chain: Mapped[int] = mapped_column(sa.SmallInteger)
    number: Mapped[int]  # in the chain, from 1
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))  # of this line and of the digest before it

    user: Mapped[User | None] = relationship()
    person: Mapped[Person | None] = relationship()


class JournalChain(Model):
    """How far a chain is (its id is the chain's): whoever holds this row may write the next lines."""

    __tablename__ = "journal_chain"

    number: Mapped[int]
    digest: Mapped[bytes] = mapped_column(sa.LargeBinary(32))


class JournalSeal(Model):
    """How far every chain was at a moment.  A copy of `digest` that is kept elsewhere proves all lines before it."""

    __tablename__ = "journal_seal"

    at: Mapped[datetime]
    through: Mapped[int]  # the last line's id; every line with a larger one came later
    lines: Mapped[int]
    chains: Mapped[dict[str, list[Any]]] = mapped_column(sa.JSON)  # by chain: number, digest
    digest: Mapped[str] = mapped_column(sa.String(64))  # of all this, and of the seal before

    def __str__(self) -> str:
        """The seal as the file and the log of seals keep it."""
        return f"{self.id} {_utc(self.at)} {self.through} {self.lines} {self.digest}"


keep_forever(AuditEvent)
keep_forever(JournalSeal)
LINES: sa.Table = AuditEvent.__table__  # type: ignore[assignment]
ENDS: sa.Table = JournalChain.__table__  # type: ignore[assignment]
AN_END = sa.select(ENDS.c.id, ENDS.c.number, ENDS.c.digest).order_by(ENDS.c.id).limit(1)
FREE_END = AN_END.with_for_update(skip_locked=True)
MOVE_END = sa.update(ENDS).where(ENDS.c.id == sa.bindparam("chain")).values(
    number=sa.bindparam("number"), digest=sa.bindparam("digest"))
ADD_LINES = sa.insert(LINES)
# the same for one line in one statement, where the database reckons the digest as `after` does: PostgreSQL
ADD_ONE = sa.text("""
WITH free AS (SELECT id, number, digest FROM journal_chain ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED),
  last AS (SELECT id, number + 1 AS number,
    sha256(digest || convert_to('[' || id || ',' || number + 1 || ',' || CAST(:rest AS text), 'UTF8')) AS digest
    FROM free),
  moved AS (UPDATE journal_chain SET number = last.number, digest = last.digest FROM last
    WHERE journal_chain.id = last.id)
INSERT INTO audit_event (at, user_id, action, subject, subject_id, person_id, facts, chain, number, digest)
SELECT :at, CAST(:user_id AS integer), :action, :subject, CAST(:subject_id AS integer), CAST(:person_id AS integer),
  CAST(:facts AS json), id, number, digest FROM last""")

# SQLite has one chain, and no statement that changes two tables: it reckons the digest by our function.  Both are as
# the driver takes them, since every page of a person's file ends with them
MOVE_ON = """
UPDATE journal_chain SET number = number + 1,
  digest = joined(digest, '[' || id || ',' || (number + 1) || ',' || ?) WHERE id = 1
RETURNING number, digest"""
ADD_AFTER = """
INSERT INTO audit_event (at, user_id, action, subject, subject_id, person_id, facts, chain, number, digest)
VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?)"""


@event.listens_for(Engine, "connect")
def _teach(line: Any, _record: Any) -> None:
    if isinstance(line, sqlite3.Connection):
        line.create_function("joined", 2, _joined, deterministic=True)


def _joined(digest: bytes, told: str) -> bytes:
    return sha256(digest + told.encode()).digest()


def of_file(person_id: int | sa.BindParameter[int]) -> ColumnElement[bool]:
    """The lines that concern a person's file, and those of rows merged into it: who has read and changed what."""
    return AuditEvent.person_id.in_(ids_of(person_id))


class End(NamedTuple):
    """The last line of a chain."""

    number: int = 0
    digest: bytes = bytes(32)


def after(end: End, chain: int, line: Mapping[str, Any]) -> End:
    """The end of the chain when this line has joined it."""
    told = f"[{chain},{end.number + 1},{_rest(line)}"
    return End(end.number + 1, _joined(end.digest, told))


def _rest(line: Mapping[str, Any]) -> str:
    """What the digest of a line covers besides its place in the chain, as it follows that place in JSON."""
    content = [_utc(line["at"]), line.get("user_id"), line["action"], line["subject"], line.get("subject_id"),
               line.get("person_id"), line["facts"]]
    return json.dumps(content, sort_keys=True, separators=(",", ":"))[1:]


def seal_digest(seal: Mapping[str, Any], before: str) -> str:
    """The digest of a seal; `before` is that of the seal before, "" of the first."""
    content = [before, _utc(seal["at"]), seal["through"], seal["lines"], seal["chains"]]
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def add_lines(lines: Iterable[dict[str, Any]]) -> None:
    """Let lines (columns of AuditEvent) wait for the commit: the end of a chain is then held for a moment only."""
    session = db.session()
    if not session.in_transaction():
        session.begin()  # so that a rollback forgets them
    session.info.setdefault("lines", []).extend(lines)


def write_lines(session: Session) -> None:
    """Write the lines that wait."""
    if lines := session.info.pop("lines", None):
        connection = session.connection()
        if len(lines) == 1 and _added_at_once(connection, lines[0]):
            return
        with_digests(connection, lines)
        connection.execute(ADD_LINES, lines)


def written_alone(line: dict[str, Any]) -> bool:
    """Whether one line could be written as a transaction of its own, by whoever has only read until now."""
    connection = db.session.connection()
    if connection.info.get("reads"):  # PostgreSQL, where readers have no transaction
        return _added_at_once(connection, line)
    if connection.dialect.name != "sqlite" or writing.get():
        return False
    db.session.rollback()  # a reading transaction cannot become a writing one
    before = writing.set(True)
    try:
        with db.engine.begin() as connection:
            return _added_at_once(connection, line)
    finally:
        writing.reset(before)


def _added_at_once(connection: sa.Connection, line: dict[str, Any]) -> bool:
    """False: there is no chain yet, or everybody else holds them just now."""
    facts = json.dumps(line["facts"])
    rest = _rest(line | {"facts": json.loads(facts)})  # as it will be read
    if connection.dialect.name == "sqlite":
        end = connection.exec_driver_sql(MOVE_ON, (rest,)).first()
        if end is not None:
            stored = line["at"].astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
            connection.exec_driver_sql(ADD_AFTER, (
                stored, line.get("user_id"), line["action"], line["subject"], line.get("subject_id"),
                line.get("person_id"), facts, *end))
        return end is not None
    return connection.execute(ADD_ONE, line | {"rest": rest, "facts": facts}).rowcount == 1


def with_digests(connection: sa.Connection, lines: list[dict[str, Any]]) -> None:
    """Give lines that are about to be inserted, in this order, their places at the end of a chain."""
    chain, end = _free_end(connection)
    for line in lines:
        line["facts"] = json.loads(json.dumps(line["facts"]))  # as it will be read
        end = after(end, chain, line)
        line |= {"chain": chain, "number": end.number, "digest": end.digest}
    connection.execute(MOVE_END, {"chain": chain} | end._asdict())


def _free_end(connection: sa.Connection) -> tuple[int, End]:
    """Hold a chain until the transaction ends: one that nobody holds, or when all are held, any."""
    found = connection.execute(FREE_END).first()
    if found is None:
        postgres = connection.dialect.name == "postgresql"
        chains = range(1, (CHAINS if postgres else 1) + 1)
        first = [{"id": chain, **End()._asdict()} for chain in chains]  # of a new database; all at once, see seal
        insert = (postgresql if postgres else sqlite).insert(ENDS).on_conflict_do_nothing(index_elements=["id"])
        connection.execute(insert, first)
        found = connection.execute(FREE_END).first() or connection.execute(
            AN_END.where(ENDS.c.id == random.choice(chains)).with_for_update()).one()
    return found.id, End(found.number, found.digest)


@event.listens_for(Session, "before_flush")
def _chain_rows(session: Session, _context: Any, _instances: Any) -> None:
    """A line that is added as a row joins a chain as well."""
    fresh = [row for row in session.new if isinstance(row, AuditEvent) and row.digest is None]
    if not fresh:
        return
    names = ("at", "user_id", "action", "subject", "subject_id", "person_id", "facts")
    lines = [{name: getattr(row, name) for name in names} for row in fresh]
    with_digests(session.connection(), lines)
    for row, line in zip(fresh, lines, strict=True):
        row.chain, row.number, row.digest = line["chain"], line["number"], line["digest"]


@event.listens_for(Session, "do_orm_execute")
def _write_before_looking(state: ORMExecuteState) -> None:
    """Whoever reads the journal in the transaction that writes it finds its lines too."""
    if state.session.info.get("lines") and _asks_the_journal(state.statement):
        write_lines(state.session)


_known_to_ask: LRUCache[Any, bool] = LRUCache(1_000)  # by what a statement is compiled by, which it makes but once


def _asks_the_journal(statement: sa.Executable) -> bool:
    """Whether the journal is among the tables of a statement.  To look through a large one takes longer than to ask
    the database, and most come again and again with other values."""
    made = statement._generate_cache_key() if isinstance(statement, HasCacheKey) else None
    known = _known_to_ask.get(made.key) if made else None
    if known is None:
        asked = find_tables(statement, check_columns=True, include_selects=True, include_joins=True)
        known = any(getattr(table, "name", "") == LINES.name for table in asked)
        if made:
            _known_to_ask[made.key] = known
    return known


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
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)  # that it tells of
    link: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")  # the page it leads to, from "/"
    address: Mapped[str] = mapped_column(sa.String(200), default="", server_default="")  # "": the reader's own
    proof_id: Mapped[int | None] = mapped_column(ForeignKey("login_proof.id"), index=True)  # whose secret it brings
    pushed_at: Mapped[datetime | None]  # when the reader's telephones were told the same

    person: Mapped[Person | None] = relationship()
    user: Mapped[User | None] = relationship()
    proof: Mapped[LoginProof | None] = relationship()

    @property
    def reader(self) -> Person | User:
        """Whom it is for: both have an address and a language."""
        reader = self.person or self.user
        assert reader is not None
        return reader

    def __str__(self) -> str:
        return f"{self.text} {self.reader}"


class MailRefusal(Model):
    """A kind of notices that a guardian does not want: see notices.toml.  Without a row they are sent."""

    __tablename__ = "mail_refusal"
    __table_args__ = (sa.UniqueConstraint("person_id", "kind"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(30))

    person: Mapped[Person] = relationship()

    @classmethod
    def of_person(cls, person_id: int, user_id: int) -> ColumnElement[bool]:
        return cls.person_id == person_id


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
