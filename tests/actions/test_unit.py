"""Groups and their adults, features, closures, and what must hold of a unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from evaka.actions import attendance, message
from evaka.actions import unit as act
from evaka.actions.calendar import closed_days
from evaka.actions.decision import facts_of
from evaka.actions.invoice import month
from evaka.kit.dates import DateRange
from evaka.kit.errors import Denied, Refused
from evaka.models.base import db
from evaka.models.journal import AuditEvent
from evaka.models.message import Thread
from evaka.models.unit import Caretakers, Group, Unit
from evaka.rules.application import ApplicationKind
from evaka.rules.attendance import AbsenceKind
from evaka.rules.decision import Channel
from evaka.rules.unit import Feature, OccupancyKind, Week, occupancy
from tests import factories
from tests.conftest import keep, statements

pytestmark = pytest.mark.usefixtures("database")
JUNE = DateRange.month(2026, 6)


def refusal(deed: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(Refused) as no:
        deed(*given, **named)
    return no.value.key


def amounts(group: Group) -> list[tuple[str, Decimal]]:
    rows = db.session.scalars(select(Caretakers).where(Caretakers.group_id == group.id).order_by(Caretakers.start))
    return [(str(row.period), row.amount) for row in rows]


# -- groups and adults ------------------------------------------------------------------------------


def test_a_director_makes_a_group_with_its_first_adults(by):
    unit = factories.unit()
    director = factories.user("director", unit)
    keep()
    group = act.add_group(unit, by(director), name="Ketut", start=date(2026, 8, 1), adults=Decimal("2.5"))
    assert (group.unit, str(group.period), amounts(group)) == (unit, "1.8.2026–", [("1.8.2026–", Decimal("2.5"))])
    assert db.session.scalar(select(AuditEvent.action)) == "unit.add_group"


def test_a_group_begins_while_its_unit_is_in_use(by):
    unit = factories.unit(end=date(2026, 7, 31))
    given = {"name": "Ketut", "start": date(2026, 8, 1), "adults": Decimal(2)}
    assert refusal(act.add_group, unit, by(), **given) == "unit.group_outside"


def test_a_director_makes_no_group_elsewhere(by):
    director = factories.user("director", factories.unit())
    with pytest.raises(Denied):
        act.add_group(factories.unit(), by(director), name="Ketut", start=date(2026, 8, 1), adults=Decimal(2))


def test_a_new_number_of_adults_ends_the_one_before(by):
    """3.0 until further notice, 5.0 from 1.6.: 3.0 until 31.5."""
    unit = factories.unit()
    group = factories.group(unit)
    act.set_adults(group, by(factories.user("director", unit)), amount=Decimal(5), start=date(2026, 6, 1))
    assert amounts(group) == [("1.1.2020–31.5.2026", 3), ("1.6.2026–", 5)]


def test_a_number_of_adults_for_a_time(by):
    group = factories.group(factories.unit())
    act.set_adults(group, by(), amount=Decimal(1), start=date(2026, 7, 1), end=date(2026, 7, 31))
    act.set_adults(group, by(), amount=Decimal(4), start=date(2026, 8, 1))
    assert amounts(group) == [("1.1.2020–30.6.2026", 3), ("1.7.2026–31.7.2026", 1), ("1.8.2026–", 4)]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"start": date(2020, 1, 1)}, "unit.adults_same_start"),
        ({"start": date(2019, 12, 31)}, "unit.adults_outside"),
        ({"start": date(2027, 8, 1)}, "unit.adults_outside"),
        ({"start": date(2026, 6, 1), "end": date(2026, 5, 31)}, "unit.ends_first"),
        ({"start": date(2026, 6, 1), "amount": Decimal(-1)}, "unit.adults_amount"),
        ({"start": date(2026, 6, 1), "amount": Decimal(100)}, "unit.adults_amount"),
    ],
)
def test_a_number_of_adults_that_cannot_be(by, given, key):
    group = factories.group(factories.unit(), end=date(2027, 7, 31))
    assert refusal(act.set_adults, group, by(), **({"amount": Decimal(2)} | given)) == key


def test_a_number_of_adults_does_not_run_into_a_later_one(by):
    group = factories.group(factories.unit(), start=date(2020, 1, 1))
    act.set_adults(group, by(), amount=Decimal(4), start=date(2026, 8, 1))
    db.session.delete(db.session.scalars(select(Caretakers).where(Caretakers.start < date(2026, 1, 1))).one())
    db.session.flush()
    given = {"amount": Decimal(2), "start": date(2026, 7, 1)}
    assert refusal(act.set_adults, group, by(), **given) == "unit.adults_run_into"
    act.set_adults(group, by(), **given, end=date(2026, 7, 31))


def test_a_group_that_was_a_mistake_is_deleted_with_its_adults(by):
    unit = factories.unit()
    group = factories.group(unit)
    keep()
    act.delete_group(group, by(factories.user("director", unit)))
    db.session.flush()
    assert [db.session.scalar(select(func.count(kind.id))) for kind in (Group, Caretakers)] == [0, 0]
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "unit.delete_group")).one()
    assert line.facts["was"] == f"{unit.name}, Siilit"


def test_a_group_with_children_and_letters_is_kept_and_what_keeps_it_is_told(by):
    unit = factories.unit()
    group = factories.group(unit)
    factories.in_group(factories.placement(factories.child(), date(2026, 1, 1), unit=unit), group)
    factories.thread(factories.box(group), [])
    factories.user("staff", None, group)
    with pytest.raises(Refused) as no:
        act.delete_group(group, by())
    assert no.value.key == "unit.group_in_use"
    assert no.value.facts["what"] == {
        "journal.subject.group_placement", "journal.subject.message_box", "journal.subject.grant"}


# -- features ---------------------------------------------------------------------------------------


def test_a_new_unit_has_what_the_city_opens_at_first():
    unit = Unit(name="Uusi", area=factories.area(), care_types=["daycare"], start=date(2026, 8, 1),
                opening=Week.of(time(6, 30), time(17)))
    factories.save(unit)
    assert unit.features == ["absences", "bookings", "messages"]


def test_a_feature_is_opened_once_and_closed(by):
    unit = factories.unit(features=[])
    admin = by(factories.user("admin"))
    keep()
    for _ in range(2):
        act.open_feature(unit, admin, feature=Feature.MESSAGES)
    assert unit.features == ["messages"]
    act.close_feature(unit, admin, feature=Feature.MESSAGES)
    assert unit.features == []
    lines = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [line.action for line in lines] == ["unit.open_feature", "unit.open_feature", "unit.close_feature"]
    assert lines[0].facts["changes"] == [[f"unit {unit.id}", "features", [], ["messages"]]]
    assert "changes" not in lines[1].facts


def test_a_director_opens_no_features(by):
    unit = factories.unit(features=[])
    with pytest.raises(Denied):
        act.open_feature(unit, by(factories.user("director", unit)), feature=Feature.MESSAGES)


def test_nothing_is_written_where_messages_are_not_open(by):
    unit = factories.unit()
    group = factories.group(unit)
    guardian = factories.person()
    child = factories.child(guardian)
    factories.in_group(factories.placement(child, date(2026, 1, 1), unit=unit), group)
    director, parent = by(factories.user("director", unit)), by(factories.user("guardian", person=guardian))
    words = {"title": "Retki", "body": "Metsään."}
    message.send(group, director, **words)
    thread = db.session.scalars(select(Thread)).one()
    unit.features = ["absences"]
    for deed in (
        lambda: message.send(group, director, title="Toinen", body="x"),
        lambda: message.write(child, director, **words),
        lambda: message.answer(thread, director, body="x"),
        lambda: message.reply(thread, parent, body="x"),
    ):
        assert refusal(deed) == "unit.not_open.messages"
    unit.features = ["messages"]
    message.reply(thread, parent, body="Kiitos.")


def test_guardians_tell_of_absences_only_where_that_is_open_and_the_staff_everywhere(by):
    unit = factories.unit(features=["messages"])
    guardian = factories.person()
    child = factories.child(guardian)
    factories.placement(child, date(2026, 1, 1), unit=unit)
    given = {"first": date(2026, 6, 3), "last": date(2026, 6, 3), "kind": AbsenceKind.SICK}
    parent = by(factories.user("guardian", person=guardian))
    assert refusal(attendance.absent, child, parent, **given) == "unit.not_open.absences"
    assert attendance.absent(child, by(factories.user("director", unit)), **given)


# -- the note ---------------------------------------------------------------------------------------


def test_the_note_is_for_those_who_place_children_and_not_for_the_journal(by):
    unit = factories.unit()
    act.write_note(unit, by(factories.user("service_worker")), note="Täynnä kevääseen.")
    assert unit.note == "Täynnä kevääseen."
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "unit.write_note")).one()
    assert "kevääseen" not in str(line.facts)
    with pytest.raises(Denied):
        act.write_note(unit, by(factories.user("director", unit)), note="x")


# -- what must hold ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"end": date(2019, 12, 31)}, "unit.ends_first"),
        ({"opening": Week((None,) * 7)}, "unit.never_open"),
        ({"open_on_holidays": True}, "unit.holidays_without_shift"),
        ({"care_types": ["preschool"]}, "unit.preschool_without_hours"),
        ({"latitude": Decimal("60.2")}, "unit.half_a_point"),
        ({"club_apply_end": date(2026, 8, 1)}, "unit.apply_period"),
        ({"iban": "FI00"}, "invoice.iban_form"),
        ({"business_id": "1234567-2"}, "reference.business_id_check"),
    ],
)
def test_a_unit_that_cannot_be_is_refused_in_a_sentence(fields, key):
    unit = factories.unit()
    with db.session.no_autoflush:
        for name, value in fields.items():
            setattr(unit, name, value)
        assert refusal(act.check_unit, unit) == key
        db.session.expire(unit)


def test_account_and_business_id_are_kept_as_they_are_written():
    unit = factories.unit(iban="fi37 1590 3000 0007 76", business_id="123456-2")
    act.check_unit(unit)
    assert (unit.iban, unit.business_id) == ("FI3715903000000776", "0123456-2")


@pytest.mark.parametrize(
    ("last", "end", "key"),
    [
        (date(2026, 7, 31), date(2026, 7, 30), "unit.closes_too_early"),
        (None, date(2026, 7, 30), "unit.closes_with_places"),
        (date(2026, 7, 31), date(2026, 7, 31), None),
        (None, None, None),
    ],
)
def test_a_unit_closes_after_its_last_place(last, end, key):
    unit = factories.unit()
    factories.placement(factories.child(), date(2025, 1, 1), date(2025, 12, 31), unit=unit)
    factories.placement(factories.child(), date(2026, 1, 1), last, unit=unit)
    with db.session.no_autoflush:
        unit.end = end
        if key is None:
            act.check_unit(unit)
        else:
            assert refusal(act.check_unit, unit) == key
        db.session.expire(unit)


@pytest.mark.parametrize(
    ("last", "key"),
    [(date(2026, 7, 31), "unit.group_ends_too_early"), (None, "unit.group_ends_with_children")],
)
def test_a_group_ends_with_its_last_child(last, key):
    unit = factories.unit()
    group = factories.group(unit)
    factories.in_group(factories.placement(factories.child(), date(2026, 1, 1), last, unit=unit), group)
    with db.session.no_autoflush:
        act.check_group(group)
        group.end = date(2026, 7, 30)
        assert refusal(act.check_group, group) == key
        group.end = date(2019, 12, 31)
        assert refusal(act.check_group, group) == "unit.ends_first"
        db.session.expire(group)


def test_a_unit_speaks_of_itself_in_decisions_as_it_wishes(by):
    unit = factories.unit("Lokki", decision_name="Lokin päiväkoti", preschool_decision_name="Lokin esiopetus",
                          decision_handler="Palveluohjaus", mailing_street="PL 7", mailing_postal_code="00901",
                          mailing_post_office="Harjula")
    decision = factories.decision(application=factories.application(units=[unit]), appeal_due=date(2026, 7, 1))
    facts = facts_of(decision, by(), Channel.PORTAL, "fi")
    assert (facts.unit, facts.handler) == ("Lokin päiväkoti", "Palveluohjaus\nPL 7, 00901 Harjula")
    assert unit.name_in_decisions(preschool=True) == "Lokin esiopetus"
    plain = factories.unit("Tiira", decision_address="Kirjaamo")
    assert plain.name_in_decisions(preschool=False) == "Tiira"
    assert plain.handler_in_decisions(preschool=False) == "Tiira\nKirjaamo"
    assert factories.unit().handler_in_decisions(preschool=True) == ""


def test_the_periods_of_applying():
    unit = factories.unit(daycare_apply_start=date(2026, 1, 1))
    assert unit.apply_period(ApplicationKind.DAYCARE) == DateRange(date(2026, 1, 1))
    assert unit.apply_period(ApplicationKind.CLUB) is None


# -- closures ---------------------------------------------------------------------------------------


def test_closed_days_are_the_units_own_and_the_citys():
    here, there = factories.unit(), factories.unit()
    factories.closure(here, date(2026, 6, 29), date(2026, 7, 3))
    factories.closure(None, date(2026, 6, 15))
    factories.closure(there, date(2026, 5, 30))
    assert closed_days([here.id, there.id], JUNE) == {
        here.id: {date(2026, 6, 15), date(2026, 6, 29), date(2026, 6, 30)}, there.id: {date(2026, 6, 15)}}


def test_there_is_no_occupancy_on_closed_days_and_one_question_tells_them_of_all_units():
    units = [factories.unit(shift_care=one) for one in (False, True, False)]
    for unit in units:
        factories.group(unit)
        factories.placement(factories.child(), date(2026, 1, 1), unit=unit)
    factories.closure(units[0], date(2026, 6, 16))
    factories.closure(None, date(2026, 6, 15))
    week = DateRange(date(2026, 6, 15), date(2026, 6, 17))
    with statements() as asked:
        places, rows = act.places_of(units, week), act.rows_of(units, week)
    assert sum("FROM closure" in one for one in asked) == 1
    found = occupancy(places, rows, OccupancyKind.CONFIRMED, week, act.options())
    assert [sorted(day.day for day in found[unit.id]) for unit in units] == [[17], [16, 17], [16, 17]]


@pytest.mark.parametrize("charged", [True, False])
def test_closed_days_are_days_of_care_on_invoices_and_in_absences_as_the_city_says(by, monkeypatch, charged):
    policy = replace(month.policy(), closures_are_charged=charged)
    monkeypatch.setattr(month, "policy", lambda: policy)
    monkeypatch.setattr(attendance, "invoice_policy", lambda: policy)
    mother = factories.person()
    child = factories.child(mother)
    place = factories.placement(child, date(2026, 1, 1))
    factories.closure(place.unit, date(2026, 6, 15))
    told = attendance.absent(
        child, by(), first=date(2026, 6, 15), last=date(2026, 6, 16), kind=AbsenceKind.SICK)
    assert [row.day.day for row in told] == ([15, 16] if charged else [16])
    days = month.months_of({mother.id}, JUNE)[mother.id].care_days(child.id)
    assert (date(2026, 6, 15) in days) is charged
    assert len(days) == (21 if charged else 20)  # June has 22 weekdays, and Midsummer Eve
