"""Foster parents, households over time, contacts, conflicts, and what a death ends."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import application
from evaka.actions import decision as decisions
from evaka.actions import person as act
from evaka.actions.document import bill_recipient_of
from evaka.actions.person.contacts import calls_of
from evaka.actions.person.family import check_death, end_with_death, find_conflicts
from evaka.kit import identity
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.journal import AuditEvent, Email
from evaka.models.message import guardians_of
from evaka.models.person import (
    FamilyConflict,
    FamilyContact,
    FosterParent,
    Guardian,
    HeadOfChild,
    Partner,
    Person,
    Pickup,
)
from evaka.models.person.custody import carers, own_children
from evaka.rules.application import ApplicationStatus
from evaka.rules.decision import DecisionStatus
from evaka.rules.person.family import ConflictKind, ConflictStatus
from evaka.rules.placement import PlanStatus
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
TODAY = date(2026, 6, 1)
BORN = date(1988, 3, 14)


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker"))


def adult(number=901, **fields):
    return factories.person(BORN, identity_code=identity.made(BORN, number), **fields)


def placed(**fields):
    """A child in day care, at one address with its mother."""
    mother = factories.person(street="Koivukatu 1")
    child = factories.child(mother, street="Koivukatu 1", **fields)
    factories.placement(child, date(2026, 1, 1))
    return child, mother


def block(child, guardian):
    row = db.session.scalars(select(Guardian).where(
        Guardian.child_id == child.id, Guardian.guardian_id == guardian.id)).one()
    row.blocked = True
    db.session.flush()
    return row


def found():
    return {(one.kind.value, one.person_id, one.other_id, one.status.value)
            for one in db.session.scalars(select(FamilyConflict).execution_options(populate_existing=True))}


# -- identity codes ---------------------------------------------------------------------------------


def test_a_code_is_added_to_whoever_has_none(worker):
    person, code = factories.person(BORN), identity.made(BORN, 901)
    act.add_code(person, worker, identity_code=f" {code.lower()}")
    assert person.identity_code == code
    with pytest.raises(Refused, match="person.code_already"):
        act.add_code(person, worker, identity_code=identity.made(BORN, 902))


@pytest.mark.parametrize(
    ("fields", "code", "key"),
    [
        ({}, identity.made(BORN, 901), "code_taken"),
        ({}, "140388-901", "identity_code_form"),
        ({}, identity.made(date(1988, 3, 15), 903), "born_otherwise"),
        ({"no_code_expected": True}, identity.made(BORN, 903), "code_not_expected"),
    ],
)
def test_a_code_that_cannot_be_the_persons_is_refused_without_telling_it(worker, fields, code, key):
    adult(901)
    with pytest.raises(Refused) as no:
        act.add_code(factories.person(BORN, **fields), worker, identity_code=code)
    assert no.value.key == f"person.{key}"
    assert code not in str(no.value.facts)


# -- foster parents -----------------------------------------------------------------------------------


def test_a_foster_parent_has_the_rights_of_a_guardian_while_the_child_is_placed_there(worker):
    child, parent = factories.child(), adult()
    act.add_foster_parent(child, worker, identity_code=parent.identity_code, start=TODAY, end=date(2026, 8, 31))
    for day, has in ((date(2026, 5, 31), False), (TODAY, True), (date(2026, 8, 31), True), (date(2026, 9, 1), False)):
        assert (child.id in db.session.scalars(own_children(parent.id, day)).all()) is has, day
        assert (parent in db.session.scalars(carers(child.id, day)).all()) is has, day


def test_a_blocked_guardian_stays_blocked_as_a_foster_parent(worker):
    child = factories.child()
    father = factories.guardian_of(child, born=BORN, identity_code=identity.made(BORN, 901))
    factories.foster_parent(child, father)
    assert db.session.scalars(carers(child.id, TODAY)).all() == [child.guardians[0], father]  # and once only
    block(child, father)
    assert db.session.scalars(own_children(father.id, TODAY)).all() == []
    with pytest.raises(Refused, match="person.foster_blocked"):
        act.add_foster_parent(child, worker, identity_code=father.identity_code, start=date(2027, 1, 1))


@pytest.mark.parametrize(
    ("days", "key"),
    [
        ({"start": date(2022, 4, 30)}, "before_birth"),
        ({"start": TODAY, "end": date(2040, 5, 1)}, "after_childhood"),
        ({"start": TODAY, "end": date(2026, 5, 31)}, "ends_first"),
        ({"start": date(2026, 3, 31)}, "foster_overlaps"),
        ({"start": date(2006, 3, 13)}, "foster_not_adult"),  # eighteen the day after
    ],
)
def test_foster_care_that_cannot_be_is_refused(worker, days, key):
    child, parent = factories.child(), adult()
    factories.foster_parent(child, parent, date(2026, 1, 1), date(2026, 3, 31))
    with pytest.raises(Refused) as no:
        act.add_foster_parent(child, worker, identity_code=parent.identity_code, **days)
    assert no.value.key == f"person.{key}"


def test_the_time_of_foster_care_is_corrected_and_a_mistake_removed(worker):
    child, parent = factories.child(), adult()
    first = factories.foster_parent(child, parent, date(2026, 1, 1), date(2026, 3, 31))
    second = factories.foster_parent(child, parent, date(2026, 5, 1))
    act.correct_foster_parent(child, worker, foster=first, start=date(2026, 2, 1), end=date(2026, 4, 30))
    with pytest.raises(Refused, match="person.foster_overlaps"):
        act.correct_foster_parent(child, worker, foster=second, start=date(2026, 4, 30))
    act.delete_foster_parent(child, worker, foster=second)
    assert db.session.scalars(select(FosterParent.end)).all() == [date(2026, 4, 30)]


def test_a_decision_waits_for_a_foster_parent_too_and_only_while_it_is_one(worker):
    child = factories.child()
    parent = factories.foster_parent(child).parent
    former = factories.foster_parent(child, end=date(2026, 5, 31)).parent
    for one in (parent, former):
        factories.user("guardian", person=one)  # else the copy would be a letter
    unit = factories.unit(ask_unit=False)
    application = factories.application(child, [unit], status=ApplicationStatus.WAITING_DECISION)
    factories.plan(application, status=PlanStatus.DRAFT)
    factories.decision(status=DecisionStatus.DRAFT, application=application)
    decisions.send_decision(application, worker)
    told = set(db.session.scalars(select(Email.person_id).where(Email.text == "decision_waits")))
    assert told == {child.guardians[0].id, parent.id}
    assert former.id not in told


def test_letters_of_the_group_reach_foster_parents(worker):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 1))
    factories.in_group(place, factories.group(place.unit))
    parent = factories.foster_parent(child, end=date(2026, 8, 31)).parent
    mother = child.guardians[0].id
    for day, told in ((TODAY, {mother, parent.id}), (date(2026, 9, 1), {mother})):
        assert {id for _, id in db.session.execute(guardians_of(Person.id == child.id, day))} == told


# -- guardians who are blocked --------------------------------------------------------------------------


def test_why_a_guardian_is_blocked_is_kept_until_the_block_is_lifted(worker):
    child = factories.child()
    father = factories.guardian_of(child)
    row = db.session.scalars(select(Guardian).where(Guardian.guardian_id == father.id)).one()
    act.block_guardian(child, worker, guardian=row, reason="Hovioikeuden tuomio")
    assert (row.blocked, row.reason) == (True, "Hovioikeuden tuomio")
    act.unblock_guardian(child, worker, guardian=row, reason="Tuomio kumottu")
    assert (row.blocked, row.reason) == (False, "")
    db.session.flush()
    assert child.id in db.session.scalars(own_children(father.id, TODAY)).all()
    assert {"person.block_guardian", "person.unblock_guardian"} <= set(db.session.scalars(select(AuditEvent.action)))


# -- heads and partners -----------------------------------------------------------------------------------


def head_of(child):
    return db.session.scalars(select(HeadOfChild).where(HeadOfChild.child_id == child.id)).first()


def test_a_foster_parent_may_be_the_head_of_the_childs_family(worker):
    child = factories.child()
    parent = factories.foster_parent(child).parent
    assert act.set_head(child, worker, guardian=parent, start=TODAY).head_id == parent.id


def test_the_time_of_a_head_is_corrected_ended_and_taken_back(worker):
    child = factories.child()
    row = head_of(child)
    act.correct_head(child, worker, head=row, start=date(2023, 1, 1), end=date(2040, 4, 30))
    act.end_head(child, worker, head=row, end=date(2026, 5, 31))
    assert (row.start, row.end) == (date(2023, 1, 1), date(2026, 5, 31))
    act.delete_head(child, worker, head=row)
    assert head_of(child) is None


@pytest.mark.parametrize(
    ("days", "key"),
    [
        ({"start": date(2022, 4, 30)}, "before_birth"),
        ({"start": date(2022, 5, 1), "end": date(2040, 5, 1)}, "after_childhood"),
        ({"start": date(2022, 5, 1), "end": date(2022, 4, 30)}, "ends_first"),
        ({"start": date(2022, 5, 1)}, "head_overlaps"),
    ],
)
def test_a_time_that_no_head_can_have_is_refused(worker, days, key):
    child = factories.child()
    row = head_of(child)
    row.end = date(2026, 5, 31)
    factories.save(HeadOfChild(child_id=child.id, head_id=factories.person().id, start=TODAY, end=None))
    with pytest.raises(Refused) as no:
        act.correct_head(child, worker, head=row, **days)
    assert no.value.key == f"person.{key}"


def test_a_head_does_not_end_within_the_time_of_another_nor_begin_before_the_child(worker):
    child = factories.child()
    row = head_of(child)
    row.end = date(2026, 5, 31)
    factories.save(HeadOfChild(child_id=child.id, head_id=factories.person().id, start=TODAY, end=None))
    with pytest.raises(Refused, match="person.head_overlaps"):
        act.end_head(child, worker, head=row, end=TODAY)
    with pytest.raises(Refused, match="person.before_birth"):
        act.set_head(child, worker, guardian=child.guardians[0], start=date(2022, 4, 30))


def test_a_couple_is_corrected_and_taken_back(worker):
    one, other, third = (factories.person() for _ in range(3))
    early = factories.partner(one, other, date(2020, 1, 1), date(2021, 12, 31))
    late = factories.partner(one, third, date(2022, 1, 1))
    act.correct_partner(other, worker, partner=early, start=date(2019, 1, 1), end=date(2020, 12, 31))
    with pytest.raises(Refused, match="person.partner_already"):
        act.correct_partner(one, worker, partner=late, start=date(2020, 12, 31))
    act.delete_partner(third, worker, partner=late)
    assert db.session.scalars(select(Partner.end)).all() == [date(2020, 12, 31)]


def test_no_row_is_changed_through_another_persons_file(worker):
    child, stranger = factories.child(), factories.child()
    guardian, father = child.guardians[0], factories.guardian_of(child)
    couple = factories.partner(guardian, father)
    foster, fetcher = factories.foster_parent(child), factories.pickup(child)
    row = block(child, father)
    day = {"start": TODAY}
    for run, given in [
        (act.correct_head, {"head": head_of(child)} | day),
        (act.end_head, {"head": head_of(child), "end": TODAY}),
        (act.delete_head, {"head": head_of(child)}),
        (act.correct_foster_parent, {"foster": foster} | day),
        (act.delete_foster_parent, {"foster": foster}),
        (act.edit_pickup, {"pickup": fetcher, "name": "x", "phone": "1"}),
        (act.delete_pickup, {"pickup": fetcher}),
        (act.block_guardian, {"guardian": row, "reason": "x"}),
        (act.unblock_guardian, {"guardian": row, "reason": "x"}),
        (act.order_contact, {"contact": guardian, "place": 1}),
        (act.contact_details, {"contact": guardian}),
        (act.correct_partner, {"partner": couple} | day),
        (act.delete_partner, {"partner": couple}),
    ]:
        with pytest.raises(Refused, match="person.not_of_this_file"):
            run(stranger, worker, **given)


# -- whom to call, and who fetches ------------------------------------------------------------------------


def order(child):
    return [(one.id, role.value) for one, role in calls_of(child, TODAY)]


def test_whom_to_call_is_the_family_in_an_order_that_is_changed(by, worker):
    mother, partner = factories.person(), factories.person()
    child = factories.child(mother)
    father, gone = factories.guardian_of(child), factories.guardian_of(child, deceased=date(2025, 1, 1))
    factories.partner(mother, partner)
    sister = factories.child(mother, born=date(2020, 1, 1))
    factories.child(mother, born=date(2008, 1, 1))  # grown
    foster = factories.foster_parent(child).parent
    usual = [(mother.id, "local_guardian"), (father.id, "remote_guardian"), (foster.id, "remote_foster_parent"),
             (partner.id, "local_adult"), (sister.id, "local_sibling")]
    assert order(child) == usual
    assert gone.id not in dict(usual)
    act.order_contact(child, worker, contact=father, place=1)
    assert [one for one, _ in order(child)] == [father.id, mother.id, foster.id, partner.id, sister.id]
    act.order_contact(child, worker, contact=sister, place=2)
    assert [one for one, _ in order(child)] == [father.id, sister.id, mother.id, foster.id, partner.id]
    block(child, father)
    act.order_contact(child, worker, contact=partner, place=1)
    rows = db.session.execute(select(FamilyContact.place, FamilyContact.person_id).order_by(FamilyContact.place))
    assert [tuple(row) for row in rows] == [(1, partner.id), (2, sister.id), (3, mother.id), (4, foster.id)]
    with pytest.raises(Refused, match="person.no_such_place"):
        act.order_contact(child, worker, contact=partner, place=5)


def test_the_staff_of_the_group_keep_telephones_and_fetchers(by):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 1))
    group = factories.group(place.unit)
    factories.in_group(place, group)
    staff = by(factories.user("staff", place.unit, group))
    mother = child.guardians[0]
    act.contact_details(child, staff, contact=mother, phone="040 555 0101", backup_phone="040 555 0102")
    assert (mother.phone, mother.backup_phone, mother.email) == ("040 555 0101", "040 555 0102", None)
    row = act.add_pickup(child, staff, name="Sirkka Kouvo", phone="040 555 0119")
    act.edit_pickup(child, staff, pickup=row, name="Sirkka Kouvo", phone="040 555 0118", relation="mummi")
    assert (row.phone, row.relation) == ("040 555 0118", "mummi")
    with pytest.raises(Denied):
        act.add_pickup(factories.child(), staff, name="x", phone="1")
    act.delete_pickup(child, staff, pickup=row)
    db.session.flush()
    assert db.session.scalars(select(Pickup)).all() == []


# -- conflicts --------------------------------------------------------------------------------------------


def test_a_family_that_fits_together_has_no_conflict(worker):
    child, _mother = placed()
    find_conflicts({child.id}, worker)
    assert found() == set()


def test_what_does_not_fit_is_kept_once_and_forgotten_when_it_is_put_right(worker):
    child, mother = placed()
    row = head_of(child)
    act.end_head(child, worker, head=row, end=date(2026, 5, 31))
    assert found() == {("no_head", child.id, None, "open")}
    find_conflicts({mother.id, child.id}, worker)
    assert db.session.scalars(select(FamilyConflict.found)).all() == [TODAY]
    act.correct_head(child, worker, head=row, start=child.born)
    assert found() == set()


def test_who_moves_or_loses_the_custody_is_seen_at_once(worker):
    child, mother = placed()
    father = factories.guardian_of(child, street="Koivukatu 1", born=BORN, identity_code=identity.made(BORN, 901))
    find_conflicts({father.id}, worker)
    assert found() == {("guardians_together", child.id, father.id, "open")}
    act.set_partner(mother, worker, identity_code=father.identity_code, start=TODAY)
    assert found() == set()
    father.street = "Opintie 2"
    db.session.flush()
    find_conflicts({father.id}, worker)
    assert found() == {("partners_apart", *sorted((mother.id, father.id)), "open")}
    row = db.session.scalars(select(Guardian).where(Guardian.guardian_id == mother.id)).one()
    act.block_guardian(child, worker, guardian=row, reason="Tuomio")
    assert ("head_no_guardian", child.id, mother.id, "open") in found()


def test_a_child_without_a_place_is_no_conflict(worker):
    child = factories.child()
    db.session.delete(head_of(child))
    find_conflicts({child.id}, worker)
    assert found() == set()


def test_what_was_dismissed_is_not_asked_again_until_it_has_been_otherwise(worker):
    child, mother = placed()
    mother.street = "Opintie 2"
    db.session.flush()
    find_conflicts({child.id}, worker)
    conflict = db.session.scalars(select(FamilyConflict)).one()
    act.dismiss_conflict(conflict, worker, reason="Vuoroasuminen")
    find_conflicts({child.id}, worker)
    assert found() == {("head_elsewhere", child.id, mother.id, "dismissed")}
    act.reopen_conflict(conflict, worker)
    assert (conflict.status, conflict.reason) == (ConflictStatus.OPEN, "")
    with pytest.raises(Refused, match="person.not_a_claim"):
        act.accept_claim(conflict, worker, start=TODAY)


def applied(child, guardian, worker):
    row = factories.application(child, guardian=guardian, status=ApplicationStatus.SENT)
    application.take(row, worker)
    return row


def test_an_applicant_who_is_not_the_head_claims_to_be_and_somebody_judges(worker):
    child, mother = placed()
    father = factories.guardian_of(child, street="Opintie 2")
    applied(child, father, worker)
    applied(child, father, worker)
    assert found() == {("claim", child.id, father.id, "open")}
    assert head_of(child).head_id == mother.id
    claim = db.session.scalars(select(FamilyConflict)).one()
    act.accept_claim(claim, worker, start=TODAY)
    heads = db.session.execute(select(HeadOfChild.head_id, HeadOfChild.end).order_by(HeadOfChild.start))
    assert [tuple(row) for row in heads] == [(mother.id, date(2026, 5, 31)), (father.id, None)]
    assert claim.status is ConflictStatus.ACCEPTED


def test_neither_the_head_nor_the_heads_partner_claims_anything(worker):
    child, mother = placed()
    father = factories.guardian_of(child, street="Koivukatu 1")
    factories.partner(mother, father)
    applied(child, mother, worker)
    applied(child, father, worker)
    assert found() == set()


def test_a_claim_is_answered_by_making_whoever_claims_the_head(worker):
    child, _mother = placed()
    father = factories.guardian_of(child, street="Opintie 2")
    factories.conflict(child, ConflictKind.CLAIM, other_id=father.id, since=TODAY)
    act.set_head(child, worker, guardian=father, start=TODAY)
    assert ("claim", child.id, father.id, "accepted") in found()


# -- death, and where bills go ----------------------------------------------------------------------------


def test_a_death_ends_what_it_ends_on_its_day(worker):
    mother, father = factories.person(), factories.person()
    child, other = factories.child(mother), factories.child()
    factories.placement(child, date(2026, 1, 1))
    couple = factories.partner(mother, father)
    care = factories.foster_parent(other, mother)
    mother.deceased = date(2026, 5, 20)
    end_with_death(mother, worker)
    assert (couple.end, head_of(child).end, care.end) == (mother.deceased,) * 3
    assert ("no_head", child.id, None, "open") in found()


def test_what_would_begin_after_a_death_does_not(worker):
    mother = factories.person()
    factories.partner(mother, factories.person(), date(2026, 9, 1))
    mother.deceased = date(2026, 5, 20)
    end_with_death(mother, worker)
    end_with_death(factories.person(), worker)
    assert db.session.scalars(select(Partner)).all() == []


@pytest.mark.parametrize("day", [date(2026, 6, 2), date(1989, 12, 31)])
def test_nobody_dies_tomorrow_nor_before_birth(day):
    with pytest.raises(Refused, match="person.dies_out_of_time"):
        check_death(Person(born=date(1990, 1, 1), deceased=day), TODAY)


def test_bills_go_where_it_was_told(by):
    finance = by(factories.user("finance"))
    person = factories.person(first_name="Maija", last_name="Virtanen", street="Koivukatu 1")
    own = ("Maija Virtanen", "Koivukatu 1", "00901 Harjula")
    assert bill_recipient_of(person, TODAY) == own
    act.set_invoice_address(person, finance, invoice_name="Edunvalvonta Oy", invoice_street="PL 5",
                            invoice_postal_code="00100", invoice_post_office="Harjula")
    assert bill_recipient_of(person, TODAY) == ("Edunvalvonta Oy", "PL 5", "00100 Harjula")
    act.set_invoice_address(person, finance, invoice_name="Edunvalvonta Oy")
    assert bill_recipient_of(person, TODAY) == ("Edunvalvonta Oy", *own[1:])
    act.set_invoice_address(person, finance)
    assert bill_recipient_of(person, TODAY) == own
    with pytest.raises(Refused, match="person.invoice_address_half"):
        act.set_invoice_address(person, finance, invoice_street="PL 5")


def test_no_address_of_the_protected_is_printed_on_bills(by):
    finance = by(factories.user("finance"))
    person = factories.person(
        first_name="Maija", last_name="Virtanen", restricted=True, invoice_street="Koivukatu 1",
        invoice_post_office="Harjula")
    assert bill_recipient_of(person, TODAY) == ("Maija Virtanen",)
    with pytest.raises(Refused, match="person.invoice_restricted"):
        act.set_invoice_address(person, finance, invoice_street="PL 5", invoice_post_office="Harjula")
    act.set_invoice_address(person, finance, invoice_name="Edunvalvonta Oy")
    assert bill_recipient_of(person, TODAY) == ("Edunvalvonta Oy",)


def test_whoever_fetches_for_a_time_is_known_until_the_last_day(by):
    from evaka.actions.report import contacts_of
    from evaka.models.person import Pickup

    child = factories.child()
    staff = by(factories.user("service_worker"))
    row = act.add_pickup(child, staff, name="Sirkka Kouvo", phone="040 555 0119", last_day=date(2026, 6, 5))
    with pytest.raises(Refused) as no:
        act.edit_pickup(child, staff, pickup=row, name="Sirkka", phone="040 555 0119", last_day=date(2026, 5, 31))
    assert no.value.key == "person.pickup_over"
    db.session.flush()
    for day, known in ((date(2026, 6, 5), [row.id]), (date(2026, 6, 6), [])):
        assert db.session.scalars(select(Pickup.id).where(Pickup.still(day))).all() == known
        assert [one.id for one in contacts_of([child.id], day)[child.id].pickups] == known
