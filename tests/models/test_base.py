"""What every table promises, on both databases: moments, versions, rows kept apart, and no update that is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.dependency import DetectKeySwitch
from sqlalchemy.orm.exc import StaleDataError

from evaka.access import Actor
from evaka.actions import record
from evaka.kit import turn
from evaka.kit.dates import DateRange
from evaka.models.base import FEW, HELSINKI, Model, as_text, at_hand, db, one_of, rows_of_text, transaction
from evaka.models.connection import writing
from evaka.models.guard import broken_rule
from evaka.models.journal import Counter, Email
from evaka.models.person import Guardian, HeadOfChild, Partner, Person
from evaka.models.placement import Placement
from evaka.models.unit import Caretakers
from evaka.models.user import Grant, User
from tests import factories
from tests.conftest import NOON, keep, statements

pytestmark = pytest.mark.usefixtures("database")


def at_once(app: Flask, *deeds: Callable[[], Any]) -> list[Any]:
    """Each deed in a thread with a session and a connection of its own; what came of it, or what it raised."""
    found: list[Any] = [None] * len(deeds)
    start = Barrier(len(deeds))

    def run(n: int, deed: Callable[[], Any]) -> None:
        with app.app_context():
            start.wait(10)
            try:
                found[n] = deed()
            except Exception as raised:
                found[n] = raised
            finally:
                db.session.remove()

    threads = [Thread(target=run, args=(n, deed)) for n, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    db.session.expire_all()
    return found


def refused(*rows: Any) -> str:
    """The rule under which the database refuses the rows."""
    db.session.add_all(rows)
    with pytest.raises(IntegrityError) as no:
        db.session.flush()
    db.session.rollback()
    return broken_rule(no.value)


# -- moments ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("utc", "helsinki"),
    [
        ("2026-03-29T00:59", "2026-03-29T02:59+02:00"),  # the last minute of winter time
        ("2026-03-29T01:00", "2026-03-29T04:00+03:00"),
        ("2026-10-25T00:30", "2026-10-25T03:30+03:00"),  # half past three comes twice
        ("2026-10-25T01:30", "2026-10-25T03:30+02:00"),
        ("2026-12-31T22:00", "2027-01-01T00:00+02:00"),
    ],
)
def test_a_moment_comes_back_as_the_same_moment_by_the_clock_of_helsinki(utc: str, helsinki: str) -> None:
    moment = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    email = factories.save(Email(person_id=factories.person().id, text="t", made_at=moment.astimezone(HELSINKI)))
    keep()
    read = db.session.scalars(select(Email.made_at).where(Email.id == email.id)).one()
    assert read.astimezone(UTC) == moment
    assert read.isoformat() == datetime.fromisoformat(helsinki).isoformat()


def test_moments_are_ordered_as_they_happened_when_the_clock_goes_back() -> None:
    person = factories.person()
    for minute in (90, 30, 60):
        at = (datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=minute)).astimezone(HELSINKI)
        factories.save(Email(person_id=person.id, text=str(minute), made_at=at))
    assert list(db.session.scalars(select(Email.text).order_by(Email.made_at))) == ["30", "60", "90"]
    half_past_three = datetime(2026, 10, 25, 3, 30, tzinfo=HELSINKI)  # the first one: summer time
    assert list(db.session.scalars(select(Email.text).where(Email.made_at <= half_past_three))) == ["30"]


def test_a_moment_without_a_zone_is_a_fault() -> None:
    db.session.add(Email(person_id=factories.person().id, text="t", made_at=datetime(2026, 6, 1, 12)))  # noqa: DTZ001
    with pytest.raises(sa.exc.StatementError, match="a moment has a zone"):
        db.session.flush()


# -- days -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "there"),
    [
        (date(2026, 7, 31), False),
        (date(2026, 8, 1), True),
        (date(2026, 8, 31), True),
        (date(2026, 9, 1), False),
    ],
)
def test_a_dated_row_holds_on_its_first_and_last_day_in_python_and_in_sql(day: date, there: bool) -> None:
    row = factories.placement(factories.child(), date(2026, 8, 1), date(2026, 8, 31))
    assert row.on(day) is there
    assert bool(db.session.scalar(select(Placement.id).where(Placement.on(day)))) is there
    assert bool(db.session.scalar(select(Placement.id).where(Placement.meets(DateRange(day, day))))) is there


def test_an_open_row_holds_for_ever() -> None:
    row = factories.placement(factories.child(), date(2026, 8, 1))
    far = date(2099, 1, 1)
    assert row.on(far)
    assert db.session.scalar(select(Placement.id).where(Placement.on(far), Placement.meets(DateRange(far)))) == row.id


# -- rows kept apart ----------------------------------------------------------------------------------------


def place(child: Person, start: date, end: date | None = None) -> Placement:
    return Placement(child_id=child.id, unit=factories.unit(), care_type="daycare", start=start, end=end)


@pytest.mark.parametrize(
    ("start", "end", "collides"),
    [
        (date(2026, 7, 1), date(2026, 7, 31), False),
        (date(2026, 7, 1), date(2026, 8, 1), True),  # the one common day
        (date(2026, 8, 10), date(2026, 8, 12), True),
        (date(2026, 8, 31), date(2026, 9, 30), True),
        (date(2026, 9, 1), None, False),
        (date(2020, 1, 1), None, True),
    ],
)
def test_two_rows_of_one_child_share_no_day(start: date, end: date | None, collides: bool) -> None:
    child = factories.child()
    factories.placement(child, date(2026, 8, 1), date(2026, 8, 31))
    keep()
    row = place(child, start, end)
    if collides:
        assert refused(row) == "ex_placement_child_id"
    else:
        factories.save(row)


def test_an_open_row_collides_with_everything_after_it_and_other_children_with_nothing() -> None:
    child = factories.child()
    factories.placement(child, date(2026, 8, 1))
    keep()
    factories.save(place(factories.child(), date(2030, 1, 1)))
    assert refused(place(child, date(2030, 1, 1))) == "ex_placement_child_id"


def test_a_row_that_is_moved_over_another_is_refused_too_and_may_be_saved_where_it_is() -> None:
    child = factories.child()
    first = factories.placement(child, date(2026, 1, 1), date(2026, 7, 31))
    factories.placement(child, date(2026, 8, 1))
    keep()
    first.start = date(2025, 1, 1)
    db.session.flush()
    first.end = date(2026, 8, 1)
    assert refused() == "ex_placement_child_id"


def test_an_empty_column_of_the_key_is_a_value_like_any_other() -> None:
    user, unit = factories.user("director"), factories.unit()
    keep()
    rule = "ex_grant_user_id_role_unit_id_group_id"
    twice = {"user_id": user.id, "role": "director", "start": date(2026, 1, 1)}
    assert refused(Grant(**twice)) == rule
    factories.save(Grant(**twice, unit_id=unit.id))
    assert refused(Grant(**twice, unit_id=unit.id, end=date(2026, 12, 31))) == rule


def test_rows_that_do_not_count_may_share_days() -> None:
    from evaka.models.fee import FeeDecision
    from evaka.rules.fee import FeeStatus

    head = factories.person()
    common = {"head_id": head.id, "family_size": 2, "total": 0, "facts": {}, "start": date(2026, 1, 1)}
    for status in (FeeStatus.DRAFT, FeeStatus.DRAFT, FeeStatus.ANNULLED, FeeStatus.SENT):
        factories.save(FeeDecision(**common, status=status))
    keep()
    assert refused(FeeDecision(**common, status=FeeStatus.SENT)) == "ex_fee_head_id"
    db.session.scalars(select(FeeDecision).where(FeeDecision.status == FeeStatus.DRAFT)).first().status = FeeStatus.SENT
    assert refused() == "ex_fee_head_id"


def test_of_two_people_who_save_at_the_same_moment_one_is_refused(app: Flask) -> None:
    ids = factories.child().id, factories.unit().id
    keep()

    def save() -> None:
        with transaction():
            row = Placement(child_id=ids[0], unit_id=ids[1], care_type="daycare", start=date(2026, 8, 1), end=None)
            db.session.add(row)
            db.session.flush()
            db.session.info.pop("changes", None)

    for _ in range(3):
        outcomes = at_once(app, save, save)
        assert sorted(outcome is None for outcome in outcomes) == [False, True]
        [no] = [outcome for outcome in outcomes if outcome is not None]
        if isinstance(no, IntegrityError):
            assert broken_rule(no) == "ex_placement_child_id"
        else:  # PostgreSQL may call two inserts that wait for each other a deadlock
            assert isinstance(no, OperationalError)
        [row] = db.session.scalars(select(Placement))
        db.session.delete(row)
        keep()


# -- the names of broken rules --------------------


def test_a_broken_rule_has_the_same_name_on_both_databases() -> None:
    child = factories.child()
    guardian, other = child.guardians[0], factories.person()
    user = factories.user("admin", person=guardian)
    user.email = "same@harjula.example"
    guardian.identity_code = "010190-9999"
    keep()
    other_id, email = other.id, user.email
    assert refused(User(name="n", email=email)) == "uq_user_email"
    assert refused(Person(first_name="A", last_name="B", born=date(1990, 1, 1), identity_code="010190-9999")) == (
        "uq_person_identity_code"
    )
    assert refused(Guardian(child_id=child.id, guardian_id=guardian.id)) == "uq_guardian_child_id_guardian_id"
    assert refused(Partner(first_id=other_id, second_id=other_id, start=date(2026, 1, 1))) == "ck_partner_not_oneself"
    assert refused(HeadOfChild(child_id=child.id, head_id=other_id, start=date(1999, 1, 1), end=date(1998, 1, 1))) == (
        "ck_head_of_child_ends_after_start"
    )


def test_a_broken_reference_and_an_empty_column_have_no_name() -> None:
    child = factories.child()
    keep()
    assert refused(Guardian(child_id=child.id, guardian_id=999_999)) == ""
    assert refused(Counter(name=None, last=1)) == ""


def test_one_plan_of_an_application_lives_under_a_name_that_both_databases_say() -> None:
    from evaka.models.placement import PlacementPlan

    application = factories.application()
    plan = factories.plan(application)
    keep()
    fields = {
        name: getattr(plan, name) for name in ("application_id", "unit_id", "care_type", "service_need", "start", "end")
    }
    assert refused(PlacementPlan(**fields)) == "uq_placement_plan_application_id"


def test_every_unique_rule_is_named_so_that_both_databases_say_the_same() -> None:
    for table in db.metadata.sorted_tables:
        rules = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
        rules += [one for one in table.indexes if one.unique]
        preparer = db.engine.dialect.identifier_preparer
        names = {str(preparer.format_constraint(rule)).strip('"') for rule in rules}
        for rule in rules:  # of two partial rules on the same columns SQLite says the first one's name
            assert f"uq_{table.name}_{'_'.join(column.name for column in rule.columns)}" in names
        assert all(len(name) <= 63 for name in names)  # as long as PostgreSQL keeps names


# -- two people at one row --------------------


def test_each_save_counts_and_a_row_saved_by_somebody_else_meanwhile_is_stale(app: Flask) -> None:
    person = factories.person()
    keep()
    assert person.version == 1
    person.phone = "1"
    db.session.flush()
    assert person.version == 2
    keep()
    id = person.id
    assert person.phone == "1"  # read, as a page does before it saves
    db.session.execute(sa.text("UPDATE person SET version = 3, phone = '2' WHERE id = :id"), {"id": id})
    person.phone = "3"
    with pytest.raises(StaleDataError):
        db.session.flush()
    db.session.rollback()


def test_no_update_is_lost_between_two_who_read_before_they_write(app: Flask) -> None:
    factories.save(Counter(name="visits", last=0))
    keep()

    def visit() -> int:
        stale = 0
        for _ in range(10):
            while True:
                try:
                    with transaction():
                        counter = db.session.scalars(select(Counter)).one()
                        counter.last += 1
                    break
                except StaleDataError:  # PostgreSQL lets both begin; the second one is told
                    stale += 1
        return stale

    outcomes = at_once(app, visit, visit)
    assert db.session.scalars(select(Counter.last)).one() == 20
    if db.engine.dialect.name == "sqlite":
        assert outcomes == [0, 0]  # BEGIN IMMEDIATE: the second one waits before it reads


def test_who_waits_too_long_to_write_is_told_that_the_file_is_locked(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has locks of its own")
    monkeypatch.setattr(turn, "PATIENCE", 0.1)
    factories.save(Counter(name="visits", last=0))
    keep()

    def save() -> str:
        try:
            with transaction():
                db.session.scalars(select(Counter)).one().last += 1
        except OperationalError as no:
            return str(no.orig)
        return "saved"

    db.session.scalars(select(Counter)).one().last = 7
    db.session.flush()  # our connection has the turn
    assert at_once(app, save) == ["database is locked"]
    db.session.rollback()
    assert at_once(app, save) == ["saved"]


def test_a_page_is_read_while_somebody_writes(app: Flask) -> None:
    factories.person(last_name="Ennen")
    keep()
    db.session.scalars(select(Person)).one().last_name = "Jälkeen"
    db.session.flush()  # not yet saved: this connection holds the lock

    def read() -> str:
        writing.set(False)
        return db.session.scalars(select(Person.last_name)).one()

    assert at_once(app, read) == ["Ennen"]
    db.session.rollback()


def test_a_transaction_saves_everything_or_nothing() -> None:
    keep()
    with pytest.raises(ZeroDivisionError), transaction():
        factories.save(Counter(name="a", last=1))
        raise ZeroDivisionError
    assert list(db.session.scalars(select(Counter))) == []
    with transaction():
        factories.save(Counter(name="a", last=1))
    db.session.rollback()
    assert [row.last for row in db.session.scalars(select(Counter))] == [1]


# -- searching -----------------------------------------------------------------------------------------------------


def test_letters_beyond_z_are_lowered_on_both_databases() -> None:
    factories.unit("ÄIJÄLÄN Päiväkoti Åke")
    found = select(sa.func.lower(factories.Unit.name))
    assert db.session.scalars(found).one() == "äijälän päiväkoti åke"


def test_a_flush_looks_for_no_changed_keys() -> None:
    factories.person()  # whatever maps is mapped by now
    asked = [one for mapper in Model.registry.mappers for one in mapper._dependency_processors]
    assert not [one for one in asked if isinstance(one, DetectKeySwitch)]
    assert all(column.type.python_type is int for mapper in Model.registry.mappers for column in mapper.primary_key)


def test_a_save_does_not_ask_for_the_version_that_it_has_just_given() -> None:
    """Else each UPDATE would be made anew, though the database had one like it before."""
    row = factories.person()
    with statements() as asked, transaction():
        row.phone = "040 555 0101"
        record("person.edit", row, Actor(None, NOON), {})
    [update] = [one for one in asked if one.startswith("UPDATE person")]
    assert "RETURNING" not in update
    assert row.version == 2


# -- what spares work ---------------------------------------------------------------------------------


@pytest.mark.parametrize("many", [0, 1, 3, FEW, FEW + 1, 2_000])
def test_one_of_finds_what_in_finds_and_leaves_out_the_others(many: int) -> None:
    rows = [factories.person().id for _ in range(4)]
    asked = [*rows[:2], *range(10_000, 10_000 + many - 2)][:many]
    found = set(db.session.scalars(select(Person.id).where(one_of(Person.id, asked))))
    assert found == set(rows[:2][:many])
    others = set(db.session.scalars(select(Person.id).where(~one_of(Person.id, asked))))
    assert others == set(rows) - found


def test_rows_come_as_one_text_that_is_taken_apart_again() -> None:
    people = [
        factories.person(born=date(1990, 2, 3), last_name="Ääri", deceased=gone) for gone in (None, date(2026, 1, 2))]
    told = select(as_text(Person.id, Person.born, Person.deceased, Person.last_name))
    assert sorted(rows_of_text(db.session.scalars(told).one())) == sorted([
        (str(people[0].id), "1990-02-03", "", "Ääri"), (str(people[1].id), "1990-02-03", "2026-01-02", "Ääri")])
    factories.group(factories.unit(), adults="2.5")
    [(amount,)] = rows_of_text(db.session.scalars(select(as_text(Caretakers.amount))).one())
    assert Decimal(amount) == Decimal("2.5")
    assert db.session.scalar(told.where(Person.id < 0)) is None


def test_a_row_out_of_its_columns_is_the_sessions_own_and_fetches_what_was_not_asked_for() -> None:
    kept = factories.user("director", name="Aino Ohjaaja")
    id, email = kept.id, kept.email
    keep()
    db.session.expunge_all()
    row = at_hand(User, [("id", id), ("name", "as told"), ("version", 1)], grants=[])
    assert row in db.session
    with statements() as asked:
        assert (row.name, row.grants, row.version) == ("as told", [], 1)
    assert not asked
    assert row.email == email
    again = at_hand(User, [("id", id), ("name", "told anew"), ("version", 1)])
    assert again is row
    assert (row.name, row.email) == ("told anew", email)
    assert [one.role for one in row.grants] == ["director"]
    assert not db.session.dirty


def test_a_row_out_of_its_columns_is_saved_like_any_other() -> None:
    id = factories.person(phone="040 555 0101").id
    keep()
    db.session.expunge_all()
    row = at_hand(Person, [("id", id), ("version", 1), ("phone", "040 555 0101")])
    with transaction():
        row.phone = "040 555 0102"
        record("person.edit", row, Actor(None, NOON), {})
    assert db.session.execute(select(Person.phone, Person.version).where(Person.id == id)).one() == ("040 555 0102", 2)


@pytest.mark.postgres
def test_postgres_says_of_what_kind_columns_are_when_it_is_asked() -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite says nothing of kinds")
    line: Any = db.session.connection().connection.driver_connection
    for cursor in (line.cursor(), psycopg.Cursor(line)):
        cursor.execute("SELECT 1 AS one, 'x' AS other")
        assert [one.name for one in cursor.description] == ["one", "other"]
        assert cursor.description[0].type_code == 23
        assert len(cursor.description) == 2
        cursor.execute("SET LOCAL statement_timeout = 0")
        assert cursor.description is None


@pytest.mark.postgres
def test_postgres_finds_rows_by_the_plain_index_and_not_by_that_of_a_rule() -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite keeps rows apart by triggers")
    db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    for table, column in (("placement", "child_id"), ("group_placement", "placement_id"), ("presence", "child_id")):
        plan = "\n".join(db.session.scalars(sa.text(f"EXPLAIN SELECT * FROM {table} WHERE {column} = 7")))
        assert f"ix_{table}_{column}" in plan, plan
