"""Suggestions through their rows: reckoned, changed by hand, approved; what has changed since is left out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from evaka.actions import application as applications
from evaka.actions import placement
from evaka.actions import suggestion as act
from evaka.jobs import JOBS, run
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.decision import Decision
from evaka.models.journal import AuditEvent, Email, JobRun
from evaka.models.placement import PlacementPlan
from evaka.models.suggestion import SuggestedPlace, Suggestion, SuggestionUnit
from evaka.rules.application import ApplicationStatus
from evaka.rules.placement import PlanStatus
from evaka.rules.suggestion import SuggestedStatus, SuggestionStatus
from tests import factories
from tests.conftest import keep

pytestmark = pytest.mark.usefixtures("database")
S = SuggestedStatus


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker", name="Paula Palveluohjaaja"))


def house(name: str, adults: str = "1", **fields):
    """A unit with room for seven children of three or more for each adult."""
    unit = factories.unit(name, **fields)
    factories.group(unit, adults=adults)
    return unit


def waiting(units, guardian=None, **fields):
    """A checked application of a child of four that waits for a place."""
    child = factories.child(guardian, first_name=fields.pop("first_name", "Lapsi"))
    fields = {"status": ApplicationStatus.WAITING_PLACEMENT, "checked": True, "due": date(2026, 10, 1),
              "start": date(2026, 8, 10), "received": date(2026, 3, 1)} | fields
    return factories.application(child, units, **fields)


def begun(worker, rows, units, name="Syksy") -> Suggestion:
    one = act.begin(worker, name=name, applications=[row.id for row in rows], units=[unit.id for unit in units])
    keep()
    return one


def reckoned(worker, rows, units, **fields) -> Suggestion:
    one = begun(worker, rows, units, **fields)
    outcome = run(JOBS["suggestion.reckon"], worker)
    assert (outcome.done, outcome.failed) == (1, {})
    return db.session.get_one(Suggestion, one.id)


def places(one: Suggestion) -> dict[int, SuggestedPlace]:
    return {place.application_id: place for place in db.session.scalars(
        select(SuggestedPlace).where(SuggestedPlace.suggestion_id == one.id))}


def crowd(units, count: int, **fields):
    """So many that come before everybody else: due in August."""
    return [waiting(units, due=date(2026, 8, 20), first_name=f"Ensin {n}", **fields) for n in range(count)]


def test_a_whole_plan_with_its_reasons_and_nothing_is_drafted_or_told(worker):
    kettu, siili = house("Kettu"), house("Siili")
    rows = [*crowd([kettu], 6), waiting([kettu, siili], due=date(2026, 9, 20)), waiting([kettu, siili])]
    one = reckoned(worker, rows, [kettu, siili])
    found = places(one)
    assert one.status is SuggestionStatus.READY
    assert [found[row.id].unit_id for row in rows] == [kettu.id] * 7 + [siili.id]
    last = found[rows[-1].id]
    assert (last.wish, last.reckoned_id, last.known) == (2, siili.id, rows[-1].version)
    [why] = last.why["not_there"]
    assert why == {"unit": kettu.id, "wish": 1, "reason": "no_room", "month": "8/2026", "free": "0", "takes": "1",
                   "last": rows[6].id, "criterion": "due", "misfits": []}
    assert found[rows[6].id].why["here"] == {
        "wish": 1, "with": [], "before": rows[7].id, "criterion": "due", "looked_at": 0}
    assert one.figures["wishes"] == [7, 1]
    assert (one.figures["unplaced"], one.figures["blocking"]) == (0, 0)
    assert len(one.digest) == 64
    assert db.session.scalar(select(func.count()).select_from(PlacementPlan)) == 0
    assert db.session.scalar(select(func.count()).select_from(Email)) == 0
    free = db.session.scalar(select(SuggestionUnit.free).where(SuggestionUnit.unit_id == kettu.id))
    assert free["2026-08-01"] == "70000"


def test_the_same_facts_are_the_same_digest_and_the_same_plan(worker):
    kettu, siili = house("Kettu", "0.5"), house("Siili", "0.5")
    rows = [waiting([kettu, siili]) for _ in range(8)]
    first = reckoned(worker, rows, [kettu, siili])
    second = reckoned(worker, list(reversed(rows)), [siili, kettu])
    assert first.digest == second.digest
    assert [places(first)[row.id].unit_id for row in rows] == [places(second)[row.id].unit_id for row in rows]


def test_places_and_plans_that_are_there_take_their_room(worker):
    kettu = house("Kettu")
    for _ in range(5):
        factories.placement(factories.child(), date(2026, 1, 1), date(2027, 7, 31), unit=kettu)
    planned = factories.application(status=ApplicationStatus.WAITING_CONFIRMATION)
    factories.plan(planned, unit=kettu, status=PlanStatus.PROPOSED, start=date(2026, 8, 1), end=date(2027, 7, 31))
    rows = [waiting([kettu], due=date(2026, 9, 1)), waiting([kettu], due=None)]
    one = reckoned(worker, rows, [kettu])
    assert [places(one)[row.id].unit_id for row in rows] == [kettu.id, None]


def test_a_child_under_three_takes_more_and_support_multiplies(worker):
    kettu = house("Kettu", "0.5")  # 3.5
    small = factories.child(born=date(2025, 6, 1))
    supported = factories.child(born=date(2021, 6, 1))
    factories.factor(supported, "2", date(2026, 1, 1))
    fields = {"status": ApplicationStatus.WAITING_PLACEMENT, "checked": True, "start": date(2026, 8, 10)}
    rows = [factories.application(small, [kettu], due=date(2026, 8, 1), **fields),
            factories.application(supported, [kettu], due=date(2026, 9, 1), **fields),
            waiting([kettu])]
    one = reckoned(worker, rows, [kettu])
    assert [places(one)[row.id].unit_id for row in rows] == [kettu.id, None, kettu.id]
    [why] = places(one)[rows[1].id].why["not_there"]
    assert (why["free"], why["takes"], why["last"]) == ("1.75", "2", rows[0].id)


def test_siblings_come_together_and_a_sibling_in_the_unit_goes_first(worker):
    kettu, siili = house("Kettu", "0.4"), house("Siili", "0.5")  # 2.8, 3.5
    mother, father = factories.person(), factories.person()
    pair = [waiting([kettu, siili], mother), waiting([kettu, siili], mother)]
    factories.placement(factories.child(father), date(2026, 1, 1), date(2027, 7, 31), unit=kettu)
    brother, rival = waiting([kettu], father), waiting([kettu], due=None)
    one = reckoned(worker, [*pair, brother, rival], [kettu, siili])
    found = places(one)
    assert {found[row.id].unit_id for row in pair} == {siili.id}
    assert (found[brother.id].unit_id, found[rival.id].unit_id) == (kettu.id, None)
    assert found[pair[0].id].family == found[pair[1].id].family == pair[0].id
    assert found[pair[0].id].why["here"]["with"] == [pair[1].id]
    [why] = found[pair[0].id].why["not_there"]
    assert (why["free"], why["takes"], why["last"], why["criterion"]) == ("0.8", "2", brother.id, "sibling")


def test_who_has_a_due_date_is_offered_a_place_beyond_the_wishes_and_others_are_not(worker):
    kettu, siili = house("Kettu", "0"), house("Siili")
    rows = [waiting([kettu]), waiting([kettu], due=None)]
    one = reckoned(worker, rows, [kettu, siili])
    first, second = (places(one)[row.id] for row in rows)
    assert (first.unit_id, first.wish) == (siili.id, None)
    assert (second.unit_id, second.why["here"]["looked_at"]) == (None, 0)


def test_only_those_who_wait_are_taken_and_only_a_case_worker_begins(worker, by):
    kettu = house("Kettu")
    gone = waiting([kettu], status=ApplicationStatus.CANCELLED)
    with pytest.raises(Refused, match="nobody_waits"):
        act.begin(worker, name="x", applications=[gone.id], units=[kettu.id])
    here = waiting([kettu])
    with pytest.raises(Refused, match="no_units"):
        act.begin(worker, name="x", applications=[here.id], units=[])
    director = by(factories.user("director", unit=kettu))
    with pytest.raises(Denied):
        act.begin(director, name="x", applications=[here.id], units=[kettu.id])
    one = begun(worker, [here, gone], [kettu])
    assert places(one).keys() == {here.id}


def test_an_application_without_a_start_is_left_out_and_says_why(worker):
    kettu = house("Kettu")
    row = waiting([kettu], start=None)
    one = reckoned(worker, [row, waiting([kettu])], [kettu])
    assert (places(one)[row.id].status, places(one)[row.id].trouble) == (S.LEFT_OUT, "suggestion.no_start")


def test_approving_drafts_plans_and_decisions_and_tells_nobody(worker):
    kettu = house("Kettu")
    rows = [waiting([kettu]) for _ in range(3)]
    one = reckoned(worker, rows, [kettu])
    assert act.approve(one, worker) == 3
    keep()
    assert one.status is SuggestionStatus.APPROVED
    plans = db.session.scalars(select(PlacementPlan).order_by(PlacementPlan.application_id)).all()
    assert [(plan.application_id, plan.unit_id, plan.status) for plan in plans] == [
        (row.id, kettu.id, PlanStatus.DRAFT) for row in rows]
    assert {row.status for row in rows} == {ApplicationStatus.WAITING_DECISION}
    assert {place.status for place in places(one).values()} == {S.APPROVED}
    assert db.session.scalar(select(func.count()).select_from(Decision)) == 3
    assert db.session.scalar(select(func.count()).select_from(Email)) == 0
    with pytest.raises(Refused):
        act.approve(one, worker)


def test_what_has_changed_since_is_left_out_by_name(worker):
    kettu, siili = house("Kettu"), house("Siili", "0.25")
    withdrawn, edited, unread, taken, fine = (
        waiting([kettu]), waiting([kettu]), waiting([kettu], checked=False), waiting([siili]), waiting([kettu]))
    rows = [withdrawn, edited, unread, taken, fine]
    one = reckoned(worker, rows, [kettu, siili])
    applications.cancel(withdrawn, worker, reason="Muutti pois")
    edited.urgent = True
    factories.placement(factories.child(), date(2026, 7, 1), date(2027, 7, 31), unit=siili)
    act.record("application.edit", edited, worker, {})
    keep()
    assert act.approve(one, worker) == 1
    keep()
    found = places(one)
    assert [found[row.id].trouble for row in rows] == [
        "suggestion.does_not_wait", "suggestion.edited_since", "suggestion.not_checked", "suggestion.place_taken", ""]
    assert [found[row.id].status for row in rows] == [S.LEFT_OUT] * 4 + [S.APPROVED]
    assert found[taken.id].trouble_facts == {"unit": "Siili", "month": "8/2026"}


def test_one_place_is_approved_alone_and_the_others_later_beside_it(worker):
    kettu = house("Kettu", "0.5")
    rows = [waiting([kettu]) for _ in range(3)]
    one = reckoned(worker, rows, [kettu])
    act.accept(places(one)[rows[1].id], worker)
    keep()
    assert places(one)[rows[1].id].status is S.APPROVED
    assert act.approve(one, worker) == 2
    with pytest.raises(Refused):
        act.accept(places(one)[rows[1].id], worker)


def test_a_change_by_hand_keeps_what_it_breaks(worker):
    kettu, siili = house("Kettu", "0.25"), house("Siili")
    first, second = waiting([kettu], due=date(2026, 9, 1)), waiting([siili])
    third = waiting([kettu, siili], due=date(2026, 9, 20))
    one = reckoned(worker, [first, second, third], [kettu, siili])
    place = places(one)[second.id]
    act.move(place, worker, unit=kettu)
    keep()
    place = places(one)[second.id]
    assert [key for key, _ in place.broken] == [
        "suggestion.broken.not_wished", "suggestion.broken.passed_over", "suggestion.broken.no_room"]
    assert place.broken[1][1] == {"number": third.id, "criterion": "due"}
    assert (place.unit_id, place.reckoned_id, place.by_hand, place.wish) == (kettu.id, siili.id, True, None)
    assert act.approve(one, worker) == 3  # a person has decided it: the desk tells that the unit is over-full
    act_line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "suggestion.move")).one()
    assert act_line.person_id == second.child_id


def test_nobody_is_moved_where_such_care_is_not_given(worker):
    kettu = house("Kettu")
    school = factories.unit("Koulu", care_types=["preschool"])
    row = waiting([kettu])
    one = reckoned(worker, [row], [kettu, school])
    place = places(one)[row.id]
    with pytest.raises(Refused, match="placement.care_not_offered"):
        act.move(place, worker, unit=school)
    assert place.unit_id == kettu.id


def test_moving_back_breaks_nothing_and_siblings_apart_are_told(worker):
    kettu, siili = house("Kettu"), house("Siili")
    mother = factories.person()
    pair = [waiting([kettu, siili], mother), waiting([kettu, siili], mother)]
    one = reckoned(worker, pair, [kettu, siili])
    place = places(one)[pair[0].id]
    act.move(place, worker, unit=siili)
    assert [key for key, _ in place.broken] == ["suggestion.broken.apart"]
    act.move(place, worker, unit=kettu)
    assert (place.broken, place.by_hand) == ([], False)


def test_leaving_out_and_taking_back(worker):
    kettu = house("Kettu")
    rows = [waiting([kettu]), waiting([kettu])]
    one = reckoned(worker, rows, [kettu])
    place = places(one)[rows[0].id]
    act.leave_out(place, worker)
    assert (place.status, place.trouble) == (S.LEFT_OUT, "suggestion.by_hand")
    act.take_back(place, worker)
    act.leave_out(places(one)[rows[1].id], worker)
    keep()
    assert act.approve(one, worker) == 1
    assert rows[1].status is ApplicationStatus.WAITING_PLACEMENT


def test_what_was_discarded_is_not_changed_nor_reckoned(worker):
    kettu = house("Kettu")
    row = waiting([kettu])
    one = reckoned(worker, [row], [kettu])
    act.discard(one, worker)
    keep()
    for change in (act.leave_out, act.accept):
        with pytest.raises(Refused, match="not_open"):
            change(places(one)[row.id], worker)
        db.session.rollback()
    other = begun(worker, [row], [kettu])
    found = act.reckon(other, worker)
    act.discard(other, worker)
    keep()
    act.keep(other, found, worker)
    assert (other.status, other.digest) == (SuggestionStatus.DISCARDED, "")
    assert act.reckon(other, worker) is None


def test_a_run_that_was_killed_leaves_nothing_and_the_next_one_does_it_all(worker, monkeypatch):
    kettu = house("Kettu")
    rows = [waiting([kettu]) for _ in range(3)]
    one = begun(worker, rows, [kettu])
    found = act.reckon(one, worker)
    act.keep(one, found, worker)
    db.session.rollback()  # the machine dies before the transaction is kept
    one = db.session.get_one(Suggestion, one.id)
    assert (one.status, one.digest) == (SuggestionStatus.WAITING, "")
    assert {place.unit_id for place in places(one).values()} == {None}
    assert run(JOBS["suggestion.reckon"], worker).done == 1
    assert {place.unit_id for place in places(one).values()} == {kettu.id}
    assert run(JOBS["suggestion.reckon"], worker).done == 0


def test_one_that_cannot_be_reckoned_says_why_and_is_tried_again(worker, by):
    kettu = house("Kettu")
    one = begun(worker, [waiting([kettu])], [kettu])
    long_ago = by(worker.user, day="2020-01-01")
    run(JOBS["suggestion.reckon"], long_ago)
    one = db.session.get_one(Suggestion, one.id)
    assert (one.status, one.trouble) == (SuggestionStatus.FAILED, "suggestion.no_criteria")
    act.retry(one, worker)
    keep()
    assert db.session.scalar(select(func.count()).select_from(JobRun).where(JobRun.job == "suggestion.reckon")) == 1
    run(JOBS["suggestion.reckon"], worker)
    assert db.session.get_one(Suggestion, one.id).status is SuggestionStatus.READY


def test_undoing_on_the_desk_gives_the_room_back(worker):
    kettu = house("Kettu", "0.25")
    rows = [waiting([kettu], due=date(2026, 9, 1)), waiting([kettu])]
    one = reckoned(worker, rows, [kettu])
    act.accept(places(one)[rows[0].id], worker)
    keep()
    placement.return_to_placement(rows[0], worker)
    other = places(one)[rows[1].id]
    act.move(other, worker, unit=kettu)
    act.accept(other, worker)
    assert rows[1].status is ApplicationStatus.WAITING_DECISION


def test_starts_in_the_past_are_planned_from_today_on(worker, by):
    kettu = house("Kettu")
    row = waiting([kettu], start=date(2026, 2, 1))
    one = reckoned(worker, [row], [kettu])
    assert places(one)[row.id].start == worker.today
    assert places(one)[row.id].start + timedelta(days=1) <= places(one)[row.id].end
