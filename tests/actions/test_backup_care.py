"""Care elsewhere: arranged, changed, cut to the places; who may, who sees the child, where it counts.

Scenario 24 of the domain's published ones (within the places, the host open all days, invitations at home go), and the
end of scenario 30 (papers of a guest only during the care).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from evaka.access import Actor, within
from evaka.actions import backup_care as act
from evaka.actions import decision as decisions
from evaka.actions.unit import options, places_of, rows_of
from evaka.jobs import run
from evaka.jobs.backup_care import FIT
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.backup_care import BackupCare
from evaka.models.base import db
from evaka.models.calendar.event import Event, EventGuest
from evaka.models.document import Document
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import Person
from evaka.models.placement import Placement
from evaka.rules.decision import DecisionStatus
from evaka.rules.unit import OccupancyKind, occupancy
from tests import day, factories
from tests.conftest import keep, statements

pytestmark = pytest.mark.usefixtures("database")
By = Callable[..., Actor]
FIRST, LAST = date(2026, 7, 1), date(2026, 7, 31)


def placed(unit: Any = None, start: date = date(2026, 1, 1), end: date | None = None) -> Person:
    child = factories.child()
    factories.placement(child, start, end, unit=unit or factories.unit())
    return child


def arranged() -> list[str]:
    db.session.flush()
    rows = db.session.scalars(select(BackupCare).order_by(BackupCare.start, BackupCare.end))
    return [str(row.period) for row in rows]


def test_a_director_sends_a_child_to_another_unit_and_the_family_is_told(by: By) -> None:
    home, host = factories.unit(), factories.unit()
    child = placed(home)
    director = by(factories.user("director", unit=home))
    row = act.arrange(child, director, unit=host, start=FIRST, end=LAST)
    assert (row.unit, row.group, str(row.period)) == (host, None, "1.7.2026–31.7.2026")
    line = db.session.scalars(select(AuditEvent)).one()
    assert (line.action, line.person_id, line.user_id) == ("backup_care.arrange", child.id, director.user.id)
    assert db.session.execute(select(Email.person_id, Email.text)).all() == [
        (child.guardians[0].id, "backup_care_told")]


def test_the_director_of_the_host_says_the_group_and_may_cancel(by: By) -> None:
    host = factories.unit()
    row = factories.backup_care(placed(), host, FIRST, LAST)
    director = by(factories.user("director", unit=host))
    act.place_in_group(row, director, group=factories.group(host))
    assert row.group.name == "Siilit"
    short = factories.group(host, "Oravat", end=date(2026, 7, 15))
    with pytest.raises(Refused, match="backup_care.group_not_open"):
        act.place_in_group(row, director, group=short)
    act.remove(row, director)
    assert arranged() == []


def test_others_may_not(by: By) -> None:
    home, host = factories.unit(), factories.unit()
    child = placed(home)
    row = factories.backup_care(child, host, FIRST, LAST)
    stranger = by(factories.user("director", unit=factories.unit()))
    for try_it in (lambda: act.remove(row, stranger), lambda: act.arrange(child, stranger, unit=host, start=FIRST,
                                                                         end=LAST)):
        with pytest.raises(Denied):
            try_it()
    staff = by(factories.user("staff", unit=host, group=factories.group(host)))
    with pytest.raises(Denied):
        act.remove(row, staff)


def test_changed_days_lie_within_the_place_too_and_within_the_group(by: By) -> None:
    host = factories.unit()
    row = factories.backup_care(placed(end=date(2026, 8, 15)), host, FIRST, LAST,
                                factories.group(host, end=date(2026, 8, 10)))
    act.change(row, by(), start=FIRST, end=date(2026, 8, 10))
    with pytest.raises(Refused, match="backup_care.group_not_open"):
        act.change(row, by(), start=FIRST, end=date(2026, 8, 12))
    with pytest.raises(Refused, match="backup_care.partly_placed"):
        act.change(row, by(), start=FIRST, end=date(2026, 8, 20))
    with pytest.raises(Refused, match="backup_care.ends_first"):
        act.change(row, by(), start=LAST, end=FIRST)


def test_nobody_is_away_in_the_own_unit(by: By) -> None:
    home = factories.unit()
    with pytest.raises(Refused, match="backup_care.own_unit"):
        act.arrange(placed(home), by(), unit=home, start=FIRST, end=LAST)


def test_a_child_that_is_signed_in_elsewhere_today_goes_tomorrow(by: By) -> None:
    home, host = factories.unit("Aaltola"), factories.unit("Lokkila")
    child = placed(home)
    day.came(child, home, "7.30")
    with pytest.raises(Refused, match="backup_care.signed_in"):
        act.arrange(child, by(), unit=host, start=day.MONDAY, end=LAST)
    row = act.arrange(child, by(), unit=host, start=date(2026, 6, 2), end=LAST)
    with pytest.raises(Refused, match="backup_care.signed_in"):
        act.change(row, by(), start=day.MONDAY, end=LAST)


def test_what_the_own_unit_does_meanwhile_does_not_ask_the_child_by_name(by: By) -> None:
    home, host = factories.unit(), factories.unit()
    child, other = placed(home), placed(home)
    days = {"meanwhile": (home, date(2026, 7, 8), date(2026, 7, 8)), "before": (home, date(2026, 6, 30), FIRST),
            "there": (host, date(2026, 7, 8), date(2026, 7, 8))}
    events = {name: factories.save(Event(unit_id=unit.id, title=name, start=start, end=end, made_at=factories.NOON))
              for name, (unit, start, end) in days.items()}
    for event in events.values():
        factories.save(EventGuest(event_id=event.id, child_id=child.id))
    factories.save(EventGuest(event_id=events["meanwhile"].id, child_id=other.id))
    act.arrange(child, by(), unit=host, start=FIRST, end=LAST)
    asked = db.session.execute(select(Event.title, EventGuest.child_id).join(Event, Event.id == EventGuest.event_id))
    assert set(asked.all()) == {("before", child.id), ("there", child.id), ("meanwhile", other.id)}


# -- a whole group ------------------------------------------------------------------------------------------


def test_a_group_goes_elsewhere_each_child_for_its_own_days(by: By) -> None:
    home, host, third = factories.unit(), factories.unit(), factories.unit()
    group = factories.group(home)
    whole, leaves, elsewhere = (placed(home, end=end) for end in (None, date(2026, 7, 10), None))
    for child in (whole, leaves, elsewhere):
        place = db.session.scalars(select(Placement).where(Placement.child_id == child.id)).one()
        factories.in_group(place, group)
    placed(home)  # in no group
    factories.backup_care(elsewhere, third, date(2026, 7, 6), date(2026, 7, 12))
    director = by(factories.user("director", unit=home))
    assert act.move_group(group, director, unit=host, start=FIRST, end=LAST) == 3
    rows = db.session.scalars(select(BackupCare).where(BackupCare.unit_id == host.id)).all()
    assert sorted((row.child_id, str(row.period)) for row in rows) == sorted([
        (whole.id, "1.7.2026–31.7.2026"), (leaves.id, "1.7.2026–10.7.2026"),
        (elsewhere.id, "1.7.2026–5.7.2026"), (elsewhere.id, "13.7.2026–31.7.2026")])
    lines = db.session.scalars(select(AuditEvent.person_id).where(AuditEvent.action == "backup_care.arrange")).all()
    assert set(lines) == {whole.id, leaves.id, elsewhere.id}
    assert db.session.query(Email).count() == 3


@pytest.mark.parametrize(("given", "no"), [
    ({"end": date(2026, 6, 1)}, "backup_care.ends_first"), ({"own": True}, "backup_care.own_unit"),
    ({}, "backup_care.nobody"), ({"closes": date(2026, 7, 15)}, "backup_care.unit_not_open"),
])
def test_a_group_that_cannot_go_stays(by: By, given: dict[str, Any], no: str) -> None:
    group = factories.group(factories.unit())
    host = group.unit if given.get("own") else factories.unit(end=given.get("closes"))
    with pytest.raises(Refused, match=no):
        act.move_group(group, by(), unit=host, start=FIRST, end=given.get("end", LAST))


# -- the own place changes ----------------------------------------------------------------------------------


def test_a_new_place_cuts_care_elsewhere_in_the_same_breath(by: By) -> None:
    child = placed(end=date(2028, 7, 31))
    factories.backup_care(child, factories.unit(), date(2026, 8, 1), date(2026, 8, 31))
    decision = factories.decision(child, status=DecisionStatus.SENT)
    place = db.session.scalars(select(Placement).where(Placement.child_id == child.id)).one()
    place.end = date(2026, 8, 5)
    db.session.flush()
    db.session.info.pop("changes", None)
    guardian = factories.user("guardian", person=child.guardians[0])
    decisions.accept(decision, by(guardian, "2026-06-05"), start=date(2026, 8, 10))
    assert arranged() == ["1.8.2026–5.8.2026", "10.8.2026–31.8.2026"]


def test_the_nightly_job_finds_what_nobody_cut(by: By) -> None:
    kept, cut, gone = placed(), placed(end=date(2026, 7, 10)), placed(end=date(2026, 6, 20))
    for child in (kept, cut, gone):
        factories.backup_care(child, factories.unit(), FIRST, LAST)
    keep()
    outcome = run(FIT, by())
    assert (outcome.done, outcome.failed) == (2, {})
    assert arranged() == ["1.7.2026–10.7.2026", "1.7.2026–31.7.2026"]
    lines = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "job.backup_care.fit")).all()
    assert {line.person_id for line in lines} == {cut.id, gone.id}
    assert run(FIT, by()).done == 0


# -- who sees the child -------------------------------------------------------------------------------------


def sees(by: By, user: Any, day: str, model: Any = Person) -> set[int]:
    column = model.child_id if hasattr(model, "child_id") else model.person_id if model is Document else model.id
    key = "person.view" if model is Person else f"{model.feature_name()}.view"
    return set(db.session.scalars(select(column).where(within(by(user, day), key, model))))


def test_the_unit_that_takes_a_child_sees_it_and_its_guardians_until_a_month_after(by: By) -> None:
    host = factories.unit()
    group = factories.group(host)
    child = placed()
    factories.backup_care(child, host, FIRST, LAST, group)
    director = factories.user("director", unit=host)
    staff = factories.user("staff", unit=host, group=group)
    other_staff = factories.user("staff", unit=host, group=factories.group(host, "Oravat"))
    family = {child.id, child.guardians[0].id}
    for when in ("2026-06-01", "2026-07-31", "2026-08-31"):
        assert sees(by, director, when) == family
    assert sees(by, director, "2026-09-01") == set()
    assert sees(by, staff, "2026-07-31") == family
    assert sees(by, staff, "2026-08-01") == set()
    assert sees(by, other_staff, "2026-07-15") == set()
    assert sees(by, director, "2026-07-15", BackupCare) == {child.id}


def test_its_papers_are_read_only_while_the_child_is_there(by: By) -> None:
    host = factories.unit()
    child = placed()
    factories.backup_care(child, host, FIRST, LAST)
    factories.save(Document(person_id=child.id, feature="decision", name="Päätös", language="fi", digest="",
                            made_at=factories.NOON, content=b"%PDF"))
    director = factories.user("director", unit=host)
    seen = [bool(sees(by, director, day, Document)) for day in ("2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01")]
    assert seen == [False, True, True, False]


# -- where it counts ----------------------------------------------------------------------------------------


def test_a_guest_counts_where_it_is_and_only_in_what_really_happens(by: By) -> None:
    home, host = factories.unit(), factories.unit()
    factories.group(home), factories.group(host)
    child = placed(home)
    factories.factor(child, "2")
    factories.backup_care(child, host, FIRST, LAST)
    db.session.flush()
    days = DateRange(date(2026, 6, 30), FIRST)

    def weights(kind: OccupancyKind) -> dict[int, list[Decimal]]:
        with statements() as sent:
            rows = rows_of([home, host], days)
        assert len(sent) <= 5
        found = occupancy(places_of([home, host], days), rows, kind, days, options())
        return {unit: [figures.sum for figures in by_day.values()] for unit, by_day in found.items()}

    assert weights(OccupancyKind.REALISED) == {home.id: [2, 0], host.id: [0, 2]}
    assert weights(OccupancyKind.CONFIRMED) == {home.id: [2, 2], host.id: [0, 0]}


def test_days_on_which_the_child_was_elsewhere_are_not_given_away(by: By) -> None:
    child = placed()
    home, host = child_unit(child), factories.unit()
    factories.presence(child, home, day=date(2026, 5, 29))
    director = by(factories.user("director", home))
    with pytest.raises(Refused, match="backup_care.was_elsewhere"), db.session.begin_nested():
        act.arrange(child, director, unit=host, start=date(2026, 5, 28), end=date(2026, 5, 29))
    row = act.arrange(child, director, unit=host, start=date(2026, 5, 28), end=date(2026, 5, 28))
    with pytest.raises(Refused, match="backup_care.was_elsewhere"):
        act.change(row, director, start=date(2026, 5, 28), end=date(2026, 6, 5))


def child_unit(child: Person) -> Any:
    return db.session.scalars(select(Placement).where(Placement.child_id == child.id)).one().unit
