"""Letters to the families of a group, answers, and what reading leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from evaka.actions import message as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.guard import broken_rule
from evaka.models.journal import AuditEvent, Email
from evaka.models.message import Message, Post, Receipt, Thread, ThreadChild, ThreadMember
from evaka.models.person import Guardian, Person
from evaka.models.unit import Group
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import PostKind
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
WORDS = {"title": "Retki", "body": "Huomenna menemme metsään."}


def in_the_group(group: Group, guardian: Person | None = None, end: date | None = None, **fields: Any) -> Person:
    """A child who has been in the group since August 2025."""
    child = factories.child(guardian, **fields)
    place = factories.placement(child, date(2025, 8, 1), end, unit=group.unit)
    factories.in_group(place, group)
    return child


def also_guardian(child: Person, guardian: Person, **fields: Any) -> Guardian:
    return factories.save(Guardian(child_id=child.id, guardian_id=guardian.id, **fields))


def sets() -> set[tuple[frozenset[int], frozenset[int]]]:
    """(guardians, children) of every thread there is."""
    return {
        (frozenset(db.session.scalars(select(ThreadMember.person_id).where(
            ThreadMember.thread_id == id, ThreadMember.person_id.is_not(None)))),
         frozenset(db.session.scalars(select(ThreadChild.child_id).where(ThreadChild.thread_id == id))))
        for id in db.session.scalars(select(Thread.id))
    }


def count(model: Any, *where: Any) -> int:
    return db.session.scalar(select(func.count(model.id)).where(*where)) or 0


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that is sent inside."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def group() -> Group:
    return factories.group(factories.unit("Metsäpolku"), "Siilit")


@pytest.fixture
def director(group: Group) -> Any:
    return factories.user("director", unit=group.unit, name="Maija Mäkelä")


@pytest.fixture
def nurse(group: Group) -> Any:
    return factories.user("staff", group=group, name="Liisa Laine")


def begun(group: Group, by: Any, user: Any, guardian: Person | None = None, **fields: Any) -> Thread:
    """A conversation with the guardians of one child of the group."""
    child = in_the_group(group, guardian, **fields)
    act.write(child, by(user), **WORDS)
    return db.session.scalars(select(Thread).order_by(Thread.id.desc()).limit(1)).one()


# -- who gets a letter ------------------------------------------------------------------------------


def test_separated_parents_share_a_thread_and_half_siblings_do_not(group, director, by):
    anna, pekka, mikko = factories.person(), factories.person(), factories.person()
    aino, eino, otso = in_the_group(group, anna), in_the_group(group, anna), in_the_group(group, anna)
    also_guardian(aino, pekka)
    also_guardian(eino, pekka)  # a full sibling, whose father lives elsewhere
    also_guardian(otso, mikko)

    act.send(group, by(director), **WORDS)

    assert sets() == {
        (frozenset({anna.id, pekka.id}), frozenset({aino.id, eino.id})),
        (frozenset({anna.id, mikko.id}), frozenset({otso.id})),
    }
    assert count(Message) == 2
    boxes = db.session.execute(select(Receipt.person_id, Receipt.box_id, Receipt.read_at)).tuples().all()
    assert sorted(boxes) == sorted([(anna.id, None, None), (pekka.id, None, None), (anna.id, None, None),
                                    (mikko.id, None, None)])


def test_a_blocked_and_a_deceased_guardian_get_nothing(group, director, by):
    anna, blocked, dead = factories.person(), factories.person(), factories.person(deceased=date(2026, 1, 1))
    aino = in_the_group(group, anna)
    also_guardian(aino, blocked, blocked=True)
    also_guardian(aino, dead)

    act.send(group, by(director), **WORDS)

    assert sets() == {(frozenset({anna.id}), frozenset({aino.id}))}
    assert db.session.scalars(select(Email.person_id)).all() == [anna.id]


def test_only_children_who_are_in_the_group_today_count(group, director, by):
    other = factories.group(group.unit, "Ketut")
    here = in_the_group(group)
    in_the_group(other)
    in_the_group(group, end=date(2026, 5, 31))  # left yesterday
    in_the_group(group, deceased=date(2026, 5, 20))
    later = factories.child()
    factories.in_group(factories.placement(later, date(2026, 8, 1), unit=group.unit), group)

    act.send(group, by(director), **WORDS)

    assert sets() == {(frozenset({here.guardians[0].id}), frozenset({here.id}))}


def test_a_child_without_a_guardian_to_write_to_is_told_and_not_lost(group, by):
    anna = factories.person()
    aino, eino = in_the_group(group, anna), in_the_group(group)
    db.session.execute(sa.update(Guardian).where(Guardian.child_id == eino.id).values(blocked=True))

    audience = act.audience_of(
        factories.box(group), PostKind.MESSAGE, Chosen(groups=(group.id,)), by(factories.user("admin")))

    assert audience.circles == ((frozenset({anna.id}), (aino.id,)),)
    assert audience.left_out == (eino.id,)


def test_a_mother_of_two_conversations_gets_one_mail_and_whoever_has_no_address_none(group, director, by):
    anna, pekka, mikko = factories.person(), factories.person(email=None), factories.person(email="")
    also_guardian(in_the_group(group, anna), pekka)
    also_guardian(in_the_group(group, anna), mikko)

    act.send(group, by(director), **WORDS)

    mails = db.session.execute(select(Email.person_id, Email.text, Email.next_try)).tuples().all()
    assert mails == [(anna.id, "message_waits", by(director).now + timedelta(minutes=1))]  # when undoing is over


def test_nobody_to_write_to_is_refused(group, director, by):
    with pytest.raises(Refused, match=r"message\.nobody"):
        act.send(group, by(director), **WORDS)
    in_the_group(group)
    with pytest.raises(Refused, match=r"message\.empty"):
        act.send(group, by(director), title="Retki", body=" \n ")
    assert count(Thread) == 0


def test_a_letter_to_one_child_goes_to_its_guardians_from_its_group(group, nurse, by):
    anna, pekka = factories.person(), factories.person()
    aino = in_the_group(group, anna)
    in_the_group(group, anna)  # the sibling is not meant
    also_guardian(aino, pekka)

    act.write(aino, by(nurse), **WORDS)

    assert sets() == {(frozenset({anna.id, pekka.id}), frozenset({aino.id}))}
    assert db.session.scalar(select(Thread.box_id)) == factories.box(group).id


def test_a_child_without_a_group_cannot_be_written_about(group, director, by):
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), unit=group.unit)
    with pytest.raises(Refused, match=r"message\.no_group"):
        act.write(child, by(director), **WORDS)


# -- who may ----------------------------------------------------------------------------------------


def test_the_director_of_another_unit_and_the_staff_of_another_group_are_refused(group, by):
    child = in_the_group(group)
    strangers = [
        factories.user("director", unit=factories.unit()),
        factories.user("staff", group=factories.group(group.unit, "Ketut")),
        factories.user("service_worker"),
        factories.user("guardian", person=child.guardians[0]),
    ]
    for stranger in strangers:
        with pytest.raises(Denied):
            act.send(group, by(stranger), **WORDS)
        with pytest.raises(Denied):
            act.write(child, by(stranger), **WORDS)
    assert count(Thread) == 0


def test_the_unit_that_a_child_is_to_move_to_cannot_write_in_the_name_of_the_group_it_is_in(group, by):
    child = in_the_group(group, end=date(2026, 7, 31))
    there = factories.unit()
    factories.placement(child, date(2026, 8, 1), unit=there)
    with pytest.raises(Denied):
        act.write(child, by(factories.user("director", unit=there)), **WORDS)


def test_another_familys_guardian_and_a_blocked_one_can_neither_read_nor_reply(group, nurse, by):
    anna, pekka = factories.person(), factories.person()
    thread = begun(group, by, nurse, anna)
    child_id = db.session.scalars(select(ThreadChild.child_id)).one()
    factories.save(ThreadMember(thread_id=thread.id, person_id=pekka.id))
    also_guardian(db.session.get_one(Person, child_id), pekka, blocked=True)  # since the letter was sent
    stranger = in_the_group(group).guardians[0]
    for person in (pekka, stranger):
        user = factories.user("guardian", person=person)
        with pytest.raises(Denied):
            act.reply(thread, by(user), body="Hei")
        with pytest.raises(Denied):
            act.read(thread, by(user))


def test_the_staff_cannot_reply_in_a_guardians_place(group, director, by):
    thread = begun(group, by, director)
    with pytest.raises(Denied):
        act.reply(thread, by(director), body="Hei")


# -- writing on -------------------------------------------------------------------------------------


def test_a_reply_waits_for_the_group_and_for_the_other_guardian(group, nurse, by):
    anna, pekka = factories.person(), factories.person()
    aino = in_the_group(group, anna)
    also_guardian(aino, pekka)
    act.write(aino, by(nurse), **WORDS)
    thread = db.session.scalars(select(Thread)).one()
    db.session.execute(sa.delete(Email))

    act.reply(thread, by(factories.user("guardian", person=anna), "2026-06-02"), body="Aino on kipeä.")

    message = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert (message.post.person_id, message.post.box_id, message.post.body) == (anna.id, None, "Aino on kipeä.")
    boxes = db.session.execute(
        select(Receipt.person_id, Receipt.box_id).where(Receipt.message_id == message.id)).tuples().all()
    assert set(boxes) == {(pekka.id, None), (None, factories.box(group).id)}
    assert db.session.scalars(select(Email.person_id)).all() == [pekka.id]
    assert db.session.scalar(select(Thread.last_at)) == by(nurse, "2026-06-02").now


def test_an_answer_waits_for_every_guardian_who_is_not_blocked_since(group, nurse, by):
    anna, pekka = factories.person(), factories.person()
    aino = in_the_group(group, anna)
    link = also_guardian(aino, pekka)
    act.write(aino, by(nurse), **WORDS)
    thread = db.session.scalars(select(Thread)).one()
    link.blocked = True
    db.session.flush()

    act.answer(thread, by(nurse), body="Nähdään huomenna.")

    message = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert (message.post.user_id, message.post.box_id) == (nurse.id, factories.box(group).id)
    assert db.session.scalars(select(Receipt.person_id).where(Receipt.message_id == message.id)).all() == [anna.id]


@pytest.mark.parametrize(("day", "open_"), [("2026-07-01", True), ("2026-07-02", False)])
def test_a_conversation_closes_31_days_after_the_child_has_left_the_unit(group, nurse, by, day, open_):
    anna = factories.person()
    child = in_the_group(group, anna, end=date(2026, 5, 31))
    act.write(child, by(nurse, "2026-05-20"), **WORDS)
    thread = db.session.scalars(select(Thread)).one()
    for verb, user in ((act.answer, nurse), (act.reply, factories.user("guardian", person=anna))):
        if open_:
            verb(thread, by(user, day), body=f"Hei, {verb.__name__}")
        else:
            with pytest.raises(Refused, match=r"message\.closed"):
                verb(thread, by(user, day), body="Hei")
    assert count(Message) == (3 if open_ else 1)
    with pytest.raises(Refused, match=r"message\.no_group"):
        act.write(child, by(factories.user("admin"), day), **WORDS)


# -- once -------------------------------------------------------------------------------------------


def test_the_same_letter_is_sent_once_a_day(group, director, nurse, by):
    in_the_group(group)
    act.send(group, by(director), **WORDS)
    with pytest.raises(Refused) as no:
        act.send(group, by(director), **WORDS)
    assert (no.value.key, no.value.facts) == ("message.already_sent", {"at": by(director).now})
    assert count(Thread) == 1
    assert count(Email) == 1

    act.send(group, by(nurse), **WORDS)  # somebody else, other words, another day: a letter of its own
    act.send(group, by(director), **WORDS | {"body": "Huomenna menemme uimaan."})
    act.send(group, by(director, "2026-06-02"), **WORDS)
    assert count(Post) == count(Thread) == 4


def test_the_database_itself_refuses_a_second_post_of_two_that_come_at_once(group, director, by):
    in_the_group(group)
    act.send(group, by(director), **WORDS)
    first = db.session.scalars(select(Post)).one()
    with pytest.raises(sa.exc.IntegrityError) as no:
        factories.save(Post(title="Retki", at=by(director).now, digest=first.digest))
    assert broken_rule(no.value) == "uq_post_digest"


def test_the_same_answer_pressed_twice_is_one_message(group, nurse, by):
    anna = factories.person()
    thread = begun(group, by, nurse, anna)
    guardian = factories.user("guardian", person=anna)
    for _ in range(2):
        act.reply(thread, by(guardian), body="Kiitos")
    act.answer(thread, by(nurse), body="Kiitos")
    act.reply(thread, by(guardian), body="Kiitos")  # something has been said in between
    assert db.session.scalars(select(Post.body).order_by(Post.id)).all()[1:] == ["Kiitos"] * 3


# -- what is left behind ----------------------------------------------------------------------------


def test_reading_sets_the_receipts_of_the_reader_alone(group, nurse, by):
    anna, pekka = factories.person(), factories.person()
    aino = in_the_group(group, anna)
    also_guardian(aino, pekka)
    act.write(aino, by(nurse), **WORDS)
    thread = db.session.scalars(select(Thread)).one()
    guardian = factories.user("guardian", person=anna)
    act.reply(thread, by(guardian), body="Kiitos")

    def unread() -> set[tuple[int | None, int | None]]:
        return set(db.session.execute(
            select(Receipt.person_id, Receipt.box_id).where(Receipt.read_at.is_(None))).tuples())

    box = factories.box(group).id
    assert unread() == {(anna.id, None), (pekka.id, None), (None, box)}
    act.read(thread, by(guardian))
    assert unread() == {(pekka.id, None), (None, box)}
    act.read(thread, by(nurse, "2026-06-02"))
    assert unread() == {(pekka.id, None)}
    read = db.session.scalar(select(Receipt.read_at).where(Receipt.box_id == box))
    assert read == by(nurse, "2026-06-02").now


def test_the_journal_keeps_how_many_and_never_what(group, nurse, by):
    anna = factories.person()
    also_guardian(in_the_group(group, anna), factories.person())
    in_the_group(group)
    act.send(group, by(nurse), **WORDS)
    thread = db.session.scalars(select(Thread).order_by(Thread.id)).first()
    act.answer(thread, by(nurse), body="Salaisuus")

    lines = db.session.execute(
        select(AuditEvent.action, AuditEvent.subject, AuditEvent.facts).order_by(AuditEvent.id)).tuples().all()
    assert lines[0][:2] == ("message.send", "unit_group")
    assert {name: lines[0][2][name] for name in ("threads", "recipients")} == {"threads": 2, "recipients": 3}
    assert lines[1][:2] == ("message.answer", "thread")
    assert "Salaisuus" not in str(lines)
    assert "metsään" not in str(lines)


def test_ten_and_a_hundred_recipients_take_the_same_number_of_statements(group, director, by):
    other = factories.group(group.unit, "Ketut")
    for _ in range(10):
        in_the_group(group)
    for _ in range(100):
        in_the_group(other)
    db.session.flush()
    used = []
    for one in (group, other):
        db.session.expire_all()
        with statements() as sent:
            act.send(one, by(director), **WORDS)
            db.session.flush()
        used.append(len(sent))
    assert count(Thread) == count(Email) == 110
    assert used[0] == used[1] <= 20
