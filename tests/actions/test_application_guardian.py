"""What a family does with its application, what the other guardian says to it, and what the office asks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select

from evaka.actions import application as act
from evaka.actions.application import guardian, note, papers
from evaka.actions.document import Upload
from evaka.kit.errors import Denied, Refused
from evaka.models.application import Application
from evaka.models.application.attachment import Attachment
from evaka.models.application.note import Note, SavedFilter
from evaka.models.base import db
from evaka.models.income.statement import IncomeStatement
from evaka.models.journal import AuditEvent, Email
from evaka.models.person import HeadOfChild, Partner
from evaka.rules.application import ApplicationKind, ApplicationStatus, AttachmentKind, Origin, OtherView
from evaka.rules.income.statement import StatementKind
from tests import factories

pytestmark = pytest.mark.usefixtures("database")
S = ApplicationStatus
PDF = Upload("todistus.pdf", b"%PDF-1.7 x")
START = date(2026, 10, 1)


@pytest.fixture
def mother(by):
    return by(factories.user("guardian", person=factories.person(email="aiti@example.fi")))


@pytest.fixture
def worker(by):
    return by(factories.user("service_worker"))


def open_unit(name=None, **fields):
    return factories.unit(name, **({"daycare_apply_start": date(2026, 1, 1)} | fields))


def begun(mother, **answers):
    """A draft for a child of the mother's, filled in but for what is given."""
    child = factories.child(mother.user.person)
    row = guardian.begin(child, mother, kind=ApplicationKind.DAYCARE)
    given = {"units": [open_unit().id], "start": START, "service_need": "full_day"} | answers
    act.save(row, mother, answers=replace(act.form_of(row), **given))
    return row


def mails(person):
    return list(db.session.scalars(select(Email.text).where(Email.person_id == person.id).order_by(Email.id)))


def test_a_draft_is_begun_with_what_is_known(mother):
    child = factories.child(mother.user.person)
    row = guardian.begin(child, mother, kind=ApplicationKind.DAYCARE)
    assert (row.status, row.origin, row.guardian_id) == (S.CREATED, Origin.ELECTRONIC, mother.user.person_id)
    assert (row.phone, row.email, row.other_guardian_view) == ("040 555 0100", "aiti@example.fi", OtherView.SINGLE)
    assert row.due is None


def test_of_a_kind_there_is_one_that_is_open(mother):
    row = begun(mother)
    with pytest.raises(Refused, match="application.one_is_open"):
        guardian.begin(row.child, mother, kind=ApplicationKind.DAYCARE)
    assert guardian.begin(row.child, mother, kind=ApplicationKind.CLUB).kind is ApplicationKind.CLUB


def test_only_who_has_the_rights_of_a_guardian_begins(mother, worker):
    with pytest.raises(Denied):
        guardian.begin(factories.child(), mother, kind=ApplicationKind.DAYCARE)
    with pytest.raises(Refused, match="application.not_a_guardian"):
        guardian.begin(factories.child(), worker, kind=ApplicationKind.DAYCARE)


def test_nobody_applies_for_a_grown_up_and_a_draft_is_saved_however_empty(mother):
    with pytest.raises(Refused, match="application.not_a_child"):
        guardian.begin(factories.child(mother.user.person, date(2008, 5, 1)), mother, kind=ApplicationKind.CLUB)
    row = begun(mother, start=None, units=[], service_need="")
    assert (row.start, row.preferences, row.service_need) == (None, [], "")


def test_wishes_change_places_and_grow_fewer(mother):
    units = [open_unit() for _ in range(3)]
    ids = [one.id for one in units]
    row = begun(mother, units=ids)
    act.save(row, mother, answers=replace(act.form_of(row), units=[ids[2], ids[0]]))
    db.session.expire_all()
    assert [(one.place, one.unit) for one in row.preferences] == [(1, units[2]), (2, units[0])]


def test_what_is_sent_arrives_and_both_guardians_are_told_nothing_of_it(mother):
    child = factories.child(mother.user.person)
    father = factories.guardian_of(child)
    row = guardian.begin(child, mother, kind=ApplicationKind.DAYCARE)
    act.save(row, mother, answers=replace(
        act.form_of(row), units=[open_unit().id], start=START, service_need="full_day", phone="050 123 4567",
        other_guardian_view=OtherView.AGREED))
    act.send(row, mother)
    assert (row.status, row.received, row.due) == (S.SENT, date(2026, 6, 1), date(2026, 10, 1))
    assert (row.other_guardian_id, row.consent_asked) == (father.id, mother.now)
    assert (mails(mother.user.person), mails(father)) == (["application_received"], ["application_consent"])
    assert mother.user.person.phone == "050 123 4567"
    assert (row.confidential, row.checked) == (False, False)


