"""Directors who do not answer are reminded before the last day, and once when it has passed."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import select

from evaka.access import Actor
from evaka.jobs import run
from evaka.jobs.placement import REMIND_DIRECTORS
from evaka.models.base import HELSINKI, db
from evaka.models.journal import AuditEvent, Email
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import PlanStatus
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
DUE = date(2026, 6, 8)


def asked(unit, **fields):
    application = factories.application(units=[unit], status=ApplicationStatus.WAITING_CONFIRMATION)
    return factories.plan(application, **({"status": PlanStatus.PROPOSED, "answer_due": DUE} | fields))


def morning(day):
    keep()
    outcome = run(REMIND_DIRECTORS, Actor(None, datetime(2026, 6, day, 6, 30, tzinfo=HELSINKI)))
    assert not outcome.failed
    return outcome.done


def mails():
    return [(one.user_id, one.text) for one in db.session.scalars(select(Email).order_by(Email.id))]


def test_the_director_gets_one_reminder_two_days_before_and_one_afterwards():
    unit = factories.unit()
    director = factories.user("director", unit)
    factories.user("director", factories.unit())
    plans = [asked(unit), asked(unit)]
    assert [morning(day) for day in (5, 6, 7, 8, 9, 10)] == [0, 2, 0, 0, 2, 0]
    assert mails() == [(director.id, "proposal_reminder")] * 2
    lines = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "placement.remind")).all()
    assert {line.person_id for line in lines} == {one.child_id for one in plans}


@pytest.mark.parametrize("status", [PlanStatus.DRAFT, PlanStatus.CONFIRMED, PlanStatus.DECLINED])
def test_who_has_answered_or_was_not_asked_is_left_alone(status):
    unit = factories.unit()
    factories.user("director", unit)
    asked(unit, status=status)
    assert morning(9) == 0
    assert mails() == []


def test_a_director_whose_right_has_ended_is_not_told():
    unit = factories.unit()
    user = factories.user("director", unit)
    user.grants[0].end = date(2026, 5, 31)
    asked(unit)
    assert morning(7) == 1
    assert mails() == []
