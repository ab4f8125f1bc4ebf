"""Boxes, drafts, exactly those who were seen, bulletins with copies, undoing and withdrawing, and who is away."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from evaka import city
from evaka.access import Actor
from evaka.actions import message as act
from evaka.actions.income.statement import Upload
from evaka.jobs import run
from evaka.jobs.message import DELIVER
from evaka.kit.errors import Denied, Refused
from evaka.models.backup_care import BackupCare
from evaka.models.base import HELSINKI, db
from evaka.models.city import lay_over
from evaka.models.journal import AuditEvent, Email, JobRun
from evaka.models.message import Away, Box, Folder, Message, Post, PostFile, Receipt, Thread, ThreadChild, ThreadMember
from evaka.models.person import Guardian, Person
from evaka.models.unit import Group
from evaka.rules.application import ApplicationStatus
from evaka.rules.city import TableStatus
from evaka.rules.income.statement import StatementStatus
from evaka.rules.message.audience import Chosen
from evaka.rules.message.post import BoxKind, PostKind, PostStatus
from evaka.rules.placement import CareType
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
PDF = b"%PDF-1.7 x"


def in_the_group(group: Group, *guardians: Person, end: date | None = None, **fields: Any) -> Person:
    """A child who has been in the group since August 2025."""
    first, *others = guardians or (factories.person(),)
    child = factories.child(first, **fields)
    for one in others:
        factories.save(Guardian(child_id=child.id, guardian_id=one.id))
    factories.in_group(factories.placement(child, date(2025, 8, 1), end, unit=group.unit), group)
    return child


def count(model: Any, *where: Any) -> int:
    return db.session.scalar(select(func.count(model.id)).where(*where)) or 0


def drafted(box: Box, by: Actor, chosen: Chosen, kind: PostKind = PostKind.MESSAGE, **more: Any) -> Post:
    post = act.draft(box, by, kind=kind, title="Retki", body="Huomenna menemme metsään.", chosen=chosen)
    act.save(post, by, kind=kind, title=post.title, body=post.body, chosen=chosen, **more)
    return post


def sent(box: Box, by: Actor, chosen: Chosen, kind: PostKind = PostKind.MESSAGE, **more: Any) -> Post:
    """Written, looked at and sent."""
    post = drafted(box, by, chosen, kind, **more)
    act.submit(post, by, seen=act.audience(post, by).digest)
    return post


def refusal(deed: Any) -> str:
    with pytest.raises(Refused) as no:
        deed()
    return no.value.key


def readers(thread: Thread) -> set[int]:
    return set(db.session.scalars(select(ThreadMember.person_id).where(
        ThreadMember.thread_id == thread.id, ThreadMember.person_id.is_not(None))))


@pytest.fixture
def group() -> Group:
    return factories.group(factories.unit("Metsäpolku"), "Siilit")


@pytest.fixture
def director(group: Group) -> Any:
    return factories.user("director", unit=group.unit, name="Maija Mäkelä")


@pytest.fixture
def own(director: Any) -> Box:
    return factories.box(user=director)


@pytest.fixture
def city_box() -> Box:
    return factories.box(kind=BoxKind.MUNICIPAL)


# -- acceptance: the four scenarios of messaging ----------------------------------------------------------


def test_25_one_message_to_three_children_with_other_guardians_is_one_text_in_three_threads(group, director, own, by):
    anna, pekka, mikko, liisa, outi = (factories.person() for _ in range(5))
    children = [in_the_group(group, anna, pekka), in_the_group(group, mikko, liisa), in_the_group(group, outi)]

    post = sent(own, by(director), Chosen(children=tuple(one.id for one in children)))

    assert (count(Post), count(Thread), count(Receipt), post.recipients) == (1, 3, 5, 5)
    threads = db.session.scalars(select(Thread).order_by(Thread.id)).all()
    assert {frozenset(readers(one)) for one in threads} == {
        frozenset({anna.id, pekka.id}), frozenset({mikko.id, liisa.id}), frozenset({outi.id})}
    for thread in threads:  # the second set does not see the first
        for person in (anna, mikko, outi):
            sees = db.session.scalar(select(Thread.id).where(
                Thread.id == thread.id, Thread.of_guardian(person.id, date(2026, 6, 1))))
            assert (sees is not None) == (person.id in readers(thread))


def test_26_a_sensitive_message_goes_from_a_directors_box_to_one_child_and_is_read_after_a_strong_log_in(
        group, director, own, city_box, by):
    anna = factories.person()
    one, two = in_the_group(group, anna), in_the_group(group)
    for chosen in (Chosen(children=(one.id, two.id)), Chosen(groups=(group.id,))):
        post = drafted(own, by(director), chosen, sensitive=True)
        assert refusal(lambda post=post: act.audience(post, by(director))) == "message.sensitive_to_one"
    elsewhere = drafted(factories.box(group), by(director), Chosen(children=(one.id,)), sensitive=True)
    assert refusal(lambda: act.submit(elsewhere, by(director), seen="")) == "message.sensitive_to_one"
    messenger = by(factories.user("messaging"))
    bulletin = drafted(city_box, messenger, Chosen(everybody=True), PostKind.BULLETIN, sensitive=True)
    assert refusal(lambda: act.submit(bulletin, messenger, seen="")) == "message.sensitive_to_one"

    sent(own, by(director), Chosen(children=(one.id,)), sensitive=True)

    thread = db.session.scalars(select(Thread)).one()
    guardian = factories.user("guardian", person=anna)
    weak, strong = by(guardian), Actor(guardian, by(guardian).now, strong=True)
    assert refusal(lambda: act.reply(thread, weak, body="Kiitos")) == "message.needs_strong"
    act.read(thread, weak)
    assert count(Receipt, Receipt.read_at.is_not(None)) == 0
    act.read(thread, strong)
    act.reply(thread, strong, body="Kiitos")
    assert count(Receipt, Receipt.read_at.is_not(None)) == 1
    assert count(Message) == 2


def test_27_a_directors_bulletin_is_copied_to_the_open_groups_and_the_others_who_direct(group, director, own, by):
    unit = group.unit
    ketut = factories.group(unit, "Ketut")
    closed = factories.group(unit, "Majavat", start=date(2020, 8, 1), end=date(2026, 5, 31))
    later = factories.group(unit, "Oravat", start=date(2026, 8, 1))
    teacher = factories.user("special_education_teacher", unit=unit)
    other = factories.user("director", unit=unit)
    factories.user("director", unit=factories.unit())
    in_the_group(group)

    sent(own, by(director), Chosen(units=(unit.id,)), PostKind.BULLETIN)

    copy = db.session.scalars(select(Thread).where(Thread.copy)).one()
    boxes = db.session.scalars(select(Box).join(ThreadMember, ThreadMember.box_id == Box.id)
                               .where(ThreadMember.thread_id == copy.id)).all()
    assert {one.group_id for one in boxes} - {None} == {group.id, ketut.id}
    assert not {closed.id, later.id} & {one.group_id for one in boxes}
    assert {one.user_id for one in boxes} - {None} == {teacher.id, other.id}
    staff = factories.user("staff", group=ketut)
    assert db.session.scalar(act.unread(by(staff))) == 1
    assert refusal(lambda: act.answer(copy, by(staff), body="Hei")) == "message.bulletin_closed"
    assert readers(copy) == set()  # a copy names no family

    sent(own, by(director), Chosen(groups=(group.id,)))  # an ordinary message has no copy
    sent(factories.box(group), by(director), Chosen(groups=(group.id,)), PostKind.BULLETIN)  # nor what a group writes
    assert count(Thread, Thread.copy) == 1


@pytest.mark.parametrize(("day", "moment", "goes"), [("2026-06-08", "23:59:59", True), ("2026-06-09", "00:00", False)])
def test_28_words_are_withdrawn_until_the_seventh_day_is_over(group, director, own, by, day, moment, goes):
    anna = factories.person()
    child = in_the_group(group, anna)
    post = drafted(own, by(director), Chosen(children=(child.id,)))
    act.attach(post, by(director), upload=Upload("lista.pdf", PDF))
    act.submit(post, by(director), seen=act.audience(post, by(director)).digest)
    keep()
    hour, minute, *second = map(int, moment.split(":"))
    then = Actor(director, datetime.fromisoformat(day).replace(
        hour=hour, minute=minute, second=second[0] if second else 0, tzinfo=HELSINKI))
    if not goes:
        assert refusal(lambda: act.withdraw(post, then)) == "message.withdraw_late"
        db.session.rollback()
        assert not post.withdrawn
        return
    act.withdraw(post, then)
    assert post.withdrawn
    assert post.body == "Huomenna menemme metsään."  # the sender may look at it
    assert act.original(post, then)
    assert not act.original(post, by(factories.user("guardian", person=anna)))
    assert refusal(lambda: act.withdraw(post, then)) == "workflow.wrong_state"
    waiting = db.session.execute(select(Email.person_id, Email.next_try).where(Email.person_id.is_not(None))).one()
    assert tuple(waiting) == (anna.id, None)  # the notice does not leave any more
    assert db.session.scalars(select(Email.user_id).where(Email.text == "message_withdrawn")).all() == [director.id]


def test_28_a_bulletin_of_the_city_is_never_withdrawn(group, city_box, by):
    in_the_group(group)
    messenger = by(factories.user("messaging"))
    post = sent(city_box, messenger, Chosen(everybody=True), PostKind.BULLETIN)
    assert refusal(lambda: act.withdraw(post, messenger)) == "message.withdraw_municipal"


# -- who writes from which box ----------------------------------------------------------------------------


def test_nobody_uses_the_box_of_another_not_even_the_administrator(group, director, own, by):
    in_the_group(group)
    post = drafted(own, by(director), Chosen(groups=(group.id,)))
    finance, service = (factories.box(kind=kind) for kind in (BoxKind.FINANCE, BoxKind.SERVICE))
    admin = factories.user("admin")
    for box, user in ((own, admin), (own, factories.user("director", unit=group.unit)), (finance, admin),
                      (service, admin), (finance, director), (service, factories.user("finance"))):
        with pytest.raises(Denied):
            act.draft(box, by(user), kind=PostKind.MESSAGE, title="x", body="x", chosen=Chosen())
    for user in (admin, factories.user("staff", group=group), factories.user("guardian", person=factories.person())):
        with pytest.raises(Denied):
            act.save(post, by(user), kind=PostKind.MESSAGE, title="x", body="x", chosen=Chosen())
    assert {name for name, _, _ in act.writers(by(admin))} == {"municipal", f"group-{group.id}"}
    assert [name for name, _, _ in act.writers(by(director))] == ["personal", f"group-{group.id}"]
    assert [name for name, _, _ in act.writers(by(factories.user("finance")))] == ["finance"]
    assert [name for name, _, _ in act.writers(by(factories.user("service_worker")))] == ["service"]
    assert [name for name, _, _ in act.writers(by(factories.user("staff", group=group)))] == [f"group-{group.id}"]
    assert act.writers(by(factories.user("report_viewer"))) == []


def test_a_directors_box_reaches_the_own_units_groups_and_no_others(group, director, own, by):
    here, elsewhere = in_the_group(group), factories.group(factories.unit(), "Ketut")
    there = in_the_group(elsewhere)
    ungrouped = factories.child()
    factories.placement(ungrouped, date(2025, 8, 1), unit=group.unit)
    chosen = Chosen(units=(group.unit_id, elsewhere.unit_id), groups=(elsewhere.id,), children=(there.id, ungrouped.id))
    found = act.audience(drafted(own, by(director), chosen), by(director))
    assert [circle.children for circle in found.circles] == [(here.id,)]


def test_the_filters_leave_those_who_are_meant(group, director, own, by):
    born = in_the_group(group, born=date(2022, 12, 31))
    in_the_group(group, born=date(2023, 1, 1))
    shift = in_the_group(group, born=date(2021, 5, 5))
    place = db.session.scalars(select(factories.Placement).where(factories.Placement.child_id == shift.id)).one()
    place.needs[0].shift_care = "full"
    place.care_type = CareType.PRESCHOOL
    starting = factories.child(born=date(2022, 3, 3))
    factories.in_group(factories.placement(starting, date(2026, 8, 1), unit=group.unit), group)
    db.session.flush()

    def children(**filters: Any) -> set[int]:
        found = act.audience_of(own, PostKind.MESSAGE, Chosen(units=(group.unit_id,), **filters), by(director))
        return {child for circle in found.circles for child in circle.children}

    assert children(years=(2022,)) == {born.id}
    assert children(years=(2022,), starting=True) == {born.id, starting.id}
    assert children(present=False, starting=True) == {starting.id}
    assert children(shift_care=("full",)) == children(care=("preschool",)) == {shift.id}
    assert children(shift_care=("full",), years=(2022,)) == set()
    assert children(family_day_care=True) == set()
    # a group's own box has no filters
    found = act.audience_of(factories.box(group), PostKind.MESSAGE, Chosen(groups=(group.id,), years=(2022,)),
                            by(director))
    assert found.count == 3


def test_a_child_who_goes_on_in_the_group_is_not_beginning_there(group, director, own, by):
    stays = factories.child()
    factories.in_group(factories.placement(stays, date(2025, 8, 1), date(2026, 7, 31), unit=group.unit), group)
    factories.in_group(factories.placement(stays, date(2026, 8, 1), unit=group.unit), group)
    found = act.audience_of(own, PostKind.MESSAGE, Chosen(groups=(group.id,), present=False, starting=True),
                            by(director))
    assert found.count == 0


def test_who_comes_for_a_time_later_begins_in_the_group_that_it_comes_to(group, director, own, by):
    home = factories.group(factories.unit(), "Ketut")
    comes, is_there, ended = (in_the_group(home) for _ in range(3))
    factories.backup_care(comes, group.unit, date(2026, 6, 8), date(2026, 6, 12), group)
    for start, end in ((date(2026, 5, 25), date(2026, 6, 5)), (date(2026, 6, 8), date(2026, 6, 12))):
        factories.backup_care(is_there, group.unit, start, end, group)
    factories.backup_care(ended, group.unit, date(2026, 5, 4), date(2026, 5, 8), group)

    def children(**chosen: Any) -> list[int]:
        found = act.audience_of(own, PostKind.MESSAGE, Chosen(**chosen), by(director))
        return sorted(child for circle in found.circles for child in circle.children)

    for place in ({"groups": (group.id,)}, {"units": (group.unit_id,)}):
        assert children(**place, present=False, starting=True) == [comes.id]
        assert children(**place, starting=True) == sorted([comes.id, is_there.id])
        assert children(**place) == [is_there.id]
    assert children(units=(home.unit_id,), present=False, starting=True) == []  # nobody begins at home


# -- the city -------------------------------------------------------------------------------------------


def test_a_bulletin_of_the_city_is_one_thread_in_everybodys_box(group, city_box, by, monkeypatch):
    other = factories.group(factories.unit(), "Ketut")
    blocked = factories.person()
    first = in_the_group(group)
    factories.save(Guardian(child_id=first.id, guardian_id=blocked.id, blocked=True))
    children = [first, *(in_the_group(group) for _ in range(3)), *(in_the_group(other) for _ in range(4))]
    messenger = by(factories.user("messaging"))

    post = sent(city_box, messenger, Chosen(everybody=True), PostKind.BULLETIN)

    thread = db.session.scalars(select(Thread).where(~Thread.copy)).one()
    people = {one.guardians[0].id for one in children}
    assert readers(thread) == people
    assert post.recipients == len(people) == 8
    assert count(ThreadChild) == 0
    assert set(db.session.scalars(select(Receipt.person_id).where(Receipt.person_id.is_not(None)))) == people
    assert set(db.session.scalars(select(Email.text))) == {"bulletin_waits"}
    area = sent(city_box, messenger, Chosen(areas=(other.unit.area_id,)), PostKind.BULLETIN)
    assert area.recipients == 4


def city_says(old: str, new: str) -> None:
    """From today on the city's table of messages says something else."""
    kept = city.CONFIG.joinpath("base", "city.toml").read_text(encoding="utf-8")
    table = "[messages]" + kept.partition("[messages]")[2].partition("\n\n")[0] + "\n"
    assert old in table
    factories.city_table("city", "messages", table.replace(old, new), status=TableStatus.PUBLISHED)
    keep()
    lay_over(date(2026, 6, 1))