def test_a_unit_that_takes_no_applications_for_the_day_is_told_of(mother, worker):
    unit = open_unit("Lokki", daycare_apply_end=date(2026, 9, 30))
    row = begun(mother, units=[unit.id])
    with pytest.raises(Refused) as no:
        act.send(row, mother)
    assert (no.value.key, no.value.facts["unit"]) == ("application.unit_takes_later", "Lokki")
    assert row.received is None
    entered = act.enter(
        row.child, worker, received=date(2026, 5, 28), first=unit, start=START, service_need="full_day",
        guardian=db.session.scalar(select(factories.Guardian).where(factories.Guardian.child_id == row.child_id)))
    act.send(entered, worker)  # the office may know why
    assert entered.status is S.SENT


def test_a_sent_start_moves_later_but_not_earlier(mother):
    row = begun(mother)
    act.send(row, mother)
    with pytest.raises(Refused, match="application.start_earlier"):
        act.save(row, mother, answers=replace(act.form_of(row), start=date(2026, 9, 30)))
    act.save(row, mother, answers=replace(act.form_of(row), start=date(2026, 11, 2), notes="Hei"))
    assert (row.start, row.due, row.confidential) == (date(2026, 11, 2), date(2026, 11, 2), None)
    assert row.supplement_came == mother.now


def test_what_the_office_has_taken_a_family_asks_to_change(mother, worker):
    row = begun(mother)
    act.send(row, mother)
    act.take(row, worker)
    with pytest.raises(Refused, match="application.too_late"):
        act.save(row, mother, answers=act.form_of(row))
    guardian.ask_change(row, mother, words="Aloitus kuukautta myöhemmin, kiitos")
    db.session.flush()
    assert db.session.scalars(select(Note.words)).all() == ["Aloitus kuukautta myöhemmin, kiitos"]
    assert row.supplement_came == mother.now
    guardian.settle_supplement(row, worker)
    assert row.supplement_came is None


def test_a_family_withdraws_what_has_not_been_taken(mother, worker):
    row, taken = begun(mother), begun(mother)
    act.send(row, mother)
    act.cancel(row, mother)
    assert (row.status, row.confidential) == (S.CANCELLED, False)
    act.send(taken, mother)
    act.take(taken, worker)
    db.session.flush()
    with pytest.raises(Refused, match="application.too_late"):
        act.cancel(taken, mother)
    db.session.rollback()


def test_the_office_says_why_it_changes_or_strikes_off(worker):
    row = factories.application()
    with pytest.raises(Refused, match="application.reason_missing"):
        act.save(row, worker, answers=act.form_of(row))
    with pytest.raises(Refused, match="application.reason_missing"):
        act.cancel(row, worker)
    row = factories.application()
    unit = factories.unit()
    act.save(row, worker, answers=replace(act.form_of(row), units=[unit.id]), reason="Perhe soitti")
    assert row.preferences[0].unit == unit
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "application.save")).one()
    assert line.facts["reason"] == "Perhe soitti"


def test_what_is_secret_is_named_in_the_journal_and_not_told(mother):
    begun(mother, allergies="Pähkinä", partner_code="131052-308T")
    facts = str(list(db.session.scalars(select(AuditEvent.facts))))
    assert "allergies" in facts
    assert "Pähkinä" not in facts
    assert "131052" not in facts


def test_a_draft_goes_with_its_papers(mother):
    row = begun(mother)
    papers.attach(row, mother, kind=AttachmentKind.OTHER, upload=PDF)
    act.drop(row, mother)
    db.session.flush()
    assert db.session.scalar(select(func.count()).select_from(Application)) == 0
    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 0


def test_a_sent_application_is_not_dropped(mother):
    row = begun(mother)
    act.send(row, mother)
    with pytest.raises(Refused, match="application.too_late"):
        act.drop(row, mother)


# -- papers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upload", "key"),
    [
        (Upload("a.pdf", b"<html>"), "document.paper_kind_wrong"),
        (Upload("a.pdf", b""), "document.paper_empty"),
        (Upload("a.pdf", b"%PDF-" + bytes(8 * 1024 * 1024)), "document.paper_large"),
    ],
)
def test_a_paper_is_what_its_first_bytes_say_and_not_too_large(mother, upload, key):
    row = begun(mother)
    with pytest.raises(Refused, match=key):
        papers.attach(row, mother, kind=AttachmentKind.URGENCY, upload=upload)


