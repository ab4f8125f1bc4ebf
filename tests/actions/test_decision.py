"""From a drafted decision to a child who has a place."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import decision as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.decision.dispatch import Delivery
from evaka.models.journal import Email
from evaka.models.person import Guardian
from evaka.models.placement import Placement
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DECISION, Channel, DecisionStatus
from evaka.rules.decision.delivery import DeliveryState
from evaka.rules.placement import CareType, PlanStatus
from tests import factories
from tests.letters.reading import pages

pytestmark = pytest.mark.usefixtures("database")
START, END = date(2026, 8, 10), date(2028, 7, 31)


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker", name="Pirjo Ohjaaja"))


def confirmed(child=None, **fields):
    """An application whose place the unit has confirmed, with the draft of its decision."""
    row = factories.application(child, status=ApplicationStatus.WAITING_CONFIRMATION, **fields)
    factories.plan(row, status=PlanStatus.CONFIRMED)
    factories.decision(application=row, status=DecisionStatus.DRAFT, answer_due=None)
    return row


def decision_of(application):
    return db.session.scalars(select(Decision).where(Decision.application_id == application.id)).one()


def deliveries_of(decision):
    rows = db.session.scalars(select(Delivery).where(Delivery.decision_id == decision.id).order_by(Delivery.id))
    return [(one.person_id, one.channel, one.state, one.is_copy) for one in rows]


def letter_of(decision):
    return " ".join(pages(decision.document.content))


# -- sending ----------------------------------------------------------------------------------------


def test_a_decision_is_sent_numbered_kept_and_told_to_every_guardian(worker):
    child = factories.child(first_name="Aino", last_name="Virtanen")
    mother, father = child.guardians[0], factories.guardian_of(child)
    db.session.expire_all()
    unit = factories.unit("Lokkilan päiväkoti")
    application = confirmed(child, units=[unit])

    act.send_decision(application, worker)

    sent = decision_of(application)
    assert (sent.status, application.status) == (DecisionStatus.SENT, ApplicationStatus.WAITING_GUARDIAN)
    assert (sent.number, sent.decided_by) == (1, "Pirjo Ohjaaja")
    # in the service: received on the third day, 4.6.; two weeks to answer; 30 days to appeal end on a Saturday, 4.7.
    assert (sent.answer_due, sent.appeal_due) == (date(2026, 6, 18), date(2026, 7, 6))
    # the mother reads it in the service; the father, who has no log-in, gets a copy by post
    assert db.session.execute(select(Email.person_id, Email.text)).tuples().all() == [(mother.id, "decision_waits")]
    assert deliveries_of(sent) == [
        (mother.id, Channel.PORTAL, DeliveryState.SENT, False), (father.id, Channel.POST, DeliveryState.WAITING, True)]
    assert sent.document.person_id == child.id
    letter = letter_of(sent)
    for said in (
        "Aino Virtanen",
        "Lokkilan päiväkoti",
        "Paikka on myönnetty hakemuksen perusteella",
        "540/2018",
        "10.8.2026–31.7.2028",
        "24.8.2026",
        "18.6.2026",
        "6.7.2026",
        "Pirjo Ohjaaja",
    ):
        assert said in letter, said


@pytest.mark.parametrize(
    ("language", "title", "reason"),
    [
        ("fi", "Päätös varhaiskasvatuspaikasta", "Paikka on myönnetty hakemuksen perusteella"),
        ("sv", "Beslut om plats inom småbarnspedagogiken", "Platsen har beviljats på grundval av ansökan"),
        (
            "se",
            "Päätös varhaiskasvatuspaikasta",
            "Paikka on myönnetty hakemuksen perusteella",
        ),  # not a language of letters
    ],
)
def test_the_letter_is_in_the_language_of_the_family(worker, language, title, reason):
    application = confirmed(factories.child(factories.person(language=language)))
    act.send_decision(application, worker)
    letter = letter_of(decision_of(application))
    assert title in letter
    assert reason in letter


def test_a_printed_decision_is_received_later_and_answered_only_once_it_is_in_the_post(by, worker):
    application = confirmed()
    act.print_decision(application, worker)
    sent = decision_of(application)
    # by post: received on the seventh day, 8.6.
    assert (sent.answer_due, sent.appeal_due) == (date(2026, 6, 22), date(2026, 7, 8))
    assert application.status is ApplicationStatus.WAITING_MAILING
    guardian = by(factories.user("guardian", person=application.guardian))
    with pytest.raises(Refused, match="workflow.wrong_state"), db.session.begin_nested():
        act.accept(sent, guardian, start=START)
    act.mail(application, worker)
    act.accept(decision_of(application), guardian, start=START)
    assert application.status is ApplicationStatus.ACTIVE


def test_no_decision_leaves_before_the_unit_has_confirmed(worker):
    application = factories.application(status=ApplicationStatus.WAITING_CONFIRMATION)
    factories.plan(application, status=PlanStatus.PROPOSED)
    draft = factories.decision(application=application, status=DecisionStatus.DRAFT)
    with pytest.raises(Refused, match="decision.unit_has_not_confirmed"):
        act.send_decision(application, worker)
    assert (draft.number, draft.document_id) == (None, None)


def test_a_unit_that_is_not_asked_needs_not_confirm(worker):
    unit = factories.unit(ask_unit=False)
    application = factories.application(units=[unit], status=ApplicationStatus.WAITING_DECISION)
    factories.plan(application)
    factories.decision(application=application, status=DecisionStatus.DRAFT)
    act.send_decision(application, worker)
    assert decision_of(application).status is DecisionStatus.SENT


def test_grounds_of_this_child_stand_in_the_letter_and_are_not_written_afterwards(worker):
    application = confirmed()
    act.write_reasons(decision_of(application), worker, reasons="Sisarus on samassa yksikössä.")
    act.send_decision(application, worker)
    sent = decision_of(application)
    assert "Sisarus on samassa yksikössä." in letter_of(sent)
    with pytest.raises(Refused, match="decision.already_sent"):
        act.write_reasons(sent, worker, reasons="Muuta")


def test_numbers_follow_each_other_and_one_that_was_not_used_is_given_again(worker):
    first, second = confirmed(), confirmed()
    unready = confirmed(factories.child(factories.person(), first_name="X"))
    act.send_decision(first, worker)
    for guardian in db.session.scalars(select(Guardian).where(Guardian.child_id == unready.child_id)):
        guardian.blocked = True
    db.session.flush()
    db.session.expire(unready.child)
    with pytest.raises(Refused), db.session.begin_nested():
        act.send_decision(unready, worker)
    act.send_decision(second, worker)
    assert [decision_of(one).number for one in (first, second)] == [1, 2]


# -- whose address, whose letter --------------------------------------------------------------------


@pytest.mark.parametrize("protected", ["guardian", "child", "nobody"])
def test_no_home_is_named_in_a_decision_for_the_other_parent_reads_it_too(worker, protected):
    street = "Salakatu 13"
    guardian = factories.person(street=street, restricted=protected == "guardian")
    child = factories.child(guardian, street=street, restricted=protected == "child")
    application = confirmed(child)
    act.send_decision(application, worker)
    letter = letter_of(decision_of(application))
    assert guardian.last_name in letter
    assert "Salakatu" not in letter


def test_a_guardian_whose_rights_are_blocked_gets_no_letter(worker):
    child = factories.child()
    applicant, other = child.guardians[0], factories.guardian_of(child, language="sv")
    application = confirmed(child)
    db.session.scalars(select(Guardian).where(Guardian.guardian_id == applicant.id)).one().blocked = True
    db.session.flush()
    db.session.expire_all()
    act.send_decision(application, worker)
    letter = letter_of(decision_of(application))
    assert (other.last_name in letter, applicant.last_name in letter) == (True, False)
    assert "Platsen har beviljats" in letter
    assert db.session.scalars(select(Email.person_id)).all() == [other.id]


def test_a_decision_that_nobody_may_read_is_not_sent(worker):
    application = confirmed()
    db.session.scalars(select(Guardian).where(Guardian.child_id == application.child_id)).one().blocked = True
    db.session.flush()
    db.session.expire_all()
    with pytest.raises(Refused, match="decision.nobody_to_tell"):
        act.send_decision(application, worker)


# -- answering --------------------------------------------------------------------------------------


def guardian_of(by, decision):
    return by(factories.user("guardian", person=decision.child.guardians[0]))


def places_of(child):
    db.session.flush()
    return db.session.scalars(select(Placement).where(Placement.child_id == child.id).order_by(Placement.start)).all()


@pytest.mark.parametrize("start", [date(2026, 8, 10), date(2026, 8, 24)])
def test_accepting_gives_the_place_with_its_service_need(by, start):
    decision = factories.decision()
    act.accept(decision, guardian_of(by, decision), start=start)
    [place] = places_of(decision.child)
    assert (place.unit, place.care_type, place.start, place.end) == (decision.unit, CareType.DAYCARE, start, END)
    assert [(one.option, one.start, one.end) for one in place.needs] == [("full_day", start, END)]
    assert (decision.status, decision.chosen_start) == (DecisionStatus.ACCEPTED, start)
    assert decision.application.status is ApplicationStatus.ACTIVE


@pytest.mark.parametrize("start", [date(2026, 8, 9), date(2026, 8, 25)])
def test_a_start_outside_the_window_gives_no_place(by, start):
    decision = factories.decision()
    with pytest.raises(Refused) as no:
        act.accept(decision, guardian_of(by, decision), start=start)
    assert no.value.key == "decision.start_outside_window"
    assert str(no.value.facts["window"]) == "10.8.2026–24.8.2026"
    assert not places_of(decision.child)


def test_an_earlier_place_ends_the_day_before_with_its_group_and_need(by):
    decision = factories.decision()
    earlier = factories.placement(decision.child, date(2025, 8, 1), date(2027, 7, 31))
    factories.in_group(earlier, factories.group(earlier.unit))
    act.accept(decision, guardian_of(by, decision), start=date(2026, 8, 12))
    assert [str(one.period) for one in places_of(decision.child)] == ["1.8.2025–11.8.2026", "12.8.2026–31.7.2028"]
    assert [one.end for one in (*earlier.needs, *earlier.groups)] == [date(2026, 8, 11)] * 2


def test_places_within_the_new_one_go_and_one_that_surrounds_it_is_split(by):
    decision = factories.decision(end=date(2027, 6, 5))
    around = factories.placement(decision.child, date(2026, 1, 7), date(2026, 9, 30))
    within = factories.placement(decision.child, date(2026, 10, 1), date(2027, 2, 28)).id
    late = factories.placement(decision.child, date(2027, 3, 1), None)
    factories.in_group(late, factories.group(late.unit))
    act.accept(decision, guardian_of(by, decision), start=START)
    assert [(one.unit_id, str(one.period)) for one in places_of(decision.child)] == [
        (around.unit_id, "7.1.2026–9.8.2026"),
        (decision.unit_id, "10.8.2026–5.6.2027"),
        (late.unit_id, "6.6.2027–"),
    ]
    assert db.session.get(Placement, within) is None
    assert [one.start for one in (*late.needs, *late.groups)] == [date(2027, 6, 6)] * 2


def test_a_place_around_the_new_one_becomes_two(by):
    decision = factories.decision(end=date(2027, 6, 5))
    around = factories.placement(decision.child, date(2026, 1, 7), None)
    act.accept(decision, guardian_of(by, decision), start=START)
    assert [(one.unit_id, str(one.period)) for one in places_of(decision.child)] == [
        (around.unit_id, "7.1.2026–9.8.2026"),
        (decision.unit_id, "10.8.2026–5.6.2027"),
        (around.unit_id, "6.6.2027–"),
    ]


@pytest.mark.parametrize("answer", [lambda d, by: act.accept(d, by, start=START), act.reject])
def test_only_the_childs_own_guardian_answers(by, answer):
    decision = factories.decision()
    stranger = factories.user("guardian", person=factories.child().guardians[0])
    with pytest.raises(Denied):
        answer(decision, by(stranger))
    assert decision.status is DecisionStatus.SENT


def test_a_blocked_guardian_does_not_answer(by):
    decision = factories.decision()
    guardian = guardian_of(by, decision)
    db.session.scalars(select(Guardian).where(Guardian.child_id == decision.child_id)).one().blocked = True
    with pytest.raises(Denied):
        act.reject(decision, guardian)


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in ("accept", "reject", "expire", "annul")
        for state in DecisionStatus
        if state not in DECISION.moves[verb][0]
    ],
)
def test_no_decision_is_answered_in_the_wrong_state(by, verb, state):
    decision = factories.decision(status=state)
    inputs = {"accept": {"start": START}, "annul": {"reason": "x"}}.get(verb, {})
    with pytest.raises(Refused, match="workflow.wrong_state"):
        getattr(act, verb)(decision, by(factories.user("admin"), "2027-01-01"), **inputs)


def test_a_rejected_place_ends_the_application(by):
    decision = factories.decision()
    act.reject(decision, guardian_of(by, decision))
    assert (decision.status, decision.application.status) == (DecisionStatus.REJECTED, ApplicationStatus.REJECTED)
    assert not places_of(decision.child)


def test_of_two_decisions_pre_primary_education_comes_first_and_both_are_answered(by):
    application = factories.application(status=ApplicationStatus.WAITING_GUARDIAN)
    school = factories.decision(application=application, care_type=CareType.PRESCHOOL, service_need="preschool")
    care = factories.decision(
        application=application, care_type=CareType.PRESCHOOL_DAYCARE, service_need="preschool_daycare"
    )
    guardian = guardian_of(by, school)
    with pytest.raises(Refused, match="decision.primary_first"), db.session.begin_nested():
        act.accept(care, guardian, start=START)
    act.accept(school, guardian, start=START)
    assert application.status is ApplicationStatus.WAITING_GUARDIAN
    act.accept(care, guardian, start=START)
    assert application.status is ApplicationStatus.ACTIVE
    assert [(one.care_type, str(one.period)) for one in places_of(school.child)] == [
        (CareType.PRESCHOOL_DAYCARE, "10.8.2026–5.6.2027"), (CareType.DAYCARE, "6.6.2027–31.7.2028")]


def test_a_decision_is_expired_only_after_its_last_day(by, worker):
    decision = factories.decision(answer_due=date(2026, 6, 18))
    with pytest.raises(Refused, match="decision.may_still_be_answered"), db.session.begin_nested():
        act.expire(decision, by(worker.user, "2026-06-18"))
    act.expire(decision, by(worker.user, "2026-06-19"))
    assert (decision.status, decision.application.status) == (DecisionStatus.EXPIRED, ApplicationStatus.REJECTED)


def test_an_annulled_decision_leaves_no_application_waiting_for_an_answer(worker):
    decision = factories.decision()
    act.annul(decision, worker, reason="Väärä yksikkö")
    assert (decision.status, decision.reasons) == (DecisionStatus.ANNULLED, "Väärä yksikkö")
    assert decision.application.status is ApplicationStatus.REJECTED


def test_annulling_an_accepted_decision_leaves_the_place(by, worker):
    decision = factories.decision()
    act.accept(decision, guardian_of(by, decision), start=START)
    act.annul(decision, worker, reason="Tehdään uusi")
    assert [one.start for one in places_of(decision.child)] == [START]
    assert decision.application.status is ApplicationStatus.ACTIVE