def test_what_goes_to_many_is_accepted_at_once_and_put_into_the_boxes_by_the_job(group, city_box, by):
    city_says("at_once = 500", "at_once = 3")
    for _ in range(5):
        in_the_group(group)
    messenger = by(factories.user("messaging"))
    post = sent(city_box, messenger, Chosen(everybody=True), PostKind.BULLETIN)
    keep()
    assert (post.status, count(Receipt)) == (PostStatus.WAITING, 0)
    assert db.session.scalars(select(JobRun.job).where(JobRun.status == "queued")).all() == ["message.deliver"]

    assert run(DELIVER, by(None)).done == 1
    assert run(DELIVER, by(None)).done == 0
    assert post.status is PostStatus.SENT
    assert count(Receipt, Receipt.person_id.is_not(None)) == 5


# -- drafts and moments -----------------------------------------------------------------------------------


def test_a_draft_is_kept_as_it_was_typed_and_the_journal_does_not_tell_it(group, director, own, by):
    post = act.draft(own, by(director), kind=PostKind.MESSAGE, title="", body="  Kes", chosen=Chosen())
    act.attach(post, by(director), upload=Upload("kuva.png", b"\x89PNG\r\n\x1a\n x"))
    for content, why in ((b"MZ", "kind_wrong"), (b"", "empty")):
        upload = Upload("x.pdf", content)
        assert refusal(lambda upload=upload: act.attach(post, by(director), upload=upload)) == f"document.paper_{why}"
    keep()
    assert (post.body, [one.name for one in post.files]) == ("  Kes", ["kuva.png"])
    assert "Kes" not in str(db.session.scalars(select(AuditEvent.facts)).all())
    act.detach(post, by(director), file=post.files[0])
    act.discard(post, by(director))
    assert (count(Post), count(PostFile)) == (0, 0)