def test_a_paper_makes_what_was_sent_confidential(mother, worker):
    row = begun(mother)
    act.send(row, mother)
    papers.attach(row, mother, kind=AttachmentKind.URGENCY, upload=Upload("C:\\kuvat\\tosi.JPG", b"\xff\xd8\xff x"))
    paper = db.session.scalars(select(Attachment)).one()
    assert (paper.name, paper.media, paper.by_office) == ("tosi.jpg", "image/jpeg", False)
    assert (row.confidential, row.supplement_came) == (True, mother.now)
    with pytest.raises(Refused, match="application.paper_not_yours"):
        papers.detach(row, worker, paper=paper)
    act.accept_proof(row, worker, urgent_proof=date(2026, 6, 1))
    with pytest.raises(Refused, match="application.paper_is_proof"):
        papers.detach(row, mother, paper=paper)


def test_a_papers_kind_of_the_office_is_the_offices(mother, worker):
    row = begun(mother)
    with pytest.raises(Refused, match="application.paper_of_office"):
        papers.attach(row, mother, kind=AttachmentKind.OFFICE, upload=PDF)
    act.send(row, mother)
    papers.attach(row, worker, kind=AttachmentKind.OFFICE, upload=PDF)
    db.session.flush()
    assert row.confidential is False  # the office's own paper says nothing of what the family told
    assert db.session.scalars(papers.papers_seen(row, office=False)).all() == []
    paper = db.session.scalars(papers.papers_seen(row, office=True)).one()
    papers.detach(row, worker, paper=paper)
    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 0


# -- the other guardian ------------------------------------------------------------------------------------


def test_the_other_guardian_says_no_and_somebody_must_read_it(mother, worker, by):
    row = begun(mother, other_guardian_view=OtherView.AGREED)
    father = factories.guardian_of(row.child)
    act.send(row, mother)
    act.take(row, worker)
    assert row.checked
    with pytest.raises(Refused, match="application.own_consent"):
        guardian.consent(row, mother, answer=guardian.Answer.YES)
    other = by(factories.user("guardian", person=father))
    guardian.consent(row, other, answer=guardian.Answer.NO, words="Liian kaukana")
    assert (row.consent, row.other_guardian_view, row.checked) == (False, OtherView.NOT_AGREED, False)


def test_what_is_not_shared_is_answered_by_nobody(mother, by):
    row = begun(mother, other_may_see=False, other_guardian_view=OtherView.AGREED)
    father = factories.guardian_of(row.child)
    act.send(row, mother)
    assert (row.consent_asked, mails(father)) == (None, [])
    with pytest.raises(Denied):
        guardian.consent(row, by(factories.user("guardian", person=father)), answer=guardian.Answer.YES)


# -- what the office asks, writes and keeps ----------------------------------------------------------------


def test_the_office_asks_and_the_family_answers(mother, worker):
    row = begun(mother)
    act.send(row, mother)
    with pytest.raises(Refused, match="application.nothing_asked"):
        guardian.answer_supplement(row, mother, words="Tässä")
    guardian.ask_supplement(row, worker, supplement="Lisää työtodistus")
    assert mails(mother.user.person) == ["application_received", "application_waits"]
    guardian.answer_supplement(row, mother, words="Tulee maanantaina")
    assert (row.supplement_asked, row.supplement_came) == (None, mother.now)


def test_a_note_is_changed_by_its_author_and_told_to_no_journal(worker, by):
    row = factories.application()
    note.note(row, worker, words="Soitin äidille")
    db.session.flush()
    mine = db.session.scalars(note.notes_of(row, worker)).one()
    note.change_note(row, worker, note=mine, words="Soitin isälle")
    assert (mine.words, mine.changed_at) == ("Soitin isälle", worker.now)
    assert "Soitin" not in str(list(db.session.scalars(select(AuditEvent.facts))))
    with pytest.raises(Refused, match="application.not_its_note"):
        note.remove_note(factories.application(), worker, note=mine)
    note.remark(row, worker, office_note="Kiire")
    note.remove_note(row, worker, note=mine)
    assert (row.office_note, db.session.scalar(select(func.count()).select_from(Note))) == ("Kiire", 0)


