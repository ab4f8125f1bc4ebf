"""What guardians do about themselves and their children: who may, what is refused, what the journal keeps."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions import own as act
from evaka.actions.own.feed import entries_of
from evaka.actions.person.contacts import calls_of
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.calendar.event import Event, EventGuest
from evaka.models.journal import AuditEvent
from evaka.models.own import CalendarFeed
from evaka.models.person import Guardian, HeadOfChild, Partner, Pickup
from evaka.rules.calendar.event import EventKind
from tests import day, factories
from tests.conftest import keep, statements

pytestmark = pytest.mark.usefixtures("database")
MONDAY = date(2026, 6, 1)


@pytest.fixture
def anna():
    return factories.person(first_name="Anna Kaarina", last_name="Metsälä", phone="040 1234567", email="a@example.fi")


@pytest.fixture
def me(by, anna):
    return by(factories.user("guardian", person=anna))


def lines(action):
    db.session.flush()
    keep()
    return db.session.scalars(select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)).all()


# -- contacts ---------------------------------------------------------------------------------------------


def test_a_guardian_keeps_the_own_contacts_and_the_journal_tells_who_entered_them(anna, me):
    act.tell_contacts(anna, me, phone=" 050 7654321 ", backup_phone="", email="anna@example.fi",
                      preferred_name="kaarina", language="sv")
    assert (anna.phone, anna.backup_phone, anna.email) == ("050 7654321", None, "anna@example.fi")
    assert (anna.preferred_name, anna.language) == ("Kaarina", "sv")
    [line] = lines("own.tell_contacts")
    assert (line.user_id, line.person_id) == (me.user.id, anna.id)
    assert [f"person {anna.id}", "phone", "040 1234567", "050 7654321"] in line.facts["changes"]


@pytest.mark.parametrize(("typed", "key"), [
    ({"phone": "  "}, "own.phone_missing"), ({"phone": "soita"}, "person.phone_form"),
    ({"backup_phone": "12"}, "person.phone_form"), ({"email": "anna"}, "user.email_form"),
    ({"preferred_name": "Liisa"}, "person.preferred_not_first"), ({"language": "xx"}, "own.language_unknown"),
])
def test_contacts_that_reach_nobody_are_refused(anna, me, typed, key):
    given = {"phone": "040 1234567", "language": "fi"} | typed
    with pytest.raises(Refused) as no:
        act.tell_contacts(anna, me, **given)
    assert no.value.key == key


def test_a_language_that_the_office_has_entered_may_stay(anna, me):
    anna.language = "so"
    act.tell_contacts(anna, me, phone="040 1234567", language="so")
    assert anna.language == "so"


def test_nobody_keeps_anothers_contacts(anna, by, me):
    other = factories.guardian_of(factories.child(anna))
    for who in (me, by(factories.user("admin"))):
        with pytest.raises(Denied):
            act.tell_contacts(other, who, phone="040 1234567", language="fi")


# -- who fetches ------------------------------------------------------------------------------------------


def test_both_guardians_name_change_and_end_who_fetches(anna, by, me):
    child = factories.child(anna)
    other = by(factories.user("guardian", person=factories.guardian_of(child)))
    row = act.add_pickup(child, me, name="Mummo", phone="040 1112223", last_day=date(2026, 6, 5))
    db.session.flush()
    act.edit_pickup(child, other, pickup=row.id, name="Mummo Maija", relation="isoäiti")
    assert (row.name, row.phone, row.relation, row.last_day) == ("Mummo Maija", "040 1112223", "isoäiti", None)
    act.edit_pickup(child, other, pickup=row.id, name="Mummo Maija", phone="040 9998887")
    assert row.phone == "040 9998887"
    act.end_pickup(child, me, pickup=row.id)
    assert db.session.scalars(select(Pickup)).all() == []
    assert [line.user_id for verb in ("add", "edit", "end") for line in lines(f"own.{verb}_pickup")] == [
        me.user.id, other.user.id, other.user.id, me.user.id]


@pytest.mark.parametrize(("typed", "key"), [
    ({"phone": "soita"}, "person.phone_form"), ({"last_day": date(2026, 5, 31)}, "person.pickup_over"),
])
def test_who_fetches_is_reached_and_still_to_come(anna, me, typed, key):
    child = factories.child(anna)
    for change in (lambda given: act.add_pickup(child, me, **given),
                   lambda given: act.edit_pickup(child, me, pickup=factories.pickup(child).id, **given)):
        with pytest.raises(Refused) as no:
            change({"name": "Mummo", "phone": "040 1112223"} | typed)
        assert no.value.key == key


def test_a_day_that_has_passed_may_stay_as_it_is(anna, me):
    child = factories.child(anna)
    row = factories.pickup(child, last_day=date(2026, 5, 1))
    act.edit_pickup(child, me, pickup=row.id, name="Mummo", last_day=date(2026, 5, 1))
    assert row.name == "Mummo"


def test_so_many_may_fetch_and_no_more_and_those_of_the_past_do_not_count(anna, me):
    child = factories.child(anna)
    factories.pickup(child, last_day=date(2026, 5, 31))
    for _ in range(10):
        act.add_pickup(child, me, name="Mummo", phone="040 1112223")
    with pytest.raises(Refused) as no:
        act.add_pickup(child, me, name="Mummo", phone="040 1112223")
    assert no.value.key == "own.enough_pickups"


def test_another_childs_pickup_is_not_found_and_another_familys_child_not_touched(anna, by, me):
    child, stranger = factories.child(anna), factories.child()
    theirs = factories.pickup(stranger)
    for change in (lambda: act.edit_pickup(child, me, pickup=theirs.id, name="X"),
                   lambda: act.end_pickup(child, me, pickup=theirs.id)):
        with pytest.raises(Refused) as no:
            change()
        assert no.value.key == "own.pickup_gone"
    for change in (lambda: act.add_pickup(stranger, me, name="X", phone="040 1112223"),
                   lambda: act.end_pickup(stranger, me, pickup=theirs.id),
                   lambda: act.call_sooner(stranger, me, contact=anna.id)):
        with pytest.raises(Denied):
            change()


def test_a_guardian_who_is_blocked_names_nobody(anna, me):
    child = factories.child()
    factories.save(Guardian(child_id=child.id, guardian_id=anna.id, blocked=True))
    with pytest.raises(Denied):
        act.add_pickup(child, me, name="Mummo", phone="040 1112223")


@pytest.mark.parametrize(("whose", "hidden"), [("", False), ("other", True), ("child", True), ("me and child", False)])
def test_telephones_are_kept_from_whom_an_address_is_protected(anna, me, whose, hidden):
    child = factories.child(anna)
    other = factories.guardian_of(child)
    other.restricted, child.restricted, anna.restricted = whose == "other", "child" in whose, "me" in whose
    assert act.hides_phones(child, me) is hidden


# -- whom the unit calls ----------------------------------------------------------------------------------


def household(head):
    """The home of a child's head: with a partner and another child."""
    partner, sibling = factories.person(first_name="Pekka"), factories.child(head, first_name="Otso")
    first, second = sorted((head.id, partner.id))
    factories.save(Partner(first_id=first, second_id=second, start=date(2026, 1, 1)))
    return partner, sibling