def test_a_file_of_a_message_that_a_request_cannot_carry_is_refused_in_a_sentence(app, own, director, by):
    post = act.draft(own, by(director), kind=PostKind.MESSAGE, title="", body="", chosen=Chosen())
    most = app.config["MAX_CONTENT_LENGTH"] - 1024 * 1024  # what else a form carries takes room too
    upload = Upload("kuva.pdf", PDF + b" " * most)
    assert refusal(lambda: act.attach(post, by(director), upload=upload)) == "document.paper_large"


def test_only_what_was_seen_is_sent_and_once(group, director, own, by):
    in_the_group(group)
    post = drafted(own, by(director), Chosen(groups=(group.id,)))
    seen = act.audience(post, by(director)).digest
    in_the_group(group)
    keep()
    assert refusal(lambda: act.submit(post, by(director), seen=seen)) == "message.audience_changed"
    db.session.rollback()
    act.submit(post, by(director), seen=act.audience(post, by(director)).digest)
    again = drafted(own, by(director), Chosen(groups=(group.id,)))
    seen = act.audience(again, by(director)).digest
    assert refusal(lambda: act.submit(again, by(director), seen=seen)) == "message.already_sent"


def test_a_scheduled_letter_waits_for_its_day_and_goes_to_who_belongs_there_then(group, director, own, by):
    leaves = in_the_group(group, end=date(2026, 6, 2))
    post = drafted(own, by(director), Chosen(groups=(group.id,)))
    seen = act.audience(post, by(director)).digest
    keep()
    for wrong in (by(director).now, by(director).now + timedelta(days=400)):
        assert refusal(lambda wrong=wrong: act.submit(post, by(director), seen=seen, send_at=wrong)) \
            == "message.send_at_wrong"
        db.session.rollback()
    at = datetime(2026, 6, 3, 8, tzinfo=HELSINKI)
    act.submit(post, by(director), seen=seen, send_at=at)
    keep()
    assert run(DELIVER, Actor(None, at - timedelta(minutes=1))).done == 0
    stays, comes = in_the_group(group), in_the_group(group)
    keep()

    assert run(DELIVER, Actor(None, at)).done == 1

    got = set(db.session.scalars(select(Receipt.person_id)))
    assert got == {stays.guardians[0].id, comes.guardians[0].id}
    assert leaves.guardians[0].id not in got
    assert (post.status, post.seen_count, post.recipients) == (PostStatus.SENT, 1, 2)