def test_a_selection_has_one_name(worker):
    user = worker.user
    note.keep_filter(user, worker, screen="application", name=" Omat ", arguments="flt0_0=1")
    note.keep_filter(user, worker, screen="application", name="Omat", arguments="flt1_1=sent")
    db.session.flush()
    [row] = db.session.scalars(note.filters_of(user, "application"))
    assert (row.name, row.arguments) == ("Omat", "flt1_1=sent")
    with pytest.raises(Refused, match="application.filter_nameless"):
        note.keep_filter(user, worker, screen="application", name=" ", arguments="")
    note.drop_filter(user, worker, row=row)
    assert db.session.scalar(select(func.count()).select_from(SavedFilter)) == 0


def test_a_due_day_that_somebody_set_stays(worker):
    row = factories.application(received=date(2026, 4, 1))
    act.set_due(row, worker, due=date(2026, 7, 1), reason="Sovittu")
    act.accept_proof(row, worker, urgent_proof=date(2026, 6, 1))
    assert row.due == date(2026, 7, 1)
    act.reckon_due(row, worker)
    assert row.due == date(2026, 6, 15)
    with pytest.raises(Refused, match="application.due_before_received"):
        act.set_due(row, worker, due=date(2026, 3, 31), reason="x")


# -- the family that is formed ------------------------------------------------------------------------------


def heads(child):
    return list(db.session.scalars(select(HeadOfChild.head_id).where(HeadOfChild.child_id == child.id)))


def sent_for(child, **fields):
    return factories.application(child, status=S.SENT, **fields)


def orphan(applicant):
    """A child whose household nobody has entered."""
    child = factories.person(date(2022, 5, 1))
    factories.save(factories.Guardian(child_id=child.id, guardian_id=applicant.id))
    return child


def test_partners_at_one_address_become_a_household_with_their_children(worker):
    home = {"street": "Kotitie 1", "postal_code": "00901", "post_office": "Harjula"}
    mother, father = factories.person(**home), factories.person(**home)
    child, other = orphan(mother), factories.person(date(2020, 5, 1), identity_code="010520A9013")
    factories.save(factories.Guardian(child_id=child.id, guardian_id=father.id))
    act.take(sent_for(child, guardian=mother, other_children=[{"first_name": "X", "code": "010520A9013"}]), worker)
    assert heads(child) == heads(other) == [mother.id]
    couple = db.session.scalars(select(Partner)).one()
    assert ({couple.first_id, couple.second_id}, couple.end) == ({mother.id, father.id}, None)


def test_a_guardian_who_lives_elsewhere_is_no_partner(worker):
    mother = factories.person()
    child = orphan(mother)
    factories.guardian_of(child)
    act.take(sent_for(child, guardian=mother), worker)
    assert heads(child) == [mother.id]
    assert db.session.scalar(select(func.count()).select_from(Partner)) == 0


def test_the_child_joins_the_family_of_which_the_partner_is_head(worker):
    home = {"street": "Kotitie 1", "postal_code": "00901", "post_office": "Harjula"}
    mother, father = factories.person(**home), factories.person(**home, identity_code="010190-902U")
    factories.child(father)  # of his household
    child = orphan(mother)
    act.take(sent_for(child, guardian=mother, partner_code="010190-902U"), worker)
    assert heads(child) == [father.id]


def test_nobody_lives_with_two_and_a_foster_child_stays_where_it_is(worker):
    mother, father = factories.person(), factories.person(identity_code="010190-902U")
    factories.partner(father, factories.person())
    child = orphan(mother)
    factories.foster_parent(child)
    act.take(sent_for(child, guardian=mother, partner_code="010190-902U"), worker)
    assert heads(child) == []
    assert db.session.scalar(select(func.count()).select_from(Partner)) == 1


def test_taking_keeps_what_was_told_of_health_and_of_the_fee(worker):
    row = sent_for(factories.child(), allergies="Pähkinä", diet="", max_fee_accepted=True, checked=False)
    act.take(row, worker)
    assert (row.child.allergies, row.child.diet, row.confidential, row.checked) == ("Pähkinä", None, True, False)
    db.session.flush()
    told = db.session.scalars(select(IncomeStatement)).one()
    assert (told.person_id, told.kind, told.start) == (row.guardian_id, StatementKind.HIGHEST_FEE, date(2026, 8, 1))
    act.return_to_sent(row, worker)
    act.take(row, worker)  # twice is once
    assert db.session.scalar(select(func.count()).select_from(IncomeStatement)) == 1