def test_a_guardian_puts_the_family_in_order_and_the_unit_calls_in_it(anna, by, me):
    child = factories.child(anna)
    other = factories.guardian_of(child)
    partner, sibling = household(anna)
    assert [one.id for one, _ in act.calls_seen(child, me)] == [anna.id, other.id, partner.id]
    act.call_sooner(child, me, contact=other.id)
    assert [one.id for one, _ in calls_of(child, me.today)] == [other.id, anna.id, partner.id, sibling.id]
    with pytest.raises(Refused) as no:
        act.call_sooner(child, me, contact=other.id)
    assert no.value.key == "own.first_already"


def test_who_lives_elsewhere_sees_nobody_of_the_other_home(anna, by, me):
    child = factories.child(anna)
    other = factories.guardian_of(child)
    partner, _ = household(anna)
    away = by(factories.user("guardian", person=other))
    assert [one.id for one, _ in act.calls_seen(child, away)] == [anna.id, other.id]
    with pytest.raises(Refused) as no:
        act.call_sooner(child, away, contact=partner.id)
    assert no.value.key == "own.not_in_order"


# -- the calendar for other programs ----------------------------------------------------------------------


def test_a_secret_is_known_once_renewed_and_ended(anna, me):
    secret = act.make_feed(anna, me, language="sv")
    db.session.flush()
    [row] = db.session.scalars(select(CalendarFeed)).all()
    assert secret not in (row.digest, str(row.__dict__))
    assert act.feed_with(secret) is row
    renewed = act.make_feed(anna, me, language="xx")
    db.session.flush()
    assert act.feed_with(secret) is None
    assert act.feed_with(renewed) is row
    assert row.language == "fi"
    act.end_feed(anna, me)
    db.session.flush()
    assert act.feed_with(renewed) is None
    act.end_feed(anna, me)  # twice is once
    told = [(line.facts.get("renewed"), secret in str(line.facts), row.digest in str(line.facts))
            for line in lines("own.make_feed")]
    assert told == [(False, False, False), (True, False, False)]
    assert len(lines("own.end_feed")) == 2