def test_a_scheduled_letter_of_somebody_who_may_not_write_any_more_becomes_a_draft_that_says_why(
        group, director, own, by):
    in_the_group(group)
    post = drafted(own, by(director), Chosen(groups=(group.id,)))
    at = datetime(2026, 6, 3, 8, tzinfo=HELSINKI)
    act.submit(post, by(director), seen=act.audience(post, by(director)).digest, send_at=at)
    director.grants[0].end = date(2026, 6, 2)
    keep()
    run(DELIVER, Actor(None, at))
    assert (post.status, post.failed, count(Thread)) == (PostStatus.DRAFT, "access.denied", 0)


def test_for_a_short_while_sending_is_undone_as_if_it_never_was(group, director, own, by):
    for _ in range(3):
        in_the_group(group)
    post = sent(own, by(director), Chosen(groups=(group.id,)), PostKind.BULLETIN)
    later = Actor(director, by(director).now + timedelta(seconds=60))
    keep()
    act.undo(post, later)
    assert [count(one) for one in (Thread, ThreadMember, ThreadChild, Message, Receipt, Email)] == [0] * 6
    assert post.status is PostStatus.DRAFT
    act.submit(post, later, seen=act.audience(post, later).digest)  # the same words may go after all
    too_late = Actor(director, later.now + timedelta(seconds=61))
    assert refusal(lambda: act.undo(post, too_late)) == "message.undo_late"


