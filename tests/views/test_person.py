"""The file of a person: who sees which part of it, and who is told of having read it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from evaka.kit import identity
from evaka.models.base import db
from evaka.models.guard import broken_rule
from evaka.models.journal import AuditEvent
from evaka.models.person import Partner, Person
from evaka.rules.person.family import ConflictKind
from evaka.texts import say
from tests import factories
from tests.conftest import NOON, keep, statements
from tests.pages import Later, choices, done, press, refused, seen, wordless

pytestmark = pytest.mark.usefixtures("database")
SECTIONS = (
    "placement.title",
    "person.family",
    "application.title",
    "decision.title",
    "attendance.title",
    "document.title",
    "person.children",
    "income.title",
    "fee.title",
)


@pytest.fixture
def family():
    """A child with everything a file may hold, and its mother."""
    mother = factories.person(first_name="Maija", last_name="Virtanen")
    child = factories.child(mother, first_name="Aino", last_name="Virtanen")
    unit = factories.unit()
    place = factories.placement(child, date(2026, 1, 1), date(2027, 7, 31), unit=unit)
    factories.in_group(place, factories.group(unit))
    factories.income(mother)
    factories.absence(child, date(2026, 5, 4))
    return child, mother, place


def opened(browser, role, place, person):
    group = (
        place.groups[0].group
        if place.groups
        else db.session.scalars(select(factories.Group).where(factories.Group.unit_id == place.unit_id)).one()
    )
    user = factories.user(
        role, *((place.unit,) if role in ("director", "staff") else ()), **({"group": group} if role == "staff" else {})
    )
    return user, browser(user).get(f"/office/person/details/?id={person.id}")


def sections(page):
    assert page.status_code == 200
    main = page.text.partition("<main")[2]
    heads = {" ".join(re.sub(r"<[^>]+>", " ", one).split()) for one in re.findall(r"<h2[^>]*>(.*?)</h2>", main, re.S)}
    return {key for key in SECTIONS if say(key) in heads}


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        (
            "admin",
            {
                "placement.title",
                "person.family",
                "application.title",
                "decision.title",
                "attendance.title",
                "document.title",
            },
        ),
        (
            "service_worker",
            {"placement.title", "person.family", "application.title", "decision.title", "attendance.title",
             "document.title"},
        ),
        ("finance", {"placement.title", "person.family", "decision.title", "attendance.title", "document.title"}),
        (
            "director",
            {
                "placement.title",
                "person.family",
                "application.title",
                "decision.title",
                "attendance.title",
                "document.title",
            },
        ),
        ("staff", {"placement.title", "person.family", "attendance.title"}),
    ],
)
def test_a_childs_file_shows_a_reader_the_parts_that_are_for_that_role(browser, family, role, shown):
    child, _mother, place = family
    _user, page = opened(browser, role, place, child)
    assert sections(page) == shown
    assert not wordless(page)


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("admin", {"person.children", "income.title", "fee.title", "document.title"}),
        ("service_worker", {"person.children", "document.title"}),
        ("finance", {"person.children", "income.title", "fee.title", "document.title"}),
        ("director", {"person.children", "document.title"}),
        ("staff", {"person.children"}),
    ],
)
def test_an_adults_file_shows_incomes_to_those_who_reckon_fees(browser, family, role, shown):
    _child, mother, place = family
    _user, page = opened(browser, role, place, mother)
    assert sections(page) == shown
    assert ("5 000,00" in seen(page).replace("\u00a0", " ")) == ("income.title" in shown)
    assert not wordless(page)


@pytest.mark.parametrize("role", ["service_worker", "director", "staff"])
def test_what_was_entered_about_money_is_not_in_the_history_that_others_read(browser, family, role):
    _child, mother, place = family
    factories.save(
        AuditEvent(
            at=NOON,
            action="income.add",
            subject="person",
            subject_id=mother.id,
            person_id=mother.id,
            facts={"changes": [["income +", "total", None, 765432]]},
        )
    )
    _user, page = opened(browser, role, place, mother)
    assert "765432" not in page.text
    assert say("income.add") not in seen(page)


def test_the_history_tells_of_this_row_alone_and_in_words(browser, family):
    child, _mother, place = family
    factories.save(
        AuditEvent(
            at=NOON,
            action="application.enter",
            subject="person",
            subject_id=child.id,
            person_id=child.id,
            facts={"changes": [["application +", "service_need", None, "full_day"]]},
        )
    )
    factories.save(
        AuditEvent(
            at=NOON,
            action="person.edit",
            subject="person",
            subject_id=child.id,
            person_id=child.id,
            facts={"changes": [[f"person {child.id}", "phone", "0401", "0402"]]},
        )
    )
    _user, page = opened(browser, "admin", place, child)
    assert "Puhelin: 0401 0402" in seen(page)
    assert "full_day" not in page.text
    assert not wordless(page)


@pytest.mark.parametrize("role", ["admin", "service_worker", "finance", "director", "staff"])
def test_reading_a_file_is_written_down_with_the_reader(browser, family, role):
    child, _mother, place = family
    user, page = opened(browser, role, place, child)
    assert page.status_code == 200
    line = db.session.scalars(select(AuditEvent)).one()
    assert (line.action, line.user_id, line.subject, line.subject_id, line.person_id) == (
        "person.read",
        user.id,
        "person",
        child.id,
        child.id,
    )


def test_who_has_read_a_file_is_told_to_those_who_may_know(browser, family):
    child, _mother, place = family
    factories.save(
        AuditEvent(at=NOON, action="person.read", subject="person", subject_id=child.id, person_id=child.id, facts={})
    )
    for role, told in (("service_worker", True), ("director", False), ("finance", False)):
        _user, page = opened(browser, role, place, child)
        assert (say("person.read") in seen(page)) is told, role


def test_a_file_that_is_not_found_leaves_no_line(browser, family):
    stranger = factories.child()
    _user, page = opened(browser, "director", family[2], stranger)
    assert page.status_code == 404
    assert db.session.scalars(select(AuditEvent)).all() == []


@pytest.mark.parametrize("role", ["director", "staff", "finance"])
def test_who_may_not_edit_gets_no_form_either(browser, family, role):
    child, _mother, place = family
    user, _page = opened(browser, role, place, child)
    reader = browser(user)
    assert reader.get(f"/office/person/edit/?id={child.id}").status_code == 403
    assert reader.post(f"/office/person/edit/?id={child.id}", data={"last_name": "X"}).status_code == 403
    assert reader.get("/office/person/new/").status_code == (200 if role == "finance" else 403)  # it enters payers
    assert db.session.get_one(Person, child.id).last_name == "Virtanen"


def test_the_lists_hold_whom_the_reader_may_see(browser, family):
    child, mother, place = family
    factories.child(last_name="Toinen")
    director = browser(factories.user("director", place.unit))
    page = seen(director.get("/office/person/?all=1"))
    assert child.first_name in page
    assert mother.first_name in page
    assert "Toinen" not in page
    assert "Toinen" not in director.get("/office/person/export/csv/").get_data(as_text=True)


# -- entering people and families -------------------------------------------------------------------


def new(office, **typed):
    born = typed.pop("born", "1.5.2022")
    return office.post(
        "/office/person/new/",
        follow_redirects=True,
        data={"last_name": "Åberg", "first_name": "Väinö", "born": born, "language": "fi"} | typed,
    )


@pytest.fixture
def office(browser):
    return Later(lambda: browser(factories.user("service_worker")))


def test_a_person_is_entered_with_a_code_in_its_one_form(office):
    code = identity.made(date(2022, 5, 1), 901)
    assert new(office, identity_code=code.lower()).status_code == 200
    person = db.session.scalars(select(Person)).one()
    assert (person.identity_code, person.born, person.last_name) == (code, date(2022, 5, 1), "Åberg")
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "person.create")).one()
    assert line.person_id == person.id


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"identity_code": identity.made(date(2022, 5, 2), 901)}, "on syntynyt 2.5.2022"),
        ({"identity_code": "010522A901X"}, "enkilötunnu"),
        ({"born": "31.2.2022"}, "ei ole päivä"),
        ({"last_name": ""}, ""),
        ({"language": "xx"}, ""),
    ],
)
def test_a_person_who_cannot_be_is_not_kept(office, typed, why):
    page = new(office, **typed)
    assert any(why in sentence for sentence in refused(page)), seen(page)
    assert db.session.scalars(select(Person)).all() == []


def test_a_code_is_nobody_elses(office):
    code = identity.made(date(2022, 5, 1), 901)
    factories.person(date(2022, 5, 1), identity_code=code)
    assert refused(new(office, identity_code=code)) == [
        "Tällä henkilötunnuksella on jo henkilö. Hae hänet hakukentällä."
    ]


def test_a_partnership_is_open_unless_its_end_is_typed(office):
    """The form opens without an end: a last day of today would part the two at once."""
    one = factories.person(date(1990, 1, 1))
    other = factories.person(date(1990, 1, 1), identity_code=identity.made(date(1990, 1, 1), 902))
    address = f"/office/person/do/set_partner/?id={one.id}"
    keep()
    form = office.get(address)
    assert re.search(r'name="end"[^>]*value=""', form.text)
    done(press(office, address, identity_code=other.identity_code, start="1.6.2026", end=""))
    assert db.session.scalars(select(Partner.end)).all() == [None]
    ending = office.get(f"/office/person/do/end_partner/?id={one.id}")
    assert 'value="2026-06-01"' in ending.text


def test_a_blocked_guardian_is_no_choice(office):
    child = factories.child()
    other = factories.guardian_of(child)
    factories.save(
        db.session.scalars(select(factories.Guardian).where(factories.Guardian.guardian_id == other.id)).one()
    ).blocked = True
    keep()
    form = office.get(f"/office/person/do/application.enter/?id={child.id}")
    assert choices(form, "guardian") == ["Valitse", str(child.guardians[0])]


def test_a_grown_up_has_no_button_for_an_application_and_a_child_none_for_an_income(browser):
    child = factories.child()
    office = browser(factories.user("admin"))
    on_child = office.get(f"/office/person/details/?id={child.id}").text
    on_adult = office.get(f"/office/person/details/?id={child.guardians[0].id}").text
    assert ("do/application.enter/" in on_child, "do/income.add/" in on_child) == (True, False)
    assert ("do/application.enter/" in on_adult, "do/income.add/" in on_adult) == (False, True)


@pytest.mark.parametrize("id", ["3000000000", "99999999999999999999", "-1", "1.0", "x"])
def test_a_made_up_number_is_not_found(office, id):
    assert office.get(f"/office/person/details/?id={id}").status_code == 404


def test_a_list_asks_for_the_places_of_those_whom_it_shows_alone(browser):
    """Not for those of the whole city: the page costs the same however many live there."""
    factories.placement(factories.child(), date(2025, 8, 1), date(2027, 7, 31))
    worker = browser(factories.user("service_worker"))
    with statements() as asked:
        worker.get("/office/person/")
    [of_places] = [one for one in asked if "FROM placement" in one and "unit.name" in one]
    assert "placement.child_id IN" in of_places or "placement.child_id = ANY" in of_places


# -- the family in the file -------------------------------------------------------------------------


def file_of(reader, person):
    page = reader.get(f"/office/person/details/?id={person.id}")
    assert page.status_code == 200
    assert not wordless(page)
    return page


def test_a_persons_further_details_are_entered_in_words(office):
    page = new(office, first_name="Väinö Olavi", preferred_name="olavi", home_languages="Suomi, somali",
               nationalities="fi; Somalia", no_code_expected="y", backup_phone="040 555 0190")
    assert not refused(page), refused(page)
    person = db.session.scalars(select(Person)).one()
    assert (person.preferred_name, person.home_languages, person.nationalities, person.no_code_expected) == (
        "Olavi", ["fi", "so"], ["FI", "SO"], True)
    words = seen(file_of(office, person))
    for word in ("Kutsumanimi Olavi", "suomi, somali", "Suomi, Somalia", "Henkilötunnusta ei tule", "040 555 0190"):
        assert word in words
    form = office.get(f"/office/person/edit/?id={person.id}")
    assert 'value="Suomi, Somalia"' in form.text


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"preferred_name": "Olavi"}, "ei ole mikään etunimistä"),
        ({"nationalities": "Suomi, Atlantis"}, "Atlantis"),
        ({"home_languages": "klingon!"}, "klingon!"),
        ({"no_code_expected": "y", "identity_code": identity.made(date(2022, 5, 1), 901)}, "henkilötunnusta ei tule"),
        ({"deceased": "2.6.2026"}, "Kuolinpäivä"),
    ],
)
def test_details_that_cannot_be_are_told_in_a_sentence(office, typed, why):
    page = new(office, **typed)
    assert any(why in sentence for sentence in refused(page)), seen(page)
    assert db.session.scalars(select(Person)).all() == []


def test_the_database_keeps_no_code_of_whom_none_will_come():
    with pytest.raises(IntegrityError) as no, db.session.begin_nested():
        factories.person(date(2022, 5, 1), no_code_expected=True, identity_code=identity.made(date(2022, 5, 1), 901))
    assert broken_rule(no.value) == "ck_person_no_code_or_a_code"


@pytest.mark.parametrize(
    ("role", "links"),
    [
        ("admin", {"correct_head", "delete_head", "order_contact", "contact_details", "edit_pickup",
                   "correct_foster_parent", "unblock_guardian"}),
        ("service_worker", {"correct_head", "delete_head", "order_contact", "contact_details", "edit_pickup",
                            "correct_foster_parent", "unblock_guardian"}),
        ("finance", {"correct_head", "delete_head"}),
        ("director", {"correct_head", "order_contact", "contact_details", "edit_pickup"}),
        ("staff", {"order_contact", "contact_details", "edit_pickup"}),
    ],
)
def test_a_childs_file_offers_beside_each_row_what_the_reader_may_do(browser, family, role, links):
    child, _mother, place = family
    father = factories.guardian_of(child)
    row = db.session.scalars(select(factories.Guardian).where(factories.Guardian.guardian_id == father.id)).one()
    row.blocked, row.reason = True, "Hovioikeuden tuomio"
    factories.foster_parent(child, factories.person(last_name="Sijainen"))
    factories.pickup(child, name="Sirkka Kouvo")
    _user, page = opened(browser, role, place, child)
    every = {"correct_head", "delete_head", "order_contact", "contact_details", "edit_pickup", "correct_foster_parent",
             "unblock_guardian"}
    assert {verb for verb in every if f"/do/{verb}/" in page.text} == links
    words = seen(page)
    assert "Sirkka Kouvo" in words
    assert "Sijainen" in words
    assert ("Hovioikeuden tuomio" in words) == (role in ("admin", "service_worker"))
    assert not wordless(page)


def test_who_blocked_a_guardian_and_when_stands_beside_the_reason(browser, office, family):
    child, _mother, _place = family
    father = factories.guardian_of(child)
    row = db.session.scalars(select(factories.Guardian).where(factories.Guardian.guardian_id == father.id)).one()
    keep()
    done(press(office, f"/office/person/do/block_guardian/?id={child.id}", guardian=row.id, reason="Tuomio."))
    words = seen(file_of(office, child))
    assert re.search(r"Tuomio\. service_worker \d+, 1\.6\.2026 12\.00", words), words


def test_a_row_is_corrected_from_its_own_link(office, family):
    child, mother, _place = family
    head = db.session.scalars(select(factories.HeadOfChild)).one()
    keep()
    address = f"/office/person/do/correct_head/?id={child.id}&head={head.id}"
    form = office.get(address)
    assert f'<option selected value="{head.id}">' in form.text
    assert f'value="{head.start}"' in form.text
    done(press(office, address, head=head.id, start="1.6.2022", end=""))
    assert "1.6.2022– Virtanen Maija" in seen(file_of(office, child))
    assert "huoltaja, sama talous, päämies" in seen(file_of(office, child))
    assert "päämies 1.6.2022–" in seen(file_of(office, mother))


def test_a_made_up_row_in_the_address_tells_nothing(office, family):
    child, _mother, _place = family
    stranger = factories.person(phone="040 999 9999")
    keep()
    form = office.get(f"/office/person/do/contact_details/?id={child.id}&contact={stranger.id}")
    assert form.status_code == 200
    assert "040 999 9999" not in form.text


def test_a_death_that_is_entered_ends_the_partnership(browser):
    one, other = factories.person(), factories.person()
    factories.partner(one, other)
    office = browser(factories.user("service_worker"))
    form = office.get(f"/office/person/edit/?id={one.id}")
    version = re.search(r'name="row_version"[^>]*value="(\d+)"', form.text)
    page = office.post(f"/office/person/edit/?id={one.id}", follow_redirects=True, data={
        "row_version": version[1], "last_name": "A", "first_name": "B", "born": "1.1.1990", "language": "fi",
        "deceased": "20.5.2026"})
    assert not refused(page)
    assert db.session.scalars(select(Partner.end)).all() == [date(2026, 5, 20)]


def test_the_invoicing_address_is_shown_to_those_who_may_set_it(browser):
    child = factories.child()
    place = factories.placement(child, date(2026, 1, 1))
    factories.in_group(place, factories.group(place.unit))
    mother = child.guardians[0]
    mother.invoice_name, mother.invoice_street, mother.invoice_post_office = "Edunvalvonta Oy", "PL 5", "Harjula"
    for role, told in (("finance", True), ("service_worker", True), ("director", False), ("staff", False)):
        _user, page = opened(browser, role, place, mother)
        assert ("Edunvalvonta Oy, PL 5, Harjula" in seen(page)) is told, role
    mother = db.session.get_one(Person, mother.id)
    mother.restricted = True
    _user, page = opened(browser, "finance", place, mother)
    assert "PL 5" not in page.text
    form = browser(factories.user("finance")).get(f"/office/person/do/set_invoice_address/?id={mother.id}")
    assert "PL 5" not in form.text
    assert "Edunvalvonta Oy" in form.text


# -- family conflicts -------------------------------------------------------------------------------------


def test_conflicts_are_listed_counted_and_dismissed_within_the_readers_reach(browser):
    here, there = factories.child(last_name="Lähinen"), factories.child(last_name="Kaukanen")
    unit = factories.unit()
    factories.placement(here, date(2026, 1, 1), unit=unit)
    factories.placement(there, date(2026, 1, 1))
    mine, _other = factories.conflict(here), factories.conflict(there)
    director = browser(factories.user("director", unit))
    page = director.get("/office/conflict/?flt0_0=open")
    assert ("Lähinen" in seen(page), "Kaukanen" in seen(page)) == (True, False)
    assert "Perhekonfliktit 1" in seen(page)
    assert not wordless(page)
    assert "Päämies puuttuu" in seen(file_of(director, here))
    assert "accept_claim" not in director.get(f"/office/conflict/details/?id={mine.id}").text
    done(press(director, f"/office/conflict/do/dismiss_conflict/?id={mine.id}", reason="Selvitetty"))
    assert "Perhekonfliktit 1" not in seen(director.get("/office/"))
    assert "Selvitetty" in seen(director.get(f"/office/conflict/details/?id={mine.id}"))
    staff = browser(factories.user("staff", unit, factories.group(unit)))
    assert "Perhekonfliktit" not in seen(staff.get("/office/"))
    assert "Lähinen" not in staff.get("/office/conflict/?all=1").text


def test_a_claim_is_accepted_from_the_list(browser):
    child = factories.child()
    father = factories.guardian_of(child)
    claim = factories.conflict(child, ConflictKind.CLAIM, other_id=father.id, since=date(2026, 5, 20))
    worker = browser(factories.user("service_worker"))
    form = worker.get(f"/office/conflict/do/accept_claim/?id={claim.id}")
    assert 'value="2026-05-20"' in form.text
    page = press(worker, f"/office/conflict/do/accept_claim/?id={claim.id}", start="20.5.2026")
    done(page)
    assert not wordless(page)
    assert [row.head_id for row in db.session.scalars(select(factories.HeadOfChild).order_by(
        factories.HeadOfChild.start))] == [child.guardians[0].id, father.id]


def test_a_foster_parent_sees_the_child_on_the_guardians_pages_while_it_is_placed_there(browser, at):
    child = factories.child(first_name="Lempi")
    parent = factories.foster_parent(child, end=date(2026, 8, 31)).parent
    mine = browser(factories.user("guardian", person=parent))
    assert "Lempi" in seen(mine.get("/my/"))
    at("2026-09-01")
    assert "Lempi" not in seen(mine.get("/my/"))


def test_a_child_whose_language_came_from_a_register_is_shown_by_its_name_and_saved(browser):
    child = factories.child(language="so")
    client = browser(factories.user("service_worker"))
    assert "somali" in client.get(f"/office/person/details/?id={child.id}").text
    address = f"/office/person/edit/?id={child.id}"
    assert '<option selected value="so">somali</option>' in client.get(address).text
    typed = {"last_name": "Warsame", "first_name": "Ayaan", "born": "2022-05-01", "language": "so"}
    assert done(press(client, address, **typed, phone="040 555 1234"))
    db.session.expire_all()
    assert (child.language, child.phone) == ("so", "040 555 1234")


# -- the point of the home ------------------------------------------------------------------------------


def test_the_point_of_a_home_is_entered_from_a_map_and_forgotten_when_the_address_changes(browser):
    child = factories.child(street="Koivutie 1", postal_code="00100", post_office="Harjula")
    office = Later(lambda: browser(factories.user("service_worker")))
    address = f"/office/person/edit/?id={child.id}"
    typed = {"last_name": child.last_name, "first_name": child.first_name, "born": f"{child.born:%d.%m.%Y}",
             "language": "fi", "street": "Koivutie 1", "postal_code": "00100", "post_office": "Harjula"}

    def save(**more):
        version = re.search(r'name="row_version"[^>]*value="(\d+)"', office.get(address).text)
        return office.post(address, data=typed | {"row_version": version[1]} | more, follow_redirects=True)

    half = save(latitude="60,20512999")
    assert any("pituusaste" in one for one in refused(half))
    assert 'value="60,20512' in half.text  # what was typed is not lost
    assert any("ei ole Suomessa" in one for one in refused(save(latitude="24,96", longitude="60,20")))
    point = {"latitude": "60,20512999", "longitude": "24.96188"}
    assert not refused(save(**point))
    assert "60.20512° pohjoista, 24.96188° itäistä".replace(".", ",") in seen(file_of(office, child))
    assert not refused(save(**point, phone="050 1234567"))
    assert "pohjoista" in seen(file_of(office, child))
    assert not refused(save(**point, street="Mäntytie 2"))
    assert "pohjoista" not in seen(file_of(office, child))


def test_the_point_of_a_restricted_home_is_as_hidden_as_its_address(browser):
    child = factories.child(
        street="Koivutie 1", latitude=Decimal("60.20512"), longitude=Decimal("24.96188"), restricted=True)
    office = browser(factories.user("service_worker"))
    assert not {"60,20512", "Koivutie"} & set(re.findall(r"60,20512|Koivutie", file_of(office, child).text))
    assert "60,20512" in office.get(f"/office/person/edit/?id={child.id}").text
    read = select(AuditEvent).where(AuditEvent.action == "person.see_restricted")
    assert len(db.session.scalars(read).all()) == 1