def test_nobody_makes_anothers_feed(anna, by):
    with pytest.raises(Denied):
        act.make_feed(anna, by(factories.user("admin")))


def titles(person, by, language="fi"):
    return {(one.title, one.where, one.begins.isoformat()) for one in entries_of(person, by, language)}


def family(anna, **fields):
    unit = factories.unit("Lokkilan päiväkoti")
    group = factories.group(unit)
    child = factories.child(anna, first_name="Aino", last_name="Metsälä", **fields)
    factories.in_group(factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), unit=unit), group)
    return child, unit, group


def test_the_feed_tells_bookings_closures_events_and_talks(anna, me, by):
    child, unit, _ = family(anna)
    day.booked(child, "8.00-12.00,13.00-15.30", date(2026, 6, 3))
    day.booked(child, "", date(2026, 6, 4))
    day.booked(child, "8.00-16.00", date(2026, 6, 5))
    factories.absence(child, date(2026, 6, 5))
    factories.closure(unit, date(2026, 6, 8), date(2026, 6, 9), "Remontti")
    factories.save(Event(unit=unit, title="Kevätjuhla", start=date(2026, 6, 10), end=date(2026, 6, 10),
                         made_at=me.now))
    talk = factories.talk(unit, date(2026, 6, 11))
    from evaka.actions.calendar.event import book
    book(talk, me, child=child)
    place = "Lokkilan päiväkoti"
    assert titles(anna, me) == {
        ("Hoidossa: lapsi 1", place, "2026-06-03T08:00:00"), ("Hoidossa: lapsi 1", place, "2026-06-03T13:00:00"),
        ("Hoidossa: lapsi 1", place, "2026-06-04"), ("Ei hoitoa: lapsi 1", "", "2026-06-08"),
        ("Kevätjuhla", place, "2026-06-10"),
        ("Keskustelu: lapsi 1", place, f"2026-06-11T{talk.begins.isoformat()}"),
    }


def test_the_feed_names_nobody_whatever_the_unit_has_written(anna, me):
    child, unit, _ = family(anna)
    factories.closure(unit, date(2026, 6, 8), reason="Ainon syntymäpäivä")
    for title, guest in (("Ainon juhla", None), ("Retki", child.id)):
        event = factories.save(Event(unit=unit, title=title, start=date(2026, 6, 10), end=date(2026, 6, 10),
                                     made_at=me.now))
        if guest:
            factories.save(EventGuest(event_id=event.id, child_id=guest))
    factories.save(Event(unit=unit, title="Ainon vasu", kind=EventKind.DISCUSSION, start=date(2026, 6, 10),
                         end=date(2026, 6, 10), made_at=me.now))
    found = entries_of(anna, me, "fi")
    assert {one.title for one in found} == {"Ei hoitoa: lapsi 1", "Tapahtuma varhaiskasvatuksessa"}
    assert not [one for one in found if "aino" in f"{one.title} {one.text} {one.where} {one.key}".lower()]