def test_what_was_answered_is_not_undone(group, director, own, by):
    anna = factories.person()
    child = in_the_group(group, anna)
    post = sent(own, by(director), Chosen(children=(child.id,)))
    act.reply(db.session.scalars(select(Thread)).one(), by(factories.user("guardian", person=anna)), body="Kiitos")
    assert refusal(lambda: act.undo(post, by(director))) == "message.undo_answered"


# -- cases ------------------------------------------------------------------------------------------------


def test_the_service_guidance_writes_to_who_applies_until_the_application_is_decided(by):
    application = factories.application(status=ApplicationStatus.WAITING_PLACEMENT)
    anna = application.guardian
    worker, box = by(factories.user("service_worker")), factories.box(kind=BoxKind.SERVICE)
    stranger = factories.person()
    post = drafted(box, worker, Chosen(people=(anna.id, stranger.id)), application=application.id)
    act.submit(post, worker, seen=act.audience(post, worker).digest)
    thread = db.session.scalars(select(Thread)).one()
    assert readers(thread) == {anna.id}  # nobody who has not sent that application
    assert thread.application_id == application.id
    assert db.session.scalars(select(ThreadChild.child_id)).all() == [application.child_id]
    guardian = by(factories.user("guardian", person=anna))
    act.reply(thread, guardian, body="Kiitos")
    assert db.session.scalar(act.unread(worker)) == 1
    application.status = ApplicationStatus.ACTIVE
    assert refusal(lambda: act.reply(thread, guardian, body="Vielä")) == "message.application_over"
    assert refusal(lambda: act.answer(thread, worker, body="Vielä")) == "message.application_over"


def test_of_fees_one_person_is_written_to_who_answers_while_the_office_asks(by):
    anna = factories.person()
    clerk, box = by(factories.user("finance")), factories.box(kind=BoxKind.FINANCE)
    sent(box, clerk, Chosen(people=(anna.id,)), sensitive=True)
    thread = db.session.scalars(select(Thread)).one()
    assert thread.head_id == anna.id
    user = factories.user("guardian", person=anna)
    later = Actor(user, datetime(2026, 7, 3, 12, tzinfo=HELSINKI), strong=True)
    assert refusal(lambda: act.reply(thread, later, body="Hei")) == "message.fees_over"
    factories.statement(anna, status=StatementStatus.SENT)
    act.reply(thread, later, body="Hei")
    assert count(Message) == 2


# -- guardians begin --------------------------------------------------------------------------------------


