"""What is done by night can be asked for by hand: looked at before, queued, run, and read of afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from evaka.jobs import JOBS, Scheduler
from evaka.models.base import db
from evaka.models.income import IncomeNotice
from evaka.models.invoice import Invoice
from evaka.models.user import UserSession
from evaka.views.user import open_session
from tests import factories
from tests.conftest import NOON, keep
from tests.jobs.families import told_family
from tests.pages import seen

pytestmark = pytest.mark.usefixtures("database")
TICK = datetime(2026, 6, 1, 9, 0, 30, tzinfo=UTC)


def family_whose_income_ends(by) -> Callable[[], int]:
    mother = factories.person()
    factories.placement(factories.child(mother), date(2025, 8, 1), date(2027, 7, 31))
    factories.income(mother, start=date(2025, 1, 1), end=date(2026, 6, 29))
    return lambda: db.session.scalar(select(func.count(IncomeNotice.id)))


def family_with_a_fee(by) -> Callable[[], int]:
    told_family(by())
    return lambda: db.session.scalar(select(func.count(Invoice.id)))


def somebody_whose_rights_have_ended(by) -> Callable[[], int]:
    user = factories.user("staff", unit=(unit := factories.unit()), group=factories.group(unit))
    open_session(user, NOON, "127.0.0.1", "Chrome")
    user.grants[0].end = NOON.date() - timedelta(days=1)
    return lambda: db.session.scalar(select(func.count(UserSession.id)).where(
        UserSession.user_id == user.id, UserSession.ended.is_not(None)))


@pytest.mark.parametrize(("name", "arranged"), [
    ("income.remind", family_whose_income_ends),
    ("invoice.draft_month", family_with_a_fee),
    ("user.end_sessions", somebody_whose_rights_have_ended),
])
def test_a_job_is_foreseen_run_now_and_stands_in_the_history(app, by, browser, name, arranged):
    count = arranged(by)
    admin = browser(factories.user("admin"))
    keep()
    assert "Käsiteltäviä nyt 1" in seen(admin.get(f"/office/job/would/?job={name}"))
    assert count() == 0
    assert admin.post("/office/job/start/", data={"job": name}).status_code == 302
    office = Scheduler(app, JOBS, {}, tick=5, lease=30, clock=lambda: TICK)
    [claim] = office.tick()
    office.perform(claim, NOON)
    db.session.rollback()
    assert count() == 1
    page = seen(admin.get("/office/job/"))
    assert "valmis" in page.casefold()
    assert "Käsiteltäviä nyt 0" in seen(admin.get(f"/office/job/would/?job={name}"))
