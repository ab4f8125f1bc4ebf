"""The chain of the journal: what is changed, put in or taken away is found; those who save at once keep it whole."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from evaka.access import Actor
from evaka.actions import line_of, record
from evaka.actions.journal import Broken, seal, verify
from evaka.jobs import run
from evaka.jobs.journal import SEAL, seals_file
from evaka.models.base import HELSINKI, db, transaction
from evaka.models.connection import reading
from evaka.models.guard import broken_rule
from evaka.models.journal import AuditEvent, JournalSeal, of_file, written_alone
from evaka.models.person import Person
from tests import factories
from tests.conftest import keep, statements, unguarded

NOON = datetime(2026, 6, 1, 12, tzinfo=HELSINKI)
LINES: Any = AuditEvent.__table__


def write(count: int = 1, **facts: Any) -> None:
    """Lines, each in a transaction of its own."""
    for n in range(count):
        with transaction():
            record("demo.load", None, Actor(None, NOON + timedelta(minutes=n)), {"n": n, **facts})


def proved(**more: Any) -> int:
    db.session.rollback()
    with db.engine.connect() as connection:
        return verify(connection, **more).lines


def tamper(*changes: Any) -> None:
    """As somebody with the keys of the database would."""
    db.session.rollback()
    with db.engine.begin() as connection, unguarded(connection):
        for change in changes:
            connection.execute(change)


def nth(n: int) -> sa.Row[Any]:
    return db.session.execute(select(LINES).order_by(LINES.c.id).offset(n).limit(1)).one()


def test_what_the_program_writes_is_whole(database):
    with transaction():
        person = factories.person(first_name="Äijö", last_name="Öhman ✓")
        user = factories.user("admin")
        by = Actor(user, datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC))
        record("person.create", person, by, {
            "umlaut": "ä€✓", "many": (1, 2.5, None, True), "inner": {2: "b", 10: "a"}, "day": NOON.date()})
        record("person.read", person, by, {})
    db.session.add(AuditEvent(at=NOON, action="x", subject="", facts={}))  # as a row, beside those of actions
    keep()
    assert proved() == 3
    lines = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(line.chain, line.number) for line in lines] == [(1, 1), (1, 2), (1, 3)]
    assert [line.action for line in db.session.scalars(select(AuditEvent).where(of_file(person.id)))] == [
        "person.create", "person.read"]


def test_whoever_writes_lines_reads_them_however_often_the_same_is_asked(database):
    factories.person()
    for n in range(1, 4):
        record("demo.load", None, Actor(None, NOON), {"n": n})
        with statements() as sent:
            db.session.scalars(select(Person.id).where(Person.id == n)).all()
        assert len(sent) == 1  # nothing is written before what does not ask the journal
        written = select(LINES.c.id).where(LINES.c.number == n)
        assert len(db.session.scalars(select(Person).where(written.exists())).all()) == 1


def test_an_empty_journal_is_whole(database):
    assert proved() == 0


def test_a_line_waits_for_the_commit_and_a_rollback_forgets_it(database):
    record("demo.load", None, Actor(None, NOON), {})
    db.session.rollback()
    write()
    assert proved() == 1


def test_whoever_looks_before_the_commit_finds_the_line(database):
    record("demo.load", None, Actor(None, NOON), {})
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == 1
    record("demo.load", None, Actor(None, NOON), {})
    keep()
    assert proved() == 2


def test_a_line_costs_one_statement_or_two(database):
    write()
    db.session.commit()
    with statements() as asked:
        write()
    dear = db.engine.dialect.name == "sqlite"
    assert len([one for one in asked if not one.startswith("BEGIN")]) == (2 if dear else 1)  # end, line
    with statements() as asked, transaction():
        record("demo.load", None, Actor(None, NOON), {"n": {2: "b", 10: "ä"}})
        record("demo.load", None, Actor(None, NOON), {})
    assert len([one for one in asked if not one.startswith("BEGIN")]) == 3
    assert proved() == 4


def test_a_reader_may_write_its_line_alone_once_there_is_a_chain(database):
    line = line_of("person.read", None, Actor(None, NOON), {"umlaut": "ä€✓", "many": [1, 2.5, None, True, "'"]})
    with reading():
        assert not written_alone(line)
        db.session.rollback()
    write()
    with reading():
        assert written_alone(line)
        db.session.rollback()  # takes nothing back
    assert proved() == 2
    assert not written_alone(line)  # the transaction of somebody who writes is not ended for it
    db.session.rollback()
    assert proved() == 2


@pytest.mark.parametrize("statement", [
    sa.update(LINES).values(action="person.edit"), sa.update(LINES).values(facts={}), sa.delete(LINES),
])
def test_the_database_refuses_to_change_or_delete_a_line(database, statement):
    write(2)
    with pytest.raises(IntegrityError) as no:
        db.session.execute(statement)
    assert broken_rule(no.value) == "kept_audit_event"
    db.session.rollback()
    assert proved() == 2


def test_the_database_refuses_to_change_a_seal_or_to_empty_the_journal(database):
    write()
    with transaction():
        made = seal(Actor(None, NOON))
    made.lines = 7
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        with pytest.raises(IntegrityError):
            db.session.execute(sa.text("TRUNCATE audit_event"))
        db.session.rollback()
    assert proved() == 1


def altered(**values: Any) -> Callable[[int], Any]:
    return lambda id: sa.update(LINES).where(LINES.c.id == id).values(**values)


@pytest.mark.parametrize("alter", [
    altered(action="person.edit"), altered(user_id=None, subject="person"), altered(subject_id=99),
    altered(at=NOON - timedelta(days=1)), altered(facts={"n": 2, "more": True}), altered(digest=bytes(32)),
])
def test_an_altered_line_is_found_and_named(database, alter):
    write(5)
    id = nth(2).id
    tamper(alter(id))
    with pytest.raises(Broken) as no:
        proved()
    assert no.value.where == f"line {id}"
    assert "not as it was written" in str(no.value)
    assert no.value.expected != no.value.found


def test_lines_deleted_in_the_middle_are_found(database):
    write(6)
    ids = [nth(n).id for n in range(6)]
    tamper(sa.delete(LINES).where(LINES.c.id.in_(ids[2:4])))
    with pytest.raises(Broken) as no:
        proved()
    assert (no.value.where, no.value.expected, no.value.found) == (f"line {ids[4]}", "number 3", "number 5")


def test_lines_deleted_at_the_tail_are_found(database):
    write(4)
    tamper(sa.delete(LINES).where(LINES.c.id >= nth(2).id))
    with pytest.raises(Broken) as no:
        proved()
    assert no.value.where == "chain 1"
    assert no.value.expected.startswith("4 lines")
    assert no.value.found.startswith("2 lines")


@pytest.mark.parametrize("number", [2, 4])
def test_a_line_that_was_put_in_is_found(database, number):
    write(3)
    forged = {**nth(1)._mapping, "id": nth(2).id + 1, "number": number, "facts": {"n": 9}}
    tamper(sa.insert(LINES).values(**forged))
    with pytest.raises(Broken) as no:
        proved()
    assert no.value.where == f"line {forged['id']}"


def test_a_tail_that_was_deleted_with_the_end_of_its_chain_is_found_by_a_seal(database):
    """Whoever takes the lines away and mends the end of the chain meets the seal."""
    write(4)
    with transaction():
        seal(Actor(None, NOON))
    second = nth(1)
    tamper(sa.delete(LINES).where(LINES.c.id > second.id), sa.text(
        "UPDATE journal_chain SET number = 2, digest = (SELECT digest FROM audit_event WHERE number = 2) WHERE id = 1"))
    with pytest.raises(Broken) as no:
        proved()
    assert no.value.where.startswith("seal ")
    assert no.value.expected.startswith("4 lines")


def test_whoever_takes_the_seals_away_too_meets_a_copy_of_one(database):
    write(4)
    with transaction():
        copy = str(seal(Actor(None, NOON)))
    assert proved(copies=[copy]) == proved(copies=[copy.split()[-1]]) == 4
    second = nth(1)
    tamper(sa.delete(JournalSeal), sa.delete(LINES).where(LINES.c.id > second.id), sa.text(
        "UPDATE journal_chain SET number = 2, digest = (SELECT digest FROM audit_event WHERE number = 2) WHERE id = 1"))
    assert proved() == 2
    for one in (copy, copy.split()[-1]):
        with pytest.raises(Broken, match="as it was copied"):
            proved(copies=[one])


def test_an_altered_seal_is_found(database):
    for _ in range(2):
        write()
        with transaction():
            seal(Actor(None, NOON))
    tamper(sa.update(JournalSeal.__table__).where(JournalSeal.lines == 1).values(lines=3))
    with pytest.raises(Broken, match="not as it was made"):
        proved()


def test_a_proof_may_begin_at_a_seal(database):
    write(3)
    with transaction():
        made = seal(Actor(None, NOON)).id
    write(2)
    assert proved(since=made) == 2
    tamper(altered(action="x")(nth(3).id))
    with pytest.raises(Broken):
        proved(since=made)
    with pytest.raises(Broken, match="seal 999"):
        proved(since=999)


def test_the_job_seals_once_and_its_file_and_the_database_hold_the_same(database, app):
    seals_file().unlink(missing_ok=True)
    assert run(SEAL, Actor(None, NOON)).done == 0
    write(3)
    assert run(SEAL, Actor(None, NOON)).done == 1
    assert run(SEAL, Actor(None, NOON)).done == 0
    write(1)
    assert run(SEAL, Actor(None, NOON + timedelta(days=1))).done == 1
    kept = seals_file().read_text(encoding="utf-8").splitlines()
    assert kept == [str(one) for one in db.session.scalars(select(JournalSeal).order_by(JournalSeal.id))]
    assert [line.split()[3] for line in kept] == ["3", "4"]
    assert proved(copies=kept) == 4


def test_a_seal_that_missed_the_file_is_copied_by_the_next_run(database, app):
    seals_file().unlink(missing_ok=True)
    write()
    with transaction():
        seal(Actor(None, NOON))
    write()
    run(SEAL, Actor(None, NOON))
    assert len(seals_file().read_text(encoding="utf-8").splitlines()) == 2


def test_the_command_tells_that_the_journal_is_whole_or_what_is_not(database, app):
    seals_file().unlink(missing_ok=True)
    write(3)
    run(SEAL, Actor(None, NOON))
    runner = app.test_cli_runner()
    good = runner.invoke(args=["verify-journal"])
    assert good.exit_code == 0, good.output
    assert "The journal is whole: 3 lines, 1 seals" in good.output
    last = db.session.scalar(select(func.max(JournalSeal.id)))
    assert "0 lines" in runner.invoke(args=["verify-journal", "--since", str(last)]).output
    id = nth(1).id
    tamper(altered(action="x")(id))
    bad = runner.invoke(args=["verify-journal"])
    assert bad.exit_code == 1
    assert f"line {id}" in bad.output
    assert runner.invoke(args=["verify-journal", "--copy", "0" * 64]).exit_code == 1
    seals_file().unlink()


def test_those_who_save_at_once_keep_the_chains_whole(database, app):
    """Each on a connection of its own, some taking their lines back; and a seal in their midst."""
    def writer(who: int) -> None:
        with app.app_context():
            for n in range(15):
                with transaction():
                    record("demo.load", None, Actor(None, NOON), {"who": who, "n": n})
                    record("demo.load", None, Actor(None, NOON), {"who": who, "again": n})
                    if n % 5 == 4:
                        db.session.execute(select(AuditEvent.id).limit(1))  # writes the lines before the end
                with transaction():
                    record("demo.load", None, Actor(None, NOON), {"alone": n})
                record("demo.load", None, Actor(None, NOON), {"never": n})
                if n % 2:
                    db.session.execute(select(AuditEvent.id).limit(1))
                db.session.rollback()

    def sealer() -> None:
        with app.app_context():
            for _ in range(5):
                with transaction():
                    seal(Actor(None, NOON))

    write()
    with ThreadPoolExecutor(7) as threads:
        done = [*threads.map(writer, range(6)), threads.submit(sealer).result()]
    assert done == [None] * 7
    assert proved() == 1 + 6 * 15 * 3
    assert db.session.scalar(select(func.count()).select_from(JournalSeal)) == 5
    if db.engine.dialect.name == "postgresql":
        assert db.session.scalar(select(func.count(AuditEvent.chain.distinct()))) > 1


def test_who_saves_does_not_wait_for_a_long_transaction_that_has_written_its_lines(database, app):
    """On PostgreSQL there are other chains; SQLite has one writer at a time anyway."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    write()
    record("demo.load", None, Actor(None, NOON), {"long": True})
    db.session.execute(select(AuditEvent.id).limit(1))  # holds the first chain from here on

    def other() -> None:
        with app.app_context():
            write(3)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(other).result(timeout=20)
    with transaction():
        pass
    assert proved() == 5
    assert db.session.scalar(select(func.count(AuditEvent.chain.distinct()))) == 2