def test_a_guardian_writes_to_the_group_the_director_and_the_other_guardian_and_to_nobody_else(group, director, by):
    anna, pekka, mikko = factories.person(), factories.person(), factories.person()
    aino, eino = in_the_group(group, anna, pekka), in_the_group(group, anna, mikko)
    factories.user("staff", group=group)
    other = factories.group(group.unit, "Ketut")
    by_anna = by(factories.user("guardian", person=anna))
    offered = act.recipients(anna.id, (aino.id,), date(2026, 6, 1))
    assert set(offered.known()) == {f"group-{group.id}", f"user-{director.id}", f"person-{pekka.id}"}
    both = act.recipients(anna.id, (aino.id, eino.id), date(2026, 6, 1))
    assert both.people == ()  # nobody else is a guardian of both

    def begin(*to: str, children: tuple[int, ...] = (aino.id,)) -> Thread:
        return act.begin(anna, by_anna, title="Huomenna", body="Tulemme myöhemmin.", children=children, to=to)

    thread = begin(f"group-{group.id}", f"user-{director.id}", f"person-{pekka.id}")
    assert readers(thread) == {anna.id, pekka.id}
    assert db.session.scalar(act.unread(by(director))) == 2  # in the group's box and in the own one
    act.answer(thread, by(director), body="Selvä")
    assert refusal(lambda: begin(f"group-{other.id}")) == "message.recipient_unknown"
    assert refusal(lambda: begin(f"person-{mikko.id}")) == "message.recipient_unknown"
    assert refusal(lambda: begin(f"person-{pekka.id}")) == "message.choose_staff"
    stranger = in_the_group(group)
    assert refusal(lambda: begin(f"group-{group.id}", children=(stranger.id,))) == "message.one_unit"
    with pytest.raises(Denied):  # nobody of the office writes in a guardian's name
        act.begin(anna, by(factories.user("admin")), title="x", body="x", children=(aino.id,), to=("x",))
    with pytest.raises(Denied):
        act.begin(pekka, by_anna, title="x", body="x", children=(aino.id,), to=(f"group-{group.id}",))


def test_what_a_guardian_writes_twice_on_a_day_is_one_conversation(group, director, by):
    anna = factories.person()
    aino = in_the_group(group, anna)
    guardian, boxes = by(factories.user("guardian", person=anna)), (f"group-{group.id}", f"user-{director.id}")

    def begin(
        actor: Actor = guardian, body: str = "Tulemme myöhemmin.", to: tuple[str, ...] = boxes, **more: Any,
    ) -> Thread:
        return act.begin(anna, actor, title="Huomenna", body=body, children=(aino.id,), to=to, **more)

    begin()
    assert refusal(begin) == "message.already_sent"
    assert refusal(lambda: begin(body="Tulemme myöhemmin. ", to=boxes[::-1])) == "message.already_sent"
    assert count(Thread) == 1
    begin(body="Tulemme sittenkin ajoissa.")
    begin(to=boxes[:1])
    begin(uploads=(Upload("lippu.pdf", PDF),))
    begin(by(guardian.user, "2026-06-02"))
    assert count(Thread) == 5


def test_a_guardian_may_write_from_two_weeks_before_the_place_begins(group, by):
    anna = factories.person()
    child = factories.child(anna)
    factories.in_group(factories.placement(child, date(2026, 8, 15), unit=group.unit), group)
    assert act.children_to_write_about(anna.id, date(2026, 7, 31)) == {}
    assert list(act.children_to_write_about(anna.id, date(2026, 8, 1))) == [child.id]


def test_who_is_away_answers_once_and_is_told_beforehand(group, director, own, by):
    anna = factories.person()
    child = in_the_group(group, anna)
    act.set_away(own, by(director), start=date(2026, 6, 1), end=date(2026, 6, 5), reply="Olen lomalla.")
    assert refusal(lambda: act.set_away(own, by(director), start=date(2026, 6, 5), end=date(2026, 6, 9), reply="")) \
        == "message.away_twice"
    assert refusal(lambda: act.set_away(own, by(director), start=date(2026, 5, 5), end=date(2026, 5, 9), reply="")) \
        == "message.away_past"
    guardian = by(factories.user("guardian", person=anna))
    thread = act.begin(anna, guardian, title="Hei", body="Hei", children=(child.id,), to=(f"user-{director.id}",))
    act.reply(thread, guardian, body="Vielä")
    bodies = db.session.scalars(select(Post.body).order_by(Post.id)).all()
    assert bodies == ["Hei", "Olen lomalla.", "Vielä"]
    assert [one.reply for one in db.session.scalars(act.away_on([own.id], date(2026, 5, 25)))] == ["Olen lomalla."]
    assert count(Away) == 1


# -- boxes in use -----------------------------------------------------------------------------------------


