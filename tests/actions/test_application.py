"""From an application on paper to one that waits for its place."""

from __future__ import annotations

import shutil
from datetime import date, time

import pytest
from sqlalchemy import select

from evaka import city
from evaka.actions import ACTIONS
from evaka.actions import application as act
from evaka.kit.errors import Denied, Refused
from evaka.models.application.note import Note
from evaka.models.base import db
from evaka.models.journal import Counter, Email
from evaka.models.person import Guardian, HeadOfChild
from evaka.rules.application import APPLICATION, ApplicationStatus, Origin
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
START = date(2026, 8, 10)


def guardian_row(child, guardian=None):
    return db.session.scalars(
        select(Guardian).where(
            Guardian.child_id == child.id, Guardian.guardian_id == (guardian or child.guardians[0]).id
        )
    ).one()


def entered(by, child=None, units=None, day="2026-06-01", **inputs):
    child = child or factories.child()
    first, *others = units or [factories.unit()]
    wishes = dict(zip(("second", "third"), others, strict=False))
    defaults = {
        "guardian": guardian_row(child),
        "received": date(2026, 5, 28),
        "first": first,
        "start": START,
        "service_need": "full_day",
    }
    return act.enter(child, by(factories.user("service_worker"), day), **(defaults | wishes | inputs))


def test_an_application_on_paper_keeps_what_the_family_wrote(by):
    child, units = factories.child(), [factories.unit() for _ in range(3)]
    row = entered(by, child, units, begins_at=time(7, 30), ends_at=time(16, 15), assistance="Puheterapia", notes="Hei")
    db.session.flush()
    assert (row.status, row.origin) == (ApplicationStatus.CREATED, Origin.PAPER)
    assert [(one.place, one.unit) for one in row.preferences] == list(enumerate(units, start=1))
    assert (row.guardian, row.received, row.start) == (child.guardians[0], date(2026, 5, 28), START)
    assert (row.begins_at, row.ends_at, row.assistance) == (time(7, 30), time(16, 15), "Puheterapia")
    assert row.due is None  # the clock runs when the application is marked received


def refusal(by, **inputs):
    with pytest.raises(Refused) as no:
        entered(by, **inputs)
    return no.value


@pytest.mark.parametrize(
    ("inputs", "key"),
    [
        ({"received": date(2026, 6, 2)}, "application.received_later"),
        ({"begins_at": time(16), "ends_at": time(8)}, "application.hours_end_first"),
        ({"begins_at": time(8), "ends_at": time(8)}, "application.hours_end_first"),
        ({"service_need": "part_day"}, "application.incomplete"),
        ({"service_need": "part_day", "begins_at": time(8), "ends_at": time(13, 1)}, "application.more_than_part_day"),
        ({"start": date(2041, 1, 1)}, "application.not_a_child"),
    ],
)
def test_what_cannot_be_is_refused(by, inputs, key):
    assert refusal(by, **inputs).key == key


def test_five_hours_are_a_part_day(by):
    assert entered(by, service_need="part_day", begins_at=time(8), ends_at=time(13)).service_need == "part_day"


def test_a_unit_is_wished_for_once(by):
    one, other = factories.unit(), factories.unit()
    assert refusal(by, units=[one, other, one]).key == "application.unit_twice"


def test_a_city_may_let_families_wish_for_fewer_units(by, tmp_path, monkeypatch):
    shutil.copytree(city.CONFIG, tmp_path / "config")
    (tmp_path / "config/harjula/placements.toml").write_text("[application]\nmost_units = 2\n")
    monkeypatch.setattr(city, "CONFIG", tmp_path / "config")
    city.choose("harjula")
    units = [factories.unit() for _ in range(3)]
    assert entered(by, units=units[:2]).preferences[1].unit == units[1]
    no = refusal(by, units=units)
    assert (no.key, no.facts) == ("application.too_many_units", {"wanted": 3, "most": 2})


def test_a_guardian_whose_rights_are_blocked_cannot_apply(by):
    child = factories.child()
    row = guardian_row(child)
    row.blocked = True
    assert refusal(by, child=child, guardian=row).key == "application.not_a_guardian"


