"""Planning a place, asking the unit, and putting the child into a group."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import decision as decisions
from evaka.actions import placement as act
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.journal import AuditEvent
from evaka.models.placement import PlacementPlan
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DecisionStatus
from evaka.rules.placement import PLACEMENT_PLAN, CareType, PlanStatus
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
START, END = date(2026, 8, 10), date(2028, 7, 31)


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker"))


def planned(worker, application=None, **fields):
    application = application or factories.application()
    unit = fields.pop("unit", application.preferences[0].unit)
    plan = act.plan(application, worker, unit=unit, start=START, end=END)
    db.session.flush()
    return plan


def drafts(application):
    return db.session.scalars(
        select(Decision).where(Decision.application_id == application.id).order_by(Decision.id)).all()


def test_a_plan_makes_the_draft_of_its_decision_and_tells_nobody(worker):
    application = factories.application()
    plan = planned(worker, application)
    assert (plan.status, plan.care_type, plan.service_need) == (PlanStatus.DRAFT, CareType.DAYCARE, "full_day")
    [draft] = drafts(application)
    assert (draft.status, draft.number, draft.document_id) == (DecisionStatus.DRAFT, None, None)
    assert (draft.unit_id, draft.start, draft.end) == (plan.unit_id, START, END)
    assert application.status is ApplicationStatus.WAITING_DECISION


def test_connected_care_needs_two_decisions(worker):
    unit = factories.unit(care_types=["preschool_daycare"])
    application = factories.application(units=[unit], service_need="preschool_daycare")
    act.plan(application, worker, unit=unit, start=date(2026, 8, 11), end=date(2027, 6, 5))
    assert [(one.care_type, one.start, one.end) for one in drafts(application)] == [
        (CareType.PRESCHOOL, date(2026, 8, 11), date(2027, 6, 5)),
        (CareType.PRESCHOOL_DAYCARE, date(2026, 8, 11), date(2027, 7, 31)),
    ]


@pytest.mark.parametrize(
    ("unit", "wish", "days", "key"),
    [
        ({}, {"checked": False}, {}, "placement.not_checked"),
        ({}, {}, {"end": date(2026, 8, 9)}, "placement.ends_first"),
        ({"start": date(2026, 9, 1)}, {}, {}, "placement.unit_not_open"),
        ({"end": date(2028, 7, 30)}, {}, {}, "placement.unit_not_open"),
        ({"care_types": ["daycare_part_time"]}, {}, {}, "placement.care_not_offered"),
        ({}, {"shift_care": True}, {}, "placement.no_shift_care"),
        ({}, {}, {"start": date(2019, 1, 1)}, "placement.before_birth"),
    ],
)
def test_a_place_that_cannot_be_is_not_planned(worker, unit, wish, days, key):
    place = factories.unit(**unit)
    application = factories.application(units=[place], **wish)
    with pytest.raises(Refused) as no:
        act.plan(application, worker, **({"unit": place, "start": START, "end": END} | days))
    assert no.value.key == key
    assert not drafts(application)


def test_a_place_before_the_option_is_there_is_not_planned(worker):
    """The option begins on 1.8.2020; the child was born, and the place asked for, before that."""
    place = factories.unit()
    application = factories.application(
        factories.child(born=date(2017, 5, 1)), [place], received=date(2018, 9, 1), start=date(2019, 1, 1))
    with pytest.raises(Refused, match="placement.need_not_valid"):
        act.plan(application, worker, unit=place, start=date(2019, 1, 1), end=date(2022, 7, 31))
    assert not drafts(application)


def test_a_unit_with_shift_care_takes_a_child_who_needs_it(worker):
    unit = factories.unit(shift_care=True)
    assert planned(worker, factories.application(units=[unit], shift_care=True)).unit == unit


def test_an_application_has_one_plan_at_a_time(worker):
    application = factories.application()
    planned(worker, application)
    with pytest.raises(Refused, match="workflow.wrong_state"):
        planned(worker, application)


def test_a_plan_that_is_undone_leaves_no_draft_behind(worker):
    application = factories.application()
    plan = planned(worker, application)
    act.return_to_placement(application, worker)
    db.session.flush()
    assert (plan.status, application.status) == (PlanStatus.CANCELLED, ApplicationStatus.WAITING_PLACEMENT)
    assert not drafts(application)
    again = planned(worker, application, unit=factories.unit())
    assert again.status is PlanStatus.DRAFT


def proposed(worker, **fields):
    plan = planned(worker, factories.application(**fields))
    act.propose(plan.application, worker)
    return plan


def test_the_director_of_the_unit_confirms(by, worker):
    plan = proposed(worker)
    act.confirm(plan, by(factories.user("director", plan.unit)))
    assert plan.status is PlanStatus.CONFIRMED
    assert plan.application.status is ApplicationStatus.WAITING_CONFIRMATION
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "placement.confirm")).one()
    assert line.person_id == plan.application.child_id  # it stands on the child's file


@pytest.mark.parametrize("deed", [act.confirm, lambda plan, by: act.decline(plan, by, reason="Täynnä")])
def test_the_director_of_another_unit_has_no_say(by, worker, deed):
    plan = proposed(worker)
    with pytest.raises(Denied):
        deed(plan, by(factories.user("director", factories.unit())))
    assert plan.status is PlanStatus.PROPOSED


def test_a_director_is_not_asked_before_the_proposal(by, worker):
    plan = planned(worker)
    with pytest.raises(Denied):  # a draft is the office's own
        act.confirm(plan, by(factories.user("director", plan.unit)))


def test_a_director_who_declines_says_why_and_the_application_waits_again(by, worker):
    plan = proposed(worker)
    act.decline(plan, by(factories.user("director", plan.unit)), reason="Ryhmä on täynnä")
    db.session.flush()
    assert (plan.status, plan.reason) == (PlanStatus.DECLINED, "Ryhmä on täynnä")
    assert plan.application.status is ApplicationStatus.WAITING_PLACEMENT
    assert not drafts(plan.application)
    keys = db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert keys[-2:] == ["application.decline", "placement.decline"]


def test_a_question_that_is_taken_back_must_be_asked_again(by, worker):
    plan = proposed(worker)
    act.confirm(plan, by(factories.user("director", plan.unit)))
    act.withdraw(plan.application, worker)
    assert (plan.status, plan.application.status) == (PlanStatus.DRAFT, ApplicationStatus.WAITING_DECISION)
    with pytest.raises(Refused, match="decision.unit_has_not_confirmed"):
        decisions.send_decision(plan.application, worker)


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb in ("confirm", "decline")
        for state in PlanStatus
        if state not in PLACEMENT_PLAN.moves[verb][0]
    ],
)
def test_a_plan_is_not_answered_in_the_wrong_state(by, verb, state):
    plan = factories.plan(factories.application(status=ApplicationStatus.WAITING_CONFIRMATION), status=state)
    with pytest.raises(Refused, match="workflow.wrong_state"):
        getattr(act, verb)(plan, by(factories.user("admin")), **({"reason": "x"} if verb == "decline" else {}))
    assert db.session.get_one(PlacementPlan, plan.id).status is state


# -- groups -----------------------------------------------------------------------------------------


def placed():
    unit = factories.unit()
    return factories.placement(factories.child(), START, END, unit=unit)


def test_the_director_puts_a_child_into_a_group_to_the_end_of_the_place(by):
    place = placed()
    joined = act.place_in_group(
        place, by(factories.user("director", place.unit)), group=factories.group(place.unit), start=START
    )
    assert (joined.start, joined.end) == (START, END)


def test_a_new_group_ends_the_earlier_one_and_replaces_those_to_come(by, worker):
    place = placed()
    first, second, third = (factories.group(place.unit, name) for name in ("Siilit", "Ketut", "Oravat"))
    act.place_in_group(place, worker, group=first, start=START)
    act.place_in_group(place, worker, group=second, start=date(2027, 8, 1))
    act.place_in_group(place, worker, group=third, start=date(2027, 1, 7))
    db.session.refresh(place)
    assert [(one.group, str(one.period)) for one in place.groups] == [
        (first, "10.8.2026–6.1.2027"),
        (third, "7.1.2027–31.7.2028"),
    ]


@pytest.mark.parametrize(
    ("group", "start", "key"),
    [
        ({}, date(2026, 8, 9), "placement.group_outside_place"),
        ({}, date(2028, 8, 1), "placement.group_outside_place"),
        ({"start": date(2026, 8, 11)}, START, "placement.group_not_open"),
        ({"end": date(2028, 7, 30)}, START, "placement.group_not_open"),
    ],
)
def test_a_group_must_be_open_for_the_whole_place(worker, group, start, key):
    place = placed()
    with pytest.raises(Refused) as no:
        act.place_in_group(place, worker, group=factories.group(place.unit, **group), start=start)
    assert no.value.key == key


def test_a_group_of_another_unit_is_refused(worker):
    with pytest.raises(Refused, match="placement.group_of_other_unit"):
        act.place_in_group(placed(), worker, group=factories.group(factories.unit()), start=START)


def test_a_director_groups_the_children_of_the_own_unit_only(by):
    place = placed()
    with pytest.raises(Denied):
        act.place_in_group(
            place, by(factories.user("director", factories.unit())), group=factories.group(place.unit), start=START
        )