def test_staff_read_a_groups_box_from_a_week_before_they_began(group, director, by):
    anna = factories.person()
    in_the_group(group, anna)
    user = factories.user("staff", group=group)
    user.grants[0].start = date(2026, 5, 20)
    box = factories.box(group)
    old = factories.thread(box, [anna], writer=anna, at=datetime(2026, 5, 12, 23, tzinfo=HELSINKI))
    new = factories.thread(box, [anna], writer=anna, at=datetime(2026, 5, 13, tzinfo=HELSINKI))
    for one, expected in ((by(user), {new.id}), (by(director), {old.id, new.id})):
        assert set(db.session.scalars(select(ThreadMember.thread_id).where(act.seen(one)))) == expected
        assert db.session.scalar(act.unread(one)) == len(expected)


def test_the_archive_folders_and_unread_marks_are_each_boxs_own(group, director, own, by):
    anna = factories.person()
    child = in_the_group(group, anna)
    guardian = by(factories.user("guardian", person=anna))
    thread = act.begin(anna, guardian, title="Hei", body="Hei", children=(child.id,), to=(f"group-{group.id}",))
    act.add_folder(factories.box(group), by(director), name="Kevät")
    assert refusal(lambda: act.add_folder(factories.box(group), by(director), name="Kevät")) == "message.name_taken"
    [folder] = db.session.scalars(act.folders_of(thread, by(director))).all()
    act.file(thread, by(director), folder=folder)
    with pytest.raises(Denied):
        act.file(thread, guardian, folder=folder)
    mine = db.session.scalars(select(ThreadMember).where(ThreadMember.person_id == anna.id)).one()
    theirs = db.session.scalars(select(ThreadMember).where(ThreadMember.box_id.is_not(None))).one()
    assert (mine.folder_id, theirs.folder_id) == (None, folder.id)
    act.archive(thread, guardian)
    db.session.refresh(mine)
    db.session.refresh(theirs)
    assert (mine.archived, theirs.archived) == (True, False)
    act.read(thread, by(director))
    act.mark_unread(thread, by(director))
    assert db.session.scalar(act.unread(by(director))) == 1
    act.answer(thread, by(director), body="Hei vain")  # brings it back out of the guardian's archive
    db.session.refresh(mine)
    assert not mine.archived


def test_a_guardian_chooses_the_own_notices_and_nobody_elses(group, director, own, by):
    anna, pekka = factories.person(), factories.person()
    child = in_the_group(group, anna, pekka)
    guardian = by(factories.user("guardian", person=anna))
    act.choose_notices(anna, guardian, wanted=["bulletins"])
    with pytest.raises(Denied):
        act.choose_notices(pekka, guardian, wanted=[])
    with pytest.raises(Denied):
        act.choose_notices(anna, by(factories.user("admin")), wanted=[])
    sent(own, by(director), Chosen(children=(child.id,)))
    assert db.session.scalars(select(Email.person_id)).all() == [pekka.id]


def test_two_who_use_a_box_first_make_one(database, group, director, by):
    assert act.box_of(BoxKind.GROUP, group_id=group.id).id == act.box_of(BoxKind.GROUP, group_id=group.id).id
    with pytest.raises(sa.exc.IntegrityError):
        factories.save(Box(kind=BoxKind.GROUP, group_id=group.id))


# -- in back-up care ----------------------------------------------------------------------------------------


@pytest.fixture
def guest(group: Group) -> Any:
    """A child of another unit's group who is in this one from 1.6. to 12.6.2026, and the own group."""
    home = factories.group(factories.unit("Koti"), "Ketut")
    child = in_the_group(home, factories.person())
    factories.backup_care(child, group.unit, date(2026, 6, 1), date(2026, 6, 12), group)
    return SimpleNamespace(child=child, guardian=child.guardians[0], home=home)


def test_who_comes_for_a_time_is_written_to_with_the_group_on_those_days_alone(group, director, own, guest, by):
    for box, chosen in ((factories.box(group), Chosen(groups=(group.id,))), (own, Chosen(units=(group.unit_id,))),
                        (own, Chosen(children=(guest.child.id,)))):
        post = drafted(box, by(director), chosen)
        assert act.audience(post, by(director)).guardians == {guest.guardian.id}
        for day in ("2026-05-31", "2026-06-13"):
            assert act.audience(post, by(director, day)).guardians == set()


def test_a_child_who_is_elsewhere_is_not_meant_by_its_group_but_may_be_named(group, guest, city_box, by):
    away = by(factories.user("director", unit=guest.home.unit))
    box = factories.box(guest.home)
    post = drafted(box, away, Chosen(groups=(guest.home.id,)))
    assert act.audience(post, away).guardians == set()
    assert db.session.scalars(act.elsewhere(post, away)).all() == [guest.child.id]
    named = drafted(box, away, Chosen(groups=(guest.home.id,), children=(guest.child.id,)))
    assert act.audience(named, away).guardians == {guest.guardian.id}
    assert db.session.scalars(act.elsewhere(named, away)).all() == []
    messenger = by(factories.user("messaging"))
    bulletin = drafted(city_box, messenger, Chosen(units=(guest.home.unit_id,)), PostKind.BULLETIN)
    assert act.audience(bulletin, messenger).guardians == set()
    bulletin.audience = Chosen(everybody=True).kept()
    assert act.audience(bulletin, messenger).guardians == {guest.guardian.id}