def test_somebody_elses_guardian_cannot_apply(by):
    assert refusal(by, guardian=guardian_row(factories.child())).key == "application.not_a_guardian"


def test_an_application_is_not_complete_without_a_way_to_reach_the_family(by):
    child = factories.child(factories.person(phone=None, email=None, street=None))
    no = refusal(by, child=child)
    assert no.facts == {"missing": ["application.missing.contact"]}


@pytest.mark.parametrize(
    ("received", "start", "due"),
    [
        (date(2026, 4, 1), date(2026, 6, 10), date(2026, 8, 1)),  # four months from the day it came
        (date(2026, 4, 1), date(2026, 8, 10), date(2026, 8, 10)),  # not before the wanted start
        (date(2025, 10, 31), date(2026, 1, 7), date(2026, 2, 28)),  # a month that is too short
        (date(2026, 6, 1), date(2026, 6, 8), date(2026, 10, 1)),
    ],
)
def test_an_application_is_due_four_months_after_it_came(by, received, start, due):
    row = entered(by, received=received, start=start)
    act.send(row, by(factories.user("service_worker"), "2026-06-01"))
    assert (row.status, row.due, row.transfer) == (ApplicationStatus.SENT, due, False)


def test_what_arrives_gets_the_next_number_of_its_class_and_year_and_keeps_it(by):
    worker, rows = by(factories.user("service_worker")), [entered(by) for _ in range(3)]
    for row in rows:
        assert row.case_number is None
        act.send(row, worker)
    assert [row.case_number for row in rows] == ["1/12.06.01/2026", "2/12.06.01/2026", "3/12.06.01/2026"]
    act.cancel(rows[0], worker, reason="Perhe muutti")
    act.return_to_sent(rows[0], worker)
    later = entered(by)
    act.send(later, by(worker.user, "2027-01-04"))
    assert (rows[0].case_number, later.case_number) == ("1/12.06.01/2026", "1/12.06.01/2027")
    assert {one.last for one in db.session.scalars(select(Counter).where(Counter.name.like("case %")))} == {3, 1}


def test_a_city_without_classes_keeps_no_register_of_cases(by):
    city.choose("base")
    row = entered(by)
    act.send(row, by(factories.user("service_worker")))
    assert row.case_number is None


def test_a_child_who_has_a_place_on_that_day_waits_without_a_due_day(by):
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), date(2027, 7, 31))
    row = entered(by, child)
    act.send(row, by(factories.user("service_worker")))
    assert (row.transfer, row.due) == (True, None)


def test_a_place_that_ends_before_the_wanted_start_makes_no_transfer(by):
    child = factories.child()
    factories.placement(child, date(2025, 8, 1), date(2026, 8, 9))
    row = entered(by, child)
    act.send(row, by(factories.user("service_worker")))
    assert (row.transfer, row.due) == (False, date(2026, 9, 28))


@pytest.mark.parametrize(
    ("proof", "due"),
    [
        (date(2026, 6, 1), date(2026, 6, 15)),  # two weeks from the proof
        (date(2026, 5, 20), date(2026, 6, 11)),  # the proof came first: two weeks from the application of 28.5.
    ],
)
def test_proof_of_work_makes_two_weeks_of_four_months(by, proof, due):
    worker = by(factories.user("service_worker"))
    row = entered(by, start=date(2026, 6, 22), urgent=True)
    act.send(row, worker)
    assert row.due == date(2026, 9, 28)  # urgent, but nothing has been shown yet
    act.accept_proof(row, worker, urgent_proof=proof)
    assert (row.due, row.status) == (due, ApplicationStatus.SENT)


def test_proof_may_come_until_the_decision_is_sent(by):
    worker = by(factories.user("service_worker"))
    row = factories.application(received=date(2026, 5, 28), start=date(2026, 6, 22))
    act.accept_proof(row, worker, urgent_proof=date(2026, 6, 1))
    assert (row.urgent, row.due) == (True, date(2026, 6, 15))
    planned = factories.application(status=ApplicationStatus.WAITING_DECISION, urgent=True, start=date(2026, 6, 22))
    act.accept_proof(planned, worker, urgent_proof=date(2026, 6, 1))
    assert planned.due == date(2026, 6, 15)
    decided = factories.application(status=ApplicationStatus.WAITING_GUARDIAN)
    with pytest.raises(Refused, match="application.proof_too_late"):
        act.accept_proof(decided, worker, urgent_proof=date(2026, 6, 1))


