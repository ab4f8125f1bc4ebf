"""Everything about one person, and nothing of others but their names."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import select

from evaka.actions.person import export as act
from evaka.actions.person import merge
from evaka.kit import identity
from evaka.kit.errors import Denied
from evaka.models.base import Model, db
from evaka.models.journal import AuditEvent
from evaka.models.person import Guardian
from tests import factories
from tests.conftest import NOON, keep, statements
from tests.letters.reading import elements, plain
from tests.rows import row_of_every_kind

pytestmark = pytest.mark.usefixtures("database")
# Kinds of rows that are about nobody: the city's units, and the program's own work.
ABOUT_NOBODY = {
    "area", "unit", "unit_group", "caretakers", "closure", "counter", "lease", "login_attempt", "journal_chain",
    "journal_seal", "unit_payee", "voucher_month", "payment", "ledger_batch", "group_note",
    "holiday_period", "questionnaire", "questionnaire_option", "event", "discussion_time",
}


@pytest.fixture
def admin(by):
    return by(factories.user("admin"))


def exported(person, by) -> dict:
    return json.loads(file_of(person, by))


def file_of(person, by, **chosen) -> bytes:
    with act.export_data(person, by, **chosen) as file:
        return file.read()


def test_a_row_of_every_kind_is_in_the_file(admin):
    """Driven by the tables: a new kind of row is in the file, or is named here as about nobody."""
    person = factories.person()
    made = row_of_every_kind(person, db.metadata)
    keep()
    told = exported(person, admin)["tables"]
    missing = {
        table for table, id in made.items()
        if table not in ABOUT_NOBODY and id not in [row["id"] for row in told.get(table, [])]
    }
    assert missing == set()
    assert not told.keys() & ABOUT_NOBODY
    kinds = {one.class_.__tablename__ for one in Model.registry.mappers}
    assert made.keys() == kinds


def test_the_keys_are_the_columns_and_nothing_secret_or_reckoned_is_among_them(admin):
    person = factories.person(identity_code=identity.made(date(1990, 1, 1), 901))
    factories.user("guardian", person=person, password_hash="argon", totp_secret="geheim")
    told = exported(person, admin)["tables"]
    assert told["person"][0]["identity_code"] == person.identity_code
    assert told["person"][0]["street"] == person.street
    assert not {"search_key", "name_key", "version"} & told["person"][0].keys()
    assert not {"password_hash", "totp_secret"} & told["user"][0].keys()
    assert "argon" not in json.dumps(told)


def family():
    """A child whose other parent must not be found, in one household with its mother."""
    mother = factories.person(first_name="Maija", last_name="Virtanen")
    father = factories.person(first_name="Pentti", last_name="Salanen", street="Piilokuja 7", restricted=True,
                              identity_code=identity.made(date(1990, 1, 1), 903), phone="050 999 8877")
    child = factories.child(mother, first_name="Aino", last_name="Virtanen")
    factories.save(Guardian(child_id=child.id, guardian_id=father.id))
    place = factories.placement(child, date(2026, 1, 1), date(2026, 12, 31))
    factories.application(child, notes=f"Isä {father.identity_code} soitti")
    return mother, father, child, place


def test_of_other_people_only_the_name_is_told(admin):
    mother, father, child, _ = family()
    factories.thread(factories.box(factories.group(factories.unit())), [mother, father], body="Tulen hakemaan.",
                     writer=father)
    factories.save(AuditEvent(at=NOON, action="person.edit", subject="person", subject_id=father.id, user_id=None,
                              person_id=child.id, facts={"changes": [[f"person {father.id}", "street", "x", "Piilo 1"],
                                                                     [f"person {child.id}", "diet", None, "kana"]]}))
    keep()
    for one in (child, mother):
        text = json.dumps(exported(one, admin), ensure_ascii=False)
        assert "Salanen Pentti" in text
        for secret in ("Piilo", father.identity_code, "050 999"):
            assert secret not in text, (one, secret)
    assert '["diet", null, "kana"]' in json.dumps(exported(child, admin))
    told = exported(mother, admin)["tables"]
    assert told["post"][0]["body"] == "Tulen hakemaan."


def test_relations_and_parts_are_told_by_name(admin):
    _, _, child, place = family()
    told = exported(child, admin)["tables"]
    assert told["placement"][0]["unit_id"] == {"table": "unit", "id": place.unit_id, "name": place.unit.name}
    assert told["service_need"][0]["placement_id"]["id"] == place.id
    assert told["preference"][0]["unit_id"]["name"]
    assert {row["guardian_id"]["name"] for row in told["guardian"]} == {"Virtanen Maija", "Salanen Pentti"}


def test_who_has_read_the_file_is_told_also_of_a_merged_double(admin, by):
    person, double = factories.person(), factories.person()
    reader = factories.user("service_worker", name="Liisa Lukija")
    factories.save(AuditEvent(at=NOON, action="person.read", subject="person", subject_id=double.id,
                              person_id=double.id, user_id=reader.id, facts={}))
    merge.merge(person, admin, gone=double)
    lines = exported(person, admin)["tables"]["audit_event"]
    assert ("person.read", "Liisa Lukija") in [(one["action"], (one["user_id"] or {}).get("name")) for one in lines]


def test_it_is_journalled_and_only_the_administrators(admin, by):
    person = factories.person()
    for role in ("service_worker", "finance", "director"):
        with pytest.raises(Denied):
            act.export_data(person, by(factories.user(role)))
    keep()
    file_of(person, admin, form=act.DataForm.PDF, language="sv")
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.export_data")).one()
    assert (line.person_id, line.facts) == (person.id, {"form": "pdf", "language": "sv"})


@pytest.mark.parametrize(("language", "title", "heading"), [
    ("fi", "Henkilötietosi varhaiskasvatuksessa", "Sijoitukset"),
    ("sv", "Dina personuppgifter i småbarnspedagogiken", "Placeringar"),
    ("en", "Your personal data in early childhood education", "Places"),
])
def test_the_printed_list_is_tagged_and_in_the_language(admin, language, title, heading):
    father, child = family()[1:3]
    paper = file_of(child, admin, form=act.DataForm.PDF, language=language)
    said = elements(paper)
    assert ("H1", title) in [(kind, plain(text)) for kind, text in said]
    assert heading in [plain(text) for kind, text in said if kind == "H2"]
    text = " ".join(text for _, text in said)
    assert "Salanen Pentti" in text
    assert "Piilokuja" not in text
    assert father.identity_code not in text


def test_the_printed_list_has_the_newest_rows_and_says_how_many_are_left(admin, monkeypatch):
    monkeypatch.setattr(act, "ON_PAPER", 2)
    child = factories.person()
    for day in range(1, 6):
        factories.absence(child, date(2026, 5, day))
    facts = act.paper_facts(child, admin, "fi")
    section = next(one for one in facts.sections if one.title == "Poissaolot")
    assert (len(section.rows), section.more) == (2, 3)
    assert "5.5.2026" in section.rows[0]


def test_a_file_is_read_in_batches(admin, monkeypatch):
    monkeypatch.setattr(act, "BATCH", 2)
    child = factories.person()
    for day in range(1, 8):
        factories.absence(child, date(2026, 5, day))
    assert len(exported(child, admin)["tables"]["absence"]) == 7


def test_as_much_is_asked_for_a_person_with_many_rows(admin):
    asked = []
    for many in (1, 30):
        child = factories.child()
        for day in range(many):
            factories.absence(child, date.fromordinal(date(2026, 1, 1).toordinal() + day))
        keep()
        with statements() as made:
            exported(child, admin)
        asked.append(len(made))
    assert asked[1] <= asked[0]


def test_names_of_tables_and_columns_fall_back_to_their_own():
    assert act.table_name("pet_owner", "fi") == "Pet owner"
    assert act.column_name("pet_owner", "favourite_food_id", "fi") == "Favourite food"
    assert act.column_name("placement", "unit_id", "fi") == "Yksikkö"