def test_a_guest_without_a_group_is_reached_from_the_directors_box_by_unit_and_not_from_a_groups(
        group, director, own, guest, by):
    db.session.execute(sa.update(BackupCare).values(group_id=None))
    unit = drafted(own, by(director), Chosen(units=(group.unit_id,)))
    assert act.audience(unit, by(director)).guardians == {guest.guardian.id}
    of_group = drafted(factories.box(group), by(director), Chosen(groups=(group.id,)))
    assert act.audience(of_group, by(director)).guardians == set()


def test_a_guardian_writes_to_the_unit_that_the_child_comes_to_and_both_answer_while_it_is_there(
        group, director, guest, by):
    guardian = factories.user("guardian", person=guest.guardian)
    offered = act.recipients(guest.guardian.id, (guest.child.id,), date(2026, 6, 1))
    assert {f"group-{group.id}", f"user-{director.id}", f"group-{guest.home.id}"} <= set(offered.known())
    thread = act.begin(guest.guardian, by(guardian), title="Uninalle", body="Se jäi kotiin.",
                       children=(guest.child.id,), to=(f"group-{group.id}",))
    act.answer(thread, by(director), body="Meillä on lainanalle.")
    act.reply(thread, by(guardian, "2026-07-13"), body="Kiitos.")  # 31 days after the last day there
    assert refusal(lambda: act.reply(thread, by(guardian, "2026-07-14"), body="Vielä.")) == "message.closed"
    later = act.recipients(guest.guardian.id, (guest.child.id,), date(2026, 6, 13))
    assert f"group-{group.id}" not in later.known()


def test_a_childs_button_writes_from_the_group_in_which_the_actor_works(group, guest, by):
    host, home = (factories.user("staff", unit=one.unit, group=one) for one in (group, guest.home))
    for user, its in ((host, group), (home, guest.home)):
        act.write(guest.child, by(user), title="Hei", body=f"Ryhmästä {its.name}")
        assert db.session.scalars(select(Post).order_by(Post.id.desc())).first().box.group_id == its.id


# -- boxes of somebody's own -----------------------------------------------------------------------------------


def test_what_waits_is_counted_box_by_box_and_not_for_who_only_reaches_all(group, director, own, by):
    anna = factories.person()
    child = in_the_group(group, anna)
    act.begin(anna, by(factories.user("guardian", person=anna)), title="Hei", body="Hei", children=(child.id,),
              to=(f"group-{group.id}", f"user-{director.id}"))
    counted = dict(db.session.execute(act.unread_by_box(by(director))).tuples().all())
    assert counted == {own.id: 1, factories.box(group).id: 1}
    assert db.session.scalar(act.unread(by(factories.user("admin")))) == 0


def test_a_letter_lies_in_the_folder_that_was_chosen_for_it(group, director, own, by):
    child = in_the_group(group)
    act.add_folder(own, by(director), name="Retket")
    act.add_folder(factories.box(group), by(director), name="Ryhmän")
    mine = db.session.scalars(select(Folder).where(Folder.box_id == own.id)).one()
    other = db.session.scalars(select(Folder).where(Folder.box_id != own.id)).one()
    sent(own, by(director), Chosen(children=(child.id,)), folder=mine.id)
    member = db.session.scalars(select(ThreadMember).where(ThreadMember.box_id == own.id)).one()
    assert member.folder_id == mine.id
    assert drafted(own, by(director), Chosen(), folder=other.id).folder_id is None  # another box's
    draft = drafted(own, by(director), Chosen(), folder=mine.id)
    act.drop_folder(own, by(director), folder=mine.id)
    db.session.refresh(draft)
    assert draft.folder_id is None


def test_of_a_withdrawn_answer_the_director_and_the_administrator_are_told(group, director, by):
    anna = factories.person()
    child = in_the_group(group, anna)
    admin, nurse = factories.user("admin"), factories.user("staff", unit=group.unit, group=group)
    thread = act.begin(anna, by(factories.user("guardian", person=anna)), title="Hei", body="Hei",
                       children=(child.id,), to=(f"group-{group.id}",))
    act.answer(thread, by(nurse), body="Väärälle perheelle")
    answer = db.session.scalars(select(Post).order_by(Post.id.desc())).first()
    act.withdraw(answer, by(nurse))
    told = set(db.session.scalars(select(Email.user_id).where(Email.text == "message_withdrawn")))
    assert told == {director.id, admin.id, nurse.id}


def test_only_the_owner_of_a_personal_box_is_told_by_mail(group, director, own, by):
    assert refusal(lambda: act.set_mails(factories.box(group), by(director), mails=True)) == "message.mails_own_only"
    with pytest.raises(Denied):
        act.set_mails(own, by(factories.user("admin")), mails=True)
    act.set_mails(own, by(director), mails=True)
    assert own.mails
