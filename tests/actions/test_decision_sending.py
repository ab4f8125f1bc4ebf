"""Decisions sent many at once, put into the post, handed to Suomi.fi, and answered by two at the same moment."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date
from hashlib import sha256
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from sqlalchemy.orm.exc import StaleDataError

from evaka import city
from evaka.access import Actor
from evaka.actions import decision as act
from evaka.actions.decision import dispatch, sending
from evaka.actions.decision.draft import draft_for
from evaka.actions.placement import proposal
from evaka.jobs import JOBS, run
from evaka.kit.errors import Denied, Refused
from evaka.models.application import Application
from evaka.models.base import db, transaction
from evaka.models.decision import Decision
from evaka.models.decision.dispatch import Delivery
from evaka.models.decision.sending import SendingItem
from evaka.models.document import Document
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import Guardian
from evaka.models.placement import Placement
from evaka.models.user import User
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import Channel, DecisionStatus
from evaka.rules.decision.delivery import DeliveryState, DispatchStatus, ItemState, SendingStatus
from evaka.rules.placement import CareType, PlanStatus
from tests import factories
from tests.conftest import NOON, keep
from tests.jobs.families import killed
from tests.letters.reading import pages

pytestmark = pytest.mark.usefixtures("database")
START = date(2026, 8, 10)


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker", name="Pirjo Ohjaaja"))


def ready(log_in: bool = True, **fields):
    """An application that the unit has confirmed; the mother has a log-in."""
    mother = fields.pop("guardian", None) or factories.person()
    if log_in:
        factories.user("guardian", person=mother)
    child = factories.child(mother)
    row = factories.application(child, status=ApplicationStatus.WAITING_CONFIRMATION, **fields)
    planned = factories.plan(row, status=PlanStatus.CONFIRMED)
    draft_for(row, planned, Actor(None, NOON))
    return row


def sent():
    rows = sa.select(Decision).where(Decision.status == DecisionStatus.SENT).order_by(Decision.number)
    return db.session.scalars(rows).all()


def items(made):
    db.session.expire_all()
    rows = sa.select(SendingItem).where(SendingItem.sending_id == made.id).order_by(SendingItem.id)
    return {one.application_id: (one.state, one.channel, one.trouble) for one in db.session.scalars(rows)}


def begun(worker, **chosen):
    made = sending.begin(worker, **chosen)
    keep()
    return made


# -- the preview, and sending -----------------------------------------------------------------------


def test_what_would_go_is_shown_and_nothing_has_left(worker):
    service, post = ready(), ready(log_in=False)
    nobody = ready()
    for guardian in db.session.scalars(sa.select(factories.Guardian).where(
        factories.Guardian.child_id == nobody.child_id)):
        guardian.blocked = True
    factories.application(status=ApplicationStatus.WAITING_DECISION)  # without a plan
    made = begun(worker)
    assert items(made) == {
        service.id: (ItemState.WAITING, Channel.PORTAL, ""),
        post.id: (ItemState.WAITING, Channel.POST, ""),
        nobody.id: (ItemState.EXCEPTION, None, "decision.nobody_to_tell"),
    }
    assert not sent()
    with pytest.raises(Refused, match="sending.nothing_ready"):  # they are in that set already
        sending.begin(worker)


def test_a_set_is_sent_numbered_without_gaps_and_kept(worker, by):
    applications = [ready(), ready(log_in=False), ready()]
    made = begun(worker)
    sending.approve(made, worker)
    keep()
    run(JOBS["decision.send"], by(day="2026-06-01"))
    decisions = sent()
    assert [one.number for one in decisions] == [1, 2, 3]
    assert {one.decided_by for one in decisions} == {"Pirjo Ohjaaja"}
    assert [one.channel for one in decisions] == [Channel.PORTAL, Channel.POST, Channel.PORTAL]
    for one in decisions:
        paper = db.session.get(Document, one.document_id)
        assert sha256(paper.content).hexdigest() == paper.digest
        assert f"Päätöksen numero {one.number} " in " ".join(pages(paper.content))
        assert one.seen["unit"] == str(one.unit)
        assert len(one.seen["months"]) == 12
        others = [wish.unit.name for wish in one.application.preferences if wish.unit_id != one.unit_id]
        assert [other["unit"] for other in one.seen["wished"]] == others
    states = [db.session.get(Application, one.id).status for one in applications]
    assert states == [ApplicationStatus.WAITING_GUARDIAN, ApplicationStatus.WAITING_MAILING,
                      ApplicationStatus.WAITING_GUARDIAN]
    assert {state for state, _, _ in items(made).values()} == {ItemState.SENT}
    assert len(db.session.scalars(sa.select(Email.id).where(Email.text == "decision_waits")).all()) == 2
    run(JOBS["decision.send"], by(day="2026-06-01"))
    assert len(sent()) == 3


def test_a_missing_reason_of_the_season_stops_those_and_no_others(worker, by):
    unready = ready(start=date(2026, 8, 10))
    with city.trying("reasons", "daycare_place", city.read("reasons")["daycare_place"] | {"ready": False}):
        made = sending.begin(worker)
        assert items(made)[unready.id] == (ItemState.EXCEPTION, None, "decision.reason_not_ready")
    sending.retry(made, worker)
    assert items(made)[unready.id] == (ItemState.WAITING, Channel.PORTAL, "")


def test_of_one_application_all_decisions_go_or_none(worker, by):
    row = ready(service_need="preschool_daycare")
    planned = db.session.scalars(sa.select(factories.PlacementPlan)).one()
    planned.care_type, planned.service_need = CareType.PRESCHOOL_DAYCARE, "preschool_daycare"
    planned.start, planned.end = date(2026, 8, 1), date(2027, 7, 31)
    drafts = draft_for(row, planned, worker)
    assert [(one.kind, str(one.period), one.planned) for one in drafts] == [
        ("preschool", "11.8.2026–5.6.2027", True), ("preschool_daycare", "1.8.2026–31.7.2027", True)]
    drafts[1].reason_keys = ["gone"]  # what one of them lacks, both lack
    made = begun(worker)
    assert items(made)[row.id][2] == "decision.reason_not_offered"
    drafts = db.session.scalars(sa.select(Decision).order_by(Decision.id)).all()
    drafts[1].reason_keys = []
    keep()
    sending.retry(made, worker)
    sending.approve(made, worker)
    keep()
    run(JOBS["decision.send"], by(day="2026-06-01"))
    assert [(one.kind, one.number) for one in sent()] == [("preschool", 1), ("preschool_daycare", 2)]
    # pre-primary education has two weeks for a claim, and the state's authority revises; day care has its own body
    letters = [" ".join(pages(one.document.content)) for one in sent()]
    assert ("Lupa- ja valvontavirasto" in letters[0], "Harjulan kasvatus" in letters[1]) == (True, True)
    assert [one.appeal_due for one in sent()] == [date(2026, 6, 18), date(2026, 7, 6)]


def test_a_draft_that_nobody_asked_for_is_not_sent(worker):
    row = ready()
    planned = db.session.scalars(sa.select(factories.PlacementPlan)).one()
    planned.care_type, planned.service_need = CareType.PRESCHOOL, "preschool"
    draft_for(row, planned, worker)
    act.send_decision(row, worker)
    assert [(one.kind, one.status) for one in db.session.scalars(sa.select(Decision))] == [
        ("preschool", DecisionStatus.SENT)]


def test_who_was_changed_meanwhile_is_planned_anew(worker, by):
    first, second = ready(), ready()
    made = begun(worker)
    sending.approve(made, worker)
    act.send_decision(first, worker)  # somebody sends one of them by hand
    keep()
    run(JOBS["decision.send"], by(day="2026-06-01"))
    assert [(one.application_id, one.number) for one in sent()] == [(first.id, 1), (second.id, 2)]
    assert items(made)[first.id][0] is ItemState.EXCEPTION


def test_a_director_does_not_send_decisions(by):
    ready()
    with pytest.raises(Denied):
        sending.begin(by(factories.user("director", unit=factories.unit())))


MANY = 30


def test_a_killed_sending_is_gone_on_with_and_nothing_is_doubled_or_lost(app, by, worker):
    for _ in range(MANY):
        ready()
    made = begun(worker)
    sending.approve(made, worker)
    keep()

    def done() -> int:
        db.session.rollback()
        return db.session.scalar(sa.select(sa.func.count(Document.id)))

    url, data = app.config["SQLALCHEMY_DATABASE_URI"], app.config["DATA"]
    assert 0 < killed(url, data, "decision.send", "2026-06-01", done, 4) < MANY
    run(JOBS["decision.send"], by(day="2026-06-01"))
    assert [one.number for one in sent()] == list(range(1, MANY + 1))
    assert len({one.document_id for one in sent()}) == done() == MANY
    assert len(db.session.scalars(sa.select(Delivery.id)).all()) == MANY
    assert {state for state, _, _ in items(made).values()} == {ItemState.SENT}
    lines = sa.select(sa.func.count(AuditEvent.id)).where(AuditEvent.action == "decision.send")
    assert db.session.scalar(lines) == MANY


def test_a_closed_set_sends_nothing_more(worker, by):
    ready()
    made = begun(worker)
    sending.approve(made, worker)
    sending.close(made, worker)
    keep()
    run(JOBS["decision.send"], by(day="2026-06-01"))
    assert not sent()
    with pytest.raises(Refused, match="sending.closed"):
        sending.retry(made, worker)
    assert made.status is SendingStatus.CLOSED


# -- the post, and Suomi.fi -------------------------------------------------------------------------


def test_letters_of_a_day_are_one_file_and_are_dated_on_it(worker, by):
    mother = factories.person(first_name="Maija", street="Koivukatu 13")
    father = factories.person(first_name="Pekka", restricted=True, street="Salakatu 1")
    one, other = ready(guardian=mother, log_in=False), ready(guardian=father, log_in=False)
    for row in (one, other):
        act.print_decision(row, worker)
    assert dispatch.how_many(Channel.POST) == 2
    made = dispatch.make(worker, channel=Channel.POST, day=date(2026, 6, 3))
    printed = pages(made.content)
    assert "Koivukatu 13" in printed[0]
    assert "Salakatu" not in " ".join(printed)
    assert sum("turvakiellon alainen" in page for page in printed) == 1
    assert "3.6.2026" in " ".join(printed)  # set anew for the day on which they go
    # received on the seventh day, 10.6.; two weeks to answer end on the 24th; 30 days to claim on the 10th of July
    assert [(row.answer_due, row.appeal_due) for row in sent()] == [(date(2026, 6, 24), date(2026, 7, 10))] * 2
    assert len(db.session.scalars(sa.select(Document.id)).all()) == 2  # what was given to nobody is not kept
    assert made.digest == sha256(made.content).hexdigest()
    with pytest.raises(Refused, match="dispatch.day_to_come"), db.session.begin_nested():
        dispatch.mail(made, worker)
    dispatch.mail(made, by(worker.user, "2026-06-03"))
    assert {row.application.status for row in sent()} == {ApplicationStatus.WAITING_GUARDIAN}
    rows = db.session.scalars(sa.select(Delivery)).all()
    assert {(row.state, row.proof) for row in rows} == {
        (DeliveryState.SENT, f"Postituserä {made.id}, 3.6.2026")}


def test_a_letter_that_is_dated_anew_leaves_the_paper_that_somebody_has_had(worker, by):
    mother = factories.person()
    father = factories.person()
    factories.user("guardian", person=father)  # reads the copy in the service, from the day on which it was sent
    row = ready(guardian=mother, log_in=False)
    db.session.add(Guardian(child=row.child, guardian=father))
    db.session.flush()
    act.print_decision(row, worker)
    read = {one.person_id: one.document for one in db.session.scalars(sa.select(Delivery))}
    served, digest = read[father.id].id, read[father.id].digest
    dispatch.make(worker, channel=Channel.POST, day=date(2026, 6, 3))
    db.session.expire_all()
    now = {one.person_id: one.document_id for one in db.session.scalars(sa.select(Delivery))}
    assert now[father.id] == served
    assert db.session.get_one(Document, served).digest == digest
    assert now[mother.id] == sent()[0].document_id != served


def test_a_copy_that_goes_later_leaves_the_letter_and_the_times_of_whom_it_is_addressed_to(worker, by):
    mother, father = factories.person(), factories.person()
    row = ready(guardian=mother, log_in=False)
    db.session.add(Guardian(child=row.child, guardian=father))
    db.session.flush()
    act.print_decision(row, worker)
    made = dispatch.make(worker, channel=Channel.POST, day=date(2026, 6, 2))
    dispatch.mail(made, by(worker.user, "2026-06-02"))
    [copy] = db.session.scalars(sa.select(Delivery).where(Delivery.person_id == father.id))
    copy.state, copy.dispatch_id = DeliveryState.WAITING, None  # came back: the address was wrong
    db.session.flush()
    [decision] = sent()
    before = decision.document_id, decision.answer_due, decision.appeal_due, decision.sent_at
    dispatch.make(by(worker.user, "2026-06-04"), channel=Channel.POST, day=date(2026, 6, 5))
    db.session.expire_all()
    assert (decision.document_id, decision.answer_due, decision.appeal_due, decision.sent_at) == before
    assert {one.document_id for one in db.session.scalars(sa.select(Delivery))} == {before[0]}


def test_a_withdrawn_dispatch_lets_its_letters_wait_again(worker, by):
    act.print_decision(ready(log_in=False), worker)
    made = dispatch.make(worker, channel=Channel.POST, day=date(2026, 6, 1))
    with pytest.raises(Refused, match="dispatch.nothing_waits"), db.session.begin_nested():
        dispatch.make(worker, channel=Channel.POST, day=date(2026, 6, 1))
    dispatch.withdraw(made, worker)
    again = dispatch.make(worker, channel=Channel.POST, day=date(2026, 6, 2))
    assert (made.status, again.count) == (DispatchStatus.WITHDRAWN, 1)


@pytest.mark.parametrize(("channel", "day", "key"), [
    (Channel.PORTAL, date(2026, 6, 1), "dispatch.no_such_channel"),
    (Channel.POST, date(2026, 5, 31), "dispatch.day_outside"),
    (Channel.POST, date(2026, 6, 16), "dispatch.day_outside"),
    (Channel.POST, date(2026, 6, 1), "dispatch.nothing_waits"),
])
def test_what_cannot_be_made_is_said(worker, channel, day, key):
    with pytest.raises(Refused, match=key):
        dispatch.make(worker, channel=channel, day=day)


def test_a_letter_that_is_not_of_today_is_not_marked_as_posted_by_itself(worker, by):
    row = ready(log_in=False)
    act.print_decision(row, worker)
    with pytest.raises(Refused, match="decision.letter_of_other_day"):
        act.mail(row, by(worker.user, "2026-06-02"))


def test_messages_for_suomi_fi_are_prepared_and_named_so_that_none_goes_twice(worker):
    mother = factories.person(identity_code="010190-900P")
    with city.trying("city", "decision", city.read("city")["decision"] | {"suomi_fi": True}):
        row = ready(guardian=mother, log_in=False)
        made = sending.begin(worker)
        assert items(made)[row.id][1] is Channel.MESSAGE
        made_plan = act.plan([row.id], worker)
        act.save(made_plan, [b"%PDF-1.4 x"], worker)
        file = dispatch.make(worker, channel=Channel.MESSAGE, day=date(2026, 6, 1))
    with zipfile.ZipFile(io.BytesIO(file.content)) as packed:
        [message] = json.loads(packed.read("messages.json"))
        [paper] = message["electronic"]["attachments"]
        assert packed.read(paper["file"]) == b"%PDF-1.4 x"
    [decision] = sent()
    assert message["externalId"] == f"decision-{decision.id}-{mother.id}"
    assert message["recipient"] == {"id": mother.identity_code}
    assert row.status is ApplicationStatus.WAITING_GUARDIAN


# -- answers ----------------------------------------------------------------------------------------


def test_of_two_who_answer_at_the_same_moment_one_is_told_that_the_other_did(app, by):
    decision = factories.decision()
    mother = factories.user("guardian", person=decision.child.guardians[0])
    worker = factories.user("service_worker")
    ids = decision.id, (mother.id, worker.id)
    keep()
    start, ends = Barrier(2), []

    def answer(user_id: int, verb: str) -> None:
        with app.app_context():
            try:
                with transaction():
                    row = db.session.get(Decision, ids[0])
                    user = db.session.get(User, user_id)
                    inputs = {"start": START} if verb == "accept" else {}
                    if db.engine.dialect.name != "sqlite":  # SQLite lets the second read only when the first has saved
                        start.wait(20)
                    getattr(act, verb)(row, Actor(user, NOON), **inputs)
                ends.append(verb)
            except (StaleDataError, Refused) as no:
                ends.append(type(no).__name__)

    threads = [Thread(target=answer, args=pair) for pair in zip(ids[1], ("accept", "reject"), strict=True)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    db.session.expire_all()
    row = db.session.get(Decision, ids[0])
    won = "accept" if row.status is DecisionStatus.ACCEPTED else "reject"
    assert sorted(ends) in ([won, "StaleDataError"], ["StaleDataError", won], ["Refused", won], [won, "Refused"])
    places = db.session.scalars(sa.select(Placement).where(Placement.child_id == row.child_id)).all()
    assert len(places) == (1 if won == "accept" else 0)


def test_another_guardian_answers_only_when_they_live_together(by):
    home = {"street": "Koivukatu 1", "postal_code": "00901", "post_office": "Harjula"}
    mother = factories.person(**home)
    decision = factories.decision(factories.child(mother))
    beside, apart = factories.guardian_of(decision.child, **home), factories.guardian_of(decision.child)
    db.session.expire_all()
    with pytest.raises(Refused, match="decision.applicant_answers"), db.session.begin_nested():
        act.reject(decision, by(factories.user("guardian", person=apart)))
    act.accept(decision, by(factories.user("guardian", person=beside)), start=START)
    assert (decision.status, decision.answer_channel) == (DecisionStatus.ACCEPTED, "service")


def test_rejecting_pre_primary_education_rejects_the_care_around_it(by):
    asked = factories.application(status=ApplicationStatus.WAITING_GUARDIAN)
    school = factories.decision(application=asked, care_type=CareType.PRESCHOOL, service_need="preschool")
    care = factories.decision(application=asked, care_type=CareType.PRESCHOOL_DAYCARE, service_need="preschool_daycare")
    mother = by(factories.user("guardian", person=school.child.guardians[0]))
    act.reject(school, mother)
    assert {school.status, care.status} == {DecisionStatus.REJECTED}
    assert asked.status is ApplicationStatus.REJECTED


def test_the_start_of_pre_primary_education_is_moved_by_the_office_only(by, worker):
    decision = factories.decision(care_type=CareType.PRESCHOOL, service_need="preschool")
    mother = by(factories.user("guardian", person=decision.child.guardians[0]))
    with pytest.raises(Refused, match="decision.start_outside_window"), db.session.begin_nested():
        act.accept(decision, mother, start=date(2026, 8, 11))
    act.accept(decision, worker, start=date(2026, 8, 11))
    assert decision.answer_channel == "office"


def test_the_tail_of_a_split_place_keeps_its_group_and_need(by, worker):
    decision = factories.decision(end=date(2027, 6, 5))
    around = factories.placement(decision.child, date(2026, 1, 7), None)
    group = factories.group(around.unit)
    factories.in_group(around, group)
    act.accept(decision, worker, start=START)
    tail = db.session.scalars(sa.select(Placement).where(Placement.start == date(2027, 6, 6))).one()
    assert [(one.group_id, str(one.period)) for one in tail.groups] == [(group.id, "6.6.2027–")]
    assert [(one.option, str(one.period)) for one in tail.needs] == [("full_day", "6.6.2027–")]


def test_more_time_is_given_but_never_less(worker, by):
    decision = factories.decision(answer_due=date(2026, 6, 18))
    with pytest.raises(Refused, match="decision.extended_backwards"), db.session.begin_nested():
        act.extend(decision, worker, answer_due=date(2026, 6, 17))
    with pytest.raises(Refused, match="decision.extended_too_far"), db.session.begin_nested():
        act.extend(decision, worker, answer_due=date(2099, 1, 1))
    act.extend(decision, worker, answer_due=date(2026, 7, 1))
    with pytest.raises(Refused, match="decision.may_still_be_answered"), db.session.begin_nested():
        act.expire(decision, by(worker.user, "2026-07-01"))
    act.expire(decision, by(worker.user, "2026-07-02"))
    with pytest.raises(Refused, match="decision.not_waiting"):
        act.extend(decision, by(worker.user, "2026-07-02"), answer_due=date(2026, 8, 1))


def test_a_family_that_does_not_answer_is_reminded_twice(by):
    decision = factories.decision(sent_at=NOON)
    keep()
    for day, mails in (("2026-06-07", 0), ("2026-06-08", 1), ("2026-06-09", 1), ("2026-06-15", 2), ("2026-07-01", 2)):
        run(JOBS["decision.remind"], by(day=day))
        found = db.session.scalars(sa.select(Email.person_id).where(Email.text == "decision_reminder")).all()
        assert found == [decision.application.guardian_id] * mails, day
    assert decision.reminders == 2


def test_reasons_are_picked_from_the_citys_list_and_printed(worker):
    row = ready()
    draft = db.session.scalars(sa.select(Decision)).one()
    act.write_reasons(draft, worker, reason_keys=("sibling_in_unit",), reasons="")
    with pytest.raises(Refused, match="decision.reason_not_offered"), db.session.begin_nested():
        act.write_reasons(draft, worker, reason_keys=("nonsense",))
    act.send_decision(row, worker)
    [decision] = sent()
    assert "Lapsen sisaruksella on paikka samassa yksikössä." in " ".join(pages(decision.document.content))
    assert decision.common_reason == "daycare_place"


def test_a_changed_draft_moves_the_plan_with_it(worker):
    row = ready()
    draft = db.session.scalars(sa.select(Decision)).one()
    planned = db.session.scalars(sa.select(factories.PlacementPlan)).one()
    with pytest.raises(Refused, match="decision.unit_was_asked"), db.session.begin_nested():
        act.change_draft(draft, worker, start=date(2026, 9, 1), end=date(2027, 6, 30), planned=True)
    act.change_draft(draft, worker, start=draft.start, end=draft.end, planned=True)  # the same days are no other days
    proposal.withdraw(row, worker)
    act.change_draft(draft, worker, start=date(2026, 9, 1), end=date(2027, 6, 30), planned=True)
    assert str(planned.period) == str(draft.period) == "1.9.2026–30.6.2027"
    with pytest.raises(Refused, match="placement.ends_first"), db.session.begin_nested():
        act.change_draft(draft, worker, start=date(2026, 9, 1), end=date(2026, 8, 1), planned=True)
    for start, end, why in ((date(2020, 1, 1), date(2027, 6, 30), "before_birth"),
                            (date(2025, 9, 1), date(2027, 6, 30), "before_asked"),
                            (date(2026, 9, 1), date(2060, 1, 1), "after_childhood")):
        with pytest.raises(Refused, match=f"placement.{why}"), db.session.begin_nested():
            act.change_draft(draft, worker, start=start, end=end, planned=True)