@pytest.mark.parametrize("whose", ["me", "child", "other"])
def test_of_a_protected_family_the_feed_does_not_say_where_the_child_is(anna, me, whose):
    child, unit, _ = family(anna)
    other = factories.guardian_of(child)
    {"me": anna, "child": child, "other": other}[whose].restricted = True
    day.booked(child, "8.00-16.00", date(2026, 6, 3))
    factories.closure(unit, date(2026, 6, 8), reason="Lokkilan remontti")
    factories.save(Event(unit=unit, title="Lokkilan juhla", start=date(2026, 6, 10), end=date(2026, 6, 10),
                         made_at=me.now))
    factories.talk(unit, date(2026, 6, 11))
    found = entries_of(anna, me, "fi")
    assert len(found) == (3 if whose == "me" else 0)  # of who is not told where the child is, nothing is told
    assert not [one for one in found if "lokkila" in f"{one.title} {one.text} {one.where}".lower()]


def test_who_lives_with_a_protected_head_of_the_household_reads_no_unit_in_the_calendar(anna, me):
    """The head is no guardian: the rule counts it among those who are close to the child."""
    child, _, _ = family(anna)
    db.session.scalars(select(HeadOfChild)).one().head_id = factories.person(restricted=True).id
    for one in (anna, child):
        one.street, one.postal_code, one.post_office = "Yhteinen katu 1", "00100", "Harjula"
    day.booked(child, "8.00-16.00", date(2026, 6, 3))
    db.session.flush()
    [found] = entries_of(anna, me, "fi")
    assert "lokkila" not in f"{found.title} {found.text} {found.where}".lower()
    assert act.hides_phones(child, me)


def test_children_are_called_as_the_guardian_wants_and_never_by_name(anna, me, by):
    child, *_ = family(anna, born=date(2021, 5, 1))
    sister = factories.child(anna, date(2023, 5, 1), first_name="Siiri", last_name="Metsälä")
    kids = act.own_kids(me)
    assert act.labels_of(anna, kids, "sv") == {child.id: "barn 1", sister.id: "barn 2"}
    act.label_children(anna, me, labels={child.id: "keltainen", sister.id: "", 999: "muu"})
    db.session.flush()
    assert act.labels_of(anna, kids, "fi") == {child.id: "keltainen", sister.id: "lapsi 2"}
    [line] = lines("own.label_children")
    assert "keltainen" not in str(line.facts)
    with pytest.raises(Refused) as no:
        act.label_children(anna, me, labels={child.id: "Siirin isosisko"})
    assert no.value.key == "own.label_names"


def test_a_child_that_is_the_guardians_no_more_leaves_the_feed(anna, me, by):
    child, *_ = family(anna)
    day.booked(child, "8.00-16.00", date(2026, 6, 3))
    assert len(entries_of(anna, me, "fi")) == 1
    db.session.scalars(select(Guardian)).one().blocked = True
    db.session.flush()
    assert entries_of(anna, by(me.user), "fi") == []


def test_the_feed_asks_as_much_for_three_children_as_for_one(anna, me):
    unit = factories.unit()
    for n in range(3):
        child = factories.child(anna, first_name=f"Lapsi{n}")
        factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), unit=unit)
        for shift in range(2, 6):
            day.booked(child, "8.00-16.00", date(2026, 6, shift))
    keep()
    with statements() as asked:
        assert len(entries_of(anna, me, "fi")) == 12
    assert len(asked) <= 30
