"""Places afterwards: entered by hand, changed, ended, given up by the family, and another service need."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions.placement import change as act
from evaka.actions.placement import need_change, termination
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.fee import FeeDecision
from evaka.models.journal import AuditEvent, Email
from evaka.models.placement import Placement
from evaka.models.user import User
from evaka.rules.placement import CareType, ShiftCare
from evaka.rules.placement.need_change import NeedChangeStatus
from evaka.rules.placement.termination import TerminationScope
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
SCHOOL = ["preschool", "preschool_daycare", "daycare"]


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker"))


def places_of(child):
    db.session.flush()
    rows = select(Placement).where(Placement.child_id == child.id).order_by(Placement.start)
    return db.session.scalars(rows.execution_options(populate_existing=True)).all()


def told(child):
    return [(str(one.unit), str(one.period), str(one.care_type)) for one in places_of(child)]


def parent(by, child, day="2026-06-01"):
    mother = child.guardians[0]
    known = db.session.scalars(select(User).where(User.person_id == mother.id)).one_or_none()
    return by(known or factories.user("guardian", person=mother), day)


# -- by the office and the units --------------------------------------------------------------------


def test_a_place_by_hand_cuts_the_others_and_drafts_the_fee(worker):
    child = factories.child()
    old = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    unit = factories.unit()
    made = act.add(child, worker, unit=unit, service_need="full_day", start=date(2026, 9, 1), end=date(2027, 5, 31),
                   guaranteed=True)
    assert told(child) == [
        (str(old.unit), "7.1.2026–31.8.2026", "daycare"), (str(unit), "1.9.2026–31.5.2027", "daycare"),
        (str(old.unit), "1.6.2027–31.7.2027", "daycare")]
    assert [made.guaranteed, *(one.option for one in made.needs)] == [True, "full_day"]
    assert db.session.scalars(select(FeeDecision.head_id)).first() == child.guardians[0].id


def test_a_director_does_not_cut_another_units_place(by):
    child = factories.child()
    here, elsewhere = factories.unit(), factories.unit()
    factories.placement(child, date(2026, 1, 7), date(2026, 12, 31), unit=elsewhere)
    factories.placement(child, date(2027, 1, 1), date(2027, 12, 31), unit=here)
    director = by(factories.user("director", unit=here))
    with pytest.raises(Refused, match="placement.of_other_unit"):
        act.add(child, director, unit=here, service_need="full_day", start=date(2026, 9, 1), end=date(2027, 5, 31))


@pytest.mark.parametrize(("given", "key"), [
    ({"end": date(2026, 8, 1)}, "placement.ends_first"),
    ({"start": date(2050, 1, 1), "end": date(2051, 1, 1)}, "application.not_a_child"),
    ({"service_need": "preschool"}, "placement.care_not_offered"),
    ({"shift_care": ShiftCare.FULL}, "placement.no_shift_care"),
])
def test_a_place_that_cannot_be_is_refused(worker, given, key):
    inputs = {"unit": factories.unit(), "service_need": "full_day", "start": date(2026, 9, 1), "end": date(2027, 5, 31)}
    with pytest.raises(Refused, match=key):
        act.add(factories.child(), worker, **(inputs | given))


def test_other_days_cut_and_lengthen_needs_and_groups(worker):
    child = factories.child()
    place = factories.placement(child, date(2026, 8, 1), date(2027, 7, 31))
    factories.in_group(place, factories.group(place.unit))
    act.change_days(place, worker, start=date(2026, 7, 1), end=date(2027, 9, 30))
    assert [str(one.period) for one in (place, *place.needs, *place.groups)] == ["1.7.2026–30.9.2027"] * 3
    act.change_days(place, worker, start=date(2026, 9, 1), end=date(2026, 12, 31))
    assert [str(one.period) for one in (place, *place.needs, *place.groups)] == ["1.9.2026–31.12.2026"] * 3
    with pytest.raises(Refused, match="placement.ends_first"):
        act.change_days(place, worker, start=date(2026, 9, 1), end=date(2026, 8, 31))


def test_another_kind_of_care_in_the_same_unit_keeps_the_group(worker):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    group = factories.group(place.unit)
    factories.in_group(place, group)
    made = act.move(place, worker, start=date(2026, 9, 1), service_need="part_day")
    assert told(child) == [(str(place.unit), "7.1.2026–31.8.2026", "daycare"),
                           (str(place.unit), "1.9.2026–31.7.2027", "daycare_part_time")]
    assert [(one.group_id, str(one.period)) for one in made.groups] == [(group.id, "1.9.2026–31.7.2027")]
    assert [one.option for one in made.needs] == ["part_day"]


def test_in_another_unit_the_group_is_chosen_anew_and_from_the_first_day_nothing_is_left(worker):
    child = factories.child()
    place = factories.placement(child, date(2026, 9, 1), date(2027, 7, 31))
    factories.in_group(place, factories.group(place.unit))
    unit = factories.unit()
    made = act.move(place, worker, start=date(2026, 9, 1), unit=unit, service_need="full_day")
    assert told(child) == [(str(unit), "1.9.2026–31.7.2027", "daycare")]
    assert not made.groups
    with pytest.raises(Refused, match="placement.group_outside_place"):
        act.move(made, worker, start=date(2026, 8, 31), service_need="full_day")


def test_a_place_is_ended_or_before_it_begins_removed(worker):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    factories.in_group(place, factories.group(place.unit))
    act.end_early(place, worker, last_day=date(2026, 6, 30))
    assert [str(one.period) for one in (place, *place.needs, *place.groups)] == ["7.1.2026–30.6.2026"] * 3
    with pytest.raises(Refused, match="placement.has_begun"), db.session.begin_nested():
        act.remove(place, worker)
    with pytest.raises(Refused, match="placement.guarantee_of_begun"), db.session.begin_nested():
        act.guarantee(place, worker, guaranteed=True)
    later = factories.placement(child, date(2026, 9, 1), date(2027, 7, 31))
    act.guarantee(later, worker, guaranteed=True)
    assert later.guaranteed
    act.remove(later, worker)
    assert len(places_of(child)) == 1


def test_a_need_makes_room_in_the_earlier_ones(worker):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    act.set_need(place, worker, service_need="from_25_to_35_hours", start=date(2026, 9, 1), end=date(2026, 12, 31))
    db.session.refresh(place)
    assert [(one.option, str(one.period)) for one in place.needs] == [
        ("full_day", "7.1.2026–31.8.2026"), ("from_25_to_35_hours", "1.9.2026–31.12.2026"),
        ("full_day", "1.1.2027–31.7.2027")]
    act.set_need(place, worker, service_need="from_25_to_35_hours", start=date(2026, 1, 7))
    db.session.refresh(place)
    assert [(one.option, str(one.period)) for one in place.needs] == [("from_25_to_35_hours", "7.1.2026–31.7.2027")]
    with pytest.raises(Refused, match="placement.ends_first"):
        act.set_need(place, worker, service_need="full_day", start=date(2026, 9, 1), end=date(2026, 8, 1))


@pytest.mark.parametrize("role", ["staff", "special_education_teacher", "finance", "guardian"])
def test_who_does_not_look_after_places_changes_none(by, role):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    person = child.guardians[0] if role == "guardian" else None
    with pytest.raises(Denied):
        act.end_early(place, by(factories.user(role, unit=place.unit, person=person)), last_day=date(2026, 6, 30))


# -- by the family ----------------------------------------------------------------------------------


def test_a_family_gives_up_its_place_and_both_guardians_are_told(by):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    factories.in_group(place, factories.group(place.unit))
    factories.placement(child, date(2027, 8, 1), date(2028, 7, 31), unit=place.unit)
    other = factories.guardian_of(child)
    db.session.expire_all()
    made = termination.terminate(place, parent(by, child), last_day=date(2026, 8, 31))
    assert told(child) == [(str(place.unit), "7.1.2026–31.8.2026", "daycare")]
    assert (made.last_day, made.scope) == (date(2026, 8, 31), TerminationScope.PLACE)
    mails = db.session.scalars(select(Email.person_id).where(Email.text == "place_terminated")).all()
    assert set(mails) == {child.guardians[0].id, other.id}
    assert db.session.scalar(select(AuditEvent.action).where(AuditEvent.action == "placement.terminate"))


def test_what_was_given_up_by_mistake_is_as_it_was_within_a_day(by):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    group = factories.group(place.unit)
    factories.in_group(place, group)
    factories.placement(child, date(2027, 8, 1), date(2028, 7, 31), unit=place.unit)
    before = told(child)
    made = termination.terminate(place, parent(by, child), last_day=date(2026, 8, 31))
    with pytest.raises(Refused, match="termination.undone_too_late"), db.session.begin_nested():
        termination.undo(made, parent(by, child, "2026-06-03"))
    termination.undo(made, parent(by, child))
    assert told(child) == before
    first = places_of(child)[0]
    assert [(one.group_id, str(one.period)) for one in first.groups] == [(group.id, "7.1.2026–31.7.2027")]
    with pytest.raises(Refused, match="termination.undone_already"):
        termination.undo(made, parent(by, child))


def test_a_notice_is_not_taken_back_once_the_places_have_changed(by, worker):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    made = termination.terminate(place, parent(by, child), last_day=date(2026, 8, 31))
    act.add(child, worker, unit=factories.unit(), service_need="full_day", start=date(2026, 9, 1),
            end=date(2027, 5, 31))
    with pytest.raises(Refused, match="termination.places_have_changed"):
        termination.undo(made, parent(by, child))


def test_only_the_care_around_pre_primary_education_is_given_up(by):
    child = factories.child(born=date(2020, 5, 1))
    unit = factories.unit(care_types=SCHOOL)
    place = factories.placement(child, date(2026, 1, 7), date(2027, 6, 5), unit=unit,
                                care_type=CareType.PRESCHOOL_DAYCARE, service_need="preschool_daycare")
    group = factories.group(unit)
    factories.in_group(place, group)
    factories.placement(child, date(2027, 6, 6), date(2027, 7, 31), unit=unit)
    made = termination.terminate(
        place, parent(by, child), last_day=date(2026, 8, 31), scope=TerminationScope.CONNECTED)
    assert told(child) == [(str(unit), "7.1.2026–31.8.2026", "preschool_daycare"),
                           (str(unit), "1.9.2026–5.6.2027", "preschool")]
    rest = places_of(child)[1]
    assert [one.group_id for one in rest.groups] == [group.id]
    assert [one.option for one in rest.needs] == ["preschool"]
    termination.undo(made, parent(by, child))
    assert told(child) == [(str(unit), "7.1.2026–5.6.2027", "preschool_daycare"),
                           (str(unit), "6.6.2027–31.7.2027", "daycare")]


def test_only_the_childs_own_family_gives_up_its_place(by):
    place = factories.placement(factories.child(), date(2026, 1, 7), date(2027, 7, 31))
    with pytest.raises(Denied):
        termination.terminate(place, parent(by, factories.child()), last_day=date(2026, 8, 31))


def test_a_family_asks_for_another_need_and_the_director_grants_it(by):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    mother = parent(by, child)
    made = need_change.ask(place, mother, start=date(2026, 9, 1), service_need="from_25_to_35_hours", reason="Työaika")
    with pytest.raises(Refused, match="need_change.one_at_a_time"), db.session.begin_nested():
        need_change.ask(place, mother, start=date(2026, 10, 1), service_need="from_25_to_35_hours")
    need_change.accept(made, by(factories.user("director", unit=place.unit)))
    db.session.refresh(place)
    assert [(one.option, str(one.period)) for one in place.needs] == [
        ("full_day", "7.1.2026–31.8.2026"), ("from_25_to_35_hours", "1.9.2026–31.7.2027")]
    assert db.session.scalars(select(Email.text).where(Email.person_id == mother.user.person_id)).all() == [
        "need_change_accepted"]


def test_a_need_of_the_other_extent_makes_the_rest_a_place_of_that_kind(by):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    group = factories.group(place.unit)
    factories.in_group(place, group)
    made = need_change.ask(place, parent(by, child), start=date(2026, 9, 1), service_need="part_day")
    need_change.accept(made, by(factories.user("director", unit=place.unit)))
    assert told(child) == [(str(place.unit), "7.1.2026–31.8.2026", "daycare"),
                           (str(place.unit), "1.9.2026–31.7.2027", "daycare_part_time")]
    assert [one.group_id for one in places_of(child)[1].groups] == [group.id]


def test_a_wish_is_declined_with_a_reason_or_taken_back(by):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    director, mother = by(factories.user("director", unit=place.unit)), parent(by, child)
    made = need_change.ask(place, mother, start=date(2026, 9, 1), service_need="from_25_to_35_hours")
    need_change.decline(made, director, answer="Ei tilaa")
    assert (made.status, made.answer) == (NeedChangeStatus.DECLINED, "Ei tilaa")
    again = need_change.ask(place, mother, start=date(2026, 9, 1), service_need="from_25_to_35_hours")
    need_change.cancel(again, mother)
    assert again.status is NeedChangeStatus.CANCELLED
    with pytest.raises(Refused, match="workflow.wrong_state"):
        need_change.accept(again, director)


def test_a_wish_for_a_place_that_is_gone_is_not_granted(by, worker):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 7), date(2027, 7, 31))
    made = need_change.ask(place, parent(by, child), start=date(2026, 9, 1), service_need="from_25_to_35_hours")
    act.end_early(place, worker, last_day=date(2026, 6, 30))
    with pytest.raises(Refused, match="need_change.place_is_gone"), db.session.begin_nested():
        need_change.accept(made, by(factories.user("director", unit=place.unit)))
    with pytest.raises(Refused, match="placement.need_of_other_type"):
        need_change.ask(place, worker, start=date(2026, 6, 2), service_need="preschool")
