"""Two rows turn out to be one person: everything moves, nothing is orphaned, and what cannot be is told before."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from evaka.actions import fee
from evaka.actions import person as act_person
from evaka.actions.person import merge as act
from evaka.kit import identity
from evaka.kit.errors import Denied, Refused
from evaka.models.attendance import Absence
from evaka.models.base import Model, db
from evaka.models.fee import FeeDecision, fees_of
from evaka.models.journal import AuditEvent, Email
from evaka.models.message import Message, Receipt, ThreadChild, ThreadMember
from evaka.models.own import CalendarFeed, FeedLabel
from evaka.models.person import (
    Guardian,
    HeadOfChild,
    MergedPerson,
    Partner,
    Person,
    TwoPeople,
    alike,
    ids_of,
    matching,
)
from evaka.models.placement import Placement
from evaka.models.user import User, UserSession
from evaka.rules.attendance import AbsenceKind
from evaka.rules.fee import FeeStatus
from tests import factories
from tests.conftest import NOON, keep, statements
from tests.rows import row_of_every_kind

pytestmark = pytest.mark.usefixtures("database")
BORN = date(2022, 5, 1)


@pytest.fixture
def admin(by):
    return by(factories.user("admin"))


def code(number=901, born=BORN):
    return identity.made(born, number)


def twice(**fields) -> tuple[Person, Person]:
    """A child whom the register knows, and the same child from a paper application."""
    known = factories.person(BORN, first_name="Väinö Ilmari", last_name="Mäki", identity_code=code())
    return known, factories.person(BORN, first_name="Väinö", last_name="mäki", **fields)


def rows(model: type[Model], **where: Any) -> list[Any]:
    return list(db.session.scalars(select(model).filter_by(**where).order_by(model.id)))


def obstacles(kept, gone) -> list[tuple[str, bool]]:
    return [(one.table, one.own) for one in act.plan_of(kept, gone).obstacles]


# -- what is known of the tables --------------------------------------------------------------------


def test_every_reference_to_a_person_is_moved_or_named_as_handled():
    """Asked of the database, not of our own list: a new column is in one of the two."""
    known = {(table.name, column.name) for table, columns in act.moved().items() for column in columns}
    found = {
        (table, key["constrained_columns"][0])
        for table in sa.inspect(db.engine).get_table_names()
        for key in sa.inspect(db.engine).get_foreign_keys(table)
        if key["referred_table"] == "person"
    }
    assert found == known | act.HANDLED.keys()
    assert not known & act.HANDLED.keys()


def test_a_table_that_comes_later_is_moved_without_a_word():
    table = sa.Table("pet", db.metadata, sa.Column("id", sa.Integer, primary_key=True),
                     sa.Column("owner_id", sa.ForeignKey("person.id")))
    try:
        assert [column.name for column in act.moved()[table]] == ["owner_id"]
    finally:
        db.metadata.remove(table)


def test_a_row_of_every_kind_moves_and_nothing_is_orphaned(admin):
    kept, gone = factories.person(), factories.person()
    seeded = row_of_every_kind(gone, db.metadata)
    assert {table.name for table in act.moved()} <= seeded.keys()
    keep()
    act.merge(kept, admin, gone=gone)
    assert list(act.pointing_at(gone.id)) == []
    for table, columns in act.references().items():
        for column in columns:
            if (table.name, column.name) not in act.HANDLED:
                assert db.session.scalar(select(func.count()).select_from(table).where(column == gone.id)) == 0
    left = {(table.name, column.name) for table, columns in act.references().items() for column in columns
            if db.session.scalar(select(func.count()).select_from(table).where(column == gone.id))}
    assert left == {("audit_event", "person_id"), ("merged_person", "gone_id")}


# -- the person ---------------------------------------------------------------------------------------


def test_empty_values_are_filled_notes_are_joined_and_a_choice_stands(admin):
    kept, gone = twice(allergies="Kala", phone="050 1", email="paperi@example.fi", restricted=True)
    kept.allergies, kept.phone, kept.email = "Pähkinä", "040 2", None
    db.session.flush()
    act.merge(kept, admin, gone=gone, taken=frozenset({"phone"}))
    assert kept.allergies == "Pähkinä\nKala"
    assert (kept.phone, kept.email, kept.restricted) == ("050 1", "paperi@example.fi", True)
    assert kept.first_name == "Väinö Ilmari"


def test_a_code_goes_over_and_must_fit_the_day_of_birth(admin):
    known, other = twice()
    given = known.identity_code
    act.merge(other, admin, gone=known)
    assert (other.identity_code, known.identity_code) == (given, None)
    third = factories.person(date(2022, 5, 2))
    with pytest.raises(Refused) as no:
        act.merge(third, admin, gone=other)
    assert no.value.key == "person.born_otherwise"


def test_the_one_who_goes_keeps_a_name_for_the_journal_and_is_found_nowhere(admin):
    kept, gone = twice(street="Salakuja 1")
    act.merge(kept, admin, gone=gone)
    assert (gone.merged_into_id, str(gone)) == (kept.id, "mäki Väinö")
    assert (gone.street, gone.phone, gone.email, gone.identity_code) == (None, None, None, None)
    assert db.session.scalars(select(Person).where(matching("mäki"))).all() == [kept]
    from evaka.access import within

    for who in (admin, type(admin)(None, NOON)):
        assert gone.id not in db.session.scalars(select(Person.id).where(within(who, "person.view", Person))).all()


# -- what can stand only once ---------------------------------------------------------------------------


def test_the_same_guardian_and_the_same_head_stand_once_and_a_block_holds(admin):
    kept, gone = twice()
    mother = factories.person()
    for child, blocked in ((kept, False), (gone, True)):
        factories.save(Guardian(child_id=child.id, guardian_id=mother.id, blocked=blocked))
    factories.save(HeadOfChild(child_id=kept.id, head_id=mother.id, start=date(2023, 1, 1), end=date(2025, 12, 31)))
    factories.save(HeadOfChild(child_id=gone.id, head_id=mother.id, start=date(2022, 5, 1), end=date(2023, 6, 30)))
    factories.save(HeadOfChild(child_id=gone.id, head_id=mother.id, start=date(2025, 6, 1), end=None))
    act.merge(kept, admin, gone=gone)
    assert [(one.child_id, one.blocked) for one in rows(Guardian)] == [(kept.id, True)]
    assert [(one.child_id, one.start, one.end) for one in rows(HeadOfChild)] == [(kept.id, date(2022, 5, 1), None)]


def test_a_partner_in_either_column_is_the_same_couple(admin):
    first, kept, gone = factories.person(), factories.person(), factories.person()
    factories.partner(first, kept, date(2020, 1, 1), date(2022, 12, 31))
    factories.partner(gone, first, date(2023, 6, 1))
    act.merge(kept, admin, gone=gone)
    assert [({one.first_id, one.second_id}, one.start, one.end) for one in rows(Partner)] == [
        ({first.id, kept.id}, date(2020, 1, 1), date(2022, 12, 31)), ({first.id, kept.id}, date(2023, 6, 1), None)]


def test_two_partners_at_once_stand_in_the_way(admin):
    kept, gone = factories.person(), factories.person()
    factories.partner(factories.person(), kept)
    factories.partner(gone, factories.person())
    assert obstacles(kept, gone) == [("partner", False)]
    with pytest.raises(Refused) as no:
        act.merge(kept, admin, gone=gone)
    assert no.value.facts == {"count": 1}
    assert gone.merged_into_id is None


def test_nobody_becomes_the_own_partner_or_guardian():
    one, other = factories.person(), factories.person()
    factories.partner(one, other)
    factories.save(Guardian(child_id=one.id, guardian_id=other.id))
    assert obstacles(one, other) == [("guardian", True), ("partner", True)]


def test_overlapping_places_incomes_heads_and_codes_are_told():
    kept, gone = twice(identity_code=code(902))
    for child in (kept, gone):
        factories.placement(child, date(2026, 1, 1), date(2026, 12, 31))
        factories.save(HeadOfChild(child_id=child.id, head_id=factories.person().id, start=date(2026, 1, 1), end=None))
        factories.income(child, 100 + child.id)
    plan = act.plan_of(kept, gone)
    assert sorted(one.table for one in plan.obstacles) == ["head_of_child", "income", "person", "placement"]
    spans = next(one.periods for one in plan.obstacles if one.table == "placement")
    assert spans == ((date(2026, 1, 1), date(2026, 12, 31)),) * 2


def test_places_one_after_the_other_are_no_obstacle(admin):
    kept, gone = twice()
    factories.placement(kept, date(2026, 8, 1), date(2026, 12, 31))
    factories.placement(gone, date(2026, 1, 1), date(2026, 7, 31))
    assert act.plan_of(kept, gone).moves == {"placement": 1}
    act.merge(kept, admin, gone=gone)
    assert {one.child_id for one in rows(Placement)} == {kept.id}


def test_the_same_absence_stands_once_and_a_different_one_is_told(admin):
    kept, gone = twice()
    for child in (kept, gone):
        factories.absence(child, date(2026, 5, 4))
    act.merge(kept, admin, gone=gone)
    assert [one.child_id for one in rows(Absence)] == [kept.id]
    third = factories.person(BORN)
    factories.absence(third, date(2026, 5, 4), AbsenceKind.OTHER)
    assert obstacles(kept, third) == [("absence", False)]


def test_two_in_one_conversation_read_it_once(admin):
    kept, gone = factories.person(), factories.person()
    group = factories.group(factories.unit())
    thread = factories.thread(factories.box(group), [])
    letter = rows(Message)[0]
    for one, read in ((kept, None), (gone, NOON)):
        factories.save(ThreadMember(thread_id=thread.id, person_id=one.id))
        factories.save(ThreadChild(thread_id=thread.id, child_id=one.id))
        factories.save(Receipt(message_id=letter.id, person_id=one.id, read_at=read))
    act.merge(kept, admin, gone=gone)
    assert [one.person_id for one in rows(ThreadMember) if one.box_id is None] == [kept.id]
    assert [one.child_id for one in rows(ThreadChild)] == [kept.id]
    assert [(one.person_id, one.read_at) for one in rows(Receipt)] == [(kept.id, NOON)]


# -- what follows ---------------------------------------------------------------------------------------


def test_a_family_that_has_been_told_its_fee_is_not_told_again(admin, by):
    mother, double = factories.person(), factories.person()
    known, paper = twice()
    for child in (known, paper):
        factories.save(Guardian(child_id=child.id, guardian_id=mother.id))
    factories.save(HeadOfChild(child_id=paper.id, head_id=double.id, start=BORN, end=None))
    factories.placement(paper, date(2026, 1, 1), date(2026, 12, 31))
    factories.income(double)
    fee.refresh({double.id}, by())
    for draft in rows(FeeDecision):
        draft.status = FeeStatus.SENT
    keep()
    sent = {one.id for one in rows(FeeDecision)}
    assert sent
    act.merge(known, admin, gone=paper)
    act.merge(mother, admin, gone=double)
    assert {one.id for one in rows(FeeDecision)} == sent
    for one in rows(FeeDecision):
        told = fees_of(one.facts)
        assert (one.head_id, told.head) == (mother.id, mother.id)
        assert {line.child for line in told.lines} <= {known.id}


def test_the_log_in_of_the_double_ends_or_becomes_the_persons(admin):
    kept, gone, third = factories.person(), factories.person(), factories.person()
    users = {one.id: factories.user("guardian", person=one) for one in (gone, third)}
    session = factories.save(UserSession(
        user_id=users[third.id].id, digest="x" * 64, began=NOON, seen=NOON, address="127.0.0.1", agent="x"))
    act.merge(kept, admin, gone=gone)
    assert (users[gone.id].person_id, users[gone.id].active) == (kept.id, True)
    assert act.plan_of(kept, third).log_in == "ends"
    act.merge(kept, admin, gone=third)
    db.session.expire_all()
    ended = db.session.get_one(User, users[third.id].id)
    assert (ended.person_id, ended.active, session.ended) == (None, False, NOON)


def test_the_journal_is_not_touched_and_still_tells_who_opened_the_file(admin, by):
    kept, gone, third = factories.person(), factories.person(), factories.person()
    line = factories.save(AuditEvent(
        at=NOON, action="person.read", subject="person", subject_id=third.id, person_id=third.id, facts={}))
    act.merge(gone, admin, gone=third)
    act.merge(kept, admin, gone=gone)
    before = db.session.execute(select(AuditEvent.__table__).where(AuditEvent.id == line.id)).one()
    assert (before.person_id, before.subject_id) == (third.id, third.id)
    found = db.session.scalars(select(AuditEvent.id).where(AuditEvent.person_id.in_(ids_of(kept.id)))).all()
    assert line.id in found
    assert {(one.gone_id, one.kept_id) for one in rows(MergedPerson)} == {(third.id, kept.id), (gone.id, kept.id)}
    assert {one.merged_into_id for one in (gone, third)} == {kept.id}


def test_the_merge_is_one_line_with_what_changed(admin):
    kept, gone = twice(phone="040 7")
    kept.phone = None
    keep()
    act.merge(kept, admin, gone=gone)
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.merge")).one()
    assert (line.person_id, line.facts["gone"]) == (kept.id, f"person {gone.id}")
    changes = {tuple(one[:2]): tuple(one[2:]) for one in line.facts["changes"]}
    assert changes[f"person {kept.id}", "phone"] == (None, "040 7")
    assert changes[f"person {gone.id}", "phone"] == ("040 7", None)


# -- who, and when not --------------------------------------------------------------------------------


def test_only_the_administrator_merges_and_a_service_worker_may_say_no(by):
    kept, gone = twice()
    worker = by(factories.user("service_worker"))
    with pytest.raises(Denied):
        act.merge(kept, worker, gone=gone)
    act.tell_apart(kept, worker, other=gone)
    with pytest.raises(Denied):
        act.tell_apart(kept, by(factories.user("finance")), other=gone)


def test_a_person_is_merged_once_and_never_with_itself(admin):
    kept, gone = twice()
    with pytest.raises(Refused) as no:
        act.merge(kept, admin, gone=kept)
    assert no.value.key == "person.merge_itself"
    act.merge(kept, admin, gone=gone)
    for pair in ((factories.person(), gone), (gone, factories.person())):
        with pytest.raises((Refused, Denied)):
            act.merge(pair[0], admin, gone=pair[1])
    machine = type(admin)(None, NOON)
    with pytest.raises(Refused) as no:
        act.merge(kept, machine, gone=gone)
    assert no.value.key == "person.merged_already"


def test_what_was_seen_is_what_is_done(admin):
    kept, gone = twice()
    seen = act.plan_of(kept, gone).digest
    factories.save(Email(person_id=gone.id, text="decision_sent", made_at=NOON))
    with pytest.raises(Refused) as no:
        act.merge(kept, admin, gone=gone, seen=seen)
    assert no.value.key == "person.merge_changed"
    act.merge(kept, admin, gone=gone, seen=act.plan_of(kept, gone).digest)


def test_a_merge_asks_as_much_however_many_rows_move(admin):
    counts = []
    for many in (1, 40):
        kept, gone = twice()
        kept.identity_code = None
        for day in range(many):
            factories.absence(gone, date.fromordinal(date(2026, 1, 1).toordinal() + day))
        keep()
        with statements() as asked:
            act.merge(kept, admin, gone=gone)
        counts.append(len(asked))
        keep()
    assert counts[1] <= counts[0]


# -- suggestions ----------------------------------------------------------------------------------------


def suggested() -> set[tuple[int, int]]:
    return {tuple(pair) for pair in db.session.execute(alike())}


def test_pairs_of_one_name_or_contact_and_day_of_birth_are_suggested_once(by):
    known, paper = twice()
    pair = (known.id, paper.id)
    other = factories.person(BORN, first_name="Väinö", last_name="Mäki", identity_code=code(902))
    factories.person(date(2022, 5, 2), first_name="Väinö", last_name="Mäki")
    assert suggested() == {pair, (paper.id, other.id)}
    act.tell_apart(paper, by(), other=known)
    assert act.tell_apart(known, by(), other=paper) is None
    assert suggested() == {(paper.id, other.id)}
    assert len(rows(TwoPeople)) == 1


def test_telephones_are_compared_as_numbers_and_mail_without_capitals():
    one = factories.person(phone="+358 40 555 0177", email="a@example.fi")
    two = factories.person(phone="0405550177", email="b@example.fi")
    three = factories.person(phone=None, email="A@example.fi")
    assert suggested() >= {(one.id, two.id), (one.id, three.id)}


def test_dismissals_move_and_a_pair_told_apart_may_still_be_merged(admin):
    kept, gone, third = (factories.person() for _ in range(3))
    act.tell_apart(kept, admin, other=gone)
    act.tell_apart(gone, admin, other=third)
    act.merge(kept, admin, gone=gone)
    assert [{one.first_id, one.second_id} for one in rows(TwoPeople)] == [{kept.id, third.id}]


def test_a_person_is_not_its_own_other_person(by):
    one = factories.person()
    with pytest.raises(Refused):
        act.tell_apart(one, by(), other=one)
    assert act_person.merge is act


def test_of_two_calendars_that_one_guardian_has_made_the_kept_persons_stays(admin):
    kept, gone = factories.person(), factories.person()
    child = factories.child(kept)
    for n, person in enumerate((kept, gone)):
        factories.save(CalendarFeed(person_id=person.id, digest=str(n) * 64, language="fi", made_at=admin.now))
        factories.save(FeedLabel(person_id=person.id, child_id=child.id, label=f"lapsi {n}"))
    act.merge(kept, admin, gone=gone)
    assert [(row.person_id, row.digest) for row in rows(CalendarFeed)] == [(kept.id, "0" * 64)]
    assert [(row.person_id, row.label) for row in rows(FeedLabel)] == [(kept.id, "lapsi 0")]