def test_proof_of_tomorrow_is_refused(by):
    with pytest.raises(Refused, match="application.received_later"):
        act.accept_proof(factories.application(), by(factories.user("service_worker")), urgent_proof=date(2026, 6, 2))


@pytest.mark.parametrize(
    ("about_the_child", "about_the_application", "read_already"),
    [
        ({}, {}, True),
        ({}, {"notes": "Soittakaa iltapäivällä"}, False),
        ({}, {"assistance": "Puheterapia"}, False),
        ({"allergies": "Pähkinä"}, {}, False),
        ({"diet": "Vegaani"}, {}, False),
    ],
)
def test_somebody_must_read_what_the_family_wrote(by, about_the_child, about_the_application, read_already):
    worker = by(factories.user("service_worker"))
    row = factories.application(
        factories.child(**about_the_child), status=ApplicationStatus.SENT, checked=False, **about_the_application
    )
    act.take(row, worker)
    assert (row.status, row.checked) == (ApplicationStatus.WAITING_PLACEMENT, read_already)
    act.check(row, worker, secrecy=act.Secrecy.OPEN)
    assert (row.status, row.checked, row.confidential) == (ApplicationStatus.WAITING_PLACEMENT, True, False)


def test_the_applicant_becomes_the_head_of_a_child_who_has_none(by):
    child = factories.person(date(2022, 5, 1))
    guardian = factories.guardian_of(child)
    act.take(factories.application(child, status=ApplicationStatus.SENT), by(factories.user("service_worker")))
    head = db.session.scalars(select(HeadOfChild).where(HeadOfChild.child_id == child.id)).one()
    assert (head.head_id, head.start, head.end) == (guardian.id, date(2026, 6, 1), None)


def test_the_applicant_does_not_displace_the_head(by):
    child = factories.child()
    head, other = child.guardians[0], factories.guardian_of(child)
    db.session.expire_all()
    act.take(
        factories.application(child, guardian=other, status=ApplicationStatus.SENT),
        by(factories.user("service_worker")),
    )
    assert db.session.scalars(select(HeadOfChild.head_id).where(HeadOfChild.child_id == child.id)).all() == [head.id]


def test_a_cancelled_application_says_why_and_may_come_back(by):
    worker = by(factories.user("service_worker"))
    row = factories.application(notes="Hei")
    act.cancel(row, worker, reason="Perhe muutti")
    db.session.flush()
    assert (row.status, row.notes) == (ApplicationStatus.CANCELLED, "Hei")
    assert db.session.scalars(select(Note.words).where(Note.application_id == row.id)).all() == ["Perhe muutti"]
    told = select(Email.text).where(Email.person_id == row.guardian_id)
    assert db.session.scalars(told).all() == ["application_changed"]
    act.return_to_sent(row, worker)
    assert row.status is ApplicationStatus.SENT


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        (verb, state)
        for verb, (sources, _) in APPLICATION.moves.items()
        if f"application.{verb}" in ACTIONS
        for state in ApplicationStatus
        if state not in sources
    ],
)
def test_nothing_is_done_in_the_wrong_state(by, verb, state):
    row = factories.application(status=state)
    with pytest.raises(Refused, match="workflow.wrong_state"):
        ACTIONS[f"application.{verb}"].run(row, by(factories.user("admin")))
    assert row.status is state


@pytest.mark.parametrize("role", ["director", "finance", "staff", "guardian"])
def test_only_case_workers_handle_applications(by, role):
    child, unit = factories.child(), factories.unit()
    user = factories.user(role, unit, factories.group(unit), child.guardians[0])
    row = factories.application(child, [unit], status=ApplicationStatus.SENT)
    with pytest.raises(Denied):
        act.take(row, by(user))
    assert row.status is ApplicationStatus.SENT
